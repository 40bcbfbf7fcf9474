package expr

// The grammar of XPath 1.0, by recursive descent. Types are checked while parsing,
// as .NET does: what must be a node-set is known to be one before anything is
// evaluated, and an evaluation can only fail by running out of its budget.

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of a path: nested parentheses, predicates and calls, as in .NET; bytes.
const (
	maxXPathDepth  = 1024
	maxXPathLength = 1 << 18
)

var (
	errXPathNodeSet = errors.New("an expression that gives nodes is expected")
	errXPathPrefix  = errors.New("prefixes and variables cannot be declared in a path; use local-name() and namespace-uri()")
)

type xpathParser struct {
	tokens []xpathToken
	pos    int
	depth  int
}

// parseXPath reads a whole path.
func parseXPath(path string) (xpathExpr, error) {
	if len(path) > maxXPathLength {
		return nil, errors.New("the path is too long")
	}
	tokens, err := scanXPath(path)
	if err != nil {
		return nil, err
	}
	p := &xpathParser{tokens: tokens}
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != xpathEnd {
		return nil, p.unexpected()
	}
	return e, nil
}

func (p *xpathParser) peek() xpathToken { return p.tokens[p.pos] }

func (p *xpathParser) after() xpathToken { return p.tokens[min(p.pos+1, len(p.tokens)-1)] }

func (p *xpathParser) take() xpathToken {
	t := p.tokens[p.pos]
	p.pos = min(p.pos+1, len(p.tokens)-1)
	return t
}

func (p *xpathParser) accept(symbol string) bool {
	if !p.peek().is(symbol) {
		return false
	}
	p.take()
	return true
}

func (p *xpathParser) expect(symbol string) error {
	if p.accept(symbol) {
		return nil
	}
	return fmt.Errorf("%w; '%s' is missing", p.unexpected(), symbol)
}

func (p *xpathParser) unexpected() error {
	t := p.peek()
	if t.kind == xpathEnd {
		return errors.New("the path ends too early")
	}
	return fmt.Errorf("'%s' at position %d is not expected", t.text, t.at+1)
}

// expression reads what may stand alone, in parentheses, predicates and arguments.
func (p *xpathParser) expression() (xpathExpr, error) {
	if p.depth++; p.depth > maxXPathDepth {
		return nil, errors.New("the path nests too deeply")
	}
	defer func() { p.depth-- }()
	return p.binary(0)
}

// xpathOperators are the binary operators, the loosest first.
func xpathOperators() [6]string {
	return [6]string{" or ", " and ", " = != ", " < <= > >= ", " + - ", " * div mod "}
}

// binary reads a chain of operators of one level, which group to the left.
func (p *xpathParser) binary(level int) (xpathExpr, error) {
	operators := xpathOperators()
	if level == len(operators) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		t := p.peek()
		if t.kind != xpathSymbol && t.kind != xpathName || !strings.Contains(operators[level], " "+t.text+" ") {
			return left, nil
		}
		p.take()
		var right xpathExpr
		right, err = p.binary(level + 1)
		left = &xpathBinary{t.text, left, right}
	}
	return nil, err
}

func (p *xpathParser) unary() (xpathExpr, error) {
	signs := 0
	for p.accept("-") {
		signs++
	}
	e, err := p.union()
	if err != nil {
		return nil, err
	}
	if signs > 0 {
		e = &xpathNegation{e, signs%2 == 1}
	}
	return e, nil
}

func (p *xpathParser) union() (xpathExpr, error) {
	first, err := p.path()
	if err != nil || !p.peek().is("|") {
		return first, err
	}
	u := &xpathUnion{[]xpathExpr{first}}
	for p.accept("|") {
		next, err := p.path()
		if err != nil {
			return nil, err
		}
		u.operands = append(u.operands, next)
	}
	for _, e := range u.operands {
		if e.kind() != xpathNodes {
			return nil, errXPathNodeSet
		}
	}
	return u, nil
}

// path reads a location path, or a primary expression with what follows it.
func (p *xpathParser) path() (xpathExpr, error) {
	path := &xpathPath{}
	switch t := p.peek(); {
	case t.is("//"):
		path.absolute = true
	case t.is("/"):
		p.take()
		path.absolute = true
		if !p.atStep() {
			return path, nil
		}
	case p.atPrimary():
		start, err := p.filter()
		if err != nil || !p.peek().is("/") && !p.peek().is("//") {
			return start, err
		}
		if start.kind() != xpathNodes {
			return nil, errXPathNodeSet
		}
		path.start = start
		p.accept("/")
	}
	if err := p.steps(path); err != nil {
		return nil, err
	}
	return path, nil
}

// atStep reports whether a step begins here.
func (p *xpathParser) atStep() bool {
	t := p.peek()
	return t.kind == xpathName || t.is("*") || t.is("@") || t.is(".") || t.is("..")
}

// atPrimary reports whether a primary expression begins here: a literal, a number,
// a variable, parentheses, or a call that is no node test.
func (p *xpathParser) atPrimary() bool {
	switch t := p.peek(); t.kind {
	case xpathNumeral, xpathLiteral:
		return true
	case xpathSymbol:
		return t.text == "(" || t.text == "$"
	case xpathName:
		return p.after().is("(") && xpathNodeType(t.text) == 0
	}
	return false
}

