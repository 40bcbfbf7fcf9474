package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/network"
	"isle/internal/store"
)

const nics = provider + "/networkInterfaces"

// sdkInterface is an interface with one configuration in subnet a; address "" is
// Dynamic.
func sdkInterface(address string, change ...func(*armnetwork.InterfacePropertiesFormat)) armnetwork.Interface {
	c := sdkConfiguration("ip", address)
	p := &armnetwork.InterfacePropertiesFormat{IPConfigurations: []*armnetwork.InterfaceIPConfiguration{c}}
	for _, fn := range change {
		fn(p)
	}
	return armnetwork.Interface{Location: place, Properties: p}
}

func sdkConfiguration(name, address string) *armnetwork.InterfaceIPConfiguration {
	p := &armnetwork.InterfaceIPConfigurationPropertiesFormat{Subnet: &armnetwork.Subnet{ID: to.Ptr(net + "/subnets/a")}}
	if address != "" {
		p.PrivateIPAllocationMethod, p.PrivateIPAddress = to.Ptr(armnetwork.IPAllocationMethodStatic), to.Ptr(address)
	}
	return &armnetwork.InterfaceIPConfiguration{Name: to.Ptr(name), Properties: p}
}

func driveInterfaces(s *sdk) {
	s.office()
	await[armnetwork.PublicIPAddressesClientCreateOrUpdateResponse](s)(s.NewPublicIPAddressesClient().BeginCreateOrUpdate(s.ctx, "g", "out", sdkPublic(), nil))
	c, configurations := s.NewInterfacesClient(), s.NewInterfaceIPConfigurationsClient()
	made := await[armnetwork.InterfacesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "vm", sdkInterface("10.0.0.9", func(p *armnetwork.InterfacePropertiesFormat) {
		p.NetworkSecurityGroup = &armnetwork.SecurityGroup{ID: to.Ptr(group)}
		p.EnableIPForwarding = to.Ptr(true)
		p.DNSSettings = &armnetwork.InterfaceDNSSettings{DNSServers: to.SliceOfPtrs("10.0.0.8")}
		p.IPConfigurations = append(p.IPConfigurations, sdkConfiguration("more", ""))
		p.IPConfigurations[0].Properties.PublicIPAddress = &armnetwork.PublicIPAddress{ID: to.Ptr(publics + "/out")}
	}), nil))
	p := made.Properties
	check(s, "address", *p.IPConfigurations[0].Properties.PrivateIPAddress, "10.0.0.9")
	check(s, "the next one", *p.IPConfigurations[1].Properties.PrivateIPAddress, "10.0.0.4")
	check(s, "primary", fmt.Sprint(*p.IPConfigurations[0].Properties.Primary, *p.IPConfigurations[1].Properties.Primary), "true false")
	check(s, "forwarding", *p.EnableIPForwarding, true)
	check(s, "dns", *p.DNSSettings.AppliedDNSServers[0], "10.0.0.8")
	check(s, "mac", len(*p.MacAddress), 17)
	again := await[armnetwork.InterfacesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "vm", made.Interface, nil))
	check(s, "the next one, put again", *again.Properties.IPConfigurations[1].Properties.PrivateIPAddress, "10.0.0.4")
	check(s, "guid", *again.Properties.ResourceGUID, *p.ResourceGUID)
	check(s, "interface", *got[armnetwork.InterfacesClientGetResponse](s)(c.Get(s.ctx, "g", "vm", nil)).ID, nics+"/vm")
	check(s, "of the group", len(pages(s, c.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, c.NewListAllPager(nil))[0].Value), 1)
	check(s, "configurations", len(pages(s, configurations.NewListPager("g", "vm", nil))[0].Value), 2)
	check(s, "configuration", *got[armnetwork.InterfaceIPConfigurationsClientGetResponse](s)(configurations.Get(s.ctx, "g", "vm", "more", nil)).ID, nics+"/vm/ipConfigurations/more")
	check(s, "tags", *got[armnetwork.InterfacesClientUpdateTagsResponse](s)(c.UpdateTags(s.ctx, "g", "vm", tagged("isle-attach", "22=127.0.0.1:2222"), nil)).Tags["isle-attach"], "22=127.0.0.1:2222")

	groups := await[armnetwork.InterfacesClientListEffectiveNetworkSecurityGroupsResponse](s)(c.BeginListEffectiveNetworkSecurityGroups(s.ctx, "g", "vm", nil))
	check(s, "groups", len(groups.Value), 2)
	check(s, "whose group", *groups.Value[0].Association.NetworkInterface.ID, nics+"/vm")
	routes := await[armnetwork.InterfacesClientGetEffectiveRouteTableResponse](s)(c.BeginGetEffectiveRouteTable(s.ctx, "g", "vm", nil))
	inside := slices.IndexFunc(routes.Value, func(r *armnetwork.EffectiveRoute) bool { return *r.AddressPrefix[0] == "10.0.0.0/16" })
	check(s, "route", *routes.Value[inside].NextHopType, armnetwork.RouteNextHopTypeVnetLocal)

	check(s, "the group's interfaces", *got[armnetwork.SecurityGroupsClientGetResponse](s)(s.NewSecurityGroupsClient().Get(s.ctx, "g", "nsg", nil)).Properties.NetworkInterfaces[0].ID, nics+"/vm")
	check(s, "the public address's user", *got[armnetwork.PublicIPAddressesClientGetResponse](s)(s.NewPublicIPAddressesClient().Get(s.ctx, "g", "out", nil)).Properties.IPConfiguration.ID, nics+"/vm/ipConfigurations/ip")
	subnet := got[armnetwork.SubnetsClientGetResponse](s)(s.NewSubnetsClient().Get(s.ctx, "g", "net", "a", nil))
	check(s, "the subnet's configurations", len(subnet.Properties.IPConfigurations), 2)
	check(s, "usage", *pages(s, s.NewVirtualNetworksClient().NewListUsagePager("g", "net", nil))[0].Value[0].CurrentValue, 2.0)
	free := got[armnetwork.VirtualNetworksClientCheckIPAddressAvailabilityResponse](s)(s.NewVirtualNetworksClient().CheckIPAddressAvailability(s.ctx, "g", "net", "10.0.0.9", nil))
	check(s, "free", fmt.Sprint(*free.Available, " ", *free.AvailableIPAddresses[0]), "false 10.0.0.5")

	await[armnetwork.InterfacesClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "vm", nil))
	s.send("GET", nics+"/vm", "", 404)
	check(s, "the subnet's configurations after all", len(got[armnetwork.SubnetsClientGetResponse](s)(s.NewSubnetsClient().Get(s.ctx, "g", "net", "a", nil)).Properties.IPConfigurations), 0)
	check(s, "the group's interfaces after all", len(got[armnetwork.SecurityGroupsClientGetResponse](s)(s.NewSecurityGroupsClient().Get(s.ctx, "g", "nsg", nil)).Properties.NetworkInterfaces), 0)
	s.send("DELETE", publics+"/out", "", 200)
}

