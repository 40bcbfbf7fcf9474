package runner

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// poll asks whether there is news (wdl-semantics §10.3). The cursor of the answer is
// stored with what came of it: data that no run was begun for is asked for again.
func (o *occasion) poll(ctx context.Context) error {
	w, s := o.deployed.Workflow, o.schedule
	if o.began = o.now; s.Attempts != nil {
		o.began = s.Attempts.Began
	}
	fired := engine.Fired{Name: o.on.Name, Start: o.began, ScheduledTime: o.scheduled(), TrackingID: derivedGUID(o.name, 0)}
	if busy, err := o.busy(ctx); err != nil || busy {
		if fired.Status = wdl.Skipped; err == nil {
			err = o.record(ctx, fired, nil, s.passed())
		}
		return err
	}
	p, err := trigger.NewPoll(w, o.on, o.name, o.began)
	if err != nil {
		fired.Status, fired.Code = wdl.Failed, "BadRequest"
		return o.record(ctx, fired, templateError(err), s.passed())
	}
	outcome, release, ok := o.runner.ask(ctx, o.db.Name(), o.request(p, fired.TrackingID))
	defer release()
	if !ok {
		return ErrStopped
	}
	return o.answered(ctx, p, fired, outcome)
}

// busy reports whether no run may begin now, nor wait. Then no poll is made, as what
// it brought would be lost.
func (o *occasion) busy(ctx context.Context) (busy bool, err error) {
	if o.runner.throttled(o.db.Name()) {
		return true, nil
	}
	err = o.db.Read(ctx, func(tx *store.Tx) error {
		free, err := room(tx, o.deployed.FlowID, o.on)
		busy = !free
		return err
	})
	return busy, err
}

// request is one attempt; made again after a crash it has the same ids.
func (o *occasion) request(p trigger.Poll, tracking string) connector.Call {
	attempt := 1
	if o.schedule.Attempts != nil {
		attempt += o.schedule.Attempts.Made
	}
	c := connector.Call{
		Call: engine.Call{
			ID: engine.EffectID(o.name + "#" + strconv.Itoa(attempt)), Subject: engine.TriggerSubject(o.on), Operation: o.on.Type,
			Inputs: p.Inputs, Attempt: attempt, Deadline: p.Deadline,
			ClientRequestID: derivedGUID(o.name, attempt), TrackingID: tracking,
		},
		Workflow: o.deployed.Workflow, TriggerTrackingID: tracking, ClientTrackingID: o.name,
	}
	if o.schedule.Cursor != "" {
		c.Poll = &engine.Poll{URL: o.schedule.Cursor}
	}
	return c
}

// answered decides what an attempt comes to: another one, an entry of the history, or
// a run.
func (o *occasion) answered(ctx context.Context, p trigger.Poll, fired engine.Fired, outcome engine.Outcome) error {
	o.now = o.runner.config.Clock().UTC()
	status, code := outcome.Verdict()
	if again := o.retry(p, &outcome, status); again != nil {
		next := o.schedule
		next.Attempts = again
		return o.goOn(ctx, next)
	}
	fired.Inputs, fired.HasInputs = outcome.Inputs, o.on.Inputs != nil
	if !outcome.HasInputs {
		fired.Inputs, _ = connector.Sanitise(p.Inputs)
	}
	fired.Outputs, fired.HasOutputs = outcome.Outputs, outcome.HasOutputs
	fired.End, fired.Code = o.now, code
	next := o.schedule.passed()
	if outcome.StatusCode == 0 || outcome.Error != nil {
		fired.Status = wdl.Failed
		return o.record(ctx, fired, outcome.Error, next)
	}
	if outcome.Poll != nil {
		next.Cursor = outcome.Poll.URL
	}
	next.heed(&outcome, o.now)
	return o.fireOrSkip(ctx, fired, next, o.schedule.passed())
}

// retry is the next attempt that the retry policy gives; nil if this was the last.
func (o *occasion) retry(p trigger.Poll, outcome *engine.Outcome, status wdl.Status) *attempts {
	again := attempts{Began: o.began}
	if o.schedule.Attempts != nil {
		again = *o.schedule.Attempts
	}
	again.Made++
	if !outcome.Retried(status) || p.Retry.Type == wdl.RetryNone || again.Made > p.Retry.Count {
		return nil
	}
	wait := outcome.RetryAfter
	if wait <= 0 {
		wait = p.Retry.Wait(again.Made, randomBits())
	}
	again.Again = o.now.Add(wait)
	if !p.Deadline.IsZero() && !again.Again.Before(p.Deadline) {
		return nil
	}
	return &again
}

// heed takes the Retry-After of an answer: after 200 the next poll is then, after 202
// not before (wdl-semantics §10.3).
func (s *schedule) heed(o *engine.Outcome, now time.Time) {
	switch {
	case o.RetryAfter <= 0:
	case o.StatusCode == http.StatusOK:
		s.exactly = now.Add(o.RetryAfter)
	case o.StatusCode == http.StatusAccepted:
		s.earliest = now.Add(o.RetryAfter)
	}
}

// Poll has a polling trigger ask now, beside its schedule: its task is due at once.
func (r *Runner) Poll(ctx context.Context, d *Deployed, t *wdl.Trigger) error {
	db, err := r.database(ctx, d.Environment)
	if err != nil {
		return err
	}
	now := r.config.Clock().UTC()
	return db.Write(ctx, func(tx *store.Tx) error {
		// The workflow may have been saved or enabled a moment ago.
		if err := r.Arm(tx, ArmRequest{FlowID: d.FlowID, Trigger: t, Now: now}); err != nil {
			return err
		}
		s, _, err := armed(tx, d.FlowID, t.Name)
		if err != nil {
			return err
		}
		if s.Hand = now; s.Attempts != nil {
			s.Hand, s.Attempts.Again = time.Time{}, now
		}
		return s.store(tx)
	})
}
