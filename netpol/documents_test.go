package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documentRows are the tables of the two documents in words of their own: edition,
// endpoint ("-" is both), direction, ID of ise.md §A13, source, destination, ports.
// "space" is the network's address space. Where the destination varies, Internet
// stands for it.
const documentRows = `
2019-11 -        In  I1  VirtualNetwork       VirtualNetwork 80,443
2019-11 Internal In  I2  VirtualNetwork       VirtualNetwork 443
2019-11 External In  I2  Internet             VirtualNetwork 443
2019-11 Internal In  I3  VirtualNetwork       VirtualNetwork 443
2019-11 External In  I3  Internet             VirtualNetwork 443
2019-11 -        In  I4  Internet             VirtualNetwork 454
2019-11 -        In  I6  AzureConnectors      VirtualNetwork 454
2019-11 -        In  I7  AppServiceManagement VirtualNetwork 454,455
2019-11 -        In  I8  AzureTrafficManager  VirtualNetwork 443
2019-11 -        In  I9  AppService           VirtualNetwork 3443
2019-11 -        In  I10 APIManagement        VirtualNetwork 3443
2019-11 -        In  I11 VirtualNetwork       VirtualNetwork 6379-6383
2019-11 -        In  I12 AzureLoadBalancer    VirtualNetwork *
2019-11 -        Out O1  VirtualNetwork       VirtualNetwork 80,443
2019-11 -        Out O2  VirtualNetwork       Internet       80,443
2019-11 -        Out O4  VirtualNetwork       AzureActiveDirectory 80,443
2019-11 -        Out O5  VirtualNetwork       Storage        80,443
2019-11 -        Out O6  VirtualNetwork       AppService     443
2019-11 -        Out O7  VirtualNetwork       AzureMonitor   443
2019-11 -        Out O8  VirtualNetwork       SQL            1433
2019-11 -        Out O9  VirtualNetwork       AzureMonitor   1886
2019-11 -        Out O10 VirtualNetwork       EventHub       5672
2019-11 -        Out O11 VirtualNetwork       VirtualNetwork 6379-6383
2020    -        In  I1  space                space          *
2020    Internal In  I2  VirtualNetwork       VirtualNetwork 443
2020    External In  I2  Internet             VirtualNetwork 443
2020    Internal In  I3  VirtualNetwork       VirtualNetwork 443
2020    External In  I3  Internet             VirtualNetwork 443
2020    -        In  I4  LogicAppsManagement  VirtualNetwork 454
2020    -        In  I5  LogicApps            VirtualNetwork 454
2020    -        In  I6  AzureConnectors      VirtualNetwork 454
2020    -        In  I7  AppServiceManagement VirtualNetwork 454,455
2020    Internal In  I8  AzureTrafficManager  VirtualNetwork 454
2020    External In  I8  AzureTrafficManager  VirtualNetwork 443
2020    -        In  I9  APIManagement        VirtualNetwork 3443
2020    -        In  I10 APIManagement        VirtualNetwork 3443
2020    -        In  I11 VirtualNetwork       VirtualNetwork 6379-6383
2020    -        Out O1  space                space          *
2020    -        Out O2  VirtualNetwork       Internet       80,443
2020    -        Out O4  VirtualNetwork       AzureActiveDirectory 80,443
2020    -        Out O5  VirtualNetwork       Storage        80,443,445
2020    -        Out O6  VirtualNetwork       AppService     443
2020    -        Out O7  VirtualNetwork       AzureMonitor   443
2020    -        Out O8  VirtualNetwork       SQL            1433
2020    -        Out O9  VirtualNetwork       AzureMonitor   1886
2020    -        Out O10 VirtualNetwork       EventHub       5672
2020    -        Out O11 VirtualNetwork       VirtualNetwork 6379-6383
`

