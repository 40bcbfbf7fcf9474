package engine

import (
	"time"

	"isle/wdl"
)

// The head is what a run is besides its rows: the start, the numbers of its random
// source and variables, the end, and of what is open the frames with the cursors of
// their loops, the queues, and the calls and waits. It is written whole with every
// commit, so it must stay small: values stand in rows.

func (r *Run) encodeHead() []byte {
	if r.prefix == nil {
		r.prefix = r.encodeStart()
	}
	base := ticks(r.start.Time)
	b := append(make([]byte, 0, len(r.prefix)+128), r.prefix...)
	const unused = false // in version 1: nothing but time is waited for
	b = append(b, flagBits(r.begun, r.caller, r.response != nil, r.err != nil, unused, r.cancelling, !r.start.Deadline.IsZero(), r.cancelledBy != ""))
	if !r.start.Deadline.IsZero() {
		b = appendTime(b, r.start.Deadline, base)
	}
	if r.cancelledBy != "" {
		b = appendText(b, r.cancelledBy)
	}
	b = append(b, byte(r.status))
	b = appendTime(appendText(b, r.code), r.end, base)
	if r.err != nil {
		b = appendError(b, r.err)
	}
	if r.response != nil {
		b = append(appendText(b, r.response.Action), flagBits(r.response.Asynchronous))
		b = appendUint(b, uint64(r.response.StatusCode))
	}
	b = appendUint(b, r.random.counter)
	b = appendUint(b, uint64(r.vars.generation))
	b = appendUint(appendUint(b, uint64(r.vars.written)), uint64(r.vars.snapshot))
	b = appendUint(b, uint64(len(r.outputs)))
	for i := range r.outputs {
		o := &r.outputs[i]
		b = appendText(appendText(b, o.Name), o.Type)
		b = append(b, flagBits(o.Error != nil, o.Secure))
		if o.Error != nil {
			b = appendError(b, o.Error)
			continue
		}
		b = appendValue(b, o.Value)
	}
	if r.status.Final() {
		return b
	}
	return r.encodeOpen(b, base)
}

func flagBits(flags ...bool) (b byte) {
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return b
}

// encodeStart writes the part that never changes.
func (r *Run) encodeStart() []byte {
	s := &r.start
	t := &s.Trigger
	base := ticks(s.Time)
	b := append(make([]byte, 0, 256), headVersion)
	b = appendText(b, s.RunID)
	b = appendUint(b, uint64(base))
	b = appendUint(b, s.Seed)
	b = appendText(b, s.ClientTrackingID)
	b = appendTime(append(b, flagBits(s.Caller, t.HasInputs, t.HasOutputs, t.SecureInputs, t.SecureOutputs, s.Depth > 0, s.Trace.Known(), t.Tracked)), s.RespondBy, base)
	if s.Depth > 0 {
		b = appendUint(b, uint64(s.Depth))
	}
	if s.Trace.Known() {
		b = appendTrace(b, s.Trace)
	}
	b = appendText(b, t.Name)
	b = appendTime(appendTime(appendTime(b, t.Start, base), t.End, base), t.ScheduledTime, base)
	b = appendText(appendText(appendText(b, t.TrackingID), t.ClientTrackingID), t.OriginHistoryName)
	return appendText(append(b, byte(t.Status)), t.Code)
}

// encodeOpen writes the open frames, parents first, then their loops, the stack
// and the flights. Frames are named by their place in the list.
func (r *Run) encodeOpen(b []byte, base int64) []byte {
	frames := r.openFrames()
	place := make(map[*frame]int, len(frames))
	b = appendUint(b, uint64(len(frames)))
	for i, f := range frames {
		place[f] = i
		if i > 0 {
			b = appendUint(appendUint(b, uint64(place[f.parent])), uint64(f.layout.loop.Index))
			b = appendText(b, f.layout.loop.Name)
			b = appendTime(appendUint(b, uint64(f.index)), f.start, base)
		}
		b = appendUint(b, uint64(len(f.queue)))
		for _, a := range f.queue {
			b = appendUint(b, uint64(a))
		}
		loops := f.openLoops()
		b = appendUint(b, uint64(len(loops)))
		for _, l := range loops {
			b = appendUint(b, uint64(l.action.Index))
			b = appendUint(appendUint(b, uint64(l.total)), uint64(l.next))
			b = appendUint(appendUint(b, uint64(l.failed)), uint64(l.timedOut))
			b = append(b, byte(l.last), flagBits(l.queued))
			b = appendTime(appendUint(b, uint64(l.limit)), l.deadline, base)
		}
	}
	b = appendUint(b, uint64(len(r.stack)))
	for _, f := range r.stack {
		b = appendUint(b, uint64(place[f]))
	}
	b = appendUint(b, uint64(len(r.flights)))
	for _, l := range r.flights {
		b = appendUint(appendUint(b, uint64(place[l.frame])), uint64(l.action.Index))
		b = l.encode(b, base)
	}
	return b
}

