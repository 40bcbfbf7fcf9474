package runner

import (
	"context"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/wdl"
)

// hourly has its caller ask again after an hour, and has an answer then.
type hourly struct{}

func (hourly) Perform(_ context.Context, c connector.Call) engine.Outcome {
	if c.Poll != nil {
		return engine.Outcome{StatusCode: 200}
	}
	return engine.Outcome{Poll: &engine.Poll{URL: "child", RetryAfter: time.Hour}}
}

// TestAParentIsToldOfItsChildsEnd: it need not wait until it asks again, and
// need not be in memory.
func TestAParentIsToldOfItsChildsEnd(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Operations[wdl.TypeWorkflow] = hourly{} })
	parent := w.library.deploy(t, "parent", "", `{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"child"}}}}}`)
	const wait = `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`
	child := w.library.deploy(t, "child", "", wait)
	asks := w.start(t, parent, "", false)
	eventually(t, "the parent waits for its next question", func() bool { return !w.run(t, asks.RunID).Wake.IsZero() })
	asked := w.start(t, child, "", false)
	w.Expect(environment, asked.RunID, Asker{environment, asks.RunID, "child"})
	if err := w.Cancel(t.Context(), environment, asked.RunID); err != nil {
		t.Fatal(err)
	}
	if run := w.finished(t, asks.RunID); run.Status != "Succeeded" {
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
