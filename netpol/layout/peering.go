package layout

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"isle/netpol"
)

// Routers of peered networks are linked with each other, if both have somebody. By the
// peering's own link come packets for whoever has their destination, and by a link of its
// own those that a route of the other network sends to an appliance here, whatever their
// destination: so what is decided there is still known here. Neither end routes by the
// table of a subnet, which is for what leaves one (network.md §A5).

// end is a router's end of a link to a peered one.
type end struct {
	name      string
	remote    *router
	other     string          // the name of the other end
	side      *netpol.Peering // of this router's network
	back      *netpol.Peering // of the other one's
	address   netip.Addr
	next      netip.Addr // the other end's address
	appliance netip.Addr // in the other network: what is sent by this end is for it
	incoming  *port      // an appliance here: what comes in by this end is for it
}

// peer links the routers of peered networks.
func (g *gathered) peer() {
	for _, r := range g.routers {
		for i := range r.model.Peerings {
			side := &r.model.Peerings[i]
			remote := g.networks[strings.ToLower(side.Remote)]
			if remote == nil || len(remote.ports) == 0 || len(r.ports) == 0 {
				continue
			}
			back := sideToward(remote, r)
			r.ends = append(r.ends, &end{name: endName("peer", remote, ""), other: endName("peer", r, ""), remote: remote, side: side, back: back})
			for _, p := range remote.ports {
				if p.appliance && knows(side, p.addresses[0]) && back.Joins(p.subnet.ID) && r.sendsTo(side, p.addresses[0]) {
					at := p.addresses[0]
					out, in := endName("hop", remote, at.String()), endName("from", r, at.String())
					r.ends = append(r.ends, &end{name: out, other: in, remote: remote, side: side, back: back, appliance: at})
					remote.ends = append(remote.ends, &end{name: in, other: out, remote: r, side: back, back: side, incoming: p})
				}
			}
		}
	}
	g.address()
}

func sideToward(r, other *router) *netpol.Peering {
	i := slices.IndexFunc(r.model.Peerings, func(p netpol.Peering) bool { return strings.EqualFold(p.Remote, other.model.ID) })
	return &r.model.Peerings[i]
}

// knows tells whether an address is in the peered network, as a side has it.
func knows(side *netpol.Peering, a netip.Addr) bool {
	return slices.ContainsFunc(side.Space, func(p netip.Prefix) bool { return p.Contains(a) })
}

// sendsTo tells whether a route of a subnet with ports leads to an appliance beyond a peering.
func (r *router) sendsTo(side *netpol.Peering, appliance netip.Addr) bool {
	return slices.ContainsFunc(r.ports, func(p *port) bool {
		return side.Joins(p.subnet.ID) && slices.ContainsFunc(r.network.EffectiveRoutes(p.subnet.ID), func(e netpol.EffectiveRoute) bool {
			return e.Active && e.NextHop == netpol.VirtualAppliance && e.NextHopIP == appliance
		})
	})
}

// endName is what a link to another router is called.
func endName(kind string, to *router, appliance string) string {
	return kind + digest(to.model.ID+" "+appliance)
}

// linkSpace is where the addresses of links between routers are: no other link has any.
var linkSpace = netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254, 64, 0}), 18)

// address gives each end an address of its own, which follows from its name and stays
// unless two follow to the same.
func (g *gathered) address() {
	taken := map[netip.Addr]bool{}
	addresses := map[End]netip.Addr{}
	for _, r := range g.routers {
		slices.SortFunc(r.ends, func(a, b *end) int { return strings.Compare(a.name, b.name) })
	}
	sorted := slices.Clone(g.routers)
	slices.SortFunc(sorted, func(a, b *router) int {
		return cmp.Compare(strings.ToLower(a.model.ID), strings.ToLower(b.model.ID))
	})
	for _, r := range sorted {
		for _, e := range r.ends {
			sum := sha256.Sum256([]byte(digest(r.model.ID) + e.name))
			for at := binary.BigEndian.Uint16(sum[:]) % (1 << 14); ; at = (at + 1) % (1 << 14) {
				bytes := linkSpace.Addr().As4()
				bytes[2] |= byte(at >> 8)
				bytes[3] = byte(at)
				if e.address = netip.AddrFrom4(bytes); !taken[e.address] {
					break
				}
			}
			taken[e.address] = true
			addresses[End{RouterName(r.model.ID), e.name}] = e.address
		}
	}
	for _, r := range g.routers {
		for _, e := range r.ends {
			e.next = addresses[End{RouterName(e.remote.model.ID), e.other}]
		}
	}
}

// link is the end as a link.
func (e *end) link() Link {
	return Link{Name: e.name, Kind: Veth, Peer: End{RouterName(e.remote.model.ID), e.other}, Addresses: []netip.Prefix{host(e.address)}}
}

// to is the route of a prefix by the end.
func (e *end) to(p netip.Prefix) Route {
	return Route{To: p, Via: e.next, Link: e.name, OnLink: true}
}

