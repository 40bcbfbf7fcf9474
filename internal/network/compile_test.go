package network_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"isle/internal/arm"
)

// TestWhatIsAcceptedCompiles sends random requests, good and bad, through the types:
// whatever they accept, the policy compiles.
func TestWhatIsAcceptedCompiles(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.publicIP("gw", ``, ``, 201)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &maker{rand.New(rand.NewPCG(seed, 0))}
	accepted := map[string]int{}
	for i := range 1000 {
		if i%50 == 0 {
			w.checkSides()
		}
		path, body := g.request()
		var err error
		if g.IntN(8) == 0 {
			_, err = w.manager.Delete(context.Background(), arm.Principal{}, path, "2025-01-01")
		} else if _, err = w.manager.Put(context.Background(), arm.Principal{}, path, "2025-01-01", []byte(body)); err == nil {
			id, err := arm.ParseID(path)
			w.must(err)
			accepted[id.Type()]++
		}
		if problem := arm.AsError(err); err != nil && (problem == nil || problem.Status >= 500) {
			t.Fatalf("%s\n%s\n%v", path, body, err)
		}
		if _, err := w.policies.Current(); err != nil {
			t.Fatalf("after %s\n%s\n%v", path, body, err)
		}
	}
	t.Log(accepted)
	if len(accepted) < len(g.makers()) {
		t.Errorf("only these of %d kinds were accepted at all: %v", len(g.makers()), accepted)
	}
}

// maker makes requests at random, most of them good.
type maker struct{ *rand.Rand }

func (g *maker) one(list ...string) string { return list[g.IntN(len(list))] }

// mostly is one of the first n seven times of eight: those are good.
func (g *maker) mostly(n int, list ...string) string {
	if g.IntN(8) > 0 {
		return g.one(list[:n]...)
	}
	return g.one(list...)
}

// many is one to three texts as JSON.
func (g *maker) many(n int, list ...string) string {
	var texts []string
	for range 1 + g.IntN(3)*g.IntN(2) {
		texts = append(texts, fmt.Sprintf("%q", g.mostly(n, list...)))
	}
	return "[" + strings.Join(texts, ",") + "]"
}

func (g *maker) makers() []func() (path, body string) {
	return []func() (string, string){g.network, g.subnet, g.group, g.rule, g.table, g.route, g.publicIP, g.firewall, g.gateway, g.nic, g.application, g.nat, g.publicPrefix}
}

func (g *maker) request() (path, body string) {
	makers := g.makers()
	return makers[g.IntN(len(makers))]()
}

func (g *maker) name() string { return g.one("n1", "N2", "n2") }

func (g *maker) nat() (string, string) {
	return provider + "/natGateways/" + g.name(), g.one(`{"location":"westus"}`, `{"location":"westus","properties":{"publicIpPrefixes":[{}]}}`,
		fmt.Sprintf(`{"location":"westus","properties":{"publicIpPrefixes":[{"id":%q}]}}`, publicPrefixes+"/"+g.name()),
		fmt.Sprintf(`{"location":"westus","properties":{"publicIpAddresses":[{"id":%q}]}}`, publics+"/"+g.name()))
}

func (g *maker) application() (string, string) {
	return provider + "/applicationSecurityGroups/" + g.name(), `{"location":"westus"}`
}

func (g *maker) network() (string, string) {
	return provider + "/virtualNetworks/" + g.name(), fmt.Sprintf(`{"location":"westus","properties":{"addressSpace":{"addressPrefixes":%s},"dhcpOptions":{%q:%s}}}`,
		g.many(3, "10.0.0.0/8", "192.168.0.0/16", "2001:db8::/48", "2001:DB8:0::/48", "20.0.0.0/8", "::ffff:10.0.0.0/104", "fd00::/8", "0.0.0.0/0", "100.64.0.0/10"),
		g.one("dnsServers", "DNSServers"), g.many(3, "10.0.0.9", "::1", "::ffff:10.0.0.8", "fe80::1%eth0", "10.0.0.08"))
}

