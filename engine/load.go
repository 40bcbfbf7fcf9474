package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"isle/wdl"
)

// Load makes a run from its head and the rows of its open scopes, in the order they
// were stored; rows of other scopes are ignored. The workflow must be the version
// that the run began with. The first event must be Resume.
func Load(w *Workflow, head []byte, rows []Row) (*Run, error) {
	d := decoder{rest: head}
	r, h := d.run(w)
	if d.err != nil {
		return nil, d.err
	}
	if r.status.Final() {
		return r, nil
	}
	o := d.open(h.base)
	if d.err != nil {
		return nil, d.err
	}
	if err := r.restore(&o, rows); err != nil {
		return nil, fmt.Errorf("run %s: %w", r.start.RunID, err)
	}
	return r, nil
}

// run makes a run of what a head says, without what is open.
func (d *decoder) run(w *Workflow) (*Run, stored) {
	r, h := newRun(w), d.head()
	r.start, r.begun, r.held, r.caller, r.cancelling = h.start, h.begun, !h.begun, h.caller, h.cancelling
	r.cancelledBy = h.cancelledBy
	r.status, r.code, r.err, r.end = h.status, h.code, h.err, h.end
	r.outputs, r.response = h.outputs, h.response
	r.random = random{h.start.Seed, h.counter}
	r.vars = variables{generation: h.generation, written: h.written, snapshot: h.snapshot}
	r.root = newFrame(&r.plan.layouts[0], nil, nil, 0, r.start.Time)
	return r, h
}

var errForeign = errors.New("engine: the head does not fit the workflow")

func (r *Run) restore(o *openState, rows []Row) error {
	frames, err := r.restoreFrames(o)
	if err != nil {
		return err
	}
	scopes := make(map[string]*frame, len(frames))
	for _, f := range frames {
		scopes[f.path()] = f
	}
	if err := r.replay(scopes, rows); err != nil {
		return err
	}
	if err := r.restoreLoops(o, frames); err != nil {
		return err
	}
	if err := r.restoreFlights(o, frames); err != nil {
		return err
	}
	for _, f := range frames {
		for _, a := range f.queue {
			if s := r.slotOf(f, int(a)); s.state == idle {
				s.state = ready
			}
		}
		r.count(f)
		if r.begun && f.open > 0 && len(f.queue) == 0 && !f.busy() {
			return fmt.Errorf("engine: rows of scope %q are missing", f.path())
		}
	}
	for _, i := range o.stack {
		if i >= len(frames) || frames[i].stacked {
			return errForeign
		}
		frames[i].stacked = true
		r.stack = append(r.stack, frames[i])
	}
	return nil
}

// busy reports whether something in the frame is under way.
func (f *frame) busy() bool {
	return slices.ContainsFunc(f.slots, func(s slot) bool { return s.state == running })
}

func (r *Run) knows(action int) bool { return action < len(r.program.Actions) }

func (r *Run) restoreFrames(o *openState) ([]*frame, error) {
	if len(o.frames) == 0 {
		return nil, errForeign
	}
	frames := []*frame{r.root}
	for i := range o.frames {
		s := &o.frames[i]
		if i > 0 {
			if !r.knows(s.loop) || !r.program.Actions[s.loop].Type.IsLoop() {
				return nil, errForeign
			}
			parent := frames[s.parent]
			if parent.layout != &r.plan.layouts[r.plan.home[s.loop]] {
				return nil, errForeign
			}
			frames = append(frames, newFrame(&r.plan.layouts[r.plan.body[s.loop]], parent, nil, s.index, s.start))
		}
		f := frames[i]
		for _, a := range s.queue {
			if !r.knows(int(a)) || f.layout != &r.plan.layouts[r.plan.home[a]] {
				return nil, errForeign
			}
		}
		f.queue = s.queue
	}
	return frames, nil
}

// replay applies rows to the frames they belong to.
func (r *Run) replay(scopes map[string]*frame, rows []Row) error {
	changes := variableScope(r.vars.generation)
	for _, row := range rows {
		d := decoder{rest: row.Payload}
		if row.Scope == changes {
			r.vars.replay(&d, r.program)
		} else if f := scopes[row.Scope]; f != nil {
			d.items(func(it *item) bool {
				if it.flags&itemTrigger != 0 {
					t := &r.start.Trigger
					t.Inputs, t.Outputs = it.inputs, it.outputs
					return true
				}
				return r.replayItem(&d, f, it)
			})
		}
		if d.err != nil {
			return d.err
		}
	}
	return nil
}

