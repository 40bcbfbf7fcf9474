package logic

import (
	"context"
	"errors"
	"slices"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
)

// Expression traces (logic-api §2.6): what the condition of an If, a Switch or an Until
// came to, part by part. Each asking evaluates it again, as it was ([engine.Inquiry]). What
// the history hides is not told: secured data, credentials, inputs of other actions.
// Where contents are not shown to everybody, which the access endpoint decides, no values are.

const (
	// maxTraced bounds a value that is shown, in bytes of JSON.
	maxTraced = 64 << 10
	// maxTracing is how many conditions are evaluated again at a time.
	maxTracing = 4
	// maxTracedScopes and maxTracedContents bound what is read for one answer: repetitions,
	// and bytes of contents.
	maxTracedScopes   = 10_000
	maxTracedContents = 64 << 20
)

// place finds the repetition of an action that the path names.
type place func(ctx context.Context, tx *store.Tx, r *arm.Request, form *workflow, run store.Run) (*engine.Record, error)

// actionPlace is the last one, which stands for the action.
func (s *Service) actionPlace(_ context.Context, tx *store.Tx, r *arm.Request, _ *workflow, run store.Run) (*engine.Record, error) {
	_, rec, err := findAction(tx, r, run)
	return rec, err
}

func (s *Service) repetitionPlace(scope bool) place {
	return func(ctx context.Context, tx *store.Tx, r *arm.Request, form *workflow, run store.Run) (*engine.Record, error) {
		return s.findRepetition(ctx, tx, r, form, run, scope)
	}
}

func (s *Service) listExpressionTraces(find place) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		var rec *engine.Record
		var stored store.Run
		var form *workflow
		if err := s.inRun(ctx, r, func(tx *store.Tx, owner *workflow, run store.Run) (err error) {
			form, stored = owner, run
			rec, err = find(ctx, tx, r, owner, run)
			return err
		}); err != nil {
			return nil, err
		}
		found, err := s.explain(ctx, form, stored, rec)
		if errors.Is(err, store.ErrNotFound) {
			return nil, actionNotFound(r) // the run was deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		values := make([]expr.Value, 0, len(found))
		for _, x := range found {
			values = append(values, traceOf(x, true).view)
		}
		return arm.Reply(object(member("inputs", expr.Array(values...)))), nil
	}
}

