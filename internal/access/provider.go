package access

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

const denyType = "Microsoft.Authorization/denyAssignments"

// denials are the deny assignments: there are none, and none can be made, as in the
// original, where only the service makes them.
func (s *Service) denials() arm.Type {
	return arm.Type{Name: denyType, APIVersions: append(versions(), "2018-07-01-preview"), AnyVersion: true, Extension: true, NoGroup: true, MissingCode: "DenyAssignmentNotFound",
		View:       func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return expr.Object(), nil },
		Collection: func(context.Context, *arm.Request) (*arm.Response, error) { return arm.Page(nil, ""), nil }}
}

// Routes are what clients ask Microsoft.Authorization for besides resources. surface lists
// the requests that the server answers; it is asked later.
func (s *Service) Routes(surface func() []arm.Surface) []arm.Route {
	const provider = "/providers/Microsoft.Authorization/"
	p := &operations{surface}
	return []arm.Route{
		{Method: http.MethodGet, Pattern: "/subscriptions/{subscription}" + provider + "classicAdministrators", Action: "Microsoft.Authorization/classicAdministrators/read",
			Serve: func(context.Context, *arm.Request) (*arm.Response, error) { return arm.Page(nil, ""), nil }},
		{Method: http.MethodGet, Pattern: provider + "providerOperations", Serve: p.list},
		{Method: http.MethodGet, Pattern: provider + "providerOperations/{namespace}", Serve: p.read},
		{Method: http.MethodPost, Pattern: provider + "elevateAccess", Serve: refuseElevation},
	}
}

// refuseElevation: no role of the directory stands above those of the subscription.
func refuseElevation(context.Context, *arm.Request) (*arm.Response, error) {
	return nil, &arm.Error{Status: http.StatusForbidden, Code: "ElevateAccessNotSupported",
		Message: "There is no global administrator here whose access could be elevated. Who has lost access to the subscription gives a role with the server's own operator: isle role create Owner --assignee NAME."}
}

// operations are what roles can allow, by provider and resource type.
type operations struct{ surface func() []arm.Surface }

func (o *operations) list(_ context.Context, r *arm.Request) (*arm.Response, error) {
	byProvider := o.byProvider()
	var values []expr.Value
	for _, namespace := range sortedKeys(byProvider) {
		values = append(values, showProvider(namespace, byProvider[namespace], expands(r)))
	}
	return arm.Page(values, ""), nil
}

func (o *operations) read(_ context.Context, r *arm.Request) (*arm.Response, error) {
	byProvider := o.byProvider()
	for _, namespace := range sortedKeys(byProvider) {
		if strings.EqualFold(namespace, r.Values["namespace"]) {
			return arm.Reply(showProvider(namespace, byProvider[namespace], expands(r))), nil
		}
	}
	return nil, arm.Missing("ProviderOperationsNotFound", "There are no operations of the provider '%s' here. There are those of %s.", r.Values["namespace"], strings.Join(sortedKeys(byProvider), ", "))
}

func expands(r *arm.Request) bool {
	return strings.EqualFold(r.Query.Get("$expand"), "resourceTypes")
}

// byProvider are the operations, by provider and by resource type, each once, in order.
func (o *operations) byProvider() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for _, f := range o.surface() {
		namespace, rest, ok := strings.Cut(f.Action, "/")
		cut := strings.LastIndexByte(rest, '/')
		if cut >= 0 && rest[cut:] == "/action" {
			cut = strings.LastIndexByte(rest[:cut], '/')
		}
		if !ok || cut < 0 {
			continue
		}
		if all[namespace] == nil {
			all[namespace] = map[string][]string{}
		}
		if list := all[namespace][rest[:cut]]; !slices.Contains(list, f.Action) {
			all[namespace][rest[:cut]] = append(list, f.Action)
		}
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func showProvider(namespace string, types map[string][]string, expand bool) expr.Value {
	shown := []expr.Value{}
	for _, typ := range sortedKeys(types) {
		if !expand {
			break
		}
		list := []expr.Value{}
		for _, action := range types[typ] {
			list = append(list, object("name", action, "displayName", action, "description", action, "origin", "user,system", "isDataAction", expr.Bool(false)))
		}
		shown = append(shown, object("name", typ, "displayName", typ, "operations", expr.Array(list...)))
	}
	return object("id", "/providers/Microsoft.Authorization/providerOperations/"+namespace, "name", namespace, "type", "Microsoft.Authorization/providerOperations", "displayName", namespace,
		"resourceTypes", expr.Array(shown...), "operations", expr.Array())
}
