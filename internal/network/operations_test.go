package network_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/network"
	"isle/internal/store"

	"isle/internal/arm/armtest"
)

// operation is an operation of the provider as the shared reading lists it.
type operation struct {
	Client, GoMethod, HTTPMethod, Path         string
	SuccessCodes                               []int
	LRO                                        bool
	FinalStateVia, RequestModel, ResponseModel string
}

// operations reads network-operations.json. Tests of it are skipped where the shared
// reading is not beside the repository.
func operations(t *testing.T) []operation {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "reference", "network-operations.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the list of operations is not here, so nothing tells which are driven: %s", path)
	}
	var list []operation
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (o *operation) String() string { return o.Client + "." + o.GoMethod }

func (o *operation) matches(method, path string) bool {
	want, got := strings.Split(o.Path, "/"), strings.Split(path, "/")
	if o.HTTPMethod != method || len(want) != len(got) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && !strings.EqualFold(want[i], got[i]) {
			return false
		}
	}
	return true
}

// witness sees the SDK's requests and notes which operations have succeeded.
type witness struct {
	client *http.Client
	list   []operation
	models *models
	mu     sync.Mutex
	driven map[string]bool
	wrong  map[string]bool // "Client.Method: what is wrong with an answer"
}

func (v *witness) Do(r *http.Request) (*http.Response, error) {
	res, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.list {
		o := &v.list[i]
		if !o.matches(r.Method, r.URL.Path) || res.StatusCode >= http.StatusBadRequest {
			continue
		}
		v.driven[o.String()] = slices.Contains(o.SuccessCodes, res.StatusCode) || v.driven[o.String()]
		for _, what := range v.models.examine(o, res, body) {
			v.wrong[o.String()+": "+what] = true
		}
	}
	return res, nil
}

// sdk is the Azure SDK's view of a world.
type sdk struct {
	*world
	*armnetwork.ClientFactory
	ctx context.Context
}

func (w *world) sdk(v *witness) *sdk {
	w.t.Helper()
	options := w.client().Options()
	if v != nil {
		v.client, options.Transport = w.server.Client(), v
	}
	clients, err := armnetwork.NewClientFactory(subscription, armtest.Token{}, options)
	w.must(err)
	return &sdk{world: w, ClientFactory: clients, ctx: context.Background()}
}

// await gives the result of a long-running operation.
func await[T any](s *sdk) func(*runtime.Poller[T], error) T {
	return func(p *runtime.Poller[T], err error) T {
		s.t.Helper()
		s.must(err)
		v, err := p.PollUntilDone(s.ctx, &runtime.PollUntilDoneOptions{Frequency: time.Millisecond})
		s.must(err)
		return v
	}
}

// got gives the result of an ordinary one.
func got[T any](s *sdk) func(T, error) T {
	return func(v T, err error) T {
		s.t.Helper()
		s.must(err)
		return v
	}
}

// pages reads a list to its end.
func pages[T any](s *sdk, p *runtime.Pager[T]) []T {
	s.t.Helper()
	var all []T
	for p.More() {
		page, err := p.NextPage(s.ctx)
		s.must(err)
		all = append(all, page)
	}
	return all
}

