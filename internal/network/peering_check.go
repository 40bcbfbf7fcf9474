package network

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// What two networks must agree on to be peered (network.md §A9): each has addresses of
// its own, also apart from those of the networks that they are peered with, and one of
// them at most has the gateway of both.

func isMissing(err error) bool { return errors.Is(err, store.ErrNotFound) }

// targetParent is the path of what has a member; "" for the request itself.
func targetParent(target string) string {
	parent, _, _ := cutLast(target, ".")
	return parent
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(separator):], true
}

// prefixes are the ranges of an address space that has been checked.
func prefixes(space []string) []netip.Prefix { return (&Network{Space: space}).ranges() }

// shared lists the ranges of one address space that overlap another one.
func shared(a, b []netip.Prefix) []string {
	var list []string
	for _, p := range a {
		if slices.ContainsFunc(b, p.Overlaps) {
			list = append(list, p.String())
		}
	}
	return list
}

// spaces are the ranges that a side keeps for the other network: those it is in sync
// with, and those that are in the peering now.
func (n *peered) spaces(p *Peering) ([]netip.Prefix, error) {
	list := prefixes(p.Space)
	remote, err := n.other(p)
	if remote == nil || err != nil {
		return list, err
	}
	now, err := remote.unlike(p, p.RemoteSubnets)
	return append(list, now...), err
}

// other is the network that a side leads to; nil if it is not there.
func (n *peered) other(p *Peering) (*peered, error) {
	id, err := arm.ParseID(p.Remote)
	if err != nil {
		return nil, err
	}
	remote, err := peeredNetworkOf(n.tx, id)
	if isMissing(err) {
		return nil, nil
	}
	return remote, err
}

// checkRemote checks that the two networks can be joined.
func (n *peered) checkRemote(name string, form *Peering, remote *peered, back *nested[Peering], target string, found *arm.Found) error {
	if other := n.toward(remote.id); other != nil && !strings.EqualFold(other.name, name) {
		found.Add("AnotherPeeringAlreadyReferencesRemoteVnet", target+".remoteVirtualNetwork", "Peering %s already references remote virtual network %s. Cannot add another peering referencing the same remote virtual network.", other.ID, remote.id)
	}
	if back != nil && back.form.State == peeringDisconnected {
		found.Add("RemotePeeringIsDisconnected", target+".remoteVirtualNetwork", "Cannot create or update peering %s/virtualNetworkPeerings/%s because remote peering %s referencing parent virtual network %s is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.",
			n.id, name, back.ID, n.id)
	}
	here, err := n.unlike(form, form.Subnets)
	if err != nil {
		return err
	}
	there, err := remote.unlike(form, form.RemoteSubnets)
	if err != nil {
		return err
	}
	both := append(shared(here, prefixes(remote.space)), shared(prefixes(n.space), there)...)
	slices.Sort(both)
	if both = slices.Compact(both); len(both) > 0 {
		found.Add("VnetAddressSpacesOverlap", target+".remoteVirtualNetwork", "Cannot create or update peering %s/virtualNetworkPeerings/%s. Virtual networks %s and %s cannot be peered because their address spaces overlap. Overlapping address prefixes: %s.",
			n.id, name, n.id, remote.id, strings.Join(both, ", "))
	}
	return nil
}

// checkApart checks what of a network is in a peering with another one, as it will be,
// against what of other networks that one is peered with.
func (n *peered) checkApart(hub *peered, mine []netip.Prefix, target string, found *arm.Found) error {
	for i := range hub.peerings {
		p := hub.peerings[i].form
		if p.State == peeringDisconnected || arm.SameID(p.Remote, n.id.String()) {
			continue
		}
		taken, err := hub.spaces(p)
		if err != nil {
			return err
		}
		if both := shared(mine, taken); len(both) > 0 {
			found.Add("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet", target, "The address space of virtual network %s overlaps that of virtual network %s, which virtual network %s is already peered with. Overlapping address prefixes: %s.",
				n.id, p.Remote, hub.id, strings.Join(both, ", "))
		}
	}
	return nil
}

