package netpol

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The reference says the same as Evaluate in the most obvious way: every rule is
// tried in turn against the flow, every route is looked at. It shares no code with
// the policy but the model's types. It tells the stages that a flow passed, in order, to
// who asks for them.
type reference struct {
	m     *Model
	names Names
	steps *[]step // nil unless asked for
}

// step is a stage of a flow's way, as far as a trace must tell it.
type step struct {
	stage   Stage
	verdict Access
	rule    string // of a group or a firewall
	reason  Reason
	prefix  netip.Prefix // of a route that was taken, as is next
	next    NextHopType
	snat    netip.Addr     // what a firewall has done to the flow by then, or a NAT gateway does
	dnat    netip.AddrPort // of a NAT rule
	threat  ThreatMode
}

func (s step) String() string {
	return fmt.Sprintf("%s %s by %q (%s) %v %v snat %v dnat %v threat %q", s.stage, s.verdict, s.rule, s.reason, s.prefix, s.next, s.snat, s.dnat, s.threat)
}

func (r reference) log(s step) {
	if r.steps != nil {
		*r.steps = append(*r.steps, s)
	}
}

// refused is an end of the way at a route, or before any. A route that was taken turns out
// to be refused.
func (r reference) refused(stage Stage, reason Reason) {
	if r.steps == nil {
		return
	}
	if n := len(*r.steps); n > 0 && stage == StageRoute && (*r.steps)[n-1].stage == StageRoute {
		*r.steps = (*r.steps)[:n-1]
	}
	r.log(step{stage: stage, reason: reason})
}

type outcome struct {
	verdict Access
	stage   Stage
	rule    string
	reason  Reason
	snat    netip.Addr
	dnat    netip.AddrPort
	threat  ThreatMode
}

func (o outcome) String() string {
	return fmt.Sprintf("%s at %s by %q (%s) snat %v dnat %v threat %q", o.verdict, o.stage, o.rule, o.reason, o.snat, o.dnat, o.threat)
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

// network finds a network by its ID.
func (r reference) network(id string) *VirtualNetwork {
	for i := range r.m.Networks {
		if strings.EqualFold(r.m.Networks[i].ID, id) {
			return &r.m.Networks[i]
		}
	}
	return nil
}

// home is the network that a subnet is in.
func (r reference) home(s *Subnet) *VirtualNetwork {
	for i := range r.m.Networks {
		if _, ok := byName(r.m.Networks[i].Subnets, s.ID, func(s Subnet) string { return s.ID }); ok {
			return &r.m.Networks[i]
		}
	}
	panic("no network has " + s.ID)
}

// gateway is the gateway that a network uses; nil for none.
func (r reference) gateway(n *VirtualNetwork) *Gateway {
	if n.Gateway != nil {
		return n.Gateway
	}
	for _, p := range n.Peerings {
		if back := r.side(r.network(p.Remote), n); p.RemoteGateway && back.Transit {
			return r.network(p.Remote).Gateway
		}
	}
	return nil
}

// side is a network's side of its peering with another one.
func (r reference) side(n, with *VirtualNetwork) Peering {
	for _, p := range n.Peerings {
		if r.network(p.Remote) == with {
			return p
		}
	}
	panic("no peering")
}

// toward is the peering of a network whose space has an address.
func (r reference) toward(n *VirtualNetwork, a netip.Addr) (Peering, bool) {
	for _, p := range n.Peerings {
		if in(a, p.Space) {
			return p, true
		}
	}
	return Peering{}, false
}

// joins tells whether a subnet takes part in a peering of its network.
func (r reference) joins(p Peering, s *Subnet) bool {
	return p.Subnets == nil || slices.ContainsFunc(p.Subnets, func(id string) bool { return strings.EqualFold(id, s.ID) })
}

// gatewayOf is the gateway that a subnet may use: that of a peered network, if it takes part
// in the peering.
func (r reference) gatewayOf(s *Subnet) *Gateway {
	n := r.home(s)
	for _, p := range n.Peerings {
		if n.Gateway == nil && p.RemoteGateway && !r.joins(p, s) {
			return nil
		}
	}
	return r.gateway(n)
}

// behind tells whether the gateway says that an address lies behind it.
func (r reference) behind(s *Subnet, a netip.Addr) bool {
	g := r.gatewayOf(s)
	return g != nil && slices.ContainsFunc(g.Prefixes, func(p netip.Prefix) bool { return p.Bits() > 0 && p.Contains(a) })
}

// tagHas tells whether a tag has an address, for a subnet.
func (r reference) tagHas(name string, a netip.Addr, s *Subnet) bool {
	n := r.home(s)
	virtual := in(a, n.Space) || a == netip.MustParseAddr("168.63.129.16") ||
		r.behind(s, a) || r.m.AzureCompatVnetTag && r.gatewayOf(s) != nil && in(a, r.gatewayOf(s).Prefixes)
	for _, p := range n.Peerings {
		virtual = virtual || p.Access && r.joins(p, s) && in(a, p.Space)
	}
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
	case "azureloadbalancer", "azureplatformdns":
		return a == netip.MustParseAddr("168.63.129.16")
	case "azureplatformimds":
		return a == netip.MustParseAddr("169.254.169.254")
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
		if platform(f) && !slices.ContainsFunc(append(slices.Clone(rule.Source.Addresses), rule.Destination.Addresses...), func(a Address) bool {
			return slices.Contains([]string{"azureloadbalancer", "azureplatformdns", "azureplatformimds"}, strings.ToLower(a.Tag))
		}) {
			continue
		}
		if rule.Direction == d && r.matches([]Protocol{rule.Protocol}, rule.Source, rule.Destination, f, s) {
			return outcome{verdict: rule.Access, rule: rule.Name}, true
		}
	}
	if platform(f) {
		return outcome{verdict: Allow}, false
	}
	panic("no default rule matched")
}