func (r *Run) replayItem(d *decoder, f *frame, it *item) bool {
	if !r.knows(it.action) || r.program.Actions[it.action].Name != it.name {
		d.fail("action")
		return false
	}
	if f.layout != &r.plan.layouts[r.plan.home[it.action]] || it.flags&itemIteration != 0 {
		return true // beside a loop that never opened
	}
	s := r.slotOf(f, it.action)
	if it.flags&itemInputsKept != 0 && s.rec != nil {
		it.inputs = s.rec.inputs
	}
	rec := it.record
	rec.stored = rec.hasInputs
	s.rec, s.state, s.status = &rec, running, rec.status
	if rec.status.Final() {
		s.state = closed
	}
	return true
}

func (r *Run) restoreLoops(o *openState, frames []*frame) error {
	for i := range o.frames {
		for _, s := range o.frames[i].loops {
			if !r.knows(s.action) || !r.program.Actions[s.action].Type.IsLoop() || r.plan.home[s.action] != r.layoutIndex(frames[i]) {
				return errForeign
			}
			a := r.program.Actions[s.action]
			slot := r.slotOf(frames[i], s.action)
			if slot.state != running {
				return errForeign
			}
			l := &loop{action: a, home: frames[i], total: s.total, next: s.next, queued: s.queued, failed: s.failed,
				timedOut: s.timedOut, last: s.last, limit: s.limit, deadline: s.deadline}
			if a.Type == wdl.TypeForeach {
				l.items, l.width = slot.rec.inputs, concurrency(r.program, a)
			}
			slot.rec.loop = l
		}
	}
	for i := 1; i < len(frames); i++ {
		f := frames[i]
		s := r.slotOf(f.parent, f.layout.loop.Index)
		if s.rec == nil || s.rec.loop == nil {
			return errForeign
		}
		f.loop = s.rec.loop
		f.loop.open = append(f.loop.open, f)
	}
	for _, f := range frames {
		for _, l := range f.openLoops() {
			if l.action.Type == wdl.TypeUntil { // counts the iterations that have closed
				r.slotOf(f, l.action.Index).rec.count = l.next - len(l.open)
			}
		}
	}
	return nil
}

func (r *Run) layoutIndex(f *frame) int32 {
	if f.layout.loop == nil {
		return 0
	}
	return r.plan.body[f.layout.loop.Index]
}

func (r *Run) restoreFlights(o *openState, frames []*frame) error {
	for i := range o.flights {
		s := &o.flights[i]
		if s.frame >= len(frames) || !r.knows(s.action) || r.plan.home[s.action] != r.layoutIndex(frames[s.frame]) {
			return errForeign
		}
		slot := r.slotOf(frames[s.frame], s.action)
		if slot.state != running || slot.rec.flight != nil {
			return errForeign
		}
		l := s.flight
		l.frame, l.action, l.rec = frames[s.frame], r.program.Actions[s.action], slot.rec
		slot.rec.attempts, slot.rec.status, slot.rec.flight = s.attempts, s.status, &l
		r.flights = append(r.flights, &l)
	}
	return nil
}

// count counts the children that are not closed, of the frame and its containers.
func (r *Run) count(f *frame) {
	unclosed := func(c *wdl.Container) (n int) {
		for _, a := range c.Actions {
			if r.slotOf(f, a).state != closed {
				n++
			}
		}
		return n
	}
	f.open = unclosed(f.layout.container)
	for _, i := range f.layout.actions {
		a := r.program.Actions[i]
		if s := r.slotOf(f, a.Index); s.state == running && a.Type.IsContainer() && !a.Type.IsLoop() {
			for _, b := range a.Branches {
				s.open += int32(unclosed(b))
			}
		}
	}
}

// load takes what a Need asked for.
func (r *Run) load(ev Loaded) {
	r.answer(ev)
	for _, c := range ev.Contents {
		r.keep(c.ID, c.Value)
	}
	for _, row := range ev.Rows {
		r.file(row, func(*item) {})
	}
}

// file adds a row to the archive. What is no record of an action there is given to
// besides.
func (r *Run) file(row Row, besides func(*item)) error {
	d := decoder{rest: row.Payload}
	records := r.archive[row.Scope]
	if records == nil {
		records = closedFrame{}
	}
	d.items(func(it *item) bool {
		if it.flags&(itemTrigger|itemIteration) != 0 {
			besides(it)
			return true
		}
		if old := records[it.action]; old != nil && it.flags&itemInputsKept != 0 {
			it.inputs = old.inputs
		}
		rec := it.record
		records[it.action] = &rec
		return true
	})
	if r.archive == nil {
		r.archive = make(map[string]closedFrame)
	}
	r.archive[row.Scope] = records
	return d.err
}

