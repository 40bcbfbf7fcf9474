package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/internal/store"
)

// childWrites writes as fast as it can and says what was acknowledged. Each call
// stores a run, three records, a task and, now and then, a content; or fails on
// purpose after half of it.
func childWrites(dir string) {
	ctx := context.Background()
	s, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		panic(err)
	}
	db, err := s.Environment(ctx, store.Shared)
	if err != nil {
		panic(err)
	}
	var wait sync.WaitGroup
	for w := range 24 {
		wait.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("e%d-w%d-%d", db.Epoch(), w, i)
				err := childWrite(ctx, db, name, i)
				if (err != nil) != (i%7 == 3) {
					panic(err)
				}
				if err == nil {
					os.Stdout.WriteString(name + "\n") // one write, whole lines
				}
			}
		})
	}
	wait.Wait()
}

func childWrite(ctx context.Context, db *store.DB, name string, i int) error {
	var contents []store.Content
	if i%20 == 0 {
		c, err := db.PutContent(ctx, name, "c", bytes.NewReader(contentOf(name)))
		if err != nil {
			return err
		}
		contents = append(contents, c)
	}
	return db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.CreateRun(store.Run{Name: name, Head: []byte(name), Status: "Running"}); err != nil {
			return err
		}
		for n := range 3 {
			if err := tx.AppendRows(name, []store.Row{{Payload: fmt.Appendf(nil, "%s/%d/%s", name, n, strings.Repeat("x", 400))}}); err != nil {
				return err
			}
			if i%7 == 3 && n == 1 {
				return context.DeadlineExceeded
			}
		}
		for _, c := range contents {
			if err := tx.NameContent(c); err != nil {
				return err
			}
		}
		return tx.PutTask(store.Task{Key: name, Kind: "k", Payload: []byte(name)})
	})
}

func contentOf(name string) []byte { return []byte(strings.Repeat(name, 20_000)) }

// kill runs the child for a while, kills it, and returns what it had acknowledged.
func kill(t *testing.T, dir string, after time.Duration) []string {
	t.Helper()
	return killIn(t, "writes", dir, after)
}

// killIn is kill of a child in another role.
func killIn(t *testing.T, role, dir string, after time.Duration) []string {
	t.Helper()
	writer := child(t, role, dir)
	var acknowledged []string
	var once sync.Once
	for line := range writer.Lines() {
		once.Do(func() { time.AfterFunc(after, writer.Kill) })
		acknowledged = append(acknowledged, line)
	}
	if !writer.Wait() {
		t.Error("the child ended by itself")
	}
	if len(acknowledged) == 0 {
		t.Fatal("the child acknowledged nothing")
	}
	return acknowledged
}

// check finds all that was acknowledged, and of every run all or nothing.
func check(t *testing.T, s *store.Store, acknowledged []string) {
	t.Helper()
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		runs, err := tx.Runs(store.RunQuery{})
		if err != nil {
			return err
		}
		found := map[string]bool{}
		for _, r := range runs {
			found[r.Name] = true
			if err := whole(tx, r.Name); err != nil {
				t.Error(err)
			}
		}
		for _, name := range acknowledged {
			if !found[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		tasks, err := tx.Tasks("")
		if len(tasks) != len(runs) {
			t.Errorf("%d tasks, %d runs", len(tasks), len(runs))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func whole(tx *store.Tx, name string) error {
	rows, err := tx.Rows(name)
	if err != nil {
		return err
	}
	if len(rows) != 3 {
		return fmt.Errorf("%s has %d records", name, len(rows))
	}
	for n, r := range rows {
		if !strings.HasPrefix(string(r.Payload), fmt.Sprintf("%s/%d/", name, n)) {
			return fmt.Errorf("%s: record %d is %.40s", name, n, r.Payload)
		}
	}
	contents, err := tx.Contents(name)
	if err != nil {
		return err
	}
	var i int
	fmt.Sscanf(name[strings.LastIndexByte(name, '-')+1:], "%d", &i)
	if want := map[bool]int{true: 1}[i%20 == 0]; len(contents) != want {
		return fmt.Errorf("%s has %d contents", name, len(contents))
	}
	for _, c := range contents {
		r, _, err := tx.DB().OpenContent(context.Background(), c.Run, c.ID)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(r)
		r.Close()
		if err != nil || !bytes.Equal(text.Bytes(), contentOf(name)) {
			return fmt.Errorf("%s: content of %d bytes, %v", name, text.Len(), err)
		}
	}
	return nil
}

// A process killed at any moment loses nothing that it has acknowledged and leaves
// no half of what it has not. The folder is the same through all rounds.
func TestKilledWriters(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var acknowledged []string
	for range 12 {
		acknowledged = append(acknowledged, kill(t, dir, time.Duration(random.IntN(150))*time.Millisecond)...)
		s := open(t, dir, store.Options{})
		check(t, s, acknowledged)
		db, _ := s.Environment(t.Context(), store.Shared)
		if _, err := db.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, s, nil) // no content that is named went
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d calls were acknowledged", len(acknowledged))
}
