// Package runner is the shell around the engine: it loads a run, steps it, makes
// the result durable, and only then acts on it.
//
// Each run is driven by one goroutine at a time. Events that arrive meanwhile wait
// and share the next commit. What is stored is all there is: after a crash
// [Runner.Recover] loads every run that was left open and the engine emits the
// effects whose outcome is missing again, marked as repeated. So an effect happens
// at least once, its outcome is recorded exactly once.
//
// A run that another process has written meanwhile is dropped, never overwritten.
// The caller must Start runs only after Recover has been called, and must Stop the
// runner before it closes the store.
package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

// Config is what a Runner needs. Store, Programs, Operations and Network must be
// set; the rest has defaults. Without Access, callback URLs lead nowhere.
type Config struct {
	Store      *store.Store
	Programs   Workflows
	Operations connector.Operations
	Network    dataplane.Network
	// Batches are the batch configurations of integration accounts; nil: there are none.
	Batches Batches
	// Access is the base of the callback URLs of an environment, by store id, such as
	// "https://localhost:8443"; nil: "".
	Access func(environment string) string

	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged

	// Observers are told what runs do.
	Observers []Observer
	// Tracer says what requests hand on of the traces that their runs belong to; nil: what
	// the runs were given.
	Tracer Tracer

	// MaxActions is how many actions an environment may carry out in a minute before no
	// run begins in it; nil, or 0 for one: any number.
	MaxActions func(environment string) int64

	// Retention is how long runs of workflows that are gone are kept; 0: as long as those
	// of others by default.
	Retention time.Duration
	// Purged is told how many runs and firings of an environment were deleted; may be nil.
	Purged func(environment string, runs, firings int)

	// MaxCalls bounds the requests under way, MaxCallsEach those of one
	// environment; 0: 1024 and 512.
	MaxCalls, MaxCallsEach int
	// MaxWaiting is how many requests, or steps, or runs to be loaded, of an environment
	// may wait before it is Crowded; 0: 10000.
	MaxWaiting int
	// MaxBuffered bounds the bytes of large messages that the requests under way send and
	// get, until what came of them is stored; 0: 1 GB.
	MaxBuffered int64
	// Resume bounds the runs that are loaded at a time; 0: 64.
	Resume int
	// StopTimeout is how long Stop lets requests under way finish; 0: 5 s. What is
	// not finished is repeated after the next start.
	StopTimeout time.Duration
}

func (c *Config) setDefaults() {
	if c.Access == nil {
		c.Access = func(string) string { return "" }
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = 1024
	}
	if c.MaxCallsEach == 0 {
		c.MaxCallsEach = 512
	}
	if c.Retention == 0 {
		c.Retention = wdl.DefaultLimits().RunDuration
	}
	if c.Purged == nil {
		c.Purged = func(string, int, int) {}
	}
	if c.MaxWaiting == 0 {
		c.MaxWaiting = 10000
	}
	if c.MaxBuffered == 0 {
		c.MaxBuffered = connector.DefaultBuffered
	}
	if c.Resume == 0 {
		c.Resume = 64
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 5 * time.Second
	}
}

// Errors of the ways in.
var (
	// ErrStopped says that the runner accepts nothing any more.
	ErrStopped = errors.New("runner: stopped")
	// ErrBusy says that a trigger may begin no run now: as many as it allows are not
	// finished.
	ErrBusy = errors.New("runner: as many runs as the trigger allows are active")
	// ErrQueueFull says that as many runs wait for their turn as may; it is an ErrBusy.
	ErrQueueFull = fmt.Errorf("%w, and as many as may wait for their turn do", ErrBusy)
	// ErrFinished says that a run to be cancelled has ended already.
	ErrFinished = errors.New("runner: the run has ended")
)

// stepsEach is how many steps may be made at once for each processor: enough to keep it
// busy, few enough for turns to come soon.
const stepsEach = 4

// Runner drives runs. It is safe for concurrent use.
type Runner struct {
	config Config
	calls  *dispatcher       // requests of operations
	buffer *connector.Buffer // of their messages
	loads  *dispatcher       // runs that come back to memory: they must not wait for calls
	wakes  *wakes
	meter  meter
	steps  *share // of the processors

	// ctx ends when requests under way must.
	ctx    context.Context
	cancel context.CancelFunc

	environments sync.Map // string → *store.DB
	live         sync.Map // runKey → *active: runs in memory that are not finished
	parents      sync.Map // runKey of a run → Asker: who wants its answer
	queues       queues   // runs that wait for their turn
	forgotten    sync.Map // environment → string: the sender that forgetMessages looked at last

	stopping atomic.Bool
	leaving  atomic.Bool    // see LetGo
	entered  gate           // calls of the ways in, and drives
	loops    sync.WaitGroup // wakes.run
}

