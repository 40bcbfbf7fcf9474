package expr

// Evaluation of XPath 1.0 over the XML reader's documents. A node-set is a slice in
// document order without doubles. What an evaluation may cost is bounded: each node
// looked at and each piece of text made is paid from a budget, and once it is used
// up everything gives nothing, until the caller sees it.

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// xpathBudget is about one second.
const xpathBudget = 50_000_000

type xpathKind uint8

const (
	xpathNodes xpathKind = iota + 1
	xpathText
	xpathNum
	xpathBool
)

// xpathValue is a value of one of the four types.
type xpathValue struct {
	kind  xpathKind
	yes   bool
	num   float64
	text  string
	nodes []xpathNode
}

func xpathNumberValue(f float64) xpathValue      { return xpathValue{kind: xpathNum, num: f} }
func xpathTextValue(s string) xpathValue         { return xpathValue{kind: xpathText, text: s} }
func xpathBoolValue(b bool) xpathValue           { return xpathValue{kind: xpathBool, yes: b} }
func xpathNodesValue(set []xpathNode) xpathValue { return xpathValue{kind: xpathNodes, nodes: set} }

// xpathRun is one evaluation over one document.
type xpathRun struct {
	doc  *xmlNode
	left int                        // of the budget
	done map[*xpathPath][]xpathNode // absolute paths, which mean the same everywhere
}

func (r *xpathRun) spend(steps int) bool {
	r.left -= steps
	return r.left >= 0
}

// xpathContext is where an expression is evaluated.
type xpathContext struct {
	run            *xpathRun
	node           xpathNode
	position, size int
}

// xpathExpr is an expression whose type is known.
type xpathExpr interface {
	kind() xpathKind
	// positional reports whether the value depends on the context's position or size.
	positional() bool
	eval(c *xpathContext) xpathValue
}

type xpathConstant struct{ value xpathValue }

func (e xpathConstant) kind() xpathKind               { return e.value.kind }
func (e xpathConstant) positional() bool              { return false }
func (e xpathConstant) eval(*xpathContext) xpathValue { return e.value }

type xpathNegation struct {
	operand xpathExpr
	odd     bool // an odd number of signs
}

func (e *xpathNegation) kind() xpathKind  { return xpathNum }
func (e *xpathNegation) positional() bool { return e.operand.positional() }
func (e *xpathNegation) eval(c *xpathContext) xpathValue {
	f := e.operand.eval(c).number(c.run)
	if e.odd {
		f = -f
	}
	return xpathNumberValue(f)
}

type xpathBinary struct {
	operator    string
	left, right xpathExpr
}

func (e *xpathBinary) kind() xpathKind {
	switch e.operator {
	case "+", "-", "*", "div", "mod":
		return xpathNum
	}
	return xpathBool
}

func (e *xpathBinary) positional() bool { return e.left.positional() || e.right.positional() }

func (e *xpathBinary) eval(c *xpathContext) xpathValue {
	switch e.operator {
	case "or":
		return xpathBoolValue(e.left.eval(c).boolean() || e.right.eval(c).boolean())
	case "and":
		return xpathBoolValue(e.left.eval(c).boolean() && e.right.eval(c).boolean())
	case "=", "!=", "<", "<=", ">", ">=":
		return xpathBoolValue(c.run.compare(e.operator, e.left.eval(c), e.right.eval(c)))
	}
	a, b := e.left.eval(c).number(c.run), e.right.eval(c).number(c.run)
	switch e.operator {
	case "+":
		return xpathNumberValue(a + b)
	case "-":
		return xpathNumberValue(a - b)
	case "*":
		return xpathNumberValue(a * b)
	case "div":
		return xpathNumberValue(a / b)
	}
	return xpathNumberValue(math.Mod(a, b))
}

type xpathUnion struct{ operands []xpathExpr }

func (e *xpathUnion) kind() xpathKind { return xpathNodes }

func (e *xpathUnion) positional() bool { return slices.ContainsFunc(e.operands, xpathExpr.positional) }

func (e *xpathUnion) eval(c *xpathContext) xpathValue {
	var all []xpathNode
	for _, operand := range e.operands {
		nodes := operand.eval(c).nodes
		if !c.run.spend(len(all) + len(nodes)) {
			break
		}
		all = merged(all, nodes)
	}
	return xpathNodesValue(all)
}

