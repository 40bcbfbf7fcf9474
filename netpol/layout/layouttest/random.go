// Package layouttest draws networks for tests that compare what a policy says with what
// its layout does.
package layouttest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"isle/netpol"
	"isle/netpol/layout"
)

// Random draws from few values, so that rules meet flows.
type Random struct{ *rand.Rand }

// New is the source of randomness of a seed.
func New(seed uint64) Random { return Random{rand.New(rand.NewPCG(seed, 0))} }

func pick[T any](r Random, list ...T) T { return list[r.IntN(len(list))] }

// Input draws a network: an environment of four parts, two machines in its subnets, one
// that forwards, a firewall with rules of its own or of a policy, groups of up to the given
// number of rules, routes, NAT gateways, service endpoints. Inside it has nobody else, and
// there is no way out of it. As a rule it is peered with a hub that has machines and a
// firewall too, and that with a spoke.
func (r Random) Input(rules int) layout.Input {
	m := &netpol.Model{AzureCompatVnetTag: r.IntN(4) == 0, Tags: []netpol.ServiceTag{
		{Name: "Storage", Prefixes: prefixes("198.51.100.0/24", "203.0.113.8/29", "203.0.113.0/28")}, {Name: "Sql", Prefixes: prefixes("10.0.1.0/26", "2001:db8::/32")}}}
	for i := range 4 {
		m.SecurityGroups = append(m.SecurityGroups, r.group(fmt.Sprint("/nsg/", i), rules))
		m.RouteTables = append(m.RouteTables, r.table(fmt.Sprint("/rt/", i)))
	}
	m.Networks = append([]netpol.VirtualNetwork{r.network()}, r.others()...)
	r.peer(m.Networks)
	m.Interfaces = []netpol.Interface{
		{ID: "/nic/a", Subnet: "/vnet/front", Addresses: addresses("10.0.0.6", "10.0.0.7"), SecurityGroup: pick(r, "", "/nsg/2", "/nsg/3")},
		{ID: "/nic/b", Subnet: "/vnet/back", Addresses: addresses("10.0.1.9"), SecurityGroup: pick(r, "", "/nsg/0", "/nsg/3")},
		{ID: "/nic/nva", Subnet: "/vnet/nva", Addresses: addresses("10.0.3.4"), SecurityGroup: pick(r, "", "/nsg/3"), IPForwarding: r.IntN(3) > 0},
		{ID: "/nic/hub", Subnet: "/hub/app", Addresses: addresses("10.1.0.4"), SecurityGroup: pick(r, "", "/nsg/1")},
		{ID: "/nic/hubnva", Subnet: "/hub/nva", Addresses: addresses("10.1.3.4"), SecurityGroup: pick(r, "", "/nsg/2"), IPForwarding: r.IntN(3) > 0},
		{ID: "/nic/spoke", Subnet: "/spoke/app", Addresses: addresses("10.2.0.4"), SecurityGroup: pick(r, "", "/nsg/0")},
	}
	m.Policies = r.policies()
	m.Firewalls = []netpol.Firewall{r.firewall("/fw/fw", "/vnet", "10.0.2.4", "203.0.113.200", "203.0.113.201"), r.firewall("/fw/hubfw", "/hub", "10.1.2.4", "203.0.113.210", "203.0.113.211")}
	m.Threats = netpol.Threats{Prefixes: pick(r, nil, prefixes("203.0.113.64/26"), prefixes("198.51.100.0/24", "10.0.1.9/32"))}
	policy, err := netpol.Compile(m)
	if err != nil {
		panic(fmt.Sprint("a random model has problems: ", err))
	}
	return layout.Input{Model: m, Policy: policy, Environments: []layout.Environment{{ID: "/ise/one", Store: "one", Network: "/vnet", Parts: []layout.Part{
		{Name: "access-endpoint", Subnet: "/vnet/front", Address: netip.MustParseAddr("10.0.0.4")},
		{Name: "built-in", Subnet: "/vnet/front", Address: netip.MustParseAddr("10.0.0.5")},
		{Name: "connectors", Subnet: "/vnet/back", Address: netip.MustParseAddr("10.0.1.4")},
		{Name: "cache", Subnet: "/vnet/cache", Address: netip.MustParseAddr("10.0.4.4")},
	}}}, Attachments: []layout.Attachment{{Interface: "/nic/a"}, {Interface: "/nic/b"}, {Interface: "/nic/nva"}, {Interface: "/nic/hub"}, {Interface: "/nic/hubnva"}, {Interface: "/nic/spoke"}}}
}

