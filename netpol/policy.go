package netpol

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

// Policy is a compiled model. It never changes.
type Policy struct {
	networks map[string]*Network // by ID in lower case
	order    []*Network
}

// Network returns a virtual network by its ID, ignoring case.
func (p *Policy) Network(id string) (*Network, bool) {
	n, ok := p.networks[strings.ToLower(id)]
	return n, ok
}

// Networks returns all virtual networks, in the model's order.
func (p *Policy) Networks() []*Network { return slices.Clone(p.order) }

// Network is a virtual network of a policy: the place from which flows are judged.
type Network struct {
	id      string
	space   []netip.Prefix
	gateway bool           // it has one, or uses that of a peered network
	behind  []netip.Prefix // what lies behind the gateway; a default route tells nothing of that
	peers   []*peer        // in the model's order
	reach   []*Network     // itself, those it is peered with, those that appliances there can send on to …
	dns     []netip.Addr
	scope   *scope
	subnets map[string]*subnet // by ID in lower case
	order   []*subnet
	places  []place
	at      *bart.Fast[uint32] // the index in places of an address
	publics map[netip.Addr]int // the index in places of the firewall that has a public address
}

// ID is the network's resource ID.
func (n *Network) ID() string { return n.id }

// peer is a compiled side of a peering.
type peer struct {
	remote            *Network
	back              *peer          // the other side
	space             []netip.Prefix // of the remote network, as this side knows it
	access, forwarded bool
	subnets           map[string]bool // that take part, by ID in lower case; nil: all
}

// joins tells whether a subnet takes part in the peering.
func (p *peer) joins(s *subnet) bool { return p.subnets == nil || p.subnets[s.key] }

// toward returns the peering that leads to an address; nil if none does.
func (n *Network) toward(a netip.Addr) *peer {
	for _, p := range n.peers {
		if contains(p.space, a) {
			return p
		}
	}
	return nil
}

// Reach lists the networks that flows of this one can end in: itself first, then those it
// is peered with, then those that appliances there can send them on to, and so on.
func (n *Network) Reach() []*Network { return slices.Clone(n.reach) }

// Reaches tells whether an address is in a subnet of a network of Reach. It does not
// allocate.
func (n *Network) Reaches(a netip.Addr) bool {
	return slices.ContainsFunc(n.reach, func(r *Network) bool { return r.place(a.Unmap()) != nil })
}

// Peered tells whether two networks are peered with each other; the other one may be as
// another policy has it.
func (n *Network) Peered(other *Network) bool {
	return slices.ContainsFunc(n.peers, func(p *peer) bool { return strings.EqualFold(p.remote.id, other.id) })
}

// subnet is a compiled subnet.
type subnet struct {
	id       string
	key      string // the ID in lower case
	prefixes []netip.Prefix
	tags     *scope // as which tags are seen from it
	scope    *scope // as which its groups see them: with its routes, if AzureCompatVnetTag
	gateway  bool   // its network has one that it may use
	group    *group // nil without one, and in a firewall's subnet
	routes   *routes
	nat      natPool
	nics     []*nic
	// appliances tells whether an active route leads to one.
	appliances bool
}

// nic is a compiled interface.
type nic struct {
	id        string
	addresses []netip.Addr
	group     *group
	forwards  bool
}

// place is what has an address: a subnet, and in it perhaps an interface or a
// firewall.
type place struct {
	subnet   *subnet
	nic      *nic
	firewall *firewall
}

// guarded tells whether a security group stands at the place.
func (p *place) guarded() bool { return p.subnet.group != nil || p.nic != nil && p.nic.group != nil }

// place returns what has the address; nil if no subnet does.
func (n *Network) place(a netip.Addr) *place {
	i, ok := n.at.Lookup(a)
	if !ok {
		return nil
	}
	return &n.places[i]
}

func (n *Network) put(p place, prefixes ...netip.Prefix) {
	for _, prefix := range prefixes {
		n.at.Insert(prefix, uint32(len(n.places)))
	}
	n.places = append(n.places, p)
}

// SubnetOf returns the ID of the subnet that an address is in.
func (n *Network) SubnetOf(a netip.Addr) (string, bool) {
	p := n.place(a.Unmap())
	if p == nil {
		return "", false
	}
	return p.subnet.id, true
}

// EffectiveRoutes returns the routes of a subnet, by prefix, those that lost after
// the one that won; nil if the network has no such subnet.
func (n *Network) EffectiveRoutes(subnet string) []EffectiveRoute {
	s := n.subnets[strings.ToLower(subnet)]
	if s == nil {
		return nil
	}
	return slices.Clone(s.routes.list)
}

// EffectiveRules returns the rules of the security group of a subnet or an
// interface, inbound before outbound, each by priority; nil if it has no group.
func (n *Network) EffectiveRules(id string) []EffectiveRule {
	if s := n.subnets[strings.ToLower(id)]; s != nil {
		if s.group == nil {
			return nil
		}
		return s.group.effective()
	}
	for _, p := range n.places {
		if p.nic != nil && strings.EqualFold(p.nic.id, id) && p.nic.group != nil {
			return p.nic.group.effective()
		}
	}
	return nil
}

// Tag returns what a service tag stands for in this network.
func (n *Network) Tag(name string) []netip.Prefix { return slices.Clone(n.scope.tag(name)) }

// TagHas tells whether a service tag has an address, as the network sees it.
func (n *Network) TagHas(name string, a netip.Addr) bool {
	return slices.ContainsFunc(n.scope.tag(name), func(p netip.Prefix) bool { return p.Contains(a) })
}
