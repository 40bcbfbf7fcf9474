package expr

// Faults in JSON text, told as Newtonsoft tells them: what, the path of the value,
// line and position.

import (
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	Offset   int    // in bytes, in the text as it was read
	Line     int    // from 1; 0, as in Newtonsoft, when nothing was read before
	Position int    // UTF-16 units from the start of the line
	Path     string // such as a.b[2]
	Message  string // a sentence
	Advice   string // what to do about it, a sentence; may be empty
}

func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("%s Path '%s', line %d, position %d.", e.Message, e.Path, e.Line, e.Position)
	if e.Advice != "" {
		text += " " + e.Advice
	}
	return text
}

// fault is a SyntaxError in the making: the path grows while readers return.
type fault struct {
	offset  int
	message string
	advice  string
	start   bool       // no value was begun before it
	path    []pathStep // innermost first
}

// pathStep leads from a container into one of its values.
type pathStep struct {
	name  string
	index int
	named bool
}

func (f *fault) within(s pathStep) { f.path = append(f.path, s) }

// locate tells the fault in terms of the text.
func (f *fault) locate(text string) *SyntaxError {
	e := &SyntaxError{Offset: f.offset, Message: f.message, Advice: f.advice, Path: pathText(f.path)}
	e.Line, e.Position = linePosition(text[:min(f.offset, len(text))])
	if f.start && e.Position == 0 {
		e.Line = 0
	}
	return e
}

// linePosition counts lines, which end with \r\n, \n or \r, and UTF-16 units in the
// last one.
func linePosition(before string) (line, position int) {
	line = 1 + strings.Count(before, "\n") + strings.Count(before, "\r") - strings.Count(before, "\r\n")
	last := before[strings.LastIndexAny(before, "\r\n")+1:]
	return line, utf16Length(last)
}

// maxPath bounds the text of a path in a message, in bytes.
const maxPath = 300

// pathText writes a path, given innermost first, as a.b[2]['c d'].
func pathText(path []pathStep) string {
	var b strings.Builder
	for i := len(path) - 1; i >= 0 && b.Len() < maxPath; i-- {
		switch s := path[i]; {
		case !s.named:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case strings.ContainsAny(s.name, ". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029"):
			b.WriteString("['" + strings.ReplaceAll(string(appendEscaped(nil, abridged(s.name, maxPath))), "'", `\'`) + "']")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(abridged(s.name, maxPath))
		}
	}
	return abridged(b.String(), maxPath)
}

func tooDeep(limit int) string {
	return "The reader's MaxDepth of " + strconv.Itoa(limit) + " has been exceeded."
}

func tooManyDigits(digits string) string {
	return "JSON integer " + abridged(digits, 40) + " is too large to parse."
}
