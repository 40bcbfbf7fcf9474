// Package storetest is the suite that every implementation of the store must pass.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"isle/internal/store"
)

// Open opens a data folder; the suite closes it.
type Open func(t testing.TB, dir string, o store.Options) *store.Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Fixture)
	}{
		{"resources are found in any letter case", resourceCase},
		{"resources are queried by type, scope and parent", resourceQueries},
		{"resources are paged", resourcePages},
		{"operations are kept", operations},
		{"settings are kept", settings},
		{"a run's name is unique", runUnique},
		{"a second writer of a run is refused", runRevision},
		{"the head of a run is written alone", runHead},
		{"a run whose creation was undone is not there", runUndone},
		{"runs are queried", runQueries},
		{"runs wait for their turn", runTurns},
		{"runs are due at their wake time", runWake},
		{"runs of a process that is gone are claimed once", runClaim},
		{"a deleted run leaves nothing", runDelete},
		{"rows keep their order in their scope", rows},
		{"scopes are listed", scopes},
		{"trigger histories are queried", histories},
		{"messages wait, and are known after their release", messages},
		{"contents of a history go with it", historyContents},
		{"a due task is claimed by one", taskClaim},
		{"a task put during its work runs again", taskPutAgain},
		{"a failed task waits", taskPostpone},
		{"a task of a process that is gone is due at once", taskEpoch},
		{"contents are streamed", contentStreams},
		{"contents without a name are collected", contentCollect},
		{"an error undoes only its call", undo},
		{"a panic goes to its caller", panics},
		{"a call that was given up does nothing", givenUp},
		{"a snapshot does not move", snapshot},
		{"a snapshot cannot be written", snapshotReadOnly},
		{"concurrent calls are all kept", concurrent},
		{"environments are apart and can be removed", environments},
		{"tasks put are told after their commit", onTasks},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &Fixture{T: t, dir: t.TempDir(), open: open}
			f.Reopen()
			t.Cleanup(f.close)
			c.test(t, f)
		})
	}
}

// Fixture is a store in a folder of its own.
type Fixture struct {
	*testing.T
	dir   string
	open  Open
	Store *store.Store
	DB    *store.DB // an environment
}

// Reopen closes the store and opens it as the next process would.
func (f *Fixture) Reopen() {
	f.Helper()
	f.close()
	f.Store = f.open(f, f.dir, store.Options{})
	f.DB = must(f.Store.Environment(context.Background(), store.Shared))
}

func (f *Fixture) close() {
	if f.Store == nil {
		return
	}
	if err := f.Store.Close(); err != nil {
		f.Error(err)
	}
	f.Store = nil
}

func (f *Fixture) write(db *store.DB, fn func(*store.Tx) error) {
	f.Helper()
	if err := db.Write(context.Background(), fn); err != nil {
		f.Fatal(err)
	}
}

func (f *Fixture) read(db *store.DB, fn func(*store.Tx) error) {
	f.Helper()
	if err := db.Read(context.Background(), fn); err != nil {
		f.Fatal(err)
	}
}

func (f *Fixture) want(what string, got, want any) {
	f.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		f.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func (f *Fixture) wantError(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// names maps a list to its names.
func names[T any](list []T, name func(T) string) []string {
	out := []string{}
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}

var noon = time.Date(2024, 3, 15, 12, 0, 0, 123456700, time.UTC)
