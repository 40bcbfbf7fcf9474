package logic

import (
	"context"
	"errors"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// resubmitRun begins a run of the current version with what another run was begun with,
// or with what the request gives in its place: {"outputs": …} of the trigger, or only
// their {"body": …}. It is an operation of Isle's own, beside that of trigger histories.
func (s *Service) resubmitRun(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	edit, err := readEdit(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	name, err := s.rerun(ctx, form, r.Values["run"], "", edit)
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.Missing("WorkflowRunNotFound", "The workflow '%s' has no run '%s'.", r.ID.Name(), r.Values["run"])
	}
	if err != nil {
		return nil, err
	}
	id := r.Resource.ID + "/runs/" + name
	return &arm.Response{Status: 202, Body: object(member("id", expr.String(id)), member("name", expr.String(name)), member("type", expr.String(typeRuns)))}, nil
}

// edit changes what a trigger brought. The zero edit leaves it.
type edit struct {
	change func(had expr.Value) expr.Value
	whole  bool // nothing of what the trigger brought is left
}

func readEdit(body expr.Value) (edit, error) {
	if body.IsNull() || body.Kind() == expr.KindObject && body.Len() == 0 {
		return edit{}, nil
	}
	outputs, whole := body.Get("outputs")
	content, part := body.Get("body")
	switch {
	case body.Kind() != expr.KindObject || body.Len() != 1 || !whole && !part:
		return edit{}, arm.Invalid(wdl.CodeInvalidRequestContent, "", "The request content must be an object with one member: 'outputs', which the trigger is to have instead of its own, or 'body', in the place of theirs. Without content the run begins with what it had.")
	case whole && outputs.Kind() != expr.KindObject:
		return edit{}, arm.Invalid(wdl.CodeInvalidRequestContent, "outputs", "The outputs of a trigger are an object, such as {\"headers\":{},\"body\":{}}.")
	case whole:
		return edit{whole: true, change: func(expr.Value) expr.Value { return outputs }}, nil
	}
	return edit{change: func(had expr.Value) expr.Value {
		if had.Kind() != expr.KindObject {
			return object(member("body", content))
		}
		return had.With("body", content)
	}}, nil
}

// rerun begins a run with what another one of the workflow was begun with, edited, and
// gives its name. A name that is given makes the call repeatable: the second one finds the
// run there. store.ErrNotFound: there is no such run.
func (s *Service) rerun(ctx context.Context, form *workflow, origin, name string, change edit) (string, error) {
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return "", err
	}
	var run store.Run
	var had brought
	if err := db.Read(ctx, func(tx *store.Tx) error {
		if run, err = tx.Run(origin); err != nil {
			return err
		}
		if run.Workflow != form.FlowID {
			return store.ErrNotFound
		}
		had, err = broughtToRun(tx, run)
		return err
	}); err != nil {
		return "", err
	}
	if change.whole {
		had = brought{}
	}
	fired := engine.Fired{OriginHistoryName: origin, HasOutputs: had.has || change.change != nil}
	if fired.Outputs, err = runner.Resolve(ctx, db, origin, had.outputs); err != nil {
		return "", err
	}
	if change.change != nil {
		fired.Outputs = change.change(fired.Outputs)
	}
	err = s.fire(ctx, form, run.Trigger, func(d *runner.Deployed, t *wdl.Trigger) error {
		if err := had.check(t); err != nil {
			return err
		}
		firing, err := s.config.Runner.Fire(ctx, runner.FireRequest{Deployed: d, Trigger: t, Fired: fired, Resubmit: true, Name: name})
		if errors.Is(err, store.ErrExists) && name != "" {
			return begunBefore(ctx, db, origin, name)
		}
		if err == nil {
			name = firing.Name
		}
		return err
	})
	return name, err
}

// brought is what a trigger brought to a run, or to a firing that began none.
type brought struct {
	outputs expr.Value // may refer to contents
	has     bool
	secured bool // not to be shown
}

func broughtToRun(tx *store.Tx, run store.Run) (brought, error) {
	summary, err := readSummary(tx, run)
	t := &summary.TriggerRecord
	return brought{t.Outputs, t.HasOutputs, t.SecureOutputs}, err
}

func broughtToFiring(tx *store.Tx, h store.TriggerHistory) (brought, error) {
	if h.Run == "" {
		u, err := runner.ReadUnfired(h)
		return brought{u.Outputs, !u.Outputs.IsNull(), u.SecureOutputs}, err
	}
	run, err := tx.Run(h.Run)
	if err != nil {
		return brought{}, err
	}
	return broughtToRun(tx, run)
}

// check refuses to hand secured outputs to a trigger that shows them: whoever may write the
// definition would read what it once hid.
func (b brought) check(t *wdl.Trigger) error {
	if b.secured && !t.SecureOutputs {
		return arm.Conflict("SecuredOutputsNotResubmittable", "", "The outputs of the trigger '%s' were secured then, and are not by the current version of the workflow, whose run would show them. Secure its outputs again (runtimeConfiguration.secureData), then resubmit.", t.Name)
	}
	return nil
}

// begunBefore tells whether the run of a name comes from origin: an earlier attempt began
// it. Another run of that name is an error, so that none counts as begun that is not.
func begunBefore(ctx context.Context, db *store.DB, origin, name string) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		run, err := tx.Run(name)
		if err != nil {
			return err
		}
		summary, err := engine.DecodeHead(run.Head)
		if err == nil && summary.TriggerRecord.OriginHistoryName != origin {
			return arm.Conflict("WorkflowRunNameTaken", "", "The run '%s' was not resubmitted: the name '%s' that its new run would have is another run's. Resubmit it on its own.", origin, name)
		}
		return err
	})
}
