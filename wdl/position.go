package wdl

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"isle/expr"
)

// locate finds where in text the values stand that problems point to: pointer →
// byte offset. A pointer whose value does not exist gets the place of the nearest
// value around it. The text is JSON as [expr.ReadJSON] reads it; where it is not,
// the rest of the pointers get the offset 0.
func locate(text []byte, base string, problems []Problem) map[string]int {
	places := make(map[string]int, len(problems))
	for i := range problems {
		places[problems[i].Pointer] = -1
	}
	parents := map[string]int{}
	wanted := map[string]bool{}
	for pointer := range places {
		for p := base + pointer; ; p = p[:strings.LastIndexByte(p, '/')] {
			wanted[p] = true
			if p == "" {
				break
			}
		}
	}
	walkText(text, func(pointer string, offset int, _ bool) {
		if wanted[pointer] {
			parents[pointer] = offset
		}
	})
	for pointer := range places {
		for p := base + pointer; ; p = p[:strings.LastIndexByte(p, '/')] {
			if offset, ok := parents[p]; ok {
				places[pointer] = offset
				break
			}
			if p == "" {
				places[pointer] = 0
				break
			}
		}
	}
	return places
}

// Place is where in a JSON text the value of a pointer stands, or the nearest value
// around it; both count from 1.
func Place(text []byte, pointer string) (line, column int) {
	return lineColumn(text, locate(text, "", []Problem{{Pointer: pointer}})[pointer])
}

// lineColumn turns an offset into line and column, both from 1; columns count
// characters.
func lineColumn(text []byte, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

// walkText calls visit for every value of a JSON text, in order, with its pointer,
// offset, and whether an earlier member of its object has the same name. It accepts
// the lenient form of wdl-semantics §5 and stops where it cannot go on.
func walkText(text []byte, visit func(pointer string, offset int, duplicate bool)) {
	w := &textWalker{text: text, visit: visit}
	w.value("", false, 0)
}

type textWalker struct {
	text  []byte
	at    int
	visit func(pointer string, offset int, duplicate bool)
}

// value walks over one value and reports whether it can go on.
func (w *textWalker) value(pointer string, duplicate bool, depth int) bool {
	w.blank()
	if w.at >= len(w.text) || depth > expr.MaxDepth {
		return false
	}
	w.visit(pointer, w.at, duplicate)
	switch w.text[w.at] {
	case '{':
		return w.object(pointer, depth)
	case '[':
		return w.array(pointer, depth)
	case '"', '\'':
		_, ok := w.quoted()
		return ok
	}
	return w.bare() != ""
}

func (w *textWalker) object(pointer string, depth int) bool {
	w.at++
	names := map[string]bool{}
	for {
		w.blank()
		if w.take('}') {
			return true
		}
		name, ok := w.name()
		w.blank()
		if !ok || !w.take(':') || !w.value(join(pointer, name), names[name], depth+1) {
			return false
		}
		names[name] = true
		w.blank()
		if !w.take(',') && !w.peek('}') {
			return false
		}
	}
}

func (w *textWalker) array(pointer string, depth int) bool {
	w.at++
	for i := 0; ; i++ {
		w.blank()
		if w.take(']') {
			return true
		}
		if !w.peek(',') && !w.value(pointer+"/"+itoa(i), false, depth+1) {
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

// duplicateNames reports items that one object holds twice, which the parsed value
// no longer shows (wdl-semantics §15 rule 19).
func (c *compiler) duplicateNames(text []byte, base string) {
	seen := map[string]bool{}
	walkText(text, func(pointer string, _ int, duplicate bool) {
		inside, ok := strings.CutPrefix(pointer, base)
		if !ok || !duplicate || seen[pointer] {
			return
		}
		seen[pointer] = true
		slash := strings.LastIndexByte(inside, '/')
		if slash < 0 {
			return
		}
		list, name := inside[:slash], pointerUnescape.Replace(inside[slash+1:])
		kind := list[strings.LastIndexByte(list, '/')+1:]
		if _, isAction := c.program.Action(name); strings.EqualFold(kind, "actions") && isAction ||
			inside == "/triggers/"+inside[slash+1:] {
			c.report(inside, RuleDuplicateName, "The name '%s' %s is used by more than one item: names must be unique in the whole definition", name, position)
		}
	})
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
