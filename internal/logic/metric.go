package logic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/metrics"
	"isle/internal/store"
)

// Minutes is what happened, by the minute; *metrics.Minutes is one.
type Minutes interface {
	Series(environment, flow string, from time.Time, step time.Duration, n int) []metrics.Minute
}

// metric is one of the documented metrics of environments and workflows (ise.md #131). The
// value of a minute is the sum of its events; of those that are averages, by their number.
type metric struct {
	name   string
	unit   string // Count, Seconds, Percent
	ofISE  bool   // of environments only
	events func(of *measured, m *metrics.Minute) (sum float64, n int)
}

// average says whether the metric is one, of n events, rather than their number.
func (m *metric) average() bool { return m.unit != "Count" }

// primary is the aggregation that is shown unless another one is asked for.
func (m *metric) primary() string {
	if m.average() {
		return "Average"
	}
	return "Total"
}

// value is that of one minute; an average of nothing has none.
func (m *metric) value(of *measured, minute *metrics.Minute) (v float64, ok bool) {
	sum, n := m.events(of, minute)
	switch {
	case !m.average():
		return sum, true
	case n == 0:
		return 0, false
	}
	return sum / float64(n), true
}

func resourceMetrics() []metric {
	count := func(name string, of func(*metrics.Minute) int) metric {
		return metric{name: name, unit: "Count", events: func(_ *measured, m *metrics.Minute) (float64, int) { return float64(of(m)), 1 }}
	}
	latency := func(name string, sum func(*metrics.Minute) time.Duration, n func(*metrics.Minute) int) metric {
		return metric{name: name, unit: "Seconds", events: func(_ *measured, m *metrics.Minute) (float64, int) { return sum(m).Seconds(), n(m) }}
	}
	completed := func(m *metrics.Minute) int { return m.Completed }
	succeeded := func(m *metrics.Minute) int { return m.Succeeded }
	executed := func(m *metrics.Minute) int { return m.Actions.Succeeded + m.Actions.Failed }
	actionsSucceeded := func(m *metrics.Minute) int { return m.Actions.Succeeded }
	fired := func(m *metrics.Minute) int { return m.Triggers.Fired }
	triggered := func(m *metrics.Minute) int { return m.Triggers.Succeeded + m.Triggers.Failed + m.Triggers.Skipped }
	triggersSucceeded := func(m *metrics.Minute) int { return m.Triggers.Succeeded }
	return append([]metric{
		count("RunsStarted", func(m *metrics.Minute) int { return m.Started }),
		count("RunsCompleted", completed),
		count("RunsSucceeded", succeeded),
		count("RunsFailed", func(m *metrics.Minute) int { return m.Failed }),
		count("RunsCancelled", func(m *metrics.Minute) int { return m.Cancelled }),
		latency("RunLatency", func(m *metrics.Minute) time.Duration { return m.Latency }, completed),
		latency("RunSuccessLatency", func(m *metrics.Minute) time.Duration { return m.SuccessLatency }, succeeded),
		{name: "RunFailurePercentage", unit: "Percent", events: func(_ *measured, m *metrics.Minute) (float64, int) { return 100 * float64(m.Failed), m.Completed }},
		count("ActionsStarted", func(m *metrics.Minute) int { return m.Actions.Started }),
		count("ActionsCompleted", executed),
		count("ActionsSucceeded", actionsSucceeded),
		count("ActionsFailed", func(m *metrics.Minute) int { return m.Actions.Failed }),
		count("ActionsSkipped", func(m *metrics.Minute) int { return m.Actions.Skipped }),
		latency("ActionLatency", func(m *metrics.Minute) time.Duration { return m.Actions.Latency }, executed),
		latency("ActionSuccessLatency", func(m *metrics.Minute) time.Duration { return m.Actions.SuccessLatency }, actionsSucceeded),
		count("TriggersStarted", triggered),
		count("TriggersCompleted", triggered),
		count("TriggersSucceeded", triggersSucceeded),
		count("TriggersFailed", func(m *metrics.Minute) int { return m.Triggers.Failed }),
		count("TriggersSkipped", func(m *metrics.Minute) int { return m.Triggers.Skipped }),
		count("TriggersFired", fired),
		latency("TriggerLatency", func(m *metrics.Minute) time.Duration { return m.Triggers.Latency }, triggered),
		latency("TriggerFireLatency", func(m *metrics.Minute) time.Duration { return m.Triggers.FireLatency }, fired),
		latency("TriggerSuccessLatency", func(m *metrics.Minute) time.Duration { return m.Triggers.SuccessLatency }, triggersSucceeded),
	}, usageMetrics()...)
}

const workflowProcessor = "IntegrationServiceEnvironmentWorkflowProcessorUsage"

