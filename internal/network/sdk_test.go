package network_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/arm/armtest"
	"isle/internal/network"
	"isle/internal/store"
	"isle/internal/task"
	"isle/netpol"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	provider     = "/subscriptions/" + subscription + "/resourceGroups/g/providers/Microsoft.Network"
	net          = provider + "/virtualNetworks/net"
)

// testTags is what a tag file gives.
var testTags = netpol.TagFile{ChangeNumber: "7", Cloud: "Public", Tags: []netpol.ServiceTag{
	{Name: "Sql", ID: "Sql", ChangeNumber: "7", SystemService: "AzureSQL", Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/25")}}}}

type world struct {
	t        testing.TB
	store    *store.Store
	policies *network.Policies
	captures *network.Captures // nil but in capturing worlds
	manager  *arm.Manager
	server   *httptest.Server
	plane    *plane
}

type anybody struct{}

func (anybody) Authenticate(*http.Request) (arm.Principal, error) {
	return arm.Principal{ID: "tester"}, nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, func(*world) map[string]task.Handler { return nil })
}

// newWorldWith is newWorld with more in it, and who carries out its tasks.
func newWorldWith(t testing.TB, more func(*world) map[string]task.Handler) *world {
	t.Helper()
	w := &world{t: t, plane: new(plane)}
	var err error
	w.store, err = store.Open(context.Background(), t.TempDir(), store.Options{})
	w.must(err)
	handlers := more(w)
	w.policies = network.NewPolicies(w.store, testTags, nil)
	manager, err := arm.New(arm.Config{Store: w.store, Types: network.Types(w.store, w.policies, w.plane, w.captures), Routes: network.Routes(w.policies, w.captures),
		Authenticator: anybody{}, Subscriptions: []arm.Subscription{{ID: subscription, Name: "test"}}})
	w.must(err)
	w.manager = manager
	w.policies.Bind(manager)
	if handlers == nil {
		handlers = map[string]task.Handler{}
	}
	maps.Copy(handlers, manager.Handlers())
	if w.captures != nil {
		w.captures.Bind(manager)
	}
	tasks := task.New(w.store, handlers, task.Options{})
	w.must(tasks.Start(context.Background()))
	w.server = httptest.NewTLSServer(manager)
	t.Cleanup(func() {
		w.server.Close()
		tasks.Stop()
		w.must(w.store.Close())
	})
	w.send("PUT", "/subscriptions/"+subscription+"/resourceGroups/g", `{"location":"westus"}`, 201)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) send(method, path, body string, want int) map[string]any {
	w.t.Helper()
	answer, _ := w.client().Want(w.t, method, path, body, want)
	return answer
}

// client calls the server.
func (w *world) client() armtest.Client {
	return armtest.Client{Server: w.server, APIVersion: "2025-01-01"}
}

// refused makes a request that must fail with all the codes, the first on top.
func (w *world) refused(method, path, body, codes string) {
	w.t.Helper()
	answer := w.send(method, path, body, 400)["error"].(map[string]any)
	got := []string{}
	if details, ok := answer["details"].([]any); ok {
		for _, d := range details {
			got = append(got, d.(map[string]any)["code"].(string))
		}
	} else {
		got = append(got, answer["code"].(string))
	}
	if text := strings.Join(got, " "); text != codes || answer["code"] != got[0] {
		w.t.Errorf("%s %s: %s, want %s", method, path, text, codes)
	}
}

func TestNetworkThroughTheSDK(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	groups, err := armnetwork.NewSecurityGroupsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	putGroup, err := groups.BeginCreateOrUpdate(ctx, "g", "nsg", armnetwork.SecurityGroup{Location: to.Ptr("westus"), Properties: &armnetwork.SecurityGroupPropertiesFormat{
		SecurityRules: []*armnetwork.SecurityRule{{Name: to.Ptr("web"), Properties: &armnetwork.SecurityRulePropertiesFormat{
			Access: to.Ptr(armnetwork.SecurityRuleAccessAllow), Direction: to.Ptr(armnetwork.SecurityRuleDirectionInbound), Priority: to.Ptr[int32](100), Protocol: to.Ptr(armnetwork.SecurityRuleProtocolTCP),
			SourceAddressPrefix: to.Ptr("Internet"), SourcePortRange: to.Ptr("*"), DestinationAddressPrefix: to.Ptr("VirtualNetwork"), DestinationPortRange: to.Ptr("443")}}}}}, nil)
	w.must(err)
	group, err := putGroup.PollUntilDone(ctx, nil)
	w.must(err)
	if len(group.Properties.SecurityRules) != 1 || len(group.Properties.DefaultSecurityRules) != 6 || *group.Properties.SecurityRules[0].ID != *group.ID+"/securityRules/web" {
		t.Errorf("%+v", group.Properties)
	}
	tables, err := armnetwork.NewRouteTablesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	putTable, err := tables.BeginCreateOrUpdate(ctx, "g", "rt", armnetwork.RouteTable{Location: to.Ptr("West US"), Properties: &armnetwork.RouteTablePropertiesFormat{
		Routes: []*armnetwork.Route{{Name: to.Ptr("out"), Properties: &armnetwork.RoutePropertiesFormat{AddressPrefix: to.Ptr("0.0.0.0/0"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeInternet)}}}}}, nil)
	w.must(err)
	table, err := putTable.PollUntilDone(ctx, nil)
	w.must(err)

	networks, err := armnetwork.NewVirtualNetworksClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	put, err := networks.BeginCreateOrUpdate(ctx, "g", "net", armnetwork.VirtualNetwork{Location: to.Ptr("westus"), Properties: &armnetwork.VirtualNetworkPropertiesFormat{
		AddressSpace: &armnetwork.AddressSpace{AddressPrefixes: []*string{to.Ptr("10.0.0.0/16")}},
		Subnets: []*armnetwork.Subnet{{Name: to.Ptr("a"), Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.0.0/24"),
			NetworkSecurityGroup: &armnetwork.SecurityGroup{ID: group.ID}, RouteTable: &armnetwork.RouteTable{ID: table.ID}}}},
	}}, nil)
	w.must(err)
	made, err := put.PollUntilDone(ctx, nil)
	w.must(err)
	if *made.Properties.ProvisioningState != "Succeeded" || len(made.Properties.Subnets) != 1 || *made.Properties.Subnets[0].ID != *made.ID+"/subnets/a" || made.Etag == nil {
		t.Errorf("%+v", made.Properties)
	}
	// What a GET served can be PUT again.
	put, err = networks.BeginCreateOrUpdate(ctx, "g", "net", made.VirtualNetwork, nil)
	w.must(err)
	_, err = put.PollUntilDone(ctx, nil)
	w.must(err)

	attached, err := groups.Get(ctx, "g", "nsg", nil)
	w.must(err)
	if len(attached.Properties.Subnets) != 1 || *attached.Properties.Subnets[0].ID != *made.ID+"/subnets/a" {
		t.Errorf("the group does not name its subnet: %+v", attached.Properties.Subnets)
	}
	w.refused("DELETE", provider+"/networkSecurityGroups/nsg", "", "InUseNetworkSecurityGroupCannotBeDeleted")
	w.refused("DELETE", provider+"/routeTables/rt", "", "InUseRouteTableCannotBeDeleted")

	usage, err := networks.NewListUsagePager("g", "net", nil).NextPage(ctx)
	w.must(err)
	if len(usage.Value) != 1 || *usage.Value[0].Limit != 251 || *usage.Value[0].CurrentValue != 0 {
		t.Errorf("%+v", usage.Value)
	}
	for address, want := range map[string]bool{"10.0.0.4": true, "10.0.0.3": false, "10.0.0.255": false} {
		free, err := networks.CheckIPAddressAvailability(ctx, "g", "net", address, nil)
		w.must(err)
		if *free.Available != want || *free.IsPlatformReserved == want {
			t.Errorf("%s: %+v", address, free)
		}
	}
	tagged, err := networks.UpdateTags(ctx, "g", "net", armnetwork.TagsObject{Tags: map[string]*string{"a": to.Ptr("b")}}, nil)
	w.must(err)
	if *tagged.Tags["a"] != "b" {
		t.Errorf("%+v", tagged.Tags)
	}
	remove, err := networks.BeginDelete(ctx, "g", "net", nil)
	w.must(err)
	_, err = remove.PollUntilDone(ctx, nil)
	w.must(err)
	_, err = networks.Get(ctx, "g", "net", nil)
	var failed *azcore.ResponseError
	if !errors.As(err, &failed) || failed.StatusCode != 404 {
		t.Errorf("%v", err)
	}
	w.send("DELETE", provider+"/networkSecurityGroups/nsg", "", 200)
	w.send("DELETE", provider+"/networkSecurityGroups/nsg", "", 204)
}

func TestBadNetworksAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	space := func(subnets string) string {
		return `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[` + subnets + `]}}`
	}
	for _, c := range []struct{ path, body, codes string }{
		{net, `{"location":"westus"}`, "InvalidRequestFormat"},
		{net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":"10.0.0.0/16"}}}`, "InvalidRequestFormat"},
		{net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0","127.0.0.0/8"]}}}`, "InvalidAddressPrefixFormat AddressPrefixReserved"},
		{provider + "/virtualNetworks/n", space(""), "InvalidResourceName"},
		{net, space(`{"name":"a","properties":{"addressPrefix":"10.1.0.0/24"}}`), "NetcfgSubnetRangeOutsideVnet"},
		{net, space(`{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}},{"name":"b","properties":{"addressPrefix":"10.0.0.128/25"}}`), "NetcfgSubnetRangesOverlap"},
		{net, space(`{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}},{"name":"A","properties":{"addressPrefix":"10.0.1.0/24"}}`), "InvalidRequestFormat"},
		{net, space(`{"name":"a/b","properties":{"addressPrefix":"10.0.0.0/24"}}`), "InvalidResourceName"},
		{net, space(`{"name":"a","properties":{"addressPrefix":"10.0.0.0/24","networkSecurityGroup":{"id":"` + provider + `/networkSecurityGroups/x"}}}`), "InvalidResourceReference"},
		{net, space(`{"name":"a","properties":{"addressPrefix":"10.0.0.0/24","delegations":[{"name":"d","properties":{"serviceName":"x"}}]}}`), "InvalidServiceNameOnDelegation"},
		{provider + "/networkSecurityGroups/nsg", `{"location":"westus","properties":{"securityRules":[{"name":"a","properties":{"priority":1}}]}}`,
			"InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat SecurityRuleInvalidPriority SecurityRuleParameterNotSpecified SecurityRuleParameterNotSpecified SecurityRuleParameterNotSpecified SecurityRuleParameterNotSpecified"},
		{provider + "/routeTables/rt", `{"location":"westus","properties":{"routes":[{"name":"a","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance"}}]}}`, "MissingNextHopIpAddress"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.send("GET", net, "", 404)
	w.send("PUT", net, space(""), 201)
	w.refused("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/30"}}`, "NetcfgInvalidSubnet")
	w.refused("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"11.0.0.0/24"}}`, "NetcfgSubnetRangeOutsideVnet")
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24"}}`, 201)
	w.refused("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.0.0/25"}}`, "NetcfgSubnetRangesOverlap")
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefixes":["10.0.0.0/25"]}}`, 200)
}

