package expr

// From a JSON tree to a Template: finding the strings that are expressions, parsing
// them, checking every call.

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Template is a compiled JSON tree. It is immutable and safe for many goroutines.
type Template struct {
	dialect   *Dialect
	root      expression
	calls     []Call
	condition bool // the result must be a boolean
}

// Call is a function call somewhere in a template.
type Call struct {
	Function   string    // canonical name; aliases are resolved
	Parent     string    // the function whose argument the call is part of, or ""
	Literal    []*string // per argument: its text if it is a string literal, else nil
	Pointer    string    // JSON pointer of the string that holds the call
	Offset     int       // of the function's name within that string, in bytes
	Expression string    // the expression that holds the call, without the leading @
	Contextual bool      // answered by Env.Lookup
}

// Dialect is a way to write expressions inside JSON: delimiters and functions.
type Dialect struct {
	grammar   grammar
	functions *functionSet
	bounds    Bounds
	listed    bool   // a function of any name that begins with list is one of the environment
	marker    string // without it JSON text holds no expression; "" if there is none
	// split recognises the expressions of a string: see workflowSplit.
	split func(s string) (pieces []piece, problem *parseError)
	// opening and closing stand around an expression that is a whole string; escape
	// writes a text so that it holds none.
	opening, closing string
	escape           func(text string) string

	evaluators *sync.Pool // of *evaluator
}

// Bounds are what the expressions of a dialect may be and give (wdl-semantics §4.2).
type Bounds struct {
	Length int   // of one expression, in UTF-16 units
	Result int64 // bytes of what a function or an interpolation gives; at most MaxSize
}

// Bounded returns the dialect with other bounds. The two share what they keep.
func (d *Dialect) Bounded(b Bounds) *Dialect {
	b.Result = min(b.Result, MaxSize)
	if b == d.bounds {
		return d
	}
	other := *d
	other.bounds = b
	return &other
}

// Bounds returns those of the dialect.
func (d *Dialect) Bounds() Bounds { return d.bounds }

// piece is a part of a string: literal text or an expression.
type piece struct {
	text       string
	expression bool
	offset     int // in the string
}

var workflowDialect = sync.OnceValue(func() *Dialect {
	return &Dialect{
		grammar:    grammar{keywords: true, floats: true, optional: true},
		functions:  newFunctionSet(described(workflowFunctions())),
		bounds:     Bounds{Length: 8192, Result: MaxSize},
		marker:     "@",
		split:      workflowSplit,
		opening:    "@",
		escape:     workflowEscape,
		evaluators: &sync.Pool{},
	}
})

// Workflow returns the dialect of workflow definitions: "@expression",
// "text @{expression}" (wdl-semantics §4.1).
func Workflow() *Dialect { return workflowDialect() }

// Functions returns the dialect's functions, sorted by name.
func (d *Dialect) Functions() []Function {
	return append([]Function(nil), d.functions.sorted...)
}

// Compile compiles a JSON tree in which every string, names included, may be a
// template. It reports all problems; the Template is nil if there is any.
func (d *Dialect) Compile(v Value) (*Template, []Problem) {
	c := compiler{dialect: d}
	t := &Template{dialect: d, root: c.tree(v, 0)}
	return c.finish(t)
}

// CompileString compiles one string, such as the argument of `isle eval`.
func (d *Dialect) CompileString(s string) (*Template, []Problem) { return d.Compile(String(s)) }

// Literal returns the value of a template that holds no expression.
func (t *Template) Literal() (Value, bool) {
	l, ok := t.root.(*literal)
	if !ok {
		return Value{}, false
	}
	return l.value, true
}

// Calls returns every function call of the tree in document order. The caller must
// not change it.
func (t *Template) Calls() []Call { return t.calls }

// compiler is the state of one Compile.
type compiler struct {
	dialect  *Dialect
	path     []string // escaped segments of the JSON pointer
	text     string   // being compiled: a string of the tree, or a name
	place    place    // in text, of the last problem
	naming   bool     // it is a name
	problems []Problem
	calls    []Call
}

func (c *compiler) finish(t *Template) (*Template, []Problem) {
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	t.calls = c.calls
	return t, nil
}

func (c *compiler) pointer() string {
	if len(c.path) == 0 {
		return ""
	}
	return "/" + strings.Join(c.path, "/")
}

// begin says which string the problems to come are in.
func (c *compiler) begin(text string) { c.text, c.place = text, place{} }

