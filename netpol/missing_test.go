package netpol

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plus is a model with rules added to its groups.
func plus(m *Model, added []MissingRule) *Model {
	more := *m
	more.SecurityGroups = slices.Clone(m.SecurityGroups)
	for _, a := range added {
		for i := range more.SecurityGroups {
			if g := &more.SecurityGroups[i]; strings.EqualFold(g.ID, a.SecurityGroup) {
				g.Rules = append(slices.Clone(g.Rules), a.Rule)
			}
		}
	}
	return &more
}

func environmentOf(m *Model, e Endpoint) Environment {
	env := Environment{Network: m.Networks[0].ID, Endpoint: e, Connectors: mustPrefixes("203.0.113.64/28")}
	for _, s := range m.Networks[0].Subnets[:4] {
		env.Subnets = append(env.Subnets, s.ID)
	}
	return env
}

func missingRules(t interface {
	Helper()
	Fatal(...any)
}, m *Model, env Environment, v Version) ([]MissingRule, []AccessResult) {
	t.Helper()
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	rules, rest, err := p.MissingRules(env, v)
	if err != nil {
		t.Fatal(err)
	}
	return rules, rest
}

func ruleText(r MissingRule) string {
	side := func(s Side) string {
		var texts []string
		for _, a := range s.Addresses {
			texts = append(texts, a.String())
		}
		return strings.Join(texts, ",")
	}
	requirement := Requirement{Ports: r.Rule.Destination.Ports}
	return fmt.Sprintf("%s %s %d %s %s %s %s -> %s:%s for %s", r.SecurityGroup, r.Rule.Name, r.Rule.Priority, r.Rule.Direction, r.Rule.Access, r.Rule.Protocol,
		side(r.Rule.Source), side(r.Rule.Destination), requirement.PortText(), strings.Join(r.Rows, ","))
}

// TestMissingRulesOfAnEmptyGroup: what the default rules refuse, one rule for each
// tuple.
func TestMissingRulesOfAnEmptyGroup(t *testing.T) {
	m := environment()
	m.SecurityGroups[0].Rules = nil
	rules, rest := missingRules(t, m, environmentOf(m, ExternalEndpoint), Version2020)
	var got strings.Builder
	for _, r := range rules {
		fmt.Fprintln(&got, ruleText(r))
	}
	if want := `/nsg Isle-I2-CommunicationToYourLogicApp 1000 Inbound Allow * Internet -> VirtualNetwork:443 for I2,I3
/nsg Isle-I4-LogicAppsDesignerDynamicProperties 1001 Inbound Allow * LogicAppsManagement -> VirtualNetwork:454 for I4
/nsg Isle-I5-NetworkHealthCheck 1002 Inbound Allow * LogicApps -> VirtualNetwork:454 for I5
/nsg Isle-I6-ConnectorDeployment 1003 Inbound Allow * AzureConnectors -> VirtualNetwork:454 for I6
/nsg Isle-I7-AppServiceManagementDependency 1004 Inbound Allow * AppServiceManagement -> VirtualNetwork:454-455 for I7
/nsg Isle-I8-CommunicationFromAzureTrafficManager 1005 Inbound Allow * AzureTrafficManager -> VirtualNetwork:443 for I8
/nsg Isle-I9-ConnectorPolicyDeployment 1006 Inbound Allow * APIManagement -> VirtualNetwork:3443 for I9,I10
`; got.String() != want || len(rest) > 0 {
		t.Errorf("got\n%s\nwant\n%s\nrest %v", got.String(), want, rest)
	}
}

