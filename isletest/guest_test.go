//go:build linux

package isletest_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"isle/internal/netns"
	"isle/internal/server"
)

// Machines that others bring into a network: their packets, which no process of Isle
// makes, meet what a running server has told the kernel.

// decided is how many packets a rule has decided about in the kernel. A packet that a
// rule has dropped is a proof that need not be waited for.
func (s *site) decided(rule string) (packets uint64) {
	s.t.Helper()
	var status server.NetworkStatus
	must(s.t, json.Unmarshal(s.Do(http.MethodGet, "/network", nil).Body, &status))
	for _, n := range status.Namespaces {
		for _, c := range n.Counters {
			if strings.EqualFold(c.Rule, rule) {
				packets += c.Packets
			}
		}
	}
	return packets
}

// drops checks that a rule drops what is sent, which ends with the test.
func (s *site) drops(rule string, send func(ctx context.Context)) {
	s.t.Helper()
	before := s.decided(rule)
	ctx, cancel := context.WithCancel(s.t.Context())
	var sending sync.WaitGroup
	sending.Go(func() { send(ctx) })
	until(s.t, rule+" drops packets", func() bool { return s.decided(rule) > before })
	cancel()
	sending.Wait()
}

// dials is what a machine does that opens a connection; it must not come about.
func dials(t *testing.T, in, address string) func(context.Context) {
	return func(ctx context.Context) {
		if c, err := netns.At(in).Dial(ctx, net.Dialer{}, "tcp", netip.MustParseAddrPort(address)); err == nil {
			_ = c.Close()
			t.Errorf("%s reaches %s", filepath.Base(in), address)
		}
	}
}

// asks sends a question from a machine to a name server, and waits for the answer.
func asks(ctx context.Context, in, protocol, server, name string) (*dns.Msg, error) {
	c, err := netns.At(in).Dial(ctx, net.Dialer{}, protocol, netip.MustParseAddrPort(server))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	client := dns.Client{Net: protocol, Timeout: hanging}
	answer, _, err := client.ExchangeWithConn(new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA), &dns.Conn{Conn: c})
	return answer, err
}

// TestMachinesAskThePlatformsNameServer, at its address in every network, until a rule
// that names it denies that (network.md §A3, §C7.7). What it answers, the host's name
// servers say.
func TestMachinesAskThePlatformsNameServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, inKernel(t)...)
	guest := machine(t)
	s.attach("guest", "10.0.9.50", netnsOf(guest))
	const platform = "168.63.129.16:53"
	for _, protocol := range []string{"udp", "tcp"} {
		if _, err := asks(t.Context(), guest, protocol, platform, "name.test"); err != nil {
			t.Errorf("over %s: %v", protocol, err)
		}
	}
	s.guard("machines", "inner", rule(t, "NoOther", "200 Outbound Deny * * -> 168.63.129.16:53"))
	if _, err := asks(t.Context(), guest, "udp", platform, "name.test"); err != nil {
		t.Errorf("a rule that does not name the platform: %v", err)
	}
	s.putRule("inner", rule(t, "NoNames", "210 Outbound Deny * * -> AzurePlatformDNS:53"))
	for _, protocol := range []string{"udp", "tcp"} {
		s.drops(s.ruleID("inner", "NoNames"), func(ctx context.Context) {
			if _, err := asks(ctx, guest, protocol, platform, "name.test"); err == nil {
				t.Errorf("it answers over %s, which a rule denies", protocol)
			}
		})
	}
}

// TestNamesOfANetworkLeadNowhereElse: a machine of the network is its name server, and
// says that a name is in the network and, over IPv6, on the host. Where a dialer of both
// at once would take the host's, workflows reach the one in the network, and the question
// comes from their own address there (network.md §B1, dual-stack leak).
func TestNamesOfANetworkLeadNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, inKernel(t)...)
	names, web := machine(t), machine(t)
	s.attach("names", "10.0.9.53", netnsOf(names))
	s.attach("web", "10.0.9.60", netnsOf(web))
	s.nameServers("10.0.9.53")

	leak, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("SKIPPED: the host has no IPv6, by which names could leak: %v", err)
	}
	leaked := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the name led to the host") })}
	go func() { _ = leaked.Serve(leak) }()
	t.Cleanup(func() { _ = leaked.Close() })
	port := netip.MustParseAddrPort(leak.Addr().String()).Port()
	inside := &http.Server{Handler: says("inside")}
	l := listenIn(t, web, port)
	go func() { _ = inside.Serve(l) }()
	t.Cleanup(func() { _ = inside.Close() })

	var asked sync.Map
	bothAddresses(t, names, func(from net.Addr) { asked.Store(from.(*net.UDPAddr).IP.String(), true) })
	_, callback := s.caller("caller", s.environment(0, external))
	o := s.call(callback, fmt.Sprintf("http://both.site.test:%d/", port))
	if s.succeeded(o); o.Outputs.Body != "inside" {
		t.Errorf("%v answers", o.Outputs.Body)
	}
	if o := s.call(callback, fmt.Sprintf("http://six.site.test:%d/", port)); o.Status == "Succeeded" || o.Error.Code != "NetworkPolicyDenied" {
		t.Errorf("a name without an IPv4 address: %+v", o)
	}
	asked.Range(func(from, _ any) bool {
		if from != "10.0.0.5" { // the built-in actions' address in the first subnet
			t.Errorf("%v asks", from)
		}
		return true
	})
}

