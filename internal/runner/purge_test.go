package runner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isle/internal/store"
)

// countRuns is how many runs are stored.
func (w *world) countRuns(t testing.TB) int {
	t.Helper()
	var found []store.Run
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { found, err = tx.Runs(store.RunQuery{}); return err }); err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// folderSize is what the files of the store hold, logs left out.
func folderSize(t testing.TB, dir string) (size int64, contents int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm") {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		if strings.Contains(path, "contents") {
			contents++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size, contents
}

// Runs and firings go when they are older than they are kept, with their contents and the
// room in the file; what is young, or open, stays whole. What was broken off goes on.
func TestOldRunsArePurged(t *testing.T) {
	const old = 3000
	var ahead atomic.Int64
	dir := t.TempDir()
	l := &library{flows: map[string]*Deployed{}}
	purged := 0
	w := open(t, dir, l, func(c *Config) {
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		c.Purged = func(_ string, runs, _ int) { purged += runs }
	})
	copies := l.deploy(t, "copies", "", `{"C":{"type":"Compose","inputs":"@triggerBody()"}}`)
	waits := l.deploy(t, "waits", "", `{"W":{"type":"Wait","inputs":{"interval":{"count":80,"unit":"Day"}}}}`)
	noise := make([]byte, 6000) // which does not pack
	rand.NewChaCha8([32]byte{1}).Read(noise)
	text := `"` + hex.EncodeToString(noise) + `"`
	for range old {
		w.start(t, copies, text, false)
	}
	large := w.start(t, copies, `"`+strings.Repeat("text ", 20_000)+`"`, false)
	w.finished(t, large.RunID)
	ahead.Store(int64(60 * 24 * time.Hour))
	waiting := w.start(t, waits, `1`, false)
	young := w.start(t, copies, text, false)
	w.finished(t, young.RunID)
	eventually(t, "all but one have ended", func() bool {
		open := 0
		if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) { open, err = tx.OpenRuns(copies.FlowID); return err }); err != nil {
			t.Fatal(err)
		}
		return open == 0
	})
	ahead.Store(int64(91 * 24 * time.Hour))

	before, _ := folderSize(t, dir)
	broken, stop := context.WithCancel(t.Context())
	w.config.Purged = func(string, int, int) {}
	go func() {
		defer stop()
		for w.countRuns(t) > old*9/10 {
			time.Sleep(time.Millisecond)
		}
	}()
	if err := w.Purge(broken); !errors.Is(err, context.Canceled) {
		t.Fatalf("purging was not broken off: %v", err)
	}
	if n := w.countRuns(t); n <= 2 || n >= old {
		t.Fatalf("%d runs are left after a purge that was broken off", n)
	}
	w.config.Purged = func(_ string, runs, _ int) { purged += runs }
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.countRuns(t); n != 2 || purged == 0 {
		t.Errorf("%d runs are left, %d were told of", n, purged)
	}
	if run := w.run(t, waiting.RunID); !run.End.IsZero() {
		t.Errorf("%+v", run)
	}
	if records := w.records(t, young.RunID); len(records) != 1 || records[0].Outputs.Size() != int64(len(text)) {
		t.Errorf("%+v", records)
	}
	if _, err := w.store.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.close(t)
	if size, contents := folderSize(t, dir); size > 12<<20 || size > before/2 || contents != 0 {
		t.Errorf("of %d bytes %d are left, and %d contents", before, size, contents)
	}
}

// undecided gives no answer about one workflow.
type undecided struct {
	*library
	flow string
	err  error
}

func (u *undecided) ByFlowID(ctx context.Context, flowID string) (*Deployed, error) {
	if flowID == u.flow {
		return nil, u.err
	}
	return u.library.ByFlowID(ctx, flowID)
}

// The runs of a workflow of which nothing can be known stay, those of others go.
func TestAWorkflowThatCannotBePurgedKeepsNoOther(t *testing.T) {
	for which := range 2 {
		u := &undecided{library: &library{flows: map[string]*Deployed{}}, err: errors.New("it does not compile")}
		var ahead atomic.Int64
		w := newWorldOf(t, u, &ahead)
		var started [2]*Started
		var flows [2]string
		for i, name := range []string{"one", "two"} {
			d := u.deploy(t, name, "", `{"C":{"type":"Compose","inputs":1}}`)
			started[i], flows[i] = w.start(t, d, `1`, false), d.FlowID
			w.finished(t, started[i].RunID)
		}
		u.flow = flows[which]
		ahead.Store(int64(91 * 24 * time.Hour))
		if err := w.Purge(t.Context()); !errors.Is(err, u.err) || !strings.Contains(err.Error(), u.flow) {
			t.Errorf("%v: want the error of %s", err, u.flow)
		}
		if n := w.countRuns(t); n != 1 || w.run(t, started[which].RunID).Name == "" {
			t.Errorf("%d runs are left", n)
		}
	}
}

