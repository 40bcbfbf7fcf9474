package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

// UnsubscribeKind is the kind of task that takes back the subscription of a webhook
// action (wdl-semantics §11.10). It is put in the commit that ends the action, and
// does not need the run, which may be gone when it is due.
const UnsubscribeKind = "unsubscribe"

func unsubscribeKey(flowID, effect string) string {
	return UnsubscribeKind + ":" + strings.ToLower(flowID) + ":" + effect
}

// SubscriptionsLeft reports whether subscriptions of a workflow's runs are still to be
// taken back: until then its versions are needed.
func SubscriptionsLeft(tx *store.Tx, flowID string) (bool, error) {
	tasks, err := tx.Tasks(unsubscribeKey(flowID, ""))
	return len(tasks) > 0, err
}

// unsubscription is the payload of such a task: everything its request is made of.
type unsubscription struct {
	Workflow         identity                 `json:"workflow"`
	Run              string                   `json:"run"`
	Subject          engine.Subject           `json:"subject"`
	Operation        wdl.Type                 `json:"operation"`
	Inputs           expr.Value               `json:"inputs"`
	Repetition       []engine.RepetitionIndex `json:"repetition,omitempty"`
	Callback         string                   `json:"callback"`
	TrackingID       string                   `json:"trackingId"`
	TriggerTracking  string                   `json:"triggerTrackingId"`
	ClientTrackingID string                   `json:"clientTrackingId"`
	ClientRequestID  string                   `json:"clientRequestId"` // the same when the attempt is repeated after a crash
	Attempt          int                      `json:"attempt"`         // from 1
	Retry            wdl.Retry                `json:"retry"`
}

// identity is what the headers of a request say about its workflow, should its version
// be gone.
type identity struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Location string `json:"location"`
	Version  string `json:"version"`
	FlowID   string `json:"flowId"`
}

// putUnsubscriptions stores what the effects of a commit want to be taken back.
func (a *active) putUnsubscriptions(tx *store.Tx, effects []engine.Effect) error {
	for _, effect := range effects {
		e, ok := effect.(engine.Unsubscribe)
		if !ok {
			continue
		}
		w := a.workflow
		u := unsubscription{
			Workflow: identity{w.ID, w.Name, w.Location, w.Version, w.FlowID}, Run: a.key.run,
			Subject: e.Subject, Operation: e.Operation, Inputs: e.Inputs, Repetition: e.Repetition, Callback: e.Callback,
			TrackingID: e.TrackingID, TriggerTracking: a.trigger.trackingID, ClientTrackingID: a.trigger.clientTrackingID,
			ClientRequestID: e.ClientRequestID, Attempt: 1, Retry: e.Retry,
		}
		if err := u.put(tx, unsubscribeKey(w.FlowID, string(e.ID)), a.runner.config.Clock()); err != nil {
			return err
		}
	}
	return nil
}

func isUnsubscribe(e engine.Effect) bool {
	_, ok := e.(engine.Unsubscribe)
	return ok
}

func (u *unsubscription) put(tx *store.Tx, key string, due time.Time) error {
	payload, err := json.Marshal(u)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: key, Kind: UnsubscribeKind, Due: due.UTC(), Payload: payload})
}

// UnsubscribeHandler carries out tasks of UnsubscribeKind: one attempt each. What
// comes of the last one changes nothing; the log tells of a failure.
func (r *Runner) UnsubscribeHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		var u unsubscription
		if err := json.Unmarshal(t.Payload, &u); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		w, err := r.unsubscriber(ctx, db, &u)
		if err != nil {
			return task.Result{}, err
		}
		outcome, release, ok := r.ask(ctx, db.Name(), u.call(w))
		defer release()
		if !ok {
			return task.Result{}, ErrStopped // it is repeated
		}
		status, code := outcome.Verdict()
		if !outcome.Retried(status) || u.Retry.Type == wdl.RetryNone || u.Attempt > u.Retry.Count {
			if status != wdl.Succeeded {
				r.config.Log.Warn("a webhook could not be unsubscribed", "environment", db.Name(), "run", u.Run, "action", u.Subject.Name, "code", code)
			}
			return task.Done(), nil
		}
		wait := outcome.RetryAfter
		if wait <= 0 {
			wait = u.Retry.Wait(u.Attempt, randomBits())
		}
		u.Attempt++
		u.ClientRequestID = newGUID()
		return task.Done(), db.Write(ctx, func(tx *store.Tx) error { return u.put(tx, t.Key, r.config.Clock().Add(wait)) })
	}
}

// unsubscriber is the version that the run began with, or what is known of it.
func (r *Runner) unsubscriber(ctx context.Context, db *store.DB, u *unsubscription) (*engine.Workflow, error) {
	w, err := r.config.Programs.Workflow(ctx, db.Name(), u.Workflow.FlowID, u.Workflow.Version)
	if errors.Is(err, store.ErrNotFound) {
		i := u.Workflow
		return &engine.Workflow{Program: &wdl.Program{}, ID: i.ID, Name: i.Name, Location: i.Location, Version: i.Version, FlowID: i.FlowID}, nil
	}
	return w, err
}

func (u *unsubscription) call(w *engine.Workflow) connector.Call {
	return connector.Call{
		Call: engine.Call{
			Subject: u.Subject, Operation: u.Operation, Inputs: u.Inputs, Repetition: u.Repetition, Attempt: u.Attempt,
			ClientRequestID: u.ClientRequestID, TrackingID: u.TrackingID, Repeated: true, Callback: u.Callback,
		},
		Workflow:          w,
		RunID:             u.Run,
		TriggerTrackingID: u.TriggerTracking,
		ClientTrackingID:  u.ClientTrackingID,
	}
}
