package logic

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"isle/netpol"
)

// modelNetwork is four subnets, front to cache, the second of which has the group "web"
// with rules above ones that allow everything.
func modelNetwork(rules ...netpol.SecurityRule) *netpol.Model {
	rules = append(rules, netpol.SecurityRule{Name: "AllIn", Priority: 4000, Direction: netpol.Inbound, Access: netpol.Allow},
		netpol.SecurityRule{Name: "AllOut", Priority: 4000, Direction: netpol.Outbound, Access: netpol.Allow})
	n := netpol.VirtualNetwork{ID: modelID("virtualNetworks/net"), Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}
	for i, name := range []string{"front", "connectors", "management", "cache"} {
		n.Subnets = append(n.Subnets, netpol.Subnet{ID: n.ID + "/subnets/" + name, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 27)}})
	}
	n.Subnets[1].SecurityGroup = modelID("networkSecurityGroups/web")
	return &netpol.Model{Networks: []netpol.VirtualNetwork{n}, SecurityGroups: []netpol.SecurityGroup{{ID: modelID("networkSecurityGroups/web"), Rules: rules}}}
}

func modelID(path string) string {
	return "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/" + path
}

func deny(name string, d netpol.Direction, p netpol.Protocol, tag string, port uint16) netpol.SecurityRule {
	far := netpol.Side{Addresses: []netpol.Address{{Tag: tag}}}
	r := netpol.SecurityRule{Name: name, Priority: 200, Direction: d, Protocol: p}
	if d == netpol.Inbound {
		r.Source = far
	} else {
		r.Destination.Addresses = far.Addresses
	}
	r.Destination.Ports = []netpol.PortRange{{First: port, Last: port}}
	return r
}

// reportOf judges an environment in the network of a model.
func reportOf(t *testing.T, m *netpol.Model, edition netpol.Version, probes probeResults) *healthReport {
	t.Helper()
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	e := netpol.Environment{Network: m.Networks[0].ID, Endpoint: netpol.ExternalEndpoint}
	for _, s := range m.Networks[0].Subnets[:subnetCount] {
		e.Subnets = append(e.Subnets, s.ID)
	}
	e.More = []netpol.Requirement{{ID: connectorRow + "ftp", Purpose: "Connections of FTP", Direction: netpol.Outbound, Source: netpol.PartyVnet,
		Destination: netpol.PartyAny, Ports: []netpol.PortRange{{First: 21, Last: 21}}, Category: "IntegrationServiceEnvironmentConnectors"}}
	results, err := policy.RequiredAccess(e, edition)
	if err != nil {
		t.Fatal(err)
	}
	return &healthReport{edition: edition, results: results, probes: probes, authority: "login.example"}
}

func (h *healthReport) at(t *testing.T, subnet, row string) (subnetHealth, accessRow) {
	t.Helper()
	view := h.subnet(modelID("virtualNetworks/net/subnets/" + subnet))
	i := slices.IndexFunc(view.Rows, func(r accessRow) bool { return r.Row == row })
	if i < 0 {
		t.Fatalf("%s has no row %s", subnet, row)
	}
	return view, view.Rows[i]
}

