package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Run is one run of a workflow. It is not safe for concurrent use.
type Run struct {
	workflow *Workflow
	program  *wdl.Program
	plan     *plan
	start    Start

	root    *frame
	stack   []*frame  // frames with a queue, innermost last
	flights []*flight // calls and waits that are open, oldest first
	vars    variables
	random  random

	status   wdl.Status // Running until the end
	code     string
	err      *Error
	end      time.Time
	outputs  []Output
	response *ResponseSent
	begun    bool
	held     bool // stored, but not begun
	caller   bool // a Response can still be delivered
	// cancelling says that the run is cancelled as soon as its webhooks can be
	// unsubscribed.
	cancelling  bool
	cancelledBy string // Cancel.By
	callback    Callback

	kept     *Kept // of another run, until it is written
	unusable error // that cannot be kept

	prefix     []byte                // encoded part of the head that never changes
	loaded     map[string]expr.Value // contents at hand
	loadedIDs  []string              // of them, in the order they came
	loadedSize int64
	missing    map[string]bool // contents and scopes that are gone
	needed     *Need           // of the last step
	archive    map[string]closedFrame
	space      env     // of the evaluation in progress
	judging    *moment // of the If or Switch that proceeds; else nil

	step

	room struct { // what most runs get by with, in one allocation
		stack   [2]*frame
		dirty   [1]*frame
		started [8]started
		queue   [4]int32
	}
}

// step is the state of one call of Step.
type step struct {
	now        time.Time
	before     []Row // of the step, ahead of those of the frames
	dirty      []*frame
	started    []started // actions that went from idle to running
	effects    []Effect
	contents   []Content
	records    int
	executed   int // actions that ended and were not skipped
	tally      Tally
	bytes      int   // of rows
	outsourced int64 // bytes of contents
}

type started struct {
	frame  *frame
	action int
}

// New makes a run that has not begun; call Step with Begin.
func New(w *Workflow, s Start) *Run {
	r := newRun(w)
	if s.ClientTrackingID == "" {
		s.ClientTrackingID = s.RunID
	}
	s.Time = precise(s.Time)
	s.Deadline = s.deadline(w.Program.Limits.RunDuration)
	r.start = s
	r.caller = s.Caller
	r.random.seed = s.Seed
	r.root = newFrame(&r.plan.layouts[0], nil, nil, 0, s.Time)
	r.root.queue = r.room.queue[:0]
	if s.Kept != nil {
		r.unusable = r.adopt(s.Kept)
	}
	return r
}

func newRun(w *Workflow) *Run {
	p := w.prepare()
	r := &Run{workflow: w, program: w.Program, plan: p, status: wdl.Running}
	r.space = env{run: r, opened: []string{}}
	r.stack, r.dirty, r.started = r.room.stack[:0], r.room.dirty[:0], r.room.started[:0]
	return r
}

// precise drops what the history cannot show: times have units of 100 ns.
func precise(t time.Time) time.Time { return t.UTC().Truncate(100 * time.Nanosecond) }

// ErrEnded is the answer to a Cancel for a run that has ended.
var ErrEnded = errors.New("engine: the run has ended")

// Step takes one event and decides what follows. An error means that the event
// does not belong to the run at this moment; nothing has changed then.
func (r *Run) Step(now time.Time, ev Event) (Result, error) {
	r.step = step{now: precise(now), dirty: r.dirty[:0], started: r.started[:0]}
	if called, ok := ev.(Called); ok && r.awaiting(&called) == nil {
		return Result{}, ErrNotWaiting
	}
	if r.status.Final() && (r.begun || r.held) {
		if _, ok := ev.(Cancel); ok {
			return Result{}, ErrEnded
		}
		return r.after(ev), nil
	}
	if err := r.misplaced(ev); err != nil {
		return Result{}, err
	}
	if r.unusable != nil {
		return Result{}, r.unusable
	}
	r.apply(ev)
	need := r.cancel()
	if need == nil {
		need = r.overdue()
	}
	if need == nil {
		need = r.due()
	}
	more := false
	if need == nil {
		more, need = r.advance()
	}
	return r.result(more, need), nil
}

// misplaced says why an event does not belong to an open run at this moment.
func (r *Run) misplaced(ev Event) error {
	switch ev.(type) {
	case Begin:
		if r.begun {
			return fmt.Errorf("run %s has begun already", r.start.RunID)
		}
	case Hold:
		if r.begun || r.held {
			return fmt.Errorf("run %s has begun or waits already", r.start.RunID)
		}
	default:
		if !r.begun && !r.held {
			return fmt.Errorf("run %s has not begun, event %T", r.start.RunID, ev)
		}
	}
	return nil
}

