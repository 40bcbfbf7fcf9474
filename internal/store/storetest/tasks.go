package storetest

import (
	"testing"
	"time"

	"isle/internal/store"
)

func claim(f *Fixture, now time.Time, max int) (tasks []store.Task) {
	f.Helper()
	f.write(f.DB, func(tx *store.Tx) (err error) {
		tasks, err = tx.ClaimTasks(now, time.Minute, max)
		return err
	})
	return tasks
}

func keys(tasks []store.Task) []string {
	return names(tasks, func(t store.Task) string { return t.Key })
}

func put(f *Fixture, key string, due time.Time, payload string) {
	f.Helper()
	f.write(f.DB, func(tx *store.Tx) error {
		return tx.PutTask(store.Task{Key: key, Kind: "k", Due: due, Payload: []byte(payload)})
	})
}

func taskClaim(t *testing.T, f *Fixture) {
	put(f, "late", noon.Add(time.Hour), "")
	put(f, "b", noon, "pb")
	put(f, "a", noon.Add(-time.Minute), "pa")
	got := claim(f, noon, 10)
	f.want("claimed", keys(got), []string{"a", "b"})
	f.want("task", got[0], store.Task{Key: "a", Kind: "k", Due: noon.Add(-time.Minute), Attempt: 1, Payload: []byte("pa"), Revision: 1, Lease: noon.Add(time.Minute), Owner: f.DB.Owner(), Epoch: f.DB.Epoch()})
	f.want("claimed again", keys(claim(f, noon, 10)), []string{})
	f.read(f.DB, func(tx *store.Tx) error {
		held, err := tx.TaskLoad(noon)
		f.want("load", held, store.TaskLoad{All: 3, Held: 2})
		later, _ := tx.TaskLoad(noon.Add(2 * time.Hour))
		f.want("load later", later, store.TaskLoad{All: 3, Held: 2, Due: 1, Oldest: noon.Add(time.Hour)})
		return err
	})
	f.want("its own claim runs out", keys(claim(f, noon.Add(time.Minute), 10)), []string{})
	f.write(f.DB, func(tx *store.Tx) error {
		next, err := tx.NextDue(noon)
		f.want("next", next, noon.Add(time.Hour))
		if err != nil {
			return err
		}
		_, err = tx.ClaimTask("a", noon, time.Minute)
		f.wantError("held", err, store.ErrConflict)
		_, err = tx.ClaimTask("late", noon, time.Minute)
		f.wantError("not due", err, store.ErrConflict)
		_, err = tx.ClaimTask("none", noon, time.Minute)
		f.wantError("none", err, store.ErrNotFound)
		if err := tx.ExtendTask(got[0], noon.Add(time.Hour)); err != nil {
			return err
		}
		return tx.FinishTask(got[0])
	})
	f.wantError("finished twice", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.FinishTask(got[0]) }), store.ErrConflict)
	f.read(f.DB, func(tx *store.Tx) error {
		all, err := tx.Tasks("")
		f.want("left", keys(all), []string{"b", "late"})
		return err
	})
	f.write(f.DB, func(tx *store.Tx) error { return tx.DeleteTask("late") })
	f.wantError("deleted", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteTask("late") }), store.ErrNotFound)
}

func taskPutAgain(t *testing.T, f *Fixture) {
	put(f, "a", noon, "1")
	got := claim(f, noon, 1)
	put(f, "a", noon, "2")
	f.want("claimed while held", keys(claim(f, noon, 1)), []string{})
	f.write(f.DB, func(tx *store.Tx) error { return tx.FinishTask(got[0]) })
	again := claim(f, noon, 1)
	f.want("again", []any{keys(again), string(again[0].Payload), again[0].Attempt}, []any{[]string{"a"}, "2", 1})
	put(f, "a", noon.Add(time.Hour), "3")
	f.write(f.DB, func(tx *store.Tx) error { return tx.PostponeTask(again[0], noon, 0) })
	f.want("put due counts", keys(claim(f, noon, 1)), []string{})
}

func taskPostpone(t *testing.T, f *Fixture) {
	put(f, "a", noon, "1")
	got := claim(f, noon, 1)
	f.write(f.DB, func(tx *store.Tx) error { return tx.PostponeTask(got[0], noon.Add(time.Minute), got[0].Attempt) })
	f.want("too early", keys(claim(f, noon, 1)), []string{})
	again := claim(f, noon.Add(time.Minute), 1)
	f.want("attempt", again[0].Attempt, 2)
}

func taskEpoch(t *testing.T, f *Fixture) {
	put(f, "a", noon, "1")
	old := claim(f, noon, 1)
	f.Reopen()
	again := claim(f, noon, 1)
	f.want("again", keys(again), []string{"a"})
	f.wantError("the old claim", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.FinishTask(old[0]) }), store.ErrConflict)
	f.write(f.DB, func(tx *store.Tx) error { return tx.FinishTask(again[0]) })
}

func onTasks(t *testing.T, f *Fixture) {
	told := make(chan *store.DB, 10)
	f.Store.OnTasks(func(db *store.DB) { told <- db })
	put(f, "a", noon, "")
	f.want("told", len(told), 1)
	f.want("database", <-told == f.DB, true)
	f.DB.Write(t.Context(), func(tx *store.Tx) error {
		tx.PutTask(store.Task{Key: "b", Due: noon})
		return store.ErrConflict
	})
	f.want("told of an undone one", len(told), 0)
}
