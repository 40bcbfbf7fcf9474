package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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

// callbackVersion is the api-version of callback URLs that are handed on
// (wdl-semantics §10.2).
const callbackVersion = "2016-10-01"

// unsubscribeLimit bounds an unsubscribe with its retries: a peer that never answers
// is given up, so that what waits for it ends.
const unsubscribeLimit = 30 * time.Minute

// callback is the URL that listCallbackUrl() gives in the inputs of a trigger: the one
// that the API lists.
func (r *Runner) callback(d *Deployed, t *wdl.Trigger) string {
	return TriggerLink(d.FlowID, "", t.Name, "", callbackVersion).URL(r.config.Access(d.Environment), d.Keys[0])
}

// SubscribeRequest names the current version of a workflow.
type SubscribeRequest struct {
	Deployed *Deployed
	Only     *wdl.Trigger // nil: all triggers of the workflow
	Now      time.Time
	// Restart subscribes anew also what has not changed, as after enabling.
	Restart bool
}

// Subscribe notes, in the environment's transaction, what the peers of the workflow's
// webhook triggers should know from now on: nothing if it is disabled, or of triggers
// that it has no more. It may be called again.
func (r *Runner) Subscribe(tx *store.Tx, q SubscribeRequest) error {
	d := q.Deployed
	if !d.Enabled {
		return r.endSubscriptions(tx, d.FlowID, nil)
	}
	triggers := d.Workflow.Program.Triggers
	if q.Only != nil {
		triggers = []*wdl.Trigger{q.Only}
	} else if err := r.endSubscriptions(tx, d.FlowID, triggers); err != nil {
		return err
	}
	for _, t := range triggers {
		if trigger.IsWebhook(t) {
			if err := r.subscribe(tx, q, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Runner) subscribe(tx *store.Tx, q SubscribeRequest, t *wdl.Trigger) error {
	d := q.Deployed
	s, ok, err := readSubscription(tx, d.FlowID, t.Name)
	if err != nil {
		return err
	}
	if !ok {
		s = &subscription{FlowID: d.FlowID, Trigger: t.Name}
	}
	hook := trigger.Webhook{Workflow: d.Workflow, Trigger: t, Callback: r.callback(d, t), Now: q.Now}
	s.want(hook.Form(), d.Version, q.Restart)
	return s.put(tx, q.Now)
}

// Unsubscribe notes, in the environment's transaction, that no peer should know of a
// workflow any more; left says that some have not been told yet. It may be called again.
func (r *Runner) Unsubscribe(tx *store.Tx, flowID string) (left bool, err error) {
	if err := r.endSubscriptions(tx, flowID, nil); err != nil {
		return true, err
	}
	tasks, err := tx.Tasks(subscriptionKey(flowID, ""))
	return len(tasks) > 0, err
}

// endSubscriptions notes that peers should forget a workflow's triggers, but those in
// the list.
func (r *Runner) endSubscriptions(tx *store.Tx, flowID string, but []*wdl.Trigger) error {
	tasks, err := tx.Tasks(subscriptionKey(flowID, ""))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		s, err := decodeSubscription(t)
		if err != nil {
			return err
		}
		stays := slices.ContainsFunc(but, func(t *wdl.Trigger) bool { return trigger.IsWebhook(t) && strings.EqualFold(t.Name, s.Trigger) })
		if stays || s.Wanted == "" {
			continue
		}
		s.want("", "", false)
		if err := s.put(tx, r.config.Clock()); err != nil {
			return err
		}
	}
	return nil
}

// SubscriptionHandler carries out tasks of SubscriptionKind.
func (r *Runner) SubscriptionHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		for {
			call, err := r.nextRequest(ctx, db, t.Key)
			if call == nil || err != nil {
				return task.Done(), err
			}
			outcome, release, ok := r.ask(ctx, db.Name(), *call)
			if ok {
				err = r.noteOutcome(ctx, db, t.Key, outcome)
			}
			release()
			switch {
			case !ok:
				return task.Done(), ErrStopped
			case err != nil:
				return task.Done(), err
			}
		}
	}
}

// nextRequest stores the request that is to be made now, and gives it; nil if none is.
func (r *Runner) nextRequest(ctx context.Context, db *store.DB, key string) (*connector.Call, error) {
	for {
		row, err := readTask(ctx, db, key)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		p := &subscriptionPlan{runner: r, db: db, now: r.config.Clock().UTC()}
		if p.subscription, err = decodeSubscription(row); err != nil {
			return nil, err
		}
		if err := p.plan(ctx); err != nil {
			return nil, err
		}
		err = db.Write(ctx, func(tx *store.Tx) error { return p.commit(tx, row) })
		if errors.Is(err, store.ErrConflict) {
			continue // the workflow has changed meanwhile
		}
		return p.call, err
	}
}

func readTask(ctx context.Context, db *store.DB, key string) (t store.Task, err error) {
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		t, err = tx.Task(key)
		return err
	})
	return t, err
}

