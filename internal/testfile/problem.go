package testfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"isle/wdl"
)

// Problem is what is wrong with a test file, or, as a warning, what is most likely
// not meant.
type Problem struct {
	File         string // "": not said
	Line, Column int    // in the file, from 1; 0: nowhere
	Case         string // "": it is not about one
	Message      string // begins with the path of what it is about
}

func (p *Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Case != "" {
		fmt.Fprintf(&b, "case %q: ", p.Case)
	}
	return b.String() + p.Message
}

// inFile names the file in each of its problems.
func inFile(path string, err error) error {
	var named []error
	for _, err := range separate(err) {
		if p, ok := err.(*Problem); ok {
			p.File = path
		} else {
			err = fmt.Errorf("%s: %w", path, err)
		}
		named = append(named, err)
	}
	return errors.Join(named...)
}

// separate are the errors that errors.Join has put together.
func separate(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// notJSON is the problem of a text that ends before it is a JSON value, or goes on
// behind it.
func notJSON(content []byte, err error) *Problem {
	p := &Problem{Message: "this is not a test file: " + err.Error()}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		p.Line, p.Column = position(content, int(syntax.Offset)-1)
	}
	return p
}

// position is the line and the column, in characters, of the byte at an offset.
func position(content []byte, offset int) (line, column int) {
	before := content[:max(0, min(offset, len(content)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// nearest is the name that is spelled most like another one: "" if none is, or if the
// other one is among them.
func nearest(written string, names []string) (meant string) {
	for _, name := range names {
		if strings.EqualFold(name, written) {
			return ""
		}
		if meant == "" && (wdl.Alike(name, written) || oneLetterOff(name, written)) {
			meant = name
		}
	}
	return meant
}

// oneLetterOff compares names that are too short for wdl.Alike.
func oneLetterOff(name, written string) bool {
	if len(name) != 3 || len(written) != 3 {
		return false
	}
	off := 0
	for i := range name {
		if !strings.EqualFold(name[i:i+1], written[i:i+1]) {
			off++
		}
	}
	return off == 1
}
