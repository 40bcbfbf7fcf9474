// Package local runs one workflow once, in this process and without a store: for
// `isle run`, `isle test` and tests of the engine. The caller performs the calls;
// everything else is the engine's.
//
// With a virtual clock time stands still while something is under way and jumps to
// the next moment the run waits for, so waits, retries and timeouts pass at once;
// calls are performed one after another, in the order the engine asks for them.
// Without one, calls run in parallel and time is real.
package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/wdl"
)

// Config says what to run.
type Config struct {
	Workflow *engine.Workflow
	Trigger  engine.Fired // name, inputs, outputs; times and status may be left out

	// Perform carries out one request. It is called from many goroutines unless the
	// clock is virtual. Contents in the inputs have been put in place.
	Perform func(context.Context, engine.Call) engine.Outcome

	Virtual bool             // time jumps
	Start   time.Time        // of a virtual clock; zero: Clock's
	Clock   func() time.Time // time.Now if nil

	// CallbackURL is what listCallbackUrl() gives; nil: there is no address to give.
	// CalledBack, if set, is asked once for each webhook that begins to wait what will
	// call it back; nil: nobody.
	CallbackURL engine.Callback
	CalledBack  func(engine.Record) *Callback
	// Calls are those of callback URLs that come from outside; not with a virtual clock.
	Calls <-chan Call

	RunID            string // "local" if empty
	ClientTrackingID string
	Seed             uint64
	Depth            int           // how many workflows called each other to begin this run
	Caller           bool          // somebody waits for the Response
	RespondWithin    time.Duration // then the caller gets 504; zero: never

	// Check loads the run anew from what it stored after every step and fails if
	// that changes anything.
	Check bool
	// Observe, if set, sees every event with what it led to.
	Observe func(at time.Time, ev engine.Event, res *engine.Result)
}

// Result is what became of the run.
type Result struct {
	Summary   engine.Summary
	Trigger   engine.Fired
	Records   []engine.Record
	Variables []engine.Variable
	Rows      []engine.Row
	Head      []byte
	// Response is the caller's first answer, Polled what polling its Location ends
	// with; nil without a caller, and Polled also after a final answer.
	Response, Polled *Response
}

// Response is an answer to the caller.
type Response struct {
	StatusCode int
	Headers    expr.Value
	Body       expr.Value
	HasBody    bool
}

// Run runs the workflow to its end. It fails if ctx ends first, or when nothing can
// ever happen any more.
func Run(ctx context.Context, c Config) (*Result, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.RunID == "" {
		c.RunID = "local"
	}
	s := &playback{Config: c, contents: map[string]expr.Value{}, scopes: map[string][]engine.Row{},
		flying: map[engine.EffectID]context.CancelFunc{}, outcomes: make(chan engine.Completed)}
	s.now = c.Start
	if !c.Virtual || s.now.IsZero() {
		s.now = c.Clock()
	}
	ctx, s.cancel = context.WithCancel(ctx)
	defer s.cancel()
	return s.run(ctx)
}

// playback is one call of Run.
type playback struct {
	Config
	now    time.Time
	cancel context.CancelFunc

	core     *engine.Run
	head     []byte
	rows     []engine.Row
	scopes   map[string][]engine.Row
	contents map[string]expr.Value
	summary  engine.Summary
	wake     time.Time

	queue    []request // virtual clock: to be performed
	flying   map[engine.EffectID]context.CancelFunc
	outcomes chan engine.Completed

	callbacks callbacks
	taken     chan<- error   // of the Call that is the next event; nil: it is none
	partings  sync.WaitGroup // real clock: unsubscribes under way

	respondBy time.Time
	response  *Response
	polled    *Response
}

func (s *playback) run(ctx context.Context) (*Result, error) {
	s.begin()
	var ev engine.Event = engine.Begin{}
	for {
		if err := s.step(ctx, ev); err != nil {
			return nil, err
		}
		if s.summary.Status.Final() {
			if err := s.part(ctx); err != nil {
				return nil, err
			}
			return s.result()
		}
		var err error
		if ev, err = s.next(ctx); err != nil {
			return nil, err
		}
	}
}

func (s *playback) begin() {
	t := s.Trigger
	if t.Start.IsZero() {
		t.Start, t.End = s.now, s.now
	}
	if t.Status == wdl.NotSpecified {
		t.Status = wdl.Succeeded
	}
	start := engine.Start{RunID: s.RunID, Trigger: t, Time: s.now, Seed: s.Seed, ClientTrackingID: s.ClientTrackingID, Caller: s.Caller, Depth: s.Depth}
	if s.Caller && s.RespondWithin > 0 {
		start.RespondBy = s.now.Add(s.RespondWithin)
		s.respondBy = start.RespondBy
	}
	if s.Caller && (!s.Workflow.Program.ResponseExpected() || answersLater(s.Workflow.Program)) {
		s.response = &Response{StatusCode: 202}
	}
	s.core = engine.New(s.Workflow, start)
	s.core.SetCallback(s.CallbackURL)
}

