package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/expr"
)

// decided are vectors that Isle answers otherwise on purpose, and why.
var decided = map[string]string{
	"wdl-0898": "an unknown function is refused even where it is not evaluated (wdl-semantics §15 rule 6)",
	"wdl-0900": "as wdl-0898",
	"wdl-1097": "a quirk of the original",
	"wdl-1098": "a quirk of the original",
}

// The reference's vectors, in the contexts as they stand in a batch.
func TestEvalVectors(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "vectors", "wdl-vectors.json"))
	if err != nil {
		t.Skip("SKIPPED: the shared vectors are not there (../shared/vectors/wdl-vectors.json): nothing was tested")
	}
	var vectors []struct {
		ID                  string
		Expression, Context expr.Value
		Expected            *expr.Value
		ExpectError         json.RawMessage
	}
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if decided[v.ID] != "" {
			continue
		}
		context := v.Context
		if context.IsNull() {
			context = expr.Object()
		}
		got, err := evaluate(expr.Workflow(), v.Expression, context)
		var want struct{ Contains string }
		_ = json.Unmarshal(v.ExpectError, &want)
		switch {
		case v.ExpectError != nil && (err == nil || !strings.Contains(err.Error(), want.Contains)):
			t.Errorf("%s %s: error is %v, want %s", v.ID, v.Expression.JSON(), err, v.ExpectError)
		case v.ExpectError == nil && err != nil:
			t.Errorf("%s %s: %v", v.ID, v.Expression.JSON(), err)
		case v.Expected != nil && v.ExpectError == nil && !sameNumbers(got, *v.Expected):
			t.Errorf("%s %s: %s, want %s", v.ID, v.Expression.JSON(), got.JSON(), v.Expected.JSON())
		}
	}
}

// sameNumbers compares with member order and numbers by value.
func sameNumbers(a, b expr.Value) bool {
	x, isX := a.AsFloat()
	y, isY := b.AsFloat()
	switch {
	case isX && isY:
		return x == y
	case a.Kind() != b.Kind() || a.Len() != b.Len():
		return false
	case a.Kind() == expr.KindArray:
		for i, v := range a.Elements() {
			if !sameNumbers(v, b.Index(i)) {
				return false
			}
		}
		return true
	case a.Kind() == expr.KindObject:
		var names, other []string
		for name, v := range a.Members() {
			names = append(names, name)
			if w, _ := b.Get(name); !sameNumbers(v, w) {
				return false
			}
		}
		for name := range b.Members() {
			other = append(other, name)
		}
		return strings.Join(names, "\x00") == strings.Join(other, "\x00")
	}
	return expr.Equal(a, b)
}
