package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/wdl"
)

// goesOn is a workflow that fails between two calls unless its trigger brings a number;
// what it makes before is large.
func goesOn(t testing.TB, l *library, url, triggers string) *Deployed {
	return l.deploy(t, "goesOn", triggers, `{
		"Big":{"type":"Compose","inputs":{"all":"@range(0,20000)","of":"@triggerBody()"},"runAfter":{}},
		"First":{"type":"Http","inputs":{"method":"POST","uri":"`+url+`/first"},"runAfter":{"Big":["Succeeded"]}},
		"Number":{"type":"Compose","inputs":"@int(triggerBody()?['n'])","runAfter":{"First":["Succeeded"]}},
		"Last":{"type":"Http","inputs":{"method":"POST","uri":"`+url+`/last/@{length(outputs('Big')['all'])}"},"runAfter":{"Number":["Succeeded"]}}}`)
}

// goOn begins a run where another one failed, with a number.
func (w *world) goOn(d *Deployed, origin string, also func(*store.Tx) error) (*Started, error) {
	kept, err := w.Keep(context.Background(), d, origin, nil)
	if err != nil {
		return nil, err
	}
	firing, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Resubmit: true, Kept: kept, Also: also,
		Fired: engine.Fired{OriginHistoryName: origin, HasOutputs: true, Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Object(expr.Member{Name: "n", Value: expr.String("7")})})}})
	return firing.Started, err
}

func (w *world) contents(t testing.TB, run string) (ids []string) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) error {
		found, err := tx.Contents(run)
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

// paths counts requests by path.
type paths struct {
	mu    sync.Mutex
	calls map[string]int
}

func (p *paths) count(_ http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = map[string]int{}
	}
	p.calls[r.URL.Path]++
}

func (p *paths) of(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// What a run did before it failed is not done again, and is the new run's own: it stays
// when the origin is purged.
func TestARunGoesOnWhereAnotherFailed(t *testing.T) {
	var p paths
	g := newTarget(t, p.count)
	w := newWorld(t)
	d := goesOn(t, w.library, g.URL, "")
	origin := w.start(t, d, `{"n":"x"}`, false).RunID
	if run := w.finished(t, origin); run.Status != "Failed" {
		t.Fatal(run.Status)
	}
	s, err := w.goOn(d, origin, nil)
	if err != nil {
		t.Fatal(err)
	}
	if run := w.finished(t, s.RunID); run.Status != "Succeeded" {
		t.Fatal(run.Status, run.ErrorMessage)
	}
	if p.of("/first") != 1 || p.of("/last/20000") != 1 {
		t.Errorf("%v", p.calls)
	}
	before, after := w.contents(t, origin), w.contents(t, s.RunID)
	if len(before) == 0 || !slices.Equal(before, after) {
		t.Errorf("contents %v became %v", before, after)
	}
	if err := w.db.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteRun(origin) }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	big := w.record(t, s.RunID, "Big")
	v, err := Resolve(t.Context(), w.db, s.RunID, big.Outputs)
	if all, _ := v.Get("all"); err != nil || all.Len() != 20000 || !big.Kept || w.record(t, s.RunID, "Last").Kept {
		t.Errorf("%v: %d of them, kept %v", err, all.Len(), big.Kept)
	}
	if _, err := w.Keep(t.Context(), d, origin, nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a run that is gone: %v", err)
	}
	if _, err := w.Keep(t.Context(), d, s.RunID, nil); !errors.Is(err, ErrNoFailure) {
		t.Errorf("of a run that has succeeded: %v", err)
	}
}

