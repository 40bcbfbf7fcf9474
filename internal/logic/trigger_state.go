package logic

import (
	"context"
	"errors"
	"strings"

	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// sourceBody is SetTriggerStateActionDefinition: the trigger whose state is taken over,
// by its ID or by its name and that of its workflow in the same group.
type sourceBody struct {
	Source *struct {
		ID      string `json:"id"`
		Flow    string `json:"flowName"`
		Trigger string `json:"triggerName"`
	} `json:"source"`
}

// setTriggerState has a trigger go on where another one of its type is: with its cursor,
// its windows, its last slot (logic-api §2.4).
func (s *Service) setTriggerState(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	flow, name, err := readSource(r)
	if err != nil {
		return nil, err
	}
	source, from, err := s.sourceTrigger(ctx, r, flow, name)
	if err != nil {
		return nil, err
	}
	if from.Type != trigger.Type {
		return nil, arm.Invalid(wdl.CodeInvalidRequestContent, "source", "The trigger '%s' is of type '%s' and cannot take over the state of '%s', which is of type '%s'. Name a trigger of the same type.", trigger.Name, trigger.Type, from.Name, from.Type)
	}
	state, err := s.stateOf(ctx, source, from.Name)
	if err != nil {
		return nil, err
	}
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return nil, err
	}
	return nil, db.Write(ctx, func(tx *store.Tx) error {
		return s.config.Runner.SetState(tx, runner.ArmRequest{FlowID: form.FlowID, Trigger: trigger, Now: r.Now, Paused: !form.Enabled}, state)
	})
}

// readSource is the ID of the workflow and the name of the trigger that a request names.
func readSource(r *arm.Request) (flow, trigger string, err error) {
	var found arm.Found
	var body sourceBody
	if !found.Decode(r.Body, &body, "", wdl.CodeInvalidRequestContent) {
		return "", "", found.Err()
	}
	switch {
	case body.Source == nil:
	case body.Source.ID != "":
		id, err := arm.ParseID(body.Source.ID)
		if err == nil && strings.EqualFold(id.Type(), typeTriggers) {
			parent, _ := id.Parent()
			return parent.String(), id.Name(), nil
		}
	case body.Source.Flow != "" && body.Source.Trigger != "":
		return r.ID.GroupID().String() + "/providers/" + workflowType + "/" + body.Source.Flow, body.Source.Trigger, nil
	}
	return "", "", arm.Invalid(wdl.CodeInvalidRequestContent, "source", "The source of the state is missing or is none. Give 'source' with the 'id' of a trigger (…/workflows/{workflow}/triggers/{trigger}), or with 'flowName' and 'triggerName'.")
}

// sourceTrigger finds the trigger that state is taken from, if the caller may read it.
func (s *Service) sourceTrigger(ctx context.Context, r *arm.Request, flow, name string) (*runner.Deployed, *wdl.Trigger, error) {
	const read = "Microsoft.Logic/workflows/triggers/read"
	if s.config.Authorizer != nil && !s.config.Authorizer.Allowed(r.Principal, read, flow) {
		return nil, nil, &arm.Error{Status: 403, Code: "LinkedAuthorizationFailed", Target: "source", Message: "The client '" + r.Principal.Client + "' with object id '" + r.Principal.ID +
			"' may not perform action '" + read + "' on the linked scope '" + flow + "', whose state the request names."}
	}
	source, err := s.config.Workflows.ByID(ctx, flow)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, arm.Missing("WorkflowNotFound", "The workflow '%s', whose state the request names, was not found.", flow)
	}
	if err != nil {
		return nil, nil, err
	}
	from, ok := source.Workflow.Program.Trigger(name)
	if !ok {
		return nil, nil, arm.Missing("WorkflowTriggerNotFound", "The workflow '%s' has no trigger '%s', whose state the request names.", source.Name, name)
	}
	return source, from, nil
}

func (s *Service) stateOf(ctx context.Context, d *runner.Deployed, trigger string) (state runner.TriggerState, err error) {
	db, err := s.config.Store.Environment(ctx, d.Environment)
	if err != nil {
		return state, err
	}
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = runner.StateOf(tx, d.FlowID, trigger)
		return err
	})
	return state, err
}
