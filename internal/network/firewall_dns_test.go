package network_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/netpol"
)

const proxyNeeded = "AzureFirewallDNSProxyMustBeEnabled"

// named is a network rule with a name as its destination.
func named(name, host, port string) string {
	return strings.Replace(networkRule(name, "*", "x", port), `"destinationAddresses":["x"]`, `"destinationFqdns":["`+host+`"]`, 1)
}

// TestAFirewallGoesByNames: rules with names need the proxy, and decide by what is known of
// the names.
func TestAFirewallGoesByNames(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	rules := `,"networkRuleCollections":[` + collection("names", 100, named("db", "db.example.com", "5432")) + `]`
	const proxy = `,"additionalProperties":{"Network.DNS.EnableProxy":"True","Network.DNS.Servers":"10.0.0.9, 168.63.129.16"}`
	w.refused("PUT", firewall, firewallBody(rules), proxyNeeded)
	w.refused("PUT", firewall, firewallBody(proxy, `,"networkRuleCollections":[`+collection("names", 100, named("db", "*.example.com", "5432"))+`]`), "FirewallRuleInvalidFqdn")
	w.refused("PUT", firewall, firewallBody(`,"additionalProperties":{"Network.DNS.EnableProxy":"perhaps","Network.DNS.Servers":"127.0.0.1"}`), "InvalidRequestFormat FirewallInvalidDnsServer")
	w.send("PUT", firewall, firewallBody(proxy, rules), 201)
	w.send("PUT", table, `{"location":"westus","properties":{"routes":[{"name":"out","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}}]}}`, 201)
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefix":"10.0.0.0/24","routeTable":{"id":"`+table+`"}}}`, 200)

	list := w.snapshot().Policy.FirewallNames()
	if len(list) != 1 || !list[0].DNS.Proxy || list[0].Address.String() != "10.0.9.4" || !slices.Equal(list[0].DNS.Servers, []netip.Addr{netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("168.63.129.16")}) || !slices.Equal(list[0].Names, []string{"db.example.com"}) {
		t.Fatalf("%+v", list)
	}
	db := flow("10.0.0.4", "93.184.216.34", 5432)
	if d := w.judge(db); d.Allowed() {
		t.Errorf("nothing is known of the name: %s", d)
	}
	before := w.snapshot()
	var names netpol.Names
	names.Put(firewall, "DB.example.com", netpol.Known{Addresses: []netip.Addr{netip.MustParseAddr("93.184.216.34")}})
	w.policies.SetNames(names)
	after := w.snapshot()
	if d := w.judge(db); !d.Allowed() || d.Host != "db.example.com" || d.Record(db).FQDN != "db.example.com" {
		t.Errorf("the name is known: %s", d)
	}
	if !after.SameResources(before) || after.Revision <= before.Revision {
		t.Error("names alone make other resources, or no new revision")
	}
	w.send("PUT", publics+"/other", `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`, 201)
	if d := w.judge(db); !d.Allowed() {
		t.Errorf("after another change: %s", d)
	}
	w.send("PUT", firewall, firewallBody(`,"additionalProperties":{"Network.DNS.RequireProxyForNetworkRules":"false"}`, rules), 200)
}