// TestMissingRulesPrecedeWhatDenies: the highest free priority before the first rule
// that denies; names that are free.
func TestMissingRulesPrecedeWhatDenies(t *testing.T) {
	m := environment(
		SecurityRule{Name: "isle-o8-AzureSQLDependency", Priority: 199, Direction: Outbound, Access: Allow, Protocol: ICMP},
		SecurityRule{Name: "NoDatabase", Priority: 200, Direction: Outbound, Destination: Side{Ports: single(1433)}},
		SecurityRule{Name: "NoHub", Priority: 120, Direction: Outbound, Protocol: UDP, Destination: Side{Addresses: tagged("EventHub"), Ports: single(5672)}},
		SecurityRule{Name: "NoPort", Priority: 150, Direction: Outbound, Destination: Side{Ports: single(21)}})
	env := environmentOf(m, InternalEndpoint)
	env.More = []Requirement{{ID: "C:ftp", Purpose: "Connector ftp", Direction: Outbound, Source: PartyVnet, Destination: PartyAny, Ports: single(21)}}
	rules, rest := missingRules(t, m, env, Version2020)
	var got strings.Builder
	for _, r := range rules {
		fmt.Fprintln(&got, ruleText(r))
	}
	if want := `/nsg Isle-O1-IntersubnetCommunicationWithinVirtualNetwork 149 Outbound Allow * 10.0.0.0/16 -> 10.0.0.0/16:* for O1
/nsg Isle-O8-AzureSQLDependency-2 198 Outbound Allow * VirtualNetwork -> SQL:1433 for O8
/nsg Isle-O10-DependencyFromLogToEventHubPolicyAndMonitoringAgent 119 Outbound Allow * VirtualNetwork -> EventHub:5672 for O10
/nsg Isle-C-ftp-ConnectorFtp 148 Outbound Allow * VirtualNetwork -> VirtualNetwork:21 for C:ftp
/nsg Isle-C-ftp-ConnectorFtp-2 147 Outbound Allow * VirtualNetwork -> Internet:21 for C:ftp
`; got.String() != want || len(rest) > 0 {
		t.Errorf("got\n%s\nwant\n%s\nrest %v", got.String(), want, rest)
	}
}

// TestMissingRulesWithoutRoom: a rule that denies at the first priority, a group
// that is full, and a route are left to the user.
func TestMissingRulesWithoutRoom(t *testing.T) {
	first := environment(SecurityRule{Name: "First", Priority: 100, Direction: Outbound, Destination: Side{Ports: single(1433)}})
	full := environment()
	full.SecurityGroups[0].Rules = nil
	for i := range maxRules {
		full.SecurityGroups[0].Rules = append(full.SecurityGroups[0].Rules, SecurityRule{Name: fmt.Sprint("r", i), Priority: 100 + i, Direction: Outbound, Access: Allow, Protocol: ICMP})
	}
	route := environment()
	route.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{{Name: "lost", Destination: addresses("0.0.0.0/0")[0], NextHop: None}}}}
	route.Networks[0].Subnets[1].RouteTable = "/rt"
	for name, c := range map[string]struct {
		m    *Model
		want string
	}{
		"first": {first, "O1 O8"},
		"full":  {full, "I2 I3 I4 I5 I6 I7 I8 I9 I10"},
		"route": {route, "I2 I3 I4 I5 I6 I7 I8 I9 I10 O2 O4 O5 O6 O7 O8 O9 O10"},
	} {
		rules, rest := missingRules(t, c.m, environmentOf(c.m, ExternalEndpoint), Version2020)
		var ids []string
		for _, r := range rest {
			ids = append(ids, r.Requirement.ID)
		}
		if got := strings.Join(ids, " "); got != c.want || len(rules) > 0 {
			t.Errorf("%s: rest %s, want %s; rules %v", name, got, c.want, rules)
		}
	}
}

// lackingModel is the generator's model with four environment subnets that have
// random groups, interfaces and routes, and leave room before their rules.
func (g generator) lackingModel() *Model {
	m := g.model()
	n := &m.Networks[0]
	var own []Subnet
	for i := range 4 {
		own = append(own, Subnet{ID: fmt.Sprint("/vnet/subnets/LA", i+1), Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 8, byte(i * 32)}), 27)},
			SecurityGroup: pick(g, "", "/la/0", "/LA/1", "/la/2"), RouteTable: pick(g, "", "", "/rt/0", "/rt/1")})
	}
	n.Subnets = append(own, n.Subnets...)
	for i := range 3 {
		m.SecurityGroups = append(m.SecurityGroups, g.lackingGroup(fmt.Sprint("/la/", i)))
	}
	m.Interfaces = append(m.Interfaces, Interface{ID: "/nic/la", Subnet: n.Subnets[1].ID, Addresses: []netip.Addr{netip.MustParseAddr("10.0.8.40")}, SecurityGroup: pick(g, "", "/la/1", "/la/2")})
	return m
}

func (g generator) lackingGroup(id string) SecurityGroup {
	group := SecurityGroup{ID: id}
	for i := range g.n(12) {
		r := SecurityRule{Name: fmt.Sprint("r", i), Priority: 300 + (i*37)%101, Direction: pick(g, Inbound, Outbound), Access: pick(g, Allow, Deny, Deny), Protocol: pick(g, AnyProtocol, AnyProtocol, TCP, UDP, ICMP),
			Source: g.side(), Destination: g.side()}
		if g.n(2) == 0 {
			r.Destination.Addresses = tagged(pick[Party](g, "Sql", "AzureActiveDirectory", "Storage", "AppService", PartyVnet, PartyInternet))
		}
		if g.n(2) == 0 {
			r.Destination.Ports = single(pick(g, uint16(443), 454, 1433, 3443, 6380, 80))
		}
		group.Rules = append(group.Rules, r)
	}
	return group
}

