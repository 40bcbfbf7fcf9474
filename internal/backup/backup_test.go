package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"isle/internal/backup"
	"isle/internal/store"
)

const operatorFile = "operator.json"

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{Prepare: backup.Swap})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put writes a numbered setting to the control database, and the same number as a run
// with a content to the environment's.
func put(t testing.TB, s *store.Store, n int) {
	t.Helper()
	name := fmt.Sprint(n)
	if err := s.Control().Write(t.Context(), func(tx *store.Tx) error { return tx.PutSetting(name, []byte("secret "+name)) }); err != nil {
		t.Fatal(err)
	}
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.PutContent(t.Context(), name, "body", strings.NewReader(strings.Repeat("content "+name+"\n", 10_000)))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.CreateRun(store.Run{Name: name, Status: "Running", Start: time.Unix(1, 0), Head: []byte("secret head")}), tx.NameContent(c))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// numbers are those that put wrote: of the control database, and of the environment's
// with their contents read.
func numbers(t testing.TB, s *store.Store) (settings, runs int) {
	t.Helper()
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	for ; ; settings++ {
		err := s.Control().Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Setting(fmt.Sprint(settings)); return err })
		if errors.Is(err, store.ErrNotFound) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for ; ; runs++ {
		name := fmt.Sprint(runs)
		err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Run(name); return err })
		if errors.Is(err, store.ErrNotFound) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		r, _, err := db.OpenContent(t.Context(), name, "body")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || !strings.HasPrefix(string(text), "content "+name) {
			t.Fatalf("content of %s: %q, %v", name, text, err)
		}
	}
	return settings, runs
}

func archive(t testing.TB, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := backup.Write(t.Context(), &b, s, map[string][]byte{operatorFile: []byte(`{"clientSecret":"secret of the operator"}`)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What was answered before a backup begins is in it, in every database; what is written
// later to one is not there without what was written before it to the other.
func TestACopyIsOfOneMoment(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const before = 20
	for n := range before {
		put(t, s, n)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := before; ctx.Err() == nil; n++ {
			put(t, s, n)
		}
	})
	for n := range 5 {
		text := archive(t, s)
		if bytes.Contains(text, []byte("secret")) {
			t.Fatal("a secret is readable in the archive")
		}
		other := filepath.Join(t.TempDir(), "other")
		if _, _, err := backup.Stage(t.Context(), bytes.NewReader(text), other, "", filepath.Join(dir, "root.key"), time.Now()); err != nil {
			t.Fatal(err)
		}
		copied := open(t, other)
		settings, runs := numbers(t, copied)
		if settings < before || runs < before || runs > settings || settings > runs+1 {
			t.Errorf("copy %d has %d settings and %d runs", n, settings, runs)
		}
		if kept, err := os.ReadFile(filepath.Join(other, operatorFile)); err != nil || !strings.Contains(string(kept), "of the operator") {
			t.Errorf("%q, %v", kept, err)
		}
	}
	stop()
	writing.Wait()
}

// While a copy is made nothing that it names goes, and afterwards what is left over
// does.
func TestACopyKeepsWhatIsRemovedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, 0)
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	removed := false
	found := []string{}
	err = s.Snapshot(t.Context(), func(name string, size int64, content io.Reader) error {
		if !removed { // everything is pinned
			removed = true
			if err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.UnnameContent("0", "body") }); err != nil {
				return err
			}
			if _, err := s.Collect(t.Context()); err != nil {
				return err
			}
			if err := s.RemoveEnvironment(t.Context(), store.Shared); err != nil {
				return err
			}
			if err := s.Snapshot(t.Context(), nil); !errors.Is(err, store.ErrBusy) {
				t.Errorf("a second copy: %v", err)
			}
		}
		n, err := io.Copy(io.Discard, content)
		if n != size {
			t.Errorf("%s: %d of %d bytes", name, n, size)
		}
		found = append(found, strings.Split(name, "/")[0])
		return err
	})
	if want := []string{"control.db", "environments", "environments"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("%q, %v", found, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "environments"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// An archive that is damaged anywhere is refused, and nothing is left of it.
func TestDamagedArchivesAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, 0)
	whole := archive(t, s)
	end := bytes.LastIndex(whole, []byte("}}")) // of sums.json
	tries := map[string][]byte{"empty": nil, "text": []byte("PK\x03\x04 no tar file"), "twice": append(slices.Clone(whole[:end/2]), whole...)}
	for at := 0; at < end; at += end/23 + 1 {
		tries[fmt.Sprintf("cut at %d", at)] = whole[:at]
	}
	for at := 3; at < end; at += end/29 + 1 {
		flipped := slices.Clone(whole)
		flipped[at] ^= 0x20
		tries[fmt.Sprintf("byte %d", at)] = flipped
	}
	for name, text := range tries {
		to := filepath.Join(t.TempDir(), "to")
		_, err := backup.Extract(t.Context(), bytes.NewReader(text), to, filepath.Join(dir, "root.key"))
		if err == nil && padding(whole, text) {
			continue
		}
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something is left: %v", name, err)
		}
	}
}

// padding says that two archives hold the same files: only what fills tar's blocks, or a
// field of a header that nobody reads, differs.
func padding(a, b []byte) bool {
	read := func(text []byte) (all string) {
		r := tar.NewReader(bytes.NewReader(text))
		for {
			h, err := r.Next()
			if err != nil {
				return all
			}
			content, _ := io.ReadAll(r)
			all += h.Name + string(content)
		}
	}
	return read(a) == read(b)
}

