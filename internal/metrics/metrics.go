// Package metrics counts what a server does, and tells it in the form of Prometheus.
//
// What happens is counted where it happens, without a lock that anybody waits for and
// without allocating; how much waits is looked at when somebody asks, and what is costly
// to look at, no more often than it may be. Series are labelled with environments and
// workflows by name; those of one that was deleted go with the next scrape, and beyond
// a bound of workflows the rest is counted together. Labels hold names of resources,
// statuses and types of operations, never what a caller sends.
//
// The registry is a value of its own: nothing is registered anywhere else.
package metrics

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// Names are how ids are called in labels.
type Names struct {
	Environment func(id string) string   // the resource ID of an environment, by store id; "" for none
	Workflow    func(flow string) string // the resource ID of a workflow, by flow id; "" for none
}

// Metrics counts. It is safe for concurrent use, and a [runner.Observer].
type Metrics struct {
	registry *prometheus.Registry
	vectors  vectors
	names    atomic.Pointer[Names] // nil until Watch

	mu        sync.RWMutex
	flows     map[string]*flow     // by flow id
	databases map[string]*database // by name
}

var _ runner.Observer = (*Metrics)(nil)

// maxFlows bounds the workflows that have series of their own.
const maxFlows = 2000

// Labels of what has none of its own.
const (
	other   = "other"   // workflows beyond the bound
	control = "control" // the control database
)

// New makes the registry. Until names are known, ids stand in their place.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), vectors: newVectors(), flows: map[string]*flow{}, databases: map[string]*database{}}
	m.vectors.register(m.registry)
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "isle_build_info", Help: "The version of the program; always 1."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Watch adds what is looked at with each scrape, and what things are called.
func (m *Metrics) Watch(s *store.Store, r *runner.Runner, names Names) {
	m.names.Store(&names)
	m.registry.MustRegister(&gauges{metrics: m, store: s, runner: r, counted: map[string]*counts{}})
}

// Spans adds how many commits made no spans of traces.
func (m *Metrics) Spans(dropped func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "isle_trace_commits_dropped_total", Help: "Commits of runs that made no spans, because the collector does not keep up.",
	}, func() float64 { return float64(dropped()) }))
}

// Isolated adds whether the policy of networks is enforced for every packet, by who
// enforces it.
func (m *Metrics) Isolated(mode string, isolated func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "isle_networks_isolated", Help: "1 where the policy of networks is enforced for every packet as it is stored, else 0.", ConstLabels: prometheus.Labels{"mode": mode},
	}, func() float64 {
		if isolated() {
			return 1
		}
		return 0
	}))
}

// FlowLogs adds what flow logs of networks leave out: beginnings and ends of flows that
// came too fast, and records that could not be written.
func (m *Metrics) FlowLogs(lost func() (flows, records uint64)) {
	for what, count := range map[string]func() uint64{
		"flows":   func() uint64 { flows, _ := lost(); return flows },
		"records": func() uint64 { _, records := lost(); return records },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "isle_flow_logs_lost_total", Help: "What is missing in flow logs of networks: flows that came too fast, records that could not be written.", ConstLabels: prometheus.Labels{"what": what},
		}, func() float64 { return float64(count()) }))
	}
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	serve := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 30 * time.Second})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.sweep()
		serve.ServeHTTP(w, r)
	})
}

// Committed implements runner.Observer.
func (m *Metrics) Committed(p runner.Progress) {
	f := m.flow(p.Environment, p.Workflow.FlowID, p.Workflow.ID)
	if p.Began {
		f.started.Inc()
	}
	if p.Executed > 0 {
		f.actions.Add(float64(p.Executed))
	}
	if p.Ended {
		f.ended(p.Status).Inc()
		f.duration.Observe(p.End.Sub(p.Start).Seconds())
	}
}

// Requested implements runner.Observer.
func (m *Metrics) Requested(q runner.Request) {
	outcome := "failed"
	if q.Status == wdl.Succeeded || q.Status == wdl.NotSpecified && q.StatusCode < http.StatusBadRequest {
		outcome = "succeeded"
	}
	f := m.flow(q.Environment, q.Workflow.FlowID, q.Workflow.ID)
	m.vectors.requests.WithLabelValues(f.environment, f.workflow, string(q.Operation), outcome).Inc()
	m.vectors.requestSeconds.WithLabelValues(f.environment, string(q.Operation)).Observe(q.Took.Seconds())
}

// Fired implements runner.Observer.
func (m *Metrics) Fired(runner.Fired) {}

// Purged is told what of an environment, by its store id, was deleted for its age.
func (m *Metrics) Purged(environment string, runs, firings int) {
	label := m.database(environment).label
	m.vectors.purged.WithLabelValues(label, "runs").Add(float64(runs))
	m.vectors.purged.WithLabelValues(label, "firings").Add(float64(firings))
}

// Commit is told of each commit of the store.
func (m *Metrics) Commit(c store.Commit) {
	d := m.database(c.Database)
	if c.Fault != nil {
		m.vectors.faults.WithLabelValues(d.label, faultKind(c.Fault)).Inc()
		return
	}
	d.calls.Observe(float64(c.Calls))
	d.seconds.Observe(c.Took.Seconds())
}

// Name is what a resource is called in labels and logs: "group/name" of its ID.
func Name(resourceID string) string {
	parts := strings.Split(resourceID, "/")
	name := parts[len(parts)-1]
	for i := 0; i+1 < len(parts); i++ {
		if strings.EqualFold(parts[i], "resourceGroups") {
			return parts[i+1] + "/" + name
		}
	}
	return name
}
