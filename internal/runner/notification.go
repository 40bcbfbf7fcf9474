package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// A trigger of type ApiConnectionNotification is told that there is something, and then
// fetches it (wdl-semantics §10.2). The notification is a task before it is answered;
// the task fetches, retries, and fires the trigger with what it got. Each attempt has
// the same client request id however often a crash repeats it.

// NotificationKind is the kind of these tasks.
const NotificationKind = "notification"

// notification is the payload of the task.
type notification struct {
	FlowID  string `json:"flowId"`
	Trigger string `json:"trigger"`
	Name    string `json:"name"` // of the firing
	// Outputs of the notification, which fetch can read; without a body if that is long.
	Outputs          expr.Value `json:"outputs"`
	Received         time.Time  `json:"received"`
	ClientTrackingID string     `json:"clientTrackingId"`
	Made             int        `json:"made,omitempty"` // attempts at the fetch that have failed
}

func notificationKey(flowID, trigger, name string) string {
	return "notification:" + strings.ToLower(flowID) + ":" + strings.ToLower(trigger) + ":" + name
}

// notified reports whether a firing is a notification, of something that is still to be
// fetched.
func notified(q FireRequest) bool {
	return q.Trigger.Type == wdl.TypeAPIConnectionNotification && !q.Fetched && !q.Resubmit
}

// notify makes a notification durable.
func (r *Runner) notify(ctx context.Context, q FireRequest, f engine.Fired, name string) (Firing, error) {
	n := notification{FlowID: q.Deployed.FlowID, Trigger: q.Trigger.Name, Name: name, Outputs: f.Outputs, Received: f.Start, ClientTrackingID: f.ClientTrackingID}
	if n.Outputs.Size() > maxUnfired {
		n.Outputs = n.Outputs.Without("body")
	}
	db, err := r.database(ctx, q.Deployed.Environment)
	if err != nil {
		return Firing{}, err
	}
	err = db.Write(ctx, func(tx *store.Tx) error { return n.put(tx, r.config.Clock()) })
	return Firing{Name: name, TrackingID: derivedGUID(name, 0)}, err
}

func (n *notification) put(tx *store.Tx, due time.Time) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: notificationKey(n.FlowID, n.Trigger, n.Name), Kind: NotificationKind, Due: due, Payload: payload})
}

// NotificationHandler carries out tasks of NotificationKind.
func (r *Runner) NotificationHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		f := fetch{runner: r, db: db, now: r.config.Clock().UTC()}
		if err := json.Unmarshal(t.Payload, &f.notification); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		var err error
		if f.deployed, err = r.config.Programs.ByFlowID(ctx, f.FlowID); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				err = nil // deleted: the task ends with it
			}
			return task.Done(), err
		}
		on, ok := f.deployed.Workflow.Program.Trigger(f.Trigger)
		if !ok || on.Type != wdl.TypeAPIConnectionNotification || !f.deployed.Enabled {
			return task.Done(), nil
		}
		f.on = on
		return f.turn(ctx)
	}
}

// fetch is an attempt to get what a notification is about.
type fetch struct {
	notification
	runner   *Runner
	db       *store.DB
	deployed *Deployed
	on       *wdl.Trigger
	now      time.Time
}

// turn makes the attempt. One that finds no room for a run is not made, as what it
// brought would be lost: it is Skipped where one run is allowed at a time, else it waits
// (wdl-semantics §12.2, §12.3).
func (f *fetch) turn(ctx context.Context) (task.Result, error) {
	free := false
	if err := f.db.Read(ctx, func(tx *store.Tx) (err error) {
		free, err = room(tx, f.FlowID, f.on)
		return err
	}); err != nil {
		return task.Done(), err
	}
	fired := engine.Fired{Name: f.on.Name, Start: f.Received, TrackingID: derivedGUID(f.Name, 0)}
	switch {
	case free:
	case f.on.Options.Has(wdl.SingleInstance):
		fired.Status = wdl.Skipped
		return task.Done(), f.record(ctx, fired, nil)
	default:
		return task.Again(f.now.Add(busyPause)), nil
	}
	before := &engine.Fired{Name: f.on.Name, Outputs: f.Outputs, HasOutputs: true, Start: f.Received, End: f.Received, ClientTrackingID: f.ClientTrackingID, Status: wdl.Succeeded}
	hook := trigger.Webhook{Workflow: f.deployed.Workflow, Trigger: f.on, Callback: f.runner.callback(f.deployed, f.on), Previous: before, Request: f.Name, Now: f.Received}
	q, err := hook.Fetch()
	if err != nil {
		fired.Status, fired.Code = wdl.Failed, "BadRequest"
		return task.Done(), f.record(ctx, fired, templateError(err))
	}
	outcome, release, ok := f.runner.ask(ctx, f.db.Name(), f.request(q, fired.TrackingID))
	defer release()
	if !ok {
		return task.Done(), ErrStopped
	}
	return task.Done(), f.answered(ctx, q, fired, outcome)
}

