package expr

// Decoding compact JSON text that the reader has checked. Positions are trusted
// here: text comes from the reader.
//
// A container below smallText is decoded at once with all its levels. A longer one
// is decoded level by level: the outline tells where the longer containers inside it
// end, so that no byte is looked at twice, however deep the text nests. Of the short
// ones in it a number is decoded at once that bounds the memory it takes; those left
// stay text until they are looked into themselves.

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// outline lists the containers of a text that are at least smallText long, in the
// order in which they begin.
type outline struct{ spans []span }

// span is one container in the compact text.
type span struct {
	start, end uint32
	next       uint32 // the first span that begins after end
	count      uint32 // of elements or members, those of repeated names included
	height     uint16 // 1 for a container of scalars
}

// decoder decodes one container, or one level of it.
type decoder struct {
	text    string   // from the container's first byte on
	outline *outline // nil if nothing in text is in it
	base    int      // where text begins in the text of the outline
	next    uint32   // the first span that begins at or after the position
	budget  int      // of containers to decode; beyond it they stay text

	elems   []Value // of the open arrays
	members []Member

	nodes      chunk[node]
	elemRoom   chunk[Value]
	memberRoom chunk[Member]
}

// chunk hands out parts of larger pieces of memory, which small containers share:
// each keeps its neighbours in memory, as it keeps the text.
type chunk[T any] struct {
	free []T
	size int
}

// mostInChunk bounds how many items share a piece.
const mostInChunk = 32

func (c *chunk[T]) take(n int) []T {
	if n > len(c.free) {
		c.size = max(n, min(2*c.size, mostInChunk))
		c.free = make([]T, c.size)
	}
	taken := c.free[:n:n]
	c.free = c.free[n:]
	return taken
}

// level decodes the members or elements of a node that is still text.
func (n *node) level(kind Kind) *node {
	if n.text == "" || n.whole {
		return n
	}
	n.once.Do(func() { n.decode(kind) })
	return n
}

func (n *node) decode(kind Kind) {
	d := decoder{text: n.text, budget: len(n.text)}
	if n.outline == nil {
		d.whole(n, kind, 0)
		return
	}
	own := n.outline.spans[n.span]
	d.outline, d.base, d.next = n.outline, int(own.start), n.span+1
	d.budget = min(len(n.text)/bytesPerContainer, mostAtOnce)
	if kind == KindArray {
		n.elems = make([]Value, 0, own.count)
		for at := 0; n.text[at] != ']'; {
			var v Value
			v, at = d.value(at + 1)
			n.elems = append(n.elems, v)
		}
		return
	}
	n.members = make([]Member, 0, own.count)
	for at := 0; n.text[at] != '}'; {
		name, colon := stringAt(n.text, at+1)
		var v Value
		v, at = d.value(colon + 1)
		n.members = append(n.members, Member{name, v})
	}
}

// value decodes the value at a position and returns the position after it. Long
// containers stay text.
func (d *decoder) value(at int) (Value, int) {
	switch c := d.text[at]; c {
	case '"':
		s, end := stringAt(d.text, at)
		return Value{kind: KindString, str: s}, end
	case '{', '[':
		return d.container(at)
	case 't':
		return Bool(true), at + 4
	case 'f':
		return Bool(false), at + 5
	case 'n':
		return Value{}, at + 4
	}
	return numberAt(d.text, at)
}

func (d *decoder) container(at int) (Value, int) {
	kind := KindArray
	if d.text[at] == '{' {
		kind = KindObject
	}
	if d.outline != nil && int(d.next) < len(d.outline.spans) {
		if s := &d.outline.spans[d.next]; int(s.start) == d.base+at {
			end := int(s.end) - d.base
			n := &node{text: d.text[at:end], depth: int32(s.height), weight: int64(end - at), rare: &rare{outline: d.outline, span: d.next}}
			d.next = s.next
			return Value{kind: kind, node: n}, end
		}
	}
	if at+1 < len(d.text) && d.text[at+1] == d.text[at]+2 {
		if kind == KindArray {
			return Value{kind: kind, node: emptyArray}, at + 2
		}
		return Value{kind: kind, node: emptyObject}, at + 2
	}
	if d.budget--; d.budget < 0 {
		end, height := containerEnd(d.text, at)
		return Value{kind: kind, node: &node{text: d.text[at:end], depth: height, weight: int64(end - at), rare: &rare{}}}, end
	}
	n := &d.nodes.take(1)[0]
	n.whole = true
	end, height := d.whole(n, kind, at)
	n.text, n.weight, n.depth = d.text[at:end], int64(end-at), height
	return Value{kind: kind, node: n}, end
}

const (
	bytesPerContainer = 16      // of text, if a long container is to be decoded with all short ones in it
	mostAtOnce        = 1 << 16 // containers
)

