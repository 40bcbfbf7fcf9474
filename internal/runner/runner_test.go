package runner

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/processtest"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// tiers is the workflow of the benchmark: Request, Compose, If, Compose, Response.
const tiers = `{
	"Total":{"type":"Compose","inputs":"@mul(triggerBody()?['qty'],triggerBody()?['price'])","runAfter":{}},
	"Big":{"type":"If","expression":{"and":[{"greaterOrEquals":["@outputs('Total')",100]}]},"actions":{"Tier":{"type":"Compose","inputs":"big"}},"else":{"actions":{"Tier_2":{"type":"Compose","inputs":"small"}}},"runAfter":{"Total":["Succeeded"]}},
	"Answer":{"type":"Response","kind":"Http","inputs":{"statusCode":200,"body":{"id":"@triggerBody()?['id']","total":"@outputs('Total')","tier":"@if(greaterOrEquals(outputs('Total'),100),'big','small')"}},"runAfter":{"Big":["Succeeded"]}}}`

func TestSimpleRunIsOneCommit(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "tiers", "", tiers)
	s := w.start(t, d, `{"id":"a","qty":3,"price":50}`, true)
	reply, err := s.Reply(context.Background())
	if err != nil || !reply.Sent || reply.StatusCode != 200 || string(reply.Body.JSON()) != `{"id":"a","total":150,"tier":"big"}` {
		t.Fatalf("%+v, %v", reply, err)
	}
	run := w.run(t, s.RunID)
	if run.Status != "Succeeded" || run.Revision != 1 || run.End.IsZero() || run.Workflow != d.FlowID || run.Trigger != "manual" || run.ClientTrackingID != s.RunID {
		t.Errorf("%+v", run)
	}
	if _, live := w.live.Load(runKey{environment, s.RunID}); live {
		t.Error("a finished run stays in memory")
	}
}

// The hot path's allocations, the store's and the engine's included.
func TestStartAllocates(t *testing.T) {
	const most = 120
	w := newWorld(t)
	d := w.library.deploy(t, "tiers", "", tiers)
	q := request(d, `{"id":"a","qty":3,"price":50}`, true)
	if n := testing.AllocsPerRun(200, func() {
		if _, err := w.Start(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}); n > most && !processtest.Raced {
		t.Errorf("a run allocates %.0f times, want at most %d", n, most)
	}
}

// Runs that wake must not wait for requests that hang.
func TestWakingDoesNotWaitForCalls(t *testing.T) {
	release := make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	defer close(release)
	var ahead atomic.Int64
	w := newWorld(t, func(c *Config) {
		c.MaxCalls, c.MaxCallsEach = 1, 1
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	hangs := w.library.deploy(t, "hangs", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}}}`)
	waits := w.library.deploy(t, "waits", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":30,"unit":"Minute"}},"runAfter":{}}}`)
	w.start(t, hangs, `{}`, false)
	eventually(t, "the call arrives", func() bool { return g.total() == 1 })
	s := w.start(t, waits, `{}`, false)
	ahead.Store(int64(31 * time.Minute))
	w.wakes.changed <- struct{}{}
	w.finished(t, s.RunID)
}

func TestRunNamesSortNewestFirst(t *testing.T) {
	at := time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC)
	older, newer := trigger.RunName(at, 1), trigger.RunName(at.Add(time.Millisecond), 1)
	if len(older) != 33 || !strings.HasSuffix(older, "CU00") || newer >= older {
		t.Errorf("%s %s", older, newer)
	}
	// Int64.MaxValue − ticks, by hand: 9223372036854775807 − 638460954450000000.
	if older != "08584911082404775807"+"000000001"+"CU00" {
		t.Errorf("%s", older)
	}
}

func TestHTTPActionAndUnloading(t *testing.T) {
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"n":1}`))
	})
	w := newWorld(t)
	d := w.library.deploy(t, "call", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}},"After":{"type":"Compose","inputs":"@body('Get')?['n']","runAfter":{"Get":["Succeeded"]}}}`)
	s := w.start(t, d, `{}`, false)
	if run := w.finished(t, s.RunID); run.Status != "Succeeded" {
		t.Fatalf("%+v", run)
	}
	if r := w.record(t, s.RunID, "After"); string(r.Outputs.JSON()) != "1" {
		t.Errorf("%s", r.Outputs.JSON())
	}
	if r := w.record(t, s.RunID, "Get"); r.Code != "OK" || r.Status != wdl.Succeeded {
		t.Errorf("%+v", r)
	}
	eventually(t, "the run leaves memory", func() bool { _, live := w.live.Load(runKey{environment, s.RunID}); return !live })
}

