package network

import (
	"net/netip"
	"strings"

	"isle/internal/arm"
)

// Addresses of a subnet are given in one way to whatever has them: five of each range
// nobody can have, and each of the others has at most one owner (network.md §A2).

// allocation chooses addresses of one subnet.
type allocation struct {
	subnet string // resource ID, for texts
	ranges []netip.Prefix
	taken  map[netip.Addr]string // ID of the owner
}

// allocate begins with what is taken in a subnet by others than the owner, who may
// have what it has again.
func (s *Subnet) allocate(id, owner string) *allocation {
	a := &allocation{subnet: id, ranges: s.ranges(), taken: s.taken()}
	for address, by := range a.taken {
		if strings.EqualFold(by, owner) {
			delete(a.taken, address)
		}
	}
	return a
}

// has is the range of the subnet that an address is in.
func (a *allocation) has(address netip.Addr) (netip.Prefix, bool) {
	for _, p := range a.ranges {
		if p.Contains(address) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// free tells whether an address can be taken.
func (a *allocation) free(address netip.Addr) bool {
	p, inside := a.has(address)
	return inside && !reservedIn(p, address) && a.taken[address] == ""
}

// claim takes an address that a request gives for an IP configuration, or reports
// why that has not got it.
func (a *allocation) claim(address netip.Addr, configuration, target string, found *arm.Found) bool {
	p, inside := a.has(address)
	switch {
	case !inside:
		found.Add("PrivateIPAddressNotInSubnet", target, "Private static IP address %s does not belong to the range of subnet prefix %s of subnet %s.", address, joinPrefixes(a.ranges), a.subnet)
	case reservedIn(p, address):
		found.Add("PrivateIPAddressInReservedRange", target, "Private static IP address %s falls within reserved IP range of subnet prefix %s: its first four addresses and the last one.", address, p)
	case a.taken[address] != "":
		found.Add("PrivateIPAddressIsAllocated", target, "IP configuration %s is using the private IP address %s which is already allocated to resource %s.", configuration, address, a.taken[address])
	default:
		a.taken[address] = configuration
		return true
	}
	return false
}

// next takes the lowest free address of an IP version; invalid if the subnet is full.
func (a *allocation) next(version, configuration string) netip.Addr {
	list := a.list(version, 1)
	if len(list) == 0 {
		return netip.Addr{}
	}
	a.taken[list[0]] = configuration
	return list[0]
}

// list is the lowest free addresses of an IP version, at most n.
func (a *allocation) list(version string, n int) (list []netip.Addr) {
	for _, p := range a.ranges {
		if versionOf(p.Addr()) != version {
			continue
		}
		for address := usableIn(p); p.Contains(address.Next()) && len(list) < n; address = address.Next() {
			if a.taken[address] == "" {
				list = append(list, address)
			}
		}
	}
	return list
}

// holds tells whether the subnet has addresses of an IP version.
func (a *allocation) holds(version string) bool {
	for _, p := range a.ranges {
		if versionOf(p.Addr()) == version {
			return true
		}
	}
	return false
}

func versionOf(a netip.Addr) string {
	if a.Is4() {
		return versionIPv4
	}
	return versionIPv6
}