// hostNames are those that rules name.
var hostNames = []string{"db.example.com", "web.example.com", "nowhere.example.com", "both.example.com"}

// Names draws what the firewalls know of names.
func (r Random) Names() (names netpol.Names) {
	for _, firewall := range []string{"/fw/fw", "/fw/hubfw"} {
		for _, name := range hostNames {
			k := pick(r, netpol.Known{}, known("10.0.1.9"), known("203.0.113.9"), known("10.0.0.6", "8.8.8.8"), known("10.1.0.4", "10.0.1.9", "198.51.100.7"))
			if len(k.Addresses) > 0 || r.IntN(2) == 0 {
				names.Put(firewall, name, k)
			}
		}
	}
	return names
}

func known(texts ...string) netpol.Known {
	k := netpol.Known{Addresses: addresses(texts...)}
	k.To = k.Addresses[0]
	slices.SortFunc(k.Addresses, netip.Addr.Compare)
	return k
}

// Sources are the addresses that send, by the namespace that they are in.
func Sources() map[string][]netip.Addr {
	return map[string][]netip.Addr{
		layout.ComponentName("one", "access-endpoint"): addresses("10.0.0.4"),
		layout.ComponentName("one", "built-in"):        addresses("10.0.0.5"),
		layout.ComponentName("one", "connectors"):      addresses("10.0.1.4"),
		layout.ComponentName("one", "cache"):           addresses("10.0.4.4"),
		layout.MachineName("/nic/a"):                   addresses("10.0.0.6", "10.0.0.7"),
		layout.MachineName("/nic/b"):                   addresses("10.0.1.9"),
		layout.MachineName("/nic/nva"):                 addresses("10.0.3.4"),
		layout.MachineName("/nic/hub"):                 addresses("10.1.0.4"),
		layout.MachineName("/nic/hubnva"):              addresses("10.1.3.4"),
		layout.MachineName("/nic/spoke"):               addresses("10.2.0.4"),
	}
}

// Flow draws a flow from an address.
func (r Random) Flow(from netip.Addr) netpol.Flow {
	to := netip.MustParseAddr(pick(r, "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.1.4", "10.0.1.9", "10.0.3.4", "10.0.2.4", "10.0.4.4",
		"203.0.113.9", "203.0.113.77", "203.0.113.200", "203.0.113.201", "198.51.100.7", "192.168.1.1", "172.16.0.3", "10.9.0.1", "8.8.8.8", "100.64.0.9", "168.63.129.16", "10.1.0.4", "10.1.0.4", "10.1.2.4", "10.1.3.4", "10.2.0.4", "10.2.0.4"))
	f := netpol.Flow{Protocol: pick(r, netpol.TCP, netpol.TCP, netpol.TCP, netpol.UDP, netpol.UDP, netpol.ICMP, netpol.ESP, netpol.AH), Source: from, Destination: to}
	if f.Protocol.HasPorts() {
		f.SourcePort, f.DestinationPort = 1+uint16(r.IntN(65535)), 1+uint16(r.IntN(65535))
		if r.IntN(2) == 0 {
			f.DestinationPort = pick(r, uint16(443), 80, 79, 81, 1000, 2001, 65535, 444, 255, 256, 511, 512, 53)
		}
	}
	return f
}

func (r Random) network() netpol.VirtualNetwork {
	n := netpol.VirtualNetwork{ID: "/vnet", Space: prefixes("10.0.0.0/16")}
	if r.IntN(2) == 0 {
		n.Gateway = &netpol.Gateway{ID: "/gw", Prefixes: pick(r, prefixes("192.168.0.0/16", "10.0.1.0/25"), prefixes("0.0.0.0/0"))}
	}
	for i, name := range []string{"front", "back", "AzureFirewallSubnet", "nva", "cache"} {
		n.Subnets = append(n.Subnets, netpol.Subnet{ID: "/vnet/" + name, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)},
			SecurityGroup: pick(r, "", "/nsg/0", "/NSG/1", "/nsg/2"), RouteTable: pick(r, "", "/rt/0", "/rt/1", "/RT/2"),
			NAT: r.nat("/nat/" + name), ServiceEndpoints: pick(r, nil, nil, []string{"Storage"}, []string{"sql", "Storage"})})
	}
	return n
}

