package netpol

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A required access is a set of flows: sources × destinations × ports × {TCP, UDP}.
// It is judged exactly, by flows that stand for all (pieces.go). A row is judged on
// its own direction: the groups at the environment's subnet, and the routes of the subnet,
// for outbound rows with the firewalls and appliances they lead through.

// Environment is what RequiredAccess must know of an integration service
// environment.
type Environment struct {
	Network  string
	Subnets  []string // IDs
	Endpoint Endpoint
	// Callers are the addresses that call triggers and read run histories from
	// outside, for an External endpoint; none means the Internet.
	Callers []netip.Prefix
	// Connectors are the managed connectors' outgoing addresses.
	Connectors []netip.Prefix
	// More are further requirements, such as the ports of the connections present.
	// Their parties may also be prefixes in CIDR notation.
	More []Requirement
}

// Openness is how much of a required access is open.
type Openness uint8

const (
	Open Openness = iota
	PartlyOpen
	Blocked
	NotJudged // it has no addresses here
)

func (o Openness) String() string {
	return [...]string{"open", "partly open", "blocked", "not judged"}[o]
}

// AccessResult is the verdict over one requirement at one subnet.
type AccessResult struct {
	Requirement Requirement
	Subnet      string // ID
	Openness    Openness
	// Denials are what denies flows of the row, each rule or route once, with a flow
	// that it denies.
	Denials []Denial
	// Allowed is the decision over the first flow that may pass, if one may.
	Allowed *Decision
	// Closed are the protocols and ports of the row that are closed for every source
	// and every destination.
	Closed []ClosedPorts
	// StandIn says that a service tag of the row has no addresses.
	StandIn bool
	// Sampled says that the row had so many pieces that not all were judged.
	Sampled bool
}

// ClosedPorts are ports of one protocol that nothing may use.
type ClosedPorts struct {
	Protocol Protocol
	Ports    PortRange
}

// Denial is a decision and the first flow of the row it was made for.
type Denial struct {
	Flow     Flow
	Decision Decision
}

// String is the verdict in plain words.
func (r AccessResult) String() string {
	text := fmt.Sprintf("%s %s %s (%s) at subnet %s: %s", r.Requirement.ID, r.Requirement.Direction, r.Requirement.Purpose, r.Requirement.PortText(), lastName(r.Subnet), r.Openness)
	for _, d := range r.Denials {
		text += fmt.Sprintf("; %s: %s", r.flowText(d.Flow), d.Decision)
	}
	return text
}

// flowText names the service tag where its stand-in says nothing to a reader.
func (r *AccessResult) flowText(f Flow) string {
	text := f.String()
	if r.StandIn && IsStandIn(f.Source) {
		text = strings.Replace(text, f.Source.String(), string(r.Requirement.Source), 1)
	}
	if r.StandIn && IsStandIn(f.Destination) {
		text = strings.Replace(text, f.Destination.String(), string(r.Requirement.Destination), 1)
	}
	return text
}

