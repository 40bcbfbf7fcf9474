package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"isle/expr"
)

// Found collects what the checks of a request find wrong with it, each with a code,
// the JSON path of the member it is about, and what to do. A check reports every
// problem it finds, in document order, so that one answer tells all of them.
type Found []*Error

// Add notes a problem that the request's sender has to mend.
func (f *Found) Add(code, target, format string, args ...any) {
	*f = append(*f, Invalid(code, target, format, args...))
}

// Err is the one error that answers the request, nil if nothing was found.
func (f Found) Err() error {
	if e := Problems(f); e != nil {
		return e
	}
	return nil
}

// Decode reads a member of the request, whose path is target ("" for the whole
// body). What does not fit is one problem with the code: its place is known, the
// rest is not looked at.
func (f *Found) Decode(v expr.Value, into any, target, code string) bool {
	if v.IsNull() {
		return true
	}
	err := json.Unmarshal(v.JSON(), into)
	if err == nil {
		return true
	}
	message := err.Error()
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		target = joinTarget(target, mismatch.Field)
		message = fmt.Sprintf("'%s' must be %s, not a JSON %s", target, wantedForm(mismatch.Type), mismatch.Value)
	}
	f.Add(code, target, "The request content is not valid and could not be deserialized: %s.", message)
	return false
}

func joinTarget(target, field string) string {
	if target == "" || field == "" {
		return target + field
	}
	return target + "." + field
}

// wantedForm says what JSON a Go type is read from.
func wantedForm(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}
