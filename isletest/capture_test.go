package isletest_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
	"isle/netpol/packet"
)

// captures is the client of packet captures, and the ID of one of the site's watcher.
func (s *site) captures() (*armnetwork.PacketCapturesClient, func(name string) string) {
	s.t.Helper()
	_, err := s.network.NewWatchersClient().CreateOrUpdate(s.t.Context(), s.name, "watcher", armnetwork.Watcher{Location: to.Ptr(siteLocation)}, nil)
	must(s.t, err)
	return s.network.NewPacketCapturesClient(), func(name string) string { return s.id("networkWatchers/watcher/packetCaptures/" + name) }
}

// capturePackets begins a capture.
func (s *site) capturePackets(name, target string, filters ...*armnetwork.PacketCaptureFilter) (id string) {
	s.t.Helper()
	c, at := s.captures()
	await(c.BeginCreate(s.t.Context(), s.name, "watcher", name, armnetwork.PacketCapture{Properties: &armnetwork.PacketCaptureParameters{
		Target: &target, Filters: filters, StorageLocation: &armnetwork.PacketCaptureStorageLocation{FilePath: to.Ptr("/var/captures/" + name + ".cap")}}}, nil))(s.t)
	return at(name)
}

// queried is a member of a capture's status.
func (s *site) queried(id string, member string) string {
	s.t.Helper()
	return s.Do(http.MethodPost, id+"/queryStatus", nil).Text(member)
}

// captured is all that a capture has, read by its link.
func (s *site) captured(id string) []byte {
	s.t.Helper()
	link := s.Do(http.MethodPost, id+"/listContentUrl", nil).Text("value")
	a := send(s.t, s.HTTP(), http.MethodGet, link)
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/vnd.tcpdump.pcap" {
		s.t.Fatalf("%s: %d %s", link, a.Status, a.Body)
	}
	r, err := packet.NewReader(bytes.NewReader(a.Body))
	must(s.t, err)
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF {
		s.t.Errorf("what was captured cannot be read to its end: %v", err)
	}
	return a.Body
}

// TestPacketsAreCaptured: what a workflow says to a server is seen at the environment, at
// the server's interface and in its subnet, while rules change, and is read by a signed
// link; a capture ends with its process, and is there after a restart.
func TestPacketsAreCaptured(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	environment := s.environment(0, external)
	_, callback := s.caller("caller", environment)
	server := machine(t)
	webIn(t, server, says("it is answered"))
	s.attach("server", "10.0.9.50", netnsOf(server))
	tcp := to.Ptr(armnetwork.PcProtocolTCP)
	all := map[string]string{
		"environment": s.capturePackets("environment", environment, &armnetwork.PacketCaptureFilter{Protocol: tcp, RemotePort: to.Ptr("80"), RemoteIPAddress: to.Ptr("10.0.9.40-10.0.9.60")}),
		"interface":   s.capturePackets("interface", s.id("networkInterfaces/server"), &armnetwork.PacketCaptureFilter{Protocol: tcp, LocalPort: to.Ptr("80;443;")}),
		"subnet":      s.capturePackets("subnet", s.subnetID("machines")),
	}
	other := s.capturePackets("other", s.id("networkInterfaces/server"), &armnetwork.PacketCaptureFilter{RemotePort: to.Ptr("80")})
	s.guard("machines", "inner", rule(t, "NoEcho", "200 Inbound Deny * * -> *:7"))
	if o := s.call(callback, "http://10.0.9.50/"); o.Outputs.Body != "it is answered" {
		t.Fatal(o)
	}
	for name, id := range all {
		until(t, name+" has seen the packets", func() bool { return bytes.Contains(s.captured(id), []byte("it is answered")) })
		if !bytes.Contains(s.captured(id), []byte("GET / HTTP/1.1")) || s.queried(id, "packetCaptureStatus") != "Running" {
			t.Errorf("%s: %s, %q", name, s.queried(id, "packetCaptureStatus"), s.captured(id))
		}
	}
	if n := s.queried(other, "packets"); n != "0" {
		t.Errorf("%s packets come from port 80 of another machine", n)
	}

	link := s.Do(http.MethodPost, all["subnet"]+"/listContentUrl", nil).Text("value")
	for what, wrong := range map[string]string{"another signature": link[:len(link)-3] + "abc", "of another capture": strings.Replace(link, "/packetCaptures/", "/packetCaptures/x", 1)} {
		if a := send(t, s.HTTP(), http.MethodGet, wrong); a.Status != http.StatusUnauthorized && a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", what, a.Status)
		}
	}
	c, _ := s.captures()
	await(c.BeginStop(t.Context(), s.name, "watcher", "subnet", nil))(t)
	path := s.queried(all["subnet"], "storagePath")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(path, filepath.Join(s.Data(), "captures")) {
		t.Errorf("%s: %v", path, err)
	}
	s.Restart()
	for name, want := range map[string]string{"environment": "AgentStopped", "subnet": "ManuallyStopped"} {
		if got := s.queried(all[name], "stopReason"); got != want {
			t.Errorf("%s ended by %s, want %s", name, got, want)
		}
		if !bytes.Contains(s.captured(all[name]), []byte("it is answered")) {
			t.Errorf("%s is not there after the restart", name)
		}
	}
	await(s.network.NewPacketCapturesClient().BeginDelete(t.Context(), s.name, "watcher", "subnet", nil))(t)
	until(t, "the file is gone", func() bool { _, err := os.Stat(path); return os.IsNotExist(err) })
}

