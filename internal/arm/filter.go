package arm

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
)

// A $filter (logic-api §1.4) is read by recursive descent:
//
//	or         = and { "or" and }
//	and        = unary { "and" unary }
//	unary      = "not" unary | "(" or ")" | comparison | function
//	comparison = field operator literal | literal operator field
//	operator   = "eq" | "ne" | "gt" | "ge" | "lt" | "le"
//	function   = "startswith" "(" field "," literal ")" | "endswith" … | "contains" …
//	           | "substringof" "(" literal "," field ")"
//	literal    = 'text' with '' for a quote | number | true | false | null
//	           | time, bare or as datetime'…' | guid'…'
//
// Words ignore case. A field is compared as what its declaration says; text
// ignoring case.

// FieldKind is what a field holds.
type FieldKind uint8

// The kinds of fields.
const (
	Text FieldKind = iota
	Time
	Number
	Flag
	// Scalar is compared as text; its literals need no quotes.
	Scalar
)

// Field is something a $filter may name.
type Field struct {
	// Name is what the filter says; one that ends in "/*" stands for all names that
	// begin so, such as those of properties.
	Name string
	Kind FieldKind
	// Value gives the field of a stored resource; view is what Type.View gave. An array is
	// several values, of which one must be as the filter says, with "ne" all. It is not
	// used by filters that a Handler evaluates itself.
	Value func(r Resource, view expr.Value) expr.Value
}

const (
	maxFilterLength = 8 << 10
	maxFilterDepth  = 64
)

// Filter is a condition over fields. A nil Filter holds for everything.
type Filter struct {
	op          filterOp
	left, right *Filter
	field       Field
	literal     literal
}

type filterOp uint8

const (
	opAnd filterOp = iota
	opOr
	opNot // left only
	opEq
	opNe
	opGt
	opGe
	opLt
	opLe
	opPrefix
	opSuffix
	opContains
)

// literal is a constant, already read as its field's kind.
type literal struct {
	null   bool
	text   string
	time   time.Time
	number float64
	flag   bool
}

// ParseFilter reads a $filter over fields; nil for an empty one. The error is an
// [*Error] with the code InvalidFilterInQueryString.
func ParseFilter(text string, fields []Field) (*Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilterLength {
		return nil, invalidFilter(text, "it is longer than 8 KB")
	}
	p := filterParser{text: text, fields: fields}
	p.next()
	f := p.or(0)
	if p.problem == "" && p.token.kind != tokenEnd {
		p.fail("'" + p.token.text + "' is not expected here")
	}
	if p.problem != "" {
		return nil, invalidFilter(text, p.problem)
	}
	return f, nil
}

func invalidFilter(text, problem string) *Error {
	return Invalid("InvalidFilterInQueryString", "$filter", "Invalid $filter '%s' specified in the query string: %s.", printable(text), printable(problem))
}

// Match evaluates the filter; value gives the fields. A field without a value is
// null: it equals only null, and no order holds.
func (f *Filter) Match(value func(field string) expr.Value) bool {
	if f == nil {
		return true
	}
	switch f.op {
	case opAnd:
		return f.left.Match(value) && f.right.Match(value)
	case opOr:
		return f.left.Match(value) || f.right.Match(value)
	case opNot:
		return !f.left.Match(value)
	}
	return f.compare(value(f.field.Name))
}

func (f *Filter) compare(v expr.Value) bool {
	if v.Kind() != expr.KindArray {
		return f.compareOne(v)
	}
	every := f.op == opNe
	for _, e := range v.Elements() {
		if f.compareOne(e) != every {
			return !every
		}
	}
	return every
}

