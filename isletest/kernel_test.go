package isletest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/internal/server"
	"isle/isletest"
	"isle/netpol/layout"
)

// Networks that the kernel holds. What is attached there has a network namespace of its
// own, as a container has: the test makes it, and everything is gone with the test.

// onDataPlanes runs a test where the process enforces the policy, and where the kernel
// does.
func onDataPlanes(t *testing.T, test func(t *testing.T, options ...isletest.Option)) {
	t.Run("inproc", func(t *testing.T) { test(t) })
	t.Run("kernel", func(t *testing.T) { test(t, inKernel(t)...) })
}

// needKernel skips the test where the kernel cannot hold networks.
func needKernel(t testing.TB) {
	t.Helper()
	if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
}

// inKernel has a server's networks held by the kernel, and takes them down with the test.
func inKernel(t testing.TB) []isletest.Option {
	t.Helper()
	needKernel(t)
	data := t.TempDir()
	t.Cleanup(func() {
		if err := kernel.Down(context.Background(), tagOf(t, data)); err != nil {
			t.Errorf("the kernel is not as it was: %v", err)
		}
	})
	return []isletest.Option{isletest.WithData(data), isletest.WithDataPlane(server.DataPlaneKernel)}
}

func tagOf(t testing.TB, data string) string {
	t.Helper()
	tag, err := server.KernelTag(data)
	must(t, err)
	return tag
}

// command runs a program of the system.
func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// machine is a network namespace of the test, with its loopback up.
func machine(t testing.TB) (at string) {
	t.Helper()
	name := fmt.Sprintf("it%x", time.Now().UnixNano())
	command(t, "ip", "netns", "add", name)
	t.Cleanup(func() { command(t, "ip", "netns", "del", name) })
	command(t, "ip", "-n", name, "link", "set", "lo", "up")
	return "/run/netns/" + name
}

// machineOnLink is a network namespace that has an address on a link to this host, whose
// end here has a name and no address.
func machineOnLink(t *testing.T, address string) (at, link string) {
	t.Helper()
	at = machine(t)
	name := strings.TrimPrefix(at, "/run/netns/")
	link = "up" + name[len(name)-8:]
	command(t, "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", link).Run() }) // it may have gone with the namespace
	command(t, "ip", "link", "set", link, "up")
	command(t, "ip", "-n", name, "addr", "add", address, "dev", "eth0")
	command(t, "ip", "-n", name, "link", "set", "eth0", "up")
	return at, link
}

// uplink sets the way of the network to what lies outside; "" for none.
func (s *site) uplink(text string) {
	s.t.Helper()
	tags := map[string]*string{}
	if text != "" {
		tags["isle-uplink"] = &text
	}
	_, err := s.network.NewVirtualNetworksClient().UpdateTags(s.t.Context(), s.name, "net", armnetwork.TagsObject{Tags: tags}, nil)
	must(s.t, err)
}

