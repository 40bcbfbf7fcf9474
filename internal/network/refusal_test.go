package network_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// refusal is a request that the SDK makes and that must be refused with the code,
// at once: a row of network.md §A9.
type refusal struct {
	code string
	try  func(s *sdk) error
}

func putNetwork(prefix string, subnets ...*armnetwork.Subnet) func(*sdk) error {
	return func(s *sdk) error {
		_, err := s.NewVirtualNetworksClient().BeginCreateOrUpdate(s.ctx, "g", "other", armnetwork.VirtualNetwork{Location: place, Properties: &armnetwork.VirtualNetworkPropertiesFormat{
			AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: to.SliceOfPtrs(prefix)}, Subnets: subnets}}, nil)
		return err
	}
}

func sdkSubnet(name, prefix string, change ...func(*armnetwork.SubnetPropertiesFormat)) *armnetwork.Subnet {
	s := &armnetwork.Subnet{Name: to.Ptr(name), Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr(prefix)}}
	for _, fn := range change {
		fn(s.Properties)
	}
	return s
}

func putSubnet(name, prefix string, change ...func(*armnetwork.SubnetPropertiesFormat)) func(*sdk) error {
	return func(s *sdk) error {
		_, err := s.NewSubnetsClient().BeginCreateOrUpdate(s.ctx, "g", "net", name, *sdkSubnet(name, prefix, change...), nil)
		return err
	}
}

func delegated(service string) func(*armnetwork.SubnetPropertiesFormat) {
	return func(p *armnetwork.SubnetPropertiesFormat) {
		p.Delegations = []*armnetwork.Delegation{{Name: to.Ptr("d"), Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: to.Ptr(service)}}}
	}
}

func putSDKRule(name string, change func(*armnetwork.SecurityRulePropertiesFormat)) func(*sdk) error {
	return func(s *sdk) error {
		rule := sdkRule("Inbound", "Allow", 150, "*", "443")
		change(rule.Properties)
		_, err := s.NewSecurityRulesClient().BeginCreateOrUpdate(s.ctx, "g", "nsg", name, *rule, nil)
		return err
	}
}

func putSDKRoute(prefix, hop string) func(*sdk) error {
	return func(s *sdk) error {
		_, err := s.NewRoutesClient().BeginCreateOrUpdate(s.ctx, "g", "rt", "r", sdkRoute(prefix, hop, ""), nil)
		return err
	}
}

func putSDKFirewall(change func(*armnetwork.AzureFirewallPropertiesFormat)) func(*sdk) error {
	return func(s *sdk) error {
		_, err := s.NewAzureFirewallsClient().BeginCreateOrUpdate(s.ctx, "g", "fw", sdkFirewall(change), nil)
		return err
	}
}