// documentTags are prefixes for the tags; some share addresses. The platform's
// address is the load balancer's alone: no other rule concerns it.
var documentTags = map[string]string{
	"VirtualNetwork": "10.0.0.0/16", "space": "10.0.0.0/16", "AzureLoadBalancer": "168.63.129.16/32",
	"Internet":            "1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/3",
	"LogicAppsManagement": "20.1.0.0/24", "LogicApps": "20.1.0.0/23", "AzureConnectors": "20.2.0.0/24 20.2.8.0/24", "AppServiceManagement": "20.3.0.0/24",
	"AzureTrafficManager": "20.4.0.0/24", "AppService": "20.5.0.0/24", "APIManagement": "20.5.0.128/25", "AzureActiveDirectory": "20.6.0.0/24",
	"Storage": "20.7.0.0/24 20.8.0.0/26", "AzureMonitor": "20.8.0.0/24", "SQL": "20.9.0.0/24", "EventHub": "20.10.0.0/24",
}

// documentRow is a row as sets of numbers.
type documentRow struct {
	edition, endpoint, id string
	direction             Direction
	from, to              string
	source, destination   []netip.Prefix
	ports                 [][2]int
}

func documentRowsOf(t *testing.T, edition, endpoint string) []documentRow {
	var rows []documentRow
	for line := range strings.Lines(documentRows) {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] != edition || w[1] != "-" && w[1] != endpoint {
			continue
		}
		r := documentRow{edition: w[0], endpoint: endpoint, id: w[3], direction: map[string]Direction{"In": Inbound, "Out": Outbound}[w[2]], from: w[4], to: w[5],
			source: mustPrefixes(strings.Fields(documentTags[w[4]])...), destination: mustPrefixes(strings.Fields(documentTags[w[5]])...)}
		for _, text := range strings.Split(strings.Replace(w[6], "*", "0-65535", 1), ",") {
			first, last, ranged := strings.Cut(text, "-")
			low, _ := strconv.Atoi(first)
			high := low
			if ranged {
				high, _ = strconv.Atoi(last)
			}
			r.ports = append(r.ports, [2]int{low, high})
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	return rows
}

// meets tells whether two rows share flows; covers, whether r has all flows of other.
func (r documentRow) meets(other documentRow) bool {
	sets := func(a, b []netip.Prefix) bool {
		return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
	}
	ports := slices.ContainsFunc(r.ports, func(a [2]int) bool {
		return slices.ContainsFunc(other.ports, func(b [2]int) bool { return a[0] <= b[1] && b[0] <= a[1] })
	})
	return r.direction == other.direction && sets(r.source, other.source) && sets(r.destination, other.destination) && ports
}

func (r documentRow) covers(other documentRow) bool {
	sets := func(a, b []netip.Prefix) bool {
		return !slices.ContainsFunc(b, func(p netip.Prefix) bool {
			return !slices.ContainsFunc(a, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
		})
	}
	return sets(r.source, other.source) && sets(r.destination, other.destination) && !slices.ContainsFunc(other.ports, func(b [2]int) bool {
		return !slices.ContainsFunc(r.ports, func(a [2]int) bool { return a[0] <= b[0] && b[1] <= a[1] })
	})
}

// deny is the row's tuple as a rule that denies it.
func (r documentRow) deny(p Protocol) SecurityRule {
	side := func(name string) Side {
		if name == "space" {
			return Side{Addresses: addresses(documentTags[name])}
		}
		return Side{Addresses: addresses(name)}
	}
	rule := SecurityRule{Name: "Block", Priority: 100, Direction: r.direction, Protocol: p, Source: side(r.from), Destination: side(r.to)}
	for _, ports := range r.ports {
		rule.Destination.Ports = append(rule.Destination.Ports, PortRange{uint16(ports[0]), uint16(ports[1])})
	}
	return rule
}

// documentModel has the tags, and at one subnet the group with the rule.
func documentModel(at int, rules ...SecurityRule) *Model {
	m := environment(rules...)
	m.Networks[0].Subnets[1].SecurityGroup = ""
	m.Networks[0].Subnets[at].SecurityGroup = "/nsg"
	for name, prefixes := range documentTags {
		if name != "space" && name != "VirtualNetwork" && name != "Internet" && name != "AzureLoadBalancer" {
			m.Tags = append(m.Tags, ServiceTag{Name: name, Prefixes: mustPrefixes(strings.Fields(prefixes)...)})
		}
	}
	return m
}

// eachDocument runs a test for both documents and both endpoints.
func eachDocument(t *testing.T, run func(t *testing.T, v Version, e Endpoint, rows []documentRow)) {
	for _, v := range []Version{Version2019, Version2020} {
		for e, endpoint := range []string{"Internal", "External"} {
			t.Run(v.String()+" "+endpoint, func(t *testing.T) {
				run(t, v, Endpoint(e), documentRowsOf(t, v.String(), endpoint))
			})
		}
	}
}

// TestEveryRowOfTheDocuments blocks each row of both documents at each subnet by one
// rule of exactly its tuple, for every protocol, for one and for none that the row
// needs: RequiredAccess names exactly the rows that share flows with the rule.
func TestEveryRowOfTheDocuments(t *testing.T) {
	eachDocument(t, func(t *testing.T, v Version, e Endpoint, rows []documentRow) {
		for _, blocked := range rows {
			for at := range 4 {
				for _, protocol := range []Protocol{AnyProtocol, TCP, UDP, ICMP} {
					results := judged(t, documentModel(at, blocked.deny(protocol)), v, e)
					checkDocument(t, blocked, protocol, fmt.Sprint("/vnet/subnets/LA", at+1), rows, results)
				}
			}
		}
	})
}

func checkDocument(t *testing.T, blocked documentRow, protocol Protocol, subnet string, rows []documentRow, results []AccessResult) {
	t.Helper()
	if len(results) != 4*len(rows) {
		t.Fatalf("%d results for %d rows", len(results), len(rows))
	}
	for _, r := range results {
		i := slices.IndexFunc(rows, func(row documentRow) bool { return row.id == r.Requirement.ID })
		if i < 0 {
			t.Fatalf("row %s is not in the document", r.Requirement.ID)
		}
		want := Open
		if row := rows[i]; r.Subnet == subnet && protocol != ICMP && blocked.meets(row) {
			want = PartlyOpen
			if protocol == AnyProtocol && blocked.covers(row) {
				want = Blocked
			}
		}
		if r.Openness != want || r.Sampled {
			t.Errorf("%s blocked (%s) at %s: want %s: %s", blocked.id, protocol, subnet, want, r)
		}
		for _, d := range r.Denials {
			if d := d.Decision; len(r.Denials) != 1 || d.RuleID != "/nsg/securityRules/Block" || d.Priority != 100 || d.SecurityGroup != "/nsg" || d.Subnet != subnet {
				t.Errorf("%s blocked: the rule is not named: %s", blocked.id, r)
			}
		}
	}
}

// TestRoutesAndFirewallsOfTheDocuments: a route of each tag to None, and to a
// firewall without rules, names the route or the firewall in exactly the rows whose
// other side has addresses of the tag.
func TestRoutesAndFirewallsOfTheDocuments(t *testing.T) {
	eachDocument(t, func(t *testing.T, v Version, e Endpoint, rows []documentRow) {
		for tag, prefixes := range documentTags {
			if tag == "space" || tag == "VirtualNetwork" || tag == "Internet" || tag == "AzureLoadBalancer" {
				continue
			}
			for _, hop := range []NextHopType{None, VirtualAppliance} {
				checkRouted(t, tag, hop, mustPrefixes(strings.Fields(prefixes)...), rows, judged(t, routedModel(tag, hop), v, e))
			}
		}
	})
}

// routedModel leads a tag's addresses astray at subnet LA3.
func routedModel(tag string, hop NextHopType) *Model {
	m := documentModel(0)
	n := &m.Networks[0]
	n.Subnets[2].RouteTable = "/rt"
	n.Subnets = append(n.Subnets, Subnet{ID: "/vnet/subnets/AzureFirewallSubnet", Prefixes: mustPrefixes("10.0.4.0/26")})
	route := Route{Name: "astray", Destination: Address{Tag: tag}, NextHop: hop}
	if hop == VirtualAppliance {
		route.NextHopIP = netip.MustParseAddr("10.0.4.4")
	}
	m.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{route}}}
	m.Firewalls = []Firewall{{ID: "/fw", Subnet: n.Subnets[4].ID, PrivateIP: netip.MustParseAddr("10.0.4.4")}}
	return m
}