// TestAFirewallCapturesBothSides: of a packet that passes it, a firewall sees what comes
// and what leaves.
func TestAFirewallCapturesBothSides(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	s.environment(0, external)
	client, server := machine(t), machine(t)
	echoIn(t, server)
	s.attach("client", "10.0.9.50", netnsOf(client))
	s.attach("server", "10.0.9.51", netnsOf(server))
	hop := s.firewall(*s.publicIP("outbound", publicAddress()).ID, allowAll("Machines", "10.0.9.0/24"))
	await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(t.Context(), siteGroup, "inner", armnetwork.RouteTable{Location: to.Ptr(siteLocation),
		Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("machines"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr("10.0.9.0/24"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(t)
	s.changeSubnet("machines", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(s.id("routeTables/inner"))}
	})
	firewalls := s.network.NewAzureFirewallsClient()
	operate := func(operation armnetwork.AzureFirewallPacketCaptureOperationType) string {
		answer := await(firewalls.BeginPacketCaptureOperation(t.Context(), s.name, "egress", armnetwork.FirewallPacketCaptureParameters{Operation: &operation, FileName: to.Ptr("syn"),
			Protocol: to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolTCP), Flags: []*armnetwork.AzureFirewallPacketCaptureFlags{{Type: to.Ptr(armnetwork.AzureFirewallPacketCaptureFlagsTypeSyn)}},
			Filters: []*armnetwork.AzureFirewallPacketCaptureRule{{Sources: to.SliceOfPtrs("10.0.9.50"), DestinationPorts: to.SliceOfPtrs("7")}}}, nil))(t)
		return string(*answer.StatusCode)
	}
	if got := operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStart); got != "AzureFirewallPacketCaptureStartSucceeded" {
		t.Fatal(got)
	}
	c, err := reaches(t, client, "10.0.9.51:7")
	must(t, err)
	if !echoes(c) {
		t.Fatal("the machines do not reach each other through the firewall")
	}
	id := s.id("azureFirewalls/egress/packetCaptures/syn")
	until(t, "it has both packets, and both answers, of the beginning", func() bool { return s.queried(id, "packets") == "4" })
	if got := operate(armnetwork.AzureFirewallPacketCaptureOperationTypeStop); got != "AzureFirewallPacketCaptureStopSucceeded" {
		t.Error(got)
	}
	s.captured(id)
}

// Where no kernel holds the networks there are no packets, and nothing is stored.
func TestNoPacketsAreCapturedInProcess(t *testing.T) {
	s := newSite(t, 0)
	_, at := s.captures()
	a := s.Do(http.MethodPut, at("one"), map[string]any{"properties": map[string]any{"target": s.subnetID("machines"), "storageLocation": map[string]any{"filePath": "x.cap"}}})
	refusedCapture(t, a)
	if a := s.Do(http.MethodGet, at("one"), nil); a.Status != http.StatusNotFound {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	s.firewall(*s.publicIP("outbound", publicAddress()).ID)
	refusedCapture(t, s.Do(http.MethodPost, s.id("azureFirewalls/egress/packetCaptureOperation"), map[string]any{"operation": "Start"}))
	refusedCapture(t, s.Do(http.MethodPost, s.id("azureFirewalls/egress/packetCapture"), nil))
}

func refusedCapture(t *testing.T, a isletest.Answer) {
	t.Helper()
	if a.Status != http.StatusBadRequest || a.Text("error", "code") != "PacketCaptureNotSupported" || !strings.Contains(a.Text("error", "message"), "--dataplane kernel") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
