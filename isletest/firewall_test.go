package isletest_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

// TestAFirewallJudgesPacketsByNameAndLetsCallersIn: machines, which no process of Isle
// sees, are let out by the name that they ask for, and called from outside by the
// firewall's public address (network.md §A6).
func TestAFirewallJudgesPacketsByNameAndLetsCallersIn(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	s.environment(0, external)
	client, server := machine(t), machine(t)
	s.attach("client", "10.0.9.50", netnsOf(client))
	s.attach("server", "10.0.9.51", netnsOf(server))
	webIn(t, server, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host, " ", strings.Split(r.RemoteAddr, ":")[0])
	})
	secure := listenIn(t, server, 443)
	go func() {
		for {
			c, err := secure.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1)) // and no answer that TLS knows
			_, _ = io.WriteString(c, "seen")
			_ = c.Close()
		}
	}()
	outside, link := machineOnLink(t, "198.51.100.1/24")
	public := s.publicIP("outbound", publicAddress())
	address := *public.Properties.IPAddress
	command(t, "ip", "-n", strings.TrimPrefix(outside, "/run/netns/"), "route", "add", address+"/32", "via", "198.51.100.2")
	s.uplink(link + " 198.51.100.2/24 via 198.51.100.1")

	hop := s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.ApplicationRuleCollections = []*armnetwork.AzureFirewallApplicationRuleCollection{{Name: to.Ptr("names"), Properties: &armnetwork.AzureFirewallApplicationRuleCollectionPropertiesFormat{
			Priority: to.Ptr[int32](200), Action: &armnetwork.AzureFirewallRCAction{Type: to.Ptr(armnetwork.AzureFirewallRCActionTypeAllow)},
			Rules: []*armnetwork.AzureFirewallApplicationRule{{Name: to.Ptr("site"), SourceAddresses: to.SliceOfPtrs("10.0.9.0/24"), TargetFqdns: to.SliceOfPtrs("*.example.com"),
				Protocols: []*armnetwork.AzureFirewallApplicationRuleProtocol{{ProtocolType: to.Ptr(armnetwork.AzureFirewallApplicationRuleProtocolTypeHTTP), Port: to.Ptr[int32](80)},
					{ProtocolType: to.Ptr(armnetwork.AzureFirewallApplicationRuleProtocolTypeHTTPS), Port: to.Ptr[int32](443)}}}}}}}
		p.NatRuleCollections = natTo(address, 8080, "198.51.100.0/24", "10.0.9.51")
	})
	await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(t.Context(), siteGroup, "inner", armnetwork.RouteTable{Location: to.Ptr(siteLocation),
		Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("machines"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr("10.0.9.0/24"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(t)
	s.changeSubnet("machines", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(s.id("routeTables/inner"))}
	})

	s.zone("example.com", map[string]string{"www": "10.0.9.51"})

	for _, c := range []struct{ in, address, host, want string }{
		{client, "10.0.9.51:80", "www.example.com", "www.example.com " + hop},
		{client, "10.0.9.99:80", "www.example.com", "www.example.com " + hop}, // where the name is, whatever was called
		{client, "10.0.9.51:80", "unknown.example.com", "refused"},
		{client, "10.0.9.51:80", "evil.test", "refused"},
		{outside, address + ":8080", "any.test", "any.test " + hop},
		{outside, address + ":80", "www.example.com", "refused"},
	} {
		if got := getIn(t, c.in, c.address, c.host); got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.host, c.address, got, c.want)
		}
	}
	for name, want := range map[string]bool{"www.example.com": true, "evil.test": false} {
		c, err := reaches(t, client, "10.0.9.51:443")
		must(t, err)
		heard := &hearing{Conn: c}
		_ = tls.Client(heard, &tls.Config{ServerName: name}).HandshakeContext(t.Context())
		_ = c.Close()
		if heard.something != want {
			t.Errorf("a ClientHello for %s: %t", name, heard.something)
		}
	}

	open, err := reaches(t, client, "10.0.9.51:80")
	must(t, err)
	must(t, open.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprint(open, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	must(t, err)
	said := bufio.NewReader(open)
	res, err := http.ReadResponse(said, nil)
	must(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	must(t, err)
	s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.NatRuleCollections = natTo(address, 8080, "198.51.100.0/24", "10.0.9.51")
	})
	must(t, open.SetDeadline(time.Now().Add(lost)))
	_, _ = fmt.Fprint(open, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n") // the end of the flow may be told by now, or not at all
	if _, err := said.ReadByte(); err == nil {
		t.Error("what no rule lets through any more goes on")
	}
}

// zone makes a private DNS zone of the network, with an address for each name.
func (s *site) zone(name string, addresses map[string]string) {
	s.t.Helper()
	credential, options := azure(s.t, s.Server)
	zones, err := armprivatedns.NewClientFactory(s.SubscriptionID, credential, options)
	must(s.t, err)
	await(zones.NewPrivateZonesClient().BeginCreateOrUpdate(s.t.Context(), s.name, name, armprivatedns.PrivateZone{Location: to.Ptr("global")}, nil))(s.t)
	await(zones.NewVirtualNetworkLinksClient().BeginCreateOrUpdate(s.t.Context(), s.name, name, "net", armprivatedns.VirtualNetworkLink{Location: to.Ptr("global"),
		Properties: &armprivatedns.VirtualNetworkLinkProperties{VirtualNetwork: &armprivatedns.SubResource{ID: to.Ptr(s.id("virtualNetworks/net"))}, RegistrationEnabled: to.Ptr(false)}}, nil))(s.t)
	for at, address := range addresses {
		_, err := zones.NewRecordSetsClient().CreateOrUpdate(s.t.Context(), s.name, name, armprivatedns.RecordTypeA, at, armprivatedns.RecordSet{
			Properties: &armprivatedns.RecordSetProperties{TTL: to.Ptr[int64](60), ARecords: []*armprivatedns.ARecord{{IPv4Address: &address}}}}, nil)
		must(s.t, err)
	}
}

// natTo are NAT rules that lead a port of a public address to the port 80 of a machine.
func natTo(public string, port uint16, from, machine string) []*armnetwork.AzureFirewallNatRuleCollection {
	return []*armnetwork.AzureFirewallNatRuleCollection{{Name: to.Ptr("in"), Properties: &armnetwork.AzureFirewallNatRuleCollectionProperties{
		Priority: to.Ptr[int32](200), Action: &armnetwork.AzureFirewallNatRCAction{Type: to.Ptr(armnetwork.AzureFirewallNatRCActionTypeDnat)},
		Rules: []*armnetwork.AzureFirewallNatRule{{Name: to.Ptr("web"), Protocols: []*armnetwork.AzureFirewallNetworkRuleProtocol{to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP)}, SourceAddresses: to.SliceOfPtrs(from),
			DestinationAddresses: to.SliceOfPtrs(public), DestinationPorts: to.SliceOfPtrs(fmt.Sprint(port)), TranslatedAddress: to.Ptr(machine), TranslatedPort: to.Ptr("80")}}}}}
}

