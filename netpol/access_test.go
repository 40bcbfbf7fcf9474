package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// environment is four subnets, the second of which has a group with the given
// rules above ones that allow everything.
func environment(rules ...SecurityRule) *Model {
	rules = append(rules,
		SecurityRule{Name: "AllIn", Priority: 4000, Direction: Inbound, Access: Allow},
		SecurityRule{Name: "AllOut", Priority: 4000, Direction: Outbound, Access: Allow})
	n := VirtualNetwork{ID: "/vnet", Space: mustPrefixes("10.0.0.0/16"), DNSServers: []netip.Addr{netip.MustParseAddr("10.0.9.4")}}
	for i := range 4 {
		n.Subnets = append(n.Subnets, Subnet{ID: fmt.Sprint("/vnet/subnets/LA", i+1), Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 27)}})
	}
	n.Subnets[1].SecurityGroup = "/nsg"
	return &Model{Networks: []VirtualNetwork{n}, SecurityGroups: []SecurityGroup{{ID: "/nsg", Rules: rules}}}
}

func judged(t *testing.T, m *Model, v Version, e Endpoint) []AccessResult {
	t.Helper()
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	env := Environment{Network: "/vnet", Endpoint: e, Connectors: mustPrefixes("203.0.113.64/28")}
	for i := range 4 {
		env.Subnets = append(env.Subnets, fmt.Sprint("/vnet/subnets/LA", i+1))
	}
	results, err := p.RequiredAccess(env, v)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// partyRule writes a party as a rule does.
func partyRule(p Party) []Address {
	switch p {
	case PartySpace:
		return []Address{{Tag: "VirtualNetwork"}}
	case PartyConnectors:
		return []Address{{Prefix: netip.MustParsePrefix("203.0.113.64/28")}}
	case PartyDNS:
		return []Address{{Prefix: netip.MustParsePrefix("10.0.9.4/32")}}
	}
	return []Address{{Tag: string(p)}}
}

// partiesMeet tells by their names alone whether two parties share addresses.
func partiesMeet(a, b Party) bool {
	zone := func(p Party) string {
		switch p {
		case PartyVnet, PartySpace, PartyDNS:
			return "network"
		case "AzureLoadBalancer":
			return "platform"
		}
		return "internet"
	}
	wide := func(p Party) bool { return p == PartyVnet || p == PartySpace || p == PartyInternet }
	return zone(a) == zone(b) && (a == b || wide(a) || wide(b))
}

func portsMeet(a, b []PortRange) bool {
	for _, x := range mergePorts(a) {
		for _, y := range mergePorts(b) {
			if x.First <= y.Last && y.First <= x.Last {
				return true
			}
		}
	}
	return false
}

// TestEachRowBlocked denies one row after the other of the later editions (the
// others have tests against the documents) at one subnet: exactly the rows that share
// flows with the denied one are named, there and nowhere else, with the rule.
func TestEachRowBlocked(t *testing.T) {
	for _, v := range []Version{Version2019Preview, Version2020DNS, Version2021, Version2023} {
		for _, e := range []Endpoint{InternalEndpoint, ExternalEndpoint} {
			for _, row := range Requirements(v, e) {
				if row.Destination == PartyPlatform {
					continue
				}
				for _, protocol := range []Protocol{AnyProtocol, TCP, UDP} {
					deny := SecurityRule{Name: "Block", Priority: 100, Direction: row.Direction, Protocol: protocol,
						Source: Side{Addresses: partyRule(row.Source)}, Destination: Side{Addresses: partyRule(row.Destination), Ports: row.Ports}}
					checkBlocked(t, fmt.Sprintf("%c %d %s %s", v, e, row.ID, protocol), row, deny, judged(t, environment(deny), v, e))
				}
			}
		}
	}
}

func checkBlocked(t *testing.T, name string, row Requirement, deny SecurityRule, results []AccessResult) {
	t.Helper()
	for _, r := range results {
		if r.Openness == NotJudged {
			continue
		}
		other := row.Source
		mine := r.Requirement.Source
		if row.Direction == Outbound {
			other, mine = row.Destination, r.Requirement.Destination
		}
		meets := strings.HasSuffix(r.Subnet, "LA2") && r.Requirement.Direction == row.Direction && partiesMeet(mine, other) && portsMeet(r.Requirement.Ports, row.Ports)
		if meets != (r.Openness != Open) {
			t.Errorf("%s: %s", name, r)
			continue
		}
		if !meets {
			continue
		}
		if len(r.Denials) != 1 || r.Denials[0].Decision.RuleName != "securityRules/Block" || r.Denials[0].Decision.SecurityGroup != "/nsg" {
			t.Errorf("%s: the rule is not named: %s", name, r)
		}
		if want := map[bool]Openness{true: Blocked, false: PartlyOpen}[deny.Protocol == AnyProtocol]; r.Requirement.ID == row.ID && r.Openness != want {
			t.Errorf("%s: want %s: %s", name, want, r)
		}
	}
}

func TestRequirementsAreThoseOfTheDocuments(t *testing.T) {
	for _, c := range []struct {
		version  Version
		endpoint Endpoint
		want     string
	}{
		{Version2019, InternalEndpoint, "I1 I2 I3 I4 I6 I7 I8 I9 I10 I11 I12 O1 O2 O4 O5 O6 O7 O8 O9 O10 O11"},
		{Version2020, ExternalEndpoint, "I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 O1 O2 O4 O5 O6 O7 O8 O9 O10 O11"},
		{Version2023, InternalEndpoint, "I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O11 O12 O13"},
		{Version2023, ExternalEndpoint, "I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I13 O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O11 O12 O13"},
	} {
		var ids []string
		for _, r := range Requirements(c.version, c.endpoint) {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%c, %d: %s", c.version, c.endpoint, got)
		}
	}
	find := func(v Version, e Endpoint, id string) Requirement {
		list := Requirements(v, e)
		return list[slices.IndexFunc(list, func(r Requirement) bool { return r.ID == id })]
	}
	for _, c := range []struct{ got, want string }{
		{fmt.Sprint(find(Version2020, InternalEndpoint, "I8").Ports), "[454]"},
		{fmt.Sprint(find(Version2020, ExternalEndpoint, "I8").Ports), "[443]"},
		{fmt.Sprint(find(Version2019, InternalEndpoint, "I8").Ports), "[443]"},
		{fmt.Sprint(find(Version2019, InternalEndpoint, "I9").Source), "AppService"},
		{fmt.Sprint(find(Version2020, InternalEndpoint, "I9").Source), "APIManagement"},
		{fmt.Sprint(find(Version2020, InternalEndpoint, "I2").Source), "VirtualNetwork"},
		{fmt.Sprint(find(Version2020, ExternalEndpoint, "I2").Source), "Internet"},
		{fmt.Sprint(find(Version2020, ExternalEndpoint, "O5").Ports), "[80 443 445]"},
		{fmt.Sprint(find(Version2019, ExternalEndpoint, "O5").Ports), "[80 443]"},
		{fmt.Sprint(find(Version2020, ExternalEndpoint, "I11").Ports), "[6379-6383]"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// TestUnconstrainedNetworkIsOpen: without groups nothing has to be set up.
func TestUnconstrainedNetworkIsOpen(t *testing.T) {
	m := environment()
	m.Networks[0].Subnets[1].SecurityGroup = ""
	for _, r := range judged(t, m, Version2020, ExternalEndpoint) {
		if r.Openness != Open {
			t.Error(r)
		}
	}
}

// TestDefaultRulesAlone: with the default rules only, calls from outside of the
// network are refused, all else works.
func TestDefaultRulesAlone(t *testing.T) {
	m := environment()
	m.SecurityGroups[0].Rules = nil
	var blocked []string
	for _, r := range judged(t, m, Version2020, ExternalEndpoint) {
		if r.Openness != Open {
			blocked = append(blocked, r.Requirement.ID)
			if r.Denials[0].Decision.RuleName != "defaultSecurityRules/DenyAllInBound" {
				t.Error(r)
			}
		}
	}
	if got := strings.Join(blocked, " "); got != "I2 I3 I4 I5 I6 I7 I8 I9 I10" {
		t.Error(got)
	}
}

func TestGatewayNeedsDefaultRoute(t *testing.T) {
	m := environment()
	m.Networks[0].Gateway = &Gateway{ID: "/gw", Prefixes: mustPrefixes("192.168.0.0/16", "0.0.0.0/0")}
	m.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{{Name: "internet", Destination: Address{Prefix: netip.MustParsePrefix("0.0.0.0/0")}, NextHop: Internet}}}}
	for i := range m.Networks[0].Subnets {
		m.Networks[0].Subnets[i].RouteTable = "/rt"
	}
	m.Networks[0].Subnets[2].RouteTable = ""
	for _, r := range judged(t, m, Version2020, InternalEndpoint) {
		at3 := strings.HasSuffix(r.Subnet, "LA3")
		outside := r.Requirement.ID == "R1" || r.Requirement.Direction == Outbound && !slices.Contains([]string{"O1", "O11"}, r.Requirement.ID) ||
			r.Requirement.Direction == Inbound && !slices.Contains([]string{"I1", "I2", "I3", "I11"}, r.Requirement.ID)
		if (r.Openness != Open) != (at3 && outside) {
			t.Error(r)
		}
		if r.Openness != Open && r.Denials[0].Decision.Stage != StageRoute {
			t.Error(r)
		}
	}
}