// PortText is the requirement's ports as a rule writes them.
func (r *Requirement) PortText() string {
	var texts []string
	for _, p := range mergePorts(r.Ports) {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

// RequiredAccess judges what an environment needs, row by row and in each row by
// subnet. A network with a gateway has one row more, R1: the default route to the
// Internet on each subnet. The error names a network or subnet that is not there.
func (p *Policy) RequiredAccess(e Environment, v Version) ([]AccessResult, error) {
	n, ok := p.Network(e.Network)
	if !ok {
		return nil, fmt.Errorf("there is no virtual network %s", e.Network)
	}
	return n.requiredAccess(e, v)
}

func (n *Network) requiredAccess(e Environment, v Version) ([]AccessResult, error) {
	j := &judge{network: n, environment: e, spans: spanCache{}}
	for _, id := range e.Subnets {
		s := n.subnets[strings.ToLower(id)]
		if s == nil {
			return nil, fmt.Errorf("virtual network %s has no subnet %s", e.Network, id)
		}
		j.subnets = append(j.subnets, s)
	}
	var results []AccessResult
	for _, r := range slices.Concat(Requirements(v, e.Endpoint), e.More) {
		for _, s := range j.subnets {
			results = append(results, j.row(r, s))
		}
	}
	for _, s := range j.subnets {
		if s.gateway {
			results = append(results, j.defaultRoute(s))
		}
	}
	return results, nil
}

// judge judges the rows of one environment.
type judge struct {
	network     *Network
	environment Environment
	subnets     []*subnet
	spans       spanCache
}

// defaultRouteRow is the ID of the row that only routes can open.
const defaultRouteRow = "R1"

// defaultRoute judges row R1: with a gateway, 0.0.0.0/0 must lead to the Internet
// by a route of the user's (ise.md row 61).
func (j *judge) defaultRoute(s *subnet) AccessResult {
	r := AccessResult{Subnet: s.id, Requirement: Requirement{ID: defaultRouteRow, Purpose: "Route 0.0.0.0/0 to Internet, with ExpressRoute or VPN", Direction: Outbound,
		Source: PartyVnet, Destination: PartyInternet, Category: "RegionalService", Consequence: Degrades}}
	at := netip.AddrFrom4([4]byte{})
	i, _ := s.routes.table.Get(everywhere[0])
	e := &s.routes.list[i]
	d := Decision{Stage: StageRoute, Subnet: s.id, RouteID: s.routes.ids[i], RoutePrefix: e.Prefix, NextHop: e.NextHop, NextHopIP: e.NextHopIP, Exit: e.NextHop}
	if e.Source == SourceUser && e.NextHop == Internet {
		d.Verdict = Allow
		r.Allowed = &d
		return r
	}
	d.Reason = DefaultRouteMissing
	r.Openness = Blocked
	r.Closed = []ClosedPorts{{TCP, anyPort}, {UDP, anyPort}}
	r.Denials = []Denial{{Flow{Protocol: TCP, Source: s.prefixes[0].Addr(), Destination: at}, d}}
	return r
}

// set is the flows of a row at one subnet.
type set struct {
	source, destination []netip.Prefix
	ports               []PortRange
}

// row judges one requirement at one subnet.
func (j *judge) row(r Requirement, s *subnet) AccessResult {
	result := AccessResult{Requirement: r, Subnet: s.id}
	flows := set{ports: mergePorts(r.Ports)}
	if r.Direction == Inbound {
		flows.source, flows.destination = j.party(r.Source, r, s), s.prefixes
	} else {
		flows.source, flows.destination = s.prefixes, j.party(r.Destination, r, s)
	}
	if len(flows.source) == 0 || len(flows.destination) == 0 {
		result.Openness = NotJudged
		return result
	}
	result.StandIn = isStandIn(flows.source) || isStandIn(flows.destination)
	var ends stops = outGroups | routing | appliance
	if r.Direction == Inbound {
		ends = replies | inGroups
	}
	result.judgeSet(j.cuts(flows, s, r.Direction), func(f Flow) Decision { return j.decide(f, ends, r) })
	return result
}

// isStandIn tells whether a party is nothing but the address that stands for a tag.
func isStandIn(p []netip.Prefix) bool {
	return len(p) == 1 && p[0].IsSingleIP() && IsStandIn(p[0].Addr())
}

// party is the addresses of one side of a row, as a subnet sees them; none if the environment
// has none.
func (j *judge) party(p Party, r Requirement, s *subnet) []netip.Prefix {
	e := &j.environment
	switch p {
	case PartySpace:
		return j.network.space
	case PartyVnet:
		return s.tags.inside
	case PartyConnectors:
		return e.Connectors
	case PartyPlatform:
		return nil
	case PartyAny:
		return s.tags.both
	case PartyDNS:
		var servers []netip.Prefix
		for _, a := range j.network.dns {
			servers = append(servers, netip.PrefixFrom(a, a.BitLen()))
		}
		return servers
	case PartyInternet:
		if (r.ID == "I2" || r.ID == "I3") && len(e.Callers) > 0 {
			return e.Callers
		}
	}
	if prefix, err := netip.ParsePrefix(string(p)); err == nil {
		return []netip.Prefix{prefix.Masked()}
	}
	return s.tags.tag(string(p))
}

// cuts gathers what decides over the flows of a row.
func (j *judge) cuts(flows set, s *subnet, d Direction) *cuts {
	c := newCuts(flows, j.spans)
	c.group(s.group, d, nil)
	hosts := map[*group][]netip.Prefix{}
	var groups []*group
	for _, n := range s.nics {
		if n.group == nil {
			continue
		}
		if hosts[n.group] == nil {
			groups = append(groups, n.group)
		}
		own := hostPrefixes(n.addresses)
		c.set(own...)
		hosts[n.group] = append(hosts[n.group], own...)
	}
	for _, g := range groups {
		c.group(g, d, hosts[g])
	}
	c.set(j.network.space...)
	c.peering(j.network)
	c.routes(s)
	c.set(privateRanges...) // which the Internet does not have
	if d == Inbound {       // replies depend on where the source is
		for _, n := range j.network.reach {
			for _, other := range n.order {
				c.set(other.prefixes...)
			}
		}
		c.set(j.network.behind...)
		return c
	}
	if j.network.gateway {
		c.set(j.network.scope.outside...)
	}
	if s.appliances {
		j.behind(c)
	}
	return c
}

func hostPrefixes(addresses []netip.Addr) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(addresses))
	for i, a := range addresses {
		prefixes[i] = netip.PrefixFrom(a, a.BitLen())
	}
	return prefixes
}

