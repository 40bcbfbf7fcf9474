package netpol

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The reference says the same as Evaluate in the most obvious way: every rule is
// tried in turn against the flow, every route is looked at. It shares no code with
// the policy but the model's types.
type reference struct{ m *Model }

type outcome struct {
	verdict Access
	stage   Stage
	rule    string
	reason  Reason
	snat    netip.Addr
}

func (o outcome) String() string {
	return fmt.Sprintf("%s at %s by %q (%s) snat %v", o.verdict, o.stage, o.rule, o.reason, o.snat)
}

func byName[T any](list []T, id string, name func(T) string) (found T, ok bool) {
	for _, x := range list {
		if strings.EqualFold(name(x), id) {
			return x, true
		}
	}
	return found, false
}

func in(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// behind tells whether the gateway says that an address lies behind it.
func (r reference) behind(a netip.Addr) bool {
	g := r.m.Networks[0].Gateway
	return g != nil && slices.ContainsFunc(g.Prefixes, func(p netip.Prefix) bool { return p.Bits() > 0 && p.Contains(a) })
}

// tagHas tells whether a tag has an address, for a subnet of network 0.
func (r reference) tagHas(name string, a netip.Addr, s *Subnet) bool {
	n := r.m.Networks[0]
	virtual := in(a, n.Space) || in(a, n.Peered) || a == netip.MustParseAddr("168.63.129.16") ||
		r.behind(a) || r.m.AzureCompatVnetTag && n.Gateway != nil && in(a, n.Gateway.Prefixes)
	if t, ok := byName(r.m.RouteTables, s.RouteTable, func(t RouteTable) string { return t.ID }); ok && r.m.AzureCompatVnetTag {
		for _, route := range t.Routes {
			set, _ := byName(r.m.Tags, route.Destination.Tag, func(t ServiceTag) string { return t.Name })
			virtual = virtual || route.Destination.Prefix.Contains(a) || in(a, set.Prefixes)
		}
	}
	switch strings.ToLower(name) {
	case "virtualnetwork":
		return virtual
	case "internet":
		if a == HostAddress() || a == NeighbourAddress() {
			return !virtual
		}
		for _, special := range strings.Fields("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 168.63.129.16/32 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15 224.0.0.0/3") {
			if netip.MustParsePrefix(special).Contains(a) {
				return false
			}
		}
		return a.Is4() && !virtual
	case "azureloadbalancer":
		return a == netip.MustParseAddr("168.63.129.16")
	}
	t, _ := byName(r.m.Tags, name, func(t ServiceTag) string { return t.Name })
	return in(a, t.Prefixes)
}

func (r reference) sideHas(side Side, a netip.Addr, port uint16, ports bool, s *Subnet) (address, portOK bool) {
	address, portOK = len(side.Addresses) == 0, len(side.Ports) == 0
	for _, x := range side.Addresses {
		address = address || x.IsAny() || x.Prefix.Contains(a) || x.Tag != "" && r.tagHas(x.Tag, a, s)
	}
	for _, p := range side.Ports {
		if ports {
			portOK = portOK || p.First <= port && port <= p.Last
		} else {
			portOK = portOK || p.First == 0 && p.Last == 65535
		}
	}
	return address, portOK
}

func (r reference) matches(protocols []Protocol, source, destination Side, f Flow, s *Subnet) bool {
	protocol, named := len(protocols) == 0, false
	for _, p := range protocols {
		protocol = protocol || p == AnyProtocol || p == f.Protocol
		named = named || p == f.Protocol
	}
	ports := f.Protocol == TCP || f.Protocol == UDP
	a, ap := r.sideHas(source, f.Source, f.SourcePort, ports, s)
	b, bp := r.sideHas(destination, f.Destination, f.DestinationPort, ports, s)
	return protocol && a && b && (ap && bp || !ports && named)
}

func (r reference) group(id string, d Direction, f Flow, s *Subnet) (outcome, bool) {
	g, ok := byName(r.m.SecurityGroups, id, func(g SecurityGroup) string { return g.ID })
	if !ok {
		return outcome{verdict: Allow}, false
	}
	rules := append(slices.Clone(g.Rules), DefaultRules()...)
	slices.SortStableFunc(rules, func(a, b SecurityRule) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, rule := range rules {
		if rule.Direction == d && r.matches([]Protocol{rule.Protocol}, rule.Source, rule.Destination, f, s) {
			return outcome{verdict: rule.Access, rule: rule.Name}, true
		}
	}
	panic("no default rule matched")
}

func (r reference) subnet(a netip.Addr) *Subnet {
	for i, s := range r.m.Networks[0].Subnets {
		if in(a, s.Prefixes) {
			return &r.m.Networks[0].Subnets[i]
		}
	}
	return nil
}

func (r reference) nic(a netip.Addr) *Interface {
	for i, n := range r.m.Interfaces {
		if slices.Contains(n.Addresses, a) {
			return &r.m.Interfaces[i]
		}
	}
	return nil
}

// groups passes the groups at one end; last is updated to what allowed the flow.
func (r reference) groups(a netip.Addr, d Direction, f Flow, last *outcome) bool {
	s, n := r.subnet(a), r.nic(a)
	try := func(id string, stage Stage) bool {
		o, some := r.group(id, d, f, s)
		if some {
			o.stage, o.snat = stage, last.snat
			*last = o
		}
		return o.verdict == Allow
	}
	subnetGroup := s.SecurityGroup
	if strings.HasSuffix(s.ID, "/AzureFirewallSubnet") {
		subnetGroup = ""
	}
	if d == Outbound {
		return (n == nil || try(n.SecurityGroup, StageNICOut)) && try(subnetGroup, StageSubnetOut)
	}
	return try(subnetGroup, StageSubnetIn) && (n == nil || try(n.SecurityGroup, StageNICIn))
}

type hop struct {
	prefix netip.Prefix
	rank   int
	next   NextHopType
	ip     netip.Addr
}

// route tries every route, the longest prefix and then the lowest rank wins.
func (r reference) route(s *Subnet, a netip.Addr) hop {
	n := r.m.Networks[0]
	all := []hop{{netip.MustParsePrefix("0.0.0.0/0"), 3, Internet, netip.Addr{}}}
	for _, p := range n.Space {
		all = append(all, hop{p, 3, VnetLocal, netip.Addr{}})
	}
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		p := netip.MustParsePrefix(text)
		if !slices.ContainsFunc(n.Space, p.Overlaps) {
			all = append(all, hop{p, 3, None, netip.Addr{}})
		}
	}
	t, ok := byName(r.m.RouteTables, s.RouteTable, func(t RouteTable) string { return t.ID })
	if n.Gateway != nil && !(ok && t.DisableGatewayRoutes) {
		for _, p := range n.Gateway.Prefixes {
			if !slices.ContainsFunc(n.Space, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) }) {
				all = append(all, hop{p, 2, VirtualNetworkGateway, netip.Addr{}})
			}
		}
	}
	if ok {
		for _, route := range t.Routes {
			if tag := route.Destination.Tag; tag != "" {
				set, _ := byName(r.m.Tags, tag, func(t ServiceTag) string { return t.Name })
				for _, p := range set.Prefixes {
					all = append(all, hop{p, 1, route.NextHop, route.NextHopIP})
				}
				continue
			}
			all = append(all, hop{route.Destination.Prefix, 0, route.NextHop, route.NextHopIP})
		}
	}
	best := hop{rank: 9}
	for _, h := range all {
		if h.prefix.Contains(a) && (best.rank == 9 || h.prefix.Bits() > best.prefix.Bits() || h.prefix.Bits() == best.prefix.Bits() && h.rank < best.rank) {
			best = h
		}
	}
	return best
}

