package netpol

import (
	"net/netip"
	"testing"
)

// TestPrivateSpaceIsNotOnTheInternet: where the network's space is part of a private
// range the system's route for that range is gone (network.md §A5), and what is left
// leads to the Internet, which has no such address. A route for the range says that
// somebody does.
func TestPrivateSpaceIsNotOnTheInternet(t *testing.T) {
	for _, c := range []struct {
		name, to string
		routes   []Route
		reason   Reason
		next     NextHopType
	}{
		{"the system's route", "10.9.9.9", nil, NotOnInternet, Internet},
		{"a default route of the user's", "10.9.9.9", []Route{{Name: "all", Destination: Address{Prefix: mustPrefixes("0.0.0.0/0")[0]}, NextHop: Internet}}, NotOnInternet, Internet},
		{"a route for it", "10.9.9.9", []Route{{Name: "site", Destination: Address{Prefix: mustPrefixes("10.9.0.0/16")[0]}, NextHop: Internet}}, ByRule, Internet},
		{"another private range", "192.168.7.7", nil, RouteToNone, None},
		{"a public address", "198.51.100.7", nil, ByRule, Internet},
		{"this host", HostAddress().String(), nil, ByRule, Internet},
	} {
		p, err := Compile(&Model{
			Networks:    []VirtualNetwork{{ID: "/n", Space: mustPrefixes("10.0.0.0/22"), Subnets: []Subnet{{ID: "/n/s", Prefixes: mustPrefixes("10.0.0.0/27"), RouteTable: "/t"}}}},
			RouteTables: []RouteTable{{ID: "/t", Routes: c.routes}},
		})
		if err != nil {
			t.Fatal(err)
		}
		n, _ := p.Network("/n")
		d := n.Evaluate(Flow{Protocol: TCP, Source: netip.MustParseAddr("10.0.0.4"), SourcePort: 50000, Destination: netip.MustParseAddr(c.to), DestinationPort: 443})
		if d.Reason != c.reason || d.NextHop != c.next || d.Allowed() != (c.reason == ByRule) {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
