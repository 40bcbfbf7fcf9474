package runner

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
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
