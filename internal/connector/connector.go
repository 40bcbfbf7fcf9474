// Package connector says what an operation is: the one thing an action, or a trigger
// that polls, does to the outside world. The engine, and for a trigger the runner,
// decides when and how often; an [Operation] performs one request and reports what
// came of it, as data. [engine.Subject] is all that it knows of whose request it is.
//
// An operation gets all it may use in its [Call]: evaluated inputs, the dialer of
// the environment's subnet, a deadline in the context. It keeps no state between
// calls, never retries, never waits for an asynchronous answer (it reports
// [engine.Poll] and is called again), and never panics on what a peer sends. What
// it reports holds no secret of its inputs.
//
// The package also holds how bodies become values and values become bodies
// (wdl-semantics §7), which every operation and the access endpoint share.
package connector

import (
	"context"
	"time"

	"isle/engine"
	"isle/internal/dataplane"
	"isle/wdl"
)

// Operation performs requests of one type of action. It must be safe for
// concurrent use and return soon after the context ends.
type Operation interface {
	Perform(ctx context.Context, c Call) engine.Outcome
}

// Operations is the list: every type that acts on the outside world, and what
// performs it.
type Operations map[wdl.Type]Operation

// Ports are what an operation needs open from its subnet to the service it calls.
type Ports struct {
	TCP, UDP []uint16
	// Varies says that the author of a workflow chooses whom it calls, and may choose
	// another port than the usual ones listed.
	Varies bool
}

// Subnet is where in an environment what performs a type lives: connectors have a
// subnet of their own, everything else is built in.
func Subnet(t wdl.Type) dataplane.Subnet {
	switch t {
	case wdl.TypeAPIConnection, wdl.TypeAPIConnectionWebhook, wdl.TypeAPIConnectionNotification:
		return dataplane.SubnetConnectors
	}
	return dataplane.SubnetBuiltIn
}

// Call is one request of one attempt of one action, or one poll of a trigger.
type Call struct {
	engine.Call
	Workflow *engine.Workflow
	RunID    string // "" of a trigger: there is no run yet
	// TriggerTrackingID and ClientTrackingID correlate everything of a run.
	TriggerTrackingID string
	ClientTrackingID  string
	// Trace is what the request hands on of the trace that the run belongs to; its
	// Parent is the span of the request.
	Trace engine.Trace
	// Room is where large messages that are received are counted, until what came of the
	// call is stored; nil: they are not.
	Room *Room
	// Dialer is the only way to the network.
	Dialer dataplane.Dialer
}

// SystemID is where the service says a workflow runs (wdl-semantics §14.2).
func SystemID(w *engine.Workflow) string {
	return "/locations/" + w.Location + "/scaleunits/prod-00/workflows/" + w.FlowID
}

// Reported is what an operation that made a request reports: when, under which id, and
// with what inputs, as a history may show them.
func Reported(clock func() time.Time, c Call, perform func() engine.Outcome) engine.Outcome {
	start := clock()
	outcome := perform()
	outcome.Inputs, outcome.HasInputs = Sanitise(c.Inputs)
	outcome.ClientRequestID = c.ClientRequestID
	outcome.Start, outcome.End = start.UTC(), clock().UTC()
	return outcome
}
