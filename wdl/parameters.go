package wdl

import (
	"math"
	"strings"

	"isle/expr"
)

// parameterTypes are the canonical spellings (wdl-semantics §3).
var parameterTypes = [...]string{"String", "SecureString", "Int", "Float", "Bool", "Array", "Object", "SecureObject"}

func canonicalParameterType(name string) (string, bool) {
	for _, t := range parameterTypes {
		if strings.EqualFold(t, name) {
			return t, true
		}
	}
	return name, false
}

// declaredParameters reads `parameters` together with the supplied values.
func (c *compiler) declaredParameters(d, supplied node) {
	list, _ := d.member("parameters")
	c.hiddenParameters = c.unknown(list)
	for name, p := range list.members() {
		c.hiddenParameters = c.hiddenParameters || c.computed(name)
		c.parameter(name, p, supplied)
	}
	if c.Kind == "" {
		c.undeclared(list, supplied)
		return
	}
	// Single-tenant parameters may be declared outside the definition.
	for name, v := range supplied.members() {
		if _, declared := c.program.Parameter(name); !declared {
			value, ok := v.member("value")
			if !ok {
				value = v
			}
			c.addParameter(Parameter{Name: name, Value: value.Value})
		}
	}
}

// addParameter notes a parameter. Values are data; only single-tenant files may
// hold expressions in them (wdl-semantics §3).
func (c *compiler) addParameter(p Parameter) {
	if n := (node{p.Value, "/parameters/" + pointerEscape.Replace(p.Name)}); c.Kind != "" && c.dynamic(n) && !c.unknown(n) {
		p.Expression = c.template(n, owner{where: "workflow parameter '" + p.Name + "'"}, roleInputs)
	}
	c.program.parameters[fold(p.Name)] = len(c.program.Parameters)
	c.program.Parameters = append(c.program.Parameters, p)
}

func (c *compiler) parameter(name string, p, supplied node) {
	o := owner{where: "workflow parameter '" + name + "'"}
	if !p.isObject() {
		if !c.unknown(p) {
			c.invalid(p, o, RuleParameter, "it must be an object with a 'type'")
		}
		c.addParameter(Parameter{Name: name})
		return
	}
	c.members(p, o, parameterMembers(), complete)
	c.description(p, o)
	typ, hasType := p.member("type")
	declared, known := canonicalParameterType(typ.text())
	switch {
	case known || c.unknown(typ):
	case !hasType:
		c.invalid(node{at: p.at}, o, RuleParameter, "it needs a 'type'")
	default:
		c.invalid(typ, o, RuleParameter, "its type '%s' is none of %s", typ.Text(), strings.Join(parameterTypes[:], ", "))
	}
	if known {
		c.allowedTypes(p, o, declared)
	}
	parameter := Parameter{Name: name, Type: declared, Secure: strings.HasPrefix(declared, "Secure")}
	value, given := c.parameterValue(name, supplied)
	fallback, hasDefault := p.member("defaultValue")
	switch {
	case given:
		value.at = p.at
		c.parameterGiven(name, value, p, declared, known)
	case hasDefault:
		value = fallback
		c.parameterDefault(name, fallback, p, declared, known)
	case name == connections:
		value = node{expr.Object(), p.at}
	case defaultIsNull(p):
	case c.Kind != "" && c.InProject:
		c.report(p.at, RuleParameter, "The workflow parameter '%s' %s has no value: give it one in parameters.json, or a 'defaultValue'", name, position)
	case c.Kind != "":
		c.warn(p.at, RuleParameter, "The workflow parameter '%s' %s has no value here: it must come from the application's parameters", name, position)
	default:
		c.report(p.at, RuleParameter, "The workflow parameter '%s' %s has neither a value nor a 'defaultValue'", name, position)
	}
	if name == connections {
		c.connectionValues(value, given)
	}
	parameter.Value = value.Value
	c.addParameter(parameter)
}

func defaultIsNull(p node) bool {
	_, ok := p.Get("defaultValue")
	return ok
}

