package expr

// Looking into compact JSON text that the reader has checked, and writing JSON.
// Positions are trusted here: text comes from the reader or from AppendJSON.

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// valueAt decodes the value at the position and returns the position after it.
// Containers stay text; deepest bounds how deep they nest.
func valueAt(text string, pos, deepest int) (Value, int) {
	switch c := text[pos]; c {
	case '{', '[':
		end := skipContainer(text, pos)
		kind := KindArray
		if c == '{' {
			kind = KindObject
		}
		n := &node{text: text[pos:end], weight: int64(end - pos), depth: int32(max(deepest, 1))}
		return Value{kind: kind, node: n}, end
	case '"':
		s, end := stringAt(text, pos)
		return String(s), end
	case 't':
		return Bool(true), pos + 4
	case 'f':
		return Bool(false), pos + 5
	case 'n':
		return Value{}, pos + 4
	}
	return numberAt(text, pos)
}

func numberAt(text string, pos int) (Value, int) {
	size, float := scanNumber(text[pos:])
	token := text[pos : pos+size]
	if !float {
		return parseInteger(token), pos + size
	}
	f, _ := strconv.ParseFloat(token, 64)
	return Float(f), pos + size
}

// parseInteger reads decimal digits with an optional minus.
func parseInteger(token string) Value {
	if i, err := strconv.ParseInt(token, 10, 64); err == nil {
		return Int(i)
	}
	i, ok := new(big.Int).SetString(token, 10)
	if !ok {
		return Value{}
	}
	return BigInt(i)
}

// stringAt decodes the string at the position. Without escapes it shares text.
func stringAt(text string, pos int) (string, int) {
	from := pos + 1
	for i := from; ; i++ {
		switch text[i] {
		case '"':
			return text[from:i], i + 1
		case '\\':
			end := skipString(text, pos)
			return unescape(text[from : end-1]), end
		}
	}
}

