package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"isle/internal/store"
	"isle/wdl"
)

// TriggerKind is the kind of task that fires what has a recurrence.
const TriggerKind = "trigger"

// schedule is what the task of a trigger with a recurrence remembers between two
// firings. It is only ever replaced as a whole, in the transaction that records what
// came of a firing.
type schedule struct {
	FlowID  string    `json:"flowId"`
	Trigger string    `json:"trigger"`
	Anchor  time.Time `json:"anchor"` // when the workflow was saved or enabled
	Last    time.Time `json:"last"`   // the slot before
	Fired   int       `json:"fired"`
	Slot    time.Time `json:"slot"` // the one to fire; zero: there is none any more
	// Recurrence tells one schedule from another: the same goes on, a changed one
	// begins anew, as does "", which is that of a disabled workflow.
	Recurrence string `json:"recurrence"`

	// Cursor is the URL of the next poll, "" for the one of the definition. It is all
	// that a polling trigger knows from the poll before; it outlives changes of the
	// workflow, and times in which it is disabled (wdl-semantics §10.3).
	Cursor string `json:"cursor,omitempty"`
	// Hand is when somebody asked for a poll by hand, beside the slots; zero: nobody.
	Hand time.Time `json:"hand,omitzero"`
	// Attempts are those of a poll under way that is to be tried again; nil: none.
	Attempts *attempts `json:"attempts,omitempty"`

	// Window and WindowEnd are the window of Slot, which is later by the delay. With no
	// slot left, Window is where the next one would begin.
	Window    time.Time `json:"window,omitzero"`
	WindowEnd time.Time `json:"windowEnd,omitzero"`

	// exactly and earliest are what the answer of a poll says of the next one.
	exactly, earliest time.Time
}

// attempts are the failed ones of a poll.
type attempts struct {
	Began time.Time `json:"began"` // the first one
	Made  int       `json:"made"`
	Again time.Time `json:"again"` // when the next one is due
}

// ArmRequest names the schedule of a trigger.
type ArmRequest struct {
	FlowID  string
	Trigger *wdl.Trigger
	Now     time.Time
	// Restart begins the schedule anew, as after enabling; else one that is the
	// same as before goes on.
	Restart bool
	// Reset forgets what is known from earlier firings as well: the cursor of a poll,
	// the windows that have been worked through.
	Reset bool
	// Paused says that the workflow is disabled: nothing is armed, but a Reset forgets.
	Paused bool
}

func triggerKey(flowID, trigger string) string {
	return "trigger:" + strings.ToLower(flowID) + ":" + strings.ToLower(trigger)
}

// scheduled reports whether a trigger is fired by a task.
func scheduled(t *wdl.Trigger) bool {
	return t.Recurrence != nil && (t.Type == wdl.TypeRecurrence || t.Type == wdl.TypeSlidingWindow || t.Polls())
}

// Arm puts the task that fires a trigger with a recurrence, in the environment's
// transaction; it may be called again. A trigger without one, or whose recurrence is
// over, has none. Runs that wait for their turn may begin, if the current version
// allows more of them.
func (r *Runner) Arm(tx *store.Tx, q ArmRequest) error {
	flow := flowKey{tx.DB().Name(), q.FlowID}
	tx.AfterCommit(func() { r.ended(flow) })
	if q.Trigger.Batch != nil {
		return reviewBatches(tx, q.FlowID, q.Now)
	}
	if !scheduled(q.Trigger) || q.Paused && q.Reset {
		return disarm(tx, q.FlowID, q.Trigger.Name)
	}
	if q.Paused {
		return nil
	}
	form := fmt.Sprintf("%s %+v", q.Trigger.Type, recurrenceForm(q.Trigger.Recurrence))
	old, ok, err := armed(tx, q.FlowID, q.Trigger.Name)
	if err != nil {
		return err
	}
	if ok && !q.Restart && !q.Reset && old.follows(form, q.Trigger.Type) {
		return nil
	}
	s := schedule{FlowID: q.FlowID, Trigger: q.Trigger.Name, Anchor: q.Now.UTC(), Recurrence: form}
	if !q.Reset {
		s.inherit(old, q)
	}
	return s.put(tx, q.Trigger, q.Now)
}

// follows reports whether a schedule is the one of this form. Those of older versions
// do not name the type, which was Recurrence.
func (s *schedule) follows(form string, typ wdl.Type) bool {
	return s.Recurrence == form || typ == wdl.TypeRecurrence && string(typ)+" "+s.Recurrence == form
}

