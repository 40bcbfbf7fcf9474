package netpol

import (
	"net/netip"
	"testing"
)

// TestNATSourcesAreSpread: each address of a gateway is that of a fair part of the flows,
// by source as well as by destination; and always the same one between two addresses.
func TestNATSourcesAreSpread(t *testing.T) {
	for n := 1; n <= 16; n++ {
		var pool []netip.Addr
		for i := range n {
			pool = append(pool, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
		}
		const each = 400
		count := map[netip.Addr]int{}
		for i := range each * n {
			inside, outside := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), netip.AddrFrom4([4]byte{198, 51, 100, 7})
			if i%2 == 0 {
				inside, outside = netip.AddrFrom4([4]byte{10, 0, 0, 4}), netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
			}
			got := NATSource(pool, inside, outside)
			if again := NATSource(pool, inside, outside); again != got {
				t.Fatalf("%s to %s: %s, then %s", inside, outside, got, again)
			}
			count[got]++
		}
		for _, a := range pool {
			if c := count[a]; c < each*2/3 || c > each*4/3 {
				t.Errorf("of %d flows over %d addresses, %s has %d", each*n, n, a, c)
			}
		}
	}
}

// TestNATGatewaysHaveVersions: a flow gets an address of its own version, or keeps its own.
func TestNATGatewaysHaveVersions(t *testing.T) {
	g := &NATGateway{ID: "/nat", Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("203.0.113.7")}}
	for _, test := range []struct {
		gateway *NATGateway
		ipv4    bool
		want    string
	}{{g, true, "203.0.113.7"}, {g, false, "2001:db8::7"}, {nil, true, ""}} {
		var got string
		if of := test.gateway.Of(test.ipv4); len(of) == 1 {
			got = of[0].String()
		}
		if got != test.want {
			t.Errorf("%v: %q, want %q", test, got, test.want)
		}
	}
	pool := newNATPool(&NATGateway{Addresses: g.Addresses[1:]})
	if a := pool.source(&Flow{Source: netip.MustParseAddr("2001:db8::1"), Destination: netip.MustParseAddr("2001:db8::2")}); a.IsValid() {
		t.Errorf("a flow of IPv6 leaves as %s", a)
	}
	m := small()
	m.Networks[0].Subnets[0].NAT = &NATGateway{ID: "/nat", Addresses: []netip.Addr{{}, netip.MustParseAddr("203.0.113.7")}}
	if _, err := Compile(m); err == nil || err.Error() != "/v/s: address invalid IP of NAT gateway /nat is not valid" {
		t.Errorf("an address that is none: %v", err)
	}
}
