package dataplane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// peer listens on loopback and does something with each connection that comes.
func peer(t *testing.T, do func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { do(c); c.Close() }()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// echo sends back what it is sent.
func echo(t *testing.T) netip.AddrPort {
	t.Helper()
	return peer(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
}

type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	list, ok := n[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var out []netip.Addr
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

func TestLoopbackStaysCallable(t *testing.T) {
	to := echo(t)
	n := NewInproc(Options{})
	c, err := n.Dialer("e", SubnetBuiltIn).Dial(context.Background(), "tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte("hi"))
	b := make([]byte, 2)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hi" {
		t.Fatalf("%q, %v", b, err)
	}
}

func TestJudgeWithoutANetwork(t *testing.T) {
	n := NewInproc(Options{})
	n.Reserve("management", netip.MustParseAddrPort("127.0.0.1:8443"))
	n.Reserve("database", netip.MustParseAddrPort("192.0.2.9:5432"))
	for _, c := range []struct {
		to      string
		allowed bool
		zone    Zone
	}{
		{"127.0.0.1:80", true, ZoneInternet},
		{"127.0.0.1:8443", false, ZoneReserved},
		{"127.9.9.9:8443", false, ZoneReserved},
		{"[::1]:8443", false, ZoneReserved},
		{"0.0.0.0:8443", false, ZoneReserved},
		{"[::]:8443", false, ZoneReserved},
		{"[::ffff:127.0.0.1]:8443", false, ZoneReserved},
		{"[64:ff9b::7f00:1]:8443", false, ZoneReserved},
		{"192.0.2.9:5432", false, ZoneReserved},
		{"192.0.2.9:5433", true, ZoneInternet},
		{"198.51.100.1:8443", true, ZoneInternet},
		{"169.254.169.254:80", false, ZoneLinkLocal},
		{"[::ffff:169.254.1.1]:443", false, ZoneLinkLocal},
		{"[64:ff9b::a9fe:a9fe]:80", false, ZoneLinkLocal},
		{"[2002:a9fe:a9fe::1]:80", false, ZoneLinkLocal},
		{"[::a9fe:a9fe]:80", false, ZoneLinkLocal},
		{"[fe80::1]:80", false, ZoneLinkLocal},
		{"[fd00:ec2::254]:80", false, ZoneLinkLocal},
		{"10.0.0.50:22", true, ZoneInternet},
	} {
		d := n.Judge(Flow{Source: Source{Environment: "e"}, Protocol: "tcp", Address: netip.MustParseAddrPort(c.to)})
		if d.Allowed != c.allowed || d.Flow.Zone != c.zone || d.Reason == "" || d.Rule == "" || d.Record.Message == "" {
			t.Errorf("%s: %+v", c.to, d)
		}
	}
}

func TestEveryResolvedAddressIsJudged(t *testing.T) {
	to := echo(t)
	var seen []Decision
	n := NewInproc(Options{
		Resolver: names{"rebind.test": {"169.254.169.254", "127.0.0.1"}, "metadata.test": {"169.254.169.254"}, "none.test": {}},
		Observe:  func(d Decision) { seen = append(seen, d) },
	})
	d := n.Dialer("e", SubnetBuiltIn)
	c, err := d.Dial(context.Background(), "tcp", net.JoinHostPort("rebind.test", port(to)))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if len(seen) != 2 || seen[0].Allowed || !seen[1].Allowed {
		t.Errorf("decisions: %+v", seen)
	}
	_, err = d.Dial(context.Background(), "tcp", "metadata.test:80")
	var denied *DeniedError
	if !errors.As(err, &denied) || !strings.Contains(err.Error(), "metadata.test") {
		t.Errorf("%v", err)
	}
	var dns *net.DNSError
	for _, name := range []string{"none.test:80", "unknown.test:80"} {
		if _, err := d.Dial(context.Background(), "tcp", name); !errors.As(err, &dns) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecondAddressIsTriedWhenTheFirstDoesNotAnswer(t *testing.T) {
	to := echo(t)
	n := NewInproc(Options{Resolver: names{"two.test": {"127.0.0.2", "127.0.0.1"}}})
	c, err := n.Dialer("e", SubnetBuiltIn).Dial(context.Background(), "tcp", net.JoinHostPort("two.test", port(to)))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func port(a netip.AddrPort) string {
	_, p, _ := net.SplitHostPort(a.String())
	return p
}

func TestBadAddresses(t *testing.T) {
	d := NewInproc(Options{}).Dialer("e", SubnetBuiltIn)
	for _, c := range [][2]string{{"ip4:icmp", "127.0.0.1:1"}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:http"}, {"tcp", "127.0.0.1:70000"}, {"unix", "/tmp/x"}} {
		if _, err := d.Dial(context.Background(), c[0], c[1]); err == nil {
			t.Errorf("%v was dialed", c)
		}
	}
}

func TestPublishedEndpointIsReachedInProcessAndWinsOverReserved(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t))})
	at := netip.MustParseAddrPort("127.0.0.1:8443")
	n.Reserve("management", at)
	l := n.Publish("access endpoint", at)
	got := make(chan net.Addr, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		got <- c.RemoteAddr()
		c.Close()
	}()
	d := n.Dialer("e", SubnetBuiltIn)
	c, err := d.Dial(context.Background(), "tcp", "localhost:8443")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if from := (<-got).String(); from != "10.0.0.5:0" {
		t.Errorf("the access endpoint saw %s", from)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := d.Dial(ctx, "tcp", at.String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody accepts: %v", err)
	}
	l.Close()
	var denied *DeniedError
	if _, err := d.Dial(context.Background(), "tcp", at.String()); !errors.As(err, &denied) {
		t.Errorf("after closing, the port is only reserved: %v", err)
	}
}

func TestListen(t *testing.T) {
	n := NewInproc(Options{})
	n.Reserve("management", netip.MustParseAddrPort("127.0.0.1:8443"))
	d := n.Dialer("e", SubnetConnectors)
	var denied *DeniedError
	if _, err := d.Listen(context.Background(), "tcp", "127.0.0.1:8443"); !errors.As(err, &denied) {
		t.Errorf("%v", err)
	}
	if _, err := d.Listen(context.Background(), "tcp", ":0"); err == nil {
		t.Error("listening everywhere was allowed")
	}
	l, err := d.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := d.Dial(context.Background(), "tcp", l.Addr().String()); err == nil {
			c.Close()
		}
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestComponentAddresses(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t))})
	for c, want := range map[Component]string{AccessEndpoint: "10.0.0.4", BuiltIn: "10.0.0.5", Connectors: "10.0.0.36", Management: "10.0.0.68", Cache: "10.0.0.100"} {
		if got, ok := n.Address("e", c); !ok || got.String() != want {
			t.Errorf("component %d: %v, want %s", c, got, want)
		}
	}
	if _, ok := n.Address("shared", BuiltIn); ok {
		t.Error("an environment without a network has addresses")
	}
}