func (r reference) firewall(fw Firewall, f *Flow, last *outcome) bool {
	s, _ := byName(r.m.Networks[0].Subnets, fw.Subnet, func(s Subnet) string { return s.ID })
	s.RouteTable = "" // rules of a firewall see the network's tags
	collections := slices.Clone(fw.Collections)
	slices.SortFunc(collections, func(a, b RuleCollection) int { return a.Priority - b.Priority })
	for _, c := range collections {
		for _, rule := range c.Rules {
			if !r.matches(rule.Protocols, rule.Source, rule.Destination, *f, &s) {
				continue
			}
			*last = outcome{verdict: c.Action, stage: StageFirewall, rule: c.Name + "/" + rule.Name, snat: last.snat}
			private := fw.PrivateRanges
			if private == nil {
				private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10")}
			}
			if c.Action == Allow && len(fw.PublicIPs) > 0 && !in(f.Destination, private) {
				f.Source, last.snat = fw.PublicIPs[0], fw.PublicIPs[0]
			}
			return c.Action == Allow
		}
	}
	*last = outcome{stage: StageFirewall, reason: NoRuleMatched, snat: last.snat}
	return false
}

func (r reference) evaluate(f Flow) outcome {
	var last outcome
	from, to := r.subnet(f.Source), r.subnet(f.Destination)
	n := r.m.Networks[0]
	stop := func(reason Reason) outcome {
		return outcome{stage: StageRoute, reason: reason, snat: last.snat}
	}
	if from == nil && to == nil {
		return outcome{reason: NotInNetwork}
	}
	if from == nil {
		switch h := r.route(to, f.Source); {
		case h.next == None:
			return stop(RouteToNone)
		case h.next == VnetLocal && !in(f.Source, n.Space):
			return stop(RouteStays)
		case h.next == VirtualNetworkGateway && !r.behind(f.Source), h.next == VirtualAppliance:
			return stop(ReplyElsewhere)
		}
	} else {
		if !r.groups(f.Source, Outbound, f, &last) {
			return last
		}
		at, inside := from, in(f.Destination, n.Space)
	hops:
		for count := 0; ; count++ {
			if count > 8 {
				return stop(RoutingLoop)
			}
			h := r.route(at, f.Destination)
			switch h.next {
			case VnetLocal:
				if !inside {
					return stop(RouteStays)
				}
				break hops
			case Internet:
				if inside {
					return stop(RouteLeaves)
				}
				if in(f.Destination, privateRanges) && !slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Overlaps(h.prefix) && p.Bits() <= h.prefix.Bits() }) {
					return stop(NotOnInternet)
				}
				if at.NAT.IsValid() && at.NAT.Is4() == f.Source.Is4() {
					last.snat = at.NAT
				}
				break hops
			case VirtualNetworkGateway:
				if n.Gateway == nil {
					return stop(GatewayMissing)
				}
				break hops
			case None:
				return stop(RouteToNone)
			case VirtualAppliance:
				if h.ip == f.Destination {
					break hops
				}
				if i := slices.IndexFunc(r.m.Firewalls, func(f Firewall) bool { return f.PrivateIP == h.ip }); i >= 0 {
					if !r.firewall(r.m.Firewalls[i], &f, &last) {
						return last
					}
				} else if nic := r.nic(h.ip); nic == nil {
					return stop(ApplianceMissing)
				} else if !nic.IPForwarding {
					return stop(ApplianceNotRouter)
				} else if !r.groups(h.ip, Inbound, f, &last) || !r.groups(h.ip, Outbound, f, &last) {
					return last
				}
				at = r.subnet(h.ip)
			}
		}
		if last.stage == StageNone {
			last.stage = StageRoute
		}
	}
	last.verdict = Allow
	if to != nil && !r.groups(f.Destination, Inbound, f, &last) {
		return last
	}
	return last
}