// group adds the rules of a group, which concern only the hosts if there are some.
func (c *cuts) group(g *group, d Direction, hosts []netip.Prefix) {
	if g == nil {
		return
	}
	side := g.sides[d]
	c.list(len(side.rules), func(i int) match { return side.rules[i].match.near(d, hosts) })
	if platform := []span{spanOf(netip.PrefixFrom(platformDNS, 32)), spanOf(netip.PrefixFrom(platformIMDS, 32))}; len(intersectSpans(platform, c.source))+len(intersectSpans(platform, c.target)) > 0 {
		c.list(len(side.places), func(i int) match { return side.rules[side.places[i]].match.near(d, hosts) })
	}
}

// near is the rule as it concerns the flows from or to some hosts.
func (m match) near(d Direction, hosts []netip.Prefix) match {
	side := &m.source
	if d == Inbound {
		side = &m.destination
	}
	switch {
	case hosts == nil:
	case *side == nil:
		*side = hosts
	default:
		*side = slices.DeleteFunc(slices.Clone(hosts), func(p netip.Prefix) bool { return !contains(*side, p.Addr()) })
	}
	return m
}

// behind adds what the firewalls and appliances that flows may come to have to say, in
// this network and in those it is peered with. A flow may come there from its own source,
// or from the public address of a firewall.
func (j *judge) behind(c *cuts) {
	var public []netip.Addr
	var places []*place
	for _, n := range j.network.reach {
		if n != j.network {
			c.set(n.space...)
			c.peering(n)
		}
		for i := range n.places {
			p := &n.places[i]
			places = append(places, p)
			fw := p.firewall
			if fw == nil {
				continue
			}
			c.set(hostPrefixes(fw.publics)...)
			if fw.public.IsValid() {
				public = append(public, fw.public)
			}
			if len(fw.application.rules) > 0 {
				public = append(public, fw.address)
			}
		}
	}
	for _, p := range places {
		switch {
		case p.firewall != nil:
			c.routes(p.subnet)
			c.set(p.firewall.private...)
			c.set(p.firewall.threats.prefixes...)
			network := p.firewall.networkMatches()
			c.listFrom(public, len(network), func(i int) match { return network[i] })
			application := p.firewall.application.rules
			c.listFrom(public, len(application), func(i int) match { return application[i].match })
		case p.nic != nil && p.nic.forwards:
			c.routes(p.subnet)
			for _, g := range []*group{p.nic.group, p.subnet.group} {
				if g != nil {
					for _, side := range g.sides {
						c.listFrom(public, len(side.rules), func(i int) match { return side.rules[i].match })
					}
				}
			}
		}
	}
}

