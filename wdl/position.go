package wdl

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"

	"isle/expr"
)

// locate finds where in text the values stand that problems point to, as byte offsets;
// of a problem in the name of a member, where the name stands. A pointer whose value
// does not exist gets the place of the nearest value around it. The text is JSON as
// [expr.ReadJSON] reads it; where it is not, the rest of the pointers get the offset 0.
func locate(text []byte, base string, problems []Problem) []int {
	root := &place{}
	for i := range problems {
		root.want(base + problems[i].Pointer)
	}
	way := []*place{root}
	walkText(text, func(v textValue) {
		way = way[:max(1, len(v.path))]
		here := root
		if len(v.path) > 0 {
			here = way[len(v.path)-1].below(v.path[len(v.path)-1])
			way = append(way, here)
		}
		if here != nil {
			here.offset, here.name = v.offset, v.name // of members with one name the last counts
		}
	})
	offsets := make([]int, len(problems))
	for i := range problems {
		found := root.find(base + problems[i].Pointer)
		if offsets[i] = found.offset; problems[i].inName {
			offsets[i] = found.name
		}
	}
	return offsets
}

// place is a value that a problem points to, or one around it, with its member's name.
type place struct {
	offset, name int
	inside       map[string]*place
}

// below returns the place of a member or element; nil if no problem points there.
func (p *place) below(token string) *place {
	if p == nil {
		return nil
	}
	return p.inside[token]
}

func (p *place) want(pointer string) {
	for token := range tokens(pointer) {
		next := p.inside[token]
		if next == nil {
			next = &place{offset: -1}
			if p.inside == nil {
				p.inside = map[string]*place{}
			}
			p.inside[token] = next
		}
		p = next
	}
}

func (p *place) find(pointer string) *place {
	for token := range tokens(pointer) {
		next := p.inside[token]
		if next == nil || next.offset < 0 {
			break
		}
		p = next
	}
	return p
}

// tokens yields the reference tokens of a JSON pointer.
func tokens(pointer string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest, ok := strings.CutPrefix(pointer, "/")
		for ok {
			var token string
			token, rest, ok = strings.Cut(rest, "/")
			if !yield(pointerUnescape.Replace(token)) {
				return
			}
		}
	}
}

// Place is where in a JSON text the value of a pointer stands, or the nearest value
// around it; both count from 1.
func Place(text []byte, pointer string) (line, column int) {
	return lineColumn(text, locate(text, "", []Problem{{Pointer: pointer}})[0])
}

// lineCounter turns offsets that do not decrease into lines and columns in one pass.
type lineCounter struct {
	text         []byte
	seen         int // text[:seen] is counted
	line, column int // there, from 0
}

func (l *lineCounter) at(offset int) (line, column int) {
	part := l.text[l.seen:max(l.seen, min(offset, len(l.text)))]
	l.seen += len(part)
	if n := bytes.Count(part, []byte{'\n'}); n > 0 {
		l.line, l.column = l.line+n, 0
		part = part[bytes.LastIndexByte(part, '\n')+1:]
	}
	l.column += utf8.RuneCount(part)
	return l.line + 1, l.column + 1
}

// lineColumn turns an offset into line and column, both from 1; columns count
// characters.
func lineColumn(text []byte, offset int) (line, column int) {
	l := lineCounter{text: text}
	return l.at(offset)
}

// textValue is a value of a JSON text.
type textValue struct {
	path      []string // the names and indexes that lead to it, until visit returns
	offset    int
	name      int  // offset of the member's name; of other values the same as offset
	duplicate bool // an earlier member of its object has the same name
}

// walkText calls visit for every value of a JSON text, in order. It accepts the lenient
// form of wdl-semantics §5 and stops where it cannot go on.
func walkText(text []byte, visit func(textValue)) {
	w := &textWalker{text: text, visit: visit}
	w.value(-1, false)
}

type textWalker struct {
	text  []byte
	at    int
	path  []string
	visit func(textValue)
}

// value walks over one value and reports whether it can go on.
func (w *textWalker) value(name int, duplicate bool) bool {
	w.blank()
	if w.at >= len(w.text) || len(w.path) > expr.MaxDepth {
		return false
	}
	if name < 0 {
		name = w.at
	}
	w.visit(textValue{w.path, w.at, name, duplicate})
	switch w.text[w.at] {
	case '{':
		return w.object()
	case '[':
		return w.array()
	case '"', '\'':
		_, ok := w.quoted()
		return ok
	}
	return w.bare() != ""
}

