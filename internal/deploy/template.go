package deploy

import (
	"errors"
	"fmt"
	"strings"

	"isle/expr"
)

// Template is an ARM template whose parameters have their values: what can be
// known without evaluating a resource.
type Template struct {
	scope      string               // what it is deployed to: one of the scopes
	dialect    *expr.Dialect        // with the functions that the template defines
	types      types                // "definitions"
	functions  map[string]function  // by lower-case name with its namespace
	parameters map[string]parameter // by lower-case name
	order      []string             // lower-case names as declared
	variables  expr.Value
	resources  []source
	outputs    expr.Value
	asserts    expr.Value
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

// syntax adds an expression that cannot be parsed, as the service says it.
func (p *problems) syntax(pointer, sentence string) {
	p.list = append(p.list, Problem{Code: "InvalidTemplate", Pointer: pointer,
		Message: "Deployment template language expression evaluation failed: '" + sentence + "'. Please see https://aka.ms/arm-template-expressions for usage details."})
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
	return parse(template, values, false)
}

// parse is Parse; open parameters need no value.
func parse(template, values expr.Value, open bool) (*Template, []Problem) {
	var found problems
	if template.Kind() != expr.KindObject {
		found.add("", "The template is missing or is not an object: give it as properties.template")
		return nil, found.list
	}
	checkForm(template, "", &found)
	t := &Template{scope: scopeOf(template), types: typesOf(template),
		functions: readFunctions(template, "", &found), parameters: map[string]parameter{},
		variables: object(template, "variables"), outputs: object(template, "outputs"), asserts: object(template, "asserts")}
	t.dialect = dialectWith(t.functions)
	t.readParameters(object(template, "parameters"), values, open, &found)
	resources, _ := member(template, "resources")
	t.resources = readResources(resources, "/resources", nil, &found)
	if len(t.resources) > maxResources {
		found.add("/resources", "The number of template resources '%d' exceeds the limit of '%d'. Split the template", len(t.resources), maxResources)
	}
	checkExpressions(template, "", &found)
	return t, found.list
}

// The limits of a template (ARM template documentation, best practices), beside those
// of expressions and resources.
const (
	maxTemplate   = 4 << 20 // bytes
	maxParameters = 256
	maxVariables  = 256
	maxOutputs    = 64
)

// isSymbolic tells from its language version whether a template's resources have
// symbolic names: "2.0", and "2.1-experimental" and its like.
func isSymbolic(template expr.Value) bool {
	version, _ := text(template, "languageVersion")
	return strings.HasPrefix(version, "2.")
}

// checkForm wants what every template has, and sections of the right kind.
func checkForm(template expr.Value, pointer string, found *problems) {
	for _, name := range []string{"$schema", "contentVersion"} {
		if v, ok := text(template, name); !ok || v == "" {
			found.add(pointer+"/"+escape(name), "The template member '%s' is missing: a deployment template has it as a string", name)
		}
	}
	checkMembers(template, pointer, "Template", templateMembers(), found)
	if size := len(template.JSON()); size > maxTemplate {
		found.add(pointer, "The template has %d bytes; the limit is %d. Split it", size, maxTemplate)
	}
	checkVersion(template, pointer, found)
	for _, section := range []struct {
		name  string
		limit int
	}{{"parameters", maxParameters}, {"variables", maxVariables}, {"outputs", maxOutputs}, {"definitions", maxResources}, {"asserts", maxOutputs}} {
		v, _ := member(template, section.name)
		switch {
		case v.IsNull():
		case v.Kind() != expr.KindObject:
			found.add(pointer+"/"+section.name, "The template member '%s' is of type '%s'; it must be an object", section.name, v.TypeName())
		case v.Len() > section.limit:
			found.add(pointer+"/"+section.name, "The number of template %s '%d' exceeds the limit of '%d'. Split the template, or join several in an object", section.name, v.Len(), section.limit)
		}
	}
	checkOutputs(template, pointer, found)
}

// checkVersion refuses what goes beyond the language that is here: extensions, whose
// resources no resource manager has.
func checkVersion(template expr.Value, pointer string, found *problems) {
	version, ok := member(template, "languageVersion")
	word, _ := version.AsString()
	symbolic := isSymbolic(template)
	if ok && word != "1.0" && !symbolic {
		found.add(pointer+"/languageVersion", "The template language version '%s' is not supported. Use '2.0', or leave it out", version.Text())
	}
	resources, _ := member(template, "resources")
	if resources.Kind() == expr.KindObject && !symbolic {
		found.add(pointer+"/resources", "The template's resources have symbolic names: that needs \"languageVersion\": \"2.0\"")
	}
	if resources.Kind() == expr.KindArray && symbolic {
		found.add(pointer+"/resources", "The template's resources have no symbolic names, which languageVersion '%s' needs: make 'resources' an object, or leave the languageVersion out", word)
	}
	for _, name := range []string{"imports", "extensions"} {
		if v, _ := member(template, name); v.Len() > 0 {
			found.add(pointer+"/"+name, "The template uses extensions ('%s'), which deploy to other systems than the resource manager and are not supported. Take them out", name)
		}
	}
}

func checkOutputs(template expr.Value, pointer string, found *problems) {
	defined := typesOf(template)
	outputs := object(template, "outputs")
	for name, o := range outputs.Members() {
		at := pointer + "/outputs/" + escape(name)
		if wrong := defined.refused(o); wrong != "" {
			found.add(at, "The template output '%s' %s", name, wrong)
		}
		if !hasMember(o, "value") && !hasMember(o, "copy") {
			found.add(at, "The template output '%s' lacks the member 'value'", name)
		}
	}
}

// The scopes that templates are for, by the file name of their schema.
const (
	scopeGroup        = "resource group"
	scopeSubscription = "subscription"
	scopeManagement   = "management group"
	scopeTenant       = "tenant"
)

// scopeOf tells from its schema what a template is deployed to.
func scopeOf(template expr.Value) string {
	schema, _ := text(template, "$schema")
	schema = strings.ToLower(schema)
	for name, scope := range map[string]string{"subscription": scopeSubscription, "managementgroup": scopeManagement, "tenant": scopeTenant} {
		if strings.Contains(schema, "/"+name+"deploymenttemplate.json") {
			return scope
		}
	}
	return scopeGroup
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
		checkMembers(body, at, "TemplateResource", resourceMembers(), found)
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
