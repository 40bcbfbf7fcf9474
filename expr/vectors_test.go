package expr

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// vectorFile holds the expression vectors of the reference.
const vectorFile = "../../shared/vectors/wdl-vectors.json"

type vector struct {
	ID              string
	Function        string
	Expression      string
	Context         json.RawMessage
	Expected        json.RawMessage
	ExpectedOneOf   []json.RawMessage
	ExpectedPattern string
	ExpectError     json.RawMessage
	Disputed, Quirk bool
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Skipf("THE REFERENCE VECTORS ARE NOT HERE, expressions are checked by testdata alone: %v", err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if v.Disputed || v.Quirk {
			continue
		}
		t.Run(v.ID+"/"+v.Function, func(t *testing.T) { v.check(t) })
	}
}

func (v vector) check(t *testing.T) {
	got, err := evalIn(t, v.Expression, v.Context)
	if v.ExpectError != nil {
		var want struct{ Contains string }
		_ = json.Unmarshal(v.ExpectError, &want)
		switch {
		case err == nil:
			t.Errorf("%s\n got %s\nwant an error %s", v.Expression, got.JSON(), v.ExpectError)
		case !strings.Contains(err.Error(), want.Contains):
			t.Errorf("%s\n got error %v\nwant %s", v.Expression, err, want.Contains)
		}
		return
	}
	if err != nil {
		t.Errorf("%s\n got error %v\nwant %s", v.Expression, err, v.Expected)
		return
	}
	if v.ExpectedPattern != "" {
		if !regexp.MustCompile(v.ExpectedPattern).MatchString(got.Text()) {
			t.Errorf("%s\n got %s\nwant %s", v.Expression, got.Text(), v.ExpectedPattern)
		}
		return
	}
	for _, want := range v.ExpectedOneOf {
		if sameJSON(t, got, want) {
			return
		}
	}
	if v.ExpectedOneOf == nil && !sameJSON(t, got, v.Expected) {
		t.Errorf("%s\n got %s\nwant %s", v.Expression, got.JSON(), v.Expected)
	} else if v.ExpectedOneOf != nil {
		t.Errorf("%s\n got %s\nwant one of %s", v.Expression, got.JSON(), v.ExpectedOneOf)
	}
}

// sameJSON compares with the order of members, numbers by value.
func sameJSON(t *testing.T, got Value, want json.RawMessage) bool {
	t.Helper()
	w, err := ParseJSON(want)
	if err != nil {
		t.Fatal(err)
	}
	return sameValue(got, w)
}

func sameValue(a, b Value) bool {
	if a.Kind() != b.Kind() {
		return a.isNumber() && b.isNumber() && Equal(a, b)
	}
	switch a.Kind() {
	case KindArray:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case KindObject:
		x, y := a.members(), b.members()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if x[i].Name != y[i].Name || !sameValue(x[i].Value, y[i].Value) {
				return false
			}
		}
		return true
	}
	return Equal(a, b)
}

// evalIn compiles and evaluates one template string in a context as the vectors
// and `isle eval` write it.
func evalIn(t *testing.T, text string, context json.RawMessage) (Value, error) {
	t.Helper()
	env := testEnv{context: Null()}
	if len(bytes.TrimSpace(context)) > 0 {
		var err error
		if env.context, err = ParseJSON(context); err != nil {
			t.Fatal(err)
		}
	}
	tmpl, problems := Workflow().CompileString(text)
	if problems != nil {
		return Value{}, errors.New(problems[0].Message)
	}
	return tmpl.Eval(&env)
}

// testEnv answers contextual functions from a context object.
type testEnv struct {
	context Value
	random  uint64
}

func (e *testEnv) Now() time.Time {
	if s, ok := e.get("utcNow"); ok {
		t, err := time.Parse(time.RFC3339Nano, s.Text())
		if err == nil {
			return t
		}
	}
	return time.Date(2026, 3, 5, 14, 7, 9, 123456700, time.UTC)
}

func (e *testEnv) Random() uint64 {
	e.random += 0x9E3779B97F4A7C15
	z := e.random
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	return z ^ z>>27
}

func (e *testEnv) get(name string) (Value, bool) { return e.context.Get(name) }

// named returns a member of a member of the context.
func (e *testEnv) named(group string, args []Value) (Value, bool) {
	v, _ := e.get(group)
	name, _ := args[0].AsString()
	return v.Get(name)
}

func (e *testEnv) Lookup(name string, args []Value) (Value, error) {
	switch name {
	case "triggerOutputs", "item", "workflow":
		if v, ok := e.get(name); ok {
			return v, nil
		}
	case "trigger":
		outputs, _ := e.get("triggerOutputs")
		return Object(Member{"outputs", outputs}), nil
	case "triggerBody":
		if v, ok := e.get("triggerBody"); ok {
			return v, nil
		}
		outputs, _ := e.get("triggerOutputs")
		body, _ := outputs.Get("body")
		return body, nil
	case "outputs", "body":
		v, ok := e.named("outputs", args)
		if !ok {
			record, _ := e.named("actions", args)
			v, ok = record.Get("outputs")
		}
		if name == "body" {
			v, _ = v.Get("body")
		}
		if ok {
			return v, nil
		}
	case "parameters":
		if v, ok := e.named("parameters", args); ok {
			return v, nil
		}
		return Value{}, ParameterNotFound(args[0].Text())
	case "variables", "actions", "items", "iterationIndexes":
		if v, ok := e.named(name, args); ok {
			return v, nil
		}
	case "result":
		if v, ok := e.named("results", args); ok {
			return v, nil
		}
	}
	return Value{}, NotExpected(name)
}
