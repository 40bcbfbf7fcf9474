package runner

import (
	"context"
	"database/sql/driver"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"
)

// refuse has the database of a world's environment refuse to store tasks that take back
// subscriptions, until the returned function is called.
func refuse(t *testing.T, dir string) (allow func()) {
	t.Helper()
	other, err := new(sqlite.Driver).Open("file:" + filepath.Join(dir, "environments", environment, "data.db") + "?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	run := func(sql string) {
		t.Helper()
		if _, err := other.(driver.ExecerContext).ExecContext(context.Background(), sql, nil); err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TRIGGER refused BEFORE INSERT ON tasks WHEN NEW.kind = '` + UnsubscribeKind + `' BEGIN SELECT RAISE(ABORT, 'refused'); END`)
	return func() { run(`DROP TRIGGER refused`) }
}

// A run in memory whose subscription cannot be stored to be taken back waits for the
// store, whether the run ends with its webhook or goes on: it is not dropped, and its
// peer is told.
func TestAStatelessRunWaitsToStoreItsUnsubscription(t *testing.T) {
	for name, test := range map[string]struct {
		after, status string
		end           func(*world, string)
		goesOn        bool
	}{
		"cancelled": {"", "Cancelled", func(w *world, run string) { go w.Cancel(context.Background(), environment, run) }, false},
		"timed out": {`,"limit":{"timeout":"PT1H"}`, "TimedOut", func(w *world, run string) { w.post(runKey{environment, run}, wokeEvent) }, false},
		"goes on": {`,"limit":{"timeout":"PT1H"},"runAfter":{}},"B":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Day"}},"runAfter":{"W":["TimedOut"]}},"C":{"type":"Compose","inputs":1`,
			"Cancelled", func(w *world, run string) { w.post(runKey{environment, run}, wokeEvent) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var skew, refusals atomic.Int64
			w, s := open(t, dir, &library{flows: map[string]*Deployed{}}, withAccess, func(c *Config) {
				c.Clock = func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
				c.Log = slog.New(slog.NewTextHandler(counter{&refusals}, nil))
			}), newSubscriber(t)
			defer w.close(t)
			d := w.library.webhook(t, s, "stateless", test.after)
			d.Workflow.Stateless = true
			run := w.start(t, d, "", false)
			eventually(t, "it subscribes", func() bool { return len(s.at("/sub")) == 1 })
			eventually(t, "it waits", func() bool { return w.rests(run) })
			allow := refuse(t, dir)
			skew.Store(int64(time.Hour))
			test.end(w, run.RunID)
			eventually(t, "the store refuses it", func() bool { return refusals.Load() > 1 })
			if !w.inMemory(run) || w.stored(t, run.RunID) {
				t.Fatal("the run is dropped, or stored without its unsubscription")
			}
			allow()
			eventually(t, "it is taken back", func() bool { return len(w.unsubscribing(t)) == 1 })
			if test.goesOn {
				if w.stored(t, run.RunID) || !w.inMemory(run) {
					t.Fatal("the run does not go on in memory")
				}
				if err := w.Cancel(context.Background(), environment, run.RunID); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the run is stored", func() bool { return w.stored(t, run.RunID) })
			if end := w.finished(t, run.RunID); end.Status != test.status {
				t.Errorf("the run is %s", end.Status)
			}
		})
	}
}

// counter counts the lines of a log.
type counter struct{ lines *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.lines.Add(1)
	return len(p), nil
}

// rests says whether a run in memory has no request under way and no event to look at.
func (w *world) rests(s *Started) bool {
	v, ok := w.live.Load(runKey{s.Environment, s.RunID})
	if !ok {
		return false
	}
	a := v.(*active)
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.driven && len(a.queue) == 0 && len(a.calls) == 0
}
