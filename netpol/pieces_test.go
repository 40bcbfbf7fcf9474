package netpol

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// points are flows of a row that stand for all, found in the most obvious way: each
// dimension has the first value of the row, and those at which anything anywhere in
// the model begins or has ended.
type points struct {
	m     *Model
	addrs []netip.Addr
	ports []uint16
}

func newPoints(m *Model, tags func(string) []netip.Prefix) *points {
	p := &points{m: m, ports: []uint16{0}}
	prefix := func(list ...netip.Prefix) {
		for _, x := range list {
			p.addrs = append(p.addrs, x.Masked().Addr(), lastOf(x).Next())
		}
	}
	side := func(s Side) {
		for _, a := range s.Addresses {
			if a.Tag != "" {
				prefix(tags(a.Tag)...)
			} else if !a.IsAny() {
				prefix(a.Prefix)
			}
		}
		for _, r := range s.Ports {
			p.ports = append(p.ports, r.First, r.Last+1)
		}
	}
	for _, g := range m.SecurityGroups {
		for _, r := range append(slices.Clone(g.Rules), DefaultRules()...) {
			side(r.Source)
			side(r.Destination)
		}
	}
	group := func(g *RuleCollectionGroup) {
		for _, s := range g.sides() {
			side(s)
		}
		for _, c := range g.Applications {
			for _, r := range c.Rules {
				for _, ap := range r.Protocols {
					p.ports = append(p.ports, ap.Port, ap.Port+1)
				}
			}
		}
	}
	intel := func(t ThreatIntel) { prefix(t.Allowed.Prefixes...) }
	for i := range m.Firewalls {
		f := &m.Firewalls[i]
		group(f.own())
		intel(f.ThreatIntel)
		prefix(netip.PrefixFrom(f.PrivateIP, 32))
		prefix(hostPrefixes(f.PublicIPs)...)
		prefix(f.PrivateRanges...)
	}
	for i := range m.Policies {
		for k := range m.Policies[i].Groups {
			group(&m.Policies[i].Groups[k])
		}
		intel(m.Policies[i].ThreatIntel)
		prefix(m.Policies[i].PrivateRanges...)
	}
	prefix(m.Threats.Prefixes...)
	for _, t := range m.RouteTables {
		for _, r := range t.Routes {
			side(Side{Addresses: []Address{r.Destination}})
			if r.NextHopIP.IsValid() {
				prefix(netip.PrefixFrom(r.NextHopIP, 32))
			}
		}
	}
	for _, n := range m.Interfaces {
		prefix(hostPrefixes(n.Addresses)...)
	}
	for _, n := range m.Networks {
		for _, s := range n.Subnets {
			prefix(s.Prefixes...)
		}
		prefix(n.Space...)
		for _, other := range n.Peerings {
			prefix(other.Space...)
		}
		if n.Gateway != nil {
			prefix(n.Gateway.Prefixes...)
		}
	}
	prefix(privateRanges...)
	return p
}

