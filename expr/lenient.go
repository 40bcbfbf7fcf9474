package expr

// The lenient JSON reader: what Newtonsoft accepts beyond JSON, and the words in which
// it refuses the rest (wdl-semantics §5; JsonTextReader of Newtonsoft.Json 13). It
// builds a tree, in which single-quoted strings, comments, hexadecimal and octal
// numbers and the like are gone.
//
// Positions and paths of faults are Newtonsoft's too: an array's step counts from when
// an element is read, or, of arrays, objects and numbers, begun; an object's step is
// the last name with its colon.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReadJSON reads JSON as json() and request bodies do. Strict JSON, by far the most
// common, takes the way of ParseJSON.
func ReadJSON[T textual](text T) (Value, error) { return readJSON(string(text), true) }

// ReadFirstJSON is ReadJSON for the ParseJson action, which ignores what follows the
// first value.
func ReadFirstJSON[T textual](text T) (Value, error) { return readJSON(string(text), false) }

func readJSON(text string, whole bool) (Value, error) {
	text = trimBOM(text)
	if v, fault := readStrict(text, MaxDepth); fault == nil {
		return v, nil
	}
	return readLenient(text, MaxDepth, whole)
}

// readLenient reads the first value of a text; whole says that nothing may follow it.
func readLenient(text string, limit int, whole bool) (Value, error) {
	r := lenient{text: validUTF8(text), limit: limit}
	v, ok := r.first()
	if ok && whole {
		ok = r.last()
	}
	if !ok {
		return Value{}, r.fault.locate(r.text)
	}
	return v, nil
}

// lenient is the state of one pass. Its methods report false after a fault.
type lenient struct {
	text    string
	pos     int
	limit   int
	frames  []frame // the open containers
	started bool    // a value was begun
	fault   *fault
}

// frame is an open container and the step to the value in it that was read last.
type frame struct {
	kind Kind
	step pathStep
	set  bool
}

// fail refuses the text at the position, with a sentence on what to do, or none.
func (r *lenient) fail(message, advice string) bool {
	r.fault = &fault{offset: r.pos, message: message, advice: advice, start: !r.started}
	for _, f := range slices.Backward(r.frames) {
		if f.set {
			r.fault.within(f.step)
		}
	}
	return false
}

// failChar is fail for a message that ends with the character at the position.
func (r *lenient) failChar(message, advice string) bool {
	_, size := utf8.DecodeRuneInString(r.text[r.pos:])
	return r.fail(message+r.text[r.pos:r.pos+size]+".", advice)
}

func (r *lenient) end() bool { return r.pos >= len(r.text) }

// peek is the byte at the position, 0 at the end.
func (r *lenient) peek() byte {
	if r.end() {
		return 0
	}
	return r.text[r.pos]
}

// first reads the first value.
func (r *lenient) first() (Value, bool) {
	switch {
	case !r.skip():
		return Value{}, false
	case r.end():
		return Value{}, r.fail("Error reading JToken from JsonReader.", "The text holds no value.")
	}
	return r.value()
}

// last checks that only white space and comments are left.
func (r *lenient) last() bool {
	if !r.skip() {
		return false
	}
	return r.end() || r.failChar("Additional text encountered after finished reading JSON content: ", "Remove what follows the value.")
}

// space passes over white space, to which U+0000 counts.
func (r *lenient) space() {
	for !r.end() {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		if c != 0 && !unicode.IsSpace(c) {
			return
		}
		r.pos += size
	}
}

// skip passes over white space and comments.
func (r *lenient) skip() bool {
	for r.space(); r.peek() == '/'; r.space() {
		if !r.comment() {
			return false
		}
	}
	return true
}

func (r *lenient) comment() bool {
	const unclosed = "Unexpected end while parsing comment."
	r.pos++
	switch {
	case r.end():
		return r.fail(unclosed, "Remove the slash.")
	case r.peek() == '/':
		if end := strings.IndexAny(r.text[r.pos:], "\r\n"); end >= 0 {
			r.pos += end
		} else {
			r.pos = len(r.text)
		}
		return true
	case r.peek() != '*':
		return r.failChar("Error parsing comment. Expected: *, got ", "Write text in quotes.")
	}
	end := strings.Index(r.text[r.pos+1:], "*/")
	if end < 0 {
		r.pos = len(r.text)
		return r.fail(unclosed, "Close it with */.")
	}
	r.pos += 1 + end + 2
	return true
}