// What is wrong with a rule or route that is PUT by itself is in its own body.
func TestTargetsOfSingleRulesAndRoutes(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", provider+"/networkSecurityGroups/nsg", `{"location":"westus","properties":{"securityRules":[{"name":"a","properties":`+anyRule(200)+`}]}}`, 201)
	w.send("PUT", provider+"/routeTables/rt", `{"location":"westus","properties":{"routes":[{"name":"a","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"Internet"}}]}}`, 201)
	for _, c := range []struct{ path, properties, target, says string }{
		{"/networkSecurityGroups/nsg/securityRules/b", anyRule(5), "properties.priority", "rule b has invalid Priority"},
		{"/networkSecurityGroups/nsg/securityRules/b", anyRule(200), "properties.priority", "rule b conflicts with rule a"},
		{"/networkSecurityGroups/nsg/securityRules/b", `{"priority":"200"}`, "properties.priority", "'properties.priority' must be a whole number, not a JSON string"},
		{"/networkSecurityGroups/nsg/securityRules/-b", anyRule(300), "name", "-b"},
		{"/routeTables/rt/routes/b", `{"addressPrefix":"0.0.0.0/0","nextHopType":"None"}`, "properties.addressPrefix", "Route b conflicts with route a"},
		{"/routeTables/rt/routes/b", `{"addressPrefix":"10.0.0.0/8","nextHopType":"VirtualAppliance"}`, "properties.nextHopIpAddress", "route b"},
	} {
		problem := w.send("PUT", provider+c.path, `{"properties":`+c.properties+`}`, 400)["error"].(map[string]any)
		if problem["target"] != c.target || !strings.Contains(problem["message"].(string), c.says) {
			t.Errorf("%s %s: target %v: %v", c.path, c.properties, problem["target"], problem["message"])
		}
	}
	w.send("PUT", provider+"/networkSecurityGroups/nsg/securityRules/a", `{"properties":`+anyRule(200)+`}`, 200)
}

