package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// builtinRoutes are the paths of the manager itself: tenants, subscriptions,
// providers and generic lists (logic-api §2.1, §5.3, §5.4).
func (m *Manager) builtinRoutes() []Route {
	const subscription = "/subscriptions/{subscription}"
	get := func(pattern, action string, serve Handler) Route {
		return Route{Method: http.MethodGet, Pattern: pattern, Action: action, Serve: serve}
	}
	enter := func(pattern, action string, serve Handler) Route { // for who has a role anywhere in the subscription
		return get(pattern, "", m.entering(action, serve))
	}
	put := func(pattern, action string, serve Handler) Route {
		return Route{Method: http.MethodPut, Pattern: pattern, Action: action, Serve: serve}
	}
	return []Route{
		get("/tenants", "", m.tenants),
		get("/subscriptions", "", m.subscriptions),
		enter(subscription, "Microsoft.Resources/subscriptions/read", m.subscription),
		enter(subscription+"/locations", "Microsoft.Resources/subscriptions/locations/read", m.locations),
		enter(subscription+"/resources", "Microsoft.Resources/subscriptions/resources/read", m.listResources),
		enter(subscription+"/resourceGroups/{group}/resources", "Microsoft.Resources/subscriptions/resourceGroups/resources/read", m.listResources),
		get(subscription+"/tagNames", "Microsoft.Resources/subscriptions/tagNames/read", m.tagNames),
		put(subscription+"/tagNames/{tag}", "Microsoft.Resources/subscriptions/tagNames/write", m.putTagName),
		put(subscription+"/tagNames/{tag}/tagValues/{value}", "Microsoft.Resources/subscriptions/tagNames/tagValues/write", m.putTagValue),
		{Method: http.MethodDelete, Pattern: subscription + "/tagNames/{tag}", Action: "Microsoft.Resources/subscriptions/tagNames/delete", Serve: m.deleteTagName},
		{Method: http.MethodDelete, Pattern: subscription + "/tagNames/{tag}/tagValues/{value}", Action: "Microsoft.Resources/subscriptions/tagNames/tagValues/delete", Serve: m.deleteTagValue},
		enter(subscription+"/providers", "Microsoft.Resources/subscriptions/providers/read", m.listProviders),
		enter(subscription+"/providers/{namespace}", "Microsoft.Resources/subscriptions/providers/read", m.provider),
		enter(subscription+"/providers/{namespace}/resourceTypes", "Microsoft.Resources/subscriptions/providers/read", m.resourceTypes),
		get(subscription+"/providers/{namespace}/providerPermissions", "Microsoft.Resources/subscriptions/providers/read", m.permissions),
		{Method: http.MethodPost, Pattern: subscription + "/providers/{namespace}/register", Action: "Microsoft.Resources/subscriptions/providers/register/action", Serve: m.register},
		{Method: http.MethodPost, Pattern: subscription + "/providers/{namespace}/unregister", Action: "Microsoft.Resources/subscriptions/providers/unregister/action", Serve: m.unregister},
		{Method: http.MethodPost, Pattern: subscription + "/providers/Microsoft.Resources/checkZonePeers", Action: "Microsoft.Resources/checkZonePeers/action", Serve: m.checkZonePeers},
		{Method: http.MethodPost, Pattern: "/providers/Microsoft.Resources/checkResourceName", Serve: checkResourceName},
		get(subscription+"/providers/Microsoft.Insights/eventtypes/management/values", "Microsoft.Insights/eventtypes/values/read", m.listActivity),
		get("/providers", "", m.listProviders),
		get("/providers/{namespace}", "", m.provider),
		get("/providers/{namespace}/operations", "", m.operations),
	}
}

// entering lets in whoever has a role at the path's group or subscription, or at anything
// in it: what the handler shows is narrowed, or is no secret.
func (m *Manager) entering(action string, serve Handler) Handler {
	return func(ctx context.Context, r *Request) (*Response, error) {
		scope := "/subscriptions/" + r.Values["subscription"]
		if group := r.Values["group"]; group != "" {
			scope += "/resourceGroups/" + group
		}
		if m.config.Authorizer != nil && !m.config.Authorizer.Within(r.Principal, "", scope) {
			return nil, forbidden(r.Principal, action, scope)
		}
		return serve(ctx, r)
	}
}

func (m *Manager) tenants(context.Context, *Request) (*Response, error) {
	id := m.config.Tenant
	return Page([]expr.Value{object("id", "/tenants/"+id, "tenantId", id, "countryCode", "US", "displayName", m.config.TenantName,
		"domains", expr.Array(), "tenantCategory", "Home", "tenantType", "AAD")}, ""), nil
}

