package store_test

import (
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

// secret is a text to plant in one kind of payload; the longer ones are packed.
func secret(kind string) string { return "PLANTED-" + kind + "-correct-horse-battery-staple" }

func secrets() []string {
	return []string{"setting", "resource", "operation", "head", "error", "record", "history", "task", "message", "content"}
}

// fill puts a secret into every kind of payload, short and long, then closes.
func fill(t *testing.T, dir string) {
	t.Helper()
	s := open(t, dir, store.Options{})
	plant(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func plant(t *testing.T, s *store.Store) {
	t.Helper()
	long := func(kind string) []byte { return []byte(strings.Repeat(secret(kind)+"\n", 2000)) }
	now := time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)
	err := s.Control().Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSetting("name", []byte(secret("setting"))),
			tx.PutSetting("long", long("setting")),
			tx.PutResource(store.Resource{ID: "/a", Body: []byte(secret("resource"))}),
			tx.PutResource(store.Resource{ID: "/b", Body: long("resource")}),
			tx.PutOperation(store.Operation{ID: "o", Error: []byte(secret("operation"))}),
			tx.PutTask(store.Task{Key: "t", Payload: []byte(secret("task"))}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.PutContent(t.Context(), "r", "c", strings.NewReader(string(long("content"))))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.CreateRun(store.Run{Name: "r", Start: now, ErrorMessage: secret("error"), Head: []byte(secret("head"))}),
			tx.AppendRows("r", []store.Row{{Payload: []byte(secret("record"))}, {Scope: "L:000000", Payload: long("record")}}),
			tx.PutTriggerHistory(store.TriggerHistory{Workflow: "w", Trigger: "t", Name: "h", Start: now, Payload: []byte(secret("history"))}),
			tx.PutTask(store.Task{Key: "t", Payload: long("task")}),
			tx.PutMessage(store.Message{Key: "k", Payload: long("message")}),
			tx.NameContent(c),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecretsAreInNoFile(t *testing.T) {
	dir := t.TempDir()
	search := func(when string) {
		t.Helper()
		log := false
		for path, text := range files(t, dir) {
			log = log || strings.HasSuffix(path, "-wal") && len(text) > 0
			for _, kind := range secrets() {
				plain := "PLANTED-" + kind
				if strings.Contains(text, plain) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(plain))) {
					t.Errorf("%s: secret of kind %s is readable in %s", when, kind, path)
				}
			}
			if strings.Contains(text, "battery-staple") {
				t.Errorf("%s: part of a secret is readable in %s", when, path)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s may be read by others: %v", when, path, info.Mode())
			}
		}
		if when == "running" && !log {
			t.Error("no write-ahead log was searched")
		}
	}
	s := open(t, dir, store.Options{})
	plant(t, s)
	search("running")
	s.Close()
	search("stopped")

	// They are there, only sealed.
	s = open(t, dir, store.Options{})
	db, _ := s.Environment(t.Context(), store.Shared)
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		r, err := tx.Run("r")
		if r.ErrorMessage != secret("error") || string(r.Head) != secret("head") {
			t.Errorf("run: %+v", r)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A payload opens only at its place: swapped rows, a changed byte, a file under
// another name are errors, not answers.
func TestMovedAndDamagedPayloadsDoNotOpen(t *testing.T) {
	for name, c := range map[string]struct {
		file, sql string
		read      func(tx *store.Tx) error
	}{
		"setting of another name": {"control.db", `UPDATE settings SET payload = (SELECT payload FROM settings WHERE name = 'long') WHERE name = 'name'`,
			func(tx *store.Tx) error { _, err := tx.Setting("name"); return err }},
		"resource of another id": {"control.db", `UPDATE resources SET body = (SELECT body FROM resources WHERE key = '/b') WHERE key = '/a'`,
			func(tx *store.Tx) error { _, err := tx.Resource("/a"); return err }},
		"body as a setting": {"control.db", `UPDATE settings SET payload = (SELECT body FROM resources WHERE key = '/a')`,
			func(tx *store.Tx) error { _, err := tx.Setting("name"); return err }},
		"record of another scope": {"environments/shared/data.db", `UPDATE records SET payload = (SELECT payload FROM records WHERE scope <> '') WHERE scope = ''`,
			func(tx *store.Tx) error { _, err := tx.Rows("r"); return err }},
		"error as a head": {"environments/shared/data.db", `UPDATE runs SET head = detail`,
			func(tx *store.Tx) error { _, err := tx.Run("r"); return err }},
		"another codec": {"environments/shared/data.db", `UPDATE tasks SET payload = unhex('0100' || substr(hex(payload), 5))`,
			func(tx *store.Tx) error { _, err := tx.Task("t"); return err }},
		"cut": {"environments/shared/data.db", `UPDATE histories SET payload = substr(payload, 1, length(payload) - 1)`,
			func(tx *store.Tx) error { _, err := tx.TriggerHistory("w", "t", "h"); return err }},
		"empty": {"environments/shared/data.db", `UPDATE tasks SET payload = x'01'`,
			func(tx *store.Tx) error { _, err := tx.Task("t"); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir)
			execute(t, filepath.Join(dir, c.file), c.sql)
			s := open(t, dir, store.Options{})
			db := s.Control()
			if c.file != "control.db" {
				db, _ = s.Environment(t.Context(), store.Shared)
			}
			if err := db.Read(t.Context(), c.read); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDamagedContentsDoNotOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	db, _ := s.Environment(t.Context(), store.Shared)
	text := make([]byte, 3*64<<10+17)
	for i := range text {
		text[i] = byte(i * 7919 >> 3)
	}
	if _, err := db.PutContent(t.Context(), "r", "c", strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
	var path, sound string
	for p, data := range files(t, filepath.Join(dir, "environments", "shared", "contents")) {
		path, sound = p, data
	}
	read := func() error {
		r, _, err := db.OpenContent(t.Context(), "r", "c")
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(sound); at += 1 + len(sound)/200 {
		damaged := []byte(sound)
		damaged[at] ^= 0x40
		os.WriteFile(path, damaged, 0o600)
		if err := read(); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("byte %d changed: %v", at, err)
		}
		os.WriteFile(path, []byte(sound[:at]), 0o600)
		if err := read(); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("cut at %d: %v", at, err)
		}
	}
}
