package netns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"
)

// strangerArgument makes the test binary a process that has used no network yet.
const strangerArgument = "first-in-a-namespace"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == strangerArgument {
		if err := firstInANamespace(At(os.Args[2])); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// unshared is a new namespace whose loopback is up, for as long as the test lasts.
func unshared(t testing.TB) Namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	made := make(chan error)
	var file *os.File
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skipf("SKIPPED: no network namespace can be made here: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	n := At(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd()))
	if out, err := ip(n, "link", "set", "lo", "up"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return n
}

// ip runs the program in a namespace.
func ip(n Namespace, arguments ...string) (out []byte, err error) {
	failed := n.Do(func() error {
		out, err = exec.Command("ip", arguments...).CombinedOutput()
		return err
	})
	return out, failed
}

// telling serves its name to whoever connects or sends something.
func telling(t testing.TB, name string, l net.Listener, p net.PacketConn) {
	t.Cleanup(func() { l.Close(); p.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, name)
			_ = c.Close()
		}
	}()
	go func() {
		for {
			_, from, err := p.ReadFrom(make([]byte, 1))
			if err != nil {
				return
			}
			_, _ = p.WriteTo([]byte(name), from)
		}
	}()
}

// heard is the name that a peer tells.
func heard(c net.Conn) (string, error) {
	defer c.Close()
	if c.RemoteAddr().Network() == "udp" {
		if _, err := c.Write([]byte("?")); err != nil {
			return "", err
		}
		name := make([]byte, 10)
		n, err := c.Read(name)
		return string(name[:n]), err
	}
	name, err := io.ReadAll(c)
	return string(name), err
}

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// at is a peer's port at an address of loopback.
func at(l net.Listener, address string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), netip.MustParseAddrPort(l.Addr().String()).Port())
}

// world has the same addresses in two namespaces and at home, each of which tells where
// it is.
func world(t testing.TB, addresses ...string) (a, b Namespace, port netip.AddrPort) {
	t.Helper()
	a, b = unshared(t), unshared(t)
	var first net.Listener
	for i, address := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if i > 0 {
			l, err = net.Listen("tcp", at(first, address).String())
		}
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = l
		}
		here := at(first, address)
		p, err := net.ListenPacket("udp", here.String())
		if err != nil {
			t.Fatal(err)
		}
		telling(t, "home", l, p)
		for name, n := range map[string]Namespace{"a": a, "b": b} {
			l, err := n.Listen(t.Context(), "tcp", here)
			if err != nil {
				t.Fatal(err)
			}
			p, err := n.ListenPacket(t.Context(), "udp", here)
			if err != nil {
				t.Fatal(err)
			}
			telling(t, name, l, p)
		}
	}
	return a, b, at(first, addresses[0])
}

// However many are under way at once, each socket is where it was to be, and what is
// made in between at home is at home.
func TestSocketsAreInTheirNamespace(t *testing.T) {
	a, b, to := world(t, "127.0.0.1", "::1")
	dials := map[string]func(network string, to netip.AddrPort) (net.Conn, error){
		"a": func(network string, to netip.AddrPort) (net.Conn, error) {
			return a.Dial(t.Context(), net.Dialer{}, network, to)
		},
		"b": func(network string, to netip.AddrPort) (net.Conn, error) {
			return b.Dial(t.Context(), net.Dialer{}, network, to)
		},
		"home": func(network string, to netip.AddrPort) (net.Conn, error) { return net.Dial(network, to.String()) },
	}
	var all sync.WaitGroup
	for range 20 {
		for want, dial := range dials {
			for _, network := range []string{"tcp", "tcp6", "udp", "udp4"} {
				to := to
				if strings.HasSuffix(network, "6") {
					to = netip.AddrPortFrom(netip.IPv6Loopback(), to.Port())
				}
				all.Go(func() {
					for range 20 {
						c, err := dial(network, to)
						if err != nil {
							t.Errorf("%s from %s: %v", network, want, err)
							return
						}
						if got, err := heard(c); got != want {
							t.Errorf("%s from %s reached %q (%v)", network, want, got, err)
						}
					}
				})
			}
		}
	}
	all.Wait()
}

