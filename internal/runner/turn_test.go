package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// counting is a server that notes how many requests are under way, and the bodies in
// the order of their coming. Each request waits for the next value of release.
type counting struct {
	*httptest.Server
	mu      sync.Mutex
	now     int
	most    int
	bodies  []string
	release chan struct{}
}

func newCounting(t testing.TB) *counting {
	c := &counting{release: make(chan struct{}, 1000)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.now++
		c.most = max(c.most, c.now)
		c.bodies = append(c.bodies, string(body))
		c.mu.Unlock()
		select {
		case <-c.release:
		case <-r.Context().Done():
		}
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *counting) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.bodies...)
}

// peak is how many were under way at once.
func (c *counting) peak() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

// let lets so many requests go.
func (c *counting) let(n int) {
	for range n {
		c.release <- struct{}{}
	}
}

// limited deploys a workflow that calls the server, with settings of its trigger.
func (l *library) limited(t testing.TB, name, settings, url string) *Deployed {
	return l.deploy(t, name, `{"manual":{"type":"Request","kind":"Http","inputs":{}`+settings+`}}`,
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+url+`","body":"@triggerBody()"},"runAfter":{}}}`)
}

func concurrency(members string) string {
	return `,"runtimeConfiguration":{"concurrency":{` + members + `}}`
}

func (w *world) fire(d *Deployed, body string) (Firing, error) {
	q := FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0]}
	q.Fired.Outputs, q.Fired.HasOutputs = expr.Object(expr.Member{Name: "body", Value: expr.String(body)}), true
	return w.Fire(context.Background(), q)
}

func (w *world) fired(t testing.TB, d *Deployed, body string) string {
	t.Helper()
	f, err := w.fire(d, body)
	if err != nil {
		t.Fatal(err)
	}
	return f.Name
}

func (w *world) loads(t testing.TB, d *Deployed) (running, waiting int) {
	t.Helper()
	var loads []store.Load
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { loads, err = tx.Loads(d.FlowID); return err }); err != nil {
		t.Fatal(err)
	}
	for _, l := range loads {
		running, waiting = running+l.Running, waiting+l.Waiting
	}
	return running, waiting
}

// wdl-semantics §12.3 concurrency.runs, §13.1 Waiting: never more are under way, the
// others have a name and no actions, and begin in their order as others end.
func TestRunsBeyondTheLimitWaitInOrder(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "limited", concurrency(`"runs":2`), c.URL)
	var names []string
	for i := range 6 {
		names = append(names, w.fired(t, d, fmt.Sprint(i)))
	}
	eventually(t, "two calls arrive", func() bool { return len(c.seen()) == 2 })
	for i, name := range names {
		run := w.run(t, name)
		if want := i >= 2; run.Queued != want || want && (run.Status != "Waiting" || !run.WaitEnd.IsZero() || len(w.records(t, name)) > 0) {
			t.Errorf("run %d: %+v", i, run)
		}
	}
	for n := 3; n <= 6; n++ { // one ends, the next begins
		c.let(1)
		eventually(t, "the next call arrives", func() bool { return len(c.seen()) == n })
	}
	c.let(2)
	for i, name := range names {
		run := w.finished(t, name)
		if run.Status != "Succeeded" || run.Queued || (i >= 2) != run.WaitEnd.After(run.Start) {
			t.Errorf("run %d: %+v", i, run)
		}
	}
	if got := strings.Join(c.seen()[2:], ""); got != "2345" {
		t.Errorf("they began as %s", got)
	}
	if n := c.peak(); n != 2 {
		t.Errorf("%d were under way at once", n)
	}
	eventually(t, "the queue is forgotten", func() bool {
		w.queues.mu.Lock()
		defer w.queues.mu.Unlock()
		return len(w.queues.each) == 0
	})
}