// report adds a problem of the string at hand.
func (c *compiler) report(p Problem) {
	p.Pointer = c.pointer()
	p.InName = c.naming
	if c.place.offset > p.Offset {
		c.place = place{}
	}
	c.place = c.place.at(c.text, p.Offset)
	p.Line, p.Column = c.place.line+1, c.place.column+1
	c.problems = append(c.problems, p)
}

func (c *compiler) inside(segment string, compile func()) {
	if strings.ContainsAny(segment, "~/") {
		segment = strings.NewReplacer("~", "~0", "/", "~1").Replace(segment)
	}
	c.path = append(c.path, segment)
	compile()
	c.path = c.path[:len(c.path)-1]
}

func (c *compiler) tree(v Value, depth int) expression {
	switch v.kind {
	case KindString:
		return c.string(v.str)
	case KindArray, KindObject:
		if depth++; depth > resultDepth {
			c.report(Problem{Code: CodeDepth, Message: "The template nests deeper than " + strconv.Itoa(resultDepth) + " levels."})
			return &literal{}
		}
		if c.dialect.plain(v) {
			return &literal{v}
		}
		if v.kind == KindArray {
			return c.list(v, depth)
		}
		return c.record(v, depth)
	}
	return &literal{v}
}

// plain reports, by a look at the text alone, that a tree holds no expression.
func (d *Dialect) plain(v Value) bool {
	return v.node.text != "" && d.marker != "" && !strings.Contains(v.node.text, d.marker)
}

func (c *compiler) list(v Value, depth int) expression {
	elems := make([]expression, 0, v.Len())
	for i, elem := range v.Elements() {
		c.inside(strconv.Itoa(i), func() { elems = append(elems, c.tree(elem, depth)) })
	}
	if values, ok := literals(elems); ok {
		return &literal{arrayOf(values)}
	}
	return &list{elems}
}

// literals returns the values if all of the expressions are literals.
func literals(xs []expression) ([]Value, bool) {
	values := make([]Value, len(xs))
	for i, x := range xs {
		l, ok := x.(*literal)
		if !ok {
			return nil, false
		}
		values[i] = l.value
	}
	return values, true
}

func (c *compiler) record(v Value, depth int) expression {
	r := &record{}
	i := 0
	for name, value := range v.Members() {
		c.inside(name, func() {
			c.naming = true
			key := c.string(name)
			c.naming = false
			if l, ok := key.(*literal); ok {
				name = l.value.str
				key = nil
			} else if r.computed == nil {
				r.computed = make([]expression, v.Len())
			}
			if key != nil || r.computed != nil {
				r.computed[i] = key
			}
			r.names = append(r.names, name)
			r.values = append(r.values, c.tree(value, depth))
		})
		i++
	}
	values, ok := literals(r.values)
	if !ok || r.computed != nil {
		return r
	}
	members := make([]Member, len(values))
	for i := range values {
		members[i] = Member{r.names[i], values[i]}
	}
	return &literal{Object(members...)}
}

// string compiles a string of the tree.
func (c *compiler) string(s string) expression {
	c.begin(s)
	pieces, problem := c.dialect.split(s)
	if problem != nil {
		c.report(Problem{Offset: problem.offset, Code: CodeSyntax, Message: problem.message, Expression: s})
		return &literal{}
	}
	switch {
	case pieces == nil:
		return &literal{String(s)}
	case len(pieces) == 1 && !pieces[0].expression:
		return &literal{String(pieces[0].text)}
	}
	if whole := pieces[0]; len(pieces) == 1 && whole.offset == 1 {
		return c.source(whole)
	}
	return c.interpolation(pieces)
}

// interpolation compiles text with expressions inside. Literals next to each other
// are one; literals alone need no evaluation.
func (c *compiler) interpolation(pieces []piece) expression {
	x := &interpolation{}
	var text []byte
	flush := func() {
		if len(text) > 0 {
			x.parts = append(x.parts, &literal{String(string(text))})
			text = text[:0]
		}
	}
	for _, p := range pieces {
		if !p.expression {
			text = append(text, p.text...)
			continue
		}
		part := c.source(p)
		if l, ok := part.(*literal); ok {
			text = l.value.appendText(text)
			continue
		}
		flush()
		x.parts = append(x.parts, part)
	}
	if len(x.parts) == 0 {
		return &literal{String(string(text))}
	}
	flush()
	return x
}