// TestPoliciesSayWhatNamesAreAsked: a policy without settings has those of its base; a
// change that would leave rules with names without the proxy is refused, and nothing of it
// is stored.
func TestPoliciesSayWhatNamesAreAsked(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	settings := func(dns, base string) string {
		if base != "" {
			base = `,"basePolicy":{"id":"` + policies + `/` + base + `"}`
		}
		return `{"location":"westus","properties":{"sku":{"tier":"Standard"}` + dns + base + `}}`
	}
	const on = `,"dnsSettings":{"enableProxy":true,"servers":["10.0.0.9"]}`
	w.send("PUT", policies+"/base", settings(on, ""), 201)
	w.send("PUT", policies+"/child", settings("", "base"), 201)
	w.send("PUT", policies+"/own", settings(`,"dnsSettings":{"enableProxy":false}`, "base"), 201)
	group := ruleGroup(100, policyCollection("Filter", "net", 100, "Allow", typed("NetworkRule", named("db", "db.example.com", "5432"))))
	w.refused("PUT", policies+"/own/ruleCollectionGroups/g", group, proxyNeeded)
	w.send("PUT", policies+"/child/ruleCollectionGroups/g", group, 201)
	w.refused("PUT", policies+"/base", settings("", ""), proxyNeeded)
	w.refused("PUT", policies+"/base", settings(`,"dnsSettings":{"servers":["x","0.0.0.0"],"enableProxy":true}`, ""), "FirewallInvalidDnsServer FirewallInvalidDnsServer")
	w.refused("PUT", policies+"/child", settings(`,"dnsSettings":{}`, "base"), proxyNeeded)
	w.send("PUT", policies+"/child", settings(`,"dnsSettings":{"requireProxyForNetworkRules":false}`, "base"), 200)
	w.send("PUT", policies+"/child", settings("", "base"), 200)
	for name, want := range map[string]bool{"child": true, "own": false} {
		w.send("PUT", firewall, firewallBody(`,"firewallPolicy":{"id":"`+policies+`/`+name+`"}`), 201)
		list := w.snapshot().Policy.FirewallNames()
		if got := len(list) == 1 && list[0].DNS.Proxy && len(list[0].DNS.Servers) == 1; got != want {
			t.Errorf("%s: %+v", name, list)
		}
		w.send("DELETE", firewall, "", 200)
	}
}