// noteOutcome stores what came of the request under way.
func (r *Runner) noteOutcome(ctx context.Context, db *store.DB, key string, o engine.Outcome) error {
	now := r.config.Clock().UTC()
	var done *taken
	var s *subscription
	err := db.Write(ctx, func(tx *store.Tx) error {
		t, err := tx.Task(key)
		if err != nil {
			return err
		}
		if s, err = decodeSubscription(t); err != nil || s.Request == nil {
			return err
		}
		if done = s.take(o, now, randomBits()); done != nil && done.failed {
			if err := r.putUnfired(tx, db.Name(), s.FlowID, done.fired(s, now), newRunName(now), done.error(s.Trigger)); err != nil {
				return err
			}
		}
		return s.put(tx, now)
	})
	if err == nil && done != nil && done.failed {
		r.config.Log.Warn("request of a webhook trigger failed", "environment", db.Name(), "workflow", s.FlowID, "trigger", s.Trigger, "unsubscribe", done.End, "error", done.error(s.Trigger))
	}
	return err
}

// fired is the entry in the trigger history of a request that failed.
func (d *taken) fired(t *subscription, now time.Time) engine.Fired {
	status, code := d.outcome.Verdict()
	f := engine.Fired{Name: t.Trigger, Start: d.Start, End: now, Status: status, Code: code,
		Inputs: d.outcome.Inputs, HasInputs: d.outcome.HasInputs, Outputs: d.outcome.Outputs, HasOutputs: !d.outcome.Outputs.IsNull(),
		TrackingID: d.Tracking, SecureInputs: d.SecureInputs, SecureOutputs: d.SecureOutputs}
	return fill(f, now, "")
}

// error says why a request failed, also where the peer just answered with a status.
func (d *taken) error(name string) *engine.Error {
	if d.outcome.Error != nil {
		return d.outcome.Error
	}
	verb := "subscribe"
	if d.End {
		verb = "unsubscribe"
	}
	_, code := d.outcome.Verdict()
	return &engine.Error{Code: code, Message: fmt.Sprintf("The %s request of the trigger '%s' was answered with the status code %d.", verb, name, d.outcome.StatusCode)}
}

// subscriptionPlan decides what is to be done next and prepares it. It owns a copy of
// the subscription until commit stores it.
type subscriptionPlan struct {
	*subscription
	runner *Runner
	db     *store.DB
	now    time.Time

	call     *connector.Call
	failures []subscriptionFailure // templates that failed
}

type subscriptionFailure struct {
	fired engine.Fired
	cause error
}

func (p *subscriptionPlan) plan(ctx context.Context) error {
	for p.Request == nil && (p.stale() || p.missing()) {
		prepare := p.subscribe
		if p.stale() {
			prepare = p.unsubscribe
		}
		if err := prepare(ctx); err != nil {
			return err
		}
	}
	q := p.Request
	if q == nil || q.Wake.After(p.now) {
		return nil
	}
	w, err := p.version(ctx, q.Version)
	if w == nil || err != nil {
		p.Request, p.Held = nil, nil // only a version that no run needs is gone, after its workflow
		return err
	}
	on, ok := w.Program.Trigger(p.Trigger)
	if !ok { // given up: it could never be made, and would be due for ever
		p.Request, p.Held = nil, nil
		return nil
	}
	p.begin(w, on)
	return nil
}

// begin makes the next attempt of the request, or the same once more if the process
// died during it.
func (p *subscriptionPlan) begin(w *engine.Workflow, on *wdl.Trigger) {
	q := p.Request
	repeated := q.Begun
	if !repeated {
		q.Attempt++
		q.ID, q.Begun, q.Wake = newGUID(), true, time.Time{}
	}
	p.call = &connector.Call{
		Call: engine.Call{
			ID: engine.EffectID(subscriptionKey(p.FlowID, p.Trigger)), Subject: engine.TriggerSubject(on), Operation: cmp.Or(q.Operation, on.Type), Inputs: q.Inputs, Attempt: q.Attempt,
			Deadline: q.Deadline, ClientRequestID: q.ID, TrackingID: q.Tracking, Repeated: repeated, Callback: q.Callback,
		},
		Workflow: w, TriggerTrackingID: q.Tracking, ClientTrackingID: q.Tracking,
	}
}

