package expr

// Reading JSON in one pass, without a tree. The reader checks the text and, where
// it is not yet in the form the service prints (white space, escapes that need
// none, numbers such as 1e2), rewrites it on the way. What it returns holds the
// compact text and an outline of its larger containers; json_text.go decodes them.
//
// Two things cannot be rewritten on the way: names that occur twice in an object,
// and numbers beyond a double (which read as Infinity). The reader only suspects
// the first, by hash; suspects are decoded into a tree.

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// storedDepth bounds JSON this program wrote itself, which wraps values of
	// MaxDepth into records.
	storedDepth = 1024
	// maxText is the longest JSON text, in bytes: positions have 32 bits.
	maxText = math.MaxUint32
	// maxDigits is how long an integer may be in JSON text, with its sign; it is
	// Newtonsoft's bound.
	maxDigits = 380
	// smallText is the length of JSON text below which a container is decoded with
	// all its levels at once. Only longer ones stand in the outline.
	smallText = 512
)

// textual is what JSON can be read from. A string is kept, not copied, if it is
// compact already.
type textual interface{ ~string | ~[]byte }

// ParseJSON reads strict JSON, nested at most MaxDepth deep. The whole text is
// checked; arrays and objects are decoded when looked into. Of members with one
// name the last wins. Bytes are copied once and may be reused afterwards.
func ParseJSON[T textual](text T) (Value, error) { return parseJSON(string(text), MaxDepth) }

// ParseStored is ParseJSON for text that this program wrote: records wrap values
// of any allowed depth, so it may nest deeper.
func ParseStored[T textual](text T) (Value, error) { return parseJSON(string(text), storedDepth) }

func parseJSON(text string, limit int) (Value, error) {
	text = trimBOM(text)
	v, fault := readStrict(text, limit)
	if fault == nil {
		return v, nil
	}
	if _, err := readLenient(text, limit, true); err != nil {
		return Value{}, err
	}
	return Value{}, fault.locate(validUTF8(text))
}

func trimBOM(text string) string { return strings.TrimPrefix(text, "\uFEFF") }

// readStrict reads strict JSON. A text with bytes that are no UTF-8 is read again
// with U+FFFD in their place.
func readStrict(text string, limit int) (Value, *fault) {
	r := reader{text: text, limit: limit}
	r.spans, r.hashes = r.spanRoom[:0], r.hashRoom[:0]
	ok := r.document()
	if r.invalid {
		return readStrict(validUTF8(text), limit)
	}
	if !ok {
		return Value{}, r.fault
	}
	v := r.result()
	if !r.suspect && !r.infinite {
		return v, nil
	}
	tree := decodeTree(v)
	if r.infinite {
		return tree, nil
	}
	again := reader{text: string(tree.AppendJSON(nil)), limit: limit}
	again.document()
	return again.result(), nil
}

// result is the value that was read. Containers stay text.
func (r *reader) result() Value {
	text := r.compact()
	if r.height == 0 {
		d := decoder{text: text}
		v, _ := d.value(0)
		return v
	}
	n := &node{text: text, depth: int32(r.height), weight: int64(len(text)), rare: &rare{}}
	if len(r.spans) > 0 {
		n.outline = &outline{slices.Clone(r.spans)}
	}
	if text[0] == '[' {
		return Value{kind: KindArray, node: n}
	}
	return Value{kind: KindObject, node: n}
}

// reader is the state of one pass over a text. Its methods take a position in the
// text and return the one after what they read, or -1 after a fault.
type reader struct {
	text   string
	out    []byte // the compact text so far; unused while text itself is compact
	copied int    // text[:copied] is already in out

	limit, depth int
	height       int // of the value that was read
	spans        []span
	hashes       []uint64 // of the names of all open objects

	spanRoom [8]span // where spans and hashes begin, for the many short texts
	hashRoom [16]uint64

	plain    bool // the string just read stands for itself
	suspect  bool // a name may occur twice in its object
	infinite bool // a number is beyond a double
	invalid  bool // the text is not UTF-8
	fault    *fault
}

// fail records what is wrong at a position.
func (r *reader) fail(at int, problem string) int {
	r.fault = &fault{offset: at, message: problem}
	return -1
}

// replace puts s in the place of text[from:to].
func (r *reader) replace(from, to int, s string) {
	if r.out == nil {
		r.out = make([]byte, 0, len(r.text))
	}
	r.out = append(r.out, r.text[r.copied:from]...)
	r.out = append(r.out, s...)
	r.copied = to
}

// place is where the text at a position stands in the compact text.
func (r *reader) place(at int) uint32 { return uint32(len(r.out) + at - r.copied) }

func (r *reader) compact() string {
	if r.out == nil {
		return r.text
	}
	return string(append(r.out, r.text[r.copied:]...))
}