// TestHealthNamesWhatDenies: a row that a rule, a route or a firewall closes is told with
// it, at the subnet that it closes and nowhere else.
func TestHealthNamesWhatDenies(t *testing.T) {
	web := modelID("networkSecurityGroups/web/securityRules/")
	routed := func(r netpol.Route) *netpol.Model {
		m := modelNetwork()
		m.RouteTables = []netpol.RouteTable{{ID: modelID("routeTables/out"), Routes: []netpol.Route{r}}}
		m.Networks[0].Subnets[1].RouteTable = m.RouteTables[0].ID
		return m
	}
	toSQL := netpol.Address{Tag: "SQL"}
	walled := routed(netpol.Route{Name: "all", Destination: toSQL, NextHop: netpol.VirtualAppliance, NextHopIP: netip.MustParseAddr("10.0.8.4")})
	walled.Networks[0].Subnets = append(walled.Networks[0].Subnets, netpol.Subnet{ID: modelID("virtualNetworks/net/subnets/AzureFirewallSubnet"), Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.8.0/26")}})
	walled.Firewalls = []netpol.Firewall{{ID: modelID("azureFirewalls/wall"), Subnet: modelID("virtualNetworks/net/subnets/AzureFirewallSubnet"), PrivateIP: netip.MustParseAddr("10.0.8.4"),
		PublicIPs: []netip.Addr{netip.MustParseAddr("203.0.113.4")},
		Collections: []netpol.RuleCollection{{Name: "kept", Priority: 100, Action: netpol.Deny, Rules: []netpol.NetworkRule{{Name: "sql", Protocols: []netpol.Protocol{netpol.TCP, netpol.UDP},
			Destination: netpol.Side{Addresses: []netpol.Address{{Tag: "SQL"}}, Ports: []netpol.PortRange{{First: 1433, Last: 1433}}}}}}}}}
	gated := modelNetwork()
	gated.Networks[0].Gateway = &netpol.Gateway{ID: modelID("virtualNetworkGateways/express"), Prefixes: []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")}}
	for _, c := range []struct {
		name    string
		model   *netpol.Model
		row     string
		verdict string
		rule    string
		stage   string
		state   string // of the subnet
	}{
		{"rule", modelNetwork(deny("NoSQL", netpol.Outbound, netpol.AnyProtocol, "SQL", 1433)), "O8", "Blocked", web + "NoSQL", "subnetOut", unhealthy},
		{"rule for UDP", modelNetwork(deny("NoSQL", netpol.Outbound, netpol.UDP, "SQL", 1433)), "O8", "PartlyOpen", web + "NoSQL", "subnetOut", unhealthy},
		{"rule for callers", modelNetwork(deny("NoCalls", netpol.Inbound, netpol.AnyProtocol, "Internet", 443)), "I2", "Blocked", web + "NoCalls", "subnetIn", unhealthy},
		{"route", routed(netpol.Route{Name: "none", Destination: toSQL, NextHop: netpol.None}), "O8", "Blocked", modelID("routeTables/out/routes/none"), "route", unhealthy},
		{"firewall", walled, "O8", "Blocked", "kept/sql", "firewall", unhealthy},
		{"no default route", gated, "R1", "Blocked", "route 0.0.0.0/0", "route", unhealthy},
		{"some of what workflows call", modelNetwork(deny("NoSQL", netpol.Outbound, netpol.AnyProtocol, "SQL", 443)), "O2", "PartlyOpen", web + "NoSQL", "subnetOut", healthy},
		{"some servers of connections", modelNetwork(deny("NoFTP", netpol.Outbound, netpol.AnyProtocol, "Internet", 21)), "C:ftp", "PartlyOpen", web + "NoFTP", "subnetOut", healthy},
		{"a protocol to all servers", modelNetwork(netpol.SecurityRule{Name: "NoFTP", Priority: 200, Direction: netpol.Outbound, Protocol: netpol.TCP,
			Destination: netpol.Side{Ports: []netpol.PortRange{{First: 21, Last: 21}}}}), "C:ftp", "PartlyOpen", web + "NoFTP", "subnetOut", unhealthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := reportOf(t, c.model, netpol.Version2020, nil)
			view, row := report.at(t, "connectors", c.row)
			if row.Verdict != c.verdict || row.State != rowBlocked || len(row.Denials) == 0 || row.Denials[0].Stage != c.stage || !strings.Contains(row.Rule, c.rule) {
				t.Errorf("%+v", row)
			}
			if view.State != c.state {
				t.Errorf("the subnet is %s", view.State)
			}
			if state := healthState(report.results); state != c.state {
				t.Errorf("the environment is %s", state)
			}
			outbound := row.Direction == "Outbound" && c.state == unhealthy
			if (view.Health.State == unhealthy) != outbound || outbound != (view.Health.Error != nil && strings.Contains(view.Health.Error.Message, row.Denials[0].Message)) {
				t.Errorf("outbound health: %+v %+v", view.Health, view.Health.Error)
			}
			if c.row == "R1" {
				return // at every subnet
			}
			if other, row := report.at(t, "front", c.row); other.State != healthy || row.Verdict != "Open" || row.Rule != "" {
				t.Errorf("front: %s %+v", other.State, row)
			}
		})
	}
}

// TestHealthIsUnknownWhereNobodyMayLook: port 454 closed to LogicApps at one subnet hides
// the health of all (ise.md #70), in the editions that have that row.
func TestHealthIsUnknownWhereNobodyMayLook(t *testing.T) {
	m := modelNetwork(deny("NoLook", netpol.Inbound, netpol.AnyProtocol, "LogicApps", 454), netpol.SecurityRule{Name: "NoSQL", Priority: 210, Direction: netpol.Outbound,
		Destination: netpol.Side{Addresses: []netpol.Address{{Tag: "SQL"}}}})
	report := reportOf(t, m, netpol.Version2020, nil)
	for _, subnet := range []string{"front", "connectors", "management", "cache"} {
		if view, _ := report.at(t, subnet, "I5"); view.State != unknown || view.Health.State != unknown {
			t.Errorf("%s is %s", subnet, view.State)
		}
	}
	if _, row := report.at(t, "connectors", "O8"); row.Verdict != "Blocked" {
		t.Errorf("rows are told all the same: %+v", row)
	}
	old := reportOf(t, m, netpol.Version2019, nil)
	if view, _ := old.at(t, "connectors", "O8"); view.State != unhealthy {
		t.Errorf("2019-11 has no row I5: %s", view.State)
	}
}

// TestDependenciesAreAlwaysTold: storage, directory and database are listed at every
// subnet in every edition, with name, ports and accessibility.
func TestDependenciesAreAlwaysTold(t *testing.T) {
	m := modelNetwork(deny("NoSQL", netpol.Outbound, netpol.TCP, "SQL", 1433))
	for _, edition := range netpol.Versions() {
		report := reportOf(t, m, edition, nil)
		for _, subnet := range []string{"front", "connectors", "management", "cache"} {
			view := report.subnet(modelID("virtualNetworks/net/subnets/" + subnet))
			found := map[string]string{}
			for _, d := range view.Dependencies {
				for _, e := range d.Endpoints {
					found[d.Category] += fmt.Sprintln(e.Domain, e.Ports, e.Accessibility)
				}
				if d.Title == "" {
					t.Errorf("%s has no title", d.Category)
				}
			}
			sql := "Available"
			switch {
			case edition == netpol.Version2019Preview:
				sql = unknown // it has no such row
			case subnet == "connectors":
				sql = "NotAvailable"
			}
			for category, says := range map[string]string{"SQL": "environment database (in process) [1433] " + sql,
				"AzureActiveDirectory": "login.example [80 443] Available", "AzureStorage": "content files of the environment (in process) [80 443"} {
				if !strings.Contains(found[category], says) {
					t.Errorf("%s, %s, %s: %q", edition, subnet, category, found[category])
				}
			}
		}
	}
}

// TestVerdictAndProbeTogether: what the policy and the probe say come to one state.
func TestVerdictAndProbeTogether(t *testing.T) {
	inside, outside := roleDatabase, roleDNS
	for _, c := range []struct {
		openness netpol.Openness
		role     role
		probe    string
		want     string
	}{
		{netpol.Open, inside, probeReachable, rowReachable},
		{netpol.Open, inside, probeNone, rowReachable},
		{netpol.Open, inside, probeUnreachable, rowUnreachable},
		{netpol.Blocked, inside, probeReachable, rowBlocked}, // it passes no network
		{netpol.Blocked, outside, probeReachable, rowDisagreement},
		{netpol.Blocked, outside, probeUnreachable, rowBlocked},
		{netpol.PartlyOpen, outside, probeReachable, rowBlocked},
		{netpol.NotJudged, outside, probeReachable, rowUnknown},
		{netpol.NotJudged, outside, probeUnreachable, rowUnreachable},
	} {
		if got := stateOf(&netpol.AccessResult{Openness: c.openness}, c.role, probed{Result: c.probe}); got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.openness, c.probe, got, c.want)
		}
	}
	report := reportOf(t, modelNetwork(), netpol.Version2020, probeResults{"database": {probeUnreachable, "the disk is full"}})
	view, row := report.at(t, "cache", "O8")
	if view.State != unhealthy || row.State != rowUnreachable || row.Verdict != "Open" || !strings.Contains(view.Health.Error.Message, "the disk is full") {
		t.Errorf("%+v %+v", view.Health.Error, row)
	}
}

