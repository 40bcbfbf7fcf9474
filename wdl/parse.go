package wdl

import (
	"slices"
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
		c.report(s.at, RuleSchemaVersion, "The definition is written in the older schema version '%s', only '%s' can be run. To convert it: write the version '%[2]s' in '$schema'; turn 'dependsOn', and 'conditions' that name actions, into 'runAfter', and other 'conditions' of an action into an action of type 'If' around it; make actions of type 'Foreach' and 'Until' of the members 'forEach', 'repeat' and 'until'; write the type 'Request' for triggers of type 'Manual'. Or open the workflow in the designer of a newer API version and save it", version, current)
		return false
	}
	return true
}

// workflowKind looks at the kind that stands beside a single-tenant definition.
func (c *compiler) workflowKind(d node) {
	if c.Kind == "" || containsFold(workflowKinds[:], c.Kind) || c.unknown(node{Value: expr.String(c.Kind)}) {
		return
	}
	c.uncertain(d.at, RuleType, "The 'kind' beside the template %s is '%s', which is none of %s.%s", position, c.Kind, strings.Join(workflowKinds[:], ", "), c.didYouMean(c.Kind, slices.Values(workflowKinds[:])))
}

// contentVersion checks a version such as 1.0.0.0 (wdl-semantics §2).
func (c *compiler) contentVersion(d node) {
	n, ok := d.member("contentVersion")
	text, isString := n.AsString()
	if !ok || !isString || c.dynamic(n) {
		return // the shape is told with that of the other members
	}
	parts := strings.Split(text, ".")
	for _, part := range parts {
		if part == "" || strings.Trim(part, "0123456789") != "" || len(parts) > 4 {
			c.invalid(n, owner{where: "template"}, RuleShape, "the contentVersion '%s' must be a version such as '1.0.0.0'", text)
			return
		}
	}
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

// declaredOutputs reads `outputs` (wdl-semantics §3).
func (c *compiler) declaredOutputs(d node) {
	list, ok := c.object(d, "outputs", owner{where: "template"})
	if !ok {
		return
	}
	for name, n := range list.members() {
		o := owner{where: "template output '" + name + "'", noted: new(Reads)}
		if !n.isObject() {
			if !c.unknown(n) {
				c.invalid(n, o, RuleShape, "it must be an object with 'type' and 'value'")
			}
			continue
		}
		c.members(n, o, outputMembers(), complete)
		c.description(n, o)
		typ, hasType := n.member("type")
		declared, known := canonicalParameterType(typ.text())
		if hasType && !known && !c.unknown(typ) {
			c.invalid(typ, o, RuleParameter, "its type '%s' is none of %s", typ.Text(), strings.Join(parameterTypes[:], ", "))
		}
		value, ok := n.member("value")
		if !ok {
			value.Value = expr.Null()
		} else if known && !c.dynamic(value) && !holds(declared, value) {
			c.warn(value.at, RuleParameter, "The %s %s is of type '%s', but its value is %s", o.where, position, declared, describe(value.Value))
		}
		description, _ := n.member("description")
		c.program.Outputs = append(c.program.Outputs, Output{
			Name: name, Type: declared, Description: description.text(),
			Value: c.template(value, o, roleOutput), Reads: o.noted,
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
