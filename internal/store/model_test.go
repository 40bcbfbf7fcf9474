package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"isle/internal/store"
)

// model is what the environment's database should hold, as maps.
type model struct {
	runs  map[string]store.Run
	rows  map[string][]store.Row
	tasks map[string]store.Task
}

func (m *model) clone() *model {
	c := &model{runs: maps.Clone(m.runs), rows: maps.Clone(m.rows), tasks: maps.Clone(m.tasks)}
	for k, v := range c.rows {
		c.rows[k] = slices.Clone(v)
	}
	return c
}

// step is one operation: on the transaction and on the model, with the same error.
type step func(tx *store.Tx, m *model) error

var errGiveUp = errors.New("give up")

func drawStep(t *rapid.T, epoch int64) step {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	text := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "text")
	status := rapid.SampledFrom([]string{"Running", "Succeeded"}).Draw(t, "status")
	revision := rapid.Int64Range(1, 3).Draw(t, "revision")
	scope := rapid.SampledFrom([]string{"", "L:000000", "L:000001"}).Draw(t, "scope")
	due := time.Unix(rapid.Int64Range(0, 9).Draw(t, "due"), 0).UTC()
	switch rapid.IntRange(0, 8).Draw(t, "operation") {
	case 0, 1:
		return func(tx *store.Tx, m *model) error { return m.create(tx, name, status, text, epoch) }
	case 2:
		return func(tx *store.Tx, m *model) error { return m.update(tx, name, status, revision, text) }
	case 3, 4:
		return func(tx *store.Tx, m *model) error { return m.append(tx, name, scope, text) }
	case 5:
		return func(tx *store.Tx, m *model) error { return m.delete(tx, name) }
	case 6:
		return func(tx *store.Tx, m *model) error { return m.putTask(tx, name, due, text) }
	case 7:
		return func(tx *store.Tx, m *model) error { return m.deleteTask(tx, name) }
	default:
		return func(*store.Tx, *model) error { return errGiveUp }
	}
}

