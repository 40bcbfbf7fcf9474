package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"isle/internal/runner"
	"isle/internal/store"
)

// gauges are what is looked at with each scrape. What has to be counted in a database is
// counted no more often than costs a fiftieth of the time.
type gauges struct {
	metrics *Metrics
	store   *store.Store
	runner  *runner.Runner

	mu      sync.Mutex // one scrape at a time
	counted map[string]*counts
}

// counts are what was counted in a database, and may be told until then.
type counts struct {
	until   time.Time
	runs    []store.WorkflowLoad
	working int // of them
	tasks   store.TaskLoad
	lag     store.Lag
	at      time.Time
}

const (
	countFor  = 2 * time.Second // at least
	countCost = 50              // times what counting took
	countWait = 10 * time.Second
)

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements prometheus.Collector: nothing, as the descriptions are made anew
// with each value.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	send := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	known := map[string]bool{}
	for _, db := range g.store.Databases() {
		known[db.Name()] = true
		g.database(db, send)
	}
	for name := range g.counted {
		if !known[name] {
			delete(g.counted, name)
		}
	}
	g.pressure(send)
}

type sender func(d *prometheus.Desc, value float64, labels ...string)

func (g *gauges) database(db *store.DB, send sender) {
	label := g.metrics.Environment(db.Name())
	send(gauge("isle_commit_queue", "Changes that wait for the next commit.", "environment"), float64(db.Backlog()), label)
	sizes := db.Sizes()
	send(gauge("isle_database_bytes", "Size of the database's files, without the contents beside it.", "environment"), float64(sizes.Database), label)
	if db.Name() != control {
		send(gauge("isle_search_index_bytes", "Size of the search index's files.", "environment"), float64(sizes.Words), label)
	}
	c := g.count(db)
	if c == nil {
		return
	}
	send(gauge("isle_tasks", "Tasks that are stored.", "environment"), float64(c.tasks.All), label)
	send(gauge("isle_tasks_running", "Tasks that are being carried out.", "environment"), float64(c.tasks.Held), label)
	send(gauge("isle_tasks_due", "Tasks that are due and not carried out yet.", "environment"), float64(c.tasks.Due), label)
	late := 0.0
	if !c.tasks.Oldest.IsZero() {
		late = max(0, c.at.Sub(c.tasks.Oldest).Seconds())
	}
	send(gauge("isle_tasks_late_seconds", "For how long the oldest of them has been due.", "environment"), late, label)
	if db.Name() != control {
		g.search(label, c, send)
		g.runs(label, c.runs, send)
		send(gauge("isle_runs_resting", "Open runs that have left memory until it is time or somebody calls.", "environment"), float64(max(0, c.open()-c.working)), label)
	}
}

// open is how many runs have not ended.
func (c *counts) open() (n int) {
	for _, l := range c.runs {
		n += l.Running + l.Waiting
	}
	return n
}

// search tells how far the index of what runs hold is behind.
func (g *gauges) search(label string, c *counts, send sender) {
	send(gauge("isle_search_runs_behind", "Runs that have ended and are not in the search index yet; counted up to 100,000.", "environment"), float64(c.lag.Runs), label)
	late := 0.0
	if c.lag.Runs > 0 && !c.lag.Oldest.IsZero() {
		late = max(0, c.at.Sub(c.lag.Oldest).Seconds())
	}
	send(gauge("isle_search_behind_seconds", "For how long the oldest of them has ended.", "environment"), late, label)
}

// runs tells the open runs of each workflow that has series.
func (g *gauges) runs(label string, loads []store.WorkflowLoad, send sender) {
	open := map[string][2]int{} // by label of the workflow: begun, waiting for their turn
	for _, l := range loads {
		workflow := other
		if len(open) < maxFlows {
			workflow = g.metrics.Workflow(l.Workflow)
		}
		sum := open[workflow]
		open[workflow] = [2]int{sum[0] + l.Running, sum[1] + l.Waiting}
	}
	for workflow, n := range open {
		send(gauge("isle_runs_open", "Runs that have begun and not ended.", "environment", "workflow"), float64(n[0]), label, workflow)
		send(gauge("isle_runs_waiting", "Runs that wait for their turn.", "environment", "workflow"), float64(n[1]), label, workflow)
	}
}

// count looks into a database, unless it has just been; nil if it cannot be read.
func (g *gauges) count(db *store.DB) *counts {
	began := time.Now()
	if c := g.counted[db.Name()]; c != nil && began.Before(c.until) {
		return c
	}
	ctx, cancel := context.WithTimeout(context.Background(), countWait)
	defer cancel()
	c := &counts{at: g.store.Now()}
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		if c.tasks, err = tx.TaskLoad(c.at); err != nil || db.Name() == control {
			return err
		}
		if c.runs, err = tx.OpenLoads(); err != nil {
			return err
		}
		if c.working, err = tx.CountWorking(); err != nil {
			return err
		}
		c.lag, err = tx.Lag()
		return err
	})
	if err != nil {
		return nil
	}
	c.until = time.Now().Add(max(countFor, countCost*time.Since(began)))
	g.counted[db.Name()] = c
	return c
}

func (g *gauges) pressure(send sender) {
	for environment, p := range g.runner.Pressure() {
		label := g.metrics.Environment(environment)
		send(gauge("isle_runs_in_memory", "Runs that are in memory.", "environment"), float64(p.Runs), label)
		send(gauge("isle_requests_in_flight", "Requests of actions and triggers that are under way.", "environment"), float64(p.Calls), label)
		send(gauge("isle_requests_waiting", "Requests that wait for their turn.", "environment"), float64(p.WaitingCalls), label)
		send(gauge("isle_steps_waiting", "Steps of runs that wait for a processor.", "environment"), float64(p.WaitingSteps), label)
		send(gauge("isle_loads_waiting", "Runs that wait to be loaded into memory.", "environment"), float64(p.WaitingLoads), label)
	}
}

// Workflow is the name of a workflow by flow id; those that cannot be named have one
// together.
func (m *Metrics) Workflow(flowID string) string {
	m.mu.RLock()
	f := m.flows[flowID]
	m.mu.RUnlock()
	if f != nil {
		return f.workflow
	}
	if names := m.names.Load(); names != nil {
		if id := names.Workflow(flowID); id != "" {
			return Name(id)
		}
	}
	return other
}
