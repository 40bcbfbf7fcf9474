package logic

import (
	"cmp"
	"context"
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

// metric is one of the documented metrics of environments and workflows (ise.md #131): a
// count, shown as its total, or a latency in seconds, shown as its average.
type metric struct {
	name    string
	count   func(*metrics.Minute) int
	latency func(*metrics.Minute) time.Duration // nil for a count; count is of what
}

func resourceMetrics() []metric {
	completed := func(m *metrics.Minute) int { return m.Completed }
	succeeded := func(m *metrics.Minute) int { return m.Succeeded }
	started := func(m *metrics.Minute) int { return m.Started }
	return []metric{
		{"RunsStarted", started, nil},
		{"RunsCompleted", completed, nil},
		{"RunsSucceeded", succeeded, nil},
		{"RunsFailed", func(m *metrics.Minute) int { return m.Failed }, nil},
		{"RunsCancelled", func(m *metrics.Minute) int { return m.Cancelled }, nil},
		{"RunLatency", completed, func(m *metrics.Minute) time.Duration { return m.Latency }},
		{"RunSuccessLatency", succeeded, func(m *metrics.Minute) time.Duration { return m.SuccessLatency }},
		{"ActionsCompleted", func(m *metrics.Minute) int { return m.Actions }, nil},
		{"TriggersFired", started, nil},
	}
}

func (m *metric) words() (unit, aggregation string) {
	if m.latency != nil {
		return "Seconds", "Average"
	}
	return "Count", "Total"
}

// point is the metric over some minutes; a latency of nothing has no value.
func (m *metric) point(at time.Time, done *metrics.Minute) expr.Value {
	p := fields{member("timeStamp", expr.String(timestamp(at)))}
	switch n := m.count(done); {
	case m.latency == nil:
		p.add("total", expr.Int(int64(n)))
	case n > 0:
		p.add("average", expr.Float(m.latency(done).Seconds()/float64(n)))
	}
	return p.value()
}

// insightsTypes are the lists of Microsoft.Insights that extend environments and
// workflows.
func (s *Service) insightsTypes() []arm.Type {
	view := func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return object(), nil }
	of := func(name string, list arm.Handler) arm.Type {
		return arm.Type{Name: "Microsoft.Insights/" + name, APIVersions: []string{"2018-01-01"}, Extension: true, NoState: true, View: view, Collection: list}
	}
	return []arm.Type{of("metricDefinitions", s.listMetricDefinitions), of("metrics", s.listMetrics)}
}

// measured finds what a request asks the metrics of: the store id of its environment and,
// of a workflow, its flow id.
func (s *Service) measured(ctx context.Context, r *arm.Request) (environmentID, flow string, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		stored, err := arm.Load(tx, r.ID.String())
		if err != nil {
			return arm.Missing("ResourceNotFound", "The resource '%s' was not found.", r.ID)
		}
		switch {
		case strings.EqualFold(stored.Type, environmentType):
			form, err := decode[environment](stored.Resource)
			if err != nil {
				return err
			}
			environmentID = form.ID
			return nil
		case strings.EqualFold(stored.Type, workflowType):
			form, err := decode[workflow](stored.Resource)
			if err != nil {
				return err
			}
			environmentID, flow = form.Environment, form.FlowID
			return nil
		}
		return arm.Invalid("BadRequest", "", "Resources of type '%s' have no metrics here. Integration service environments and workflows have.", stored.Type)
	})
	return environmentID, flow, err
}

