package store_test

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"isle/internal/processtest"
	"isle/internal/store"
)

// childDir tells the other process of a test, and its role, the folder.
const childDir, childRole = "STORE_TEST_DIR", "STORE_TEST_CHILD"

// TestChild is the other process.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	switch os.Getenv(childRole) {
	case "writes":
		childWrites(dir)
	case "purges":
		childPurges(dir)
	case "holds":
		open(t, dir, store.Options{})
		os.Stdout.WriteString("open\n")
		processtest.UntilKilled()
	default:
		t.Skip("only as a child of tests that kill it")
	}
}

func child(t *testing.T, role, dir string) *processtest.Process {
	t.Helper()
	return processtest.Start(t, "TestChild", childRole+"="+role, childDir+"="+dir)
}

func open(t testing.TB, dir string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	holder := child(t, "holds", dir)
	for range holder.Lines() {
		break
	}
	for _, readOnly := range []bool{false, true} {
		_, err := store.Open(t.Context(), dir, store.Options{ReadOnly: readOnly})
		var locked *store.LockedError
		if !errors.As(err, &locked) || locked.PID != holder.PID() || !strings.Contains(err.Error(), "stop it first") {
			t.Errorf("second open: %v", err)
		}
	}
	holder.Kill()
	holder.Wait()
	open(t, dir, store.Options{}) // the lock went with the process
}

// execute changes a database file behind the store's back.
func execute(t *testing.T, path, sql string) {
	t.Helper()
	c, err := new(sqlite.Driver).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.(driver.ExecerContext).ExecContext(t.Context(), sql, nil); err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	for path, database := range map[string]string{"control.db": "control", "environments/shared/data.db": store.Shared} {
		execute(t, filepath.Join(dir, path), `UPDATE schema SET version = version + 1`)
		before, _ := os.ReadFile(filepath.Join(dir, path))
		for _, readOnly := range []bool{false, true} {
			s, err := store.Open(t.Context(), dir, store.Options{ReadOnly: readOnly})
			if err == nil {
				_, err = s.Environment(t.Context(), database)
				s.Close()
			}
			var newer *store.NewerSchemaError
			if !errors.As(err, &newer) || newer.Found != newer.Have+1 || !strings.Contains(err.Error(), "newer") {
				t.Errorf("%s, read-only %v: %v", path, readOnly, err)
			}
		}
		if after, _ := os.ReadFile(filepath.Join(dir, path)); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
		execute(t, filepath.Join(dir, path), `UPDATE schema SET version = version - 1`)
	}
	open(t, dir, store.Options{})
}

func TestSchemaHasNumberAndFileSettings(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	c, err := new(sqlite.Driver).Open(filepath.Join(dir, "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for sql, want := range map[string]any{
		`PRAGMA page_size`: int64(8192), `PRAGMA auto_vacuum`: int64(2), `PRAGMA journal_mode`: "wal",
		`SELECT version FROM schema`: int64(2), `SELECT epoch FROM schema`: int64(1), `PRAGMA integrity_check`: "ok",
	} {
		rows, err := c.(driver.QueryerContext).QueryContext(t.Context(), sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]driver.Value, 1)
		if err := rows.Next(got); err != nil || got[0] != want {
			t.Errorf("%s: %v, %v", sql, got, err)
		}
		rows.Close()
	}
}

func TestRootKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root.key")
	fill(t, dir)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("root key: %v, %v", info, err)
	}
	right, _ := os.ReadFile(path)
	fails := func(name, says string, o store.Options) {
		t.Helper()
		_, err := store.Open(t.Context(), dir, o)
		var key *store.KeyError
		if !errors.As(err, &key) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	os.Remove(path)
	fails("missing", "put the file back", store.Options{})
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a new root key was made beside databases of another")
	}
	os.WriteFile(path, bytes.Repeat([]byte("ab"), 32), 0o600)
	fails("wrong", "is not the key", store.Options{})
	os.WriteFile(path, []byte("hello"), 0o600)
	fails("no key", "64 hexadecimal digits", store.Options{})
	os.WriteFile(path, right, 0o600)
	os.Chmod(path, 0o644)
	fails("readable", "chmod 600", store.Options{})
	os.Chmod(path, 0o600)

	elsewhere := filepath.Join(t.TempDir(), "key")
	os.Rename(path, elsewhere)
	fails("not there", "is missing", store.Options{})
	o := store.Options{KeyFile: elsewhere}
	if got := readSetting(t, open(t, dir, o)); got != secret("setting") {
		t.Errorf("setting: %q", got)
	}
}

func readSetting(t *testing.T, s *store.Store) (text string) {
	t.Helper()
	err := s.Control().Read(t.Context(), func(tx *store.Tx) error {
		v, err := tx.Setting("name")
		text = string(v)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return text
}

func TestReadOnlyChangesNothing(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	before := files(t, dir)
	s := open(t, dir, store.Options{ReadOnly: true})
	other := open(t, dir, store.Options{ReadOnly: true}) // two may look
	other.Close()
	if got := readSetting(t, s); got != secret("setting") {
		t.Errorf("setting: %q", got)
	}
	if err := s.Control().Write(t.Context(), func(*store.Tx) error { return nil }); err != store.ErrReadOnly {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Environment(t.Context(), strings.Repeat("0", 32)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("environment: %v", err)
	}
	if _, err := store.Open(t.Context(), dir, store.Options{}); err == nil {
		t.Error("a server may start while somebody looks")
	}
	s.Close()
	after := files(t, dir)
	for name, text := range after {
		if before[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files, %d before", len(after), len(before))
	}
	if _, err := store.Open(t.Context(), filepath.Join(dir, "none"), store.Options{ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "not a data folder") {
		t.Errorf("no folder: %v", err)
	}
}

// A killed server leaves its log, which a read-only open must see.
func TestReadOnlyAfterKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := kill(t, dir, 100*time.Millisecond)
	check(t, open(t, dir, store.Options{ReadOnly: true}), acknowledged)
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