func (l *flight) encode(b []byte, base int64) []byte {
	b = append(b, flagBits(l.called, l.subscribed), byte(l.rec.status))
	b = appendTime(appendTime(appendTime(b, l.wake, base), l.deadline, base), l.since, base)
	b = appendText(b, l.poll)
	b = appendUint(appendUint(b, uint64(l.failures)), uint64(l.rec.attempts))
	b = append(b, l.request[:]...)
	b = append(b, byte(l.policy.Type))
	b = appendUint(b, uint64(l.policy.Count))
	for _, d := range [...]time.Duration{l.policy.Interval, l.policy.Minimum, l.policy.Maximum} {
		b = appendUint(b, uint64(d))
	}
	return appendRetries(b, l.retries, base)
}

// openFrames lists the open frames, parents before children, in index order.
func (r *Run) openFrames() []*frame {
	frames := []*frame{r.root}
	for i := 0; i < len(frames); i++ {
		for _, l := range frames[i].openLoops() {
			frames = append(frames, l.open...)
		}
	}
	return frames
}

// openLoops lists the open loops of a frame in definition order.
func (f *frame) openLoops() []*loop {
	var loops []*loop
	for i := range f.slots {
		if s := &f.slots[i]; s.state == running && s.rec.loop != nil {
			loops = append(loops, s.rec.loop)
		}
	}
	return loops
}

// DecodeHead returns what a head says about its run.
func DecodeHead(head []byte) (Summary, error) {
	d := decoder{rest: head}
	h := d.head()
	if d.err != nil {
		return Summary{}, d.err
	}
	s := Summary{
		RunID: h.start.RunID, Status: h.status, Code: h.code, Error: h.err,
		StartTime: h.start.Time, EndTime: h.end, ClientTrackingID: h.start.ClientTrackingID,
		Trigger: h.start.Trigger.Name, TriggerRecord: h.start.Trigger, Outputs: h.outputs, Response: h.response,
		Trace: h.start.Trace, CancelledBy: h.cancelledBy,
	}
	if s.Held = !h.begun && !h.status.Final(); s.Held {
		s.Status = wdl.Waiting
	}
	return s, nil
}

// OpenScopes lists the scopes whose rows Load needs.
func OpenScopes(head []byte) ([]string, error) {
	d := decoder{rest: head}
	h := d.head()
	if d.err != nil || h.status.Final() {
		return nil, d.err
	}
	o := d.open(h.base)
	scopes := make([]string, 0, len(o.frames)+1)
	for i := range o.frames {
		scope := ""
		if f := &o.frames[i]; i > 0 {
			scope = string(appendScope([]byte(scopes[f.parent]), f.name, f.index))
		}
		scopes = append(scopes, scope)
	}
	return append(scopes, variableScope(h.generation)), d.err
}

// stored is a decoded head up to what is open.
type stored struct {
	start                         Start
	begun, caller, cancelling     bool
	cancelledBy                   string
	status                        wdl.Status
	code                          string
	err                           *Error
	end                           time.Time
	response                      *ResponseSent
	counter                       uint64
	generation, written, snapshot int
	outputs                       []Output
	base                          int64
}

func (d *decoder) head() (h stored) {
	d.version(headVersion)
	d.startOf(&h)
	flags := d.byte()
	h.begun, h.caller, h.cancelling = flags&1 != 0, flags&2 != 0, flags&32 != 0
	if flags&64 != 0 {
		h.start.Deadline = d.time(h.base)
	}
	if flags&128 != 0 {
		h.cancelledBy = d.text()
	}
	h.status = d.status()
	h.code = d.text()
	h.end = d.time(h.base)
	if flags&8 != 0 {
		h.err = d.error()
	}
	if flags&4 != 0 {
		h.response = &ResponseSent{Action: d.text(), Asynchronous: d.byte() != 0}
		h.response.StatusCode = d.small()
	}
	h.counter = d.uint()
	h.generation, h.written, h.snapshot = d.small(), d.small(), d.small()
	if n := d.count(); n > 0 {
		h.outputs = make([]Output, n)
	}
	for i := range h.outputs {
		o := &h.outputs[i]
		o.Name, o.Type = d.text(), d.text()
		of := d.byte()
		if o.Secure = of&2 != 0; of&1 != 0 {
			o.Error = d.error()
		} else {
			o.Value = d.value()
		}
	}
	return h
}