func differ(what string, got, want error) error {
	if !errors.Is(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func (m *model) create(tx *store.Tx, name, status string, head []byte, epoch int64) error {
	r := store.Run{Name: name, Workflow: "w", Status: status, ClientTrackingID: name, Head: head}
	err := tx.CreateRun(r)
	if _, there := m.runs[name]; there {
		return differ("create", err, store.ErrExists)
	}
	r.Revision, r.Owner, r.Epoch = 1, tx.DB().Owner(), epoch
	m.runs[name] = r
	return err
}

func (m *model) update(tx *store.Tx, name, status string, revision int64, head []byte) error {
	err := tx.UpdateRun(store.Run{Name: name, Status: status, Revision: revision, Head: head})
	r, there := m.runs[name]
	switch {
	case !there:
		return differ("update", err, store.ErrNotFound)
	case r.Revision != revision:
		return differ("update", err, store.ErrConflict)
	}
	r.Status, r.Head = status, head
	r.Revision++
	m.runs[name] = r
	return err
}

func (m *model) append(tx *store.Tx, name, scope string, text []byte) error {
	row := store.Row{Scope: scope, Payload: text}
	err := tx.AppendRows(name, []store.Row{row, row})
	if _, there := m.runs[name]; !there {
		return differ("append", err, store.ErrNotFound)
	}
	m.rows[name] = append(m.rows[name], row, row)
	return err
}

func (m *model) delete(tx *store.Tx, name string) error {
	err := tx.DeleteRun(name)
	if _, there := m.runs[name]; !there {
		return differ("delete", err, store.ErrNotFound)
	}
	delete(m.runs, name)
	delete(m.rows, name)
	return err
}

func (m *model) putTask(tx *store.Tx, name string, due time.Time, text []byte) error {
	m.tasks[name] = store.Task{Key: name, Kind: "k", Due: due, Payload: text, Revision: m.tasks[name].Revision + 1}
	return tx.PutTask(m.tasks[name])
}

func (m *model) deleteTask(tx *store.Tx, name string) error {
	err := tx.DeleteTask(name)
	if _, there := m.tasks[name]; !there {
		return differ("delete task", err, store.ErrNotFound)
	}
	delete(m.tasks, name)
	return err
}

// within holds that a run's rows are read if they are so large, and not if larger.
func within(tx *store.Tx, run string, rows []store.Row) error {
	size := 0
	for _, r := range rows {
		size += len(r.Payload)
	}
	found, err := tx.RowsWithin(run, size)
	if err != nil || !reflect.DeepEqual(found, rows) {
		return fmt.Errorf("%d rows of %d bytes are read as %d, %w", len(rows), size, len(found), err)
	}
	if _, err := tx.RowsWithin(run, size-1); size > 0 && !errors.Is(err, store.ErrTooLarge) {
		return fmt.Errorf("%d bytes are read within %d: %w", size, size-1, err)
	}
	return nil
}

// text is the model in a form to compare; the database's is made of what it reads.
func (m *model) text() string {
	out := ""
	for _, name := range slices.Sorted(maps.Keys(m.runs)) {
		r := m.runs[name]
		out += fmt.Sprintf("%s %s r%d e%d %s %x", name, r.Status, r.Revision, r.Epoch, r.Owner, r.Head)
		rows := slices.Clone(m.rows[name])
		slices.SortStableFunc(rows, func(a, b store.Row) int { return cmpText(a.Scope, b.Scope) })
		for _, row := range rows {
			out += fmt.Sprintf(" %s=%x", row.Scope, row.Payload)
		}
		out += "\n"
	}
	for _, key := range slices.Sorted(maps.Keys(m.tasks)) {
		out += fmt.Sprintf("%s due %d r%d %x\n", key, m.tasks[key].Due.Unix(), m.tasks[key].Revision, m.tasks[key].Payload)
	}
	return out
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func readModel(db *store.DB) (*model, error) {
	m := &model{runs: map[string]store.Run{}, rows: map[string][]store.Row{}, tasks: map[string]store.Task{}}
	return m, db.Read(context.Background(), func(tx *store.Tx) error {
		runs, err := tx.Runs(store.RunQuery{})
		if err != nil {
			return err
		}
		for _, r := range runs {
			if m.runs[r.Name], err = tx.Run(r.Name); err != nil {
				return err
			}
			if m.rows[r.Name], err = tx.Rows(r.Name); err != nil {
				return err
			}
			if err := within(tx, r.Name, m.rows[r.Name]); err != nil {
				return err
			}
		}
		tasks, err := tx.Tasks("")
		for _, task := range tasks {
			m.tasks[task.Key] = task
		}
		return err
	})
}

// The database holds what maps would hold after the same calls, in whichever order
// the writer took them, whichever of them gave up, and however they shared batches;
// also after it is opened again.
func TestTransactionsAgreeWithMaps(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	db, err := s.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := readModel(db)
	rapid.Check(t, func(t *rapid.T) {
		calls := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []step {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step { return drawStep(t, db.Epoch()) }), 1, 4).Draw(t, "steps")
		}), 1, 12).Draw(t, "calls")
		before := m
		var wait sync.WaitGroup
		for _, steps := range calls {
			wait.Go(func() {
				// Calls run one after another on the writer, which orders the model too.
				err := db.Write(context.Background(), func(tx *store.Tx) error {
					next := m.clone()
					for _, s := range steps {
						if err := s(tx, next); err != nil {
							return err
						}
					}
					m = next
					return nil
				})
				if err != nil && !errors.Is(err, errGiveUp) {
					t.Errorf("%v", err)
				}
			})
		}
		wait.Wait()
		got, err := readModel(db)
		if err != nil {
			t.Fatal(err)
		}
		if got.text() != m.text() {
			t.Fatalf("before:\n%s\ngot:\n%s\nwant:\n%s", before.text(), got.text(), m.text())
		}
	})
	s.Close()
	db, err = open(t, dir, store.Options{}).Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readModel(db); err != nil || got.text() != m.text() {
		t.Errorf("opened again: %v\ngot:\n%s\nwant:\n%s", err, got.text(), m.text())
	}
}