// value reads a value. Where a comma stands instead, it reads undefined, which is null
// here, and leaves the comma.
func (r *lenient) value() (Value, bool) {
	if r.end() {
		return Value{}, r.unfinished()
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.pos:])
	switch {
	case c == '{':
		return r.nested(KindObject, r.object)
	case c == '[':
		return r.nested(KindArray, r.array)
	case c == '"' || c == '\'':
		s, ok := r.string(byte(c))
		r.finish(ok)
		return String(s), ok
	case c == ',':
		r.finish(true)
		return Null(), true
	case c == ']' || c == ')':
		return Value{}, r.mismatch()
	case strings.ContainsRune("tfnNIu", c) || strings.HasPrefix(r.text[r.pos:], "-I"):
		v, ok := r.word()
		r.finish(ok)
		return v, ok
	case c == '-' || c == '.' || unicode.IsNumber(c):
		return r.number()
	}
	return Value{}, r.unexpected(c)
}

// finish takes the step to the value that was read, or that is begun.
func (r *lenient) finish(ok bool) {
	if !ok {
		return
	}
	r.started = true
	if f := len(r.frames) - 1; f >= 0 && r.frames[f].kind == KindArray {
		r.frames[f].step.index++
		r.frames[f].set = true
	}
}

// unexpected refuses a character that begins no value.
func (r *lenient) unexpected(c rune) bool {
	advice := ""
	switch {
	case c == 'T' || c == 'F':
		advice = "Write true and false in lower case."
	case c == '+':
		advice = "Write the number without a plus sign."
	case c == '<':
		advice = "This looks like XML or HTML."
	case c == '}':
		advice = "Write a value before it, null if there is none."
	case unicode.IsLetter(c):
		advice = "Write text in quotes."
	}
	return r.failChar("Unexpected character encountered while parsing value: ", advice)
}

// unfinished refuses a text that ends within a container.
func (r *lenient) unfinished() bool {
	root := "JArray"
	if r.frames[0].kind == KindObject {
		root = "JObject"
	}
	return r.fail("Unexpected end of content while loading "+root+".", "The text is cut off: a closing bracket is missing.")
}

// mismatch refuses a bracket that closes something other than what is open.
func (r *lenient) mismatch() bool {
	token := map[byte]string{'}': "EndObject", ']': "EndArray", ')': "EndConstructor"}[r.text[r.pos]]
	r.pos++
	open := "None"
	if last := len(r.frames) - 1; last >= 0 {
		open = r.frames[last].kind.container()
		r.frames = r.frames[:last]
	}
	return r.fail("JsonToken "+token+" is not valid for closing JsonType "+open+".", "")
}

// container is what Newtonsoft calls an array or object.
func (k Kind) container() string {
	if k == KindObject {
		return "Object"
	}
	return "Array"
}

func (r *lenient) nested(kind Kind, read func() (Value, bool)) (Value, bool) {
	r.pos++
	r.finish(true)
	if len(r.frames) == r.limit {
		return Value{}, r.fail(tooDeep(r.limit), "")
	}
	r.frames = append(r.frames, frame{kind: kind, step: pathStep{index: -1}})
	v, ok := read()
	if ok {
		r.frames = r.frames[:len(r.frames)-1]
	}
	return v, ok
}

func (r *lenient) array() (Value, bool) {
	var elems []Value
	for {
		if !r.skip() {
			return Value{}, false
		}
		if r.peek() == ']' {
			r.pos++
			return arrayOf(elems), true
		}
		v, ok := r.value()
		if !ok {
			return Value{}, false
		}
		elems = append(elems, v)
		if more, ok := r.more(']'); !ok {
			return Value{}, false
		} else if !more {
			return arrayOf(elems), true
		}
	}
}

func (r *lenient) object() (Value, bool) {
	var members []Member
	for {
		switch {
		case !r.skip():
			return Value{}, false
		case r.end():
			return Value{}, r.unfinished()
		case r.peek() == '}':
			r.pos++
			return objectOf(dropDuplicates(members)), true
		}
		m, ok := r.member()
		if !ok {
			return Value{}, false
		}
		members = append(members, m)
		if more, ok := r.more('}'); !ok {
			return Value{}, false
		} else if !more {
			return objectOf(dropDuplicates(members)), true
		}
	}
}