// bothAddresses is a name server in a namespace, over UDP. Every name is at 10.0.9.60 and,
// over IPv6, on the host; those that begin with "six" are at an IPv6 address alone.
func bothAddresses(t *testing.T, in string, asked func(from net.Addr)) {
	t.Helper()
	packets, err := netns.At(in).ListenPacket(t.Context(), "udp", netip.AddrPortFrom(netip.IPv4Unspecified(), 53))
	must(t, err)
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked(w.RemoteAddr())
		m := new(dns.Msg).SetReply(q)
		head := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET}
		six := strings.HasPrefix(head.Name, "six")
		switch {
		case head.Rrtype == dns.TypeAAAA && six:
			m.Answer = []dns.RR{&dns.AAAA{Hdr: head, AAAA: net.ParseIP("2001:db8::1")}}
		case head.Rrtype == dns.TypeAAAA:
			m.Answer = []dns.RR{&dns.AAAA{Hdr: head, AAAA: net.IPv6loopback}}
		case head.Rrtype == dns.TypeA && !six:
			m.Answer = []dns.RR{&dns.A{Hdr: head, A: net.ParseIP("10.0.9.60")}}
		}
		_ = w.WriteMsg(m)
	})}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go func() { _ = server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = server.Shutdown() })
}

// tapIn makes a tap in a namespace and holds its other end, as a hypervisor does.
func tapIn(t *testing.T, in, name string) *os.File {
	t.Helper()
	var end *os.File
	err := netns.At(in).Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err == nil {
			err = unix.SetNonblock(fd, true)
		}
		if err != nil {
			_ = unix.Close(fd)
			return err
		}
		end = os.NewFile(uintptr(fd), name)
		return nil
	})
	if err != nil {
		t.Skipf("SKIPPED: no tap can be made here: %v", err)
	}
	t.Cleanup(func() { _ = end.Close() })
	return end
}

// cable carries frames between two taps until both are gone.
func cable(a, b *os.File) {
	carry := func(to, from *os.File) {
		frame := make([]byte, 1<<16)
		for {
			n, err := from.Read(frame)
			if err != nil {
				return
			}
			_, _ = to.Write(frame[:n]) // what a link that is down does not take is lost
		}
	}
	go carry(a, b)
	go carry(b, a)
}

// TestAMachineBehindATap is a machine with its own network stack behind a tap, set up as
// a machine of its subnet: it finds its neighbours, is found by workflows, has a name
// server, and says only its own address. Detached, the tap is the host's again.
func TestAMachineBehindATap(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, inKernel(t)...)
	vm, neighbour := machine(t), machine(t)
	name := fmt.Sprintf("vm%x", time.Now().UnixNano()&0xffffffff)
	cable(tapIn(t, "/proc/self/ns/net", name), tapIn(t, vm, "eth0"))
	for _, arguments := range []string{"addr add 10.0.9.70/24 dev eth0", "addr add 10.0.9.99/32 dev lo", "link set eth0 up", "route add default via 10.0.9.1"} {
		command(t, "ip", append([]string{"-n", filepath.Base(vm)}, strings.Fields(arguments)...)...)
	}
	webIn(t, vm, says("behind a tap"))
	echoIn(t, neighbour)
	s.attach("vm", "10.0.9.70", "tap:"+name)
	s.attach("neighbour", "10.0.9.50", netnsOf(neighbour))

	_, callback := s.caller("caller", s.environment(0, external))
	o := s.call(callback, "http://10.0.9.70/")
	if s.succeeded(o); o.Outputs.Body != "behind a tap" {
		t.Errorf("%v answers", o.Outputs.Body)
	}
	c, err := reaches(t, vm, "10.0.9.50:7")
	if err != nil || !echoes(c) {
		t.Errorf("its neighbour: %v", err)
	}
	if _, err := asks(t.Context(), vm, "udp", "168.63.129.16:53", "name.test"); err != nil {
		t.Errorf("its name server: %v", err)
	}
	forger := net.Dialer{Timeout: lost, LocalAddr: &net.TCPAddr{IP: net.ParseIP("10.0.9.99")}}
	if c, err := netns.At(vm).Dial(t.Context(), forger, "tcp", netip.MustParseAddrPort("10.0.9.50:7")); err == nil {
		_ = c.Close()
		t.Error("it sends from an address that is not its own")
	}
	s.guard("machines", "inner", rule(t, "NoEcho", "200 Inbound Deny * 10.0.9.70 -> *:7"))
	s.drops(s.ruleID("inner", "NoEcho"), dials(t, vm, "10.0.9.50:7"))

	await(s.network.NewInterfacesClient().BeginDelete(t.Context(), s.name, "vm", nil))(t)
	if _, err := net.InterfaceByName(name); err != nil {
		t.Errorf("the tap is not given back: %v", err)
	}
}

