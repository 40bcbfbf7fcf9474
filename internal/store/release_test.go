package store_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"isle/internal/store"
)

// testdata/schema<N>.zip is a data folder that a release with schema N wrote: an open
// and a closed run with a row each, a task, a setting; from 3 on a batch with a message
// that was released and two that wait. Every build opens all of them.
func TestFoldersOfEarlierReleases(t *testing.T) {
	archives, err := filepath.Glob("testdata/schema*.zip")
	if err != nil || len(archives) == 0 {
		t.Fatal("none are kept", err)
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			dir := t.TempDir()
			unzip(t, archive, dir)
			s := open(t, dir, store.Options{})
			checkRelease(t, s)
			if filepath.Base(archive) != "schema1.zip" {
				checkBatch(t, s)
			}
		})
	}
}

func unzip(t *testing.T, archive, dir string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func checkRelease(t *testing.T, s *store.Store) {
	t.Helper()
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		run, err := tx.Run("open")
		if err != nil || string(run.Head) != "head" || run.Queued || !run.WaitEnd.IsZero() {
			t.Errorf("%+v, %v", run, err)
		}
		if rows, err := tx.Rows("closed"); err != nil || len(rows) != 1 || string(rows[0].Payload) != "row of closed" {
			t.Errorf("%+v, %v", rows, err)
		}
		if loads, err := tx.Loads("w"); err != nil || len(loads) != 1 || loads[0] != (store.Load{Trigger: "manual", Running: 1}) {
			t.Errorf("%+v, %v", loads, err)
		}
		if task, err := tx.Task("task"); err != nil || string(task.Payload) != "payload" {
			t.Errorf("%+v, %v", task, err)
		}
		return tx.CreateRun(store.Run{Name: "new", Workflow: "w", Trigger: "manual", Status: "Waiting", Start: time.Unix(1, 0), Queued: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Control().Read(t.Context(), func(tx *store.Tx) error {
		value, err := tx.Setting("s")
		if string(value) != "value" {
			t.Errorf("%q", value)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func checkBatch(t *testing.T, s *store.Store) {
	t.Helper()
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, want := range []int{2, 0} {
			count, size, err := tx.WaitingMessages("flow/a")
			if err != nil || count != want || want > 0 && size != 5 {
				t.Errorf("%d messages of %d bytes wait, %v; want %d", count, size, err, want)
			}
			if err := tx.ReleaseMessages("flow/a", 3); err != nil {
				return err
			}
		}
		senders, err := tx.ReleasedSenders("", 10)
		if len(senders) != 1 || senders[0] != "shared/open" {
			t.Errorf("released of %q", senders)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
