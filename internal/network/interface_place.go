package network

import (
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// Where an interface is: its subnet, and its addresses in it.

const codeForeign = "SubnetWithExternalResourcesCannotBeUsedByOtherResources"

// roleSubnets are the subnets that only the resources of their role can be in.
var roleSubnets = []string{subnetFirewall, "AzureFirewallManagementSubnet", "GatewaySubnet", "AzureBastionSubnet", "RouteServerSubnet"}

// settle finds the subnet and gives each configuration its address.
func (n *Interface) settle(tx *store.Tx, r *arm.PutRequest, old *Interface, found *arm.Found) error {
	place, err := n.place(tx, r, found)
	if place == nil || err != nil {
		return err
	}
	subnet, err := decode[Subnet](*place)
	if err != nil {
		return err
	}
	if before := old.subnet(); before != "" && networkKey(before) != networkKey(place.ID) {
		found.Add("SubnetsNotInSameVnet", n.at(0)+".subnet", "Network interface %s is in subnet %s and cannot be moved to subnet %s, which is in another virtual network. Delete the interface, and create it there.", r.ID, before, place.ID)
		return nil
	}
	subnet.checkGuest(r.ID, place.ID, n.at(0)+".subnet", found)
	n.choose(r.ID, old, subnet.allocate(place.ID, r.ID.String()), found)
	if more := len(n.Configurations) - len(old.Configurations); more > 0 {
		return checkAddressCount(tx, place.Parent, more, found)
	}
	return nil
}

// maxAddressesTaken is how many addresses of a virtual network may be in use (§A1).
const maxAddressesTaken = 65536

// checkAddressCount reports more addresses than a network may have in use.
func checkAddressCount(tx *store.Tx, network string, more int, found *arm.Found) error {
	id, err := arm.ParseID(network)
	if err != nil {
		return err
	}
	subnets, err := children[Subnet](tx, id, typeSubnets)
	taken := more
	for i := range subnets {
		taken += len(subnets[i].form.taken())
	}
	if taken > maxAddressesTaken {
		found.Add("PrivateIPAddressCountLimitReached", "properties.ipConfigurations", "Virtual network %s would have %d private addresses in use; at most %d are allowed.", lastSegment(network), taken, maxAddressesTaken)
	}
	return err
}

// place is the subnet that all configurations are in; nil if something is wrong with
// it, which is reported.
func (n *Interface) place(tx *store.Tx, r *arm.PutRequest, found *arm.Found) (place *arm.Resource, err error) {
	complete := true
	for i := range n.Configurations {
		c := &n.Configurations[i]
		if c.Subnet == "" {
			complete = false
			continue
		}
		subnet, err := referenced(tx, c.Subnet, typeSubnets, r.ID, r.Location, n.at(i)+".subnet", found)
		if err != nil {
			return nil, err
		}
		if subnet == nil {
			complete = false
			continue
		}
		c.Subnet = subnet.ID
		if place == nil {
			place = subnet
		}
		if place.Key != subnet.Key {
			found.Add("IpConfigurationsOnSameNicCannotUseDifferentSubnets", n.at(i)+".subnet", "IP configurations of network interface %s use the subnets %s and %s. All of one interface must be in the same subnet.", r.ID, place.ID, subnet.ID)
			complete = false
		}
	}
	if !complete {
		return nil, nil
	}
	return place, nil
}

// checkGuest reports why an interface cannot be in a subnet (network.md §A2, §A9).
func (s *Subnet) checkGuest(nic arm.ID, id, target string, found *arm.Found) {
	if len(s.Delegations) > 0 {
		found.Add("ResourceNotPermittedOnDelegatedSubnet", target, "Resource %s is not permitted on subnet %s, which is delegated to %s. Use another subnet, or remove the delegation.", nic, id, strings.Join(s.services(), ", "))
	}
	if name := lastSegment(id); containsFold(roleSubnets, name) {
		found.Add(codeForeign, target, "Subnet %s is for the resources that its name %s tells of; network interface %s cannot be in it. Use another subnet.", id, name, nic)
		return
	}
	for _, l := range s.Links {
		found.Add(codeForeign, target, "Subnet %s has external resources in it: %s. Network interface %s cannot be in it. Use another subnet.", id, l.Owner, nic)
	}
}

// choose gives the configurations their addresses: first those that are asked for,
// then those that are kept, then the lowest that are free.
func (n *Interface) choose(id arm.ID, old *Interface, a *allocation, found *arm.Found) {
	for i := range n.Configurations {
		if n.Configurations[i].Static {
			n.claim(id, i, old, a, found)
		}
	}
	for i := range n.Configurations {
		if c := &n.Configurations[i]; !c.Static {
			c.keep(id, old, a)
		}
	}
	full := 0
	for i := range n.Configurations {
		if c := &n.Configurations[i]; !c.Static && c.Address == "" {
			full += n.chooseNext(id, i, a, found)
		}
	}
	if full > 0 {
		found.Add("SubnetIsFull", "properties.ipConfigurations", "Subnet %s with address prefix %s does not have enough capacity for %d more IP addresses. Delete what is not needed, or use another subnet.", a.subnet, joinPrefixes(a.ranges), full)
	}
}

// claim takes the address that the method Static asks for: the given one, or the one
// that the configuration has had so far.
func (n *Interface) claim(id arm.ID, i int, old *Interface, a *allocation, found *arm.Found) {
	c := &n.Configurations[i]
	at := n.at(i) + ".privateIPAddress"
	c.Address = orElse(c.Address, old.address(c))
	address, err := netip.ParseAddr(c.Address)
	if slices.ContainsFunc(*found, func(e *arm.Error) bool { return e.Target == at }) {
		return // one that was given is none
	}
	if err != nil {
		found.Add(codeFormat, at, "IP configuration '%s' has the method Static and no privateIPAddress. Give one of %s.", c.Name, joinPrefixes(a.ranges))
		return
	}
	a.claim(address, c.id(id), at, found)
}

// keep takes the address that the configuration has had, unless another one asks for it.
func (c *Configuration) keep(id arm.ID, old *Interface, a *allocation) {
	address, err := netip.ParseAddr(old.address(c))
	if err == nil && a.free(address) {
		a.taken[address] = c.id(id)
		c.Address = address.String()
	}
}

// chooseNext gives a configuration the lowest free address; 1 if there is none.
func (n *Interface) chooseNext(id arm.ID, i int, a *allocation, found *arm.Found) int {
	c := &n.Configurations[i]
	if !a.holds(c.Protocol) {
		found.Add(codeFormat, n.at(i)+".privateIPAddressVersion", "IP configuration '%s' has the version %s, and subnet %s with %s has no range of it.", c.Name, c.Protocol, a.subnet, joinPrefixes(a.ranges))
		return 0
	}
	address := a.next(c.Protocol, c.id(id))
	if !address.IsValid() {
		return 1
	}
	c.Address = address.String()
	return 0
}

// address is the one that a configuration has had in the same subnet.
func (n *Interface) address(c *Configuration) string {
	for _, was := range n.Configurations {
		if strings.EqualFold(was.Name, c.Name) && arm.SameID(was.Subnet, c.Subnet) && was.version() == c.Protocol {
			return was.Address
		}
	}
	return ""
}