func (r *Run) apply(ev Event) {
	switch ev := ev.(type) {
	case Begin:
		if !r.held {
			r.enter()
		}
		r.begun, r.held = true, false
		if r.keeps() {
			r.goOn(r.root)
		} else {
			r.openFrame(r.root)
		}
	case Hold:
		r.held = true
		r.enter()
	case Resume:
		r.repeat()
	case Completed:
		r.complete(ev)
	case Cancel:
		if !r.cancelling {
			r.cancelledBy = ev.By
		}
		r.cancelling = true
	case Loaded:
		r.load(ev)
	case CallerGone:
		r.caller = false
	case Ready:
		r.hurry(ev.URL)
	case Called:
		r.calledBack(ev)
	}
}

// enter writes what the run begins with.
func (r *Run) enter() {
	r.trackTrigger()
	r.writeTrigger()
	r.writeKept()
}

// cancel ends a run that is to be cancelled.
func (r *Run) cancel() *Need {
	if !r.cancelling {
		return nil
	}
	partings, err := r.partings()
	if err != nil {
		return r.wanted(err)
	}
	r.close(closing{status: wdl.Cancelled, code: codeCancelled, open: wdl.Cancelled, reason: codeCancelled}, partings)
	return nil
}

// after answers events of a run that has closed: a resumed one says so again.
func (r *Run) after(ev Event) Result {
	res := Result{Summary: r.summary()}
	if _, ok := ev.(Resume); ok {
		res.Effects = []Effect{Finish{r.status, r.code, r.err}}
	}
	return res
}

// advance runs what can go on until nothing can, the step is full, or something
// must be loaded.
func (r *Run) advance() (more bool, need *Need) {
	if need := r.resend(); need != nil && !r.status.Final() {
		return false, need
	}
	for r.begun && !r.status.Final() {
		f := r.top()
		if f == nil {
			if r.root.open == 0 {
				return false, r.finish()
			}
			return false, nil
		}
		if r.full() {
			return true, nil
		}
		action := r.program.Actions[f.queue[0]]
		counter := r.random.counter
		f.queue = f.queue[1:]
		if need := r.proceed(f, action); need != nil {
			r.random.counter = counter
			f.queue = append([]int32{int32(action.Index)}, f.queue...)
			return false, need
		}
	}
	return false, nil
}

// full reports whether the step has done enough.
func (r *Run) full() bool {
	return r.records >= MaxStepRecords || r.bytes >= MaxStepBytes || r.outsourced >= MaxStepContents
}

// top is the innermost frame that can go on; nil if none can.
func (r *Run) top() *frame {
	for n := len(r.stack); n > 0; n-- {
		f := r.stack[n-1]
		if len(f.queue) > 0 {
			return f
		}
		f.stacked = false
		r.stack = r.stack[:n-1]
	}
	return nil
}

// enqueue lets an action go on in its frame.
func (r *Run) enqueue(f *frame, action int) {
	if s := r.slotOf(f, action); s.state == idle {
		s.state = ready
	}
	f.queue = append(f.queue, int32(action))
	if !f.stacked {
		f.stacked = true
		r.stack = append(r.stack, f)
	}
}

// result gathers what the step has produced.
func (r *Run) result(more bool, need *Need) Result {
	for _, s := range r.started {
		if slot := r.slotOf(s.frame, s.action); slot.state == running {
			r.write(s.frame, r.program.Actions[s.action], slot.rec)
		}
	}
	r.settle()
	res := Result{Effects: r.effects, More: more, Need: need, Executed: r.executed, Tally: r.tally, Summary: r.summary()}
	if !r.status.Final() {
		res.Wake = r.wake()
		res.Rests = r.begun && !more && need == nil && !slices.ContainsFunc(r.flights, func(l *flight) bool { return l.called })
	}
	res.Rows = r.before
	if rows := len(r.dirty); len(r.before) == 0 && (rows > 0 || r.vars.changed()) {
		res.Rows = make([]Row, 0, rows+1)
	}
	for _, f := range r.dirty {
		res.Rows = append(res.Rows, Row{f.path(), f.row})
		f.row, f.dirty = nil, false
	}
	res.Rows = r.vars.flush(res.Rows, r.program)
	res.Contents = r.contents
	res.Head = r.encodeHead()
	if r.needed = need; need == nil {
		r.archive, r.missing = nil, nil
		r.forget()
	}
	return res
}

// settle takes the frames off the stack that have nothing to go on with.
func (r *Run) settle() {
	r.stack = slices.DeleteFunc(r.stack, func(f *frame) bool {
		f.stacked = len(f.queue) > 0
		return !f.stacked
	})
}

func (r *Run) summary() Summary {
	s := Summary{
		RunID: r.start.RunID, Status: r.status, Code: r.code, Error: r.err,
		StartTime: r.start.Time, EndTime: r.end, ClientTrackingID: r.start.ClientTrackingID,
		Trigger: r.start.Trigger.Name, Outputs: r.outputs, Response: r.response,
		Held: r.held && !r.status.Final(),
	}
	if s.Held {
		s.Status = wdl.Waiting
	}
	return s
}