// checkSpaces checks an address space that changes against all peered networks, and
// against those that they are peered with.
func (n *peered) checkSpaces(target string, found *arm.Found) error {
	for i := range n.peerings {
		p := n.peerings[i].form
		if p.State == peeringDisconnected {
			continue
		}
		taken, err := n.spaces(p)
		if err != nil {
			return err
		}
		mine, err := n.unlike(p, p.Subnets)
		if err != nil {
			return err
		}
		hub, err := n.other(p)
		if err != nil {
			return err
		}
		both := shared(prefixes(n.space), taken)
		if hub != nil && len(both) == 0 {
			both = shared(mine, prefixes(hub.space))
		}
		if len(both) > 0 {
			found.Add("VnetAddressSpacesOverlap", target, "The address space of virtual network %s would overlap that of the peered virtual network %s. Overlapping address prefixes: %s.", n.id, p.Remote, strings.Join(both, ", "))
		}
		if hub == nil {
			continue
		}
		if err := n.checkApart(hub, mine, target, found); err != nil {
			return err
		}
	}
	return nil
}

// checkGateways checks who uses whose gateway, and the spaces of the networks around.
func (n *peered) checkGateways(name string, form *Peering, remote *peered, back *nested[Peering], target string, found *arm.Found) error {
	here, err := n.unlike(form, form.Subnets)
	if err != nil {
		return err
	}
	there, err := remote.unlike(form, form.RemoteSubnets)
	if err != nil {
		return err
	}
	err = errors.Join(n.checkApart(remote, here, target+".remoteVirtualNetwork", found), remote.checkApart(n, there, target+".remoteVirtualNetwork", found))
	if err != nil {
		return err
	}
	if back != nil && back.form.RemoteGateway && !form.Transit {
		found.Add("RemotePeeringUsesGatewayTransit", target+".allowGatewayTransit", "Peering %s/virtualNetworkPeerings/%s cannot have AllowGatewayTransit flag set to false, because corresponding remote peering %s has UseRemoteGateways flag set to true.", n.id, name, back.ID)
	}
	if !form.RemoteGateway {
		return nil
	}
	at := target + ".useRemoteGateways"
	if back != nil && !back.form.Transit {
		found.Add("RemotePeeringDoesNotAllowGatewayTransit", at, "Peering %s/virtualNetworkPeerings/%s cannot have UseRemoteGateways flag set to true, because corresponding remote peering %s has AllowGatewayTransit flag set to false.", n.id, name, back.ID)
	}
	own, err := hasGateway(n.tx, n.id)
	if err != nil {
		return err
	}
	if own {
		found.Add("VnetHasGatewayAndUsesRemoteGateways", at, "Peering %s/virtualNetworkPeerings/%s cannot have UseRemoteGateways flag set to true, because virtual network %s has a gateway of its own.", n.id, name, n.id)
	}
	for i := range n.peerings {
		if p := &n.peerings[i]; p.form.RemoteGateway && !strings.EqualFold(p.name, name) {
			found.Add("AnotherPeeringUsesRemoteGateways", at, "Peering %s/virtualNetworkPeerings/%s cannot have UseRemoteGateways flag set to true, because peering %s has it. One peering of a virtual network can have it.", n.id, name, p.ID)
		}
	}
	gateway, err := hasGateway(n.tx, remote.id)
	if err == nil && !gateway && !form.Unverified {
		found.Add("RemoteVnetHasNoGateways", at, "Peering %s/virtualNetworkPeerings/%s cannot have UseRemoteGateway flag set to true because remote virtual network %s referenced by the peering does not have any gateways.", n.id, name, remote.id)
	}
	return err
}

// hasGateway tells whether a virtual network gateway is in a network.
func hasGateway(tx *store.Tx, network arm.ID) (bool, error) {
	all, err := arm.List(tx, store.Query{Type: typeGateways})
	for _, r := range all {
		form, err := decode[VirtualGateway](r)
		if err != nil {
			return false, err
		}
		if networkKey(form.Subnet) == network.Key() {
			return true, nil
		}
	}
	return false, err
}

// checkPeers refuses a gateway in a network that uses that of a peered one.
func (g *VirtualGateway) checkPeers(tx *store.Tx, id arm.ID, network, target string, found *arm.Found) error {
	home, err := arm.ParseID(network)
	if err != nil {
		return err
	}
	list, err := children[Peering](tx, home, typePeerings)
	for i := range list {
		if list[i].form.RemoteGateway {
			found.Add("VnetHasGatewayAndUsesRemoteGateways", target, "Gateway %s cannot be in virtual network %s, whose peering %s has UseRemoteGateways flag set to true. Set it to false first.", id, network, list[i].ID)
		}
	}
	return err
}
