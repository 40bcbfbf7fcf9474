package isletest_test

import (
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/isletest"
)

// TestAnAttachedPortIsAnAddressOfTheNetwork: a server on this machine is reached at a
// private address, and judged there however it is called.
func TestAnAttachedPortIsAnAddressOfTheNetwork(t *testing.T) {
	onDataPlanes(t, func(t *testing.T, options ...isletest.Option) {
		s := newSite(t, 1, options...)
		real := stub(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("attached")) })
		u, err := url.Parse(real)
		must(t, err)
		_, callback := s.caller("caller", s.environment(0, external))
		const private = "http://10.0.9.50:22/"
		if o := s.call(callback, private); o.Status == "Succeeded" {
			t.Errorf("nothing is attached, and the call is %+v", o)
		}
		s.attach("sftp", "10.0.9.50", "22="+u.Host)
		o := s.call(callback, private)
		s.succeeded(o)
		if o.Outputs.Body != "attached" {
			t.Errorf("another server answers: %+v", o)
		}
		s.succeeded(s.call(callback, real))

		s.guard("front", "web", append(required(t), rule(t, "NoSSH", "200 Outbound Deny * * -> 10.0.9.50:22"))...)
		for _, uri := range []string{private, real, "http://localhost:" + u.Port() + "/"} {
			s.denied(s.call(callback, uri), "securityRules/NoSSH", "web", "front")
		}
		s.dropRule("web", "NoSSH")
		s.guard("machines", "inner", rule(t, "NoEntry", "300 Inbound Deny * 10.0.0.0/24 -> 10.0.9.50:22"))
		s.denied(s.call(callback, real), "securityRules/NoEntry", "inner", "machines")
	})
}

// TestIsleIsNotReachedThroughAnAttachment attaches Isle's own port to the network: it is
// as closed there as everywhere.
func TestIsleIsNotReachedThroughAnAttachment(t *testing.T) {
	s := newSite(t, 1)
	_, callback := s.caller("caller", s.environment(0, external))
	s.attach("isle", "10.0.9.60", "443="+address(t, s.Server))
	s.attach("host", "10.0.9.61", "127.0.0.1")
	u, err := url.Parse(s.Endpoint)
	must(t, err)
	for _, uri := range []string{"https://10.0.9.60/metadata/endpoints?api-version=2020-01-01", "https://10.0.9.61:" + u.Port() + "/subscriptions?api-version=2020-01-01"} {
		s.denied(s.call(callback, uri), "Isle's own")
	}
}

// attach makes the network interface that stands for a real address: "22=127.0.0.1:2222"
// is a port of it, a bare address the whole machine. The private address must be of the
// subnet "machines".
func (s *site) attach(name, private, real string) {
	s.t.Helper()
	await(s.network.NewInterfacesClient().BeginCreateOrUpdate(s.t.Context(), s.name, name, armnetwork.Interface{
		Location: to.Ptr(siteLocation), Tags: map[string]*string{"isle-attach": &real},
		Properties: &armnetwork.InterfacePropertiesFormat{IPConfigurations: []*armnetwork.InterfaceIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.InterfaceIPConfigurationPropertiesFormat{
			PrivateIPAddress: &private, PrivateIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic), Subnet: &armnetwork.Subnet{ID: to.Ptr(s.subnetID("machines"))}}}}},
	}, nil))(s.t)
}

// loopback skips the test where this machine has not this address: on Linux all of
// 127.0.0.0/8 is loopback, on macOS each needs an alias.
func loopback(t *testing.T, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(a, "0"))
		if err != nil {
			t.Skipf("SKIPPED: this machine has no address %s: %v", a, err)
		}
		must(t, l.Close())
	}
}