// filter reads a primary expression with its predicates.
func (p *xpathParser) filter() (xpathExpr, error) {
	e, err := p.primary()
	if err != nil || !p.peek().is("[") {
		return e, err
	}
	if e.kind() != xpathNodes {
		return nil, errXPathNodeSet
	}
	predicates, err := p.predicates()
	return &xpathFilter{e, predicates}, err
}

func (p *xpathParser) primary() (xpathExpr, error) {
	switch t := p.take(); {
	case t.kind == xpathNumeral:
		return xpathConstant{xpathNumberValue(xpathNumber(t.text))}, nil
	case t.kind == xpathLiteral:
		return xpathConstant{xpathTextValue(t.text)}, nil
	case t.kind == xpathName:
		return p.call(t)
	case t.is("$") && p.peek().kind == xpathName:
		return nil, errXPathPrefix
	case t.is("$"):
		return nil, p.unexpected()
	}
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	return e, p.expect(")")
}

func (p *xpathParser) call(name xpathToken) (xpathExpr, error) {
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if strings.Contains(name.text, ":") {
		return nil, errXPathPrefix
	}
	f, ok := xpathFunctionNamed(name.text)
	if !ok {
		return nil, fmt.Errorf("%s() is not a function of XPath 1.0", name.text)
	}
	if len(args) < f.min || len(args) > f.max {
		return nil, fmt.Errorf("%s() has a wrong number of arguments", name.text)
	}
	for _, arg := range args {
		if f.nodes && arg.kind() != xpathNodes {
			return nil, fmt.Errorf("the argument of %s() must give nodes", name.text)
		}
	}
	return &xpathCall{f, args}, nil
}

// arguments reads a list in parentheses.
func (p *xpathParser) arguments() ([]xpathExpr, error) {
	p.take()
	if p.accept(")") {
		return nil, nil
	}
	var args []xpathExpr
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if !p.accept(",") {
			return args, p.expect(")")
		}
	}
}

// steps reads steps separated by / and //.
func (p *xpathParser) steps(path *xpathPath) error {
	for {
		if p.accept("//") {
			path.steps = append(path.steps, xpathStep{axis: axisDescendantOrSelf, test: xpathTest{kind: testNode}})
		}
		s, err := p.step()
		if err != nil {
			return err
		}
		path.append(s)
		if !p.accept("/") && !p.peek().is("//") {
			return nil
		}
	}
}

// append adds a step. //x becomes descendant::x where that means the same.
func (path *xpathPath) append(s xpathStep) {
	last := len(path.steps) - 1
	if s.axis == axisChild && last >= 0 && path.steps[last].everything() && !s.positional() {
		s.axis = axisDescendant
		path.steps = path.steps[:last]
	}
	path.steps = append(path.steps, s)
}

func (p *xpathParser) step() (xpathStep, error) {
	switch {
	case p.accept("."):
		return xpathStep{axis: axisSelf, test: xpathTest{kind: testNode}}, nil
	case p.accept(".."):
		return xpathStep{axis: axisParent, test: xpathTest{kind: testNode}}, nil
	}
	axis := axisChild
	if p.accept("@") {
		axis = axisAttribute
	} else if t := p.peek(); t.kind == xpathName && p.after().is("::") {
		var ok bool
		if axis, ok = xpathAxisNamed(t.text); !ok {
			return xpathStep{}, fmt.Errorf("'%s' is not an axis", t.text)
		}
		p.take()
		p.take()
	}
	test, err := p.test()
	if err != nil {
		return xpathStep{}, err
	}
	predicates, err := p.predicates()
	return xpathStep{axis, test, predicates}, err
}

// test reads a node test.
func (p *xpathParser) test() (xpathTest, error) {
	t := p.peek()
	if t.is("*") {
		p.take()
		return xpathTest{kind: testAny}, nil
	}
	if t.kind != xpathName {
		return xpathTest{}, fmt.Errorf("%w; a step is missing", p.unexpected())
	}
	p.take()
	if !p.peek().is("(") {
		if strings.Contains(t.text, ":") {
			return xpathTest{}, errXPathPrefix
		}
		return xpathTest{testName, t.text}, nil
	}
	test := xpathTest{kind: xpathNodeType(t.text)}
	if test.kind == 0 {
		return test, p.unexpected()
	}
	p.take()
	if target := p.peek(); test.kind == testInstruction && target.kind == xpathLiteral {
		p.take()
		test.name = target.text
	}
	return test, p.expect(")")
}

// xpathNodeType returns the node test of a node type, 0 for other names.
func xpathNodeType(name string) xpathTestKind {
	switch name {
	case "node":
		return testNode
	case "text":
		return testText
	case "comment":
		return testComment
	case "processing-instruction":
		return testInstruction
	}
	return 0
}

func (p *xpathParser) predicates() ([]xpathExpr, error) {
	var predicates []xpathExpr
	for p.accept("[") {
		e, err := p.expression()
		if err != nil {
			return nil, err
		}
		predicates = append(predicates, e)
		if err := p.expect("]"); err != nil {
			return nil, err
		}
	}
	return predicates, nil
}

// xpathFunctionNamed finds a function of the core library.
func xpathFunctionNamed(name string) (xpathFunction, bool) {
	for _, f := range xpathFunctions() {
		if f.name == name {
			return f, true
		}
	}
	return xpathFunction{}, false
}