// A run that cannot be created leaves nothing behind; one whose origin has lost a content
// is not begun.
func TestARunThatCannotGoOnLeavesNothing(t *testing.T) {
	g := newTarget(t, nil)
	dir := t.TempDir()
	w := open(t, dir, &library{flows: map[string]*Deployed{}})
	defer w.close(t)
	d := goesOn(t, w.library, g.URL, "")
	origin := w.start(t, d, `{"n":"x"}`, false).RunID
	w.finished(t, origin)
	_, before := folderSize(t, dir)
	broken := errors.New("broken")
	if _, err := w.goOn(d, origin, func(*store.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := w.store.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, after := folderSize(t, dir); after != before || w.countRuns(t) != 1 {
		t.Errorf("%d contents became %d, %d runs", before, after, w.countRuns(t))
	}
	if err := w.db.Write(t.Context(), func(tx *store.Tx) error { return tx.UnnameContent(origin, w.contents(t, origin)[0]) }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.goOn(d, origin, nil); !errors.Is(err, ErrKeptGone) || w.countRuns(t) != 1 {
		t.Errorf("%v, %d runs", err, w.countRuns(t))
	}
}

// One that must wait for its turn goes on in its turn, also after a restart.
func TestARunGoesOnInItsTurn(t *testing.T) {
	release, slow := make(chan struct{}), atomic.Bool{}
	var p paths
	g := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		p.count(w, r)
		if slow.Load() {
			<-release
		}
	})
	free := sync.OnceFunc(func() { close(release) })
	t.Cleanup(free)
	dir, l := t.TempDir(), &library{flows: map[string]*Deployed{}}
	w := open(t, dir, l)
	d := goesOn(t, l, g.URL, `{"manual":{"type":"Request","kind":"Http","inputs":{},"runtimeConfiguration":{"concurrency":{"runs":1}}}}`)
	origin := w.start(t, d, `{"n":"x"}`, false).RunID
	w.finished(t, origin)
	slow.Store(true)
	ahead := w.start(t, d, `{"n":"1"}`, false).RunID
	s, err := w.goOn(d, origin, nil)
	if err != nil || s.Status != wdl.Waiting || !w.record(t, s.RunID, "First").Kept {
		t.Fatal(err, s)
	}
	go free()
	w.close(t)

	w = open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ahead, s.RunID} {
		if run := w.finished(t, name); run.Status != "Succeeded" {
			t.Errorf("%s: %s %s", name, run.Status, run.ErrorMessage)
		}
	}
	if n := p.of("/last/20000"); n < 2 {
		t.Errorf("%d runs came to their end", n)
	}
	if ids := g.calls[s.RunID]; len(ids) != 1 {
		t.Errorf("it has made the calls %v", ids)
	}
}

// TestKilledWhileGoingOnChild is the child of TestKilledWhileGoingOn: it lets runs fail
// and go on, without end, and prints the name of each that goes on.
func TestKilledWhileGoingOnChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only as a child of TestKilledWhileGoingOn")
	}
	w := open(t, dir, &library{flows: map[string]*Deployed{}})
	d := goesOn(t, w.library, os.Getenv(killTarget), "")
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	var print sync.Mutex
	for range 4 {
		go func() {
			for {
				s, err := w.Start(context.Background(), request(d, `{"n":"x"}`, false))
				if err != nil {
					return
				}
				w.finished(t, s.RunID)
				if s, err = w.goOn(d, s.RunID, nil); err != nil {
					return
				}
				print.Lock()
				fmt.Println("accepted", d.Name, s.RunID)
				print.Unlock()
			}
		}()
	}
	select {}
}

// However often the process is killed, a run that goes on is there with all that it keeps,
// none of which is done again; or it is not there.
func TestKilledWhileGoingOn(t *testing.T) {
	g := newTarget(t, nil)
	dir := filepath.Join(t.TempDir(), "data")
	promised := acceptedByAll(t, "TestKilledWhileGoingOnChild", dir, g.URL, 8, 12)
	w := open(t, dir, &library{flows: map[string]*Deployed{}})
	defer w.close(t)
	goesOn(t, w.library, g.URL, "")
	if err := w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no run is open", func() bool {
		var open []store.Run
		if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) {
			open, err = tx.UnfinishedRuns(w.db.Epoch()+1, "", 1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return len(open) == 0
	})
	var all []store.Run
	if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = tx.Runs(store.RunQuery{}); return err }); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, run := range all {
		names[run.Name] = run.Status
	}
	for name := range promised {
		if names[name] != "Succeeded" {
			t.Errorf("run %s is lost, or %s", name, names[name])
		}
	}
	for name, status := range names {
		records := w.records(t, name)
		if status != "Succeeded" { // an origin
			continue
		}
		if n := len(g.calls[name]); len(records) != 4 || n != 1 {
			t.Errorf("run %s has %d records and made %d calls", name, len(records), n)
		}
		big, err := Resolve(t.Context(), w.db, name, w.record(t, name, "Big").Outputs)
		if list, _ := big.Get("all"); err != nil || list.Len() != 20000 {
			t.Errorf("run %s: %v", name, err)
		}
	}
	t.Logf("%d runs, %d promised to go on", len(names), len(promised))
}