// others are a hub, and a spoke of it.
func (r Random) others() []netpol.VirtualNetwork {
	hub := netpol.VirtualNetwork{ID: "/hub", Space: prefixes("10.1.0.0/16"), Subnets: []netpol.Subnet{r.subnet("/hub/app", "10.1.0.0/24"), r.subnet("/hub/AzureFirewallSubnet", "10.1.2.0/24"), r.subnet("/hub/nva", "10.1.3.0/24")}}
	if r.IntN(2) == 0 {
		hub.Gateway = &netpol.Gateway{ID: "/hubgw", Prefixes: pick(r, prefixes("172.16.0.0/24", "10.2.0.0/25"), prefixes("0.0.0.0/0"))}
	}
	return []netpol.VirtualNetwork{hub, {ID: "/spoke", Space: prefixes("10.2.0.0/16"), Subnets: []netpol.Subnet{r.subnet("/spoke/app", "10.2.0.0/24")}}}
}

func (r Random) subnet(id, prefix string) netpol.Subnet {
	return netpol.Subnet{ID: id, Prefixes: prefixes(prefix), SecurityGroup: pick(r, "", "", "/nsg/0", "/nsg/1"), RouteTable: pick(r, "", "/rt/0", "/rt/3")}
}

// peer connects the first network and the spoke with the hub.
func (r Random) peer(networks []netpol.VirtualNetwork) {
	hub := &networks[1]
	flag := func() bool { return r.IntN(4) > 0 }
	for _, i := range []int{0, 2} {
		n := &networks[i]
		if r.IntN(8) == 0 {
			continue
		}
		toward := netpol.Peering{ID: n.ID + "/peerings/hub", Remote: "/HUB", Space: pick(r, hub.Space, hub.Space, prefixes("10.1.0.0/22")), Access: flag(), Forwarded: flag(), RemoteGateway: n.Gateway == nil && flag()}
		back := netpol.Peering{ID: "/hub/peerings" + n.ID, Remote: n.ID, Space: pick(r, n.Space, n.Space, []netip.Prefix{netip.PrefixFrom(n.Space[0].Addr(), 23)}), Access: flag(), Forwarded: flag(), Transit: flag()}
		if r.IntN(3) == 0 { // of some subnets, which the sides need not say alike
			toward.Subnets, back.Subnets = r.some(n), r.some(hub)
			toward.Space, back.Space = pick(r, toward.Space, prefixes("10.1.0.0/24", "10.1.3.0/24")), pick(r, back.Space, n.Subnets[0].Prefixes)
		}
		n.Peerings, hub.Peerings = append(n.Peerings, toward), append(hub.Peerings, back)
	}
}

// nat draws a NAT gateway, of one address or several.
func (r Random) nat(id string) *netpol.NATGateway {
	list := pick(r, nil, nil, addresses("203.0.113.220"), addresses("203.0.113.220", "203.0.113.221", "203.0.113.222"))
	if list == nil {
		return nil
	}
	return &netpol.NATGateway{ID: id, Addresses: list}
}

// some are the IDs of some of a network's subnets.
func (r Random) some(n *netpol.VirtualNetwork) []string {
	list := []string{}
	for _, s := range n.Subnets {
		if r.IntN(3) > 0 {
			list = append(list, s.ID)
		}
	}
	return list
}

func (r Random) group(id string, most int) netpol.SecurityGroup {
	g := netpol.SecurityGroup{ID: id}
	for i := range r.IntN(most + 1) {
		g.Rules = append(g.Rules, netpol.SecurityRule{Name: fmt.Sprint("r", i), Priority: 100 + i, Direction: pick(r, netpol.Inbound, netpol.Outbound),
			Access: pick(r, netpol.Allow, netpol.Allow, netpol.Deny), Protocol: netpol.Protocol(r.IntN(6)), Source: r.side(), Destination: r.side()})
	}
	return g
}