func (m *Manager) subscriptionValue(tx *store.Tx, s Subscription) (expr.Value, error) {
	name := s.Name
	if name == "" {
		name = m.config.TenantName
	}
	v := object("id", "/subscriptions/"+s.ID, "authorizationSource", "RoleBased", "managedByTenants", expr.Array(), "subscriptionId", s.ID,
		"tenantId", m.config.Tenant, "displayName", name, "state", "Enabled", "subscriptionPolicies",
		object("locationPlacementId", "Public_2014-09-01", "quotaId", "PayAsYouGo_2014-09-01", "spendingLimit", "Off"))
	tags, err := subscriptionTags(tx, s.ID, nil)
	if tags.Len() > 0 {
		v = v.With("tags", tags)
	}
	return v, err
}

// subscriptionsWhere are those that hold, as they are served.
func (m *Manager) subscriptionsWhere(ctx context.Context, holds func(Subscription) bool) ([]expr.Value, error) {
	values := []expr.Value{}
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		for _, s := range m.config.Subscriptions {
			if !holds(s) {
				continue
			}
			v, err := m.subscriptionValue(tx, s)
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		return nil
	})
	return values, err
}

// subscriptions lists those the caller may read.
func (m *Manager) subscriptions(ctx context.Context, r *Request) (*Response, error) {
	values, err := m.subscriptionsWhere(ctx, func(s Subscription) bool {
		return m.config.Authorizer == nil || m.config.Authorizer.Within(r.Principal, "", "/subscriptions/"+s.ID)
	})
	if err != nil {
		return nil, err
	}
	return Page(values, ""), nil
}

func (m *Manager) subscription(ctx context.Context, r *Request) (*Response, error) {
	values, err := m.subscriptionsWhere(ctx, func(s Subscription) bool { return strings.EqualFold(s.ID, r.Values["subscription"]) })
	if err != nil {
		return nil, err
	}
	return Reply(values[0]), nil // serve has checked that it is there
}

// places are the locations that are shown. Any other name is accepted too: a location
// means nothing to a server that has one.
func places() [][2]string {
	return [][2]string{{"australiaeast", "Australia East"}, {"brazilsouth", "Brazil South"}, {"canadacentral", "Canada Central"}, {"centralus", "Central US"},
		{"eastasia", "East Asia"}, {"eastus", "East US"}, {"eastus2", "East US 2"}, {"francecentral", "France Central"}, {"germanywestcentral", "Germany West Central"},
		{"japaneast", "Japan East"}, {"northcentralus", "North Central US"}, {"northeurope", "North Europe"}, {"southcentralus", "South Central US"},
		{"southeastasia", "Southeast Asia"}, {"swedencentral", "Sweden Central"}, {"switzerlandnorth", "Switzerland North"}, {"uksouth", "UK South"},
		{"westeurope", "West Europe"}, {"westus", "West US"}, {"westus2", "West US 2"}}
}

func (m *Manager) locations(_ context.Context, r *Request) (*Response, error) {
	var values []expr.Value
	for _, p := range places() {
		values = append(values, object("id", "/subscriptions/"+r.Values["subscription"]+"/locations/"+p[0], "name", p[0], "type", "Region", "displayName", p[1],
			"regionalDisplayName", p[1], "metadata", object("regionType", "Physical", "regionCategory", "Other")))
	}
	return Page(values, ""), nil
}

func (m *Manager) namespace(name string) (string, error) {
	for _, p := range m.providers {
		if strings.EqualFold(p, name) {
			return p, nil
		}
	}
	return "", Missing("InvalidResourceNamespace", "The resource namespace '%s' is invalid. This server has: %s.", printable(name), strings.Join(m.providers, ", "))
}

// typesOf lists a namespace's types, sorted.
func (m *Manager) typesOf(namespace string) []*Type {
	var list []*Type
	for _, name := range sorted(m.types) {
		if strings.HasPrefix(name, strings.ToLower(namespace)+"/") {
			list = append(list, m.types[name])
		}
	}
	return list
}

func (m *Manager) typeValues(namespace string) []expr.Value {
	var regions []expr.Value
	for _, p := range places() {
		regions = append(regions, expr.String(p[1]))
	}
	value := func(name string, versions []string, capabilities string) expr.Value {
		list := make([]expr.Value, len(versions))
		for i, v := range versions {
			list[i] = expr.String(v)
		}
		return object("resourceType", name, "locations", expr.Array(regions...), "apiVersions", expr.Array(list...),
			"defaultApiVersion", strings.Join(versions[:min(1, len(versions))], ""), "capabilities", capabilities)
	}
	shown := map[string]expr.Value{}
	var versions []string // of the namespace's first type, for what is no type of its own
	for _, t := range m.typesOf(namespace) {
		if versions == nil {
			versions = t.APIVersions
		}
		capabilities := "None"
		if t.Tracked {
			capabilities = "SupportsTags, SupportsLocation"
		}
		name := t.Name[len(namespace)+1:]
		for _, p := range m.reads[strings.ToLower(t.Name)] {
			if child := p.typeName(); child != "" {
				shown[name+"/"+child] = value(name+"/"+child, t.APIVersions, "None")
			}
		}
		shown[name] = value(name, t.APIVersions, capabilities)
	}
	others := []string{"operations", "locations"}
	if strings.EqualFold(namespace, "Microsoft.Resources") {
		others = append(others, "subscriptions", "tags", "tenants")
	}
	for _, name := range others {
		shown[name] = value(name, versions, "None")
	}
	values := make([]expr.Value, 0, len(shown))
	for _, name := range sorted(shown) {
		values = append(values, shown[name])
	}
	return values
}

