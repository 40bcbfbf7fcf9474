package tracing

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"isle/engine"
	"isle/internal/runner"
	"isle/wdl"
)

// run makes the spans of what was committed, until the tracer is closed.
func (t *Tracer) run() {
	defer close(t.done)
	for p := range t.commits {
		t.spans(p)
	}
}

// spans makes the spans of what ended with a commit.
func (t *Tracer) spans(p runner.Progress) {
	common := t.common(p)
	records, err := engine.DecodeRecords(p.Rows)
	if err != nil {
		return // the run is in the history all the same
	}
	for i := range records {
		if r := &records[i]; !r.End.IsZero() && r.Status != wdl.Skipped && !r.Kept { // that has a span in the trace of its run
			t.action(p, r, common)
		}
	}
	if p.Ended {
		t.whole(p, common)
	}
}

// common are the attributes of all spans of a run.
func (t *Tracer) common(p runner.Progress) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("isle.environment", t.options.Environment(p.Environment)),
		attribute.String("isle.workflow", p.Workflow.ID),
		attribute.String("isle.run", p.Run),
	}
}

// whole makes the span of the run.
func (t *Tracer) whole(p runner.Progress, common []attribute.KeyValue) {
	ctx, kind := context.Background(), trace.SpanKindInternal
	if p.Trace.Known() {
		ctx, kind = t.below(ctx, p, p.Trace.Parent), trace.SpanKindServer
	}
	ctx = identity{traceID(p.Run, p.Trace), spanID(p.Run, "", "", false)}.in(ctx)
	_, span := t.tracer.Start(ctx, p.Workflow.Name, trace.WithSpanKind(kind), trace.WithTimestamp(p.Start), trace.WithAttributes(common...),
		trace.WithAttributes(attribute.String("isle.trigger", p.Trigger)))
	end(span, p.Status, p.Code)
	span.End(trace.WithTimestamp(p.End))
}

// action makes the span of a record.
func (t *Tracer) action(p runner.Progress, r *engine.Record, common []attribute.KeyValue) {
	scope := engine.ScopeOf(r.Repetition)
	ctx := t.below(context.Background(), p, parent(p, r, scope))
	ctx = identity{traceID(p.Run, p.Trace), spanID(p.Run, r.Action, scope, r.Iteration)}.in(ctx)
	name, kind := r.Action, trace.SpanKindInternal
	if r.Iteration {
		name += "[" + strconv.Itoa(r.Repetition[len(r.Repetition)-1].Index) + "]"
	} else if r.Attempts > 0 {
		kind = trace.SpanKindClient
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithTimestamp(r.Start), trace.WithAttributes(common...),
		trace.WithAttributes(attribute.String("isle.action", r.Action), attribute.String("isle.type", string(r.Type)), attribute.String("isle.tracking_id", r.TrackingID)))
	if scope != "" {
		span.SetAttributes(attribute.String("isle.repetition", engine.RepetitionName(r.Repetition)))
	}
	if r.Repeated {
		span.SetAttributes(attribute.Bool("isle.repeated_after_restart", true))
	}
	for _, attempt := range r.RetryHistory {
		span.AddEvent("attempt", trace.WithTimestamp(attempt.End), trace.WithAttributes(attribute.String("isle.code", attempt.Code),
			attribute.String("isle.client_request_id", attempt.ClientRequestID), attribute.String("isle.service_request_id", attempt.ServiceRequestID)))
	}
	end(span, r.Status, r.Code)
	span.End(trace.WithTimestamp(r.End))
}

// end says how it ended. The code stands for the message, which may hold data.
func end(span trace.Span, status wdl.Status, code string) {
	span.SetAttributes(attribute.String("isle.status", status.String()), attribute.String("isle.code", code))
	switch status {
	case wdl.Failed, wdl.TimedOut, wdl.Aborted, wdl.Faulted:
		span.SetStatus(codes.Error, code)
	}
}

// below is a context in which spans are children of another one.
func (t *Tracer) below(ctx context.Context, p runner.Progress, parent trace.SpanID) context.Context {
	state, _ := trace.ParseTraceState(p.Trace.State)
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID(p.Run, p.Trace), SpanID: parent, TraceFlags: trace.TraceFlags(flags(p.Trace)), TraceState: state, Remote: true,
	}))
}

// parent is the span that an action's stands below: of the iteration or the container
// that it stands in, else of the run. That of an iteration is its loop's.
func parent(p runner.Progress, r *engine.Record, scope string) trace.SpanID {
	if r.Iteration {
		return spanID(p.Run, r.Action, engine.ScopeOf(r.Repetition[:len(r.Repetition)-1]), false)
	}
	a, ok := p.Workflow.Program.Action(r.Action)
	if !ok || a.Container == nil || a.Container.Owner == nil {
		return spanID(p.Run, "", "", false)
	}
	owner := a.Container.Owner
	loop := len(r.Repetition) > 0 && r.Repetition[len(r.Repetition)-1].Scope == owner.Name
	return spanID(p.Run, owner.Name, scope, loop)
}