// TestCallersComeInAtALocalAddress: without a kernel that holds the networks, NAT rules let
// callers in at the address of this host that the public one has.
func TestCallersComeInAtALocalAddress(t *testing.T) {
	s := newSite(t, 1)
	server := stub(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "inside") })
	s.attach("server", "10.0.9.51", "80="+strings.TrimPrefix(server, "http://"))
	free, err := net.Listen("tcp", "127.0.0.9:0")
	must(t, err)
	at := free.Addr().(*net.TCPAddr)
	must(t, free.Close())
	public := s.publicIP("outbound", publicAddress("isle-egress", "bind:127.0.0.9"))
	s.firewallWith(*public.ID, func(p *armnetwork.AzureFirewallPropertiesFormat) {
		p.NatRuleCollections = natTo(*public.Properties.IPAddress, uint16(at.Port), "127.0.0.0/8", "10.0.9.51")
	})
	for deadline := time.Now().Add(time.Minute); ; {
		c, err := net.Dial("tcp", at.String())
		if err == nil {
			fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n")
			answer, _ := io.ReadAll(c)
			_ = c.Close()
			if !strings.HasSuffix(string(answer), "inside") {
				t.Errorf("%q", answer)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

// hearing notes whether something was answered.
type hearing struct {
	net.Conn
	something bool
}

func (h *hearing) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.something = h.something || n > 0
	return n, err
}

// getIn gets a page from a namespace.
func getIn(t *testing.T, in, address, host string) string {
	t.Helper()
	c, err := reaches(t, in, address)
	if err != nil {
		return "refused"
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		var timed net.Error
		if errors.As(err, &timed) && timed.Timeout() {
			t.Errorf("%s does not answer", address)
		}
		return "refused"
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return string(body)
}
