package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"isle/internal/store"
	"isle/wdl"
)

// How many runs of a trigger may be under way, and who waits for a turn
// (wdl-semantics §12.3). What counts is in the store: a run is counted, begun or
// queued by the transaction that creates it, so any number of firings at once leaves
// no more under way than allowed. Runs that wait are begun one after another, in the
// order in which they were created, by one goroutine for each workflow, whenever a run
// of the workflow ends; after a start [Runner.Recover] sets it going again.

// limit is what a trigger allows. The zero value allows everything.
type limit struct {
	runs    int  // under way at once; 0: any number
	waiting int  // may wait for their turn
	alone   bool // SingleInstance: runs that other triggers began count too
}

// moreWaiting is how many more runs may wait than may be under way, unless the
// definition says otherwise (wdl-semantics §12.3).
const moreWaiting = 10

func limitOf(t *wdl.Trigger) limit {
	switch {
	case t.Options.Has(wdl.SingleInstance):
		return limit{runs: 1, waiting: t.MaximumWaitingRuns, alone: true}
	case t.Runs > 0 && t.MaximumWaitingRuns == 0:
		return limit{runs: t.Runs, waiting: t.Runs + moreWaiting}
	}
	return limit{runs: t.Runs, waiting: t.MaximumWaitingRuns}
}

// turn is what becomes of a new run.
type turn uint8

const (
	turnNow turn = iota
	turnLater
	turnNever
)

// next is the turn of a new run beside those there are.
func (l limit) next(loads []store.Load, trigger string) turn {
	running, waiting := l.count(loads, trigger)
	switch {
	case l.runs == 0 || running < l.runs && waiting == 0:
		return turnNow
	case waiting < l.waiting:
		return turnLater
	}
	return turnNever
}

func (l limit) count(loads []store.Load, trigger string) (running, waiting int) {
	for _, load := range loads {
		if l.alone || load.Trigger == trigger {
			running += load.Running
			waiting += load.Waiting
		}
	}
	return running, waiting
}

// refusal is the error of a run that may neither begin nor wait.
func (l limit) refusal() error {
	if l.waiting == 0 {
		return ErrBusy
	}
	return ErrQueueFull
}

// errLater says that a run which was to begin must wait: others came first.
var errLater = errors.New("runner: the run must wait for its turn")

// guard is the part of the transaction creating a run that counts.
func (l limit) guard(workflow, trigger string, when turn) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		loads, err := tx.Loads(workflow)
		if err != nil {
			return err
		}
		if free, err := l.unsplit(tx, workflow); err != nil || !free {
			return errors.Join(err, ErrBusy)
		}
		switch got := l.next(loads, trigger); {
		case got == turnNever:
			return l.refusal()
		case got == turnLater && when == turnNow:
			return errLater
		}
		return nil
	}
}

// unsplit tells that no runs of splitOn are still to begin, where one run must be alone:
// they count as well.
func (l limit) unsplit(tx *store.Tx, workflow string) (bool, error) {
	if !l.alone || l.waiting > 0 {
		return true, nil
	}
	n, err := tx.CountTasks(splitPrefix(workflow))
	return n == 0, err
}

// room tells whether a firing of a trigger could begin a run now, or queue one.
func room(tx *store.Tx, flowID string, t *wdl.Trigger) (bool, error) {
	l := limitOf(t)
	if l.runs == 0 {
		return true, nil
	}
	loads, err := tx.Loads(flowID)
	if err != nil || l.next(loads, t.Name) == turnNever {
		return false, err
	}
	return l.unsplit(tx, flowID)
}

// turnOf guesses the turn of a new run, so that one which must wait is not begun in
// memory first; the creating transaction decides.
func (l limit) turnOf(ctx context.Context, db *store.DB, workflow, trigger string) (when turn, err error) {
	if l.runs == 0 {
		return turnNow, nil
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		loads, err := tx.Loads(workflow)
		when = l.next(loads, trigger)
		return err
	})
	if err == nil && when == turnNever {
		err = l.refusal()
	}
	return when, err
}

// flowKey names a workflow among all environments.
type flowKey struct{ environment, flow string }

// queues are the workflows that may have runs waiting for their turn. One that is
// missing has none.
type queues struct {
	mu   sync.Mutex
	each map[flowKey]*queue
}

// queue is guarded by queues.mu.
type queue struct {
	served bool // somebody gives turns
	again  bool // and must look once more
	timed  bool // a timer will have it looked at
}

// look makes somebody look at a workflow's queue: true if that is the caller. Only
// queues that are known are looked at, unless fresh.
func (q *queues) look(k flowKey, fresh bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.each[k]
	if one == nil {
		if !fresh {
			return false
		}
		one = new(queue)
		q.each[k] = one
	}
	one.again = one.served
	if one.served {
		return false
	}
	one.served = true
	return true
}

