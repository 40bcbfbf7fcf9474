package netpol

import (
	"net/netip"
	"slices"
	"strings"
)

// checkPeerings reports what is wrong with a network's peerings: each leads to another
// network, which has one back, and to addresses that nothing else has.
func (c *compiler) checkPeerings(n *VirtualNetwork) {
	taken := slices.Clone(n.Space)
	remotes := map[string]string{}
	gateways := 0
	for i := range n.Peerings {
		p := &n.Peerings[i]
		remote := c.models[strings.ToLower(p.Remote)]
		switch {
		case remote == nil:
			c.problems.add(p.ID, "there is no virtual network %s", p.Remote)
		case remote == n:
			c.problems.add(p.ID, "it leads to the virtual network that it is of")
		case remote.peering(n.ID) == nil:
			c.problems.add(p.ID, "virtual network %s has no peering back", p.Remote)
		}
		if other, twice := remotes[strings.ToLower(p.Remote)]; twice {
			c.problems.add(p.ID, "peering %s leads to the same virtual network", other)
		}
		remotes[strings.ToLower(p.Remote)] = p.ID
		for _, id := range p.Subnets {
			if !slices.ContainsFunc(n.Subnets, func(s Subnet) bool { return strings.EqualFold(s.ID, id) }) {
				c.problems.add(p.ID, "the virtual network has no subnet %s", id)
			}
		}
		for _, prefix := range p.Space {
			checkPrefix(p.ID, "address space", prefix, &c.problems)
			if slices.ContainsFunc(taken, prefix.Overlaps) {
				c.problems.add(p.ID, "range %s overlaps the virtual network's own or another peered one's", prefix)
			}
			taken = append(taken, prefix)
		}
		if p.RemoteGateway {
			gateways++
		}
	}
	if gateways > 1 || gateways == 1 && n.Gateway != nil {
		c.problems.add(n.ID, "it can use one gateway: its own, or that of one peered virtual network")
	}
}

// peering is the network's side of its peering with another one; nil if there is none.
func (n *VirtualNetwork) peering(remote string) *Peering {
	for i := range n.Peerings {
		if strings.EqualFold(n.Peerings[i].Remote, remote) {
			return &n.Peerings[i]
		}
	}
	return nil
}

// Joins tells whether a subnet of the network takes part in the peering.
func (p *Peering) Joins(subnet string) bool {
	return p.Subnets == nil || slices.ContainsFunc(p.Subnets, func(id string) bool { return strings.EqualFold(id, subnet) })
}

// gateway is the gateway that a network uses: its own, or that of a peered network which
// lets it (gateway transit), and then the peering; nil for none.
func (c *compiler) gateway(n *VirtualNetwork) (*Gateway, *Peering) {
	if n.Gateway != nil {
		return n.Gateway, nil
	}
	for i := range n.Peerings {
		remote := c.models[strings.ToLower(n.Peerings[i].Remote)]
		if n.Peerings[i].RemoteGateway && remote.peering(n.ID).Transit {
			return remote.Gateway, &n.Peerings[i]
		}
	}
	return nil, nil
}

// connect joins the two sides of each peering.
func (c *compiler) connect() {
	for i := range c.model.Networks {
		m := &c.model.Networks[i]
		n := c.policy.order[i]
		for k := range m.Peerings {
			p := &m.Peerings[k]
			side := &peer{remote: c.policy.networks[strings.ToLower(p.Remote)], space: slices.Clone(p.Space), access: p.Access, forwarded: p.Forwarded}
			if p.Subnets != nil {
				side.subnets = map[string]bool{}
				for _, id := range p.Subnets {
					side.subnets[strings.ToLower(id)] = true
				}
			}
			n.peers = append(n.peers, side)
		}
	}
	for _, n := range c.policy.order {
		for _, p := range n.peers {
			p.back = p.remote.peers[slices.IndexFunc(p.remote.peers, func(back *peer) bool { return back.remote == n })]
		}
		n.explore()
	}
}

// cross takes the flow into a peered network, to a place there; nil where nobody is.
func (w *walk) cross(from *place, i int, p *peer, to *place) bool {
	switch {
	case to != nil && !p.back.joins(to.subnet):
		return w.refuse(from, i, NotOfPeering)
	case !p.access && !from.guarded():
		return w.refuse(from, i, PeeringClosed)
	case !p.back.access && to != nil && !to.guarded():
		return w.refuse(from, i, PeeringClosedThere)
	case !p.back.forwarded && !contains(p.back.space, w.flow.Source):
		return w.refuse(from, i, NotForwarded)
	}
	w.network = p.remote
	return true
}

// explore finds the networks within reach.
func (n *Network) explore() {
	n.reach = []*Network{n}
	for i := 0; i < len(n.reach); i++ {
		for _, p := range n.reach[i].peers {
			if !slices.Contains(n.reach, p.remote) {
				n.reach = append(n.reach, p.remote)
			}
		}
	}
}

// replaceBy joins copies of the networks within reach to one that stands in n's place.
func (n *Network) replaceBy(changed *Network) {
	copies, peers := map[*Network]*Network{}, map[*peer]*peer{}
	for _, r := range n.reach {
		c := *r
		copies[r] = &c
	}
	copies[n] = changed
	for r, c := range copies {
		c.peers = nil
		for _, p := range r.peers {
			side := *p
			side.remote = copies[p.remote]
			peers[p] = &side
			c.peers = append(c.peers, &side)
		}
	}
	for _, side := range peers {
		side.back = peers[side.back]
	}
	changed.explore()
}

// peering adds the sets of addresses on which a flow's way into other networks depends.
func (c *cuts) peering(n *Network) {
	for _, p := range n.peers {
		c.set(p.space...)
		c.set(p.back.space...)
		if p.back.access && p.back.subnets == nil {
			continue
		}
		for _, s := range p.remote.order {
			c.set(s.prefixes...)
			for _, nic := range s.nics {
				c.set(hostPrefixes(nic.addresses)...)
			}
		}
	}
}

// inside tells whether an address is of the network's space.
func (n *Network) inside(a netip.Addr) bool { return contains(n.space, a) }
