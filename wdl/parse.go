package wdl

import (
	"strings"

	"isle/expr"
)

// schemaVersion reads $schema (wdl-semantics §2). Only 2016-06-01 is the language
// of this package; a missing one is taken as that.
func (c *compiler) schemaVersion(d node) bool {
	const current = "2016-06-01"
	c.program.SchemaVersion = current
	s, ok := d.member("$schema")
	if !ok || c.unknown(s) {
		return true
	}
	text, isString := s.AsString()
	version, found := schemaDate(text)
	switch {
	case !isString || !found:
		c.warn(s.at, RuleSchemaVersion, "The '$schema' %s is not that of a workflow definition and is taken as 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'", position)
		return true
	case version != current:
		c.report(s.at, RuleSchemaVersion, "The definition is written in the older schema version '%s', only '%s' can be run. To convert it: change the version in '$schema', give each action with 'dependsOn' or 'conditions' a 'runAfter' instead, write 'operationOptions' for 'conditions', 'Foreach' actions for 'forEach' members and 'Request' for triggers of type 'Manual' (or open it in the designer of a newer API version and save it)", version, current)
		return false
	}
	return true
}

// schemaDate finds the version in ".../schemas/{version}/workflowdefinition.json#".
func schemaDate(uri string) (string, bool) {
	uri = strings.ToLower(strings.TrimRight(uri, "#"))
	head, ok := strings.CutSuffix(uri, "/workflowdefinition.json")
	if !ok {
		return "", false
	}
	version := head[strings.LastIndexByte(head, '/')+1:]
	return version, version != ""
}

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
	list, ok := c.object(d, "parameters", owner{where: "template"})
	if ok {
		for name, p := range list.members() {
			c.parameter(name, p, supplied)
		}
	}
	if c.Kind == "" {
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

// connections is the parameter that the platform supplies (wdl-semantics §3).
const connections = "$connections"

func (c *compiler) parameter(name string, p, supplied node) {
	o := owner{where: "workflow parameter '" + name + "'"}
	if !p.isObject() {
		c.invalid(p, o, RuleParameter, "it must be an object with a 'type'")
		c.addParameter(Parameter{Name: name})
		return
	}
	typ, _ := p.member("type")
	declared, known := canonicalParameterType(typ.text())
	if !known && !c.unknown(typ) {
		c.invalid(typ, o, RuleParameter, "its type '%s' is none of %s", typ.text(), strings.Join(parameterTypes[:], ", "))
	}
	parameter := Parameter{Name: name, Type: declared, Secure: strings.HasPrefix(declared, "Secure")}
	value, given := c.parameterValue(name, supplied)
	fallback, hasDefault := p.member("defaultValue")
	switch {
	case given:
		value.at = p.at
		if known {
			c.parameterType(value, declared, o)
		}
		c.allowed(value, p, o)
	case hasDefault:
		if value = fallback; known {
			c.parameterType(fallback, declared, o) // the designer writes {} for any type where a value overrides it
		}
	case name == connections:
		value = node{expr.Object(), p.at}
	case defaultIsNull(p):
	case c.Kind != "":
		c.warn(p.at, RuleParameter, "The workflow parameter '%s' %s has no value here: it must come from the application's parameters", name, position)
	default:
		c.report(p.at, RuleParameter, "The workflow parameter '%s' %s has neither a value nor a 'defaultValue'", name, position)
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

// parameterType checks a value against a declared type (wdl-semantics §3).
func (c *compiler) parameterType(v node, declared string, o owner) {
	if c.unknown(v) || v.IsNull() || c.Kind != "" && c.dynamic(v) {
		return
	}
	ok := false
	switch declared {
	case "String", "SecureString":
		ok = v.Kind() == expr.KindString
	case "Int":
		f, isNumber := v.AsFloat()
		ok = isNumber && f == float64(int64(f))
	case "Float":
		_, ok = v.AsFloat()
	case "Bool":
		ok = v.Kind() == expr.KindBool
	case "Array":
		ok = v.isArray()
	case "Object", "SecureObject":
		ok = v.isObject() || v.isArray()
	}
	if !ok {
		c.invalid(v, o, RuleParameter, "the value must be of type '%s', but is %s", declared, describe(v.Value))
	}
}

// allowed checks a supplied value against `allowedValues`.
func (c *compiler) allowed(v, p node, o owner) {
	list, ok := p.member("allowedValues")
	if !ok || !list.isArray() || list.Len() == 0 || c.dynamic(v) {
		return
	}
	for _, a := range list.Elements() {
		if expr.Equal(a, v.Value) {
			return
		}
	}
	c.invalid(node{v.Value, p.at}, o, RuleParameter, "the value is not one of the 'allowedValues'")
}

// declaredOutputs reads `outputs` (wdl-semantics §3).
func (c *compiler) declaredOutputs(d node) {
	list, ok := c.object(d, "outputs", owner{where: "template"})
	if !ok {
		return
	}
	for name, n := range list.members() {
		o := owner{where: "template output '" + name + "'"}
		if !n.isObject() {
			c.invalid(n, o, RuleShape, "it must be an object with 'type' and 'value'")
			continue
		}
		typ, hasType := n.member("type")
		declared, known := canonicalParameterType(typ.text())
		if hasType && !known && !c.unknown(typ) {
			c.invalid(typ, o, RuleParameter, "its type '%s' is none of %s", typ.text(), strings.Join(parameterTypes[:], ", "))
		}
		value, ok := n.member("value")
		if !ok {
			value.Value = expr.Null()
		}
		description, _ := n.member("description")
		c.program.Outputs = append(c.program.Outputs, Output{
			Name: name, Type: declared, Description: description.text(),
			Value: c.template(value, o, roleOutput),
		})
	}
}

// declaredStaticResults reads `staticResults` leniently: entries that no action
// enables may be anything (wdl-semantics §12.7).
func (c *compiler) declaredStaticResults(d node) {
	list, _ := d.member("staticResults")
	for name, n := range list.members() {
		result := StaticResult{Name: name, Status: Succeeded}
		if status, ok := n.member("status"); ok {
			if s, ok := ParseStatus(status.text()); ok {
				result.Status = s
			}
		}
		if code, ok := n.member("code"); ok {
			result.Code = code.text()
		}
		if outputs, ok := n.member("outputs"); ok {
			result.Outputs = outputs.Value
			if code, ok := outputs.member("statusCode"); ok && result.Code == "" {
				result.Code = statusCodeName(code)
			}
		}
		result.Error = staticError(n)
		c.program.StaticResults[fold(name)] = result
	}
}

// statusCodeName returns the code of an action with that status code: the name as
// written, or the digits.
func statusCodeName(code node) string {
	if s, ok := code.AsString(); ok {
		return s
	}
	return code.Text()
}

// staticError finds the error of a failed static result, which is written as
// `error` or as the first of `outputs.errors`.
func staticError(n node) expr.Value {
	for _, path := range [...]string{"error", "outputs.error"} {
		if e, ok := n.path(path); ok && e.isObject() {
			return e.Value
		}
	}
	if errors, ok := n.path("outputs.errors"); ok && errors.Len() > 0 && errors.Index(0).Kind() == expr.KindObject {
		return errors.Index(0)
	}
	return expr.Null()
}
