package kernel_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"isle/netpol"
	"isle/netpol/layout"
)

// environments lays out as many environments, each in a network of its own, all with the
// same addresses: four parts in four subnets behind a group of ten rules, and a firewall.
func environments(t testing.TB, count int) *layout.Layout {
	t.Helper()
	m := &netpol.Model{}
	var list []layout.Environment
	for i := range count {
		m.SecurityGroups = append(m.SecurityGroups, securityGroup(fmt.Sprintf("/nsg/%d", i), 10))
		m.Networks = append(m.Networks, network(i))
		m.Firewalls = append(m.Firewalls, netpol.Firewall{ID: fmt.Sprintf("/fw/%d", i), Subnet: fmt.Sprintf("/vnet/%d/AzureFirewallSubnet", i),
			PrivateIP: netip.MustParseAddr("10.0.9.4"), PublicIPs: []netip.Addr{netip.MustParseAddr("203.0.113.9")}})
		e := layout.Environment{ID: fmt.Sprintf("/ise/%d", i), Store: fmt.Sprint("store", i), Network: fmt.Sprintf("/vnet/%d", i)}
		for s, name := range []string{"access-endpoint", "built-in", "connectors", "management", "cache"} {
			e.Parts = append(e.Parts, layout.Part{Name: name, Subnet: fmt.Sprintf("/vnet/%d/s%d", i, s%4), Address: netip.AddrFrom4([4]byte{10, 0, byte(s % 4), byte(4 + s/4)})})
		}
		list = append(list, e)
	}
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Compile(layout.Input{Model: m, Policy: policy, Environments: list})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// securityGroup has rules that let in one port each.
func securityGroup(id string, rules int) netpol.SecurityGroup {
	g := netpol.SecurityGroup{ID: id}
	for i := range rules {
		port := uint16(8000 + i)
		g.Rules = append(g.Rules, netpol.SecurityRule{Name: fmt.Sprint("rule", i), Priority: 100 + i, Direction: netpol.Inbound, Access: netpol.Allow, Protocol: netpol.TCP,
			Destination: netpol.Side{Ports: []netpol.PortRange{{First: port, Last: port}}}})
	}
	return g
}

func network(i int) netpol.VirtualNetwork {
	n := netpol.VirtualNetwork{ID: fmt.Sprintf("/vnet/%d", i), Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}
	for s := range 4 {
		n.Subnets = append(n.Subnets, netpol.Subnet{ID: fmt.Sprintf("/vnet/%d/s%d", i, s), Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(s), 0}), 24)},
			SecurityGroup: fmt.Sprintf("/nsg/%d", i)})
	}
	n.Subnets = append(n.Subnets, netpol.Subnet{ID: fmt.Sprintf("/vnet/%d/AzureFirewallSubnet", i), Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.9.0/24")}})
	return n
}

// BenchmarkEnvironment makes and removes the network of one environment.
func BenchmarkEnvironment(b *testing.B) {
	k := open(b, "one")
	l := environments(b, 1)
	for b.Loop() {
		apply(b, k, l)
		apply(b, k, &layout.Layout{})
	}
}

// BenchmarkHundredEnvironments has a hundred environments on one host.
func BenchmarkHundredEnvironments(b *testing.B) {
	k := open(b, "hundred")
	l := environments(b, 100)
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			apply(b, k, &layout.Layout{})
			b.StartTimer()
			apply(b, k, l)
		}
	})
	b.Run("nothing to do", func(b *testing.B) {
		apply(b, k, l)
		for b.Loop() {
			apply(b, k, l)
		}
	})
	b.Run("change one group", func(b *testing.B) {
		apply(b, k, l)
		router := slices.IndexFunc(l.Namespaces, func(n layout.Namespace) bool { return n.Role == layout.Router })
		for b.Loop() {
			changed := &layout.Layout{Namespaces: slices.Clone(l.Namespaces)}
			changed.Namespaces[router].Filter += "\n"
			apply(b, k, changed)
			l = changed
		}
	})
	b.Run("read all", func(b *testing.B) {
		apply(b, k, l)
		for b.Loop() {
			if _, err := k.Status(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
