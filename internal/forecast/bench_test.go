package forecast

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"isle/internal/dataplane"
	"isle/internal/store"
	"isle/internal/traffic"
	"isle/netpol"
)

const environment = "0123456789abcdef0123456789abcdef"

type places map[string]*dataplane.Place

func (p places) Of(environment string) *dataplane.Place { return p[environment] }

// guarded is the environment in a network whose first subnet has a group of 200 rules and
// one that denies a range of the Internet.
func guarded(b *testing.B, denied string) places {
	b.Helper()
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/"
	g := netpol.SecurityGroup{ID: id + "networkSecurityGroups/web"}
	add := func(name string, priority int, access netpol.Access, to string) {
		address, err := netpol.ParseAddress(to)
		if err != nil {
			b.Fatal(err)
		}
		g.Rules = append(g.Rules, netpol.SecurityRule{Name: name, Priority: priority, Direction: netpol.Outbound, Access: access, Destination: netpol.Side{Addresses: []netpol.Address{address}}})
	}
	add("denied", 100, netpol.Deny, denied)
	for i := range 200 {
		add(fmt.Sprint("r", i), 200+i, netpol.Access(i%2), fmt.Sprintf("198.%d.%d.0/24", i%4, i))
	}
	n := netpol.VirtualNetwork{ID: id + "virtualNetworks/net", Space: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}
	p := &dataplane.Place{Revision: 1, Environment: "/e"}
	for i, name := range []string{"a", "b", "c", "d"} {
		s := netpol.Subnet{ID: n.ID + "/subnets/" + name, Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24)}, SecurityGroup: g.ID}
		n.Subnets = append(n.Subnets, s)
		p.Subnets[i], p.Ranges[i] = s.ID, s.Prefixes[0]
	}
	policy, err := netpol.Compile(&netpol.Model{Networks: []netpol.VirtualNetwork{n}, SecurityGroups: []netpol.SecurityGroup{g}})
	if err != nil {
		b.Fatal(err)
	}
	p.Network, _ = policy.Network(n.ID)
	return places{environment: p}
}

// BenchmarkAMillionFlows judges as many records as are kept of an environment, sealed in
// its database, by two policies: each of 1,000 workflows called 1,000 addresses of its own
// (distinct), or all of them the same (alike).
func BenchmarkAMillionFlows(b *testing.B) {
	for name, distinct := range map[string]int{"distinct": 1_000_000, "alike": 1000} {
		b.Run(name, func(b *testing.B) {
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			s, err := store.Open(b.Context(), b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Environment(b.Context(), environment); err != nil {
				b.Fatal(err)
			}
			recorder := traffic.New(s, traffic.DefaultDays, func() time.Time { return now }, slog.New(slog.DiscardHandler))
			const perWrite = 25_000
			for i := range traffic.MaxRecords {
				to := i % distinct
				recorder.Note(dataplane.Attempt{Environment: environment, Subject: dataplane.Subject{Workflow: fmt.Sprint("/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w", i/1000), Name: "Call"}, Protocol: "tcp",
					Host: fmt.Sprintf("203.%d.%d.%d", to>>16, to>>8&255, to&255), Port: 443, Addresses: dataplane.PackAddresses(netip.AddrFrom4([4]byte{203, byte(to >> 16), byte(to >> 8), byte(to)}))})
				if (i+1)%perWrite != 0 {
					continue
				}
				if err := recorder.Write(b.Context()); err != nil {
					b.Fatal(err)
				}
				if (i+1)%(2*perWrite) == 0 && i < traffic.MaxRecords-1 {
					now = now.Add(16 * time.Hour) // over the days that are kept
				}
			}
			before, after := guarded(b, "192.0.2.0/24"), guarded(b, "203.0.16.0/20")
			n := dataplane.NewInproc(dataplane.Options{Networks: before})
			b.ResetTimer()
			for b.Loop() {
				f := flows{before: n.Under(before), after: n.Under(after)}
				if err := f.look(b.Context(), recorder, environment, traffic.DefaultDays); err != nil {
					b.Fatal(err)
				}
				if v, _ := f.view(0); v.Looked < traffic.MaxRecords*9/10 || v.WouldFail == 0 && distinct > 5000 {
					b.Fatalf("%+v", v)
				}
			}
		})
	}
}
