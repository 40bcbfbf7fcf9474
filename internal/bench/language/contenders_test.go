package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"

	isle "isle/expr"
)

// contender is a language: compile makes a program out of a subject, and the program
// gives the answer for the order.
type contender struct {
	name    string
	compile func(subject) (program, error)
}

// program is a compiled subject.
type program struct {
	run    func() error        // evaluates, as the language's users do
	answer func() (any, error) // evaluates, for what comes out
}

// programOf makes a program of an evaluation to the language's own kind of value.
func programOf[V any](eval func() (V, error)) program {
	return program{
		run:    func() error { _, err := eval(); return err },
		answer: func() (any, error) { return eval() },
	}
}

// contenders returns the three, each over the order in its natural decoded form.
func contenders(tb testing.TB) []contender {
	return []contender{{"isle", isleCompiler(tb)}, {"cel", celCompiler(tb)}, {"expr", exprCompiler(tb)}}
}

// bodyEnv is what isle's expressions see: the body, and the row of a Query.
type bodyEnv struct{ body, item isle.Value }

func (e *bodyEnv) Now() time.Time { return time.Time{} }
func (e *bodyEnv) Random() uint64 { return 0 }
func (e *bodyEnv) Lookup(name string, args []isle.Value) (isle.Value, error) {
	switch name {
	case "triggerBody":
		return e.body, nil
	case "item":
		return e.item, nil
	}
	return isle.Value{}, isle.NotExpected(name)
}

func isleCompiler(tb testing.TB) func(subject) (program, error) {
	env := &bodyEnv{body: islejson(tb, order)}
	sources := map[string]isle.Value{}
	for _, s := range subjects {
		sources[s.isle] = islejson(tb, s.isle)
		if s.where != "" {
			sources[s.where] = islejson(tb, s.where)
		}
	}
	return func(s subject) (program, error) {
		whole, problems := isle.Workflow().Compile(sources[s.isle])
		if problems != nil {
			return program{}, errors.New(problems[0].Message)
		}
		if s.where == "" {
			return programOf(func() (isle.Value, error) { return whole.Eval(env) }), nil
		}
		where, problems := isle.Workflow().CompileCondition(sources[s.where])
		if problems != nil {
			return program{}, errors.New(problems[0].Message)
		}
		return programOf(func() (isle.Value, error) { return env.query(whole, where) }), nil
	}
}

// query is what the engine does for a Query action.
func (e *bodyEnv) query(from, where *isle.Template) (isle.Value, error) {
	list, err := from.Eval(e)
	if err != nil {
		return list, err
	}
	var kept []isle.Value
	for _, e.item = range list.Elements() {
		v, err := where.Eval(e)
		if err != nil {
			return v, err
		}
		if yes, _ := v.AsBool(); yes {
			kept = append(kept, e.item)
		}
	}
	return isle.Array(kept...), nil
}

func islejson(tb testing.TB, text string) isle.Value {
	v, err := isle.ParseJSON([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func celCompiler(tb testing.TB) func(subject) (program, error) {
	env, err := cel.NewEnv(cel.Variable("body", cel.DynType), ext.Strings())
	if err != nil {
		tb.Fatal(err)
	}
	vars := map[string]any{"body": decoded(tb)}
	return func(s subject) (program, error) {
		ast, issues := env.Compile(s.cel)
		if issues.Err() != nil {
			return program{}, issues.Err()
		}
		p, err := env.Program(ast)
		return programOf(func() (ref.Val, error) {
			v, _, err := p.Eval(vars)
			return v, err
		}), err
	}
}

func exprCompiler(tb testing.TB) func(subject) (program, error) {
	vars := map[string]any{"body": decoded(tb)}
	return func(s subject) (program, error) {
		p, err := expr.Compile(s.expr, expr.Env(vars))
		return programOf(func() (any, error) { return expr.Run(p, vars) }), err
	}
}

// decoded is the order as encoding/json gives it, the natural input of both peers.
func decoded(tb testing.TB) any {
	var body any
	if err := json.Unmarshal([]byte(order), &body); err != nil {
		tb.Fatal(err)
	}
	return body
}

// plain turns an answer into what encoding/json would decode.
func plain(tb testing.TB, answer any) any {
	switch v := answer.(type) {
	case isle.Value:
		return reread(tb, v.JSON())
	case ref.Val:
		return plainCEL(tb, v)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		tb.Fatal(err)
	}
	return reread(tb, text)
}

func reread(tb testing.TB, text []byte) any {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return v
}