// own tells whether the end is the peering's own, in both directions.
func (e *end) own() bool { return !e.appliance.IsValid() && e.incoming == nil }

// usesGateway tells whether the network uses the gateway of the peered one.
func (e *end) usesGateway() bool {
	return e.own() && e.side.RemoteGateway && e.back.Transit && e.remote.model.Gateway != nil
}

// lendsGateway tells whether the peered network uses the gateway of this one.
func (r *router) lendsGateway(e *end) bool {
	return e.own() && e.back.RemoteGateway && e.side.Transit && r.model.Gateway != nil
}

// beyond is the end by which a route of a subnet leads into a peered network; nil if it does
// not.
func (r *router) beyond(s *netpol.Subnet, e *netpol.EffectiveRoute) *end {
	i := slices.IndexFunc(r.ends, func(by *end) bool {
		if !by.side.Joins(s.ID) {
			return false
		}
		switch e.NextHop {
		case netpol.VNetPeering:
			return by.own() && slices.Contains(by.side.Space, e.Prefix)
		case netpol.VirtualAppliance:
			return by.appliance == e.NextHopIP
		case netpol.VirtualNetworkGateway:
			return by.usesGateway()
		}
		return false
	})
	if i < 0 {
		return nil
	}
	return r.ends[i]
}

// arriving is the routes of what comes in by an end.
func (r *router) arriving(number int, e *end) []Route {
	var routes []Route
	put := func(route Route) {
		route.Table = number
		routes = append(routes, route)
	}
	if p := e.incoming; p != nil {
		put(Route{To: everywhere, Via: p.addresses[0], Link: p.link(), OnLink: true})
		return routes
	}
	last := Route{To: everywhere}
	if r.lendsGateway(e) {
		for _, space := range ipv4(netpol.Merge(r.model.Space)) {
			put(Route{To: space})
		}
		switch g := r.gateway(); {
		case g != nil:
			last = Route{To: everywhere, Via: g.addresses[0], Link: g.link(), OnLink: true}
		case r.uplink != nil:
			last = r.outside(everywhere)
		}
	}
	put(last)
	for _, p := range r.ports {
		for _, a := range p.addresses {
			put(Route{To: host(a), Link: p.link()})
		}
	}
	return routes
}

// endTable is the number of the table of what comes in by an end.
func endTable(e *end) int { return tableNumber("from " + e.name) }

// LentGateways tells which networks use the gateway of a peered one, by their IDs in lower
// case.
func (in Input) LentGateways() map[string]string {
	lent := map[string]string{}
	peerings := map[[2]string]*netpol.Peering{}
	gateways := map[string]bool{}
	for i := range in.Model.Networks {
		n := &in.Model.Networks[i]
		gateways[strings.ToLower(n.ID)] = n.Gateway != nil
		for k := range n.Peerings {
			peerings[[2]string{strings.ToLower(n.ID), strings.ToLower(n.Peerings[k].Remote)}] = &n.Peerings[k]
		}
	}
	for ends, p := range peerings {
		if p.RemoteGateway && gateways[ends[1]] && peerings[[2]string{ends[1], ends[0]}].Transit {
			lent[ends[0]] = ends[1]
		}
	}
	return lent
}

// forwarded drops what a peered network must not send on here: it has another source
// than the addresses of that network.
func (f *routerFilter) forwarded() {
	for _, e := range f.ends {
		if e.side.Forwarded {
			continue
		}
		if space := ipv4(netpol.Merge(e.side.Space)); len(space) > 0 {
			f.rule("iifname %q ip saddr != %s drop", e.name, prefixSet(space))
		} else {
			f.rule("iifname %q drop", e.name)
		}
	}
}

// apart drops what comes from a peered network to ports whose subnets do not take part in
// the peering.
func (f *routerFilter) apart() {
	for _, e := range f.ends {
		var others []string
		for _, p := range f.ports {
			if !e.side.Joins(p.subnet.ID) {
				others = append(others, p.link())
			}
		}
		if len(others) > 0 {
			f.rule("iifname %q oifname %s drop", e.name, set(quoted(others)))
		}
	}
}

// closed drops what goes between a peered network without access and ports at which no
// security group stands.
func (f *routerFilter) closed() {
	var open []string
	for _, p := range f.ports {
		if len(f.groupChains(p, sideIn)) == 0 {
			open = append(open, p.link())
		}
	}
	for _, e := range f.ends {
		if e.side.Access || len(open) == 0 {
			continue
		}
		f.rule("iifname %q oifname %s drop", e.name, set(quoted(open)))
		f.rule("oifname %q iifname %s drop", e.name, set(quoted(open)))
	}
}

// lent are the address spaces of the networks that use this one's gateway.
func (r *router) lent() []netip.Prefix {
	var list []netip.Prefix
	for _, e := range r.ends {
		if r.lendsGateway(e) {
			list = append(list, ipv4(e.side.Space)...)
		}
	}
	return list
}
