package expr

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// lookupEnv answers contextual functions by a function.
type lookupEnv func(name string, args []Value) (Value, error)

func (lookupEnv) Now() time.Time { return time.Unix(0, 0) }
func (lookupEnv) Random() uint64 { return 1 }
func (e lookupEnv) Lookup(name string, args []Value) (Value, error) {
	return e(name, args)
}

func compiled(t *testing.T, text string) *Template {
	t.Helper()
	tmpl, problems := Workflow().CompileString(text)
	if problems != nil {
		t.Fatal(text, problems)
	}
	return tmpl
}

// TestLookupMayEvaluate: an environment may evaluate templates to answer, as
// parameters do whose values are expressions.
func TestLookupMayEvaluate(t *testing.T) {
	inner := compiled(t, "<@{concat(variables('x'), '-', variables('y'))}>")
	var env lookupEnv
	env = func(name string, args []Value) (Value, error) {
		if name == "parameters" {
			return inner.Eval(env)
		}
		return args[0], nil
	}
	v, err := compiled(t, "@{concat('a', parameters('p'), variables('b'))} @{createArray(variables('c'), parameters('p'), parameters('q'))}").Eval(env)
	if want := `a<x-y>b ["c","<x-y>","<x-y>"]`; err != nil || v.Text() != want {
		t.Errorf("got %s, %v; want %s", v.Text(), err, want)
	}
}

// TestEvaluationsLeaveNothingBehind: what is kept for the next evaluation holds no
// value of this one, wherever its environment fails.
func TestEvaluationsLeaveNothingBehind(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{
		"@concat(body('A'), add(1, length(body('B'))), if(true, body('C'), 1), coalesce(null, body('D')))",
		"a @{body('A')} b @{concat('c', body('B'), createArray('d', body('C'), body('D')))}",
		"@and(equals(body('A'), 'x'), not(equals(body('B'), body('C'))), contains(createArray(1, body('D')), body('E')))",
		"@body('A')[if(equals(body('B'), 'value'), 0, body('C'))]",
	} {
		tmpl := compiled(t, text)
		for failing := range 6 {
			left := failing
			e := tmpl.dialect.evaluator(lookupEnv(func(string, []Value) (Value, error) {
				if left--; left < 0 {
					return Value{}, broken
				}
				return String("value"), nil
			}))
			v, err := tmpl.root.eval(e)
			tmpl.dialect.release(e)
			if err != nil && !v.IsNull() {
				t.Errorf("%s: a value %s beside the error %v", text, v.JSON(), err)
			}
			if len(e.stack)+len(e.text) > 0 || e.env != nil || e.lambdas != nil {
				t.Errorf("%s, failing after %d: %+v is kept", text, failing, *e)
			}
			for _, kept := range e.stack[:cap(e.stack)] {
				if kept != (Value{}) {
					t.Errorf("%s, failing after %d: %s is kept", text, failing, kept.JSON())
				}
			}
		}
	}
}

// TestNestingInTheLongestExpression: 8,192 characters that do nothing but nest are an
// error or a value.
func TestNestingInTheLongestExpression(t *testing.T) {
	fill := func(open, middle, closed string) string {
		n := (8192 - len(middle)) / len(open+closed)
		return "@" + strings.Repeat(open, n) + middle + strings.Repeat(closed, n)
	}
	env := lookupEnv(func(string, []Value) (Value, error) { return Object(), nil })
	for text, compiles := range map[string]bool{
		fill("not(", "true", ")"):            false,
		fill("not(", "", ""):                 false,
		fill("item()[", "0", "]"):            false,
		fill("(", "1", ")"):                  false,
		fill("if(true,", "1", ",1)"):         false,
		fill("", "item()", "?['a']"):         true,
		fill("", "item()", "?.a"):            true,
		fill("", "concat('a'", ",'a'") + ")": true,
		"@" + strings.Repeat("createArray(", 490) + "1" + strings.Repeat(")", 490): true,
	} {
		tmpl, problems := Workflow().CompileString(text)
		if (problems == nil) != compiles {
			t.Errorf("%.40s…: %.200v", text, problems)
		}
		if tmpl == nil {
			continue
		}
		var failure *Error
		if _, err := tmpl.Eval(env); err != nil && !errors.As(err, &failure) {
			t.Errorf("%.40s…: %v", text, err)
		}
	}
}

// A trace comes to what an evaluation comes to, asks for the same, and leaves the
// template as it was.
func TestTraceEvaluates(t *testing.T) {
	for _, text := range []string{
		"@and(equals(variables('A'), 'x'), or(variables('yes'), variables('no')))",
		"@if(variables('yes'), variables('A'), variables('B'))?['x'][variables('i')]",
		"a @{variables('A')} b @{coalesce(null, variables('B'), variables('C'))}",
		"@concat(guid(), string(rand(1, 100)), variables('A')['broken'])",
	} {
		tmpl := compiled(t, text)
		play := func(evaluate func(Env) (Value, error)) string {
			var asked []string
			v, err := evaluate(lookupEnv(func(name string, args []Value) (Value, error) {
				asked = append(asked, name+args[0].Text())
				return map[string]Value{"yes": Bool(true), "i": Int(0), "A": Object(Member{"x", Array(Int(7))})}[args[0].Text()], nil
			}))
			return outcome(v, err) + strings.Join(asked, " ")
		}
		want := play(tmpl.Eval)
		got := play(func(env Env) (Value, error) {
			v, found, err := tmpl.Trace(env)
			if len(found) == 0 {
				t.Error(text, "has no trace")
			}
			return v, err
		})
		if again := play(tmpl.Eval); got != want || again != want {
			t.Errorf("%s: traced %s, evaluated %s and %s", text, got, want, again)
		}
	}
}