// space passes over white space.
func (r *reader) space(at int) int {
	if at < len(r.text) && r.text[at] > ' ' {
		return at
	}
	return r.drop(at)
}

func (r *reader) drop(at int) int {
	end := spaceEnd(r.text, at)
	if end > at {
		r.replace(at, end, "")
	}
	return end
}

func (r *reader) document() bool {
	if len(r.text) > maxText {
		r.fail(0, "JSON text is longer than 4 GB.")
		return false
	}
	at, height := r.any(r.space(0))
	if at < 0 {
		return false
	}
	r.height = height
	if at = r.space(at); at < len(r.text) {
		r.fail(at, "Additional text encountered after finished reading JSON content.")
		return false
	}
	return true
}

// any reads a value; height is how deep it nests, 0 for scalars.
func (r *reader) any(at int) (end, height int) {
	if at >= len(r.text) {
		return r.fail(at, "Unexpected end when reading JSON."), 0
	}
	switch c := r.text[at]; {
	case c == '"':
		return r.string(at + 1), 0
	case c == '{' || c == '[':
		return r.container(at)
	case c == '-' || '0' <= c && c <= '9':
		return r.number(at), 0
	case c == 't':
		return r.word(at, "true"), 0
	case c == 'f':
		return r.word(at, "false"), 0
	case c == 'n':
		return r.word(at, "null"), 0
	}
	return r.fail(at, "A value in strict JSON is an object, an array, a text in double quotes, a number, true, false or null."), 0
}

func (r *reader) word(at int, w string) int {
	if !strings.HasPrefix(r.text[at:], w) {
		return r.fail(at, "The words of strict JSON are true, false and null.")
	}
	return at + len(w)
}

// container reads an array or object and enters it into the outline if it is long.
func (r *reader) container(at int) (end, height int) {
	if r.depth++; r.depth > r.limit {
		return r.fail(at+1, tooDeep(r.limit)), 0
	}
	mine, start := len(r.spans), r.place(at)
	r.spans = append(r.spans, span{start: start})
	var count int
	if r.text[at] == '{' {
		end, height, count = r.object(r.space(at + 1))
	} else {
		end, height, count = r.array(r.space(at + 1))
	}
	r.depth--
	if end < 0 {
		return end, height
	}
	if place := r.place(end); place-start < smallText {
		r.spans = r.spans[:mine]
	} else {
		r.spans[mine] = span{start: start, end: place, next: uint32(len(r.spans)), count: uint32(count), height: uint16(height)}
	}
	return end, height
}

func (r *reader) array(at int) (end, height, count int) {
	height = 1
	if at < len(r.text) && r.text[at] == ']' {
		return at + 1, height, 0
	}
	for {
		end, h := r.any(at)
		if end < 0 {
			r.fault.within(pathStep{index: count})
			return end, 0, 0
		}
		height = max(height, h+1)
		count++
		at = r.space(end)
		switch {
		case at < len(r.text) && r.text[at] == ',':
			at = r.space(at + 1)
		case at < len(r.text) && r.text[at] == ']':
			return at + 1, height, count
		default:
			r.fail(at, "An element of an array is followed by ',' or ']'.")
			r.fault.within(pathStep{index: count - 1})
			return -1, 0, 0
		}
	}
}

func (r *reader) object(at int) (end, height, count int) {
	height = 1
	if at < len(r.text) && r.text[at] == '}' {
		return at + 1, height, 0
	}
	base := len(r.hashes)
	for {
		colon := r.name(at, base)
		if colon < 0 {
			return -1, 0, 0
		}
		end, h := r.any(r.space(colon))
		if end < 0 {
			r.fault.within(r.step(at))
			return -1, 0, 0
		}
		height = max(height, h+1)
		count++
		next := r.space(end)
		switch {
		case next < len(r.text) && r.text[next] == ',':
			at = r.space(next + 1)
		case next < len(r.text) && r.text[next] == '}':
			r.forget(base)
			return next + 1, height, count
		default:
			r.fail(next, "A member of an object is followed by ',' or '}'.")
			r.fault.within(r.step(at))
			return -1, 0, 0
		}
	}
}

// step names the member whose name stands at a position.
func (r *reader) step(at int) pathStep {
	name, _ := stringAt(r.text, at)
	return pathStep{name: name, named: true}
}

// name reads a name and the colon after it. base is where the hashes of the names of
// its object begin. Few names are compared at once, many when the object ends.
func (r *reader) name(at, base int) int {
	if at >= len(r.text) || r.text[at] != '"' {
		return r.fail(at, "A name in strict JSON stands in double quotes.")
	}
	end := r.string(at + 1)
	if end < 0 {
		return end
	}
	var hash uint64
	if r.plain {
		hash = hashName(r.text[at+1 : end-1])
	} else {
		hash = hashName(unescape(r.text[at+1 : end-1]))
	}
	names := r.hashes[base:]
	r.suspect = r.suspect || len(names) < smallObject && slices.Contains(names, hash)
	r.hashes = append(r.hashes, hash)
	if end = r.space(end); end >= len(r.text) || r.text[end] != ':' {
		return r.fail(end, "A name is followed by ':'.")
	}
	return end + 1
}