// answersLater reports whether the caller gets 202 first and polls for the Response
// (wdl-semantics §10.2).
func answersLater(p *wdl.Program) bool {
	for _, a := range p.Actions {
		if a.Type == wdl.TypeResponse && a.Options.Has(wdl.Asynchronous) {
			return true
		}
	}
	return false
}

// step takes an event, and what the engine then asks for, until it waits.
func (s *playback) step(ctx context.Context, ev engine.Event) error {
	for ev != nil {
		res, err := s.core.Step(s.now, ev)
		s.acknowledge(err)
		if errors.Is(err, engine.ErrNotWaiting) {
			return nil // the webhook has timed out before its callback
		}
		if err != nil {
			return err
		}
		if s.Observe != nil {
			s.Observe(s.now, ev, &res)
		}
		s.store(&res)
		s.act(ctx, res.Effects)
		ev = s.follow(&res)
		if s.Check && !s.summary.Status.Final() {
			if ev, err = s.reload(ev); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *playback) store(res *engine.Result) {
	for _, c := range res.Contents {
		s.contents[c.ID] = c.Value
	}
	if res.Head != nil {
		s.head = res.Head
	}
	for _, row := range res.Rows {
		s.rows = append(s.rows, row)
		s.scopes[row.Scope] = append(s.scopes[row.Scope], row)
	}
	s.summary, s.wake = res.Summary, res.Wake
	s.callbacks.expect(s, res.Rows)
}

// follow is the event that the engine wants at once; nil if none.
func (s *playback) follow(res *engine.Result) engine.Event {
	switch {
	case res.Need != nil:
		var loaded engine.Loaded
		for _, scope := range res.Need.Scopes {
			loaded.Rows = append(loaded.Rows, s.scopes[scope]...)
		}
		for _, ref := range res.Need.Contents {
			if v, ok := s.contents[ref.ID]; ok {
				loaded.Contents = append(loaded.Contents, engine.Content{ID: ref.ID, Value: v})
			} else {
				loaded.Missing = append(loaded.Missing, ref.ID)
			}
		}
		return loaded
	case res.More:
		return engine.Continue{}
	}
	return nil
}

// reload replaces the run by one made of what is stored. If the engine waits,
// resuming must lead to the same head; else the new run goes on from there.
func (s *playback) reload(ev engine.Event) (engine.Event, error) {
	scopes, err := engine.OpenScopes(s.head)
	if err != nil {
		return nil, err
	}
	var rows []engine.Row
	for _, scope := range scopes {
		rows = append(rows, s.scopes[scope]...)
	}
	if s.core, err = engine.Load(s.Workflow, s.head, rows); err != nil {
		return nil, err
	}
	s.core.SetCallback(s.CallbackURL)
	if ev != nil {
		return engine.Resume{}, nil
	}
	res, err := s.core.Step(s.now, engine.Resume{})
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(res.Head, s.head) || len(res.Rows) > 0 || !res.Wake.Equal(s.wake) {
		return nil, errors.New("a reloaded run differs from the one in memory")
	}
	return nil, nil
}

func (s *playback) act(ctx context.Context, effects []engine.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case engine.Call:
			s.call(ctx, e)
		case engine.Abandon:
			if cancel, ok := s.flying[e.ID]; ok {
				cancel()
				delete(s.flying, e.ID)
			}
		case engine.Unsubscribe:
			s.unsubscribe(ctx, e)
		case engine.Respond:
			answer := &Response{StatusCode: e.StatusCode, Headers: e.Headers, Body: s.whole(e.Body), HasBody: e.HasBody}
			if s.response == nil {
				s.response = answer
			} else {
				s.polled = answer
			}
		}
	}
}

func (s *playback) call(ctx context.Context, c engine.Call) {
	if _, ok := s.flying[c.ID]; ok {
		return // repeated by a reload
	}
	c.Inputs, c.Context, c.Progress = s.whole(c.Inputs), s.whole(c.Context), s.whole(c.Progress)
	ctx, cancel := context.WithCancel(ctx)
	s.flying[c.ID] = cancel
	if s.Virtual {
		s.queue = append(s.queue, request{Call: c})
		return
	}
	go func() {
		outcome := s.Perform(ctx, c)
		select {
		case s.outcomes <- engine.Completed{Effect: c.ID, Outcome: outcome}:
		case <-ctx.Done():
		}
	}()
}

// whole puts contents in the place of references.
func (s *playback) whole(v expr.Value) expr.Value {
	v, _ = v.Resolve(func(ref expr.ContentReference) (expr.Value, error) { return s.contents[ref.ID], nil })
	return v
}

