package runner

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
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
