package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/network"
	"isle/netpol"
)

const (
	policies = provider + "/firewallPolicies"
	ipGroups = provider + "/ipGroups"
)

// ruleGroup is a PUT of a rule collection group.
func ruleGroup(priority int, collections ...string) string {
	return fmt.Sprintf(`{"properties":{"priority":%d,"ruleCollections":[%s]}}`, priority, strings.Join(collections, ","))
}

func policyCollection(kind, name string, priority int, action string, rules ...string) string {
	return fmt.Sprintf(`{"ruleCollectionType":"FirewallPolicy%sRuleCollection","name":%q,"priority":%d,"action":{"type":%q},"rules":[%s]}`, kind, name, priority, action, strings.Join(rules, ","))
}

// typed makes a rule of a policy of one of a firewall.
func typed(kind, rule string) string {
	if kind != "ApplicationRule" {
		rule = strings.Replace(rule, `"protocols"`, `"ipProtocols"`, 1)
	}
	return strings.Replace(rule, "{", `{"ruleType":"`+kind+`",`, 1)
}

func networkRule(name, source, destination, port string) string {
	return fmt.Sprintf(`{"name":%q,"protocols":["TCP"],"sourceAddresses":[%q],"destinationAddresses":[%q],"destinationPorts":[%q]}`, name, source, destination, port)
}