// siteBehind makes a machine that leads to another site, 192.168.7.0/24, and the site's
// machine 192.168.7.2, which knows the way by a static route.
func siteBehind(t *testing.T) (gateway, behind string) {
	t.Helper()
	gateway, behind = machine(t), machine(t)
	at := func(in, arguments string) {
		command(t, "ip", append([]string{"-n", filepath.Base(in)}, strings.Fields(arguments)...)...)
	}
	at(gateway, "link add lan type veth peer name eth0 netns "+filepath.Base(behind))
	at(gateway, "addr add 192.168.7.1/24 dev lan")
	at(gateway, "link set lan up")
	at(behind, "addr add 192.168.7.2/24 dev eth0")
	at(behind, "link set eth0 up")
	at(behind, "route add 10.0.0.0/16 via 192.168.7.1")
	must(t, netns.At(gateway).Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) }))
	return gateway, behind
}

// TestASiteBehindTheGatewaysMachine: workflows reach another site by its own addresses, and
// are seen by theirs; the site calls machines and an Internal endpoint, as a part of the
// virtual network that security groups judge. Without the gateway there is no way.
func TestASiteBehindTheGatewaysMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, inKernel(t)...)
	gateway, behind := siteBehind(t)
	inner := machine(t)
	echoIn(t, inner)
	site := &callers{}
	webIn(t, behind, site.ServeHTTP)
	s.attach("inner", "10.0.9.50", netnsOf(inner))
	s.attach("gateway", "10.0.9.80", netnsOf(gateway)+",gateway")
	environment := s.environment(0, internal)
	caller, _ := s.caller("caller", environment)
	_, inside := s.workflow("inside", environment, answering)
	s.denied(s.run(caller, "http://192.168.7.2/"))

	s.gateway("192.168.0.0/16")
	s.succeeded(s.run(caller, "http://192.168.7.2/"))
	if from := site.last(); from != "10.0.0.5" {
		t.Errorf("the site sees %v", from)
	}
	c, err := reaches(t, behind, "10.0.9.50:7")
	if err != nil || !echoes(c) {
		t.Errorf("the site does not reach a machine: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, s.Server), MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return netns.At(behind).Dial(ctx, net.Dialer{}, network, netip.MustParseAddrPort("10.0.0.4:443"))
	}}}
	defer client.CloseIdleConnections()
	if a := send(t, client, http.MethodPost, inside); a.Status != http.StatusOK {
		t.Errorf("the site calls the endpoint: %d %s", a.Status, a.Body)
	}

	s.guard("machines", "inner", rule(t, "NoSite", "200 Inbound Deny * 192.168.0.0/16 -> *:7"))
	s.drops(s.ruleID("inner", "NoSite"), dials(t, behind, "10.0.9.50:7"))
	s.guard("front", "web", append(required(t), rule(t, "NotThere", "210 Outbound Deny * * -> 192.168.7.2:80"))...)
	s.denied(s.run(caller, "http://192.168.7.2/"), "securityRules/NotThere")
	s.drops(s.ruleID("web", "NotThere"), dials(t, s.component(environment, "built-in"), "192.168.7.2:80"))

	s.dropRule("web", "NotThere")
	await(s.network.NewVirtualNetworkGatewaysClient().BeginDelete(t.Context(), s.name, "gateway", nil))(t)
	s.denied(s.run(caller, "http://192.168.7.2/"))
	if _, err := reaches(t, s.component(environment, "built-in"), "192.168.7.2:80"); err == nil {
		t.Error("without a gateway the kernel leads to the site")
	}
}