// listenIn listens in a namespace at a port of all its addresses.
func listenIn(t testing.TB, in string, port uint16) net.Listener {
	t.Helper()
	l, err := netns.At(in).Listen(t.Context(), "tcp", netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// webIn has a web server in a namespace, at port 80.
func webIn(t *testing.T, in string, handler http.HandlerFunc) {
	t.Helper()
	server := &http.Server{Handler: handler}
	l := listenIn(t, in, 80)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// says is a handler that answers with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// echoIn has a server in a namespace, at port 7, that answers each byte with itself.
func echoIn(t *testing.T, in string) {
	t.Helper()
	l := listenIn(t, in, 7)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
}

// echoes tells whether a connection answers within the time that a lost packet takes to
// be sent again a few times.
func echoes(c net.Conn) bool {
	_ = c.SetDeadline(time.Now().Add(lost))
	answer := make([]byte, 1)
	if _, err := c.Write([]byte("x")); err != nil {
		return false
	}
	_, err := io.ReadFull(c, answer)
	return err == nil
}

// lost is how long is waited for what must not come.
const lost = 3 * time.Second

// reaches dials from a namespace.
func reaches(t *testing.T, in, address string) (net.Conn, error) {
	t.Helper()
	c, err := netns.At(in).Dial(t.Context(), net.Dialer{Timeout: lost}, "tcp", netip.MustParseAddrPort(address))
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// component is the namespace of a component of an environment.
func (s *site) component(environment, name string) string {
	s.t.Helper()
	id := s.Do(http.MethodGet, environment, nil).Text("properties", "integrationServiceEnvironmentId")
	return kernel.Path(tagOf(s.t, s.Data()), layout.ComponentName(id, name))
}

// netnsOf is the tag of an interface whose machine is in a namespace.
func netnsOf(in string) string { return "netns:" + in }

// TestOverlappingNetworksOfOneHostAreApart: two environments have the same addresses in
// two networks, and so have the servers beside them. Each workflow reaches its own, and
// not even the component's namespace has a way to the other.
func TestOverlappingNetworksOfOneHostAreApart(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	here, there, onlyThere := machine(t), machine(t), machine(t)
	webIn(t, here, says("here"))
	webIn(t, there, says("there"))
	webIn(t, onlyThere, says("only there"))
	environment := s.environment(0, external)
	_, callback := s.caller("caller", environment)
	s.attach("server", "10.0.9.50", netnsOf(here))

	other := &site{Server: s.Server, clients: s.clients, t: t, group: s.Group("other"), name: "other"}
	other.putNetwork(1)
	otherEnvironment := other.environment(0, external)
	_, otherCallback := other.caller("caller", otherEnvironment)
	other.attach("server", "10.0.9.50", netnsOf(there))
	other.attach("second", "10.0.9.51", netnsOf(onlyThere))

	for want, o := range map[string]outcome{"here": s.call(callback, "http://10.0.9.50/"), "there": other.call(otherCallback, "http://10.0.9.50/"), "only there": other.call(otherCallback, "http://10.0.9.51/")} {
		if s.succeeded(o); o.Outputs.Body != want {
			t.Errorf("%v answers, want %q", o.Outputs.Body, want)
		}
	}
	if o := s.call(callback, "http://10.0.9.51/"); o.Status == "Succeeded" {
		t.Errorf("the other network's server answers: %+v", o)
	}
	if _, err := reaches(t, s.component(environment, "built-in"), "10.0.9.50:80"); err != nil {
		t.Errorf("the namespace does not reach its own server: %v", err)
	}
	for _, at := range []string{"10.0.9.51:80", address(t, s.Server), "192.0.2.1:80"} {
		if _, err := reaches(t, s.component(environment, "built-in"), at); err == nil {
			t.Errorf("the namespace reaches %s", at)
		}
	}
}

// TestSecurityGroupsLeaveOpenFlowsAloneAndFirewallsCutThem (network.md §C7.3). What is
// judged are packets between machines, which no process of Isle sees.
func TestSecurityGroupsLeaveOpenFlowsAloneAndFirewallsCutThem(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	s.environment(0, external)
	client, server := machine(t), machine(t)
	echoIn(t, server)
	s.attach("client", "10.0.9.50", netnsOf(client))
	s.attach("server", "10.0.9.51", netnsOf(server))
	open, err := reaches(t, client, "10.0.9.51:7")
	must(t, err)
	if !echoes(open) {
		t.Fatal("the machines do not reach each other")
	}
	s.guard("machines", "inner", rule(t, "NoEcho", "200 Inbound Deny * * -> *:7"))
	if _, err := reaches(t, client, "10.0.9.51:7"); err == nil {
		t.Error("a new flow passes the rule")
	}
	if !echoes(open) {
		t.Error("the rule has cut an open flow")
	}
	s.dropRule("inner", "NoEcho")
	if _, err := reaches(t, client, "10.0.9.51:7"); err != nil {
		t.Errorf("the rule is gone, and denies: %v", err)
	}

	public := *s.publicIP("outbound", publicAddress()).ID
	hop := s.firewall(public, allowAll("Machines", "10.0.9.0/24"))
	await(s.network.NewRouteTablesClient().BeginCreateOrUpdate(t.Context(), siteGroup, "inner", armnetwork.RouteTable{Location: to.Ptr(siteLocation),
		Properties: &armnetwork.RouteTablePropertiesFormat{Routes: []*armnetwork.Route{{Name: to.Ptr("machines"), Properties: &armnetwork.RoutePropertiesFormat{
			AddressPrefix: to.Ptr("10.0.9.0/24"), NextHopType: to.Ptr(armnetwork.RouteNextHopTypeVirtualAppliance), NextHopIPAddress: &hop}}}}}, nil))(t)
	s.changeSubnet("machines", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(s.id("routeTables/inner"))}
	})
	open, err = reaches(t, client, "10.0.9.51:7")
	must(t, err)
	if !echoes(open) {
		t.Fatal("the machines do not reach each other through the firewall")
	}
	s.firewall(public)
	if echoes(open) {
		t.Error("an open flow passes a firewall that denies it")
	}
}

func allowAll(name, addresses string) *armnetwork.AzureFirewallNetworkRuleCollection {
	return &armnetwork.AzureFirewallNetworkRuleCollection{Name: &name, Properties: &armnetwork.AzureFirewallNetworkRuleCollectionPropertiesFormat{
		Priority: to.Ptr[int32](200), Action: &armnetwork.AzureFirewallRCAction{Type: to.Ptr(armnetwork.AzureFirewallRCActionTypeAllow)},
		Rules: []*armnetwork.AzureFirewallNetworkRule{{Name: to.Ptr("All"), Protocols: []*armnetwork.AzureFirewallNetworkRuleProtocol{to.Ptr(armnetwork.AzureFirewallNetworkRuleProtocolAny)},
			SourceAddresses: to.SliceOfPtrs(addresses), DestinationAddresses: to.SliceOfPtrs("*"), DestinationPorts: to.SliceOfPtrs("*")}}}}
}

// TestAnInternalEndpointIsInItsNetworkAlone: machines of the network call it at its
// address, contents of runs are read there, and the host has neither.
func TestAnInternalEndpointIsInItsNetworkAlone(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	workflow, callback := s.workflow("inside", s.environment(0, internal), answering)
	client := machine(t)
	s.attach("client", "10.0.9.50", netnsOf(client))
	inside := &http.Client{Transport: &http.Transport{TLSClientConfig: s.HTTP().Transport.(*http.Transport).TLSClientConfig, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return netns.At(client).Dial(ctx, net.Dialer{}, network, netip.MustParseAddrPort("10.0.0.4:443"))
	}}}
	defer inside.CloseIdleConnections()
	if a := send(t, inside, http.MethodPost, callback); !strings.HasPrefix(callback, "https://10.0.0.4/") || a.Status != http.StatusOK {
		t.Fatalf("from inside the network, at %s: %d %s", callback, a.Status, a.Body)
	}
	byName := s.Endpoint + strings.TrimPrefix(callback, "https://10.0.0.4")
	if a := send(t, inside, http.MethodPost, byName); a.Status != http.StatusOK {
		t.Errorf("by the server's name: %d %s", a.Status, a.Body)
	}
	refused(t, "the host", send(t, s.HTTP(), http.MethodPost, byName), "is at https://10.0.0.4 in its virtual network alone", "")
	link := s.Do(http.MethodGet, workflow+"/runs/"+lastRun(s.Server, workflow).Text("value", 0, "name")+"/actions/Value", nil).Text("properties", "outputsLink", "uri")
	refused(t, "the contents of the run", send(t, s.HTTP(), http.MethodGet, link), "in its virtual network alone", "")
	if a := send(t, inside, http.MethodGet, link); a.Status != http.StatusOK || string(a.Body) != `"inside"` {
		t.Errorf("the contents from inside: %d %s", a.Status, a.Body)
	}

	s.guard("front", "web", append(required(t), rule(t, "NotMachines", "200 Inbound Deny * 10.0.9.0/24 -> *:*"))...)
	inside.CloseIdleConnections()
	if _, err := reaches(t, client, "10.0.0.4:443"); err == nil {
		t.Error("the kernel lets a machine through that the policy denies")
	}
}

// TestAnEndpointOfAnotherNetworkIsNoWayIn: a machine that has the same address in another
// network does not call as the one of this network.
func TestAnEndpointOfAnotherNetworkIsNoWayIn(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	_, callback := s.workflow("inside", s.environment(0, internal), answering)
	other := &site{Server: s.Server, clients: s.clients, t: t, group: s.Group("other"), name: "other"}
	other.putNetwork(1)
	other.environment(0, internal)
	client := machine(t)
	other.attach("client", "10.0.9.50", netnsOf(client))
	inside := &http.Client{Transport: &http.Transport{TLSClientConfig: s.HTTP().Transport.(*http.Transport).TLSClientConfig, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return netns.At(client).Dial(ctx, net.Dialer{}, network, netip.MustParseAddrPort("10.0.0.4:443"))
	}}}
	defer inside.CloseIdleConnections()
	refused(t, "the other network", send(t, inside, http.MethodPost, callback), "arrived in the virtual network of another environment", "")
}