// New returns a runner that drives nothing yet.
func New(c Config) *Runner {
	c.setDefaults()
	r := &Runner{config: c, calls: newDispatcher(c.MaxCalls, c.MaxCallsEach), buffer: connector.NewBuffer(c.MaxBuffered), loads: newDispatcher(c.Resume, c.Resume/2+1), steps: newShare(stepsEach * runtime.GOMAXPROCS(0))}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.queues.each = map[flowKey]*queue{}
	r.wakes = newWakes(c.Clock, wakeSource{r.opened, r.readWakes, r.loads.crowded}, func(k runKey) { r.post(k, wokeEvent) })
	r.loops.Go(func() { r.wakes.run(r.ctx) })
	return r
}

// readWakes reads stored wakes.
func (r *Runner) readWakes(environment string, after store.Wake, until time.Time, max int) (found []store.Wake, err error) {
	db, err := r.database(r.ctx, environment)
	if err != nil {
		return nil, err
	}
	err = db.Read(r.ctx, func(tx *store.Tx) error {
		found, err = tx.Wakes(after, until, max)
		return err
	})
	if errors.Is(err, store.ErrClosed) { // removed: nothing of it wakes
		return nil, nil
	}
	if err != nil && r.ctx.Err() == nil {
		r.config.Log.Warn("wakes not read, trying again", "environment", environment, "error", err)
	}
	return found, err
}

// LetGo says that Stop comes soon. Who waits for the answer of a run that rests, with
// nothing under way and nothing due in a moment, is told ErrStopped, now or when the run
// comes to rest: such runs would wait for each other as long as Stop lets them. All others
// may still get their answer.
func (r *Runner) LetGo() {
	r.leaving.Store(true)
	r.live.Range(func(_, v any) bool {
		a := v.(*active)
		a.mu.Lock()
		drive := a.caller != nil && !a.driven && !a.gone
		a.driven = a.driven || drive
		a.mu.Unlock()
		if drive {
			go a.drive()
		}
		return true
	})
}

// Stop lets no new runs begin, gives requests under way some time, and returns
// when nothing is written any more. What is open goes on after the next start.
func (r *Runner) Stop() {
	if r.stopping.Swap(true) {
		return
	}
	r.calls.close()
	r.loads.close()
	done := make(chan struct{})
	go func() {
		r.calls.wait()
		r.loads.wait()
		close(done)
	}()
	timer := time.NewTimer(r.config.StopTimeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
	r.cancel()
	<-done
	r.loops.Wait()
	r.entered.close()
}

// Handlers are who carries out the runner's tasks, by kind.
func (r *Runner) Handlers() map[string]task.Handler {
	return map[string]task.Handler{
		TriggerKind:      r.TriggerHandler(),
		SubscriptionKind: r.SubscriptionHandler(),
		UnsubscribeKind:  r.UnsubscribeHandler(),
		NotificationKind: r.NotificationHandler(),
		SplitKind:        r.SplitHandler(),
		BatchKind:        r.BatchHandler(),
	}
}

// database is the store of an environment, looked up once.
func (r *Runner) database(ctx context.Context, environment string) (*store.DB, error) {
	if db, ok := r.environments.Load(environment); ok {
		return db.(*store.DB), nil
	}
	db, err := r.config.Store.Environment(ctx, environment)
	if err != nil {
		return nil, err
	}
	if _, known := r.environments.Swap(environment, db); !known {
		r.wakes.hurry()
	}
	return db, nil
}

// opened lists the environments that were looked up.
func (r *Runner) opened() (names []string) {
	r.environments.Range(func(name, _ any) bool {
		names = append(names, name.(string))
		return true
	})
	return names
}

// Forget drops what is in memory of an environment that is being removed.
func (r *Runner) Forget(environment string) {
	r.environments.Delete(environment)
	r.wakes.forget(environment)
	r.meter.forget(environment)
	r.forgotten.Delete(environment)
	r.parents.Range(func(k, _ any) bool {
		if k.(runKey).environment == environment {
			r.parents.Delete(k)
		}
		return true
	})
	r.queues.forget(environment)
	r.live.Range(func(k, v any) bool {
		if k.(runKey).environment == environment {
			v.(*active).abandon(ErrStopped)
		}
		return true
	})
}

// gate counts who is inside, and closes when nobody is.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // closed when closed and empty
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.closed && g.inside == 0 {
		close(g.empty)
	}
}

// close lets nobody in any more and waits for those inside.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.empty = make(chan struct{})
	if g.inside == 0 {
		close(g.empty)
	}
	empty := g.empty
	g.mu.Unlock()
	<-empty
}