func anyRule(priority int) string {
	return fmt.Sprintf(`{"priority":%d,"direction":"Inbound","access":"Allow","protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"443"}`, priority)
}

func TestSubnetsOfANetworkStayWhenAPutDoesNotNameThem(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 201)
	etag := w.send("GET", net, "", 200)["etag"]
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24"}}`, 201)
	if w.send("GET", net, "", 200)["etag"] == etag {
		t.Error("the network's ETag does not tell that a subnet has been added")
	}
	count := func() int {
		return len(w.send("GET", net, "", 200)["properties"].(map[string]any)["subnets"].([]any))
	}
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}`, 200)
	if n := count(); n != 2 {
		t.Errorf("%d subnets, want both", n)
	}
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},"subnets":[{"name":"B","properties":{"addressPrefix":"10.0.1.0/24"}}]}}`, 200)
	if n := count(); n != 1 {
		t.Errorf("%d subnets, want the one that the request names", n)
	}
	w.send("GET", net+"/subnets/a", "", 404)
}

func TestRulesAreResourcesToo(t *testing.T) {
	w := newWorld(t)
	group := provider + "/networkSecurityGroups/nsg"
	rule := `{"properties":{"access":"Deny","direction":"Outbound","priority":200,"protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"Sql","destinationPortRange":"1433"}}`
	w.send("PUT", group, `{"location":"westus"}`, 201)
	w.send("PUT", group+"/securityRules/sql", rule, 201)
	w.refused("PUT", group+"/securityRules/other", rule, "SecurityRuleConflict")
	w.send("PUT", group+"/securityRules/SQL", strings.Replace(rule, "200", "300", 1), 200)
	w.send("GET", group+"/defaultSecurityRules/denyallinbound", "", 200)
	if n := len(w.send("GET", group+"/securityRules", "", 200)["value"].([]any)); n != 1 {
		t.Errorf("%d rules", n)
	}
	w.send("DELETE", group+"/securityRules/sql", "", 200)
	table := provider + "/routeTables/rt"
	w.send("PUT", table, `{"location":"westus"}`, 201)
	w.send("PUT", table+"/routes/out", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"internet"}}`, 201)
	w.refused("PUT", table+"/routes/again", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"None"}}`, "RouteConflict")
	w.send("DELETE", table, "", 200)
	w.send("GET", table+"/routes/out", "", 404)
}