// driveNames drives what the SDK says of names.
func driveNames(s *sdk) {
	c, groups := s.NewFirewallPoliciesClient(), s.NewFirewallPolicyRuleCollectionGroupsClient()
	made := await[armnetwork.FirewallPoliciesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "names", armnetwork.FirewallPolicy{Location: place,
		Properties: &armnetwork.FirewallPolicyPropertiesFormat{DNSSettings: &armnetwork.DNSSettings{EnableProxy: to.Ptr(true), Servers: to.SliceOfPtrs("10.0.0.9")}}}, nil))
	check(s, "proxy", *made.Properties.DNSSettings.EnableProxy, true)
	check(s, "server", *made.Properties.DNSSettings.Servers[0], "10.0.0.9")
	network := &armnetwork.Rule{RuleType: to.Ptr(armnetwork.FirewallPolicyRuleTypeNetworkRule), Name: to.Ptr("db"), IPProtocols: []*armnetwork.FirewallPolicyRuleNetworkProtocol{to.Ptr(armnetwork.FirewallPolicyRuleNetworkProtocolTCP)},
		SourceAddresses: to.SliceOfPtrs("*"), DestinationFqdns: to.SliceOfPtrs("db.example.com"), DestinationPorts: to.SliceOfPtrs("5432")}
	application := &armnetwork.ApplicationRule{RuleType: to.Ptr(armnetwork.FirewallPolicyRuleTypeApplicationRule), Name: to.Ptr("update"), SourceAddresses: to.SliceOfPtrs("*"), FqdnTags: to.SliceOfPtrs("windowsupdate"),
		Protocols: []*armnetwork.FirewallPolicyRuleApplicationProtocol{{ProtocolType: to.Ptr(armnetwork.FirewallPolicyRuleApplicationProtocolTypeHTTPS), Port: to.Ptr[int32](443)}}}
	nat := &armnetwork.NatRule{RuleType: to.Ptr(armnetwork.FirewallPolicyRuleTypeNatRule), Name: to.Ptr("web"), IPProtocols: []*armnetwork.FirewallPolicyRuleNetworkProtocol{to.Ptr(armnetwork.FirewallPolicyRuleNetworkProtocolTCP)},
		SourceAddresses: to.SliceOfPtrs("*"), DestinationAddresses: to.SliceOfPtrs("203.0.113.1"), DestinationPorts: to.SliceOfPtrs("80"), TranslatedFqdn: to.Ptr("web.example.com"), TranslatedPort: to.Ptr("8080")}
	filter := func(name string, priority int32, rule armnetwork.FirewallPolicyRuleClassification) armnetwork.FirewallPolicyRuleCollectionClassification {
		return &armnetwork.FirewallPolicyFilterRuleCollection{RuleCollectionType: to.Ptr(armnetwork.FirewallPolicyRuleCollectionTypeFirewallPolicyFilterRuleCollection), Name: to.Ptr(name), Priority: to.Ptr(priority),
			Action: &armnetwork.FirewallPolicyFilterRuleCollectionAction{Type: to.Ptr(armnetwork.FirewallPolicyFilterRuleCollectionActionTypeAllow)}, Rules: []armnetwork.FirewallPolicyRuleClassification{rule}}
	}
	group := await[armnetwork.FirewallPolicyRuleCollectionGroupsClientCreateOrUpdateResponse](s)(groups.BeginCreateOrUpdate(s.ctx, "g", "names", "first", armnetwork.FirewallPolicyRuleCollectionGroup{
		Properties: &armnetwork.FirewallPolicyRuleCollectionGroupProperties{Priority: to.Ptr[int32](200), RuleCollections: []armnetwork.FirewallPolicyRuleCollectionClassification{
			filter("net", 300, network), filter("app", 400, application),
			&armnetwork.FirewallPolicyNatRuleCollection{RuleCollectionType: to.Ptr(armnetwork.FirewallPolicyRuleCollectionTypeFirewallPolicyNatRuleCollection), Name: to.Ptr("in"), Priority: to.Ptr[int32](500),
				Action: &armnetwork.FirewallPolicyNatRuleCollectionAction{Type: to.Ptr(armnetwork.FirewallPolicyNatRuleCollectionActionTypeDNAT)}, Rules: []armnetwork.FirewallPolicyRuleClassification{nat}}}}}, nil))
	of := func(i int) armnetwork.FirewallPolicyRuleClassification {
		return group.Properties.RuleCollections[i].(*armnetwork.FirewallPolicyFilterRuleCollection).Rules[0]
	}
	check(s, "name", *of(0).(*armnetwork.Rule).DestinationFqdns[0], "db.example.com")
	check(s, "tag", *of(1).(*armnetwork.ApplicationRule).FqdnTags[0], "WindowsUpdate")
	check(s, "translated name", *group.Properties.RuleCollections[2].(*armnetwork.FirewallPolicyNatRuleCollection).Rules[0].(*armnetwork.NatRule).TranslatedFqdn, "web.example.com")
	await[armnetwork.FirewallPolicyRuleCollectionGroupsClientDeleteResponse](s)(groups.BeginDelete(s.ctx, "g", "names", "first", nil))
	await[armnetwork.FirewallPoliciesClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "names", nil))
}

// TestTagsAndTranslatedNamesAreChecked before anything is stored.
func TestTagsAndTranslatedNamesAreChecked(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	tag := strings.Replace(applicationRule("r", `{"protocolType":"https"}`, "*"), `"targetFqdns":["*"]`, `"fqdnTags":["AzureBackup","WindowsUpdate"]`, 1)
	w.refused("PUT", firewall, firewallBody(`,"applicationRuleCollections":[`+collection("a", 100, tag)+`]`), "FirewallRuleInvalidFqdnTag")
	w.policies.SetNameTags([]netpol.NameTag{{Name: "AzureBackup", Names: []string{"*.backup.example"}}, {Name: "WindowsUpdate", Names: []string{"update.example"}}})
	w.send("PUT", firewall, firewallBody(`,"applicationRuleCollections":[`+collection("a", 100, tag)+`]`), 201)
	both := strings.Replace(natRule("web", "203.0.113.1", "80", "8080"), `"translatedAddress"`, `"translatedFqdn":"*.example.com","translatedAddress"`, 1)
	w.refused("PUT", firewall, firewallBody(`,"natRuleCollections":[`+strings.Replace(collection("in", 100, both), `"allow"`, `"Dnat"`, 1)+`]`), "FirewallRuleInvalidFqdn FirewallRuleInvalidTranslatedAddress")
}
