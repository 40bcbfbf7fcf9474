package web

import (
	"context"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// listManaged lists what connectors there are, in every location the same
// (connections §3). Filters tell those of no environment from those of one, which are
// listed below the environment.
func (s *Service) listManaged(_ context.Context, r *arm.Request) (*arm.Response, error) {
	filter, err := r.Filter([]arm.Field{environmentField()})
	if err != nil {
		return nil, err
	}
	if !filter.Match(func(string) expr.Value { return expr.Null() }) {
		return arm.Page(nil, ""), nil
	}
	values := make([]expr.Value, len(s.config.APIs))
	for i := range s.config.APIs {
		values[i] = s.viewManaged(r, &s.config.APIs[i])
	}
	return arm.Page(values, ""), nil
}

func (s *Service) readManaged(_ context.Context, r *arm.Request) (*arm.Response, error) {
	a := s.managed(r.Values["api"])
	if a == nil {
		return nil, arm.Missing("ApiNotFound", "There is no managed API '%s' here. Those there are: %s.", r.Values["api"], s.managedNames())
	}
	if strings.EqualFold(r.Query.Get("export"), "true") {
		return nil, arm.Missing("ApiDefinitionNotFound", "The managed API '%s' has no operations here yet, so there is no document of it.", a.Name)
	}
	return arm.Reply(s.viewManaged(r, a)), nil
}

func (s *Service) viewManaged(r *arm.Request, a *API) expr.Value {
	id := "/subscriptions/" + r.Values["subscription"] + "/providers/Microsoft.Web/locations/" + r.Values["location"] + "/managedApis/" + a.Name
	return object("id", id, "name", a.Name, "type", managedType, "location", r.Values["location"], "properties", object(
		"name", a.Name,
		"displayName", a.Title,
		"connectionParameters", s.showParameters(a.Parameters),
		"metadata", object("source", "marketplace"),
		"runtimeUrls", []string{s.config.Access("") + "/apim/" + a.Name},
		"generalInformation", object("displayName", a.Title, "description", a.Title+".", "tier", a.Tier),
		"capabilities", a.Capabilities,
		"tier", a.Tier))
}

// listManagedOperations: managed connectors have no operations yet.
func (s *Service) listManagedOperations(_ context.Context, r *arm.Request) (*arm.Response, error) {
	if s.managed(r.Values["api"]) == nil {
		return nil, arm.Missing("ApiNotFound", "There is no managed API '%s' here. Those there are: %s.", r.Values["api"], s.managedNames())
	}
	return arm.Page(nil, ""), nil
}

// operationFields are what operations are filtered by (connections §3).
func operationFields() []arm.Field {
	return []arm.Field{environmentField(), {Name: "properties/trigger"}, {Name: "type"}}
}

func matchOperation(f *arm.Filter, operation, environment expr.Value) bool {
	return f.Match(func(name string) expr.Value {
		switch name {
		case "properties/trigger":
			return at(operation, "properties", "trigger")
		case "type":
			return at(operation, "type")
		}
		return environment
	})
}

// listOperations lists the operations of all APIs of a subscription: those of its custom
// APIs.
func (s *Service) listOperations(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	filter, err := r.Filter(operationFields())
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		apis, err := arm.List(tx, store.Query{Type: customType, ScopePrefix: "/subscriptions/" + strings.ToLower(r.Values["subscription"]), Limit: maxListed})
		if err != nil {
			return err
		}
		for _, one := range apis {
			a, err := decode[customAPI](one.Resource)
			if err != nil {
				return err
			}
			values = append(values, a.operations(one.ID, filter)...)
		}
		return nil
	})
	return arm.Page(values, ""), err
}

// maxListed bounds the custom APIs whose operations are listed at once.
const maxListed = 200

func listCustomOperations(_ context.Context, r *arm.Request) (*arm.Response, error) {
	filter, err := r.Filter(operationFields())
	if err != nil {
		return nil, err
	}
	a, err := decode[customAPI](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	return arm.Page(a.operations(r.Resource.ID, filter), ""), nil
}

// operations are what the document describes, by operationId (logic-api §3.6).
func (a *customAPI) operations(id string, filter *arm.Filter) (list []expr.Value) {
	from := object("id", id, "name", lastSegment(id), "type", customType, "displayName", a.DisplayName)
	for _, item := range at(a.Swagger, "paths").Members() {
		_, webhook := item.Get("x-ms-notification-content")
		for method, o := range item.Members() {
			if !slices.Contains(methods(), method) {
				continue
			}
			name := text(o, "operationId")
			properties := object(
				"summary", text(o, "summary"), "description", text(o, "description"),
				"visibility", text(o, "x-ms-visibility"),
				"trigger", text(o, "x-ms-trigger"), "triggerHint", text(o, "x-ms-trigger-hint"),
				"pageable", !at(o, "x-ms-pageable").IsNull(),
				"isWebhook", webhook, "isNotification", !at(o, "x-ms-notification").IsNull(),
				"annotation", at(o, "x-ms-api-annotation"),
				"api", from)
			operation := object("id", id+"/apiOperations/"+name, "name", name, "type", customType+"/apiOperations", "properties", properties)
			if matchOperation(filter, operation, nullable(a.Environment)) {
				list = append(list, operation)
			}
		}
	}
	return list
}
