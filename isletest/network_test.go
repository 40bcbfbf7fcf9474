package isletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
)

// The tests of the network drive a server with the Azure SDK, as its users do, and
// look at what real sockets see.

const (
	siteGroup    = "net"
	siteLocation = "westeurope"
)

const (
	external = armlogic.IntegrationServiceEnvironmentAccessEndpointTypeExternal
	internal = armlogic.IntegrationServiceEnvironmentAccessEndpointTypeInternal
)

// site is a server with a virtual network in it: "net", 10.0.0.0/16. Beside the
// subnets of environments it has AzureFirewallSubnet and one for machines.
type site struct {
	*isletest.Server
	clients
	t     *testing.T
	name  string // of its resource group
	group string // the group's resource ID
}

// roles are the subnets of an environment, in the order of their roles.
var roles = []string{"front", "connectors", "management", "cache"}

// newSite starts a server and makes the network, with four subnets for each
// environment: those of the first one have the names of their roles, those of the
// second one a 2 behind them.
func newSite(t *testing.T, environments int, options ...isletest.Option) *site {
	t.Helper()
	s := &site{Server: isletest.Start(t, options...), t: t, name: siteGroup}
	s.clients = newClients(t, s.Server)
	s.group = s.Group(siteGroup)
	s.putNetwork(environments)
	return s
}

func (s *site) putNetwork(environments int) {
	s.t.Helper()
	subnets := []*armnetwork.Subnet{
		{Name: to.Ptr("machines"), Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.9.0/24")}},
		{Name: to.Ptr("AzureFirewallSubnet"), Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.8.0/26")}},
	}
	for e := range environments {
		for i, role := range roles {
			subnet := &armnetwork.Subnet{Name: to.Ptr(role + number(e)), Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr(fmt.Sprintf("10.0.%d.%d/27", e, 32*i))}}
			if i == 0 {
				subnet.Properties.Delegations = []*armnetwork.Delegation{{Name: to.Ptr("ise"), Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: to.Ptr("Microsoft.Logic/integrationServiceEnvironments")}}}
			}
			subnets = append(subnets, subnet)
		}
	}
	await(s.network.NewVirtualNetworksClient().BeginCreateOrUpdate(s.t.Context(), s.name, "net", armnetwork.VirtualNetwork{Location: to.Ptr(siteLocation),
		Properties: &armnetwork.VirtualNetworkPropertiesFormat{AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{to.Ptr("10.0.0.0/16")}}, Subnets: subnets}}, nil))(s.t)
}

// number tells the names of the second environment from those of the first.
func number(environment int) string {
	if environment == 0 {
		return ""
	}
	return fmt.Sprint(environment + 1)
}

// await waits for the end of a long-running operation of the SDK.
func await[T any](p *runtime.Poller[T], err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		done, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Millisecond})
		must(t, err)
		return done
	}
}

// id is the resource ID of something in Microsoft.Network.
func (s *site) id(path string) string { return s.group + "/providers/Microsoft.Network/" + path }

func (s *site) subnetID(name string) string { return s.id("virtualNetworks/net/subnets/" + name) }

// changeSubnet reads a subnet, changes it and writes it back.
func (s *site) changeSubnet(name string, change func(*armnetwork.SubnetPropertiesFormat)) {
	s.t.Helper()
	subnets := s.network.NewSubnetsClient()
	found, err := subnets.Get(s.t.Context(), s.name, "net", name, nil)
	must(s.t, err)
	change(found.Properties)
	await(subnets.BeginCreateOrUpdate(s.t.Context(), s.name, "net", name, found.Subnet, nil))(s.t)
}

// guard makes a network security group and sets it on a subnet.
func (s *site) guard(subnet, group string, rules ...*armnetwork.SecurityRule) {
	s.t.Helper()
	made := await(s.network.NewSecurityGroupsClient().BeginCreateOrUpdate(s.t.Context(), s.name, group, armnetwork.SecurityGroup{
		Location: to.Ptr(siteLocation), Properties: &armnetwork.SecurityGroupPropertiesFormat{SecurityRules: rules}}, nil))(s.t)
	s.changeSubnet(subnet, func(p *armnetwork.SubnetPropertiesFormat) {
		p.NetworkSecurityGroup = &armnetwork.SecurityGroup{ID: made.ID}
	})
}

func (s *site) putRule(group string, rule *armnetwork.SecurityRule) {
	s.t.Helper()
	await(s.network.NewSecurityRulesClient().BeginCreateOrUpdate(s.t.Context(), s.name, group, *rule.Name, *rule, nil))(s.t)
}

// rule writes a security rule as a sentence: "200 Outbound Deny * VirtualNetwork ->
// Internet:443,8000-8999".
func rule(t *testing.T, name, text string) *armnetwork.SecurityRule {
	t.Helper()
	var priority int32
	var direction, access, protocol, from, dest string
	if _, err := fmt.Sscanf(text, "%d %s %s %s %s -> %s", &priority, &direction, &access, &protocol, &from, &dest); err != nil {
		t.Fatalf("rule %q: %v", text, err)
	}
	i := strings.LastIndexByte(dest, ':')
	p := &armnetwork.SecurityRulePropertiesFormat{
		Priority: &priority, Direction: to.Ptr(armnetwork.SecurityRuleDirection(direction)), Access: to.Ptr(armnetwork.SecurityRuleAccess(access)), Protocol: to.Ptr(armnetwork.SecurityRuleProtocol(protocol)),
		SourceAddressPrefix: &from, SourcePortRange: to.Ptr("*"), DestinationAddressPrefix: to.Ptr(dest[:i]),
	}
	for _, ports := range strings.Split(dest[i+1:], ",") {
		p.DestinationPortRanges = append(p.DestinationPortRanges, to.Ptr(ports))
	}
	if dest[i+1:] == "*" {
		p.DestinationPortRange, p.DestinationPortRanges = to.Ptr("*"), nil
	}
	return &armnetwork.SecurityRule{Name: &name, Properties: p}
}

