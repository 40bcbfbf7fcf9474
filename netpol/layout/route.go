package layout

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"isle/netpol"
)

// A subnet's table has the routes that won (network.md §A5), and for each port that
// they lead to directly a route of its own. What they lead to where nobody is, is a
// blackhole. Subnets with the same route table, service endpoints and peerings share one.
//
// The main table is for packets from outside, which no subnet routes.

// routing is the routes of a router, and the rules that say which table is whose.
func (r *router) routing() ([]Route, []RoutingRule) {
	routes := r.mainTable()
	var rules []RoutingRule
	known := map[int]bool{}
	for i, p := range r.ports {
		table := r.tableOf(p.subnet)
		if !known[table] {
			known[table] = true
			routes = append(routes, r.table(table, p.subnet)...)
		}
		rules = append(rules, RoutingRule{Priority: firstRule + i, In: p.link(), Table: table})
	}
	for i, e := range r.ends {
		routes = append(routes, r.arriving(endTable(e), e)...)
		rules = append(rules, RoutingRule{Priority: firstRule + len(r.ports) + i, In: e.name, Table: endTable(e)})
	}
	sortRoutes(routes)
	return routes, rules
}

// firstRule is where rules begin: behind the kernel's rule for local addresses, before
// the one for the main table.
const firstRule = 1000

// tableOf is the number of a subnet's table. It follows from what its routes depend on,
// so that it stays while they do.
func (r *router) tableOf(s *netpol.Subnet) int {
	endpoints := strings.Split(strings.ToLower(strings.Join(s.ServiceEndpoints, " ")), " ")
	slices.Sort(endpoints)
	name := strings.ToLower(s.RouteTable) + " " + strings.Join(endpoints, " ")
	for i := range r.model.Peerings {
		if p := &r.model.Peerings[i]; !p.Joins(s.ID) {
			name += " without " + strings.ToLower(p.ID)
		}
	}
	return tableNumber(name)
}

// tableNumber is the number of the table with a name.
func tableNumber(name string) int {
	sum := sha256.Sum256([]byte(name))
	return 1000 + int(binary.BigEndian.Uint32(sum[:])>>2) // the first thousand are the kernel's and other people's
}

func (r *router) mainTable() []Route {
	var routes []Route
	for _, p := range r.ports {
		for _, a := range p.addresses {
			routes = append(routes, Route{Table: MainTable, To: host(a), Link: p.link()})
		}
		for _, a := range r.public(p) {
			routes = append(routes, Route{Table: MainTable, To: host(a), Via: p.addresses[0], Link: p.link(), OnLink: true})
		}
	}
	for _, e := range r.ends {
		if r.lendsGateway(e) {
			for _, space := range ipv4(e.side.Space) {
				back := e.to(space)
				back.Table = MainTable
				routes = append(routes, back)
			}
		}
	}
	if r.uplink == nil {
		return routes
	}
	for _, near := range r.near() {
		routes = append(routes, Route{Table: MainTable, To: near, Link: UplinkLink})
	}
	last := r.outside(everywhere)
	last.Table = MainTable
	return append(routes, last)
}

// public are the addresses outside under which a port is known.
func (r *router) public(p *port) []netip.Addr {
	if p.role != Firewall {
		return nil
	}
	f, _ := r.network.Firewall(p.owner)
	return slices.DeleteFunc(slices.Clone(f.Publics), func(a netip.Addr) bool { return !a.Is4() })
}

// table is the routes of a subnet.
func (r *router) table(number int, s *netpol.Subnet) []Route {
	active := r.active(s)
	to := map[netip.Prefix]Route{}
	put := func(route Route) {
		route.Table = number
		to[route.To] = route
	}
	for i := range active {
		put(r.route(s, &active[i]))
	}
	for _, private := range netpol.PrivateRanges() {
		if e := longest(active, private); e != nil && e.Prefix != private && e.NextHop == netpol.Internet {
			put(Route{To: private})
		}
	}
	for _, near := range r.near() {
		if e := longest(active, near); e != nil && e.Prefix != near && r.leaves(e, near) {
			put(Route{To: near, Link: UplinkLink})
		}
	}
	for _, e := range r.ends {
		for _, p := range e.remote.ports {
			for _, a := range p.addresses { // that are the next hop of the route to themselves
				if to := longest(active, host(a)); e.own() && knows(e.side, a) && to != nil && to.NextHop == netpol.VirtualAppliance && to.NextHopIP == a && e.side.Joins(s.ID) && r.beyond(s, to) == nil {
					put(e.to(host(a)))
				}
			}
		}
	}
	for _, p := range r.ports {
		for _, a := range r.public(p) { // where replies to what it has translated go
			if e := longest(active, host(a)); e != nil && e.NextHop == netpol.VirtualAppliance {
				continue
			}
			put(Route{To: host(a), Via: p.addresses[0], Link: p.link(), OnLink: true})
		}
		for _, a := range p.addresses {
			if e := longest(active, host(a)); e != nil && direct(e, a) {
				put(Route{To: host(a), Link: p.link()})
			}
		}
	}
	routes := slices.Collect(maps.Values(to))
	sortRoutes(routes)
	return routes
}