// usageMetrics are what an environment uses, in percent. Environments share one process,
// so each says what it is of: the processor of workflows is the throughput that its units
// are documented for, of which 80 % is where throttling begins; their memory is the
// process's; the processor of connectors are the requests that may be under way at a
// time, their memory the large messages that may be held for requests.
func usageMetrics() []metric {
	usage := func(name string, of func(*metrics.Usage) float64) metric {
		return metric{name: "IntegrationServiceEnvironment" + name + "Usage", unit: "Percent", ofISE: true,
			events: func(_ *measured, m *metrics.Minute) (float64, int) { return of(&m.Usage), m.Usage.Looks }}
	}
	return []metric{
		{name: workflowProcessor, unit: "Percent", ofISE: true, events: func(of *measured, m *metrics.Minute) (float64, int) {
			return 100 * float64(m.Actions.Succeeded+m.Actions.Failed) / float64(max(1, of.actions)), 1
		}},
		usage("WorkflowMemory", func(u *metrics.Usage) float64 { return u.Memory }),
		usage("ConnectorProcessor", func(u *metrics.Usage) float64 { return u.Connectors }),
		usage("ConnectorMemory", func(u *metrics.Usage) float64 { return u.ConnectorsMessages }),
	}
}

// aggregations are those that may be asked for, and the members that have them.
func aggregations() []string { return []string{"Average", "Minimum", "Maximum", "Total", "Count"} }

// aggregate is the members of a point: the values of its minutes, put together.
func (m *metric) aggregate(of *measured, minutes []metrics.Minute, asked []string) (f fields) {
	var sum, least, most, events float64
	n, number := 0, 0
	for i := range minutes {
		v, ok := m.value(of, &minutes[i])
		if !ok {
			continue
		}
		if n == 0 {
			least, most = v, v
		}
		part, counted := m.events(of, &minutes[i])
		n, number = n+1, number+counted
		sum, events, least, most = sum+v, events+part, min(least, v), max(most, v)
	}
	if n == 0 {
		return nil
	}
	if m.average() {
		sum = events // of all events, however they lie in the minutes
		n = number
	}
	values := map[string]float64{"Average": sum / float64(max(1, n)), "Minimum": least, "Maximum": most, "Total": sum, "Count": float64(n)}
	for _, name := range asked {
		f = append(f, member(strings.ToLower(name), expr.Float(values[name])))
	}
	return f
}

// measured is what has metrics: an environment, by store id, or one of its workflows.
type measured struct {
	environment, flow string
	actions           int64 // a minute, that the environment is documented for
}

// metrics are those of the resource.
func (of *measured) metrics() []metric {
	return slices.DeleteFunc(resourceMetrics(), func(m metric) bool { return m.ofISE && of.flow != "" })
}

// find finds a metric by its name; nil if there is none.
func (of *measured) find(name string) *metric {
	for _, m := range of.metrics() {
		if strings.EqualFold(m.name, strings.TrimSpace(name)) {
			return &m
		}
	}
	return nil
}

func (of *measured) names() string {
	var names []string
	for _, m := range of.metrics() {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}

// measured finds what has the metrics of a resource.
func (s *Service) measured(ctx context.Context, resource arm.ID) (of *measured, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		stored, err := arm.Load(tx, resource.String())
		if errors.Is(err, store.ErrNotFound) {
			return arm.Missing("ResourceNotFound", "The resource '%s' was not found.", resource)
		}
		if err != nil {
			return err
		}
		switch {
		case strings.EqualFold(stored.Type, environmentType):
			form, err := decode[environment](stored.Resource)
			if err != nil {
				return err
			}
			of = &measured{environment: form.ID, actions: documentedActions(form.SKU, form.Capacity)}
			return nil
		case strings.EqualFold(stored.Type, workflowType):
			form, err := decode[workflow](stored.Resource)
			if err != nil {
				return err
			}
			of = &measured{environment: form.Environment, flow: form.FlowID}
			return nil
		}
		return arm.Invalid("BadRequest", "", "Resources of type '%s' have no metrics here. Integration service environments and workflows have.", stored.Type)
	})
	return of, err
}

// Metric is a metric of an environment or a workflow in each of n minutes from a moment
// on; NaN where it has no value. The error is an *arm.Error if there is no such resource
// or metric.
func (s *Service) Metric(ctx context.Context, resource, name string, from time.Time, n int) ([]float64, error) {
	id, err := arm.ParseID(resource)
	if err != nil {
		return nil, err
	}
	of, err := s.measured(ctx, id)
	if err != nil {
		return nil, err
	}
	m := of.find(name)
	if m == nil {
		return nil, arm.Invalid("BadRequest", "metricName", "There is no metric '%s'. Valid metrics: %s.", name, of.names())
	}
	values := make([]float64, n)
	for i, minute := range s.minutes(of, from, n) {
		v, ok := m.value(of, &minute)
		if !ok {
			v = math.NaN()
		}
		values[i] = v
	}
	return values, nil
}

func (s *Service) minutes(of *measured, from time.Time, n int) []metrics.Minute {
	if s.config.Minutes == nil {
		return make([]metrics.Minute, n)
	}
	return s.config.Minutes.Series(of.environment, of.flow, from, time.Minute, n)
}

// HasMetric says whether resources of a type have a metric; the error says what they have.
func HasMetric(resourceType, name string) error {
	of := &measured{}
	switch {
	case strings.EqualFold(resourceType, workflowType):
		of.flow = "any"
	case !strings.EqualFold(resourceType, environmentType):
		return fmt.Errorf("resources of type '%s' have no metrics here; integration service environments and workflows have", resourceType)
	}
	if of.find(name) == nil {
		return fmt.Errorf("there is no metric '%s'; valid metrics: %s", name, of.names())
	}
	return nil
}

// PerUnit says that the same load is a smaller value of a metric with more units of
// capacity.
func PerUnit(name string) bool { return strings.EqualFold(name, workflowProcessor) }
