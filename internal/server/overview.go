package server

import (
	"context"
	"slices"
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
		found.Environments = append(found.Environments, portal.Environment{
			Name: at(e, "name"), Group: groupOf(e), Location: at(e, "location"), SKU: at(e, "sku", "name"),
			AccessEndpoint: at(e, "properties", "networkConfiguration", "accessEndpoint", "type"), State: at(e, "properties", "provisioningState"),
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
		runs, err := o.list(ctx, at(w, "id")+"/runs")
		if err != nil {
			return portal.Overview{}, err
		}
		for _, r := range runs {
			found.Runs = append(found.Runs, portal.Run{
				Name: at(r, "name"), Workflow: at(w, "name"), Status: at(r, "properties", "status"),
				Start: timeAt(r, "properties", "startTime"), End: timeAt(r, "properties", "endTime"),
			})
		}
	}
	slices.SortFunc(found.Runs, func(a, b portal.Run) int { return strings.Compare(a.Name, b.Name) })
	found.Runs = found.Runs[:min(len(found.Runs), overviewRuns)]
	return found, nil
}

// list reads the first page of a list.
func (o overview) list(ctx context.Context, path string) ([]expr.Value, error) {
	result, err := o.server.manager.Get(ctx, o.server.principal(), path, overviewVersion)
	if err != nil {
		return nil, err
	}
	value, _ := result.Body.Get("value")
	items := make([]expr.Value, 0, value.Len())
	for _, v := range value.Elements() {
		items = append(items, v)
	}
	return items, nil
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
