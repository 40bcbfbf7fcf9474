package expr

// Reading JSON in one pass, without a tree. The reader checks the text and, where
// it is not yet in the form the service prints (white space, escapes that need
// none, numbers such as 1e2), rewrites it on the way. What it returns holds the
// compact text; json_text.go finds members and elements in it.
//
// Two things cannot be rewritten on the way: names that occur twice in an object,
// and numbers beyond a double (which read as Infinity). The reader only suspects
// the first, by hash; suspects are decoded into a tree.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// storedDepth bounds JSON this program wrote itself, which wraps values of
// MaxDepth into records.
const storedDepth = 1024

// SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	Offset  int // in bytes
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s, at byte %d", e.Message, e.Offset)
}

// ParseJSON reads strict JSON, nested at most MaxDepth deep. The whole text is
// checked; arrays and objects are decoded when looked into. Of members with one
// name the last wins. The text is copied once and may be reused afterwards.
func ParseJSON(text []byte) (Value, error) { return parseJSON(text, MaxDepth) }

// ParseStored is ParseJSON for text that this program wrote: records wrap values
// of any allowed depth, so it may nest deeper.
func ParseStored(text []byte) (Value, error) { return parseJSON(text, storedDepth) }

func parseJSON(text []byte, limit int) (Value, error) {
	r := reader{text: text, limit: limit}
	if len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF {
		r.drop(0, 3)
	}
	if err := r.document(); err != nil {
		return Value{}, err
	}
	compact := r.compact()
	if r.suspect || r.infinite {
		tree := decodeTree(compact)
		if r.infinite {
			return tree, nil
		}
		compact = string(tree.AppendJSON(make([]byte, 0, len(compact))))
	}
	v, _ := valueAt(compact, 0, r.deepest)
	return v, nil
}

// reader is the state of one pass over a text.
type reader struct {
	text   []byte
	pos    int
	out    strings.Builder
	copied int // text[:copied] is already in out

	limit, depth, deepest int

	hashes   []uint64 // of the names of all open objects
	inexact  bool     // the string just read has another text than its hash says
	suspect  bool     // a name may occur twice in its object
	infinite bool     // a number is beyond a double
}

func (r *reader) fail(format string, args ...any) error {
	return &SyntaxError{r.pos, fmt.Sprintf(format, args...)}
}

// failHere complains about the character at the position.
func (r *reader) failHere(wanted string) error {
	if r.pos >= len(r.text) {
		return r.fail("unexpected end of JSON, expected %s", wanted)
	}
	c, _ := utf8.DecodeRune(r.text[r.pos:])
	return r.fail("unexpected character %q, expected %s", c, wanted)
}

// replace puts s in the place of text[from:to].
func (r *reader) replace(from, to int, s string) {
	if r.copied == 0 && r.out.Len() == 0 {
		r.out.Grow(len(r.text))
	}
	r.out.Write(r.text[r.copied:from])
	r.out.WriteString(s)
	r.copied = to
}

func (r *reader) drop(from, to int) { r.replace(from, to, ""); r.pos = max(r.pos, to) }

func (r *reader) compact() string {
	if r.copied == 0 {
		return string(r.text)
	}
	r.out.Write(r.text[r.copied:])
	return r.out.String()
}

func (r *reader) space() {
	from := r.pos
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
			continue
		}
		break
	}
	if r.pos > from {
		r.drop(from, r.pos)
	}
}

func (r *reader) document() error {
	r.space()
	if err := r.value(); err != nil {
		return err
	}
	r.space()
	if r.pos < len(r.text) {
		return r.failHere("the end of JSON")
	}
	return nil
}

func (r *reader) value() error {
	if r.pos >= len(r.text) {
		return r.failHere("a value")
	}
	switch c := r.text[r.pos]; c {
	case '{':
		return r.nested(r.object)
	case '[':
		return r.nested(r.array)
	case '"':
		return r.stringValue()
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return r.number()
		}
		return r.failHere("a value")
	}
}

func (r *reader) nested(read func() error) error {
	if r.depth++; r.depth > r.limit {
		return r.fail("JSON nests deeper than %d levels", r.limit)
	}
	r.deepest = max(r.deepest, r.depth)
	r.pos++
	r.space()
	err := read()
	r.depth--
	return err
}

func (r *reader) object() error {
	base := len(r.hashes)
	if r.at('}') {
		return nil
	}
	for {
		if r.pos >= len(r.text) || r.text[r.pos] != '"' {
			return r.failHere("a name in double quotes")
		}
		hash, err := r.name()
		if err != nil {
			return err
		}
		r.noteName(base, hash)
		r.space()
		if !r.at(':') {
			return r.failHere("':'")
		}
		r.space()
		if err := r.value(); err != nil {
			return err
		}
		r.space()
		if r.at('}') {
			break
		}
		if !r.at(',') {
			return r.failHere("',' or '}'")
		}
		r.space()
	}
	if len(r.hashes)-base > smallObject {
		slices.Sort(r.hashes[base:])
		for i := base + 1; i < len(r.hashes); i++ {
			r.suspect = r.suspect || r.hashes[i] == r.hashes[i-1]
		}
	}
	r.hashes = r.hashes[:base]
	return nil
}

