package expr

// The scanner and the recursive-descent parser of expressions (wdl-semantics §4.2).
// Both dialects share them; what differs is how a string is recognised as an
// expression (template.go) and a few tokens (grammar).

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// grammar holds what the dialects' expressions do not share.
type grammar struct {
	keywords bool // true, false and null are literals, not functions
	floats   bool // there are floating point literals
	optional bool // ? is allowed before . and [
	template bool // functions may have a namespace; the sentences are Resource Manager's
}

// token is a kind of token.
type token uint8

const (
	tokenUnknown token = iota
	tokenLeftParenthesis
	tokenRightParenthesis
	tokenLeftSquareBracket
	tokenRightSquareBracket
	tokenDot
	tokenComma
	tokenQuestionMark
	tokenStringLiteral
	tokenIntegerLiteral
	tokenFloatLiteral
	tokenIdentifier
	tokenEndOfData
)

// String names a token as the service's messages do (wdl-semantics §4.5).
func (t token) String() string {
	return [...]string{
		"Unknown", "LeftParenthesis", "RightParenthesis", "LeftSquareBracket", "RightSquareBracket", "Dot", "Comma", "QuestionMark",
		"StringLiteral", "IntegerLiteral", "FloatLiteral", "Identifier", "EndOfData",
	}[t]
}

// parser reads one expression. next always holds the token at from..pos.
type parser struct {
	grammar grammar
	text    string
	next    token
	from    int   // where next begins
	pos     int   // where next ends
	value   Value // of a literal
	depth   int
}

// parseError is a failure at a position of the expression.
type parseError struct {
	offset  int
	message string
}

