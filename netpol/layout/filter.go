package layout

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"isle/netpol"
)

// A packet passes the router's chains in this order, and the first that drops it ends
// its way (network.md §C3, §C5):
//
//	origin   it has an address that its port may send from
//	out      groups of the interface and the subnet that it comes from, before any
//	         route is looked up, as netpol judges
//	         (what comes from a peered network has passed that stage there)
//	in       once it is routed: groups of the subnet and the interface it goes to
//	platform instead of all others, where it goes to the platform's address: of the
//	         groups' rules only those that name the platform (network.md §A3)
//	idle     it leaves by the uplink through a NAT gateway, which says how long it may be
//	         silent
//	nat      it leaves by the uplink as the router, unless a firewall has translated it
//
// Packets of a connection that both stages let begin pass them; so does what belongs to
// one. A packet that comes again from a firewall or an appliance is judged again: until
// a reply has come back all the way, a connection is new.

// never are the addresses that no packet may have, as source or as destination: not of
// hosts, or of the link alone.
var never = []netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254}), 16),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{224}), 3),
}

// nameLookups are the packets that the router itself takes.
var nameLookups = fmt.Sprintf("ip daddr %s meta l4proto { 6, 17 } th dport 53 accept", PlatformAddress)

// hasProtocol drops what no flow of the model is.
const hasProtocol = "meta l4proto != { 1, 6, 17, 50, 51 } drop"

// begun lets pass what belongs to connections that have begun.
func (s *script) begun() {
	s.rule("ct state established,related accept")
	s.rule("ct state invalid drop")
}

// routerFilter writes the filter of a router.
type routerFilter struct {
	*router
	*script
	groups map[netpol.Group]int // their places in order of use
	chains map[string]bool      // that are written
}

// side is one side of the groups, as chains of it are named.
type side struct {
	name      string
	direction netpol.Direction
	platform  bool // only rules that concern the platform
}

var (
	sideOut      = side{name: "out", direction: netpol.Outbound}
	sideIn       = side{name: "in", direction: netpol.Inbound}
	sidePlatform = side{name: "platform", direction: netpol.Outbound, platform: true}
)

// filter is the packet filter of a router.
func (r *router) filter() (string, []Comment) {
	f := &routerFilter{router: r, script: newScript(), groups: map[netpol.Group]int{}, chains: map[string]bool{}}
	out, in, platform := f.verdicts(sideOut), f.verdicts(sideIn), f.verdicts(sidePlatform)
	f.origin()
	f.chain("stage_out", "filter hook prerouting priority filter; policy drop;", func() {
		f.begun()
		f.rule(hasProtocol)
		f.rule("iifname \"lo\" accept")
		f.rule("ip daddr %s goto stage_platform", PlatformAddress)
		f.rule("ip daddr %s drop", prefixSet(never))
		f.transit()
		f.forwarded()
		f.jump("iifname", out)
		f.detours()
		f.rule("accept")
	})
	f.chain("stage_platform", "", func() {
		f.jump("iifname", platform)
		f.rule("accept")
	})
	f.chain("stage_in", "filter hook forward priority filter; policy drop;", func() {
		f.begun()
		f.apart()
		f.closed()
		f.jump("oifname", in)
		f.rule("accept")
	})
	f.chain("stage_router", "filter hook input priority filter; policy drop;", func() {
		f.begun()
		f.rule("iifname \"lo\" accept")
		f.rule("iifname != %q %s", UplinkLink, nameLookups)
	})
	f.chain("stage_answers", "filter hook output priority filter; policy drop;", func() {
		f.begun()
		f.rule("oifname \"lo\" accept")
	})
	f.nat()
	return f.finish()
}

// origin lets in what has an address that its link may send from.
func (f *routerFilter) origin() {
	var own, forwarders []string
	for _, p := range f.ports {
		for _, a := range p.addresses {
			own = append(own, fmt.Sprintf("%q . %s", p.link(), a))
		}
		if p.forwards() {
			forwarders = append(forwarders, strconv.Quote(p.link()))
		}
	}
	for _, e := range f.ends {
		forwarders = append(forwarders, strconv.Quote(e.name))
	}
	f.set("origins", "ifname . ipv4_addr", strings.Join(own, ",\n\t\t\t"))
	f.chain("origin", "filter hook prerouting priority raw; policy drop;", func() {
		f.rule("meta nfproto != ipv4 drop")
		f.rule("iifname \"lo\" accept")
		f.rule("iifname . ip saddr @origins accept")
		foreign := append(slices.Clone(never), host(PlatformAddress))
		if len(forwarders) > 0 {
			f.rule("iifname %s ip saddr != %s accept", set(forwarders), prefixSet(foreign))
		}
		if outside := netpol.Merge(append(foreign, f.space()...)); f.uplink != nil && outside[0].Bits() > 0 {
			f.rule("iifname %q ip saddr != %s accept", UplinkLink, prefixSet(outside))
		}
	})
}

// space is the network's address space.
func (f *routerFilter) space() []netip.Prefix {
	return ipv4(netpol.Merge(f.model.Space))
}

