package runner

import (
	"context"
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
	// RunID is set by who must not start a run twice; "": a new one.
	RunID string
	// ClientTrackingID correlates; "": the run's name.
	ClientTrackingID string
	// Caller says that somebody waits for a Response, until RespondBy if that is
	// set.
	Caller    bool
	RespondBy time.Time
	// Polled says that the Response will be read from the history: nobody waits in
	// this process, so the run need not stay in memory.
	Polled bool
	// Depth is that of the run, see engine.Start.
	Depth int
	// Single refuses with ErrBusy while another run of the workflow is open.
	Single bool
	// Also, if set, is part of the transaction that creates the run.
	Also func(*store.Tx) error
}

// Start begins a run and returns when it is durable, which for a workflow that
// waits for nothing is when it has ended. store.ErrExists: there is a run of that
// RunID. Once it has returned a run, that run ends whatever happens to the process.
func (r *Runner) Start(ctx context.Context, q StartRequest) (*Started, error) {
	if r.stopping.Load() || !r.entered.enter() {
		return nil, ErrStopped
	}
	defer r.entered.leave()
	db, err := r.database(ctx, q.Environment)
	if err != nil {
		return nil, err
	}
	a, started := r.begin(db, q)
	err = a.turn()
	if err != nil && !a.created {
		a.abandon()
		return nil, err
	}
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
		trigger:  tracking{fired.TrackingID, q.ClientTrackingID},
		guard:    q.guard(),
		driven:   true,
		follow:   beginEvent,
		row:      store.Run{Name: name, Workflow: q.Workflow.FlowID, Version: q.Workflow.Version, Trigger: fired.Name},
	}
	if q.Caller && !q.Polled {
		a.caller = &started.caller
	}
	if q.Workflow.Stateless {
		a.held = newHeld()
	}
	a.run = engine.New(q.Workflow, engine.Start{
		RunID:            name,
		Trigger:          fired,
		Time:             now,
		Seed:             randomBits(),
		ClientTrackingID: q.ClientTrackingID,
		Caller:           q.Caller,
		RespondBy:        q.RespondBy,
		Depth:            q.Depth,
	})
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

// guard is what else the creating transaction does.
func (q StartRequest) guard() func(*store.Tx) error {
	if !q.Single {
		return q.Also
	}
	return func(tx *store.Tx) error {
		open, err := tx.OpenRuns(q.Workflow.FlowID)
		if err != nil {
			return err
		}
		if open > 0 {
			return ErrBusy
		}
		if q.Also == nil {
			return nil
		}
		return q.Also(tx)
	}
}

// Leave says that the caller of a run waits no longer: a Response that comes now
// cannot be delivered (wdl-semantics §10.2).
func (r *Runner) Leave(s *Started) {
	r.post(runKey{s.Environment, s.RunID}, engine.CallerGone{})
}

// Cancel ends a run as Cancelled and returns when that is durable. ErrFinished: it
// has ended; store.ErrNotFound: there is none.
func (r *Runner) Cancel(ctx context.Context, environment, run string) error {
	if r.stopping.Load() {
		return ErrStopped
	}
	ack := make(chan error, 1)
	if err := r.deliver(ctx, runKey{environment, run}, delivery{engine.Cancel{}, ack}); err != nil {
		return err
	}
	select {
	case err := <-ack:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
