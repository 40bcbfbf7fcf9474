package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// counted is a number that a query gives.
func counted(t *testing.T, d *DB, sql string, args ...driver.Value) (n int64) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *Tx) error {
		return tx.one(sql, func(v []driver.Value) error { n = v[0].(int64); return nil }, args...)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// A run of very many records is gone with the first commit that deletes it; the others are
// bounded, go on after a restart, and touch nothing of another run, be it of the same name.
func TestALargeRunIsDeletedInBoundedCommits(t *testing.T) {
	const records = 100_000
	dir := t.TempDir()
	var s *Store
	var d *DB
	reopen := func() {
		t.Helper()
		var err error
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if s, err = Open(t.Context(), dir, Options{}); err == nil {
			d, err = s.Environment(t.Context(), Shared)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	t.Cleanup(func() { s.Close() })
	write := func(fn func(*Tx) error) {
		t.Helper()
		if err := d.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *Tx) error {
		return errors.Join(tx.CreateRun(Run{Name: "small", Workflow: "w", Status: "Succeeded"}), tx.AppendRows("small", []Row{{Payload: []byte("kept")}}),
			tx.CreateRun(Run{Name: "large", Workflow: "w", Status: "Succeeded"}))
	})
	for n := 0; n < records; n += 5000 {
		write(func(tx *Tx) error {
			rows := make([]Row, 5000)
			for i := range rows {
				rows[i] = Row{Scope: fmt.Sprintf("Loop:%06d", n+i), Payload: []byte("record")}
			}
			return tx.AppendRows("large", rows)
		})
	}
	left := func() int64 { return counted(t, d, `SELECT count(*) FROM records`) }
	write(func(tx *Tx) error { return tx.DeleteRun("large") })
	if n := left(); n != records+1-eraseRows {
		t.Errorf("%d records are left after the first commit", n)
	}
	write(func(tx *Tx) error {
		return errors.Join(tx.CreateRun(Run{Name: "large", Workflow: "w", Status: "Succeeded"}), tx.AppendRows("large", []Row{{Payload: []byte("another")}}))
	})
	for commits, more := 1, true; more; commits++ {
		if commits == 3 {
			reopen()
		}
		for _, q := range []RunQuery{{}, {Workflow: "w"}, {Status: []string{"Succeeded"}}} {
			if err := d.Read(t.Context(), func(tx *Tx) error {
				runs, err := tx.Runs(q)
				if len(runs) != 2 {
					t.Fatalf("commit %d, %+v: %d runs", commits, q, len(runs))
				}
				flows, err2 := tx.Flows()
				if len(flows) != 1 {
					t.Fatalf("flows %q", flows)
				}
				_, err3 := tx.Run("~2")
				if !errors.Is(err3, ErrNotFound) {
					t.Fatalf("what is left of a run can be read: %v", err3)
				}
				return errors.Join(err, err2)
			}); err != nil {
				t.Fatal(err)
			}
		}
		before := left()
		write(func(tx *Tx) (err error) { more, err = tx.Erase(); return err })
		if gone := before - left(); gone > eraseRows || more && gone == 0 && before > 2 {
			t.Fatalf("commit %d deleted %d records", commits, gone)
		}
	}
	if n := left(); n != 2 {
		t.Errorf("%d records are left", n)
	}
	if n := counted(t, d, `SELECT count(*) FROM runs`); n != 2 {
		t.Errorf("%d runs are left", n)
	}
	if err := d.Read(t.Context(), func(tx *Tx) error {
		rows, err := tx.Rows("large")
		if len(rows) != 1 || string(rows[0].Payload) != "another" {
			t.Errorf("%+v", rows)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Records are deleted up to a number of bytes, too, and names of contents up to a number.
func TestLargeRecordsAndManyContentsAreDeletedInBoundedCommits(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := s.Environment(t.Context(), Shared)
	if err != nil {
		t.Fatal(err)
	}
	var contents []Content
	for i := range 5 {
		c, err := d.PutContent(t.Context(), "r", fmt.Sprint(i), strings.NewReader("content"))
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, c)
	}
	if err := d.Write(t.Context(), func(tx *Tx) error {
		err := tx.CreateRun(Run{Name: "r", Workflow: "w"})
		for _, c := range contents {
			err = errors.Join(err, tx.NameContent(c))
		}
		for range 12 {
			err = errors.Join(err, tx.AppendRows("r", []Row{{Payload: randomBytes(1 << 20)}}))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, more := range []bool{true, true, false} {
		if err := d.Write(t.Context(), func(tx *Tx) error {
			left, err := tx.TrimContents("r", 2)
			if left != more {
				t.Errorf("more contents: %v, want %v", left, more)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { return tx.DeleteRun("r") }); err != nil {
		t.Fatal(err)
	}
	if n := counted(t, d, `SELECT count(*) FROM records`); n != 8 {
		t.Errorf("%d records of a megabyte are left of 12", n)
	}
	if n := counted(t, d, `SELECT count(*) FROM contents`); n != 0 {
		t.Errorf("%d contents have names", n)
	}
}
