package dataplane

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"isle/netpol"
)

// flowLogQueue is how many decisions wait for a slow writer before more are dropped.
const flowLogQueue = 4096

// flowLogBatch is how many bytes of lines are written at once, or a little more.
const flowLogBatch = 4096

// FlowLog writes decisions as JSON lines, in the order in which they were observed.
// It never makes who decides wait: what does not fit into its queue is dropped,
// counted, and told in a line {"dropped":n}; so is what its writer fails to write. A line has hosts and addresses, never
// paths, queries or credentials. It is safe for concurrent use.
type FlowLog struct {
	clock   func() time.Time
	queue   chan flowLine
	dropped atomic.Uint64

	closing sync.Once
	closed  chan struct{} // nothing is taken any more
	done    chan struct{} // err is final
	err     error         // the first one of the writer
}

// flowLine is a line of the log.
type flowLine struct {
	Time          time.Time `json:"time"`
	Environment   string    `json:"environment"`
	EnvironmentID string    `json:"environmentId,omitempty"`
	Direction     string    `json:"direction"`
	Host          string    `json:"host,omitempty"` // as written
	netpol.Record
}

// droppedLine stands where lines are missing.
type droppedLine struct {
	Dropped uint64 `json:"dropped"`
}

// NewFlowLog starts a log, which the caller must close. The clock tells the time of
// day; nil: time.Now.
func NewFlowLog(w io.Writer, clock func() time.Time) *FlowLog {
	if clock == nil {
		clock = time.Now
	}
	l := &FlowLog{clock: clock, queue: make(chan flowLine, flowLogQueue), closed: make(chan struct{}), done: make(chan struct{})}
	go l.write(w)
	return l
}

// Observe takes a decision; it does not block. After Close it does nothing.
func (l *FlowLog) Observe(d Decision) {
	line := flowLine{Time: l.clock().UTC(), Environment: d.Flow.Source.Environment, EnvironmentID: d.Flow.EnvironmentID,
		Direction: d.Flow.Direction.String(), Host: d.Flow.Host, Record: d.Record}
	select {
	case <-l.closed:
		return
	default:
	}
	select {
	case l.queue <- line:
	default:
		l.dropped.Add(1)
	}
}

// Close writes what is queued and returns the first error of the writer.
func (l *FlowLog) Close() error {
	l.closing.Do(func() { close(l.closed) })
	<-l.done
	return l.err
}

func (l *FlowLog) write(w io.Writer) {
	defer close(l.done)
	b := newFlowBatch()
	for {
		select {
		case line := <-l.queue:
			l.take(b, w, line)
			continue
		default:
		}
		l.flush(b, w)
		select {
		case line := <-l.queue:
			l.take(b, w, line)
		case <-l.closed:
			if len(l.queue) == 0 {
				l.missing(b)
				l.flush(b, w)
				return
			}
		}
	}
}

// flowBatch is the lines that are written next.
type flowBatch struct {
	bytes.Buffer
	out     *json.Encoder // into the buffer
	missing uint64        // of which its first line tells
	first   int           // length of that line
}

func newFlowBatch() *flowBatch {
	b := new(flowBatch)
	b.out = json.NewEncoder(b)
	b.out.SetEscapeHTML(false)
	return b
}

func (l *FlowLog) take(b *flowBatch, w io.Writer, line flowLine) {
	l.missing(b)
	l.note(b.out.Encode(line))
	if b.Len() >= flowLogBatch {
		l.flush(b, w)
	}
}

// missing begins a batch with how many lines were dropped since that was last told.
func (l *FlowLog) missing(b *flowBatch) {
	if b.Len() > 0 {
		return
	}
	if b.missing = l.dropped.Swap(0); b.missing > 0 {
		l.note(b.out.Encode(droppedLine{b.missing}))
	}
	b.first = b.Len()
}

// flush writes a batch. What the writer does not take is dropped, and told when it takes
// lines again.
func (l *FlowLog) flush(b *flowBatch, w io.Writer) {
	if b.Len() == 0 {
		return
	}
	n, err := w.Write(b.Bytes())
	l.note(err)
	lost := uint64(bytes.Count(b.Bytes()[n:], []byte("\n")))
	if n < b.first {
		lost += b.missing - 1 // the line that told of them
	}
	l.dropped.Add(lost)
	b.Reset()
}

func (l *FlowLog) note(err error) {
	if l.err == nil {
		l.err = err
	}
}
