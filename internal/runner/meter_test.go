package runner

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/store"
	"isle/internal/task"
	"isle/internal/trigger"
)

func TestMeterForgetsAfterAMinute(t *testing.T) {
	var m meter
	start := time.Unix(1_700_000_000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	m.count("e", at(0), Throughput{Actions: 3})
	m.count("e", at(30), Throughput{Actions: 4, Calls: 1})
	m.count("e", at(29), Throughput{Calls: 1}) // the clock went back
	m.count("other", at(30), Throughput{Actions: 100})
	for seconds, want := range map[int]Throughput{30: {7, 2}, 59: {7, 2}, 60: {4, 2}, 89: {4, 2}, 90: {}, 9000: {}} {
		copied := meter{environments: map[string]*minute{"e": new(minute)}}
		*copied.environments["e"] = *m.environments["e"]
		if got := copied.read("e", at(seconds)); got != want {
			t.Errorf("after %d s: %+v, want %+v", seconds, got, want)
		}
	}
	if got := m.read("nobody", at(0)); got != (Throughput{}) {
		t.Errorf("%+v", got)
	}
}

// An environment whose throughput is used up begins no run until a minute has passed;
// what has begun goes on.
func TestThrottledEnvironmentBeginsNoRun(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	w := newWorld(t, func(c *Config) {
		c.Clock = func() time.Time { return time.Unix(now.Load(), 0) }
		c.MaxActions = func(string) int64 { return 3 }
	})
	d := w.library.deploy(t, "busy", "", `{"A":{"type":"Compose","inputs":1},"B":{"type":"Compose","inputs":2,"runAfter":{"A":["Succeeded"]}},"C":{"type":"Compose","inputs":3,"runAfter":{"A":["Failed"]}}}`)
	w.start(t, d, "", false)
	if got := w.Throughput(environment); got.Actions != 2 {
		t.Errorf("counted %+v: a skipped action is none", got)
	}
	w.start(t, d, "", false)
	if _, err := w.Start(context.Background(), request(d, "", false)); !errors.Is(err, ErrThrottled) || !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	now.Add(60)
	w.start(t, d, "", false)
}

// Items of splitOn and runs that wait for their turn are held back like others, and
// lose nothing by it: the split remembers where it was, whatever ends in between.
func TestThrottledEnvironmentHoldsBackItemsAndTurns(t *testing.T) {
	const most, items = 100, 1000
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	w := newWorld(t, func(c *Config) {
		c.Clock = func() time.Time { return time.Unix(now.Load(), 0) }
		c.MaxActions = func(string) int64 { return most }
	})
	d := w.library.splitter(t, "split", "")
	firing, err := w.fireBody(d, numbers(items))
	if err != nil {
		t.Fatal(err)
	}
	begun, rounds := 0, 0
	for w.splits(t, d) > 0 {
		var due []store.Task
		if err := w.db.Write(context.Background(), func(tx *store.Tx) (err error) {
			due, err = tx.ClaimTasks(w.config.Clock(), time.Minute, 1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			now.Add(60)
			continue
		}
		result, err := w.SplitHandler()(context.Background(), w.db, due[0])
		if err != nil || result != task.Done() {
			t.Fatal(result, err)
		}
		if err := w.db.Write(context.Background(), func(tx *store.Tx) error { return tx.FinishTask(due[0]) }); err != nil && !errors.Is(err, store.ErrConflict) {
			t.Fatal(err)
		}
		all := len(w.runs(t))
		if all-begun > most+splitAtOnce {
			t.Fatalf("%d runs within a minute", all-begun)
		}
		begun, rounds = all, rounds+1
		if w.splits(t, d) > 0 {
			if _, err := w.fireBody(d, numbers(1)); !errors.Is(err, ErrThrottled) {
				t.Errorf("a firing meanwhile: %v", err)
			}
		}
	}
	if begun != items || rounds < items/(most+splitAtOnce) {
		t.Errorf("%d runs in %d rounds", begun, rounds)
	}
	for i := range items {
		if n, _ := w.record(t, trigger.ItemName(firing.Name, i), "A").Outputs.Get("n"); n.Text() != fmt.Sprint(i) {
			t.Fatalf("item %d is %s", i, n.Text())
		}
	}
}

// A run that waits for its turn waits on while the throughput is used up.
func TestThrottledEnvironmentGivesNoTurns(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	c := newCounting(t)
	w := newWorld(t, func(c *Config) {
		c.Clock = func() time.Time { return time.Unix(now.Load(), 0) }
		c.MaxActions = func(string) int64 { return 1 }
	})
	d := w.library.deploy(t, "counted", `{"manual":{"type":"Request","inputs":{}`+concurrency(`"runs":1`)+`}}`,
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+c.URL+`","body":"x"},"runAfter":{}}}`)
	first := w.start(t, d, "", false)
	second := w.start(t, d, "", false)
	c.let(1)
	w.finished(t, first.RunID)
	k := flowKey{environment, d.FlowID}
	if left, err := w.giveTurns(context.Background(), k); left != 1 || !errors.Is(err, ErrThrottled) {
		t.Errorf("%d wait, %v", left, err)
	}
	now.Add(60)
	c.let(1)
	w.ended(k) // as when a run ends, or the pause has passed
	w.finished(t, second.RunID)
}
