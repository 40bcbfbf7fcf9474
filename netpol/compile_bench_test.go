package netpol

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// largeNetwork has 100 subnets with 50 security groups of 100 rules each and 10 route
// tables, of 1,000 routes in all; a third of the rules names service tags.
func largeNetwork() *Model {
	r := rand.New(rand.NewPCG(1, 10))
	m := &Model{}
	for i := range 100 {
		m.Tags = append(m.Tags, ServiceTag{Name: fmt.Sprint("Tag", i), Prefixes: Merge([]netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(i), 0, 0}), 18), netip.PrefixFrom(netip.AddrFrom4([4]byte{40, byte(i), 64, 0}), 20)})})
	}
	for i := range 50 {
		g := SecurityGroup{ID: fmt.Sprint("/groups/", i)}
		for k := range 100 {
			rule := SecurityRule{Name: fmt.Sprint("r", k), Priority: 100 + k, Direction: Direction(k % 2), Access: Access(r.IntN(2)), Source: randomSide(r), Destination: randomSide(r)}
			if k%3 == 0 {
				rule.Destination.Addresses = []Address{{Tag: fmt.Sprint("Tag", r.IntN(100))}}
			}
			g.Rules = append(g.Rules, rule)
		}
		m.SecurityGroups = append(m.SecurityGroups, g)
	}
	for i := range 10 {
		t := RouteTable{ID: fmt.Sprint("/tables/", i)}
		for k := range 100 {
			t.Routes = append(t.Routes, Route{Name: fmt.Sprint("r", k), Destination: Address{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + k), byte(i), 0, 0}), 16)}, NextHop: Internet})
		}
		m.RouteTables = append(m.RouteTables, t)
	}
	n := VirtualNetwork{ID: "/net", Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}
	for i := range 100 {
		n.Subnets = append(n.Subnets, Subnet{ID: fmt.Sprint("/net/subnets/", i), Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)},
			SecurityGroup: m.SecurityGroups[i%50].ID, RouteTable: m.RouteTables[i%10].ID})
	}
	m.Networks = []VirtualNetwork{n}
	return m
}

// BenchmarkCompileLargeNetwork is what an edit of a large network costs before it is in
// force.
func BenchmarkCompileLargeNetwork(b *testing.B) {
	m := largeNetwork()
	for b.Loop() {
		if _, err := Compile(m); err != nil {
			b.Fatal(err)
		}
	}
}
