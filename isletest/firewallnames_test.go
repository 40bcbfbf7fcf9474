package isletest_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/miekg/dns"

	"isle/internal/netns"
	"isle/internal/server"
	"isle/isletest"
)

// detour leads what subnets send to a prefix by an appliance.
func (s *site) detour(table, prefix, hop string, subnets ...string) {
	s.t.Helper()
	await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(s.t.Context(), siteGroup, table, armnetwork.RouteTable{Location: to.Ptr(siteLocation),
		Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("detour"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: &prefix, NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(s.t)
	for _, subnet := range subnets {
		s.changeSubnet(subnet, func(p *armnetwork.SubnetPropertiesFormat) {
			p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(s.id("routeTables/" + table))}
		})
	}
}

// allowing is a network rule collection that lets pass what goes to a name at a port.
func allowing(name string, port int) []*armnetwork.AzureFirewallNetworkRuleCollection {
	return []*armnetwork.AzureFirewallNetworkRuleCollection{{Name: to.Ptr("names"), Properties: &armnetwork.AzureFirewallNetworkRuleCollectionPropertiesFormat{
		Priority: to.Ptr[int32](200), Action: &armnetwork.AzureFirewallRCAction{Type: to.Ptr(armnetwork.AzureFirewallRCActionTypeAllow)},
		Rules: []*armnetwork.AzureFirewallNetworkRule{{Name: to.Ptr("host"), Protocols: []*armnetwork.AzureFirewallNetworkRuleProtocol{to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP)},
			SourceAddresses: to.SliceOfPtrs("*"), DestinationFqdns: to.SliceOfPtrs(name), DestinationPorts: to.SliceOfPtrs(fmt.Sprint(port))}}}}}
}

// asksProxy has a firewall be a name proxy that asks a server.
func asksProxy(server string) map[string]*string {
	return map[string]*string{"Network.DNS.EnableProxy": to.Ptr("true"), "Network.DNS.Servers": &server}
}

// TestAFirewallAnswersForNamesAndGoesByThem: the network's name server is its firewall, whose
// own one is a real server. A workflow reaches what a network rule names, by the name and by
// the address, and nothing else (network.md §A6, FQDN in network rules).
func TestAFirewallAnswersForNamesAndGoesByThem(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		page := func() string {
			u, err := url.Parse(stub(t, func(w http.ResponseWriter, r *http.Request) {}))
			must(t, err)
			return u.Host
		}
		zone := nameServer(t, map[string]string{"db.site.test.": "10.0.9.50", "other.site.test.": "10.0.9.51"})
		s := newSite(t, 1, options...)
		s.attach("dns", "10.0.9.53", "53=127.0.0.1:"+zone)
		s.attach("db", "10.0.9.50", "80="+page())
		s.attach("other", "10.0.9.51", "80="+page())
		public := s.publicIP("outbound", publicAddress())
		hop := s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
			p.AdditionalProperties, p.NetworkRuleCollections = asksProxy("10.0.9.53"), allowing("DB.site.test", 80)
		})
		s.nameServers(hop)
		_, callback := s.caller("caller", s.environment(0, external))
		s.detour("out", "10.0.9.0/24", hop, "front")
		s.detour("back", "10.0.0.0/24", hop, "machines")

		s.succeeded(s.call(callback, "http://db.site.test/"))
		s.succeeded(s.call(callback, "http://10.0.9.50/"))
		s.denied(s.call(callback, "http://other.site.test/"), "other.site.test", "no rule matched", "egress")
		if o := s.call(callback, "http://none.site.test/"); o.Status != "Failed" || o.Error.Code != "UnresolvableHostName" {
			t.Errorf("a name that there is not: %+v", o)
		}
		s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
			p.AdditionalProperties, p.NetworkRuleCollections = asksProxy("10.0.9.53"), allowing("other.site.test", 80)
		})
		s.succeeded(s.call(callback, "http://other.site.test/"))
		s.denied(s.call(callback, "http://db.site.test/"), "db.site.test", "no rule matched")
	})
}

