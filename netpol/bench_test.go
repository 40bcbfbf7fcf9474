package netpol

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

func randomAddress(r *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256))})
}

func randomPorts(r *rand.Rand) PortRange {
	first := r.IntN(65536)
	return PortRange{uint16(first), uint16(min(65535, first+r.IntN(2000)))}
}

func randomSide(r *rand.Rand) Side {
	s := Side{Ports: []PortRange{randomPorts(r)}}
	for range 1 + r.IntN(3) {
		s.Addresses = append(s.Addresses, Address{Prefix: netip.PrefixFrom(randomAddress(r), 14+r.IntN(19)).Masked()})
	}
	return s
}

func randomRules(count int, seed uint64) []match {
	r := rand.New(rand.NewPCG(seed, 1))
	s := newScope(newTagTable(nil, nil), nil)
	rules := make([]match, count)
	for i := range rules {
		rule := SecurityRule{Protocol: Protocol(r.IntN(int(protocolCount))), Source: randomSide(r), Destination: randomSide(r)}
		if r.IntN(2) == 0 {
			rule.Source.Ports = nil
		}
		rules[i] = rule.match(s)
	}
	return rules
}

func randomFlows(count int, seed uint64) []Flow {
	r := rand.New(rand.NewPCG(seed, 2))
	flows := make([]Flow, count)
	for i := range flows {
		flows[i] = Flow{Protocol: Protocol(1 + r.IntN(int(protocolCount)-1)), Source: randomAddress(r), SourcePort: uint16(r.IntN(65536)), Destination: randomAddress(r), DestinationPort: uint16(r.IntN(65536))}
	}
	return flows
}

// benchModel is the worst path: groups at interface and subnet of both ends with
// 200 and 1,000 rules, 400 routes, a firewall with the given number of rules, and
// nothing that decides early.
func benchModel(firewallRules int) *Model {
	r := rand.New(rand.NewPCG(1, 3))
	group := func(id string, count int) SecurityGroup {
		g := SecurityGroup{ID: id}
		for i := range count {
			g.Rules = append(g.Rules, SecurityRule{Name: fmt.Sprint("r", i), Priority: 100 + i, Direction: Direction(i % 2), Access: Deny, Protocol: ESP, Source: randomSide(r), Destination: randomSide(r)})
		}
		return g
	}
	subnets := []Subnet{
		{ID: "/v/a", Prefixes: mustPrefixes("10.0.0.0/16"), SecurityGroup: "/nsg/b", RouteTable: "/rt"},
		{ID: "/v/b", Prefixes: mustPrefixes("10.1.0.0/16"), SecurityGroup: "/nsg/c"},
		{ID: "/v/AzureFirewallSubnet", Prefixes: mustPrefixes("10.4.0.0/26")},
	}
	table := RouteTable{ID: "/rt", Routes: []Route{{Name: "fw", Destination: Address{Prefix: netip.MustParsePrefix("10.1.0.0/16")}, NextHop: VirtualAppliance, NextHopIP: netip.MustParseAddr("10.4.0.4")}}}
	for i := range 399 {
		table.Routes = append(table.Routes, Route{Name: fmt.Sprint("r", i), Destination: Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i / 256), byte(i), 0}), 24)}, NextHop: None})
	}
	collection := RuleCollection{Name: "c", Priority: 100, Action: Allow}
	for i := range firewallRules - 1 {
		collection.Rules = append(collection.Rules, NetworkRule{Name: fmt.Sprint("r", i), Protocols: []Protocol{Protocol(1 + i%2)}, Source: Side{Addresses: randomSide(r).Addresses}, Destination: randomSide(r)})
	}
	collection.Rules = append(collection.Rules, NetworkRule{Name: "all"})
	var nics []Interface
	for i := range 250 {
		nics = append(nics,
			Interface{ID: fmt.Sprint("/nic/a", i), Subnet: "/v/a", SecurityGroup: "/nsg/a", Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 1, byte(i)})}},
			Interface{ID: fmt.Sprint("/nic/b", i), Subnet: "/v/b", SecurityGroup: "/nsg/d", Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, 1, byte(i)})}})
	}
	return &Model{
		Networks:       []VirtualNetwork{{ID: "/v", Space: mustPrefixes("10.0.0.0/8"), Subnets: subnets}},
		SecurityGroups: []SecurityGroup{group("/nsg/a", 400), group("/nsg/b", 2000), group("/nsg/c", 2000), group("/nsg/d", 400)},
		RouteTables:    []RouteTable{table}, Interfaces: nics,
		Firewalls: []Firewall{{ID: "/fw", Subnet: "/v/AzureFirewallSubnet", PrivateIP: netip.MustParseAddr("10.4.0.4"), Collections: []RuleCollection{collection}}},
	}
}

func benchNetwork(tb testing.TB, firewallRules int) *Network {
	p, err := Compile(benchModel(firewallRules))
	if err != nil {
		tb.Fatal(err)
	}
	n, _ := p.Network("/v")
	return n
}

func benchFlows() []Flow {
	r := rand.New(rand.NewPCG(7, 7))
	flows := make([]Flow, 4096)
	for i := range flows {
		flows[i] = Flow{Protocol: TCP, Source: netip.AddrFrom4([4]byte{10, 0, 1, byte(r.IntN(250))}), SourcePort: uint16(r.IntN(65536)), Destination: netip.AddrFrom4([4]byte{10, 1, 1, byte(r.IntN(250))}), DestinationPort: uint16(r.IntN(65536))}
	}
	return flows
}

// BenchmarkEvaluate walks the worst path, by the number of the firewall's rules.
func BenchmarkEvaluate(b *testing.B) {
	for _, rules := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint("firewall=", rules), func(b *testing.B) {
			n, flows := benchNetwork(b, rules), benchFlows()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				n.Evaluate(flows[i%len(flows)])
				i++
			}
			perSecond(b)
		})
	}
}

// BenchmarkClassifier looks for the first of a list of rules that a flow matches.
func BenchmarkClassifier(b *testing.B) {
	for _, rules := range []int{100, 1000, 10000} {
		list, flows := randomRules(rules, 5), randomFlows(4096, 5)
		b.Run(fmt.Sprint("rules=", rules), func(b *testing.B) {
			c := newClassifier(list)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.find(&flows[i%len(flows)])
				i++
			}
			perSecond(b)
		})
	}
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flows/s")
}

// BenchmarkCompile compiles one list of rules.
func BenchmarkCompile(b *testing.B) {
	for _, rules := range []int{100, 1000, 10000} {
		list := randomRules(rules, 5)
		b.Run(fmt.Sprint("rules=", rules), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				newClassifier(list)
			}
		})
	}
}

// BenchmarkCompileModel compiles the network of the worst path.
func BenchmarkCompileModel(b *testing.B) {
	for _, rules := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint("firewall=", rules), func(b *testing.B) {
			m := benchModel(rules)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestEvaluateDoesNotAllocate(t *testing.T) {
	n, flows := benchNetwork(t, 10000), benchFlows()
	i := 0
	if allocs := testing.AllocsPerRun(1000, func() { n.Evaluate(flows[i%len(flows)]); i++ }); allocs != 0 {
		t.Errorf("%v allocations for each flow", allocs)
	}
	for _, f := range flows {
		if d := n.Evaluate(f); !d.Allowed() || d.Stage != StageNICIn {
			t.Fatalf("the benchmark's path is not walked to its end: %s", d)
		}
	}
}