// active are the routes of a subnet that won.
func (r *router) active(s *netpol.Subnet) []netpol.EffectiveRoute {
	return slices.DeleteFunc(r.network.EffectiveRoutes(s.ID), func(e netpol.EffectiveRoute) bool { return !e.Active || !e.Prefix.Addr().Is4() })
}

// longest is the route whose prefix is the longest of those that hold all of another.
func longest(routes []netpol.EffectiveRoute, p netip.Prefix) *netpol.EffectiveRoute {
	var found *netpol.EffectiveRoute
	for i := range routes {
		if e := &routes[i]; within(p, e.Prefix) && (found == nil || e.Prefix.Bits() > found.Prefix.Bits()) {
			found = e
		}
	}
	return found
}

// within tells whether inner lies wholly in outer.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// direct tells whether a route leads to a port itself.
func direct(e *netpol.EffectiveRoute, port netip.Addr) bool {
	return e.NextHop == netpol.VnetLocal || e.NextHop == netpol.VirtualAppliance && e.NextHopIP == port
}

// route is what an active route of a subnet comes to.
func (r *router) route(s *netpol.Subnet, e *netpol.EffectiveRoute) Route {
	var next *port
	switch {
	case e.NextHop == netpol.VirtualAppliance:
		if p := r.at(e.NextHopIP); p != nil && p.appliance {
			next = p
		}
	case e.NextHop == netpol.VirtualNetworkGateway && r.model.Gateway != nil:
		next = r.gateway()
	}
	switch {
	case next != nil:
		return Route{To: e.Prefix, Via: next.addresses[0], Link: next.link(), OnLink: true}
	case r.beyond(s, e) != nil:
		return r.beyond(s, e).to(e.Prefix)
	case r.leaves(e, e.Prefix):
		return r.outside(e.Prefix)
	}
	return Route{To: e.Prefix}
}

// leaves tells whether a route takes a prefix out by the uplink. What is inside stays
// there, and private ranges are not on the Internet unless the route is for them alone.
func (r *router) leaves(e *netpol.EffectiveRoute, to netip.Prefix) bool {
	isIn := func(outer netip.Prefix) bool { return within(to, outer) }
	switch {
	case r.uplink == nil:
		return false
	case e.NextHop == netpol.VirtualNetworkGateway:
		return r.model.Gateway != nil && r.gateway() == nil
	case e.NextHop != netpol.Internet && e.NextHop != netpol.VirtualNetworkServiceEndpoint, slices.ContainsFunc(r.model.Space, isIn):
		return false
	case e.NextHop == netpol.Internet:
		return !slices.ContainsFunc(netpol.PrivateRanges(), func(p netip.Prefix) bool { return isIn(p) && !within(e.Prefix, p) })
	}
	return true
}

// outside is the way of a prefix through the uplink.
func (r *router) outside(to netip.Prefix) Route {
	near := slices.ContainsFunc(r.near(), func(p netip.Prefix) bool { return within(to, p) })
	if next := r.uplink.Gateway; next.IsValid() && !near {
		return Route{To: to, Via: next, Link: UplinkLink, OnLink: true}
	}
	return Route{To: to, Link: UplinkLink}
}

// near are the prefixes that are on the link of the uplink, not behind the next router.
func (r *router) near() []netip.Prefix {
	var list []netip.Prefix
	if r.uplink != nil && r.uplink.Gateway.IsValid() {
		for _, a := range r.uplink.Addresses {
			if a.Bits() < 32 {
				list = append(list, a.Masked())
			}
		}
	}
	return list
}

// gateway is the port behind which lies what is behind the network's gateway.
func (r *router) gateway() *port {
	if i := slices.IndexFunc(r.ports, func(p *port) bool { return p.gateway }); i >= 0 {
		return r.ports[i]
	}
	return nil
}

// at is the port that has an address.
func (r *router) at(a netip.Addr) *port {
	for _, p := range r.ports {
		if slices.Contains(p.addresses, a) {
			return p
		}
	}
	return nil
}
