package isletest_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
)

// callers notes where calls come from.
type callers struct {
	mu   sync.Mutex
	from []string
}

func (c *callers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from = append(c.from, host)
}

func (c *callers) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.from) == 0 {
		return "nowhere"
	}
	return c.from[len(c.from)-1]
}

// TestEnvironmentsLeaveByOneAddress is the access document's "Set up public outbound IP
// address for an ISE": two environments, one firewall, a route to the destination system
// on their first subnets, and a network rule that permits it. The destination is at
// 127.0.0.1; the public address leaves by the local address 127.0.0.9. The workflows are
// run by the resource manager: a call of theirs from 127.0.0.1 would be answered by way of
// the firewall, which knows nothing of it.
func TestEnvironmentsLeaveByOneAddress(t *testing.T) {
	loopback(t, "127.0.0.9")
	destination := &callers{}
	target := stub(t, destination.ServeHTTP)
	s := newSite(t, 2)
	var workflows []string
	for e := range 2 {
		workflow, _ := s.caller("sftp"+number(e), s.environment(e, external))
		workflows = append(workflows, workflow)
		s.succeeded(s.run(workflow, target))
		if from := destination.last(); from == "127.0.0.9" {
			t.Errorf("without a route the call comes from %s", from)
		}
		s.outgoing(e)
	}

	public := await(s.network.NewPublicIPAddressesClient().BeginCreateOrUpdate(t.Context(), siteGroup, "outbound", armnetwork.PublicIPAddress{
		Location: to.Ptr(siteLocation), SKU: &armnetwork.PublicIPAddressSKU{Name: to.Ptr(armnetwork.PublicIPAddressSKUNameStandard)}, Tags: map[string]*string{"isle-egress": to.Ptr("bind:127.0.0.9")},
		Properties: &armnetwork.PublicIPAddressPropertiesFormat{PublicIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic)}}, nil))(t)
	hop := s.firewall(*public.ID)
	s.route(hop, "front", "front2")
	for _, workflow := range workflows {
		s.denied(s.run(workflow, target), "firewall egress: no rule matched")
	}

	s.firewall(*public.ID, s.sftpRule(t, target))
	for e, workflow := range workflows {
		s.succeeded(s.run(workflow, target))
		if from := destination.last(); from != "127.0.0.9" {
			t.Errorf("the call of environment %d comes from %s, want 127.0.0.9", e, from)
		}
		s.outgoing(e, *public.Properties.IPAddress)
	}
}

// run runs the workflow by the resource manager, and gives what became of its call.
func (s *site) run(workflow, uri string) outcome {
	s.t.Helper()
	started := s.Do(http.MethodPost, workflow+"/triggers/manual/run", map[string]any{"uri": uri})
	if started.Status >= 300 {
		s.t.Fatalf("run: %d %s", started.Status, started.Body)
	}
	name := lastRun(s.Server, workflow).Text("value", 0, "name")
	var call isletest.Answer
	until(s.t, "the call has ended", func() bool {
		call = s.Do(http.MethodGet, workflow+"/runs/"+name+"/actions/Call", nil)
		return call.Text("properties", "endTime") != ""
	})
	var found struct{ Properties outcome }
	must(s.t, json.Unmarshal(call.Body, &found))
	return found.Properties
}

// firewall makes or changes the firewall and gives its private address.
func (s *site) firewall(public string, collections ...*armnetwork.AzureFirewallNetworkRuleCollection) (private string) {
	s.t.Helper()
	made := await(s.network.NewAzureFirewallsClient().BeginCreateOrUpdate(s.t.Context(), siteGroup, "egress", armnetwork.AzureFirewall{
		Location: to.Ptr(siteLocation), Properties: &armnetwork.AzureFirewallPropertiesFormat{
			SKU: &armnetwork.AzureFirewallSKU{Name: to.Ptr(armnetwork.AzureFirewallSKUNameAZFWVnet), Tier: to.Ptr(armnetwork.AzureFirewallSKUTierStandard)},
			IPConfigurations: []*armnetwork.AzureFirewallIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.AzureFirewallIPConfigurationPropertiesFormat{
				Subnet: &armnetwork.SubResource{ID: to.Ptr(s.subnetID("AzureFirewallSubnet"))}, PublicIPAddress: &armnetwork.SubResource{ID: &public}}}},
			NetworkRuleCollections: collections,
		}}, nil))(s.t)
	return *made.Properties.IPConfigurations[0].Properties.PrivateIPAddress
}

// sftpRule is the document's network rule collection, for the destination.
func (s *site) sftpRule(t *testing.T, target string) *armnetwork.AzureFirewallNetworkRuleCollection {
	t.Helper()
	u, err := url.Parse(target)
	must(t, err)
	at := netip.MustParseAddrPort(u.Host)
	return &armnetwork.AzureFirewallNetworkRuleCollection{Name: to.Ptr("LogicApp_ISE_SFTP_Outbound"), Properties: &armnetwork.AzureFirewallNetworkRuleCollectionPropertiesFormat{
		Priority: to.Ptr[int32](200), Action: &armnetwork.AzureFirewallRCAction{Type: to.Ptr(armnetwork.AzureFirewallRCActionTypeAllow)},
		Rules: []*armnetwork.AzureFirewallNetworkRule{{Name: to.Ptr("ISE_SFTP_Outbound"),
			Protocols:       []*armnetwork.AzureFirewallNetworkRuleProtocol{to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP), to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolUDP)},
			SourceAddresses: to.SliceOfPtrs("10.0.0.0/27", "10.0.1.0/27"), DestinationAddresses: to.SliceOfPtrs(at.Addr().String()), DestinationPorts: to.SliceOfPtrs(u.Port())}},
	}}
}

// route makes the route table that leads to the destination by the firewall, and sets
// it on subnets.
func (s *site) route(hop string, subnets ...string) {
	s.t.Helper()
	table := await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(s.t.Context(), siteGroup, "by-firewall", armnetwork.RouteTable{
		Location: to.Ptr(siteLocation), Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("sftp"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr("127.0.0.1/32"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(s.t)
	for _, name := range subnets {
		s.changeSubnet(name, func(p *armnetwork.SubnetPropertiesFormat) { p.RouteTable = &armnetwork.RouteTable{ID: table.ID} })
	}
}

// outgoing checks the outgoing addresses that an environment's workflows claim.
func (s *site) outgoing(e int, want ...string) {
	s.t.Helper()
	found, err := s.logic.NewIntegrationServiceEnvironmentsClient().Get(s.t.Context(), siteGroup, "isle"+number(e), nil)
	must(s.t, err)
	claimed := found.Properties.EndpointsConfiguration
	if claimed.Workflow.OutgoingIPAddresses == nil || claimed.Connector.OutgoingIPAddresses == nil {
		s.t.Error("outgoing addresses must be arrays")
	}
	var got []string
	for _, a := range claimed.Workflow.OutgoingIPAddresses {
		got = append(got, *a.Address)
	}
	if len(got) != len(want) || len(got) == 1 && got[0] != want[0] {
		s.t.Errorf("environment %d claims to leave by %v, want %v", e, got, want)
	}
}
