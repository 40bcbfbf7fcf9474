package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

const oldRuns = "old"

// childPurges deletes the old runs as a purge does, while others write.
func childPurges(dir string) {
	ctx := context.Background()
	s, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		panic(err)
	}
	db, err := s.Environment(ctx, store.Shared)
	if err != nil {
		panic(err)
	}
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("e%d-w%d-%d", db.Epoch(), w, i)
				if err := childWrite(ctx, db, name, i); err == nil {
					os.Stdout.WriteString(name + "\n")
				}
			}
		}()
	}
	for {
		if _, err := purgeSome(ctx, db, 2); err != nil {
			panic(err)
		}
		if _, err := db.Shrink(ctx); err != nil {
			panic(err)
		}
		if _, err := db.Collect(ctx); err != nil {
			panic(err)
		}
	}
}

// purgeSome deletes at most that many old runs, and a part of what deleted ones have left.
func purgeSome(ctx context.Context, db *store.DB, most int) (more bool, err error) {
	var found []store.Run
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Runs(store.RunQuery{Workflow: oldRuns, Limit: most})
		return err
	}); err != nil {
		return false, err
	}
	for _, r := range found {
		if err := db.Write(ctx, func(tx *store.Tx) error {
			left, err := tx.TrimContents(r.Name, 2)
			if err != nil || left {
				return err
			}
			return tx.DeleteRun(r.Name)
		}); err != nil {
			return false, err
		}
	}
	err = db.Write(ctx, func(tx *store.Tx) (err error) { more, err = tx.Erase(); return err })
	return more || len(found) > 0, err
}

// putOldRun stores a run with contents and, each third, very many records.
func putOldRun(t *testing.T, db *store.DB, i int) {
	t.Helper()
	name := fmt.Sprintf("old-%d", i)
	var contents []store.Content
	for n := range 5 {
		c, err := db.PutContent(t.Context(), name, fmt.Sprint(n), bytes.NewReader(contentOf(name)))
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, c)
	}
	rows := make([]store.Row, []int{3, 3, 4000}[i%3])
	for n := range rows {
		rows[n] = store.Row{Scope: fmt.Sprintf("L:%06d", n), Payload: []byte(strings.Repeat("x", 300))}
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		err := errors.Join(tx.CreateRun(store.Run{Name: name, Workflow: oldRuns, Status: "Succeeded", Head: []byte(name)}), tx.AppendRows(name, rows))
		for _, c := range contents {
			err = errors.Join(err, tx.NameContent(c))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// wantKept finds all that was acknowledged, whole.
func wantKept(t *testing.T, db *store.DB, acknowledged []string) (runs, contents int) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Runs(store.RunQuery{})
		if err != nil {
			return err
		}
		found := map[string]bool{}
		for _, r := range all {
			if r.Workflow == oldRuns {
				continue
			}
			found[r.Name] = true
			if err := whole(tx, r.Name); err != nil {
				t.Error(err)
			}
			c, err := tx.Contents(r.Name)
			if err != nil {
				return err
			}
			runs, contents = runs+1, contents+len(c)
		}
		for _, name := range acknowledged {
			if !found[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return runs, contents
}

// A process killed at any moment of a purge, while others write, loses nothing of what
// stays; the next one finishes the purge, and nothing is left of what goes: no record, and
// no file.
func TestKilledPurges(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var acknowledged []string
	old := 0
	for range 6 {
		s := open(t, dir, store.Options{})
		db, err := s.Environment(t.Context(), store.Shared)
		if err != nil {
			t.Fatal(err)
		}
		for range 6 {
			putOldRun(t, db, old)
			old++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		acknowledged = append(acknowledged, killIn(t, "purges", dir, time.Duration(random.IntN(120))*time.Millisecond)...)
		s = open(t, dir, store.Options{})
		if db, err = s.Environment(t.Context(), store.Shared); err != nil {
			t.Fatal(err)
		}
		wantKept(t, db, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, store.Options{})
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = purgeSome(t.Context(), db, 50); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, contents := wantKept(t, db, acknowledged)
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		left, err := tx.Runs(store.RunQuery{Workflow: oldRuns})
		orphans, err2 := tx.Orphans()
		if len(left) > 0 || orphans > 0 {
			t.Errorf("%d old runs and %d records without a run are left", len(left), orphans)
		}
		return errors.Join(err, err2)
	}); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, string(filepath.Separator)+"contents"+string(filepath.Separator)) {
			files++
		}
		return err
	})
	if err != nil || files != contents {
		t.Errorf("%d files of contents, %d have names: %v", files, contents, err)
	}
}
