package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"isle/engine"
	"isle/internal/runner"
	"isle/internal/trigger"
	"isle/wdl"
)

// invoke serves the callback URL of a Request trigger, or of one that has subscribed
// (wdl-semantics §10.2, §10.5).
func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, t target) error {
	start := g.config.Clock().UTC()
	d, q, err := g.open(r.Context(), r, t)
	if err != nil {
		return err
	}
	if d, err = g.versioned(r.Context(), d, t.version); err != nil {
		return err
	}
	on, err := calledTrigger(d, t.trigger)
	if err != nil {
		return err
	}
	parameters, err := trigger.Match(on, r.Method, t.relativePath)
	if err != nil {
		return err
	}
	leave, err := g.admit(r, d)
	if err != nil {
		return err
	}
	defer leave()
	body, release, err := g.readBody(w, r, g.maxBody(d))
	if err != nil {
		return err
	}
	defer release()
	outputs, err := trigger.Outputs(on, &trigger.Request{Query: q, Host: r.Host, Header: r.Header, Body: body}, parameters)
	if err != nil {
		return err
	}
	if answer, ok := trigger.Handshake(d.Workflow.Program, on, r.Header, outputs); ok {
		return writeReply(w, &runner.Reply{Sent: true, StatusCode: http.StatusOK, Body: answer, HasBody: true}, "")
	}
	return g.fire(w, r, d, on, engine.Fired{Start: start, Outputs: outputs, HasOutputs: true}, leave)
}

// versioned is the deployed workflow with another version of its definition.
func (g *Gateway) versioned(ctx context.Context, d *runner.Deployed, version string) (*runner.Deployed, error) {
	if version == "" || version == d.Version {
		return d, nil
	}
	w, err := g.config.Workflows.Workflow(ctx, d.Environment, d.FlowID, version)
	if isNotFound(err) {
		return nil, notFound("WorkflowVersionNotFound", "The workflow '"+d.Name+"' has no version '"+version+"'.")
	}
	if err != nil {
		return nil, err
	}
	other := *d
	other.Version, other.Workflow = version, w
	return &other, nil
}

func calledTrigger(d *runner.Deployed, name string) (*wdl.Trigger, error) {
	on, ok := d.Workflow.Program.Trigger(name)
	switch {
	case !ok:
		return nil, notFound("WorkflowTriggerNotFound", "The workflow '"+d.Name+"' has no trigger '"+name+"'.")
	case !trigger.Callable(on):
		return nil, notCallable(d, on)
	case !d.Enabled:
		return nil, notFound("WorkflowTriggerIsNotEnabled", "Could not execute workflow '"+d.Name+"' trigger '"+on.Name+"' with state 'Disabled': trigger is not enabled.")
	}
	return on, nil
}

func notCallable(d *runner.Deployed, on *wdl.Trigger) error {
	return notFound("WorkflowTriggerNotFound", "The trigger '"+on.Name+"' of workflow '"+d.Name+"' is of type '"+string(on.Type)+"' and cannot be called by a request.")
}

// fire begins the run and answers. It calls stored when that is durable.
func (g *Gateway) fire(w http.ResponseWriter, r *http.Request, d *runner.Deployed, on *wdl.Trigger, fired engine.Fired, stored func()) error {
	program := d.Workflow.Program
	waits := program.ResponseExpected() && on.SplitOn == nil
	// Nothing of a stateless run is there to be polled.
	later := waits && asynchronous(program) && !d.Workflow.Stateless
	request := runner.FireRequest{
		Deployed:         d,
		Trigger:          on,
		Fired:            fired,
		ClientTrackingID: trigger.ClientTrackingID(r.Header),
		Caller:           waits,
		Polled:           later,
		Trace:            trigger.Trace(r.Header),
	}
	timeout := g.responseTimeout(d)
	if waits && !later {
		request.RespondBy = g.config.Clock().UTC().Add(timeout)
	}
	// A caller that hangs up does not undo a run.
	firing, err := g.config.Runner.Fire(context.WithoutCancel(r.Context()), request)
	stored()
	if err != nil {
		return fireError(on, err)
	}
	suppress := on.Options.Has(wdl.SuppressWorkflowHeadersOnResponse)
	if !suppress {
		writeWorkflowHeaders(w.Header(), d, firing)
	}
	switch {
	case later:
		g.writePollHeaders(w.Header(), d, firing.Started.RunID, firing.TrackingID)
		return accepted(w)
	case !waits || firing.Started == nil:
		return accepted(w)
	}
	g.intake.wait(1)
	defer g.intake.wait(-1)
	return g.respond(w, r, firing.Started, timeout)
}

func accepted(w http.ResponseWriter) error {
	w.Header()["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// asynchronous says whether the Response is to be polled for.
func asynchronous(p *wdl.Program) bool {
	for _, a := range p.Actions {
		if a.Type == wdl.TypeResponse && a.Options.Has(wdl.Asynchronous) {
			return true
		}
	}
	return false
}

func fireError(on *wdl.Trigger, err error) error {
	var template *runner.TriggerError
	switch {
	case errors.Is(err, runner.ErrThrottled):
		return &failure{status: http.StatusTooManyRequests, code: "EnvironmentThroughputExceeded", message: "The environment has carried out as many actions in the last minute as it may, so that the trigger '" + on.Name + "' begins no run. Try again later, or give the environment more capacity.", header: http.Header{"Retry-After": {"60"}}}
	case errors.Is(err, runner.ErrQueueFull):
		return &failure{status: http.StatusTooManyRequests, code: "WorkflowRunsQueueFull", message: "The trigger '" + on.Name + "' allows no more runs: as many as its concurrency settings allow are active, and as many as may wait for their turn do. Try again later.", header: http.Header{"Retry-After": {"10"}}}
	case errors.Is(err, runner.ErrBusy):
		return &failure{status: http.StatusTooManyRequests, code: "WorkflowRunInProgress", message: "The trigger '" + on.Name + "' allows one run at a time, and one is active. Try again when it has ended.", header: http.Header{"Retry-After": {"10"}}}
	case errors.Is(err, runner.ErrStopped):
		return stopping()
	case errors.As(err, &template):
		return trigger.Failure(on, template.Cause)
	}
	return err
}

func stopping() error {
	return &failure{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The server is stopping. Try again in a moment.", header: http.Header{"Retry-After": {"5"}}}
}

// respond waits for the run's reply and writes it; when the time is over the run
// goes on without its caller (wdl-semantics §10.2).
func (g *Gateway) respond(w http.ResponseWriter, r *http.Request, started *runner.Started, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	reply, err := started.Reply(ctx)
	if err != nil {
		g.config.Runner.Leave(started)
		if errors.Is(err, runner.ErrStopped) {
			return stopping()
		}
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		return &failure{status: http.StatusGatewayTimeout, code: "GatewayTimeout", message: "The server did not receive a timely response from the upstream server. Request tracking id '" + started.RunID + "'."}
	}
	return writeReply(w, reply, started.RunID)
}