// inside walks over a value that a name or index leads to.
func (w *textWalker) inside(token string, name int, duplicate bool) bool {
	w.path = append(w.path, token)
	ok := w.value(name, duplicate)
	w.path = w.path[:len(w.path)-1]
	return ok
}

func (w *textWalker) object() bool {
	w.at++
	names := map[string]bool{}
	for {
		w.blank()
		if w.take('}') {
			return true
		}
		start := w.at
		name, ok := w.name()
		w.blank()
		if !ok || !w.take(':') || !w.inside(name, start, names[name]) {
			return false
		}
		names[name] = true
		w.blank()
		if !w.take(',') && !w.peek('}') {
			return false
		}
	}
}

func (w *textWalker) array() bool {
	w.at++
	for i := 0; ; i++ {
		w.blank()
		if w.take(']') {
			return true
		}
		if !w.peek(',') && !w.inside(itoa(i), -1, false) {
			return false
		}
		w.blank()
		if !w.take(',') && !w.peek(']') {
			return false
		}
	}
}

func (w *textWalker) name() (string, bool) {
	if w.peek('"') || w.peek('\'') {
		return w.quoted()
	}
	name := w.bare()
	return name, name != ""
}

// quoted walks over a string and returns its text.
func (w *textWalker) quoted() (string, bool) {
	start, quote := w.at, w.text[w.at]
	escaped := false
	for w.at++; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '\\':
			escaped = true
			w.at++
		case quote:
			w.at++
			raw := w.text[start:w.at]
			if !escaped {
				return string(raw[1 : len(raw)-1]), true
			}
			v, err := expr.ReadJSON(raw)
			s, ok := v.AsString()
			return s, err == nil && ok
		}
	}
	return "", false
}

// bare walks over an unquoted name or scalar.
func (w *textWalker) bare() string {
	start := w.at
	for w.at < len(w.text) && !bytes.ContainsRune([]byte(" \t\r\n,:{}[]\"'/"), rune(w.text[w.at])) {
		w.at++
	}
	return string(w.text[start:w.at])
}

// blank walks over white space, comments and a byte order mark.
func (w *textWalker) blank() {
	for w.at < len(w.text) {
		rest := w.text[w.at:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n':
			w.at++
		case bytes.HasPrefix(rest, []byte("\uFEFF")):
			w.at += 3
		case bytes.HasPrefix(rest, []byte("//")):
			w.skipTo(rest, "\n")
		case bytes.HasPrefix(rest, []byte("/*")):
			w.skipTo(rest, "*/")
		default:
			return
		}
	}
}

func (w *textWalker) skipTo(rest []byte, end string) {
	if i := bytes.Index(rest, []byte(end)); i >= 0 {
		w.at += i + len(end)
	} else {
		w.at = len(w.text)
	}
}

func (w *textWalker) peek(b byte) bool { return w.at < len(w.text) && w.text[w.at] == b }

func (w *textWalker) take(b byte) bool {
	if w.peek(b) {
		w.at++
		return true
	}
	return false
}

// duplicateNames reports items that one object holds twice, and members of the
// definition, which the parsed value no longer shows (wdl-semantics §15 rule 19).
func (c *compiler) duplicateNames(text []byte, base string) {
	seen := map[string]bool{}
	depth := strings.Count(base, "/")
	walkText(text, func(v textValue) {
		path := v.path
		if !v.duplicate || len(path) <= depth {
			return
		}
		if len(path) == depth+1 {
			if at := pointerOf(path); strings.HasPrefix(at, base+"/") && !seen[at] {
				seen[at] = true
				c.report(at[len(base):], RuleDuplicateName, "The template %s has the property '%s' more than once, of which only the last would count", position, path[depth])
			}
			return
		}
		name, list := path[len(path)-1], path[len(path)-2]
		_, isAction := c.program.Action(name)
		if !(strings.EqualFold(list, "actions") && isAction) && !(strings.EqualFold(list, "triggers") && len(path) == depth+2) {
			return
		}
		inside, ok := strings.CutPrefix(pointerOf(path), base)
		if ok && !seen[inside] {
			seen[inside] = true
			c.report(inside, RuleDuplicateName, "The name '%s' %s is used by more than one item: names must be unique in the whole definition", name, position)
		}
	})
}

// pointerOf returns the JSON pointer of a path.
func pointerOf(path []string) string {
	var pointer strings.Builder
	for _, token := range path {
		pointer.WriteByte('/')
		pointer.WriteString(pointerEscape.Replace(token))
	}
	return pointer.String()
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