// nic puts an interface with properties of its one configuration in a subnet.
func (w *world) nic(name, subnet, properties, tags string, want int) map[string]any {
	w.t.Helper()
	return w.send("PUT", nics+"/"+name, nicBody(subnet, properties, tags), want)
}

func nicBody(subnet, properties, tags string) string {
	return fmt.Sprintf(`{"location":"westus","tags":{%s},"properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":%q}%s}}]}}`, tags, subnet, properties)
}

func static(address string) string {
	return fmt.Sprintf(`,"privateIPAllocationMethod":"Static","privateIPAddress":%q`, address)
}

// addressOf is the private address of an interface's primary configuration.
func addressOf(answer map[string]any) string {
	list := answer["properties"].(map[string]any)["ipConfigurations"].([]any)
	return list[0].(map[string]any)["properties"].(map[string]any)["privateIPAddress"].(string)
}

func TestAddressesAreChosenAndKept(t *testing.T) {
	w := newWorld(t)
	w.office()
	a := net + "/subnets/a"
	for _, c := range []struct{ name, properties, want string }{
		{"one", "", "10.0.0.4"},
		{"two", static("10.0.0.6"), "10.0.0.6"},
		{"three", "", "10.0.0.5"},
		{"four", `,"privateIPAddress":"10.0.0.200"`, "10.0.0.7"},
	} {
		if got := addressOf(w.nic(c.name, a, c.properties, "", 201)); got != c.want {
			t.Errorf("%s has %s, want %s", c.name, got, c.want)
		}
	}
	w.send("DELETE", nics+"/one", "", 200)
	if got := addressOf(w.nic("three", a, "", "", 200)); got != "10.0.0.5" {
		t.Errorf("an address has become another: %s", got)
	}
	if got := addressOf(w.nic("three", a, `,"privateIPAllocationMethod":"Static"`, "", 200)); got != "10.0.0.5" {
		t.Errorf("an address that is made static has become another: %s", got)
	}
	if got := addressOf(w.nic("five", a, "", "", 201)); got != "10.0.0.4" {
		t.Errorf("an address that is free again is not used: %s", got)
	}
	w.refused("PUT", nics+"/six", nicBody(a, static("10.0.0.5"), ""), "PrivateIPAddressIsAllocated")
	w.nic("three", a, static("10.0.0.9"), "", 200)
	w.nic("six", a, static("10.0.0.5"), "", 201)
}

