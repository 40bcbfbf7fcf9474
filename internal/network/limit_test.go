package network_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// many joins what one gives for 0 to n-1, as the elements of an array.
func many(n int, one func(i int) string) string { return strings.Join(each(n, one), ",") }

func each(n int, one func(i int) string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = one(i)
	}
	return list
}

// copies stores a resource again under n more names.
func (w *world) copies(id string, n int) {
	w.t.Helper()
	w.must(w.store.Control().Write(w.t.Context(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, id)
		if err != nil {
			return err
		}
		for i := range n {
			r.ID, r.Key, r.ETag, r.Created = fmt.Sprintf("%s-%d", id, i), "", arm.NewETag(), time.Now()
			if err := arm.Save(tx, r); err != nil {
				return err
			}
		}
		return nil
	}))
}

// first is the first code of a refusal.
func (w *world) first(method, path, body string) string {
	w.t.Helper()
	return w.send(method, path, body, 400)["error"].(map[string]any)["code"].(string)
}

// TestLimits: what one resource can have (network.md §A1, and the limits of firewalls).
func TestLimits(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", net+"/subnets/AzureFirewallSubnet", `{"properties":{"addressPrefix":"10.0.9.0/26"}}`, 201)
	w.publicIP("out", ``, ``, 201)
	w.send("PUT", firewall, firewallBody(), 201)
	w.send("PUT", policies+"/base", `{"location":"westus"}`, 201)
	w.send("PUT", policies+"/base/ruleCollectionGroups/one", ruleGroup(100), 201)
	w.send("PUT", applications+"/members", `{"location":"westus"}`, 201)
	w.copies(applications+"/members", 101)
	w.send("PUT", ipGroups+"/office", `{"location":"westus","properties":{"ipAddresses":["10.0.0.0/29"]}}`, 201)
	w.copies(ipGroups+"/office", 201)
	w.vnet("spoke", "10.2.0.0/16")
	w.send("PUT", sideOf("net", "spoke"), toward("spoke", ""), 201)
	w.vnet("other", "10.3.0.0/16")

	quoted := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(`"`+format+`"`, i) }
	}
	address := func(i int) string { return fmt.Sprintf(`"10.%d.%d.1"`, i/256, i%256) }
	members := func(n int) string {
		return many(n, func(i int) string { return fmt.Sprintf(`{"id":%q}`, fmt.Sprintf("%s/members-%d", applications, i)) })
	}
	rule := func(priority int, sources string) string {
		return fmt.Sprintf(`{"priority":%d,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*",%s,"destinationAddressPrefix":"*","destinationPortRange":"443"}`, priority, sources)
	}
	anywhere := `"sourceAddressPrefix":"*"`
	named := func(i int, properties string) string {
		return fmt.Sprintf(`{"name":"n%d","properties":%s}`, i, properties)
	}
	in := func(format string, args ...any) string {
		return fmt.Sprintf(`{"location":"westus","properties":{`+format+`}}`, args...)
	}
	networkRules := func(sources, destinations int) string {
		return collection("net", 200, fmt.Sprintf(`{"name":"r","protocols":["TCP"],"sourceAddresses":[%s],"destinationAddresses":[%s],"destinationPorts":["443"]}`, many(sources, address), many(destinations, address)))
	}
	classic := func(member, collections string) string {
		return firewallBody(`,"` + member + `":[` + collections + `]`)
	}
	namedRules := func(names int) string { // which need the proxy for names
		return firewallBody(`,"additionalProperties":{"Network.DNS.EnableProxy":"True"},"networkRuleCollections":[`, collection("net", 200, fmt.Sprintf(`{"name":"r","protocols":["TCP"],"sourceAddresses":[%s],"destinationFqdns":[%s],"destinationPorts":["443"]}`,
			many(200, address), many(names, func(i int) string { return fmt.Sprintf(`"h%d.contoso.com"`, i) }))), `]`)
	}
	for _, c := range []struct{ what, path, over, within, code string }{
		{"DNS servers", net + "2", in(`"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"dhcpOptions":{"dnsServers":[%s]}`, many(21, address)),
			in(`"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"dhcpOptions":{"dnsServers":[%s]}`, many(20, address)), "DnsServerCountLimitReached"},
		{"subnets", net + "3", in(`"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},"subnets":[%s]`, many(3001, func(i int) string { return named(i, fmt.Sprintf(`{"addressPrefix":"10.%d.%d.0/24"}`, i/256, i%256)) })), "", "SubnetCountLimitReached"},
		{"rules", group + "2", in(`"securityRules":[%s]`, many(1001, func(i int) string { return named(i, rule(100+i, anywhere)) })),
			in(`"securityRules":[%s]`, many(1000, func(i int) string { return named(i, rule(100+i, anywhere)) })), "SecurityRuleCountLimitReached"},
		{"prefixes of a rule's side", group + "/securityRules/p", `{"properties":` + rule(300, `"sourceAddressPrefixes":[`+many(4001, address)+`]`) + `}`,
			`{"properties":` + rule(300, `"sourceAddressPrefixes":[`+many(4000, address)+`]`) + `}`, "SecurityRulePrefixCountLimitReached"},
		{"application groups of a rule's side", group + "/securityRules/g", `{"properties":` + rule(301, `"sourceApplicationSecurityGroups":[`+members(11)+`]`) + `}`,
			`{"properties":` + rule(301, `"sourceApplicationSecurityGroups":[`+members(10)+`]`) + `}`, "SecurityRuleApplicationSecurityGroupCountLimitReached"},
		{"application groups of an interface", nics + "/member", nicBody(net+"/subnets/a", `,"applicationSecurityGroups":[`+members(21)+`]`, ""),
			nicBody(net+"/subnets/a", `,"applicationSecurityGroups":[`+members(20)+`]`, ""), "ApplicationSecurityGroupCountLimitReached"},
		{"routes", table + "2", in(`"routes":[%s]`, many(401, func(i int) string {
			return named(i, fmt.Sprintf(`{"addressPrefix":"10.%d.%d.0/24","nextHopType":"None"}`, i/256, i%256))
		})),
			in(`"routes":[%s]`, many(400, func(i int) string {
				return named(i, fmt.Sprintf(`{"addressPrefix":"10.%d.%d.0/24","nextHopType":"None"}`, i/256, i%256))
			})), "RouteCountLimitReached"},
		{"routes to service tags", table + "3", in(`"routes":[%s]`, many(26, func(i int) string {
			return named(i, fmt.Sprintf(`{"addressPrefix":"Sql.Region%d","nextHopType":"Internet"}`, i))
		})),
			in(`"routes":[%s]`, many(25, func(i int) string {
				return named(i, fmt.Sprintf(`{"addressPrefix":"Sql.Region%d","nextHopType":"Internet"}`, i))
			})), "RouteCountLimitReached"},
		{"addresses of an IP group", ipGroups + "/much", in(`"ipAddresses":[%s]`, many(5001, address)), in(`"ipAddresses":[%s]`, many(5000, address)), "IpGroupAddressCountLimitReached"},
		{"rules of a firewall", firewall, classic("networkRuleCollections", many(101, func(k int) string {
			return collection(fmt.Sprintf("c%d", k), 200+k, each(100, func(i int) string {
				return fmt.Sprintf(`{"name":"r%d","protocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["*"],"destinationPorts":["1"]}`, i)
			})...)
		})), "", "FirewallRuleCountLimitReached"},
		{"combinations of network rules", firewall, classic("networkRuleCollections", networkRules(200, 101)), classic("networkRuleCollections", networkRules(200, 100)), "FirewallNetworkRuleTargetCountLimitReached"},
		{"combinations with names", firewall, namedRules(101), namedRules(100), "FirewallNetworkRuleTargetCountLimitReached"},
		{"IP groups of a firewall", firewall, classic("networkRuleCollections", collection("net", 200, fmt.Sprintf(`{"name":"r","protocols":["TCP"],"sourceIpGroups":[%s],"destinationAddresses":["*"],"destinationPorts":["1"]}`, many(201, quoted(ipGroups+"/office-%d"))))),
			classic("networkRuleCollections", collection("net", 200, fmt.Sprintf(`{"name":"r","protocols":["TCP"],"sourceIpGroups":[%s],"destinationAddresses":["*"],"destinationPorts":["1"]}`, many(200, quoted(ipGroups+"/office-%d"))))), "FirewallIpGroupCountLimitReached"},
		{"translations of a policy", policies + "/base/ruleCollectionGroups/one", ruleGroup(100, policyCollection("Nat", "nat", 100, "DNAT", each(251, func(i int) string {
			return typed("NatRule", natRule(fmt.Sprintf("r%d", i), "203.0.113.9", fmt.Sprint(1000+i), "80"))
		})...)),
			ruleGroup(100, policyCollection("Nat", "nat", 100, "DNAT", each(250, func(i int) string {
				return typed("NatRule", natRule(fmt.Sprintf("r%d", i), "203.0.113.9", fmt.Sprint(1000+i), "80"))
			})...)), "FirewallDnatRuleCountLimitReached"},
		{"bytes of a rule collection group", policies + "/base/ruleCollectionGroups/one", ruleGroup(100, policyCollection("Filter", "net", 100, "Allow", strings.Replace(typed("NetworkRule", networkRule("r", "*", "*", "1")), "{", `{"description":"`+strings.Repeat("x", 2<<20)+`",`, 1))), "", "FirewallPolicyRuleCollectionGroupSizeLimitReached"},
	} {
		if code := w.first("PUT", c.path, c.over); code != c.code {
			t.Errorf("%s: %s, want %s", c.what, code, c.code)
		}
		if c.within == "" {
			continue
		}
		if res, text := w.client().Do(t, "PUT", c.path, c.within); res.StatusCode >= 300 {
			t.Errorf("%s: at the limit: %d %.300s", c.what, res.StatusCode, text)
		}
	}
}

