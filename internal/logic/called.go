package logic

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	connectorworkflow "isle/internal/connector/workflow"
	"isle/internal/store"
	"isle/wdl"
)

// codeNoResponse is the code of wdl-semantics §15 rule 37.
const codeNoResponse = "NestedWorkflowDoesNotContainResponseAction"

// checkCalls holds the workflows that a definition turns to to what that needs. One
// that is called has a Request trigger and a Response (wdl-semantics §15 rule 37); if it
// is not there yet it is judged when the action runs, as is one that an expression
// names. One that is sent to must be there, with a Batch trigger (§10.6).
func (s *Service) checkCalls(ctx context.Context, r *arm.PutRequest, d *draft) error {
	id := r.ID.String()
	for _, a := range d.program.Actions {
		if a.Type != wdl.TypeWorkflow && a.Type != wdl.TypeSendToBatch {
			continue
		}
		host := path(a.Inputs.Source(), "host")
		target, known := literalText(expr.String(connectorworkflow.Target(host, id)))
		scope := target
		if !known { // it may be any
			scope = "/subscriptions/" + r.ID.Subscription
		}
		if !s.mayCall(r, scope) {
			d.children = append(d.children, linkedRefusal(r, a, scope))
			continue
		}
		if !known {
			continue
		}
		other, err := s.otherWorkflow(ctx, id, target, d)
		if err != nil {
			return err
		}
		switch {
		case a.Type == wdl.TypeSendToBatch:
			d.checkReceiver(a, target, path(host, "triggerName"), other)
		case other != nil:
			checkCall(a, lastSegment(target), path(host, "triggerName"), other.program, &d.children)
		}
	}
	return nil
}

// actionRun is what who saves a workflow must be allowed on those that it turns to.
const actionRun = "Microsoft.Logic/workflows/triggers/run/action"

// mayCall asks for whoever saves a workflow: its calls need no signature, so they are
// made in the name of who wrote them.
func (s *Service) mayCall(r *arm.PutRequest, target string) bool {
	return s.config.Authorizer == nil || arm.SameID(r.ID.String(), target) || s.config.Authorizer.Allowed(r.Principal, actionRun, target)
}

func linkedRefusal(r *arm.PutRequest, a *wdl.Action, scope string) *arm.Error {
	return &arm.Error{Status: http.StatusForbidden, Code: "LinkedAuthorizationFailed", Target: "properties.definition.actions." + a.Name, Message: "The client '" + r.Principal.Client +
		"' with object id '" + r.Principal.ID + "' has permission to perform action 'Microsoft.Logic/workflows/write' on scope '" + r.ID.String() + "'; however, it does not have permission to perform action '" +
		actionRun + "' on the linked scope '" + scope + "', which the action '" + a.Name + "' calls. Ask for a role there, or leave the action out."}
}

// other is a workflow that a definition names; its flow id is "" if it is the
// definition's own.
type other struct {
	flowID  string
	program *wdl.Program
}

// otherWorkflow finds a workflow by its ID, nil if there is none.
func (s *Service) otherWorkflow(ctx context.Context, id, target string, d *draft) (*other, error) {
	if arm.SameID(id, target) {
		return &other{program: d.program}, nil
	}
	found, err := s.config.Workflows.ByID(ctx, target)
	if errors.Is(err, store.ErrNotFound) || arm.AsError(err) != nil { // or what is stored compiles no more
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &other{found.FlowID, found.Workflow.Program}, nil
}

func checkCall(a *wdl.Action, name string, triggerName expr.Value, child *wdl.Program, found *arm.Found) {
	target := "properties.definition.actions." + a.Name
	on, isLiteral := literalText(triggerName)
	t, ok := child.Trigger(on)
	switch {
	case isLiteral && !ok:
		found.Add(codeNoResponse, target, "The workflow action '%s' calls the trigger '%s' of the workflow '%s', which has no such trigger. Give 'host.triggerName' the name of its Request trigger.", a.Name, on, name)
	case isLiteral && t.Request == nil:
		found.Add(codeNoResponse, target, "The workflow action '%s' calls the trigger '%s' of the workflow '%s', which is of type '%s'. Only a workflow with a Request trigger can be called.", a.Name, on, name, t.Type)
	}
	if len(child.Actions) > 0 && !child.ResponseExpected() { // without any it is a placeholder, which public templates fill later
		found.Add(codeNoResponse, target, "The workflow action '%s' calls the workflow '%s', which has no Response action. Add one to it: a workflow that is called must answer.", a.Name, name)
	}
}

// literalText is a text that no expression makes.
func literalText(v expr.Value) (string, bool) {
	text, ok := v.AsString()
	if !ok || strings.HasPrefix(text, "@") || strings.Contains(text, "@{") {
		return "", false
	}
	return text, true
}