func (f *Filter) compareOne(v expr.Value) bool {
	if v.IsNull() || f.literal.null {
		same := v.IsNull() && f.literal.null
		return f.op == opEq && same || f.op == opNe && !same
	}
	switch f.field.Kind {
	case Time:
		text, _ := v.AsString()
		at, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && f.ordered(at.Compare(f.literal.time))
	case Number:
		n, ok := v.AsFloat()
		return ok && f.ordered(compareNumbers(n, f.literal.number))
	case Flag:
		b, ok := v.AsBool()
		return ok && (f.op == opEq) == (b == f.literal.flag)
	}
	text, ok := v.AsString()
	if !ok {
		return false
	}
	have, want := strings.ToLower(text), strings.ToLower(f.literal.text)
	switch f.op {
	case opPrefix:
		return strings.HasPrefix(have, want)
	case opSuffix:
		return strings.HasSuffix(have, want)
	case opContains:
		return strings.Contains(have, want)
	}
	return f.ordered(strings.Compare(have, want))
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (f *Filter) ordered(c int) bool {
	switch f.op {
	case opEq:
		return c == 0
	case opNe:
		return c != 0
	case opGt:
		return c > 0
	case opGe:
		return c >= 0
	case opLt:
		return c < 0
	case opLe:
		return c <= 0
	}
	return false
}

// Equals gives the text that every match has in the field, if the filter demands
// one: for a query that narrows before Match decides.
func (f *Filter) Equals(field string) (string, bool) {
	if f == nil {
		return "", false
	}
	if f.op == opAnd {
		if text, ok := f.left.Equals(field); ok {
			return text, true
		}
		return f.right.Equals(field)
	}
	if f.op != opEq || f.field.Kind != Text && f.field.Kind != Scalar || f.literal.null || !strings.EqualFold(f.field.Name, field) {
		return "", false
	}
	return f.literal.text, true
}

// Between gives bounds, both inclusive, of the field in every match; zero where
// there is none.
func (f *Filter) Between(field string) (from, to time.Time) {
	switch {
	case f == nil:
	case f.op == opAnd:
		from, to = f.left.Between(field)
		otherFrom, otherTo := f.right.Between(field)
		if otherFrom.After(from) {
			from = otherFrom
		}
		if to.IsZero() || !otherTo.IsZero() && otherTo.Before(to) {
			to = otherTo
		}
	case f.field.Kind != Time || f.literal.null || !strings.EqualFold(f.field.Name, field):
	case f.op == opEq:
		return f.literal.time, f.literal.time
	case f.op == opGt || f.op == opGe:
		return f.literal.time, time.Time{}
	case f.op == opLt || f.op == opLe:
		return time.Time{}, f.literal.time
	}
	return from, to
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenText // a quoted literal
	tokenMark // ( ) ,
)

type token struct {
	kind tokenKind
	text string
}

type filterParser struct {
	text    string
	pos     int
	token   token
	fields  []Field
	problem string // the first one
}

func (p *filterParser) fail(problem string) *Filter {
	if p.problem == "" {
		p.problem = problem
	}
	p.pos, p.token = len(p.text), token{}
	return nil
}

func (p *filterParser) next() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
	if p.pos == len(p.text) {
		p.token = token{}
		return
	}
	switch c := p.text[p.pos]; c {
	case '(', ')', ',':
		p.token = token{tokenMark, string(c)}
		p.pos++
	case '\'':
		p.quoted()
	default:
		end := p.pos
		for end < len(p.text) && !strings.ContainsRune(" \t(),'", rune(p.text[end])) {
			end++
		}
		p.token = token{tokenWord, p.text[p.pos:end]}
		p.pos = end
		if p.pos < len(p.text) && p.text[p.pos] == '\'' && (p.is("datetime") || p.is("guid")) {
			p.quoted()
		}
	}
}

func (p *filterParser) quoted() {
	var b strings.Builder
	for i := p.pos + 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			b.WriteByte(p.text[i])
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.token, p.pos = token{tokenText, b.String()}, i+1
		return
	}
	p.fail("a quote is not closed")
}

func (p *filterParser) is(word string) bool {
	return p.token.kind != tokenText && strings.EqualFold(p.token.text, word)
}

func (p *filterParser) take(mark string) bool {
	if !p.is(mark) {
		p.fail("'" + mark + "' is missing before '" + p.token.text + "'")
		return false
	}
	p.next()
	return true
}

func (p *filterParser) or(depth int) *Filter {
	f := p.and(depth)
	for p.problem == "" && p.is("or") {
		p.next()
		f = &Filter{op: opOr, left: f, right: p.and(depth)}
	}
	return f
}

func (p *filterParser) and(depth int) *Filter {
	f := p.unary(depth)
	for p.problem == "" && p.is("and") {
		p.next()
		f = &Filter{op: opAnd, left: f, right: p.unary(depth)}
	}
	return f
}

func (p *filterParser) unary(depth int) *Filter {
	switch {
	case p.problem != "":
		return nil
	case depth > maxFilterDepth:
		return p.fail("it is nested too deeply")
	case p.token.kind == tokenEnd:
		return p.fail("it ends where a condition is expected")
	case p.is("not"):
		p.next()
		return &Filter{op: opNot, left: p.unary(depth + 1)}
	case p.is("("):
		p.next()
		f := p.or(depth + 1)
		if !p.take(")") {
			return nil
		}
		return f
	}
	first := p.token
	p.next()
	if p.is("(") && first.kind == tokenWord {
		return p.function(first.text)
	}
	return p.comparison(first)
}

