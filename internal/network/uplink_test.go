package network_test

import (
	"fmt"
	"strings"
	"testing"
)

// uplinked is a network with a tag for its way out.
func uplinked(space, uplink string) string {
	return strings.Replace(networkOf(space), `{`, fmt.Sprintf(`{"tags":{"isle-uplink":%q},`, uplink), 1)
}

// TestUplinksAreApart: networks that leave by one interface have addresses of their own
// there, whether the tag comes with the network or by itself.
func TestUplinksAreApart(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", vnets+"/one", uplinked("10.1.0.0/16", "eth1 203.0.113.10/24 203.0.113.11/24 via 203.0.113.1"), 201)
	w.send("PUT", vnets+"/one", uplinked("10.1.0.0/16", "eth1 203.0.113.10/24 203.0.113.11/24 via 203.0.113.1"), 200)
	w.send("PUT", vnets+"/two", networkOf("10.2.0.0/16"), 201)
	tag := func(uplink string) string { return fmt.Sprintf(`{"tags":{"isle-uplink":%q}}`, uplink) }
	for _, c := range []struct{ uplink, codes string }{
		{"eth1 203.0.113.11/24 via 203.0.113.1", "UplinkAddressInUse"},
		{"eth1 203.0.113.11/28", "UplinkAddressInUse"},
		{"eth1 203.0.113.10/24 203.0.113.11/24", "UplinkAddressInUse"},
		{"eth1 203.0.113.1/24", "UplinkAddressInUse"},
		{"eth1 203.0.113.12/24 via 203.0.113.10", "UplinkAddressInUse"},
		{"eth1 10.2.9.2/24 203.0.113.10/24", "UplinkOverlapsAddressSpace UplinkAddressInUse"},
		{"eth1 10.0.0.2/8", "UplinkOverlapsAddressSpace"},
	} {
		w.refused("PATCH", vnets+"/two", tag(c.uplink), c.codes)
		w.refused("PUT", vnets+"/two", uplinked("10.2.0.0/16", c.uplink), c.codes)
	}
	w.snapshot()
	w.send("PATCH", vnets+"/two", tag("eth1 203.0.113.12/24 via 203.0.113.1"), 200)
	w.send("PATCH", vnets+"/two", tag("eth2 203.0.113.10/24"), 200)
	if s := w.snapshot(); len(s.Uplinks()) != 2 {
		t.Errorf("uplinks %v", s.Uplinks())
	}
}
