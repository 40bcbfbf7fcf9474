package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const (
	firewall       = provider + "/azureFirewalls/fw"
	firewallSubnet = net + "/subnets/AzureFirewallSubnet"
)

// fireworld is a network with a subnet for a firewall, and a public address.
func (w *world) fireworld() {
	w.t.Helper()
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[
		{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}},{"name":"AzureFirewallSubnet","properties":{"addressPrefix":"10.0.9.0/26"}},
		{"name":"GatewaySubnet","properties":{"addressPrefix":"10.0.8.0/27"}}]}}`, 201)
	w.publicIP("out", `"isle-egress":"bind:127.0.0.9"`, ``, 201)
}

// firewallBody is a PUT of a firewall with more properties.
func firewallBody(properties ...string) string {
	return `{"location":"westus","properties":{"ipConfigurations":[` + firewallConfiguration("ip", firewallSubnet, publics+"/out") + `]` + strings.Join(properties, "") + `}}`
}

func firewallConfiguration(name, subnet, public string) string {
	return fmt.Sprintf(`{"name":%q,"properties":{"subnet":{"id":%q},"publicIPAddress":{"id":%q}}}`, name, subnet, public)
}

func collection(name string, priority int, rules ...string) string {
	return fmt.Sprintf(`{"name":%q,"properties":{"priority":%d,"action":{"type":"allow"},"rules":[%s]}}`, name, priority, strings.Join(rules, ","))
}

// natRule is a NAT rule to port 8080, or another, of a machine.
func natRule(name, destination, port, to string) string {
	return fmt.Sprintf(`{"name":%q,"protocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":[%q],"destinationPorts":[%q],"translatedAddress":"10.0.0.4","translatedPort":%q}`, name, destination, port, to)
}

func applicationRule(name, protocols string, names ...string) string {
	return fmt.Sprintf(`{"name":%q,"protocols":[%s],"sourceAddresses":["*"],"targetFqdns":["%s"]}`, name, protocols, strings.Join(names, `","`))
}

func sdkFirewall(change ...func(*armnetwork.AzureFirewallPropertiesFormat)) armnetwork.AzureFirewall {
	p := &armnetwork.AzureFirewallPropertiesFormat{
		SKU: &armnetwork.AzureFirewallSKU{Name: to.Ptr(armnetwork.AzureFirewallSKUNameAZFWVnet), Tier: to.Ptr(armnetwork.AzureFirewallSKUTierStandard)},
		IPConfigurations: []*armnetwork.AzureFirewallIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.AzureFirewallIPConfigurationPropertiesFormat{
			Subnet: &armnetwork.SubResource{ID: to.Ptr(firewallSubnet)}, PublicIPAddress: &armnetwork.SubResource{ID: to.Ptr(publics + "/out")}}}},
		NetworkRuleCollections: []*armnetwork.AzureFirewallNetworkRuleCollection{sdkCollection("web", 200)},
	}
	for _, fn := range change {
		fn(p)
	}
	return armnetwork.AzureFirewall{Location: place, Properties: p}
}

func sdkCollection(name string, priority int32) *armnetwork.AzureFirewallNetworkRuleCollection {
	return &armnetwork.AzureFirewallNetworkRuleCollection{Name: to.Ptr(name), Properties: &armnetwork.AzureFirewallNetworkRuleCollectionPropertiesFormat{
		Priority: to.Ptr(priority), Action: &armnetwork.AzureFirewallRCAction{Type: to.Ptr(armnetwork.AzureFirewallRCActionTypeAllow)},
		Rules: []*armnetwork.AzureFirewallNetworkRule{{Name: to.Ptr("https"), Protocols: []*armnetwork.AzureFirewallNetworkRuleProtocol{to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP)},
			SourceAddresses: to.SliceOfPtrs("10.0.0.0/24"), DestinationAddresses: to.SliceOfPtrs("93.184.216.0/24", "Sql"), DestinationPorts: to.SliceOfPtrs("443", "8000-8999")}}}}
}

func driveFirewalls(s *sdk) {
	s.fireworld()
	c := s.NewAzureFirewallsClient()
	made := await[armnetwork.AzureFirewallsClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "fw", sdkFirewall(), nil))
	check(s, "private address", *made.Properties.IPConfigurations[0].Properties.PrivateIPAddress, "10.0.9.4")
	check(s, "collection", *made.Properties.NetworkRuleCollections[0].ID, firewall+"/networkRuleCollections/web")
	check(s, "rule", *made.Properties.NetworkRuleCollections[0].Properties.Rules[0].DestinationAddresses[1], "Sql")
	check(s, "firewall", *got[armnetwork.AzureFirewallsClientGetResponse](s)(c.Get(s.ctx, "g", "fw", nil)).Properties.ThreatIntelMode, armnetwork.AzureFirewallThreatIntelModeAlert)
	check(s, "of the group", len(pages(s, c.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, c.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *await[armnetwork.AzureFirewallsClientUpdateTagsResponse](s)(c.BeginUpdateTags(s.ctx, "g", "fw", tagged("a", "b"), nil)).Tags["a"], "b")
	check(s, "learned", len(await[armnetwork.AzureFirewallsClientListLearnedPrefixesResponse](s)(c.BeginListLearnedPrefixes(s.ctx, "g", "fw", nil)).IPPrefixes), 0)
	check(s, "FQDN tag", *pages(s, s.NewAzureFirewallFqdnTagsClient().NewListAllPager(nil))[0].Value[0].Properties.FqdnTagName, "WindowsUpdate")

	configuration := firewall + "/azureFirewallIpConfigurations/ip"
	public := got[armnetwork.PublicIPAddressesClientGetResponse](s)(s.NewPublicIPAddressesClient().Get(s.ctx, "g", "out", nil))
	check(s, "user of the address", *public.Properties.IPConfiguration.ID, configuration)
	subnet := got[armnetwork.SubnetsClientGetResponse](s)(s.NewSubnetsClient().Get(s.ctx, "g", "net", "AzureFirewallSubnet", nil))
	check(s, "user of the subnet", *subnet.Properties.IPConfigurations[0].ID, configuration)
	await[armnetwork.AzureFirewallsClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "fw", nil))
	s.send("DELETE", publics+"/out", "", 200)
	s.send("DELETE", net, "", 200)
}

// TestFlowsLeaveByAFirewall: what the resources say is what the policy does.
func TestFlowsLeaveByAFirewall(t *testing.T) {
	w := newWorld(t)
	s := w.sdk(nil)
	w.fireworld()
	await[armnetwork.AzureFirewallsClientCreateOrUpdateResponse](s)(s.NewAzureFirewallsClient().BeginCreateOrUpdate(s.ctx, "g", "fw", sdkFirewall(), nil))
	w.send("PUT", table, `{"location":"westus","properties":{"routes":[{"name":"out","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}}]}}`, 201)
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24","routeTable":{"id":"`+table+`"}}}`, 200)
	judge := func(port uint16) string {
		d := w.judge(flow("10.0.0.4", "93.184.216.34", port))
		return fmt.Sprint(d.Verdict, " ", d.RuleName, " ", d.SNATIP, " ", w.snapshot().Outgoing(net, net+"/subnets/a", false))
	}
	for port, want := range map[uint16]string{443: "Allow web/https 203.0.113.1 [203.0.113.1]", 8080: "Allow web/https 203.0.113.1 [203.0.113.1]", 22: "Deny  invalid IP [203.0.113.1]"} {
		if got := judge(port); got != want {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
	w.send("PUT", firewall, firewallBody(`,"additionalProperties":{"Network.SNAT.PrivateRanges":"IANAPrivateRanges, 93.184.0.0/16"}`, `,"networkRuleCollections":[`+collection("all", 100,
		`{"name":"r","protocols":["any"],"sourceAddresses":["*"],"destinationAddresses":["*"],"destinationPorts":["*"]}`)+`]`), 200)
	if got := judge(22); got != "Allow all/r invalid IP [203.0.113.1]" {
		t.Error(got)
	}
}

// TestAFirewallHoldsWhatItNeeds: its subnet, its address, its subnet's default route.
func TestAFirewallHoldsWhatItNeeds(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.send("PUT", firewall, firewallBody(), 201)
	w.refused("DELETE", firewallSubnet, "", "InUseSubnetCannotBeDeleted")
	w.refused("DELETE", net, "", "InUseSubnetCannotBeDeleted")
	w.refused("PUT", firewallSubnet, `{"properties":{"addressPrefix":"10.0.10.0/26"}}`, "InUsePrefixCannotBeDeleted")
	w.refused("DELETE", publics+"/out", "", "PublicIPAddressCannotBeDeleted")
	w.refused("PUT", provider+"/azureFirewalls/second", firewallBody(), "PublicIPAddressInUse SubnetWithExternalResourcesCannotBeUsedByOtherResources")

	needs := "AzureFirewallSubnetRouteTableMustHaveDefaultRouteToInternet"
	with := `{"properties":{"addressPrefix":"10.0.9.0/26","routeTable":{"id":"` + table + `"}}}`
	w.send("PUT", table, `{"location":"westus"}`, 201)
	w.refused("PUT", firewallSubnet, with, needs)
	w.send("PUT", table+"/routes/out", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"Internet"}}`, 201)
	w.send("PUT", firewallSubnet, with, 200)
	w.send("PUT", table+"/routes/more", `{"properties":{"addressPrefix":"10.1.0.0/16","nextHopType":"None"}}`, 201)
	w.refused("PUT", table+"/routes/out", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"None"}}`, needs)
	w.refused("DELETE", table+"/routes/out", "", needs)
	w.refused("PUT", table, `{"location":"westus","properties":{"routes":[]}}`, needs)
	w.send("DELETE", table+"/routes/more", "", 200)
	w.send("DELETE", firewall, "", 200)
	w.send("DELETE", table+"/routes/out", "", 200)
	w.refused("PUT", firewall, firewallBody(), needs)
	w.send("PUT", firewallSubnet, `{"properties":{"addressPrefix":"10.0.9.0/26"}}`, 200)
	w.send("PUT", firewall, firewallBody(), 201)
	w.send("PUT", firewall, `{"location":"westus","properties":{}}`, 200)
	w.send("DELETE", net, "", 200)
	w.send("DELETE", publics+"/out", "", 200)
}

// TestConfigurationsExchangeTheirAddresses: of one firewall, in one request.
func TestConfigurationsExchangeTheirAddresses(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.publicIP("two", ``, ``, 201)
	both := func(first, second string) string {
		return `{"location":"westus","properties":{"ipConfigurations":[` + firewallConfiguration("one", firewallSubnet, publics+"/"+first) + `,{"name":"two","properties":{"publicIPAddress":{"id":"` + publics + "/" + second + `"}}}]}}`
	}
	user := func(name string) any {
		user, _ := w.send("GET", publics+"/"+name, "", 200)["properties"].(map[string]any)["ipConfiguration"].(map[string]any)
		return user["id"]
	}
	w.send("PUT", firewall, both("out", "two"), 201)
	w.send("PUT", firewall, both("TWO", "out"), 200)
	if a, b := user("out"), user("two"); a != firewall+"/azureFirewallIpConfigurations/two" || b != firewall+"/azureFirewallIpConfigurations/one" {
		t.Error(a, b)
	}
	w.send("PUT", firewall, firewallBody(), 200)
	if a, b := user("out"), user("two"); a != firewall+"/azureFirewallIpConfigurations/ip" || b != nil {
		t.Error(a, b)
	}
	configurations := w.send("GET", firewallSubnet, "", 200)["properties"].(map[string]any)["ipConfigurations"].([]any)
	if len(configurations) != 1 || configurations[0].(map[string]any)["id"] != firewall+"/azureFirewallIpConfigurations/ip" {
		t.Error(configurations)
	}
}

func TestFirewallsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.send("PUT", publics+"/basic", `{"location":"westus"}`, 201)
	w.send("PUT", "/subscriptions/"+subscription+"/resourceGroups/h", `{"location":"westus"}`, 201)
	elsewhere := strings.Replace(publics, "/g/", "/h/", 1) + "/far"
	w.send("PUT", elsewhere, `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`, 201)
	configured := func(list ...string) string {
		return `{"location":"westus","properties":{"ipConfigurations":[` + strings.Join(list, ",") + `]}}`
	}
	rules := func(rules string) string { return firewallBody(`,"networkRuleCollections":[` + rules + `]`) }
	for body, codes := range map[string]string{
		configured(firewallConfiguration("ip", net+"/subnets/a", publics+"/out")):                                                                                                  "InvalidAzureFirewallSubnet",
		configured(firewallConfiguration("ip", net+"/subnets/none", publics+"/none")):                                                                                              "InvalidResourceReference InvalidResourceReference",
		configured(firewallConfiguration("ip", net, table)):                                                                                                                        "InvalidResourceReference InvalidResourceReference",
		configured(firewallConfiguration("ip", firewallSubnet, publics+"/basic")):                                                                                                  "InvalidAzureFirewallPublicIPAddress",
		configured(firewallConfiguration("ip", firewallSubnet, elsewhere)):                                                                                                         "InvalidResourceReference",
		configured(firewallConfiguration("ip", firewallSubnet, publics+"/out"), firewallConfiguration("IP", firewallSubnet, publics+"/out")):                                       "InvalidRequestFormat PublicIPAddressInUse AzureFirewallSubnetReferenceConflict",
		configured(`{"name":"ip","properties":{"publicIPAddress":{"id":"` + publics + `/out"}}}`):                                                                                  "AzureFirewallSubnetReferenceMissing",
		configured(`{"name":"ip","properties":{"subnet":{"id":"` + firewallSubnet + `"}}}`):                                                                                        "InvalidAzureFirewallPublicIPAddress",
		firewallBody(`,"virtualHub":{"id":"/h"},"managementIpConfiguration":{}`):                                                                                                   "VirtualHubNotSupported ManagementIPConfigurationNotSupported",
		firewallBody(`,"firewallPolicy":{"id":"/p"},"networkRuleCollections":[` + collection("a", 100) + `]`):                                                                      "AzureFirewallPolicyAndRuleCollectionsConflict InvalidResourceReference",
		firewallBody(`,"natRuleCollections":[` + strings.Replace(collection("a", 100, natRule("r", "203.0.113.9", "1-2", "80-90")), "allow", "snat", 1) + `]`):                     "FirewallSnatNotSupported AzureFirewallRuleInvalidDnatPortOrRangeFormat AzureFirewallRuleInvalidDnatDestinationAddress",
		firewallBody(`,"natRuleCollections":[` + strings.Replace(collection("a", 100, natRule("r", "*", "*", "0")), "allow", "Dnat", 1) + `]`):                                     "AzureFirewallRuleInvalidDnatPortOrRangeFormat AzureFirewallRuleInvalidDnatDestinationAddress AzureFirewallRuleInvalidDnatPortOrRangeFormat",
		firewallBody(`,"natRuleCollections":[` + collection("a", 100, `{"name":"r","protocols":["ICMP"],"translatedFqdn":"a.b"}`) + `]`):                                           "InvalidRequestFormat FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified InvalidRequestFormat AzureFirewallRuleInvalidDnatPortOrRangeFormat",
		firewallBody(`,"applicationRuleCollections":[` + collection("a", 100, `{"name":"r"}`) + `]`):                                                                               "FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified",
		firewallBody(`,"applicationRuleCollections":[` + collection("a", 100, applicationRule("r", `{"protocolType":"Ftp"},{"protocolType":"http","port":64001}`, "www.*")) + `]`): "InvalidRequestFormat FirewallRuleInvalidPortRange FirewallRuleInvalidPortRange FirewallRuleInvalidFqdn",
		firewallBody(`,"applicationRuleCollections":[` + collection("a", 100, strings.Replace(applicationRule("r", `{"protocolType":"http"}`, "*"), "{", `{"fqdnTags":["WindowsUpdate"],"webCategories":["x"],"targetUrls":["a/b"],"terminateTLS":true,`, 1)) + `]`): "FirewallRuleTargetUrlsNotSupported FirewallRuleWebCategoriesNotSupported FirewallRuleTerminateTlsNotSupported",
		firewallBody(`,"sku":{"name":"AZFW_Hub","tier":"Free"},"threatIntelMode":"Loud"`):                                                                                     "InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat",
		firewallBody(`,"additionalProperties":{"Network.DNS.EnableProxy":"true","network.snat.privateranges":"10.0.0.1/8"}`):                                                  "InvalidAddressPrefixFormat",
		rules(collection("-a", 99) + `,` + collection("b", 65001) + `,` + collection("B", 65001)):                                                                             "InvalidResourceName FirewallRuleCollectionInvalidPriority FirewallRuleCollectionInvalidPriority InvalidRequestFormat FirewallRuleCollectionInvalidPriority FirewallRuleCollectionConflict",
		rules(collection("a", 100, `{"name":"r","protocols":["GRE"],"sourceAddresses":["Internet","10.0.0.1/8"],"destinationAddresses":["any"],"destinationPorts":["1,2"]}`)): "InvalidRequestFormat FirewallRuleInvalidAddressPrefix FirewallRuleInvalidAddressPrefix FirewallRuleInvalidAddressPrefix FirewallRuleInvalidPortRange",
		rules(collection("a", 100, `{"name":"r"}`, `{"name":"R","protocols":["TCP"],"sourceIpGroups":["/g"],"destinationFqdns":["x.y"],"destinationPorts":["1"]}`)):           "FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified InvalidRequestFormat AzureFirewallDNSProxyMustBeEnabled InvalidResourceReference",
	} {
		w.refused("PUT", firewall, body, codes)
	}
	w.send("PUT", firewallSubnet, `{"properties":{"addressPrefix":"10.0.9.0/27","delegations":[{"name":"d","properties":{"serviceName":"A/b"}}]}}`, 200)
	w.refused("PUT", firewall, firewallBody(), "ResourceNotPermittedOnDelegatedSubnet InvalidAzureFirewallSubnet")
	w.send("GET", firewall, "", 404)
	w.send("PUT", firewall, `{"location":"westus"}`, 201)
	for _, capture := range []string{"packetCapture", "packetCaptureOperation"} {
		w.refused("POST", firewall+"/"+capture, `{}`, "PacketCaptureNotSupported")
	}
}

// TestAFirewallCanBePutAgain as a GET has served it.
func TestAFirewallCanBePutAgain(t *testing.T) {
	w := newWorld(t)
	s := w.sdk(nil)
	w.fireworld()
	c := s.NewAzureFirewallsClient()
	made := await[armnetwork.AzureFirewallsClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "fw", sdkFirewall(), nil))
	before := w.snapshot()
	await[armnetwork.AzureFirewallsClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "fw", made.AzureFirewall, nil))
	if w.snapshot() != before {
		t.Error("the policy has changed")
	}
}

