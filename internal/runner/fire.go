package runner

import (
	"context"
	"errors"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// FireRequest is a firing of a trigger: by a request, by its schedule, or by hand.
type FireRequest struct {
	Deployed *Deployed
	Trigger  *wdl.Trigger
	// Fired holds what the firing brought: outputs, start, origin. Its name, ids and
	// status are filled in.
	Fired            engine.Fired
	ClientTrackingID string // "": the run's name
	Caller           bool   // somebody waits for a Response
	Depth            int    // of the run, see engine.Start
	RespondBy        time.Time
	Polled           bool         // the Response is polled for, not waited for
	Trace            engine.Trace // that the run belongs to; the zero value: of nobody's
	// Resubmit begins the run without asking conditions and splitOn again
	// (wdl-semantics §14.3).
	Resubmit bool
	// Kept is what the run keeps of another one, with Resubmit.
	Kept *Kept
	// Fetched says that the outputs are what a notification was about; else the firing of
	// an ApiConnectionNotification is the notification.
	Fetched bool
	// Name is that of the firing, which is the same for each attempt at it, and of its
	// run; "": a new one.
	Name string
	// Also, if set, is part of the transaction that makes durable what came of the
	// firing: its run, or why there is none. It is not called with ErrBusy, which the
	// history does not show then.
	Also func(*store.Tx) error
}

// Firing is what came of it.
type Firing struct {
	Name       string   // of the trigger history
	TrackingID string   // of the trigger
	Started    *Started // nil if no run began, or not yet, or with splitOn
	Split      int      // how many runs splitOn begins
	Skipped    bool     // a condition does not hold, or splitOn gave no items
}

// TriggerError says that a template of the trigger failed: no run began, and the
// history says why.
type TriggerError struct{ Cause error }

func (e *TriggerError) Error() string { return e.Cause.Error() }
func (e *TriggerError) Unwrap() error { return e.Cause }

// Fire asks the trigger's conditions and begins its run; with splitOn a task begins one
// for each item. It returns when what it tells is durable. ErrBusy: the trigger allows no
// more runs now, and no more may wait; a flood of such firings leaves no history.
func (r *Runner) Fire(ctx context.Context, q FireRequest) (Firing, error) {
	now := r.config.Clock().UTC()
	name := q.Name
	if name == "" {
		name = newRunName(now)
	}
	if q.ClientTrackingID == "" {
		q.ClientTrackingID = name
	}
	q.Fired.Name = q.Trigger.Name
	fired := fill(q.Fired, now, q.ClientTrackingID)
	fired.SecureInputs, fired.SecureOutputs = q.Trigger.SecureInputs, q.Trigger.SecureOutputs
	if notified(q) {
		return r.notify(ctx, q, fired, name)
	}
	w := q.Deployed.Workflow
	if err := r.bringInputs(ctx, q, &fired); err != nil {
		return Firing{}, err
	}
	if !q.Resubmit {
		admitted, err := trigger.Admit(w, q.Trigger, &fired, name, now)
		if err != nil || !admitted {
			return r.refuse(ctx, q, fired, name, err)
		}
		if q.Trigger.SplitOn != nil {
			return r.fireSplit(ctx, q, fired, name, now)
		}
	}
	started, err := r.Start(ctx, StartRequest{
		Environment:      q.Deployed.Environment,
		Workflow:         w,
		Trigger:          fired,
		RunID:            name,
		Named:            q.Name != "",
		ClientTrackingID: fired.ClientTrackingID,
		Caller:           q.Caller,
		RespondBy:        q.RespondBy,
		Polled:           q.Polled,
		Depth:            q.Depth,
		Trace:            q.Trace,
		Kept:             q.Kept,
		Also:             q.Also,
	})
	if errors.Is(err, ErrBusy) && !errors.Is(err, ErrQueueFull) && q.Also == nil {
		fired.Status = wdl.Skipped
		if _, skipped := r.refuse(ctx, q, fired, name, nil); skipped != nil {
			return Firing{}, skipped
		}
	}
	return Firing{Name: name, TrackingID: fired.TrackingID, Started: started}, err
}

// refuse records a firing that begins no run, and why.
func (r *Runner) refuse(ctx context.Context, q FireRequest, f engine.Fired, name string, cause error) (Firing, error) {
	db, err := r.database(ctx, q.Deployed.Environment)
	if err != nil {
		return Firing{}, err
	}
	var failure *engine.Error
	if cause != nil {
		failure = templateError(cause)
		f.Status, f.Code = wdl.Failed, failure.Code
		if failure.Code == codeTemplate {
			f.Code = "BadRequest" // wdl-semantics §13.5
		}
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		if err := r.putUnfired(tx, q.Deployed.Environment, q.Deployed.FlowID, f, name, failure); err != nil || q.Also == nil {
			return err
		}
		return q.Also(tx)
	})
	if err != nil {
		return Firing{}, err
	}
	firing := Firing{Name: name, TrackingID: f.TrackingID, Skipped: true}
	if cause != nil {
		return firing, &TriggerError{cause}
	}
	return firing, nil
}

// templateError is the error of a firing whose templates cannot be evaluated.
func templateError(cause error) *engine.Error {
	var known *engine.Error
	if errors.As(cause, &known) {
		return known
	}
	return &engine.Error{Code: codeTemplate, Message: cause.Error()}
}

const codeTemplate = "InvalidTemplate"
