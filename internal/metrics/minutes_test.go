package metrics

import (
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
	var m Minutes
	m.note(runner.Progress{Environment: "e", Workflow: flow("a"), Began: true, Executed: 2}, start)
	m.note(runner.Progress{Environment: "e", Workflow: flow("a"), Ended: true, Status: wdl.Succeeded, Start: start, End: start.Add(90 * time.Second)}, start.Add(90*time.Second))
	m.note(runner.Progress{Environment: "e", Workflow: flow("b"), Began: true, Ended: true, Status: wdl.Failed, Start: start, End: start.Add(time.Second)}, start)
	m.note(runner.Progress{Environment: "other", Workflow: flow("a"), Began: true}, start)
	if got := m.Series("e", "a", start, time.Minute, 2); got[0] != (Minute{Started: 1, Actions: 2}) || got[1] != (Minute{Completed: 1, Succeeded: 1, Latency: 90 * time.Second, SuccessLatency: 90 * time.Second}) {
		t.Errorf("%+v", got)
	}
	if got := m.Series("e", "", start, 5*time.Minute, 1)[0]; got != (Minute{Started: 2, Completed: 2, Succeeded: 1, Failed: 1, Actions: 2, Latency: 91 * time.Second, SuccessLatency: 90 * time.Second}) {
		t.Errorf("%+v", got)
	}
	if got := m.Series("e", "", start.Add(-time.Hour), time.Minute, 60); got[59] != (Minute{}) {
		t.Errorf("%+v", got[59])
	}
	m.note(runner.Progress{Environment: "e", Workflow: flow("c"), Began: true}, start.Add(25*time.Hour))
	if got := m.Series("e", "", start, time.Minute, 2); got[0] != (Minute{}) || len(m.flows) != 2 {
		t.Errorf("after a day: %+v, %d", got, len(m.flows))
	}
}
