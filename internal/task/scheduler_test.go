package task_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/internal/store"
	"isle/internal/task"
)

// journal notes what handlers did, with the seconds since the start.
type journal struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%v ", time.Since(j.start))+fmt.Sprintf(format, args...))
}

func (j *journal) want(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.lines, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(j.lines, "\n"), strings.Join(want, "\n"))
	}
	j.lines = nil
}

// bench is a store and a scheduler over it, inside a bubble of virtual time.
type bench struct {
	*testing.T
	journal
	dir       string
	handlers  map[string]task.Handler
	options   task.Options
	store     *store.Store
	scheduler *task.Scheduler
}

func run(t *testing.T, test func(b *bench)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, journal: journal{start: time.Now()}, dir: dir, handlers: map[string]task.Handler{}}
		b.options = task.Options{Jitter: func() float64 { return 1 }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		b.openStore()
		test(b)
		b.stop()
	})
}

func (b *bench) openStore() {
	s, err := store.Open(context.Background(), b.dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.store = s
}

func (b *bench) start() {
	b.scheduler = task.New(b.store, b.handlers, b.options)
	if err := b.scheduler.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) stop() {
	if b.scheduler != nil {
		b.scheduler.Stop()
	}
	if err := b.store.Close(); err != nil {
		b.Error(err)
	}
}

func (b *bench) put(db *store.DB, key, kind string, in time.Duration) {
	b.Helper()
	err := db.Write(context.Background(), func(tx *store.Tx) error {
		return tx.PutTask(store.Task{Key: key, Kind: kind, Due: time.Now().Add(in), Payload: []byte(key)})
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) left(db *store.DB, want ...string) {
	b.Helper()
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		tasks, err := tx.Tasks("")
		var keys []string
		for _, t := range tasks {
			keys = append(keys, t.Key)
		}
		if !slices.Equal(keys, want) {
			b.Errorf("tasks left: %v, want %v", keys, want)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestDueTasksAreDoneInOrder(t *testing.T) {
	run(t, func(b *bench) {
		b.handlers["k"] = func(_ context.Context, db *store.DB, t store.Task) (task.Result, error) {
			b.note("%s %s %s %d", db.Name(), t.Key, t.Payload, t.Attempt)
			return task.Done(), nil
		}
		control := b.store.Control()
		b.put(control, "before", "k", time.Hour)
		b.start()
		b.put(control, "later", "k", time.Minute)
		b.put(control, "now", "k", 0)
		env, err := b.store.Environment(context.Background(), store.Shared) // made after Start
		if err != nil {
			b.Fatal(err)
		}
		b.put(env, "in the environment", "k", 90*time.Minute)
		pass(3 * time.Hour)
		b.want(b.T, "0s control now now 1", "1m0s control later later 1", "1h0m0s control before before 1", "1h30m0s shared in the environment in the environment 1")
		b.left(control)
	})
}

func TestFailuresBackOff(t *testing.T) {
	run(t, func(b *bench) {
		b.options.RetryMax = 10 * time.Second
		calls := 0
		b.handlers["k"] = func(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("attempt %d", t.Attempt)
			switch calls++; {
			case calls == 2:
				panic("boom")
			case calls < 7:
				return task.Result{}, errors.New("not yet")
			case calls == 7:
				return task.Again(time.Now().Add(time.Hour)), nil
			}
			return task.Done(), nil
		}
		b.start()
		b.put(b.store.Control(), "a", "k", 0)
		pass(24 * time.Hour)
		b.want(b.T, "0s attempt 1", "1s attempt 2", "3s attempt 3", "7s attempt 4", "15s attempt 5", "25s attempt 6", "35s attempt 7", "1h0m35s attempt 1")
		b.left(b.store.Control())
	})
}

func TestUnknownKindsWait(t *testing.T) {
	run(t, func(b *bench) {
		b.start()
		b.put(b.store.Control(), "a", "nobody's", 0)
		pass(time.Hour)
		b.left(b.store.Control(), "a")
	})
}

// A handler that puts its own key again does its work and arms the next time in one
// transaction; the scheduler then leaves the new one alone.
func TestHandlerPutsItselfAgain(t *testing.T) {
	run(t, func(b *bench) {
		b.handlers["timer"] = func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
			b.note("fired %s", t.Payload)
			if string(t.Payload) == "last" {
				return task.Done(), nil
			}
			return task.Done(), db.Write(ctx, func(tx *store.Tx) error {
				return tx.PutTask(store.Task{Key: t.Key, Kind: t.Kind, Due: t.Due.Add(time.Minute), Payload: []byte("last")})
			})
		}
		b.start()
		b.put(b.store.Control(), "a", "timer", 0)
		pass(time.Hour)
		b.want(b.T, "0s fired a", "1m0s fired last")
		b.left(b.store.Control())
	})
}

func TestOneKeyIsNeverHandledTwiceAtOnce(t *testing.T) {
	run(t, func(b *bench) {
		b.options.Lease = 10 * time.Second
		b.handlers["slow"] = func(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("begin")
			time.Sleep(time.Minute) // six leases
			b.note("end")
			return task.Done(), nil
		}
		b.start()
		b.put(b.store.Control(), "a", "slow", 0)
		pass(30 * time.Second)
		b.put(b.store.Control(), "a", "slow", 0)
		pass(time.Hour)
		b.want(b.T, "0s begin", "1m0s end", "1m0s begin", "2m0s end")
	})
}

// A handler that waits outside keeps its task and nobody else's worker.
func TestWhoWaitsOutsideHoldsNoWorker(t *testing.T) {
	run(t, func(b *bench) {
		b.options.Workers, b.options.PerDatabase = 1, 1
		b.handlers["asks"] = func(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("asks %s", t.Key)
			task.Outside(ctx, func() { time.Sleep(time.Minute) })
			b.note("has asked %s", t.Key)
			return task.Done(), nil
		}
		b.handlers["k"] = func(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("works")
			return task.Done(), nil
		}
		b.start()
		b.put(b.store.Control(), "a", "asks", 0)
		pass(time.Second)
		b.put(b.store.Control(), "a", "asks", 0)
		b.put(b.store.Control(), "b", "k", 0)
		pass(time.Hour)
		b.want(b.T, "0s asks a", "1s works", "1m0s has asked a", "1m0s asks a", "2m0s has asked a")
		task.Outside(context.Background(), func() { b.note("anywhere") })
		b.want(b.T, "1h0m1s anywhere")
	})
}

// The first process is gone in the middle of a task: without Stop, with its store
// closed under it.
func TestRestartTakesTasksOverAtOnce(t *testing.T) {
	run(t, func(b *bench) {
		hang := make(chan struct{})
		b.handlers["k"] = func(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("first process, attempt %d", t.Attempt)
			<-hang
			return task.Done(), nil
		}
		b.start()
		b.put(b.store.Control(), "a", "k", 0)
		pass(time.Second)
		b.store.Close()
		first := b.scheduler
		b.openStore()
		b.handlers = map[string]task.Handler{"k": func(_ context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("second process, attempt %d", t.Attempt)
			return task.Done(), nil
		}}
		b.start()
		pass(time.Second)
		b.want(b.T, "0s first process, attempt 1", "1s second process, attempt 2")
		b.left(b.store.Control())
		close(hang)
		first.Stop()
	})
}

func TestStopInterruptsAndKeeps(t *testing.T) {
	run(t, func(b *bench) {
		b.handlers["k"] = func(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			b.note("begin %d", t.Attempt)
			<-ctx.Done()
			return task.Result{}, ctx.Err()
		}
		b.start()
		b.put(b.store.Control(), "a", "k", 0)
		pass(time.Minute)
		b.scheduler.Stop()
		b.start()
		pass(time.Minute)
		b.want(b.T, "0s begin 1", "1m0s begin 1")
		b.left(b.store.Control(), "a")
	})
}

func TestDeletedTaskEndsItsHandler(t *testing.T) {
	run(t, func(b *bench) {
		b.options.Lease = 30 * time.Second
		b.handlers["k"] = func(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
			<-ctx.Done()
			b.note("ended: %v", errors.Is(context.Cause(ctx), store.ErrConflict))
			return task.Result{}, ctx.Err()
		}
		b.start()
		b.put(b.store.Control(), "a", "k", 0)
		pass(time.Second)
		b.store.Control().Write(context.Background(), func(tx *store.Tx) error { return tx.DeleteTask("a") })
		pass(time.Hour)
		b.want(b.T, "10s ended: true")
		b.left(b.store.Control())
	})
}

// A database with many tasks does not keep another's single one waiting.
func TestDatabasesShareWorkers(t *testing.T) {
	run(t, func(b *bench) {
		b.options.Workers = 4
		active, most := map[string]int{}, map[string]int{}
		var mu sync.Mutex
		b.handlers["k"] = func(_ context.Context, db *store.DB, t store.Task) (task.Result, error) {
			count := func(n int) {
				mu.Lock()
				defer mu.Unlock()
				active[db.Name()] += n
				most[db.Name()] = max(most[db.Name()], active[db.Name()])
			}
			count(1)
			time.Sleep(time.Minute)
			count(-1)
			if db.Name() == store.Shared {
				b.note("%s", t.Key)
			}
			return task.Done(), nil
		}
		env, err := b.store.Environment(context.Background(), store.Shared)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 100 {
			b.put(b.store.Control(), fmt.Sprint("noise", i), "k", 0)
		}
		b.start()
		pass(time.Second)
		b.put(env, "single", "k", 0)
		pass(2 * time.Hour)
		b.want(b.T, "1m1s single")
		b.left(b.store.Control())
		if most["control"] != 2 {
			b.Errorf("%d tasks of one database ran at once", most["control"])
		}
	})
}

func TestRemovedEnvironmentIsForgotten(t *testing.T) {
	run(t, func(b *bench) {
		b.handlers["k"] = func(context.Context, *store.DB, store.Task) (task.Result, error) {
			b.note("done")
			return task.Done(), nil
		}
		env, err := b.store.Environment(context.Background(), store.Shared)
		if err != nil {
			b.Fatal(err)
		}
		b.put(env, "never", "k", time.Minute)
		b.start()
		pass(time.Second)
		if err := b.store.RemoveEnvironment(context.Background(), store.Shared); err != nil {
			b.Fatal(err)
		}
		b.put(b.store.Control(), "a", "k", time.Hour)
		pass(2 * time.Hour)
		b.want(b.T, "1h0m1s done")
	})
}
