package netpol

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func compile(t *testing.T, m *Model) *Network {
	t.Helper()
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p.Networks()[0]
}

// small is one network of one subnet with one group.
func small(rules ...SecurityRule) *Model {
	return &Model{
		Networks:       []VirtualNetwork{{ID: "/v", Space: mustPrefixes("10.0.0.0/16", "fd00::/48"), Subnets: []Subnet{{ID: "/v/s", Prefixes: mustPrefixes("10.0.0.0/24", "fd00::/64"), SecurityGroup: "/g"}}}},
		SecurityGroups: []SecurityGroup{{ID: "/g", Rules: rules}},
	}
}

func addresses(texts ...string) (list []Address) {
	for _, text := range texts {
		a, err := ParseAddress(text)
		if err != nil {
			panic(err)
		}
		list = append(list, a)
	}
	return list
}

// TestInternetIsPublicSpace: the blocks begin as effective rules show them
// (network.md §A4).
func TestInternetIsPublicSpace(t *testing.T) {
	got := fmt.Sprint(compile(t, small()).Tag("INTERNET"))
	if !strings.HasPrefix(got, "[1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6") {
		t.Error(got)
	}
}

func TestTagNames(t *testing.T) {
	m := small()
	m.Tags = []ServiceTag{{Name: "Storage", Prefixes: mustPrefixes("198.51.100.0/24")}, {Name: "Sql.WestUS", Prefixes: mustPrefixes("203.0.113.0/25")}, {Name: "Sql.EastUS", Prefixes: mustPrefixes("203.0.113.128/25")},
		{Name: "Internet", Prefixes: mustPrefixes("127.0.0.0/8")}}
	n := compile(t, m)
	for name, want := range map[string]string{
		"storage": "[198.51.100.0/24]", "Storage.NorthEurope": "[198.51.100.0/24]", "SQL": "[203.0.113.0/24]", "sql.westus": "[203.0.113.0/25]",
		"AzureLoadBalancer": "[168.63.129.16/32]", "VirtualNetwork": "[10.0.0.0/16 168.63.129.16/32 fd00::/48]", "NoSuchTag": "[]",
	} {
		if got := fmt.Sprint(n.Tag(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := n.Tag("EventHub"); len(got) != 1 || !IsStandIn(got[0].Addr()) || !contains(n.Tag("Internet"), got[0].Addr()) {
		t.Errorf("EventHub: %v", got)
	}
	if !contains(n.Tag("Internet"), netip.MustParseAddr("127.0.0.1")) {
		t.Error("what is listed for Internet is not in it")
	}
}

// TestRules are the single statements of network.md §A3.
func TestRules(t *testing.T) {
	rule := func(p Protocol, source, destination Side) SecurityRule {
		return SecurityRule{Name: "r", Priority: 100, Direction: Inbound, Access: Deny, Protocol: p, Source: source, Destination: destination}
	}
	web := Side{Ports: []PortRange{{443, 443}}}
	for _, c := range []struct {
		name string
		rule SecurityRule
		flow string
		want Access
	}{
		{"port", rule(TCP, Side{}, web), "tcp 10.0.9.9:1 10.0.0.4:443", Deny},
		{"other port", rule(TCP, Side{}, web), "tcp 10.0.9.9:1 10.0.0.4:444", Allow},
		{"other protocol", rule(TCP, Side{}, web), "udp 10.0.9.9:1 10.0.0.4:443", Allow},
		{"source port", rule(AnyProtocol, web, Side{}), "udp 10.0.9.9:443 10.0.0.4:1", Deny},
		{"any with ports is not icmp", rule(AnyProtocol, Side{}, web), "icmp 10.0.9.9 10.0.0.4", Allow},
		{"any is icmp", rule(AnyProtocol, Side{}, Side{}), "icmp 10.0.9.9 10.0.0.4", Deny},
		{"any with all ports is esp", rule(AnyProtocol, Side{}, Side{Ports: []PortRange{{0, 100}, {101, 65535}}}), "esp 10.0.9.9 10.0.0.4", Deny},
		{"icmp has no ports", rule(ICMP, Side{}, web), "icmp 10.0.9.9 10.0.0.4", Deny},
		{"icmp is not tcp", rule(ICMP, Side{}, web), "tcp 10.0.9.9:1 10.0.0.4:443", Allow},
		{"ah", rule(AH, Side{}, Side{}), "ah 10.0.9.9 10.0.0.4", Deny},
		{"0.0.0.0/0 is not IPv6", rule(AnyProtocol, Side{Addresses: addresses("0.0.0.0/0")}, Side{}), "tcp [fd00::9:1]:1 [fd00::4]:1", Allow},
		{"IPv6", rule(AnyProtocol, Side{Addresses: addresses("fd00::9:0/112")}, Side{}), "tcp [fd00::9:1]:1 [fd00::4]:1", Deny},
		{"mapped", rule(AnyProtocol, Side{Addresses: addresses("10.0.9.9")}, Side{}), "tcp [::ffff:10.0.9.9]:1 [::ffff:10.0.0.4]:1", Deny},
		{"tag in any case", rule(AnyProtocol, Side{Addresses: addresses("virtualNETWORK")}, Side{}), "tcp 10.0.9.9:1 10.0.0.4:1", Deny},
		{"platform", rule(AnyProtocol, Side{}, Side{}), "tcp 168.63.129.16:1 10.0.0.4:1", Allow},
		{"platform by its tag", rule(AnyProtocol, Side{Addresses: addresses("AzurePlatformDNS")}, Side{}), "tcp 168.63.129.16:1 10.0.0.4:1", Deny},
	} {
		m := small(c.rule)
		if d := compile(t, m).Verify(parseFlow(t, strings.Fields(c.flow)), Inbound); d.Verdict != c.want {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestCompatVnetTag: with the option, a default route of the user's makes every
// address part of VirtualNetwork (network.md §C7.1).
func TestCompatVnetTag(t *testing.T) {
	m := small()
	m.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{{Name: "all", Destination: addresses("0.0.0.0/0")[0], NextHop: Internet}}}}
	m.Networks[0].Subnets[0].RouteTable = "/rt"
	flow := parseFlow(t, []string{"tcp", "8.8.8.8:1", "10.0.0.4:443"})
	if d := compile(t, m).Evaluate(flow); d.Allowed() {
		t.Error("strict:", d)
	}
	m.AzureCompatVnetTag = true
	if d := compile(t, m).Evaluate(flow); !d.Allowed() || d.RuleName != "defaultSecurityRules/AllowVnetInBound" {
		t.Error("as Azure:", d)
	}
}

func TestNextHop(t *testing.T) {
	m := small()
	m.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{{Name: "fw", Destination: addresses("8.8.8.0/24")[0], NextHop: VirtualAppliance, NextHopIP: netip.MustParseAddr("10.0.0.99")}}}}
	m.Networks[0].Subnets[0].RouteTable = "/rt"
	n := compile(t, m)
	for to, want := range map[string]string{"8.8.8.8": "VirtualAppliance 10.0.0.99 /rt/routes/fw", "8.8.4.4": "Internet invalid IP ", "10.0.3.3": "VnetLocal invalid IP ", "172.16.0.1": "None invalid IP "} {
		d := n.NextHop(netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr(to))
		if got := fmt.Sprint(d.NextHop, " ", d.NextHopIP, " ", d.RouteID); got != want {
			t.Errorf("%s: %s, want %s", to, got, want)
		}
	}
}

// TestProblemsAreToldAtOnce gives a model with many mistakes.
func TestProblemsAreToldAtOnce(t *testing.T) {
	m := small(
		SecurityRule{Name: "low", Priority: 99, Direction: Inbound},
		SecurityRule{Name: "one", Priority: 200, Direction: Inbound},
		SecurityRule{Name: "two", Priority: 200, Direction: Inbound, Source: Side{Addresses: []Address{{Prefix: netip.MustParsePrefix("10.0.0.1/24")}}, Ports: []PortRange{{2, 1}}}})
	m.Networks[0].Subnets = append(m.Networks[0].Subnets, Subnet{ID: "/V/S", Prefixes: mustPrefixes("10.0.0.128/25", "10.9.0.0/24"), SecurityGroup: "/none", RouteTable: "/none"})
	m.RouteTables = []RouteTable{{ID: "/rt", Routes: []Route{{Name: "a", Destination: addresses("8.0.0.0/8")[0], NextHop: VirtualAppliance}, {Name: "b", Destination: addresses("8.0.0.0/8")[0], NextHop: VNetPeering}}}}
	m.Firewalls = []Firewall{{ID: "/fw", Subnet: "/v/s", PrivateIP: netip.MustParseAddr("10.0.0.4"), Collections: []RuleCollection{{Name: "c", Priority: 1}}}}
	_, err := Compile(m)
	if err == nil {
		t.Fatal("the model is taken")
	}
	for _, want := range []string{"priority 99 is not", "rule one has the same priority", "host bits", "run backward", "the ID is there twice", "overlaps", "outside of the address space",
		"no network security group /none", "no route table /none", "needs an address", "cannot write routes", "route a has the same destination", "priority 1 is not"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told:\n%s", want, err)
		}
	}
}

func TestUnjudgeableFlowsAreDenied(t *testing.T) {
	n := compile(t, small())
	a := netip.MustParseAddr("10.0.0.4")
	for _, f := range []Flow{{}, {Protocol: TCP}, {Protocol: TCP, Source: a}, {Source: a, Destination: a}, {Protocol: 99, Source: a, Destination: a}, {Protocol: TCP, Source: a, Destination: netip.MustParseAddr("fd00::1")}} {
		if d := n.Evaluate(f); d.Allowed() || n.Explain(f) != nil {
			t.Errorf("%v: %s", f.Protocol, d)
		}
	}
}

// TestDenialsInPlainWords are those whose cause is not a thing the user wrote.
func TestDenialsInPlainWords(t *testing.T) {
	m := small()
	m.Networks[0].Space, m.Networks[0].Subnets[0].Prefixes = mustPrefixes("10.0.0.0/16"), mustPrefixes("10.0.0.0/24")
	m.Networks[0].Subnets[0].SecurityGroup = ""
	n := compile(t, m)
	for to, want := range map[string]string{
		"[2001:db8::1]:443": "denied: one address is IPv4, the other is IPv6: a subnet without an IPv6 range reaches IPv4 addresses only",
		"192.168.7.7:443":   "denied by the system's route 192.168.0.0/16 to None of subnet s: the address is private and not in the virtual network, and no other route leads to it",
	} {
		if d := n.Evaluate(parseFlow(t, []string{"tcp", "10.0.0.4:1", to})); d.Allowed() || d.String() != want {
			t.Errorf("%s: %s, want %s", to, d, want)
		}
	}
}

func parseFlow(t *testing.T, words []string) Flow {
	t.Helper()
	protocol, err := ParseProtocol(words[0])
	if err != nil {
		t.Fatal(err)
	}
	end := func(text string) netip.AddrPort {
		if ap, err := netip.ParseAddrPort(text); err == nil {
			return ap
		}
		return netip.AddrPortFrom(netip.MustParseAddr(text), 0)
	}
	from, to := end(words[1]), end(words[2])
	f := Flow{Protocol: protocol, Source: from.Addr(), SourcePort: from.Port(), Destination: to.Addr(), DestinationPort: to.Port()}
	if len(words) > 3 {
		speaks, name, _ := strings.Cut(words[3], "=")
		f.Application = Application{map[string]ApplicationProtocol{"http": HTTP, "https": HTTPS, "mssql": MSSQL}[speaks], name}
	}
	return f
}
