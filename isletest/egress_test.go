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

func (c *callers) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from = nil
}

// outside is what the access document is tried with: a destination system that notes who
// calls it, and a public address by which calls arrive there.
type outside struct {
	destination *callers
	target      string // URL of the destination
	public      *armnetwork.PublicIPAddress
	from        string // where calls through the firewall come from
}

// TestEnvironmentsLeaveByOneAddress is the access document's "Set up public outbound IP
// address for an ISE". In the process, the destination is at 127.0.0.1, and the public
// address leaves by the local address 127.0.0.9. In the kernel, it is on a network of its
// own, to which an uplink leads, and the public address is one of that network.
func TestEnvironmentsLeaveByOneAddress(t *testing.T) {
	t.Run("inproc", func(t *testing.T) {
		loopback(t, "127.0.0.9")
		destination := &callers{}
		leaveByOneAddress(t, newSite(t, 2), outside{destination, stub(t, destination.ServeHTTP), publicAddress("isle-egress", "bind:127.0.0.9"), "127.0.0.9"})
	})
	t.Run("kernel", func(t *testing.T) {
		s := newSite(t, 2, inKernel(t)...)
		internet, link := machineOnLink(t, "192.0.2.1/24")
		destination := &callers{}
		server := &http.Server{Handler: destination}
		l := listenIn(t, internet, 22)
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
		s.uplink(link + " 192.0.2.10/24")
		public := publicAddress()
		public.Properties.IPAddress = to.Ptr("192.0.2.20")
		leaveByOneAddress(t, s, outside{destination, "http://192.0.2.1:22/", public, "192.0.2.20"})
	})
}

// leaveByOneAddress is the document: two environments, one firewall, a route to the
// destination system on their first subnets, and a network rule that permits it. The
// workflows are run by the resource manager: a call of theirs from 127.0.0.1 would be
// answered by way of the firewall, which knows nothing of it.
func leaveByOneAddress(t *testing.T, s *site, o outside) {
	var workflows []string
	for e := range 2 {
		workflow, _ := s.caller("sftp"+number(e), s.environment(e, external))
		workflows = append(workflows, workflow)
		s.succeeded(s.run(workflow, o.target))
		if from := o.destination.last(); from == o.from {
			t.Errorf("without a route the call comes from %s", from)
		}
		s.outgoing(e)
	}

	public := s.publicIP("outbound", o.public)
	hop := s.firewall(*public.ID)
	s.route(hop, o.target, "front", "front2")
	for _, workflow := range workflows {
		s.denied(s.run(workflow, o.target), "firewall egress: no rule matched")
	}

	s.firewall(*public.ID, s.sftpRule(t, o.target))
	for e, workflow := range workflows {
		s.succeeded(s.run(workflow, o.target))
		if from := o.destination.last(); from != o.from {
			t.Errorf("the call of environment %d comes from %s, want %s", e, from, o.from)
		}
		s.outgoing(e, *public.Properties.IPAddress)
		s.environmentHealth(s.group+"/providers/Microsoft.Logic/integrationServiceEnvironments/isle"+number(e), "Healthy")
	}
}

// publicAddress is a static public address with tags, each a name and its text.
func publicAddress(tags ...string) *armnetwork.PublicIPAddress {
	a := &armnetwork.PublicIPAddress{Location: to.Ptr(siteLocation), SKU: &armnetwork.PublicIPAddressSKU{Name: to.Ptr(armnetwork.PublicIPAddressSKUNameStandard)}, Tags: map[string]*string{},
		Properties: &armnetwork.PublicIPAddressPropertiesFormat{PublicIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic)}}
	for i := 0; i < len(tags); i += 2 {
		a.Tags[tags[i]] = &tags[i+1]
	}
	return a
}

func (s *site) publicIP(name string, body *armnetwork.PublicIPAddress) armnetwork.PublicIPAddress {
	s.t.Helper()
	return await(s.network.NewPublicIPAddressesClient().BeginCreateOrUpdate(s.t.Context(), s.name, name, *body, nil))(s.t).PublicIPAddress
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
	return s.firewallWith(public, func(p *armnetwork.AzureFirewallPropertiesFormat) { p.NetworkRuleCollections = collections })
}

func (s *site) firewallWith(public string, rules func(*armnetwork.AzureFirewallPropertiesFormat)) (private string) {
	s.t.Helper()
	properties := &armnetwork.AzureFirewallPropertiesFormat{
		SKU: &armnetwork.AzureFirewallSKU{Name: to.Ptr(armnetwork.AzureFirewallSKUNameAZFWVnet), Tier: to.Ptr(armnetwork.AzureFirewallSKUTierStandard)},
		IPConfigurations: []*armnetwork.AzureFirewallIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.AzureFirewallIPConfigurationPropertiesFormat{
			Subnet: &armnetwork.SubResource{ID: to.Ptr(s.subnetID("AzureFirewallSubnet"))}, PublicIPAddress: &armnetwork.SubResource{ID: &public}}}},
	}
	rules(properties)
	made := await(s.network.NewAzureFirewallsClient().BeginCreateOrUpdate(s.t.Context(), s.name, "egress", armnetwork.AzureFirewall{Location: to.Ptr(siteLocation), Properties: properties}, nil))(s.t)
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
func (s *site) route(hop, target string, subnets ...string) {
	s.t.Helper()
	u, err := url.Parse(target)
	must(s.t, err)
	table := await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(s.t.Context(), s.name, "by-firewall", armnetwork.RouteTable{
		Location: to.Ptr(siteLocation), Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("sftp"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr(u.Hostname() + "/32"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(s.t)
	for _, name := range subnets {
		s.changeSubnet(name, func(p *armnetwork.SubnetPropertiesFormat) { p.RouteTable = &armnetwork.RouteTable{ID: table.ID} })
	}
}

// outgoing checks the outgoing addresses that an environment's workflows claim.
func (s *site) outgoing(e int, want ...string) {
	s.t.Helper()
	found, err := s.logic.NewIntegrationServiceEnvironmentsClient().Get(s.t.Context(), s.name, "isle"+number(e), nil)
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
