package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/wdl"
)

// StartRequest is a firing that begins a run.
type StartRequest struct {
	Environment string
	Workflow    *engine.Workflow
	// Trigger is its record. Times, ids and the status may be left zero.
	Trigger engine.Fired
	// RunID is the run's name; "": a new one. With Named it may be there already, as who
	// must not start a run twice gives each attempt the same name.
	RunID string
	Named bool
	// ClientTrackingID correlates; "": the run's name.
	ClientTrackingID string
	// Caller says that somebody waits for a Response, until RespondBy if that is
	// set.
	Caller    bool
	RespondBy time.Time
	// Polled says that the Response will be read from the history: nobody waits in
	// this process, so the run need not stay in memory.
	Polled bool
	// Depth and Trace are those of the run, see engine.Start.
	Depth int
	Trace engine.Trace
	// Admitted says that its firing has found room already: the trigger's limits are
	// not asked again.
	Admitted bool
	// Kept is what another run did that is not done again; nil: nothing.
	Kept *Kept
	// Also, if set, is part of the transaction that creates the run.
	Also func(*store.Tx) error
}

// Start begins a run and returns when it is durable, which for a workflow that
// waits for nothing is when it has ended. If as many runs are under way as the trigger
// allows, the run waits for its turn; ErrBusy: it may not even wait. store.ErrExists:
// there is a run of that RunID. Once it has returned a run, that run ends whatever
// happens to the process.
func (r *Runner) Start(ctx context.Context, q StartRequest) (*Started, error) {
	if r.stopping.Load() || !r.entered.enter() {
		return nil, ErrStopped
	}
	defer r.entered.leave()
	db, err := r.database(ctx, q.Environment)
	if err != nil {
		return nil, err
	}
	if q.Named {
		if err := unknown(ctx, db, q.RunID); err != nil {
			return nil, err
		}
	}
	if !q.Admitted && r.throttled(q.Environment) {
		return nil, ErrThrottled
	}
	l := q.limit()
	when, err := l.turnOf(ctx, db, q.Workflow.FlowID, q.Trigger.Name)
	if err != nil {
		return nil, err
	}
	started, err := r.create(ctx, db, q, l, when)
	if errors.Is(err, errLater) {
		when = turnLater
		started, err = r.create(ctx, db, q, l, when)
	}
	if err == nil && when == turnLater {
		r.queued(flowKey{q.Environment, q.Workflow.FlowID})
	}
	return started, err
}

// unknown is store.ErrExists if there is a run of the name. It is asked before the run is
// begun in memory, where events for the one that is there would be lost with it. Nobody
// else begins a run of the name meanwhile: what must not be done twice is one task's, or
// one call's.
func unknown(ctx context.Context, db *store.DB, name string) error {
	err := db.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Run(name)
		return err
	})
	if err == nil {
		return fmt.Errorf("run %s: %w", name, store.ErrExists)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// limit is what the trigger allows.
func (q *StartRequest) limit() limit {
	t, ok := q.Workflow.Program.Trigger(q.Trigger.Name)
	if !ok || q.Admitted {
		return limit{}
	}
	return limitOf(t)
}

// create makes the run durable, begun or held.
func (r *Runner) create(ctx context.Context, db *store.DB, q StartRequest, l limit, when turn) (*Started, error) {
	a, started := r.begin(db, q)
	if when == turnLater {
		a.follow = holdEvent
	}
	if l.runs > 0 {
		a.guard = both(l.guard(q.Workflow.FlowID, q.Trigger.Name, when), q.Also)
	}
	err := a.bring(ctx, q.Kept)
	if err == nil {
		err = a.turn()
	}
	if err != nil && !a.created {
		a.dropContents(a.brought)
		a.abandon(ErrStopped)
		return nil, err
	}
	a.brought = nil
	started.Status = wdl.Running
	if s, ok := wdl.ParseStatus(a.row.Status); ok {
		started.Status = s
	}
	if err != nil {
		a.drop(err)
	} else if !a.rest() {
		go a.drive()
	}
	return started, nil
}

// both is two parts of a transaction; the second may be nil.
func both(first, second func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if err := first(tx); err != nil || second == nil {
			return err
		}
		return second(tx)
	}
}

// begin makes the run in memory.
func (r *Runner) begin(db *store.DB, q StartRequest) (*active, *Started) {
	now := r.config.Clock().UTC()
	name := q.RunID
	if name == "" {
		name = newRunName(now)
	}
	if q.ClientTrackingID == "" {
		q.ClientTrackingID = name
	}
	fired := fill(q.Trigger, now, q.ClientTrackingID)
	started := &Started{Environment: q.Environment, RunID: name, TrackingID: fired.TrackingID, ClientTrackingID: q.ClientTrackingID}
	a := &active{
		runner:   r,
		key:      runKey{q.Environment, name},
		db:       db,
		workflow: q.Workflow,
		trigger:  tracking{fired.TrackingID, q.ClientTrackingID, q.Trace, fired.End.Sub(fired.Start)},
		guard:    q.Also,
		driven:   true,
		follow:   beginEvent,
		row:      store.Run{Name: name, Workflow: q.Workflow.FlowID, Version: q.Workflow.Version, Trigger: fired.Name},
	}
	if q.Caller && !q.Polled {
		a.caller = &started.caller
	}
	if q.Workflow.Stateless && q.limit().runs == 0 && q.Kept == nil { // what is counted, or kept, is in the store
		a.held = newHeld()
	}
	start := engine.Start{
		RunID:            name,
		Trigger:          fired,
		Time:             now,
		Seed:             randomBits(),
		ClientTrackingID: q.ClientTrackingID,
		Caller:           q.Caller,
		RespondBy:        q.RespondBy,
		Depth:            q.Depth,
		Trace:            q.Trace,
	}
	if q.Kept != nil {
		start.Kept = q.Kept.Kept
	}
	a.run = engine.New(q.Workflow, start)
	return a, started
}

// fill completes the record of a firing.
func fill(f engine.Fired, now time.Time, clientTrackingID string) engine.Fired {
	if f.Start.IsZero() {
		f.Start = now
	}
	if f.End.IsZero() {
		f.End = now
	}
	if f.TrackingID == "" {
		f.TrackingID = newGUID()
	}
	if f.ClientTrackingID == "" {
		f.ClientTrackingID = clientTrackingID
	}
	if f.Status == wdl.NotSpecified {
		f.Status = wdl.Succeeded
	}
	return f
}

// Leave says that the caller of a run waits no longer: a Response that comes now
// cannot be delivered (wdl-semantics §10.2).
func (r *Runner) Leave(s *Started) {
	r.post(runKey{s.Environment, s.RunID}, engine.CallerGone{})
}

// Cancel ends a run as Cancelled and returns when that is durable. ErrFinished: it
// has ended; store.ErrNotFound: there is none.
func (r *Runner) Cancel(ctx context.Context, environment, run string) error {
	return r.CancelBy(ctx, environment, run, "")
}

// CancelBy is Cancel, and the run's head keeps by what: done again after a crash, whoever
// cancels many can tell those that it did from others ([engine.Summary]).
func (r *Runner) CancelBy(ctx context.Context, environment, run, by string) error {
	return r.tell(ctx, runKey{environment, run}, engine.Cancel{By: by})
}