// wdl-semantics §10.2 "Waiting-runs queue full", §12.3 maximumWaitingRuns: ten more
// than runs unless it is given.
func TestQueueIsFull(t *testing.T) {
	for settings, most := range map[string]int{
		concurrency(`"runs":1`):                                                        12,
		concurrency(`"runs":1,"maximumWaitingRuns":14`):                                15,
		`,"operationOptions":"SingleInstance"`:                                         1,
		`,"operationOptions":"SingleInstance"` + concurrency(`"maximumWaitingRuns":3`): 4,
	} {
		c := newCounting(t)
		w := newWorld(t)
		d := w.library.limited(t, "full", settings, c.URL)
		for i := range most {
			w.fired(t, d, fmt.Sprint(i))
		}
		_, err := w.fire(d, "more")
		if !errors.Is(err, ErrBusy) || errors.Is(err, ErrQueueFull) != (most > 1) {
			t.Errorf("%s: %v", settings, err)
		}
		if running, waiting := w.loads(t, d); running != 1 || waiting != most-1 {
			t.Errorf("%s: %d under way, %d wait", settings, running, waiting)
		}
		c.let(1)
		eventually(t, "there is room again", func() bool { _, err := w.fire(d, "again"); return err == nil })
		c.let(most)
	}
}

// Any number of firings at once leaves exactly as many begun as allowed.
func TestLimitHoldsUnderConcurrentFirings(t *testing.T) {
	const firings, runs = 60, 5
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "crowd", concurrency(`"runs":5,"maximumWaitingRuns":20`), c.URL)
	var all sync.WaitGroup
	var mu sync.Mutex
	begun, refused := 0, 0
	for i := range firings {
		all.Go(func() {
			_, err := w.fire(d, fmt.Sprint(i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				begun++
			case errors.Is(err, ErrQueueFull):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if running, waiting := w.loads(t, d); running != runs || waiting != 20 || begun != 25 || refused != firings-25 {
		t.Errorf("%d under way, %d wait, %d accepted, %d refused", running, waiting, begun, refused)
	}
	c.let(begun)
	eventually(t, "all end", func() bool { running, waiting := w.loads(t, d); return running+waiting == 0 })
	if n := c.peak(); n > runs {
		t.Errorf("%d were under way at once", n)
	}
}

// Runs that wait survive a restart, in their order, and in their version of the
// workflow; the limit is the current version's.
func TestQueueSurvivesARestart(t *testing.T) {
	dir, l := t.TempDir(), &library{flows: map[string]*Deployed{}}
	c := newCounting(t)
	d := l.limited(t, "kept", concurrency(`"runs":1`), c.URL)
	w := open(t, dir, l, func(c *Config) { c.StopTimeout = time.Millisecond })
	var names []string
	for i := range 5 {
		names = append(names, w.fired(t, d, fmt.Sprint(i)))
	}
	eventually(t, "the first call arrives", func() bool { return len(c.seen()) == 1 })
	w.close(t)
	w = open(t, dir, l)
	defer w.close(t)
	l.limited(t, "kept", concurrency(`"runs":2`), c.URL)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first is repeated, the second begins", func() bool { return len(c.seen()) == 3 })
	if running, waiting := w.loads(t, d); running != 2 || waiting != 3 {
		t.Errorf("%d under way, %d wait", running, waiting)
	}
	c.let(6)
	for _, name := range names {
		if run := w.finished(t, name); run.Status != "Succeeded" {
			t.Errorf("%+v", run)
		}
	}
	// Two are under way at a time, so that the calls of two may change places.
	if got := strings.Join(c.seen(), ""); len(got) != 6 || !slices.Contains([]string{"234", "324", "243"}, got[3:]) {
		t.Errorf("they began as %s", got)
	}
}

// A new version with a higher limit lets those that wait begin.
func TestNewVersionBeginsRunsThatWait(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "raised", concurrency(`"runs":1`), c.URL)
	for i := range 4 {
		w.fired(t, d, fmt.Sprint(i))
	}
	eventually(t, "the first call arrives", func() bool { return len(c.seen()) == 1 })
	w.arm(t, w.library.limited(t, "raised", concurrency(`"runs":3`), c.URL), false)
	eventually(t, "two more arrive", func() bool { return len(c.seen()) == 3 })
	c.let(4)
}

// wdl-semantics §13.7: a run that waits can be cancelled; it has no actions, and the
// others keep their order. Of a deleted workflow none begins any more.
func TestRunsThatWaitAreCancelled(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "cancelled", concurrency(`"runs":1`), c.URL)
	first, second, third := w.fired(t, d, "1"), w.fired(t, d, "2"), w.fired(t, d, "3")
	eventually(t, "the first call arrives", func() bool { return len(c.seen()) == 1 })
	if err := w.Cancel(context.Background(), environment, second); err != nil {
		t.Fatal(err)
	}
	if run := w.run(t, second); run.Status != "Cancelled" || run.End.IsZero() || run.Queued || len(w.records(t, second)) > 0 {
		t.Errorf("%+v", run)
	}
	if err := w.Cancel(context.Background(), environment, second); !errors.Is(err, ErrFinished) {
		t.Errorf("again: %v", err)
	}
	w.library.mu.Lock()
	delete(w.library.flows, d.FlowID) // as if it were deleted
	w.library.mu.Unlock()
	c.let(1)
	w.finished(t, first)
	w.library.set(d)
	if running, waiting := w.loads(t, d); running != 0 || waiting != 1 {
		t.Errorf("%d under way, %d wait", running, waiting)
	}
	if err := w.Cancel(context.Background(), environment, third); err != nil {
		t.Error(err)
	}
	if n := len(c.seen()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// Disabling a workflow lets the runs that wait finish (wdl-semantics §13.7).
func TestDisabledWorkflowFinishesRunsThatWait(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "off", concurrency(`"runs":1`), c.URL)
	w.fired(t, d, "1")
	second := w.fired(t, d, "2")
	off := *d
	off.Enabled = false
	w.library.set(&off)
	c.let(2)
	if run := w.finished(t, second); run.Status != "Succeeded" {
		t.Errorf("%+v", run)
	}
}

// The caller of a run that waits counts its time from the request on: its Response
// comes too late (wdl-semantics §10.2).
func TestCallerDoesNotWaitForTheTurn(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.deploy(t, "answers", `{"manual":{"type":"Request","operationOptions":"SingleInstance","runtimeConfiguration":{"concurrency":{"maximumWaitingRuns":20}}}}`,
		`{"Call":{"type":"Http","inputs":{"method":"POST","uri":"`+c.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Call":["Succeeded"]}}}`)
	now := time.Now()
	fire := func() Firing {
		f, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Caller: true, RespondBy: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	fire()
	left, stays := fire(), fire()
	if left.Started.Status != wdl.Waiting {
		t.Errorf("%v", left.Started.Status)
	}
	w.Leave(left.Started)
	c.let(3)
	w.finished(t, left.Name)
	if r := w.record(t, left.Name, "Answer"); r.Status != wdl.Skipped || r.Code != "ActionResponseSkipped" {
		t.Errorf("%+v", r)
	}
	if reply, err := stays.Started.Reply(context.Background()); err != nil || reply.StatusCode != 200 {
		t.Errorf("%+v, %v", reply, err)
	}
}

// A slot of a schedule that finds no room is skipped (wdl-semantics §12.3).
func TestSlotThatFindsNoRoomIsSkipped(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	d := c.library.deploy(t, "slots", `{"tick":{"type":"Recurrence","recurrence":{"frequency":"Minute","interval":1},"runtimeConfiguration":{"concurrency":{"runs":1}}}}`,
		`{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`)
	c.arm(t, d, nil)
	last := ""
	for range 13 {
		last = c.step(t, d, nil)
	}
	if running, waiting := c.loads(t, d); running != 1 || waiting != 11 || !strings.Contains(last, "Skipped") {
		t.Errorf("%d under way, %d wait, the last slot: %s", running, waiting, last)
	}
}

// After an outage the queue is looked at again.
func TestQueueIsServedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, t.TempDir(), &library{flows: map[string]*Deployed{}})
		defer w.close(t)
		d := w.library.deploy(t, "outage", `{"manual":{"type":"Request","runtimeConfiguration":{"concurrency":{"runs":1}}}}`,
			`{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Second"}},"runAfter":{}}}`)
		w.fired(t, d, "1")
		second := w.fired(t, d, "2")
		w.library.fail(errors.New("the store is away"))
		time.Sleep(10 * time.Second)
		if run := w.run(t, second); !run.Queued {
			t.Fatalf("%+v", run)
		}
		w.library.fail(nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if run := w.run(t, second); run.Status != "Succeeded" {
			t.Errorf("%+v", run)
		}
	})
}

// Runs that are counted are stored, of a stateless workflow too.
func TestStatelessRunsAreCounted(t *testing.T) {
	c := newCounting(t)
	w := newWorld(t)
	d := w.library.limited(t, "stateless", concurrency(`"runs":1`), c.URL)
	d.Workflow.Stateless = true
	first, second := w.fired(t, d, "1"), w.fired(t, d, "2")
	if running, waiting := w.loads(t, d); running != 1 || waiting != 1 {
		t.Errorf("%d under way, %d wait", running, waiting)
	}
	c.let(2)
	w.finished(t, first)
	w.finished(t, second)
}
