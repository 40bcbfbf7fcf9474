package runner

import (
	"context"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/wdl"
)

// hourly has its caller ask again after an hour, and has an answer then. With unlucky the
// child answers after it was looked at, and before its parent knows where to ask.
type hourly struct {
	runner  *Runner
	child   string
	unlucky bool
}

func (h *hourly) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	if c.Poll != nil {
		return engine.Outcome{StatusCode: 200}
	}
	url := ChildURL(environment, h.child)
	h.runner.Expect(environment, h.child, Asker{environment, c.RunID, url})
	if h.unlucky {
		if err := h.runner.Cancel(ctx, environment, h.child); err != nil {
			return engine.Outcome{StatusCode: 400}
		}
	}
	return engine.Outcome{Poll: &engine.Poll{URL: url, RetryAfter: time.Hour}}
}

// family is a child that waits, and the name of its parent's run, which asks for its answer.
func family(t *testing.T, unlucky bool) (w *world, h *hourly, parent string) {
	h = &hourly{unlucky: unlucky}
	w = newWorld(t, func(c *Config) { c.Operations[wdl.TypeWorkflow] = h })
	const wait = `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`
	h.runner, h.child = w.Runner, w.start(t, w.library.deploy(t, "child", "", wait), "", false).RunID
	d := w.library.deploy(t, "parent", "", `{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"child"}}}}}`)
	return w, h, w.start(t, d, "", false).RunID
}

// TestAParentIsToldOfItsChildsEnd: it need not wait until it asks again, and
// need not be in memory.
func TestAParentIsToldOfItsChildsEnd(t *testing.T) {
	w, h, parent := family(t, false)
	eventually(t, "the parent waits for its next question", func() bool { return !w.run(t, parent).Wake.IsZero() })
	if err := w.Cancel(t.Context(), environment, h.child); err != nil {
		t.Fatal(err)
	}
	if run := w.finished(t, parent); run.Status != "Succeeded" {
		t.Errorf("the parent is %s", run.Status)
	}
}

// TestAParentIsToldOfAnEndThatCameWhileItAsked: it does not wait until it asks again.
func TestAParentIsToldOfAnEndThatCameWhileItAsked(t *testing.T) {
	w, _, parent := family(t, true)
	if run := w.finished(t, parent); run.Status != "Succeeded" {
		t.Errorf("the parent is %s", run.Status)
	}
}

// TestAnAnswerThatNobodyExpectsTellsNobody: what is taken back, and a run that has no
// name.
func TestAnAnswerThatNobodyExpectsTellsNobody(t *testing.T) {
	w := newWorld(t)
	w.Expect(environment, "child", Asker{environment, "", "url"})
	w.Expect(environment, "child", Asker{environment, "parent", "url"})
	w.Unexpect(environment, "child")
	w.Expect("gone", "child", Asker{environment, "parent", "url"})
	w.Forget("gone")
	w.parents.Range(func(k, v any) bool {
		t.Errorf("%v still expects %v", v, k)
		return true
	})
}

// TestAReleasedRunLeavesMemory: nobody waits for its answer in this process.
func TestAReleasedRunLeavesMemory(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "slow", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Wait":["Succeeded"]}}}`)
	s := w.start(t, d, "", true)
	if _, there := w.live.Load(runKey{environment, s.RunID}); !there {
		t.Fatal("a run that somebody waits for is not in memory")
	}
	w.Release(s)
	eventually(t, "it leaves the memory", func() bool { _, there := w.live.Load(runKey{environment, s.RunID}); return !there })
	w.Release(s)
}
