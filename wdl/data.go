package wdl

import (
	"strings"

	"isle/expr"
	"isle/wdl/schema"
)

// parseJSONAction reads a ParseJson (wdl-semantics §11.7). A static schema is
// compiled once.
func (c *compiler) parseJSONAction(a *Action, n node) {
	c.inputs(a, n)
	a.Data = &DataOperation{}
	text, ok := n.path("inputs.schema")
	if !ok || a.Inputs == nil {
		return
	}
	if !text.isObject() && text.Kind() != expr.KindString && text.Kind() != expr.KindBool {
		c.invalid(text, c.owner(a), RuleShape, "the property 'schema' must be an object, but is %s", describe(text.Value))
		return
	}
	if t, problems := c.dialect.Compile(text.Value); len(problems) == 0 {
		if literal, static := t.Literal(); static && literal.Kind() == expr.KindObject {
			a.Data.Schema, a.Data.SchemaError = schema.Compile(literal)
		}
	}
}

// rowsAction reads Query, Select, Join and Table (wdl-semantics §11.6, §11.8).
func (c *compiler) rowsAction(a *Action, n node) {
	o := c.owner(a)
	a.Data = &DataOperation{}
	inputs, ok := c.object(n, "inputs", o)
	if !ok {
		c.inputs(a, n)
		return
	}
	part := func(name string, r role) *expr.Template {
		m, ok := inputs.member(name)
		if !ok {
			return nil
		}
		return c.template(m, o, r)
	}
	a.Data.From = part("from", roleInputs)
	switch a.Type {
	case TypeQuery:
		c.where(a, inputs, o)
	case TypeSelect:
		if m, ok := inputs.member("select"); ok && m.isObject() && m.Len() == 0 {
			c.invalid(m, o, RuleMissing, "the property 'select' must not be empty")
		}
		a.Data.Select = part("select", roleRow)
	case TypeJoin:
		a.Data.JoinWith = part("joinWith", roleInputs)
	case TypeTable:
		a.Data.Format = part("format", roleInputs)
		c.tableFormat(inputs, o)
		c.columns(a, inputs, o)
	}
}

// where reads the condition of a Query, a string.
func (c *compiler) where(a *Action, inputs node, o owner) {
	m, ok := inputs.member("where")
	if !ok {
		return
	}
	if m.Kind() != expr.KindString {
		c.invalid(m, o, RuleShape, "the property 'where' must be a string, but is %s", describe(m.Value))
		return
	}
	c.unmarked(m, o, "where")
	a.Data.Where = c.condition(m, o, roleRow)
}

func (c *compiler) tableFormat(inputs node, o owner) {
	format, ok := inputs.member("format")
	if ok && !c.dynamic(format) && !strings.EqualFold(format.text(), "CSV") && !strings.EqualFold(format.text(), "HTML") {
		c.invalid(format, o, RuleShape, "the format '%s' is none of CSV, HTML", format.Text())
	}
}

func (c *compiler) columns(a *Action, inputs node, o owner) {
	list, ok := inputs.member("columns")
	if !ok {
		return
	}
	if !list.isArray() {
		c.invalid(list, o, RuleShape, "the property 'columns' must be an array, but is %s", describe(list.Value))
		return
	}
	a.Data.Columns = make([]Column, 0, list.Len())
	for _, n := range list.elements() {
		var column Column
		if header, ok := n.member("header"); ok {
			column.Header = c.template(header, o, roleRow)
		}
		value, ok := n.member("value")
		if !ok {
			c.missing(o, n.at, "inputs.columns.value")
			continue
		}
		column.Value = c.template(value, o, roleRow)
		a.Data.Columns = append(a.Data.Columns, column)
	}
}