// version is the workflow that a request is of; nil if it is gone.
func (p *subscriptionPlan) version(ctx context.Context, id string) (*engine.Workflow, error) {
	w, err := p.runner.config.Programs.Workflow(ctx, p.db.Name(), p.FlowID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return w, err
}

// subscribe prepares the request that subscribes.
func (p *subscriptionPlan) subscribe(ctx context.Context) error {
	w, err := p.version(ctx, p.Version)
	if w == nil || err != nil {
		p.Wanted = ""
		return err
	}
	on, ok := w.Program.Trigger(p.Trigger)
	d, err := p.runner.config.Programs.ByFlowID(ctx, p.FlowID)
	if !ok || errors.Is(err, store.ErrNotFound) {
		p.Wanted = ""
		return nil
	}
	if err != nil {
		return err
	}
	hook := trigger.Webhook{Workflow: w, Trigger: on, Callback: p.runner.callback(d, on), Request: newRunName(p.now), Now: p.now}
	if hook.Previous, err = p.runner.previous(ctx, p.db, p.FlowID, p.Trigger); err != nil {
		return err
	}
	evaluated, err := hook.Subscribe()
	if err != nil {
		p.fail(err)
		p.Failure = templateError(err)
		return nil
	}
	q := &subscriptionRequest{Form: p.Wanted, Version: p.Version, Callback: hook.Callback, Operation: evaluated.Operation, Inputs: evaluated.Inputs, Policy: evaluated.Retry,
		Deadline: evaluated.Deadline, Tracking: newGUID(), Start: p.now, SecureInputs: on.SecureInputs, SecureOutputs: on.SecureOutputs}
	if evaluated.Silent {
		p.Held = q.accepted(engine.Outcome{Inputs: hook.Sanitise(evaluated.Inputs), HasInputs: true}, "", p.now)
		return nil
	}
	p.Request = q
	return nil
}

// unsubscribe prepares the request that ends what is held. One that cannot be made is
// given up.
func (p *subscriptionPlan) unsubscribe(ctx context.Context) error {
	h := p.Held
	w, err := p.version(ctx, h.Version)
	if err != nil {
		return err
	}
	var on *wdl.Trigger
	if w != nil {
		on, _ = w.Program.Trigger(p.Trigger)
	}
	if on == nil {
		p.Held = nil
		return nil
	}
	hook := trigger.Webhook{Workflow: w, Trigger: on, Callback: h.Callback, Previous: h.fired(on.Name), Request: newRunName(p.now), Now: p.now}
	evaluated, err := hook.Unsubscribe()
	if err != nil {
		p.fail(err)
	}
	if err != nil || evaluated.Silent {
		p.Held = nil
		return nil
	}
	p.Request = &subscriptionRequest{End: true, Version: h.Version, Callback: h.Callback, Operation: evaluated.Operation, Inputs: evaluated.Inputs, Policy: evaluated.Retry,
		Deadline: p.now.Add(unsubscribeLimit), Tracking: newGUID(), Start: p.now, SecureInputs: on.SecureInputs, SecureOutputs: on.SecureOutputs}
	return nil
}

// fail notes a template that failed, for the trigger history.
func (p *subscriptionPlan) fail(cause error) {
	fired := fill(engine.Fired{Name: p.Trigger, Status: wdl.Failed, Code: "BadRequest"}, p.now, "")
	p.failures = append(p.failures, subscriptionFailure{fired, cause})
}

// commit stores the plan if the task is still as it was read.
func (p *subscriptionPlan) commit(tx *store.Tx, row store.Task) error {
	current, err := tx.Task(row.Key)
	if errors.Is(err, store.ErrNotFound) || err == nil && current.Revision != row.Revision {
		return store.ErrConflict
	}
	if err != nil {
		return err
	}
	for _, f := range p.failures {
		if err := p.runner.putUnfired(tx, p.db.Name(), p.FlowID, f.fired, newRunName(p.now), templateError(f.cause)); err != nil {
			return err
		}
	}
	return p.put(tx, p.now)
}

// previous is the firing before, as trigger() shows it in the inputs of its trigger;
// nil if there was none.
func (r *Runner) previous(ctx context.Context, db *store.DB, flowID, name string) (fired *engine.Fired, err error) {
	var run store.Run
	err = db.Read(ctx, func(tx *store.Tx) error {
		last, err := runHistories(tx, store.TriggerHistoryQuery{Workflow: flowID, Trigger: name, Limit: 1})
		if err != nil || len(last) == 0 {
			return err
		}
		if run, err = tx.Run(last[0].Run); err != nil {
			return err
		}
		rows, err := tx.Rows(run.Name, "")
		if err != nil {
			return err
		}
		f, err := engine.DecodeTrigger(run.Head, rows)
		fired = &f
		return err
	})
	if err != nil || fired == nil {
		return nil, err
	}
	fired.Outputs, err = Resolve(ctx, db, run.Name, fired.Outputs)
	return fired, err
}

// subscribedInputs are the inputs that a webhook trigger has subscribed with; ok is false
// before its peer has accepted them.
func (r *Runner) subscribedInputs(ctx context.Context, db *store.DB, flowID string, t *wdl.Trigger) (inputs expr.Value, ok bool, err error) {
	var s *subscription
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		s, ok, err = readSubscription(tx, flowID, t.Name)
		return err
	})
	if err != nil || !ok || s.Held == nil {
		return expr.Null(), false, err
	}
	return s.Held.Inputs, true, nil
}

// bringInputs gives the firing of a webhook trigger the inputs that it has subscribed
// with.
func (r *Runner) bringInputs(ctx context.Context, q FireRequest, f *engine.Fired) error {
	if !trigger.IsWebhook(q.Trigger) || f.HasInputs {
		return nil
	}
	db, err := r.database(ctx, q.Deployed.Environment)
	if err != nil {
		return err
	}
	f.Inputs, f.HasInputs, err = r.subscribedInputs(ctx, db, q.Deployed.FlowID, q.Trigger)
	return err
}
