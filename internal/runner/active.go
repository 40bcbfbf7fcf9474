package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/store"
	"isle/wdl"
)

// Boxed once: these are the events that every run gets.
var (
	beginEvent    engine.Event = engine.Begin{}
	holdEvent     engine.Event = engine.Hold{}
	resumeEvent   engine.Event = engine.Resume{}
	continueEvent engine.Event = engine.Continue{}
	wokeEvent     engine.Event = engine.Woke{}
)

// active is a run in memory.
type active struct {
	runner   *Runner
	key      runKey
	db       *store.DB
	workflow *engine.Workflow
	caller   *caller // nil: nobody waits
	trigger  tracking

	guard   func(*store.Tx) error // part of the transaction that creates the run; may be nil
	brought []store.Content       // of another run, which that transaction names

	mu     sync.Mutex
	queue  []delivery                             // waiting events
	driven bool                                   // a goroutine drives the run
	gone   bool                                   // not in memory any more: events go elsewhere
	calls  map[engine.EffectID]context.CancelFunc // requests that wait or are under way

	// Owned by the goroutine that drives.
	run     *engine.Run
	row     store.Run // as stored, once created
	created bool
	held    *held             // of a stateless run; nil: every commit is stored
	pending engine.Result     // stepped, not committed
	stepped bool              // something is pending
	acks    []receipt         // who waits for that commit
	rooms   []*connector.Room // of what that commit stores
	follow  engine.Event      // to be stepped before anything else
	recent  []engine.Content  // stored since the run last rested, for whoever waits for its answer
}

// receipt is what the sender of an event gets when everything before it is durable.
type receipt struct {
	to      chan<- error
	refusal error // the engine's; nil: the event was taken
}

// delivery is an event on its way to a run. Its sender may wait for the commit; the room
// of what it brings is released after it. The call whose outcome it is counts as under
// way until the event is in the queue: in between the run would leave memory, be loaded
// for the event, and make the call again.
type delivery struct {
	event engine.Event
	ack   chan<- error    // buffered; nil: nobody waits
	room  *connector.Room // nil: none
	call  engine.EffectID // "": none
}

// tracking are the ids that a trigger gives to all calls of its run.
type tracking struct {
	trackingID, clientTrackingID string
	trace                        engine.Trace
	took                         time.Duration // of the firing
}

// post hands an event to a run, loading it if it is not in memory. It does not
// wait for the run.
func (r *Runner) post(k runKey, ev engine.Event) { r.send(k, delivery{event: ev}) }

// send is post for a delivery.
func (r *Runner) send(k runKey, d delivery) {
	if a, ok := r.live.Load(k); ok && a.(*active).push(d) {
		return
	}
	r.loads.do(k.environment, func() { _ = r.deliver(k, d) })
}

// deliver hands an event to a run and returns when the run has it. A run that cannot be
// loaded now is tried again later: others may have relied on it being on its way to
// memory. It is loaded for all of them, whatever becomes of who asks.
func (r *Runner) deliver(k runKey, d delivery) error {
	for {
		fresh := &active{runner: r, key: k, driven: true}
		if d.event != nil {
			fresh.queue = append(fresh.queue, d)
		}
		other, found := r.live.LoadOrStore(k, fresh)
		if found {
			if d.event == nil || other.(*active).push(d) {
				return nil
			}
			continue // it has just left
		}
		if err := fresh.load(r.ctx); err != nil {
			if r.ctx.Err() != nil {
				err = ErrStopped
			}
			fresh.abandon(err)
			r.failed(k, err)
			return err
		}
		go fresh.drive()
		return nil
	}
}

// tell is deliver for an event whose sender waits until what came of it is durable; the
// error may be the engine's refusal. ErrFinished: the run has ended.
func (r *Runner) tell(ctx context.Context, k runKey, ev engine.Event) error {
	if r.stopping.Load() {
		return ErrStopped
	}
	ack := make(chan error, 1)
	if err := r.deliver(k, delivery{event: ev, ack: ack}); err != nil {
		return err
	}
	select {
	case err := <-ack:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed tries again later with a run that could not be loaded.
func (r *Runner) failed(k runKey, err error) {
	if r.ctx.Err() != nil || errors.Is(err, ErrFinished) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed) {
		return
	}
	r.config.Log.Error("run cannot be loaded", "environment", k.environment, "run", k.run, "error", err)
	r.wakes.atLatest(k, r.config.Clock().Add(time.Minute))
}

// push queues an event and drives the run if nobody does; false if the run is not
// in memory any more.
func (a *active) push(d delivery) bool {
	drive, ok := a.enqueue(d)
	if drive {
		go a.drive()
	}
	return ok
}

// enqueue queues an event and says whether the caller must drive the run; not ok if it is
// not in memory any more.
func (a *active) enqueue(d delivery) (drive, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return false, false
	}
	delete(a.calls, d.call)
	a.queue = append(a.queue, d)
	drive = !a.driven
	a.driven = true
	return drive, true
}

