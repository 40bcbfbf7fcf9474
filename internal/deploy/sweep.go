package deploy

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"isle/internal/arm"
)

// Mode Complete: when all of a template is deployed, what else is in the resource group
// is deleted. Deployments stay, and children go with their parents. A resource that
// others still use is deleted after them.

// sweep makes a step of each resource that is to be deleted.
func (e *execution) sweep(ctx context.Context) error {
	kept := map[string]bool{}
	for i, s := range e.state.Steps {
		if i < len(e.plan.Resources) && (s.Phase != phaseLeftOut || e.plan.Resources[i].source.existing) {
			kept[strings.ToLower(s.ID)] = true
		}
		if strings.EqualFold(s.Type, TypeName) && s.Phase == phaseSucceeded {
			if err := e.keepNested(ctx, s.ID, kept); err != nil {
				return err
			}
		}
	}
	present, err := e.provider.resources.ListAll(ctx, e.state.Principal, e.id.GroupID().String()+"/resources", defaultVersion)
	if err != nil {
		return err
	}
	for _, r := range present {
		id, _ := text(r, "id")
		name, _ := text(r, "name")
		typ, _ := text(r, "type")
		if !kept[strings.ToLower(id)] && strings.Count(typ, "/") == 1 && !strings.EqualFold(typ, TypeName) {
			e.state.Steps = append(e.state.Steps, step{ID: id, Type: typ, Name: name, APIVersion: defaultVersion, Delete: true})
		}
	}
	e.state.Swept = true
	return e.save(ctx)
}

// keepNested adds what a nested deployment made.
func (e *execution) keepNested(ctx context.Context, id string, kept map[string]bool) error {
	result, err := e.provider.resources.Get(ctx, e.state.Principal, id, defaultVersion)
	if err != nil {
		return err
	}
	properties, _ := member(result.Body, "properties")
	made, _ := member(properties, "outputResources")
	for _, r := range made.Elements() {
		made, _ := text(r, "id")
		key := strings.ToLower(made)
		if kept[key] {
			continue
		}
		kept[key] = true
		if parsed, err := arm.ParseID(made); err == nil && strings.EqualFold(parsed.Type(), TypeName) {
			if err := e.keepNested(ctx, made, kept); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove deletes the resource of a step. One that cannot be deleted as it is waits
// with its error: what uses it may go first.
func (e *execution) remove(ctx context.Context, i int) (begun bool, err error) {
	s := &e.state.Steps[i]
	result, err := e.provider.resources.Delete(ctx, e.state.Principal, s.ID, s.APIVersion)
	if refused := arm.AsError(err); refused != nil && refused.Status == http.StatusConflict {
		s.Error = problemOf(err, e.plan.scrub)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.Begun, s.StatusCode, s.Operation, s.Phase, s.Error = e.now(), result.Status, result.Operation, phaseRunning, nil
	if result.Operation == "" {
		e.succeed(i)
	}
	return true, e.save(ctx)
}

// failUndeleted ends the deletions that nothing lets through any more.
func (e *execution) failUndeleted() {
	for i, s := range e.state.Steps {
		if s.Delete && s.Phase == phaseWaiting && s.Error != nil {
			e.fail(i, s.Error.error())
		}
	}
}

// completes reports whether what is not in the template is still to be deleted.
func (e *execution) completes() bool {
	return e.state.Mode == modeComplete && !e.state.Swept && !e.state.Canceled &&
		!slices.ContainsFunc(e.state.Steps, func(s step) bool { return s.Phase == phaseFailed || s.Phase == phaseBlocked || s.Phase == phaseWaiting })
}
