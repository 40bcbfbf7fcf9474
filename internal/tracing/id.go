package tracing

import (
	"context"
	"crypto/sha256"

	"go.opentelemetry.io/otel/trace"

	"isle/engine"
)

// traceID is the trace of a run: its caller's, or one of its own.
func traceID(run string, of engine.Trace) (id trace.TraceID) {
	if of.Known() {
		return of.ID
	}
	sum := sha256.Sum256([]byte("trace\x00" + run))
	copy(id[:], sum[:])
	return id
}

func flags(of engine.Trace) byte {
	if of.Known() {
		return of.Flags
	}
	return byte(trace.FlagsSampled)
}

// spanID is the span of a repetition of an action, of one iteration of a loop, or of the
// run itself: action "".
func spanID(run, action, scope string, iteration bool) (id trace.SpanID) {
	kind := "action"
	switch {
	case action == "":
		kind = "run"
	case iteration:
		kind = "iteration"
	}
	sum := sha256.Sum256([]byte(kind + "\x00" + run + "\x00" + action + "\x00" + scope))
	copy(id[:], sum[:])
	return id
}

// derived gives spans the ids that stand in their contexts.
type derived struct{}

// identity is what stands there.
type identity struct {
	trace trace.TraceID
	span  trace.SpanID
}

type identityKey struct{}

func (i identity) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// NewIDs implements sdk.IDGenerator.
func (derived) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	i, _ := ctx.Value(identityKey{}).(identity)
	return i.trace, i.span
}

// NewSpanID implements sdk.IDGenerator.
func (derived) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	i, _ := ctx.Value(identityKey{}).(identity)
	return i.span
}