// required are the inbound rules that an environment needs beside the default ones,
// as its documents list them (ise.md §A13).
func required(t *testing.T) []*armnetwork.SecurityRule {
	var rules []*armnetwork.SecurityRule
	for i, r := range []string{
		"Internet -> VirtualNetwork:443", "LogicAppsManagement -> VirtualNetwork:454", "LogicApps -> VirtualNetwork:454",
		"AzureConnectors -> VirtualNetwork:454", "AppServiceManagement -> VirtualNetwork:454,455", "AzureTrafficManager -> VirtualNetwork:443,454",
		"APIManagement -> VirtualNetwork:3443",
	} {
		rules = append(rules, rule(t, fmt.Sprint("Needed", i+1), fmt.Sprintf("%d Inbound Allow * %s", 1000+10*i, r)))
	}
	return rules
}

// environment makes the environment e, 0 or 1, of the site and gives its ID.
func (s *site) environment(e int, endpoint armlogic.IntegrationServiceEnvironmentAccessEndpointType) string {
	s.t.Helper()
	name := "isle" + number(e)
	made := await(s.logic.NewIntegrationServiceEnvironmentsClient().BeginCreateOrUpdate(s.t.Context(), s.name, name, s.environmentBody(e, endpoint), nil))(s.t)
	return *made.ID
}

func (s *site) environmentBody(e int, endpoint armlogic.IntegrationServiceEnvironmentAccessEndpointType) armlogic.IntegrationServiceEnvironment {
	var subnets []*armlogic.ResourceReference
	for _, role := range roles {
		subnets = append(subnets, &armlogic.ResourceReference{ID: to.Ptr(s.subnetID(role + number(e)))})
	}
	return armlogic.IntegrationServiceEnvironment{
		Location: to.Ptr(siteLocation), SKU: &armlogic.IntegrationServiceEnvironmentSKU{Name: to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNameDeveloper)},
		Properties: &armlogic.IntegrationServiceEnvironmentProperties{NetworkConfiguration: &armlogic.NetworkConfiguration{
			AccessEndpoint: &armlogic.IntegrationServiceEnvironmentAccessEndpoint{Type: &endpoint}, Subnets: subnets}},
	}
}

// caller makes a workflow in an environment that calls what the body of its trigger
// names, {"uri": …}, and answers with what became of it. It gives the workflow's ID and
// callback URL.
func (s *site) caller(name, environment string) (id, callbackURL string) {
	s.t.Helper()
	return s.workflow(name, environment, `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"@triggerBody()['uri']","retryPolicy":{"type":"none"}}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('Call')"},"runAfter":{"Call":["Succeeded","Failed","TimedOut"]}}}`)
}

func (s *site) workflow(name, environment, actions string) (id, callbackURL string) {
	s.t.Helper()
	var body map[string]any
	must(s.t, json.Unmarshal([]byte(workflowBody(actions)), &body))
	body["location"] = siteLocation
	body["properties"].(map[string]any)["integrationServiceEnvironment"] = map[string]any{"id": environment}
	text, err := json.Marshal(body)
	must(s.t, err)
	return put(s.t, s.Server, s.group, name, string(text))
}

// outcome is what became of a workflow's call.
type outcome struct {
	Status, Code string
	Error        struct{ Code, Message string }
	Outputs      struct {
		StatusCode int
		Body       any
	}
}

// call makes the workflow call a URI. The test fails when the workflow does not answer.
func (s *site) call(callbackURL, uri string) outcome {
	s.t.Helper()
	a := s.Call(callbackURL, map[string]any{"uri": uri})
	if a.Status != http.StatusOK {
		s.t.Fatalf("the workflow answers %d %s", a.Status, a.Body)
	}
	var o outcome
	must(s.t, json.Unmarshal(a.Body, &o))
	return o
}

// succeeded and denied are how calls end.
func (s *site) succeeded(o outcome) {
	s.t.Helper()
	if o.Status != "Succeeded" {
		s.t.Errorf("the call is %s: %s %s", o.Status, o.Error.Code, o.Error.Message)
	}
}

func (s *site) denied(o outcome, says ...string) {
	s.t.Helper()
	if o.Status != "Failed" || o.Error.Code != "NetworkPolicyDenied" {
		s.t.Errorf("the call is not denied but %s: %s %s", o.Status, o.Error.Code, o.Error.Message)
		return
	}
	for _, text := range says {
		if !strings.Contains(o.Error.Message, text) {
			s.t.Errorf("%q is not told: %s", text, o.Error.Message)
		}
	}
}

func (s *site) dropRule(group, rule string) {
	s.t.Helper()
	await(s.network.NewSecurityRulesClient().BeginDelete(s.t.Context(), s.name, group, rule, nil))(s.t)
}
