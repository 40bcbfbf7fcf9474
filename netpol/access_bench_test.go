package netpol

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// largeGroups are kinds of groups with 1,000 rules that close nothing as a whole.
var largeGroups = []struct {
	name string
	rule func(r *rand.Rand, d Direction) SecurityRule
}{
	{"hosts", func(r *rand.Rand, d Direction) SecurityRule { // machines and services, as groups that grew
		near := Side{Addresses: []Address{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(5)), byte(r.IntN(256))}), 24+r.IntN(9)).Masked()}}}
		far := Side{Addresses: []Address{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(1 + r.IntN(222)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}), 8+r.IntN(25)).Masked()}}}
		return sided(d, near, far, single(uint16(r.IntN(1024)), 443, 1433))
	}},
	{"tags", func(r *rand.Rand, d Direction) SecurityRule {
		tags := []Party{PartyVnet, PartyInternet, "Storage", "Sql", "AzureMonitor", "EventHub", "AzureConnectors", "LogicApps", "AppService", "Rare"}
		far := Side{Addresses: tagged(tags[r.IntN(len(tags))])}
		return sided(d, Side{Addresses: tagged(PartyVnet)}, far, []PortRange{randomPorts(r)})
	}},
	{"ports", func(r *rand.Rand, d Direction) SecurityRule { // any address, ranges of both ports
		rule := sided(d, Side{}, Side{}, []PortRange{randomPorts(r)})
		rule.Source.Ports = []PortRange{randomPorts(r)}
		return rule
	}},
	{"all", func(r *rand.Rand, d Direction) SecurityRule { // everything limits something
		rule := sided(d, Side{Addresses: []Address{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(5)), byte(r.IntN(256))}), 16+r.IntN(17)).Masked()}}},
			Side{Addresses: []Address{{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(r.IntN(256)), byte(r.IntN(256)), 0, 0}), r.IntN(17)).Masked()}}}, []PortRange{randomPorts(r), randomPorts(r)})
		rule.Source.Ports = []PortRange{randomPorts(r)}
		return rule
	}},
}

func sided(d Direction, near, far Side, ports []PortRange) SecurityRule {
	r := SecurityRule{Direction: d, Source: near, Destination: far}
	if d == Inbound {
		r.Source, r.Destination = far, near
	}
	r.Destination.Ports = ports
	return r
}

// largeModel has the four subnets of an environment, each with a group of its own
// that has the given number of rules.
func largeModel(kind, rules int) *Model {
	r := rand.New(rand.NewPCG(uint64(rules), 9))
	m := environment()
	m.SecurityGroups = nil
	m.Tags = []ServiceTag{{Name: "Rare", Prefixes: mustPrefixes("198.51.100.0/25", "203.0.113.0/24")}}
	for i := range m.Networks[0].Subnets {
		g := SecurityGroup{ID: fmt.Sprint("/nsg/", i)}
		for k := range rules {
			rule := largeGroups[kind].rule(r, Direction(k%2))
			rule.Name, rule.Priority, rule.Access, rule.Protocol = fmt.Sprint("r", k), 100+k, Access(r.IntN(2)), Protocol(r.IntN(3))
			g.Rules = append(g.Rules, rule)
		}
		m.SecurityGroups = append(m.SecurityGroups, g)
		m.Networks[0].Subnets[i].SecurityGroup = g.ID
	}
	return m
}

func BenchmarkRequiredAccess(b *testing.B) {
	for kind := range largeGroups {
		for _, rules := range []int{100, 1000} {
			b.Run(fmt.Sprintf("%s/rules=%d", largeGroups[kind].name, rules), func(b *testing.B) {
				m := largeModel(kind, rules)
				p, err := Compile(m)
				if err != nil {
					b.Fatal(err)
				}
				env := environmentOf(m, ExternalEndpoint)
				sampled := 0
				for b.Loop() {
					results, err := p.RequiredAccess(env, Version2020)
					if err != nil {
						b.Fatal(err)
					}
					sampled = 0
					for _, r := range results {
						if r.Sampled {
							sampled++
						}
					}
				}
				b.ReportMetric(float64(sampled), "sampled")
			})
		}
	}
}

func BenchmarkMissingRules(b *testing.B) {
	for kind := range largeGroups {
		b.Run(largeGroups[kind].name, func(b *testing.B) {
			m := largeModel(kind, maxRules-50)
			p, err := Compile(m)
			if err != nil {
				b.Fatal(err)
			}
			env := environmentOf(m, ExternalEndpoint)
			for b.Loop() {
				if _, _, err := p.MissingRules(env, Version2020); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
