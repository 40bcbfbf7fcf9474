package netpol

import (
	"net/netip"
	"slices"
	"strings"
)

// FilterRule is a rule in the form that a packet filter takes: tags expanded, sets
// merged. The first rule that a packet matches decides.
type FilterRule struct {
	ID          string
	Access      Access
	Platform    bool           // it is among the rules that concern the platform's addresses
	Source      []netip.Prefix // of both: the fewest, in address order; nil means any, empty none
	Destination []netip.Prefix
	// Ported are the protocols whose packets match if their ports do as well, Portless
	// those that match without having any.
	Ported, Portless []Protocol
	SourcePorts      []PortRange // of both: merged, never empty
	DestinationPorts []PortRange
	// Names are destinations as well, by what the firewall knows of them.
	Names []string
}

// Group is a security group as a subnet or an interface sees it. Groups that are
// equal have the same rules with the same meaning.
type Group struct{ group *group }

// ID is the group's resource ID.
func (g Group) ID() string { return g.group.id }

// Filter lists the rules of one direction in order, the defaults last: one of them
// decides whatever does not concern the platform.
func (g Group) Filter(d Direction) []FilterRule {
	side := g.group.sides[d]
	list := make([]FilterRule, len(side.rules))
	for i := range side.rules {
		r := &side.rules[i]
		list[i] = r.match.filter(r.id, r.Access)
		list[i].Platform = r.ConcernsPlatform()
	}
	return list
}

// Group returns the security group that judges at a subnet or an interface, by its ID.
func (n *Network) Group(id string) (Group, bool) {
	if s := n.subnets[strings.ToLower(id)]; s != nil {
		return Group{s.group}, s.group != nil
	}
	for _, s := range n.order {
		for _, nic := range s.nics {
			if strings.EqualFold(nic.id, id) {
				return Group{nic.group}, nic.group != nil
			}
		}
	}
	return Group{}, false
}

// FirewallFilter is what a firewall does to what is led to it, in this order.
type FirewallFilter struct {
	Threats []netip.Prefix // no end of a flow may be in it
	Alerts  []netip.Prefix // what begins from or to these is told of, and passes
	DNS     DNSSettings
	LooksUp []string      // the names that it looks up
	NAT     []Translation // of flows to Publics
	Rules   []FilterRule  // what none of them allows goes on to Applications
	// Applications are the flows whose client's name decides; their access is not that of
	// the filter. What is none of them is denied.
	Applications []FilterRule
	Publics      []netip.Addr
	// Public is the source that allowed flows go on with, unless their destination is in
	// Private; the zero Addr leaves all as they are. Translated flows, and those that
	// application rules have allowed, have Address there.
	Public  netip.Addr
	Private []netip.Prefix
	Address netip.Addr
}

// Translation is a NAT rule: flows that match go on to another destination.
type Translation struct {
	FilterRule
	To     netip.AddrPort
	ToName string // instead of To's address
}

// Firewall returns what a firewall of the network does, by its ID.
func (n *Network) Firewall(id string) (FirewallFilter, bool) {
	for i := range n.places {
		if f := n.places[i].firewall; f != nil && strings.EqualFold(f.id, id) {
			return f.filter(), true
		}
	}
	return FirewallFilter{}, false
}

func (f *firewall) filter() FirewallFilter {
	filter := FirewallFilter{Publics: f.publics, Public: f.public, Private: Merge(f.private), Address: f.address}
	filter.DNS, filter.LooksUp = f.dns.clone(), slices.Clone(f.looksUp)
	switch f.threats.mode {
	case ThreatDeny:
		filter.Threats = f.threats.prefixes
	case ThreatAlert:
		filter.Alerts = f.threats.prefixes
	}
	for i := range f.nat.rules {
		filter.NAT = append(filter.NAT, Translation{f.nat.rules[i].filter(), f.nat.rules[i].to, f.nat.rules[i].toName})
	}
	for i := range f.network.rules {
		filter.Rules = append(filter.Rules, f.network.rules[i].filter())
	}
	for i := range f.application.rules {
		filter.Applications = append(filter.Applications, f.application.rules[i].filter())
	}
	return filter
}

func (r *firewallRule) filter() FilterRule {
	f := r.match.filter(r.id, r.action)
	if len(r.hosts) > 0 {
		f.Names, f.Destination = slices.Clone(r.hosts), append([]netip.Prefix{}, merged(r.literal)...)
	}
	return f
}

func (m *match) filter(id string, access Access) FilterRule {
	r := FilterRule{ID: id, Access: access, SourcePorts: m.sourcePorts, DestinationPorts: m.ports, Source: merged(m.source), Destination: merged(m.destination)}
	for p := TCP; p < protocolCount; p++ {
		switch {
		case !m.meets(p):
		case p.HasPorts():
			r.Ported = append(r.Ported, p)
		default:
			r.Portless = append(r.Portless, p)
		}
	}
	return r
}

// merged writes a side of a rule as the fewest prefixes.
func merged(side []netip.Prefix) []netip.Prefix {
	if len(side) == 0 {
		return side
	}
	return Merge(side)
}

// PrivateRanges are the ranges that the Internet does not have (network.md §A5): a
// route to the Internet that is for more than one of them does not lead there.
func PrivateRanges() []netip.Prefix {
	return append([]netip.Prefix(nil), privateRanges...)
}