func (d *decoder) status() wdl.Status {
	s := wdl.Status(d.byte())
	if s > wdl.Ignored {
		d.fail("status")
	}
	return s
}

func (d *decoder) startOf(h *stored) {
	s, t := &h.start, &h.start.Trigger
	s.RunID = d.text()
	h.base = int64(d.uint())
	if h.base < 0 || h.base > maxTicks {
		d.fail("time")
		h.base = 0
	}
	s.Time = timeOf(h.base)
	s.Seed = d.uint()
	s.ClientTrackingID = d.text()
	flags := d.byte()
	s.Caller, t.HasInputs, t.HasOutputs = flags&1 != 0, flags&2 != 0, flags&4 != 0
	t.SecureInputs, t.SecureOutputs, t.Tracked = flags&8 != 0, flags&16 != 0, flags&128 != 0
	s.RespondBy = d.time(h.base)
	if flags&32 != 0 {
		s.Depth = d.count()
	}
	if flags&64 != 0 {
		s.Trace = d.trace()
	}
	t.Name = d.text()
	t.Start, t.End, t.ScheduledTime = d.time(h.base), d.time(h.base), d.time(h.base)
	t.TrackingID, t.ClientTrackingID, t.OriginHistoryName = d.text(), d.text(), d.text()
	t.Status, t.Code = d.status(), d.text()
}

// openState is the part of a head that describes what is open.
type openState struct {
	frames  []storedFrame
	stack   []int
	flights []storedFlight
}

type storedFrame struct {
	parent, loop int // place in the list, action
	name         string
	index        int
	start        time.Time
	queue        []int32
	loops        []storedLoop
}

type storedLoop struct {
	action, total, next, failed, timedOut, limit int
	last                                         wdl.Status
	queued                                       bool
	deadline                                     time.Time
}

type storedFlight struct {
	frame, action, attempts int
	status                  wdl.Status
	flight
}

func (d *decoder) open(base int64) (o openState) {
	o.frames = make([]storedFrame, d.count())
	for i := range o.frames {
		f := &o.frames[i]
		if i > 0 {
			f.parent, f.loop, f.name = d.small(), d.small(), d.text()
			f.index, f.start = d.small(), d.time(base)
			if f.parent >= i {
				d.fail("frame")
				f.parent = 0
			}
		}
		for n := d.count(); n > 0; n-- {
			f.queue = append(f.queue, int32(d.small()))
		}
		for n := d.count(); n > 0; n-- {
			l := storedLoop{action: d.small(), total: d.small(), next: d.small(), failed: d.small(), timedOut: d.small()}
			l.last, l.queued = d.status(), d.byte() != 0
			l.limit, l.deadline = d.small(), d.time(base)
			f.loops = append(f.loops, l)
		}
	}
	for n := d.count(); n > 0; n-- {
		o.stack = append(o.stack, d.small())
	}
	for n := d.count(); n > 0; n-- {
		l := storedFlight{frame: d.small(), action: d.small()}
		d.flight(&l, base)
		o.flights = append(o.flights, l)
	}
	if d.err == nil && len(d.rest) > 0 {
		d.fail("end of the head")
	}
	return o
}

func (d *decoder) flight(l *storedFlight, base int64) {
	flags := d.byte()
	l.called, l.subscribed, l.status = flags&1 != 0, flags&2 != 0, d.status()
	l.wake, l.deadline, l.since = d.time(base), d.time(base), d.time(base)
	l.poll = d.text()
	l.failures, l.attempts = d.small(), d.small()
	l.request = d.guid()
	l.policy.Type = wdl.RetryType(d.byte())
	l.policy.Count = d.small()
	l.policy.Interval = time.Duration(d.uint())
	l.policy.Minimum, l.policy.Maximum = time.Duration(d.uint()), time.Duration(d.uint())
	l.retries = d.retries(base)
}