// TestLimitsOfWhatIsThere: one more beside those that are there already.
func TestLimitsOfWhatIsThere(t *testing.T) {
	w := newWorld(t)
	w.office()
	for i := range 10 { // a hundred application security groups in ten rules
		w.send("PUT", applications+fmt.Sprintf("/m%d", i), `{"location":"westus"}`, 201)
		w.copies(applications+fmt.Sprintf("/m%d", i), 10)
		list := many(10, func(k int) string { return fmt.Sprintf(`{"id":"%s/m%d-%d"}`, applications, i, k) })
		w.send("PUT", fmt.Sprintf("%s/securityRules/r%d", group, i), fmt.Sprintf(`{"properties":{"priority":%d,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*","sourceApplicationSecurityGroups":[%s],"destinationAddressPrefix":"*","destinationPortRange":"443"}}`, 200+i, list), 201)
	}
	one := `{"properties":{"priority":300,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*","sourceApplicationSecurityGroups":[{"id":"%s/%s"}],"destinationAddressPrefix":"*","destinationPortRange":"443"}}`
	if code := w.first("PUT", group+"/securityRules/more", fmt.Sprintf(one, applications, "m0")); code != "ApplicationSecurityGroupCountLimitReached" {
		t.Errorf("application groups of a network security group: %s", code)
	}
	w.send("PUT", group+"/securityRules/more", fmt.Sprintf(one, applications, "m0-3"), 201) // known already

	w.vnet("spoke", "10.2.0.0/16")
	w.vnet("other", "10.3.0.0/16")
	w.send("PUT", sideOf("net", "spoke"), toward("spoke", ""), 201)
	w.copies(sideOf("net", "spoke"), 499)
	if code := w.first("PUT", sideOf("net", "other"), toward("other", "")); code != "VnetPeeringCountLimitReached" {
		t.Errorf("peerings: %s", code)
	}
	w.send("PUT", policies+"/base", `{"location":"westus"}`, 201)
	w.send("PUT", policies+"/base/ruleCollectionGroups/one", ruleGroup(100), 201)
	w.copies(policies+"/base/ruleCollectionGroups/one", 89)
	if code := w.first("PUT", policies+"/base/ruleCollectionGroups/more", ruleGroup(200)); code != "FirewallPolicyRuleCollectionGroupCountLimitReached" {
		t.Errorf("rule collection groups: %s", code)
	}
	w.send("PUT", net+"/subnets/full", `{"properties":{"addressPrefix":"10.0.128.0/17"}}`, 201)
	w.must(w.store.Control().Write(t.Context(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, net+"/subnets/full")
		if err != nil {
			return err
		}
		var form map[string]any
		if err := json.Unmarshal(r.Body, &form); err != nil {
			return err
		}
		form["links"] = []any{map[string]any{"name": "x", "owner": environment, "addresses": each(65535, func(i int) string { return fmt.Sprintf("10.1.%d.%d", i/256, i%256) })}}
		if r.Body, err = json.Marshal(form); err != nil {
			return err
		}
		return arm.Save(tx, r)
	}))
	w.nic("last", net+"/subnets/a", "", "", 201)
	if code := w.first("PUT", nics+"/more", nicBody(net+"/subnets/a", "", "")); code != "PrivateIPAddressCountLimitReached" {
		t.Errorf("addresses of a network: %s", code)
	}
}

