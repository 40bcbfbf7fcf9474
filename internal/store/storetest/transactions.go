package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"isle/internal/store"
)

func setting(f *Fixture, name string) string {
	f.Helper()
	var v []byte
	err := f.Store.Control().Read(context.Background(), func(tx *store.Tx) (err error) {
		v, err = tx.Setting(name)
		return err
	})
	if err != nil && err != store.ErrNotFound {
		f.Fatal(err)
	}
	return string(v)
}

func undo(t *testing.T, f *Fixture) {
	// Failing and succeeding calls that share batches.
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			err := f.Store.Control().Write(context.Background(), func(tx *store.Tx) error {
				if err := tx.PutSetting(fmt.Sprint("s", i), []byte(fmt.Sprint(i))); err != nil {
					return err
				}
				if i%3 == 0 {
					return io.ErrUnexpectedEOF
				}
				return nil
			})
			if want := map[bool]error{true: io.ErrUnexpectedEOF}[i%3 == 0]; err != want {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wait.Wait()
	f.Reopen()
	for i := range 200 {
		want := fmt.Sprint(i)
		if i%3 == 0 {
			want = ""
		}
		f.want(fmt.Sprint("s", i), setting(f, fmt.Sprint("s", i)), want)
	}
}

func panics(t *testing.T, f *Fixture) {
	func() {
		defer func() { f.want("panic", recover(), "boom") }()
		f.Store.Control().Write(t.Context(), func(tx *store.Tx) error {
			tx.PutSetting("a", []byte("1"))
			panic("boom")
		})
	}()
	func() {
		defer func() { f.want("panic", recover(), "boom") }()
		f.Store.Control().Read(t.Context(), func(tx *store.Tx) error { panic("boom") })
	}()
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutSetting("b", []byte("2")) })
	f.want("a, b", setting(f, "a")+","+setting(f, "b"), ",2")
}

func givenUp(t *testing.T, f *Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	running, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		f.Store.Control().Write(context.Background(), func(tx *store.Tx) error {
			close(running)
			<-release
			return nil
		})
	})
	<-running
	answer := make(chan error)
	go func() {
		answer <- f.Store.Control().Write(ctx, func(tx *store.Tx) error { return tx.PutSetting("a", []byte("1")) })
	}()
	cancel()
	f.wantError("given up", <-answer, context.Canceled)
	close(release)
	wait.Wait()
	f.want("a", setting(f, "a"), "")
	f.wantError("ended before", f.Store.Control().Read(ctx, func(*store.Tx) error { return nil }), context.Canceled)
}

func snapshot(t *testing.T, f *Fixture) {
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutSetting("a", []byte("1")) })
	f.read(f.Store.Control(), func(tx *store.Tx) error {
		before, err := tx.Setting("a")
		if err != nil {
			return err
		}
		f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutSetting("a", []byte("2")) })
		after, err := tx.Setting("a")
		f.want("snapshot", string(before)+string(after), "11")
		return err
	})
	f.want("a", setting(f, "a"), "2")
}

func snapshotReadOnly(t *testing.T, f *Fixture) {
	f.read(f.DB, func(tx *store.Tx) error {
		_, claim := tx.ClaimRun("r")
		_, operations := tx.DeleteOperations(noon, 0)
		_, histories := tx.DeleteTriggerHistories("w", noon, 0)
		for i, err := range []error{
			tx.PutResource(store.Resource{}), tx.DeleteResource("x"), tx.PutOperation(store.Operation{}), operations, tx.PutSetting("a", nil), tx.DeleteSetting("a"),
			tx.CreateRun(store.Run{Name: "r"}), tx.UpdateRun(store.Run{Name: "r"}), claim, tx.DeleteRun("r"), tx.AppendRows("r", nil),
			tx.PutTriggerHistory(store.TriggerHistory{}), histories, tx.PutTask(store.Task{}), tx.DeleteTask("a"), tx.FinishTask(store.Task{}),
			tx.PostponeTask(store.Task{}, noon, 0), tx.ExtendTask(store.Task{}, noon), tx.NameContent(store.Content{}), tx.UnnameContent("r", "c"),
		} {
			f.wantError(fmt.Sprint("method ", i), err, store.ErrReadOnly)
		}
		return nil
	})
}

func concurrent(t *testing.T, f *Fixture) {
	var wait sync.WaitGroup
	for w := range 16 {
		wait.Go(func() {
			for i := range 50 {
				name := fmt.Sprintf("r%d-%d", w, i)
				err := f.DB.Write(context.Background(), func(tx *store.Tx) error {
					if err := tx.CreateRun(store.Run{Name: name, Start: noon}); err != nil {
						return err
					}
					return tx.AppendRows(name, []store.Row{{Payload: []byte(name)}})
				})
				if err != nil {
					t.Error(err)
				}
				// Read your writes.
				err = f.DB.Read(context.Background(), func(tx *store.Tx) error {
					rows, err := tx.Rows(name)
					if err == nil && (len(rows) != 1 || string(rows[0].Payload) != name) {
						err = fmt.Errorf("rows of %s: %v", name, rows)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	f.Reopen()
	f.read(f.DB, func(tx *store.Tx) error {
		all, err := tx.Runs(store.RunQuery{})
		f.want("runs", len(all), 800)
		return err
	})
}

func environments(t *testing.T, f *Fixture) {
	id := "0123456789abcdef0123456789abcdef"
	db := must(f.Store.Environment(t.Context(), id))
	f.write(db, func(tx *store.Tx) error { return tx.CreateRun(store.Run{Name: "r", Start: noon}) })
	f.read(f.DB, func(tx *store.Tx) error {
		_, err := tx.Run("r")
		f.wantError("run of the other", err, store.ErrNotFound)
		return nil
	})
	f.want("environments", f.Store.Environments(), []string{id, store.Shared})
	for _, bad := range []string{"", "..", "ABCDEF", "shared/x", id + "0"} {
		if _, err := f.Store.Environment(t.Context(), bad); err == nil {
			t.Errorf("environment %q was opened", bad)
		}
	}
	if err := f.Store.RemoveEnvironment(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f.wantError("write", db.Write(t.Context(), func(*store.Tx) error { return nil }), store.ErrClosed)
	f.wantError("read", db.Read(t.Context(), func(*store.Tx) error { return nil }), store.ErrClosed)
	f.want("environments", f.Store.Environments(), []string{store.Shared})
	db = must(f.Store.Environment(t.Context(), id))
	err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Run("r"); return err })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("run of the removed environment: %v", err)
	}
}
