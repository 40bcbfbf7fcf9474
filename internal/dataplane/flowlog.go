package dataplane

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"isle/netpol"
)

// flowLogQueue is how many decisions wait for a slow writer before more are dropped.
const flowLogQueue = 4096

// FlowLog writes decisions as JSON lines, in the order in which they were observed.
// It never makes who decides wait: what does not fit into its queue is dropped,
// counted, and told in a line {"dropped":n}. A line has hosts and addresses, never
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
	go l.write(bufio.NewWriter(w))
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

func (l *FlowLog) write(w *bufio.Writer) {
	defer close(l.done)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for {
		select {
		case line := <-l.queue:
			l.note(l.lines(out, line))
			continue
		default:
		}
		l.note(w.Flush())
		select {
		case line := <-l.queue:
			l.note(l.lines(out, line))
		case <-l.closed:
			if len(l.queue) == 0 {
				l.note(l.missing(out))
				l.note(w.Flush())
				return
			}
		}
	}
}

func (l *FlowLog) lines(out *json.Encoder, line flowLine) error {
	if err := l.missing(out); err != nil {
		return err
	}
	return out.Encode(line)
}

// missing tells how many lines were dropped since it was last told.
func (l *FlowLog) missing(out *json.Encoder) error {
	if n := l.dropped.Swap(0); n > 0 {
		return out.Encode(droppedLine{n})
	}
	return nil
}

func (l *FlowLog) note(err error) {
	if l.err == nil {
		l.err = err
	}
}
