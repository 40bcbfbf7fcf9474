package expr

// Words and numbers of the lenient JSON reader.

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word reads true, null, NaN and their like.
func (r *lenient) word() (Value, bool) {
	switch r.text[r.pos] {
	case 't':
		return Bool(true), r.match("true", "boolean")
	case 'f':
		return Bool(false), r.match("false", "boolean")
	case 'u':
		return Null(), r.match("undefined", "undefined")
	case 'N':
		return Float(math.NaN()), r.match("NaN", "NaN")
	case 'I':
		return Float(math.Inf(1)), r.match("Infinity", "Infinity")
	case '-':
		return Float(math.Inf(-1)), r.match("-Infinity", "-Infinity")
	}
	switch rest := r.text[r.pos+1:]; {
	case rest == "":
		r.pos++
		return Value{}, r.cutOff()
	case rest[0] == 'e':
		return Value{}, r.failChar("Unexpected character encountered while parsing value: ", "A constructor such as new Date(0) has no value in JSON; write text or a number.")
	case rest[0] != 'u':
		return Value{}, r.unexpected('n')
	}
	return Null(), r.match("null", "null")
}

// match reads a word and checks that a separator follows.
func (r *lenient) match(word, called string) bool {
	if len(r.text)-r.pos < len(word) {
		r.pos = len(r.text)
		return r.cutOff()
	}
	for i := range len(word) {
		if r.text[r.pos] != word[i] {
			return r.fail("Error parsing "+called+" value.", "Write text in quotes.")
		}
		r.pos++
	}
	return r.separator() || r.fail("Error parsing "+called+" value.", "Write text in quotes.")
}

func (r *lenient) cutOff() bool {
	return r.fail("Unexpected end when reading JSON.", "The text is cut off.")
}

// separator reports whether what follows ends a word.
func (r *lenient) separator() bool {
	rest := r.text[r.pos:]
	c, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || strings.ContainsRune("}],\x00", c) || unicode.IsSpace(c) || strings.HasPrefix(rest, "/*") || strings.HasPrefix(rest, "//")
}

// number reads a number: the characters that numbers are made of, up to a separator.
func (r *lenient) number() (Value, bool) {
	from := r.pos
	for !r.end() && strings.IndexByte("-+.0123456789abcdefxABCDEFX", r.text[r.pos]) >= 0 {
		r.pos++
	}
	if c, _ := utf8.DecodeRuneInString(r.text[r.pos:]); !r.end() && !strings.ContainsRune(",}])/\x00", c) && !unicode.IsSpace(c) {
		return Value{}, r.failChar("Unexpected character encountered while parsing number: ", "")
	}
	r.finish(true)
	token := r.text[from:r.pos]
	v, ok := lenientNumber(token)
	switch {
	case ok:
		return v, true
	case len(token) > 1 && token[0] == '0' && token[1]-'0' <= 9:
		return Value{}, r.fail("Input string '"+abridged(token, 40)+"' is not a valid number.", "A leading zero makes it octal; remove it.")
	case len(token) > maxDigits && isInteger(token):
		return Value{}, r.fail(tooManyDigits(token), "Write it as text in quotes.")
	}
	return Value{}, r.fail("Input string '"+abridged(token, 40)+"' is not a valid number.", "")
}

// lenientNumber reads decimal integers, hexadecimal (0x1F) and octal (017) ones, whose
// 64 bits may mean a negative number, and floats that may lack digits before or after
// the point.
func lenientNumber(token string) (Value, bool) {
	if len(token) > 1 && token[0] == '0' && strings.IndexByte(".eE", token[1]) < 0 {
		base := 8
		if token[1]|0x20 == 'x' {
			base, token = 16, token[2:]
		}
		bits, err := strconv.ParseUint(token, base, 64)
		return Int(int64(bits)), err == nil
	}
	if isInteger(token) {
		if len(token) > maxDigits {
			return Value{}, false
		}
		return parseInteger(token), true
	}
	if !isFloat(token) {
		return Value{}, false
	}
	f, err := strconv.ParseFloat(token, 64)
	return Float(f), err == nil || math.IsInf(f, 0)
}

func isInteger(token string) bool {
	digits := strings.TrimPrefix(token, "-")
	return digits != "" && digitsEnd(digits, 0) == len(digits)
}

func isFloat(token string) bool {
	from := len(token) - len(strings.TrimPrefix(token, "-"))
	at := digitsEnd(token, from)
	digits := at - from
	if at < len(token) && token[at] == '.' {
		end := digitsEnd(token, at+1)
		digits += end - at - 1
		at = end
	}
	if at < len(token) && token[at]|0x20 == 'e' {
		if at++; at < len(token) && (token[at] == '+' || token[at] == '-') {
			at++
		}
		exponent := at
		if at = digitsEnd(token, at); at == exponent {
			return false
		}
	}
	return digits > 0 && at == len(token)
}
