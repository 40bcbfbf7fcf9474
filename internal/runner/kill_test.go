package runner

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/processtest"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// The kill test starts this test binary as a server of its own, under load, and
// kills it at random moments. The environment tells the child what it is.
const (
	killDir    = "ISLE_TEST_KILL_DIR"
	killTarget = "ISLE_TEST_KILL_TARGET"
)

// killFlows are deployed alike by parent and children.
func killFlows(t testing.TB, target string) (*library, []*Deployed) {
	l := &library{flows: map[string]*Deployed{}}
	call := func(after string) string {
		return `{"type":"Http","inputs":{"method":"POST","uri":"` + target + `","body":"@triggerBody()"},"runAfter":{` + after + `}}`
	}
	return l, []*Deployed{
		l.deploy(t, "calls", "", `{"A":`+call("")+`,"B":`+call(`"A":["Succeeded"]`)+`,"C":{"type":"Compose","inputs":"@outputs('B')?['statusCode']","runAfter":{"B":["Succeeded"]}}}`),
		l.deploy(t, "loops", "", `{"V":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":0}]},"runAfter":{}},
			"Each":{"type":"Foreach","foreach":[1,2,3],"actions":{"Call":`+call("")+`,"Add":{"type":"IncrementVariable","inputs":{"name":"n","value":"@items('Each')"},"runAfter":{"Call":["Succeeded"]}}},"runAfter":{"V":["Succeeded"]}},
			"Sum":{"type":"Compose","inputs":"@variables('n')","runAfter":{"Each":["Succeeded"]}}}`),
		l.deploy(t, "responds", "", tiers),
		l.deploy(t, "webhooks", "", `{"W":{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"`+target+`","body":"@listCallbackUrl()"}}}}`),
	}
}

// oldRuns is how many runs are older than they are kept.
const oldRuns = 1500

// startOld leaves runs that have ended, and were begun long ago.
func startOld(t *testing.T, dir string) (flow *Deployed) {
	t.Helper()
	l := &library{flows: map[string]*Deployed{}}
	flow = l.deploy(t, "old", "", `{"C":{"type":"Compose","inputs":"@triggerBody()"}}`)
	w := open(t, dir, l, func(c *Config) {
		c.Clock = func() time.Time { return time.Now().Add(-wdl.DefaultLimits().RunDuration - 24*time.Hour) }
	})
	defer w.close(t)
	for range oldRuns {
		w.start(t, flow, `"x"`, false)
	}
	eventually(t, "the old runs have ended", func() bool { return w.runsOf(t, flow, "Succeeded") == oldRuns })
	return flow
}

// runsOf is how many runs of a workflow have a status; "" for any.
func (w *world) runsOf(t *testing.T, d *Deployed, status string) int {
	t.Helper()
	q := store.RunQuery{Workflow: d.FlowID}
	if status != "" {
		q.Status = []string{status}
	}
	var found []store.Run
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { found, err = tx.Runs(q); return err }); err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// callsOf is how many requests a run of each flow makes.
var callsOf = map[string]int{"calls": 2, "loops": 3, "responds": 0, "webhooks": 1}

// TestKilledChild is the child: it recovers, purges what is old, starts runs without end,
// and prints the name of each one that was accepted.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only as a child of TestKilledAtAnyMoment")
	}
	l, flows := killFlows(t, os.Getenv(killTarget))
	w := open(t, dir, l)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := w.Purge(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "the purge:", err)
			os.Exit(1)
		}
	}()
	var print sync.Mutex
	for i := range 8 {
		go func() {
			for n := i; ; n++ {
				d := flows[n%len(flows)]
				s, err := w.Start(context.Background(), request(d, `{"id":"x","qty":3,"price":50}`, d.Name == "responds"))
				if err != nil {
					return
				}
				print.Lock()
				fmt.Println("accepted", d.Name, s.RunID)
				print.Unlock()
			}
		}()
	}
	processtest.UntilKilled()
}

