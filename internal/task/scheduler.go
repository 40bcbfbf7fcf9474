package task

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"isle/internal/store"
)

// longestWait bounds how long the scheduler trusts its timer: the clock may be set.
const longestWait = time.Minute

// Scheduler hands due tasks to their handlers. One goroutine decides, so that what
// is claimed, by whom and in which order has one place; handlers run in their own.
type Scheduler struct {
	store    *store.Store
	handlers map[string]Handler
	options  Options

	changed chan struct{} // holds one: look again

	mu     sync.Mutex
	lines  []*line // one per database, in the order of their turns
	active int     // handlers at work

	stop    context.CancelFunc
	stopped chan struct{}  // closed when the deciding goroutine has ended
	working sync.WaitGroup // handlers
}

// line is what the scheduler knows of one database. Guarded by Scheduler.mu.
type line struct {
	db     *store.DB
	look   time.Time // look into the database then; zero: never, until it is woken
	active int       // handlers at work
	woken  int       // counts Wake, so that one that comes during a look is not lost
}

// New makes a scheduler; handlers are by kind. It hears of the store's new tasks by
// itself.
func New(s *store.Store, handlers map[string]Handler, o Options) *Scheduler {
	if o.Clock == nil {
		o.Clock = s.Now
	}
	return &Scheduler{store: s, handlers: handlers, options: o.withDefaults(), changed: make(chan struct{}, 1), stopped: make(chan struct{})}
}

// Start opens all environments and begins. What a process that is gone was at work
// on is due at once. It goes on until ctx ends or Stop is called.
func (s *Scheduler) Start(ctx context.Context) error {
	ctx, s.stop = context.WithCancel(ctx)
	s.Wake(s.store.Control())
	for _, id := range s.store.Environments() {
		db, err := s.store.Environment(ctx, id)
		if err != nil {
			s.stop()
			return fmt.Errorf("tasks of environment %s: %w", id, err)
		}
		s.Wake(db)
	}
	s.store.OnTasks(s.Wake)
	go s.decide(ctx)
	return nil
}

// Stop ends the handlers' contexts and waits for them. Tasks that were interrupted
// are due again at once. Stop of a scheduler that was not started does nothing.
func (s *Scheduler) Stop() {
	if s.stop == nil {
		return
	}
	s.stop()
	<-s.stopped
	s.working.Wait()
}

// Wake makes the scheduler look at a database again.
func (s *Scheduler) Wake(db *store.DB) {
	s.mu.Lock()
	l := s.line(db)
	l.look = s.options.Clock()
	l.woken++
	s.mu.Unlock()
	s.signal()
}

// line finds a database's line or adds one; s.mu is held.
func (s *Scheduler) line(db *store.DB) *line {
	for _, l := range s.lines {
		if l.db == db {
			return l
		}
	}
	l := &line{db: db}
	s.lines = append(s.lines, l)
	return l
}

func (s *Scheduler) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *Scheduler) decide(ctx context.Context) {
	defer close(s.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
		case <-timer.C:
		}
		for ctx.Err() == nil {
			l, woken, room := s.turn()
			if l == nil {
				break
			}
			s.serve(ctx, l, woken, room)
		}
		timer.Reset(s.wait())
	}
}

// turn picks the next database to look at and how many tasks it may claim. The one
// picked goes to the end of the line.
func (s *Scheduler) turn() (l *line, woken, room int) {
	now := s.options.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	free := s.options.Workers - s.active
	if free <= 0 {
		return nil, 0, 0
	}
	ready := 0
	at := -1
	for i, c := range s.lines {
		if !c.look.IsZero() && !c.look.After(now) && c.active < s.options.PerDatabase {
			if ready++; at < 0 {
				at = i
			}
		}
	}
	if at < 0 {
		return nil, 0, 0
	}
	l = s.lines[at]
	s.lines = append(slices.Delete(s.lines, at, at+1), l)
	return l, l.woken, min(max(1, free/ready), s.options.PerDatabase-l.active)
}

// wait is the time to the next look.
func (s *Scheduler) wait() time.Duration {
	now := s.options.Clock()
	wait := longestWait
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active >= s.options.Workers {
		return wait // the end of a handler signals
	}
	for _, l := range s.lines {
		if !l.look.IsZero() && l.active < s.options.PerDatabase {
			wait = min(wait, max(0, l.look.Sub(now)))
		}
	}
	return wait
}

