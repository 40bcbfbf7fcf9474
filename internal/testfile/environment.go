package testfile

import (
	"maps"
	"slices"
	"time"

	"isle/expr"
	"isle/wdl"
)

// settingsEnv is what values outside a run may read: application settings of a
// single-tenant workflow, parameters and variables of a deployment template. There
// is no clock and no chance: a definition must mean the same every time.
type settingsEnv struct {
	settings map[string]string
	template *template
}

func (e settingsEnv) Now() time.Time { return time.Time{} }
func (e settingsEnv) Random() uint64 { return 0 }

func (e settingsEnv) Lookup(name string, args []expr.Value) (expr.Value, error) {
	if len(args) != 1 {
		return expr.Null(), expr.NotExpected(name)
	}
	key := args[0].Text()
	switch {
	case name == "appsetting":
		v, ok := e.settings[key]
		if !ok {
			return expr.Null(), &expr.Error{Kind: expr.ContextError, Function: name, Message: "The application setting '" + key + "' is not defined."}
		}
		return expr.String(v), nil
	case e.template != nil && name == "parameters":
		return e.template.parameter(key)
	case e.template != nil && name == "variables":
		return e.template.variable(key)
	}
	return expr.Null(), expr.NotExpected(name)
}

// template is a deployment template as far as it decides what a definition is.
type template struct {
	parameters, variables expr.Value
	depth                 int // of parameters and variables that name others
}

const maxTemplateDepth = 16

// fillIn evaluates the template expressions of a definition. What depends on the
// deployment (a resource, a group, a parameter without a default) stays as written,
// and the definition is then judged as part of a template.
func fillIn(s wdl.Source) wdl.Source {
	document, err := expr.ReadJSON(s.Text)
	if err != nil {
		return s
	}
	t := &template{}
	t.parameters, _ = document.Get("parameters")
	t.variables, _ = document.Get("variables")
	whole := true
	s.Definition = t.fill(s.Definition, &whole)
	s.Parameters = t.fill(s.Parameters, &whole)
	named := true
	if name := t.fill(expr.String(s.Name), &named); named {
		s.Name = name.Text()
	}
	s.Deployment = !whole
	return s
}

// fill evaluates every string that can be; whole becomes false if one cannot.
func (t *template) fill(v expr.Value, whole *bool) expr.Value {
	switch v.Kind() {
	case expr.KindString:
		filled, err := t.eval(v)
		if err != nil {
			*whole = false
			return v
		}
		return filled
	case expr.KindArray:
		var elems []expr.Value
		for _, e := range v.Elements() {
			elems = append(elems, t.fill(e, whole))
		}
		return expr.Array(elems...)
	case expr.KindObject:
		var members []expr.Member
		for name, e := range v.Members() {
			members = append(members, expr.Member{Name: t.fill(expr.String(name), whole).Text(), Value: t.fill(e, whole)})
		}
		return expr.Object(members...)
	}
	return v
}

func (t *template) eval(v expr.Value) (expr.Value, error) {
	compiled, problems := expr.ResourceTemplate().Compile(v)
	if len(problems) > 0 || t.depth == maxTemplateDepth {
		return v, expr.NotExpected("parameters")
	}
	inner := *t
	inner.depth++
	return compiled.Eval(settingsEnv{template: &inner})
}

func (t *template) parameter(name string) (expr.Value, error) {
	p, _ := t.parameters.Get(name)
	v, ok := p.Get("defaultValue")
	if !ok {
		return v, expr.ParameterNotFound(name)
	}
	return t.eval(v)
}

func (t *template) variable(name string) (expr.Value, error) {
	v, ok := t.variables.Get(name)
	if !ok {
		return v, expr.NotExpected("variables")
	}
	return t.eval(v)
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
