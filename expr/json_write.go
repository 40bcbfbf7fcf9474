package expr

// Writing JSON in the service's spelling.

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends v as compact JSON in the service's spelling: a float always
// shows a point or an exponent, characters beyond ASCII are not escaped
// (wdl-semantics §5). A reference is written as {"$isle.content":{…}}.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindNull, KindBool, KindInt, KindFloat:
		return v.appendPlain(dst)
	case KindString:
		return appendStringJSON(dst, v.str)
	case KindBigInt:
		return v.node.big.Append(dst, 10)
	case KindDecimal:
		return appendDecimalJSON(dst, v.node.dec)
	case KindReference:
		return appendReference(dst, v.node.ref)
	case KindArray:
		return v.node.appendArray(dst)
	}
	return v.node.appendObject(dst)
}

// appendPlain appends what is wholly in the value.
func (v Value) appendPlain(dst []byte) []byte {
	switch v.kind {
	case KindNull:
		return append(dst, "null"...)
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindInt:
		return strconv.AppendInt(dst, int64(v.num), 10)
	}
	return appendFloatJSON(dst, math.Float64frombits(v.num))
}

func (n *node) appendArray(dst []byte) []byte {
	if n.text != "" {
		return append(dst, n.text...)
	}
	dst = append(dst, '[')
	for i := range n.elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = n.elems[i].AppendJSON(dst)
	}
	return append(dst, ']')
}

func (n *node) appendObject(dst []byte) []byte {
	if n.text != "" {
		return append(dst, n.text...)
	}
	dst = append(dst, '{')
	for i := range n.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendStringJSON(dst, n.members[i].Name), ':')
		dst = n.members[i].Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// JSONText is the text that an array or object was read from, which is its compact
// JSON: nothing is copied. ok is false for any other value.
func (v Value) JSONText() (text string, ok bool) {
	if v.kind != KindArray && v.kind != KindObject {
		return "", false
	}
	return v.node.text, v.node.text != ""
}

// JSON returns v as compact JSON.
func (v Value) JSON() []byte {
	if v.node == nil {
		return v.AppendJSON(nil)
	}
	size := min(v.weight(), MaxSize)
	return v.AppendJSON(make([]byte, 0, size+size/8))
}

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return v.JSON(), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(text []byte) error {
	parsed, err := ParseJSON(text)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

var (
	_ json.Marshaler   = Value{}
	_ json.Unmarshaler = (*Value)(nil)
)

// Size returns the length of the compact JSON of v, without writing it.
func (v Value) Size() int64 {
	switch v.kind {
	case KindString:
		return sizeStringJSON(v.str)
	case KindNull, KindBool, KindInt, KindFloat: // kept apart from the rest, whose room escapes
		var room [64]byte
		return int64(len(v.appendPlain(room[:0])))
	case KindArray, KindObject:
	default:
		return int64(len(v.AppendJSON(nil)))
	}
	if v.node.text != "" {
		return int64(len(v.node.text))
	}
	size := int64(2 + max(len(v.node.elems)+len(v.node.members)-1, 0))
	for i := range v.node.elems {
		size += v.node.elems[i].Size()
	}
	for i := range v.node.members {
		size += sizeStringJSON(v.node.members[i].Name) + 1 + v.node.members[i].Value.Size()
	}
	return size
}

func appendReference(dst []byte, r *ContentReference) []byte {
	dst = append(dst, `{"$isle.content":{"id":`...)
	dst = appendStringJSON(dst, r.ID)
	dst = append(dst, `,"size":`...)
	dst = strconv.AppendInt(dst, r.Size, 10)
	dst = append(dst, `,"kind":`...)
	dst = strconv.AppendUint(dst, uint64(r.Kind), 10)
	dst = append(dst, `,"contentType":`...)
	dst = appendStringJSON(dst, r.ContentType)
	return append(dst, "}}"...)
}

// appendStringJSON appends s in quotes, escaped as Newtonsoft does it.
func appendStringJSON(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped appends s as it stands between the quotes.
func appendEscaped(dst []byte, s string) []byte {
	from := 0
	for at := plainEnd(s, 0); at < len(s); at = plainEnd(s, at) {
		c, size, escaped := special(s, at)
		if escaped {
			dst = appendRune(append(dst, s[from:at]...), c)
			from = at + size
		}
		at += size
	}
	return append(dst, s[from:]...)
}

// special reads the character at a position, which is not plain, and says whether
// another spelling stands for it.
func special(s string, at int) (c rune, size int, escaped bool) {
	if s[at] < utf8.RuneSelf {
		return rune(s[at]), 1, true
	}
	c, size = utf8.DecodeRuneInString(s[at:])
	return c, size, escapedWide(c) || c == utf8.RuneError && size == 1
}

// sizeStringJSON is the length of what appendStringJSON appends.
func sizeStringJSON(s string) int64 {
	size := int64(len(s)) + 2
	var buf [8]byte
	for at := plainEnd(s, 0); at < len(s); at = plainEnd(s, at) {
		c, n, escaped := special(s, at)
		if escaped {
			size += int64(len(appendRune(buf[:0], c)) - n)
		}
		at += n
	}
	return size
}

const hexDigits = "0123456789abcdef"

// escapedWide names the characters beyond ASCII that Newtonsoft escapes.
func escapedWide(c rune) bool { return c == '\u0085' || c == '\u2028' || c == '\u2029' }

// appendRune appends a character as it stands inside a JSON string.
func appendRune(dst []byte, c rune) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', byte(c))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c < ' ' || escapedWide(c) {
		return append(dst, '\\', 'u', hexDigits[c>>12&15], hexDigits[c>>8&15], hexDigits[c>>4&15], hexDigits[c&15])
	}
	return utf8.AppendRune(dst, c)
}