// source parses and checks one expression.
func (c *compiler) source(p piece) expression {
	if longest := c.dialect.bounds.Length; len(p.text) > longest && utf16Length(p.text) > longest {
		c.report(Problem{Offset: p.offset, Code: CodeLength, Expression: p.text, Message: "The template language expression is longer than the limit of " + strconv.Itoa(longest) + " characters."})
		return &literal{}
	}
	tree, err := parseExpression(c.dialect.grammar, p.text)
	if err != nil {
		c.report(Problem{Offset: p.offset + err.offset, Code: CodeSyntax, Message: err.message, Expression: p.text})
		return &literal{}
	}
	s := &source{body: tree, text: p.text, pointer: c.pointer(), offset: p.offset, template: c.dialect.grammar.template}
	c.check(s, tree, "")
	if l, ok := tree.(*literal); ok {
		return l
	}
	return s
}

// check resolves the calls of an expression, in document order.
func (c *compiler) check(s *source, x expression, parent string) {
	switch x := x.(type) {
	case *path:
		c.check(s, x.base, parent)
		for _, step := range x.steps {
			c.check(s, step.computed, parent)
		}
	case *call:
		if c.resolve(s, x, parent) {
			parent = x.function.target()
		}
		for _, arg := range x.args {
			c.check(s, arg, parent)
		}
	}
}

// resolve finds the function of a call and checks the number of arguments
// (wdl-semantics §4.3, §15 rule 6).
func (c *compiler) resolve(s *source, x *call, parent string) bool {
	problem := Problem{Offset: s.offset + x.offset, Expression: s.text}
	x.function = c.dialect.function(x.name)
	if x.function == nil {
		problem.Code, problem.Message = CodeFunction, c.dialect.unknownFunction(x.name)
		c.report(problem)
		return false
	}
	if !x.function.arity(len(x.args)) {
		problem.Code, problem.Message = CodeArguments, x.function.arityMessage(x.name, len(x.args))
		c.report(problem)
		return false
	}
	if l, ok := first(x.args); ok && x.function.dependent && l.value.kind != KindString {
		problem.Code, problem.Message = CodeParameters, "The provided parameters for template language function '"+x.name+"' are not valid."
		c.report(problem)
		return false
	}
	found := Call{
		Function: x.function.target(), Parent: parent, Literal: make([]*string, len(x.args)),
		Pointer: s.pointer, Offset: problem.Offset, Expression: s.text, Contextual: x.function.Contextual,
	}
	for i, arg := range x.args {
		if l, ok := arg.(*literal); ok && l.value.kind == KindString {
			found.Literal[i] = &l.value.str
		}
	}
	c.calls = append(c.calls, found)
	return true
}

// first is the first argument if it is a literal.
func first(args []expression) (*literal, bool) {
	if len(args) == 0 {
		return nil, false
	}
	l, ok := args[0].(*literal)
	return l, ok
}

// workflowSplit cuts a string into text and expressions (wdl-semantics §4.1). No
// pieces: the string stands for itself. A piece at offset 1 is the whole string.
func workflowSplit(s string) ([]piece, *parseError) {
	if len(s) < 2 || strings.IndexByte(s, '@') < 0 {
		return nil, nil
	}
	if s[0] == '@' {
		switch s[1] {
		case '@':
			return []piece{{text: s[1:]}}, nil
		case '{':
		default:
			return []piece{{text: s[1:], expression: true, offset: 1}}, nil
		}
	}
	if !strings.Contains(s, "@{") {
		return nil, nil
	}
	return interpolationPieces(s)
}

func interpolationPieces(s string) ([]piece, *parseError) {
	var pieces []piece
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			pieces = append(pieces, piece{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); {
		switch rest := s[i:]; {
		case strings.HasPrefix(rest, "@@{"):
			text.WriteString("@{")
			i += 3
		case strings.HasPrefix(rest, "@{"):
			length := expressionEnd(rest[2:])
			if length < 0 {
				return nil, &parseError{i, fmt.Sprintf("The template language expression '%s' is not valid: the string interpolation segment starting at position '%d' is not terminated.", shown(s), utf16Length(s[:i]))}
			}
			flush()
			pieces = append(pieces, piece{text: rest[2 : 2+length], expression: true, offset: i + 2})
			i += length + 3
		default:
			text.WriteByte(s[i])
			i++
		}
	}
	flush()
	return pieces, nil
}

// expressionEnd returns where the first } outside a string literal is, or -1.
func expressionEnd(s string) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return i
		}
	}
	return -1
}
