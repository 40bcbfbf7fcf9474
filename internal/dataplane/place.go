package dataplane

import (
	"net/netip"
	"net/url"

	"isle/netpol"
)

// Networks tells in which network an environment is, now. It is asked at every
// dial, lookup and call: it must be fast and must not block.
type Networks interface {
	// Of returns nil for what is in no network (shared workflows, local runs): there
	// only Isle's own ports and link-local addresses are refused.
	Of(environment string) *Place
}

// Place is an environment in its network, as a value that nobody changes.
type Place struct {
	Network     *netpol.Network // nil when Err is set
	Revision    uint64          // changes when the policy does
	Environment string          // resource ID, for texts
	Internal    bool            // the access endpoint answers the network only
	// Subnets and Ranges are the IDs and addresses of the environment's subnets, in the
	// order of their roles.
	Subnets  [subnetCount]string
	Ranges   [subnetCount]netip.Prefix
	Mappings []Mapping // of the network, and behind those of the networks within its reach
	// Guests are the machines, namespaces and taps, that have an address of one of these
	// networks: the kernel reaches them, and nothing else.
	Guests map[netip.Addr]string
	// Zones are the private zones that the platform's name server knows in this network.
	Zones *Zones
	// DNS are the name servers that the environment knows, in the order in which they
	// are asked; none: the platform's, which is the host's resolver.
	DNS    []netip.Addr
	Egress map[netip.Addr]Egress // by the public address that a firewall gives
	// Own is the address at which all flows of the place begin, where it is a firewall's;
	// then Environment is the firewall's ID.
	Own netip.Addr
	// Proxies are the firewalls within reach that answer for names, by their private
	// addresses.
	Proxies map[netip.Addr]*Place
	// Err says that the policy is not known; everything is denied for this reason.
	Err error
}

// Mapping attaches a real address to the network interface that has a private one
// (architecture.md, Addresses). With port 0 the machine at the real address is the
// interface: every port as is, and its calls come from the private address.
type Mapping struct {
	Network   string // resource ID
	Interface string // likewise
	Private   netip.Addr
	Port      uint16
	Real      netip.Addr
	RealPort  uint16
}

// Egress is how flows leave that a firewall sends on from a public address: from a
// local source address, or through a proxy (socks5, or http with CONNECT).
type Egress struct {
	PublicIP string // resource ID
	Bind     netip.Addr
	Proxy    *url.URL
}

// Address is the simulated address of a component: Azure keeps the first four
// addresses of a subnet, so components begin at the fifth.
func (p *Place) Address(c Component) (netip.Addr, bool) {
	if p == nil {
		return netip.Addr{}, false
	}
	if p.Own.IsValid() {
		return p.Own, true
	}
	offset := 4
	if c == BuiltIn {
		offset++ // shares its subnet with the access endpoint
	}
	address := p.Ranges[c.Subnet()].Masked().Addr()
	for range offset {
		address = address.Next()
	}
	return address, address.IsValid()
}
