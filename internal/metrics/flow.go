package metrics

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"

	"isle/internal/store"
	"isle/wdl"
)

// flow is the series of one workflow, looked up once.
type flow struct {
	id                                             string // store id of its environment
	environment, workflow                          string // labels
	started, actions                               prometheus.Counter
	succeeded, failed, cancelled, timedOut, others prometheus.Counter
	duration                                       prometheus.Observer
}

// ended counts the runs that end so.
func (f *flow) ended(s wdl.Status) prometheus.Counter {
	switch s {
	case wdl.Succeeded:
		return f.succeeded
	case wdl.Failed:
		return f.failed
	case wdl.Cancelled:
		return f.cancelled
	case wdl.TimedOut:
		return f.timedOut
	}
	return f.others
}

// flow finds or makes the series of a workflow.
func (m *Metrics) flow(environment, flowID, resourceID string) *flow {
	m.mu.RLock()
	f := m.flows[flowID]
	m.mu.RUnlock()
	if f != nil {
		return f
	}
	label := m.Environment(environment)
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.flows[flowID]; f != nil {
		return f
	}
	if len(m.flows) >= maxFlows {
		if m.flows[other] == nil {
			m.flows[other] = m.newFlow(other, other, other)
		}
		return m.flows[other]
	}
	f = m.newFlow(environment, label, Name(resourceID))
	m.flows[flowID] = f
	return f
}

func (m *Metrics) newFlow(id, environment, workflow string) *flow {
	v := &m.vectors
	finished := func(s wdl.Status) prometheus.Counter {
		return v.finished.WithLabelValues(environment, workflow, s.String())
	}
	return &flow{
		id: id, environment: environment, workflow: workflow,
		started: v.started.WithLabelValues(environment, workflow), actions: v.actions.WithLabelValues(environment, workflow),
		succeeded: finished(wdl.Succeeded), failed: finished(wdl.Failed), cancelled: finished(wdl.Cancelled), timedOut: finished(wdl.TimedOut),
		others:   v.finished.WithLabelValues(environment, workflow, other),
		duration: v.duration.WithLabelValues(environment, workflow),
	}
}

// Environment is the name of an environment, its id if that is all there is.
func (m *Metrics) Environment(id string) string {
	names := m.names.Load()
	if id == store.Shared || id == control || names == nil {
		return id
	}
	if resource := names.Environment(id); resource != "" {
		return Name(resource)
	}
	return id
}

// database is the series of one database, looked up once.
type database struct {
	label          string
	calls, seconds prometheus.Observer
}

func (m *Metrics) database(name string) *database {
	m.mu.RLock()
	d := m.databases[name]
	m.mu.RUnlock()
	if d != nil {
		return d
	}
	label := m.Environment(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := m.databases[name]; d != nil {
		return d
	}
	d = &database{label: label, calls: m.vectors.commitCalls.WithLabelValues(label), seconds: m.vectors.commitSeconds.WithLabelValues(label)}
	m.databases[name] = d
	return d
}

// sweep drops the series of workflows and environments that are gone, and of those
// whose names were not known yet.
func (m *Metrics) sweep() {
	names := m.names.Load()
	if names == nil {
		return
	}
	m.mu.RLock()
	flows, databases := maps.Clone(m.flows), maps.Clone(m.databases)
	m.mu.RUnlock()
	for id, f := range flows {
		if id != other && (names.gone(f.id, f.environment) || names.Workflow(id) == "") {
			m.dropFlow(id, f)
		}
	}
	for id, d := range databases {
		if names.gone(id, d.label) {
			m.dropDatabase(id, d)
		}
	}
}

// gone says that an environment was removed, or is called otherwise.
func (n *Names) gone(id, label string) bool {
	if id == store.Shared || id == control {
		return false
	}
	resource := n.Environment(id)
	return resource == "" || Name(resource) != label
}

func (m *Metrics) dropFlow(id string, f *flow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.flows, id)
	for _, also := range m.flows { // deployed again under the same name
		if also.environment == f.environment && also.workflow == f.workflow {
			return
		}
	}
	of := prometheus.Labels{"environment": f.environment, "workflow": f.workflow}
	v := &m.vectors
	for _, vec := range []*prometheus.CounterVec{v.started, v.finished, v.actions, v.requests} {
		vec.DeletePartialMatch(of)
	}
	v.duration.DeletePartialMatch(of)
}

func (m *Metrics) dropDatabase(id string, d *database) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.databases, id)
	for _, also := range m.databases {
		if also.label == d.label {
			return
		}
	}
	of := prometheus.Labels{"environment": d.label}
	v := &m.vectors
	for _, vec := range []*prometheus.HistogramVec{v.commitCalls, v.commitSeconds, v.requestSeconds} {
		vec.DeletePartialMatch(of)
	}
	v.faults.DeletePartialMatch(of)
}