// containerEnd returns the position after the short container at a position, and how
// deep it nests.
func containerEnd(text string, at int) (end int, height int32) {
	for open := int32(0); ; at++ {
		switch text[at] {
		case '"':
			for at = stringStop(text, at+1); text[at] == '\\'; {
				at = stringStop(text, at+2)
			}
		case '{', '[':
			open++
			height = max(height, open)
		case '}', ']':
			if open--; open == 0 {
				return at + 1, height
			}
		}
	}
}

// emptyArray and emptyObject stand for every empty container of a text.
var (
	emptyArray  = &node{text: "[]", whole: true, depth: 1, weight: 2}
	emptyObject = &node{text: "{}", whole: true, depth: 1, weight: 2}
)

// whole decodes all levels of a short container into n.
func (d *decoder) whole(n *node, kind Kind, at int) (end int, height int32) {
	if d.text[at+1] == d.text[at]+2 {
		return at + 2, 1
	}
	if kind == KindArray {
		return d.array(n, at)
	}
	return d.object(n, at)
}

func (d *decoder) array(n *node, at int) (end int, height int32) {
	base := len(d.elems)
	for d.text[at] != ']' {
		var v Value
		v, at = d.value(at + 1)
		height = max(height, int32(v.depth()))
		d.elems = append(d.elems, v)
	}
	n.elems = d.elemRoom.take(len(d.elems) - base)
	copy(n.elems, d.elems[base:])
	d.elems = d.elems[:base]
	return at + 1, height + 1
}

func (d *decoder) object(n *node, at int) (end int, height int32) {
	base := len(d.members)
	for d.text[at] != '}' {
		name, colon := stringAt(d.text, at+1)
		var v Value
		v, at = d.value(colon + 1)
		height = max(height, int32(v.depth()))
		d.members = append(d.members, Member{name, v})
	}
	n.members = d.memberRoom.take(len(d.members) - base)
	copy(n.members, d.members[base:])
	d.members = d.members[:base]
	return at + 1, height + 1
}

// numberAt decodes the number at a position.
func numberAt(text string, at int) (Value, int) {
	from, n := at, int64(0)
	if text[at] == '-' {
		at++
	}
	digits := at
	for at < len(text) && text[at]-'0' <= 9 {
		n = n*10 + int64(text[at]-'0')
		at++
	}
	if at < len(text) && (text[at] == '.' || text[at]|0x20 == 'e') {
		d, end := decimalAt(text, from)
		return Float(d.float(text[from:end])), end
	}
	switch {
	case at-digits > 18: // n overflowed
		return parseInteger(text[from:at]), at
	case digits > from:
		n = -n
	}
	return Int(n), at
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

// stringAt decodes the string at a position. Without escapes it shares text.
func stringAt(text string, at int) (string, int) {
	from := at + 1
	end := stringStop(text, from)
	if text[end] == '"' {
		return text[from:end], end + 1
	}
	for text[end] != '"' {
		end = stringStop(text, end+2)
	}
	return unescape(text[from:end]), end + 1
}

// decodeTree decodes every level of a value in which names may repeat.
func decodeTree(v Value) Value {
	switch v.kind {
	case KindArray:
		elems := make([]Value, 0, v.Len())
		for _, e := range v.elements() {
			elems = append(elems, decodeTree(e))
		}
		return arrayOf(elems)
	case KindObject:
		members := dropDuplicates(v.copyMembers(0))
		for i := range members {
			members[i].Value = decodeTree(members[i].Value)
		}
		return objectOf(members)
	}
	return v
}

// decodeEscape reads the escape sequence that s begins with; a surrogate pair counts
// as one. A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD. The size is 0 if
// JSON has no such sequence.
func decodeEscape(s string) (c rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if c := simpleEscapes[s[1]]; c != 0 {
		return rune(c), 2
	}
	if s[1] == 'u' {
		return decodeUnicode(s)
	}
	return 0, 0
}

// simpleEscapes holds what stands for a character after a backslash.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func decodeUnicode(s string) (c rune, size int) {
	first, ok := hex4(s[2:])
	if !ok {
		return 0, 0
	}
	if first < 0xD800 || first > 0xDFFF {
		return first, 6
	}
	if first < 0xDC00 && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if second, ok := hex4(s[8:]); ok && second >= 0xDC00 && second <= 0xDFFF {
			return 0x10000 + (first-0xD800)<<10 + (second - 0xDC00), 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(s string) (rune, bool) {
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
		if c := simpleEscapes[s[i+1]]; c != 0 {
			b.WriteByte(c)
			s = s[i+2:]
			continue
		}
		c, size := decodeUnicode(s[i:])
		b.WriteRune(c)
		s = s[i+size:]
	}
}