// merged is the union of two node-sets.
func merged(a, b []xpathNode) []xpathNode {
	if len(a) == 0 {
		return b
	}
	all := make([]xpathNode, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		order := compareOrder(a[0], b[0])
		if order <= 0 {
			all, a = append(all, a[0]), a[1:]
		} else {
			all = append(all, b[0])
		}
		if order >= 0 {
			b = b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// xpathFilter is an expression with predicates; positions are those of document
// order.
type xpathFilter struct {
	operand    xpathExpr
	predicates []xpathExpr
}

func (e *xpathFilter) kind() xpathKind  { return xpathNodes }
func (e *xpathFilter) positional() bool { return e.operand.positional() }
func (e *xpathFilter) eval(c *xpathContext) xpathValue {
	return xpathNodesValue(c.run.filter(slices.Clone(e.operand.eval(c).nodes), e.predicates))
}

type xpathCall struct {
	function xpathFunction
	args     []xpathExpr
}

func (e *xpathCall) kind() xpathKind { return e.function.gives }

func (e *xpathCall) positional() bool {
	return e.function.positional || slices.ContainsFunc(e.args, xpathExpr.positional)
}

func (e *xpathCall) eval(c *xpathContext) xpathValue {
	args := make([]xpathValue, len(e.args), len(e.args)+1)
	for i, arg := range e.args {
		args[i] = arg.eval(c)
	}
	if len(args) == 0 && e.function.own {
		args = append(args, xpathNodesValue([]xpathNode{c.node}))
	}
	return e.function.eval(c, args)
}

// xpathPath is a location path: steps from the document, from the nodes of an
// expression, or from the context node.
type xpathPath struct {
	absolute bool
	start    xpathExpr
	steps    []xpathStep
}

func (e *xpathPath) kind() xpathKind  { return xpathNodes }
func (e *xpathPath) positional() bool { return e.start != nil && e.start.positional() }

func (e *xpathPath) eval(c *xpathContext) xpathValue {
	set := []xpathNode{c.node}
	switch {
	case e.absolute:
		if known, ok := c.run.done[e]; ok {
			return xpathNodesValue(known)
		}
		set[0] = xpathNode{xml: c.run.doc}
	case e.start != nil:
		set = e.start.eval(c).nodes
	}
	for i := range e.steps {
		set = c.run.step(&e.steps[i], set)
	}
	if e.absolute {
		c.run.done[e] = set
	}
	return xpathNodesValue(set)
}

// filter keeps the nodes that meet all predicates, in place.
func (r *xpathRun) filter(nodes []xpathNode, predicates []xpathExpr) []xpathNode {
	c := &xpathContext{run: r}
	for _, p := range predicates {
		kept := nodes[:0]
		c.size = len(nodes)
		for i, n := range nodes {
			if !r.spend(1) {
				return nil
			}
			c.node, c.position = n, i+1
			v := p.eval(c)
			if v.kind == xpathNum && v.num == float64(i+1) || v.kind != xpathNum && v.boolean() {
				kept = append(kept, n)
			}
		}
		nodes = kept
	}
	return nodes
}

func (v xpathValue) boolean() bool {
	switch v.kind {
	case xpathNodes:
		return len(v.nodes) > 0
	case xpathText:
		return v.text != ""
	case xpathNum:
		return v.num != 0 && !math.IsNaN(v.num)
	}
	return v.yes
}

// string is the text form; of a node-set that of its first node.
func (v xpathValue) string(r *xpathRun) string {
	switch v.kind {
	case xpathNodes:
		if len(v.nodes) == 0 {
			return ""
		}
		return r.text(v.nodes[0])
	case xpathNum:
		return string(appendFloat(nil, v.num+0)) // no sign of zero
	case xpathBool:
		return strconv.FormatBool(v.yes)
	}
	return v.text
}

func (v xpathValue) number(r *xpathRun) float64 {
	switch {
	case v.kind == xpathNum:
		return v.num
	case v.kind == xpathBool && v.yes:
		return 1
	case v.kind == xpathBool:
		return 0
	}
	return xpathNumber(v.string(r))
}

// xpathNumber reads a number as .NET does: digits with a point, a minus sign, white
// space around; also Infinity. All else is not a number.
func xpathNumber(s string) float64 {
	s = strings.Trim(s, xmlWhite)
	digits := strings.TrimPrefix(s, "-")
	if size := xpathDigits(digits); size > 0 && size == len(digits) {
		f, _ := strconv.ParseFloat(s, 64)
		return f
	}
	if digits == "Infinity" {
		return math.Inf(1 - 2*(len(s)-len(digits)))
	}
	return math.NaN()
}