// TestMachinesAskAFirewallForNames: a machine asks the firewall over UDP and TCP, and what
// it is answered it may call at once. What was let through by its name ends when the rules
// deny it.
func TestMachinesAskAFirewallForNames(t *testing.T) {
	zone := nameServer(t, map[string]string{"db.site.test.": "10.0.9.51"})
	s := newSite(t, 1, inKernel(t)...)
	s.environment(0, external)
	client, target := machine(t), machine(t)
	s.attach("client", "10.0.9.50", netnsOf(client))
	s.attach("target", "10.0.9.51", netnsOf(target))
	s.attach("dns", "10.0.9.53", "53=127.0.0.1:"+zone)
	echoIn(t, target)
	public := s.publicIP("outbound", publicAddress())
	rules := func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.AdditionalProperties, p.NetworkRuleCollections = asksProxy("10.0.9.53"), allowing("db.site.test", 7)
	}
	hop := s.firewallWith(*public.ID, rules)
	s.detour("inner", "10.0.9.48/30", hop, "machines") // of both machines, not of the name server
	for _, protocol := range []string{"udp", "tcp"} {
		if got := lookUpIn(t, client, protocol, hop, "db.site.test."); got != "10.0.9.51" {
			t.Errorf("over %s the name is at %q", protocol, got)
		}
	}
	c, err := reaches(t, client, "10.0.9.51:7")
	must(t, err)
	if !echoes(c) {
		t.Error("what the firewall has told cannot be called")
	}
	s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) { p.AdditionalProperties = asksProxy("10.0.9.53") })
	if echoes(c) {
		t.Error("without the rule the flow goes on")
	}
	s.firewallWith(*public.ID, rules)
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		if c, err := reaches(t, client, "10.0.9.51:7"); err == nil && echoes(c) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the firewall does not look its names up by itself")
		}
	}
}

// lookUpIn asks a name server from a namespace.
func lookUpIn(t *testing.T, in, protocol, at, name string) string {
	t.Helper()
	c, err := netns.At(in).Dial(t.Context(), net.Dialer{Timeout: lost}, protocol, netip.AddrPortFrom(netip.MustParseAddr(at), 53))
	must(t, err)
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	wire := dns.Conn{Conn: c}
	must(t, wire.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)))
	answer, err := wire.ReadMsg()
	must(t, err)
	if len(answer.Answer) != 1 {
		return answer.String()
	}
	return strings.TrimSpace(answer.Answer[0].(*dns.A).A.String())
}

// TestPacketsOfThreatsAreInTheFlowLog: what machines send to a known threat, which no
// process of Isle sees, is told of where it passes and where it is dropped.
func TestPacketsOfThreatsAreInTheFlowLog(t *testing.T) {
	folder := t.TempDir()
	list, flows := filepath.Join(folder, "threats.txt"), filepath.Join(folder, "flows.jsonl")
	must(t, os.WriteFile(list, []byte("10.0.9.51\n"), 0o600))
	s := newSite(t, 1, append(inKernel(t), isletest.WithFlowLog(flows), func(c *server.Config) { c.ThreatList = list })...)
	s.environment(0, external)
	client, target := machine(t), machine(t)
	s.attach("client", "10.0.9.50", netnsOf(client))
	s.attach("target", "10.0.9.51", netnsOf(target))
	echoIn(t, target)
	public := s.publicIP("outbound", publicAddress())
	var hop string
	for _, mode := range []armnetwork.AzureFirewallThreatIntelMode{armnetwork.AzureFirewallThreatIntelModeAlert, armnetwork.AzureFirewallThreatIntelModeDeny} {
		hop = s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
			p.ThreatIntelMode, p.NetworkRuleCollections = &mode, allowing("unused.site.test", 7)
			rule := p.NetworkRuleCollections[0].Properties.Rules[0]
			rule.DestinationFqdns, rule.DestinationAddresses = nil, to.SliceOfPtrs("*")
		})
		s.detour("inner", "10.0.9.48/30", hop, "machines")
		_, err := reaches(t, client, "10.0.9.51:7")
		if passes := mode == armnetwork.AzureFirewallThreatIntelModeAlert; (err == nil) != passes {
			t.Errorf("%s: %v", mode, err)
		}
		verdict := map[bool]string{true: "Allow", false: "Deny"}[err == nil]
		want := []string{`"verdict":"` + verdict + `"`, `"sourceAddress":"10.0.9.50"`, `"destinationAddress":"10.0.9.51"`, `"destinationPort":7`, `"threat":"` + string(mode) + `"`}
		for deadline := time.Now().Add(time.Minute); !hasLine(t, flows, want); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the flow log does not tell of it", mode)
			}
		}
	}
}

// hasLine tells whether a line of a file has all the texts.
func hasLine(t *testing.T, file string, texts []string) bool {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	for line := range strings.Lines(string(content)) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			return true
		}
	}
	return false
}
