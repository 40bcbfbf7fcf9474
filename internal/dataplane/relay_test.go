package dataplane

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnectionsAreServedUpToABound: further ones wait until one has ended.
func TestConnectionsAreServedUpToABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newInlet(addrPort("127.0.0.1:1"), func() {})
		var served atomic.Int32
		end := make(chan struct{})
		go accept(l, func(c net.Conn) {
			served.Add(1)
			<-end
			_ = c.Close()
		})
		for range maxCallers + 2 {
			go func() { _, _ = l.dial(t.Context(), Source{}) }()
		}
		for ended := range int32(2) {
			synctest.Wait()
			if n := served.Load(); n != maxCallers+ended {
				t.Errorf("%d are served when %d have ended", n, ended)
			}
			end <- struct{}{}
		}
		_ = l.Close()
		close(end)
	})
}

// TestARelayGoesWhenItsAttachmentLeadsElsewhere: what stays at its port would answer in
// the place of the new one.
func TestARelayGoesWhenItsAttachmentLeadsElsewhere(t *testing.T) {
	nic := provider + "networkInterfaces/server"
	ns := Namespace{Path: "/run/netns/machine", inode: 1}
	held := &Held{Machines: map[string]Namespace{strings.ToLower(nic): ns}}
	machine := Mapping{Interface: nic, Private: addr("10.0.1.4"), Real: addr("192.0.2.1")}
	port := Mapping{Interface: nic, Private: addr("10.0.1.4"), Port: 80, Real: addr("192.0.2.9"), RealPort: 8080}
	calls := func(port, real string) relay {
		return relay{ns, "tcp", addrPort("10.0.1.4:" + port), addrPort(real)}
	}
	for _, c := range []struct {
		mappings []Mapping
		relay    relay
		stays    bool
	}{
		{[]Mapping{machine}, calls("22", "192.0.2.1:22"), true},
		{[]Mapping{machine}, calls("22", "192.0.2.2:22"), false},
		{[]Mapping{machine}, calls("22", "192.0.2.1:23"), false},
		{[]Mapping{machine}, calls("80", "192.0.2.9:8080"), false},
		{[]Mapping{machine, port}, calls("80", "192.0.2.9:8080"), true},
		{[]Mapping{machine, port}, calls("80", "192.0.2.1:80"), false},
		{[]Mapping{machine, port}, calls("22", "192.0.2.1:22"), true},
		{[]Mapping{port}, calls("22", "192.0.2.1:22"), false},
		{nil, calls("80", "192.0.2.9:8080"), false},
	} {
		if got := relayedBy(held, c.mappings).serves(c.relay); got != c.stays {
			t.Errorf("%v stays for %v: %v", c.relay, c.mappings, got)
		}
	}
}

// ownNamespace is that of the process, if sockets can be made in namespaces at all.
func ownNamespace(t *testing.T) Namespace {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("SKIPPED: sockets in namespaces need Linux and root")
	}
	return FindNamespace("/proc/self/ns/net")
}

