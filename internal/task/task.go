// Package task carries out what must happen later: the tasks of the control database
// and of every environment's.
//
// What it promises: a task that is due is handled at least once, also if the process
// is killed meanwhile; one key of a database is never handled twice at the same time;
// a handler that fails or panics is called again, later and later; no database keeps
// the others waiting.
//
// What a handler must do: be idempotent, and return when its context ends. To go on
// later it returns [Again], or puts the task with its own key again, in the
// transaction in which it does its work; then the work and what follows it are
// stored together or not at all.
package task

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"isle/internal/store"
)

// Handler does a task's work. t is claimed for the time of the call.
type Handler func(ctx context.Context, db *store.DB, t store.Task) (Result, error)

// Result says what becomes of a task that went well. The zero value, [Done], ends it.
type Result struct {
	Again time.Time // when it is due again; zero: it is done
}

// Done ends the task.
func Done() Result { return Result{} }

// Again makes the task due again, with the same payload and its attempts forgotten.
func Again(at time.Time) Result { return Result{Again: at} }

// place is the key of a handler's worker in its context.
type place struct{}

// Outside calls wait, which waits for something that may take long and is bounded by
// other means, such as a peer's answer. Meanwhile the handler whose context this is
// holds its task, but no worker; other tasks go on. In any other context it just
// calls wait.
func Outside(ctx context.Context, wait func()) {
	if outside, ok := ctx.Value(place{}).(func(func())); ok {
		outside(wait)
		return
	}
	wait()
}

// Options of a scheduler; the zero value is right for a server.
type Options struct {
	// Clock says what is due; nil is the store's clock.
	Clock func() time.Time
	// Workers bounds the handlers that run at the same time; 0 is 16.
	Workers int
	// PerDatabase bounds those of one database; 0 is half of Workers.
	PerDatabase int
	// Lease is how long a claim holds without being extended; 0 is a minute. The
	// scheduler extends it while the handler runs.
	Lease time.Duration
	// RetryMin and RetryMax bound the wait after a failure, which doubles with each
	// attempt; 0 is a second and five minutes.
	RetryMin, RetryMax time.Duration
	// Jitter gives numbers in [0,1); a wait is between half and the whole of its
	// length. nil is math/rand.
	Jitter func() float64
	// Log is told of failures; nil is slog.Default.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.PerDatabase <= 0 {
		o.PerDatabase = max(1, o.Workers/2)
	}
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.RetryMin <= 0 {
		o.RetryMin = time.Second
	}
	if o.RetryMax <= 0 {
		o.RetryMax = 5 * time.Minute
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// backoff is the wait after a failed attempt, the first being 1.
func (o Options) backoff(attempt int) time.Duration {
	wait := o.RetryMax
	if shift := attempt - 1; shift < 32 && o.RetryMin<<shift < o.RetryMax {
		wait = o.RetryMin << max(shift, 0)
	}
	return wait/2 + time.Duration(float64(wait/2)*o.Jitter())
}