func (f *fetch) request(q trigger.WebhookRequest, tracking string) connector.Call {
	attempt := f.Made + 1
	return connector.Call{
		Call: engine.Call{
			ID: engine.EffectID(f.Name + "#" + strconv.Itoa(attempt)), Subject: engine.TriggerSubject(f.on), Operation: q.Operation,
			Inputs: q.Inputs, Attempt: attempt, ClientRequestID: derivedGUID(f.Name, attempt), TrackingID: tracking,
		},
		Workflow: f.deployed.Workflow, TriggerTrackingID: tracking, ClientTrackingID: f.ClientTrackingID,
	}
}

// answered decides what an attempt comes to: another one, an entry of the history, or
// a run.
func (f *fetch) answered(ctx context.Context, q trigger.WebhookRequest, fired engine.Fired, o engine.Outcome) error {
	f.now = f.runner.config.Clock().UTC()
	status, code := o.Verdict()
	if o.Retried(status) && q.Retry.Type != wdl.RetryNone && f.Made < q.Retry.Count {
		f.Made++
		wait := o.RetryAfter
		if wait <= 0 {
			wait = q.Retry.Wait(f.Made, randomBits())
		}
		return f.db.Write(ctx, func(tx *store.Tx) error { return f.put(tx, f.now.Add(wait)) })
	}
	fired.Inputs, fired.HasInputs = o.Inputs, true
	if !o.HasInputs {
		fired.Inputs, _ = connector.Sanitise(q.Inputs)
	}
	fired.Outputs, fired.HasOutputs = o.Outputs, o.HasOutputs || o.StatusCode != 0
	fired.End, fired.Code = f.now, code
	if o.StatusCode == 0 || o.Error != nil {
		fired.Status = wdl.Failed
		return f.record(ctx, fired, o.Error)
	}
	return f.fire(ctx, fired)
}

// fire begins the run, or records why there is none.
func (f *fetch) fire(ctx context.Context, fired engine.Fired) error {
	_, err := f.runner.Fire(ctx, FireRequest{Deployed: f.deployed, Trigger: f.on, Fired: fired, ClientTrackingID: f.clientTrackingID(), Name: f.Name, Fetched: true, Also: f.done})
	var refused *TriggerError
	switch {
	case errors.Is(err, store.ErrExists), errors.As(err, &refused):
		return nil // begun before a crash, or in the history
	case errors.Is(err, ErrBusy) && f.on.Options.Has(wdl.SingleInstance): // another run came first
		fired.Status = wdl.Skipped
		return f.record(ctx, fired, nil)
	case errors.Is(err, ErrBusy):
		return f.db.Write(ctx, func(tx *store.Tx) error { return f.put(tx, f.now.Add(busyPause)) })
	}
	return err
}

// clientTrackingID is the one that the notification brought; "": none.
func (f *fetch) clientTrackingID() string {
	if f.ClientTrackingID == f.Name {
		return ""
	}
	return f.ClientTrackingID
}

// done ends the task in the transaction that records what came of it.
func (f *fetch) done(tx *store.Tx) error {
	err := tx.DeleteTask(notificationKey(f.FlowID, f.Trigger, f.Name))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// record writes into the history that no run began.
func (f *fetch) record(ctx context.Context, fired engine.Fired, cause *engine.Error) error {
	fired.SecureInputs, fired.SecureOutputs = f.on.SecureInputs, f.on.SecureOutputs
	fired = fill(fired, f.now, f.ClientTrackingID)
	return f.db.Write(ctx, func(tx *store.Tx) error {
		if err := f.runner.putUnfired(tx, f.db.Name(), f.FlowID, fired, f.Name, cause); err != nil {
			return err
		}
		return f.done(tx)
	})
}
