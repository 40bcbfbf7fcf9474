package web

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// checkDocument holds an OpenAPI 2.0 document to what calls by its paths need, and to
// what generators of clients choke on. It reports every problem with its place.
func checkDocument(document expr.Value, place string, found *arm.Found) {
	d := &definition{root: document, place: place, found: found, operations: map[string]string{}}
	if document.Kind() != expr.KindObject {
		d.add("", "it must be an object, not of type '%s'", document.TypeName())
		return
	}
	if version, _ := at(document, "swagger").AsString(); version != "2.0" {
		d.add(".swagger", "'swagger' must be '2.0': OpenAPI 3 and other versions are not taken")
	}
	for _, name := range [...]string{"title", "version"} {
		if text(document, "info", name) == "" {
			d.add(".info."+name, "'info' needs a '%s'", name)
		}
	}
	for _, scheme := range at(document, "schemes").Elements() {
		if !slices.Contains([]string{"http", "https"}, scheme.Text()) {
			d.add(".schemes", "the scheme '%s' is none of http and https", scheme.Text())
		}
	}
	if base := text(document, "basePath"); base != "" && base[0] != '/' {
		d.add(".basePath", "'basePath' must begin with a slash")
	}
	d.paths()
	d.references(document, "", 0)
}

// definition is a document under examination.
type definition struct {
	root       expr.Value
	place      string
	found      *arm.Found
	operations map[string]string // operationId → where
}

// maxProblems bounds what is told of one document.
const maxProblems = 50

func (d *definition) add(at, format string, args ...any) {
	if len(*d.found) < maxProblems {
		d.found.Add("InvalidApiDefinition", d.place+at, "The OpenAPI document is not valid: %s.", fmt.Sprintf(format, args...))
	}
}

func (d *definition) paths() {
	paths := at(d.root, "paths")
	if paths.Kind() != expr.KindObject {
		d.add(".paths", "it needs an object 'paths'")
		return
	}
	for path, item := range paths.Members() {
		if strings.HasPrefix(path, "x-") {
			continue
		}
		where := ".paths." + path
		if !strings.HasPrefix(path, "/") {
			d.add(where, "the path '%s' must begin with a slash", path)
		}
		if item.Kind() != expr.KindObject {
			d.add(where, "the path '%s' must be an object", path)
			continue
		}
		for method, operation := range item.Members() {
			if slices.Contains(methods(), method) {
				d.operation(path, method, where+"."+method, item, operation)
			}
		}
	}
}

func methods() []string {
	return []string{"get", "put", "post", "delete", "options", "head", "patch"}
}

func (d *definition) operation(path, method, where string, item, operation expr.Value) {
	if operation.Kind() != expr.KindObject {
		d.add(where, "the operation must be an object")
		return
	}
	if responses := at(operation, "responses"); responses.Kind() != expr.KindObject || responses.Len() == 0 {
		d.add(where+".responses", "the operation '%s %s' needs 'responses', with one at least", method, path)
	}
	id := text(operation, "operationId")
	switch other, twice := d.operations[id]; {
	case id == "":
		d.add(where+".operationId", "the operation '%s %s' needs an 'operationId', by which designers name it", method, path)
	case twice:
		d.add(where+".operationId", "the operationId '%s' is that of %s, too", id, other)
	default:
		d.operations[id] = where[1:]
	}
	d.parameters(path, where, item, operation)
}

// parameters are those of the path and of the operation, which may be references.
func (d *definition) parameters(path, where string, item, operation expr.Value) {
	inPath, bodies := map[string]bool{}, 0
	for _, list := range [...]expr.Value{at(item, "parameters"), at(operation, "parameters")} {
		for i, p := range list.Elements() {
			at := fmt.Sprintf("%s.parameters[%d]", where, i)
			p = d.resolve(p)
			name, in := text(p, "name"), text(p, "in")
			switch {
			case p.IsNull(): // a reference that leads nowhere is told once
				continue
			case name == "" || !slices.Contains([]string{"path", "query", "header", "body", "formData"}, in):
				d.add(at, "a parameter needs a 'name', and 'in' with one of path, query, header, body, formData")
			case in == "path":
				inPath[name] = true
			case in == "body":
				bodies++
			}
		}
	}
	if bodies > 1 {
		d.add(where+".parameters", "the operation has %d body parameters; there can be one", bodies)
	}
	for _, name := range templateNames(path) {
		if !inPath[name] {
			d.add(where+".parameters", "the parameter '%s' of the path is not declared", name)
		}
	}
	for name := range inPath {
		if !slices.Contains(templateNames(path), name) {
			d.add(where+".parameters", "the path '%s' has no parameter '%s'", path, name)
		}
	}
}

// templateNames are the names in braces of a path.
func templateNames(path string) (names []string) {
	for {
		_, rest, open := strings.Cut(path, "{")
		name, tail, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return names
		}
		names, path = append(names, name), tail
	}
}

// references wants every reference to lead to a part of the document. Examples and
// extensions may hold anything.
func (d *definition) references(v expr.Value, where string, depth int) {
	for name, m := range v.Members() {
		if strings.HasPrefix(name, "x-") || name == "example" || name == "examples" || name == "default" || name == "enum" {
			continue
		}
		if ref, isText := m.AsString(); name == "$ref" && isText {
			if _, ok := d.find(ref); !ok {
				d.add(where, "the reference '%s' leads to nothing in the document", ref)
			}
			continue
		}
		d.references(m, where+"."+name, depth+1)
	}
	if v.Kind() == expr.KindArray {
		for i, e := range v.Elements() {
			d.references(e, fmt.Sprintf("%s[%d]", where, i), depth+1)
		}
	}
}

// resolve follows a reference once; null if it leads nowhere.
func (d *definition) resolve(v expr.Value) expr.Value {
	ref, ok := at(v, "$ref").AsString()
	if !ok {
		return v
	}
	v, _ = d.find(ref)
	return v
}

// find follows a reference of the form #/definitions/name.
func (d *definition) find(ref string) (v expr.Value, ok bool) {
	pointer, local := strings.CutPrefix(ref, "#/")
	if !local {
		return expr.Null(), false
	}
	v = d.root
	for _, part := range strings.Split(pointer, "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}", "%20", " ").Replace(part)
		if v, ok = v.Get(part); !ok {
			return expr.Null(), false
		}
	}
	return v, true
}
