package deploy

import (
	"fmt"
	"slices"
	"strings"

	"isle/expr"
)

// Template is an ARM template whose parameters have their values: what can be
// known without evaluating a resource.
type Template struct {
	parameters map[string]parameter // by lower-case name
	order      []string             // lower-case names as declared
	variables  expr.Value
	resources  []source
	outputs    expr.Value
}

// parameter is a declared parameter with its value, which is a template when it
// comes from a default and data when the caller gave it.
type parameter struct {
	name     string
	typ      string // canonical: string, securestring, int, bool, object, secureobject, array
	value    expr.Value
	computed bool // the value is a default, still to be evaluated
	rules    expr.Value
}

func (p parameter) secure() bool { return strings.HasPrefix(p.typ, "secure") }

// source is one entry of "resources", with its parent when it is nested.
type source struct {
	symbol  string // symbolic name, in templates that have them
	body    expr.Value
	pointer string // where it stands in the template
	parent  *source
}

// Problem is one thing that is wrong with a template or its parameters.
type Problem struct {
	Code    string
	Message string
	Pointer string // JSON pointer into the template, or "" when it is about the whole
}

func (p Problem) Error() string { return p.Code + ": " + p.Message }

// problems collects, so that a caller hears of everything at once.
type problems struct{ list []Problem }

func (p *problems) add(pointer, format string, args ...any) {
	p.list = append(p.list, Problem{Code: "InvalidTemplate", Pointer: pointer,
		Message: fmt.Sprintf("Deployment template validation failed: '"+format+"'.", args...)})
}

var parameterTypes = []string{"string", "securestring", "int", "bool", "object", "secureobject", "array"}

// Parse reads a template and the values given for its parameters ({name: {"value": v}}).
func Parse(template, values expr.Value) (*Template, []Problem) {
	var found problems
	if template.Kind() != expr.KindObject {
		found.add("", "The template is missing or is not an object: give it as properties.template, or its text through properties.templateLink.")
		return nil, found.list
	}
	for _, name := range []string{"$schema", "contentVersion"} {
		if v, ok := member(template, name); !ok || v.Kind() != expr.KindString {
			found.add("/"+name, "The template member '%s' is missing: a deployment template has it as a string.", name)
		}
	}
	t := &Template{parameters: map[string]parameter{}, variables: object(template, "variables"), outputs: object(template, "outputs")}
	t.readParameters(object(template, "parameters"), values, &found)
	resources, _ := member(template, "resources")
	t.resources = readResources(resources, "/resources", nil, &found)
	return t, found.list
}

func (t *Template) readParameters(declared, values expr.Value, found *problems) {
	for name, rules := range declared.Members() {
		pointer := "/parameters/" + escape(name)
		typ, _ := text(rules, "type")
		typ = strings.ToLower(typ)
		if !slices.Contains(parameterTypes, typ) {
			found.add(pointer, "The template parameter '%s' has the type '%s'. Its type must be one of '%s'.", name, typ, strings.Join(parameterTypes, ", "))
			continue
		}
		p := parameter{name: name, typ: typ, rules: rules}
		given, ok := values.Get(name)
		switch {
		case ok && hasMember(given, "reference"):
			found.add(pointer, "The value of the template parameter '%s' refers to a key vault, and there is none here. Give the value itself.", name)
		case ok && hasMember(given, "value"):
			p.value, _ = member(given, "value")
			p.check(pointer, found)
		case hasMember(rules, "defaultValue"):
			p.value, _ = member(rules, "defaultValue")
			p.computed = true
		default:
			found.add(pointer, "The value for the template parameter '%s' is not provided. Give it in properties.parameters, or declare a defaultValue.", name)
		}
		key := strings.ToLower(name)
		t.parameters[key] = p
		t.order = append(t.order, key)
	}
	for name := range values.Members() {
		if _, ok := declared.Get(name); !ok {
			found.add("", "The template parameters '%s' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '%s'.", name, strings.Join(names(declared), ", "))
		}
	}
}

