package network

import (
	"strings"

	"isle/expr"
)

// What is served of the stored forms (logic-api §4.1 to §4.3).

const (
	typeNetworks   = "Microsoft.Network/virtualNetworks"
	typeSubnets    = typeNetworks + "/subnets"
	typeGroups     = "Microsoft.Network/networkSecurityGroups"
	typeRules      = typeGroups + "/securityRules"
	typeDefaults   = typeGroups + "/defaultSecurityRules"
	typeTables     = "Microsoft.Network/routeTables"
	typeRoutes     = typeTables + "/routes"
	typeDelegation = typeSubnets + "/delegations"

	succeeded = "Succeeded"
)

// fields builds an object and leaves out what is not there.
type fields []expr.Member

func (f *fields) add(name string, v expr.Value) { *f = append(*f, expr.Member{Name: name, Value: v}) }

func (f *fields) text(name, v string) {
	if v != "" {
		f.add(name, expr.String(v))
	}
}

func (f *fields) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	values := make([]expr.Value, len(list))
	for i, s := range list {
		values[i] = expr.String(s)
	}
	f.add(name, expr.Array(values...))
}

// references adds an array of {"id"}.
func (f *fields) references(name string, ids []string) {
	if len(ids) == 0 {
		return
	}
	values := make([]expr.Value, len(ids))
	for i, id := range ids {
		values[i] = idObject(id)
	}
	f.add(name, expr.Array(values...))
}

func (f *fields) settings(v expr.Value) {
	for name, member := range v.Members() {
		f.add(name, member)
	}
}

// missing adds a member with its default unless settings gave it.
func (f *fields) missing(given expr.Value, name string, v expr.Value) {
	if _, ok := given.Get(name); !ok {
		f.add(name, v)
	}
}

func (f fields) value() expr.Value { return expr.Object(f...) }

func idObject(id string) expr.Value {
	return expr.Object(expr.Member{Name: "id", Value: expr.String(id)})
}

// child is the frame of a nested entry.
func child(id, name, typ, etag string, properties expr.Value) expr.Value {
	var f fields
	f.text("name", name)
	f.text("id", id)
	f.text("etag", etag)
	f.add("properties", properties)
	f.text("type", typ)
	return f.value()
}

func (n *Network) view(subnets, peerings expr.Value) fields {
	var f, space fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", n.GUID)
	space.texts("addressPrefixes", n.Space)
	f.add("addressSpace", space.value())
	f.settings(n.Settings)
	f.add("subnets", subnets)
	f.add("virtualNetworkPeerings", peerings)
	f.missing(n.Settings, "enableDdosProtection", expr.Bool(false))
	return f
}

func (s *Subnet) view(id, etag string) expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	if s.Plural {
		f.texts("addressPrefixes", s.Prefixes)
	} else {
		f.text("addressPrefix", s.Prefixes[0])
	}
	if s.SecurityGroup != "" {
		f.add("networkSecurityGroup", idObject(s.SecurityGroup))
	}
	if s.RouteTable != "" {
		f.add("routeTable", idObject(s.RouteTable))
	}
	if s.NATGateway != "" {
		f.add("natGateway", idObject(s.NATGateway))
	}
	if len(s.ServiceEndpoints) > 0 {
		f.add("serviceEndpoints", endpointList(s.ServiceEndpoints))
	}
	f.references("ipConfigurations", s.configurations())
	for _, association := range []bool{true, false} {
		if list := s.linkList(id, etag, association); list.Len() > 0 {
			f.add(linkMember(association), list)
		}
	}
	f.add("delegations", s.delegationList(id, etag))
	f.settings(s.Settings)
	f.missing(s.Settings, "privateEndpointNetworkPolicies", expr.String("Disabled"))
	f.missing(s.Settings, "privateLinkServiceNetworkPolicies", expr.String("Enabled"))
	return f.value()
}

func endpointList(endpoints []ServiceEndpoint) expr.Value {
	values := make([]expr.Value, len(endpoints))
	for i, e := range endpoints {
		var f fields
		f.text("provisioningState", succeeded)
		f.text("service", e.Service)
		f.texts("locations", e.Locations)
		values[i] = f.value()
	}
	return expr.Array(values...)
}