// inherit takes over what outlives a change: the cursor of a poll, and how far windows
// have been worked through. A workflow that was disabled has no backlog (wdl-semantics
// §10.4).
func (s *schedule) inherit(old schedule, q ArmRequest) {
	switch {
	case q.Trigger.Polls():
		s.Cursor = old.Cursor
	case q.Trigger.Type != wdl.TypeSlidingWindow || old.Window.IsZero():
	case q.Restart:
		s.Window = s.Anchor
	default:
		s.Window = old.Window
	}
}

// armed reads the schedule of a trigger; false if there is none.
func armed(tx *store.Tx, flowID, trigger string) (s schedule, ok bool, err error) {
	t, err := tx.Task(triggerKey(flowID, trigger))
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

// put finds the next slot and stores the schedule.
func (s schedule) put(tx *store.Tx, on *wdl.Trigger, after time.Time) error {
	p := wdl.Progress{Anchor: s.Anchor, Last: s.Last, Fired: s.Fired}
	s.Slot = time.Time{}
	if on.Type != wdl.TypeSlidingWindow {
		if slot, ok := on.Recurrence.Next(after, p); ok {
			s.Slot = slot.UTC()
			s.postpone(on.Recurrence)
		}
	} else if start, end, ok := on.Recurrence.Window(s.Window, p); ok {
		s.Window, s.WindowEnd, s.Slot = start.UTC(), end.UTC(), on.Delay.From(start).UTC()
	}
	return s.store(tx)
}

// postpone moves the slot to where the answer of a poll wants it.
func (s *schedule) postpone(r *wdl.Recurrence) {
	switch {
	case s.Slot.IsZero():
	case !s.exactly.IsZero():
		s.Slot = s.exactly
	case s.Slot.Before(s.earliest):
		s.Slot = s.earliest
	}
	if !r.End.IsZero() && s.Slot.After(r.End) {
		s.Slot = time.Time{}
	}
}

// never is when a task that only keeps something is due.
var never = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// store puts the schedule's task. One that is over stays, so that it is not begun
// again when the workflow is saved; one of a disabled workflow that keeps nothing goes.
func (s schedule) store(tx *store.Tx) error {
	due := s.due()
	if due.IsZero() {
		if s.Recurrence == "" && s.Cursor == "" && s.Window.IsZero() {
			return disarm(tx, s.FlowID, s.Trigger)
		}
		due = never
	}
	payload, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: triggerKey(s.FlowID, s.Trigger), Kind: TriggerKind, Due: due, Payload: payload})
}

// due is when there is something to do; zero: never.
func (s *schedule) due() time.Time {
	switch {
	case s.Attempts != nil:
		return s.Attempts.Again
	case !s.Hand.IsZero() && (s.Slot.IsZero() || s.Hand.Before(s.Slot)):
		return s.Hand
	}
	return s.Slot
}

// Pause takes the schedules of a workflow that is disabled; they keep their cursors.
func (r *Runner) Pause(tx *store.Tx, flowID string) error {
	return eachSchedule(tx, flowID, func(_ store.Task, s schedule) error { return s.park(tx) })
}

func (s schedule) park(tx *store.Tx) error {
	s.Recurrence, s.Slot, s.Hand, s.Attempts = "", time.Time{}, time.Time{}, nil
	return s.store(tx)
}

// DisarmAll removes the tasks of all triggers of a workflow, and all they kept: no run
// begins from then on.
func (r *Runner) DisarmAll(tx *store.Tx, flowID string) error {
	if err := errors.Join(endSplits(tx, flowID), dropBatches(tx, flowID)); err != nil {
		return err
	}
	return eachSchedule(tx, flowID, func(t store.Task, _ schedule) error { return tx.DeleteTask(t.Key) })
}

func eachSchedule(tx *store.Tx, flowID string, do func(store.Task, schedule) error) error {
	tasks, err := tx.Tasks(triggerKey(flowID, ""))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		var s schedule
		if err := json.Unmarshal(t.Payload, &s); err != nil {
			return fmt.Errorf("payload of task %s: %w", t.Key, err)
		}
		if err := do(t, s); err != nil {
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

// NextFiring is when a trigger's schedule is due next; zero if it is not.
func NextFiring(tx *store.Tx, flowID, trigger string) (time.Time, error) {
	t, err := tx.Task(triggerKey(flowID, trigger))
	if errors.Is(err, store.ErrNotFound) || err == nil && !t.Due.Before(never) {
		return time.Time{}, nil
	}
	return t.Due, err
}