// answer marks what the last Need named and the event does not bring as gone, so
// that it is not asked for again.
func (r *Run) answer(ev Loaded) {
	if r.missing == nil {
		r.missing = make(map[string]bool)
	}
	for _, id := range ev.Missing {
		r.missing[id] = true
	}
	if r.needed == nil {
		return
	}
	for _, c := range r.needed.Contents {
		r.missing[c.ID] = !slices.ContainsFunc(ev.Contents, func(got Content) bool { return got.ID == c.ID })
	}
	for _, scope := range r.needed.Scopes {
		r.missing[scope] = true // closedScope looks at what was loaded first
	}
	r.needed = nil
}

// DecodeRecords unpacks rows for the history: the latest record of each action and
// repetition, in definition order, then in the order of repetitions. Rows must be
// in the order they were stored.
func DecodeRecords(rows []Row) ([]Record, error) {
	type key struct {
		scope     string
		action    int
		iteration bool
	}
	places := make(map[key]int)
	records := make([]Record, 0, 8)
	for _, row := range rows {
		if len(row.Scope) > 0 && row.Scope[0] == '$' {
			continue
		}
		path, err := parseScope(row.Scope)
		if err != nil {
			return nil, err
		}
		d := decoder{rest: row.Payload}
		d.items(func(it *item) bool {
			if it.flags&itemTrigger != 0 {
				return true
			}
			rec := it.public(path)
			k := key{row.Scope, it.action, rec.Iteration}
			at, ok := places[k]
			if !ok {
				places[k] = len(records)
				records = append(records, rec)
				return true
			}
			if it.flags&itemInputsKept != 0 {
				rec.Inputs = records[at].Inputs
			}
			records[at] = rec
			return true
		})
		if d.err != nil {
			return nil, d.err
		}
	}
	slices.SortStableFunc(records, compareRecords)
	return records, nil
}

func compareRecords(a, b Record) int {
	if a.Index != b.Index {
		return a.Index - b.Index
	}
	if a.Iteration != b.Iteration {
		if b.Iteration {
			return -1
		}
		return 1
	}
	for i := 0; i < len(a.Repetition) && i < len(b.Repetition); i++ {
		if d := a.Repetition[i].Index - b.Repetition[i].Index; d != 0 {
			return d
		}
	}
	return len(a.Repetition) - len(b.Repetition)
}

func (it *item) public(path []RepetitionIndex) Record {
	rec := Record{
		Action: it.name, Index: it.action, Type: it.typ, Repetition: path, Iteration: it.flags&itemIteration != 0,
		Status: it.status, Code: it.code, Error: it.err, Start: it.start, End: it.end,
		Inputs: it.inputs, Outputs: it.outputs, HasInputs: it.hasInputs, HasOutputs: it.hasOutputs,
		SecureInputs: it.flags&itemSecureInputs != 0, SecureOutputs: it.flags&itemSecureOutputs != 0,
		RetryHistory: it.retries, TrackedProperties: it.tracked, Attempts: it.attempts, Callback: it.callback, Repeated: it.repeated,
		Kept: it.flags&itemKept != 0,
	}
	if it.tracking != (guid{}) {
		rec.TrackingID = it.tracking.String()
	}
	switch it.typ {
	case wdl.TypeForeach:
		rec.ForeachItemsCount = it.count
	case wdl.TypeUntil:
		rec.IterationCount = it.count
	}
	return rec
}

// DecodeTrigger returns the trigger's record: what DecodeHead gives, with inputs
// and outputs, which stand in the first row of scope "".
func DecodeTrigger(head []byte, rows []Row) (Fired, error) {
	s, err := DecodeHead(head)
	if err != nil {
		return Fired{}, err
	}
	fired := s.TriggerRecord
	for _, row := range rows {
		if row.Scope != "" {
			continue
		}
		d := decoder{rest: row.Payload}
		found := false
		d.items(func(it *item) bool {
			if found = it.flags&itemTrigger != 0; found {
				fired.Inputs, fired.Outputs, fired.TrackedProperties = it.inputs, it.outputs, it.tracked
			}
			return false // it is the first item
		})
		if found || d.err != nil {
			return fired, d.err
		}
	}
	return fired, nil
}

// parseScope takes a scope apart.
func parseScope(scope string) ([]RepetitionIndex, error) {
	if scope == "" {
		return nil, nil
	}
	var path []RepetitionIndex
	for part := range strings.SplitSeq(scope, "/") {
		r, ok := parseLevel(part)
		if !ok {
			return nil, fmt.Errorf("engine: invalid scope %q", scope)
		}
		path = append(path, r)
	}
	return path, nil
}
