package deploy

import (
	"fmt"
	"slices"
	"strconv"
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

func (s *scope) resourceGroup([]expr.Value) (expr.Value, error) {
	if s.target.Group == "" {
		return expr.Value{}, failf("The template function 'resourceGroup' is not expected at this location: the deployment is to a %s", s.target.scope())
	}
	tags := s.target.GroupTags
	if tags.IsNull() {
		tags = expr.Object()
	}
	return expr.Object(
		str("id", s.target.groupID()), str("name", s.target.Group), str("type", "Microsoft.Resources/resourceGroups"),
		str("location", s.target.GroupLocation), expr.Member{Name: "tags", Value: tags},
		obj("properties", str("provisioningState", "Succeeded")),
	), nil
}

func (s *scope) subscription() expr.Value {
	return expr.Object(
		str("id", "/subscriptions/"+s.target.SubscriptionID), str("subscriptionId", s.target.SubscriptionID),
		str("tenantId", s.target.TenantID), str("displayName", "Isle"),
	)
}

func (s *scope) tenant() expr.Value {
	return expr.Object(str("id", "/tenants/"+s.target.TenantID), str("tenantId", s.target.TenantID), str("displayName", "Isle"))
}

func (s *scope) deployer() expr.Value {
	return expr.Object(str("objectId", s.target.Principal), str("tenantId", s.target.TenantID), str("userPrincipalName", ""))
}

// deployment describes the deployment itself. It has a link only if the template came
// by one, and a location only if it has no resource group.
func (s *scope) deployment() expr.Value {
	mode := s.target.Mode
	if mode == "" {
		mode = "Incremental"
	}
	properties := expr.Object(
		expr.Member{Name: "template", Value: s.target.Template}, str("templateHash", s.target.TemplateHash),
		str("mode", mode), str("provisioningState", "Accepted"),
	)
	if s.target.Link != "" {
		properties = properties.With("templateLink", expr.Object(str("uri", s.target.Link)))
	}
	v := expr.Object(str("name", s.target.Deployment), expr.Member{Name: "properties", Value: properties})
	if s.target.Group == "" {
		v = v.With("location", expr.String(s.target.GroupLocation))
	}
	return v
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

// providers answers for a provider, or for one of its types. A type that this server
// has not has one version: templates ask for the newest.
func (s *scope) providers(args []expr.Value) (expr.Value, error) {
	namespace, _ := first(args).AsString()
	typ, _ := first(rest(args)).AsString()
	provider := expr.Null()
	if s.target.Provider != nil {
		provider = s.target.Provider(namespace)
	}
	if len(args) == 1 {
		if provider.IsNull() {
			return expr.Value{}, failf("The template function 'providers' does not know the resource provider '%s'", namespace)
		}
		return provider, nil
	}
	types, _ := member(provider, "resourceTypes")
	for _, t := range types.Elements() {
		if name, _ := text(t, "resourceType"); strings.EqualFold(name, typ) {
			return t, nil
		}
	}
	return expr.Object(
		str("resourceType", typ), expr.Member{Name: "locations", Value: expr.Array()},
		expr.Member{Name: "apiVersions", Value: expr.Array(expr.String("2019-05-01"))},
	), nil
}

// zonedTypes are the types that Azure places in availability zones and this server
// has, in lower case.
var zonedTypes = []string{"microsoft.network/publicipaddresses", "microsoft.network/azurefirewalls", "microsoft.network/natgateways"}

// pickZones gives zones of a location: "1" to "3" where the type has zones.
func pickZones(args []expr.Value) (expr.Value, error) {
	namespace, _ := args[0].AsString()
	typ, _ := args[1].AsString()
	location, _ := args[2].AsString()
	count, offset := int64(1), int64(0)
	for i, to := range []*int64{&count, &offset} {
		if len(args) > 3+i {
			*to, _ = args[3+i].AsInt()
		}
	}
	if count < 1 || count > 3 || offset < 0 || offset > 3 || count+offset > 3 {
		return expr.Value{}, failf("The template function 'pickZones' gives 1 to 3 zones of three, and not '%d' from the offset '%d' on", count, offset)
	}
	if strings.EqualFold(location, "global") || !slices.Contains(zonedTypes, strings.ToLower(namespace+"/"+typ)) {
		return expr.Array(), nil
	}
	var zones []expr.Value
	for i := range count {
		zones = append(zones, expr.String(strconv.FormatInt(offset+i+1, 10)))
	}
	return expr.Array(zones...), nil
}

// physicalZone names zone "1" of a location as Azure does: westeurope-az1.
func physicalZone(args []expr.Value) (expr.Value, error) {
	location, _ := args[1].AsString()
	zone, _ := args[2].AsString()
	if zone == "" || location == "" {
		return expr.String(""), nil
	}
	return expr.String(strings.ToLower(location) + "-az" + zone), nil
}

func logicalZone(args []expr.Value) (expr.Value, error) {
	location, _ := args[1].AsString()
	zone, _ := args[2].AsString()
	logical, ok := strings.CutPrefix(strings.ToLower(zone), strings.ToLower(location)+"-az")
	if !ok {
		logical = ""
	}
	return expr.String(logical), nil
}

// eachZone makes the function of many zones from that of one.
func eachZone(one func([]expr.Value) (expr.Value, error)) func([]expr.Value) (expr.Value, error) {
	return func(args []expr.Value) (expr.Value, error) {
		list := make([]expr.Value, 0, args[2].Len())
		for _, zone := range args[2].Elements() {
			v, err := one([]expr.Value{args[0], args[1], zone})
			if err != nil {
				return expr.Value{}, err
			}
			list = append(list, v)
		}
		return expr.Array(list...), nil
	}
}

// resourceID makes an ID: before the type may stand a subscription and a group. The
// type may end in a slash, as the public quickstart writes it (ise.md row 35).
func (s *scope) resourceID(args []expr.Value) (expr.Value, error) {
	subscription, group := s.target.SubscriptionID, s.target.Group
	lead, err := leading("resourceId", args, 2)
	if err != nil {
		return expr.Value{}, err
	}
	switch {
	case lead == 1 && group == "": // in a deployment to a subscription it is the subscription
		subscription, _ = args[0].AsString()
	case lead == 1:
		group, _ = args[0].AsString()
	case lead == 2:
		subscription, _ = args[0].AsString()
		group, _ = args[1].AsString()
	}
	if lead == 2 && !isGUID(subscription) {
		return expr.Value{}, failf("The provided value '%s' is not valid subscription identifier. Please see https://aka.ms/arm-resource-functions/#resourceid for usage details.", subscription)
	}
	return joined("resourceId", scopeID(subscription, group), args[lead:])
}

func (s *scope) subscriptionResourceID(args []expr.Value) (expr.Value, error) {
	subscription := s.target.SubscriptionID
	lead, err := leading("subscriptionResourceId", args, 1)
	if err != nil {
		return expr.Value{}, err
	}
	if lead == 1 {
		subscription, _ = args[0].AsString()
	}
	return joined("subscriptionResourceId", "/subscriptions/"+subscription, args[lead:])
}

func managementGroupResourceID(args []expr.Value) (expr.Value, error) {
	lead, err := leading("managementGroupResourceId", args, 1)
	if err != nil {
		return expr.Value{}, err
	}
	if lead == 0 {
		return expr.Value{}, failf("The template function 'managementGroupResourceId' needs the management group as its first parameter, as the deployment is to none")
	}
	group, _ := args[0].AsString()
	return joined("managementGroupResourceId", "/providers/Microsoft.Management/managementGroups/"+group, args[1:])
}

func extensionResourceID(args []expr.Value) (expr.Value, error) {
	base, ok := args[0].AsString()
	if !ok {
		return expr.Value{}, failf("The template function 'extensionResourceId' takes the ID of a resource as its first parameter; it is of type '%s'", args[0].TypeName())
	}
	return joined("extensionResourceId", strings.TrimSuffix(base, "/"), args[1:])
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// leading counts the arguments before the resource type, the only one with several
// segments.
func leading(function string, args []expr.Value, most int) (int, error) {
	at, several := -1, 0
	for i, a := range args {
		if t, ok := a.AsString(); ok && strings.Contains(t, "/") {
			if several++; several == 1 {
				at = i
			}
		}
	}
	if several != 1 || at > most {
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = a.Text()
		}
		return 0, failf("Unable to evaluate template language function '%s': function requires exactly one multi-segmented argument which must be resource type including resource provider namespace. Current function arguments '%s'. Please see https://aka.ms/arm-resource-functions/#%s for usage details.",
			function, strings.Join(words, ","), strings.ToLower(function))
	}
	return at, nil
}

// joined appends a type and its names to a scope: the type's segments and the names
// alternate.
func joined(function, scope string, args []expr.Value) (expr.Value, error) {
	typ, _ := first(args).AsString()
	segments := strings.Split(strings.Trim(typ, "/"), "/")
	id := scope + "/providers/" + segments[0]
	given := rest(args)
	if len(segments) < 2 || len(given) != len(segments)-1 {
		return expr.Value{}, failf("Unable to evaluate template language function '%s': the type '%s' requires '%d' resource name argument(s). Please see https://aka.ms/arm-resource-functions/#%s for usage details.",
			function, typ, max(len(segments)-1, 1), strings.ToLower(function))
	}
	if group, ok := given[0].AsString(); ok && strings.EqualFold(strings.Join(segments, "/"), groupType) {
		subscription, _, _ := strings.Cut(scope, "/resourceGroups/")
		return expr.String(subscription + "/resourceGroups/" + group), nil // it lies under no provider
	}
	for i, a := range given {
		name, ok := a.AsString()
		if !ok {
			return expr.Value{}, failf("The template function '%s' takes names that are strings; one is of type '%s'", function, a.TypeName())
		}
		id += "/" + segments[i+1] + "/" + strings.Trim(name, "/")
	}
	return expr.String(id), nil
}

// resourceInfo tells what a symbolic name stands for, without reading it.
func (s *scope) resourceInfo(args []expr.Value) (expr.Value, error) {
	ref, _ := first(args).AsString()
	r, err := s.info(ref)
	if err != nil {
		return expr.Value{}, err
	}
	return expr.Object(str("id", r.ID), str("name", r.Name), str("type", r.Type), str("apiVersion", r.APIVersion)), nil
}

// reference gives a resource's properties, or with 'Full' the whole of it.
func (s *scope) reference(args []expr.Value) (expr.Value, error) {
	id, version, err := s.subject("reference", args)
	if err != nil {
		return expr.Value{}, err
	}
	return s.read(id, version, isFull(args))
}

// isFull reports whether the last argument asks for the whole resource. With a
// symbolic name it may stand where the version does else.
func isFull(args []expr.Value) bool {
	return slices.ContainsFunc(rest(args), func(v expr.Value) bool {
		word, _ := v.AsString()
		return strings.EqualFold(word, "Full")
	})
}

func (s *scope) read(id, version string, full bool) (expr.Value, error) {
	if strings.EqualFold(version, "Full") || strings.EqualFold(version, "Properties") {
		version = ""
	}
	view, err := s.reader.Reference(id, version)
	if err != nil || full {
		return view, err
	}
	properties, _ := member(view, "properties")
	return properties, nil
}

// references reads each resource of a copy loop, by its symbolic name.
func (s *scope) references(args []expr.Value) (expr.Value, error) {
	if err := s.mayRead("references"); err != nil {
		return expr.Value{}, err
	}
	ref, _ := first(args).AsString()
	members := s.members(ref)
	if len(members) == 0 && !s.empty(ref) {
		return expr.Value{}, failf("The template reference '%s' is not valid: could not find template resource or resource copy with this name. Please see https://aka.ms/arm-function-reference for usage details.", ref)
	}
	var list []expr.Value
	for i := range members {
		id, err := s.ready(ref + "[" + strconv.Itoa(i) + "]")
		if err != nil {
			return expr.Value{}, err
		}
		v, err := s.read(id, "", isFull(args))
		if err != nil {
			return expr.Value{}, err
		}
		list = append(list, v)
	}
	return expr.Array(list...), nil
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
