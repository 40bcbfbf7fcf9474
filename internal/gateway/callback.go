package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"isle/engine"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

// callBack serves the callback URL of a webhook action (wdl-semantics §11.10). It
// answers when what it was told is durable, and to the same caller again as often as
// he asks.
func (g *Gateway) callBack(w http.ResponseWriter, r *http.Request, t target) error {
	d, q, err := g.open(r.Context(), r, t)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return &failure{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "A webhook action is called back with POST.", header: http.Header{"Allow": {"POST"}}}
	}
	action, repetition, err := g.webhook(r.Context(), d, t)
	if err != nil {
		return err
	}
	body, release, err := g.readBody(w, r, g.maxBody(d))
	if err != nil {
		return err
	}
	defer release()
	outputs, err := trigger.CallbackOutputs(action.Options, &trigger.Request{Query: q, Host: r.Host, Header: r.Header, Body: body})
	if err != nil {
		return err
	}
	// A caller that hangs up does not undo a call.
	err = g.config.Runner.CallBack(context.WithoutCancel(r.Context()), runner.CallbackRequest{
		Environment: d.Environment, Run: t.run, Action: action.Name, Repetition: repetition, Outputs: outputs,
	})
	if err != nil {
		return callbackError(action, t, err)
	}
	return accepted(w)
}

// webhook finds the action of a target in the version that its run began with.
func (g *Gateway) webhook(ctx context.Context, d *runner.Deployed, t target) (*wdl.Action, []engine.RepetitionIndex, error) {
	version, err := g.runVersion(ctx, d, t.run)
	if isNotFound(err) {
		return nil, nil, notFound("WorkflowRunNotFound", "The run '"+t.run+"' could not be found.")
	}
	if err != nil {
		return nil, nil, err
	}
	action, ok := version.Program.Action(t.action)
	if !ok || action.Type != wdl.TypeHTTPWebhook && action.Type != wdl.TypeAPIConnectionWebhook {
		return nil, nil, notFound("WorkflowRunActionNotFound", "The run '"+t.run+"' has no webhook action '"+t.action+"'.")
	}
	repetition, err := t.repetitionPath(version.Program)
	if err != nil {
		return nil, nil, notBegun(action, t)
	}
	return action, repetition, nil
}

// runVersion is the version that a run began with. A stateless run that is open has no
// row: its version is taken to be the current one.
func (g *Gateway) runVersion(ctx context.Context, d *runner.Deployed, name string) (*engine.Workflow, error) {
	db, err := g.config.Store.Environment(ctx, d.Environment)
	if err != nil {
		return nil, err
	}
	run, err := readRun(ctx, db, d, name)
	if isNotFound(err) && run.Name == "" && d.Workflow.Stateless { // else it is another workflow's
		return d.Workflow, nil
	}
	if err != nil {
		return nil, err
	}
	return g.config.Workflows.Workflow(ctx, d.Environment, run.Workflow, run.Version)
}

func notBegun(action *wdl.Action, t target) error {
	if t.repetition != "" {
		return notFound("WorkflowRunActionRepetitionNotFound", "The run '"+t.run+"' has no repetition '"+t.repetition+"' of the action '"+action.Name+"'.")
	}
	return notFound("WorkflowRunActionNotFound", "The run '"+t.run+"' has not begun the action '"+action.Name+"', or repeats it: then the address names the repetition.")
}

func callbackError(action *wdl.Action, t target, err error) error {
	var ended *runner.NotWaitingError
	switch {
	case errors.As(err, &ended):
		return &failure{status: http.StatusConflict, code: "WorkflowRunActionIsNotWaiting", message: fmt.Sprintf("The action '%s' of run '%s' waits for no callback any more: its status is '%s'. Nothing was changed.", ended.Action, t.run, ended.Status)}
	case errors.Is(err, store.ErrNotFound):
		return notBegun(action, t)
	case errors.Is(err, runner.ErrStopped):
		return stopping()
	}
	return err
}
