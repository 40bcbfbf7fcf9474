package main

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"isle/expr"
)

// evalContext answers what an expression reads from a context file. It is an
// expr.Env.
type evalContext struct {
	given expr.Value
	now   time.Time // utcNow of the context, else zero: the machine's clock
	seed  maphash.Seed
	drawn uint64
}

func newEvalContext(given expr.Value) (*evalContext, error) {
	if given.Kind() != expr.KindObject {
		return nil, errors.New("the context must be a JSON object")
	}
	c := &evalContext{given: given, seed: maphash.MakeSeed()}
	if v, ok := given.Get("utcNow"); ok {
		t, err := parseTime(v.Text())
		if err != nil {
			return nil, fmt.Errorf("utcNow of the context: %w", err)
		}
		c.now = t
	}
	return c, nil
}

// parseTime reads a time; without an offset it is UTC.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.UTC(), err
}

func (c *evalContext) Now() time.Time {
	if c.now.IsZero() {
		return now()
	}
	return c.now
}

func (c *evalContext) Random() uint64 {
	c.drawn++
	return maphash.Comparable(c.seed, c.drawn)
}

// Lookup finds what a contextual function names. Outputs stand under "outputs" by
// action, or in the whole record under "actions".
func (c *evalContext) Lookup(name string, args []expr.Value) (expr.Value, error) {
	var key string
	if len(args) > 0 {
		key, _ = args[0].AsString()
	}
	switch name {
	case "parameters":
		if v, ok := c.member("parameters").Get(key); ok {
			return v, nil
		}
		return expr.Null(), expr.ParameterNotFound(key)
	case "variables":
		return c.named("variables", key, "The variable '%s' is not found: it must be initialized before it is used.")
	case "outputs":
		return c.outputs(key)
	case "body":
		outputs, err := c.outputs(key)
		return body(outputs), err
	case "actions":
		return c.record(key)
	case "result":
		return c.named("results", key, "The scope '%s' is not under 'results' of the context.")
	case "items":
		return c.named("items", key, "The loop '%s' is not under 'items' of the context.")
	case "iterationIndexes":
		return c.named("iterationIndexes", key, "The loop '%s' is not under 'iterationIndexes' of the context.")
	case "triggerOutputs":
		return c.triggerOutputs(), nil
	case "triggerBody":
		if v, ok := c.given.Get("triggerBody"); ok {
			return v, nil
		}
		return body(c.triggerOutputs()), nil
	case "trigger":
		if v, ok := c.given.Get("trigger"); ok {
			return v, nil
		}
		return expr.Object(expr.Member{Name: "outputs", Value: c.triggerOutputs()}), nil
	case "item", "workflow":
		if v, ok := c.given.Get(name); ok {
			return v, nil
		}
	}
	return expr.Value{}, unknown("The template function '%s' is not expected at this location. The context holds nothing for it.", name)
}

func (c *evalContext) member(name string) expr.Value {
	v, _ := c.given.Get(name)
	return v
}

func (c *evalContext) named(group, key, missing string) (expr.Value, error) {
	if v, ok := c.member(group).Get(key); ok {
		return v, nil
	}
	return expr.Value{}, unknown(missing, key)
}

func (c *evalContext) outputs(action string) (expr.Value, error) {
	if v, ok := c.member("outputs").Get(action); ok {
		return v, nil
	}
	if record, ok := c.member("actions").Get(action); ok {
		v, _ := record.Get("outputs")
		return v, nil
	}
	return expr.Value{}, unknown("The action '%s' is under neither 'outputs' nor 'actions' of the context", action)
}

// record is the action's record, or what its outputs say of it.
func (c *evalContext) record(action string) (expr.Value, error) {
	if v, ok := c.member("actions").Get(action); ok {
		return v, nil
	}
	outputs, err := c.outputs(action)
	return expr.Object(
		expr.Member{Name: "name", Value: expr.String(action)},
		expr.Member{Name: "outputs", Value: outputs}), err
}

// triggerOutputs are those given, or what a given body implies.
func (c *evalContext) triggerOutputs() expr.Value {
	if v, ok := c.given.Get("triggerOutputs"); ok {
		return v
	}
	if b, ok := c.given.Get("triggerBody"); ok {
		return expr.Object(expr.Member{Name: "body", Value: b})
	}
	return expr.Null()
}

// body is outputs.body, null when there is none (wdl-semantics §9).
func body(outputs expr.Value) expr.Value {
	v, _ := outputs.Get("body")
	return v
}

// unknownError is the sentence of an expression that names what the context lacks.
type unknownError string

func (e unknownError) Error() string { return string(e) }

func unknown(format string, args ...any) error { return unknownError(fmt.Sprintf(format, args...)) }
