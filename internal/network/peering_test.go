package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const vnets = provider + "/virtualNetworks"

// vnet makes a network of one subnet "a".
func (w *world) vnet(name, space string) {
	w.t.Helper()
	w.send("PUT", vnets+"/"+name, networkOf(space), 201)
	w.send("PUT", vnets+"/"+name+"/subnets/a", fmt.Sprintf(`{"properties":{"addressPrefix":%q}}`, strings.Split(space, "/")[0]+"/24"), 201)
}

func networkOf(space ...string) string {
	return fmt.Sprintf(`{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["%s"]}}}`, strings.Join(space, `","`))
}

func sideOf(local, remote string) string {
	return vnets + "/" + local + "/virtualNetworkPeerings/to-" + remote
}

func toward(remote, more string) string {
	return fmt.Sprintf(`{"properties":{"remoteVirtualNetwork":{"id":%q}%s}}`, vnets+"/"+remote, more)
}

// peer makes both sides.
func (w *world) peer(a, b, more string) {
	w.t.Helper()
	w.send("PUT", sideOf(a, b), toward(b, more), 201)
	w.send("PUT", sideOf(b, a), toward(a, more), 201)
}

// side tells the state of a side, its sync level and the spaces it holds.
func (w *world) side(local, remote string) string {
	w.t.Helper()
	p := w.send("GET", sideOf(local, remote), "", 200)["properties"].(map[string]any)
	space := func(name string) any { return p[name].(map[string]any)["addressPrefixes"] }
	return fmt.Sprint(p["peeringState"], " ", p["peeringSyncLevel"], " ", space("localAddressSpace"), space("localVirtualNetworkAddressSpace"), " ", space("remoteAddressSpace"), space("remoteVirtualNetworkAddressSpace"))
}

func (w *world) isSide(local, remote, want string) {
	w.t.Helper()
	if got := w.side(local, remote); got != want {
		w.t.Errorf("%s to %s: %s, want %s", local, remote, got, want)
	}
}

// The first side waits, the second connects both; one that goes leaves the other
// disconnected, which must be written anew.
func TestStatesOfPeerings(t *testing.T) {
	w := newWorld(t)
	w.vnet("hub", "10.1.0.0/16")
	w.vnet("spoke", "10.2.0.0/16")
	made := w.send("PUT", sideOf("spoke", "hub"), toward("HUB", ""), 201)
	if p := made["properties"].(map[string]any); p["allowVirtualNetworkAccess"] != true || p["remoteVirtualNetwork"].(map[string]any)["id"] != vnets+"/hub" {
		t.Errorf("made: %v", made)
	}
	const spoke, hub = "[10.2.0.0/16] [10.2.0.0/16] [10.1.0.0/16] [10.1.0.0/16]", "[10.1.0.0/16] [10.1.0.0/16] [10.2.0.0/16] [10.2.0.0/16]"
	w.isSide("spoke", "hub", "Initiated FullyInSync "+spoke)
	w.send("PUT", sideOf("hub", "spoke"), toward("spoke", ""), 201)
	w.isSide("spoke", "hub", "Connected FullyInSync "+spoke)
	w.isSide("hub", "spoke", "Connected FullyInSync "+hub)
	guid := func(local, remote string) any {
		return w.send("GET", sideOf(local, remote), "", 200)["properties"].(map[string]any)["resourceGuid"]
	}
	if a, b := guid("hub", "spoke"), guid("spoke", "hub"); a != b {
		t.Errorf("the two sides have the guids %v and %v", a, b)
	}
	inline := w.send("GET", vnets+"/hub", "", 200)["properties"].(map[string]any)["virtualNetworkPeerings"].([]any)
	if len(inline) != 1 || inline[0].(map[string]any)["id"] != sideOf("hub", "spoke") {
		t.Errorf("the network shows %v", inline)
	}

	w.send("DELETE", sideOf("hub", "spoke"), "", 200)
	w.isSide("spoke", "hub", "Disconnected FullyInSync "+spoke)
	w.refused("PUT", sideOf("hub", "spoke"), toward("spoke", ""), "RemotePeeringIsDisconnected")
	w.send("PUT", sideOf("spoke", "hub"), toward("hub", ""), 200)
	w.isSide("spoke", "hub", "Initiated FullyInSync "+spoke)
	w.send("PUT", sideOf("hub", "spoke"), toward("spoke", ""), 201)
	w.isSide("spoke", "hub", "Connected FullyInSync "+spoke)
	w.send("DELETE", vnets+"/hub", "", 200)
	w.isSide("spoke", "hub", "Disconnected FullyInSync "+spoke)
}

