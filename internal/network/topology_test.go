package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/network"
	"isle/internal/store"
)

// shape is a topology as lines "name: Contains a, Associated b", without the names of what
// has no associations.
func shape(resources []*armnetwork.TopologyResource) string {
	var lines []string
	for _, r := range resources {
		var ends []string
		for _, a := range r.Associations {
			ends = append(ends, string(*a.AssociationType)+" "+*a.Name)
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s: %s", *r.Name, strings.Join(ends, ", ")), ": "))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// spread is a network of most kinds of resources, with a spoke.
func (w *world) spread() {
	w.t.Helper()
	w.office()
	w.send("PUT", group+"/securityRules/web", `{"properties":`+anyRule(100)+`}`, 201)
	w.send("PUT", table+"/routes/out", `{"properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"Internet"}}`, 201)
	w.send("PUT", provider+"/applicationSecurityGroups/members", `{"location":"westus"}`, 201)
	w.publicIP("out", ``, ``, 201)
	w.publicIP("nat", ``, ``, 201)
	w.send("PUT", net+"/subnets/AzureFirewallSubnet", `{"properties":{"addressPrefix":"10.0.9.0/26"}}`, 201)
	w.send("PUT", policies+"/base", `{"location":"westus"}`, 201)
	w.send("PUT", firewall, firewallBody(`,"firewallPolicy":{"id":"`+policies+`/base"}`), 201)
	w.send("PUT", provider+"/natGateways/way", `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIpAddresses":[{"id":"`+publics+`/nat"}]}}`, 201)
	w.send("PUT", net+"/subnets/ise", `{"properties":{"addressPrefix":"10.0.1.0/24","natGateway":{"id":"`+provider+`/natGateways/way"},"delegations":[{"name":"d","properties":{"serviceName":"`+environmentType+`"}}]}}`, 201)
	w.environment(environment, net+"/subnets/ise")
	w.send("PUT", provider+"/networkInterfaces/nic", `{"location":"westus","properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"`+net+`/subnets/a"},
		"applicationSecurityGroups":[{"id":"`+provider+`/applicationSecurityGroups/members"}]}}]}}`, 201)
	w.vnet("spoke", "10.2.0.0/16")
	w.peer("net", "spoke", "")
	w.send("PUT", provider+"/privateDnsZones/contoso.internal", `{"location":"global"}`, 201)
	w.send("PUT", provider+"/privateDnsZones/contoso.internal/virtualNetworkLinks/office", `{"location":"global","properties":{"virtualNetwork":{"id":"`+net+`"},"registrationEnabled":false}}`, 201)
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.must(w.store.Control().Write(w.t.Context(), func(tx *store.Tx) error { // what a subnet's link names, as internal/logic stores it
		return arm.Save(tx, arm.Resource{Resource: store.Resource{ID: environment, State: "Succeeded", Body: []byte("{}")}, Location: "westus"})
	}))
}

const wholeGroup = `AzureFirewallSubnet: Contains fw
a: Contains nic, Associated nsg, Associated rt
a
base
contoso.internal: Contains office
fw: Associated base, Associated out
ise
ise: Contains ise, Associated way
members
nat
net: Contains a, Contains AzureFirewallSubnet, Contains ise, Contains to-spoke
nic: Associated members
nsg: Contains web
office: Associated net
out
out
rt: Contains out
spoke: Contains a, Contains to-net
to-net: Associated net
to-spoke: Associated spoke
way: Associated nat
web`

func TestTopology(t *testing.T) {
	w := newWorld(t)
	w.spread()
	s := w.sdk(nil)
	ask := func(p armnetwork.TopologyParameters) armnetwork.Topology {
		t.Helper()
		return got[armnetwork.WatchersClientGetTopologyResponse](s)(s.NewWatchersClient().GetTopology(s.ctx, "g", "watcher", p, nil)).Topology
	}
	of := func(id string) *armnetwork.SubResource { return &armnetwork.SubResource{ID: to.Ptr(id)} }
	sorted := func(text string) string {
		lines := strings.Split(text, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	all := ask(armnetwork.TopologyParameters{TargetResourceGroupName: to.Ptr("G")})
	if got := shape(all.Resources); got != sorted(wholeGroup) {
		t.Errorf("the group:\n%s", got)
	}
	if all.ID == nil || all.CreatedDateTime == nil || all.LastModified.After(*all.CreatedDateTime) {
		t.Errorf("id %v, created %v, last modified %v", all.ID, all.CreatedDateTime, all.LastModified)
	}
	for _, r := range all.Resources {
		if *r.Location == "" || !strings.HasPrefix(*r.ID, "/subscriptions/") {
			t.Errorf("%s: %+v", *r.ID, r)
		}
	}
	// The spoke is named, and not gone into.
	inside := sorted(strings.NewReplacer("spoke: Contains a, Contains to-net\n", "", "to-net: Associated net\n", "", "\na\n", "\n").Replace(wholeGroup))
	if got := shape(ask(armnetwork.TopologyParameters{TargetVirtualNetwork: of(net)}).Resources); got != inside {
		t.Errorf("the network:\n%s", got)
	}
	if got, want := shape(ask(armnetwork.TopologyParameters{TargetResourceGroupName: to.Ptr("g"), TargetVirtualNetwork: of(net), TargetSubnet: of(net + "/subnets/ise")}).Resources), "ise\nise: Contains ise, Associated way\nnat\nway: Associated nat"; got != want {
		t.Errorf("the subnet:\n%s", got)
	}
	for body, want := range map[string]string{
		`{}`:                                "InvalidRequestFormat targetResourceGroupName",
		`{"targetResourceGroupName":"a/b"}`: "InvalidRequestFormat targetResourceGroupName",
		`{"targetVirtualNetwork":{"id":"x"},"targetSubnet":{"id":"` + net + `"}}`:                      "InvalidResourceReference targetVirtualNetwork.id, InvalidResourceReference targetSubnet.id",
		`{"targetResourceGroupName":"h","targetVirtualNetwork":{"id":"` + net + `"}}`:                  "InvalidRequestFormat targetVirtualNetwork.id",
		`{"targetVirtualNetwork":{"id":"` + net + `x"},"targetSubnet":{"id":"` + net + `/subnets/a"}}`: "InvalidRequestFormat targetSubnet.id",
		`{"targetVirtualNetwork":{"id":"` + strings.Replace(net, "1111", "2222", 1) + `"}}`:            "InvalidResourceReference targetVirtualNetwork.id",
	} {
		if got := problems(w.send("POST", watcher+"/topology", body, 400)); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	w.send("POST", watcher+"/topology", `{"targetResourceGroupName":"none"}`, 404)
	w.send("POST", watcher+"/topology", `{"targetVirtualNetwork":{"id":"`+net+`x"}}`, 404)
}

// folders allows reading what is in some folders of the provider, and using watchers.
type folders []string

func (f folders) Allowed(p arm.Principal, action, scope string) bool {
	return p.ID != "limited" || strings.Contains(action, "networkWatchers") || slices.ContainsFunc(f, func(name string) bool {
		return strings.HasSuffix(action, "/read") && strings.Contains(strings.ToLower(scope), strings.ToLower("/"+name+"/"))
	})
}

func (folders) Within(arm.Principal, string, string) bool { return true }

// A right to a watcher is none to what it looks at.
func TestWatchersTellOnlyWhatTheCallerMayRead(t *testing.T) {
	w := newWorld(t)
	w.spread()
	ask := func(may folders, action, body string) (string, *arm.Error) {
		t.Helper()
		m, err := arm.New(arm.Config{Store: w.store, Types: network.Types(w.store, w.policies, w.plane, nil), Authenticator: anybody{}, Authorizer: may, Subscriptions: []arm.Subscription{{ID: subscription, Name: "test"}}})
		w.must(err)
		res, err := m.Post(t.Context(), arm.Principal{ID: "limited"}, watcher+"/"+action, "2025-01-01", []byte(body))
		if err != nil {
			return "", arm.AsError(err)
		}
		return string(res.Body.JSON()), nil
	}
	inGroup := `{"targetResourceGroupName":"g"}`
	if answer, refused := ask(folders{}, "topology", inGroup); refused != nil || !strings.Contains(answer, `"resources":[]`) {
		t.Error(answer, refused)
	}
	answer, refused := ask(folders{"subnets"}, "topology", inGroup)
	if refused != nil || !strings.Contains(answer, "/subnets/a") || strings.Contains(answer, "nsg") || strings.Contains(answer, "networkInterfaces") {
		t.Error(answer, refused)
	}
	const nic = provider + "/networkInterfaces/nic"
	for _, c := range []struct {
		may          folders
		action, body string
		want         string // the action that is missing; "": none
	}{
		{folders{"subnets"}, "topology", `{"targetVirtualNetwork":{"id":"` + net + `"}}`, "Microsoft.Network/virtualNetworks/read"},
		{folders{}, "nextHop", `{"targetResourceId":"` + environment + `","sourceIPAddress":"10.0.1.4","destinationIPAddress":"8.8.8.8"}`, environmentType + "/read"},
		{folders{"integrationServiceEnvironments"}, "nextHop", `{"targetResourceId":"` + environment + `","sourceIPAddress":"10.0.1.4","destinationIPAddress":"8.8.8.8"}`, ""},
		{folders{}, "ipFlowVerify", `{"targetResourceId":"` + nic + `"}`, "Microsoft.Network/networkInterfaces/read"},
		{folders{}, "securityGroupView", `{"targetResourceId":"` + nic + `none"}`, "Microsoft.Network/networkInterfaces/read"}, // it does not tell whether it is there
		{folders{}, "networkConfigurationDiagnostic", `{"targetResourceId":"` + nic + `"}`, "Microsoft.Network/networkInterfaces/read"},
		{folders{}, "troubleshoot", `{"targetResourceId":"` + gateway + `"}`, "Microsoft.Network/virtualNetworkGateways/read"},
		{folders{}, "queryTroubleshootResult", `{"targetResourceId":"` + gateway + `"}`, "Microsoft.Network/virtualNetworkGateways/read"},
		{folders{}, "queryFlowLogStatus", `{"targetResourceId":"` + nic + `none"}`, "Microsoft.Network/networkInterfaces/read"},
		{folders{"networkInterfaces"}, "queryFlowLogStatus", `{"targetResourceId":"` + nic + `"}`, ""},
		{folders{"integrationServiceEnvironments"}, "connectivityCheck", `{"source":{"resourceId":"` + environment + `"},"destination":{"address":"8.8.8.8","port":443}}`, environmentType + "/join/action"},
		{folders{}, "connectivityCheck", `{"source":{"resourceId":"` + nic + `"},"destination":{"address":"8.8.8.8","port":443}}`, "Microsoft.Network/networkInterfaces/join/action"},
	} {
		_, refused := ask(c.may, c.action, c.body)
		switch {
		case c.want == "" && refused != nil:
			t.Errorf("%s: %v", c.action, refused)
		case c.want != "" && (refused == nil || refused.Code != "AuthorizationFailed" || !strings.Contains(refused.Message, "'"+c.want+"'")):
			t.Errorf("%s: %v, want %s", c.action, refused, c.want)
		}
	}
}
