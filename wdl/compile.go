package wdl

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
)

// Options say how a definition is to be judged.
type Options struct {
	// Supported reports whether a type of the language can be run; nil: all can.
	Supported func(kind ItemKind, typ string) bool
	// Kind is that of a single-tenant workflow ("Stateful", "Stateless"), whose
	// parameters and settings live outside the definition; "" is consumption.
	Kind string
	// InProject says that the parameters given are all that the project of a
	// single-tenant workflow has: what is missing then, and a kind that no host knows,
	// is an error and no warning.
	InProject bool
	// Deployment is set for a definition inside an ARM template that has not been
	// evaluated: strings in brackets are values not known yet.
	Deployment bool
	// Text is the document as the user wrote it and Base the pointer to the
	// definition in it; lines and columns are those of Text. Without it they are
	// those of the compact definition.
	Text []byte
	Base string
	// Limits are those of wdl-semantics §17; nil: the documented ones.
	Limits *Limits
	// Now, if not zero, is used by rules about the future.
	Now time.Time
}

// Compile checks a definition with the parameter values it is saved with (name →
// {"value": …}; null: none) and compiles it. The Program is nil if any problem is an
// Error; warnings may come with one.
func Compile(definition, parameters expr.Value, o Options) (*Program, Problems) {
	c := newCompiler(o)
	c.definition(node{definition, ""}, parameters)
	problems := c.finish(definition)
	if problems.Failed() {
		return nil, problems
	}
	c.program.Definition = normalise(definition)
	return c.program, problems
}

func newCompiler(o Options) *compiler {
	limits := DefaultLimits()
	if o.Limits != nil {
		limits = *o.Limits
	}
	return &compiler{
		Options:    o,
		bounds:     limits,
		dialect:    expr.Workflow().Bounded(expr.Bounds{Length: limits.ExpressionLength, Result: limits.ExpressionResult}),
		operations: newOperationTable(),
		program: &Program{
			actions: map[string]int{}, triggers: map[string]int{},
			variables: map[string]int{}, parameters: map[string]int{},
			StaticResults: map[string]StaticResult{},
			Limits:        limits,
		},
	}
}

// compiler holds one compilation. Its stages fill program and add problems.
type compiler struct {
	Options
	bounds           Limits
	dialect          *expr.Dialect
	operations       operationTable
	program          *Program
	problems         []Problem
	failed           bool // an error is among them
	sites            []site
	parsed           []parsedAction // by action index, for the later stages
	preds            []bitset       // by action: all siblings before it
	siblings         map[sibling]int
	doubts           bitset // actions whose runAfter has a problem, or is known to the deployment only
	cyclic           bitset // actions of cycles that have been told
	unknowns         []unknownMember
	supplied         node // parameter values
	actions          int  // how many there are; of far too many the first are read
	hidden           bool // the deployment adds actions that are not seen here
	hiddenParameters bool // the same of parameters
}

// parsedAction is what later stages need to know of an action's JSON.
type parsedAction struct {
	node
	runAfter node
	known    bool // the type is one of the language
}

// definition runs the stages.
func (c *compiler) definition(d node, parameters expr.Value) {
	if !d.isObject() {
		c.add(Problem{Pointer: d.at, Code: CodeInvalidRequestContent, Rule: RuleDocument,
			Message: "The request content is not valid and could not be deserialized: 'the workflow definition must be a JSON object, but is " + describe(d.Value) + "'."})
		return
	}
	if !c.schemaVersion(d) {
		return
	}
	c.workflowKind(d)
	c.members(d, owner{where: "template"}, definitionMembers(), complete)
	c.contentVersion(d)
	c.supplied = node{parameters, ""}
	c.declaredParameters(d, c.supplied)
	c.declaredStaticResults(d)
	c.declaredActions(d)
	c.declaredTriggers(d)
	c.declaredOutputs(d)
	if c.excessive() {
		c.limits(d)
		return
	}
	c.declareVariables()
	c.graph()
	c.resolve()
	c.place()
	c.limits(d)
	c.misspellings()
}