// maxBatch bounds the events that share a commit.
const maxBatch = 64

// drive steps the run until no event waits.
func (a *active) drive() {
	if !a.runner.entered.enter() {
		a.abandon(ErrStopped)
		return
	}
	defer a.runner.entered.leave()
	for a.runner.ctx.Err() == nil {
		if err := a.turn(); err != nil {
			a.drop(err)
			return
		}
		if a.rest() {
			return
		}
	}
	a.abandon(ErrStopped)
	a.acknowledge(ErrStopped)
}

// turn steps as many waiting events as may share a commit, commits, and acts.
func (a *active) turn() error {
	a.refreshCallback()
	for n := 0; n < maxBatch; n++ {
		d := a.next()
		if d.event == nil {
			break
		}
		refusal, err := a.step(d)
		if d.ack != nil {
			a.acks = append(a.acks, receipt{d.ack, refusal})
		}
		if d.room != nil {
			a.rooms = append(a.rooms, d.room)
		}
		if err != nil {
			return err
		}
		if a.pending.More || a.pending.Need != nil || len(a.pending.Rows) > engine.MaxStepRecords {
			break
		}
	}
	return a.settle()
}

// settle makes what was stepped durable, acts on it, and prepares what follows.
func (a *active) settle() error {
	if !a.stepped {
		a.acknowledge(nil)
		return nil
	}
	result := a.pending
	a.pending, a.stepped = engine.Result{}, false
	fresh := !a.created && result.Summary.EndTime.IsZero()
	if fresh {
		// Before anybody can see the run and load a second one. A run of this name that
		// is in memory already stays there: then the commit says that it exists.
		a.runner.live.LoadOrStore(a.key, a)
	}
	// Before the commit: it may end the run and so let in another, which must see it.
	a.runner.meter.count(a.key.environment, a.runner.config.Clock(), Throughput{Actions: int64(result.Executed)})
	began := (!a.created || a.row.Queued) && !result.Summary.Held
	if err := a.commit(result); err != nil {
		return err
	}
	a.observe(&result, began)
	if fresh {
		a.runner.live.Store(a.key, a)
	}
	if a.answers() {
		a.recent = append(a.recent, result.Contents...)
	}
	if result.Need == nil {
		a.acknowledge(nil) // else an event may have had no effect yet, such as Cancel
	}
	a.act(result)
	switch {
	case result.Need != nil:
		loaded, err := a.fetch(a.runner.ctx, result.Need)
		if err != nil {
			return err
		}
		a.follow = loaded
	case result.More:
		a.follow = continueEvent
	}
	return nil
}

// acknowledge tells who waits for the commit, and releases the room of what it stored.
func (a *active) acknowledge(err error) {
	for _, ack := range a.acks {
		if err == nil {
			ack.to <- ack.refusal
		} else {
			ack.to <- err
		}
	}
	a.acks = nil
	for _, room := range a.rooms {
		room.Release()
	}
	a.rooms = nil
}

// next is the event to step. What arrived goes before a mere Continue, which every
// event that the engine takes implies, so that a long loop can be cancelled; it does not
// go before what the engine asked for.
func (a *active) next() delivery {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ev := a.follow; ev != nil && ev != continueEvent || len(a.queue) == 0 {
		a.follow = nil
		return delivery{event: ev}
	}
	d := a.queue[0]
	a.queue[0] = delivery{}
	a.queue = a.queue[1:]
	return d
}

// step adds the result of one event to what is pending. An event that the engine
// says does not belong to the run has changed nothing: its sender is told, or else
// the log, but for the one that begins it.
func (a *active) step(d delivery) (refusal, err error) {
	ev := d.event
	if _, gone := ev.(engine.CallerGone); gone {
		a.mu.Lock()
		a.caller = nil
		a.mu.Unlock()
	}
	result, err := a.advance(ev)
	if errors.Is(err, engine.ErrEnded) {
		err = ErrFinished
	}
	var defect *stepError
	if err != nil && (!a.created || errors.As(err, &defect)) {
		return nil, err
	}
	if err != nil {
		if d.ack == nil {
			a.log().Warn("event refused", "error", err)
		}
		return err, nil
	}
	p := &a.pending
	if result.Head != nil {
		p.Head = result.Head
	}
	p.Rows = join(p.Rows, result.Rows)
	p.Contents = join(p.Contents, result.Contents)
	p.Effects = join(p.Effects, result.Effects)
	p.Executed += result.Executed
	p.Tally.Add(result.Tally)
	p.Wake, p.Rests, p.More, p.Need, p.Summary = result.Wake, result.Rests, result.More, result.Need, result.Summary
	a.stepped, a.follow = true, nil
	return nil, nil
}

