package server

import (
	"context"
	"errors"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/portal"
)

// overview reads what the page shows through the resource manager, as the operator.
type overview struct{ server *Server }

const (
	overviewVersion = "2019-05-01"
	overviewRuns    = 20
)

func (o overview) Overview(ctx context.Context) (portal.Overview, error) {
	var found portal.Overview
	scope := "/subscriptions/" + o.server.issuer.Subscription() + "/providers/Microsoft.Logic/"
	environments, err := o.list(ctx, scope+"integrationServiceEnvironments")
	if err != nil {
		return portal.Overview{}, err
	}
	for _, e := range environments {
		lacking, err := o.lacking(ctx, at(e, "id"))
		if err != nil {
			return portal.Overview{}, err
		}
		found.Environments = append(found.Environments, portal.Environment{
			Name: at(e, "name"), Group: groupOf(e), Location: at(e, "location"), SKU: at(e, "sku", "name"),
			AccessEndpoint: at(e, "properties", "networkConfiguration", "accessEndpoint", "type"), State: at(e, "properties", "provisioningState"),
			Network: at(e, "properties", "networkHealth", "state"), Lacking: lacking,
		})
	}
	workflows, err := o.list(ctx, scope+"workflows")
	if err != nil {
		return portal.Overview{}, err
	}
	for _, w := range workflows {
		environment := at(w, "properties", "integrationServiceEnvironment", "id")
		found.Workflows = append(found.Workflows, portal.Workflow{
			Name: at(w, "name"), Group: groupOf(w), State: at(w, "properties", "state"), Environment: environment[strings.LastIndexByte(environment, '/')+1:],
		})
	}
	runs, err := o.list(ctx, scope+"runs")
	if err != nil {
		return portal.Overview{}, err
	}
	for _, r := range runs[:min(len(runs), overviewRuns)] { // newest first
		workflow, _, _ := strings.Cut(at(r, "id"), "/runs/")
		found.Runs = append(found.Runs, portal.Run{
			Name: at(r, "name"), Workflow: workflow[strings.LastIndexByte(workflow, '/')+1:], Status: at(r, "properties", "status"),
			Start: timeAt(r, "properties", "startTime"), End: timeAt(r, "properties", "endTime"),
		})
	}
	return found, nil
}

// lacking is what an environment's network health has that is not well.
func (o overview) lacking(ctx context.Context, environment string) ([]portal.Access, error) {
	result, err := o.server.manager.Get(ctx, o.server.principal(), environment+"/health/network", overviewVersion)
	if refused := new(arm.Error); errors.As(err, &refused) {
		return nil, nil // not there yet, or not any more
	}
	if err != nil {
		return nil, err
	}
	var found []portal.Access
	for subnet, health := range result.Body.Members() {
		for _, row := range elements(health, "requiredAccess") {
			a := portal.Access{Subnet: subnet, Row: at(row, "row"), Purpose: at(row, "purpose"), State: at(row, "state"), Rule: at(row, "rule")}
			if a.State != "reachable" && a.State != "unknown" {
				found = append(found, a)
			}
		}
	}
	return found, nil
}

// list reads the first page of a list.
func (o overview) list(ctx context.Context, path string) ([]expr.Value, error) {
	result, err := o.server.manager.Get(ctx, o.server.principal(), path, overviewVersion)
	if err != nil {
		return nil, err
	}
	return elements(result.Body, "value"), nil
}

// elements are those of an array that is a member of an object.
func elements(object expr.Value, name string) []expr.Value {
	value, _ := object.Get(name)
	items := make([]expr.Value, 0, value.Len())
	for _, v := range value.Elements() {
		items = append(items, v)
	}
	return items
}

func groupOf(resource expr.Value) string {
	id, err := arm.ParseID(at(resource, "id"))
	if err != nil {
		return ""
	}
	return id.Group
}

// at is the text at a path of member names, "" when there is none.
func at(v expr.Value, path ...string) string {
	for _, name := range path {
		if v.Kind() != expr.KindObject {
			return ""
		}
		v, _ = v.Get(name)
	}
	return v.Text()
}

func timeAt(v expr.Value, path ...string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, at(v, path...))
	return t
}
