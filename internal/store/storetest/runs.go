package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

func runUnique(t *testing.T, f *Fixture) {
	r := store.Run{Name: "r1", Workflow: "w", Version: "v", Trigger: "manual", Status: "Failed", Code: "BadRequest", ErrorCode: "Bad", ErrorMessage: "it was bad",
		Start: noon, End: noon.Add(time.Second), Wake: noon.Add(time.Hour), ClientTrackingID: "c", Head: []byte("head")}
	f.write(f.DB, func(tx *store.Tx) error {
		if err := tx.CreateRun(r); err != nil {
			return err
		}
		f.wantError("second", tx.CreateRun(r), store.ErrExists)
		return nil
	})
	r.ID, r.Revision, r.Owner, r.Epoch = 1, 1, f.DB.Owner(), f.DB.Epoch()
	f.Reopen()
	f.read(f.DB, func(tx *store.Tx) error {
		got, err := tx.Run("r1")
		f.want("run", got, r)
		_, missing := tx.Run("r2")
		f.wantError("run", missing, store.ErrNotFound)
		return err
	})
}

func runRevision(t *testing.T, f *Fixture) {
	r := store.Run{Name: "r", Workflow: "w", Status: "Running", Start: noon, Head: []byte("1")}
	f.write(f.DB, func(tx *store.Tx) error { return tx.CreateRun(r) })
	r.Revision, r.Head = 1, []byte("2")
	f.write(f.DB, func(tx *store.Tx) error { return tx.UpdateRun(r) })
	f.wantError("old revision", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateRun(r) }), store.ErrConflict)
	f.wantError("no run", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateRun(store.Run{Name: "none", Revision: 1}) }), store.ErrNotFound)
	r.Revision, r.Head, r.Status, r.End = 2, nil, "Succeeded", noon.Add(time.Second)
	f.write(f.DB, func(tx *store.Tx) error { return tx.UpdateRun(r) })
	f.read(f.DB, func(tx *store.Tx) error {
		got, err := tx.Run("r")
		f.want("run", []any{got.Revision, string(got.Head), got.Status, got.End}, []any{3, "2", "Succeeded", r.End})
		return err
	})
}

// runHead: what is written of a run whose head alone has changed is what an update would
// write, also of a run that an earlier process left.
func runHead(t *testing.T, f *Fixture) {
	r := store.Run{Name: "r", Workflow: "w", Status: "Running", Start: noon, Wake: noon.Add(time.Hour), ClientTrackingID: "r", Head: []byte("1")}
	f.write(f.DB, func(tx *store.Tx) error { return tx.CreateRun(r) })
	for revision, head := range []string{"2", "3"} {
		r.Revision, r.Head = int64(revision+1), []byte(head)
		f.write(f.DB, func(tx *store.Tx) error { return tx.UpdateHead(r) })
		f.wantError("old revision", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateHead(r) }), store.ErrConflict)
		f.Reopen()
	}
	f.wantError("no run", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateHead(store.Run{Name: "none", Revision: 1}) }), store.ErrNotFound)
	f.read(f.DB, func(tx *store.Tx) error {
		got, err := tx.Run("r")
		f.want("same but the head", got.SameButHead(r), true)
		f.want("run", []any{got.Revision, string(got.Head), got.Epoch}, []any{3, "3", f.DB.Epoch() - 1})
		return err
	})
	for name, change := range map[string]func(*store.Run){
		"status": func(r *store.Run) { r.Status = "Waiting" }, "code": func(r *store.Run) { r.Code = "c" }, "version": func(r *store.Run) { r.Version = "2" },
		"error": func(r *store.Run) { r.ErrorCode = "e" }, "message": func(r *store.Run) { r.ErrorMessage = "m" }, "end": func(r *store.Run) { r.End = noon },
		"wake": func(r *store.Run) { r.Wake = noon }, "turn": func(r *store.Run) { r.Queued = true }, "wait": func(r *store.Run) { r.WaitEnd = noon }, "rest": func(r *store.Run) { r.Resting = true },
	} {
		changed := r
		change(&changed)
		f.want(name+" is the same", changed.SameButHead(r), false)
	}
}

// runUndone: a run whose creation was undone is not found by later calls.
func runUndone(t *testing.T, f *Fixture) {
	enough := errors.New("enough")
	f.wantError("undone", f.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.CreateRun(store.Run{Name: "r", Workflow: "w", Status: "Running", Start: noon, Head: []byte("1")}); err != nil {
			return err
		}
		return enough
	}), enough)
	f.wantError("records of it", f.DB.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AppendRows("r", []store.Row{{Scope: "s", Payload: []byte("p")}})
	}), store.ErrNotFound)
	f.wantError("its head", f.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateHead(store.Run{Name: "r", Revision: 1}) }), store.ErrNotFound)
}

