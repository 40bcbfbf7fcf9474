package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// between is the members of a peering of some subnets of both networks.
func between(local, remote string) string {
	names := func(list string) string { return `["` + strings.ReplaceAll(list, " ", `","`) + `"]` }
	return `,"peerCompleteVnets":false,"localSubnetNames":` + names(local) + `,"remoteSubnetNames":` + names(remote)
}

// subnet makes one more subnet of a network.
func (w *world) subnet(network, name string, prefixes ...string) {
	w.t.Helper()
	w.send("PUT", vnets+"/"+network+"/subnets/"+name, fmt.Sprintf(`{"properties":{"addressPrefixes":["%s"]}}`, strings.Join(prefixes, `","`)), 201)
}

// peeredRoutes are the prefixes to which the routes of a subnet lead by a peering.
func (w *world) peeredRoutes(network, subnet string) string {
	w.t.Helper()
	policy, err := w.policies.Current()
	w.must(err)
	n, _ := policy.Policy.Network(vnets + "/" + network)
	var list []string
	for _, r := range n.EffectiveRoutes(vnets + "/" + network + "/subnets/" + subnet) {
		if r.NextHop.String() == "VNetPeering" {
			list = append(list, r.Prefix.String())
		}
	}
	return strings.Join(list, " ")
}

// TestPeeringsOfSubnets: the subnets that both sides name reach each other, the rest of the
// networks does not, and may overlap.
func TestPeeringsOfSubnets(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", vnets+"/one", networkOf("10.1.0.0/16", "10.9.0.0/16", "fd00:1::/48"), 201)
	w.send("PUT", vnets+"/two", networkOf("10.2.0.0/16", "10.9.0.0/16"), 201)
	w.subnet("one", "a", "10.1.0.0/24", "fd00:1::/64")
	w.subnet("one", "b", "10.1.1.0/24")
	w.subnet("one", "shared", "10.9.0.0/24")
	w.subnet("two", "c", "10.2.0.0/24")
	w.subnet("two", "d", "10.2.1.0/24")
	made := w.send("PUT", sideOf("one", "two"), toward("two", between("a B", "c")), 201)["properties"].(map[string]any)
	if made["peerCompleteVnets"] != false || fmt.Sprint(made["localSubnetNames"], made["remoteSubnetNames"]) != "[a B] [c]" {
		t.Errorf("made: %v", made)
	}
	w.send("PUT", sideOf("two", "one"), toward("one", between("c d", "a")), 201)
	w.isSide("one", "two", "Connected LocalNotInSync [10.1.0.0/24 fd00:1::/64] [10.1.0.0/24 fd00:1::/64 10.1.1.0/24] [10.2.0.0/24] [10.2.0.0/24]")
	for _, c := range []struct{ network, subnet, routes string }{
		{"one", "a", "10.2.0.0/24"}, {"one", "b", ""}, {"one", "shared", ""}, {"two", "c", "10.1.0.0/24 fd00:1::/64"}, {"two", "d", ""},
	} {
		if got := w.peeredRoutes(c.network, c.subnet); got != c.routes {
			t.Errorf("subnet %s of %s has routes to %q, want %q", c.subnet, c.network, got, c.routes)
		}
	}
	policy, err := w.policies.Current()
	w.must(err)
	n, _ := policy.Policy.Network(vnets + "/one")
	if tag := fmt.Sprint(n.Tag("VirtualNetwork")); !strings.Contains(tag, "10.2.0.0/24") || strings.Contains(tag, "10.2.1.0/24") {
		t.Errorf("VirtualNetwork is %s", tag)
	}

	w.send("PUT", sideOf("two", "one"), toward("one", between("c", "a b")+`,"enableOnlyIPv6Peering":false`), 200)
	w.isSide("one", "two", "Connected FullyInSync [10.1.0.0/24 fd00:1::/64 10.1.1.0/24] [10.1.0.0/24 fd00:1::/64 10.1.1.0/24] [10.2.0.0/24] [10.2.0.0/24]")
	if got := w.peeredRoutes("two", "c"); got != "10.1.0.0/24 10.1.1.0/24 fd00:1::/64" {
		t.Errorf("routes of c: %s", got)
	}
	w.send("PUT", sideOf("two", "one"), toward("one", between("c", "a b")+`,"enableOnlyIPv6Peering":true`), 200)
	if got := w.peeredRoutes("two", "c"); got != "fd00:1::/64" {
		t.Errorf("routes of c for IPv6: %s", got)
	}
	// A subnet that goes leaves nothing to reach; one that comes again is there with the next sync.
	w.send("DELETE", vnets+"/two/subnets/c", "", 200)
	if got := w.peeredRoutes("one", "a"); got != "" {
		t.Errorf("routes to a subnet that is gone: %s", got)
	}
	w.subnet("two", "c", "10.2.5.0/24")
	if got := w.peeredRoutes("one", "a"); got != "" {
		t.Errorf("routes to a subnet that was not synced: %s", got)
	}
	w.send("PUT", sideOf("one", "two")+"?syncRemoteAddressSpace=true", toward("two", between("a B", "c")), 200)
	if got := w.peeredRoutes("one", "a"); got != "10.2.5.0/24" {
		t.Errorf("routes after the sync: %s", got)
	}
	w.snapshot()
}

func TestPeeringsOfSubnetsAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, space := range map[string][]string{"one": {"10.1.0.0/16", "10.9.0.0/16"}, "two": {"10.2.0.0/16", "10.9.0.0/16"}, "three": {"10.3.0.0/16"}} {
		w.send("PUT", vnets+"/"+name, networkOf(space...), 201)
		w.subnet(name, "a", strings.Replace(space[0], ".0/16", ".0/24", 1))
	}
	w.subnet("one", "shared", "10.9.0.0/24")
	w.subnet("two", "shared", "10.9.1.0/24")
	w.send("PUT", sideOf("one", "two"), toward("two", between("a", "a")), 201)
	w.peer("one", "three", "")
	var many []string
	for i := range 201 {
		many = append(many, fmt.Sprint("s", i))
	}
	for _, c := range []struct{ path, body, codes string }{
		{sideOf("two", "one"), toward("one", `,"peerCompleteVnets":false`), "InvalidRequestFormat InvalidRequestFormat"},
		{sideOf("two", "one"), toward("one", `,"localSubnetNames":["a"]`), "InvalidRequestFormat VnetAddressSpacesOverlap RemotePeeringTypeDiffers"},
		{sideOf("two", "one"), toward("one", `,"enableOnlyIPv6Peering":true`), "InvalidRequestFormat VnetAddressSpacesOverlap RemotePeeringTypeDiffers"},
		{sideOf("two", "one"), toward("one", between("a A", "a")), "InvalidRequestFormat"},
		{sideOf("two", "one"), toward("one", between("a none", "a gone")), "InvalidResourceReference InvalidResourceReference"},
		{sideOf("two", "one"), toward("one", between(strings.Join(many, " "), "a")), "SubnetPeeringSubnetCountLimitReached" + strings.Repeat(" InvalidResourceReference", len(many))},
		{sideOf("two", "one"), toward("one", between("a shared", "a")), "VnetAddressSpacesOverlap"},
		{sideOf("two", "one"), toward("one", ""), "VnetAddressSpacesOverlap RemotePeeringTypeDiffers"},
		{sideOf("three", "one"), toward("one", between("a", "a")), "ChangingPeeringTypeNotAllowed RemotePeeringTypeDiffers"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.send("PUT", sideOf("two", "one"), toward("one", between("a", "a")), 201)
	w.refused("PUT", vnets+"/two", networkOf("10.2.0.0/16", "10.9.0.0/16", "10.1.0.0/24"), "VnetAddressSpacesOverlap")
	w.snapshot()
}

// driveSubnetPeerings makes both sides as the Azure SDK sends them.
func driveSubnetPeerings(s *sdk) {
	client := s.NewVirtualNetworkPeeringsClient()
	s.vnet("left", "10.41.0.0/16")
	s.vnet("right", "10.42.0.0/16")
	for _, side := range [][2]string{{"left", "right"}, {"right", "left"}} {
		made := await[armnetwork.VirtualNetworkPeeringsClientCreateOrUpdateResponse](s)(client.BeginCreateOrUpdate(s.ctx, "g", side[0], "to-"+side[1], armnetwork.VirtualNetworkPeering{
			Properties: &armnetwork.VirtualNetworkPeeringPropertiesFormat{RemoteVirtualNetwork: &armnetwork.SubResource{ID: to.Ptr(vnets + "/" + side[1])},
				PeerCompleteVnets: to.Ptr(false), LocalSubnetNames: []*string{to.Ptr("a")}, RemoteSubnetNames: []*string{to.Ptr("a")}}}, nil))
		check(s, "of subnets", *made.Properties.PeerCompleteVnets, false)
		check(s, "remote subnet", *made.Properties.RemoteSubnetNames[0], "a")
	}
	connected := got[armnetwork.VirtualNetworkPeeringsClientGetResponse](s)(client.Get(s.ctx, "g", "left", "to-right", nil))
	check(s, "state", *connected.Properties.PeeringState, armnetwork.VirtualNetworkPeeringStateConnected)
	check(s, "space", *connected.Properties.RemoteAddressSpace.AddressPrefixes[0], "10.42.0.0/24")
}
