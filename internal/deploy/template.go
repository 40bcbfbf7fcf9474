package deploy

import (
	"errors"
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

// source is one entry of "resources", with its parent when it is nested.
type source struct {
	symbol   string // symbolic name, in templates that have them
	existing bool   // only named, not deployed
	body     expr.Value
	pointer  string // where it stands in the template
	parent   *source
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

// fault adds an evaluation's error, unless it was told already where it arose.
func (p *problems) fault(pointer, frame string, err error) {
	if !errors.As(err, new(reported)) {
		p.add(pointer, "%s%s", frame, reason(err))
	}
}

// Parse reads a template and the values given for its parameters ({name: {"value": v}}).
// Every expression of the template is compiled, and what it names is looked for.
func Parse(template, values expr.Value) (*Template, []Problem) {
	var found problems
	if template.Kind() != expr.KindObject {
		found.add("", "The template is missing or is not an object: give it as properties.template")
		return nil, found.list
	}
	checkForm(template, "", &found)
	t := &Template{parameters: map[string]parameter{}, variables: object(template, "variables"), outputs: object(template, "outputs")}
	t.readParameters(object(template, "parameters"), values, &found)
	resources, _ := member(template, "resources")
	t.resources = readResources(resources, "/resources", nil, &found)
	checkExpressions(template, "", &found)
	return t, found.list
}

// checkForm wants what every template has, and sections of the right kind.
func checkForm(template expr.Value, pointer string, found *problems) {
	for _, name := range []string{"$schema", "contentVersion"} {
		if v, ok := text(template, name); !ok || v == "" {
			found.add(pointer+"/"+escape(name), "The template member '%s' is missing: a deployment template has it as a string", name)
		}
	}
	schema, _ := text(template, "$schema")
	for _, scope := range []string{"subscription", "managementGroup", "tenant"} {
		if strings.Contains(strings.ToLower(schema), strings.ToLower("/"+scope+"DeploymentTemplate.json")) {
			found.add(pointer+"/$schema", "The template's schema is that of deployments to a %s, and this deployment is to a resource group. Use https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", scope)
		}
	}
	for _, name := range []string{"parameters", "variables", "outputs"} {
		if v, ok := member(template, name); ok && v.Kind() != expr.KindObject && !v.IsNull() {
			found.add(pointer+"/"+name, "The template member '%s' is of type '%s'; it must be an object", name, v.TypeName())
		}
	}
	outputs := object(template, "outputs")
	for name, o := range outputs.Members() {
		at := pointer + "/outputs/" + escape(name)
		if typ, _ := text(o, "type"); !slices.Contains(parameterTypes, strings.ToLower(typ)) {
			found.add(at, "The template output '%s' has the type '%s'. Its type must be one of '%s'", name, typ, strings.Join(parameterTypes, ", "))
		}
		if !hasMember(o, "value") && !hasMember(o, "copy") {
			found.add(at, "The template output '%s' lacks the member 'value'", name)
		}
	}
}

// readResources reads an array of resources, or an object with symbolic names, and
// what is nested in them.
func readResources(v expr.Value, pointer string, parent *source, found *problems) []source {
	var list []source
	add := func(symbol, at string, body expr.Value) {
		s := source{symbol: symbol, body: body, pointer: at, parent: parent}
		if v, ok := member(body, "existing"); ok && symbol != "" {
			s.existing, _ = v.AsBool()
		}
		for _, name := range []string{"type", "name"} {
			if _, ok := text(body, name); !ok {
				found.add(at, "The template resource at '%s' lacks the member '%s'", at, name)
				return
			}
		}
		if _, ok := text(body, "apiVersion"); !ok {
			found.add(at, "The template resource '%s' lacks the member 'apiVersion'", at)
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
		found.add(pointer, "The template member 'resources' is missing: a template has an array of resources, which may be empty")
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

// escape makes a name a token of a JSON pointer (RFC 6901 §3).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
