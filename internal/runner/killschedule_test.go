package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/processtest"
	"isle/internal/store"
)

// scheduleFlows are a trigger that polls, whose peer counts on with each Location, and
// windows of a second, of which a year is to be caught up with.
func scheduleFlows(t testing.TB, target string) (*library, []*Deployed) {
	l := &library{flows: map[string]*Deployed{}}
	since := time.Now().AddDate(-1, 0, 0).UTC().Format(time.RFC3339)
	return l, []*Deployed{
		l.deploy(t, "polls", pollTrigger(target+"/0", "", ""), compose),
		l.deploy(t, "windows", `{"w":{"type":"SlidingWindow","recurrence":{"frequency":"Second","interval":1,"startTime":"`+since+`"}}}`, compose),
	}
}

// TestKilledSchedulesChild is the child of TestSchedulesSurviveKills: it fires what is
// due, and polls by hand without a pause.
func TestKilledSchedulesChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("only as a child of TestSchedulesSurviveKills")
	}
	l, flows := scheduleFlows(t, os.Getenv(killTarget))
	w := open(t, dir, l)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, d := range flows {
		w.arm(t, d, false)
	}
	w.schedule(t)
	for {
		if err := w.Poll(context.Background(), flows[0], flows[0].Workflow.Program.Triggers[0]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// killer is a peer that answers /n with n and the Location /n+1, and kills who asks it
// at a random request, before or after its answer.
type killer struct {
	mu     sync.Mutex
	random *rand.Rand
	victim *processtest.Process
	left   int // requests until the kill
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Path[1:])
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/"+strconv.Itoa(n+1))
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left--; k.left == 0 {
		if k.random.IntN(2) == 0 {
			k.victim.Kill()
			return
		}
		time.AfterFunc(time.Duration(k.random.IntN(3000))*time.Microsecond, k.victim.Kill)
	}
	_, _ = fmt.Fprint(w, n)
}

func (k *killer) kill(t *testing.T, dir, target string) {
	t.Helper()
	k.mu.Lock()
	child := processtest.Start(t, "TestKilledSchedulesChild", killDir+"="+dir, killTarget+"="+target)
	k.victim, k.left = child, 1+k.random.IntN(12)
	k.mu.Unlock()
	if !child.Wait() {
		t.Fatal("the child ended by itself")
	}
}

// Whenever the process dies, each answer of a poll and each window has one run in the
// end, and none is left out (wdl-semantics §10.3, §10.4).
func TestSchedulesSurviveKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killer{random: rand.New(rand.NewPCG(seed, 0))}
	peer := httptest.NewServer(k)
	defer peer.Close()
	dir := filepath.Join(t.TempDir(), "data")
	for range 10 {
		k.kill(t, dir, peer.URL)
	}
	l, flows := scheduleFlows(t, peer.URL)
	w := open(t, dir, l)
	defer w.close(t)
	if err := w.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	var polled []int
	var windows []time.Time
	for _, run := range w.runs(t) {
		f := w.trigger(t, run.Name)
		if run.Workflow == flows[0].FlowID {
			body, _ := f.Outputs.Get("body")
			n, err := strconv.Atoi(body.Text())
			if err != nil {
				t.Fatal(err)
			}
			polled = append(polled, n)
			continue
		}
		start, _ := f.Outputs.Get("windowStartTime")
		at, err := time.Parse(time.RFC3339, start.Text())
		if err != nil {
			t.Fatal(err)
		}
		windows = append(windows, at)
	}
	slices.Sort(polled)
	for i, n := range polled {
		if n != i {
			t.Fatalf("the answers that began runs: %v", polled)
		}
	}
	slices.SortFunc(windows, time.Time.Compare)
	for i, at := range windows {
		if !at.Equal(windows[0].Add(time.Duration(i) * time.Second)) {
			t.Fatalf("window %d is that of %v, the first of %v", i, at, windows[0])
		}
	}
	if len(polled) < 2 || len(windows) < 2 {
		t.Errorf("%d answers, %d windows", len(polled), len(windows))
	}
	t.Logf("%d answers and %d windows have a run each", len(polled), len(windows))
}

// trigger is the record of a run's trigger.
func (w *world) trigger(t *testing.T, name string) engine.Fired {
	t.Helper()
	run := w.run(t, name)
	var rows []store.Row
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(name); return err }); err != nil {
		t.Fatal(err)
	}
	f, err := engine.DecodeTrigger(run.Head, rows)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