// more reads what follows a value: a comma, or the end of its container.
func (r *lenient) more(closing byte) (more, ok bool) {
	if !r.skip() {
		return false, false
	}
	switch c := r.peek(); {
	case r.end():
		return false, r.unfinished()
	case c == ',' || c == closing:
		r.pos++
		return c == ',', true
	case c == ']' || c == '}' || c == ')':
		return false, r.mismatch()
	}
	return false, r.failChar("After parsing a value an unexpected character was encountered: ", "Separate values with a comma.")
}

// member reads a name, a colon, a value. No comment may stand before the colon.
func (r *lenient) member() (Member, bool) {
	name, ok := r.name()
	if !ok {
		return Member{}, false
	}
	r.space()
	switch {
	case r.end():
		return Member{}, r.unfinished()
	case r.peek() != ':':
		return Member{}, r.failChar("Invalid character after parsing property name. Expected ':' but got: ", "")
	}
	r.pos++
	f := &r.frames[len(r.frames)-1]
	f.step, f.set = pathStep{name: name, named: true}, true
	if !r.skip() {
		return Member{}, false
	}
	v, ok := r.value()
	return Member{name, v}, ok
}

// name reads a name in either kind of quotes, or bare: letters, digits, _ and $.
func (r *lenient) name() (string, bool) {
	if c := r.peek(); c == '"' || c == '\'' {
		return r.string(c)
	}
	from := r.pos
	for !r.end() {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		switch {
		case c <= 0xFFFF && (unicode.IsLetter(c) || unicode.IsDigit(c)) || c == '_' || c == '$':
			r.pos += size
		case r.pos == from && c == ',':
			return "", r.failChar("Invalid property identifier character: ", "Remove the comma.")
		case r.pos == from:
			return "", r.failChar("Invalid property identifier character: ", "Write the name in double quotes.")
		case c == ':' || c == 0 || unicode.IsSpace(c):
			return r.text[from:r.pos], true
		default:
			return "", r.failChar("Invalid JavaScript property identifier character: ", "Write the name in double quotes.")
		}
	}
	return "", r.fail("Unexpected end while parsing unquoted property name.", "The text is cut off.")
}

// string reads a string, which may hold raw line breaks.
func (r *lenient) string(quote byte) (string, bool) {
	r.pos++
	var b strings.Builder
	for from := r.pos; !r.end(); {
		switch r.text[r.pos] {
		case quote:
			b.WriteString(r.text[from:r.pos])
			r.pos++
			return b.String(), true
		case '\\':
			b.WriteString(r.text[from:r.pos])
			if !r.escape(&b, quote) {
				return "", false
			}
			from = r.pos
		default:
			r.pos++
		}
	}
	return "", r.unterminated(quote)
}

func (r *lenient) unterminated(quote byte) bool {
	return r.fail("Unterminated string. Expected delimiter: "+string(quote)+".", "")
}

func (r *lenient) escape(b *strings.Builder, quote byte) bool {
	rest := r.text[r.pos:]
	c, size := decodeEscape(rest)
	switch {
	case strings.HasPrefix(rest, `\'`):
		c, size = '\'', 2
	case size > 0:
	case len(rest) == 1:
		r.pos++
		return r.unterminated(quote)
	case rest[1] != 'u':
		r.pos++
		_, size = utf8.DecodeRuneInString(r.text[r.pos:])
		r.pos += size
		return r.fail("Bad JSON escape sequence: "+rest[:1+size]+".", `Write a backslash as \\.`)
	default:
		return r.badUnicode()
	}
	b.WriteRune(c)
	r.pos += size
	return true
}

func (r *lenient) badUnicode() bool {
	r.pos += 2
	digits := r.text[r.pos:]
	for range 4 {
		_, size := utf8.DecodeRuneInString(digits)
		if size == 0 {
			return r.fail("Unexpected end while parsing Unicode escape sequence.", "The text is cut off.")
		}
		digits = digits[size:]
	}
	shown := r.text[r.pos : len(r.text)-len(digits)]
	return r.fail(`Invalid Unicode escape sequence: \u`+shown+".", `After \u come four hexadecimal digits; write a backslash as \\.`)
}