func checkRouted(t *testing.T, tag string, hop NextHopType, astray []netip.Prefix, rows []documentRow, results []AccessResult) {
	t.Helper()
	for _, r := range results {
		row := rows[slices.IndexFunc(rows, func(row documentRow) bool { return row.id == r.Requirement.ID })]
		other := row.destination
		if row.direction == Inbound {
			other = row.source
		}
		astrayRow := row
		astrayRow.source, astrayRow.destination = astray, row.destination
		if row.direction == Outbound {
			astrayRow.source, astrayRow.destination = row.source, astray
		}
		want := Open
		if strings.HasSuffix(r.Subnet, "LA3") && slices.ContainsFunc(other, func(p netip.Prefix) bool { return slices.ContainsFunc(astray, p.Overlaps) }) {
			want = PartlyOpen
			if astrayRow.covers(row) {
				want = Blocked
			}
		}
		if r.Openness != want {
			t.Errorf("%s to %s: want %s: %s", tag, hop, want, r)
		}
		for _, d := range r.Denials {
			stage, reason, text := StageRoute, RouteToNone, "route astray"
			if hop == VirtualAppliance {
				reason = ReplyElsewhere
				if row.direction == Outbound {
					stage, reason, text = StageFirewall, NoRuleMatched, "firewall fw"
				}
			}
			if d := d.Decision; len(r.Denials) != 1 || d.Stage != stage || d.Reason != reason || d.RouteID != "/rt/routes/astray" || (d.Firewall == "/fw") != (stage == StageFirewall) || !strings.Contains(d.String(), text) {
				t.Errorf("%s to %s: neither route nor firewall is named: %s", tag, hop, r)
			}
		}
	}
}