// noOperator says what is wrong with what follows the first value of a comparison.
func (p *filterParser) noOperator(first token) *Filter {
	const operators = "one of the operators eq, ne, gt, ge, lt, le"
	switch {
	case p.token.kind == tokenEnd:
		return p.fail("'" + first.text + "' is not followed by " + operators)
	case p.is("startswith"), p.is("endswith"), p.is("contains"):
		return p.fail("'" + p.token.text + "' is a function: write " + p.token.text + "(" + first.text + ", 'text')")
	}
	return p.fail("'" + p.token.text + "' is not " + operators)
}

func (p *filterParser) comparison(first token) *Filter {
	op, known := map[string]filterOp{"eq": opEq, "ne": opNe, "gt": opGt, "ge": opGe, "lt": opLt, "le": opLe}[strings.ToLower(p.token.text)]
	if !known || p.token.kind != tokenWord {
		return p.noOperator(first)
	}
	p.next()
	second := p.token
	if second.kind == tokenEnd || second.kind == tokenMark {
		return p.fail("a value is missing after '" + first.text + "'")
	}
	p.next()
	if _, named := p.field(first); !named {
		if _, swapped := p.field(second); swapped {
			first, second = second, first
			op = map[filterOp]filterOp{opEq: opEq, opNe: opNe, opGt: opLt, opGe: opLe, opLt: opGt, opLe: opGe}[op]
		}
	}
	return p.compare(op, first, second)
}

func (p *filterParser) field(t token) (Field, bool) {
	i := slices.IndexFunc(p.fields, func(f Field) bool { return t.kind == tokenWord && f.named(t.text) })
	if i < 0 {
		return Field{}, false
	}
	f := p.fields[i]
	f.Name = f.spelled(t.text)
	return f, true
}

// named says whether a filter names the field so.
func (f Field) named(text string) bool {
	first, any := strings.CutSuffix(f.Name, "*")
	if !any {
		return strings.EqualFold(f.Name, text)
	}
	return len(text) > len(first) && strings.EqualFold(text[:len(first)], first)
}

// spelled is the name of the field that a filter names so.
func (f Field) spelled(text string) string {
	if first, any := strings.CutSuffix(f.Name, "*"); any {
		return first + text[len(first):]
	}
	return f.Name
}

func (p *filterParser) compare(op filterOp, name, value token) *Filter {
	field, ok := p.field(name)
	if !ok {
		names := make([]string, len(p.fields))
		for i, f := range p.fields {
			names[i] = f.Name
		}
		return p.fail("'" + name.text + "' cannot be filtered by; the fields are: " + strings.Join(names, ", "))
	}
	f := &Filter{op: op, field: field}
	if ok := f.literal.read(field.Kind, value); !ok {
		return p.fail("'" + value.text + "' is not a value of '" + field.Name + "'; texts stand in single quotes, times look like 2024-01-31T00:00:00Z")
	}
	if field.Kind == Flag && op != opEq && op != opNe || field.Kind != Text && field.Kind != Scalar && op > opLe {
		return p.fail("'" + field.Name + "' cannot be compared so")
	}
	return f
}

func (l *literal) read(kind FieldKind, t token) (ok bool) {
	if t.kind == tokenWord && strings.EqualFold(t.text, "null") {
		l.null = true
		return true
	}
	var err error
	switch kind {
	case Text:
		l.text = t.text
		return t.kind == tokenText
	case Scalar:
		l.text = t.text
		return t.kind != tokenEnd && t.kind != tokenMark
	case Time:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} { // az writes times without a zone: UTC
			if l.time, err = time.Parse(layout, t.text); err == nil {
				return true
			}
		}
	case Number:
		l.number, err = strconv.ParseFloat(t.text, 64)
		ok = t.kind == tokenWord
		return ok && err == nil
	case Flag:
		l.flag = strings.EqualFold(t.text, "true")
		return l.flag || strings.EqualFold(t.text, "false")
	}
	return err == nil
}

func (p *filterParser) function(name string) *Filter {
	op, known := map[string]filterOp{"startswith": opPrefix, "endswith": opSuffix, "contains": opContains, "substringof": opContains}[strings.ToLower(name)]
	if !known {
		return p.fail("the function '" + name + "' is not one of startswith, endswith, contains, substringof")
	}
	p.next()
	first := p.token
	p.next()
	if !p.take(",") {
		return nil
	}
	second := p.token
	p.next()
	if !p.take(")") {
		return nil
	}
	if strings.EqualFold(name, "substringof") {
		first, second = second, first
	}
	return p.compare(op, first, second)
}
