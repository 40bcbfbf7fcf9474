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

// insightsTypes are the lists of Microsoft.Insights that extend environments and
// workflows.
func (s *Service) insightsTypes() []arm.Type {
	view := func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return object(), nil }
	of := func(name string, list arm.Handler) arm.Type {
		return arm.Type{Name: "Microsoft.Insights/" + name, APIVersions: []string{"2024-02-01", "2023-10-01", "2021-05-01", "2019-07-01", "2018-01-01", "2017-05-01-preview", "2016-09-01", "2016-06-01"}, AnyVersion: true, Extension: true, NoState: true, View: view, Collection: list}
	}
	return []arm.Type{of("metricDefinitions", s.listMetricDefinitions), of("metrics", s.listMetrics)}
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