// next waits for the next event.
func (s *playback) next(ctx context.Context) (engine.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Virtual {
		return s.nextVirtual(ctx)
	}
	var alarm <-chan time.Time
	if at := s.nextAlarm(); !at.IsZero() {
		timer := time.NewTimer(at.Sub(s.Clock()))
		defer timer.Stop()
		alarm = timer.C
	} else if len(s.flying) == 0 {
		return nil, errStuck
	}
	var callback <-chan time.Time
	if at := s.callbacks.next(); !at.IsZero() {
		timer := time.NewTimer(at.Sub(s.Clock()))
		defer timer.Stop()
		callback = timer.C
	}
	select {
	case call := <-s.Calls:
		s.now, s.taken = s.Clock(), call.Taken
		return call.event(), nil
	case <-callback:
		s.now = s.Clock()
		return s.callbacks.take(), nil
	case done := <-s.outcomes:
		s.land(done.Effect)
		s.now = s.Clock()
		return done, nil
	case <-alarm:
		s.now = s.Clock()
		return s.alarm(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errStuck = errors.New("the run waits for something that cannot happen in this process")

func (s *playback) land(id engine.EffectID) {
	if cancel, ok := s.flying[id]; ok {
		cancel()
		delete(s.flying, id)
	}
}

// nextAlarm is the run's wake time, or the time at which the caller gives up.
func (s *playback) nextAlarm() time.Time {
	at := s.wake
	if s.response == nil && !s.respondBy.IsZero() && (at.IsZero() || s.respondBy.Before(at)) {
		at = s.respondBy
	}
	return at
}

// alarm is the event of that moment.
func (s *playback) alarm() engine.Event {
	if s.response == nil && !s.respondBy.IsZero() && !s.now.Before(s.respondBy) {
		s.response = &Response{StatusCode: 504, HasBody: true, Body: failure("GatewayTimeout",
			"The execution of the workflow did not answer within the time limit.")}
		return engine.CallerGone{}
	}
	return engine.Woke{}
}

func (s *playback) nextVirtual(ctx context.Context) (engine.Event, error) {
	for len(s.queue) > 0 {
		c := s.queue[0]
		s.queue = s.queue[1:]
		if c.parting != nil {
			s.perform(ctx, c.parting)
			continue
		}
		if _, wanted := s.flying[c.ID]; !wanted {
			continue
		}
		outcome := s.Perform(ctx, c.Call)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.land(c.ID)
		return engine.Completed{Effect: c.ID, Outcome: outcome}, nil
	}
	at, called := s.nextAlarm(), s.callbacks.next()
	if !called.IsZero() && (at.IsZero() || !at.Before(called)) {
		s.now = later(s.now, called)
		return s.callbacks.take(), nil
	}
	if at.IsZero() {
		return nil, errStuck
	}
	s.now = later(s.now, at)
	return s.alarm(), nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *playback) result() (*Result, error) {
	records, err := engine.DecodeRecords(s.rows)
	if err != nil {
		return nil, err
	}
	for i := range records {
		records[i].Inputs, records[i].Outputs = s.whole(records[i].Inputs), s.whole(records[i].Outputs)
	}
	trigger, err := engine.DecodeTrigger(s.head, s.rows)
	if err != nil {
		return nil, err
	}
	trigger.Inputs, trigger.Outputs = s.whole(trigger.Inputs), s.whole(trigger.Outputs)
	res := &Result{Summary: s.summary, Trigger: trigger, Records: records, Rows: s.rows, Head: s.head, Response: s.response, Polled: s.polled}
	for _, v := range s.core.Variables() {
		v.Value = s.whole(v.Value)
		res.Variables = append(res.Variables, v)
	}
	for i := range res.Summary.Outputs {
		res.Summary.Outputs[i].Value = s.whole(res.Summary.Outputs[i].Value)
	}
	if s.Caller {
		s.unanswered(res)
	}
	return res, nil
}

// unanswered gives the caller of a run that ended without a Response its 502
// (wdl-semantics §10.2).
func (s *playback) unanswered(res *Result) {
	none := &Response{StatusCode: 502, HasBody: true, Body: failure("NoResponse",
		fmt.Sprintf("The server did not receive a response from an upstream server. Request tracking id '%s'.", res.Trigger.TrackingID))}
	switch {
	case res.Response == nil:
		res.Response = none
	case res.Polled == nil && answersLater(s.Workflow.Program):
		res.Polled = none
	}
}

func failure(code, message string) expr.Value {
	text := func(name, v string) expr.Member { return expr.Member{Name: name, Value: expr.String(v)} }
	return expr.Object(expr.Member{Name: "error", Value: expr.Object(text("code", code), text("message", message))})
}