// listFrom adds rules once as they meet the row's own sources, and once for each
// other source.
func (c *cuts) listFrom(others []netip.Addr, count int, at func(int) match) {
	c.list(count, at)
	for _, a := range others {
		c.list(count, func(i int) match {
			m := at(i)
			if m.source == nil || contains(m.source, a) {
				m.source = nil
			} else {
				m.source = []netip.Prefix{}
			}
			return m
		})
	}
}

func (c *cuts) routes(s *subnet) {
	for _, r := range s.routes.list {
		if !r.Active {
			continue
		}
		c.set(r.Prefix)
		if r.NextHopIP.IsValid() {
			c.set(netip.PrefixFrom(r.NextHopIP, r.NextHopIP.BitLen()))
		}
	}
}

// requiredProtocols are those that every row needs (ise.md §A13).
var requiredProtocols = [2]Protocol{TCP, UDP}

// closedPorts are the pieces of the row's ports that no flow got through, those of
// one range together. Each piece begins at its port.
func closedPorts(row []PortRange, pieces []uint16, opened [2][]bool) []ClosedPorts {
	var closed []ClosedPorts
	for i, p := range requiredProtocols {
		for k, first := range pieces {
			if opened[i][k] {
				continue
			}
			last := pieceEnd(row, pieces, k)
			if n := len(closed) - 1; n >= 0 && closed[n].Protocol == p && closed[n].Ports.Last+1 == first && first != 0 {
				closed[n].Ports.Last = last
				continue
			}
			closed = append(closed, ClosedPorts{p, PortRange{first, last}})
		}
	}
	return closed
}

// pieceEnd is the last port of a piece.
func pieceEnd(row []PortRange, pieces []uint16, k int) uint16 {
	at := slices.IndexFunc(row, func(r PortRange) bool { return r.Has(pieces[k]) })
	last := row[at].Last
	if k+1 < len(pieces) && pieces[k+1] <= last {
		last = pieces[k+1] - 1
	}
	return last
}

// decide judges one flow of a row. What goes to a public address must leave to the
// Internet: a gateway takes it to where the service is not (ise.md row 61).
func (j *judge) decide(f Flow, ends stops, r Requirement) Decision {
	w := walk{network: j.network, flow: f, ends: ends, anyName: true}
	d := w.decide()
	if r.Direction == Outbound && d.Allowed() && d.Exit == VirtualNetworkGateway && contains(j.network.scope.outside, f.Destination) {
		d.Verdict, d.Stage, d.Reason = Deny, StageRoute, DefaultRouteMissing
		d.RuleID, d.RuleName, d.SecurityGroup, d.Interface, d.Priority = "", "", "", "", 0
	}
	return d
}

// deny adds a denial unless its cause is there already.
func (r *AccessResult) deny(f Flow, d Decision) {
	same := func(other Denial) bool {
		o := &other.Decision
		return o.Stage == d.Stage && o.Reason == d.Reason && o.Interface == d.Interface &&
			cmp.Or(o.RuleID, o.RouteID, o.RoutePrefix.String()) == cmp.Or(d.RuleID, d.RouteID, d.RoutePrefix.String())
	}
	if !slices.ContainsFunc(r.Denials, same) {
		r.Denials = append(r.Denials, Denial{f, d})
	}
}
