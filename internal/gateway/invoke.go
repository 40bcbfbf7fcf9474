package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/runner"
	"isle/wdl"
)

// invoke serves a callback URL (wdl-semantics §10.2).
func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, t target) error {
	start := g.config.Clock().UTC()
	d, q, err := g.open(r.Context(), r, t)
	if err != nil {
		return err
	}
	if d, err = g.versioned(r.Context(), d, t.version); err != nil {
		return err
	}
	trigger, err := requestTrigger(d, t.trigger)
	if err != nil {
		return err
	}
	parameters, err := match(trigger, r.Method, t)
	if err != nil {
		return err
	}
	body, release, err := g.readBody(w, r)
	if err != nil {
		return err
	}
	defer release()
	outputs, err := outputsOf(trigger, r, q, parameters, body)
	if err != nil {
		return err
	}
	return g.fire(w, r, d, trigger, engine.Fired{Start: start, Outputs: outputs, HasOutputs: true})
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

func requestTrigger(d *runner.Deployed, name string) (*wdl.Trigger, error) {
	trigger, ok := d.Workflow.Program.Trigger(name)
	switch {
	case !ok:
		return nil, notFound("WorkflowTriggerNotFound", "The workflow '"+d.Name+"' has no trigger '"+name+"'.")
	case trigger.Request == nil:
		return nil, notFound("WorkflowTriggerNotFound", "The trigger '"+trigger.Name+"' of workflow '"+d.Name+"' is of type '"+string(trigger.Type)+"' and cannot be called by a request.")
	case !d.Enabled:
		return nil, notFound("WorkflowTriggerIsNotEnabled", "Could not execute workflow '"+d.Name+"' trigger '"+trigger.Name+"' with state 'Disabled': trigger is not enabled.")
	}
	return trigger, nil
}

// match checks method and relative path. Without a method in the definition it is
// POST.
func match(trigger *wdl.Trigger, method string, t target) (parameters expr.Value, err error) {
	parameters, ok := trigger.Request.Path.Match(t.relativePath)
	if !ok {
		return parameters, notFound("TriggerRelativePathNotValid", "The path behind 'invoke' does not match the relative path of trigger '"+trigger.Name+"': '"+pattern(trigger)+"'.")
	}
	want := trigger.Request.Method
	if want == "" {
		want = http.MethodPost
	}
	if !strings.EqualFold(method, want) {
		return parameters, &failure{
			status:  http.StatusMethodNotAllowed,
			code:    "TriggerRequestMethodNotValid",
			message: "The HTTP method '" + method + "' is not valid for trigger '" + trigger.Name + "'. The expected method is '" + want + "'.",
			header:  http.Header{"Allow": {want}},
		}
	}
	return parameters, nil
}

func pattern(trigger *wdl.Trigger) string {
	if trigger.Request.Path == nil {
		return ""
	}
	return trigger.Request.Path.String()
}

// outputsOf are the trigger's outputs: headers, queries, relativePathParameters,
// body, in this order (wdl-semantics §9).
func outputsOf(trigger *wdl.Trigger, r *http.Request, q query, parameters expr.Value, body []byte) (expr.Value, error) {
	members := append(make([]expr.Member, 0, 4), expr.Member{Name: "headers", Value: headersOf(trigger, r, len(body))})
	if queries, any := q.outputs(); any {
		members = append(members, expr.Member{Name: "queries", Value: queries})
	}
	if !parameters.IsNull() {
		members = append(members, expr.Member{Name: "relativePathParameters", Value: parameters})
	}
	v, present, err := connector.ReadContent(r.Header, body)
	if err != nil {
		return expr.Null(), badRequest("InvalidRequestContent", "The request content is not valid and could not be deserialized: '"+strings.TrimSuffix(err.Error(), ".")+"'. Send what the Content-Type header says.")
	}
	if present {
		members = append(members, expr.Member{Name: "body", Value: v})
	}
	if schema := trigger.Request.Schema; schema != nil && trigger.Options.Has(wdl.EnableSchemaValidation) {
		if err := validate(schema, v); err != nil {
			return expr.Null(), err
		}
	}
	return expr.Object(members...), nil
}

func headersOf(trigger *wdl.Trigger, r *http.Request, length int) expr.Value {
	h := r.Header
	if r.Host != "" || h.Get("Content-Length") == "" && length > 0 {
		h = h.Clone()
		if r.Host != "" {
			h["Host"] = []string{r.Host}
		}
	}
	keep := trigger.Options.Has(wdl.IncludeAuthorizationHeadersInOutputs)
	return connector.ReadHeaders(h, func(name string) bool {
		return !keep && textproto.CanonicalMIMEHeaderKey(name) == "Authorization"
	})
}

// fire begins the run and answers.
func (g *Gateway) fire(w http.ResponseWriter, r *http.Request, d *runner.Deployed, trigger *wdl.Trigger, fired engine.Fired) error {
	program := d.Workflow.Program
	waits := program.ResponseExpected() && trigger.SplitOn == nil
	later := waits && asynchronous(program)
	request := runner.FireRequest{
		Deployed:         d,
		Trigger:          trigger,
		Fired:            fired,
		ClientTrackingID: clientTrackingID(r),
		Caller:           waits,
	}
	timeout := g.responseTimeout(d)
	if waits && !later {
		request.RespondBy = g.config.Clock().UTC().Add(timeout)
	}
	// A caller that hangs up does not undo a run.
	firing, err := g.config.Runner.Fire(context.WithoutCancel(r.Context()), request)
	if err != nil {
		return fireError(trigger, err)
	}
	suppress := trigger.Options.Has(wdl.SuppressWorkflowHeadersOnResponse)
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

// clientTrackingID is the caller's, if it can be a header again.
func clientTrackingID(r *http.Request) string {
	id := strings.TrimSpace(r.Header.Get("x-ms-client-tracking-id"))
	if len(id) > 512 || !connector.ValidHeader("x-ms-client-tracking-id", id) {
		return ""
	}
	return id
}

func fireError(trigger *wdl.Trigger, err error) error {
	var template *runner.TriggerError
	switch {
	case errors.Is(err, runner.ErrBusy):
		return &failure{status: http.StatusTooManyRequests, code: "WorkflowRunInProgress", message: "The trigger '" + trigger.Name + "' allows one run at a time, and one is active. Try again when it has ended.", header: http.Header{"Retry-After": {"10"}}}
	case errors.Is(err, runner.ErrStopped):
		return &failure{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The server is stopping. Try again in a moment.", header: http.Header{"Retry-After": {"5"}}}
	case errors.As(err, &template):
		return badRequest("InvalidTemplate", "Unable to process template language expressions of trigger '"+trigger.Name+"': '"+strings.TrimSuffix(err.Error(), ".")+"'.")
	}
	return err
}

// respond waits for the run's reply and writes it; when the time is over the run
// goes on without its caller (wdl-semantics §10.2).
func (g *Gateway) respond(w http.ResponseWriter, r *http.Request, started *runner.Started, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	reply, err := started.Reply(ctx)
	if err != nil {
		g.config.Runner.Leave(started)
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		return &failure{status: http.StatusGatewayTimeout, code: "GatewayTimeout", message: "The server did not receive a timely response from the upstream server. Request tracking id '" + started.RunID + "'."}
	}
	return writeReply(w, reply, started.RunID)
}
