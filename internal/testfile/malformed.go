package testfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"isle/expr"
)

// malformed says in words of the file what its decoder says in Go's.
func malformed(content []byte, err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		line, column := position(content, int(syntax.Offset)-1)
		return fmt.Errorf("line %d: column %d: %w", line, column, err)
	case errors.As(err, &mismatch):
		kind, _, _ := strings.Cut(mismatch.Value, " ")
		at := place{kind: kind, number: strings.TrimPrefix(mismatch.Value, "number ")}
		if at.number == mismatch.Value {
			at.number = ""
		}
		var fields []string
		if mismatch.Field != "" {
			fields = strings.Split(mismatch.Field, ".")
		}
		at.inside = len(fields) > 0 && isCollection(fields[len(fields)-1]) && mismatch.Type.Kind() != reflect.Slice &&
			mismatch.Type.Kind() != reflect.Map && mismatch.Type != reflect.TypeFor[ExpectedRepetitions]()
		path := mismatch.Field
		if root, err := expr.ReadJSON(content); err == nil {
			if found, ok := at.find(root, "", fields, false); ok {
				path = found
			}
		}
		if path == "" {
			path = "it"
		}
		return fmt.Errorf("%s must be %s, it is %s", path, at.wanted(mismatch.Type), at)
	}
	if text, ok := strings.CutPrefix(err.Error(), "json: "); ok {
		return errors.New(text)
	}
	return err
}

// position is the line and the column, in characters, of the byte at an offset.
func position(content []byte, offset int) (line, column int) {
	before := content[:max(0, min(offset, len(content)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// place is a value as the decoder knows it: by its kind and, of some numbers, by its
// text. It stops at the first value that does not fit, so this is the first such
// value where it was.
type place struct {
	kind, number string
	inside       bool // it is in the list or object that the last field names
}

// isCollection says whether a member holds values of one type, whose places the
// decoder does not name.
func isCollection(field string) bool {
	return slices.Contains([]string{"cases", "appSettings", "mocks", "responses", "actions", "repetitions", "calls"}, field)
}

func (p place) String() string {
	switch {
	case p.number != "":
		return p.number
	case p.kind == "bool":
		return "a boolean"
	case p.kind == "array" || p.kind == "object":
		return "an " + p.kind
	}
	return "a " + p.kind
}

func (p place) is(v expr.Value) bool {
	switch v.Kind() {
	case expr.KindNull:
		return false // fits anywhere
	case expr.KindString:
		return p.kind == "string"
	case expr.KindBool:
		return p.kind == "bool"
	case expr.KindArray:
		return p.kind == "array"
	case expr.KindObject:
		return p.kind == "object"
	}
	return p.kind == "number" && (p.number == "" || p.number == string(v.JSON()))
}

// find returns the path of the value below v. The fields name no elements of lists
// and no members whose names are the author's. Only below: v itself is not meant.
func (p place) find(v expr.Value, path string, fields []string, below bool) (string, bool) {
	if len(fields) == 0 && !below && p.is(v) {
		return path, true
	}
	switch v.Kind() {
	case expr.KindArray:
		for i, e := range v.Elements() {
			if found, ok := p.find(e, path+"["+strconv.Itoa(i)+"]", fields, false); ok {
				return found, true
			}
		}
	case expr.KindObject:
		for name, e := range v.Members() {
			if len(fields) > 0 && strings.EqualFold(name, fields[0]) {
				if found, ok := p.find(e, strings.TrimPrefix(path+"."+name, "."), fields[1:], p.inside && len(fields) == 1); ok {
					return found, true
				}
			}
		}
		if path == "" {
			return "", false
		}
		for name, e := range v.Members() {
			if found, ok := p.find(e, path+"."+name, fields, false); ok {
				return found, true
			}
		}
	}
	return "", false
}

// wanted is what the value must be, in a file, for a type.
func (p place) wanted(t reflect.Type) string {
	if t == reflect.TypeFor[ExpectedRepetitions]() {
		return "a number or an array"
	}
	if t == reflect.TypeFor[ExpectedAction]() {
		return "a status or an object"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Slice:
		return "an array"
	case reflect.Int:
		if p.kind == "number" {
			return "a whole number"
		}
		return "a number"
	}
	return "an object"
}

// kindOf is a value's kind as the decoder names it.
func kindOf(v expr.Value) string {
	for _, kind := range []string{"string", "bool", "array", "object"} {
		if (place{kind: kind}).is(v) {
			return kind
		}
	}
	return "number"
}
