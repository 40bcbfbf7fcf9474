package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const (
	gateway       = provider + "/virtualNetworkGateways/gw"
	gatewaySubnet = net + "/subnets/GatewaySubnet"
)

// gatewayBody is a PUT of a VPN gateway with more properties.
func gatewayBody(tags string, properties ...string) string {
	return `{"location":"westus","tags":{` + tags + `},"properties":{"gatewayType":"vpn","ipConfigurations":[` + firewallConfiguration("ip", gatewaySubnet, publics+"/out") + `]` + strings.Join(properties, "") + `}}`
}

// TestGatewaysThroughTheSDK: the shared list of operations has none of them.
func TestGatewaysThroughTheSDK(t *testing.T) {
	s := newWorld(t).sdk(nil)
	s.fireworld()
	c := s.NewVirtualNetworkGatewaysClient()
	made := await[armnetwork.VirtualNetworkGatewaysClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "gw", armnetwork.VirtualNetworkGateway{Location: place, Properties: &armnetwork.VirtualNetworkGatewayPropertiesFormat{
		GatewayType: to.Ptr(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: to.Ptr(armnetwork.VPNTypeRouteBased), SKU: &armnetwork.VirtualNetworkGatewaySKU{Name: to.Ptr(armnetwork.VirtualNetworkGatewaySKUNameVPNGw1)},
		IPConfigurations: []*armnetwork.VirtualNetworkGatewayIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.VirtualNetworkGatewayIPConfigurationPropertiesFormat{
			Subnet: &armnetwork.SubResource{ID: to.Ptr(gatewaySubnet)}, PublicIPAddress: &armnetwork.SubResource{ID: to.Ptr(publics + "/out")}}}},
		VPNClientConfiguration: &armnetwork.VPNClientConfiguration{VPNClientAddressPool: &armnetwork.AddressSpace{AddressPrefixes: to.SliceOfPtrs("172.16.0.0/24")}}}}, nil))
	check(s, "address", *made.Properties.IPConfigurations[0].Properties.PrivateIPAddress, "10.0.8.4")
	check(s, "pool", *got[armnetwork.VirtualNetworkGatewaysClientGetResponse](s)(c.Get(s.ctx, "g", "gw", nil)).Properties.VPNClientConfiguration.VPNClientAddressPool.AddressPrefixes[0], "172.16.0.0/24")
	check(s, "of the group", len(pages(s, c.NewListPager("g", nil))[0].Value), 1)
	before := s.snapshot()
	await[armnetwork.VirtualNetworkGatewaysClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "gw", made.VirtualNetworkGateway, nil))
	check(s, "put again", s.snapshot(), before)
	await[armnetwork.VirtualNetworkGatewaysClientUpdateTagsResponse](s)(c.BeginUpdateTags(s.ctx, "g", "gw", tagged("isle-routes", "192.168.0.0/16"), nil))
	for to, want := range map[string]string{"172.16.0.9": "VirtualNetworkGateway", "192.168.1.1": "VirtualNetworkGateway", "172.17.0.1": "None"} {
		check(s, to, s.judge(flow("10.0.0.4", to, 443)).NextHop.String(), want)
	}
	await[armnetwork.VirtualNetworkGatewaysClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "gw", nil))
	check(s, "deleted", s.judge(flow("10.0.0.4", "172.16.0.9", 443)).NextHop.String(), "None")
	s.send("DELETE", publics+"/out", "", 200)
	s.send("DELETE", net, "", 200)
}

func TestAGatewayHoldsWhatItNeeds(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.publicIP("two", ``, ``, 201)
	w.send("PUT", gateway, gatewayBody(``), 201)
	w.refused("DELETE", gatewaySubnet, "", "InUseSubnetCannotBeDeleted")
	w.refused("DELETE", net, "", "InUseSubnetCannotBeDeleted")
	w.refused("DELETE", publics+"/out", "", "PublicIPAddressCannotBeDeleted")
	w.refused("PUT", provider+"/virtualNetworkGateways/second", gatewayBody(``), "PublicIPAddressInUse GatewayTypeAlreadyInVirtualNetwork")
	express := `{"location":"westus","properties":{"gatewayType":"ExpressRoute","ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"` + gatewaySubnet + `"}}}]}}`
	w.refused("PUT", gateway, express, "PropertyChangeNotAllowed PropertyChangeNotAllowed")
	w.send("PUT", provider+"/virtualNetworkGateways/er", express, 201)
	two := strings.Replace(gatewayBody(``), `]`, `,`+firewallConfiguration("more", gatewaySubnet, publics+"/two")+`]`, 1)
	configurations := w.send("PUT", gateway, two, 200)["properties"].(map[string]any)["ipConfigurations"].([]any)
	for i, want := range []string{"10.0.8.4", "10.0.8.6"} {
		if got := configurations[i].(map[string]any)["properties"].(map[string]any)["privateIPAddress"]; got != want {
			t.Errorf("configuration %d has %s, want %s", i, got, want)
		}
	}
	w.send("PUT", gateway, gatewayBody(``), 200)
	w.send("DELETE", publics+"/two", "", 200)
	w.send("DELETE", gateway, "", 200)
	w.refused("DELETE", gatewaySubnet, "", "InUseSubnetCannotBeDeleted")
	w.send("DELETE", provider+"/virtualNetworkGateways/er", "", 200)
	w.send("DELETE", gatewaySubnet, "", 200)
}