func (s *Subnet) delegationList(id, etag string) expr.Value {
	values := make([]expr.Value, len(s.Delegations))
	for i, d := range s.Delegations {
		var f fields
		f.text("provisioningState", succeeded)
		f.text("serviceName", d.Service)
		f.texts("actions", delegationActions(d.Service))
		values[i] = child(id+"/delegations/"+d.Name, d.Name, typeDelegation, etag, f.value())
	}
	return expr.Array(values...)
}

// delegationActions are what a delegation lets the service do (logic-api §3.3).
func delegationActions(service string) []string {
	if strings.HasPrefix(strings.ToLower(service), "microsoft.logic/") {
		return []string{"Microsoft.Network/virtualNetworks/subnets/action"}
	}
	return []string{"Microsoft.Network/virtualNetworks/subnets/join/action"}
}

func linkMember(association bool) string {
	if association {
		return "serviceAssociationLinks"
	}
	return "resourceNavigationLinks"
}

// linkList lists the links of one sort as their child lists do.
func (s *Subnet) linkList(id, etag string, association bool) expr.Value {
	var values []expr.Value
	for _, l := range s.Links {
		if l.Association != association {
			continue
		}
		var f fields
		f.text("provisioningState", succeeded)
		f.text("linkedResourceType", l.Type)
		f.text("link", l.Owner)
		if association {
			f.add("allowDelete", expr.Bool(false))
			f.add("locations", expr.Array(expr.String(l.Location)))
		}
		values = append(values, child(id+"/"+l.segment()+"/"+l.Name, l.Name, typeSubnets+"/"+l.segment(), etag, f.value()))
	}
	return expr.Array(values...)
}

func (r *Rule) view() expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("description", r.Description)
	f.text("protocol", r.Protocol)
	sides := []struct {
		name string
		side *Side
	}{{sideSource, &r.Source}, {sideDestination, &r.Destination}}
	for _, s := range sides {
		f.text(s.name+"PortRange", s.side.Port)
	}
	for _, s := range sides {
		f.text(s.name+"AddressPrefix", s.side.Prefix)
	}
	f.text("access", r.Access)
	f.add("priority", expr.Int(int64(r.Priority)))
	f.text("direction", r.Direction)
	for _, s := range sides {
		f.add(s.name+"PortRanges", textArray(s.side.Ports))
		f.add(s.name+"AddressPrefixes", textArray(s.side.Prefixes))
		f.references(s.name+"ApplicationSecurityGroups", s.side.Groups)
	}
	return f.value()
}

func textArray(list []string) expr.Value {
	var f fields
	f.texts("", list)
	if len(f) == 0 {
		return expr.Array()
	}
	return f[0].Value
}

// defaultRuleList lists the default rules of a group.
func defaultRuleList(group, etag string) expr.Value {
	rules := defaultRules()
	values := make([]expr.Value, len(rules))
	for i := range rules {
		values[i] = defaultRuleView(group, etag, &rules[i])
	}
	return expr.Array(values...)
}

func defaultRuleView(group, etag string, r *Rule) expr.Value {
	return child(group+"/defaultSecurityRules/"+r.Name, r.Name, typeDefaults, etag, r.view())
}

func (g *Attachment) groupView(id, etag string, rules expr.Value) fields {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", g.GUID)
	f.add("securityRules", rules)
	f.add("defaultSecurityRules", defaultRuleList(id, etag))
	f.references("networkInterfaces", g.Interfaces)
	f.references("subnets", g.Subnets)
	f.settings(g.Settings)
	return f
}

func (r *Route) view() expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("addressPrefix", r.Prefix)
	f.text("nextHopType", r.NextHopType)
	f.text("nextHopIpAddress", r.NextHop)
	f.add("hasBgpOverride", expr.Bool(false))
	return f.value()
}

func (t *Attachment) tableView(routes expr.Value) expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", t.GUID)
	f.settings(t.Settings)
	f.missing(t.Settings, "disableBgpRoutePropagation", expr.Bool(false))
	f.add("routes", routes)
	f.references("subnets", t.Subnets)
	return f.value()
}