// An interface whose configurations are put together and exchange their addresses.
func TestConfigurationsExchangeAddresses(t *testing.T) {
	w := newWorld(t)
	w.office()
	body := func(one, two string) string {
		c := `{"name":%q,"properties":{"subnet":{"id":"` + net + `/subnets/a"}%s}}`
		return fmt.Sprintf(`{"location":"westus","properties":{"ipConfigurations":[`+c+`,`+c+`]}}`, "one", one, "two", `,"primary":true`+two)
	}
	w.send("PUT", nics+"/vm", body("", static("10.0.0.4")), 201)
	made := w.send("PUT", nics+"/vm", body(static("10.0.0.4"), static("10.0.0.5")), 200)
	if got := addressOf(made); got != "10.0.0.5" {
		t.Errorf("the primary configuration has %s", got)
	}
	w.refused("PUT", nics+"/vm", body(static("10.0.0.4"), static("10.0.0.4")), "PrivateIPAddressIsAllocated")
	made = w.send("PUT", nics+"/vm", body(static("10.0.0.5"), ""), 200)
	if got := addressOf(made); got != "10.0.0.4" {
		t.Errorf("the one whose address is given away has %s", got)
	}
}

func TestAnInterfaceHasAddressesOfBothVersions(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16","fd00::/48"]},"subnets":[{"name":"a","properties":{"addressPrefixes":["10.0.0.0/24","fd00::/64"]}}]}}`, 201)
	w.send("PUT", nics+"/vm", strings.Replace(nicBody(net+"/subnets/a", "", ""), `}}]`, `}},{"name":"six","properties":{"privateIPAddressVersion":"ipv6","subnet":{"id":"`+net+`/subnets/a"}}}]`, 1), 201)
	six := w.send("GET", nics+"/vm/ipConfigurations/SIX", "", 200)["properties"].(map[string]any)
	if six["privateIPAddress"] != "fd00::4" || six["privateIPAddressVersion"] != "IPv6" || six["primary"] != false {
		t.Error(six)
	}
	w.send("GET", nics+"/vm/ipConfigurations/seven", "", 404)
	w.snapshot()
}

func TestInterfacesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", net+"/subnets/d", `{"properties":{"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"A/b"}}]}}`, 201)
	w.send("PUT", net+"/subnets/e", `{"properties":{"addressPrefix":"10.0.2.0/24"}}`, 201)
	w.send("PUT", net+"/subnets/tiny", `{"properties":{"addressPrefix":"10.0.3.0/29"}}`, 201)
	w.send("PUT", net+"/subnets/GatewaySubnet", `{"properties":{"addressPrefix":"10.0.4.0/24"}}`, 201)
	w.send("PUT", net+"2", `{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 201)
	w.send("PUT", net+"3", `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 201)
	w.send("PUT", provider+"/networkSecurityGroups/east", `{"location":"eastus"}`, 201)
	w.publicIP("out", ``, ``, 201)
	w.publicIP("six", ``, `,"publicIPAddressVersion":"IPv6"`, 201)
	w.environment(environment, net+"/subnets/e")
	for i := range 3 {
		w.nic(fmt.Sprint("tiny", i), net+"/subnets/tiny", "", "", 201)
	}
	w.nic("user", net+"/subnets/a", static("10.0.0.9")+`,"publicIPAddress":{"id":"`+publics+`/out"}`, `"isle-attach":"22=127.0.0.1:2222 192.168.1.9"`, 201)
	before := w.snapshot()
	for _, c := range []struct{ body, codes string }{
		{nicBody(net+"/subnets/a", static("10.0.1.4"), ""), "PrivateIPAddressNotInSubnet"},
		{nicBody(net+"/subnets/a", static("10.0.0.3"), ""), "PrivateIPAddressInReservedRange"},
		{nicBody(net+"/subnets/a", static("10.0.0.255"), ""), "PrivateIPAddressInReservedRange"},
		{nicBody(net+"/subnets/a", static("10.0.0.9"), ""), "PrivateIPAddressIsAllocated"},
		{nicBody(net+"/subnets/a", static("10.0.0.09"), ""), "InvalidRequestFormat"},
		{nicBody(net+"/subnets/a", `,"privateIPAllocationMethod":"Static"`, ""), "InvalidRequestFormat"},
		{nicBody(net+"/subnets/tiny", "", ""), "SubnetIsFull"},
		{nicBody(net+"/subnets/d", "", ""), "ResourceNotPermittedOnDelegatedSubnet"},
		{nicBody(net+"/subnets/e", "", ""), "SubnetWithExternalResourcesCannotBeUsedByOtherResources"},
		{nicBody(net+"/subnets/GatewaySubnet", "", ""), "SubnetWithExternalResourcesCannotBeUsedByOtherResources"},
		{nicBody(net+"/subnets/x", "", ""), "InvalidResourceReference"},
		{nicBody(net, "", ""), "InvalidResourceReference"},
		{nicBody(net+"2/subnets/a", "", ""), "InvalidResourceReference"},
		{nicBody(net+"/subnets/a", `,"publicIPAddress":{"id":"`+publics+`/x"}`, ""), "InvalidResourceReference"},
		{nicBody(net+"/subnets/a", `,"publicIPAddress":{"id":"`+publics+`/out"}`, ""), "PublicIPAddressInUse"},
		{nicBody(net+"/subnets/a", `,"publicIPAddress":{"id":"`+publics+`/six"}`, ""), "InvalidRequestFormat"},
		{nicBody(net+"/subnets/a", `,"applicationSecurityGroups":[{"id":"/x"}],"gatewayLoadBalancer":{"id":"/y"},"privateIPAddressPrefixLength":28`, ""), "InvalidRequestFormat InvalidResourceReference InvalidResourceReference"},
		{nicBody(net+"/subnets/a", `,"privateIPAddressVersion":"IPv6"`, ""), "InvalidRequestFormat InvalidRequestFormat"},
		{nicBody(net+"/subnets/a", "", `"isle-attach":"22=x, 80=127.0.0.1:0 169.254.1.1"`), "InvalidAttachment"},
		{nicBody(net+"/subnets/a", "", `"isle-attach":"23=127.0.0.1:2222 192.168.1.9 24=[::1]:24 25=[::1]:24"`), "InvalidAttachment"},
		{nicBody("", "", ""), "SubnetIsRequired"},
		{`{"location":"westus"}`, "InvalidRequestFormat"},
		{`{"location":"westus","properties":{"ipConfigurations":{}}}`, "InvalidRequestFormat"},
		{`{"location":"westus","properties":{"networkSecurityGroup":{"id":"` + provider + `/networkSecurityGroups/east"},"privateLinkService":{"id":"/p"},"dnsSettings":{"dnsServers":["AzureProvidedDNS","x"]}}}`,
			"InvalidResourceReference InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat InvalidResourceReference"},
		{strings.Replace(nicBody(net+"/subnets/a", `,"primary":true,"publicIPAddress":{"id":"`+publics+`/x"}`, ""), `}}]`, `}},{"name":"IP","properties":{"primary":true,"subnet":{"id":"`+net+`3/subnets/a"},"publicIPAddress":{"id":"`+publics+`/X"}}}]`, 1),
			"InvalidRequestFormat PublicIPAddressInUse InvalidRequestFormat InvalidResourceReference InvalidResourceReference IpConfigurationsOnSameNicCannotUseDifferentSubnets"},
	} {
		w.refused("PUT", nics+"/bad", c.body, c.codes)
	}
	w.send("GET", nics+"/bad", "", 404)
	w.refused("PUT", nics+"/user", nicBody(net+"3/subnets/a", "", ""), "SubnetsNotInSameVnet")
	w.refused("PATCH", nics+"/user", `{"tags":{"isle-attach":"22 x=1"}}`, "InvalidAttachment")
	if w.snapshot() != before {
		t.Error("a refused request has changed the policy")
	}
	// The same real address may have another private one in another network.
	w.nic("twin", net+"3/subnets/a", "", `"isle-attach":"22=127.0.0.1:2222"`, 201)
}

// What a subnet with an interface in it keeps from being changed.
func TestInterfacesKeepTheirSubnet(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24"}}`, 201)
	nic := w.send("PUT", nics+"/vm", strings.Replace(nicBody(net+"/subnets/b", "", ""), `"ipConfigurations"`, `"networkSecurityGroup":{"id":"`+group+`"},"ipConfigurations"`, 1), 201)
	w.must(w.store.Control().Read(t.Context(), func(tx *store.Tx) error {
		p, err := network.Lookup(tx, net+"/subnets/b")
		if err == nil && fmt.Sprint(p.Users) != "["+nics+"/vm]" {
			t.Errorf("an environment is not told who is there: %v", p.Users)
		}
		return err
	}))
	w.refused("DELETE", net+"/subnets/b", "", "InUseSubnetCannotBeDeleted")
	if message := w.send("DELETE", net+"/subnets/b", "", 400)["error"].(map[string]any)["message"].(string); !strings.Contains(message, nics+"/vm/ipConfigurations/ip") {
		t.Error(message)
	}
	w.refused("DELETE", net, "", "InUseSubnetCannotBeDeleted")
	w.refused("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.2.0/24"}}`, "InUsePrefixCannotBeDeleted")
	w.refused("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"A/b"}}]}}`, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource")
	w.refused("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/24"]}}}`, "InUsePrefixCannotBeDeleted")
	w.refused("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[]}}`, "InUseSubnetCannotBeDeleted")
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24"}}`, 200)
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24"}}`, 200) // takes its group away
	w.refused("DELETE", group, "", "InUseNetworkSecurityGroupCannotBeDeleted")

	moved := w.nic("vm", net+"/subnets/a", "", "", 200)
	if addressOf(moved) != "10.0.0.4" || addressOf(nic) != "10.0.1.4" {
		t.Errorf("from %s to %s", addressOf(nic), addressOf(moved))
	}
	w.send("DELETE", net+"/subnets/b", "", 200)
	w.send("DELETE", group, "", 200)
	w.send("DELETE", nics+"/vm", "", 200)
	w.send("DELETE", net, "", 200)
}

