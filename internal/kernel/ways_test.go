//go:build linux

package kernel_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/netns"
	"isle/netpol"
	"isle/netpol/layout"
	"isle/netpol/modeltext"
)

// outsideModel is two subnets that leave through a firewall and by themselves.
const outsideModel = `
network 10.0.0.0/16
subnet through 10.0.0.0/24 - egress
subnet plain 10.0.1.0/24 - return
subnet closed 10.0.2.0/24 none -
subnet translated 10.0.3.0/24 - -
nat translated 203.0.113.9
subnet AzureFirewallSubnet 10.0.4.0/26 - -
nic a through 10.0.0.4 -
nic b plain 10.0.1.4 -
nic c closed 10.0.2.4 -
nic d translated 10.0.3.4 -
rule none out 100 Out Deny * * * * *
route egress out 198.51.100.0/24 VirtualAppliance 10.0.4.4
route egress back 10.0.1.4/32 VirtualAppliance 10.0.4.4
route return back 10.0.0.4/32 VirtualAppliance 10.0.4.4
firewall fw AzureFirewallSubnet 10.0.4.4 203.0.113.200
netrule fw out 200 Allow ssh Tcp 10.0.0.0/24 198.51.100.7 22
netrule fw out 200 Allow inside Tcp 10.0.0.0/24 10.0.1.4 22
`

// TestWhereFlowsComeFrom: what leaves through a firewall comes from its public address,
// what leaves by itself from the router's, what stays in the network from where it is; and
// what a rule, a firewall or the router's guard against forgery drops does not come.
func TestWhereFlowsComeFrom(t *testing.T) {
	k, tag := openTag(t, "ways")
	outside, parent := internet(t)
	for _, ranges := range [][]netip.Prefix{nil, {netip.MustParsePrefix("255.255.255.255/32")}} {
		m := modeltext.Parse(t, outsideModel, nil)
		m.Firewalls[0].PrivateRanges = ranges // nil: private destinations are not translated; the other: all are
		apply(t, k, machinesOf(t, m, func(in *layout.Input) {
			in.Uplinks = []layout.NetworkUplink{{Network: "/vnet", Interface: parent, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}, Gateway: netip.MustParseAddr("192.0.2.1")}}
		}))
		inside := func(nic string) netns.Namespace { return machine(tag, nic) }
		inner := "203.0.113.200"
		if ranges == nil {
			inner = "10.0.0.4"
			ip(t, "-n "+filepath.Base(inside("b").Path())+" addr add 10.0.1.77/32 dev lo") // to forge it
		}
		for _, c := range []struct {
			from   netns.Namespace
			bind   string
			server netns.Namespace
			to     string
			seen   string // "" for what must not come
		}{
			{inside("a"), "", outside, "198.51.100.7:22", "203.0.113.200"},
			{inside("a"), "", outside, "198.51.100.7:23", ""},
			{inside("b"), "", outside, "198.51.100.7:23", "192.0.2.2"},
			{inside("d"), "", outside, "198.51.100.7:23", "203.0.113.9"},
			{inside("b"), "", inside("c"), "10.0.2.4:80", "10.0.1.4"},
			{inside("a"), "", inside("b"), "10.0.1.4:22", inner},
			{inside("a"), "", inside("b"), "10.0.1.4:80", ""},
			{inside("c"), "", outside, "198.51.100.7:22", ""},
			{inside("b"), "10.0.1.77", outside, "198.51.100.7:22", ""},
			{outside, "", inside("b"), "10.0.1.4:443", "192.0.2.1"},
			{outside, "10.0.1.99", inside("b"), "10.0.1.4:443", ""},
		} {
			if got := seen(t, c.from, c.bind, c.server, c.to, c.seen != ""); got != c.seen {
				t.Errorf("always translated %t: a flow to %s came from %q, want %q", ranges != nil, c.to, got, c.seen)
			}
		}
	}
}

