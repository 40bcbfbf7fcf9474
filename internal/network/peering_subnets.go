package network

import (
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/netpol"
)

// Peerings of single subnets: each side names those of its own network and those of the
// other one, and only their ranges are in the peering. Two subnets exchange flows if both
// sides name both of them. The ranges of the address spaces that they are in must be unlike
// all of the other network's; the rest of the two networks may overlap. (Azure: "How to
// configure subnet peering", checks and limitations.)

// maxPeeringSubnets is how many subnets of both networks a peering may have together.
const maxPeeringSubnets = 200

// readSubnets reads which subnets a peering is of, and checks that by itself.
func (b *peeringBody) readSubnets(name string, form *Peering, target string, found *arm.Found) {
	if !form.Partial {
		if b.OnlyIPv6 || len(b.Subnets)+len(b.RemoteSubnets) > 0 {
			found.Add(codeFormat, target+".peerCompleteVnets", "Peering %s names subnets, or is for IPv6 only, and is of whole virtual networks. Set peerCompleteVnets to false, or remove localSubnetNames, remoteSubnetNames and enableOnlyIPv6Peering.", name)
		}
		return
	}
	form.Subnets, form.RemoteSubnets, form.OnlyIPv6 = b.Subnets, b.RemoteSubnets, b.OnlyIPv6
	for _, list := range []struct {
		member string
		names  []string
	}{{"localSubnetNames", b.Subnets}, {"remoteSubnetNames", b.RemoteSubnets}} {
		if len(list.names) == 0 {
			found.Add(codeFormat, target+"."+list.member, "Peering %s is of some subnets, and has no %s. Give the names of those that take part.", name, list.member)
		}
		for i, one := range list.names {
			if containsFold(list.names[:i], one) {
				found.Add(codeFormat, target+"."+list.member, "Subnet %s is there twice.", one)
			}
		}
	}
	if n := len(b.Subnets) + len(b.RemoteSubnets); n > maxPeeringSubnets {
		found.Add("SubnetPeeringSubnetCountLimitReached", target+".localSubnetNames", "Peering %s has %d subnets; it can have %d of both virtual networks together.", name, n, maxPeeringSubnets)
	}
}

// sameSubnets tells whether two forms of a side have the same ranges of the other network.
func (p *Peering) sameSubnets(other *Peering) bool {
	return sameFold(p.RemoteSubnets, other.RemoteSubnets) && p.OnlyIPv6 == other.OnlyIPv6
}

// named are a network's subnets of some names, in the order of the names; others are not
// there.
func (n *peered) named(names []string) ([]*nested[Subnet], error) {
	if n.subnets == nil {
		var err error
		if n.subnets, err = children[Subnet](n.tx, n.id, typeSubnets); err != nil {
			return nil, err
		}
	}
	var list []*nested[Subnet]
	for _, name := range names {
		if s := find(n.subnets, name); s != nil {
			list = append(list, s)
		}
	}
	return list, nil
}

// peeredSpace is what of a network is in a peering: its address space, or the ranges of the
// named subnets.
func (n *peered) peeredSpace(p *Peering, names []string) ([]string, error) {
	if !p.Partial {
		return n.space, nil
	}
	subnets, err := n.named(names)
	space := []string{}
	for _, s := range subnets {
		space = append(space, s.form.peeredRanges(p)...)
	}
	return space, err
}

// peeredRanges are the ranges of a subnet that are in a peering.
func (s *Subnet) peeredRanges(p *Peering) []string {
	return slices.DeleteFunc(slices.Clone(s.Prefixes), func(text string) bool { return p.OnlyIPv6 && !strings.Contains(text, ":") })
}

// unlike are the ranges of a network's address space that must not be in the other network's
// as well: all of it, or those in which the named subnets are.
func (n *peered) unlike(p *Peering, names []string) ([]netip.Prefix, error) {
	space := prefixes(n.space)
	if !p.Partial {
		return space, nil
	}
	subnets, err := n.named(names)
	return slices.DeleteFunc(space, func(wide netip.Prefix) bool {
		return !slices.ContainsFunc(subnets, func(s *nested[Subnet]) bool {
			return slices.ContainsFunc(prefixes(s.form.peeredRanges(p)), func(narrow netip.Prefix) bool { return Within(narrow, wide) })
		})
	}), err
}

// checkPartial checks that the subnets are there, and that both sides are of one kind, which
// stays.
func (n *peered) checkPartial(name string, form *Peering, remote *peered, old, back *nested[Peering], target string, found *arm.Found) error {
	at := target + ".peerCompleteVnets"
	if old != nil && old.form.Partial != form.Partial {
		found.Add("ChangingPeeringTypeNotAllowed", at, "Peering %s cannot be changed between whole virtual networks and single subnets. Delete the peering, and create it anew.", old.ID)
	}
	if back != nil && back.form.Partial != form.Partial {
		found.Add("RemotePeeringTypeDiffers", at, "Peering %s/virtualNetworkPeerings/%s and the remote peering %s must both be of whole virtual networks, or both of single subnets. Set peerCompleteVnets to %t.", n.id, name, back.ID, !back.form.Partial)
	}
	for _, side := range []struct {
		network *peered
		names   []string
		member  string
	}{{n, form.Subnets, "localSubnetNames"}, {remote, form.RemoteSubnets, "remoteSubnetNames"}} {
		for _, one := range side.names {
			subnets, err := side.network.named([]string{one})
			if err != nil {
				return err
			}
			if len(subnets) == 0 {
				found.Add(codeReference, target+"."+side.member, "Subnet %s referenced by peering %s/virtualNetworkPeerings/%s was not found in virtual network %s.", one, n.id, name, side.network.id)
			}
		}
	}
	return nil
}

// narrow leaves of a side what the other side names as well, and is there.
func (r *reader) narrow(network arm.Resource, form *Peering, p *netpol.Peering) {
	p.Space, p.Subnets = nil, []string{}
	remote := arm.Resource{}
	remote.Key = keyOf(form.Remote)
	inner(r, remote, typePeerings, func(_ arm.Resource, back *Peering) error {
		if keyOf(back.Remote) != network.Key {
			return nil
		}
		inner(r, network, typeSubnets, func(s arm.Resource, _ *Subnet) error {
			if name := lastSegment(s.ID); containsFold(form.Subnets, name) && containsFold(back.RemoteSubnets, name) {
				p.Subnets = append(p.Subnets, s.ID)
			}
			return nil
		})
		inner(r, remote, typeSubnets, func(s arm.Resource, subnet *Subnet) error {
			name := lastSegment(s.ID)
			for _, text := range subnet.peeredRanges(form) {
				if containsFold(form.RemoteSubnets, name) && containsFold(back.Subnets, name) && slices.Contains(form.Space, text) {
					p.Space = append(p.Space, prefixes([]string{text})...)
				}
			}
			return nil
		})
		return nil
	})
}