func TestGatewaysAreRefused(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	configured := func(kind string, list ...string) string {
		return `{"location":"westus","properties":{"gatewayType":"` + kind + `","ipConfigurations":[` + strings.Join(list, ",") + `]}}`
	}
	for body, codes := range map[string]string{
		`{"location":"westus"}`: "InvalidRequestFormat InvalidGatewayConfiguration",
		configured("Vpn", firewallConfiguration("ip", net+"/subnets/a", publics+"/out")):                                                                                      "InvalidGatewayConfiguration",
		configured("Vpn", firewallConfiguration("ip", net+"/subnets/none", publics+"/none")):                                                                                  "InvalidResourceReference InvalidResourceReference",
		configured("Vpn", firewallConfiguration("ip", gatewaySubnet, publics+"/out"), firewallConfiguration("IP", firewallSubnet, publics+"/out"), `{"name":"x"}`):            "InvalidGatewayConfiguration InvalidRequestFormat PublicIPAddressInUse InvalidGatewayConfiguration InvalidGatewayConfiguration",
		gatewayBody(`"isle-routes":"192.168.0.0/16, 10.0.0.1/8 x"`):                                                                                                           "InvalidTagValue",
		gatewayBody(``, `,"sku":{"name":"ErGw1AZ"},"vpnType":"x","natRules":[{}]`):                                                                                            "InvalidRequestFormat InvalidRequestFormat NatRulesNotSupported",
		gatewayBody(``, `,"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":["10.0.7.0/24","10.0.0.0"]}},"customRoutes":{"addressPrefixes":["1.1.1.1/8"]}`): "InvalidAddressPrefixFormat InvalidCIDRNotation VnetAddressSpacesOverlap",
		strings.Replace(gatewayBody(``, `,"vpnClientConfiguration":{}`), `"vpn"`, `"expressroute"`, 1):                                                                        "InvalidGatewayConfiguration",
	} {
		w.refused("PUT", gateway, body, codes)
	}
	w.send("GET", gateway, "", 404)
	w.send("PUT", gateway, gatewayBody(``), 201)
	w.refused("PUT", gateway+"/providers/Microsoft.Resources/tags/default", `{"properties":{"tags":{"isle-routes":"x"}}}`, "InvalidTagValue")
	w.refused("PATCH", gateway, `{"tags":{"isle-routes":"10.0.0.1/8"}}`, "InvalidTagValue")
}

func (g *maker) gateway() (string, string) {
	subnet := g.mostly(2, net, strings.ToUpper(net), provider+"/virtualNetworks/n1") + "/subnets/" + g.mostly(1, "GatewaySubnet", "a")
	prefixes := []string{"172.16.0.0/24", "192.168.0.0/16", "0.0.0.0/0", "2001:db8:7::/48", "10.0.0.1/8", "::ffff:10.0.0.0/104", "x"}
	return provider + "/virtualNetworkGateways/" + g.name(), fmt.Sprintf(`{"location":"westus","tags":{%q:%q},"properties":{"gatewayType":%q,"ipConfigurations":[%s],"customRoutes":{"addressPrefixes":%s}%s}}`,
		g.one("isle-routes", "ISLE-routes"), g.mostly(4, append(prefixes, "192.168.0.0/16,172.16.0.0/24 10.0.0.0/24")...), g.mostly(2, "Vpn", "ExpressRoute", "LocalGateway"),
		firewallConfiguration("ip", subnet, publics+"/"+g.mostly(1, "gw", "out", g.name())), g.many(4, prefixes...), g.one("", `,"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":`+g.many(2, prefixes...)+`}}`))
}