// parameterValue finds {"value": …} of the supplied values.
func (c *compiler) parameterValue(name string, supplied node) (node, bool) {
	entry, ok := supplied.member(name)
	if !ok {
		return node{}, false
	}
	if c.unknown(entry) {
		return entry, true
	}
	if reference, ok := entry.member("reference"); ok { // of a vault, known to the deployment
		return node{reference.Value, ""}, true
	}
	if v, ok := entry.Get("value"); ok {
		return node{v, entry.at}, true
	}
	if c.Kind != "" && !entry.isObject() {
		return entry, true
	}
	return node{}, false
}

// parameterGiven checks a supplied value, in the words of public error reports.
func (c *compiler) parameterGiven(name string, v, p node, declared string, known bool) {
	var reason string
	switch {
	case c.parameterOpen(v):
		return
	case known && !v.IsNull() && !holds(declared, v):
		reason = "the value must be of type '" + declared + "', but is " + describeNumber(v.Value)
	case !c.allowed(v, p):
		reason = "the value is not one of the 'allowedValues'"
	default:
		return
	}
	c.report(p.at, RuleParameter, "The provided value for the workflow parameter '%s' %s is not valid: %s.", name, position, reason)
}

// parameterDefault checks the default of a parameter without a supplied value; the
// designer writes {} for any type where a value overrides it.
func (c *compiler) parameterDefault(name string, v, p node, declared string, known bool) {
	o := owner{where: "workflow parameter '" + name + "'"}
	switch {
	case c.parameterOpen(v):
	case known && !holds(declared, v):
		c.invalid(v, o, RuleParameter, "its 'defaultValue' must be of type '%s', but is %s", declared, describeNumber(v.Value))
	case !c.allowed(v, p):
		c.invalid(v, o, RuleParameter, "its 'defaultValue' is not one of the 'allowedValues'")
	}
}

// parameterOpen reports whether a value is not known yet: only single-tenant files
// may hold expressions (wdl-semantics §3).
func (c *compiler) parameterOpen(v node) bool {
	return c.unknown(v) || c.Kind != "" && c.dynamic(v)
}

// allowedTypes checks that `allowedValues` are of the parameter's type.
func (c *compiler) allowedTypes(p node, o owner, declared string) {
	list, _ := p.member("allowedValues")
	for _, e := range list.elements() {
		if !c.parameterOpen(e) && !holds(declared, e) {
			c.invalid(e, o, RuleParameter, "its 'allowedValues' must be of type '%s', but one is %s", declared, describeNumber(e.Value))
			return
		}
	}
}

// holds reports whether a value is of a declared type (wdl-semantics §3): Int takes
// whole numbers, Float all.
func holds(declared string, v node) bool {
	switch declared {
	case "String", "SecureString":
		return v.Kind() == expr.KindString
	case "Int":
		_, isInt := v.AsInt()
		f, isNumber := v.AsFloat()
		return isInt || isNumber && f == math.Trunc(f) && math.Abs(f) < 1<<63
	case "Float":
		_, ok := v.AsFloat()
		return ok
	case "Bool":
		return v.Kind() == expr.KindBool
	case "Array":
		return v.isArray()
	}
	return v.isObject() || v.isArray()
}

// allowed reports whether a value is among `allowedValues`, if there are any.
func (c *compiler) allowed(v, p node) bool {
	list, ok := p.member("allowedValues")
	if !ok || !list.isArray() || list.Len() == 0 {
		return true
	}
	for _, e := range list.elements() {
		if c.parameterOpen(e) || expr.Equal(e.Value, v.Value) {
			return true
		}
	}
	return false
}

// undeclared reports supplied values of parameters that the definition does not
// declare, in the words of public error reports.
func (c *compiler) undeclared(list, supplied node) {
	var names []string
	for name, v := range supplied.members() {
		if _, ok := c.program.Parameter(name); !ok && !c.computed(name) && !v.IsNull() {
			names = append(names, "'"+name+"'")
		}
	}
	if len(names) > 0 && !c.unknown(list) {
		c.report(list.at, RuleParameter, "The workflow parameters %s are not valid; they are not declared in the definition.", strings.Join(names, ", "))
	}
}