// refusals need the network of world.office, whose subnet b an environment is in.
var refusals = []refusal{
	{"InvalidAddressPrefixFormat", putNetwork("10.1.0.0")},
	{"InvalidAddressPrefixFormat", putNetwork("[parameters('space')]")},
	{"AddressPrefixReserved", putNetwork("169.254.0.0/24")},
	{"NetcfgSubnetRangeOutsideVnet", putNetwork("10.0.0.0/16", sdkSubnet("a", "10.1.0.0/24"))},
	{"NetcfgSubnetRangesOverlap", putNetwork("10.0.0.0/16", sdkSubnet("a", "10.0.0.0/24"), sdkSubnet("b", "10.0.0.128/25"))},
	{"NetcfgSubnetRangesOverlap", putSubnet("c", "10.0.0.128/25")},
	{"InUsePrefixCannotBeDeleted", putSubnet("b", "10.0.2.0/24", delegated(environmentType))},
	{"InUseSubnetCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewSubnetsClient().BeginDelete(s.ctx, "g", "net", "b", nil)
		return err
	}},
	{"InUseSubnetCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewVirtualNetworksClient().BeginDelete(s.ctx, "g", "net", nil)
		return err
	}},
	{"SubnetMissingRequiredDelegation", putSubnet("b", "10.0.1.0/24")},
	{"SubnetDelegationsCannotChangeWhenSubnetUsedByResource", putSubnet("b", "10.0.1.0/24", delegated("Microsoft.Web/serverFarms"))},
	{"InvalidServiceNameOnDelegation", putSubnet("c", "10.0.2.0/24", delegated("Logic"))},
	{"InvalidResourceName", putSubnet("c.", "10.0.2.0/24")},
	{"InvalidResourceReference", putSubnet("c", "10.0.2.0/24", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(table + "2")}
	})},
	{"SecurityRuleInvalidPriority", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.Priority = to.Ptr[int32](99) })},
	{"SecurityRuleInvalidPriority", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.Priority = to.Ptr[int32](4097) })},
	{"SecurityRuleConflict", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.Priority = to.Ptr[int32](100) })},
	{"SecurityRuleInvalidPortRange", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.DestinationPortRange = to.Ptr("636, 389") })},
	{"SecurityRuleInvalidPortRange", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.DestinationPortRange = to.Ptr("65536") })},
	{"SecurityRuleParameterContainsInvalidPortRanges", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) {
		p.DestinationPortRange, p.DestinationPortRanges = nil, to.SliceOfPtrs("*", "80")
	})},
	{"SecurityRuleInvalidAddressPrefix", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.SourceAddressPrefix = to.Ptr("any") })},
	{"SecurityRuleInvalidAddressPrefix", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) { p.SourceAddressPrefix = to.Ptr("50.206.209.68/27") })},
	{"SecurityRuleParameterContainsUnsupportedValue", putSDKRule("r", func(p *armnetwork.SecurityRulePropertiesFormat) {
		p.SourceAddressPrefix, p.SourceAddressPrefixes = nil, to.SliceOfPtrs("10.0.0.1", "Internet")
	})},
	{"MissingNextHopIpAddress", putSDKRoute("0.0.0.0/0", "VirtualAppliance")},
	{"InvalidAddressPrefixFormat", putSDKRoute("Internet", "None")},
	{"InUseNetworkSecurityGroupCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewSecurityGroupsClient().BeginDelete(s.ctx, "g", "nsg", nil)
		return err
	}},
	{"StandardSkuPublicIPAddressesMustBeStatic", func(s *sdk) error {
		_, err := s.NewPublicIPAddressesClient().BeginCreateOrUpdate(s.ctx, "g", "other", sdkPublic(func(p *armnetwork.PublicIPAddress) {
			p.Properties.PublicIPAllocationMethod = to.Ptr(armnetwork.IPAllocationMethodDynamic)
		}), nil)
		return err
	}},
	{"PublicIPAddressCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewPublicIPAddressesClient().BeginDelete(s.ctx, "g", "out", nil)
		return err
	}},
	{"InUseSubnetCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewSubnetsClient().BeginDelete(s.ctx, "g", "net", "AzureFirewallSubnet", nil)
		return err
	}},
	{"InUsePrefixCannotBeDeleted", putSubnet("AzureFirewallSubnet", "10.0.10.0/26")},
	{"AzureFirewallSubnetRouteTableMustHaveDefaultRouteToInternet", putSubnet("AzureFirewallSubnet", "10.0.9.0/26", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(table)}
	})},
	{"AzureFirewallSubnetReferenceConflict", putSDKFirewall(func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.IPConfigurations = append(p.IPConfigurations, p.IPConfigurations[0])
	})},
	{"InvalidResourceReference", putSDKFirewall(func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.IPConfigurations[0].Properties.PublicIPAddress.ID = to.Ptr(publics + "/none")
	})},
	{"FirewallRuleCollectionInvalidPriority", putSDKFirewall(func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.NetworkRuleCollections[0].Properties.Priority = to.Ptr[int32](99)
	})},
	{"FirewallRuleCollectionConflict", putSDKFirewall(func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.NetworkRuleCollections = append(p.NetworkRuleCollections, sdkCollection("more", 200))
	})},
	{"InvalidResourceName", putSDKFirewall(func(p *armnetwork.AzureFirewallPropertiesFormat) { p.NetworkRuleCollections[0].Name = to.Ptr("web.") })},
	{"InUseRouteTableCannotBeDeleted", func(s *sdk) error {
		_, err := s.NewRouteTablesClient().BeginDelete(s.ctx, "g", "rt", nil)
		return err
	}},
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	s := w.sdk(nil)
	w.office()
	w.send("PUT", group+"/securityRules/first", `{"properties":`+anyRule(100)+`}`, 201)
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"`+environmentType+`"}}]}}`, 201)
	w.environment(environment, net+"/subnets/b")
	w.send("PUT", net+"/subnets/AzureFirewallSubnet", `{"properties":{"addressPrefix":"10.0.9.0/26"}}`, 201)
	w.publicIP("out", ``, ``, 201)
	w.send("PUT", firewall, firewallBody(), 201)
	w.interfacesThere()
	before := w.snapshot()
	for i, r := range slices.Concat(refusals, interfaceRefusals) {
		err := r.try(s)
		failed, ok := errors.AsType[*azcore.ResponseError](err)
		if !ok || failed.StatusCode != 400 || failed.ErrorCode != r.code && !strings.Contains(failed.Error(), `"`+r.code+`"`) {
			t.Errorf("%d: %v, want %s", i, err, r.code)
		}
	}
	if w.snapshot() != before {
		t.Error("a refused request has changed the policy")
	}
	if _, err := s.NewVirtualNetworksClient().Get(s.ctx, "g", "other", nil); err == nil {
		t.Error("a refused network is there")
	}
}