// advance contains a panic of the engine: it ends this run and no other.
func (a *active) advance(ev engine.Event) (result engine.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &stepError{fmt.Sprint(p), debug.Stack()}
		}
	}()
	a.runner.steps.enter(a.key.environment)
	defer a.runner.steps.leave()
	return a.run.Step(a.runner.config.Clock().UTC(), ev)
}

func join[T any](a, b []T) []T {
	if len(a) == 0 {
		return b
	}
	return append(a, b...)
}

// stepError is a defect that a run has met.
type stepError struct {
	reason string
	stack  []byte
}

func (e *stepError) Error() string { return "engine: " + e.reason }

// stay is how long a run that only waits is kept in memory.
const stay = 10 * time.Second

// rest ends the drive if no event waits, and lets go of a run that is finished, or
// waits for nothing but a time that is far off.
func (a *active) rest() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) > 0 || a.follow != nil {
		return false
	}
	a.driven, a.recent = false, nil
	if a.caller != nil && len(a.calls) == 0 && a.runner.leaving.Load() && !a.due() {
		a.caller.leave()
		a.caller = nil
	}
	finished := !a.row.End.IsZero()
	far := a.row.Wake.IsZero() || a.row.Wake.Sub(a.runner.config.Clock()) > stay
	if finished || len(a.calls) == 0 && a.caller == nil && far && !a.holds() {
		a.leave()
	}
	return true
}

// moment is what a caller waits for a run that only waits, while the server stops.
const moment = 2 * time.Second

// due says whether the run goes on in a moment by itself.
func (a *active) due() bool {
	return !a.row.Wake.IsZero() && a.row.Wake.Sub(a.runner.config.Clock()) <= moment
}

// answers says whether somebody waits for the run's answer.
func (a *active) answers() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.caller != nil
}

// leave takes the run out of memory. Callers hold mu.
func (a *active) leave() {
	a.gone = true
	a.runner.live.CompareAndDelete(a.key, a)
}

// abandon gives up a run in memory; in the store it stays as it is. Who waits for an
// event that it has not had is told why.
func (a *active) abandon(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leave()
	for _, cancel := range a.calls {
		cancel()
	}
	for _, d := range a.queue {
		if d.ack != nil {
			d.ack <- why
		}
		d.room.Release()
	}
	a.queue = nil
}

// drop gives up a run that cannot go on. After an outage it is loaded again later;
// a run that somebody else has written is theirs; one that makes the engine panic
// is closed as failed, so that it does not stay open for ever.
func (a *active) drop(err error) {
	a.abandon(ErrStopped)
	a.acknowledge(err)
	r := a.runner
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed) {
		a.log().Warn("run given up", "error", err)
		return
	}
	var defect *stepError
	if errors.As(err, &defect) && a.created {
		a.log().Error("run closed", "error", err, "stack", string(defect.stack))
		a.closeFailed()
		return
	}
	r.failed(a.key, err)
}

// closeFailed ends a run without the engine.
func (a *active) closeFailed() {
	row := a.row
	row.Status, row.Code = wdl.Failed.String(), "InternalServerError"
	row.ErrorCode, row.ErrorMessage = row.Code, "The run could not be continued; the server's log says why."
	row.End, row.Wake, row.Head = a.runner.config.Clock().UTC(), time.Time{}, nil
	var rows []engine.Row
	if a.holds() {
		row.Head, rows = a.held.result.Head, a.held.result.Rows
	}
	if err := a.db.Write(context.Background(), func(tx *store.Tx) error {
		if err := a.writeRow(tx, row); err != nil {
			return err
		}
		return tx.AppendRows(row.Name, rows)
	}); err != nil {
		a.log().Error("run cannot be closed", "error", err)
	} else {
		a.observe(&engine.Result{Summary: engine.Summary{Status: wdl.Failed, Code: row.Code, StartTime: row.Start, EndTime: row.End, Trigger: row.Trigger}}, false)
	}
	a.mu.Lock()
	waits := a.caller
	a.mu.Unlock()
	a.runner.answered(a.key)
	if waits != nil {
		waits.set(&Reply{Finish: engine.Finish{Status: wdl.Failed, Code: row.Code}})
	}
	a.runner.ended(flowKey{a.key.environment, row.Workflow})
}