// TestAKernelThatDoesNotHoldANetworkLetsNoEnvironmentBe: the namespace of the server itself
// is attached as a machine, which must not be. That is told of this network; another one is
// in force, and when its resource group is deleted nothing of it is left.
func TestAKernelThatDoesNotHoldANetworkLetsNoEnvironmentBe(t *testing.T) {
	s := newSite(t, 1, inKernel(t)...)
	own := fmt.Sprintf("/proc/%d/ns/net", os.Getpid())
	s.attach("host", "10.0.9.50", netnsOf(own))
	refusedEnvironment(s, "is the server's own")
	other := &site{Server: s.Server, clients: s.clients, t: t, group: s.Group("other"), name: "other"}
	other.putNetwork(1)
	other.isolation(other.environment(0, external), "kernel", true)
	a := s.Do(http.MethodGet, "/network", nil)
	if a.Text("isolation", "mode") != "kernel" || a.Text("isolation", "isolated") != "false" || !strings.Contains(a.Text("isolation", "reasons", 0), "is the server's own") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	var status server.NetworkStatus
	must(t, json.Unmarshal(a.Body, &status))
	held := map[string]server.HeldNetwork{}
	for _, n := range status.Networks {
		held[n.ResourceGroup] = n
	}
	if n := held[s.name]; n.InForce || len(n.Problems) != 1 || n.Problems[0].To != own {
		t.Errorf("the network is %+v", n)
	}
	if n := held["other"]; !n.InForce || len(n.Environments) != 1 || n.Name != "net" {
		t.Errorf("the other network is %+v", n)
	}
	await(s.resources.NewResourceGroupsClient().BeginDelete(t.Context(), "other", nil))(t)
	left, err := kernel.Names(tagOf(t, s.Data()))
	must(t, err)
	router := layout.RouterName(held["other"].ID)
	if slices.Contains(left, router) || len(left) > 1 {
		t.Errorf("when the group is deleted the kernel holds %v", left)
	}

	await(s.network.NewInterfacesClient().BeginDelete(t.Context(), s.name, "host", nil))(t)
	environment := s.environment(0, external)
	s.isolation(environment, "kernel", true)
}

