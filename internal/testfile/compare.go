package testfile

import (
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/connector"
)

// differences compares a value with what is expected of it: an object needs the
// named members, an array all elements in order, numbers compare by value, header
// names ignore case. Each difference says where it is.
func differences(path string, expected, actual expr.Value) []string {
	switch expected.Kind() {
	case expr.KindObject:
		return memberDifferences(path, expected, actual)
	case expr.KindArray:
		return elementDifferences(path, expected, actual)
	}
	if same(expected, actual) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, expected %s", path, brief(actual), brief(expected))}
}

func memberDifferences(path string, expected, actual expr.Value) (found []string) {
	if actual.Kind() != expr.KindObject {
		return []string{fmt.Sprintf("%s is %s, expected %s", path, brief(actual), brief(expected))}
	}
	headers := strings.HasSuffix(strings.ToLower(path), "headers")
	for name, want := range expected.Members() {
		got, ok := member(actual, name, headers)
		if !ok {
			found = append(found, fmt.Sprintf("%s.%s is missing, expected %s", path, name, brief(want)))
			continue
		}
		found = append(found, differences(path+"."+name, want, got)...)
	}
	return found
}

func elementDifferences(path string, expected, actual expr.Value) (found []string) {
	if actual.Kind() != expr.KindArray {
		return []string{fmt.Sprintf("%s is %s, expected %s", path, brief(actual), brief(expected))}
	}
	if expected.Len() != actual.Len() {
		return []string{fmt.Sprintf("%s has %d elements, expected %d: it is %s", path, actual.Len(), expected.Len(), brief(actual))}
	}
	for i, want := range expected.Elements() {
		found = append(found, differences(fmt.Sprintf("%s[%d]", path, i), want, actual.Index(i))...)
	}
	return found
}

// member finds a member by its exact name, or a header ignoring case.
func member(object expr.Value, name string, anyCase bool) (expr.Value, bool) {
	v, ok := object.Get(name)
	if !ok || anyCase {
		return v, ok
	}
	for n := range object.Members() {
		if n == name {
			return v, true
		}
	}
	return expr.Null(), false
}

// same compares two scalars, numbers by value.
func same(a, b expr.Value) bool {
	if x, y := number(a), number(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	return expr.Equal(a, b)
}

// number is nil for what is none, and for numbers that are not finite.
func number(v expr.Value) *big.Rat {
	switch v.Kind() {
	case expr.KindInt, expr.KindBigInt, expr.KindFloat, expr.KindDecimal:
		if r, ok := new(big.Rat).SetString(string(v.JSON())); ok {
			return r
		}
	}
	return nil
}

// brief shows a value in a message.
func brief(v expr.Value) string {
	const most = 400
	text := strings.ToValidUTF8(string(v.JSON()), "\uFFFD")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func joined(values []string) string { return strings.Join(values, ",") }

// bodyDifferences compares the bytes of a message. An expected string is the text
// itself or the string that the content is; anything else is what the content means
// as JSON.
func bodyDifferences(path string, expected expr.Value, header http.Header, body []byte) []string {
	actual, _, err := connector.ReadContent(header, body)
	if err != nil {
		return []string{fmt.Sprintf("%s cannot be read as its type says: %v", path, err)}
	}
	if text, ok := expected.AsString(); ok {
		if string(body) == text {
			return nil
		}
		if actual.Kind() != expr.KindString {
			actual = expr.String(strings.ToValidUTF8(string(body), "\uFFFD"))
		}
	} else if _, isText := actual.AsString(); isText {
		if v, err := expr.ParseJSON(body); err == nil {
			actual = v
		}
	}
	return differences(path, expected, actual)
}