// Changes of a tag by itself are judged too, and in force when they are answered.
func TestAttachmentsAreInForce(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.nic("vm", net+"/subnets/a", static("10.0.0.9"), `"Isle-Attach":"22=127.0.0.1:2222"`, 201)
	if m := w.snapshot().Mappings(net); len(m) != 1 || fmt.Sprint(m[0].Private, m[0].Port, m[0].Real, m[0].RealPort) != "10.0.0.9 22 127.0.0.1 2222" {
		t.Errorf("%+v", m)
	}
	tags := "/providers/Microsoft.Resources/tags/default"
	w.refused("PUT", nics+"/vm"+tags, `{"properties":{"tags":{"isle-attach":"x"}}}`, "InvalidAttachment")
	w.send("PATCH", nics+"/vm", `{"tags":{"isle-attach":"127.0.0.7"}}`, 200)
	if m := w.snapshot().Mappings(net); len(m) != 1 || m[0].Port != 0 {
		t.Errorf("%+v", m)
	}
	w.send("DELETE", nics+"/vm", "", 200)
	if m := w.snapshot().Mappings(net); len(m) != 0 {
		t.Errorf("%+v", m)
	}
}

func putSDKInterface(address string, change func(*armnetwork.InterfacePropertiesFormat)) func(*sdk) error {
	return func(s *sdk) error {
		nic := sdkInterface(address)
		change(nic.Properties)
		_, err := s.NewInterfacesClient().BeginCreateOrUpdate(s.ctx, "g", "other", nic, nil)
		return err
	}
}