func newWorldOf(t *testing.T, u *undecided, ahead *atomic.Int64) *world {
	t.Helper()
	w := open(t, t.TempDir(), u.library, func(c *Config) {
		c.Programs = u
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	t.Cleanup(func() { w.close(t) })
	return w
}

// While old runs are purged others begin, run and end, and nothing of them is lost; room
// in the database is given back meanwhile, not only at the end.
func TestRunsGoOnWhileOthersArePurged(t *testing.T) {
	const old, young = 2500, 150
	var ahead atomic.Int64
	var w *world
	var unused atomic.Int64 // the most that was seen
	l := &library{flows: map[string]*Deployed{}}
	w = open(t, t.TempDir(), l, func(c *Config) {
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		c.Purged = func(string, int, int) {
			_ = w.db.Read(context.Background(), func(tx *store.Tx) error {
				n, err := tx.Unused()
				unused.Store(max(unused.Load(), n))
				return err
			})
		}
	})
	defer w.close(t)
	flow := l.deploy(t, "copies", "", `{"C":{"type":"Compose","inputs":"@triggerBody()"},"V":{"type":"If","expression":"@equals(length(triggerBody()),0)","actions":{},"runAfter":{"C":["Succeeded"]}}}`)
	noise := make([]byte, 8000)
	rand.NewChaCha8([32]byte{2}).Read(noise)
	text := `"` + hex.EncodeToString(noise) + `"`
	for range old {
		w.start(t, flow, text, false)
	}
	eventually(t, "all have ended", func() bool {
		open := 0
		if err := w.db.Read(t.Context(), func(tx *store.Tx) (err error) { open, err = tx.OpenRuns(flow.FlowID); return err }); err != nil {
			t.Fatal(err)
		}
		return open == 0
	})
	ahead.Store(int64(91 * 24 * time.Hour))
	purged := make(chan error)
	go func() { purged <- w.Purge(t.Context()) }()
	names := make([]string, young)
	for i := range names {
		names[i] = w.start(t, flow, text, false).RunID
	}
	for _, name := range names {
		w.finished(t, name)
		if records := w.records(t, name); len(records) != 2 || records[0].Outputs.Size() != int64(len(text)) {
			t.Fatalf("%s: %+v", name, records)
		}
	}
	if err := <-purged; err != nil {
		t.Fatal(err)
	}
	if n := w.countRuns(t); n != young {
		t.Errorf("%d runs are left, want %d", n, young)
	}
	if most := unused.Load(); most == 0 || most > 12<<20 {
		t.Errorf("up to %d bytes lay unused during the purge", most)
	}
}

// BenchmarkStartDuringPurge measures how long a run takes from its start to its end while
// old runs are purged:
//
//	go test ./internal/runner -run '^$' -bench StartDuringPurge -benchtime 2000x
func BenchmarkStartDuringPurge(b *testing.B) {
	for _, purging := range []bool{false, true} {
		b.Run(fmt.Sprintf("purging=%v", purging), func(b *testing.B) { benchmarkPurge(b, purging) })
	}
}

func benchmarkPurge(b *testing.B, purging bool) {
	var ahead atomic.Int64
	l := &library{flows: map[string]*Deployed{}}
	w := open(b, b.TempDir(), l, func(c *Config) {
		c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	defer w.close(b)
	flow := l.deploy(b, "copies", "", `{"C":{"type":"Compose","inputs":"@triggerBody()"}}`)
	text := `"` + strings.Repeat("x", 4000) + `"`
	last := ""
	for range 10 * b.N {
		last = w.start(b, flow, text, false).RunID
	}
	w.finished(b, last)
	ahead.Store(int64(91 * 24 * time.Hour))
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if purging {
			_ = w.Purge(ctx)
		}
	}()
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		begun := time.Now()
		w.finished(b, w.start(b, flow, text, false).RunID)
		took = append(took, time.Since(begun))
	}
	stop()
	<-done
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
