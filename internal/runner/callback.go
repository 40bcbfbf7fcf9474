package runner

import (
	"context"
	"errors"
	"fmt"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// refreshCallback gives the run the addresses that its webhooks hand on, signed with
// the workflow's key of now. A workflow that is deleted has none.
func (a *active) refreshCallback() {
	if !a.workflow.CallsBack() {
		return
	}
	d, err := a.runner.config.Programs.ByFlowID(a.runner.ctx, a.workflow.FlowID)
	if err != nil || len(d.Keys) == 0 {
		a.run.SetCallback(nil)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			a.log().Error("callback URLs", "error", err)
		}
		return
	}
	a.run.SetCallback(func(action string, repetition []engine.RepetitionIndex) string {
		link := CallbackLink(d.FlowID, a.key.run, action, engine.RepetitionName(repetition), callbackVersion)
		return link.URL(a.runner.config.Access(d.Environment), d.Keys[0])
	})
}

// CallbackRequest is a call of the callback URL of a webhook action (wdl-semantics
// §11.10).
type CallbackRequest struct {
	Environment, Run, Action string
	Repetition               []engine.RepetitionIndex
	Outputs                  expr.Value // statusCode, headers, queries, body
}

// NotWaitingError says that a webhook was called which has ended without a call.
type NotWaitingError struct {
	Action string
	Status wdl.Status
}

func (e *NotWaitingError) Error() string {
	return fmt.Sprintf("runner: the action %s is %s and waits for no callback", e.Action, e.Status)
}

// CallBack ends a webhook and returns when that is durable. To call again one that
// has been called changes nothing and is no error. store.ErrNotFound: there is no such
// run, or the action has not begun in it; else *NotWaitingError.
func (r *Runner) CallBack(ctx context.Context, q CallbackRequest) error {
	ev := engine.Called{Action: q.Action, Outputs: q.Outputs}
	for _, level := range q.Repetition {
		ev.Repetition = append(ev.Repetition, level.Index)
	}
	err := r.tell(ctx, runKey{q.Environment, q.Run}, ev)
	if errors.Is(err, engine.ErrNotWaiting) || errors.Is(err, ErrFinished) {
		return r.calledBefore(ctx, q)
	}
	return err
}

// calledBefore judges a call that no webhook waits for by what the history says.
func (r *Runner) calledBefore(ctx context.Context, q CallbackRequest) error {
	db, err := r.database(ctx, q.Environment)
	if err != nil {
		return err
	}
	var rows []store.Row
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Rows(q.Run, engine.ScopeOf(q.Repetition))
		return err
	}); err != nil {
		return err
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		return err
	}
	for i := range records {
		rec := &records[i]
		if rec.Iteration || rec.Action != q.Action || len(rec.Repetition) != len(q.Repetition) {
			continue
		}
		if rec.Status == wdl.Succeeded {
			return nil
		}
		return &NotWaitingError{q.Action, rec.Status}
	}
	return fmt.Errorf("action %s of run %s: %w", q.Action, q.Run, store.ErrNotFound)
}