// generator draws models and flows from few values, so that rules meet flows.
type generator struct{ r *rand.Rand }

func (g generator) n(max int) int { return g.r.IntN(max) }

func pick[T any](g generator, list ...T) T { return list[g.n(len(list))] }

func (g generator) address() Address {
	a, _ := ParseAddress(pick(g, "*", "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.4", "10.0.0.0/28", "10.0.1.128/25", "VirtualNetwork", "internet", "Storage",
		"Sql", "0.0.0.0/0", "203.0.113.0/24", "203.0.113.9", "192.168.0.0/16", "AzureLoadBalancer", "172.16.0.0/24"))
	return a
}

func (g generator) side() Side {
	var s Side
	for range g.n(3) {
		s.Addresses = append(s.Addresses, g.address())
	}
	for range g.n(3) {
		s.Ports = append(s.Ports, pick(g, PortRange{443, 443}, PortRange{80, 443}, PortRange{0, 65535}, PortRange{1000, 2000}, PortRange{444, 65535}, PortRange{0, 79}, PortRange{256, 511}))
	}
	return s
}

func (g generator) group(id string) SecurityGroup {
	group := SecurityGroup{ID: id}
	for i := range g.n(6) {
		group.Rules = append(group.Rules, SecurityRule{Name: fmt.Sprint("r", i), Priority: 100 + (i*37)%11, Direction: pick(g, Inbound, Outbound), Access: pick(g, Allow, Deny),
			Protocol: Protocol(g.n(int(protocolCount))), Source: g.side(), Destination: g.side()})
	}
	return group
}