// report adds an error of code InvalidTemplate.
func (c *compiler) report(at string, rule Rule, format string, args ...any) {
	c.add(Problem{Pointer: at, Code: CodeInvalidTemplate, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// warn adds a problem that does not stop a save.
func (c *compiler) warn(at string, rule Rule, format string, args ...any) {
	c.add(Problem{Pointer: at, Code: CodeInvalidTemplate, Rule: rule, Severity: Warning, Message: fmt.Sprintf(format, args...)})
}

// uncertain adds a problem that stops the workflow of a project from starting, and is
// only warned of where the rest of the project is not known.
func (c *compiler) uncertain(at string, rule Rule, format string, args ...any) {
	if c.InProject {
		c.report(at, rule, format, args...)
		return
	}
	c.warn(at, rule, format, args...)
}

// add notes a problem. Of very many the first are kept, and always an error.
func (c *compiler) add(p Problem) {
	if len(c.problems) >= maxProblems && (c.failed || p.Severity == Warning) {
		return
	}
	c.failed = c.failed || p.Severity == Error
	c.problems = append(c.problems, p)
}

// maxProblems is how many problems of one definition are told.
const maxProblems = 5000

// finish gives every problem its place and sorts them by it.
func (c *compiler) finish(definition expr.Value) Problems {
	text, base := c.Text, c.Base
	if text != nil {
		c.duplicateNames(text, base)
	}
	if len(c.problems) == 0 {
		return nil
	}
	if text == nil {
		text, base = definition.JSON(), ""
	}
	offsets := locate(text, base, c.problems)
	order := make([]int, len(offsets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(offsets[a], offsets[b]) })
	sorted := make([]Problem, len(order))
	lines := lineCounter{text: text}
	for i, from := range order {
		p := c.problems[from]
		p.Line, p.Column = lines.at(offsets[from])
		p.Message = placed(p.Message, p.Line, p.Column)
		sorted[i] = p
	}
	return once(sorted)
}

// once leaves out what was already told of the same place.
func once(problems []Problem) []Problem {
	type told struct {
		line, column int
		severity     Severity
		message      string
	}
	seen := make(map[told]bool, len(problems))
	return slices.DeleteFunc(problems, func(p Problem) bool {
		t := told{p.Line, p.Column, p.Severity, p.Message}
		repeated := seen[t]
		seen[t] = true
		return repeated
	})
}

// unknown reports whether a value is decided by the deployment, so that nothing
// can be said about it.
func (c *compiler) unknown(n node) bool {
	s, ok := n.AsString()
	return ok && c.Deployment && strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

// settled returns a value without what only the deployment knows: strings that it
// computes become empty, and an escaped bracket loses its escape.
func (c *compiler) settled(n node) expr.Value {
	if !c.Deployment {
		return n.Value
	}
	switch n.Kind() {
	case expr.KindString:
		if c.unknown(n) {
			return expr.String("")
		}
		if rest, escaped := strings.CutPrefix(n.text(), "[["); escaped {
			return expr.String("[" + rest)
		}
	case expr.KindArray:
		elems := make([]expr.Value, 0, n.Len())
		for _, e := range n.elements() {
			elems = append(elems, c.settled(e))
		}
		return expr.Array(elems...)
	case expr.KindObject:
		return mapMembers(n.Value, func(_ string, v expr.Value) expr.Value { return c.settled(node{Value: v}) })
	}
	return n.Value
}

// unsettled reports whether a value holds anything only the deployment knows.
func (c *compiler) unsettled(n node) bool {
	if !c.Deployment {
		return false
	}
	for _, e := range n.elements() {
		if c.unsettled(e) {
			return true
		}
	}
	for _, m := range n.members() {
		if c.unsettled(m) {
			return true
		}
	}
	return c.unknown(n)
}

// dynamic reports whether a value is known only when it is evaluated.
func (c *compiler) dynamic(n node) bool {
	s, ok := n.AsString()
	return ok && (isExpression(s) || c.unknown(n))
}

// isExpression reports whether a string holds an expression (wdl-semantics §4.1).
func isExpression(s string) bool {
	if strings.HasPrefix(s, "@@") {
		return false
	}
	if len(s) > 1 && s[0] == '@' {
		return true
	}
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '@' && s[i+1] == '{' && (i == 0 || s[i-1] != '@') {
			return true
		}
	}
	return false
}

// describeNumber is describe with the value of a number.
func describeNumber(v expr.Value) string {
	if what := describe(v); what != "a number" {
		return what
	}
	return "the number " + string(v.JSON())
}

// describe names the kind of a value for a message.
func describe(v expr.Value) string {
	switch v.Kind() {
	case expr.KindNull:
		return "null"
	case expr.KindArray:
		return "an array"
	case expr.KindObject:
		return "an object"
	case expr.KindString:
		return "a string"
	case expr.KindBool:
		return "a boolean"
	}
	return "a number"
}

func itoa(i int) string { return strconv.Itoa(i) }