// TestNATGatewaysChooseAsThePolicySays: each flow leaves with the address of the gateway that
// the policy gives it, and all of them are used.
func TestNATGatewaysChooseAsThePolicySays(t *testing.T) {
	k, tag := openTag(t, "nat")
	outside, parent := internet(t)
	m := modeltext.Parse(t, `
network 10.0.0.0/16
subnet a 10.0.0.0/24 - -
subnet b 10.0.1.0/24 - -
nat a 203.0.113.9,203.0.113.17,203.0.113.18 7
nic a a 10.0.0.4 -
nic b a 10.0.0.5 -
nic c b 10.0.1.4 -
`, nil)
	apply(t, k, machinesOf(t, m, func(in *layout.Input) {
		in.Uplinks = []layout.NetworkUplink{{Network: "/vnet", Interface: parent, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}, Gateway: netip.MustParseAddr("192.0.2.1")}}
	}))
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	network, _ := policy.Network("/vnet")
	used := map[string]bool{}
	for i := range 12 {
		to := fmt.Sprintf("198.51.100.%d", 20+i)
		ip(t, "-n "+filepath.Base(outside.Path())+" addr add "+to+"/32 dev lo")
		for nic, from := range map[string]string{"a": "10.0.0.4", "b": "10.0.0.5", "c": "10.0.1.4"} {
			d := network.Evaluate(netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr(from), SourcePort: 50000, Destination: netip.MustParseAddr(to), DestinationPort: 80})
			want := "192.0.2.2"
			if d.NATGateway != "" {
				want = d.SNATIP.String()
			}
			got := seen(t, machine(tag, nic), "", outside, to+":80", true)
			if used[got] = true; got != want {
				t.Errorf("%s to %s came from %s, want %s", from, to, got, want)
			}
		}
	}
	if len(used) != 4 {
		t.Errorf("of 3 addresses of the gateway and that of the uplink, %v are used", used)
	}
}

// internet makes a namespace that has all of the Internet, and a link from this one to it,
// which is an interface of the host.
func internet(t *testing.T) (outside netns.Namespace, parent string) {
	t.Helper()
	name := fmt.Sprintf("internet%d", os.Getpid())
	parent = fmt.Sprintf("wan%d", os.Getpid())
	ip(t, "netns add "+name)
	t.Cleanup(func() { ip(t, "netns del "+name) })
	ip(t, fmt.Sprintf("link add %s type veth peer name eth0 netns %s", parent, name))
	t.Cleanup(func() { ip(t, "link del "+parent) })
	mute(t, parent)
	ip(t, "link set "+parent+" up")
	for _, command := range []string{"link set lo up", "link set eth0 up", "addr add 192.0.2.1/24 dev eth0", "addr add 198.51.100.7/32 dev lo", "addr add 10.0.1.99/32 dev lo",
		"route add 203.0.113.0/24 dev eth0 src 192.0.2.1", "route add 10.0.0.0/16 via 192.0.2.2 src 192.0.2.1"} {
		ip(t, "-n "+name+" "+command)
	}
	return netns.At(name), parent
}

// mute keeps the host from answering for its own addresses on a link: it may have those that
// the test gives to a router there, and who answers first would get the packets.
func mute(t *testing.T, link string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+link+"/arp_ignore", []byte("8"), 0); err != nil {
		t.Error(err)
	}
}

// ip runs the command of that name.
func ip(t *testing.T, words string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", words, err, out)
	}
}

// seen dials a server and returns from where the server sees it, "" if it is not reached.
func seen(t *testing.T, from netns.Namespace, bind string, server netns.Namespace, to string, reached bool) string {
	t.Helper()
	address := netip.MustParseAddrPort(to)
	listener, err := server.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if c, err := listener.Accept(); err == nil {
			fmt.Fprint(c, c.RemoteAddr().(*net.TCPAddr).IP)
			c.Close()
		}
	}()
	patience := time.Second // a packet that is not dropped takes a thousandth of that
	if reached {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dialer := net.Dialer{}
	if bind != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(bind)}
	}
	c, err := from.Dial(ctx, dialer, "tcp", address)
	if err != nil {
		if !os.IsTimeout(err) {
			t.Errorf("%s: %v", to, err)
		}
		return ""
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("%s: %v", to, err)
	}
	return string(text)
}