// refusedEnvironment makes an environment, which must fail for a reason.
func refusedEnvironment(s *site, says string) {
	s.t.Helper()
	poller, err := s.logic.NewIntegrationServiceEnvironmentsClient().BeginCreateOrUpdate(s.t.Context(), s.name, "isle", s.environmentBody(0, external), nil)
	must(s.t, err)
	if _, err = poller.PollUntilDone(s.t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Millisecond}); err == nil || !strings.Contains(err.Error(), "NetworkIsolationFailed") || !strings.Contains(err.Error(), says) {
		s.t.Errorf("the environment is made: %v", err)
	}
}

// isolation checks what network health says of an environment's isolation.
func (s *site) isolation(environment, mode string, isolated bool) {
	s.t.Helper()
	subnet := "front" + strings.TrimPrefix(path.Base(environment), "isle")
	var health map[string]struct {
		Isolation struct {
			Mode     string
			Isolated bool
		}
	}
	must(s.t, json.Unmarshal(s.Do(http.MethodGet, environment+"/health/network", nil).Body, &health))
	if h := health[subnet].Isolation; h.Mode != mode || h.Isolated != isolated {
		s.t.Errorf("network health says %+v", h)
	}
}

// TestWithoutWhatItNeedsTheKernelIsNotReplaced: where the kernel is asked for and cannot
// hold networks, here for an nft of long ago, environments fail for that reason and those
// that were there reach nothing; auto takes the process, and says so.
func TestWithoutWhatItNeedsTheKernelIsNotReplaced(t *testing.T) {
	s := newSite(t, 2)
	target := stub(t, says("reached"))
	environment := s.environment(1, external)
	workflow, _ := s.caller("caller", environment)
	s.succeeded(s.run(workflow, target))

	old := t.TempDir()
	must(t, os.WriteFile(filepath.Join(old, "nft"), []byte("#!/bin/sh\necho 'nftables v0.8.2 (Joe Btfsplk)'\n"), 0o755))
	t.Setenv("PATH", old)
	s.Restart(isletest.WithDataPlane(server.DataPlaneKernel))
	refusedEnvironment(s, "nft")
	if o := s.run(workflow, target); o.Status != "Failed" || !strings.Contains(o.Error.Message, "the kernel does not hold the virtual network") {
		t.Errorf("the call is %+v", o)
	}
	s.isolation(environment, "kernel", false)

	s.Restart(isletest.WithDataPlane(server.DataPlaneAuto))
	s.succeeded(s.run(workflow, target))
	s.isolation(environment, "inproc", false)
	if a := s.Do(http.MethodGet, "/network", nil); !strings.Contains(a.Text("isolation", "reasons", 0), "(--dataplane auto), and it cannot: ") || !strings.Contains(a.Text("isolation", "reasons", 0), "nft") {
		t.Errorf("%s", a.Body)
	}
}