// parseExpression parses the whole text as one expression. Calls are not resolved.
func parseExpression(g grammar, text string) (expression, *parseError) {
	p := &parser{grammar: g, text: text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	tree, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.next != tokenEndOfData {
		return nil, p.unexpected(tokenEndOfData)
	}
	return tree, nil
}

// language is how the dialect's sentences name it.
func (p *parser) language() string {
	if p.grammar.template {
		return "language expression"
	}
	return "template language expression"
}

// fail is the sentence for tokens that do not make an expression.
func (p *parser) fail(offset int, reason string) *parseError {
	return &parseError{offset, fmt.Sprintf("Unable to parse %s '%s': %s.", p.language(), p.text, reason)}
}

// invalid is the sentence for characters that do not make a token.
func (p *parser) invalid(offset int, reason string) *parseError {
	return &parseError{offset, fmt.Sprintf("The %s '%s' is not valid: %s", p.language(), p.text, reason)}
}

func (p *parser) unexpected(wanted token) *parseError {
	return p.fail(p.from, fmt.Sprintf("expected token '%s' and actual '%s'", wanted, p.next))
}

// maxExpressionDepth bounds the nesting of calls and indexes.
const maxExpressionDepth = 500

func (p *parser) expression() (expression, *parseError) {
	if p.depth++; p.depth > maxExpressionDepth {
		return nil, p.fail(p.from, "the expression nests too deeply")
	}
	tree, err := p.primary()
	if err == nil && (p.next == tokenDot || p.next == tokenLeftSquareBracket || p.next == tokenQuestionMark) {
		tree, err = p.path(tree)
	}
	p.depth--
	return tree, err
}

func (p *parser) primary() (expression, *parseError) {
	switch p.next {
	case tokenStringLiteral, tokenIntegerLiteral, tokenFloatLiteral:
		return p.literal(p.value)
	case tokenIdentifier:
		return p.callOrKeyword()
	}
	return nil, p.unexpected(tokenIdentifier)
}

// literal is the value of the token at hand, which is passed.
func (p *parser) literal(v Value) (expression, *parseError) {
	return &literal{v}, p.advance()
}

func (p *parser) callOrKeyword() (expression, *parseError) {
	name, offset := p.text[p.from:p.pos], p.from
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.next == tokenDot && p.grammar.template {
		var err *parseError
		if name, err = p.qualified(name); err != nil {
			return nil, err
		}
	}
	if p.next != tokenLeftParenthesis {
		if v, ok := keyword(name); ok && p.grammar.keywords {
			return &literal{v}, nil
		}
		return nil, p.unexpected(tokenLeftParenthesis)
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	return &call{name: name, args: args, offset: offset}, nil
}

func keyword(name string) (Value, bool) {
	switch {
	case equalFold(name, "true"):
		return Bool(true), true
	case equalFold(name, "false"):
		return Bool(false), true
	case equalFold(name, "null"):
		return Null(), true
	}
	return Value{}, false
}

// arguments reads from the opening parenthesis past the closing one.
func (p *parser) arguments() ([]expression, *parseError) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.next == tokenRightParenthesis {
		return nil, p.advance()
	}
	var args []expression
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.next == tokenRightParenthesis {
			return args, p.advance()
		}
		if p.next != tokenComma {
			return nil, p.unexpected(tokenRightParenthesis)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// path reads the steps that follow a base.
func (p *parser) path(base expression) (expression, *parseError) {
	x := &path{base: base}
	for {
		s := step{template: p.grammar.template}
		if p.next == tokenQuestionMark && p.grammar.optional {
			s.safe = true
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		var err *parseError
		switch {
		case p.next == tokenDot:
			err = p.property(&s)
		case p.next == tokenLeftSquareBracket:
			err = p.index(&s)
		case s.safe:
			err = p.unexpected(tokenDot)
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
		x.steps = append(x.steps, s)
	}
}

func (p *parser) property(s *step) *parseError {
	if err := p.advanceTo(true); err != nil {
		return err
	}
	if p.next != tokenIdentifier {
		return p.unexpected(tokenIdentifier)
	}
	s.index = String(p.text[p.from:p.pos])
	return p.advance()
}

func (p *parser) index(s *step) *parseError {
	if err := p.advance(); err != nil {
		return err
	}
	index, err := p.expression()
	if err != nil {
		return err
	}
	if p.next != tokenRightSquareBracket {
		return p.unexpected(tokenRightSquareBracket)
	}
	if l, ok := index.(*literal); ok {
		s.index = l.value
	} else {
		s.computed = index
	}
	return p.advance()
}

// advance scans the next token.
func (p *parser) advance() *parseError { return p.advanceTo(false) }

// advanceTo is advance; after a dot even digits are an identifier.
func (p *parser) advanceTo(afterDot bool) *parseError {
	p.from = p.pos + run(p.text[p.pos:], unicode.IsSpace)
	p.pos = p.from
	if p.pos == len(p.text) {
		p.next = tokenEndOfData
		return nil
	}
	c := p.text[p.pos]
	if p.next = punctuation(c); p.next != tokenUnknown {
		p.pos++
		return nil
	}
	switch {
	case c == '\'':
		return p.quoted()
	case afterDot:
		p.pos += run(p.text[p.pos:], isMember)
	case c == '+' || c == '-' || '0' <= c && c <= '9':
		return p.number()
	default:
		p.pos += run(p.text[p.pos:], isName)
	}
	if p.pos == p.from {
		return p.unexpectedCharacter(p.from)
	}
	p.next = tokenIdentifier
	return nil
}

// run is the length of the characters of a kind that s begins with.
func run(s string, kind func(rune) bool) int {
	for i, c := range s {
		if !kind(c) {
			return i
		}
	}
	return len(s)
}

// isName reports whether c may stand in the name of a function.
func isName(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || '0' <= c && c <= '9' ||
		c >= utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

// isMember reports whether c may stand in the name of a member after a dot
// (wdl-semantics §4.2).
func isMember(c rune) bool {
	switch c {
	case '.', ',', '(', ')', '{', '}', '@', '[', ']', '?', '\'':
		return false
	}
	return !unicode.IsSpace(c)
}

func punctuation(c byte) token {
	switch c {
	case '(':
		return tokenLeftParenthesis
	case ')':
		return tokenRightParenthesis
	case '[':
		return tokenLeftSquareBracket
	case ']':
		return tokenRightSquareBracket
	case '.':
		return tokenDot
	case ',':
		return tokenComma
	case '?':
		return tokenQuestionMark
	}
	return tokenUnknown
}

// quoted scans a string literal; a doubled quote stands for one.
func (p *parser) quoted() *parseError {
	body := p.pos + 1
	for i := body; ; {
		end := strings.IndexByte(p.text[i:], '\'')
		if end < 0 {
			return p.unterminated()
		}
		i += end + 1
		if i == len(p.text) || p.text[i] != '\'' {
			p.next, p.value, p.pos = tokenStringLiteral, String(strings.ReplaceAll(p.text[body:i-1], "''", "'")), i
			return nil
		}
		i++
	}
}

// number scans [+|-] digits [. digits] [e [+|-] digits].
func (p *parser) number() *parseError {
	i := p.pos + sign(p.text[p.pos:])
	whole := digits(p.text[i:])
	i += whole
	float, valid := false, whole > 0
	if p.grammar.floats && strings.HasPrefix(p.text[i:], ".") {
		float = true
		fraction := digits(p.text[i+1:])
		i += 1 + fraction
		valid = valid || fraction > 0
	}
	if p.grammar.floats && valid && i < len(p.text) && (p.text[i] == 'e' || p.text[i] == 'E') {
		float = true
		i++
		i += sign(p.text[i:])
		exponent := digits(p.text[i:])
		i += exponent
		valid = exponent > 0
	}
	text := p.text[p.pos:i]
	if p.grammar.template && !valid && i < len(p.text) && p.text[i]|0x20 == 'e' {
		i++ // it is taken for an exponent
	}
	if run(p.text[i:], isMember) > 0 {
		return p.unexpectedCharacter(i)
	}
	if !valid {
		return p.notNumber(text)
	}
	p.pos = i
	if float {
		f, _ := strconv.ParseFloat(text, 64)
		p.next, p.value = tokenFloatLiteral, Float(f)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return p.notNumber(text)
	}
	p.next, p.value = tokenIntegerLiteral, Int(n)
	return nil
}

// sign is the length of the sign that s begins with.
func sign(s string) int {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return 1
	}
	return 0
}

// digits is the number of decimal digits that s begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// Positions in sentences count UTF-16 units from 0, as .NET does.
func (p *parser) position(offset int) int { return utf16Length(p.text[:offset]) }

func (p *parser) unexpectedCharacter(at int) *parseError {
	c, _ := utf8.DecodeRuneInString(p.text[at:])
	return p.invalid(at, fmt.Sprintf("the string character '%c' at position '%d' is not expected.", c, p.position(at)))
}

func (p *parser) unterminated() *parseError {
	see := seeExpressions
	if p.grammar.template {
		see = seeFunctions("")
	}
	return p.invalid(p.from, fmt.Sprintf("the string constant at position '%d' is not terminated. String constants must be enclosed within a pair of single quotes. %s", p.position(p.from), see))
}

func (p *parser) notNumber(text string) *parseError {
	return p.invalid(p.from, fmt.Sprintf("the value '%s' at position '%d' cannot be converted to number.", text, p.position(p.from)))
}
