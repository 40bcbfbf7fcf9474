package logic

import (
	"context"
	"errors"
	"net/http"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// resubmitRun begins a run of the current version with what another run was begun with,
// or with what the request gives in its place, from the start or from actions of that
// one. The form of the actions is that of single-tenant workflows; the rest is Isle's own,
// beside the operation of trigger histories.
func (s *Service) resubmitRun(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	again, err := readAgain(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	name, err := s.rerun(ctx, form, r.Values["run"], "", again)
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.Missing("WorkflowRunNotFound", "The workflow '%s' has no run '%s'.", r.ID.Name(), r.Values["run"])
	}
	if err != nil {
		return nil, err
	}
	id := r.Resource.ID + "/runs/" + name
	return &arm.Response{Status: http.StatusAccepted, Header: http.Header{"X-Ms-Workflow-Run-Id": {name}},
		Body: object(member("id", expr.String(id)), member("name", expr.String(name)), member("type", expr.String(typeRuns)))}, nil
}

// rerun begins a run with what another one of the workflow was begun with, edited, and
// gives its name. A name that is given makes the call repeatable: the second one finds the
// run there. store.ErrNotFound: there is no such run.
func (s *Service) rerun(ctx context.Context, form *workflow, origin, name string, g again) (string, error) {
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return "", err
	}
	run, had, err := readBrought(ctx, db, form, origin)
	if err != nil {
		return "", err
	}
	if g.edit.whole {
		had = brought{}
	}
	fired := engine.Fired{OriginHistoryName: origin, HasOutputs: had.has || g.edit.change != nil}
	if fired.Outputs, err = runner.Resolve(ctx, db, origin, had.outputs); err != nil {
		return "", err
	}
	if g.edit.change != nil {
		fired.Outputs = g.edit.change(fired.Outputs)
	}
	err = s.fire(ctx, form, run.Trigger, func(d *runner.Deployed, t *wdl.Trigger) error {
		if err := had.check(t); err != nil {
			return err
		}
		if g.edit.change != nil {
			if err := checkEdited(t, fired.Outputs); err != nil {
				return err
			}
		}
		kept, err := s.keep(ctx, d, origin, &g)
		if err != nil {
			return err
		}
		firing, err := s.config.Runner.Fire(ctx, runner.FireRequest{Deployed: d, Trigger: t, Fired: fired, Resubmit: true, Kept: kept, Name: name})
		if errors.Is(err, store.ErrExists) && name != "" {
			return begunBefore(ctx, db, origin, name)
		}
		if err == nil {
			name = firing.Name
		}
		return unkept(origin, err)
	})
	return name, err
}

// checkEdited refuses a body that a call of the trigger would be refused for.
func checkEdited(t *wdl.Trigger, outputs expr.Value) error {
	body, _ := outputs.Get("body")
	var refused *trigger.Refusal
	if err := trigger.CheckBody(t, body); errors.As(err, &refused) {
		return &arm.Error{Status: refused.Status, Code: refused.Code, Message: refused.Message, Target: "body"}
	}
	return nil
}

// readBrought reads a run of the workflow and what its trigger brought.
func readBrought(ctx context.Context, db *store.DB, form *workflow, name string) (run store.Run, had brought, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		if run, err = tx.Run(name); err != nil {
			return err
		}
		if run.Workflow != form.FlowID {
			return store.ErrNotFound
		}
		had, err = broughtToRun(tx, run)
		return err
	})
	return run, had, err
}

// keep chooses what the run keeps of its origin; nil: nothing, as it begins at the start.
func (s *Service) keep(ctx context.Context, d *runner.Deployed, origin string, g *again) (*runner.Kept, error) {
	if len(g.actions) == 0 && !g.failed {
		return nil, nil
	}
	kept, err := s.config.Runner.Keep(ctx, d, origin, g.actions)
	return kept, unkept(origin, err)
}

const codeNoFailure = "NoFailedActions"

// unkept is the wire's error of what cannot be kept; other errors stay what they are.
func unkept(origin string, err error) error {
	var refused *engine.Unkept
	switch {
	case errors.As(err, &refused):
		problems := make([]*arm.Error, len(refused.Problems))
		for i, p := range refused.Problems {
			problems[i] = arm.Conflict(p.Code, p.Action, "%s", p.Message)
			if p.Code == engine.CodeNoAction {
				problems[i].Status = http.StatusBadRequest
			}
		}
		return arm.Problems(problems)
	case errors.Is(err, runner.ErrNoFailure):
		return arm.Conflict(codeNoFailure, "", "No action of the run '%s' has failed that a run could begin at. Name the actions, or resubmit it from the start.", origin)
	case errors.Is(err, runner.ErrTooMuch):
		return arm.Conflict("KeptRecordsTooLarge", "", "The records of the run '%s' are too large to be kept in another run. Resubmit it from the start.", origin)
	case errors.Is(err, runner.ErrKeptGone):
		return arm.Conflict("KeptContentMissing", "", "Inputs or outputs of the run '%s' that would be kept cannot be read any more. Resubmit it from the start.", origin)
	}
	return err
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
