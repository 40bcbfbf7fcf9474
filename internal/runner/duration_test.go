package runner

import (
	"context"
	"testing"
	"time"

	"isle/wdl"
)

// wdl-semantics §13.1, §17; ise.md A12 174: a run that is older than it may become ends
// as TimedOut though it waits in no memory and the process is another one: its webhook is
// unsubscribed, the run that waited for its turn has begun nothing, and what follows is
// judged by the limit that held when it began.
func TestRunDurationEndsRunsThatWait(t *testing.T) {
	dir, l, s := t.TempDir(), &library{flows: map[string]*Deployed{}}, newSubscriber(t)
	d := l.webhook(t, s, "old", "")
	one := l.deploy(t, "one", `{"manual":{"type":"Request","runtimeConfiguration":{"concurrency":{"runs":1}}}}`, `{"Wait":{"type":"Wait","inputs":{"interval":{"count":200,"unit":"Day"}}}}`)
	first := open(t, dir, l, withAccess)
	hook := first.start(t, d, "", false).RunID
	first.waits(t, hook)
	pause, turn := first.start(t, one, "", false).RunID, first.start(t, one, "", false).RunID
	first.close(t)

	d.Workflow.Program.Limits.RunDuration = 366 * 24 * time.Hour // holds for runs to come
	late := func() time.Time { return time.Now().Add(90 * 24 * time.Hour) }
	second := open(t, dir, l, withAccess, func(c *Config) { c.Clock = late })
	defer second.close(t)
	if err := second.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{hook, pause, turn} {
		if end := second.finished(t, run); end.Status != "TimedOut" || end.Code != "WorkflowRunTimedOut" || end.ErrorCode != "WorkflowRunTimedOut" {
			t.Errorf("%s is %s %s %s", run, end.Status, end.Code, end.ErrorCode)
		}
	}
	if rec := second.record(t, hook, "W"); rec.Status != wdl.TimedOut || rec.Code != "ActionTimedOut" {
		t.Errorf("W is %v %s", rec.Status, rec.Code)
	}
	if n := len(second.unsubscribing(t)); n != 1 {
		t.Errorf("%d unsubscribes", n)
	}
	fresh := second.start(t, d, "", false).RunID
	second.waits(t, fresh)
	if wake := second.run(t, fresh).Wake.Sub(late()); wake < 365*24*time.Hour {
		t.Errorf("a new run wakes after %v", wake)
	}
}