// noteName keeps the hash of a name of the object whose names begin at base.
// Few names are compared at once, many when the object ends.
func (r *reader) noteName(base int, hash uint64) {
	names := r.hashes[base:]
	r.suspect = r.suspect || r.inexact || len(names) < smallObject && slices.Contains(names, hash)
	r.hashes = append(r.hashes, hash)
}

func (r *reader) array() error {
	if r.at(']') {
		return nil
	}
	for {
		if err := r.value(); err != nil {
			return err
		}
		r.space()
		if r.at(']') {
			return nil
		}
		if !r.at(',') {
			return r.failHere("',' or ']'")
		}
		r.space()
	}
}

// at steps over c if it is next.
func (r *reader) at(c byte) bool {
	if r.pos < len(r.text) && r.text[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *reader) word(w string) error {
	if len(r.text)-r.pos < len(w) || string(r.text[r.pos:r.pos+len(w)]) != w {
		return r.failHere("a value")
	}
	r.pos += len(w)
	return nil
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// plain holds the bytes that stand for themselves in a string.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = plainByte(byte(c))
	}
	return table
}()

// stringValue reads a string that is no name.
func (r *reader) stringValue() error {
	r.pos++
	for {
		for r.pos < len(r.text) && plain[r.text[r.pos]] {
			r.pos++
		}
		done, err := r.special()
		if done || err != nil {
			return err
		}
	}
}

// name reads a name and returns a hash of its text. A text that is spelled with
// escapes may equal one that is not, so it sets inexact.
func (r *reader) name() (hash uint64, err error) {
	r.pos++
	r.inexact = false
	hash = fnvOffset
	for {
		for r.pos < len(r.text) && plain[r.text[r.pos]] {
			hash = (hash ^ uint64(r.text[r.pos])) * fnvPrime
			r.pos++
		}
		from := r.pos
		done, err := r.special()
		if done || err != nil {
			return hash, err
		}
		for _, c := range r.text[from:r.pos] {
			hash = (hash ^ uint64(c)) * fnvPrime
		}
	}
}

// special reads what stops the run of plain bytes in a string: its end, an escape,
// a character beyond ASCII.
func (r *reader) special() (done bool, err error) {
	if r.pos >= len(r.text) {
		return false, r.failHere("the closing quote of a string")
	}
	switch c := r.text[r.pos]; {
	case c == '"':
		r.pos++
		return true, nil
	case c == '\\':
		r.inexact = true
		return false, r.escape()
	case c < ' ':
		return false, r.fail("control character %#02x in a string", c)
	}
	r.wide()
	return false, nil
}

// wide checks a character beyond ASCII; bytes that are no UTF-8 become U+FFFD.
func (r *reader) wide() {
	c, size := utf8.DecodeRune(r.text[r.pos:])
	switch {
	case c == utf8.RuneError && size == 1:
		r.inexact = true
		r.replace(r.pos, r.pos+1, "\uFFFD")
	case escapedWide(c):
		r.inexact = true
		r.replace(r.pos, r.pos+size, string(appendRune(nil, c)))
	}
	r.pos += size
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (r *reader) escape() error {
	from := r.pos
	c, size, err := decodeEscape(r.text[from:])
	if err != "" {
		return r.fail("%s", err)
	}
	r.pos += size
	var buf [8]byte
	if short := appendRune(buf[:0], c); string(short) != string(r.text[from:r.pos]) {
		r.replace(from, r.pos, string(short))
	}
	return nil
}

// number reads a number. Integers stay as they are, however long; others get the
// spelling of the double they mean.
func (r *reader) number() error {
	from := r.pos
	size, float := scanNumber(r.text[from:])
	if size == 0 {
		r.pos = min(r.pos+1, len(r.text))
		return r.failHere("a digit")
	}
	r.pos += size
	token := r.text[from:r.pos]
	if !float {
		if string(token) == "-0" {
			r.replace(from, r.pos, "0")
		}
		return nil
	}
	f, _ := strconv.ParseFloat(string(token), 64)
	if math.IsInf(f, 0) {
		r.infinite = true
		return nil
	}
	var buf [32]byte
	if printed := appendFloatJSON(buf[:0], f); string(printed) != string(token) {
		r.replace(from, r.pos, string(printed))
	}
	return nil
}

// scanNumber returns the length of the JSON number that s begins with, 0 if none,
// and whether it has a point or an exponent.
func scanNumber[T string | []byte](s T) (size int, float bool) {
	i := 0
	digits := func() bool {
		from := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return 0, false
	}
	if i < len(s) && s[i] == '.' {
		i++
		float = true
		if !digits() {
			return 0, false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		float = true
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return 0, false
		}
	}
	return i, float
}