func runQueries(t *testing.T, f *Fixture) {
	statuses := []string{"Succeeded", "Failed", "Running"}
	f.write(f.DB, func(tx *store.Tx) error {
		for i := range 12 {
			r := store.Run{Name: fmt.Sprintf("r%02d", 99-i), Workflow: []string{"w1", "w2"}[i%2], Status: statuses[i%3], Start: noon.Add(time.Duration(i) * time.Minute)}
			r.ClientTrackingID = []string{r.Name, "mine"}[i/6]
			if r.Status != "Running" {
				r.End = r.Start.Add(time.Second)
			}
			if err := tx.CreateRun(r); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		query store.RunQuery
		want  []string
	}{
		{store.RunQuery{Limit: 3}, []string{"r88", "r89", "r90"}},
		{store.RunQuery{Limit: 3, After: store.Place{Start: noon.Add(9 * time.Minute), ID: 10}}, []string{"r91", "r92", "r93"}},
		{store.RunQuery{Workflow: "w1"}, []string{"r89", "r91", "r93", "r95", "r97", "r99"}},
		{store.RunQuery{Workflow: "w1", Status: []string{"Failed"}}, []string{"r89", "r95"}},
		{store.RunQuery{Workflow: "w1", Status: []string{"Failed", "Running"}}, []string{"r89", "r91", "r95", "r97"}},
		{store.RunQuery{From: noon.Add(2 * time.Minute), To: noon.Add(4 * time.Minute)}, []string{"r96", "r97"}},
		{store.RunQuery{ClientTrackingID: "mine", Workflow: "w2"}, []string{"r88", "r90", "r92"}},
		{store.RunQuery{ClientTrackingID: "r99"}, []string{"r99"}},
		{store.RunQuery{ClientTrackingID: "r88"}, []string{}},
	} {
		f.read(f.DB, func(tx *store.Tx) error {
			got, err := tx.Runs(c.query)
			f.want(fmt.Sprintf("%+v", c.query), names(got, func(r store.Run) string { return r.Name }), c.want)
			return err
		})
	}
	f.read(f.DB, func(tx *store.Tx) error {
		n, err := tx.OpenRuns("w1")
		f.want("open runs", n, 2)
		return err
	})
}

func runTurns(t *testing.T, f *Fixture) {
	create := func(name, workflow, trigger string, queued bool) {
		f.write(f.DB, func(tx *store.Tx) error {
			return tx.CreateRun(store.Run{Name: name, Workflow: workflow, Trigger: trigger, Status: "Waiting", Start: noon, Queued: queued, Head: []byte("h")})
		})
	}
	create("r9", "w", "a", false)
	create("r8", "w", "a", true)
	create("r7", "w", "b", true)
	create("r1", "w", "a", true) // its name sorts before, its turn comes after
	create("r0", "v", "a", true)
	f.Reopen()
	var first store.Run
	f.read(f.DB, func(tx *store.Tx) error {
		queued, err := tx.QueuedRuns("w")
		f.want("queued", names(queued, func(r store.Run) string { return r.Name }), []string{"r8", "r7", "r1"})
		loads, _ := tx.Loads("w")
		f.want("loads", loads, []store.Load{{Trigger: "a", Running: 1, Waiting: 2}, {Trigger: "b", Waiting: 1}})
		first = queued[0]
		return err
	})
	f.want("the first", []any{first.Queued, first.WaitEnd}, []any{true, time.Time{}})
	first.Status = "Waiting" // still queued
	f.write(f.DB, func(tx *store.Tx) error { return tx.UpdateRun(first) })
	first.Revision, first.Queued, first.WaitEnd, first.Status = 2, false, noon.Add(time.Minute), "Running"
	f.write(f.DB, func(tx *store.Tx) error { return tx.UpdateRun(first) })
	f.read(f.DB, func(tx *store.Tx) error {
		got, err := tx.Run("r8")
		if err != nil {
			return err
		}
		f.want("begun", []any{got.Queued, got.WaitEnd}, []any{false, noon.Add(time.Minute)})
		loads, _ := tx.Loads("w")
		f.want("loads", loads, []store.Load{{Trigger: "a", Running: 2, Waiting: 1}, {Trigger: "b", Waiting: 1}})
		all, err := tx.OpenLoads()
		f.want("all loads", all, []store.WorkflowLoad{{Workflow: "v", Load: store.Load{Trigger: "a", Waiting: 1}},
			{Workflow: "w", Load: loads[0]}, {Workflow: "w", Load: loads[1]}})
		return err
	})
}

func runWake(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		for i, wake := range []time.Time{noon.Add(time.Hour), {}, noon, noon.Add(time.Minute), noon} {
			if err := tx.CreateRun(store.Run{Name: fmt.Sprintf("r%d", i), Status: "Waiting", Start: noon, Wake: wake}); err != nil {
				return err
			}
		}
		return nil
	})
	f.read(f.DB, func(tx *store.Tx) error {
		due, err := tx.Wakes(store.Wake{}, noon.Add(time.Minute), 0)
		named := func(w store.Wake) string { return w.Run }
		f.want("due", names(due, named), []string{"r2", "r4", "r3"})
		if err != nil {
			return err
		}
		rest, err := tx.Wakes(due[0], noon.Add(time.Hour), 2)
		f.want("the next two", names(rest, named), []string{"r4", "r3"})
		if err != nil {
			return err
		}
		next, err := tx.NextWake()
		f.want("next", next, noon)
		return err
	})
}

