package trigger

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// firing is what the templates of a trigger may read: the firing itself, the
// workflow and its parameters (wdl-semantics §10.1). There is no run yet.
type firing struct {
	workflow *engine.Workflow
	fired    *engine.Fired
	run      string
	now      time.Time
	bits     uint64
	callback string // what listCallbackUrl() gives; "": it is not expected
}

func newFiring(w *engine.Workflow, f *engine.Fired, run string, now time.Time) *firing {
	h := fnv.New64a()
	_, _ = h.Write([]byte(run))
	return &firing{workflow: w, fired: f, run: run, now: now, bits: h.Sum64()}
}

func (f *firing) Now() time.Time { return f.now }

// Random counts on from the run's name: the same firing gives the same bits.
func (f *firing) Random() uint64 {
	f.bits++
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, f.bits))
	return h.Sum64()
}

func (f *firing) Lookup(name string, args []expr.Value) (expr.Value, error) {
	switch name {
	case "triggerOutputs", "triggerBody", "trigger", "triggers":
		return f.read(name), nil
	case "workflow":
		return f.workflow.Describe(f.run), nil
	case "listCallbackUrl":
		if f.callback != "" {
			return expr.String(f.callback), nil
		}
	}
	if len(args) == 1 {
		switch name {
		case "parameters":
			return f.workflow.Parameter(args[0].Text(), f)
		case "appsetting":
			return f.workflow.Setting(args[0].Text())
		}
	}
	return expr.Null(), expr.NotExpected(name)
}

// read is the firing; null if there has been none.
func (f *firing) read(function string) expr.Value {
	if f.fired == nil {
		return expr.Null()
	}
	switch function {
	case "triggerOutputs":
		return f.fired.Outputs
	case "triggerBody":
		body, _ := f.fired.Outputs.Get("body")
		return body
	}
	on, _ := f.workflow.Program.Trigger(f.fired.Name)
	return f.fired.Value(on, f.fired.ClientTrackingID)
}

// Admit completes a firing from its trigger's templates and says whether it may
// begin a run; if not, its status is Skipped, or Failed if a poll was answered with an
// error. An error is of a template, and the firing has failed.
func Admit(w *engine.Workflow, t *wdl.Trigger, f *engine.Fired, run string, now time.Time) (bool, error) {
	f.SecureInputs, f.SecureOutputs = t.SecureInputs, t.SecureOutputs
	env := newFiring(w, f, run, now)
	if err := takeInputs(t, f, env); err != nil {
		return false, err
	}
	if Asks(t) && !news(t, f, answered(f)) {
		return false, nil
	}
	for _, c := range t.Conditions {
		v, err := c.Eval(env)
		if err != nil {
			return false, err
		}
		if holds, _ := v.AsBool(); !holds {
			if f.Status != wdl.Failed {
				f.Status = wdl.Skipped
			}
			return false, nil
		}
	}
	f.Status = wdl.Succeeded
	if t.ClientTrackingID != nil {
		v, err := t.ClientTrackingID.Eval(env)
		if err != nil {
			return false, err
		}
		if id := strings.TrimSpace(v.Text()); id != "" {
			f.ClientTrackingID = id
		}
	}
	return true, nil
}

// takeInputs records the inputs, where the firing does not bring them: a poll does.
func takeInputs(t *wdl.Trigger, f *engine.Fired, env *firing) error {
	if t.Inputs == nil || f.HasInputs {
		return nil
	}
	v, ok := t.Inputs.Literal()
	if !ok && t.Polls() {
		var err error
		if v, err = t.Inputs.Eval(env); err != nil {
			return err
		}
		ok = true
	}
	if f.Inputs, f.HasInputs = v, ok; ok && t.Request == nil {
		f.Inputs, _ = connector.Sanitise(v)
	}
	return nil
}

// Split evaluates splitOn: the items of the runs to begin (wdl-semantics §10.1). The
// error of an expression that gives the wrong thing is a *engine.Error.
func Split(w *engine.Workflow, t *wdl.Trigger, f *engine.Fired, run string, now time.Time) (expr.Value, error) {
	items, err := t.SplitOn.Eval(newFiring(w, f, run, now))
	if err != nil {
		return items, err
	}
	limits := &w.Program.Limits
	most := limits.SplitOnItems
	if t.Runs > 0 || t.MaximumWaitingRuns > 0 {
		most = limits.SplitOnCounted
	}
	subject := "The execution of template trigger '" + t.Name + "' failed: the result of the evaluation of 'splitOn' expression '" + t.SplitOn.String() + "' "
	switch {
	case items.Kind() != expr.KindArray:
		return items, &engine.Error{Code: "ExpressionEvaluationFailed", Message: subject + "is of type '" + items.TypeName() + "'. The result must be a valid array."}
	case items.Len() > most:
		return items, &engine.Error{Code: "SplitOnItemsLimitExceeded", Message: subject + fmt.Sprintf("has %d items. The limit is %d; with concurrency of the trigger it is %d.", items.Len(), limits.SplitOnItems, limits.SplitOnCounted)}
	}
	return items, nil
}

// ItemOutputs are the outputs of the firing of one item: its body is the item, the
// others are dropped.
func ItemOutputs(item expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "body", Value: item})
}

// Item is the firing of one item. The caller has given it a tracking id of its own.
func Item(w *engine.Workflow, t *wdl.Trigger, f engine.Fired, item expr.Value, run string, now time.Time) (engine.Fired, error) {
	f.Outputs, f.HasOutputs = ItemOutputs(item), true
	if t.SplitOnClientTrackingID == nil {
		return f, nil
	}
	v, err := t.SplitOnClientTrackingID.Eval(newFiring(w, &f, run, now))
	if err == nil && v.Text() != "" {
		f.ClientTrackingID = v.Text()
	}
	return f, err
}