// of lists the addresses of a side of a row.
func (p *points) of(side []netip.Prefix) []netip.Addr {
	list := slices.Clone(p.addrs)
	for _, x := range side {
		list = append(list, x.Masked().Addr())
	}
	list = slices.DeleteFunc(list, func(a netip.Addr) bool { return !in(a, side) })
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

func (p *points) portsOf(row []PortRange) []uint16 {
	list := slices.Clone(p.ports)
	for _, r := range row {
		list = append(list, r.First)
	}
	list = slices.DeleteFunc(list, func(port uint16) bool {
		return !slices.ContainsFunc(row, func(r PortRange) bool { return r.Has(port) })
	})
	slices.Sort(list)
	return slices.Compact(list)
}

// verdict is what a row comes to, in a form that compares.
type verdict struct {
	openness Openness
	denials  string
	closed   string
}

func cause(d Decision) string {
	return fmt.Sprint(d.Stage, d.Reason, cmp.Or(d.RuleID, d.RouteID, d.RoutePrefix.String()), d.Interface)
}

// plainly judges every combination of the points.
func plainly(j *judge, r Requirement, s *subnet, p *points) (verdict, int) {
	var source, destination []netip.Addr
	var ends stops = outGroups | routing | appliance
	if r.Direction == Inbound {
		source, destination, ends = p.of(j.party(r.Source, r, s)), p.of(s.prefixes), replies|inGroups
	} else {
		source, destination = p.of(s.prefixes), p.of(j.party(r.Destination, r, s))
	}
	var denials []string
	open := map[Protocol]map[uint16]bool{TCP: {}, UDP: {}}
	judged, allowed, ports := 0, 0, p.portsOf(mergePorts(r.Ports))
	for _, protocol := range []Protocol{TCP, UDP} {
		for _, from := range source {
			for _, to := range destination {
				if from.BitLen() != to.BitLen() {
					continue
				}
				for _, port := range ports {
					for _, sourcePort := range p.portsOf([]PortRange{anyPort}) {
						judged++
						d := j.decide(Flow{Protocol: protocol, Source: from, SourcePort: sourcePort, Destination: to, DestinationPort: port}, ends, r)
						if d.Allowed() {
							allowed++
							open[protocol][port] = true
						} else if c := cause(d); !slices.Contains(denials, c) {
							denials = append(denials, c)
						}
					}
				}
			}
		}
	}
	slices.Sort(denials)
	v := verdict{openness: Blocked, denials: strings.Join(denials, "\n")}
	switch {
	case allowed == 0 && denials == nil:
		v.openness = NotJudged
	case denials == nil:
		v.openness = Open
	case allowed > 0:
		v.openness = PartlyOpen
	}
	for _, protocol := range []Protocol{TCP, UDP} {
		for _, port := range ports {
			if denials != nil && !open[protocol][port] {
				v.closed += fmt.Sprint(protocol, port, " ")
			}
		}
	}
	return v, judged
}

// verdictOf is the verdict of a result; its closed ports are told for the points.
func verdictOf(r AccessResult, ports []uint16) verdict {
	v := verdict{openness: r.Openness}
	var denials []string
	for _, d := range r.Denials {
		denials = append(denials, cause(d.Decision))
	}
	slices.Sort(denials)
	v.denials = strings.Join(denials, "\n")
	for _, protocol := range []Protocol{TCP, UDP} {
		for _, port := range ports {
			if slices.ContainsFunc(r.Closed, func(c ClosedPorts) bool { return c.Protocol == protocol && c.Ports.Has(port) }) {
				v.closed += fmt.Sprint(protocol, port, " ")
			}
		}
	}
	return v
}

// TestPiecesStandForAllFlows: openness, causes and closed ports are those of all
// flows, for random models with interfaces, routes, firewalls and appliances.
func TestPiecesStandForAllFlows(t *testing.T) {
	flows, rows := 0, 0
	for at := startSeed(t); flows < 1_500_000; at++ {
		g := generator{rand.New(rand.NewPCG(at, 2))}
		m := g.lackingModel()
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		n := p.Networks()[0]
		env := environmentOf(m, pick(g, InternalEndpoint, ExternalEndpoint))
		env.Subnets = []string{pick(g, env.Subnets...), m.Networks[0].Subnets[4].ID}
		env.Callers = pick(g, nil, mustPrefixes("192.168.0.0/24", "203.0.113.0/28"))
		results, err := p.RequiredAccess(env, pick(g, Versions()...))
		if err != nil {
			t.Fatal(err)
		}
		j := &judge{network: n, environment: env, spans: spanCache{}}
		points := newPoints(m, n.Tag)
		r := results[g.n(len(results))]
		if r.Requirement.ID == defaultRouteRow || r.Requirement.Destination == PartyPlatform {
			continue
		}
		want, judged := plainly(j, r.Requirement, n.subnets[strings.ToLower(r.Subnet)], points)
		got := verdictOf(r, points.portsOf(mergePorts(r.Requirement.Ports)))
		if got != want || r.Sampled {
			t.Fatalf("seed %d: %s\n got %+v\nwant %+v", at, r, got, want)
		}
		flows += judged
		rows++
	}
	t.Logf("%d rows, %d flows", rows, flows)
}

// TestLargeGroupsAreJudgedExactly: groups of 1,000 rules of each kind.
func TestLargeGroupsAreJudgedExactly(t *testing.T) {
	for kind := range largeGroups {
		m := largeModel(kind, maxRules)
		p, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		results, err := p.RequiredAccess(environmentOf(m, ExternalEndpoint), Version2020)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Sampled {
				t.Errorf("%s: %s %s", largeGroups[kind].name, r.Requirement.ID, r.Subnet)
			}
		}
	}
}

// TestTooManyPiecesAreSampled: 1,000 rules that overlap each other in both ports.
func TestTooManyPiecesAreSampled(t *testing.T) {
	m := environment()
	g := &m.SecurityGroups[0]
	r := rand.New(rand.NewPCG(3, 3))
	wide := func() []PortRange { first := uint16(r.IntN(30000)); return []PortRange{{first, first + 30000}} }
	for i := range maxRules - len(g.Rules) {
		rule := SecurityRule{Name: fmt.Sprint("r", i), Priority: 200 + i, Direction: Outbound, Access: Access(i % 2), Source: Side{Ports: wide()}, Destination: Side{Ports: wide()}}
		g.Rules = append(g.Rules, rule)
	}
	for _, r := range judged(t, m, Version2020, InternalEndpoint) {
		if at := r.Requirement.ID == "O1" && strings.HasSuffix(r.Subnet, "LA2"); r.Sampled != at || at && r.Openness != PartlyOpen {
			t.Errorf("%s %s: sampled %v, %s", r.Requirement.ID, r.Subnet, r.Sampled, r.Openness)
		}
	}
}

// TestBothFamiliesAreJudged: subnets with ranges of both; a rule of each closes flows
// of its own family only.
func TestBothFamiliesAreJudged(t *testing.T) {
	for denied, want := range map[string]Openness{"198.51.100.0/24": PartlyOpen, "2001:db8::/32": PartlyOpen, "::/0": PartlyOpen, "0.0.0.0/0": PartlyOpen, "fd01::/16": Open, "*": Blocked} {
		m := environment(SecurityRule{Name: "r", Priority: 100, Direction: Outbound, Destination: Side{Addresses: addresses(denied), Ports: single(80, 443)}})
		n := &m.Networks[0]
		n.Space = append(n.Space, mustPrefixes("fd00::/48")...)
		n.Subnets[1].Prefixes = append(n.Subnets[1].Prefixes, mustPrefixes("fd00::/64")...)
		for _, r := range judged(t, m, Version2020, InternalEndpoint) {
			if r.Requirement.ID == "O2" && strings.HasSuffix(r.Subnet, "LA2") && (r.Openness != want || r.Sampled) {
				t.Errorf("%s: want %s: %s", denied, want, r)
			}
		}
	}
}
