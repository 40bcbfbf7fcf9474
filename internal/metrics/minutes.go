package metrics

import (
	"sync"
	"time"

	"isle/engine"
	"isle/internal/runner"
	"isle/wdl"
)

// Minutes counts what runs do, by minute, for the metrics of environments and workflows.
// It is memory only: a new process begins anew. The zero value is ready for use.
type Minutes struct {
	mu      sync.Mutex
	flows   map[flowOf]map[int64]*Minute // guarded by mu; by unix minute, kept for KeptMinutes
	entries int                          // guarded by mu; minutes of workflows in flows
	swept   int64                        // guarded by mu; the minute when old ones were dropped last
	full    int64                        // guarded by mu; the minute when room was last looked for
}

// flowOf is a workflow, or with no flow its whole environment.
type flowOf struct{ environment, flow string }

// KeptMinutes is how many minutes are kept. Of workflows fewer are, when there are more
// than maxEntries of all of them: then those of the last hour, as far as there is room.
const (
	KeptMinutes = 24 * 60
	maxEntries  = 200_000
)

// Minute is what happened within one.
type Minute struct {
	Started, Completed, Succeeded, Failed, Cancelled int           // runs
	Latency, SuccessLatency                          time.Duration // sums, of runs that completed, and succeeded
	Actions                                          engine.Tally
	Triggers                                         Firings
	Usage                                            Usage // of an environment
}

// Firings are those of triggers.
type Firings struct {
	Fired                                int           // that began a run; they succeeded
	Succeeded, Failed, Skipped           int           // of all firings
	FireLatency, Latency, SuccessLatency time.Duration // sums: of those that began a run, of all, of those that succeeded
}

// Usage is what an environment was seen to use: sums over so many looks, in percent of
// what there is.
type Usage struct {
	Looks                                  int
	Memory, Connectors, ConnectorsMessages float64 // of the process, of requests at a time, of large messages' bytes
}

func (m *Minute) add(o *Minute) {
	m.Started += o.Started
	m.Completed += o.Completed
	m.Succeeded += o.Succeeded
	m.Failed += o.Failed
	m.Cancelled += o.Cancelled
	m.Latency += o.Latency
	m.SuccessLatency += o.SuccessLatency
	m.Actions.Add(o.Actions)
	m.Triggers.add(o.Triggers)
	m.Usage.add(o.Usage)
}

func (f *Firings) add(o Firings) {
	f.Fired += o.Fired
	f.Succeeded += o.Succeeded
	f.Failed += o.Failed
	f.Skipped += o.Skipped
	f.FireLatency += o.FireLatency
	f.Latency += o.Latency
	f.SuccessLatency += o.SuccessLatency
}

func (u *Usage) add(o Usage) {
	u.Looks += o.Looks
	u.Memory += o.Memory
	u.Connectors += o.Connectors
	u.ConnectorsMessages += o.ConnectorsMessages
}

// Committed implements runner.Observer.
func (m *Minutes) Committed(p runner.Progress) { m.note(p, time.Now()) }

// Requested implements runner.Observer.
func (m *Minutes) Requested(runner.Request) {}

// Fired implements runner.Observer.
func (m *Minutes) Fired(f runner.Fired) { m.fired(f, time.Now()) }

// Use notes what an environment, by store id, was seen to use.
func (m *Minutes) Use(environment string, u Usage, now time.Time) {
	m.count(environment, "", &Minute{Usage: u}, now)
}

func (m *Minutes) note(p runner.Progress, now time.Time) {
	done := Minute{Actions: p.Tally}
	if p.Began {
		done.Started = 1
		done.Triggers = Firings{Fired: 1, Succeeded: 1, FireLatency: p.Fired, Latency: p.Fired, SuccessLatency: p.Fired}
	}
	if p.Ended {
		done.end(p)
	}
	m.count(p.Environment, p.Workflow.FlowID, &done, now)
}

func (m *Minutes) fired(f runner.Fired, now time.Time) {
	done := Firings{Latency: f.Took}
	switch f.Status {
	case wdl.Skipped:
		done.Skipped = 1
	case wdl.Succeeded:
		done.Succeeded, done.SuccessLatency = 1, f.Took
	default:
		done.Failed = 1
	}
	m.count(f.Environment, f.FlowID, &Minute{Triggers: done}, now)
}

// count adds what happened, to the workflow and to its environment.
func (m *Minutes) count(environment, flow string, done *Minute, now time.Time) {
	if *done == (Minute{}) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := now.Unix() / 60
	m.sweep(at)
	for _, of := range []flowOf{{environment, flow}, {environment, ""}} {
		if one := m.minute(of, at); one != nil {
			one.add(done)
		}
		if flow == "" {
			return
		}
	}
}

// minute finds or makes one; nil if there is no room for another workflow's.
func (m *Minutes) minute(of flowOf, at int64) *Minute {
	if one := m.flows[of][at]; one != nil {
		return one
	}
	if of.flow != "" {
		if m.entries >= maxEntries && m.full != at {
			m.full = at
			m.dropBefore(at-60, true)
		}
		if m.entries >= maxEntries {
			return nil
		}
		m.entries++
	}
	if m.flows == nil {
		m.flows = map[flowOf]map[int64]*Minute{}
	}
	if m.flows[of] == nil {
		m.flows[of] = map[int64]*Minute{}
	}
	one := new(Minute)
	m.flows[of][at] = one
	return one
}

// sweep drops, every hour, what is too old.
func (m *Minutes) sweep(at int64) {
	if at-m.swept >= 60 {
		m.swept = at
		m.dropBefore(at-KeptMinutes+1, false)
	}
}

// dropBefore drops the minutes before one, of all or of workflows only.
func (m *Minutes) dropBefore(at int64, workflows bool) {
	for of, minutes := range m.flows {
		if workflows && of.flow == "" {
			continue
		}
		for old := range minutes {
			if old >= at {
				continue
			}
			delete(minutes, old)
			if of.flow != "" {
				m.entries--
			}
		}
		if len(minutes) == 0 {
			delete(m.flows, of)
		}
	}
}

func (m *Minute) end(p runner.Progress) {
	took := p.End.Sub(p.Start)
	m.Completed, m.Latency = 1, took
	switch p.Status {
	case wdl.Succeeded:
		m.Succeeded, m.SuccessLatency = 1, took
	case wdl.Cancelled:
		m.Cancelled = 1
	default:
		m.Failed = 1
	}
}

// Series is what happened in n steps from a moment on, each of whole minutes, in an
// environment by store id, or in one of its workflows.
func (m *Minutes) Series(environment, flow string, from time.Time, step time.Duration, n int) []Minute {
	series := make([]Minute, n)
	first, width := from.Unix()/60, int64(step/time.Minute)
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, one := range m.flows[flowOf{environment, flow}] {
		if i := (at - first) / width; at >= first && i < int64(n) {
			series[i].add(one)
		}
	}
	return series
}