// TestDefaultRouteNamesSubnetAndRoute is about row R1: with a gateway, at a subnet
// without the route, with a route elsewhere, and with the right one.
func TestDefaultRouteNamesSubnetAndRoute(t *testing.T) {
	m := environment()
	m.Networks[0].Gateway = &Gateway{ID: "/gw", Prefixes: mustPrefixes("0.0.0.0/0", "192.168.0.0/16")}
	everything := addresses("0.0.0.0/0")[0]
	m.RouteTables = []RouteTable{
		{ID: "/rt/right", Routes: []Route{{Name: "out", Destination: everything, NextHop: Internet}}},
		{ID: "/rt/none", Routes: []Route{{Name: "drop", Destination: everything, NextHop: None}}},
		{ID: "/rt/cut", DisableGatewayRoutes: true},
	}
	for i, table := range []string{"/rt/right", "/rt/none", "/rt/cut", ""} {
		m.Networks[0].Subnets[i].RouteTable = table
	}
	var got []string
	for _, r := range judged(t, m, Version2020, InternalEndpoint) {
		if r.Requirement.ID == "R1" {
			got = append(got, r.String())
		}
	}
	const row = "R1 Outbound Route 0.0.0.0/0 to Internet, with ExpressRoute or VPN (*) at subnet "
	const why = ": with a gateway, the route 0.0.0.0/0 to Internet is required"
	want := []string{
		row + "LA1: open",
		row + "LA2: blocked; Tcp 10.0.1.0:0 -> 0.0.0.0:0: denied by route drop 0.0.0.0/0 to None of subnet LA2" + why,
		row + "LA3: blocked; Tcp 10.0.2.0:0 -> 0.0.0.0:0: denied by the system's route 0.0.0.0/0 to Internet of subnet LA3" + why,
		row + "LA4: blocked; Tcp 10.0.3.0:0 -> 0.0.0.0:0: denied by the gateway's route 0.0.0.0/0 to VirtualNetworkGateway of subnet LA4" + why,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
