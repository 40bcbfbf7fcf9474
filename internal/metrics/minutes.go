package metrics

import (
	"sync"
	"time"

	"isle/internal/runner"
	"isle/wdl"
)

// Minutes counts what runs do, by minute, for the metrics of environments and workflows.
// It is memory only: a new process begins anew. The zero value is ready for use.
type Minutes struct {
	mu    sync.Mutex
	flows map[flowOf]map[int64]*Minute // guarded by mu; by unix minute, kept for KeptMinutes
	swept int64                        // guarded by mu; the minute when old ones were dropped last
}

// flowOf is a workflow, or with no flow its whole environment.
type flowOf struct{ environment, flow string }

// KeptMinutes is how many minutes are kept.
const KeptMinutes = 24 * 60

// Minute is what happened within one.
type Minute struct {
	Started, Completed, Succeeded, Failed, Cancelled int
	Actions                                          int           // that ended, skipped ones left out
	Latency, SuccessLatency                          time.Duration // sums, of runs that completed, and succeeded
}

func (m *Minute) add(o *Minute) {
	m.Started += o.Started
	m.Completed += o.Completed
	m.Succeeded += o.Succeeded
	m.Failed += o.Failed
	m.Cancelled += o.Cancelled
	m.Actions += o.Actions
	m.Latency += o.Latency
	m.SuccessLatency += o.SuccessLatency
}

// Committed implements runner.Observer.
func (m *Minutes) Committed(p runner.Progress) { m.note(p, time.Now()) }

// Requested implements runner.Observer.
func (m *Minutes) Requested(runner.Request) {}

func (m *Minutes) note(p runner.Progress, now time.Time) {
	var done Minute
	done.Actions = p.Executed
	if p.Began {
		done.Started = 1
	}
	if p.Ended {
		done.end(p)
	}
	if done == (Minute{}) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := now.Unix() / 60
	m.sweep(at)
	m.minute(flowOf{p.Environment, p.Workflow.FlowID}, at).add(&done)
	m.minute(flowOf{p.Environment, ""}, at).add(&done)
}

func (m *Minutes) minute(of flowOf, at int64) *Minute {
	if m.flows == nil {
		m.flows = map[flowOf]map[int64]*Minute{}
	}
	if m.flows[of] == nil {
		m.flows[of] = map[int64]*Minute{}
	}
	if m.flows[of][at] == nil {
		m.flows[of][at] = new(Minute)
	}
	return m.flows[of][at]
}

// sweep drops, every hour, what is too old.
func (m *Minutes) sweep(at int64) {
	if at-m.swept < 60 {
		return
	}
	m.swept = at
	for of, minutes := range m.flows {
		for old := range minutes {
			if old <= at-KeptMinutes {
				delete(minutes, old)
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