// TestManyPortsOfAMachineDoNotStayOpen: who goes through them all takes no more files
// than a bound, and what is called goes on to be there.
func TestManyPortsOfAMachineDoNotStayOpen(t *testing.T) {
	ns, n := ownNamespace(t), NewInproc(Options{})
	var all relays
	defer all.keep(func(relay) bool { return false })
	on := func(last byte) relay {
		return relay{ns, "udp", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 77, last}), 0), addrPort("127.0.0.1:9")}
	}
	attached := relay{ns, "tcp", addrPort("127.0.77.1:0"), addrPort("127.0.0.1:9")}
	if err := all.add(n, attached, false); err != nil {
		t.Fatal(err)
	}
	first := on(2)
	for i := range 2 * maxOnCall {
		r := on(byte(3 + i%200))
		r.real = netip.AddrPortFrom(r.real.Addr(), uint16(1+i))
		for _, r := range []relay{r, first} {
			if err := all.add(n, r, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(all.open) > maxOnCall+1 || all.open[attached] == nil || all.open[first] == nil {
		t.Errorf("%d relays are open; that of an attached port: %v; that which is called: %v", len(all.open), all.open[attached] != nil, all.open[first] != nil)
	}
}

// refusing is a socket at the real end that reads a refusal, then an answer, then its end.
type refusing struct {
	net.Conn
	reads int
}

func (c *refusing) Read(b []byte) (int, error) {
	switch c.reads++; c.reads {
	case 1:
		return 0, &net.OpError{Op: "read", Net: "udp", Err: os.NewSyscallError("read", syscall.ECONNREFUSED)}
	case 2:
		return copy(b, "late"), nil
	}
	return 0, net.ErrClosed
}

func (*refusing) SetReadDeadline(time.Time) error { return nil }
func (*refusing) Close() error                    { return nil }

// failing is a socket in a network that fails once, and then is closed.
type failing struct {
	net.PacketConn
	reads int
}

func (c *failing) ReadFrom([]byte) (int, net.Addr, error) {
	if c.reads++; c.reads == 1 {
		return 0, nil, os.NewSyscallError("recvfrom", syscall.ENOMEM)
	}
	return 0, nil, net.ErrClosed
}

// TestARelayOfPacketsOutlivesARefusal: nobody listens at the real end just now, which ICMP
// tells, or the kernel gives nothing for a moment.
func TestARelayOfPacketsOutlivesARefusal(t *testing.T) {
	inner, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	sender, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	real := &refusing{}
	p := &packets{inner: inner, known: map[string]net.Conn{sender.LocalAddr().String(): real}}
	p.back(real, sender.LocalAddr())
	if err := sender.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 8)
	if n, _, err := sender.ReadFrom(answer); err != nil || string(answer[:n]) != "late" {
		t.Errorf("%q, %v", answer[:n], err)
	}
	if len(p.known) > 0 {
		t.Error("a socket that has ended is remembered")
	}
	from := &failing{}
	if (&packets{inner: from}).run(); from.reads != 2 {
		t.Errorf("it ends after %d reads", from.reads)
	}
}

// noWall holds nothing, and says why.
type noWall struct{ err error }

func (w noWall) Held(context.Context, string) (*Held, error) { return &Held{}, w.err }
func (noWall) Isolation(string) Isolation                    { return Isolation{} }

// TestNoNameLeavesWhereTheKernelHoldsNothing: the platform's name server is the host's,
// and a name can carry what a connection could.
func TestNoNameLeavesWhereTheKernelHoldsNothing(t *testing.T) {
	host := &counting{names: names{"example.com": {"203.0.113.5"}}}
	for _, refused := range []error{errors.New("no nft"), nil} {
		k := NewKernel(Options{Networks: in(place(t)), Resolver: host}, noWall{refused})
		_, err := k.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "example.com")
		if refused == nil && err != nil || refused != nil && (err == nil || !strings.Contains(err.Error(), "no nft")) {
			t.Errorf("%v: %v", refused, err)
		}
		if asked := host.asked > 0; asked != (refused == nil) {
			t.Errorf("%v: the host was asked: %v", refused, asked)
		}
	}
}

// TestAddressesOfTheNetworkAreNotTheHost where the kernel holds it, also if the host has
// the same: a machine that is a namespace has no attachment that would say so.
func TestAddressesOfTheNetworkAreNotTheHost(t *testing.T) {
	k := NewKernel(Options{Networks: in(place(t))}, noWall{})
	k.host.current.Store(&hostList{read: time.Now().Add(time.Hour), set: map[netip.Addr]struct{}{addr("10.0.1.9"): {}, addr("10.9.0.1"): {}}})
	for to, want := range map[string]Zone{"10.0.1.9:22": ZoneVirtualNetwork, "10.9.0.1:22": ZoneInternet} {
		if d := outbound(k.Inproc, "tcp", to); !d.Allowed || d.Flow.Zone != want {
			t.Errorf("%s: %v %v %s", to, d.Allowed, d.Flow.Zone, d.Reason)
		}
	}
	if _, err := k.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", "10.0.1.9:22"); err == nil {
		t.Error("it was dialed")
	}
}
