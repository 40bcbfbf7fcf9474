package deploy

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

const timeFormat = "2006-01-02T15:04:05.9999999Z"

// view serves a deployment (logic-api §5.2, DeploymentExtended).
func (p *Provider) view(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	s, err := readState(r.Body)
	if err != nil {
		return expr.Value{}, err
	}
	return expr.Object(expr.Member{Name: "properties", Value: s.properties(r.State)}), nil
}

func (s *state) properties(provisioningState string) expr.Value {
	ended := s.Ended
	if ended.IsZero() {
		ended = s.Target.Time
	}
	v := expr.Object(
		str("templateHash", s.TemplateHash),
		expr.Member{Name: "parameters", Value: s.Shown},
		str("mode", s.Mode),
		str("provisioningState", provisioningState),
		str("timestamp", ended.UTC().Format(timeFormat)),
		str("duration", isoDuration(ended.Sub(s.Target.Time))),
		str("correlationId", s.CorrelationID),
		expr.Member{Name: "providers", Value: s.providers()},
		expr.Member{Name: "dependencies", Value: expr.Array()},
	)
	if s.Link != nil {
		v = v.With("templateLink", s.Link.view())
	}
	if s.ParametersLink != nil {
		v = v.With("parametersLink", s.ParametersLink.view())
	}
	if !s.Outputs.IsNull() {
		v = v.With("outputs", s.Outputs)
	}
	if s.Error != nil {
		v = v.With("error", s.Error.error().Value())
	}
	if !s.Ended.IsZero() {
		v = v.With("outputResources", s.references(func(t step) bool { return t.Phase == phaseSucceeded && !t.Delete }))
	}
	return v
}

// providers lists the namespaces and types that the template deploys.
func (s *state) providers() expr.Value {
	var list []expr.Value
	types := map[string][]expr.Value{}
	var order []string
	seen := map[string]bool{}
	for _, t := range s.Steps {
		namespace, typ, _ := strings.Cut(t.Type, "/")
		if t.Delete || seen[strings.ToLower(t.Type)] {
			continue
		}
		seen[strings.ToLower(t.Type)] = true
		if types[namespace] == nil {
			order = append(order, namespace)
		}
		types[namespace] = append(types[namespace], expr.Object(str("resourceType", typ),
			expr.Member{Name: "locations", Value: expr.Array(expr.String(s.Target.GroupLocation))}))
	}
	for _, namespace := range order {
		list = append(list, expr.Object(str("namespace", namespace),
			expr.Member{Name: "resourceTypes", Value: expr.Array(types[namespace]...)}))
	}
	return expr.Array(list...)
}

func (s *state) references(which func(step) bool) expr.Value {
	var list []expr.Value
	for _, t := range s.Steps {
		if which(t) {
			list = append(list, expr.Object(str("id", t.ID)))
		}
	}
	return expr.Array(list...)
}

// listOperations lists what a deployment did, one for each resource that it began.
func (p *Provider) listOperations(_ context.Context, r *arm.Request) (*arm.Response, error) {
	s, err := readState(r.Resource.Body)
	if err != nil {
		return nil, err
	}
	top, err := r.Top(maxResources, maxResources)
	if err != nil {
		return nil, err
	}
	after, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	var list []expr.Value
	last, skipping := "", after != ""
	for i, t := range s.Steps {
		id := operationID(t)
		switch {
		case skipping:
			skipping = id != after
		case !shownStep(t):
		case len(list) == top:
			return arm.Page(list, r.NextLink(last)), nil
		default:
			list, last = append(list, s.operation(r.ID, i)), id
		}
	}
	return arm.Page(list, ""), nil
}

// operation is one of them.
func (p *Provider) operation(_ context.Context, r *arm.Request) (*arm.Response, error) {
	s, err := readState(r.Resource.Body)
	if err != nil {
		return nil, err
	}
	for i, t := range s.Steps {
		if shownStep(t) && strings.EqualFold(operationID(t), r.Values["operation"]) {
			return arm.Reply(s.operation(r.ID, i)), nil
		}
	}
	return nil, arm.Missing("DeploymentOperationNotFound", "The deployment '%s' has no operation '%s'. List its operations for their ids.", r.ID.Name(), r.Values["operation"])
}

// shownStep leaves out what was not begun: what waits or is left out has no operation.
func shownStep(t step) bool {
	return t.Phase == phaseRunning || t.Phase == phaseSucceeded || t.Phase == phaseFailed
}

// operationID is stable: the same for the same resource of a deployment.
func operationID(t step) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(t.ID)))
	if t.Delete {
		_, _ = h.Write([]byte("delete"))
	}
	return fmt.Sprintf("%016X", h.Sum64())
}

func (s *state) operation(deployment arm.ID, i int) expr.Value {
	t := s.Steps[i]
	ended := t.Ended
	if ended.IsZero() {
		ended = t.Begun
	}
	operation := "Create"
	if t.Delete {
		operation = "Delete"
	}
	properties := expr.Object(
		str("provisioningOperation", operation),
		str("provisioningState", t.Phase),
		str("timestamp", ended.UTC().Format(timeFormat)),
		str("duration", isoDuration(ended.Sub(t.Begun))),
		str("trackingId", s.CorrelationID),
		obj("targetResource", str("id", t.ID), str("resourceType", t.Type), str("resourceName", t.Name)),
	)
	if t.StatusCode != 0 {
		properties = properties.With("statusCode", expr.String(statusName(t.StatusCode)))
	}
	if t.Error != nil {
		properties = properties.With("statusMessage", expr.Object(
			str("status", "Failed"), expr.Member{Name: "error", Value: t.Error.error().Value()}))
	}
	id := deployment.String() + "/operations/" + operationID(t)
	return expr.Object(str("id", id), str("operationId", operationID(t)), expr.Member{Name: "properties", Value: properties})
}

// statusName is a status as operations show it: OK, Created, BadRequest.
func statusName(code int) string {
	name := strings.ReplaceAll(http.StatusText(code), " ", "")
	if name == "" {
		return strconv.Itoa(code)
	}
	return name
}
