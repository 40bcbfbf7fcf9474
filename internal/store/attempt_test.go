package store

import (
	"errors"
	"fmt"
	"testing"
)

// An attempt that fails takes back what it has changed, and nothing else: alone, within
// another one, in a call that fails as a whole, and where the batch gives each call a
// savepoint.
func TestAttempt(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := s.Control()
	attempts := func(tx *Tx, name string) error {
		put := func(what string) error { return tx.PutSetting(name+what, nil) }
		if err := put(" before"); err != nil {
			return err
		}
		if err := tx.Attempt(func() error {
			tx.AfterCommit(func() { t.Errorf("%s: what was taken back is told", name) })
			return errors.Join(put(" undone"), tx.Attempt(func() error { return put(" within") }), ErrConflict)
		}); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
		return errors.Join(tx.Attempt(func() error {
			return errors.Join(put(" kept"), ignore(tx.Attempt(func() error { return errors.Join(put(" inner"), ErrConflict) })))
		}), put(" behind"))
	}
	var batch []*call
	for i := range 6 {
		batch = append(batch, &call{done: make(chan struct{}), fn: func(tx *Tx) error {
			err := attempts(tx, fmt.Sprint(i))
			if i%2 == 0 {
				err = errors.Join(err, ErrConflict)
			}
			return err
		}})
	}
	d.writer.mu.Lock()
	d.writer.queue = append(d.writer.queue, batch...)
	d.writer.arrived.Signal()
	d.writer.mu.Unlock()
	for i, c := range batch {
		<-c.done
		if (c.err != nil) != (i%2 == 0) {
			t.Errorf("call %d: %v", i, c.err)
		}
		for what, stays := range map[string]bool{" before": true, " undone": false, " within": false, " kept": true, " inner": false, " behind": true} {
			wantSetting(t, d, fmt.Sprint(i)+what, stays && i%2 == 1)
		}
	}
	if err := d.Read(t.Context(), func(tx *Tx) error { return tx.Attempt(func() error { return nil }) }); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
}

func ignore(error) error { return nil }
