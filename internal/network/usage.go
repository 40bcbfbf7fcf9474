package network

import (
	"context"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// quota is a limit of one location of a subscription (network.md §A1).
type quota struct {
	name, text string
	typ        string // whose resources count; "" is a limit of each resource by itself
	code       string // of the PUT that would exceed it
	limit      int64
}

// usageCaptures are the packet captures under way, which have the location of their watcher.
const usageCaptures = "PacketCaptures"

var quotas = []quota{
	{"VirtualNetworks", "Virtual Networks", typeNetworks, "VnetCountLimitReached", 1000},
	{"NetworkSecurityGroups", "Network Security Groups", typeGroups, "NetworkSecurityGroupCountLimitReached", 5000},
	{"ApplicationSecurityGroups", "Application Security Groups", typeApplicationGroups, "ApplicationSecurityGroupCountLimitReached", 3000},
	{"RouteTables", "Route Tables", typeTables, "RouteTableCountLimitReached", 200},
	{"NatGateways", "NAT Gateways", typeNATGateways, "NatGatewayCountLimitReached", 1000},
	{"PublicIPAddresses", "Public IP Addresses", typePublicIPs, "PublicIPCountLimitReached", 1000},
	{"PublicIPPrefixes", "Public IP Prefixes", typePublicPrefixes, "PublicIPPrefixCountLimitReached", 1000},
	{"NetworkInterfaces", "Network Interfaces", typeInterfaces, "NetworkInterfaceCountLimitReached", 65536},
	{"AzureFirewalls", "Azure Firewalls", typeFirewalls, "AzureFirewallCountLimitReached", 100},
	{"ServiceEndpointPolicies", "Service Endpoint Policies", typeEndpointPolicies, "ServiceEndpointPolicyCountLimitReached", 500},
	{"VirtualNetworkGateways", "Virtual Network Gateways", typeGateways, "VirtualNetworkGatewayCountLimitReached", 100},
	{usageCaptures, "Packet Captures", "", "", mostSessions},
	{"SubnetsPerVirtualNetwork", "Subnets per Virtual Network", "", "", maxSubnets},
	{"DnsServersPerVirtualNetwork", "DNS servers per Virtual Network", "", "", maxDNSServers},
	{"SecurityRulesPerNetworkSecurityGroup", "Security rules per Network Security Group", "", "", maxRules},
	{"RoutesPerRouteTable", "Routes per Route Table", "", "", maxRoutes},
}

// limited keeps the number of a type's resources within its quota.
func limited(t arm.Type) arm.Type {
	for _, q := range quotas {
		if put := t.Put; q.typ == t.Name {
			t.Put = func(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
				problem, err := q.check(tx, r)
				if err != nil {
					return nil, err
				}
				written, err := put(ctx, tx, r)
				if problem == nil || err != nil && arm.AsError(err) == nil {
					return written, err
				}
				return nil, joined(problem, arm.AsError(err))
			}
		}
	}
	return t
}

// joined is one error of two, the second of which there need not be.
func joined(first, second *arm.Error) error {
	if second == nil {
		return first
	}
	return arm.Problems([]*arm.Error{first, second})
}

// check tells whether a new resource would be one too many.
func (q *quota) check(tx *store.Tx, r *arm.PutRequest) (*arm.Error, error) {
	if r.Old != nil {
		return nil, nil
	}
	all, err := arm.List(tx, store.Query{Type: q.typ, ScopePrefix: "/subscriptions/" + r.ID.Subscription})
	if err != nil {
		return nil, err
	}
	count := int64(0)
	for i := range all {
		if arm.SameLocation(all[i].Location, r.Location) {
			count++
		}
	}
	if count < q.limit {
		return nil, nil
	}
	return arm.Invalid(q.code, "", "Cannot create more than %d resources of type %s for this subscription in location %s: there are %d. Delete one that is not needed.", q.limit, q.typ, r.Location, count), nil
}

// quotaUsages answers GET …/locations/{location}/usages.
func (p *provider) quotaUsages(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	counts, captures := map[string]int64{}, int64(0)
	scope := "/subscriptions/" + r.Values["subscription"]
	err := p.control.Read(ctx, func(tx *store.Tx) error {
		all, err := arm.List(tx, store.Query{TypePrefix: "Microsoft.Network/", ScopePrefix: scope})
		for _, resource := range all {
			if arm.SameLocation(resource.Location, r.Values["location"]) {
				counts[strings.ToLower(resource.Type)]++
			}
		}
		if err == nil {
			captures, err = p.captures.underWay(tx, scope, r.Values["location"])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	values := make([]expr.Value, len(quotas))
	for i, q := range quotas {
		current := counts[strings.ToLower(q.typ)]
		if q.name == usageCaptures {
			current = captures
		}
		id := scope + "/providers/Microsoft.Network/locations/" + r.Values["location"] + "/usages/" + q.name
		values[i] = usage(id, q.name, q.text, current, q.limit)
	}
	return arm.Reply(list(expr.Array(values...))), nil
}

// usage is how much of a limit is used.
func usage(id, name, text string, current, limit int64) expr.Value {
	var n, f fields
	n.text("value", name)
	n.text("localizedValue", text)
	f.add("currentValue", expr.Int(current))
	f.text("id", id)
	f.add("limit", expr.Int(limit))
	f.add("name", n.value())
	f.text("unit", "Count")
	return f.value()
}