// check holds the value against the declaration: its type and the allowed ones.
func (p parameter) check(pointer string, found *problems) {
	if !hasType(p.value, p.typ) {
		found.add(pointer, "Template parameter JToken type is not valid. Expected '%s'. Actual '%s': the parameter '%s'.", p.typ, p.value.TypeName(), p.name)
		return
	}
	if allowed, ok := member(p.rules, "allowedValues"); ok && !contains(allowed, p.value) {
		found.add(pointer, "The provided value '%s' for the template parameter '%s' is not valid. The parameter value is not part of the allowed value(s): '%s'.", p.shown(), p.name, listed(allowed))
	}
	size, sized := measure(p.value)
	for _, bound := range []struct {
		rule   string
		breaks func(limit, size int64) bool
		word   string
	}{
		{"minValue", func(limit, size int64) bool { return size < limit }, "at least"},
		{"maxValue", func(limit, size int64) bool { return size > limit }, "at most"},
		{"minLength", func(limit, size int64) bool { return size < limit }, "at least as long as"},
		{"maxLength", func(limit, size int64) bool { return size > limit }, "at most as long as"},
	} {
		rule, _ := member(p.rules, bound.rule)
		limit, ok := rule.AsInt()
		if ok && sized && bound.breaks(limit, size) {
			found.add(pointer, "The provided value for the template parameter '%s' is not valid: it must be %s %d.", p.name, bound.word, limit)
		}
	}
}

// shown is the value for a message; a secret stays one.
func (p parameter) shown() string {
	if p.secure() {
		return "(secure)"
	}
	return p.value.Text()
}

func hasType(v expr.Value, typ string) bool {
	switch typ {
	case "string", "securestring":
		return v.Kind() == expr.KindString
	case "int":
		_, ok := v.AsInt()
		return ok
	case "bool":
		return v.Kind() == expr.KindBool
	case "array":
		return v.Kind() == expr.KindArray
	default:
		return v.Kind() == expr.KindObject
	}
}

// measure is a number's value, or the length of a string or an array.
func measure(v expr.Value) (int64, bool) {
	if n, ok := v.AsInt(); ok {
		return n, true
	}
	if s, ok := v.AsString(); ok {
		return int64(len([]rune(s))), true
	}
	return int64(v.Len()), v.Kind() == expr.KindArray
}

// readResources reads an array of resources, or an object with symbolic names, and
// what is nested in them.
func readResources(v expr.Value, pointer string, parent *source, found *problems) []source {
	var list []source
	add := func(symbol, at string, body expr.Value) {
		s := source{symbol: symbol, body: body, pointer: at, parent: parent}
		for _, name := range []string{"type", "name"} {
			if _, ok := text(body, name); !ok {
				found.add(at, "The template resource at '%s' lacks the member '%s'.", at, name)
				return
			}
		}
		if _, ok := text(body, "apiVersion"); !ok {
			found.add(at, "The template resource '%s' lacks the member 'apiVersion'.", at)
			return
		}
		list = append(list, s)
		if nested, ok := member(body, "resources"); ok {
			list = append(list, readResources(nested, at+"/resources", &s, found)...)
		}
	}
	switch v.Kind() {
	case expr.KindArray:
		for i, body := range v.Elements() {
			add("", fmt.Sprintf("%s/%d", pointer, i), body)
		}
	case expr.KindObject:
		for symbol, body := range v.Members() {
			add(symbol, pointer+"/"+escape(symbol), body)
		}
	default:
		found.add(pointer, "The template member 'resources' is missing: a template has an array of resources, which may be empty.")
	}
	return list
}

// member reads a member of an object.
func member(v expr.Value, name string) (expr.Value, bool) {
	if v.Kind() != expr.KindObject {
		return expr.Value{}, false
	}
	return v.Get(name)
}

func hasMember(v expr.Value, name string) bool {
	_, ok := member(v, name)
	return ok
}

// object is a member that is an object, or an empty one.
func object(v expr.Value, name string) expr.Value {
	m, ok := member(v, name)
	if !ok || m.Kind() != expr.KindObject {
		return expr.Object()
	}
	return m
}

// text is a member that is a string.
func text(v expr.Value, name string) (string, bool) {
	m, ok := member(v, name)
	if !ok {
		return "", false
	}
	return m.AsString()
}

func names(object expr.Value) []string {
	var list []string
	for name := range object.Members() {
		list = append(list, name)
	}
	return list
}

func contains(array, v expr.Value) bool {
	for _, e := range array.Elements() {
		if expr.Equal(e, v) {
			return true
		}
	}
	return false
}

func listed(array expr.Value) string {
	var list []string
	for _, e := range array.Elements() {
		list = append(list, e.Text())
	}
	return strings.Join(list, ",")
}

// escape makes a name a token of a JSON pointer (RFC 6901 §3).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
