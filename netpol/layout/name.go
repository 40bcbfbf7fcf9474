package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"isle/netpol"
)

// Names of namespaces follow from what they are made for, so that who knows that finds
// them, and they stay the same whatever else changes.

// RouterName is the namespace of a virtual network's router, by the network's ID.
func RouterName(network string) string { return name("vnet", network) }

// FirewallName is the namespace of a firewall, by its ID.
func FirewallName(firewall string) string { return name("fw", firewall) }

// MachineName is the namespace of a network interface, by its ID.
func MachineName(nic string) string { return name("nic", nic) }

// ComponentName is the namespace of a component of an environment, by the store id of
// the environment and the component's name.
func ComponentName(store, component string) string {
	return "env-" + digest(store) + "-" + word(component, 20)
}

func name(kind, id string) string {
	return kind + "-" + word(last(id), 20) + "-" + digest(id)
}

// PortLink is what a port is called in its own namespace.
const PortLink = "eth0"

// UplinkLink is what the uplink is called in a router.
const UplinkLink = "uplink0"

// portPrefix begins the names of the links of a router that lead to ports.
const portPrefix = "port"

// linkName is what the port with an address is called in its router. Nothing that nft
// or ip reads as a word of theirs begins like it.
func linkName(a netip.Addr) string {
	bytes := a.As4()
	return portPrefix + hex.EncodeToString(bytes[:])
}

// PortAddress is the address of the port that a link of a router leads to; false for
// links that lead elsewhere.
func PortAddress(link string) (netip.Addr, bool) {
	text, ok := strings.CutPrefix(link, portPrefix)
	bytes, err := hex.DecodeString(text)
	if !ok || err != nil || len(bytes) != 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(bytes)), true
}

// commentOf is the comment of a rule: for the reader its name, for the machine its ID and
// what it says, so that a rule that changes has another one.
func commentOf(r *netpol.FilterRule) string {
	says := fmt.Sprint(r.ID, r.Access, r.Source == nil, r.Source, r.Destination == nil, r.Destination, r.Ported, r.Portless, r.SourcePorts, r.DestinationPorts)
	if len(r.Names) > 0 {
		says += fmt.Sprint(r.Names)
	}
	return word(last(r.ID), 60) + "-" + digest(says)
}

func last(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// digest tells IDs apart, which compare ignoring case.
func digest(id string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(id)))
	return hex.EncodeToString(sum[:5])
}

// word keeps letters and digits, and makes dashes of the rest.
func word(text string, most int) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '-'
	}, text)
	return plain[:min(len(plain), most)]
}
