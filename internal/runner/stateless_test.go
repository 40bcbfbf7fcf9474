package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"isle/engine"
	"isle/internal/store"
	"isle/wdl"
)

// stateless deploys a workflow whose runs stay in memory.
func stateless(t *testing.T, w *world, actions string) *Deployed {
	t.Helper()
	d := w.library.deploy(t, "stateless", "", actions)
	d.Workflow.Stateless = true
	return d
}

// stored says whether the store has the run.
func (w *world) stored(t *testing.T, name string) bool {
	t.Helper()
	err := w.db.Read(context.Background(), func(tx *store.Tx) error { _, err := tx.Run(name); return err })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) inMemory(s *Started) bool {
	_, ok := w.live.Load(runKey{s.Environment, s.RunID})
	return ok
}

const (
	callAndAnswer = `{
		"Call":{"type":"Http","inputs":{"method":"GET","uri":"%s"}},
		"Each":{"type":"Foreach","foreach":"@range(0,3)","actions":{"Double":{"type":"Compose","inputs":"@mul(item(),2)"}},"runAfter":{"Call":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"call":"@body('Call')","doubled":"@result('Each')[0]['outputs']"}},"runAfter":{"Each":["Succeeded"]}}}`
	failing = `{"Bad":{"type":"Compose","inputs":"@int('x')"}}`
)

// A stateless run that succeeds leaves nothing behind, large values included.
func TestStatelessSuccessIsNotStored(t *testing.T) {
	w := newWorld(t)
	large := strings.Repeat("x", engine.Inline+1)
	g := newTarget(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, large) })
	s := w.start(t, stateless(t, w, fmt.Sprintf(callAndAnswer, g.URL)), "", true)
	reply, err := s.Reply(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if call, _ := reply.Body.Get("call"); reply.StatusCode != 200 || call.Text() != large {
		t.Errorf("the reply is %d with %d bytes", reply.StatusCode, len(call.Text()))
	}
	eventually(t, "the run leaves memory", func() bool { return !w.inMemory(s) })
	if w.stored(t, s.RunID) {
		t.Error("the run is stored")
	}
}

// One that fails, is cancelled, or whose workflow keeps histories, is stored whole.
func TestStatelessHistoryIsStoredOnFailureOrWhenAsked(t *testing.T) {
	w := newWorld(t)
	large := strings.Repeat("x", engine.Inline+1)
	s := w.start(t, stateless(t, w, failing), `"`+large+`"`, false)
	if run := w.finished(t, s.RunID); run.Status != "Failed" || run.Code != "ActionFailed" {
		t.Errorf("the run is %s %s", run.Status, run.Code)
	}
	if r := w.record(t, s.RunID, "Bad"); r.Error == nil || r.Error.Code != "InvalidTemplate" {
		t.Errorf("the record is %+v", r)
	}

	d := stateless(t, w, fmt.Sprintf(callAndAnswer, newTarget(t, nil).URL))
	d.Workflow.KeepHistory = true
	s = w.start(t, d, "", false)
	eventually(t, "the run is stored", func() bool { return w.stored(t, s.RunID) })
	if n := len(w.records(t, s.RunID)); w.run(t, s.RunID).Status != "Succeeded" || n < 5 {
		t.Errorf("the run is %s with %d records", w.run(t, s.RunID).Status, n)
	}

	s = w.start(t, stateless(t, w, `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`), "", false)
	if w.stored(t, s.RunID) || !w.inMemory(s) {
		t.Error("a run that waits is stored, or not in memory")
	}
	if err := w.Cancel(context.Background(), s.Environment, s.RunID); err != nil {
		t.Fatal(err)
	}
	if run := w.finished(t, s.RunID); run.Status != "Cancelled" {
		t.Errorf("the run is %s", run.Status)
	}
}

// What is too much for memory is stored from there on, and the run ends as it would
// have.
func TestLargeStatelessRunIsStored(t *testing.T) {
	w := newWorld(t)
	large := strings.Repeat("x", maxHeld/4)
	g := newTarget(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, large) })
	s := w.start(t, stateless(t, w, fmt.Sprintf(`{
		"Each":{"type":"Foreach","foreach":"@range(0,6)","operationOptions":"Sequential","actions":{"Call":{"type":"Http","inputs":{"method":"GET","uri":"%s"}}}},
		"Length":{"type":"Compose","inputs":"@length(body('Call'))","runAfter":{"Each":["Succeeded"]}}}`, g.URL)), "", false)
	if run := (func() store.Run {
		eventually(t, "the run is stored", func() bool { return w.stored(t, s.RunID) })
		return w.finished(t, s.RunID)
	})(); run.Status != wdl.Succeeded.String() {
		t.Errorf("the run is %s %s", run.Status, run.ErrorMessage)
	}
	if r := w.record(t, s.RunID, "Length"); r.Outputs.Text() != fmt.Sprint(maxHeld/4) {
		t.Errorf("the outputs are %s", r.Outputs.JSON())
	}
}

// A process that ends takes stateless runs with it: nothing of them is there to go on.
func TestStatelessRunsEndWithTheProcess(t *testing.T) {
	dir, l := t.TempDir(), &library{flows: map[string]*Deployed{}}
	w := open(t, dir, l)
	s := w.start(t, stateless(t, w, `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`), "", false)
	w.close(t)
	w = open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	if w.stored(t, s.RunID) || w.inMemory(s) {
		t.Error("the run is there again")
	}
}

// While the store is unavailable a stateless run tries until it is there again, as
// nothing could bring it back; one that is stored is loaded later instead. Neither
// insists on what can never be.
func TestAStatelessRunOutlastsAnOutage(t *testing.T) {
	outage := errors.New("no store")
	for _, test := range []struct {
		name     string
		held     *held
		failures int
		err, end error
	}{
		{"stateless", newHeld(), 100, outage, nil},
		{"stored", nil, 100, outage, outage},
		{"stored, a short one", nil, 5, outage, nil},
		{"gone", newHeld(), 100, store.ErrClosed, store.ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := New(Config{Store: new(store.Store)})
			defer r.Stop()
			a := &active{runner: r, created: true, held: test.held}
			tries := 0
			began := time.Now()
			err := a.persist(func() error {
				if tries++; tries > test.failures {
					return nil
				}
				return test.err
			})
			if !errors.Is(err, test.end) || (err == nil) != (tries == test.failures+1) {
				t.Errorf("%s: %v after %d attempts in %v", test.name, err, tries, time.Since(began))
			}
		})
	}
}
