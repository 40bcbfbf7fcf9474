package server

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"isle/internal/logic"
	"isle/netpol"
)

// TestThreatsAreReadAgain: what is wrong is told once and leaves what was in force.
func TestThreatsAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "threats.txt")
	c := Config{ThreatList: path}
	if err := c.readFiles(); err == nil || !strings.Contains(err.Error(), "--threat-list") {
		t.Error(err)
	}
	write(t, path, "198.51.100.7\nevil.example.com\n")
	if err := c.readFiles(); err != nil {
		t.Fatal(err)
	}
	list := c.threats
	reads := func(want bool, says string) {
		t.Helper()
		changed, err := list.read()
		if changed != want || (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%t %v, want %t %s", changed, err, want, says)
		}
	}
	reads(false, "")
	write(t, path, "198.51.100.7\nnothing much\n")
	reads(false, "line 2")
	reads(false, "")
	if len(list.has.Prefixes)+len(list.has.Names) != 2 {
		t.Error(list.has)
	}
	write(t, path, "*.evil.example.com\n")
	reads(true, "")
	if list.has.Names[0] != "*.evil.example.com" || list.has.Prefixes != nil {
		t.Error(list.has)
	}
}

// TestComponentsAreKnownWhereTheyAre: another network may have the address of a component.
func TestComponentsAreKnownWhereTheyAre(t *testing.T) {
	space := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	policy, err := netpol.Compile(&netpol.Model{Networks: []netpol.VirtualNetwork{{ID: "/here", Space: space}, {ID: "/apart", Space: space}}})
	if err != nil {
		t.Fatal(err)
	}
	in := &logic.Placement{Network: "/HERE"}
	for i := range in.Ranges {
		in.Ranges[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(32 * i)}), 27)
	}
	st := &standing{placements: map[string]*logic.Placement{"e": in}}
	for _, c := range []struct {
		network, address string
		want             bool
	}{{"/here", "10.0.0.4", true}, {"/here", "10.0.0.9", false}, {"/apart", "10.0.0.4", false}} {
		n, _ := policy.Network(c.network)
		if got := st.component(n, netip.MustParseAddr(c.address)); got != c.want {
			t.Errorf("%s in %s: %t", c.address, c.network, got)
		}
	}
}
