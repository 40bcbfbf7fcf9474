package flowlog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/dataplane"
	"isle/netpol"
	"isle/netpol/flowlog"
)

// Source tells which flow logs there are.
type Source interface {
	// Changes counts what may have changed them, as soon as it is durable.
	Changes() uint64
	FlowLogs(ctx context.Context) (*flowlog.Logs, error)
}

// Recorder keeps flow logs. It implements [dataplane.Flows]. Safe for concurrent use.
type Recorder struct {
	source Source
	files  *files
	clock  func() time.Time
	log    *slog.Logger

	queue   chan event
	dropped atomic.Uint64 // events that found no place
	lost    atomic.Uint64 // records that could not be written
	looked  atomic.Uint64 // Changes when the logs were read, and 1 more; 0: they were not
	some    atomic.Bool   // there are any

	closing sync.Once
	closed  chan struct{} // nothing is taken any more
	done    chan struct{} // Run has ended

	// of Run
	logs  *flowlog.Logs
	book  flowlog.Book
	open  map[*dataplane.Meter]*flow
	stale bool   // the logs could not be read; they are read again with the next tick
	told  bool   // that writing fails
	gone  uint64 // dropped, of which was told
	ended time.Time
}

// event is what the data plane tells.
type event struct {
	at    time.Time
	start dataplane.FlowStart
	ended *dataplane.Meter // nil: it begins
}

// flow is one that is under way.
type flow struct {
	tuple          flowlog.Tuple     // its ends
	points         []point           // where it was let pass
	last           time.Time         // of its last tuple
	sent, received dataplane.Traffic // of which was told
}

// New returns a recorder that writes below a folder, which it makes when there is
// something to write. The clock tells the time of day.
func New(folder string, source Source, clock func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{source: source, files: &files{folder: folder}, clock: clock, log: log, queue: make(chan event, queueSize),
		closed: make(chan struct{}), done: make(chan struct{}), logs: new(flowlog.Logs), open: map[*dataplane.Meter]*flow{}}
}

// Wanted implements [dataplane.Flows]: there are logs, or there may be.
func (r *Recorder) Wanted() bool { return r.some.Load() || r.looked.Load() != r.source.Changes()+1 }

// Began implements [dataplane.Flows].
func (r *Recorder) Began(s dataplane.FlowStart) { r.tell(event{start: s}) }

// Ended implements [dataplane.Flows].
func (r *Recorder) Ended(m *dataplane.Meter) { r.tell(event{ended: m}) }

func (r *Recorder) tell(e event) {
	e.at = r.clock().UTC()
	select {
	case <-r.closed:
		return
	default:
	}
	select {
	case r.queue <- e:
	default:
		r.dropped.Add(1)
	}
}

// Lost is how many flows' beginnings and ends were left out, and how many records could
// not be written, since the start.
func (r *Recorder) Lost() (events, records uint64) { return r.dropped.Load(), r.lost.Load() }

// Run writes until Close.
func (r *Recorder) Run() {
	defer close(r.done)
	ticks := time.NewTicker(writeEvery)
	defer ticks.Stop()
	for {
		select {
		case e := <-r.queue:
			r.take(e)
		case <-ticks.C:
			r.tick(r.clock().UTC())
		case <-r.closed:
			for len(r.queue) > 0 {
				r.take(<-r.queue)
			}
			r.finish(r.clock().UTC())
			return
		}
	}
}

// Close writes what is known, with the ends of all flows, and waits for Run.
func (r *Recorder) Close() {
	r.closing.Do(func() { close(r.closed) })
	<-r.done
}

// refresh reads the logs if they may have changed. What could not be read stays as it was
// and is read again with the next tick, not with each flow.
func (r *Recorder) refresh() {
	changes := r.source.Changes() + 1
	if r.looked.Load() == changes {
		return
	}
	logs, err := r.source.FlowLogs(context.Background())
	if r.stale = err != nil; r.stale {
		r.log.Warn("the flow logs of the networks cannot be read, trying again", "error", err)
		return
	}
	r.logs = logs
	r.some.Store(len(logs.All) > 0)
	r.looked.Store(changes)
}

func (r *Recorder) take(e event) {
	if !r.stale {
		r.refresh()
	}
	if e.ended != nil {
		if f := r.open[e.ended]; f != nil {
			delete(r.open, e.ended)
			r.goOn(f, e.ended, flowlog.End, e.at)
		}
	} else if len(r.logs.All) > 0 {
		r.begin(&e)
	}
	if r.book.Size() > maxWaiting {
		r.write(e.at, nil)
	}
}

