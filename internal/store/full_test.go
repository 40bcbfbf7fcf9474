package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// When the disk is full SQLite drops the whole transaction: every call of the batch
// hears of it, nothing of any stays, and the database works again afterwards.
func TestFullDiskFailsTheBatch(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := s.Control()
	pages := func(sql string) {
		t.Helper()
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.c.script(sql) }); err != nil {
			t.Fatal(err)
		}
	}
	pages(`PRAGMA max_page_count = 1`) // as many as there are
	release := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { d.Write(context.Background(), func(*Tx) error { <-release; return nil }) })
	for i := range 8 {
		wait.Go(func() {
			err := d.Write(context.Background(), func(tx *Tx) error {
				err := tx.PutSetting(fmt.Sprint("small", i), []byte("x"))
				if i%2 == 0 {
					for n := range 4 { // errors not looked at: the later ones must not be kept either
						tx.PutResource(Resource{ID: fmt.Sprint("/", i, n), Body: randomBytes(100_000)})
					}
				}
				return err
			})
			if err != nil && !strings.Contains(err.Error(), "full") {
				t.Errorf("call %d: %v", i, err)
			}
			if err == nil && i%2 == 0 {
				t.Errorf("call %d succeeded", i)
			}
			if err == nil {
				wantSetting(t, d, fmt.Sprint("small", i), true)
			} else {
				wantSetting(t, d, fmt.Sprint("small", i), false)
			}
		})
	}
	close(release)
	wait.Wait()
	pages(`PRAGMA max_page_count = 1000000`)
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.PutSetting("after", []byte("x")) }); err != nil {
		t.Error(err)
	}
	wantSetting(t, d, "after", true)
}

func wantSetting(t *testing.T, d *DB, name string, there bool) {
	err := d.Read(context.Background(), func(tx *Tx) error { _, err := tx.Setting(name); return err })
	if (err == nil) != there {
		t.Errorf("setting %s: %v, should be there: %v", name, err, there)
	}
}

// Calls that fail after writing, before and behind others of their batch, take both
// ways back: statements run once more, then savepoints.
func TestUndoInsideABatch(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := s.Control()
	batch := []*call{}
	for i := range 6 {
		batch = append(batch, &call{done: make(chan struct{}), fn: func(tx *Tx) error {
			if i == 5 && (!tx.careful || tx.mark == 0) {
				t.Error("the batch does not know that a call was undone")
			}
			if err := tx.PutSetting("shared", []byte{byte(i)}); err != nil {
				return err
			}
			if err := tx.PutSetting(fmt.Sprint(i), nil); err != nil {
				return err
			}
			if i%2 == 0 {
				return ErrConflict
			}
			return nil
		}})
	}
	// Hand the batch to the writer as one.
	d.writer.mu.Lock()
	d.writer.queue = append(d.writer.queue, batch...)
	d.writer.arrived.Signal()
	d.writer.mu.Unlock()
	for i, c := range batch {
		<-c.done
		if (c.err != nil) != (i%2 == 0) {
			t.Errorf("call %d: %v", i, c.err)
		}
		wantSetting(t, d, fmt.Sprint(i), i%2 == 1)
	}
	d.Read(t.Context(), func(tx *Tx) error {
		if v, err := tx.Setting("shared"); err != nil || v[0] != 5 {
			t.Errorf("shared: %v, %v", v, err)
		}
		return nil
	})
}
