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
}

// token is a kind of token, named as the service's messages name it.
type token string

const (
	tokenLeftParenthesis    token = "LeftParenthesis"
	tokenRightParenthesis   token = "RightParenthesis"
	tokenLeftSquareBracket  token = "LeftSquareBracket"
	tokenRightSquareBracket token = "RightSquareBracket"
	tokenDot                token = "Dot"
	tokenComma              token = "Comma"
	tokenQuestionMark       token = "QuestionMark"
	tokenStringLiteral      token = "StringLiteral"
	tokenIntegerLiteral     token = "IntegerLiteral"
	tokenFloatLiteral       token = "FloatLiteral"
	tokenIdentifier         token = "Identifier"
	tokenEndOfData          token = "EndOfData"
	tokenUnknown            token = "Unknown"
)

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

func (e *parseError) Error() string { return e.message }

// parseExpression parses the whole text as one expression. Calls are not resolved.
func parseExpression(g grammar, text string) (expression, *parseError) {
	p := &parser{grammar: g, text: text}
	tree, err := p.whole()
	if err != nil {
		return nil, err.(*parseError)
	}
	return tree, nil
}

func (p *parser) whole() (expression, error) {
	if err := p.advance(false); err != nil {
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

// fail makes the service's sentence around a reason.
func (p *parser) fail(offset int, reason string) error {
	return &parseError{offset, fmt.Sprintf("Unable to parse template language expression '%s': %s.", p.text, reason)}
}

func (p *parser) unexpected(wanted token) error {
	return p.fail(p.from, fmt.Sprintf("expected token '%s' and actual '%s'", wanted, p.next))
}

// maxExpressionDepth bounds the nesting of calls and indexes.
const maxExpressionDepth = 500

func (p *parser) expression() (expression, error) {
	if p.depth++; p.depth > maxExpressionDepth {
		return nil, p.fail(p.from, "the expression nests too deeply")
	}
	defer func() { p.depth-- }()
	tree, err := p.primary()
	if err != nil {
		return nil, err
	}
	return p.dereferences(tree)
}

func (p *parser) primary() (expression, error) {
	switch p.next {
	case tokenStringLiteral, tokenIntegerLiteral, tokenFloatLiteral:
		v := p.value
		return literal{v}, p.advance(false)
	case tokenIdentifier:
		return p.callOrKeyword()
	}
	return nil, p.unexpected(tokenIdentifier)
}

func (p *parser) callOrKeyword() (expression, error) {
	name, offset := p.text[p.from:p.pos], p.from
	if err := p.advance(false); err != nil {
		return nil, err
	}
	if p.next != tokenLeftParenthesis {
		if v, ok := keyword(name); ok && p.grammar.keywords {
			return literal{v}, nil
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
func (p *parser) arguments() ([]expression, error) {
	if err := p.advance(false); err != nil {
		return nil, err
	}
	if p.next == tokenRightParenthesis {
		return nil, p.advance(false)
	}
	var args []expression
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.next == tokenRightParenthesis {
			return args, p.advance(false)
		}
		if p.next != tokenComma {
			return nil, p.unexpected(tokenRightParenthesis)
		}
		if err := p.advance(false); err != nil {
			return nil, err
		}
	}
}

func (p *parser) dereferences(base expression) (expression, error) {
	steps := 0
	for {
		safe := false
		if p.next == tokenQuestionMark && p.grammar.optional {
			safe = true
			if err := p.advance(false); err != nil {
				return nil, err
			}
		}
		var index expression
		var err error
		switch p.next {
		case tokenDot:
			index, err = p.property()
		case tokenLeftSquareBracket:
			index, err = p.index()
		default:
			if safe {
				return nil, p.unexpected(tokenDot)
			}
			return base, nil
		}
		if err != nil {
			return nil, err
		}
		if steps++; steps > maxExpressionDepth {
			return nil, p.fail(p.from, "the expression nests too deeply")
		}
		base = &access{base: base, safe: safe, index: index}
	}
}

func (p *parser) property() (expression, error) {
	if err := p.advance(true); err != nil {
		return nil, err
	}
	if p.next != tokenIdentifier {
		return nil, p.unexpected(tokenIdentifier)
	}
	name := literal{String(p.text[p.from:p.pos])}
	return name, p.advance(false)
}

func (p *parser) index() (expression, error) {
	if err := p.advance(false); err != nil {
		return nil, err
	}
	index, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.next != tokenRightSquareBracket {
		return nil, p.unexpected(tokenRightSquareBracket)
	}
	return index, p.advance(false)
}

// advance scans the next token. After a dot even digits are an identifier.
func (p *parser) advance(afterDot bool) error {
	for p.pos < len(p.text) {
		c, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(c) {
			break
		}
		p.pos += size
	}
	p.from = p.pos
	if p.pos == len(p.text) {
		p.next = tokenEndOfData
		return nil
	}
	c := p.text[p.pos]
	if t := punctuation(c); t != "" {
		p.next = t
		p.pos++
		return nil
	}
	switch {
	case c == '\'':
		return p.quoted()
	case !afterDot && (c == '+' || c == '-' || '0' <= c && c <= '9'):
		return p.number()
	}
	for p.pos < len(p.text) {
		c, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if unicode.IsSpace(c) || strings.ContainsRune(".,(){}@[]?'", c) {
			break
		}
		p.pos += size
	}
	p.next = tokenIdentifier
	if p.pos == p.from {
		p.next = tokenUnknown
		return p.fail(p.from, fmt.Sprintf("the character '%c' is not expected", c))
	}
	return nil
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
	return ""
}

// quoted scans a string literal; a doubled quote stands for one.
func (p *parser) quoted() error {
	body := p.pos + 1
	for i := body; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			i++
			continue
		}
		p.next = tokenStringLiteral
		p.value = String(strings.ReplaceAll(p.text[body:i], "''", "'"))
		p.pos = i + 1
		return nil
	}
	return p.fail(p.from, "the string literal is not terminated")
}

// number scans [+|-] digits [. digits] [e [+|-] digits].
func (p *parser) number() error {
	i := p.pos
	digits := func() int {
		from := i
		for i < len(p.text) && '0' <= p.text[i] && p.text[i] <= '9' {
			i++
		}
		return i - from
	}
	sign := func(c string) {
		if i < len(p.text) && strings.IndexByte(c, p.text[i]) >= 0 {
			i++
		}
	}
	sign("+-")
	count, float := digits(), false
	if p.grammar.floats && i < len(p.text) && p.text[i] == '.' {
		i++
		float = true
		count += digits()
	}
	if p.grammar.floats && count > 0 && i < len(p.text) && (p.text[i] == 'e' || p.text[i] == 'E') {
		i++
		float = true
		sign("+-")
		if digits() == 0 {
			count = 0
		}
	}
	text := p.text[p.pos:i]
	if count == 0 {
		return p.fail(p.from, fmt.Sprintf("'%s' is not a valid number", text))
	}
	p.pos = i
	if float {
		f, _ := strconv.ParseFloat(text, 64)
		p.next, p.value = tokenFloatLiteral, Float(f)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return p.fail(p.from, fmt.Sprintf("the integer '%s' is out of range", text))
	}
	p.next, p.value = tokenIntegerLiteral, Int(n)
	return nil
}