// check compares what an operation answered.
func check[T comparable](s *sdk, what string, got, want T) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestOperations drives every operation of the provider that this server has with the
// Azure SDK. testdata/operations.txt tells of each whether it is driven.
func TestOperations(t *testing.T) {
	v := &witness{list: slices.Concat(operations(t), publicPrefixOperations(), flowLogOperations(), captureOperations()), models: readModels(t), driven: map[string]bool{}, wrong: map[string]bool{}}
	for _, scenario := range []struct {
		name string
		run  func(*sdk)
	}{
		{"networks", driveNetworks}, {"groups", driveGroups}, {"tables", driveTables}, {"watchers", driveWatchers}, {"flow logs", driveFlowLogs}, {"troubleshooting", driveTroubleshooting}, {"location", driveLocation},
		{"public addresses", drivePublicIPs}, {"public prefixes", drivePublicPrefixes}, {"interfaces", driveInterfaces}, {"nat gateways", driveNATGateways}, {"peerings", drivePeerings}, {"firewalls", driveFirewalls}, {"firewall policies", drivePolicies}, {"names of firewalls", driveNames},
	} {
		t.Run(scenario.name, func(t *testing.T) { scenario.run(newWorld(t).sdk(v)) })
	}
	t.Run("captures", func(t *testing.T) { driveCaptures(newCapturing(t), v) })
	for _, what := range slices.Sorted(maps.Keys(v.wrong)) {
		t.Error(what)
	}
	var b strings.Builder
	for i := range v.list {
		state := "later"
		if v.driven[v.list[i].String()] {
			state = "driven"
		}
		fmt.Fprintf(&b, "%-6s %s\n", state, &v.list[i])
	}
	path := filepath.Join("testdata", "operations.txt")
	if *armtest.Rewrite {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s is not what is driven (run with -rewrite): %v\n%s", path, err, b.String())
	}
}

var place = to.Ptr("westus")

func tagged(name, value string) armnetwork.TagsObject {
	return armnetwork.TagsObject{Tags: map[string]*string{name: to.Ptr(value)}}
}

func driveNetworks(s *sdk) {
	networks, subnets := s.NewVirtualNetworksClient(), s.NewSubnetsClient()
	made := await[armnetwork.VirtualNetworksClientCreateOrUpdateResponse](s)(networks.BeginCreateOrUpdate(s.ctx, "g", "net", armnetwork.VirtualNetwork{Location: place,
		Properties: &armnetwork.VirtualNetworkPropertiesFormat{AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: to.SliceOfPtrs("10.0.0.0/16")}}}, nil))
	check(s, "id", *made.ID, net)
	subnet := await[armnetwork.SubnetsClientCreateOrUpdateResponse](s)(subnets.BeginCreateOrUpdate(s.ctx, "g", "net", "a", armnetwork.Subnet{Properties: &armnetwork.SubnetPropertiesFormat{
		AddressPrefix: to.Ptr("10.0.1.0/24"), Delegations: []*armnetwork.Delegation{{Name: to.Ptr("ise"), Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: to.Ptr(environmentType)}}}}}, nil))
	check(s, "subnet", *subnet.ID, net+"/subnets/a")
	check(s, "networks of the subscription", len(pages(s, networks.NewListAllPager(nil))[0].Value), 1)
	check(s, "networks of the group", *pages(s, networks.NewListPager("g", nil))[0].Value[0].ID, net)
	check(s, "subnets", *pages(s, subnets.NewListPager("g", "net", nil))[0].Value[0].Properties.AddressPrefix, "10.0.1.0/24")
	check(s, "delegation", *got[armnetwork.SubnetsClientGetResponse](s)(subnets.Get(s.ctx, "g", "net", "a", nil)).Properties.Delegations[0].Properties.ServiceName, environmentType)
	check(s, "subnets of the network", len(got[armnetwork.VirtualNetworksClientGetResponse](s)(networks.Get(s.ctx, "g", "net", nil)).Properties.Subnets), 1)
	check(s, "usage", *pages(s, networks.NewListUsagePager("g", "net", nil))[0].Value[0].Limit, 251.0)
	check(s, "free", *got[armnetwork.VirtualNetworksClientCheckIPAddressAvailabilityResponse](s)(networks.CheckIPAddressAvailability(s.ctx, "g", "net", "10.0.1.4", nil)).Available, true)
	_, err := networks.BeginListDdosProtectionStatus(s.ctx, "g", "net", nil) // its pager is for answers with 202 only
	s.must(err)
	check(s, "protection", len(s.send("POST", net+"/ddosProtectionStatus", "", 200)["value"].([]any)), 0)
	check(s, "tags", *got[armnetwork.VirtualNetworksClientUpdateTagsResponse](s)(networks.UpdateTags(s.ctx, "g", "net", tagged("a", "b"), nil)).Tags["a"], "b")

	await[armnetwork.SubnetsClientPrepareNetworkPoliciesResponse](s)(subnets.BeginPrepareNetworkPolicies(s.ctx, "g", "net", "a", armnetwork.PrepareNetworkPoliciesRequest{ServiceName: to.Ptr(environmentType)}, nil))
	await[armnetwork.SubnetsClientUnprepareNetworkPoliciesResponse](s)(subnets.BeginUnprepareNetworkPolicies(s.ctx, "g", "net", "a", armnetwork.UnprepareNetworkPoliciesRequest{ServiceName: to.Ptr(environmentType)}, nil))
	s.refused("POST", net+"/subnets/a/PrepareNetworkPolicies", `{}`, "InvalidRequestFormat")
	s.environment(environment, net+"/subnets/a")
	links := got[armnetwork.ServiceAssociationLinksClientListResponse](s)(s.NewServiceAssociationLinksClient().List(s.ctx, "g", "net", "a", nil))
	check(s, "link", *links.Value[0].Properties.Link, environment)
	check(s, "navigation links", len(got[armnetwork.ResourceNavigationLinksClientListResponse](s)(s.NewResourceNavigationLinksClient().List(s.ctx, "g", "net", "a", nil)).Value), 0)
	s.must(s.store.Control().Write(s.ctx, func(tx *store.Tx) error {
		return network.RemoveLinks(tx, net+"/subnets/a", environment, time.Now())
	}))
	await[armnetwork.SubnetsClientDeleteResponse](s)(subnets.BeginDelete(s.ctx, "g", "net", "a", nil))
	await[armnetwork.VirtualNetworksClientDeleteResponse](s)(networks.BeginDelete(s.ctx, "g", "net", nil))
	s.send("GET", net, "", 404)
}