// forget ends the object whose hashes begin at base.
func (r *reader) forget(base int) {
	if names := r.hashes[base:]; len(names) > smallObject {
		slices.Sort(names)
		for i := range names[1:] {
			r.suspect = r.suspect || names[i] == names[i+1]
		}
	}
	r.hashes = r.hashes[:base]
}

// string reads a string from behind its opening quote.
func (r *reader) string(at int) int {
	r.plain = true
	for at >= 0 {
		at = plainEnd(r.text, at)
		if at >= len(r.text) {
			return r.fail(at, "Unterminated string. Expected delimiter: \".")
		}
		switch c := r.text[at]; {
		case c == '"':
			return at + 1
		case c == '\\':
			at = r.escape(at)
		case c < ' ':
			return r.fail(at, "A control character in a string of strict JSON is written as an escape sequence, such as \\n.")
		default:
			at = r.wide(at)
		}
	}
	return at
}

// wide reads characters beyond ASCII.
func (r *reader) wide(at int) int {
	for at < len(r.text) && r.text[at] >= utf8.RuneSelf {
		c, size := utf8.DecodeRuneInString(r.text[at:])
		switch {
		case c == utf8.RuneError && size == 1:
			r.invalid = true
			return r.fail(at, "The text is not UTF-8.")
		case escapedWide(c):
			r.plain = false
			r.replace(at, at+size, string(appendRune(nil, c)))
		}
		at += size
	}
	return at
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (r *reader) escape(at int) int {
	r.plain = false
	if at+1 < len(r.text) && simpleEscapes[r.text[at+1]] != 0 && r.text[at+1] != '/' {
		return at + 2
	}
	c, size := decodeEscape(r.text[at:])
	if size == 0 {
		return r.fail(at, "The escape sequences of strict JSON are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hexadecimal digits.")
	}
	var buf [8]byte
	if short := appendRune(buf[:0], c); string(short) != r.text[at:at+size] {
		r.replace(at, at+size, string(short))
	}
	return at + size
}

// number reads a number. Integers stay as they are, however long; others get the
// spelling of the double they mean.
func (r *reader) number(at int) int {
	from, s := at, r.text
	if s[at] == '-' {
		at++
	}
	switch whole := at; {
	case at < len(s) && s[at] == '0':
		if at++; at < len(s) && (s[at]-'0' <= 9 || s[at]|0x20 == 'x') {
			return r.fail(from, notANumber)
		}
	default:
		if at = digitsEnd(s, at); at == whole {
			return r.fail(from, notANumber)
		}
	}
	if at < len(s) && (s[at] == '.' || s[at]|0x20 == 'e') {
		return r.float(from, at)
	}
	switch {
	case at-from > maxDigits:
		return r.fail(at, tooManyDigits(s[from:at]))
	case s[from:at] == "-0":
		r.replace(from, at, "0")
	}
	return at
}

const notANumber = "A number in strict JSON is decimal, with digits before and after the point and no leading zero."

// float reads on from the point or exponent of a number.
func (r *reader) float(from, at int) int {
	s, point, plain := r.text, at, true
	if s[at] == '.' {
		if at = digitsEnd(s, at+1); at == point+1 {
			return r.fail(from, notANumber)
		}
	}
	fraction := s[point:at]
	if at < len(s) && s[at]|0x20 == 'e' {
		plain = false
		if at++; at < len(s) && (s[at] == '+' || s[at] == '-') {
			at++
		}
		exponent := at
		if at = digitsEnd(s, at); at == exponent {
			return r.fail(from, notANumber)
		}
	}
	plain = plain && wellLaidOut(s[from:point], fraction)
	if plain && at-from <= 16 {
		return at // a double keeps 15 digits, so nothing shorter means the same
	}
	d, _ := decimalAt(s[from:at], 0)
	f := d.float(s[from:at])
	switch {
	case math.IsInf(f, 0):
		r.infinite = true
	case plain && d.spells(math.Abs(f)):
	default:
		var buf [32]byte
		if printed := d.appendFloatOf(buf[:0], f); string(printed) != s[from:at] {
			r.replace(from, at, string(printed))
		}
	}
	return at
}

// wellLaidOut reports whether the service would place point and zeros like this. The
// fraction begins with the point.
func wellLaidOut(whole, fraction string) bool {
	if fraction[len(fraction)-1] == '0' {
		return len(fraction) == 2 && len(whole) < 15
	}
	return whole != "0" && whole != "-0" || !strings.HasPrefix(fraction, ".0000")
}