func inSubnet(name string) func(*armnetwork.InterfacePropertiesFormat) {
	return func(p *armnetwork.InterfacePropertiesFormat) {
		p.IPConfigurations[0].Properties.Subnet.ID = to.Ptr(net + "/subnets/" + name)
	}
}

func asIs(*armnetwork.InterfacePropertiesFormat) {}

// interfacesThere are those that interfaceRefusals need beside world.office: in the
// subnets a and c, the small subnet t, which is full, and e, which an environment has
// without a delegation.
func (w *world) interfacesThere() {
	w.t.Helper()
	for name, prefix := range map[string]string{"c": "10.0.3.0/24", "t": "10.0.4.0/29", "e": "10.0.5.0/24", "GatewaySubnet": "10.0.6.0/27"} {
		w.send("PUT", net+"/subnets/"+name, `{"properties":{"addressPrefix":"`+prefix+`"}}`, 201)
	}
	for _, at := range []string{"t/one", "t/two", "t/three", "c/four"} {
		subnet, name, _ := strings.Cut(at, "/")
		w.nic(name, net+"/subnets/"+subnet, "", "", 201)
	}
	w.nic("nine", net+"/subnets/a", static("10.0.0.9"), `"isle-attach":"22=127.0.0.1:2222"`, 201)
	w.send("PUT", provider+"/networkSecurityGroups/inner", `{"location":"westus"}`, 201)
	w.send("PUT", nics+"/four", strings.Replace(nicBody(net+"/subnets/c", "", ""), `"ipConfigurations"`, `"networkSecurityGroup":{"id":"`+provider+`/networkSecurityGroups/inner"},"ipConfigurations"`, 1), 200)
	w.environment(environment+"2", net+"/subnets/e")
}

