package server

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/internal/dataplane"
)

// TestAFirewallHasEntrancesUpToABound: each firewall for itself, the first that its rules
// name, and what is left out is told.
func TestAFirewallHasEntrancesUpToABound(t *testing.T) {
	s := start(t, t.TempDir())
	group := "/subscriptions/" + s.issuer.Subscription() + "/resourceGroups/g"
	provider := group + "/providers/Microsoft.Network/"
	put(t, s, group, "2020-01-01", `{"location":"local"}`)
	subnet := func(network, name string) string { return provider + "virtualNetworks/" + network + "/subnets/" + name }
	for i, name := range []string{"hub", "other", "spoke"} {
		put(t, s, provider+"virtualNetworks/"+name, "2021-08-01", fmt.Sprintf(`{"location":"local","properties":{"addressSpace":{"addressPrefixes":["10.%d.0.0/16"]},"subnets":[
			{"name":"AzureFirewallSubnet","properties":{"addressPrefix":"10.%[1]d.0.0/26"}},{"name":"a","properties":{"addressPrefix":"10.%[1]d.1.0/24"}}]}}`, i))
	}
	for _, side := range [][2]string{{"hub", "spoke"}, {"spoke", "hub"}} {
		put(t, s, provider+"virtualNetworks/"+side[0]+"/virtualNetworkPeerings/p", "2021-08-01", fmt.Sprintf(`{"properties":{"remoteVirtualNetwork":{"id":%q},"allowVirtualNetworkAccess":true,"allowForwardedTraffic":true}}`, provider+"virtualNetworks/"+side[1]))
	}
	put(t, s, provider+"networkInterfaces/server", "2021-08-01", fmt.Sprintf(`{"location":"local","tags":{"isle-attach":"22=127.0.0.1:2222"},"properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":%q},"privateIPAllocationMethod":"Static","privateIPAddress":"10.2.1.4"}}]}}`, subnet("spoke", "a")))
	for i, name := range []string{"hub", "other"} {
		public := provider + "publicIPAddresses/" + name
		// nothing of the network 192.0.2.0/24 is on this host: no port is taken
		put(t, s, public, "2021-08-01", fmt.Sprintf(`{"location":"local","sku":{"name":"Standard"},"tags":{"isle-egress":"bind:192.0.2.%d"},"properties":{"publicIPAllocationMethod":"Static","ipAddress":"203.0.113.%[1]d"}}`, i+1))
		var rules []string
		for k, ports := range []string{"7000", "6990-7000", "8000-8999"}[:3-2*i] {
			rules = append(rules, fmt.Sprintf(`{"name":"r%d","protocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["203.0.113.%d"],"destinationPorts":[%q],"translatedAddress":"10.2.1.4","translatedPort":"22"}`, k, i+1, ports))
		}
		put(t, s, provider+"azureFirewalls/"+name, "2021-08-01", fmt.Sprintf(`{"location":"local","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":%q},"publicIPAddress":{"id":%q}}}],
			"natRuleCollections":[{"name":"in","properties":{"priority":100,"action":{"type":"Dnat"},"rules":[%s]}}]}}`, subnet(name, "AzureFirewallSubnet"), public, strings.Join(rules, ",")))
	}
	now, err := s.policies.Current()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		wanted, left := s.entrances(now)
		entrance := func(network, ip string, port uint16) bool {
			return wanted[dataplane.Entrance{Network: provider + "virtualNetworks/" + network, Public: netip.AddrPortFrom(netip.MustParseAddr("203.0.113."+ip), port), At: netip.AddrPortFrom(netip.MustParseAddr("192.0.2."+ip), port)}]
		}
		if len(wanted) != maxEntrances+1 || !entrance("hub", "1", 7000) || !entrance("hub", "1", 6990) || !entrance("hub", "1", 8244) || entrance("hub", "1", 8245) || !entrance("other", "2", 7000) {
			t.Errorf("%d: %v", len(wanted), wanted)
		}
		if left == nil || !strings.Contains(left.Error(), "firewall hub let callers in at 1011 ports, of which the first 256 are served: the first that is not is 203.0.113.1:8245") || strings.Contains(left.Error(), "other") {
			t.Error(left)
		}
	}
	n, list := s.inward(provider + "virtualNetworks/hub")
	if n == nil || len(list) != 1 || list[0].Private.String() != "10.2.1.4" || list[0].Network != provider+"virtualNetworks/spoke" {
		t.Errorf("what is attached within the firewall's reach: %v", list)
	}
	if n, list := s.inward(provider + "virtualNetworks/gone"); n != nil || list != nil {
		t.Errorf("%v %v", n, list)
	}
}
