package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/wdl"
)

// act performs the effects of a result that is durable.
func (a *active) act(result engine.Result) {
	for _, effect := range result.Effects {
		switch e := effect.(type) {
		case engine.Call:
			a.begin(e)
		case engine.Abandon:
			a.end(e.ID)
		case engine.Respond:
			a.answer(&Reply{Sent: true, Action: e.Action, StatusCode: e.StatusCode, Headers: e.Headers, Body: e.Body, HasBody: e.HasBody})
			a.runner.answered(a.key)
		case engine.Finish:
			a.answer(&Reply{Finish: e})
			a.runner.answered(a.key)
		}
	}
}

// answer leaves the reply to whoever waits for it; only the first one counts.
func (a *active) answer(r *Reply) {
	a.mu.Lock()
	waits := a.caller
	a.mu.Unlock()
	if waits == nil {
		return
	}
	if r.Sent && r.Body.HasReference() {
		body, err := a.resolveRecent(a.runner.ctx, r.Body)
		if err != nil {
			r = &Reply{Finish: engine.Finish{Status: wdl.Failed, Code: "InternalServerError", Error: &engine.Error{Code: "InternalServerError", Message: "The body of the response could not be read."}}}
			a.log().Error("response body", "error", err)
		} else {
			r.Body = body
		}
	}
	waits.set(r)
	a.mu.Lock()
	a.caller = nil
	a.mu.Unlock()
}

// begin puts a request in line.
func (a *active) begin(call engine.Call) {
	ctx, cancel := a.bound(call.Deadline)
	a.mu.Lock()
	if a.calls == nil {
		a.calls = map[engine.EffectID]context.CancelFunc{}
	}
	a.calls[call.ID] = cancel
	a.mu.Unlock()
	a.runner.meter.count(a.key.environment, a.runner.config.Clock(), Throughput{Calls: 1})
	a.runner.calls.doThen(a.key.environment, func() (then func()) {
		defer cancel()
		return a.complete(ctx, call)
	})
}

// complete makes the request and hands on what came of it; then drives the run, if
// somebody must.
func (a *active) complete(ctx context.Context, call engine.Call) (then func()) {
	room := a.runner.buffer.Room()
	outcome, ok := a.perform(ctx, call, room)
	drive := false
	if ok {
		drive, ok = a.enqueue(delivery{event: engine.Completed{Effect: call.ID, Outcome: outcome, Repeated: call.Repeated}, room: room, call: call.ID})
	}
	if !ok { // also if the run has gone meanwhile: it was given up, and makes the call again when it is loaded
		room.Release()
		return nil
	}
	a.answeredMeanwhile(call, outcome)
	if !drive {
		return nil
	}
	return a.drive
}

// bound is the context of a request that has until a deadline, if there is one.
func (a *active) bound(deadline time.Time) (context.Context, context.CancelFunc) {
	if deadline.IsZero() {
		return context.WithCancel(a.runner.ctx)
	}
	return context.WithTimeout(a.runner.ctx, deadline.Sub(a.runner.config.Clock()))
}

// end cancels a request whose outcome is no longer wanted.
func (a *active) end(id engine.EffectID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cancel := a.calls[id]; cancel != nil {
		cancel()
		delete(a.calls, id)
	}
}

// perform makes the request; false if there is no outcome because the runner stops
// or the request was abandoned.
func (a *active) perform(ctx context.Context, call engine.Call, room *connector.Room) (outcome engine.Outcome, ok bool) {
	if ctx.Err() == nil {
		outcome = a.request(ctx, call, room)
	}
	switch ctx.Err() {
	case context.Canceled:
		return engine.Outcome{}, false
	case context.DeadlineExceeded:
		outcome = timedOut(outcome)
	}
	return outcome, true
}

func (a *active) request(ctx context.Context, call engine.Call, room *connector.Room) engine.Outcome {
	var full *connector.FullError
	if size := whole(call.Inputs, call.Context, call.Progress); size > connector.FreeMessage && errors.As(room.Take(size), &full) {
		return full.Outcome()
	}
	inputs, err := a.resolve(ctx, call.Inputs)
	if err == nil {
		call.Context, err = a.resolve(ctx, call.Context)
	}
	if err != nil {
		return broken("A value of the inputs could not be read from the content storage.")
	}
	call.Inputs = inputs
	if call.Progress, err = Resolve(ctx, a.db, a.key.run, call.Progress); err != nil {
		call.Progress = expr.Null() // it begins again
	}
	return a.runner.operate(ctx, a.key.environment, connector.Call{
		Call:              call,
		Workflow:          a.workflow,
		RunID:             a.key.run,
		TriggerTrackingID: a.trigger.trackingID,
		ClientTrackingID:  a.trigger.clientTrackingID,
		Trace:             a.handOn(&call),
		Room:              room,
		Dialer:            a.runner.config.Network.Dialer(a.key.environment, connector.Subnet(call.Operation)),
	})
}

// whole is how many bytes values have with what is behind their references.
func whole(values ...expr.Value) (size int64) {
	for _, v := range values {
		size += v.Weight()
		if v.HasReference() {
			_, _ = v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
				size += ref.Size
				return expr.Null(), nil
			})
		}
	}
	return size
}

// operate has the operation of a call perform it, whatever that does.
func (r *Runner) operate(ctx context.Context, environment string, c connector.Call) (outcome engine.Outcome) {
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			r.config.Log.Error("operation panicked", "environment", environment, "workflow", c.Workflow.FlowID, "run", c.RunID, "action", c.Subject.Name, "type", c.Operation, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			outcome = broken("The operation failed unexpectedly; the server's log says why.")
		}
		r.requested(Request{environment, c.Workflow, c.Operation, outcome.Status, outcome.StatusCode, time.Since(began)})
	}()
	operation := r.config.Operations[c.Operation]
	if operation == nil {
		return broken(fmt.Sprintf("The server has no operation of type '%s'.", c.Operation))
	}
	return operation.Perform(dataplane.WithSubject(ctx, dataplane.Subject{Workflow: c.Workflow.ID, Name: c.Subject.Name, Trigger: c.Subject.Trigger}), c)
}

func broken(message string) engine.Outcome {
	const code = "InternalServerError"
	return engine.Outcome{Status: wdl.Failed, Code: code, Error: &engine.Error{Code: code, Message: message}}
}