func (s *Service) listMetricDefinitions(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	if _, _, err := s.measured(ctx, r); err != nil {
		return nil, err
	}
	var values []expr.Value
	for _, m := range resourceMetrics() {
		unit, aggregation := m.words()
		values = append(values, object(
			member("id", expr.String(r.ID.String()+"/providers/Microsoft.Insights/metricdefinitions/"+m.name)),
			member("resourceId", expr.String(r.ID.String())), member("namespace", expr.String(r.ID.Type())),
			member("name", metricName(m.name)), member("unit", expr.String(unit)),
			member("primaryAggregationType", expr.String(aggregation)), member("supportedAggregationTypes", texts(aggregation)),
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

// listMetrics answers metricnames over timespan, a point for each interval.
func (s *Service) listMetrics(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	environmentID, flow, err := s.measured(ctx, r)
	if err != nil {
		return nil, err
	}
	var found arm.Found
	asked := metricsAsked(r, &found)
	from, to, step := metricsSpan(r, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	points := make([][]expr.Value, len(asked))
	if s.config.Minutes != nil {
		n := int((to.Sub(from) + step - 1) / step)
		for k, done := range s.config.Minutes.Series(environmentID, flow, from, step, n) {
			for i := range asked {
				points[i] = append(points[i], asked[i].point(from.Add(time.Duration(k)*step), &done))
			}
		}
	}
	values := make([]expr.Value, len(asked))
	for i, m := range asked {
		unit, _ := m.words()
		values[i] = object(
			member("id", expr.String(r.ID.String()+"/providers/Microsoft.Insights/metrics/"+m.name)), member("type", expr.String("Microsoft.Insights/metrics")),
			member("name", metricName(m.name)), member("unit", expr.String(unit)), member("errorCode", expr.String("Success")),
			member("timeseries", expr.Array(object(member("metadatavalues", expr.Array()), member("data", expr.Array(points[i]...))))))
	}
	return arm.Reply(object(member("cost", expr.Int(0)), member("timespan", expr.String(timestamp(from)+"/"+timestamp(to))),
		member("interval", expr.String(cmp.Or(r.Query.Get("interval"), "PT1M"))), member("namespace", expr.String(r.ID.Type())), member("value", expr.Array(values...)))), nil
}

// metricsAsked are those named, the first one if none is.
func metricsAsked(r *arm.Request, found *arm.Found) (asked []metric) {
	all := resourceMetrics()
	names := r.Query.Get("metricnames")
	if names == "" {
		return all[:1]
	}
	known := make([]string, len(all))
	for i := range all {
		known[i] = all[i].name
	}
	for name := range strings.SplitSeq(names, ",") {
		before := len(asked)
		for _, m := range all {
			if strings.EqualFold(m.name, strings.TrimSpace(name)) {
				asked = append(asked, m)
			}
		}
		if len(asked) == before {
			found.Add("BadRequest", "metricnames", "There is no metric '%s'. Valid metrics: %s.", name, strings.Join(known, ", "))
		}
	}
	return asked
}

// metricsSpan reads timespan, "start/end", the last hour without one, and interval.
func metricsSpan(r *arm.Request, found *arm.Found) (from, to time.Time, step time.Duration) {
	step, to = time.Minute, r.Now.Truncate(time.Minute).Add(time.Minute)
	from = to.Add(-time.Hour)
	if text := r.Query.Get("timespan"); text != "" {
		first, last, _ := strings.Cut(text, "/")
		var err, err2 error
		from, err = time.Parse(time.RFC3339, first)
		to, err2 = time.Parse(time.RFC3339, last)
		if err != nil || err2 != nil || !from.Before(to) {
			found.Add("BadRequest", "timespan", "The timespan '%s' is not valid. Give two times such as 2030-01-01T00:00:00Z/2030-01-01T01:00:00Z, the earlier one first.", text)
			return from, to, step
		}
		from = from.UTC().Truncate(time.Minute)
		to = to.UTC()
	}
	if text := r.Query.Get("interval"); text != "" {
		d, err := wdl.ParseDuration(text)
		if at := d.From(from).Sub(from); err == nil && at >= time.Minute && at%time.Minute == 0 {
			step = at
		} else {
			found.Add("BadRequest", "interval", "The interval '%s' is not valid. Give whole minutes, such as PT1M or PT1H.", text)
		}
	}
	if to.Sub(from)/step > maxPoints {
		found.Add("BadRequest", "timespan", "The timespan has more than %d intervals. Give a shorter one, or a longer interval.", maxPoints)
	}
	return from, to, step
}
