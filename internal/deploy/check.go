package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"isle/expr"
)

// The static check of a template's expressions: what can be said of them without a
// value. Each section allows its own functions: reference() and the list functions
// read resources and so belong to what is evaluated while resources are deployed;
// utcNow() and newGuid() give something new each time and so belong to the defaults
// of parameters, which are evaluated once.

// section is a part of a template whose expressions obey one rule.
type section struct {
	runtime  bool            // reference() and list*() are allowed
	volatile bool            // utcNow() and newGuid() are allowed
	own      map[string]bool // of a function that the template defines: its parameters, all that it knows
}

// checkExpressions compiles all expressions of a template, and of the templates
// inside it that have names of their own.
func checkExpressions(template expr.Value, pointer string, found *problems) {
	functions := readFunctions(template, pointer, &problems{}) // what is wrong with them was told
	c := checker{dialect: dialectWith(functions), parameters: declared(object(template, "parameters")), variables: declaredVariables(object(template, "variables")), found: found}
	parameters := object(template, "parameters")
	for name, rules := range parameters.Members() {
		if v, ok := member(rules, "defaultValue"); ok {
			c.check(v, pointer+"/parameters/"+escape(name)+"/defaultValue", section{volatile: true})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		f := functions[name]
		own := map[string]bool{}
		for _, parameter := range f.parameters {
			own[strings.ToLower(parameter)] = true
		}
		value, _ := member(f.output, "value")
		c.check(value, f.pointer+"/output/value", section{own: own})
	}
	c.check(object(template, "variables"), pointer+"/variables", section{})
	resources, _ := member(template, "resources")
	var inner []innerTemplate
	c.check(cutInner(resources, pointer+"/resources", &inner), pointer+"/resources", section{runtime: true})
	c.check(object(template, "outputs"), pointer+"/outputs", section{runtime: true})
	c.check(object(template, "asserts"), pointer+"/asserts", section{})
	for _, t := range inner {
		checkForm(t.template, t.pointer, found)
		readFunctions(t.template, t.pointer, found)
		checkExpressions(t.template, t.pointer, found)
	}
}

// declared are the names of an object in lower case.
func declared(v expr.Value) map[string]bool {
	set := map[string]bool{}
	for name := range v.Members() {
		set[strings.ToLower(name)] = true
	}
	return set
}

func declaredVariables(v expr.Value) map[string]bool {
	set := declared(v)
	copies, _ := member(v, "copy")
	for _, c := range copies.Elements() {
		if name, ok := text(c, "name"); ok {
			set[strings.ToLower(name)] = true
		}
	}
	return set
}

type checker struct {
	dialect               *expr.Dialect
	parameters, variables map[string]bool
	found                 *problems
}

// check compiles a tree. What is wrong in one place hides nothing in another: then the
// parts are compiled one by one.
func (c *checker) check(v expr.Value, pointer string, s section) {
	template, wrong := c.dialect.Compile(v)
	switch {
	case len(wrong) == 0:
		c.checkCalls(template, pointer, s)
	case v.Kind() == expr.KindArray:
		for i, e := range v.Elements() {
			c.check(e, fmt.Sprintf("%s/%d", pointer, i), s)
		}
	case v.Kind() == expr.KindObject:
		for name, m := range v.Members() {
			at := pointer + "/" + escape(name)
			c.check(expr.String(name), at, s)
			c.check(m, at, s)
		}
	default:
		for _, w := range wrong {
			if w.Code == expr.CodeSyntax {
				c.found.syntax(pointer, w.Message)
				continue
			}
			c.found.add(pointer, "The template expression '%s' is not valid: %s", brief(w.Expression), strings.TrimSuffix(w.Message, "."))
		}
	}
}

// brief cuts what is too long for a sentence.
func brief(s string) string {
	const most = 1000
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (c *checker) checkCalls(template *expr.Template, pointer string, s section) {
	said := map[string]bool{} // one sentence for each name in a section
	for _, call := range template.Calls() {
		if message := c.judge(call, s); message != "" && !said[message] {
			said[message] = true
			c.found.add(pointer+call.Pointer, "%s", message)
		}
	}
}

// judge says what is wrong with a call, or nothing.
func (c *checker) judge(call expr.Call, s section) string {
	name := strings.ToLower(call.Function)
	switch {
	case s.own != nil:
		return judgeInFunction(call, name, s.own)
	case name == "parameters":
		return undeclared(call, "parameter", c.parameters)
	case name == "variables":
		return undeclared(call, "variable", c.variables)
	case readsResources(name) && !s.runtime:
		return fmt.Sprintf("The template function '%s' is not expected at this location: it reads a resource, and parameters and variables are evaluated before any resource is deployed. Use it in a resource's properties or in outputs", call.Function)
	case (name == "utcnow" || name == "newguid") && !s.volatile:
		return fmt.Sprintf("The template function '%s' is not expected at this location: it can only be used in the default value of a parameter", call.Function)
	}
	return ""
}

// judgeInFunction is judge within a function that the template defines.
func judgeInFunction(call expr.Call, name string, own map[string]bool) string {
	switch {
	case name == "parameters":
		return undeclared(call, "function parameter", own)
	case name == "variables" || name == "copyindex" || readsResources(name) || name == "utcnow" || name == "newguid":
		return fmt.Sprintf("The template function '%s' is not expected at this location: a function that a template defines knows only its parameters. Pass the value to it", call.Function)
	}
	return ""
}

func undeclared(call expr.Call, kind string, known map[string]bool) string {
	if len(call.Literal) == 0 || call.Literal[0] == nil || known[strings.ToLower(*call.Literal[0])] {
		return ""
	}
	section := kind[strings.LastIndexByte(kind, ' ')+1:]
	return fmt.Sprintf("The template %s '%s' is not found. Declare it under '%ss', or correct its name", kind, *call.Literal[0], section)
}

// readsResources reports whether a function, by its lower-case name, reads resources.
func readsResources(name string) bool {
	return strings.HasPrefix(name, "reference") || strings.HasPrefix(name, "list")
}

// innerTemplate is a nested template that is evaluated on its own.
type innerTemplate struct {
	template expr.Value
	pointer  string
}

// cutInner takes the templates with inner scope out of resources and gives them in
// list.
func cutInner(resources expr.Value, pointer string, list *[]innerTemplate) expr.Value {
	switch resources.Kind() {
	case expr.KindArray:
		kept := make([]expr.Value, 0, resources.Len())
		for i, r := range resources.Elements() {
			kept = append(kept, cutResource(r, fmt.Sprintf("%s/%d", pointer, i), list))
		}
		return expr.Array(kept...)
	case expr.KindObject:
		kept := resources
		for name, r := range resources.Members() {
			kept = kept.With(name, cutResource(r, pointer+"/"+escape(name), list))
		}
		return kept
	}
	return resources
}

func cutResource(r expr.Value, pointer string, list *[]innerTemplate) expr.Value {
	if r.Kind() != expr.KindObject {
		return r
	}
	if nested, ok := member(r, "resources"); ok {
		r = r.With("resources", cutInner(nested, pointer+"/resources", list))
	}
	typ, _ := text(r, "type")
	properties, _ := member(r, "properties")
	template, ok := member(properties, "template")
	if !strings.EqualFold(typ, TypeName) || !ok {
		return r
	}
	at := pointer + "/properties/template"
	if isInner(properties) {
		*list = append(*list, innerTemplate{template, at})
		return r.With("properties", properties.With("template", expr.Null()))
	}
	if nested, ok := member(template, "resources"); ok {
		template = template.With("resources", cutInner(nested, at+"/resources", list))
	}
	return r.With("properties", properties.With("template", template))
}

// isInner reports whether a nested deployment's template is evaluated by itself.
func isInner(properties expr.Value) bool {
	options, _ := member(properties, "expressionEvaluationOptions")
	scope, _ := text(options, "scope")
	return strings.EqualFold(scope, "inner")
}