func (g generator) table(id string) RouteTable {
	t := RouteTable{ID: id, DisableGatewayRoutes: g.n(4) == 0}
	for i, to := range []string{"0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "203.0.113.0/24", "192.168.0.0/16", "Storage"} {
		if g.n(3) > 0 {
			continue
		}
		a, _ := ParseAddress(to)
		r := Route{Name: fmt.Sprint("r", i), Destination: a, NextHop: pick(g, VnetLocal, Internet, VirtualAppliance, VirtualAppliance, VirtualAppliance, VirtualNetworkGateway, None)}
		if r.NextHop == VirtualAppliance {
			r.NextHopIP = netip.MustParseAddr(pick(g, "10.0.2.4", "10.0.2.4", "10.0.3.4", "10.0.0.4", "10.0.9.9"))
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

func (g generator) model() *Model {
	addr := netip.MustParseAddr
	m := &Model{AzureCompatVnetTag: g.n(4) == 0, Tags: []ServiceTag{{Name: "Storage", Prefixes: mustPrefixes("198.51.100.0/24", "203.0.113.8/29")}, {Name: "SQL", Prefixes: mustPrefixes("10.0.1.0/26")}}}
	for i := range 4 {
		m.SecurityGroups = append(m.SecurityGroups, g.group(fmt.Sprint("/nsg/", i)))
		m.RouteTables = append(m.RouteTables, g.table(fmt.Sprint("/rt/", i)))
	}
	n := VirtualNetwork{ID: "/vnet", Space: mustPrefixes("10.0.0.0/16")}
	if g.n(2) == 0 {
		n.Gateway = &Gateway{ID: "/gw", Prefixes: pick(g, mustPrefixes("192.168.0.0/16", "10.0.1.0/25"), mustPrefixes("0.0.0.0/0"))}
	}
	for i, name := range []string{"front", "back", "AzureFirewallSubnet", "nva"} {
		nat := pick(g, netip.Addr{}, netip.Addr{}, netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("2001:db8::77"))
		n.Subnets = append(n.Subnets, Subnet{NAT: nat, ID: "/vnet/subnets/" + name, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)},
			SecurityGroup: pick(g, "", "/nsg/0", "/NSG/1", "/nsg/2"), RouteTable: pick(g, "", "/rt/0", "/rt/1", "/RT/2")})
	}
	m.Networks = []VirtualNetwork{n}
	m.Interfaces = []Interface{
		{ID: "/nic/a", Subnet: "/vnet/subnets/front", Addresses: []netip.Addr{addr("10.0.0.4"), addr("10.0.0.5")}, SecurityGroup: pick(g, "", "/nsg/2", "/nsg/3")},
		{ID: "/nic/nva", Subnet: "/vnet/subnets/nva", Addresses: []netip.Addr{addr("10.0.3.4")}, SecurityGroup: pick(g, "", "/nsg/3"), IPForwarding: g.n(3) > 0},
	}
	fw := Firewall{ID: "/fw", Subnet: "/vnet/subnets/AzureFirewallSubnet", PrivateIP: addr("10.0.2.4"), PublicIPs: pick(g, nil, []netip.Addr{addr("203.0.113.200")}),
		PrivateRanges: pick(g, nil, nil, mustPrefixes("0.0.0.0/0"), mustPrefixes("255.255.255.255/32"))}
	for i := range g.n(4) {
		c := RuleCollection{Name: fmt.Sprint("c", i), Priority: 100 + (i*7)%5, Action: pick(g, Allow, Allow, Deny)}
		for k := range 1 + g.n(3) {
			r := NetworkRule{Name: fmt.Sprint("n", k), Source: g.side(), Destination: g.side()}
			for range g.n(3) {
				r.Protocols = append(r.Protocols, Protocol(g.n(int(ICMP)+1)))
			}
			c.Rules = append(c.Rules, r)
		}
		fw.Collections = append(fw.Collections, c)
	}
	m.Firewalls = []Firewall{fw}
	return m
}

func (g generator) flow() Flow {
	address := func() netip.Addr {
		return netip.MustParseAddr(pick(g, "10.0.0.4", "10.0.0.5", "10.0.0.20", "10.0.1.4", "10.0.1.200", "10.0.2.4", "10.0.3.4", "10.0.3.9", "10.0.77.1", "203.0.113.9", "203.0.113.200", "198.51.100.7",
			"192.168.1.1", "172.16.0.3", "10.9.0.1", "8.8.8.8", "100.64.0.9", "127.0.0.1"))
	}
	port := func() uint16 { return pick(g, uint16(443), 80, 0, 79, 81, 1000, 2001, 65535, 444, 255, 256, 511, 512) }
	return Flow{Protocol: Protocol(1 + g.n(int(protocolCount)-1)), Source: address(), Destination: address(), SourcePort: port(), DestinationPort: port()}
}

func TestFastAgreesWithReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))}
		m := g.model()
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := p.Network("/VNET")
		for range 2000 {
			f := g.flow()
			want := reference{m}.evaluate(f)
			d := n.Evaluate(f)
			got := outcome{d.Verdict, d.Stage, d.RuleName, d.Reason, d.SNATIP}
			if _, rule, ok := strings.Cut(d.RuleName, "/"); ok && d.Stage != StageFirewall {
				got.rule = rule
			}
			if got != want {
				t.Fatalf("%s\n got %s\nwant %s\n%s", f, got, want, n.Trace(f))
			}
			if trace := n.Trace(f); trace.Decision != d {
				t.Fatalf("%s: trace decides %v, Evaluate %v", f, trace.Decision, d)
			}
		}
	})
}
