package expr

// The lenient JSON reader: what Newtonsoft accepts beyond JSON (wdl-semantics §5).
// It builds a tree, in which single-quoted strings, comments, hexadecimal and octal
// numbers and the like are gone.

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReadJSON reads JSON as json(), ParseJson and request bodies do. Strict JSON, by
// far the most common, takes the way of ParseJSON.
func ReadJSON(text []byte) (Value, error) {
	v, err := ParseJSON(text)
	if err == nil {
		return v, nil
	}
	r := newLenient(text)
	if v, err = r.first(); err != nil {
		return Value{}, err
	}
	if err := r.skip(); err != nil {
		return Value{}, err
	}
	if r.pos < len(r.text) {
		return Value{}, r.fail("additional text after the value")
	}
	return v, nil
}

// ReadFirstJSON is ReadJSON for the ParseJson action, which ignores what follows the
// first value.
func ReadFirstJSON(text []byte) (Value, error) {
	v, err := ParseJSON(text)
	if err == nil {
		return v, nil
	}
	return newLenient(text).first()
}

func newLenient(text []byte) *lenient {
	return &lenient{text: strings.TrimPrefix(decodeUTF8(text), "\uFEFF")}
}

// first reads the first value.
func (r *lenient) first() (Value, error) {
	if err := r.skip(); err != nil {
		return Value{}, err
	}
	if r.pos == len(r.text) {
		return Value{}, r.fail("there is no value")
	}
	return r.value()
}

type lenient struct {
	text  string
	pos   int
	depth int
}

func (r *lenient) fail(format string, args ...any) error {
	return &SyntaxError{r.pos, fmt.Sprintf(format, args...)}
}

func (r *lenient) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

// skip passes over white space and comments.
func (r *lenient) skip() error {
	for r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		switch {
		case unicode.IsSpace(c):
			r.pos += size
		case strings.HasPrefix(r.text[r.pos:], "/*"):
			end := strings.Index(r.text[r.pos+2:], "*/")
			if end < 0 {
				return r.fail("a comment is not closed")
			}
			r.pos += 2 + end + 2
		case strings.HasPrefix(r.text[r.pos:], "//"):
			end := strings.IndexAny(r.text[r.pos:], "\r\n")
			if end < 0 {
				end = len(r.text) - r.pos
			}
			r.pos += end
		default:
			return nil
		}
	}
	return nil
}

func (r *lenient) value() (Value, error) {
	switch c := r.peek(); c {
	case '{':
		return r.nested(r.object)
	case '[':
		return r.nested(r.array)
	case '"', '\'':
		s, err := r.string(c)
		return String(s), err
	}
	token := r.token()
	if v, ok := word(token); ok {
		return v, nil
	}
	if v, ok := lenientNumber(token); ok {
		return v, nil
	}
	r.pos -= len(token)
	if token == "" && r.pos < len(r.text) {
		c, _ := utf8.DecodeRuneInString(r.text[r.pos:])
		return Value{}, r.fail("unexpected character %q", c)
	}
	return Value{}, r.fail("'%.40s' is not a value", token)
}

func (r *lenient) nested(read func() (Value, error)) (Value, error) {
	if r.depth++; r.depth > MaxDepth {
		return Value{}, r.fail("JSON nests deeper than %d levels", MaxDepth)
	}
	r.pos++
	v, err := read()
	r.depth--
	return v, err
}

// token takes the run of characters up to a separator.
func (r *lenient) token() string {
	from := r.pos
	for r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		if unicode.IsSpace(c) || strings.ContainsRune(`,:[]{}"'/`, c) {
			break
		}
		r.pos += size
	}
	return r.text[from:r.pos]
}

func word(token string) (Value, bool) {
	switch token {
	case "true":
		return Bool(true), true
	case "false":
		return Bool(false), true
	case "null", "undefined":
		return Null(), true
	case "NaN":
		return Float(math.NaN()), true
	case "Infinity":
		return Float(math.Inf(1)), true
	case "-Infinity":
		return Float(math.Inf(-1)), true
	}
	return Value{}, false
}

