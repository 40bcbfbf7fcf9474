package runner

import (
	"context"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/task"
	"isle/wdl"
)

// ask performs a request of a trigger, as the action of its type would, and waits for
// the outcome; false if there is none, because the context or the runner has ended.
// It takes its turn among the environment's requests; a task's handler holds no
// worker meanwhile. The call's dialer and room are filled in; the caller calls release
// when what came of it is stored.
func (r *Runner) ask(ctx context.Context, environment string, c connector.Call) (outcome engine.Outcome, release func(), ok bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	if !c.Deadline.IsZero() {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, c.Deadline.Sub(r.config.Clock()))
		defer end()
	}
	c.Dialer = r.config.Network.Dialer(environment, connector.Subnet(c.Operation))
	c.Room = r.buffer.Room()
	answered := make(chan engine.Outcome, 1)
	task.Outside(ctx, func() {
		r.calls.do(environment, func() {
			answer := r.operate(ctx, environment, c)
			if ctx.Err() != nil { // who asked may have gone
				c.Room.Release()
			}
			answered <- answer
		})
		select {
		case outcome = <-answered:
			ok = ctx.Err() != context.Canceled
		case <-ctx.Done():
		}
	})
	if ctx.Err() == context.DeadlineExceeded {
		return timedOut(outcome), c.Room.Release, true
	}
	return outcome, c.Room.Release, ok
}

// timedOut is what became of a request when limit.timeout had passed (wdl-semantics
// §12.5).
func timedOut(o engine.Outcome) engine.Outcome {
	return engine.Outcome{Status: wdl.TimedOut, Code: "ActionTimedOut", Inputs: o.Inputs, HasInputs: o.HasInputs, Start: o.Start, End: o.End}
}