// explain evaluates the condition of a record again.
func (s *Service) explain(ctx context.Context, form *workflow, run store.Run, rec *engine.Record) ([]*expr.Trace, error) {
	compiled, err := s.config.Workflows.Workflow(ctx, form.Environment, form.FlowID, run.Version)
	if err != nil {
		return nil, err
	}
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return nil, err
	}
	select {
	case s.tracing <- struct{}{}:
		defer func() { <-s.tracing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	q, err := engine.Inquire(compiled, run.Head, rec.Action, rec.Repetition)
	if err != nil {
		return nil, err
	}
	scopes, contents := 0, int64(0)
	for {
		x, need, err := q.Explain()
		if err != nil {
			return nil, err
		}
		if need == nil {
			return s.told(ctx, form, q, x)
		}
		scopes += len(need.Scopes)
		for _, ref := range need.Contents {
			contents += ref.Size
		}
		if scopes > maxTracedScopes || contents > maxTracedContents {
			return q.Untold().Expressions, nil
		}
		loaded, err := runner.Load(ctx, db, run.Name, need)
		if err == nil {
			err = q.Load(loaded)
		}
		if err != nil {
			return nil, err
		}
	}
}

// told leaves the values out where the contents of runs are not for everybody.
func (s *Service) told(ctx context.Context, form *workflow, q *engine.Inquiry, x engine.Explanation) ([]*expr.Trace, error) {
	if len(x.Expressions) == 0 {
		return nil, nil
	}
	d, err := s.config.Workflows.ByFlowID(ctx, form.FlowID)
	if err != nil {
		return nil, err
	}
	p, err := s.Placement(form.Environment)
	if err != nil {
		return nil, err
	}
	if d.Contents.Limited || p != nil && p.Internal {
		return q.Untold().Expressions, nil
	}
	return x.Expressions, nil
}

// toldTrace is a trace as it is shown.
type toldTrace struct {
	view expr.Value
	// tainted says that there was something in it not to be shown: of what was made of it
	// only booleans and numbers are.
	tainted bool
}

func traceOf(x *expr.Trace, root bool) toldTrace {
	parts := make([]expr.Value, 0, len(x.Parts))
	tainted := hidden(x)
	for _, p := range x.Parts {
		part := traceOf(p, false)
		parts, tainted = append(parts, part.view), tainted || part.tainted
	}
	var f fields
	f.add("text", expr.String(x.Text))
	if root {
		f.add("path", expr.String(strings.ReplaceAll(strings.TrimPrefix(x.Pointer, "/"), "/", ".")))
	}
	shown, changed := cleaned(x)
	switch {
	case x.Err != nil:
		f.error(&engine.Error{Code: "InvalidTemplate", Message: failureText(x.Err, tainted)})
	case x.Untold || hidden(x) || tainted && !oneFact(x.Value):
	case x.Value.HasReference() || x.Value.Size() > maxTraced:
		f.add("valueSize", expr.Int(sizeOf(x.Value)))
	default:
		f.add("value", shown)
	}
	f.add("subexpressions", expr.Array(parts...))
	return toldTrace{f.value(), tainted || changed}
}

// oneFact tells values that say little about what they were made of.
func oneFact(v expr.Value) bool {
	switch v.Kind() {
	case expr.KindString, expr.KindArray, expr.KindObject, expr.KindReference:
		return false
	}
	return true
}

// sizeOf is the size of a value with its contents, about.
func sizeOf(v expr.Value) int64 {
	if ref, ok := v.AsReference(); ok {
		return ref.Size
	}
	return v.Size()
}

func failureText(err error, tainted bool) string {
	if tainted {
		return "The expression cannot be evaluated. The reason is not shown, because there are credentials or inputs in it."
	}
	return err.Error()
}

// isRecord tells the functions that give records of actions, or of the trigger, with the
// inputs in them.
func isRecord(function string) bool {
	switch function {
	case "actions", "action", "result", "trigger":
		return true
	}
	return false
}

// hidden tells references to inputs, which may hold credentials and callback URLs that the
// history hides, and to headers that carry credentials.
func hidden(x *expr.Trace) bool {
	return x.Base == "listCallbackUrl" || slices.ContainsFunc(selected(x), func(name string) bool {
		return engine.SecretHeader(name) || isRecord(x.Base) && strings.EqualFold(name, "inputs")
	})
}

// selected are the names that a reference selects, computed ones too.
func selected(x *expr.Trace) []string {
	names := slices.Clip(x.Names)
	if x.Function == "" && x.Base != "" {
		for _, p := range x.Parts {
			if name, ok := p.Value.AsString(); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// cleaned is what an expression came to without credentials, and records without inputs.
func cleaned(x *expr.Trace) (expr.Value, bool) {
	for _, name := range selected(x) {
		if v, changed := engine.SanitiseHeader(name, x.Value); changed {
			return v, true
		}
	}
	return cleanedValue(x.Value, isRecord(x.Base))
}

func cleanedValue(v expr.Value, records bool) (out expr.Value, changed bool) {
	switch v.Kind() {
	case expr.KindArray:
		elems := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			e, c := cleanedValue(e, records)
			elems, changed = append(elems, e), changed || c
		}
		out = expr.Array(elems...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			if records && strings.EqualFold(name, "inputs") {
				changed = true
				continue
			}
			m, c := cleanedMember(name, m, records)
			members, changed = append(members, member(name, m)), changed || c
		}
		out = expr.Object(members...)
	}
	if !changed {
		return v, false
	}
	return out, true
}

func cleanedMember(name string, v expr.Value, records bool) (expr.Value, bool) {
	if shown, hidden := engine.SanitiseHeader(name, v); hidden {
		return shown, true
	}
	return cleanedValue(v, records)
}