// typeName is what a read reads, if literals and names take turns in it: "runs/actions"
// of "runs/{run}/actions".
func (p pattern) typeName() string {
	var literals []string
	for i, s := range p.segments {
		if isName(s) != (i%2 == 1) {
			return ""
		}
		if i%2 == 0 {
			literals = append(literals, s)
		}
	}
	return strings.Join(literals, "/")
}

// providerValue is a provider, with its state in the subscription if there is one.
func (m *Manager) providerValue(tx *store.Tx, namespace, subscription string) (expr.Value, error) {
	id := "/providers/" + namespace
	if subscription != "" {
		id = "/subscriptions/" + subscription + id
	}
	policy := "RegistrationRequired"
	if alwaysRegistered(namespace) {
		policy = "RegistrationFree"
	}
	v := object("id", id, "namespace", namespace, "registrationPolicy", policy, "resourceTypes", expr.Array(m.typeValues(namespace)...))
	if subscription == "" {
		return v, nil
	}
	state, err := registrationOf(tx, subscription, namespace)
	return v.With("registrationState", expr.String(state)), err
}

func (m *Manager) listProviders(ctx context.Context, r *Request) (*Response, error) {
	top, err := r.Top(len(m.providers), len(m.providers))
	if err != nil {
		return nil, err
	}
	after, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	values, next := []expr.Value{}, ""
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		for i, p := range m.providers {
			if after != "" && strings.ToLower(p) <= after {
				continue
			}
			if len(values) == top {
				next = r.NextLink(strings.ToLower(m.providers[i-1]))
				return nil
			}
			v, err := m.providerValue(tx, p, r.Values["subscription"])
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return Page(values, next), nil
}

// provider answers reads, and what a change of its registration came to.
func (m *Manager) provider(ctx context.Context, r *Request) (*Response, error) {
	namespace, err := m.namespace(r.Values["namespace"])
	if err != nil {
		return nil, err
	}
	var v expr.Value
	err = m.db.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = m.providerValue(tx, namespace, r.Values["subscription"])
		return err
	})
	if err != nil {
		return nil, err
	}
	return Reply(v), nil
}

func (m *Manager) resourceTypes(_ context.Context, r *Request) (*Response, error) {
	namespace, err := m.namespace(r.Values["namespace"])
	if err != nil {
		return nil, err
	}
	return Page(m.typeValues(namespace), ""), nil
}

func (m *Manager) permissions(_ context.Context, r *Request) (*Response, error) {
	if _, err := m.namespace(r.Values["namespace"]); err != nil {
		return nil, err
	}
	return Page([]expr.Value{}, ""), nil
}

// operations lists the actions that access can be given to (logic-api §2.1), made
// from the types.
func (m *Manager) operations(_ context.Context, r *Request) (*Response, error) {
	namespace, err := m.namespace(r.Values["namespace"])
	if err != nil {
		return nil, err
	}
	values := []expr.Value{operationValue(namespace, "operations/read"), operationValue(namespace, "register/action")}
	for _, t := range m.typesOf(namespace) {
		path := t.Name[len(namespace)+1:]
		verbs := []string{"read"}
		if t.Put != nil {
			verbs = append(verbs, "write")
		}
		if t.Delete != nil {
			verbs = append(verbs, "delete")
		}
		for _, p := range m.actions[strings.ToLower(t.Name)] {
			verbs = append(verbs, p.verb()+"/action")
		}
		for _, p := range m.reads[strings.ToLower(t.Name)] {
			verbs = append(verbs, p.verb()+"/read")
		}
		if t.Linked != "" {
			verbs = append(verbs, t.Linked)
		}
		slices.Sort(verbs)
		for _, v := range slices.Compact(verbs) {
			values = append(values, operationValue(namespace, path+"/"+v))
		}
	}
	return Page(append(values, m.routeOperations(namespace, values)...), ""), nil
}

// routeOperations are the actions of paths that belong to no type, but for those known.
func (m *Manager) routeOperations(namespace string, known []expr.Value) (values []expr.Value) {
	seen := map[string]bool{}
	for _, v := range known {
		name, _ := v.Get("name")
		seen[name.Text()] = true
	}
	for i := range m.routes {
		name := m.routes[i].Action
		path, ok := strings.CutPrefix(name, namespace+"/")
		if ok && !seen[name] && strings.Contains(path, "/") {
			seen[name] = true
			values = append(values, operationValue(namespace, path))
		}
	}
	return values
}

func operationValue(namespace, path string) expr.Value {
	cut := strings.LastIndexByte(path, '/')
	return object("name", namespace+"/"+path, "origin", "user,system", "display",
		object("provider", namespace, "resource", path[:cut], "operation", path[cut+1:], "description", path), "properties", expr.Object())
}