// lenientNumber reads decimal, hexadecimal (0x1F) and octal (017) integers and
// floats that may lack digits before or after the point.
func lenientNumber(token string) (Value, bool) {
	digits := strings.TrimPrefix(token, "-")
	if digits == "" || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return Value{}, false
	}
	integer := strings.Trim(digits, "0123456789") == ""
	switch {
	case strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X"):
		return integerOf(token, digits[2:], 16)
	case integer && len(digits) > 1 && digits[0] == '0':
		return integerOf(token, digits[1:], 8)
	case integer:
		return integerOf(token, digits, 10)
	case strings.Trim(digits, "0123456789.eE+-") != "":
		return Value{}, false
	}
	f, err := strconv.ParseFloat(token, 64)
	if err != nil && !math.IsInf(f, 0) {
		return Value{}, false
	}
	return Float(f), true
}

func integerOf(token, digits string, base int) (Value, bool) {
	if strings.ContainsAny(digits, "_+-") {
		return Value{}, false
	}
	i, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return Value{}, false
	}
	if token[0] == '-' {
		i.Neg(i)
	}
	return BigInt(i), true
}

func (r *lenient) array() (Value, error) {
	var elems []Value
	for {
		if err := r.skip(); err != nil {
			return Value{}, err
		}
		switch r.peek() {
		case ']':
			r.pos++
			return arrayOf(elems), nil
		case ',': // a hole reads as undefined
			r.pos++
			elems = append(elems, Null())
			continue
		}
		v, err := r.value()
		if err != nil {
			return Value{}, err
		}
		elems = append(elems, v)
		if err := r.skip(); err != nil {
			return Value{}, err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
		default:
			return Value{}, r.fail("expected ',' or ']' after an element")
		}
	}
}

func (r *lenient) object() (Value, error) {
	var members []Member
	for {
		if err := r.skip(); err != nil {
			return Value{}, err
		}
		if r.peek() == '}' {
			r.pos++
			return objectOf(dropDuplicates(members)), nil
		}
		m, err := r.member()
		if err != nil {
			return Value{}, err
		}
		members = append(members, m)
		if err := r.skip(); err != nil {
			return Value{}, err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
		default:
			return Value{}, r.fail("expected ',' or '}' after a member")
		}
	}
}

func (r *lenient) member() (Member, error) {
	name, err := r.name()
	if err != nil {
		return Member{}, err
	}
	if err := r.skip(); err != nil {
		return Member{}, err
	}
	if r.peek() != ':' {
		return Member{}, r.fail("expected ':' after a name")
	}
	r.pos++
	if err := r.skip(); err != nil {
		return Member{}, err
	}
	v, err := r.value()
	return Member{name, v}, err
}

// name reads a name in either kind of quotes, or bare: letters, digits, _ and $.
func (r *lenient) name() (string, error) {
	if c := r.peek(); c == '"' || c == '\'' {
		return r.string(c)
	}
	from := r.pos
	for r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '$' {
			break
		}
		r.pos += size
	}
	if r.pos == from {
		return "", r.fail("expected a name")
	}
	return r.text[from:r.pos], nil
}

// string reads a string that may hold raw line breaks and \'.
func (r *lenient) string(quote byte) (string, error) {
	r.pos++
	var b strings.Builder
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; c {
		case quote:
			r.pos++
			return b.String(), nil
		case '\\':
			if r.pos+1 < len(r.text) && r.text[r.pos+1] == '\'' {
				b.WriteByte('\'')
				r.pos += 2
				continue
			}
			char, size, problem := decodeEscape(r.text[r.pos:])
			if problem != "" {
				return "", r.fail("%s", problem)
			}
			b.WriteRune(char)
			r.pos += size
		default:
			b.WriteByte(c)
			r.pos++
		}
	}
	return "", r.fail("a string is not closed")
}