func drivePolicies(s *sdk) {
	c, groups, addresses := s.NewFirewallPoliciesClient(), s.NewFirewallPolicyRuleCollectionGroupsClient(), s.NewIPGroupsClient()
	set := await[armnetwork.IPGroupsClientCreateOrUpdateResponse](s)(addresses.BeginCreateOrUpdate(s.ctx, "g", "office", armnetwork.IPGroup{Location: place,
		Properties: &armnetwork.IPGroupPropertiesFormat{IPAddresses: to.SliceOfPtrs("10.0.0.0/24", "10.1.0.4-10.1.0.9")}}, nil))
	check(s, "IP group", *set.Properties.IPAddresses[1], "10.1.0.4-10.1.0.9")
	base := await[armnetwork.FirewallPoliciesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "base", armnetwork.FirewallPolicy{Location: place,
		Properties: &armnetwork.FirewallPolicyPropertiesFormat{ThreatIntelMode: to.Ptr(armnetwork.AzureFirewallThreatIntelModeDeny), SKU: &armnetwork.FirewallPolicySKU{Tier: to.Ptr(armnetwork.FirewallPolicySKUTierStandard)}}}, nil))
	made := await[armnetwork.FirewallPoliciesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "child", armnetwork.FirewallPolicy{Location: place,
		Properties: &armnetwork.FirewallPolicyPropertiesFormat{BasePolicy: &armnetwork.SubResource{ID: base.ID}, ThreatIntelWhitelist: &armnetwork.FirewallPolicyThreatIntelWhitelist{Fqdns: to.SliceOfPtrs("*.example.com")}}}, nil))
	check(s, "inherited", *made.Properties.ThreatIntelMode, armnetwork.AzureFirewallThreatIntelModeDeny)
	rule := &armnetwork.Rule{RuleType: to.Ptr(armnetwork.FirewallPolicyRuleTypeNetworkRule), Name: to.Ptr("ssh"), IPProtocols: []*armnetwork.FirewallPolicyRuleNetworkProtocol{to.Ptr(armnetwork.FirewallPolicyRuleNetworkProtocolTCP)},
		SourceIPGroups: []*string{set.ID}, DestinationAddresses: to.SliceOfPtrs("*"), DestinationPorts: to.SliceOfPtrs("22")}
	group := await[armnetwork.FirewallPolicyRuleCollectionGroupsClientCreateOrUpdateResponse](s)(groups.BeginCreateOrUpdate(s.ctx, "g", "child", "first", armnetwork.FirewallPolicyRuleCollectionGroup{
		Properties: &armnetwork.FirewallPolicyRuleCollectionGroupProperties{Priority: to.Ptr[int32](200), RuleCollections: []armnetwork.FirewallPolicyRuleCollectionClassification{
			&armnetwork.FirewallPolicyFilterRuleCollection{RuleCollectionType: to.Ptr(armnetwork.FirewallPolicyRuleCollectionTypeFirewallPolicyFilterRuleCollection), Name: to.Ptr("c"), Priority: to.Ptr[int32](300),
				Action: &armnetwork.FirewallPolicyFilterRuleCollectionAction{Type: to.Ptr(armnetwork.FirewallPolicyFilterRuleCollectionActionTypeAllow)}, Rules: []armnetwork.FirewallPolicyRuleClassification{rule}}}}}, nil))
	collection := group.Properties.RuleCollections[0].(*armnetwork.FirewallPolicyFilterRuleCollection)
	check(s, "rule", *collection.Rules[0].(*armnetwork.Rule).SourceIPGroups[0], *set.ID)
	check(s, "group again", *got[armnetwork.FirewallPolicyRuleCollectionGroupsClientGetResponse](s)(groups.Get(s.ctx, "g", "child", "first", nil)).Properties.Priority, 200)
	check(s, "groups", len(pages(s, groups.NewListPager("g", "child", nil))[0].Value), 1)
	child := got[armnetwork.FirewallPoliciesClientGetResponse](s)(c.Get(s.ctx, "g", "child", nil))
	check(s, "group of the policy", *child.Properties.RuleCollectionGroups[0].ID, *group.ID)
	check(s, "child", *got[armnetwork.FirewallPoliciesClientGetResponse](s)(c.Get(s.ctx, "g", "base", nil)).Properties.ChildPolicies[0].ID, *made.ID)
	check(s, "policies", len(pages(s, c.NewListPager("g", nil))[0].Value), 2)
	check(s, "all policies", len(pages(s, c.NewListAllPager(nil))[0].Value), 2)
	check(s, "tags", *got[armnetwork.FirewallPoliciesClientUpdateTagsResponse](s)(c.UpdateTags(s.ctx, "g", "child", tagged("a", "b"), nil)).Tags["a"], "b")
	check(s, "user", *got[armnetwork.IPGroupsClientGetResponse](s)(addresses.Get(s.ctx, "g", "office", nil)).Properties.FirewallPolicies[0].ID, *made.ID)
	check(s, "IP groups", len(pages(s, addresses.NewListByResourceGroupPager("g", nil))[0].Value), 1)
	check(s, "all IP groups", len(pages(s, addresses.NewListPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.IPGroupsClientUpdateGroupsResponse](s)(addresses.UpdateGroups(s.ctx, "g", "office", tagged("a", "b"), nil)).Tags["a"], "b")
	await[armnetwork.FirewallPolicyRuleCollectionGroupsClientDeleteResponse](s)(groups.BeginDelete(s.ctx, "g", "child", "first", nil))
	await[armnetwork.IPGroupsClientDeleteResponse](s)(addresses.BeginDelete(s.ctx, "g", "office", nil))
	for _, name := range []string{"child", "base"} {
		await[armnetwork.FirewallPoliciesClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", name, nil))
	}
}

// TestAFirewallGoesByItsPolicy: rules of both policies, in order, and IP groups as they
// are now.
func TestAFirewallGoesByItsPolicy(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.send("PUT", ipGroups+"/office", `{"location":"westus","properties":{"ipAddresses":[]}}`, 201)
	w.send("PUT", policies+"/base", `{"location":"westus"}`, 201)
	w.send("PUT", policies+"/child", `{"location":"eastus"}`, 201)
	w.refused("PUT", policies+"/child", `{"location":"eastus","properties":{"basePolicy":{"id":"`+policies+`/base"}}}`, "InvalidResourceReference")
	w.send("DELETE", policies+"/child", "", 200)
	w.send("PUT", policies+"/child", `{"location":"westus","properties":{"basePolicy":{"id":"`+policies+`/base"}}}`, 201)
	w.send("PUT", policies+"/child/ruleCollectionGroups/own", ruleGroup(100,
		policyCollection("Filter", "net", 100, "Allow", typed("NetworkRule", networkRule("all", "*", "*", "22"))),
		policyCollection("Nat", "in", 200, "dnat", typed("NatRule", natRule("web", "203.0.113.1", "80", "8080"))),
		policyCollection("Filter", "app", 300, "Allow", typed("ApplicationRule", applicationRule("site", `{"protocolType":"https"}`, "*.example.com")))), 201)
	w.send("PUT", policies+"/base/ruleCollectionGroups/first", ruleGroup(60000, policyCollection("Filter", "deny", 100, "Deny",
		strings.Replace(typed("NetworkRule", networkRule("office", "x", "*", "22")), `"sourceAddresses":["x"]`, `"sourceIpGroups":["`+ipGroups+`/office"]`, 1))), 201)
	w.send("PUT", firewall, firewallBody(`,"firewallPolicy":{"id":"`+strings.ToUpper(policies)+`/child"}`), 201)
	w.send("PUT", table, `{"location":"westus","properties":{"routes":[{"name":"out","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}}]}}`, 201)
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24","routeTable":{"id":"`+table+`"}}}`, 200)
	judge := func(want string, f netpol.Flow) {
		t.Helper()
		d := w.judge(f)
		if got := fmt.Sprint(d.Verdict, " ", d.RuleName, " ", d.DNAT); got != want {
			t.Errorf("%s: %s, want %s", f, got, want)
		}
	}
	ssh := flow("10.0.0.4", "93.184.216.34", 22)
	judge("Allow own/net/all invalid AddrPort", ssh)
	w.send("PUT", ipGroups+"/office", `{"location":"westus","properties":{"ipAddresses":["10.0.0.0-10.0.0.9"]}}`, 200)
	judge("Deny first/deny/office invalid AddrPort", ssh)
	judge("Allow own/in/web 10.0.0.4:8080", flow("198.51.100.7", "203.0.113.1", 80))
	site := flow("10.0.0.4", "93.184.216.34", 443)
	judge("Deny  invalid AddrPort", site)
	site.Application.Name = "www.example.com"
	judge("Allow own/app/site invalid AddrPort", site)

	w.refused("DELETE", ipGroups+"/office", "", "InUseIpGroupCannotBeDeleted")
	w.refused("DELETE", policies+"/base", "", "InUseFirewallPolicyCannotBeDeleted")
	w.refused("DELETE", policies+"/child", "", "InUseFirewallPolicyCannotBeDeleted")
	w.send("DELETE", policies+"/base/ruleCollectionGroups/first", "", 200)
	judge("Allow own/net/all invalid AddrPort", ssh)
	shown := w.send("GET", policies+"/child", "", 200)["properties"].(map[string]any)["firewalls"].([]any)[0].(map[string]any)["id"]
	if shown != firewall {
		t.Error(shown)
	}
	w.send("PUT", policies+"/child/ruleCollectionGroups/own", text(w.send("GET", policies+"/child/ruleCollectionGroups/own", "", 200)), 200)
	judge("Allow own/app/site invalid AddrPort", site)
	w.send("DELETE", firewall, "", 200)
	w.send("DELETE", policies+"/child", "", 200)
	w.send("GET", policies+"/child/ruleCollectionGroups/own", "", 404)
}

// noJoin may do all but use what is in a folder of IDs.
type noJoin string

func (n noJoin) Allowed(p arm.Principal, action, scope string) bool {
	return p.ID == "tester" || !strings.EqualFold(action, "Microsoft.Network/"+string(n)+"/join/action") || !strings.Contains(scope, "/"+string(n)+"/")
}

func (noJoin) Within(arm.Principal, string, string) bool { return true }

// Who uses a firewall policy or an IP group must be allowed to join it.
func TestWhoUsesPoliciesAndIPGroupsNeedsARightThere(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.send("PUT", ipGroups+"/office", `{"location":"westus","properties":{"ipAddresses":["10.0.0.0/29"]}}`, 201)
	w.send("PUT", policies+"/base", `{"location":"westus"}`, 201)
	grouped := func(rule string) string {
		return strings.Replace(rule, `"sourceAddresses":["x"]`, `"sourceIpGroups":["`+ipGroups+`/office"]`, 1)
	}
	rule := networkRule("office", "x", "*", "22")
	for _, c := range []struct {
		folder   noJoin
		id, body string
	}{
		{"firewallPolicies", policies + "/child", `{"location":"westus","properties":{"basePolicy":{"id":"` + policies + `/base"}}}`},
		{"firewallPolicies", firewall, firewallBody(`,"firewallPolicy":{"id":"` + policies + `/base"}`)},
		{"ipGroups", policies + "/base/ruleCollectionGroups/own", ruleGroup(100, policyCollection("Filter", "net", 100, "Allow", grouped(typed("NetworkRule", rule))))},
		{"ipGroups", firewall, firewallBody(`,"networkRuleCollections":[{"name":"net","properties":{"priority":100,"action":{"type":"Allow"},"rules":[` + grouped(rule) + `]}}]`)},
	} {
		m, err := arm.New(arm.Config{Store: w.store, Types: network.Types(w.store, w.policies, nil, nil), Authenticator: anybody{}, Authorizer: c.folder, Subscriptions: []arm.Subscription{{ID: subscription, Name: "test"}}})
		w.must(err)
		_, err = m.Put(t.Context(), arm.Principal{ID: "limited"}, c.id, "2025-01-01", []byte(c.body))
		if e := arm.AsError(err); e == nil || e.Code != "LinkedAuthorizationFailed" || !strings.Contains(e.Message, "Microsoft.Network/"+string(c.folder)+"/join/action") {
			t.Errorf("%s: %v", c.id, err)
		}
		if _, err = m.Put(t.Context(), arm.Principal{ID: "tester"}, c.id, "2025-01-01", []byte(c.body)); err != nil {
			t.Errorf("%s with the right: %v", c.id, err)
		}
		if c.id == firewall {
			w.send("DELETE", firewall, "", 200)
		}
	}
}

func TestFirewallPoliciesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.send("PUT", policies+"/base", `{"location":"westus","properties":{"threatIntelMode":"Deny"}}`, 201)
	w.send("PUT", policies+"/child", `{"location":"westus","properties":{"basePolicy":{"id":"`+policies+`/base"}}}`, 201)
	on := func(properties string) string { return `{"location":"westus","properties":{` + properties + `}}` }
	for body, codes := range map[string]string{
		on(`"basePolicy":{"id":"` + policies + `/none"}`):  "InvalidResourceReference",
		on(`"basePolicy":{"id":"` + policies + `/child"}`): "FirewallPolicyCircularReference",
		on(`"basePolicy":{"id":"` + policies + `/base"}`):  "FirewallPolicyCircularReference",
		on(`"threatIntelMode":"Loud","sku":{"tier":"Free"},"snat":{"privateRanges":["10.0.0.1/8"]},"threatIntelWhitelist":{"ipAddresses":["10.0.0.9-10.0.0.1","x"],"fqdns":["a.*"]}`):                                                                                   "InvalidRequestFormat InvalidRequestFormat InvalidAddressPrefixFormat FirewallPolicyInvalidIpAddress FirewallPolicyInvalidIpAddress FirewallPolicyInvalidFqdn",
		on(`"dnsSettings":{"enableProxy":true},"intrusionDetection":{"mode":"Alert"},"explicitProxy":{"enableExplicitProxy":true},"insights":{"isEnabled":true},"snat":{"autoLearnPrivateRanges":"Enabled"},"transportSecurity":{"certificateAuthority":{"name":"x"}}`): "FirewallPolicyIntrusionDetectionNotSupported FirewallPolicyExplicitProxyNotSupported FirewallPolicyInsightsNotSupported FirewallPolicyTransportSecurityNotSupported FirewallPolicyAutoLearnNotSupported",
	} {
		w.refused("PUT", policies+"/base", body, codes)
	}
	w.refused("PUT", policies+"/child", on(`"basePolicy":{"id":"`+policies+`/base"},"threatIntelMode":"Alert"`), "FirewallPolicyThreatIntelModeNotStricter")
	group := policies + "/base/ruleCollectionGroups/one"
	w.send("PUT", group, ruleGroup(100), 201)
	w.refused("PUT", policies+"/base/ruleCollectionGroups/two", ruleGroup(100), "FirewallPolicyRuleCollectionGroupConflict")
	for body, codes := range map[string]string{
		ruleGroup(99): "FirewallRuleCollectionInvalidPriority",
		ruleGroup(100, policyCollection("Filter", "a", 100, "Allow", typed("NetworkRule", networkRule("r", "*", "*", "1")), typed("ApplicationRule", applicationRule("s", `{"protocolType":"http"}`, "*")))): "InvalidRequestFormat FirewallRuleParameterNotSpecified FirewallRuleParameterNotSpecified InvalidRequestFormat",
		ruleGroup(100, policyCollection("Other", "a", 100, "Allow"), policyCollection("Filter", "A", 100, "No")):                                                                                             "InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat FirewallRuleCollectionConflict",
		ruleGroup(100, policyCollection("Filter", "a", 100, "Allow", strings.Replace(typed("NetworkRule", networkRule("r", "*", "*", "1")), "{", `{"destinationIpGroups":["`+ipGroups+`/none"],`, 1))):       "InvalidResourceReference",
	} {
		w.refused("PUT", group, body, codes)
	}
	w.refused("PUT", ipGroups+"/x", `{"location":"westus","properties":{"ipAddresses":["10.0.0.1/8","10.0.0.4-x","*","Sql"]}}`, "IpGroupInvalidIpAddress IpGroupInvalidIpAddress IpGroupInvalidIpAddress IpGroupInvalidIpAddress")
}
