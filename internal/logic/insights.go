package logic

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/metrics"
	"isle/internal/store"
	"isle/wdl"
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
		part, of := m.events(of, &minutes[i])
		n, number = n+1, number+of
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

// insightsTypes are the lists of Microsoft.Insights that extend environments and
// workflows.
func (s *Service) insightsTypes() []arm.Type {
	view := func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return object(), nil }
	of := func(name string, list arm.Handler) arm.Type {
		return arm.Type{Name: "Microsoft.Insights/" + name, APIVersions: []string{"2024-02-01", "2023-10-01", "2021-05-01", "2019-07-01", "2018-01-01", "2017-05-01-preview", "2016-09-01", "2016-06-01"}, AnyVersion: true, Extension: true, NoState: true, View: view, Collection: list}
	}
	return []arm.Type{of("metricDefinitions", s.listMetricDefinitions), of("metrics", s.listMetrics)}
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
		if err != nil {
			return arm.Missing("ResourceNotFound", "The resource '%s' was not found.", resource)
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

func (s *Service) listMetricDefinitions(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	of, err := s.measured(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	for _, m := range of.metrics() {
		values = append(values, object(
			member("id", expr.String(r.ID.String()+"/providers/Microsoft.Insights/metricdefinitions/"+m.name)),
			member("resourceId", expr.String(r.ID.String())), member("namespace", expr.String(r.ID.Type())),
			member("name", metricName(m.name)), member("unit", expr.String(m.unit)),
			member("primaryAggregationType", expr.String(m.primary())), member("supportedAggregationTypes", texts(aggregations()...)),
			member("isDimensionRequired", expr.Bool(false)),
			member("metricAvailabilities", expr.Array(object(member("timeGrain", expr.String("PT1M")), member("retention", expr.String("P1D")))))))
	}
	return arm.Page(values, ""), nil
}

func metricName(name string) expr.Value {
	return object(member("value", expr.String(name)), member("localizedValue", expr.String(name)))
}

// maxPoints bounds the points of one metric in an answer.
const maxPoints = metrics.KeptMinutes

// asked is what a request for metrics asks for.
type asked struct {
	metrics      []metric
	aggregations []string // in the order of aggregations; empty: each metric's own
	span         span
}

// span is the time that is asked for, in steps of whole minutes.
type span struct {
	from, to time.Time
	step     time.Duration
	interval string // the step, as it is shown
}

func (p *span) points() int { return int((p.to.Sub(p.from) + p.step - 1) / p.step) }

// listMetrics answers metricnames over timespan, a point for each interval.
func (s *Service) listMetrics(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	of, err := s.measured(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	var found arm.Found
	q := asked{metrics: metricsAsked(r, of, &found), aggregations: aggregationsAsked(r, &found), span: metricsSpan(r, &found)}
	if namespace := r.Query.Get("metricnamespace"); namespace != "" && !strings.EqualFold(namespace, r.ID.Type()) {
		found.Add("BadRequest", "metricnamespace", "There is no metric namespace '%s' of this resource. Its metrics are of %s.", namespace, r.ID.Type())
	}
	if r.Query.Get("$filter") != "" {
		found.Add("BadRequest", "$filter", "The metrics of environments and workflows have no dimensions that could be filtered by. Leave $filter out.")
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	points := s.metricPoints(of, &q, r.Now)
	values := make([]expr.Value, len(q.metrics))
	for i, m := range q.metrics {
		values[i] = object(
			member("id", expr.String(r.ID.String()+"/providers/Microsoft.Insights/metrics/"+m.name)), member("type", expr.String("Microsoft.Insights/metrics")),
			member("name", metricName(m.name)), member("unit", expr.String(m.unit)), member("errorCode", expr.String("Success")),
			member("timeseries", expr.Array(object(member("metadatavalues", expr.Array()), member("data", expr.Array(points[i]...))))))
	}
	return arm.Reply(object(member("cost", expr.Int(0)), member("timespan", expr.String(timestamp(q.span.from)+"/"+timestamp(q.span.to))),
		member("interval", expr.String(q.span.interval)), member("namespace", expr.String(r.ID.Type())), member("value", expr.Array(values...)))), nil
}

// metricPoints are the points of each metric that is asked for. Minutes that are kept no
// more are not looked for.
func (s *Service) metricPoints(of *measured, q *asked, now time.Time) [][]expr.Value {
	points := make([][]expr.Value, len(q.metrics))
	width := int(q.span.step / time.Minute)
	for k := range q.span.points() {
		at := q.span.from.Add(time.Duration(k) * q.span.step)
		var minutes []metrics.Minute
		if first := later(at, now.Add(-metrics.KeptMinutes*time.Minute).Truncate(time.Minute)); !first.After(now) && first.Before(at.Add(q.span.step)) {
			minutes = s.minutes(of, first, min(width-int(first.Sub(at)/time.Minute), int(now.Sub(first)/time.Minute)+1))
		}
		for i := range q.metrics {
			m := &q.metrics[i]
			wanted := q.aggregations
			if len(wanted) == 0 {
				wanted = []string{m.primary()}
			}
			members := fields{member("timeStamp", expr.String(timestamp(at)))}
			if minutes == nil && !m.average() {
				minutes = make([]metrics.Minute, 1)
			}
			points[i] = append(points[i], append(members, m.aggregate(of, minutes, wanted)...).value())
		}
	}
	return points
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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

// metricsAsked are those named, the first one if none is.
func metricsAsked(r *arm.Request, of *measured, found *arm.Found) (list []metric) {
	names := r.Query.Get("metricnames")
	if names == "" {
		return of.metrics()[:1]
	}
	for name := range strings.SplitSeq(names, ",") {
		if m := of.find(name); m != nil {
			list = append(list, *m)
		} else {
			found.Add("BadRequest", "metricnames", "There is no metric '%s'. Valid metrics: %s.", name, of.names())
		}
	}
	return list
}

func aggregationsAsked(r *arm.Request, found *arm.Found) (list []string) {
	text := r.Query.Get("aggregation")
	if text == "" {
		return nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(text, ",") {
		known, ok := arm.Choice(strings.TrimSpace(name), aggregations()...)
		if !ok {
			found.Add("BadRequest", "aggregation", "There is no aggregation '%s'. Valid ones: %s.", name, strings.Join(aggregations(), ", "))
		}
		wanted[known] = true
	}
	for _, name := range aggregations() {
		if wanted[name] {
			list = append(list, name)
		}
	}
	return list
}

// metricsSpan reads timespan, "start/end", the last hour without one, and interval: FULL
// is the whole of it.
func metricsSpan(r *arm.Request, found *arm.Found) span {
	p := span{step: time.Minute, to: r.Now.Truncate(time.Minute).Add(time.Minute), interval: cmp.Or(r.Query.Get("interval"), "PT1M")}
	p.from = p.to.Add(-time.Hour)
	if text := r.Query.Get("timespan"); text != "" {
		first, last, _ := strings.Cut(text, "/")
		from, err := time.Parse(time.RFC3339, first)
		to, err2 := time.Parse(time.RFC3339, last)
		if err != nil || err2 != nil || !from.Before(to) {
			found.Add("BadRequest", "timespan", "The timespan '%s' is not valid. Give two times such as 2030-01-01T00:00:00Z/2030-01-01T01:00:00Z, the earlier one first.", text)
			return p
		}
		p.from, p.to = from.UTC().Truncate(time.Minute), to.UTC()
	}
	if strings.EqualFold(p.interval, "FULL") {
		p.step = (p.to.Sub(p.from) + time.Minute - 1).Truncate(time.Minute)
		return p
	}
	d, err := wdl.ParseDuration(p.interval)
	if at := d.From(p.from).Sub(p.from); err == nil && at >= time.Minute && at%time.Minute == 0 {
		p.step = at
	} else {
		found.Add("BadRequest", "interval", "The interval '%s' is not valid. Give whole minutes, such as PT1M or PT1H, or FULL.", p.interval)
	}
	if p.to.Sub(p.from)/p.step > maxPoints {
		found.Add("BadRequest", "timespan", "The timespan has more than %d intervals. Give a shorter one, or a longer interval.", maxPoints)
	}
	return p
}