// Names become keys, never paths.
func TestForeignNamesAreRefused(t *testing.T) {
	for _, name := range []string{"../control.db", "/etc/passwd", "root.key", "lock", "environments/shared/../../x", "environments/x/data.db", "control.db/x"} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, f := range []struct{ name, text string }{{"manifest.json", `{"format":1}`}, {name, "x"}, {"sums.json", "{}"}} {
			if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := backup.Extract(t.Context(), &b, filepath.Join(t.TempDir(), "to"), "")
		if !errors.Is(err, backup.ErrNoArchive) || !strings.Contains(err.Error(), "does not belong") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A crash at any step of a swap leaves what the next start ends.
func TestASwapThatACrashBreaksOffIsEnded(t *testing.T) {
	source := t.TempDir()
	s := open(t, source)
	put(t, s, 0)
	text := archive(t, s)
	names := []string{"control.db-wal", "control.db-shm", "control.db", "environments", "operator.json", "captures", "root.key"}
	for step := range 2*len(names) + 2 {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			dir := t.TempDir()
			old := open(t, dir)
			put(t, old, 0)
			put(t, old, 1)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			copyFile(t, filepath.Join(dir, "control.db"), filepath.Join(dir, "control.db-wal")) // a log of other pages
			if err := os.MkdirAll(filepath.Join(dir, "captures", "session"), 0o700); err != nil {
				t.Fatal(err)
			}
			replaced, _, err := backup.Stage(t.Context(), bytes.NewReader(text), dir, "", filepath.Join(source, "root.key"), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			breakOff(t, dir, replaced, names, step)
			if settings, runs := numbers(t, open(t, dir)); settings != 1 || runs != 1 {
				t.Errorf("%d settings and %d runs", settings, runs)
			}
			if _, err := os.Stat(filepath.Join(dir, replaced, "control.db")); err != nil || backup.Pending(dir) {
				t.Error(err, backup.Pending(dir))
			}
			if _, err := os.Stat(filepath.Join(dir, "captures")); !errors.Is(err, fs.ErrNotExist) {
				t.Error("captures stay that nothing knows of", err)
			}
			if _, err := os.Stat(filepath.Join(dir, replaced, "captures", "session")); err != nil {
				t.Error(err)
			}
		})
	}
}

// breakOff does the first steps of a swap: out, the mark, in.
func breakOff(t *testing.T, dir, replaced string, names []string, steps int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, replaced), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		switch {
		case i < len(names):
			_ = os.Rename(filepath.Join(dir, names[i]), filepath.Join(dir, replaced, names[i]))
		case i == len(names):
			mark := fmt.Sprintf(`{"replaced":%q,"moved":true}`, replaced)
			if err := os.WriteFile(filepath.Join(dir, "restored", "swap.json"), []byte(mark), 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			name := names[i-len(names)-1]
			_ = os.Rename(filepath.Join(dir, "restored", name), filepath.Join(dir, name))
		}
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	text := archive(t, s)
	dir := t.TempDir()
	put(t, open(t, dir), 0)
	_, _, err := backup.Stage(t.Context(), bytes.NewReader(text), dir, filepath.Join(dir, "root.key"), "", time.Now())
	if _, wrong := errors.AsType[*store.KeyError](err); !wrong || backup.Pending(dir) {
		t.Errorf("%v, pending %t", err, backup.Pending(dir))
	}
}

// An archive of a newer build is refused by name, not as one that is damaged.
func TestArchivesOfNewerBuildsAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, 0)
	other, err := new(sqlite.Driver).Open(filepath.Join(dir, "environments", store.Shared, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = other.(driver.ExecerContext).ExecContext(t.Context(), `UPDATE schema SET version = version + 1`, nil); err == nil {
		err = other.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var format bytes.Buffer
	w, manifest := tar.NewWriter(&format), `{"format":2}`
	if err := w.WriteHeader(&tar.Header{Name: "manifest.json", Size: int64(len(manifest)), Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"schema": archive(t, s), "format": format.Bytes()} {
		to := t.TempDir()
		_, _, err := backup.Stage(t.Context(), bytes.NewReader(text), to, "", filepath.Join(dir, "root.key"), time.Now())
		newer, ok := errors.AsType[*backup.NewerError](err)
		if !ok || newer.What != what || newer.Found != newer.Have+1 || errors.Is(err, backup.ErrNoArchive) || backup.Pending(to) {
			t.Errorf("%s: %v, pending %t", what, err, backup.Pending(to))
		}
		if left, _ := os.ReadDir(to); len(left) > 0 {
			t.Errorf("%s: left %v", what, left)
		}
	}
}

func FuzzExtract(f *testing.F) {
	dir := f.TempDir()
	s := open(f, dir)
	put(f, s, 0)
	f.Add(archive(f, s))
	f.Add([]byte("manifest.json"))
	f.Fuzz(func(t *testing.T, text []byte) {
		to := filepath.Join(t.TempDir(), "to")
		if _, err := backup.Extract(t.Context(), bytes.NewReader(text), to, filepath.Join(dir, "root.key")); err != nil {
			if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something is left: %v", err)
			}
		}
	})
}