// TestWithoutAPolicyHealthIsUnknown, and the reason is told.
func TestWithoutAPolicyHealthIsUnknown(t *testing.T) {
	report := &healthReport{failure: errors.New("two subnets overlap")}
	if view := report.subnet("x"); view.State != unknown || !strings.Contains(view.Health.Error.Message, "two subnets overlap") || len(view.Dependencies) != 3 {
		t.Errorf("%+v", view)
	}
	report.failure = errNoPolicies
	if view := report.subnet("x"); view.State != unknown || view.Health.Error != nil {
		t.Errorf("%+v", view)
	}
}

// TestProbesRunTogetherAndNotTooLong: one that does not answer, even one that does not
// heed its context, holds nobody up longer than its time.
func TestProbesRunTogetherAndNotTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		started := time.Now()
		results := probeAll(t.Context(), map[string]Probe{
			"fine":   func(context.Context, string) error { return nil },
			"broken": func(_ context.Context, environment string) error { return errors.New("no " + environment) },
			"slow":   func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
			"deaf":   func(context.Context, string) error { <-released; return nil },
		}, "id")
		if took := time.Since(started); took != probeTimeout {
			t.Errorf("it took %v", took)
		}
		close(released)
		late := probed{probeUnreachable, "It does not answer within 2s."}
		for name, want := range map[string]probed{"fine": {probeReachable, ""}, "broken": {probeUnreachable, "no id"}, "slow": late, "deaf": late} {
			if results[name] != want {
				t.Errorf("%s: %+v", name, results[name])
			}
		}
	})
}

