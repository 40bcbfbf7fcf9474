package testfile

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"isle/expr"
)

// Value is a JSON value that a file may leave out. Null is a value.
type Value struct {
	expr.Value
	Given bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(text []byte) (err error) {
	v.Given = true
	v.Value, err = expr.ParseJSON(bytes.Clone(text))
	return err
}

// Pairs are headers or queries in the order of the file. A list of values is a
// repeated one.
type Pairs struct{ members []expr.Member }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Pairs) UnmarshalJSON(text []byte) error {
	v, err := expr.ParseJSON(bytes.Clone(text))
	if err != nil || v.IsNull() {
		return err
	}
	for name, value := range v.Members() {
		p.members = append(p.members, expr.Member{Name: name, Value: value})
	}
	return nil
}

// all yields every pair as it is sent.
func (p Pairs) all(yield func(name, value string) bool) {
	for _, m := range p.members {
		if m.Value.Kind() != expr.KindArray {
			if !yield(m.Name, m.Value.Text()) {
				return
			}
			continue
		}
		for _, v := range m.Value.Elements() {
			if !yield(m.Name, v.Text()) {
				return
			}
		}
	}
}

// Header are the pairs as the header of a message.
func (p Pairs) Header() http.Header {
	h := make(http.Header, len(p.members))
	for name, value := range p.all {
		h.Add(name, value)
	}
	return h
}

// message is the header and the bytes of a body that a file gives: text if it is a
// string, else JSON, unless the headers say otherwise.
func message(h Pairs, body Value) (http.Header, []byte) {
	header := h.Header()
	if !body.Given {
		return header, nil
	}
	contentType, content := "application/json", []byte(nil)
	if text, ok := body.AsString(); ok {
		contentType, content = "text/plain", []byte(text)
	} else {
		content = body.JSON()
	}
	if header.Get("Content-Type") == "" && len(content) > 0 {
		header.Set("Content-Type", contentType)
	}
	return header, content
}

// headerDifferences compares a message's header with what is expected of it: names
// ignore case, values are compared as text.
func headerDifferences(path string, expected Pairs, actual http.Header) (found []string) {
	for _, m := range expected.members {
		got := values(actual, m.Name)
		if m.Value.IsNull() {
			if len(got) > 0 {
				found = append(found, fmt.Sprintf("%s.%s is there, expected none", path, m.Name))
			}
			continue
		}
		want := Pairs{[]expr.Member{m}}.Header().Values(m.Name)
		switch {
		case len(got) == 0:
			found = append(found, fmt.Sprintf("%s.%s is missing", path, m.Name))
		case joined(got) == joined(want):
		case secret(m.Name):
			found = append(found, fmt.Sprintf("%s.%s is not the expected one", path, m.Name))
		default:
			found = append(found, fmt.Sprintf("%s.%s is %q, expected %q", path, m.Name, joined(got), joined(want)))
		}
	}
	return found
}

// values finds a header in any spelling: the service's own are in lower case.
func values(h http.Header, name string) []string {
	if v := h.Values(name); len(v) > 0 {
		return v
	}
	for n, v := range h {
		if strings.EqualFold(n, name) {
			return v
		}
	}
	return nil
}

// secret says whether a header's value is not for a report.
func secret(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie":
		return true
	}
	return false
}