func runClaim(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		for _, r := range []store.Run{{Name: "open", Start: noon, Head: []byte("h")}, {Name: "closed", Start: noon, End: noon}, {Name: "rests", Start: noon, Resting: true}} {
			if err := tx.CreateRun(r); err != nil {
				return err
			}
		}
		return nil
	})
	unfinished := func(want ...string) {
		t.Helper()
		f.read(f.DB, func(tx *store.Tx) error {
			got, err := tx.UnfinishedRuns(f.DB.Epoch(), "", 0)
			f.want("unfinished", names(got, func(r store.Run) string { return r.Name }), append([]string{}, want...))
			if err != nil {
				return err
			}
			working, err := tx.WorkingRuns(f.DB.Epoch(), "", 0)
			f.want("working", len(working), max(len(want)-1, 0))
			return err
		})
	}
	unfinished()
	f.Reopen()
	unfinished("open", "rests")
	f.write(f.DB, func(tx *store.Tx) error {
		r, err := tx.ClaimRun("open")
		f.want("claimed", []any{r.Revision, r.Epoch, r.Owner, string(r.Head)}, []any{2, f.DB.Epoch(), f.DB.Owner(), "h"})
		return err
	})
	unfinished("rests")
	for name, want := range map[string]error{"open": store.ErrConflict, "closed": store.ErrConflict, "none": store.ErrNotFound} {
		f.wantError(name, f.DB.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.ClaimRun(name); return err }), want)
	}
}

