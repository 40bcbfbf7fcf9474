package runner

import (
	"net/netip"
	"testing"
)

func TestCallers(t *testing.T) {
	for _, c := range []struct {
		ranges        string
		inside, other string // inside is "" for a text that is none
	}{
		{"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
		{"10.1.2.3/16", "10.1.0.0", "10.0.255.255"},
		{"10.0.0.5-10.0.0.9", "10.0.0.9", "10.0.0.10"},
		{"10.0.0.5 - 10.0.0.9", "10.0.0.5", "10.0.0.4"},
		{"192.168.1.1", "::ffff:192.168.1.1", "192.168.1.2"},
		{"fd00::/8", "fdff::1", "10.0.0.1"},
		{"0.0.0.0/0", "255.255.255.255", "::1"},
		{"10.0.0.9-10.0.0.5", "", ""},
		{"10.0.0.1-fd00::1", "", ""},
		{"10.0.0.0/33", "", ""},
		{"everybody", "", ""},
		{"", "", ""},
	} {
		r, ok := ParseAddressRange(c.ranges)
		if ok != (c.inside != "") {
			t.Errorf("%q: read %v", c.ranges, ok)
		}
		if !ok {
			continue
		}
		callers := &Callers{Limited: true, Ranges: []AddressRange{r}}
		if !callers.Allow(netip.MustParseAddr(c.inside)) || callers.Allow(netip.MustParseAddr(c.other)) {
			t.Errorf("%q: %s must be in it, %s not", c.ranges, c.inside, c.other)
		}
	}
	if !new(Callers).Allow(netip.MustParseAddr("1.2.3.4")) || (&Callers{Limited: true}).Allow(netip.MustParseAddr("1.2.3.4")) {
		t.Error("no limit lets everybody, a limit without ranges nobody")
	}
}
