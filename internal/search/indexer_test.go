package search

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"isle/internal/store"
)

func open(t *testing.T, dir string) *store.DB {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Whenever the process ends, no run that has ended is missed, none is held twice and none
// that is deleted stays, once the next process has caught up. Runs whose records cannot be
// read are found by their heads.
func TestIndexerSurvivesCrashes(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	open_, wanted := map[string]int64{}, map[string]bool{} // revisions of open runs; ended ones
	start := time.Unix(1e9, 0).UTC()
	for process := range 12 {
		s, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		db, err := s.Environment(t.Context(), store.Shared)
		if err != nil {
			t.Fatal(err)
		}
		x := New(s, slog.New(slog.DiscardHandler))
		for i := range 40 {
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				switch name := fmt.Sprintf("r%d-%d", process, i); r.IntN(4) {
				case 0:
					open_[name] = 1
					return tx.CreateRun(store.Run{Name: name, Workflow: "w", Status: "Running", Start: start.Add(time.Duration(r.IntN(1e6)) * time.Millisecond), Head: []byte("no head")})
				case 1:
					for name, revision := range open_ {
						delete(open_, name)
						wanted[name] = true
						run, err := tx.Run(name)
						if err != nil {
							return err
						}
						run.Revision, run.Status, run.End = revision, "Succeeded", run.Start.Add(1)
						return tx.UpdateRun(run)
					}
				case 2:
					for name := range wanted {
						delete(wanted, name)
						return tx.DeleteRun(name)
					}
				default:
					wanted[name] = true
					at := start.Add(time.Duration(r.IntN(1e6)) * time.Millisecond)
					return tx.CreateRun(store.Run{Name: name, Workflow: "w", Status: "Succeeded", Start: at, End: at, Head: []byte("no head")})
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if r.IntN(8) == 0 {
				if _, err := x.Step(t.Context(), db); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Nothing is done at the end: what is not indexed is for the next process.
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := open(t, dir)
	x := New(nil, slog.New(slog.DiscardHandler))
	for more := true; more; {
		var err error
		if more, err = x.Step(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	hits, next, err := db.Words().Find(context.Background(), store.WordsQuery{All: [][]store.TermQuery{Head(store.TermStatus, "Succeeded")}, Limit: 1000})
	if err != nil || next != 0 {
		t.Fatal(next, err)
	}
	var found []string
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		for _, h := range hits {
			run, err := tx.RunAt(h.Run)
			if err != nil {
				return err
			}
			found = append(found, run.Name)
		}
		lag, err := tx.Lag()
		if lag.Runs != 0 {
			t.Errorf("%d runs are behind", lag.Runs)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := make([]string, 0, len(wanted))
	for name := range wanted {
		want = append(want, name)
	}
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("found %d runs, want %d", len(found), len(want))
	}
}

// Runs that come in go before the index, until it is far behind.
func TestRestAfter(t *testing.T) {
	for _, c := range []struct {
		took   time.Duration
		busy   bool
		behind int64
		want   time.Duration
	}{
		{40 * time.Millisecond, false, 1_000_000, 10 * time.Millisecond},
		{40 * time.Millisecond, true, 1_000, 360 * time.Millisecond},
		{900 * time.Millisecond, true, 1_000, 2 * time.Second},
		{40 * time.Millisecond, true, 100_001, 40 * time.Millisecond},
	} {
		if got := restAfter(c.took, c.busy, c.behind); got != c.want {
			t.Errorf("after %v, busy %v, %d behind: rests %v, want %v", c.took, c.busy, c.behind, got, c.want)
		}
	}
}