func TestResponseAfterACall(t *testing.T) {
	g := newTarget(t, nil)
	w := newWorld(t)
	d := w.library.deploy(t, "respond", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":201,"headers":{"X-A":"b"},"body":"hi"},"runAfter":{"Get":["Succeeded"]}}}`)
	reply, err := w.start(t, d, `{}`, true).Reply(context.Background())
	if err != nil || reply.StatusCode != 201 || reply.Body.Text() != "hi" {
		t.Fatalf("%+v, %v", reply, err)
	}
}

func TestRunThatEndsWithoutItsResponse(t *testing.T) {
	w := newWorld(t)
	d := w.library.deploy(t, "fails", "", `{"A":{"type":"Compose","inputs":"@int('x')","runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`)
	reply, err := w.start(t, d, `{}`, true).Reply(context.Background())
	if err != nil || reply.Sent || reply.Finish.Status != wdl.Failed {
		t.Fatalf("%+v, %v", reply, err)
	}
}

func TestCallerThatLeft(t *testing.T) {
	release := make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	w := newWorld(t)
	d := w.library.deploy(t, "late", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Get":["Succeeded"]}}}`)
	s := w.start(t, d, `{}`, true)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Reply(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.Leave(s)
	close(release)
	w.finished(t, s.RunID)
	if r := w.record(t, s.RunID, "Answer"); r.Status != wdl.Skipped || r.Code != "ActionResponseSkipped" && (r.Error == nil || r.Error.Code != "ActionResponseSkipped") {
		t.Errorf("%+v %+v", r, r.Error)
	}
}

func TestLargeBodiesAreContents(t *testing.T) {
	large := strings.Repeat("x", 300<<10)
	var got atomic.Int64
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.ContentLength)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(large))
	})
	w := newWorld(t)
	d := w.library.deploy(t, "large", "", `{"Get":{"type":"Http","inputs":{"method":"POST","uri":"`+g.URL+`","body":{"in":"@triggerBody()"}},"runAfter":{}},"Length":{"type":"Compose","inputs":"@length(body('Get'))","runAfter":{"Get":["Succeeded"]}},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"deep":["@body('Get')"]}},"runAfter":{"Length":["Succeeded"]}}}`)
	reply, err := w.start(t, d, `"`+large+`"`, true).Reply(context.Background())
	if err != nil || string(reply.Body.JSON()) != `{"deep":["`+large+`"]}` {
		t.Fatalf("%v, %d bytes", err, len(reply.Body.JSON()))
	}
	if want := int64(len(large) + len(`{"in":""}`)); got.Load() != want {
		t.Errorf("%d bytes were sent, want %d", got.Load(), want)
	}
}

func TestCancel(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(ended)
	})
	w := newWorld(t)
	d := w.library.deploy(t, "endless", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}}}`)
	s := w.start(t, d, `{}`, false)
	<-started
	if err := w.Cancel(context.Background(), environment, s.RunID); err != nil {
		t.Fatal(err)
	}
	if run := w.run(t, s.RunID); run.Status != "Cancelled" || run.End.IsZero() {
		t.Errorf("%+v", run)
	}
	<-ended // the request was cancelled too
	if err := w.Cancel(context.Background(), environment, s.RunID); !errors.Is(err, ErrFinished) {
		t.Errorf("again: %v", err)
	}
	if err := w.Cancel(context.Background(), environment, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func TestSingleInstance(t *testing.T) {
	release := make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	w := newWorld(t)
	d := w.library.deploy(t, "single", `{"manual":{"type":"Request","operationOptions":"SingleInstance"}}`, `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}}}`)
	trigger := d.Workflow.Program.Triggers[0]
	first, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: trigger})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: trigger}); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	close(release)
	w.finished(t, first.Started.RunID)
	if _, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: trigger}); err != nil {
		t.Error(err)
	}
	var histories []store.TriggerHistory
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		histories, err = Histories(tx, store.TriggerHistoryQuery{Workflow: d.FlowID, Trigger: "manual"}, HistoryPlace{})
		return err
	}); err != nil || len(histories) != 3 || histories[0].Status != "Succeeded" || histories[1].Status != "Skipped" || histories[1].Fired || !histories[2].Fired {
		t.Errorf("%+v, %v", histories, err)
	}
}

func TestStopHandsOver(t *testing.T) {
	dir, l := t.TempDir(), &library{flows: map[string]*Deployed{}}
	block := make(chan struct{})
	var slow atomic.Bool
	slow.Store(true)
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			select {
			case <-block:
			case <-r.Context().Done():
			}
		}
	})
	d := l.deploy(t, "slow", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+g.URL+`"},"runAfter":{}}}`)
	w := open(t, dir, l, func(c *Config) { c.StopTimeout = 10 * time.Millisecond })
	s := w.start(t, d, `{}`, false)
	eventually(t, "the call arrives", func() bool { return g.total() == 1 })
	w.Stop()
	if _, err := w.Start(context.Background(), request(d, `{}`, false)); !errors.Is(err, ErrStopped) {
		t.Errorf("%v", err)
	}
	w.close(t)
	slow.Store(false)
	close(block)
	w = open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	if run := w.finished(t, s.RunID); run.Status != "Succeeded" || run.Epoch != w.db.Epoch() {
		t.Errorf("%+v", run)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if ids := g.calls[s.RunID]; len(ids) != 1 {
		t.Errorf("the repeated call has another client request id: %v", ids)
	}
}