var interfaceRefusals = []refusal{
	{"PrivateIPAddressNotInSubnet", putSDKInterface("10.0.3.4", asIs)},
	{"PrivateIPAddressInReservedRange", putSDKInterface("10.0.0.1", asIs)},
	{"PrivateIPAddressInReservedRange", putSDKInterface("10.0.0.255", asIs)},
	{"PrivateIPAddressIsAllocated", putSDKInterface("10.0.0.9", asIs)},
	{"SubnetIsFull", putSDKInterface("", inSubnet("t"))},
	{"ResourceNotPermittedOnDelegatedSubnet", putSDKInterface("", inSubnet("b"))},
	{"SubnetWithExternalResourcesCannotBeUsedByOtherResources", putSDKInterface("", inSubnet("e"))},
	{"SubnetWithExternalResourcesCannotBeUsedByOtherResources", putSDKInterface("", inSubnet("GatewaySubnet"))},
	{"SubnetWithExternalResourcesCannotBeUsedByOtherResources", putSDKInterface("", inSubnet("AzureFirewallSubnet"))},
	{"InvalidResourceReference", putSDKInterface("", inSubnet("none"))},
	{"InvalidResourceReference", putSDKInterface("", func(p *armnetwork.InterfacePropertiesFormat) {
		p.NetworkSecurityGroup = &armnetwork.SecurityGroup{ID: to.Ptr(table)}
	})},
	{"PublicIPAddressInUse", putSDKInterface("", func(p *armnetwork.InterfacePropertiesFormat) {
		p.IPConfigurations[0].Properties.PublicIPAddress = &armnetwork.PublicIPAddress{ID: to.Ptr(publics + "/out")}
	})},
	{"InvalidResourceName", putSDKInterface("", func(p *armnetwork.InterfacePropertiesFormat) { p.IPConfigurations[0].Name = to.Ptr("ip.") })},
	{"InvalidAttachment", func(s *sdk) error {
		_, err := s.NewInterfacesClient().UpdateTags(s.ctx, "g", "four", tagged("isle-attach", "80=127.0.0.1:2222"), nil)
		return err
	}},
	{"InUseSubnetCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewSubnetsClient().BeginDelete(s.ctx, "g", "net", "c", nil)
		return err
	}},
	{"InUsePrefixCannotBeDeleted", putSubnet("c", "10.0.7.0/24")},
	{"SubnetDelegationsCannotChangeWhenSubnetUsedByResource", putSubnet("c", "10.0.3.0/24", delegated(environmentType))},
	{"InUseNetworkSecurityGroupCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewSecurityGroupsClient().BeginDelete(s.ctx, "g", "inner", nil)
		return err
	}},
}

// nic makes requests about interfaces at random.
func (g *maker) nic() (string, string) {
	configuration := func(name string) string {
		vnet := g.mostly(2, net, strings.ToUpper(net), strings.TrimPrefix(net, "/")+"/", provider+"/virtualNetworks/"+g.name())
		return fmt.Sprintf(`{"name":%q,"properties":{"subnet":{"id":%q}%s%s%s}}`, name, vnet+"/subnets/"+g.mostly(1, "a", "A/", "b", "_c", "AzureFirewallSubnet", "GatewaySubnet"),
			g.mostly(5, "", "", static("10.0.0.4"), static("10.0.0.99"), static("10.0.0.98"), static("10.0.0.255"), static("::ffff:10.0.0.4"), static("192.168.0.4"), `,"privateIPAllocationMethod":"Static"`),
			g.mostly(3, "", "", `,"primary":true`, `,"privateIPAddressVersion":"IPv6"`, `,"privateIPAddressVersion":"IPv6"`+static("2001:db8:0:1::9")),
			g.mostly(2, "", "", `,"publicIPAddress":{"id":"`+publics+"/"+g.name()+`"}`, `,"publicIPAddress":{"id":"`+publics+`/none"}`)+
				g.one("", `,"applicationSecurityGroups":[{"id":"`+applications+"/"+g.name()+`"}]`))
	}
	list := configuration("c")
	if g.IntN(3) == 0 {
		list += "," + configuration(g.mostly(1, "d", "C"))
	}
	more := g.mostly(1, "", `"networkSecurityGroup":{"id":"`+provider+"/networkSecurityGroups/"+g.mostly(2, g.name(), g.name()+"/", "none")+`"},`)
	tag := g.mostly(4, "", "22=127.0.0.1:2222", "192.168.1.9 80=[::1]:8080", "127.0.0.9", "x", "22=127.0.0.1")
	return nics + "/" + g.name(), fmt.Sprintf(`{"location":"westus","tags":{"isle-attach":%q},"properties":{%s"ipConfigurations":[%s]}}`, tag, more, list)
}