// serve claims at most room due tasks of a database and starts their handlers.
func (s *Scheduler) serve(ctx context.Context, l *line, woken, room int) {
	now := s.options.Clock()
	var tasks []store.Task
	var next time.Time
	err := l.db.Write(ctx, func(tx *store.Tx) (err error) {
		if tasks, err = tx.ClaimTasks(now, s.options.Lease, room); err != nil {
			return err
		}
		next, err = tx.NextDue(now)
		return err
	})
	s.mu.Lock()
	switch {
	case errors.Is(err, store.ErrClosed):
		s.lines = slices.DeleteFunc(s.lines, func(c *line) bool { return c == l })
	case err != nil:
		l.look = now.Add(s.options.RetryMin)
	case l.woken == woken:
		l.look = next
	}
	if err == nil {
		s.active += len(tasks)
		l.active += len(tasks)
		s.working.Add(len(tasks))
	}
	s.mu.Unlock()
	if err != nil {
		if !errors.Is(err, store.ErrClosed) && !store.Unavailable(err) && ctx.Err() == nil {
			s.options.Log.Error("tasks cannot be claimed", "environment", l.db.Name(), "error", err)
		}
		return
	}
	for _, t := range tasks {
		go s.work(ctx, l, t)
	}
}

// work handles one claimed task to its end.
func (s *Scheduler) work(ctx context.Context, l *line, t store.Task) {
	defer s.working.Done()
	defer s.signal()
	defer s.occupy(l, -1)
	result, failure := s.handle(ctx, l, t)
	interrupted := failure != nil && ctx.Err() != nil
	if failure != nil && !interrupted && !store.Unavailable(failure) {
		s.options.Log.Warn("task failed, will be tried again", "environment", l.db.Name(), "task", t.Key, "kind", t.Kind, "attempt", t.Attempt, "error", failure)
	}
	for {
		err := s.close(context.WithoutCancel(ctx), l.db, t, result, failure, interrupted)
		if err == nil {
			return
		}
		// As long as this process lives nobody else takes the task over.
		if !store.Unavailable(err) {
			s.options.Log.Error("task cannot be closed", "environment", l.db.Name(), "task", t.Key, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.options.RetryMin):
		}
	}
}

// close stores what became of a task.
func (s *Scheduler) close(ctx context.Context, db *store.DB, t store.Task, result Result, failure error, interrupted bool) error {
	now := s.options.Clock()
	err := db.Write(ctx, func(tx *store.Tx) error {
		switch {
		case interrupted:
			return tx.PostponeTask(t, t.Due, t.Attempt-1)
		case failure != nil:
			return tx.PostponeTask(t, now.Add(s.options.backoff(t.Attempt)), t.Attempt)
		case !result.Again.IsZero():
			return tx.PostponeTask(t, result.Again, 0)
		}
		return tx.FinishTask(t)
	})
	// A task that was deleted, or an environment that was removed, during the work
	// leaves nothing to close.
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrClosed) {
		return nil
	}
	return err
}

// handle calls the handler, holds the claim meanwhile, and turns a panic into an
// error.
func (s *Scheduler) handle(ctx context.Context, l *line, t store.Task) (result Result, err error) {
	db := l.db
	handler := s.handlers[t.Kind]
	if handler == nil {
		return Result{}, fmt.Errorf("no handler for tasks of kind %q", t.Kind)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	held := make(chan struct{})
	ctx = context.WithValue(ctx, place{}, s.outside(l))
	go func() {
		defer close(held)
		s.hold(ctx, cancel, db, t)
	}()
	defer func() {
		cancel(nil)
		<-held
		if p := recover(); p != nil {
			s.options.Log.Error("task handler panicked", "environment", db.Name(), "task", t.Key, "kind", t.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return handler(ctx, db, t)
}

// outside lets a handler of the line wait without its worker. It comes back at once,
// over the bound if need be: what it has left to do is short.
func (s *Scheduler) outside(l *line) func(wait func()) {
	return func(wait func()) {
		s.occupy(l, -1)
		s.signal()
		defer s.occupy(l, 1)
		wait()
	}
}

func (s *Scheduler) occupy(l *line, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active += n
	l.active += n
}

// hold extends the claim until ctx ends, and ends it if the claim is lost.
func (s *Scheduler) hold(ctx context.Context, cancel context.CancelCauseFunc, db *store.DB, t store.Task) {
	ticker := time.NewTicker(s.options.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := db.Write(ctx, func(tx *store.Tx) error { return tx.ExtendTask(t, s.options.Clock().Add(s.options.Lease)) })
		if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrClosed) {
			cancel(fmt.Errorf("task %s is no longer held: %w", t.Key, err))
			return
		}
	}
}