func runDelete(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		for _, name := range []string{"a", "b"} {
			if err := tx.CreateRun(store.Run{Name: name, Start: noon}); err != nil {
				return err
			}
			if err := tx.AppendRows(name, []store.Row{{Payload: []byte(name)}}); err != nil {
				return err
			}
		}
		if err := tx.DeleteRun("a"); err != nil {
			return err
		}
		f.wantError("append", tx.AppendRows("a", []store.Row{{}}), store.ErrNotFound)
		f.wantError("delete", tx.DeleteRun("a"), store.ErrNotFound)
		// A new run of the name does not inherit.
		return tx.CreateRun(store.Run{Name: "a", Start: noon})
	})
	f.read(f.DB, func(tx *store.Tx) error {
		for name, want := range map[string]int{"a": 0, "b": 1, "none": 0} {
			got, err := tx.Rows(name)
			f.want("rows of "+name, len(got), want)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func rows(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		if err := tx.CreateRun(store.Run{Name: "r", Start: noon}); err != nil {
			return err
		}
		return tx.AppendRows("r", []store.Row{{Payload: []byte("1")}, {Scope: "L:000001", Payload: []byte("2")}, {Payload: []byte("3")}})
	})
	f.Reopen()
	f.write(f.DB, func(tx *store.Tx) error {
		return tx.AppendRows("r", []store.Row{{Scope: "L:000001", Payload: []byte("4")}, {Scope: "L:000001/M:000000", Payload: []byte("5")}, {Scope: "L:0000012", Payload: []byte("6")}})
	})
	text := func(r store.Row) string { return r.Scope + "=" + string(r.Payload) }
	f.read(f.DB, func(tx *store.Tx) error {
		all, err := tx.Rows("r")
		f.want("all", names(all, text), []string{"=1", "=3", "L:000001=2", "L:000001=4", "L:000001/M:000000=5", "L:0000012=6"})
		if err != nil {
			return err
		}
		some, err := tx.Rows("r", "L:000001", "")
		f.want("some", names(some, text), []string{"L:000001=2", "L:000001=4", "=1", "=3"})
		if err != nil {
			return err
		}
		under, err := tx.RowsUnder("r", "L:000001")
		f.want("under", names(under, text), []string{"L:000001=2", "L:000001=4", "L:000001/M:000000=5"})
		return err
	})
}

func scopes(t *testing.T, f *Fixture) {
	f.write(f.DB, func(tx *store.Tx) error {
		if err := tx.CreateRun(store.Run{Name: "r", Start: noon}); err != nil {
			return err
		}
		for _, s := range []string{"", "L:000002", "L:000000", "L:000001", "L:000001", "M:000000"} {
			if err := tx.AppendRows("r", []store.Row{{Scope: s, Payload: []byte("x")}}); err != nil {
				return err
			}
		}
		return nil
	})
	f.read(f.DB, func(tx *store.Tx) error {
		all, err := tx.Scopes("r")
		f.want("all", all, []string{"", "L:000000", "L:000001", "L:000002", "M:000000"})
		if err != nil {
			return err
		}
		page, err := tx.ScopesUnder("r", "L:", "", 2)
		f.want("first page", page, []string{"L:000000", "L:000001"})
		if err != nil {
			return err
		}
		page, err = tx.ScopesUnder("r", "L:", "L:000001", 2)
		f.want("second page", page, []string{"L:000002"})
		return err
	})
}

func histories(t *testing.T, f *Fixture) {
	h := store.TriggerHistory{Workflow: "w", Trigger: "manual", Name: "h1", Status: "Succeeded", Code: "OK", Fired: true, Run: "r1", Start: noon, End: noon.Add(time.Second), Scheduled: noon, Payload: []byte("p")}
	f.write(f.DB, func(tx *store.Tx) error {
		if err := tx.PutTriggerHistory(store.TriggerHistory{Workflow: "w", Trigger: "manual", Name: "h1", Status: "Running", Start: noon}); err != nil {
			return err
		}
		for i := range 5 {
			if err := tx.PutTriggerHistory(store.TriggerHistory{Workflow: "w", Trigger: "timer", Name: fmt.Sprintf("h%d", 9-i), Status: []string{"Succeeded", "Skipped"}[i%2], Start: noon.Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
		}
		return tx.PutTriggerHistory(h)
	})
	f.Reopen()
	f.write(f.DB, func(tx *store.Tx) error {
		got, err := tx.TriggerHistory("w", "manual", "h1")
		h.ID = got.ID
		f.want("history", got, h)
		if err != nil {
			return err
		}
		_, err = tx.TriggerHistory("w", "manual", "h9")
		f.wantError("history", err, store.ErrNotFound)
		for _, c := range []struct {
			query store.TriggerHistoryQuery
			want  []string
		}{
			{store.TriggerHistoryQuery{Limit: 2}, []string{"h5", "h6"}},
			{store.TriggerHistoryQuery{After: store.Place{Start: noon.Add(3 * time.Hour), ID: 4}, Limit: 2}, []string{"h7", "h8"}},
			{store.TriggerHistoryQuery{Status: []string{"Skipped"}}, []string{"h6", "h8"}},
			{store.TriggerHistoryQuery{From: noon.Add(time.Hour), To: noon.Add(3 * time.Hour)}, []string{"h7", "h8"}},
		} {
			c.query.Workflow, c.query.Trigger = "w", "timer"
			list, err := tx.TriggerHistories(c.query)
			f.want(fmt.Sprintf("%+v", c.query), names(list, func(h store.TriggerHistory) string { return h.Name }), c.want)
			if err != nil {
				return err
			}
		}
		n, err := tx.DeleteTriggerHistories("w", noon.Add(time.Minute), 0)
		f.want("deleted", n, 2)
		return err
	})
}

// historyContents go with their history, and no others.
func historyContents(t *testing.T, f *Fixture) {
	owners := map[string]string{"h1": store.HistoryContents("h1"), "h2": store.HistoryContents("h2"), "h1 as a run": "h1"}
	for _, owner := range owners {
		c := must(f.DB.PutContent(t.Context(), owner, "body", strings.NewReader("x")))
		f.write(f.DB, func(tx *store.Tx) error { return tx.NameContent(c) })
	}
	f.write(f.DB, func(tx *store.Tx) error {
		for i, name := range []string{"h1", "h2"} {
			if err := tx.PutTriggerHistory(store.TriggerHistory{Workflow: "w", Trigger: "t", Name: name, Status: "Succeeded", Start: noon.Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
		}
		_, err := tx.DeleteTriggerHistories("w", noon.Add(time.Minute), 0)
		return err
	})
	f.read(f.DB, func(tx *store.Tx) error {
		for what, want := range map[string]int{"h1": 0, "h2": 1, "h1 as a run": 1} {
			all, err := tx.Contents(owners[what])
			f.want("contents of "+what, len(all), want)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
