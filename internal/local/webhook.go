package local

import (
	"context"
	"slices"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// Callback is a call of the callback URL of a webhook.
type Callback struct {
	After   time.Duration // since the webhook began to wait
	Outputs expr.Value    // of the action: statusCode, headers, queries, body
}

// Call is a call of a callback URL from outside.
type Call struct {
	Action     string
	Repetition []engine.RepetitionIndex
	Outputs    expr.Value // as of a Callback
	// Taken gets one error: nil when the webhook has ended with the call,
	// engine.ErrNotWaiting if nothing waits for it. It has room for it.
	Taken chan<- error
}

func (c *Call) event() engine.Event {
	return called(engine.Record{Action: c.Action, Repetition: c.Repetition}, c.Outputs)
}

// acknowledge tells who called what became of the call.
func (s *playback) acknowledge(err error) {
	if s.taken != nil {
		s.taken <- err
		s.taken = nil
	}
}

// callbacks are the calls that are still to come, earliest first.
type callbacks struct {
	coming []coming
	asked  map[string]bool // by scope and action
}

type coming struct {
	at    time.Time
	event engine.Called
}

// expect asks for the callbacks of the webhooks that begin to wait by these rows.
func (c *callbacks) expect(s *playback, rows []engine.Row) {
	if s.CalledBack == nil || !s.Workflow.CallsBack() {
		return
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		return // told at the end
	}
	for _, rec := range records {
		webhook := rec.Type == wdl.TypeHTTPWebhook || rec.Type == wdl.TypeAPIConnectionWebhook
		of := engine.ScopeOf(rec.Repetition) + "|" + rec.Action
		if !webhook || rec.Status != wdl.Waiting || c.asked[of] {
			continue
		}
		call := s.CalledBack(rec)
		if call == nil {
			continue // it may still wait to be subscribed again
		}
		if c.asked == nil {
			c.asked = map[string]bool{}
		}
		c.asked[of] = true
		c.add(coming{s.now.Add(call.After), called(rec, call.Outputs)})
	}
}

func called(rec engine.Record, outputs expr.Value) engine.Called {
	ev := engine.Called{Action: rec.Action, Outputs: outputs}
	for _, level := range rec.Repetition {
		ev.Repetition = append(ev.Repetition, level.Index)
	}
	return ev
}

// add keeps those of one moment in the order in which they came.
func (c *callbacks) add(call coming) {
	at := slices.IndexFunc(c.coming, func(other coming) bool { return other.at.After(call.at) })
	if at < 0 {
		at = len(c.coming)
	}
	c.coming = slices.Insert(c.coming, at, call)
}

// next is the time of the earliest one; zero: there is none.
func (c *callbacks) next() time.Time {
	if len(c.coming) == 0 {
		return time.Time{}
	}
	return c.coming[0].at
}

func (c *callbacks) take() engine.Event {
	ev := c.coming[0].event
	c.coming = c.coming[1:]
	return ev
}

// request is to be performed: a call of the run, or one that unsubscribes.
type request struct {
	engine.Call
	parting *engine.Unsubscribe
}

// unsubscribe has a subscription taken back, beside the run.
func (s *playback) unsubscribe(ctx context.Context, e engine.Unsubscribe) {
	if s.Virtual {
		s.queue = append(s.queue, request{parting: &e})
		return
	}
	s.partings.Go(func() { s.perform(ctx, &e) })
}

// part performs what is left of the unsubscribes when the run has ended.
func (s *playback) part(ctx context.Context) error {
	for _, c := range s.queue {
		if c.parting != nil {
			s.perform(ctx, c.parting)
		}
	}
	s.partings.Wait()
	return ctx.Err()
}

// perform unsubscribes, again if the policy says so; a virtual clock does not wait.
func (s *playback) perform(ctx context.Context, e *engine.Unsubscribe) {
	for c := e.Call; ctx.Err() == nil; c.Attempt++ {
		outcome := s.Perform(ctx, c)
		status, _ := outcome.Verdict()
		if !outcome.Retried(status) || e.Retry.Type == wdl.RetryNone || c.Attempt > e.Retry.Count {
			return
		}
		if s.Virtual {
			continue
		}
		select {
		case <-time.After(max(outcome.RetryAfter, e.Retry.Wait(c.Attempt, 0))):
		case <-ctx.Done():
		}
	}
}
