package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
	"isle/wdl"
)

// TriggerKind is the kind of task that fires a recurrence.
const TriggerKind = "trigger"

// schedule is what the task of a recurrence remembers between two firings.
type schedule struct {
	FlowID  string    `json:"flowId"`
	Trigger string    `json:"trigger"`
	Anchor  time.Time `json:"anchor"` // when the workflow was saved or enabled
	Last    time.Time `json:"last"`   // the slot before
	Fired   int       `json:"fired"`
	Slot    time.Time `json:"slot"` // the one to fire
	// Recurrence tells one schedule from another: the same goes on, a changed one
	// begins anew.
	Recurrence string `json:"recurrence"`
}

// ArmRequest names the schedule of a trigger.
type ArmRequest struct {
	FlowID  string
	Trigger *wdl.Trigger
	Now     time.Time
	// Restart begins the schedule anew, as after enabling; else one that is the
	// same as before goes on.
	Restart bool
}

func triggerKey(flowID, trigger string) string {
	return "trigger:" + strings.ToLower(flowID) + ":" + strings.ToLower(trigger)
}

// Arm puts the task that fires a scheduled trigger, in the environment's
// transaction; it may be called again. A trigger without a schedule, or whose
// schedule is over, has none.
func (r *Runner) Arm(tx *store.Tx, q ArmRequest) error {
	if q.Trigger.Recurrence == nil || q.Trigger.Type != wdl.TypeRecurrence {
		return disarm(tx, q.FlowID, q.Trigger.Name)
	}
	form := fmt.Sprintf("%+v", recurrenceForm(q.Trigger.Recurrence))
	if !q.Restart {
		if old, ok, err := armed(tx, q); err != nil || ok && old.Recurrence == form {
			return err
		}
	}
	s := schedule{FlowID: q.FlowID, Trigger: q.Trigger.Name, Anchor: q.Now.UTC(), Recurrence: form}
	return s.put(tx, q.Trigger.Recurrence, q.Now)
}

func armed(tx *store.Tx, q ArmRequest) (s schedule, ok bool, err error) {
	t, err := tx.Task(triggerKey(q.FlowID, q.Trigger.Name))
	if errors.Is(err, store.ErrNotFound) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	return s, json.Unmarshal(t.Payload, &s) == nil, nil
}

// recurrenceForm is a recurrence without pointers, so that its text says what it is.
func recurrenceForm(r *wdl.Recurrence) any {
	zone, schedule := "", wdl.Schedule{}
	if r.Location != nil {
		zone = r.Location.String()
	}
	if r.Schedule != nil {
		schedule = *r.Schedule
	}
	return []any{r.Frequency, r.Interval, r.Start.UTC(), r.End.UTC(), zone, r.Count, r.Schedule != nil, schedule}
}

// put arms the next slot, or nothing if the schedule is over.
func (s schedule) put(tx *store.Tx, recurrence *wdl.Recurrence, after time.Time) error {
	slot, ok := recurrence.Next(after, wdl.Progress{Anchor: s.Anchor, Last: s.Last, Fired: s.Fired})
	if !ok {
		return disarm(tx, s.FlowID, s.Trigger)
	}
	s.Slot = slot.UTC()
	payload, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: triggerKey(s.FlowID, s.Trigger), Kind: TriggerKind, Due: s.Slot, Payload: payload})
}

// DisarmAll removes the tasks of all triggers of a workflow.
func (r *Runner) DisarmAll(tx *store.Tx, flowID string) error {
	tasks, err := tx.Tasks(triggerKey(flowID, ""))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if err := tx.DeleteTask(t.Key); err != nil {
			return err
		}
	}
	return nil
}

// disarm removes the task of a trigger; it may be called again.
func disarm(tx *store.Tx, flowID, trigger string) error {
	if err := tx.DeleteTask(triggerKey(flowID, trigger)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// TriggerHandler carries out tasks of TriggerKind: it begins the run and arms the
// next slot in one transaction. The run's name contains the slot's time, so that a
// slot has one run at most.
func (r *Runner) TriggerHandler() task.Handler {
	return func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		var s schedule
		if err := json.Unmarshal(t.Payload, &s); err != nil {
			return task.Result{}, fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		return task.Done(), r.fireSlot(ctx, db, s)
	}
}

func (r *Runner) fireSlot(ctx context.Context, db *store.DB, s schedule) error {
	d, err := r.config.Programs.ByFlowID(ctx, s.FlowID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted: the task ends with it
	}
	if err != nil {
		return err
	}
	on, ok := d.Workflow.Program.Trigger(s.Trigger)
	if !ok || on.Recurrence == nil || !d.Enabled {
		return nil
	}
	now := r.config.Clock().UTC()
	next := s
	next.Last, next.Fired = s.Slot, s.Fired+1
	rearm := func(tx *store.Tx) error { return next.put(tx, on.Recurrence, now) }

	name := scheduledRunName(s.FlowID, on.Name, s.Slot)
	fired := fill(engine.Fired{Name: on.Name, ScheduledTime: s.Slot}, now, name)
	admitted, err := trigger.Admit(d.Workflow, on, &fired, name, now)
	if !admitted || err != nil {
		return r.skip(ctx, db, d, fired, name, err, rearm)
	}
	_, err = r.Start(ctx, StartRequest{
		Environment: db.Name(),
		Workflow:    d.Workflow,
		Trigger:     fired,
		RunID:       name,
		Single:      on.Options.Has(wdl.SingleInstance),
		Also:        rearm,
	})
	switch {
	case errors.Is(err, store.ErrExists): // begun before a crash, in a transaction that also re-armed
		return db.Write(ctx, rearm)
	case errors.Is(err, ErrBusy): // wdl-semantics §12.2: the firing is skipped
		fired.Status = wdl.Skipped
		return r.skip(ctx, db, d, fired, name, nil, rearm)
	}
	return err
}

// skip records a firing that begins no run.
func (r *Runner) skip(ctx context.Context, db *store.DB, d *Deployed, f engine.Fired, name string, cause error, also func(*store.Tx) error) error {
	u := Unfired{Outputs: f.Outputs}
	if cause != nil {
		u.Error = &engine.Error{Code: "InvalidTemplate", Message: cause.Error()}
		f.Status, f.Code = wdl.Failed, "BadRequest"
	}
	return db.Write(ctx, func(tx *store.Tx) error {
		if err := putUnfired(tx, d.FlowID, f, name, u); err != nil || also == nil {
			return err
		}
		return also(tx)
	})
}
