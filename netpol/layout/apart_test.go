package layout_test

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"isle/netpol"
	"isle/netpol/layout"
)

// twoNetworks has an environment in each.
func twoNetworks(t *testing.T) layout.Input {
	t.Helper()
	in := layout.Input{Model: &netpol.Model{}}
	for _, id := range []string{"/vnet/good", "/vnet/bad"} {
		range16 := netip.MustParsePrefix("10.0.0.0/16")
		in.Model.Networks = append(in.Model.Networks, netpol.VirtualNetwork{ID: id, Space: []netip.Prefix{range16}, Subnets: []netpol.Subnet{{ID: id + "/one", Prefixes: []netip.Prefix{range16}}}})
		in.Environments = append(in.Environments, layout.Environment{ID: "/ise" + id, Store: id, Network: id, Parts: []layout.Part{{Name: "cache", Subnet: id + "/one", Address: netip.MustParseAddr("10.0.0.4")}}})
	}
	in.Model.Interfaces = []netpol.Interface{
		{ID: "/nic/a", Subnet: "/vnet/bad/one", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.8")}},
		{ID: "/nic/b", Subnet: "/vnet/bad/one", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.9")}},
	}
	var err error
	if in.Policy, err = netpol.Compile(in.Model); err != nil {
		t.Fatal(err)
	}
	return in
}

// TestProblemsOfANetworkAreItsOwn: two machines that want to be one network's gateway
// leave that one as it was, and the others go on.
func TestProblemsOfANetworkAreItsOwn(t *testing.T) {
	in := twoNetworks(t)
	before, err := layout.CompileApart(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.Attachments = []layout.Attachment{{Interface: "/nic/A", Given: "tapa", Gateway: true}, {Interface: "/nic/b", Given: "tapb", Gateway: true}}
	in.Uplinks = []layout.NetworkUplink{{Network: "/VNET/good", Interface: "br_wan", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}}}
	l, err := layout.CompileApart(in, before)
	var of *layout.NetworkError
	if !errors.As(err, &of) || of.Network != "/vnet/bad" {
		t.Fatal(err)
	}
	for _, n := range before.Namespaces {
		now, ok := l.Find(n.Name)
		if bad := n.Network == "/vnet/bad"; !ok || bad && !reflect.DeepEqual(*now, n) {
			t.Errorf("%s is another one: %+v", n.Name, now)
		}
	}
	good, _ := l.Find(layout.RouterName("/vnet/good"))
	if !slices.ContainsFunc(good.Links, func(l layout.Link) bool { return l.Kind == layout.Uplink && l.Parent == "br_wan" }) {
		t.Error("the other network has no uplink")
	}
	l, _ = layout.CompileApart(in, nil)
	if _, ok := l.Find(layout.RouterName("/vnet/bad")); ok || len(l.Namespaces) != 2 {
		t.Errorf("%+v", l)
	}
}

// TestPeeredNetworksStandTogether: what is wrong with one leaves those that are linked with
// it as they were, too.
func TestPeeredNetworksStandTogether(t *testing.T) {
	in := twoNetworks(t)
	m := in.Model
	m.Networks[0].Space = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	m.Networks[0].Subnets[0].Prefixes = m.Networks[0].Space
	in.Environments[0].Parts[0].Address = netip.MustParseAddr("10.1.0.4")
	m.Networks[0].Peerings = []netpol.Peering{{ID: "/p", Remote: "/vnet/BAD", Space: m.Networks[1].Space, Access: true}}
	m.Networks[1].Peerings = []netpol.Peering{{ID: "/q", Remote: "/vnet/good", Space: m.Networks[0].Space, Access: true}}
	var err error
	if in.Policy, err = netpol.Compile(m); err != nil {
		t.Fatal(err)
	}
	before, err := layout.CompileApart(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.Attachments = []layout.Attachment{{Interface: "/nic/A", Given: "tapa", Gateway: true}, {Interface: "/nic/b", Given: "tapb", Gateway: true}}
	l, err := layout.CompileApart(in, before)
	if err == nil || !reflect.DeepEqual(l, before) {
		t.Errorf("%v, %+v", err, l)
	}
	for _, id := range []string{"/vnet/good", "/vnet/bad"} {
		if !strings.Contains(err.Error(), "network "+id+":") {
			t.Errorf("%s is not told of: %v", id, err)
		}
	}
}

// TestProblemsOfNoNetworkAreTold as well.
func TestProblemsOfNoNetworkAreTold(t *testing.T) {
	in := twoNetworks(t)
	in.Attachments = []layout.Attachment{{Interface: "/nic/gone"}}
	l, err := layout.CompileApart(in, nil)
	var of *layout.NetworkError
	if err == nil || errors.As(err, &of) || len(l.Namespaces) != 4 {
		t.Errorf("%v, %+v", err, l)
	}
}