func (g *maker) firewall() (string, string) {
	subnet := g.mostly(2, net, strings.ToUpper(net), provider+"/virtualNetworks/n1") + "/subnets/" + g.mostly(1, "AzureFirewallSubnet", "a")
	public := g.mostly(2, publics, strings.ToUpper(publics)) + "/" + g.mostly(1, "out", g.name())
	rule := fmt.Sprintf(`{"name":%q,"protocols":%s,"sourceAddresses":%s,"destinationAddresses":%s,"destinationPorts":%s}`, g.one("r", "s"), g.many(4, "TCP", "udp", "ICMP", "Any", "Esp"),
		g.many(6, addresses...), g.many(12, addresses...), g.many(4, "*", "80", "080", "1-2", "2-1", "x"))
	configurations := g.mostly(1, firewallConfiguration("ip", subnet, public), firewallConfiguration("ip", subnet, public)+`,{"name":"two","properties":{"publicIPAddress":{"id":"`+publics+"/"+g.name()+`"}}}`, ``)
	return provider + "/azureFirewalls/" + g.name(), fmt.Sprintf(`{"location":"westus","properties":{"ipConfigurations":[%s],"additionalProperties":{"Network.SNAT.PrivateRanges":%q},"networkRuleCollections":[%s]}}`,
		configurations, g.mostly(4, "", "IANAPrivateRanges", "0.0.0.0/0", "10.0.0.0/8, 2001:db8::/32", "::ffff:10.0.0.0/104", "x"), collection(g.one("a", "b_"), 100+g.IntN(3), rule)+g.one("", ","+collection("c", 65000)))
}
