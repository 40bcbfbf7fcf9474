package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type xpathTokenKind uint8

const (
	xpathEnd     xpathTokenKind = iota
	xpathNumeral                // 1, 1.5, .5
	xpathLiteral                // text in single or double quotes
	xpathName                   // name, p:name or p:*
	xpathSymbol
)

// xpathToken is a word of a path.
type xpathToken struct {
	kind xpathTokenKind
	text string // of a literal without its quotes
	at   int    // byte offset
}

func (t xpathToken) is(symbol string) bool { return t.kind == xpathSymbol && t.text == symbol }

// scanXPath splits a path into tokens, the last one xpathEnd.
func scanXPath(path string) ([]xpathToken, error) {
	var tokens []xpathToken
	for pos := 0; ; {
		pos += len(path[pos:]) - len(strings.TrimLeft(path[pos:], xmlWhite))
		if pos == len(path) {
			return append(tokens, xpathToken{kind: xpathEnd, at: pos}), nil
		}
		kind, size := xpathTokenAt(path[pos:])
		if size == 0 {
			return nil, badXPathText(path, pos)
		}
		text := path[pos : pos+size]
		if kind == xpathLiteral {
			text = text[1 : size-1]
		}
		tokens = append(tokens, xpathToken{kind, text, pos})
		pos += size
	}
}

func badXPathText(path string, pos int) error {
	if path[pos] == '"' || path[pos] == '\'' {
		return fmt.Errorf("the string at position %d is not closed", pos+1)
	}
	c, _ := utf8.DecodeRuneInString(path[pos:])
	return fmt.Errorf("'%c' at position %d is not expected", c, pos+1)
}

// xpathTokenAt tells what s begins with and its length, 0 if it is no token.
func xpathTokenAt(s string) (xpathTokenKind, int) {
	if size := xpathDigits(s); size > 0 {
		return xpathNumeral, size
	}
	switch s[0] {
	case '"', '\'':
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return xpathLiteral, end + 2
		}
		return xpathLiteral, 0
	case '(', ')', '[', ']', '@', ',', '|', '+', '-', '=', '*', '$':
		return xpathSymbol, 1
	case '.', '/', ':', '<', '>', '!':
		return xpathSymbol, xpathDouble(s)
	}
	return xpathName, xpathQName(s)
}

// xpathDouble measures the symbols that may have a second character.
func xpathDouble(s string) int {
	if len(s) > 1 {
		switch s[:2] {
		case "..", "//", "::", "<=", ">=", "!=":
			return 2
		}
	}
	if s[0] == ':' || s[0] == '!' {
		return 0
	}
	return 1
}

// xpathDigits measures a number: digits with at most one point, and a digit somewhere.
func xpathDigits(s string) int {
	whole := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if whole == len(s) || s[whole] != '.' {
		return whole
	}
	fraction := len(s[whole+1:]) - len(strings.TrimLeft(s[whole+1:], "0123456789"))
	if whole+fraction == 0 {
		return 0
	}
	return whole + 1 + fraction
}

// xpathQName measures name, p:name or p:*, but not the p of p::name.
func xpathQName(s string) int {
	size := ncNameLength(s)
	if size == 0 || size+1 >= len(s) || s[size] != ':' {
		return size
	}
	if s[size+1] == '*' {
		return size + 2
	}
	if local := ncNameLength(s[size+1:]); local > 0 {
		return size + 1 + local
	}
	return size
}