// begin notes a flow that begins, or is refused, where it is seen. One that is refused
// where no security group is, by a route or a firewall, begins and carries nothing.
func (r *Recorder) begin(e *event) {
	s := &e.start
	f := &flow{last: e.at, tuple: flowlog.Tuple{Time: e.at, Protocol: flowlog.TCP,
		Source: netip.AddrPortFrom(s.Flow.Source, s.Flow.SourcePort), Destination: netip.AddrPortFrom(s.Flow.Destination, s.Flow.DestinationPort)}}
	if s.Flow.Protocol == netpol.UDP {
		f.tuple.Protocol = flowlog.UDP
	}
	for _, p := range pointsOf(s) {
		p.Interface, p.MAC = r.interfaceAt(&p)
		if len(r.logs.Of(&p.Point)) == 0 {
			continue
		}
		t := f.tuple
		if t.State = flowlog.Begin; p.denied {
			t.State = flowlog.Deny
		} else {
			f.points = append(f.points, p)
		}
		r.add(&p, t)
	}
	switch {
	case len(f.points) == 0:
	case s.Meter == nil:
		r.goOn(f, nil, flowlog.End, e.at)
	case len(r.open) < maxOpen:
		r.open[s.Meter] = f
	default:
		r.dropped.Add(1)
	}
}

// goOn tells that a flow goes on or has ended, with what it carried since it was told of.
func (r *Recorder) goOn(f *flow, m *dataplane.Meter, state flowlog.State, at time.Time) {
	t := f.tuple
	t.Time, t.State, f.last = at, state, at
	if m != nil {
		sent, received := m.Counts()
		t.Sent, t.Received = since(sent, f.sent), since(received, f.received)
		f.sent, f.received = sent, received
	}
	for i := range f.points {
		r.add(&f.points[i], t)
	}
}

func since(now, before dataplane.Traffic) flowlog.Count {
	return flowlog.Count{Packets: now.Packets - before.Packets, Bytes: now.Bytes - before.Bytes}
}

// add notes a tuple in the logs that have the point.
func (r *Recorder) add(p *point, t flowlog.Tuple) {
	t.Inbound = p.inbound
	for _, l := range r.logs.Of(&p.Point) {
		r.book.Add(l, &p.Point, r.logs.Groups[strings.ToLower(p.Group)], t)
	}
}

// interfaceAt is the network interface of a point. A component of an environment has none:
// its address is made from what it is.
func (r *Recorder) interfaceAt(p *point) (id, mac string) {
	at := flowlog.At{Network: strings.ToLower(p.Network), Address: p.address}
	if known, ok := r.logs.Interfaces[at]; ok {
		return known.ID, known.MAC
	}
	sum := sha256.Sum256([]byte(at.Network + "|" + p.address.String()))
	return "", fmt.Sprintf("02%X", sum[:5])
}

// tick does what is due.
func (r *Recorder) tick(now time.Time) {
	r.refresh()
	for m, f := range r.open {
		switch {
		case m.Ended(): // its end found no place in the queue, or comes yet
			delete(r.open, m)
			r.goOn(f, m, flowlog.End, now)
		case now.Sub(f.last) >= continueEvery:
			r.goOn(f, m, flowlog.Continue, now)
		}
	}
	r.write(now, func(path string) bool { return r.files.ready(path, now) })
	if now.Sub(r.ended) >= endEvery {
		r.ended = now
		r.endFiles(now)
	}
	if dropped := r.dropped.Load(); dropped > r.gone {
		r.log.Warn("flow logs are not complete: more flows came than could be noted", "leftOut", dropped-r.gone)
		r.gone = dropped
	}
}

// finish tells the ends of all flows, which the process does not outlive, and writes.
func (r *Recorder) finish(now time.Time) {
	for m, f := range r.open {
		r.goOn(f, m, flowlog.End, now)
	}
	clear(r.open)
	r.write(now, nil)
}

// write adds what waits for the files that are ready to them. That it fails is told once,
// until it does not any more; what cannot be written is counted.
func (r *Recorder) write(now time.Time, ready func(string) bool) {
	pages := r.book.Take(now, ready)
	var failed error
	for i := range pages {
		if err := r.files.add(pages[i].Path, pages[i].Record, now); err != nil {
			r.lost.Add(1)
			failed = errors.Join(failed, err)
		}
	}
	switch {
	case failed != nil && !r.told:
		r.told = true
		r.log.Error("flow logs cannot be written; calls go on, and what they are is left out: see that the folder can be written and the disk has room", "folder", r.files.folder, "error", failed)
	case failed == nil && len(pages) > 0 && r.told:
		r.told = false
		r.log.Info("flow logs are written again", "recordsLost", r.lost.Load())
	}
}

// endFiles deletes what is older than its log keeps it.
func (r *Recorder) endFiles(now time.Time) {
	for i := range r.logs.All {
		l := &r.logs.All[i]
		if l.Days == 0 {
			continue
		}
		if err := r.files.end(l.Folder(), now.AddDate(0, 0, -l.Days)); err != nil {
			r.log.Warn("old files of a flow log are not deleted, trying again", "flowLog", l.ID, "error", err)
		}
	}
}
