package logic

import (
	"context"
	"errors"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	connectorworkflow "isle/internal/connector/workflow"
	"isle/internal/store"
	"isle/wdl"
)

// codeNoResponse is the code of wdl-semantics §15 rule 37.
const codeNoResponse = "NestedWorkflowDoesNotContainResponseAction"

// checkCalls holds the workflows that a definition calls to what a call needs: a
// Request trigger and a Response (wdl-semantics §15 rule 37). One that is not there
// yet, or that an expression names, is judged when the action runs.
func (s *Service) checkCalls(ctx context.Context, id string, d *draft) error {
	for _, a := range d.program.Actions {
		if a.Type != wdl.TypeWorkflow {
			continue
		}
		host := path(a.Inputs.Source(), "host")
		target, known := literalText(expr.String(connectorworkflow.Target(host, id)))
		if !known {
			continue
		}
		child, err := s.programOf(ctx, id, target, d)
		if err != nil {
			return err
		}
		if child != nil {
			checkCall(a, lastSegment(target), path(host, "triggerName"), child, &d.children)
		}
	}
	return nil
}

// programOf is the definition of a workflow, nil if there is none.
func (s *Service) programOf(ctx context.Context, id, target string, d *draft) (*wdl.Program, error) {
	if arm.SameID(id, target) {
		return d.program, nil
	}
	child, err := s.config.Workflows.ByID(ctx, target)
	if errors.Is(err, store.ErrNotFound) || arm.AsError(err) != nil { // or what is stored compiles no more
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return child.Workflow.Program, nil
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
	if !child.ResponseExpected() {
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
