package metrics

import (
	"strconv"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/runner"
	"isle/wdl"
)

// TestMinutes: what happens is counted in its minute, of the workflow and of its
// environment, and goes after a day.
func TestMinutes(t *testing.T) {
	start := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	flow := func(id string) *engine.Workflow { return &engine.Workflow{FlowID: id} }
	fired := Firings{Fired: 1, Succeeded: 1, FireLatency: time.Second, Latency: time.Second, SuccessLatency: time.Second}
	tally := engine.Tally{Started: 3, Succeeded: 1, Failed: 1, Skipped: 1, Latency: 3 * time.Second, SuccessLatency: time.Second}
	var m Minutes
	m.note(runner.Progress{Environment: "e", Workflow: flow("a"), Began: true, Tally: tally, Fired: time.Second}, start)
	m.note(runner.Progress{Environment: "e", Workflow: flow("a"), Ended: true, Status: wdl.Succeeded, Start: start, End: start.Add(90 * time.Second)}, start.Add(90*time.Second))
	m.note(runner.Progress{Environment: "e", Workflow: flow("b"), Began: true, Ended: true, Status: wdl.Failed, Start: start, End: start.Add(time.Second), Fired: time.Second}, start)
	m.note(runner.Progress{Environment: "other", Workflow: flow("a"), Began: true}, start)
	if got := m.Series("e", "a", start, time.Minute, 2); got[0] != (Minute{Started: 1, Actions: tally, Triggers: fired}) || got[1] != (Minute{Completed: 1, Succeeded: 1, Latency: 90 * time.Second, SuccessLatency: 90 * time.Second}) {
		t.Errorf("%+v", got)
	}
	twice := fired
	twice.add(fired)
	if got := m.Series("e", "", start, 5*time.Minute, 1)[0]; got != (Minute{Started: 2, Completed: 2, Succeeded: 1, Failed: 1, Actions: tally, Triggers: twice, Latency: 91 * time.Second, SuccessLatency: 90 * time.Second}) {
		t.Errorf("%+v", got)
	}
	if got := m.Series("e", "", start.Add(-time.Hour), time.Minute, 60); got[59] != (Minute{}) {
		t.Errorf("%+v", got[59])
	}
	m.note(runner.Progress{Environment: "e", Workflow: flow("c"), Began: true}, start.Add(25*time.Hour))
	if got := m.Series("e", "", start, time.Minute, 2); got[0] != (Minute{}) || len(m.flows) != 2 || m.entries != 1 {
		t.Errorf("after a day: %+v, %d, %d", got, len(m.flows), m.entries)
	}
}

// Firings that began no run are told by their status; usage is of the environment only.
func TestMinutesOfFiringsAndUsage(t *testing.T) {
	start := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	var m Minutes
	for status, took := range map[wdl.Status]time.Duration{wdl.Skipped: time.Second, wdl.Failed: 2 * time.Second, wdl.TimedOut: 3 * time.Second, wdl.Succeeded: 4 * time.Second} {
		m.fired(runner.Fired{Environment: "e", FlowID: "a", Status: status, Took: took}, start)
	}
	m.Use("e", Usage{Looks: 1, Memory: 20, Connectors: 4}, start)
	m.Use("e", Usage{Looks: 1, Memory: 40}, start)
	want := Firings{Succeeded: 1, Failed: 2, Skipped: 1, Latency: 10 * time.Second, SuccessLatency: 4 * time.Second}
	if got := m.Series("e", "a", start, time.Minute, 1)[0]; got != (Minute{Triggers: want}) {
		t.Errorf("%+v", got)
	}
	if got := m.Series("e", "", start, time.Minute, 1)[0]; got != (Minute{Triggers: want, Usage: Usage{Looks: 2, Memory: 60, Connectors: 4}}) {
		t.Errorf("%+v", got)
	}
}

// Of more workflows than there is room for the last hour is kept, and then no more begin;
// those of environments stay.
func TestMinutesAreBounded(t *testing.T) {
	start := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	var m Minutes
	begin := func(i int, at time.Time) {
		m.note(runner.Progress{Environment: "e", Workflow: &engine.Workflow{FlowID: strconv.Itoa(i)}, Began: true}, at)
	}
	for i := range maxEntries {
		begin(i, start)
	}
	begin(maxEntries, start)
	if m.entries != maxEntries || len(m.flows) != maxEntries+1 {
		t.Errorf("%d minutes of %d", m.entries, len(m.flows))
	}
	begin(1, start.Add(2*time.Hour))
	if got := m.Series("e", "", start, time.Minute, 1)[0]; m.entries != 1 || len(m.flows) != 2 || got.Started != maxEntries+1 {
		t.Errorf("two hours later %d minutes of %d, %+v", m.entries, len(m.flows), got)
	}
}