// gateway makes the network's gateway, behind which lies what the tag says.
func (s *site) gateway(behind string) {
	s.t.Helper()
	await(s.network.NewSubnetsClient().BeginCreateOrUpdate(s.t.Context(), s.name, "net", "GatewaySubnet", armnetwork.Subnet{
		Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: to.Ptr("10.0.8.64/27")}}, nil))(s.t)
	public := s.publicIP("gateway", publicAddress())
	await(s.network.NewVirtualNetworkGatewaysClient().BeginCreateOrUpdate(s.t.Context(), s.name, "gateway", armnetwork.VirtualNetworkGateway{
		Location: to.Ptr(siteLocation), Tags: map[string]*string{"isle-routes": &behind}, Properties: &armnetwork.VirtualNetworkGatewayPropertiesFormat{
			GatewayType: to.Ptr(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: to.Ptr(armnetwork.VPNTypeRouteBased),
			SKU: &armnetwork.VirtualNetworkGatewaySKU{Name: to.Ptr(armnetwork.VirtualNetworkGatewaySKUNameVPNGw1)},
			IPConfigurations: []*armnetwork.VirtualNetworkGatewayIPConfiguration{{Name: to.Ptr("ip"), Properties: &armnetwork.VirtualNetworkGatewayIPConfigurationPropertiesFormat{
				Subnet: &armnetwork.SubResource{ID: to.Ptr(s.subnetID("GatewaySubnet"))}, PublicIPAddress: &armnetwork.SubResource{ID: public.ID}}}}}}, nil))(s.t)
}

// TestTheHostsLANByAnUplink: a machine of the network reaches one of the host's LAN and is
// seen by the uplink's address; the LAN reaches in where security groups let it, and goes on
// while the server starts again.
func TestTheHostsLANByAnUplink(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, inKernel(t)...)
	lan, link := machineOnLink(t, "192.0.2.1/24")
	inner := machine(t)
	echoIn(t, inner)
	host := &callers{}
	webIn(t, lan, host.ServeHTTP)
	command(t, "ip", "-n", filepath.Base(lan), "route", "add", "default", "via", "192.0.2.10")
	s.uplink(link + " 192.0.2.10/24")
	s.attach("inner", "10.0.9.50", netnsOf(inner))

	machines := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return netns.At(inner).Dial(ctx, net.Dialer{}, network, netip.MustParseAddrPort(address))
	}}}
	defer machines.CloseIdleConnections()
	if a := send(t, machines, http.MethodGet, "http://192.0.2.1:80/"); a.Status != http.StatusOK || host.last() != "192.0.2.10" {
		t.Errorf("the LAN sees a machine as %s: %d", host.last(), a.Status)
	}
	host.forget()
	caller, _ := s.caller("caller", s.environment(0, external))
	s.succeeded(s.run(caller, "http://192.0.2.1/"))
	if from := host.last(); from != "192.0.2.10" {
		t.Errorf("the LAN sees a workflow as %s", from)
	}
	c, err := reaches(t, lan, "10.0.9.50:7")
	if err != nil || !echoes(c) {
		t.Errorf("the LAN does not reach the machine: %v", err)
	}
	s.guard("machines", "inner")
	s.drops(s.id("networkSecurityGroups/inner/defaultSecurityRules/DenyAllInBound"), dials(t, lan, "10.0.9.50:7"))
	s.putRule("inner", rule(t, "LAN", "200 Inbound Allow Tcp 192.0.2.0/24 -> *:7"))
	if c, err = reaches(t, lan, "10.0.9.50:7"); err != nil || !echoes(c) {
		t.Errorf("the LAN does not reach the machine, which a rule allows: %v", err)
	}
	s.Restart()
	if !echoes(c) {
		t.Error("the server's restart has cut an open flow of others")
	}
}

// TestNetworksOfAUserNamespace has tests of this file in a user namespace, where root is
// an ordinary user of the host: the folder of namespaces is its own, and the host is not
// reached.
func TestNetworksOfAUserNamespace(t *testing.T) {
	t.Parallel()
	needKernel(t)
	unshare := []string{"--user", "--map-root-user", "--net", "--mount"}
	if out, err := exec.Command("unshare", append(unshare, "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no user namespace can be had: %v: %s", err, out)
	}
	const inside = `mount -t tmpfs tmpfs /run && ip link set lo up && exec "$0" "$@"`
	out, err := exec.Command("unshare", append(unshare, "sh", "-c", inside, os.Args[0], "-test.run=^(TestTheHostsLANByAnUplink|TestAMachineBehindATap)$", "-test.v")...).CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 2 && !strings.Contains(string(out), "SKIPPED: no tap") {
		t.Errorf("%v: %s", err, out)
	}
}