// TestProbesHoldForAWhile: within five seconds by the service's clock nothing is probed
// again, and an environment that is not ready is not probed.
func TestProbesHoldForAWhile(t *testing.T) {
	now, count := time.Unix(1e9, 0), 0
	s := &Service{config: Config{Clock: func() time.Time { return now }, Probes: map[string]Probe{"database": func(context.Context, string) error { count++; return nil }}}}
	if got := s.probe(t.Context(), &environment{ID: "a"}); got.of(roleDatabase).Result != probeNone {
		t.Errorf("not ready: %+v", got)
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {4 * time.Second, 1}, {time.Second, 2}, {-time.Hour, 3}} {
		now = now.Add(c.after)
		if got := s.probe(t.Context(), &environment{ID: "a", Ready: true}); got.of(roleDatabase).Result != probeReachable || count != c.want {
			t.Errorf("after %v: %+v, probed %d times", c.after, got, count)
		}
	}
	s.probes.keep(map[string]bool{})
	if len(s.probes.known) != 0 {
		t.Error("results are kept of an environment that is gone")
	}
}

// TestASuspendedEnvironment: unhealthy for more than seven days (ise.md #74).
func TestASuspendedEnvironment(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, c := range []struct {
		health string
		days   int
		want   string
	}{{unhealthy, 7, "Enabled"}, {unhealthy, 8, "Suspended"}, {healthy, 8, "Enabled"}, {unknown, 8, "Enabled"}} {
		if got := environmentState(c.health, now.AddDate(0, 0, -c.days), now); got != c.want {
			t.Errorf("%s for %d days: %s", c.health, c.days, got)
		}
	}
}

// TestRequiredAccessIsJudgedOnce for a policy, an edition and the rows beside it.
func TestRequiredAccessIsJudgedOnce(t *testing.T) {
	policy, err := netpol.Compile(modelNetwork())
	if err != nil {
		t.Fatal(err)
	}
	e := netpol.Environment{Network: modelID("virtualNetworks/net"), Subnets: []string{modelID("virtualNetworks/net/subnets/front")}}
	var j judged
	ask := func(revision uint64, edition netpol.Version, more ...netpol.Requirement) *netpol.AccessResult {
		e.More = more
		results, err := j.results("a", policy, revision, e, edition)
		if err != nil {
			t.Fatal(err)
		}
		return &results[0]
	}
	first := ask(2, netpol.Version2020)
	if ask(2, netpol.Version2020) != first {
		t.Error("it is judged again")
	}
	if ask(2, netpol.Version2023) == first || ask(2, netpol.Version2020, netpol.Requirement{ID: "C:ftp", Source: netpol.PartyVnet, Destination: netpol.PartyAny}) == first || ask(2, netpol.Version2020) != first {
		t.Error("editions and rows are not told apart")
	}
	if ask(1, netpol.Version2020) == first || ask(2, netpol.Version2020) != first {
		t.Error("an older policy takes the place of a newer one")
	}
	if ask(3, netpol.Version2020) == first {
		t.Error("a newer policy is not asked")
	}
	if j.keep(map[string]bool{}); len(j.known) != 0 {
		t.Error("an environment that is gone is kept")
	}
}
