package runner

import (
	"fmt"
	"time"

	"isle/internal/store"
	"isle/wdl"
)

// TriggerState is what a trigger knows from earlier firings: the cursor of its polls,
// how far its windows have been worked through, its last slot. The zero value is that of
// a trigger that never fired.
type TriggerState struct{ schedule schedule }

// StateOf reads the state of a trigger.
func StateOf(tx *store.Tx, flowID, trigger string) (TriggerState, error) {
	s, _, err := armed(tx, flowID, trigger)
	return TriggerState{s}, err
}

// SetState arms a trigger that goes on from the state of another one of its type. A
// trigger without a schedule has no state, and stays as it is.
func (r *Runner) SetState(tx *store.Tx, q ArmRequest, from TriggerState) error {
	if !scheduled(q.Trigger) {
		return nil
	}
	form := fmt.Sprintf("%s %+v", q.Trigger.Type, recurrenceForm(q.Trigger.Recurrence))
	s := schedule{FlowID: q.FlowID, Trigger: q.Trigger.Name, Anchor: q.Now.UTC(), Recurrence: form}
	if old := &from.schedule; old.follows(form, q.Trigger.Type) {
		s.Anchor, s.Last, s.Fired = old.Anchor, old.Last, old.Fired
	}
	switch {
	case q.Trigger.Polls():
		s.Cursor = from.schedule.Cursor
	case q.Trigger.Type == wdl.TypeSlidingWindow:
		s.Window = from.schedule.Window
	}
	if q.Paused {
		return s.park(tx)
	}
	return s.put(tx, q.Trigger, latest(q.Now, s.Last))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
