package netpol

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

// RouteSource is where an effective route comes from.
type RouteSource uint8

const (
	SourceDefault RouteSource = iota // the system
	SourceUser
	SourceGateway
)

func (s RouteSource) String() string {
	return [...]string{"Default", "User", "VirtualNetworkGateway"}[s]
}

// EffectiveRoute is a route of a subnet. Among routes of one prefix one is active;
// a flow takes the active route with the longest prefix that has its destination.
type EffectiveRoute struct {
	Name       string // of user-defined routes
	RouteTable string // ID, of user-defined routes
	Source     RouteSource
	Active     bool
	Prefix     netip.Prefix
	NextHop    NextHopType
	NextHopIP  netip.Addr
	rank       int // the lowest of one prefix is active
	peer       int // of VNetPeering: its place among the network's peerings
}

// ID is the resource of a user-defined route; routes of the system have none.
func (r *EffectiveRoute) ID() string {
	if r.Source != SourceUser {
		return ""
	}
	return r.RouteTable + "/routes/" + r.Name
}

// The ranks of routes with one prefix: User before BGP before System, and among
// user-defined ones the explicit prefix before a tag, the narrower tag before the
// wider (network.md §A5).
const (
	rankPrefix = iota
	rankRegionalTag
	rankTag
	rankCloudRegion
	rankCloud
	rankGateway
	rankSystem
)

// routes are a subnet's effective routes.
type routes struct {
	list  []EffectiveRoute // sorted by prefix and rank
	ids   []string         // of list
	table bart.Fast[uint32]
}

// find returns the route to an address.
func (r *routes) find(to netip.Addr) (int, bool) {
	i, ok := r.table.Lookup(to)
	return int(i), ok
}

// compileRoutes gathers the routes of one subnet and lets them compete. The gateway is
// the network's own or that of a peered network; nil for none.
func compileRoutes(n *VirtualNetwork, gateway *Gateway, subnet *Subnet, table *RouteTable, tags *tagTable) *routes {
	r := &routes{}
	r.system(n, subnet, table)
	for _, name := range subnet.ServiceEndpoints {
		r.add(SourceDefault, rankSystem, VirtualNetworkServiceEndpoint, tags.find(name)...)
	}
	direct := slices.Clone(r.list) // what wins over BGP even where BGP is more specific
	direct = slices.DeleteFunc(direct, func(e EffectiveRoute) bool { return e.NextHop == Internet || e.NextHop == None })
	if gateway != nil && (table == nil || !table.DisableGatewayRoutes) {
		r.add(SourceGateway, rankGateway, VirtualNetworkGateway, gateway.Prefixes...)
	}
	if table != nil {
		r.user(table, tags)
	}
	slices.SortStableFunc(r.list, func(a, b EffectiveRoute) int {
		return cmp.Or(a.Prefix.Compare(b.Prefix), cmp.Compare(a.rank, b.rank))
	})
	for i := range r.list {
		e := &r.list[i]
		r.ids = append(r.ids, e.ID())
		covered := e.Source == SourceGateway && slices.ContainsFunc(direct, func(d EffectiveRoute) bool { return within(e.Prefix, d.Prefix) })
		if _, taken := r.table.Get(e.Prefix); taken || covered {
			continue
		}
		e.Active = true
		r.table.Insert(e.Prefix, uint32(i))
	}
	return r
}

func (r *routes) add(source RouteSource, rank int, hop NextHopType, prefixes ...netip.Prefix) {
	for _, p := range prefixes {
		r.list = append(r.list, EffectiveRoute{Source: source, Prefix: p.Masked(), NextHop: hop, rank: rank})
	}
}

// system adds the routes that every subnet has, those of peerings if it takes part. A
// reserved range has the next hop None unless the network itself lies in it, or the table has
// a default route, which then leads there as well: so do Subnet1 and Subnet2 differ in the
// routing example of the page on user-defined routes (network.md §A5).
func (r *routes) system(n *VirtualNetwork, subnet *Subnet, table *RouteTable) {
	r.add(SourceDefault, rankSystem, VnetLocal, n.Space...)
	for i := range n.Peerings {
		if !n.Peerings[i].Joins(subnet.ID) {
			continue
		}
		for _, p := range n.Peerings[i].Space {
			r.list = append(r.list, EffectiveRoute{Source: SourceDefault, Prefix: p.Masked(), NextHop: VNetPeering, rank: rankSystem, peer: i})
		}
	}
	r.add(SourceDefault, rankSystem, Internet, everywhere[0])
	if slices.ContainsFunc(n.Space, func(p netip.Prefix) bool { return p.Addr().Is6() }) {
		r.add(SourceDefault, rankSystem, Internet, everywhere[1])
	}
	if table != nil && slices.ContainsFunc(table.Routes, func(own Route) bool { return own.Destination.Prefix.Masked() == everywhere[0] }) {
		return
	}
	for _, reserved := range privateRanges {
		if !slices.ContainsFunc(n.Space, reserved.Overlaps) {
			r.add(SourceDefault, rankSystem, None, reserved)
		}
	}
}

func (r *routes) user(table *RouteTable, tags *tagTable) {
	for _, route := range table.Routes {
		prefixes, rank := []netip.Prefix{route.Destination.Prefix}, rankPrefix
		if tag := route.Destination.Tag; tag != "" {
			prefixes, rank = tags.find(tag), tagRank(tag)
		}
		for _, p := range prefixes {
			r.list = append(r.list, EffectiveRoute{Name: route.Name, RouteTable: table.ID, Source: SourceUser, Prefix: p.Masked(),
				NextHop: route.NextHop, NextHopIP: route.NextHopIP, rank: rank})
		}
	}
}

func tagRank(tag string) int {
	top, _, regional := strings.Cut(strings.ToLower(tag), ".")
	switch {
	case top == "azurecloud" && regional:
		return rankCloudRegion
	case top == "azurecloud":
		return rankCloud
	case regional:
		return rankRegionalTag
	}
	return rankTag
}

// checkRoutes reports what is wrong with a table's routes.
func checkRoutes(table *RouteTable, found *Problems) {
	seen := map[string]string{}
	for _, r := range table.Routes {
		subject := table.ID + "/routes/" + r.Name
		checkAddress(subject, "destination", r.Destination, found)
		if r.Destination.IsAny() {
			found.add(subject, "the destination is neither a prefix nor a service tag")
		}
		switch tag := strings.ToLower(r.Destination.Tag); tag {
		case tagVirtualNetwork, tagInternet:
			found.add(subject, "service tag %s cannot be the destination of a route", r.Destination.Tag)
		}
		key := strings.ToLower(r.Destination.String())
		if other, ok := seen[key]; ok {
			found.add(subject, "route %s has the same destination %s", other, r.Destination)
		}
		seen[key] = r.Name
		switch r.NextHop {
		case VirtualAppliance:
			if !r.NextHopIP.IsValid() {
				found.add(subject, "next hop VirtualAppliance needs an address")
			}
		case VnetLocal, Internet, VirtualNetworkGateway, None:
			if r.NextHopIP.IsValid() {
				found.add(subject, "next hop %s has no address", r.NextHop)
			}
		default:
			found.add(subject, "users cannot write routes with next hop %q", r.NextHop)
		}
	}
}