// The leak of network.md §B1: a name with two versions of addresses is dialed by
// goroutines that are not in the namespace. Here there are no names to dial.
func TestNoDualStackLeak(t *testing.T) {
	a, _, to := world(t, "127.0.0.1", "::1")
	resolver := nameServer(t)
	reached := map[string]int{}
	for range 100 {
		err := a.Do(func() error {
			c, err := (&net.Dialer{Resolver: resolver}).Dial("tcp", fmt.Sprintf("both.test:%d", to.Port()))
			if err == nil {
				name, _ := heard(c)
				reached[name]++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if reached["home"] == 0 {
		t.Errorf("package net's dialer was expected to leak, and reached %v: this test shows nothing", reached)
	}
	addresses, err := resolver.LookupNetIP(t.Context(), "ip", "both.test")
	if err != nil || len(addresses) != 2 {
		t.Fatal(addresses, err)
	}
	for range 100 {
		for _, address := range addresses {
			c, err := a.Dial(t.Context(), net.Dialer{Resolver: resolver}, "tcp", netip.AddrPortFrom(address, to.Port()))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := heard(c); got != "a" {
				t.Errorf("%s in a reached %q (%v)", address, got, err)
			}
		}
	}
}

// nameServer is a resolver that knows one name, with both loopback addresses.
func nameServer(t *testing.T) *net.Resolver {
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: p, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		head := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET}
		switch head.Rrtype {
		case dns.TypeA:
			answer.Answer = append(answer.Answer, &dns.A{Hdr: head, A: net.IPv4(127, 0, 0, 1)})
		case dns.TypeAAAA:
			answer.Answer = append(answer.Answer, &dns.AAAA{Hdr: head, AAAA: net.IPv6loopback})
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { p.Close() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", p.LocalAddr().String())
	}}
}

// A socket that is elsewhere is refused, whoever made it there.
func TestSocketElsewhereIsRefused(t *testing.T) {
	n := unshared(t)
	at, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	raw, err := at.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(n.Path(), func(v *visit) (struct{}, error) { return struct{}{}, v.control(t.Context(), "", "", raw) })
	var wrong *Error
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "in another one") {
		t.Error(err)
	}
}

// A thread that cannot come back runs nothing else.
func TestLostThreadEnds(t *testing.T) {
	n := unshared(t)
	var thread int
	_, err := open(n.Path(), func(v *visit) (struct{}, error) {
		thread = unix.Gettid()
		_ = unix.Close(v.home)
		v.home = -1
		return struct{}{}, v.leave()
	})
	if err == nil || !strings.Contains(err.Error(), "cannot leave") {
		t.Error(err)
	}
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread)); os.IsNotExist(err) {
			return
		}
		runtime.Gosched()
	}
}

// What waits for an answer ends with its context, and holds no thread.
func TestWaitingDials(t *testing.T) {
	n := unshared(t)
	if out, err := ip(n, "route", "add", "192.0.2.0/24", "dev", "lo"); err != nil { // where nobody answers
		t.Fatalf("%v: %s", err, out)
	}
	const many = 200
	silent := netip.MustParseAddrPort("192.0.2.1:80")
	ctx, cancel := context.WithCancel(t.Context())
	waiting, ended := make(chan struct{}, many), make(chan error, many)
	for range many {
		go func() {
			_, err := open(n.Path(), func(v *visit) (net.Conn, error) {
				d := net.Dialer{ControlContext: func(ctx context.Context, network, address string, c syscall.RawConn) error {
					defer func() { waiting <- struct{}{} }()
					return v.control(ctx, network, address, c)
				}}
				return d.DialContext(ctx, "tcp4", silent.String())
			})
			ended <- err
		}()
	}
	for range many {
		<-waiting
	}
	if threads, err := os.ReadDir("/proc/self/task"); err != nil || len(threads) > many/2 {
		t.Errorf("%d threads for %d dials (%v)", len(threads), many, err)
	}
	cancel()
	for range many {
		if err := <-ended; !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "operation was canceled") {
			t.Error(err)
		}
	}
	_, err := n.Dial(t.Context(), net.Dialer{Timeout: 10 * time.Millisecond}, "tcp", silent)
	if timed, ok := errors.AsType[net.Error](err); !ok || !timed.Timeout() {
		t.Error(err)
	}
}

