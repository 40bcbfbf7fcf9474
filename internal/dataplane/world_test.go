package dataplane

import (
	"fmt"
	"net/netip"
	"testing"

	"isle/netpol"
)

// The world of the tests: environment "e" in network hub, 10.0.0.0/16, with security
// group web on its first subnet, front. Servers have subnet 10.0.1.0/24, a firewall
// is at 10.0.2.4 with the public address 203.0.113.10.
const (
	provider = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
	hub      = provider + "virtualNetworks/hub"
	groupWeb = provider + "networkSecurityGroups/web"
)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func addrPort(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// rule reads "In 200 Deny Tcp SOURCE DESTINATION PORTS"; its name is Direction and
// priority, such as In200.
func rule(text string) netpol.SecurityRule {
	var direction, access, protocol, source, destination, ports string
	var r netpol.SecurityRule
	if _, err := fmt.Sscan(text, &direction, &r.Priority, &access, &protocol, &source, &destination, &ports); err != nil {
		panic(text)
	}
	r.Name = fmt.Sprint(direction, r.Priority)
	if direction == "Out" {
		r.Direction = netpol.Outbound
	}
	if access == "Allow" {
		r.Access = netpol.Allow
	}
	r.Protocol, _ = netpol.ParseProtocol(protocol)
	for side, text := range map[*netpol.Side]string{&r.Source: source, &r.Destination: destination} {
		a, err := netpol.ParseAddress(text)
		if err != nil {
			panic(err)
		}
		side.Addresses = []netpol.Address{a}
	}
	p, err := netpol.ParsePorts(ports)
	if err != nil {
		panic(err)
	}
	r.Destination.Ports = []netpol.PortRange{p}
	return r
}

func model(rules ...string) *netpol.Model {
	m := &netpol.Model{
		Networks: []netpol.VirtualNetwork{{ID: hub, Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}},
	}
	for i, name := range []string{"front", "connectors", "management", "cache", "servers", "AzureFirewallSubnet"} {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(32 * i)}), 27)
		if i >= subnetCount {
			prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i - 3), 0}), 24)
		}
		m.Networks[0].Subnets = append(m.Networks[0].Subnets, netpol.Subnet{ID: hub + "/subnets/" + name, Prefixes: []netip.Prefix{prefix}})
	}
	if rules != nil {
		m.SecurityGroups = []netpol.SecurityGroup{{ID: groupWeb}}
		for _, text := range rules {
			m.SecurityGroups[0].Rules = append(m.SecurityGroups[0].Rules, rule(text))
		}
		m.Networks[0].Subnets[0].SecurityGroup = groupWeb
	}
	return m
}

// throughFirewall leads what front sends to a prefix through a firewall that allows
// everything.
func throughFirewall(m *netpol.Model, prefix string) *netpol.Model {
	firewall := m.Networks[0].Subnets[5].ID
	all := netpol.Side{}
	m.RouteTables = []netpol.RouteTable{{ID: provider + "routeTables/out", Routes: []netpol.Route{{Name: "out", Destination: netpol.Address{Prefix: netip.MustParsePrefix(prefix)},
		NextHop: netpol.VirtualAppliance, NextHopIP: addr("10.0.2.4")}}}}
	m.Networks[0].Subnets[0].RouteTable = m.RouteTables[0].ID
	m.Firewalls = []netpol.Firewall{{ID: provider + "azureFirewalls/fw", Subnet: firewall, PrivateIP: addr("10.0.2.4"), PublicIPs: []netip.Addr{addr("203.0.113.10")},
		Collections: []netpol.RuleCollection{{Name: "all", Priority: 100, Action: netpol.Allow, Rules: []netpol.NetworkRule{{Name: "any", Protocols: []netpol.Protocol{netpol.AnyProtocol}, Source: all, Destination: all}}}}}}
	return m
}

func placeOf(t testing.TB, m *netpol.Model) *Place {
	t.Helper()
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	p := &Place{Revision: 1, Environment: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/ise"}
	p.Network, _ = policy.Network(m.Networks[0].ID)
	for i := range subnetCount {
		p.Subnets[i], p.Ranges[i] = m.Networks[0].Subnets[i].ID, m.Networks[0].Subnets[i].Prefixes[0]
	}
	return p
}

func place(t testing.TB, rules ...string) *Place {
	t.Helper()
	return placeOf(t, model(rules...))
}

// mapped attaches "10.0.1.4:22 127.0.0.1:2222", or a machine as a whole.
func (p *Place) mapped(private, real string) *Place {
	m := Mapping{Network: hub, Interface: provider + "networkInterfaces/server"}
	if a, err := netip.ParseAddr(private); err == nil {
		m.Private, m.Real = a, addr(real)
	} else {
		from, to := addrPort(private), addrPort(real)
		m.Private, m.Port, m.Real, m.RealPort = from.Addr(), from.Port(), to.Addr(), to.Port()
	}
	p.Mappings = append(p.Mappings, m)
	return p
}

// networks are the places of environments.
type networks map[string]*Place

func in(p *Place) networks { return networks{"e": p} }

func (n networks) Of(environment string) *Place { return n[environment] }