// platform tells whether rules pass a flow by that do not name the platform.
func platform(f Flow) bool {
	is := func(a netip.Addr) bool {
		return a == netip.MustParseAddr("168.63.129.16") || a == netip.MustParseAddr("169.254.169.254")
	}
	return is(f.Source) || is(f.Destination)
}

func (r reference) subnet(n *VirtualNetwork, a netip.Addr) *Subnet {
	for i, s := range n.Subnets {
		if in(a, s.Prefixes) {
			return &n.Subnets[i]
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

// guarded tells whether a group stands at an address of a network.
func (r reference) guarded(n *VirtualNetwork, a netip.Addr) bool {
	s, nic := r.subnet(n, a), r.nic(a)
	return s.SecurityGroup != "" && !strings.HasSuffix(s.ID, "/AzureFirewallSubnet") || nic != nil && nic.SecurityGroup != ""
}

// groups passes the groups at one end; last is updated to what allowed the flow.
func (r reference) groups(at *VirtualNetwork, a netip.Addr, d Direction, f Flow, last *outcome) bool {
	s, n := r.subnet(at, a), r.nic(a)
	try := func(id string, stage Stage) bool {
		o, some := r.group(id, d, f, s)
		if some {
			o.stage, o.snat, o.dnat, o.threat = stage, last.snat, last.dnat, last.threat
			*last = o
			r.log(step{stage: stage, verdict: o.verdict, rule: o.rule})
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
	n := r.home(s)
	var direct []hop
	for _, p := range n.Space {
		direct = append(direct, hop{p, 3, VnetLocal, netip.Addr{}})
	}
	for _, peering := range n.Peerings {
		if !r.joins(peering, s) {
			continue
		}
		for _, p := range peering.Space {
			direct = append(direct, hop{p, 3, VNetPeering, netip.Addr{}})
		}
	}
	for _, tag := range s.ServiceEndpoints {
		set, _ := byName(r.m.Tags, tag, func(t ServiceTag) string { return t.Name })
		for _, p := range set.Prefixes {
			direct = append(direct, hop{p, 3, VirtualNetworkServiceEndpoint, netip.Addr{}})
		}
	}
	all := append(direct, hop{netip.MustParsePrefix("0.0.0.0/0"), 3, Internet, netip.Addr{}})
	t, ok := byName(r.m.RouteTables, s.RouteTable, func(t RouteTable) string { return t.ID })
	defaults := ok && slices.ContainsFunc(t.Routes, func(r Route) bool { return r.Destination.Prefix == netip.MustParsePrefix("0.0.0.0/0") })
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
		p := netip.MustParsePrefix(text)
		if !slices.ContainsFunc(n.Space, p.Overlaps) && !defaults {
			all = append(all, hop{p, 3, None, netip.Addr{}})
		}
	}
	if g := r.gatewayOf(s); g != nil && !(ok && t.DisableGatewayRoutes) {
		for _, p := range g.Prefixes {
			if !slices.ContainsFunc(direct, func(d hop) bool { return d.prefix.Bits() <= p.Bits() && d.prefix.Contains(p.Addr()) }) {
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

// groupsOf are the groups of a firewall in the order in which they are tried, with what
// stands before the names of their collections.
func (r reference) groupsOf(fw Firewall) (groups []RuleCollectionGroup, before []string) {
	if fw.Policy == "" {
		return []RuleCollectionGroup{{NAT: fw.NAT, Collections: fw.Collections, Applications: fw.Applications}}, []string{""}
	}
	for id := fw.Policy; id != ""; {
		p, _ := byName(r.m.Policies, id, func(p FirewallPolicy) string { return p.ID })
		own := slices.Clone(p.Groups)
		slices.SortStableFunc(own, func(a, b RuleCollectionGroup) int { return a.Priority - b.Priority })
		groups, id = append(own, groups...), p.Base
	}
	for _, g := range groups {
		before = append(before, g.Name+"/")
	}
	return groups, before
}

// named tells whether a name is one of a list.
func named(list []string, name string) bool {
	return slices.ContainsFunc(list, func(n string) bool {
		return strings.EqualFold(n, name) || n[0] == '*' && strings.HasSuffix(strings.ToLower(name), strings.ToLower(n[1:]))
	})
}

func (r reference) threat(fw Firewall, f Flow) ThreatMode {
	intel := fw.ThreatIntel
	for id := fw.Policy; id != ""; {
		p, _ := byName(r.m.Policies, id, func(p FirewallPolicy) string { return p.ID })
		intel.Mode = max(intel.Mode, p.ThreatIntel.Mode)
		intel.Allowed.Prefixes = append(slices.Clone(intel.Allowed.Prefixes), p.ThreatIntel.Allowed.Prefixes...)
		intel.Allowed.Names = append(slices.Clone(intel.Allowed.Names), p.ThreatIntel.Allowed.Names...)
		id = p.Base
	}
	is := func(a netip.Addr) bool { return in(a, r.m.Threats.Prefixes) && !in(a, intel.Allowed.Prefixes) }
	name := f.Application.Name
	if is(f.Source) || is(f.Destination) || name != "" && named(r.m.Threats.Names, name) && !named(intel.Allowed.Names, name) {
		return intel.Mode
	}
	return ThreatOff
}

// translate gives the flow the destination that a NAT rule says.
func (r reference) translate(fw Firewall, f *Flow, last *outcome, s *Subnet) bool {
	groups, before := r.groupsOf(fw)
	for i, g := range groups {
		for _, c := range slices.SortedStableFunc(slices.Values(g.NAT), func(a, b NATCollection) int { return a.Priority - b.Priority }) {
			for _, rule := range c.Rules {
				if slices.Contains(fw.PublicIPs, f.Destination) && (f.Protocol == TCP || f.Protocol == UDP) && r.matches(rule.Protocols, rule.Source, rule.Destination, *f, s) {
					last.rule = before[i] + c.Name + "/" + rule.Name
					if rule.ToName != "" {
						rule.To = netip.AddrPortFrom(r.names.Of(fw.ID, rule.ToName).To, rule.To.Port())
						if !rule.To.IsValid() {
							return false
						}
					}
					f.Destination, f.DestinationPort = rule.To.Addr(), rule.To.Port()
					last.dnat = rule.To
					return true
				}
			}
		}
	}
	return false
}

func (r reference) firewall(fw Firewall, f *Flow, last *outcome) bool {
	s := *r.subnet(r.home(&Subnet{ID: fw.Subnet}), fw.PrivateIP)
	s.RouteTable = "" // rules of a firewall see the network's tags
	*last = outcome{stage: StageFirewall, snat: last.snat, dnat: last.dnat, threat: last.threat}
	tell := func(verdict Access) bool {
		r.log(step{stage: StageFirewall, verdict: verdict, rule: last.rule, reason: last.reason, snat: last.snat, threat: last.threat})
		return verdict == Allow
	}
	if mode := r.threat(fw, *f); mode != ThreatOff {
		if last.threat = mode; mode == ThreatDeny {
			last.reason = KnownThreat
			return tell(Deny)
		}
	}
	private := fw.PrivateRanges
	for id := fw.Policy; id != ""; {
		p, _ := byName(r.m.Policies, id, func(p FirewallPolicy) string { return p.ID })
		if p.PrivateRanges != nil {
			private = p.PrivateRanges
			break
		}
		id = p.Base
	}
	if private == nil {
		private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10")}
	}
	leave := func(back bool) {
		if len(fw.PublicIPs) > 0 && !in(f.Destination, private) {
			f.Source, last.snat = fw.PublicIPs[0], fw.PublicIPs[0]
		} else if back {
			f.Source, last.snat = fw.PrivateIP, fw.PrivateIP
		}
	}
	translated := r.translate(fw, f, last, &s)
	byNAT := func(verdict Access) bool {
		told := step{stage: StageFirewall, verdict: verdict, rule: last.rule, reason: last.reason, snat: last.snat, threat: last.threat}
		if translated {
			told.dnat = last.dnat
		}
		r.log(told)
		return verdict == Allow
	}
	if !translated && last.rule != "" {
		last.reason = NameNotLookedUp
		return byNAT(Deny)
	}
	if slices.Contains(fw.PublicIPs, f.Destination) {
		last.reason = NoRuleMatched
		return byNAT(Deny)
	}
	groups, before := r.groupsOf(fw)
	for i, g := range groups {
		for _, c := range slices.SortedStableFunc(slices.Values(g.Collections), func(a, b RuleCollection) int { return a.Priority - b.Priority }) {
			for _, rule := range c.Rules {
				if r.networkRule(fw, rule, *f, &s) {
					if translated {
						byNAT(Allow)
					}
					last.verdict, last.rule = c.Action, before[i]+c.Name+"/"+rule.Name
					if c.Action == Allow {
						leave(translated)
					}
					return tell(c.Action)
				}
			}
		}
	}
	if translated {
		last.verdict = Allow
		leave(true)
		return byNAT(Allow)
	}
	for i, g := range groups {
		for _, c := range slices.SortedStableFunc(slices.Values(g.Applications), func(a, b ApplicationCollection) int { return a.Priority - b.Priority }) {
			for _, rule := range c.Rules {
				if !r.asks(rule, *f, &s) {
					continue
				}
				if f.Application.Name == "" {
					last.reason = NameUnknown
					return tell(Deny)
				}
				if named(rule.Names, f.Application.Name) {
					last.verdict, last.rule = c.Action, before[i]+c.Name+"/"+rule.Name
					if c.Action == Allow {
						leave(true)
					}
					return tell(c.Action)
				}
			}
		}
	}
	last.reason = NoRuleMatched
	return tell(Deny)
}

// networkRule tells whether a network rule matches, also by a name.
func (r reference) networkRule(fw Firewall, rule NetworkRule, f Flow, s *Subnet) bool {
	for _, name := range rule.Names {
		any := Side{Ports: rule.Destination.Ports}
		if slices.Contains(r.names.Of(fw.ID, name).Addresses, f.Destination) && r.matches(rule.Protocols, rule.Source, any, f, s) {
			return true
		}
	}
	if len(rule.Names) > 0 && len(rule.Destination.Addresses) == 0 {
		return false
	}
	return r.matches(rule.Protocols, rule.Source, rule.Destination, f, s)
}

// asks tells whether an application rule is about the flow, whatever its name.
func (r reference) asks(rule ApplicationRule, f Flow, s *Subnet) bool {
	return slices.ContainsFunc(rule.Protocols, func(p ApplicationPort) bool {
		return f.Protocol == TCP && p.Port == f.DestinationPort && (f.Application.Protocol == UnknownApplication || f.Application.Protocol == p.Protocol) &&
			r.matches(nil, Side{Addresses: rule.Sources}, Side{Addresses: rule.Destinations}, f, s)
	})
}

// crossed takes a flow from an address of a network to one of a peered network, if it may
// pass between them.
func (r reference) crossed(n *VirtualNetwork, p Peering, f Flow, at, to netip.Addr) (*VirtualNetwork, Reason) {
	remote := r.network(p.Remote)
	back := r.side(remote, n)
	switch {
	case r.subnet(remote, to) != nil && !r.joins(back, r.subnet(remote, to)):
		return nil, NotOfPeering
	case !p.Access && !r.guarded(n, at):
		return nil, PeeringClosed
	case !back.Access && r.subnet(remote, to) != nil && !r.guarded(remote, to):
		return nil, PeeringClosedThere
	case !back.Forwarded && !in(f.Source, back.Space):
		return nil, NotForwarded
	}
	return remote, ByRule
}

// evaluate answers for a network that is asked.
func (r reference) evaluate(asked *VirtualNetwork, f Flow) outcome {
	var last outcome
	none := func(reason Reason) outcome {
		r.refused(StageNone, reason)
		return outcome{reason: reason}
	}
	switch {
	case f.Source.Is4() != f.Destination.Is4():
		return none(FamiliesDiffer)
	case f.Protocol == AnyProtocol:
		return none(NotAFlow)
	}
	from, to := r.subnet(asked, f.Source), r.subnet(asked, f.Destination)
	stop := func(reason Reason) outcome {
		r.refused(StageRoute, reason)
		return outcome{stage: StageRoute, reason: reason, snat: last.snat, dnat: last.dnat, threat: last.threat}
	}
	n := asked
	p, ok := r.toward(asked, f.Source)
	for i := 0; !ok && i < len(asked.Peerings); i++ {
		p, ok = r.toward(r.network(asked.Peerings[i].Remote), f.Source)
	}
	if ok && from == nil {
		if from = r.subnet(r.network(p.Remote), f.Source); from != nil {
			n = r.network(p.Remote)
		}
	}
	if to == nil && r.subnet(asked, f.Source) == nil {
		i := slices.IndexFunc(r.m.Firewalls, func(fw Firewall) bool {
			return slices.Contains(fw.PublicIPs, f.Destination) && r.home(&Subnet{ID: fw.Subnet}) == asked
		})
		if i < 0 || from != nil {
			return none(NotInNetwork)
		}
		fw := r.m.Firewalls[i]
		if !r.firewall(fw, &f, &last) {
			return last
		}
		return r.follow(n, r.subnet(n, fw.PrivateIP), nil, fw.PrivateIP, f, last)
	}
	if platform(f) {
		if from != nil && !r.groups(n, f.Source, Outbound, f, &last) || to != nil && !r.groups(asked, f.Destination, Inbound, f, &last) {
			return last
		}
		if last.verdict = Allow; last.stage == StageNone {
			last.stage = StagePlatform
			r.log(step{stage: StagePlatform, verdict: Allow})
		}
		return last
	}
	if from == nil {
		switch h := r.route(to, f.Source); {
		case h.next == None:
			return stop(RouteToNone)
		case h.next == VnetLocal && !in(f.Source, n.Space):
			return stop(RouteStays)
		case h.next == VirtualNetworkGateway && !r.behind(to, f.Source), h.next == VirtualAppliance:
			return stop(ReplyElsewhere)
		}
	} else {
		if !r.groups(n, f.Source, Outbound, f, &last) {
			return last
		}
		return r.follow(n, from, to, f.Source, f, last)
	}
	last.verdict = Allow
	if !r.groups(n, f.Destination, Inbound, f, &last) {
		return last
	}
	return last
}

// translated is the source that a subnet's NAT gateway gives a flow; none keeps its own.
func translated(s *Subnet, f Flow) (as netip.Addr) {
	var pool []netip.Addr
	for i := 0; s.NAT != nil && i < len(s.NAT.Addresses); i++ {
		if a := s.NAT.Addresses[i]; a.Is4() == f.Source.Is4() {
			pool = append(pool, a)
		}
	}
	if pool != nil {
		as = NATSource(pool, f.Source, f.Destination)
	}
	return as
}

// follow leads a flow from a subnet, where who sends it on, to its destination: to a
// subnet of the network that is asked, if that has the destination.
func (r reference) follow(n *VirtualNetwork, at, to *Subnet, who netip.Addr, f Flow, last outcome) outcome {
	stop := func(reason Reason) outcome {
		r.refused(StageRoute, reason)
		return outcome{stage: StageRoute, reason: reason, snat: last.snat, dnat: last.dnat, threat: last.threat}
	}
	var reason Reason
hops:
	for count := 0; ; count++ {
		if count > 8 {
			return stop(RoutingLoop)
		}
		inside := in(f.Destination, n.Space)
		h := r.route(at, f.Destination)
		taken := step{stage: StageRoute, verdict: Allow, prefix: h.prefix, next: h.next}
		if h.next == Internet {
			taken.snat = translated(at, f)
		}
		r.log(taken)
		switch h.next {
		case VnetLocal:
			if !inside {
				return stop(RouteStays)
			}
			break hops
		case VNetPeering:
			p, _ := r.toward(n, f.Destination)
			if n, reason = r.crossed(n, p, f, who, f.Destination); n == nil {
				return stop(reason)
			}
			break hops
		case VirtualNetworkServiceEndpoint:
			if inside {
				return stop(RouteLeaves)
			}
			break hops
		case Internet:
			if inside {
				return stop(RouteLeaves)
			}
			if in(f.Destination, privateRanges) && !slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Overlaps(h.prefix) && p.Bits() <= h.prefix.Bits() }) {
				return stop(NotOnInternet)
			}
			if as := translated(at, f); as.IsValid() {
				last.snat = as
			}
			break hops
		case VirtualNetworkGateway:
			if r.gatewayOf(at) == nil {
				return stop(GatewayMissing)
			}
			break hops
		case None:
			return stop(RouteToNone)
		case VirtualAppliance:
			if p, ok := r.toward(n, h.ip); ok && r.subnet(n, h.ip) == nil && r.joins(p, at) {
				if n, reason = r.crossed(n, p, f, who, h.ip); n == nil {
					return stop(reason)
				}
			}
			if h.ip == f.Destination {
				break hops
			}
			if i := slices.IndexFunc(r.m.Firewalls, func(f Firewall) bool { return f.PrivateIP == h.ip }); i >= 0 && r.subnet(n, h.ip) != nil {
				before := last.dnat
				if !r.firewall(r.m.Firewalls[i], &f, &last) {
					return last
				}
				if last.dnat != before {
					to = nil
				}
			} else if nic := r.nic(h.ip); nic == nil || r.subnet(n, h.ip) == nil {
				return stop(ApplianceMissing)
			} else if !nic.IPForwarding {
				return stop(ApplianceNotRouter)
			} else if !r.groups(n, h.ip, Inbound, f, &last) || !r.groups(n, h.ip, Outbound, f, &last) {
				return last
			}
			at, who = r.subnet(n, h.ip), h.ip
		}
	}
	if to != nil && r.subnet(n, f.Destination) != to {
		return stop(RouteLeaves)
	}
	to = r.subnet(n, f.Destination)
	if last.stage == StageNone {
		last.stage = StageRoute
	}
	last.verdict = Allow
	if to != nil && !r.groups(n, f.Destination, Inbound, f, &last) {
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
		"Sql", "0.0.0.0/0", "203.0.113.0/24", "10.1.0.0/16", "10.2.0.4", "203.0.113.9", "192.168.0.0/16", "AzureLoadBalancer", "172.16.0.0/24", "AzurePlatformDNS", "AzurePlatformIMDS"))
	return a
}

// members are the addresses of a few interfaces: what naming an application security
// group comes to.
func (g generator) members() (list []Address) {
	for _, text := range []string{"10.0.0.4", "10.0.0.5", "10.0.3.4", "10.1.0.4"} {
		if g.n(2) == 0 {
			list = append(list, addresses(text)...)
		}
	}
	return list
}

func (g generator) side() Side {
	var s Side
	for range g.n(3) {
		s.Addresses = append(s.Addresses, g.address())
	}
	if g.n(5) == 0 {
		s.Addresses = g.members()
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
	for i, to := range []string{"0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "203.0.113.0/24", "192.168.0.0/16", "Storage", "10.1.0.0/16", "10.2.0.0/24"} {
		if g.n(3) > 0 && (i > 0 || g.n(2) == 0) {
			continue
		}
		a, _ := ParseAddress(to)
		r := Route{Name: fmt.Sprint("r", i), Destination: a, NextHop: pick(g, VnetLocal, Internet, VirtualAppliance, VirtualAppliance, VirtualAppliance, VirtualNetworkGateway, None)}
		if r.NextHop == VirtualAppliance {
			r.NextHopIP = netip.MustParseAddr(pick(g, "10.0.2.4", "10.0.2.4", "10.0.2.4", "10.0.2.4", "10.0.3.4", "10.0.0.4", "10.0.9.9", "10.1.2.4", "10.1.2.4", "10.1.3.4"))
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
		var nat *NATGateway
		if of := pick(g, "", "", "203.0.113.77", "2001:db8::77", "203.0.113.77 203.0.113.78 203.0.113.80", "203.0.113.78 2001:db8::77"); of != "" {
			nat = &NATGateway{ID: "/nat"}
			for _, text := range strings.Fields(of) {
				nat.Addresses = append(nat.Addresses, netip.MustParseAddr(text))
			}
		}
		n.Subnets = append(n.Subnets, Subnet{NAT: nat, ID: "/vnet/subnets/" + name, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)},
			SecurityGroup: pick(g, "", "/nsg/0", "/NSG/1", "/nsg/2"), RouteTable: pick(g, "", "/rt/0", "/rt/1", "/RT/2")})
	}
	for i := range n.Subnets {
		n.Subnets[i].ServiceEndpoints = pick(g, nil, nil, []string{"Storage"}, []string{"sql", "Storage"})
	}
	m.Networks = append([]VirtualNetwork{n}, g.peered()...)
	g.peer(m.Networks)
	m.Interfaces = []Interface{
		{ID: "/nic/hub", Subnet: "/hub/subnets/app", Addresses: []netip.Addr{addr("10.1.0.4")}, SecurityGroup: pick(g, "", "/nsg/1")},
		{ID: "/nic/hubnva", Subnet: "/hub/subnets/nva", Addresses: []netip.Addr{addr("10.1.3.4")}, SecurityGroup: pick(g, "", "/nsg/2"), IPForwarding: g.n(4) > 0},
		{ID: "/nic/a", Subnet: "/vnet/subnets/front", Addresses: []netip.Addr{addr("10.0.0.4"), addr("10.0.0.5")}, SecurityGroup: pick(g, "", "/nsg/2", "/nsg/3")},
		{ID: "/nic/nva", Subnet: "/vnet/subnets/nva", Addresses: []netip.Addr{addr("10.0.3.4")}, SecurityGroup: pick(g, "", "/nsg/3"), IPForwarding: g.n(3) > 0},
	}
	m.Threats = Threats{pick(g, nil, mustPrefixes("198.51.100.0/24", "10.0.1.200/32")), []string{"bad.example.com", "*.evil.org"}}
	m.Policies = []FirewallPolicy{
		{ID: "/policy/child", Base: pick(g, "", "/Policy/base"), Groups: []RuleCollectionGroup{g.rules("ga", 300), g.rules("gb", 200)}, ThreatIntel: g.intel(), PrivateRanges: g.ranges()},
		{ID: "/policy/base", Groups: []RuleCollectionGroup{g.rules("gc", 400)}, ThreatIntel: g.intel(), PrivateRanges: g.ranges()},
	}
	m.Firewalls = []Firewall{g.firewall("/fw", "/vnet", "10.0.2.4", "203.0.113.200"), g.firewall("/hubfw", "/hub", "10.1.2.4", "203.0.113.201")}
	return m
}

// peered are two networks more: a hub, and a spoke of it.
func (g generator) peered() []VirtualNetwork {
	hub := VirtualNetwork{ID: "/hub", Space: mustPrefixes("10.1.0.0/16")}
	if g.n(2) == 0 {
		hub.Gateway = &Gateway{ID: "/hubgw", Prefixes: pick(g, mustPrefixes("172.16.0.0/24", "10.2.0.0/25"), mustPrefixes("0.0.0.0/0", "192.168.0.0/16"))}
	}
	for i, name := range []string{"app", "", "AzureFirewallSubnet", "nva"} {
		if name != "" {
			hub.Subnets = append(hub.Subnets, g.subnet("/hub/subnets/"+name, 1, i))
		}
	}
	return []VirtualNetwork{hub, {ID: "/spoke", Space: mustPrefixes("10.2.0.0/16"), Subnets: []Subnet{g.subnet("/spoke/subnets/app", 2, 0)}}}
}

func (g generator) subnet(id string, network, number int) Subnet {
	return Subnet{ID: id, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(network), byte(number), 0}), 24)},
		SecurityGroup: pick(g, "", "", "/nsg/0", "/nsg/1"), RouteTable: pick(g, "", "/rt/0", "/rt/3")}
}

// peer connects the first network and the spoke with the hub, as a rule.
func (g generator) peer(networks []VirtualNetwork) {
	hub := &networks[1]
	flag := func() bool { return g.n(3) > 0 }
	for _, i := range []int{0, 2} {
		n := &networks[i]
		if g.n(4) == 0 {
			continue
		}
		toward := Peering{ID: n.ID + "/peerings/hub", Remote: "/HUB", Space: pick(g, hub.Space, hub.Space, mustPrefixes("10.1.0.0/22")), Access: flag(), Forwarded: flag(), RemoteGateway: n.Gateway == nil && flag()}
		back := Peering{ID: "/hub/peerings" + n.ID, Remote: n.ID, Space: pick(g, n.Space, n.Space, []netip.Prefix{netip.PrefixFrom(n.Space[0].Addr(), 23)}), Access: flag(), Forwarded: flag(), Transit: flag()}
		if g.n(4) == 0 { // of some subnets, which the sides need not say alike
			toward.Subnets, back.Subnets = g.some(n), g.some(hub)
			toward.Space, back.Space = pick(g, toward.Space, mustPrefixes("10.1.0.0/24", "10.1.3.0/24")), pick(g, back.Space, n.Subnets[0].Prefixes)
		}
		n.Peerings, hub.Peerings = append(n.Peerings, toward), append(hub.Peerings, back)
	}
}

// some are the IDs of some of a network's subnets.
func (g generator) some(n *VirtualNetwork) []string {
	list := []string{}
	for _, s := range n.Subnets {
		if g.n(2) == 0 {
			list = append(list, pick(g, s.ID, strings.ToUpper(s.ID)))
		}
	}
	return list
}

func (g generator) intel() ThreatIntel {
	return ThreatIntel{ThreatMode(g.n(3)), Threats{pick(g, nil, mustPrefixes("198.51.100.0/25")), pick(g, nil, []string{"bad.example.com"})}}
}

func (g generator) ranges() []netip.Prefix {
	return pick(g, nil, nil, mustPrefixes("0.0.0.0/0"), mustPrefixes("255.255.255.255/32"))
}

func (g generator) firewall(id, network, at, public string) Firewall {
	addr := netip.MustParseAddr
	fw := Firewall{ID: id, Subnet: network + "/subnets/AzureFirewallSubnet", PrivateIP: addr(at), PrivateRanges: g.ranges(), ThreatIntel: g.intel(),
		PublicIPs: pick(g, nil, []netip.Addr{addr(public)}, []netip.Addr{addr(public), addr("203.0.113.9")})}
	if g.n(2) == 0 {
		own := g.rules("", 100)
		fw.NAT, fw.Collections, fw.Applications = own.NAT, own.Collections, own.Applications
	} else {
		fw.Policy = "/POLICY/child"
	}
	return fw
}

// rules draws a group of collections.
func (g generator) rules(name string, priority int) RuleCollectionGroup {
	group := RuleCollectionGroup{Name: name, Priority: priority}
	for i := range g.n(4) {
		c := RuleCollection{Name: fmt.Sprint("c", i), Priority: 100 + (i*7)%5, Action: pick(g, Allow, Allow, Deny)}
		for k := range 1 + g.n(3) {
			r := NetworkRule{Name: fmt.Sprint("n", k), Source: pick(g, Side{}, g.side()), Destination: g.side()}
			for range g.n(3) {
				r.Protocols = append(r.Protocols, Protocol(g.n(int(ICMP)+1)))
			}
			for range max(0, g.n(5)-2) {
				r.Names = append(r.Names, pick(g, "db.example.com", "DB.example.com.", "web.example.com", "nowhere.example.com"))
			}
			c.Rules = append(c.Rules, r)
		}
		group.Collections = append(group.Collections, c)
	}
	for i := range g.n(3) {
		c := NATCollection{Name: fmt.Sprint("t", i), Priority: 100 + (i*7)%5}
		for k := range 1 + g.n(2) {
			r := NATRule{Name: fmt.Sprint("d", k), Source: pick(g, Side{}, Side{Addresses: g.side().Addresses}), Destination: pick(g, Side{}, g.side()),
				To: netip.MustParseAddrPort(pick(g, "10.0.0.4:443", "10.0.1.4:80", "10.0.3.4:22", "10.1.0.4:80", "8.8.8.8:80", "10.9.0.1:1"))}
			r.Destination.Addresses = pick(g, nil, addresses("203.0.113.200"), addresses("203.0.113.9"))
			r.Protocols = pick(g, nil, []Protocol{TCP}, []Protocol{UDP}, []Protocol{TCP, UDP})
			if g.n(4) == 0 {
				r.ToName, r.To = pick(g, "db.example.com", "nowhere.example.com"), netip.AddrPortFrom(netip.Addr{}, r.To.Port())
			}
			c.Rules = append(c.Rules, r)
		}
		group.NAT = append(group.NAT, c)
	}
	for i := range g.n(3) {
		c := ApplicationCollection{Name: fmt.Sprint("a", i), Priority: 100 + (i*7)%5, Action: pick(g, Allow, Allow, Deny)}
		for k := range 1 + g.n(3) {
			r := ApplicationRule{Name: fmt.Sprint("u", k), Sources: pick(g, nil, g.side().Addresses), Destinations: pick(g, nil, nil, g.side().Addresses)}
			for range 1 + g.n(2) {
				r.Protocols = append(r.Protocols, pick(g, ApplicationPort{HTTPS, 443}, ApplicationPort{HTTP, 80}, ApplicationPort{MSSQL, 1000}, ApplicationPort{HTTP, 443}))
				r.Names = append(r.Names, pick(g, "*", "*.example.com", "example.com", "*Example.com", "www.example.com", "bad.example.com"))
			}
			c.Rules = append(c.Rules, r)
		}
		group.Applications = append(group.Applications, c)
	}
	return group
}

// names draws what the firewalls know of names.
func (g generator) names() (names Names) {
	for _, fw := range []string{"/FW", "/hubfw"} {
		for _, name := range []string{"db.example.com", "Web.example.com."} {
			k := Known{}
			for _, text := range pick(g, nil, []string{"10.0.1.4"}, []string{"8.8.8.8", "10.0.0.4"}, []string{"203.0.113.9", "198.51.100.7", "10.1.0.4"}) {
				k.To = netip.MustParseAddr(text)
				k.Addresses = append(k.Addresses, k.To)
			}
			names.Put(fw, name, k)
		}
	}
	return names
}

// flow draws a flow, three of four from an address of the network with a number.
func (g generator) flow(network int) Flow {
	address := func() netip.Addr {
		return netip.MustParseAddr(pick(g, "10.0.0.4", "10.0.0.5", "10.0.0.20", "10.0.1.4", "10.0.1.200", "10.0.2.4", "10.0.3.4", "10.0.3.9", "10.0.77.1", "203.0.113.9", "203.0.113.200", "198.51.100.7",
			"192.168.1.1", "172.16.0.3", "10.9.0.1", "8.8.8.8", "100.64.0.9", "127.0.0.1", "10.1.0.4", "10.1.0.9", "10.1.2.4", "10.1.3.4", "10.1.77.1", "10.2.0.4", "10.2.0.200", "203.0.113.201", "168.63.129.16", "169.254.169.254", "2001:db8::5"))
	}
	source := address()
	if g.n(4) > 0 {
		inside := [][]string{{"10.0.0.4", "10.0.0.5", "10.0.0.20", "10.0.1.4", "10.0.3.9"}, {"10.1.0.4", "10.1.0.9"}, {"10.2.0.4", "10.2.0.200"}}[network]
		source = netip.MustParseAddr(pick(g, inside...))
	}
	port := func() uint16 {
		return pick(g, uint16(443), 443, 443, 80, 80, 0, 79, 81, 1000, 2001, 65535, 444, 255, 256, 511, 512)
	}
	app := Application{ApplicationProtocol(g.n(int(applicationCount))), pick(g, "", "example.com", "www.EXAMPLE.com", "bad.example.com", "x.evil.org", "myexample.com")}
	protocol := Protocol(1 + g.n(int(protocolCount)-1))
	if g.n(500) == 0 {
		protocol = AnyProtocol
	}
	return Flow{Protocol: protocol, Source: source, Destination: address(), SourcePort: port(), DestinationPort: port(), Application: pick(g, Application{}, app, app)}
}

var flows = flag.Int("flows", 100_000, "how many flows TestFastAgreesWithReference draws")

const flowsOfModel = 2000 // before another model is drawn

// TestFastAgreesWithReference draws networks with all that a model can have, and flows,
// and compares: the decision, and the stages that a trace tells, one by one.
func TestFastAgreesWithReference(t *testing.T) {
	start := startSeed(t)
	seen := map[string]int{}
	for i := range uint64((*flows + flowsOfModel - 1) / flowsOfModel) {
		g := generator{rand.New(rand.NewPCG(start+i, 0))}
		m := g.model()
		p, err := Compile(m)
		if err != nil {
			t.Fatalf("-seed %d: %v", start+i, err)
		}
		names := g.names()
		p = p.WithNames(names)
		for range flowsOfModel {
			number := max(0, g.n(5)-2) // mostly the first one
			asked := &m.Networks[number]
			n, _ := p.Network(strings.ToUpper(asked.ID))
			compareFlow(t, reference{m: m, names: names}, n, asked, g.flow(number), seen)
			if t.Failed() {
				t.Fatalf("in the first network of -seed %d", start+i)
			}
		}
	}
	tellSeen(t, seen)
}

// compareFlow judges a flow both ways, and counts what decided it.
func compareFlow(t *testing.T, r reference, n *Network, asked *VirtualNetwork, f Flow, seen map[string]int) {
	t.Helper()
	var steps []step
	r.steps = &steps
	want := r.evaluate(asked, f)
	d, trace := n.Evaluate(f), n.Trace(f)
	got := outcome{d.Verdict, d.Stage, d.RuleName, d.Reason, d.SNATIP, d.DNAT, d.Threat}
	if _, rule, ok := strings.Cut(d.RuleName, "/"); ok && d.Stage != StageFirewall {
		got.rule = rule
	}
	if got != want {
		t.Errorf("%s\n got %s\nwant %s\n%s", f, got, want, trace)
	}
	if trace.Decision != d {
		t.Errorf("%s: trace decides %v, Evaluate %v", f, trace.Decision, d)
	}
	if told := stepsOf(&trace); !slices.Equal(told, steps) {
		t.Errorf("%s\n got %v\nwant %v\n%s", f, told, steps, trace)
	}
	seen[fmt.Sprintf("%s at %s, %s", d.Verdict, d.Stage, d.Reason)]++
	if d.Allowed() {
		seen["exit by "+d.Exit.String()]++
	}
	for what, is := range map[string]bool{"source translated": d.SNATIP.IsValid(), "destination translated": d.DNAT.IsValid(), "decided by name": d.Named, "decided by the address of a name": d.Host != "", "threat allowed": d.Threat == ThreatAlert,
		"rule of a policy": d.Firewall != "" && strings.Count(d.RuleName, "/") == 2, "a network beyond": d.Allowed() && !strings.EqualFold(d.Network, asked.ID), "several hops": len(steps) > 6} {
		if is {
			seen[what]++
		}
	}
}

// stepsOf are the steps of a trace, as the reference tells them.
func stepsOf(trace *Trace) (list []step) {
	for i := range trace.Steps {
		d := &trace.Steps[i].Decision
		s := step{stage: d.Stage, verdict: d.Verdict, rule: d.RuleName, reason: d.Reason, snat: d.SNATIP, dnat: d.DNAT, threat: d.Threat}
		if _, rule, ok := strings.Cut(d.RuleName, "/"); ok && d.Stage != StageFirewall {
			s.rule = rule
		}
		if d.Stage == StageRoute && d.Verdict == Allow {
			s.prefix, s.next = d.RoutePrefix, d.NextHop
		}
		list = append(list, s)
	}
	return list
}

// tellSeen says how often what decided, and fails if something that a model has never did.
func tellSeen(t *testing.T, seen map[string]int) {
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%8d %s", seen[what], what)
	}
	if *flows < 100_000 {
		return
	}
	for r := range Reason(len(reasonTexts)) {
		switch r {
		case RouteMissing, DefaultRouteMissing: // a subnet of IPv4 has a route for all; of required access alone
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(what string) bool { return strings.HasSuffix(what, ", "+r.String()) }) {
			t.Errorf("no flow was decided by %q", r)
		}
	}
}