// Before it stops, who waits for a run that rests is told so, also if the run comes to rest
// later; who waits for one with a call under way gets its answer.
func TestBeforeTheStopCallersOfRestingRunsAreLetGo(t *testing.T) {
	l := &library{flows: map[string]*Deployed{}}
	block := make(chan struct{})
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		<-block
		if r.URL.Path == "/busy" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	respond := `,"Answer":{"type":"Response","kind":"Http","inputs":{"statusCode":200},"runAfter":{"First":["Succeeded"]}}}`
	w := open(t, t.TempDir(), l)
	defer w.close(t)
	started := map[string]*Started{}
	for name, first := range map[string]string{
		"waits":   `"type":"Wait","inputs":{"interval":{"count":30,"unit":"Minute"}}`,
		"calls":   `"type":"Http","inputs":{"method":"GET","uri":"` + g.URL + `/good"}`,
		"repeats": `"type":"Http","inputs":{"method":"GET","uri":"` + g.URL + `/busy","retryPolicy":{"type":"fixed","count":4,"interval":"PT1H"}}`,
	} {
		d := l.deploy(t, name, "", `{"First":{`+first+`,"runAfter":{}}`+respond)
		started[name] = w.start(t, d, `{}`, true)
	}
	eventually(t, "the calls arrive", func() bool { return g.total() == 2 })
	w.LetGo()
	if _, err := started["waits"].Reply(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("who waits for a run that rests is told %v", err)
	}
	close(block)
	if _, err := started["repeats"].Reply(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("who waits for a run that comes to rest is told %v", err)
	}
	if reply, err := started["calls"].Reply(t.Context()); err != nil || reply.StatusCode != http.StatusOK {
		t.Errorf("who waits for a run with a call under way gets %+v, %v", reply, err)
	}
}

func TestWaitsSurviveARestart(t *testing.T) {
	dir, l := t.TempDir(), &library{flows: map[string]*Deployed{}}
	d := l.deploy(t, "wait", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":30,"unit":"Minute"}},"runAfter":{}},"After":{"type":"Compose","inputs":"x","runAfter":{"W":["Succeeded"]}}}`)
	var ahead atomic.Int64
	clock := func(c *Config) { c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } }
	w := open(t, dir, l, clock)
	s := w.start(t, d, `{}`, false)
	if _, live := w.live.Load(runKey{environment, s.RunID}); live {
		t.Error("a run that waits half an hour stays in memory")
	}
	if run := w.run(t, s.RunID); time.Until(run.Wake) < 29*time.Minute {
		t.Errorf("%+v", run)
	}
	w.close(t)
	w = open(t, dir, l, clock)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	if run := w.run(t, s.RunID); !run.End.IsZero() {
		t.Errorf("%+v", run)
	}
	ahead.Store(int64(31 * time.Minute))
	w.wakes.changed <- struct{}{}
	if run := w.finished(t, s.RunID); run.Status != "Succeeded" {
		t.Errorf("%+v", run)
	}
}

func TestFailedWorkflowLookupIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	k := runKey{environment, "none"}
	if err := w.deliver(k, delivery{event: wokeEvent}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, live := w.live.Load(k); live {
		t.Error("what could not be loaded stays in memory")
	}
}
