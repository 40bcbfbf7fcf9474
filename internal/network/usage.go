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
	limit      int64
}

var quotas = []quota{
	{"VirtualNetworks", "Virtual Networks", typeNetworks, 1000},
	{"NetworkSecurityGroups", "Network Security Groups", typeGroups, 5000},
	{"RouteTables", "Route Tables", typeTables, 200},
	{"SubnetsPerVirtualNetwork", "Subnets per Virtual Network", "", maxSubnets},
	{"DnsServersPerVirtualNetwork", "DNS servers per Virtual Network", "", maxDNSServers},
	{"SecurityRulesPerNetworkSecurityGroup", "Security rules per Network Security Group", "", maxRules},
	{"RoutesPerRouteTable", "Routes per Route Table", "", maxRoutes},
}

// quotaUsages answers GET …/locations/{location}/usages.
func (p *provider) quotaUsages(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	counts := map[string]int64{}
	scope := "/subscriptions/" + r.Values["subscription"]
	err := p.control.Read(ctx, func(tx *store.Tx) error {
		all, err := arm.List(tx, store.Query{TypePrefix: "Microsoft.Network/", ScopePrefix: scope})
		for _, resource := range all {
			if sameLocation(resource.Location, r.Values["location"]) {
				counts[strings.ToLower(resource.Type)]++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	values := make([]expr.Value, len(quotas))
	for i, q := range quotas {
		id := scope + "/providers/Microsoft.Network/locations/" + r.Values["location"] + "/usages/" + q.name
		values[i] = usage(id, q.name, q.text, counts[strings.ToLower(q.typ)], q.limit)
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
