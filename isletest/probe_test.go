package isletest_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
)

// watched asks a network watcher whether a source reaches a destination: status, failed and
// sent probes, and the issues.
func (s *site) watched(source, address string, port int, protocol armnetwork.Protocol) string {
	s.t.Helper()
	destination := &armnetwork.ConnectivityDestination{Address: &address}
	if port > 0 {
		destination.Port = to.Ptr(int32(port))
	}
	way := await(s.network.NewWatchersClient().BeginCheckConnectivity(s.t.Context(), s.name, "watcher", armnetwork.ConnectivityParameters{
		Source: &armnetwork.ConnectivitySource{ResourceID: &source}, Destination: destination, Protocol: &protocol}, nil))(s.t)
	text := fmt.Sprintf("%s %d/%d", *way.ConnectionStatus, *way.ProbesFailed, *way.ProbesSent)
	for _, h := range way.Hops {
		for _, issue := range h.Issues {
			text += " " + string(*issue.Type)
		}
	}
	return text
}

// TestConnectionTroubleshootSendsProbes, from an environment, on the way of its workflows.
func TestConnectionTroubleshootSendsProbes(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 1, options...)
		real, err := url.Parse(stub(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up")) }))
		must(t, err)
		own := netip.MustParseAddrPort(address(t, s.Server))
		environment := s.environment(0, external)
		_, err = s.network.NewWatchersClient().CreateOrUpdate(t.Context(), s.name, "watcher", armnetwork.Watcher{Location: to.Ptr(siteLocation)}, nil)
		must(t, err)
		s.attach("web", "10.0.9.50", "80="+real.Host)
		expect := func(what, source, address string, port int, protocol armnetwork.Protocol, want string) {
			t.Helper()
			if got := s.watched(source, address, port, protocol); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		expect("attached", environment, "10.0.9.50", 80, armnetwork.ProtocolTCP, "Reachable 0/10")
		expect("a page", environment, "http://10.0.9.50/", 0, armnetwork.ProtocolHTTP, "Reachable 0/10")
		expect("nothing attached", environment, "10.0.9.77", 80, armnetwork.ProtocolTCP, "Unreachable 10/10 Platform")
		expect("its own port", environment, "127.0.0.1", int(own.Port()), armnetwork.ProtocolTCP, "Reachable 0/10") // the access endpoint, as workflows reach it
		s.attach("isle", "10.0.9.60", "443="+own.String())
		expect("its own port behind an attachment", environment, "10.0.9.60", 443, armnetwork.ProtocolTCP, "Unreachable 0/0 Platform")
		expect("metadata", environment, "169.254.169.254", 80, armnetwork.ProtocolTCP, "Unreachable 0/0 Platform")
		s.guard("machines", "inner", rule(t, "NoWeb", "200 Inbound Deny * * -> *:8080"))
		expect("a rule", environment, "10.0.9.50", 8080, armnetwork.ProtocolTCP, "Unreachable 0/0 NetworkSecurityRule")
		if len(options) == 0 {
			expect("from an interface", s.id("networkInterfaces/web"), "10.0.9.77", 80, armnetwork.ProtocolTCP, "Reachable 0/0")
			return
		}
		guest := machine(t)
		echoIn(t, guest)
		s.attach("guest", "10.0.9.51", netnsOf(guest))
		expect("a machine", environment, "10.0.9.51", 7, armnetwork.ProtocolTCP, "Reachable 0/10")
		expect("nobody at its port", environment, "10.0.9.51", 9, armnetwork.ProtocolTCP, "Unreachable 10/10 GuestFirewall")
		expect("an echo", environment, "10.0.9.51", 0, armnetwork.ProtocolIcmp, "Reachable 0/10")
		expect("from an interface", s.id("networkInterfaces/web"), "10.0.9.51", 7, armnetwork.ProtocolTCP, "Reachable 0/10")
		expect("from a machine of others", s.id("networkInterfaces/guest"), "10.0.9.50", 80, armnetwork.ProtocolTCP, "Reachable 0/0")
	})
}

// TestAGatewaysTroubleshootingKnowsTheKernel: the machine that is the way behind it is named,
// and one that has gone is told.
func TestAGatewaysTroubleshootingKnowsTheKernel(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	s.environment(0, external)
	_, err := s.network.NewWatchersClient().CreateOrUpdate(t.Context(), s.name, "watcher", armnetwork.Watcher{Location: to.Ptr(siteLocation)}, nil)
	must(t, err)
	way := machine(t)
	s.attach("way", "10.0.9.80", netnsOf(way)+",gateway")
	s.gateway("192.168.0.0/16")
	troubleshoot := func() (code, told string) {
		r := await(s.network.NewWatchersClient().BeginGetTroubleshooting(t.Context(), s.name, "watcher", armnetwork.TroubleshootingParameters{TargetResourceID: to.Ptr(s.id("virtualNetworkGateways/gateway")),
			Properties: &armnetwork.TroubleshootingProperties{StorageID: to.Ptr("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"), StoragePath: to.Ptr("https://st.blob.core.windows.net/c")}}, nil))(t)
		for _, d := range r.Results {
			told += *d.ID + " " + *d.Detail + "\n"
		}
		return *r.Code, told
	}
	if code, told := troubleshoot(); code != "Healthy" || !strings.Contains(told, way) {
		t.Errorf("%s: %s", code, told)
	}
	s.attach("gone", "10.0.9.81", "netns:/run/netns/nobody-is-here")
	if code, told := troubleshoot(); code != "UnHealthy" || !strings.Contains(told, "ServiceNotRunning /run/netns/nobody-is-here") {
		t.Errorf("%s: %s", code, told)
	}
}
