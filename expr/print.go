package expr

// From a Template back to the tree that it was compiled from, with its expressions in
// one form: a space after each comma and no other, members in brackets. What is
// printed compiles to the same template, and prints as itself.

import (
	"math"
	"strconv"
	"strings"
)

// Source returns the tree of the template, its expressions printed. Compiled again it
// is the same template.
func (t *Template) Source() Value {
	l, ok := t.root.(*literal)
	if ok && t.condition && l.value.kind != KindBool && l.value.kind != KindString {
		return String(t.dialect.opening + printLiteral(l.value)) // no condition but as an expression
	}
	return t.dialect.source(t.root)
}

// String returns the source of the template: the text of a single string, the JSON of
// any other tree.
func (t *Template) String() string {
	source := t.Source()
	if text, ok := source.AsString(); ok {
		return text
	}
	return string(source.JSON())
}

// source prints a node of the tree.
func (d *Dialect) source(x expression) Value {
	switch x := x.(type) {
	case *literal:
		return d.quoted(x.value)
	case *source:
		return String(d.opening + printed(x.body) + d.closing)
	case *interpolation:
		return String(x.template())
	case *list:
		elems := make([]Value, len(x.elems))
		for i, elem := range x.elems {
			elems[i] = d.source(elem)
		}
		return arrayOf(elems)
	case *record:
		return d.object(x)
	case *conditionCall:
		return d.condition(x)
	}
	return Value{}
}

// quoted is a value in which every string stands for itself.
func (d *Dialect) quoted(v Value) Value {
	switch v.kind {
	case KindString:
		return String(d.escape(v.str))
	case KindArray:
		elems := make([]Value, v.Len())
		for i, elem := range v.Elements() {
			elems[i] = d.quoted(elem)
		}
		return arrayOf(elems)
	case KindObject:
		members := make([]Member, 0, v.Len())
		for name, member := range v.Members() {
			members = append(members, Member{d.escape(name), d.quoted(member)})
		}
		return objectOf(members)
	}
	return v
}

func (d *Dialect) object(x *record) Value {
	members := make([]Member, len(x.values))
	for i, value := range x.values {
		members[i] = Member{d.escape(x.names[i]), d.source(value)}
		if x.computed != nil && x.computed[i] != nil {
			members[i].Name = d.source(x.computed[i]).str
		}
	}
	return objectOf(members)
}

func (d *Dialect) condition(x *conditionCall) Value {
	c := x.body.(*call)
	args := make([]Value, len(c.args))
	for i, arg := range c.args {
		args[i] = d.source(arg)
	}
	return Object(Member{c.name, arrayOf(args)})
}

// workflowEscape writes a text so that it stands for itself (wdl-semantics §4.1).
func workflowEscape(text string) string {
	switch {
	case len(text) < 2:
		return text
	case text[0] == '@':
		return "@" + text
	}
	return strings.ReplaceAll(text, "@{", "@@{")
}

// template is the string of an interpolation.
func (x *interpolation) template() string {
	var b strings.Builder
	for i, part := range x.parts {
		if l, ok := part.(*literal); ok {
			printText(&b, l.value.str, i == 0, i < len(x.parts)-1)
		} else {
			b.WriteString("@{" + printed(part.(*source).body) + "}")
		}
	}
	return b.String()
}

// printText writes the text of an interpolation. Where it begins the string with an @,
// or ends with one before an expression, that is written as an expression of its own.
func printText(b *strings.Builder, text string, first, followed bool) {
	quote := func(ats int) {
		if ats > 0 {
			b.WriteString("@{'" + strings.Repeat("@", ats) + "'}")
		}
	}
	if first {
		rest := strings.TrimLeft(text, "@")
		quote(len(text) - len(rest))
		text = rest
	}
	if !followed {
		b.WriteString(strings.ReplaceAll(text, "@{", "@@{"))
		return
	}
	rest := strings.TrimRight(text, "@")
	b.WriteString(strings.ReplaceAll(rest, "@{", "@@{"))
	quote(len(text) - len(rest))
}

// printed is the text of an expression.
func printed(x expression) string {
	var b strings.Builder
	printTo(&b, x)
	return b.String()
}

func printTo(b *strings.Builder, x expression) {
	switch x := x.(type) {
	case *literal:
		b.WriteString(printLiteral(x.value))
	case *call:
		b.WriteString(x.name + "(")
		for i, arg := range x.args {
			if i > 0 {
				b.WriteString(", ")
			}
			printTo(b, arg)
		}
		b.WriteByte(')')
	case *path:
		printTo(b, x.base)
		for i := range x.steps {
			x.steps[i].printTo(b)
		}
	case *source: // the rest stands in the objects of conditions only
		printTo(b, x.body)
	case *conditionCall:
		printTo(b, x.body)
	case *interpolation:
		b.WriteString("'" + x.template() + "'")
	}
}

func (s *step) printTo(b *strings.Builder) {
	if s.safe {
		b.WriteByte('?')
	}
	b.WriteByte('[')
	if s.computed != nil {
		printTo(b, s.computed)
	} else {
		b.WriteString(printLiteral(s.index))
	}
	b.WriteByte(']')
}

// printLiteral writes a value so that it is scanned as one of its kind again.
func printLiteral(v Value) string {
	switch v.kind {
	case KindNull:
		return "null"
	case KindBool:
		return strconv.FormatBool(v.num != 0)
	case KindString:
		return "'" + strings.ReplaceAll(v.str, "'", "''") + "'"
	case KindFloat:
		return printFloat(math.Float64frombits(v.num))
	}
	return v.Text()
}

func printFloat(f float64) string {
	if math.IsInf(f, 0) {
		return strconv.FormatFloat(math.Copysign(1, f), 'f', 0, 64) + "e999"
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