// What is connected is in the policy, with the address space of the last sync.
func TestAddressSpacesOfPeeringsAreBroughtInSync(t *testing.T) {
	w := newWorld(t)
	w.vnet("hub", "10.1.0.0/16")
	w.vnet("spoke", "10.2.0.0/16")
	routes := func() string {
		w.t.Helper()
		policy, err := w.policies.Current()
		w.must(err)
		n, _ := policy.Policy.Network(vnets + "/spoke")
		var list []string
		for _, r := range n.EffectiveRoutes(vnets + "/spoke/subnets/a") {
			if r.NextHop.String() == "VNetPeering" {
				list = append(list, r.Prefix.String())
			}
		}
		return strings.Join(list, " ")
	}
	w.send("PUT", sideOf("spoke", "hub"), toward("hub", ""), 201)
	if got := routes(); got != "" {
		t.Errorf("routes of an initiated peering: %s", got)
	}
	w.send("PUT", sideOf("hub", "spoke"), toward("spoke", ""), 201)
	if got := routes(); got != "10.1.0.0/16" {
		t.Errorf("routes %s", got)
	}
	w.send("PUT", vnets+"/hub", networkOf("10.1.0.0/16", "10.3.0.0/16"), 200)
	w.isSide("hub", "spoke", "Connected LocalNotInSync [10.1.0.0/16] [10.1.0.0/16 10.3.0.0/16] [10.2.0.0/16] [10.2.0.0/16]")
	w.isSide("spoke", "hub", "Connected RemoteNotInSync [10.2.0.0/16] [10.2.0.0/16] [10.1.0.0/16] [10.1.0.0/16 10.3.0.0/16]")
	w.send("PUT", sideOf("spoke", "hub"), toward("hub", ""), 200)
	if got := routes(); got != "10.1.0.0/16" {
		t.Errorf("routes without a sync: %s", got)
	}
	w.send("PUT", sideOf("spoke", "hub")+"?syncRemoteAddressSpace=true", toward("hub", ""), 200)
	w.isSide("hub", "spoke", "Connected FullyInSync [10.1.0.0/16 10.3.0.0/16] [10.1.0.0/16 10.3.0.0/16] [10.2.0.0/16] [10.2.0.0/16]")
	if got := routes(); got != "10.1.0.0/16 10.3.0.0/16" {
		t.Errorf("routes after a sync: %s", got)
	}
	w.send("DELETE", sideOf("hub", "spoke"), "", 200)
	if got := routes(); got != "" {
		t.Errorf("routes of a peering that is gone: %s", got)
	}
}

func TestPeeringsAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, space := range map[string]string{"hub": "10.1.0.0/16", "spoke": "10.2.0.0/16", "other": "10.3.0.0/16", "same": "10.1.128.0/17", "twin": "10.2.0.0/16"} {
		w.vnet(name, space)
	}
	w.peer("hub", "spoke", "")
	for _, c := range []struct{ path, body, codes string }{
		{sideOf("spoke", "none"), `{}`, "InvalidRequestFormat"},
		{sideOf("spoke", "none"), toward("none", ""), "InvalidResourceReference"},
		{sideOf("spoke", "none"), strings.Replace(toward("none", ""), "virtualNetworks", "routeTables", 1), "InvalidResourceReference"},
		{sideOf("spoke", "spoke"), toward("spoke", ""), "VnetCannotPeerWithItself"},
		{sideOf("hub", "same"), toward("same", ""), "VnetAddressSpacesOverlap"},
		{sideOf("hub", "twin"), toward("twin", ""), "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"},
		{sideOf("twin", "hub"), toward("hub", ""), "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"},
		{sideOf("spoke", "again"), toward("hub", ""), "AnotherPeeringAlreadyReferencesRemoteVnet"},
		{sideOf("spoke", "hub"), toward("other", ""), "ChangingRemoteVirtualNetworkNotAllowed"},
		{sideOf("spoke", "other"), toward("other", `,"useRemoteGateways":true`), "RemoteVnetHasNoGateways"},
		{sideOf("spoke", "hub"), toward("hub", `,"useRemoteGateways":true`), "RemotePeeringDoesNotAllowGatewayTransit RemoteVnetHasNoGateways"},
		{sideOf("spoke", "other"), toward("other", `,"peerCompleteVnets":false,"enableOnlyIPv6Peering":true`), "InvalidRequestFormat InvalidRequestFormat"},
		{vnets + "/spoke", networkOf("10.2.0.0/16", "10.1.0.0/24"), "VnetAddressSpacesOverlap"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.peer("hub", "other", "")
	w.refused("PUT", vnets+"/other", networkOf("10.3.0.0/16", "10.2.0.0/24"), "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet")
	w.send("PUT", vnets+"/spoke", networkOf("10.2.0.0/16", "10.4.0.0/16"), 200)
	w.send("PUT", vnets+"/spoke", networkOf("10.2.0.0/16"), 200)
	w.snapshot()
	w.isSide("spoke", "hub", "Connected FullyInSync [10.2.0.0/16] [10.2.0.0/16] [10.1.0.0/16] [10.1.0.0/16]")
}

// A network's own PUT says which peerings it has, unless it says nothing of them.
func TestPeeringsAreMembersOfTheirNetwork(t *testing.T) {
	w := newWorld(t)
	for name, space := range map[string]string{"hub": "10.1.0.0/16", "spoke": "10.2.0.0/16", "other": "10.3.0.0/16"} {
		w.vnet(name, space)
	}
	w.peer("hub", "spoke", "")
	with := func(members string) string {
		return strings.Replace(networkOf("10.1.0.0/16"), `"properties":{`, `"properties":{"virtualNetworkPeerings":[`+members+`],`, 1)
	}
	entry := func(remote string) string {
		return fmt.Sprintf(`{"name":"to-%s",%s`, remote, toward(remote, `,"allowForwardedTraffic":true`)[1:])
	}
	w.send("PUT", vnets+"/hub", networkOf("10.1.0.0/16"), 200)
	w.isSide("spoke", "hub", "Connected FullyInSync [10.2.0.0/16] [10.2.0.0/16] [10.1.0.0/16] [10.1.0.0/16]")
	w.send("PUT", vnets+"/hub", with(entry("spoke")+","+entry("other")), 200)
	w.isSide("hub", "spoke", "Connected FullyInSync [10.1.0.0/16] [10.1.0.0/16] [10.2.0.0/16] [10.2.0.0/16]")
	w.isSide("hub", "other", "Initiated FullyInSync [10.1.0.0/16] [10.1.0.0/16] [10.3.0.0/16] [10.3.0.0/16]")
	again := w.send("GET", vnets+"/hub", "", 200)
	w.send("PUT", vnets+"/hub", text(again), 200)
	if was, is := text(withoutETags(again)), text(withoutETags(w.send("GET", vnets+"/hub", "", 200))); was != is {
		t.Errorf("was %s\nis %s", was, is)
	}
	w.refused("PUT", vnets+"/hub", with(entry("spoke")+","+entry("spoke")+","+entry("none")), "InvalidRequestFormat InvalidResourceReference")
	w.send("PUT", vnets+"/hub", with(entry("other")), 200)
	w.isSide("spoke", "hub", "Disconnected FullyInSync [10.2.0.0/16] [10.2.0.0/16] [10.1.0.0/16] [10.1.0.0/16]")
	w.send("GET", sideOf("hub", "spoke"), "", 404)
	w.send("PUT", vnets+"/hub", with(""), 200)
	w.send("GET", sideOf("hub", "other"), "", 404)
}

// Gateway transit: one network uses the gateway of another one that lets it.
func TestPeeringsUseAGateway(t *testing.T) {
	w := newWorld(t)
	w.everything() // net has a gateway
	w.vnet("spoke", "10.20.0.0/16")
	name := net[strings.LastIndexByte(net, '/')+1:]
	w.send("PUT", sideOf(name, "spoke"), toward("spoke", `,"allowGatewayTransit":true,"allowForwardedTraffic":true`), 201)
	w.send("PUT", sideOf("spoke", name), toward(name, `,"useRemoteGateways":true`), 201)
	policy, err := w.policies.Current()
	w.must(err)
	n, _ := policy.Policy.Network(vnets + "/spoke")
	found := ""
	for _, r := range n.EffectiveRoutes(vnets + "/spoke/subnets/a") {
		found += r.Prefix.String() + " " + r.NextHop.String() + "\n"
	}
	if !strings.Contains(found, "172.16.0.0/12 VirtualNetworkGateway") {
		t.Errorf("the routes lead not behind the gateway of the peered network:\n%s", found)
	}
	w.refused("PUT", sideOf(name, "spoke"), toward("spoke", ""), "RemotePeeringUsesGatewayTransit")
	w.send("PUT", vnets+"/spoke/subnets/GatewaySubnet", `{"properties":{"addressPrefix":"10.20.8.0/27"}}`, 201)
	w.send("PUT", publics+"/second", `{"location":"westus"}`, 201)
	w.refused("PUT", provider+"/virtualNetworkGateways/second", `{"location":"westus","properties":{"gatewayType":"Vpn","ipConfigurations":[`+firewallConfiguration("ip", vnets+"/spoke/subnets/GatewaySubnet", publics+"/second")+`]}}`,
		"VnetHasGatewayAndUsesRemoteGateways")
	w.vnet("third", "10.30.0.0/16")
	w.refused("PUT", sideOf("spoke", "third"), toward("third", `,"useRemoteGateways":true,"doNotVerifyRemoteGateways":true`), "AnotherPeeringUsesRemoteGateways")
	w.refused("PUT", sideOf(name, "third"), toward("third", `,"useRemoteGateways":true,"doNotVerifyRemoteGateways":true`), "VnetHasGatewayAndUsesRemoteGateways")
	w.send("DELETE", gateway, "", 200)
	w.snapshot()
}

func drivePeerings(s *sdk) {
	client := s.NewVirtualNetworkPeeringsClient()
	s.vnet("hub", "10.1.0.0/16")
	s.vnet("spoke", "10.2.0.0/16")
	put := func(local, remote string, options *armnetwork.VirtualNetworkPeeringsClientBeginCreateOrUpdateOptions) armnetwork.VirtualNetworkPeeringsClientCreateOrUpdateResponse {
		return await[armnetwork.VirtualNetworkPeeringsClientCreateOrUpdateResponse](s)(client.BeginCreateOrUpdate(s.ctx, "g", local, "to-"+remote, armnetwork.VirtualNetworkPeering{
			Properties: &armnetwork.VirtualNetworkPeeringPropertiesFormat{RemoteVirtualNetwork: &armnetwork.SubResource{ID: to.Ptr(vnets + "/" + remote)}, AllowForwardedTraffic: to.Ptr(true)}}, options))
	}
	check(s, "first side", *put("hub", "spoke", nil).Properties.PeeringState, armnetwork.VirtualNetworkPeeringStateInitiated)
	check(s, "second side", *put("spoke", "hub", nil).Properties.PeeringState, armnetwork.VirtualNetworkPeeringStateConnected)
	s.send("PUT", vnets+"/spoke", networkOf("10.2.0.0/16", "10.4.0.0/16"), 200)
	check(s, "before the sync", *got[armnetwork.VirtualNetworkPeeringsClientGetResponse](s)(client.Get(s.ctx, "g", "hub", "to-spoke", nil)).Properties.PeeringSyncLevel, armnetwork.VirtualNetworkPeeringLevelRemoteNotInSync)
	synced := put("hub", "spoke", &armnetwork.VirtualNetworkPeeringsClientBeginCreateOrUpdateOptions{SyncRemoteAddressSpace: to.Ptr(armnetwork.SyncRemoteAddressSpaceTrue)})
	check(s, "after the sync", *synced.Properties.PeeringSyncLevel, armnetwork.VirtualNetworkPeeringLevelFullyInSync)
	check(s, "space", len(synced.Properties.RemoteAddressSpace.AddressPrefixes), 2)
	check(s, "list", *pages(s, client.NewListPager("g", "hub", nil))[0].Value[0].Properties.AllowForwardedTraffic, true)
	await[armnetwork.VirtualNetworkPeeringsClientDeleteResponse](s)(client.BeginDelete(s.ctx, "g", "hub", "to-spoke", nil))
	driveSubnetPeerings(s)
	check(s, "the other side", *got[armnetwork.VirtualNetworkPeeringsClientGetResponse](s)(client.Get(s.ctx, "g", "spoke", "to-hub", nil)).Properties.PeeringState, armnetwork.VirtualNetworkPeeringStateDisconnected)
}