// TestMissingRulesOpenWhatGroupsClose: with the rules, each row is open that is open
// without the groups, and no rule is but new.
func TestMissingRulesOpenWhatGroupsClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		m, v := g.lackingModel(), pick(g, Versions()...)
		env := environmentOf(m, pick(g, InternalEndpoint, ExternalEndpoint))
		env.Callers = pick(g, nil, nil, mustPrefixes("198.51.100.64/26", "203.0.113.0/24"))
		env.More = []Requirement{{ID: "C:smtp", Purpose: "Connector smtp", Direction: Outbound, Source: PartyVnet, Destination: PartyAny, Ports: single(25, 587)}}
		rules, rest := missingRules(t, m, env, v)
		checkAdded(t, m, rules)
		key := func(r AccessResult) string { return r.Requirement.ID + r.Subnet }
		unless := map[string]bool{}
		for _, r := range rest {
			unless[key(r)] = true
		}
		after, without := resultsOf(t, plus(m, rules), env, v), resultsOf(t, withoutGroups(m), env, v)
		for i, r := range after {
			if r.lacking() != unless[key(r)] {
				t.Fatalf("rest does not tell: %s", r)
			}
			if without[i].Openness == Open && r.Openness != Open {
				t.Fatalf("only groups close it: %s", r)
			}
		}
	})
}

func resultsOf(t *rapid.T, m *Model, env Environment, v Version) []AccessResult {
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	results, err := p.RequiredAccess(env, v)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// withoutGroups takes the groups from the subnets LA1 to LA4 and their interfaces.
func withoutGroups(m *Model) *Model {
	c := *m
	c.Networks, c.Interfaces = slices.Clone(m.Networks), slices.Clone(m.Interfaces)
	c.Networks[0].Subnets = slices.Clone(m.Networks[0].Subnets)
	for i := range 4 {
		c.Networks[0].Subnets[i].SecurityGroup = ""
	}
	for i := range c.Interfaces {
		if strings.Contains(c.Interfaces[i].Subnet, "/LA") {
			c.Interfaces[i].SecurityGroup = ""
		}
	}
	return &c
}

func checkAdded(t *rapid.T, m *Model, rules []MissingRule) {
	for _, g := range plus(m, rules).SecurityGroups {
		names, priorities := map[string]bool{}, map[string]bool{}
		for _, r := range g.Rules {
			name, priority := strings.ToLower(r.Name), fmt.Sprint(r.Direction, r.Priority)
			if names[name] || priorities[priority] || len(r.Name) > 80 || r.Priority < 100 || r.Priority > 4096 {
				t.Fatalf("%s: %+v", g.ID, r)
			}
			names[name], priorities[priority] = true, true
		}
		if len(g.Rules) > 1000 {
			t.Fatalf("%s has %d rules", g.ID, len(g.Rules))
		}
	}
	for _, r := range rules {
		if r.Rule.Access != Allow || r.Rule.Protocol != AnyProtocol || !strings.HasPrefix(r.Rule.Name, "Isle-") || len(r.Rows) == 0 {
			t.Fatalf("%+v", r)
		}
	}
}

// TestMissingRulesOfLargeGroups: what 950 rules close, the free priorities before
// them open.
func TestMissingRulesOfLargeGroups(t *testing.T) {
	for kind := range largeGroups {
		m := largeModel(kind, maxRules-50)
		for _, g := range m.SecurityGroups {
			for i := range g.Rules {
				g.Rules[i].Priority += 1000
			}
		}
		rules, rest := missingRules(t, m, environmentOf(m, ExternalEndpoint), Version2020)
		if len(rest) > 0 || len(rules) < 4*8 {
			t.Errorf("%s: %d rules, rest %v", largeGroups[kind].name, len(rules), rest)
		}
		p, err := Compile(plus(m, rules))
		if err != nil {
			t.Fatal(err)
		}
		results, err := p.RequiredAccess(environmentOf(m, ExternalEndpoint), Version2020)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Openness != Open {
				t.Errorf("%s: %s %s", largeGroups[kind].name, r.Requirement.ID, r.Openness)
			}
		}
	}
}