// side is one end of a rule: addresses and tags, or what an application security group
// comes to, the addresses of a few interfaces.
func (r Random) side() netpol.Side {
	var s netpol.Side
	for range r.IntN(4) {
		s.Addresses = append(s.Addresses, r.address())
	}
	if r.IntN(6) == 0 {
		s.Addresses = nil
		for _, member := range addresses("10.0.0.6", "10.0.0.7", "10.0.1.9", "10.0.3.4", "10.1.0.4") {
			if r.IntN(2) == 0 {
				s.Addresses = append(s.Addresses, netpol.Address{Prefix: netip.PrefixFrom(member, 32)})
			}
		}
	}
	for range r.IntN(4) {
		s.Ports = append(s.Ports, r.ports())
	}
	return s
}

func (r Random) address() netpol.Address {
	text := pick(r, "*", "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.4", "10.0.0.6", "10.0.1.9", "10.0.0.0/28", "10.0.1.0/25", "VirtualNetwork", "Internet", "Storage",
		"Sql", "0.0.0.0/0", "::/0", "203.0.113.0/24", "203.0.113.9", "192.168.0.0/16", "AzureLoadBalancer", "AzurePlatformDNS", "EventHub", "172.16.0.0/24", "")
	if text == "" {
		bits := 8 + r.IntN(25)
		text = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(5)), byte(r.IntN(16))}), bits).Masked().String()
	}
	a, err := netpol.ParseAddress(text)
	if err != nil {
		panic(err)
	}
	return a
}

func (r Random) ports() netpol.PortRange {
	if r.IntN(2) == 0 {
		first := uint16(r.IntN(65536))
		return netpol.PortRange{First: first, Last: first + uint16(r.IntN(int(65536-uint32(first))))}
	}
	return pick(r, netpol.PortRange{First: 443, Last: 443}, netpol.PortRange{First: 80, Last: 443}, netpol.PortRange{First: 0, Last: 65535},
		netpol.PortRange{First: 1000, Last: 2000}, netpol.PortRange{First: 444, Last: 65535}, netpol.PortRange{First: 0, Last: 79}, netpol.PortRange{First: 256, Last: 511})
}

func (r Random) table(id string) netpol.RouteTable {
	t := netpol.RouteTable{ID: id, DisableGatewayRoutes: r.IntN(4) == 0}
	for i, to := range []string{"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.0.5", "203.0.113.0/24", "198.51.100.0/25", "192.168.0.0/16", "Storage", "10.1.0.0/16", "10.1.3.4", "10.2.0.0/24"} {
		if r.IntN(3) > 0 {
			continue
		}
		a, err := netpol.ParseAddress(to)
		if err != nil {
			panic(err)
		}
		route := netpol.Route{Name: fmt.Sprint("r", i), Destination: a, NextHop: pick(r, netpol.VnetLocal, netpol.Internet, netpol.VirtualAppliance, netpol.VirtualAppliance, netpol.VirtualAppliance, netpol.None)}
		if route.NextHop == netpol.VirtualAppliance {
			route.NextHopIP = netip.MustParseAddr(pick(r, "10.0.2.4", "10.0.2.4", "10.0.3.4", "10.0.3.4", "10.0.0.4", "10.0.9.9", "10.1.2.4", "10.1.3.4"))
		}
		t.Routes = append(t.Routes, route)
	}
	return t
}

// policies are one of a firewall, as a rule built on another one.
func (r Random) policies() []netpol.FirewallPolicy {
	policy := func(id, base string, groups ...string) netpol.FirewallPolicy {
		p := netpol.FirewallPolicy{ID: id, Base: base, ThreatIntel: r.intel(), PrivateRanges: r.private()}
		for i, name := range groups {
			g := netpol.RuleCollectionGroup{Name: name, Priority: 100 + (i*300)%400}
			g.NAT, g.Collections, g.Applications = r.collections()
			p.Groups = append(p.Groups, g)
		}
		return p
	}
	return []netpol.FirewallPolicy{policy("/policy/child", pick(r, "", "/policy/base", "/Policy/base"), "ga", "gb"), policy("/policy/base", "", "gc")}
}