func (g *maker) subnet() (string, string) {
	ref := func(member, typ string) string {
		return fmt.Sprintf(`,%q:{"id":%q}`, member, g.mostly(2, provider, strings.ToUpper(provider), strings.TrimPrefix(provider, "/"))+"/"+typ+"/"+g.name()+g.one("", "/"))
	}
	more := g.one("", ref("networkSecurityGroup", "networkSecurityGroups")) + g.one("", ref("routeTable", "routeTables")) + g.one("", ref("natGateway", "natGateways")) +
		g.one("", `,"serviceEndpoints":[{"service":"`+g.one("Microsoft.Storage", "Microsoft.Sql", "Microsoft.a-b", "Microsoft.Web.x", "x.Internet", "x..")+`"}]`)
	return provider + "/virtualNetworks/" + g.name() + "/subnets/" + g.one("a", "b", "_c", "AzureFirewallSubnet", "GatewaySubnet"),
		fmt.Sprintf(`{"properties":{"addressPrefixes":%s%s}}`, g.many(4, "10.0.0.0/24", "10.0.1.0/26", "10.0.4.0/22", "192.168.0.0/29", "10.0.0.0/16", "2001:db8:0:1::/64", "2001:0db8::/64", "20.0.0.0/24", "100.64.0.0/24"), more)
}

// addresses are texts of rules and routes, in spellings that differ.
var addresses = []string{"*", "10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:DB8:0::/32", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "10.0.0.1/8", "fe80::1%a",
	"Internet", "internet", "VirtualNetwork", "AzureLoadBalancer", "Sql", "SQL.WestUS", "Storage.west_us", "Storage.1", "AzureCloud.x", "AzurePlatformDNS", "Nothing", ""}

func (g *maker) group() (string, string) {
	_, rule := g.rule()
	return provider + "/networkSecurityGroups/" + g.name(), g.one(`{"location":"westus"}`, fmt.Sprintf(`{"location":"westus","properties":{"securityRules":[{"name":"r",%s]}}`, rule[1:]))
}

func (g *maker) rule() (string, string) {
	ports := []string{"*", "80", "080", "1-2", "0-65535", "2-1", "0", "65536", "80,81", "-"}
	return provider + "/networkSecurityGroups/" + g.name() + "/securityRules/" + g.one("x", "y", "X"),
		fmt.Sprintf(`{"properties":{"priority":%d,"direction":%q,"access":%q,"protocol":%q,%s,"sourcePortRange":%q,"destinationAddressPrefix":%q,"destinationPortRanges":%s}}`,
			100+g.IntN(4), g.one("Inbound", "outbound"), g.one("Allow", "deny"), g.mostly(6, "*", "tcp", "Udp", "Icmp", "esp", "Ah", "any"),
			g.one(fmt.Sprintf(`"sourceAddressPrefix":%q`, g.mostly(6, addresses...)), fmt.Sprintf(`"sourceAddressPrefixes":%s`, g.many(3, "10.0.0.1", "10.0.0.0/9", "::1", "::ffff:1.2.3.4")),
				fmt.Sprintf(`"sourceApplicationSecurityGroups":[{"id":%q}]`, provider+"/"+g.mostly(1, "applicationSecurityGroups", "networkSecurityGroups")+"/"+g.name())),
			g.mostly(5, ports...), g.mostly(6, addresses...), g.many(4, "80", "1-2", "0443", "0-65535"))
}

func (g *maker) table() (string, string) {
	_, route := g.route()
	return provider + "/routeTables/" + g.name(), g.one(`{"location":"westus","properties":{"disableBgpRoutePropagation":`+g.one("true", `"x"`, "null")+`}}`,
		fmt.Sprintf(`{"location":"westus","properties":{"routes":[{"name":"r",%s]}}`, route[1:]))
}

func (g *maker) route() (string, string) {
	return provider + "/routeTables/" + g.name() + "/routes/" + g.one("x", "y", "z"),
		fmt.Sprintf(`{"properties":{"addressPrefix":%q,"nextHopType":%q,"nextHopIpAddress":%q}}`, g.mostly(6, addresses...),
			g.mostly(6, "VirtualAppliance", "virtualappliance", "Internet", "None", "VnetLocal", "VirtualNetworkGateway", "VNetPeering"), g.one("", "", "10.0.0.4", "::1", "::ffff:10.0.0.4", "10.0.0.4/32", "fe80::1%a"))
}