const (
	environmentType = "Microsoft.Logic/integrationServiceEnvironments"
	environment     = "/subscriptions/" + subscription + "/resourceGroups/g/providers/" + environmentType + "/ise"
)

// environment puts an environment into subnets, as its service does: the first has
// the association link.
func (w *world) environment(id string, subnets ...string) {
	w.t.Helper()
	w.must(w.store.Control().Write(context.Background(), func(tx *store.Tx) error {
		for i, subnet := range subnets {
			link := network.Link{Name: "ise", Owner: id, Type: environmentType, Association: i == 0, Location: "westus"}
			if err := network.AddLink(tx, subnet, link, time.Now()); err != nil {
				return err
			}
		}
		return nil
	}))
}

func driveGroups(s *sdk) {
	groups, rules, defaults := s.NewSecurityGroupsClient(), s.NewSecurityRulesClient(), s.NewDefaultSecurityRulesClient()
	await[armnetwork.SecurityGroupsClientCreateOrUpdateResponse](s)(groups.BeginCreateOrUpdate(s.ctx, "g", "nsg", armnetwork.SecurityGroup{Location: place}, nil))
	rule := await[armnetwork.SecurityRulesClientCreateOrUpdateResponse](s)(rules.BeginCreateOrUpdate(s.ctx, "g", "nsg", "web", *sdkRule("Inbound", "Deny", 300, "Internet", "443"), nil))
	check(s, "rule", *rule.ID, group+"/securityRules/web")
	check(s, "rule again", *got[armnetwork.SecurityRulesClientGetResponse](s)(rules.Get(s.ctx, "g", "nsg", "web", nil)).Properties.Priority, 300)
	check(s, "rules", *pages(s, rules.NewListPager("g", "nsg", nil))[0].Value[0].Name, "web")
	check(s, "default rules", len(pages(s, defaults.NewListPager("g", "nsg", nil))[0].Value), 6)
	check(s, "default rule", *got[armnetwork.DefaultSecurityRulesClientGetResponse](s)(defaults.Get(s.ctx, "g", "nsg", "DenyAllInBound", nil)).Properties.Priority, 65500)
	check(s, "group", len(got[armnetwork.SecurityGroupsClientGetResponse](s)(groups.Get(s.ctx, "g", "nsg", nil)).Properties.SecurityRules), 1)
	check(s, "groups", len(pages(s, groups.NewListPager("g", nil))[0].Value), 1)
	check(s, "all groups", len(pages(s, groups.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.SecurityGroupsClientUpdateTagsResponse](s)(groups.UpdateTags(s.ctx, "g", "nsg", tagged("a", "b"), nil)).Tags["a"], "b")
	await[armnetwork.SecurityRulesClientDeleteResponse](s)(rules.BeginDelete(s.ctx, "g", "nsg", "web", nil))
	await[armnetwork.SecurityGroupsClientDeleteResponse](s)(groups.BeginDelete(s.ctx, "g", "nsg", nil))
	s.send("GET", group, "", 404)
}

func sdkRule(direction, access string, priority int32, prefix, port string) *armnetwork.SecurityRule {
	rule := &armnetwork.SecurityRule{Properties: &armnetwork.SecurityRulePropertiesFormat{
		Access: to.Ptr(armnetwork.SecurityRuleAccess(access)), Direction: to.Ptr(armnetwork.SecurityRuleDirection(direction)), Priority: to.Ptr(priority), Protocol: to.Ptr(armnetwork.SecurityRuleProtocolTCP),
		SourceAddressPrefix: to.Ptr("*"), SourcePortRange: to.Ptr("*"), DestinationAddressPrefix: to.Ptr("*"), DestinationPortRange: to.Ptr(port)}}
	if direction == "Inbound" {
		rule.Properties.SourceAddressPrefix = to.Ptr(prefix)
	} else {
		rule.Properties.DestinationAddressPrefix = to.Ptr(prefix)
	}
	return rule
}

func driveTables(s *sdk) {
	tables, routes := s.NewRouteTablesClient(), s.NewRoutesClient()
	await[armnetwork.RouteTablesClientCreateOrUpdateResponse](s)(tables.BeginCreateOrUpdate(s.ctx, "g", "rt", armnetwork.RouteTable{Location: place}, nil))
	route := await[armnetwork.RoutesClientCreateOrUpdateResponse](s)(routes.BeginCreateOrUpdate(s.ctx, "g", "rt", "fw", sdkRoute("0.0.0.0/0", "VirtualAppliance", "10.0.9.4"), nil))
	check(s, "route", *route.ID, table+"/routes/fw")
	check(s, "route again", *got[armnetwork.RoutesClientGetResponse](s)(routes.Get(s.ctx, "g", "rt", "fw", nil)).Properties.NextHopIPAddress, "10.0.9.4")
	check(s, "routes", *pages(s, routes.NewListPager("g", "rt", nil))[0].Value[0].Name, "fw")
	check(s, "table", len(got[armnetwork.RouteTablesClientGetResponse](s)(tables.Get(s.ctx, "g", "rt", nil)).Properties.Routes), 1)
	check(s, "tables", len(pages(s, tables.NewListPager("g", nil))[0].Value), 1)
	check(s, "all tables", len(pages(s, tables.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.RouteTablesClientUpdateTagsResponse](s)(tables.UpdateTags(s.ctx, "g", "rt", tagged("a", "b"), nil)).Tags["a"], "b")
	await[armnetwork.RoutesClientDeleteResponse](s)(routes.BeginDelete(s.ctx, "g", "rt", "fw", nil))
	await[armnetwork.RouteTablesClientDeleteResponse](s)(tables.BeginDelete(s.ctx, "g", "rt", nil))
	s.send("GET", table, "", 404)
}

func sdkRoute(prefix, hop, ip string) armnetwork.Route {
	p := &armnetwork.RoutePropertiesFormat{AddressPrefix: to.Ptr(prefix), NextHopType: to.Ptr(armnetwork.RouteNextHopType(hop))}
	if ip != "" {
		p.NextHopIPAddress = to.Ptr(ip)
	}
	return armnetwork.Route{Properties: p}
}

func driveWatchers(s *sdk) {
	watchers := s.NewWatchersClient()
	made := got[armnetwork.WatchersClientCreateOrUpdateResponse](s)(watchers.CreateOrUpdate(s.ctx, "g", "watcher", armnetwork.Watcher{Location: place}, nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	check(s, "watcher", *got[armnetwork.WatchersClientGetResponse](s)(watchers.Get(s.ctx, "g", "watcher", nil)).ID, provider+"/networkWatchers/watcher")
	check(s, "watchers", len(pages(s, watchers.NewListPager("g", nil))[0].Value), 1)
	check(s, "all watchers", len(pages(s, watchers.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.WatchersClientUpdateTagsResponse](s)(watchers.UpdateTags(s.ctx, "g", "watcher", tagged("a", "b"), nil)).Tags["a"], "b")

	s.office()
	s.environment(environment, net+"/subnets/a")
	s.send("PUT", group+"/securityRules/no-ftp", strings.NewReplacer("Inbound", "Outbound", "Allow", "Deny", "443", "21").Replace(`{"properties":`+anyRule(200)+`}`), 201)
	verify := func(direction armnetwork.Direction, local, remote string) armnetwork.VerificationIPFlowResult {
		return await[armnetwork.WatchersClientVerifyIPFlowResponse](s)(watchers.BeginVerifyIPFlow(s.ctx, "g", "watcher", armnetwork.VerificationIPFlowParameters{
			TargetResourceID: to.Ptr(environment), Direction: to.Ptr(direction), Protocol: to.Ptr(armnetwork.IPFlowProtocolTCP),
			LocalIPAddress: to.Ptr("10.0.0.4"), LocalPort: to.Ptr(local), RemoteIPAddress: to.Ptr("93.184.216.34"), RemotePort: to.Ptr(remote)}, nil)).VerificationIPFlowResult
	}
	out := verify(armnetwork.DirectionOutbound, "*", "21")
	check(s, "ftp", string(*out.Access)+" "+*out.RuleName, "Deny securityRules/no-ftp")
	out = verify(armnetwork.DirectionOutbound, "50000", "443")
	check(s, "https", string(*out.Access)+" "+*out.RuleName, "Allow defaultSecurityRules/AllowInternetOutBound")
	out = verify(armnetwork.DirectionInbound, "443", "*")
	check(s, "in", string(*out.Access)+" "+*out.RuleName, "Deny defaultSecurityRules/DenyAllInBound")

	hop := func(destination string) armnetwork.NextHopResult {
		return await[armnetwork.WatchersClientGetNextHopResponse](s)(watchers.BeginGetNextHop(s.ctx, "g", "watcher", armnetwork.NextHopParameters{
			TargetResourceID: to.Ptr(environment), SourceIPAddress: to.Ptr("10.0.0.4"), DestinationIPAddress: to.Ptr(destination)}, nil)).NextHopResult
	}
	next := hop("93.184.216.34")
	check(s, "internet", string(*next.NextHopType)+" "+*next.RouteTableID, "Internet System Route")
	check(s, "inside", *hop("10.0.3.3").NextHopType, armnetwork.NextHopTypeVnetLocal)
	check(s, "private", *hop("192.168.1.1").NextHopType, armnetwork.NextHopTypeNone)
	s.send("PUT", table+"/routes/fw", `{"properties":{"addressPrefix":"93.0.0.0/8","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}}`, 201)
	next = hop("93.184.216.34")
	check(s, "appliance", string(*next.NextHopType)+" "+*next.NextHopIPAddress+" "+*next.RouteTableID, "VirtualAppliance 10.0.9.4 "+table)
	driveDiagnostics(s, watchers)
	await[armnetwork.WatchersClientDeleteResponse](s)(watchers.BeginDelete(s.ctx, "g", "watcher", nil))
	await[armnetwork.WatchersClientDeleteResponse](s)(watchers.BeginDelete(s.ctx, "g", "watcher", nil))
	s.send("GET", provider+"/networkWatchers/watcher", "", 404)
}

// driveDiagnostics asks why, of a group that denies ftp and a route that nothing answers.
func driveDiagnostics(s *sdk, watchers *armnetwork.WatchersClient) {
	diagnosed := await[armnetwork.WatchersClientGetNetworkConfigurationDiagnosticResponse](s)(watchers.BeginGetNetworkConfigurationDiagnostic(s.ctx, "g", "watcher", armnetwork.ConfigurationDiagnosticParameters{
		TargetResourceID: to.Ptr(environment), Profiles: []*armnetwork.ConfigurationDiagnosticProfile{{Direction: to.Ptr(armnetwork.DirectionOutbound), Protocol: to.Ptr("TCP"), Source: to.Ptr("10.0.0.4"), Destination: to.Ptr("8.8.8.8"), DestinationPort: to.Ptr("21")}}}, nil))
	result := diagnosed.Results[0].NetworkSecurityGroupResult
	evaluated := result.EvaluatedNetworkSecurityGroups[0]
	check(s, "diagnostic", string(*result.SecurityRuleAccessResult)+" "+*evaluated.MatchedRule.RuleName+" "+*evaluated.AppliedTo, "Deny UserRule_no-ftp "+net+"/subnets/a")
	last := evaluated.RulesEvaluationResult[len(evaluated.RulesEvaluationResult)-1]
	check(s, "the rule that decides", fmt.Sprint(*last.Name, *last.ProtocolMatched, *last.SourceMatched, *last.SourcePortMatched, *last.DestinationMatched, *last.DestinationPortMatched), "UserRule_no-ftptrue true true true true")

	view := await[armnetwork.WatchersClientGetVMSecurityRulesResponse](s)(watchers.BeginGetVMSecurityRules(s.ctx, "g", "watcher", armnetwork.SecurityGroupViewParameters{TargetResourceID: to.Ptr(environment)}, nil))
	rules := view.NetworkInterfaces[0].SecurityRuleAssociations
	check(s, "view", fmt.Sprint(*rules.SubnetAssociation.SecurityRules[0].ID, len(rules.DefaultSecurityRules), len(rules.EffectiveSecurityRules)), group+"/securityRules/no-ftp6 7")

	ask := func(address string, port int32) armnetwork.ConnectivityInformation {
		return await[armnetwork.WatchersClientCheckConnectivityResponse](s)(watchers.BeginCheckConnectivity(s.ctx, "g", "watcher", armnetwork.ConnectivityParameters{
			Source: &armnetwork.ConnectivitySource{ResourceID: to.Ptr(environment)}, Destination: &armnetwork.ConnectivityDestination{Address: to.Ptr(address), Port: to.Ptr(port)}}, nil)).ConnectivityInformation
	}
	way := ask("8.8.8.8", 21)
	check(s, "ftp", string(*way.ConnectionStatus)+" "+*way.Hops[0].Address+" "+string(*way.Hops[0].Issues[0].Type)+" "+*way.Hops[0].Issues[0].Context[0]["value"], "Unreachable 10.0.0.5 NetworkSecurityRule UserRule_no-ftp")
	way = ask("8.8.8.8", 443)
	check(s, "https", fmt.Sprint(*way.ConnectionStatus, " ", len(way.Hops), *way.Hops[1].Type, len(way.Hops[1].Issues)), "Reachable 2Internet0")
	way = ask("93.184.216.34", 443)
	check(s, "appliance", fmt.Sprint(*way.ConnectionStatus, " ", *way.Hops[0].Issues[0].Type, " ", *way.Hops[0].Issues[0].Context[0]["key"]), "Unreachable UserDefinedRoute RouteType")
	shown := got[armnetwork.WatchersClientGetTopologyResponse](s)(watchers.GetTopology(s.ctx, "g", "watcher", armnetwork.TopologyParameters{TargetVirtualNetwork: &armnetwork.SubResource{ID: to.Ptr(net)}}, nil))
	check(s, "topology", shape(shown.Resources), "a: Associated nsg, Associated rt\nfw\nnet: Contains a\nno-ftp\nnsg: Contains no-ftp\nrt: Contains fw")
	driveProviders(s, watchers)
}

// driveProviders asks for what nobody measures here.
func driveProviders(s *sdk, watchers *armnetwork.WatchersClient) {
	available := await[armnetwork.WatchersClientListAvailableProvidersResponse](s)(watchers.BeginListAvailableProviders(s.ctx, "g", "watcher", armnetwork.AvailableProvidersListParameters{
		AzureLocations: to.SliceOfPtrs("West US"), Country: to.Ptr("Germany"), State: to.Ptr("Berlin")}, nil))
	check(s, "providers", available.Countries != nil && len(available.Countries) == 0, true)
	reached := await[armnetwork.WatchersClientGetAzureReachabilityReportResponse](s)(watchers.BeginGetAzureReachabilityReport(s.ctx, "g", "watcher", armnetwork.AzureReachabilityReportParameters{
		ProviderLocation: &armnetwork.AzureReachabilityReportLocation{Country: to.Ptr("Germany"), State: to.Ptr("Berlin")}, StartTime: to.Ptr(time.Unix(1e9, 0)), EndTime: to.Ptr(time.Unix(2e9, 0))}, nil))
	check(s, "report", fmt.Sprint(*reached.AggregationLevel, *reached.ProviderLocation.State, reached.ReachabilityReport != nil, len(reached.ReachabilityReport)), "StateBerlintrue 0")
}

// driveTroubleshooting asks what is wrong with a gateway.
func driveTroubleshooting(s *sdk) {
	s.fireworld()
	s.send("PUT", watcher, `{"location":"westus"}`, 201)
	s.send("PUT", gateway, gatewayBody(`"isle-routes":"192.168.0.0/16"`), 201)
	check(s, "gateway", faults(s.troubleshoot()), "Healthy NoFault")
	last := await[armnetwork.WatchersClientGetTroubleshootingResultResponse](s)(s.NewWatchersClient().BeginGetTroubleshootingResult(s.ctx, "g", "watcher", armnetwork.QueryTroubleshootingParameters{TargetResourceID: to.Ptr(gateway)}, nil))
	check(s, "last", *last.Code, "Healthy")
}

func driveLocation(s *sdk) {
	s.office()
	tags := got[armnetwork.ServiceTagsClientListResponse](s)(s.NewServiceTagsClient().List(s.ctx, "westus", nil))
	sql := slices.IndexFunc(tags.Values, func(t *armnetwork.ServiceTagInformation) bool { return *t.Name == "Sql" })
	check(s, "Sql", *tags.Values[sql].Properties.AddressPrefixes[0], "198.51.100.0/25")
	details := pages(s, s.NewServiceTagInformationClient().NewListPager("westus", &armnetwork.ServiceTagInformationClientListOptions{TagName: to.Ptr("sql")}))
	check(s, "one tag", len(details)*10+len(details[0].Value), 11)
	all := 0
	for _, page := range pages(s, s.NewServiceTagInformationClient().NewListPager("westus", &armnetwork.ServiceTagInformationClientListOptions{NoAddressPrefixes: to.Ptr(true)})) {
		all += len(page.Value)
		check(s, "prefixes", len(page.Value[0].Properties.AddressPrefixes), 0)
	}
	check(s, "tags of all pages", all, len(tags.Values))
	usages := pages(s, s.NewUsagesClient().NewListPager("West US", nil))[0].Value
	check(s, "usage", fmt.Sprint(*usages[0].Name.Value, *usages[0].CurrentValue, *usages[0].Limit), "VirtualNetworks1 1000")
	check(s, "delegations", *pages(s, s.NewAvailableDelegationsClient().NewListPager("westus", nil))[0].Value[0].ServiceName, environmentType)
	check(s, "delegations of the group", *pages(s, s.NewAvailableResourceGroupDelegationsClient().NewListPager("westus", "g", nil))[0].Value[0].ServiceName, environmentType)
	var names []string
	for _, page := range pages(s, s.NewOperationsClient().NewListPager(nil)) {
		for _, o := range page.Value {
			names = append(names, *o.Name)
		}
	}
	check(s, "operation", slices.Contains(names, "Microsoft.Network/networkWatchers/ipFlowVerify/action"), true)
}