// skipString returns the position after the string that begins at pos.
func skipString(text string, pos int) int {
	for i := pos + 1; ; i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

// skipContainer returns the position after the array or object at pos.
func skipContainer(text string, pos int) int {
	depth := 0
	for i := pos; ; {
		switch text[i] {
		case '"':
			i = skipString(text, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
}

// skipValue returns the position after the value at pos.
func skipValue(text string, pos int) int {
	switch text[pos] {
	case '{', '[':
		return skipContainer(text, pos)
	case '"':
		return skipString(text, pos)
	case 'f':
		return pos + 5
	case 't', 'n':
		return pos + 4
	}
	size, _ := scanNumber(text[pos:])
	return pos + size
}

// splitElements decodes one level of an array.
func splitElements(text string, deepest int) []Value {
	if text == "[]" {
		return nil
	}
	var elems []Value
	for pos := 1; ; pos++ {
		var v Value
		v, pos = valueAt(text, pos, deepest)
		elems = append(elems, v)
		if text[pos] == ']' {
			return elems
		}
	}
}

// splitMembers decodes one level of an object.
func splitMembers(text string, deepest int) []Member {
	if text == "{}" {
		return nil
	}
	var members []Member
	for pos := 1; ; pos++ {
		var m Member
		m.Name, pos = stringAt(text, pos)
		m.Value, pos = valueAt(text, pos+1, deepest)
		members = append(members, m)
		if text[pos] == '}' {
			return members
		}
	}
}

// scanMember finds a member in the text of an object: the exact name, else the
// first that equals it ignoring case. Nothing but the member is decoded.
func scanMember(text, name string, deepest int) (Value, bool) {
	if text == "{}" {
		return Value{}, false
	}
	folded := -1
	for pos := 1; ; pos++ {
		key, at := stringAt(text, pos)
		at++
		if key == name {
			v, _ := valueAt(text, at, deepest)
			return v, true
		}
		if folded < 0 && equalFold(key, name) {
			folded = at
		}
		if pos = skipValue(text, at); text[pos] == '}' {
			break
		}
	}
	if folded < 0 {
		return Value{}, false
	}
	v, _ := valueAt(text, folded, deepest)
	return v, true
}

// decodeTree decodes every level of compact text in which names may repeat.
func decodeTree(text string) Value {
	v, _ := valueAt(text, 0, 1)
	return decodeLevels(v)
}

func decodeLevels(v Value) Value {
	switch v.kind {
	case KindArray:
		elems := splitElements(v.node.text, 1)
		for i := range elems {
			elems[i] = decodeLevels(elems[i])
		}
		return arrayOf(elems)
	case KindObject:
		members := dropDuplicates(splitMembers(v.node.text, 1))
		for i := range members {
			members[i].Value = decodeLevels(members[i].Value)
		}
		return objectOf(members)
	}
	return v
}

// decodeEscape reads the escape sequence that s begins with; a surrogate pair
// counts as one. A lone surrogate, which Go strings cannot hold, becomes U+FFFD.
func decodeEscape[T string | []byte](s T) (c rune, size int, problem string) {
	if len(s) < 2 {
		return 0, 0, "unexpected end of JSON in an escape sequence"
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2, ""
	case 'b':
		return '\b', 2, ""
	case 'f':
		return '\f', 2, ""
	case 'n':
		return '\n', 2, ""
	case 'r':
		return '\r', 2, ""
	case 't':
		return '\t', 2, ""
	case 'u':
		first, ok := hex4(s[2:])
		if !ok {
			return 0, 0, "\\u must be followed by four hexadecimal digits"
		}
		if first < 0xD800 || first > 0xDFFF {
			return first, 6, ""
		}
		if first < 0xDC00 && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if second, ok := hex4(s[8:]); ok && second >= 0xDC00 && second <= 0xDFFF {
				return 0x10000 + (first-0xD800)<<10 + (second - 0xDC00), 12, ""
			}
		}
		return utf8.RuneError, 6, ""
	}
	return 0, 0, "unknown escape sequence in a string"
}

func hex4[T string | []byte](s T) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unescape decodes the inside of a JSON string.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		c, size, _ := decodeEscape(s[i:])
		b.WriteRune(c)
		s = s[i+max(size, 1):]
	}
}

// AppendJSON appends v as compact JSON in the service's spelling: a float always
// shows a point or an exponent, characters beyond ASCII are not escaped
// (wdl-semantics §5). A reference is written as {"$isle.content":{…}}.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindNull:
		return append(dst, "null"...)
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindInt:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case KindBigInt:
		return v.node.big.Append(dst, 10)
	case KindFloat:
		return appendFloatJSON(dst, math.Float64frombits(v.num))
	case KindDecimal:
		return appendDecimalJSON(dst, v.node.dec)
	case KindString:
		return appendStringJSON(dst, v.str)
	case KindReference:
		return appendReference(dst, v.node.ref)
	}
	if v.node.text != "" {
		return append(dst, v.node.text...)
	}
	if v.kind == KindArray {
		dst = append(dst, '[')
		for i := range v.node.elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.node.elems[i].AppendJSON(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i := range v.node.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendStringJSON(dst, v.node.members[i].Name)
		dst = append(dst, ':')
		dst = v.node.members[i].Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// JSON returns v as compact JSON.
func (v Value) JSON() []byte { return v.AppendJSON(nil) }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

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
	case KindArray, KindObject:
	default:
		var buf [64]byte
		return int64(len(v.AppendJSON(buf[:0])))
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

// escapedWide names the characters beyond ASCII that Newtonsoft escapes.
func escapedWide(c rune) bool { return c == '\u0085' || c == '\u2028' || c == '\u2029' }

// plainByte reports whether a byte stands for itself in a JSON string.
func plainByte(c byte) bool { return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf }

// appendStringJSON appends s in quotes, escaped as Newtonsoft does it.
func appendStringJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if plainByte(s[i]) {
			i++
			continue
		}
		c, size := utf8.DecodeRuneInString(s[i:])
		if c >= utf8.RuneSelf && !escapedWide(c) && (c != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = appendRune(dst, c)
		i += size
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// sizeStringJSON is the length of what appendStringJSON appends.
func sizeStringJSON(s string) int64 {
	size := int64(len(s)) + 2
	var buf [8]byte
	for i := 0; i < len(s); {
		if plainByte(s[i]) {
			i++
			continue
		}
		c, n := utf8.DecodeRuneInString(s[i:])
		if c < utf8.RuneSelf || escapedWide(c) || c == utf8.RuneError {
			size += int64(len(appendRune(buf[:0], c)) - n)
		}
		i += n
	}
	return size
}

const hexDigits = "0123456789abcdef"

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
