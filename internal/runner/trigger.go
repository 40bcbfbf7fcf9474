package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// TriggerHandler carries out tasks of TriggerKind: it fires the slot, the window or
// the poll that is due and arms the next one, in one transaction, so that each begins
// its run once at most. A poll is made before that: after a crash it is made again.
func (r *Runner) TriggerHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		var s schedule
		if err := json.Unmarshal(t.Payload, &s); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		return r.fireSlot(ctx, db, s)
	}
}

// occasion is one time at which a trigger with a recurrence is due.
type occasion struct {
	runner   *Runner
	db       *store.DB
	deployed *Deployed
	on       *wdl.Trigger
	schedule schedule
	name     string // of the firing: the same for every attempt
	now      time.Time
	began    time.Time // the first attempt of a poll
}

func (r *Runner) fireSlot(ctx context.Context, db *store.DB, s schedule) (task.Result, error) {
	d, err := r.config.Programs.ByFlowID(ctx, s.FlowID)
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted: the task ends with it
	}
	if err != nil {
		return task.Result{}, err
	}
	on, ok := d.Workflow.Program.Trigger(s.Trigger)
	if !ok || !scheduled(on) || !d.Enabled || s.due().IsZero() {
		return task.Done(), db.Write(ctx, s.park)
	}
	o := &occasion{runner: r, db: db, deployed: d, on: on, schedule: s, now: r.config.Clock().UTC()}
	o.name = scheduledRunName(s.FlowID, on.Name, o.at())
	switch {
	case on.Polls():
		return task.Done(), o.poll(ctx)
	case on.Type == wdl.TypeSlidingWindow:
		return o.window(ctx)
	}
	return task.Done(), o.slot(ctx)
}

// at is the time that the occasion was meant for.
func (o *occasion) at() time.Time {
	if o.schedule.byHand() {
		return o.schedule.Hand
	}
	return o.schedule.Slot
}

// scheduled is the slot; zero if the occasion is by hand.
func (o *occasion) scheduled() time.Time {
	if o.schedule.byHand() {
		return time.Time{}
	}
	return o.schedule.Slot
}

// slot fires a Recurrence trigger.
func (o *occasion) slot(ctx context.Context) error {
	fired := engine.Fired{ScheduledTime: o.schedule.Slot}
	return o.fireOrSkip(ctx, fired, o.schedule.passed(), o.schedule.passed())
}

// busyPause is how long a window waits for room.
const busyPause = 5 * time.Second

// window fires a SlidingWindow trigger. None is lost: one that finds a run where only
// one is allowed waits.
func (o *occasion) window(ctx context.Context) (task.Result, error) {
	s := &o.schedule
	o.name = trigger.RunName(o.now, hash(s.FlowID+"/"+o.on.Name+"/"+s.Window.String()))
	fired := engine.Fired{ScheduledTime: s.Slot, Outputs: trigger.Windowed(s.Window, s.WindowEnd), HasOutputs: true}
	err := o.fire(ctx, fired, s.passed())
	if errors.Is(err, ErrBusy) {
		return task.Again(o.now.Add(busyPause)), nil
	}
	return task.Done(), err
}

// fire begins the run, or records why there is none, and goes on with the schedule.
func (o *occasion) fire(ctx context.Context, fired engine.Fired, next schedule) error {
	_, err := o.runner.Fire(ctx, FireRequest{
		Deployed: o.deployed, Trigger: o.on, Fired: fired, Name: o.name, Also: o.advance(next),
	})
	var refused *TriggerError
	switch {
	case errors.Is(err, errGone), errors.As(err, &refused):
		return nil // nothing to do, or it is in the history
	case errors.Is(err, store.ErrExists): // begun before, in a transaction that went on as well
		return o.goOn(ctx, next)
	}
	return err
}

// fireOrSkip is fire for what is Skipped when there is no room for its run
// (wdl-semantics §12.2); then the schedule goes on as missed says.
func (o *occasion) fireOrSkip(ctx context.Context, fired engine.Fired, next, missed schedule) error {
	err := o.fire(ctx, fired, next)
	if !errors.Is(err, ErrBusy) {
		return err
	}
	fired.Status = wdl.Skipped
	return o.record(ctx, fired, nil, missed)
}

// record writes into the history that no run began, and goes on with the schedule.
func (o *occasion) record(ctx context.Context, fired engine.Fired, cause *engine.Error, next schedule) error {
	fired.Name = o.on.Name
	fired.SecureInputs, fired.SecureOutputs = o.on.SecureInputs, o.on.SecureOutputs
	fired = fill(fired, o.now, o.name)
	return o.goneIsDone(o.db.Write(ctx, func(tx *store.Tx) error {
		if err := o.runner.putUnfired(tx, o.db.Name(), o.deployed.FlowID, fired, o.name, cause); err != nil {
			return err
		}
		return o.advance(next)(tx)
	}))
}

// goOn is the schedule's way on when there is nothing to record.
func (o *occasion) goOn(ctx context.Context, next schedule) error {
	return o.goneIsDone(o.db.Write(ctx, o.advance(next)))
}

func (o *occasion) goneIsDone(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// errGone says that an occasion has passed: the schedule was taken away, or has gone
// on by another hand.
var errGone = errors.New("runner: the schedule has gone on")

// advance puts the schedule on its way, as a part of the transaction that records what
// came of the occasion. A schedule that was changed meanwhile stays as it is, but for
// the cursor.
func (o *occasion) advance(next schedule) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		now, ok, err := armed(tx, o.schedule.FlowID, o.on.Name)
		switch {
		case err != nil:
			return err
		case !ok || now.Recurrence == "":
			return errGone
		case now.Recurrence != o.schedule.Recurrence || !now.Anchor.Equal(o.schedule.Anchor):
			now.Cursor = next.Cursor
			return now.store(tx)
		case !now.same(&o.schedule):
			return errGone
		}
		if now.Hand.After(o.schedule.Hand) { // asked for meanwhile
			next.Hand = now.Hand
		}
		switch {
		case next.Attempts != nil:
			return next.store(tx)
		case o.schedule.byHand(): // the slots go on as they were
			next.postpone(o.on.Recurrence)
			return next.store(tx)
		}
		return next.put(tx, o.on, o.now)
	}
}

// same reports whether nothing has come of an occasion yet.
func (s *schedule) same(as *schedule) bool {
	made := func(s *schedule) int {
		if s.Attempts == nil {
			return 0
		}
		return s.Attempts.Made
	}
	return s.Slot.Equal(as.Slot) && made(s) == made(as) && (as.Hand.IsZero() || !s.Hand.IsZero())
}

// byHand reports whether what is due was asked for by hand, beside the slots.
func (s *schedule) byHand() bool {
	return !s.Hand.IsZero() && (s.Slot.IsZero() || s.Hand.Before(s.Slot))
}

// passed is the schedule after its occasion.
func (s schedule) passed() schedule {
	if s.byHand() {
		s.Hand, s.Attempts = time.Time{}, nil
		return s
	}
	if s.Last = s.Slot; s.Attempts != nil {
		s.Last = s.Attempts.Again
	}
	s.Fired, s.Window, s.Hand, s.Attempts = s.Fired+1, s.WindowEnd, time.Time{}, nil
	return s
}