// TestQuotas: how many of a type a location of a subscription has. Those of networks and
// public addresses have tests of their own; 65,536 interfaces would take too long to make.
func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		typ, body, code string
		limit           int
	}{
		{"networkSecurityGroups", `{"location":"westus"}`, "NetworkSecurityGroupCountLimitReached", 5000},
		{"applicationSecurityGroups", `{"location":"westus"}`, "ApplicationSecurityGroupCountLimitReached", 3000},
		{"routeTables", `{"location":"westus"}`, "RouteTableCountLimitReached", 200},
		{"natGateways", `{"location":"westus","sku":{"name":"Standard"}}`, "NatGatewayCountLimitReached", 1000},
		{"publicIPPrefixes", `{"location":"westus","sku":{"name":"Standard"},"properties":{"prefixLength":31}}`, "PublicIPPrefixCountLimitReached", 1000},
		{"azureFirewalls", firewallBody(), "AzureFirewallCountLimitReached", 100},
		{"virtualNetworkGateways", gatewayBody(``), "VirtualNetworkGatewayCountLimitReached", 100},
	} {
		t.Run(c.typ, func(t *testing.T) {
			w := newWorld(t)
			w.fireworld()
			id := provider + "/" + c.typ + "/one"
			w.send("PUT", id, c.body, 201)
			w.copies(id, c.limit-1)
			if code := w.first("PUT", id+"-more", c.body); code != c.code {
				t.Errorf("%s, want %s", code, c.code)
			}
			w.send("PUT", id, c.body, 200)
		})
	}
}
