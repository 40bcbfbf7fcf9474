package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/processtest"
	"isle/internal/store"
	"isle/internal/trigger"
)

// killedItems is how many items each firing of the kill test splits into.
const killedItems = 7

// killedFirings are deployed alike by parent and children: one workflow whose runs a
// task begins, one whose runs wait for their turns.
func killedFirings(t testing.TB, target string) (*library, []*Deployed) {
	l := &library{flows: map[string]*Deployed{}}
	call := `{"A":{"type":"Http","inputs":{"method":"POST","uri":"` + target + `","body":"@triggerBody()"},"runAfter":{}}}`
	const request = `"type":"Request","splitOn":"@triggerBody()?['items']"`
	return l, []*Deployed{
		l.deploy(t, "splits", `{"manual":{`+request+`}}`, call),
		l.deploy(t, "counted", `{"manual":{`+request+concurrency(`"runs":3,"maximumWaitingRuns":20`)+`}}`, call),
	}
}

// TestKilledFiringChild is the child: it recovers, carries out tasks, fires without
// end, and prints the name of each firing that was accepted.
func TestKilledFiringChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only as a child of TestFiringsKilledAtAnyMoment")
	}
	l, flows := killedFirings(t, os.Getenv(killTarget))
	w := open(t, dir, l)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.schedule(t)
	var print sync.Mutex
	for _, d := range append(flows, flows...) {
		go func() {
			for {
				f, err := w.fireBody(d, numbers(killedItems))
				if errors.Is(err, ErrQueueFull) {
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					return
				}
				print.Lock()
				fmt.Println("accepted", d.Name, f.Name)
				print.Unlock()
			}
		}()
	}
	processtest.UntilKilled()
}

// Whatever a firing was at when its process died: each of its items has one run, which
// ends, and makes its request under one id.
func TestFiringsKilledAtAnyMoment(t *testing.T) {
	const kills = 12
	g := newTarget(t, nil)
	dir := filepath.Join(t.TempDir(), "data")
	promised := acceptedByAll(t, "TestKilledFiringChild", dir, g.URL, kills, 20)
	l, flows := killedFirings(t, g.URL)
	w := open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer w.schedule(t)()
	for _, d := range flows {
		eventually(t, "no run is open, none is to begin", func() bool {
			running, waiting := w.loads(t, d)
			return running+waiting+w.splits(t, d) == 0
		})
	}
	all := w.runs(t)
	of := map[string]int{} // runs by firing
	for _, r := range all {
		s, err := engine.DecodeHead(w.run(t, r.Name).Head)
		if err != nil || r.Status != "Succeeded" {
			t.Errorf("run %s: %s, %v", r.Name, r.Status, err)
		}
		of[s.TriggerRecord.OriginHistoryName]++
	}
	for name, flow := range promised {
		if of[name] != killedItems {
			t.Errorf("firing %s of %s has %d runs", name, flow, of[name])
		}
		for i := range killedItems {
			w.checkKilledItem(t, g, trigger.ItemName(name, i), fmt.Sprintf(`{"n":%d}`, i))
		}
	}
	for name, n := range of { // also those that nobody was told of
		if n != killedItems {
			t.Errorf("firing %s has %d runs", name, n)
		}
	}
	t.Logf("%d firings of %d runs, %d were told", len(of), len(all), len(promised))
}

func (w *world) checkKilledItem(t *testing.T, g *target, name, item string) {
	t.Helper()
	var rows []store.Row
	run := w.run(t, name)
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(name); return err }); err != nil {
		t.Fatal(err)
	}
	f, err := engine.DecodeTrigger(run.Head, rows)
	if body, _ := f.Outputs.Get("body"); err != nil || string(body.JSON()) != item {
		t.Errorf("run %s has %s, want %s, %v", name, f.Outputs.JSON(), item, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if ids := g.calls[name]; len(ids) != 1 {
		t.Errorf("run %s made requests %v", name, ids)
	}
}
