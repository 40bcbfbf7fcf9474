package deploy

import (
	"fmt"
	"strings"

	"isle/expr"
)

// failure is the reason why an expression cannot be evaluated, in the wire's words.
type failure string

func (f failure) Error() string { return string(f) }

func failf(format string, args ...any) error { return failure(fmt.Sprintf(format, args...)) }

func str(name, value string) expr.Member {
	return expr.Member{Name: name, Value: expr.String(value)}
}

func obj(name string, members ...expr.Member) expr.Member {
	return expr.Member{Name: name, Value: expr.Object(members...)}
}

func (s *scope) resourceGroup() expr.Value {
	tags := s.target.GroupTags
	if tags.IsNull() {
		tags = expr.Object()
	}
	return expr.Object(
		str("id", s.target.groupID()), str("name", s.target.Group), str("type", "Microsoft.Resources/resourceGroups"),
		str("location", s.target.GroupLocation), expr.Member{Name: "tags", Value: tags},
		obj("properties", str("provisioningState", "Succeeded")),
	)
}

func (s *scope) subscription() expr.Value {
	return expr.Object(
		str("id", "/subscriptions/"+s.target.SubscriptionID), str("subscriptionId", s.target.SubscriptionID),
		str("tenantId", s.target.TenantID), str("displayName", "Isle"),
	)
}

func (s *scope) deployment() expr.Value {
	return expr.Object(
		str("name", s.target.Deployment),
		obj("properties", obj("templateLink"), str("mode", "Incremental"), str("provisioningState", "Accepted")),
	)
}

func (s *scope) environment() expr.Value {
	return expr.Object(
		str("name", "Isle"), str("resourceManager", strings.TrimSuffix(s.target.Endpoint, "/")+"/"), str("portal", s.target.Endpoint),
		obj("authentication", str("loginEndpoint", s.target.Authority), str("tenant", s.target.TenantID),
			expr.Member{Name: "audiences", Value: expr.Array(expr.String(s.target.Endpoint))}),
		obj("suffixes", str("acrLoginServer", ".azurecr.io"), str("keyvaultDns", ".vault.azure.net"),
			str("sqlServerHostname", ".database.windows.net"), str("storage", "core.windows.net")),
	)
}

// providers answers for a resource type: the versions that templates ask it for.
func providers(args []expr.Value) (expr.Value, error) {
	namespace, _ := first(args).AsString()
	typ, _ := first(rest(args)).AsString()
	if typ == "" {
		return expr.Value{}, failf("The template function 'providers' needs a namespace and a resource type, as in providers('Microsoft.Logic', 'workflows')")
	}
	return expr.Object(
		str("resourceType", namespace+"/"+typ),
		expr.Member{Name: "locations", Value: expr.Array()},
		expr.Member{Name: "apiVersions", Value: expr.Array(expr.String("2019-05-01"))},
	), nil
}

// resourceID makes an ID: before the type may stand a subscription and a group. The
// type may end in a slash, as the public quickstart writes it (ise.md row 35).
func (s *scope) resourceID(args []expr.Value) (expr.Value, error) {
	subscription, group := s.target.SubscriptionID, s.target.Group
	lead := leading(args)
	switch lead {
	case 0:
	case 1:
		group, _ = args[0].AsString()
	case 2:
		subscription, _ = args[0].AsString()
		group, _ = args[1].AsString()
	default:
		return expr.Value{}, failf("The template function 'resourceId' needs a resource type such as 'Microsoft.Network/virtualNetworks' among its first three parameters")
	}
	return joined("/subscriptions/"+subscription+"/resourceGroups/"+group, args[lead:])
}

func (s *scope) subscriptionResourceID(args []expr.Value) (expr.Value, error) {
	subscription := s.target.SubscriptionID
	if leading(args) == 1 {
		subscription, _ = args[0].AsString()
		args = args[1:]
	}
	return joined("/subscriptions/"+subscription, args)
}

// leading counts the arguments before the resource type, or is -1 without one.
func leading(args []expr.Value) int {
	for i, a := range args {
		if t, ok := a.AsString(); ok && strings.Contains(t, "/") {
			return i
		}
	}
	return -1
}

// joined appends a type and its names to a scope: the type's segments and the names
// alternate.
func joined(scope string, args []expr.Value) (expr.Value, error) {
	typ, _ := first(args).AsString()
	segments := strings.Split(strings.Trim(typ, "/"), "/")
	var given []string
	for _, a := range rest(args) {
		name, ok := a.AsString()
		if !ok {
			return expr.Value{}, failf("The template function 'resourceId' takes names that are strings; one is of type '%s'", a.TypeName())
		}
		given = append(given, strings.Split(strings.Trim(name, "/"), "/")...)
	}
	if len(segments) < 2 || len(given) != len(segments)-1 {
		return expr.Value{}, failf("Unable to evaluate template language function 'resourceId': the type '%s' requires '%d' resource name argument(s), and '%d' are given", typ, max(len(segments)-1, 1), len(given))
	}
	id := scope + "/providers/" + segments[0]
	for i, name := range given {
		id += "/" + segments[i+1] + "/" + name
	}
	return expr.String(id), nil
}

// reference gives a resource's properties, or with 'Full' the whole of it.
func (s *scope) reference(args []expr.Value) (expr.Value, error) {
	id, version, err := s.subject("reference", args)
	if err != nil {
		return expr.Value{}, err
	}
	view, err := s.reader.Reference(id, version)
	if err != nil {
		return expr.Value{}, err
	}
	if full, _ := first(rest(rest(args))).AsString(); strings.EqualFold(full, "Full") {
		return view, nil
	}
	properties, _ := member(view, "properties")
	return properties, nil
}

// subject is the resource that a function reads, given by its first arguments, and
// the api-version to read it with, "" if there is none.
func (s *scope) subject(function string, args []expr.Value) (id, version string, err error) {
	if err := s.mayRead(function); err != nil {
		return "", "", err
	}
	ref, _ := first(args).AsString()
	if id, err = s.ready(ref); err != nil {
		return "", "", err
	}
	version, _ = first(rest(args)).AsString()
	return id, version, nil
}

// mayRead refuses to read resources where none is deployed yet.
func (s *scope) mayRead(function string) error {
	switch {
	case s.trial:
		return later{}
	case s.reader == nil:
		return failf("The template function '%s' is not expected at this location: names, conditions, counts and dependsOn are evaluated before any resource is deployed", function)
	}
	return nil
}

// list maps listKeys, listCallbackUrl and the like to the resource's POST action.
func (s *scope) list(name string, args []expr.Value) (expr.Value, error) {
	id, version, err := s.subject(name, args)
	if err != nil {
		return expr.Value{}, err
	}
	return s.reader.List(id, name, version, first(rest(rest(args))))
}

// ready resolves a name or an ID, and holds the evaluation back until that resource
// is deployed when the template deploys it.
func (s *scope) ready(ref string) (string, error) {
	id, ready, err := s.deployed(ref)
	if err != nil {
		return "", err
	}
	if !ready {
		return "", waiting{id}
	}
	return id, nil
}
