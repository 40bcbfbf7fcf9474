package netpol

import (
	"flag"
	"math/rand/v2"
	"net/netip"
	"testing"
)

var seed = flag.Uint64("seed", 0, "where tests begin that draw their own models and flows; 0 is anywhere")

// startSeed is the seed of a test, which its log tells.
func startSeed(t *testing.T) uint64 {
	t.Helper()
	at := *seed
	if at == 0 {
		at = rand.Uint64()
	}
	t.Logf("-seed %d", at)
	return at
}

// linear is the first rule that matches, found by trying one after the other.
func linear(rules []match, f *Flow) int {
	has := func(list []PortRange, port uint16) bool {
		for _, r := range list {
			if r.First <= port && port <= r.Last {
				return true
			}
		}
		return false
	}
	for i := range rules {
		m := &rules[i]
		if !m.protocols.has(f.Protocol) || !in(f.Source, m.source) || !in(f.Destination, m.destination) {
			continue
		}
		if f.Protocol == TCP || f.Protocol == UDP {
			if has(m.sourcePorts, f.SourcePort) && has(m.ports, f.DestinationPort) {
				return i
			}
		} else if m.named.has(f.Protocol) || len(m.sourcePorts) == 1 && len(m.ports) == 1 && m.sourcePorts[0] == anyPort && m.ports[0] == anyPort {
			return i
		}
	}
	return -1
}

// boundFlow is a flow whose ends lie at, or one beside, the bounds of a rule.
func boundFlow(r *rand.Rand, rules []match) Flow {
	m := &rules[r.IntN(len(rules))]
	address := func(list []netip.Prefix) netip.Addr {
		p := list[r.IntN(len(list))]
		a := [...]netip.Addr{p.Addr(), lastOf(p), p.Addr().Prev(), lastOf(p).Next()}[r.IntN(4)]
		if !a.IsValid() {
			return p.Addr()
		}
		return a
	}
	port := func(list []PortRange) uint16 {
		p := list[r.IntN(len(list))]
		return [...]uint16{p.First, p.Last, p.First - 1, p.Last + 1}[r.IntN(4)]
	}
	return Flow{Protocol: Protocol(1 + r.IntN(int(protocolCount)-1)), Source: address(m.source), SourcePort: port(m.sourcePorts), Destination: address(m.destination), DestinationPort: port(m.ports)}
}

// TestClassifierAgreesWithLinearSearch tries two million flows, half of them at the
// bounds of rules, against lists of up to more than one word of summary.
func TestClassifierAgreesWithLinearSearch(t *testing.T) {
	start := startSeed(t)
	total, matched := 0, 0
	for _, c := range []struct{ rules, flows int }{{1, 100_000}, {2, 200_000}, {20, 800_000}, {63, 250_000}, {64, 250_000}, {65, 250_000}, {200, 140_000}, {700, 8_000}, {5000, 2_000}} {
		rules := randomRules(c.rules, start+uint64(c.rules))
		random, r := randomFlows(c.flows/2, start), rand.New(rand.NewPCG(start, 4))
		fast := newClassifier(rules)
		for i := range c.flows {
			f := random[i/2]
			if i%2 == 0 {
				f = boundFlow(r, rules)
			}
			got, want := fast.find(&f), linear(rules, &f)
			if got != want {
				t.Fatalf("%d rules, %s: rule %d, want %d", c.rules, f, got, want)
			}
			total++
			if got >= 0 {
				matched++
			}
		}
	}
	t.Logf("%d flows, %d of them matched a rule", total, matched)
	if total < 2_000_000 || matched < total/20 {
		t.Error("too few")
	}
}