func (r Random) intel() netpol.ThreatIntel {
	return netpol.ThreatIntel{Mode: pick(r, netpol.ThreatOff, netpol.ThreatAlert, netpol.ThreatDeny), Allowed: netpol.Threats{Prefixes: pick(r, nil, prefixes("198.51.100.0/25"))}}
}

func (r Random) private() []netip.Prefix {
	return pick(r, nil, nil, prefixes("0.0.0.0/0"), prefixes("255.255.255.255/32"), prefixes("10.0.0.0/8", "10.0.0.0/16", "::/0"))
}

// firewall draws one; public are addresses that nothing else has.
func (r Random) firewall(id, network, at string, public ...string) netpol.Firewall {
	f := netpol.Firewall{ID: id, Subnet: network + "/AzureFirewallSubnet", PrivateIP: netip.MustParseAddr(at), PublicIPs: pick(r, nil, addresses(public[0]), addresses(public...)),
		ThreatIntel: r.intel(), DNS: netpol.DNSSettings{Proxy: r.IntN(2) == 0}, PrivateRanges: r.private()}
	if r.IntN(3) == 0 {
		f.Policy = "/POLICY/child"
		return f
	}
	f.NAT, f.Collections, f.Applications = r.collections()
	return f
}

// collections are rules of all kinds.
func (r Random) collections() (nat []netpol.NATCollection, network []netpol.RuleCollection, application []netpol.ApplicationCollection) {
	for i := range r.IntN(5) {
		c := netpol.RuleCollection{Name: fmt.Sprint("c", i), Priority: 100 + (i*7)%5, Action: pick(r, netpol.Allow, netpol.Allow, netpol.Deny)}
		for k := range 1 + r.IntN(3) {
			rule := netpol.NetworkRule{Name: fmt.Sprint("n", k), Source: netpol.Side{Addresses: r.side().Addresses}, Destination: r.side()}
			for range r.IntN(3) {
				rule.Protocols = append(rule.Protocols, netpol.Protocol(r.IntN(int(netpol.ICMP)+1)))
			}
			for range max(0, r.IntN(5)-2) {
				rule.Names = append(rule.Names, pick(r, hostNames...))
			}
			c.Rules = append(c.Rules, rule)
		}
		network = append(network, c)
	}
	for i := range r.IntN(3) {
		nat = append(nat, r.translations(fmt.Sprint("t", i), 100+(i*7)%5))
		application = append(application, r.applications(fmt.Sprint("a", i), 100+(i*7)%5))
	}
	return nat, network, application
}

func (r Random) translations(name string, priority int) netpol.NATCollection {
	c := netpol.NATCollection{Name: name, Priority: priority}
	for k := range 1 + r.IntN(3) {
		rule := netpol.NATRule{Name: fmt.Sprint("d", k), Source: netpol.Side{Addresses: r.side().Addresses}, Destination: netpol.Side{Ports: r.side().Ports},
			Protocols: pick(r, nil, []netpol.Protocol{netpol.TCP}, []netpol.Protocol{netpol.UDP}),
			To:        netip.MustParseAddrPort(pick(r, "10.0.0.6:443", "10.0.1.9:80", "10.0.3.4:22", "10.0.0.5:444", "8.8.8.8:80", "10.9.0.1:1"))}
		if r.IntN(4) == 0 {
			rule.ToName, rule.To = pick(r, hostNames...), netip.AddrPortFrom(netip.Addr{}, rule.To.Port())
		}
		c.Rules = append(c.Rules, rule)
	}
	return c
}

func (r Random) applications(name string, priority int) netpol.ApplicationCollection {
	c := netpol.ApplicationCollection{Name: name, Priority: priority, Action: pick(r, netpol.Allow, netpol.Deny)}
	for k := range 1 + r.IntN(3) {
		c.Rules = append(c.Rules, netpol.ApplicationRule{Name: fmt.Sprint("u", k), Sources: r.side().Addresses, Names: []string{pick(r, "*", "*.example.com", "example.com")},
			Protocols: []netpol.ApplicationPort{pick(r, netpol.ApplicationPort{Protocol: netpol.HTTPS, Port: 443}, netpol.ApplicationPort{Protocol: netpol.HTTP, Port: 80}, netpol.ApplicationPort{Protocol: netpol.MSSQL, Port: 1000})}})
	}
	return c
}

func addresses(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParseAddr(t)
	}
	return list
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}
