package runner

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"isle/internal/store"
	"isle/internal/task"
)

const everyMinute = `{"tick":{"type":"Recurrence","recurrence":{"frequency":"Minute","interval":1,"startTime":"2000-01-01T00:00:00Z"}}}`

func (w *world) arm(t *testing.T, d *Deployed, restart bool) {
	t.Helper()
	err := w.db.Write(context.Background(), func(tx *store.Tx) error {
		return w.Arm(tx, ArmRequest{FlowID: d.FlowID, Trigger: d.Workflow.Program.Triggers[0], Now: time.Now(), Restart: restart})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) runs(t *testing.T) (runs []store.Run) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{}); return err }); err != nil {
		t.Fatal(err)
	}
	return runs
}

// armed are the tasks of triggers that have something to do.
func (w *world) armed(t *testing.T) (tasks []store.Task) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { tasks, err = tx.Tasks("trigger:"); return err }); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(tasks, func(t store.Task) bool { return t.Due.Equal(never) })
}

// scheduleOf is what the task of a trigger remembers.
func (w *world) scheduleOf(t *testing.T, d *Deployed) (s schedule) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		s, _, err = armed(tx, d.FlowID, d.Workflow.Program.Triggers[0].Name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// histories are those of the only trigger, newest first.
func (w *world) histories(t *testing.T, d *Deployed) (list []store.TriggerHistory) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		list, err = Histories(tx, store.TriggerHistoryQuery{Workflow: d.FlowID, Trigger: d.Workflow.Program.Triggers[0].Name}, HistoryPlace{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func (w *world) schedule(t *testing.T) (stop func()) {
	t.Helper()
	s := task.New(w.store, w.Handlers(), task.Options{})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.Stop
}

const compose = `{"A":{"type":"Compose","inputs":"@trigger()?['scheduledTime']","runAfter":{}}}`

func TestRecurrenceFiresAtItsSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, t.TempDir(), &library{flows: map[string]*Deployed{}})
		defer w.close(t)
		stop := w.schedule(t)
		defer stop()
		time.Sleep(30 * time.Second) // between two slots
		d := w.library.deploy(t, "ticks", everyMinute, compose)
		w.arm(t, d, false)
		time.Sleep(3 * time.Minute)
		w.arm(t, d, false) // saved again without a change: goes on
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		runs := w.runs(t)
		if len(runs) != 5 {
			t.Fatalf("%d runs", len(runs))
		}
		first := w.record(t, runs[len(runs)-1].Name, "A")
		if got := first.Outputs.Text(); got != "2000-01-01T00:01:00Z" {
			t.Errorf("the first was scheduled for %s", got)
		}
		d2 := *d
		d2.Enabled = false
		w.library.set(&d2)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n, tasks := len(w.runs(t)), w.armed(t); n != 5 || len(tasks) != 0 {
			t.Errorf("disabled: %d runs, tasks %v", n, tasks)
		}
	})
}

func TestASlotHasOneRunWhateverHappens(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "ticks", everyMinute, compose)
	w.arm(t, d, false)
	s := w.scheduleOf(t, d)
	slot := s.Slot
	for range 3 { // as if the process had died before the task was given back
		if _, err := w.fireSlot(context.Background(), w.db, s); err != nil {
			t.Fatal(err)
		}
	}
	if runs := w.runs(t); len(runs) != 1 || runs[0].Name != scheduledRunName(d.FlowID, "tick", slot) {
		t.Errorf("%+v", runs)
	}
	if tasks := w.armed(t); len(tasks) != 1 || !tasks[0].Due.After(slot) {
		t.Errorf("%+v", tasks)
	}
}

func TestSkippedSlotIsRecordedAndTheScheduleGoesOn(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "never", `{"tick":{"type":"Recurrence","recurrence":{"frequency":"Minute","interval":1},"conditions":[{"expression":"@equals(1,2)"}]}}`, compose)
	w.arm(t, d, false)
	s := w.scheduleOf(t, d)
	if _, err := w.fireSlot(context.Background(), w.db, s); err != nil {
		t.Fatal(err)
	}
	histories, slot := w.histories(t, d), s.Slot
	if len(histories) != 1 || histories[0].Status != "Skipped" || !histories[0].Scheduled.Equal(slot) || len(w.runs(t)) != 0 || len(w.armed(t)) != 1 {
		t.Errorf("%+v", histories)
	}
}

func TestArmAndDisarm(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "count", `{"tick":{"type":"Recurrence","recurrence":{"frequency":"Hour","interval":2,"count":1}}}`, compose)
	w.arm(t, d, false)
	w.arm(t, d, true)
	tasks := w.armed(t)
	if len(tasks) != 1 || time.Until(tasks[0].Due) > time.Second {
		t.Fatalf("%+v", tasks)
	}
	stop := w.schedule(t)
	eventually(t, "its one run, and no further slot", func() bool { return len(w.runs(t)) == 1 && len(w.armed(t)) == 0 })
	stop()
	w.arm(t, d, true)
	if err := w.db.Write(context.Background(), func(tx *store.Tx) error { return w.DisarmAll(tx, d.FlowID) }); err != nil || len(w.armed(t)) != 0 {
		t.Errorf("%v %v", err, w.armed(t))
	}
	request := w.library.deploy(t, "request", "", compose)
	w.arm(t, request, false)
	if len(w.armed(t)) != 0 {
		t.Error("a Request trigger was armed")
	}
}