// accepted reads names from a child until it has printed so many, kills it, and
// reads what it still had written.
func accepted(t *testing.T, test, dir, target string, enough int) map[string]string {
	t.Helper()
	child := processtest.Start(t, test, killDir+"="+dir, killTarget+"="+target)
	runs := map[string]string{}
	for line := range child.Lines() {
		// A line that the kill cut off is no promise.
		if f := strings.Fields(line); len(f) == 3 && f[0] == "accepted" && len(f[2]) == trigger.NameLength {
			runs[f[2]] = f[1]
		}
		if len(runs) == enough {
			child.Kill()
		}
	}
	if !child.Wait() {
		t.Fatal("the child ended by itself")
	}
	return runs
}

// acceptedByAll kills one child after another over the same data, each when it has
// accepted some, at most so many; it returns all that they accepted.
func acceptedByAll(t *testing.T, child, dir, url string, kills, most int) map[string]string {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	promised := map[string]string{}
	for range kills {
		maps.Copy(promised, accepted(t, child, dir, url, 1+random.IntN(most)))
	}
	return promised
}

func TestKilledAtAnyMoment(t *testing.T) {
	const kills = 24
	g := newTarget(t, nil)
	dir := filepath.Join(t.TempDir(), "data")
	old := startOld(t, dir)
	promised := acceptedByAll(t, "TestKilledChild", dir, g.URL, kills, 80)

	l, _ := killFlows(t, g.URL)
	w := open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.callAllBack(t)
	eventually(t, "no run is open", func() bool {
		var open []store.Run
		if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
			open, err = tx.UnfinishedRuns(w.db.Epoch()+1, "", 1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return len(open) == 0
	})
	for name, flow := range promised {
		checkKilledRun(t, w, g, name, flow)
	}
	left := w.runsOf(t, old, "")
	if err := w.Purge(context.Background()); err != nil || w.runsOf(t, old, "") != 0 {
		t.Errorf("after the last purge %d old runs are left, %v", w.runsOf(t, old, ""), err)
	}
	t.Logf("%d runs were accepted by %d processes, %d requests made; they left %d of %d old runs", len(promised), kills, g.total(), left, oldRuns)
}

// callAllBack calls every webhook that waits, twice, as who has lost the answer does.
func (w *world) callAllBack(t *testing.T) {
	var open []store.Run
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		open, err = tx.UnfinishedRuns(w.db.Epoch()+1, "", 100_000)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, run := range open {
		if d, err := w.library.ByFlowID(context.Background(), run.Workflow); err != nil || d.Name != "webhooks" {
			continue
		}
		w.waits(t, run.Name)
		for range 2 {
			if err := w.callBack(run.Name, "killed"); err != nil {
				t.Errorf("run %s: %v", run.Name, err)
			}
		}
	}
}

// checkKilledRun: the run is there and has succeeded, each action was closed once,
// and each request was made, under one id however often.
func checkKilledRun(t *testing.T, w *world, g *target, name, flow string) {
	t.Helper()
	run := w.run(t, name)
	if run.Status != "Succeeded" || run.End.IsZero() {
		t.Errorf("run %s of %s: %s %s", name, flow, run.Status, run.Code)
	}
	var rows []store.Row
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(name); return err }); err != nil {
		t.Fatal(err)
	}
	closed := map[string]int{}
	for _, row := range rows {
		records, err := engine.DecodeRecords([]store.Row{row})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Status.Final() {
				closed[r.Action+"/"+engine.RepetitionName(r.Repetition)]++
			}
			if r.Status.Final() && r.Status != wdl.Succeeded && r.Status != wdl.Skipped {
				t.Errorf("run %s: %s is %s", name, r.Action, r.Status)
			}
		}
	}
	for action, n := range closed {
		if n != 1 {
			t.Errorf("run %s: %s was closed %d times", name, action, n)
		}
	}
	if flow == "loops" {
		if r := w.record(t, name, "Sum"); string(r.Outputs.JSON()) != "6" {
			t.Errorf("run %s: the sum is %s", name, r.Outputs.JSON())
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if ids := g.calls[name]; len(ids) != callsOf[flow] {
		t.Errorf("run %s of %s made requests %v", name, flow, ids)
	}
}