// done ends the look of who got true; true again if there is more to look at. A queue
// that is empty is forgotten.
func (q *queues) done(k flowKey, empty bool) (again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.each[k]
	if one == nil { // forgotten meanwhile
		return false
	}
	if one.again {
		one.again = false
		return true
	}
	one.served = false
	if empty {
		delete(q.each, k)
	}
	return false
}

// forget removes the queues of an environment.
func (q *queues) forget(environment string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for k := range q.each {
		if k.environment == environment {
			delete(q.each, k)
		}
	}
}

// queued gives turns to a workflow's runs that wait; ended only does so if some are
// known to wait.
func (r *Runner) queued(k flowKey) { r.serve(k, true) }
func (r *Runner) ended(k flowKey)  { r.serve(k, false) }

func (r *Runner) serve(k flowKey, fresh bool) {
	if !r.queues.look(k, fresh) {
		return
	}
	r.loads.do(k.environment, func() {
		for again := true; again; {
			left, err := r.giveTurns(r.ctx, k)
			switch {
			case err == nil, r.ctx.Err() != nil, errors.Is(err, store.ErrClosed):
			case errors.Is(err, ErrThrottled):
				r.later(k, throttlePause)
			default:
				r.config.Log.Error("runs that wait for their turn", "environment", k.environment, "workflow", k.flow, "error", err)
				r.later(k, time.Minute)
			}
			again = r.queues.done(k, left == 0)
		}
	})
}

// time reports whether the caller is to have a queue looked at later: one timer is
// enough, however many looks fail meanwhile.
func (q *queues) time(k flowKey) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.each[k]
	if one == nil || one.timed { // forgotten, or somebody does
		return false
	}
	one.timed = true
	return true
}

// ring says that the timer of a queue has run out.
func (q *queues) ring(k flowKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one := q.each[k]; one != nil {
		one.timed = false
	}
}

// later looks at a queue again after an outage, or when the throughput was used up.
func (r *Runner) later(k flowKey, pause time.Duration) {
	if !r.queues.time(k) {
		return
	}
	r.loops.Go(func() {
		select {
		case <-time.After(pause):
			r.queues.ring(k)
			r.queued(k)
		case <-r.ctx.Done():
		}
	})
}

// giveTurns begins runs until no more may begin, and says how many still wait. Those
// that cannot be begun are passed over, and the error tells of one of them.
func (r *Runner) giveTurns(ctx context.Context, k flowKey) (left int, failed error) {
	db, err := r.database(ctx, k.environment)
	if err != nil {
		return 1, err
	}
	passed := map[string]bool{}
	for ctx.Err() == nil && !r.stopping.Load() {
		var run string
		if run, left, err = r.nextTurn(ctx, db, k, passed); err != nil || run == "" {
			return left, errors.Join(err, failed)
		}
		if r.throttled(k.environment) {
			return left, ErrThrottled
		}
		if err := r.giveTurn(ctx, runKey{k.environment, run}); err != nil {
			passed[run] = true
			failed = fmt.Errorf("run %s: %w", run, err)
		}
	}
	return 1, failed
}

// nextTurn is the run whose turn it is, "" if there is none, and how many wait. The
// current version of the workflow says how many may be under way; if the workflow is
// gone, no more begin.
func (r *Runner) nextTurn(ctx context.Context, db *store.DB, k flowKey, passed map[string]bool) (run string, left int, err error) {
	d, err := r.config.Programs.ByFlowID(ctx, k.flow)
	if errors.Is(err, store.ErrNotFound) {
		return "", 0, nil
	}
	if err != nil {
		return "", 1, err
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		waiting, err := tx.QueuedRuns(k.flow)
		if left = len(waiting); err != nil || left == 0 {
			return err
		}
		loads, err := tx.Loads(k.flow)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			if !passed[w.Name] && mayBegin(d, loads, w.Trigger) {
				run = w.Name
				return nil
			}
		}
		return nil
	})
	return run, left, err
}

// mayBegin tells whether one more run of a trigger may be under way. A trigger that
// the current version does not have any more limits nothing.
func mayBegin(d *Deployed, loads []store.Load, trigger string) bool {
	t, ok := d.Workflow.Program.Trigger(trigger)
	if !ok {
		return true
	}
	l := limitOf(t)
	running, _ := l.count(loads, t.Name)
	return l.runs == 0 || running < l.runs
}

// giveTurn begins a run that waits and returns when that is durable.
func (r *Runner) giveTurn(ctx context.Context, k runKey) error {
	err := r.tell(ctx, k, beginEvent)
	if errors.Is(err, ErrFinished) || errors.Is(err, store.ErrNotFound) { // cancelled or deleted meanwhile
		return nil
	}
	return err
}
