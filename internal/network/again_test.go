package network_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// templates are a resource of every type, with every reference that it can have, in
// an order in which they can be made.
var templates = []struct{ path, body string }{
	{provider + "/networkSecurityGroups/nsg", `{"location":"West US","tags":{"a":"b"},"properties":{"flushConnection":true,"securityRules":[
		{"name":"one","properties":{"description":"d","priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefixes":["10.0.0.0/24","10.9.0.4"],"sourcePortRange":"*","destinationAddressPrefix":"Sql","destinationPortRanges":["443","8000-8999"]}},
		{"name":"two","properties":{"priority":100,"direction":"Outbound","access":"Deny","protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"Internet","destinationPortRange":"25"}}]}}`},
	{provider + "/networkSecurityGroups/nsg/securityRules/one", ""},
	{provider + "/routeTables/rt", `{"location":"westus","properties":{"disableBgpRoutePropagation":true,"routes":[
		{"name":"r","properties":{"addressPrefix":"10.7.0.0/16","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}},
		{"name":"s","properties":{"addressPrefix":"Sql","nextHopType":"Internet"}}]}}`},
	{provider + "/routeTables/rt/routes/r", ""},
	{net, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16","fd00::/48"]},"dhcpOptions":{"dnsServers":["10.0.0.5"]},"flowTimeoutInMinutes":5,"subnets":[
		{"name":"a","properties":{"addressPrefixes":["10.0.0.0/24","fd00::/64"],"networkSecurityGroup":{"id":"` + provider + `/networkSecurityGroups/nsg"},"routeTable":{"id":"` + provider + `/routeTables/rt"},"serviceEndpoints":[{"service":"Microsoft.Storage","locations":["westus"]}],"privateEndpointNetworkPolicies":"Disabled"}},
		{"name":"b","properties":{"addressPrefix":"10.0.1.0/24","delegations":[{"name":"d","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]}},
		{"name":"AzureFirewallSubnet","properties":{"addressPrefix":"10.0.9.0/26"}},{"name":"GatewaySubnet","properties":{"addressPrefix":"10.0.8.0/27"}}]}}`},
	{net + "/subnets/a", ""},
	{net + "/subnets/b", ""},
	{publics + "/out", `{"location":"westus","zones":["1"],"sku":{"name":"Standard"},"tags":{"isle-egress":"bind:127.0.0.9"},"properties":{"publicIPAllocationMethod":"Static","idleTimeoutInMinutes":10,"dnsSettings":{"domainNameLabel":"out"}}}`},
	{publicPrefixes + "/range", `{"location":"westus","zones":["1"],"sku":{"name":"Standard"},"properties":{"prefixLength":30,"ipTags":[{"ipTagType":"a","tag":"b"}]}}`},
	{publicPrefixes + "/whole", `{"location":"westus","properties":{"prefixLength":31}}`},
	{publics + "/of", standardFrom("range", ``)},
	{nats + "/nat", natBody(natPrefixes("whole"))},
	{publics + "/way", `{"location":"westus","properties":{}}`},
	{publics + "/nic", `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`},
	{provider + "/azureFirewalls/fw", firewallBody(`,"additionalProperties":{"Network.SNAT.PrivateRanges":"IANAPrivateRanges, 10.9.0.0/16"},"networkRuleCollections":[` +
		collection("web", 200, `{"name":"r","description":"d","protocols":["TCP"],"sourceAddresses":["10.0.0.0/24"],"destinationAddresses":["Sql"],"destinationPorts":["443"]}`) + `]`)},
	{gateway, `{"location":"westus","tags":{"isle-routes":"172.16.0.0/12"},"properties":{"gatewayType":"Vpn","vpnType":"RouteBased","sku":{"name":"VpnGw1"},"customRoutes":{"addressPrefixes":["10.8.0.0/16"]},"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":["10.10.0.0/16"]}},
		"ipConfigurations":[` + firewallConfiguration("ip", gatewaySubnet, publics+"/way") + `]}}`},
	{nics + "/one", `{"location":"westus","tags":{"isle-attach":"22=127.0.0.1:2222"},"properties":{"enableIPForwarding":true,"dnsSettings":{"dnsServers":["10.0.0.5"],"internalDnsNameLabel":"one"},"networkSecurityGroup":{"id":"` + provider + `/networkSecurityGroups/nsg"},"ipConfigurations":[
		{"name":"ip","properties":{"primary":true,"subnet":{"id":"` + net + `/subnets/a"},"publicIPAddress":{"id":"` + publics + `/nic"}}},
		{"name":"six","properties":{"subnet":{"id":"` + net + `/subnets/a"},"privateIPAddressVersion":"IPv6"}}]}}`},
	{provider + "/networkWatchers/w", `{"location":"westus","properties":{}}`},
	{provider + "/networkWatchers/w/flowLogs/log", `{"location":"westus","tags":{"a":"b"},"properties":{"targetResourceId":"` + net + `/subnets/a","storageId":"` + account + `","enabled":false,"retentionPolicy":{"days":3,"enabled":true},"format":{"type":"JSON","version":2},
		"flowAnalyticsConfiguration":{"networkWatcherFlowAnalyticsConfiguration":{"enabled":false}},"enabledFilteringCriteria":"SrcIP=10.0.0.0/8","recordTypes":"B,D"}}`},
}

// everything makes all templates and returns what is served of each, without ETags.
func (w *world) everything() map[string]string {
	for _, x := range templates {
		if x.body != "" {
			w.send("PUT", x.path, x.body, 201)
		}
	}
	return w.served()
}

func (w *world) served() map[string]string {
	w.t.Helper()
	texts := map[string]string{}
	for _, x := range templates {
		texts[x.path] = text(withoutETags(w.send("GET", x.path, "", 200)))
	}
	return texts
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func withoutETags(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "etag")
		for _, member := range v {
			withoutETags(member)
		}
	case []any:
		for _, member := range v {
			withoutETags(member)
		}
	}
	return v
}

// upperIDs writes every resource ID in capital letters.
func upperIDs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if id, ok := member.(string); ok && name == "id" {
				v[name] = strings.ToUpper(id)
			} else {
				upperIDs(member)
			}
		}
	case []any:
		for _, member := range v {
			upperIDs(member)
		}
	}
	return v
}

// nullsBeside adds members that are null, as clients send what they have no value for.
func nullsBeside(v any) any {
	body := v.(map[string]any)
	body["zones_"], body["extendedLocation"] = nil, nil
	members := body["properties"].(map[string]any)
	for _, name := range []string{"natGateway", "ddosProtectionPlan", "privateLinkService", "firewallPolicy", "virtualHub", "hubIPAddresses", "managementIpConfiguration", "natRules",
		"publicIPPrefix", "virtualNetworkPeerings", "natRuleCollections", "applicationRuleCollections", "ipAllocations", "sourceApplicationSecurityGroups"} {
		members[name] = nil
	}
	return body
}

// listsNull takes out the lists of nested resources, which a PUT then leaves alone.
func listsNull(v any) any {
	members := v.(map[string]any)["properties"].(map[string]any)
	for _, name := range []string{"securityRules", "routes", "subnets"} {
		members[name] = nil
	}
	return v
}

// TestWhatIsServedCanBePutAgain and changes nothing.
func TestWhatIsServedCanBePutAgain(t *testing.T) {
	changes := map[string]func(any) any{
		"as it is":        func(v any) any { return v },
		"IDs in capitals": upperIDs,
		"null members":    nullsBeside,
		"null lists":      listsNull,
		"location in words": func(v any) any {
			if body := v.(map[string]any); body["location"] != nil {
				body["location"] = "West US"
			}
			return v
		},
	}
	w := newWorld(t)
	before := w.everything()
	policy := w.snapshot()
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		t.Run(name, func(t *testing.T) {
			w.t = t
			for _, x := range templates {
				w.send("PUT", x.path, text(changes[name](w.send("GET", x.path, "", 200))), 200)
			}
			after := w.served()
			for _, x := range templates {
				if after[x.path] != before[x.path] {
					t.Errorf("%s\nwas %s\nis  %s", x.path, before[x.path], after[x.path])
				}
			}
			if w.snapshot() != policy {
				t.Error("the policy has changed")
			}
		})
	}
}

// TestSubnetsInUseKeepTheirRangesHoweverWritten, and names are told where they stand.
func TestSubnetsInUseKeepTheirRangesHoweverWritten(t *testing.T) {
	w := newWorld(t)
	w.everything()
	w.send("PUT", net+"/subnets/a", `{"properties":{"addressPrefixes":["10.0.0.0/24","FD00:0::/64"]}}`, 200)
	w.refused("PUT", net+"/subnets/a", `{"properties":{"addressPrefixes":["10.0.0.0/24"]}}`, "InUsePrefixCannotBeDeleted")
	answer := w.send("PUT", provider+"/virtualNetworks/other", `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"x y","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`, 400)
	if target := answer["error"].(map[string]any)["target"]; target != "properties.subnets[0].name" {
		t.Errorf("the target is %v", target)
	}
}

// TestBodiesWithoutProperties are answered, not feared.
func TestBodiesWithoutProperties(t *testing.T) {
	w := newWorld(t)
	w.everything()
	for path, want := range map[string]int{
		net: 400, net + "/subnets/a": 400, provider + "/networkSecurityGroups/nsg": 200, provider + "/networkSecurityGroups/nsg/securityRules/one": 400,
		provider + "/routeTables/rt": 200, provider + "/routeTables/rt/routes/r": 400, gateway: 400, nics + "/one": 400, provider + "/networkWatchers/w": 200,
	} {
		for _, properties := range []string{``, `,"properties":null`} {
			w.send("PUT", path, fmt.Sprintf(`{"location":"westus"%s}`, properties), want)
		}
	}
}