// The rest of a net.Dialer holds here too.
func TestLocalAddress(t *testing.T) {
	a, _, to := world(t, "127.0.0.1")
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7)}
	c, err := a.Dial(t.Context(), net.Dialer{LocalAddr: from}, "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.LocalAddr().(*net.TCPAddr).IP; !got.Equal(from.IP) {
		t.Error(got)
	}
	from.IP = net.IPv4(192, 0, 2, 1)
	if _, err := a.Dial(t.Context(), net.Dialer{LocalAddr: from}, "tcp", to); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self := At("/proc/self/ns/net")
	for name, c := range map[string]struct {
		n           Namespace
		network, to string
		want        string
	}{
		"no namespace": {At("isle-none"), "tcp", "127.0.0.1:1", "the network namespace /run/netns/isle-none: it cannot be opened: no such file or directory"},
		"a file":       {At(file), "tcp", "127.0.0.1:1", "it cannot be entered: "},
		"network":      {self, "unix", "127.0.0.1:1", `"unix" is no network of sockets in a namespace: tcp and udp are, with a 4 or 6 if need be`},
		"versions":     {self, "tcp46", "127.0.0.1:1", `"tcp46" is no network`},
		"version":      {self, "tcp6", "127.0.0.1:1", "127.0.0.1:1 is no address of tcp6"},
		"mapped":       {self, "udp6", "[::ffff:127.0.0.1]:1", "127.0.0.1:1 is no address of udp6"},
		"zone":         {self, "tcp", "[fe80::1%lo]:1", "has a zone, which means something else in each namespace"},
	} {
		_, err := c.n.Dial(t.Context(), net.Dialer{}, c.network, netip.MustParseAddrPort(c.to))
		if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := self.Dial(t.Context(), net.Dialer{}, "tcp", netip.AddrPort{}); err == nil || !strings.Contains(err.Error(), "needs a literal address") {
		t.Error(err)
	}
	if err := At("isle-none").Do(func() error { t.Error("it ran"); return nil }); err == nil {
		t.Error("no namespace, and no error")
	}
}

// Package net finds out once, on whatever thread asks first, whether there is IPv6. A
// namespace that has none must not decide that for the process.
func TestFirstSocketOfAProcess(t *testing.T) {
	n := unshared(t)
	if out, err := ip(n, "link", "set", "lo", "down"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("SKIPPED: there is no IPv6 here: %v", err)
	} else {
		l.Close()
	}
	if out, err := exec.Command(os.Args[0], strangerArgument, n.Path()).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func firstInANamespace(n Namespace) error {
	l, err := n.Listen(context.Background(), "tcp", netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		return err
	}
	defer l.Close()
	home, err := net.Listen("tcp", ":0")
	if err != nil {
		return err
	}
	defer home.Close()
	if !home.Addr().(*net.TCPAddr).IP.Equal(net.IPv6unspecified) {
		return fmt.Errorf("at home, %s has no IPv6 any more", home.Addr())
	}
	return nil
}

func BenchmarkDial(b *testing.B) {
	n := unshared(b)
	for name, dial := range map[string]struct {
		listen func() (net.Listener, error)
		dial   func(to netip.AddrPort) (net.Conn, error)
	}{
		"plain": {
			func() (net.Listener, error) { return net.Listen("tcp4", loopback.String()) },
			func(to netip.AddrPort) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(b.Context(), "tcp4", to.String())
			},
		},
		"namespace": {
			func() (net.Listener, error) { return n.Listen(b.Context(), "tcp", loopback) },
			func(to netip.AddrPort) (net.Conn, error) { return n.Dial(b.Context(), net.Dialer{}, "tcp", to) },
		},
	} {
		b.Run(name, func(b *testing.B) {
			l, err := dial.listen()
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_ = c.Close()
				}
			}()
			to := at(l, "127.0.0.1")
			for b.Loop() {
				c, err := dial.dial(to)
				if err != nil {
					b.Fatal(err)
				}
				_ = c.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			}
		})
	}
}

// TestListenEcho: a raw socket is in the namespace, where alone its echo is answered.
func TestListenEcho(t *testing.T) {
	n := unshared(t)
	c, err := n.ListenEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	request := []byte{8, 0, 0xf7, 0xfd, 0, 1, 0, 1} // an echo request with the id 1 and the number 1 (RFC 792)
	if _, err := c.WriteTo(request, &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	for answer := make([]byte, 64); ; {
		size, _, err := c.ReadFrom(answer)
		if err != nil {
			t.Fatal(err)
		}
		if size == len(request) && answer[0] == 0 && answer[5] == 1 && answer[7] == 1 {
			return // an echo reply
		}
	}
}