// transit drops what only wants to pass through the network: from outside to outside.
func (f *routerFilter) transit() {
	inside := f.space()
	if len(inside) == 0 || inside[0].Bits() == 0 {
		return
	}
	inside = netpol.Merge(append(inside, f.lent()...))
	if g := f.gateway(); g != nil {
		f.rule("iifname %q ip saddr != %s ip daddr != %[2]s drop", g.link(), prefixSet(inside))
	}
	if f.uplink != nil {
		for _, p := range f.ports {
			inside = append(inside, hosts(f.public(p))...)
		}
		f.rule("iifname %q ip daddr != %s drop", UplinkLink, prefixSet(netpol.Merge(inside)))
	}
}

// detours drops what begins at a port whose routes lead a firewall's public address to no
// appliance: it would have to leave and come in again. The tables have ways to those
// addresses for replies.
func (f *routerFilter) detours() {
	for _, fw := range f.ports {
		for _, a := range f.public(fw) {
			var links []string
			for _, p := range f.ports {
				if e := longest(f.active(p.subnet), host(a)); p != fw && (e == nil || e.NextHop != netpol.VirtualAppliance) {
					links = append(links, strconv.Quote(p.link()))
				}
			}
			if len(links) > 0 {
				f.rule("iifname %s ip daddr %s drop", set(links), a)
			}
		}
	}
}

// nat has flows leave with an address of the NAT gateway of the subnet that they leave,
// the one that netpol says, or else with the uplink's, but for those that a firewall has
// given its own. (Where a flow came in is known behind the routing since Linux 5.7.)
func (f *routerFilter) nat() {
	if f.uplink == nil {
		return
	}
	var public []netip.Prefix
	for _, p := range f.ports {
		public = append(public, hosts(f.public(p))...)
	}
	gateways := f.gateways()
	f.idle(gateways)
	i := slices.IndexFunc(f.uplink.Addresses, func(p netip.Prefix) bool { return p.Addr().Is4() })
	f.chain("stage_nat", "nat hook postrouting priority srcnat; policy accept;", func() {
		for _, g := range gateways {
			f.rule("iifname %s oifname %q snat ip to %s", set(quoted(g.links)), UplinkLink, g.choice())
		}
		if len(public) > 0 {
			f.rule("oifname %q ip saddr %s accept", UplinkLink, prefixSet(netpol.Merge(public)))
		}
		if i >= 0 {
			f.rule("oifname %q snat ip to %s", UplinkLink, f.uplink.Addresses[i].Addr())
		}
	})
}

// jump goes to the chain of a port.
func (s *script) jump(by string, verdicts []string) {
	if len(verdicts) > 0 {
		s.rule("%s vmap { %s }", by, strings.Join(verdicts, ",\n\t\t\t"))
	}
}

// verdicts writes the chains of a side, and returns the elements of a map from links to
// those.
func (f *routerFilter) verdicts(of side) []string {
	var list []string
	for _, p := range f.ports {
		chains := f.groupChains(p, of)
		if p.gateway && len(chains) > 0 {
			chains = []string{f.own(p, of, chains)}
		}
		if len(chains) > 1 {
			chains = []string{f.both(of, chains)}
		}
		if len(chains) > 0 {
			list = append(list, fmt.Sprintf("%q : jump %s", p.link(), chains[0]))
		}
	}
	return list
}

// groupChains are the chains of the groups that judge at a port, in their order.
func (f *routerFilter) groupChains(p *port, of side) []string {
	var chains []string
	for _, id := range []string{p.nic, p.subnet.ID} {
		if g, ok := f.network.Group(id); ok && id != "" {
			if chain := f.groupChain(g, of); chain != "" {
				chains = append(chains, chain)
			}
		}
	}
	if of.direction == netpol.Inbound {
		slices.Reverse(chains)
	}
	return chains
}

// groupChain is the chain of one side of a group; "" if it would be empty. Allow goes
// on behind the jump, as the next stage must allow as well.
func (f *routerFilter) groupChain(g netpol.Group, of side) string {
	if _, known := f.groups[g]; !known {
		f.groups[g] = len(f.groups)
	}
	name := fmt.Sprintf("group%d_%s_%s", f.groups[g], of.name, word(last(g.ID()), 40))
	rules := g.Filter(of.direction)
	if of.platform {
		rules = slices.DeleteFunc(rules, func(r netpol.FilterRule) bool { return !r.Platform })
	}
	if len(rules) == 0 {
		return ""
	}
	f.once(name, func() {
		for i := range rules {
			f.filterRule(&rules[i], "return")
		}
	})
	return name
}

// both is a chain that passes two others.
func (f *routerFilter) both(of side, chains []string) string {
	name := "both_" + of.name
	for _, c := range chains {
		number, _, _ := strings.Cut(strings.TrimPrefix(c, "group"), "_")
		name += "_" + number
	}
	f.once(name, func() {
		for _, c := range chains {
			f.rule("jump %s", c)
		}
	})
	return name
}

// own is a chain for what a gateway's machine sends and gets itself: groups do not
// judge there what is on its way to or from other sites.
func (f *routerFilter) own(p *port, of side, chains []string) string {
	at := "saddr"
	if of.direction == netpol.Inbound {
		at = "daddr"
	}
	name := "own_" + of.name + "_" + p.link()
	f.once(name, func() {
		f.rule("ip %s != %s return", at, prefixSet(hosts(p.addresses)))
		for _, c := range chains {
			f.rule("jump %s", c)
		}
	})
	return name
}

// once writes a chain, unless it is there.
func (f *routerFilter) once(name string, body func()) {
	if !f.chains[name] {
		f.chains[name] = true
		f.chain(name, "", body)
	}
}
