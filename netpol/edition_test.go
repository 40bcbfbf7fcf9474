package netpol

import (
	"slices"
	"strings"
	"testing"
)

func TestEditionsAreReadByNameAndLetter(t *testing.T) {
	for _, v := range Versions() {
		for _, text := range []string{v.String(), string(rune(v))} {
			if got, err := ParseVersion(text); err != nil || got != v {
				t.Errorf("%q: %v, %v", text, got, err)
			}
		}
	}
	if _, err := ParseVersion("2022"); err == nil || !strings.Contains(err.Error(), "2019-11, 2020, 2020-09") {
		t.Errorf("%v", err)
	}
}

// TestClosedPortsAreThoseThatNothingGetsThrough: a deny of one protocol, of one port,
// and of one destination out of many.
func TestClosedPortsAreThoseThatNothingGetsThrough(t *testing.T) {
	for _, c := range []struct {
		name        string
		rule        SecurityRule
		destination Party
		openness    Openness
		closed      []ClosedPorts
	}{
		{"udp", SecurityRule{Protocol: UDP}, PartyInternet, PartlyOpen, []ClosedPorts{{UDP, PortRange{80, 82}}, {UDP, PortRange{443, 443}}}},
		{"a port", SecurityRule{Destination: Side{Ports: []PortRange{{81, 81}}}}, PartyInternet, PartlyOpen, []ClosedPorts{{TCP, PortRange{81, 81}}, {UDP, PortRange{81, 81}}}},
		{"a destination", SecurityRule{Destination: Side{Addresses: []Address{{Prefix: mustPrefixes("198.51.100.0/24")[0]}}}}, PartyInternet, PartlyOpen, nil},
		{"the Internet of both", SecurityRule{Destination: Side{Addresses: []Address{{Tag: "Internet"}}}}, PartyAny, PartlyOpen, nil},
		{"all", SecurityRule{}, PartyAny, Blocked, []ClosedPorts{{TCP, PortRange{80, 82}}, {TCP, PortRange{443, 443}}, {UDP, PortRange{80, 82}}, {UDP, PortRange{443, 443}}}},
	} {
		c.rule.Name, c.rule.Priority, c.rule.Direction = "r", 100, Outbound
		p, err := Compile(&Model{
			Networks:       []VirtualNetwork{{ID: "/n", Space: mustPrefixes("10.0.0.0/16"), Subnets: []Subnet{{ID: "/n/s", Prefixes: mustPrefixes("10.0.0.0/27"), SecurityGroup: "/g"}}}},
			SecurityGroups: []SecurityGroup{{ID: "/g", Rules: []SecurityRule{c.rule}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		more := Requirement{ID: "X", Direction: Outbound, Source: PartyVnet, Destination: c.destination, Ports: []PortRange{{80, 82}, {443, 443}}}
		results, err := p.RequiredAccess(Environment{Network: "/n", Subnets: []string{"/n/s"}, More: []Requirement{more}}, Version2020)
		if err != nil {
			t.Fatal(err)
		}
		got := results[len(results)-1]
		if got.Openness != c.openness || !slices.Equal(got.Closed, c.closed) {
			t.Errorf("%s: %v, closed %v; want %v, %v", c.name, got.Openness, got.Closed, c.openness, c.closed)
		}
	}
}