// Links are what an environment leaves on its subnets.
func TestLinksKeepASubnet(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 201)
	change := func(fn func(*store.Tx) error) { w.must(w.store.Control().Write(context.Background(), fn)) }
	link := network.Link{Name: "l", Owner: "/subscriptions/s/x", Type: "T", Location: "westus", Addresses: []string{"10.0.0.4"}}
	change(func(tx *store.Tx) error {
		return network.AddLink(tx, strings.ToUpper(net)+"/SUBNETS/A", link, time.Now())
	})
	w.refused("DELETE", net+"/subnets/a", "", "InUseSubnetCannotBeDeleted")
	w.refused("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"A/b"}}]}}`,
		"InUsePrefixCannotBeDeleted SubnetDelegationsCannotChangeWhenSubnetUsedByResource")
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24"}}`, 200)
	if n := len(w.send("GET", net+"/subnets/a/resourceNavigationLinks", "", 200)["value"].([]any)); n != 1 {
		t.Errorf("%d links after an update of the subnet", n)
	}
	change(func(tx *store.Tx) error {
		return network.RemoveLinks(tx, net+"/subnets/a", "/SUBSCRIPTIONS/S/X", time.Now())
	})
	w.send("DELETE", net+"/subnets/a", "", 200)
	change(func(tx *store.Tx) error {
		return network.RemoveLinks(tx, net+"/subnets/a", "/subscriptions/s/x", time.Now())
	})
}
