package dataplane

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"isle/netpol"
)

// greeting connects and returns what the server says.
func greeting(t *testing.T, d Dialer, network, address string) (string, error) {
	t.Helper()
	c, err := d.Dial(t.Context(), network, address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if strings.HasPrefix(network, "udp") {
		_, _ = c.Write([]byte("?"))
	}
	b := make([]byte, 64)
	n, err := c.Read(b)
	return string(b[:n]), err
}

// whoami tells each TCP peer its address.
func whoami(t *testing.T) netip.AddrPort {
	t.Helper()
	return peer(t, func(c net.Conn) { _, _ = io.WriteString(c, c.RemoteAddr().(*net.TCPAddr).IP.String()) })
}

// whoamiUDP tells the sender of each packet its address.
func whoamiUDP(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 64)
		for {
			_, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo([]byte(from.(*net.UDPAddr).IP.String()), from)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestDialReachesTheAttachment(t *testing.T) {
	tcp, udp := whoami(t), whoamiUDP(t)
	p := place(t).mapped("10.0.1.4:22", tcp.String()).mapped("10.0.1.5:53", udp.String()).mapped("10.0.1.6", "127.0.0.1")
	d := NewInproc(Options{Networks: in(p), Resolver: names{"ssh.test": {"10.0.1.4"}}}).Dialer("e", SubnetBuiltIn)
	for _, c := range [][2]string{{"tcp", "10.0.1.4:22"}, {"tcp4", "ssh.test:22"}, {"udp", "10.0.1.5:53"}, {"udp4", "10.0.1.5:53"}, {"tcp", "10.0.1.6:" + port(tcp)}, {"udp", udp.String()}} {
		if got, err := greeting(t, d, c[0], c[1]); got != "127.0.0.1" {
			t.Errorf("%v: %q %v", c, got, err)
		}
	}
}

func TestRulesOfUDPAreOfUDP(t *testing.T) {
	udp := whoamiUDP(t)
	n := NewInproc(Options{Networks: in(place(t, "Out 200 Deny Tcp * Internet *", "Out 300 Allow Udp * Internet *"))})
	d := n.Dialer("e", SubnetBuiltIn)
	if got, err := greeting(t, d, "udp", udp.String()); got != "127.0.0.1" {
		t.Errorf("%q %v", got, err)
	}
	var denied *DeniedError
	if _, err := d.Dial(t.Context(), "tcp", udp.String()); !errors.As(err, &denied) {
		t.Errorf("%v", err)
	}
}

// behindFirewall is a place whose flows to the Internet leave by 203.0.113.10.
func behindFirewall(t *testing.T, e Egress) *Place {
	p := placeOf(t, throughFirewall(model(), "0.0.0.0/0"))
	p.Egress = map[netip.Addr]Egress{addr("203.0.113.10"): e}
	return p
}

func TestEgressBindsALocalAddress(t *testing.T) {
	if c, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Skipf("127.0.0.2 is no address of this host: %v", err)
	} else {
		c.Close()
	}
	p := behindFirewall(t, Egress{Bind: addr("127.0.0.2")})
	tcp, udp := whoami(t), whoamiUDP(t)
	p.mapped("10.0.1.4", "127.0.0.1")
	d := NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetBuiltIn)
	for _, c := range []struct{ network, to, want string }{
		{"tcp", tcp.String(), "127.0.0.1"}, // attached as a whole: inside the network
		{"tcp", "127.0.0.1:" + port(tcp), "127.0.0.1"},
	} {
		if got, err := greeting(t, d, c.network, c.to); got != c.want {
			t.Errorf("%s %s: %q %v", c.network, c.to, got, err)
		}
	}
	p = behindFirewall(t, Egress{Bind: addr("127.0.0.2")})
	d = NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetBuiltIn)
	for network, to := range map[string]netip.AddrPort{"tcp": tcp, "udp": udp} {
		if got, err := greeting(t, d, network, to.String()); got != "127.0.0.2" {
			t.Errorf("%s: %q %v", network, got, err)
		}
	}
	other := NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetConnectors) // has no such route
	if got, err := greeting(t, other, "tcp", tcp.String()); got != "127.0.0.1" {
		t.Errorf("%q %v", got, err)
	}
}

func TestEgressThroughProxies(t *testing.T) {
	to, udp := whoami(t), whoamiUDP(t)
	socks, tunnel := newProxy(t, socksServer), newProxy(t, connectServer)
	for _, c := range []struct {
		proxy string
		used  *proxyServer
		want  string // "" for the greeting; else part of the error
	}{
		{"socks5://" + socks.address, socks, ""},
		{"socks5://user:secret@" + socks.address, socks, ""},
		{"socks5://localhost:" + socks.port(), socks, ""},
		{"http://" + tunnel.address, tunnel, ""},
		{"http://user:secret@" + tunnel.address, tunnel, ""},
		{"socks5://user:wrong-secret@" + socks.address, socks, "the egress proxy socks5://" + socks.address + " does not connect to " + to.String() + ": username/password authentication failed"},
		{"http://user:wrong-secret@" + tunnel.address, tunnel, "the egress proxy http://" + tunnel.address + " does not connect to " + to.String() + ": it answers 407 Proxy Authentication Required"},
		{"ftp://user:secret@" + tunnel.address, nil, `"ftp" is not a kind of proxy`},
	} {
		u, err := url.Parse(c.proxy)
		if err != nil {
			t.Fatal(err)
		}
		d := NewInproc(Options{Networks: in(behindFirewall(t, Egress{Proxy: u}))}).Dialer("e", SubnetBuiltIn)
		var before int32
		if c.used != nil {
			before = c.used.calls.Load()
		}
		got, err := greeting(t, d, "tcp", to.String())
		if c.used != nil && c.used.calls.Load() == before {
			t.Errorf("%s was not asked", c.proxy)
		}
		switch {
		case c.want == "" && got != "127.0.0.1", c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %q %v", c.proxy, got, err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: %v shows the credentials", c.proxy, err)
		}
		before = socks.packets.Load()
		got, err = greeting(t, d, "udp", udp.String())
		switch {
		case c.used == socks && c.want == "" && (got != "127.0.0.1" || socks.packets.Load() == before), c.used == socks && c.want != "" && (err == nil || !strings.Contains(err.Error(), strings.Replace(c.want, to.String(), udp.String(), 1))):
			t.Errorf("%s: udp: %q %v", c.proxy, got, err)
		case c.used == tunnel && (err == nil || !strings.Contains(err.Error(), "a proxy takes TCP only")):
			t.Errorf("%s: udp: %v", c.proxy, err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: udp: %v shows the credentials", c.proxy, err)
		}
	}
}

func TestProxiesThatFail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	garbage := newProxy(t, func(*proxyServer, net.Conn) {})
	long := newProxy(t, func(_ *proxyServer, c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20))
	})
	for _, scheme := range []string{"socks5", "http"} {
		for address, timeout := range map[string]bool{l.Addr().String(): true, garbage.address: false, long.address: false} {
			u := &url.URL{Scheme: scheme, Host: address, User: url.UserPassword("user", "secret")}
			d := NewInproc(Options{Networks: in(behindFirewall(t, Egress{Proxy: u})), Timeout: 50 * time.Millisecond}).Dialer("e", SubnetBuiltIn)
			if !timeout {
				d.(*dialer).network.options.Timeout = 10 * time.Second
			}
			for _, protocol := range []string{"tcp", "udp"} {
				if scheme == "http" && protocol == "udp" {
					continue // is not asked
				}
				_, err := d.Dial(context.Background(), protocol, "198.51.100.1:443")
				var failed *EgressError
				var n net.Error
				if !errors.As(err, &failed) || strings.Contains(err.Error(), "secret") || errors.As(err, &n) && n.Timeout() != timeout {
					t.Errorf("%s: %s: %v", u.Redacted(), protocol, err)
				}
			}
		}
	}
}

func TestLoopbackIsNotAskedOfAFarProxy(t *testing.T) {
	to := whoami(t)
	far := &url.URL{Scheme: "http", Host: "proxy.invalid:3128"}
	d := NewInproc(Options{Networks: in(behindFirewall(t, Egress{Proxy: far}))}).Dialer("e", SubnetBuiltIn)
	if got, err := greeting(t, d, "tcp", to.String()); got != "127.0.0.1" {
		t.Errorf("%q %v", got, err)
	}
}

func TestListenersJudgeEachCaller(t *testing.T) {
	if c, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Skipf("127.0.0.2 is no address of this host: %v", err)
	} else {
		c.Close()
	}
	m := model("In 200 Allow Tcp 10.0.1.6/32 * *", "In 300 Deny Tcp * * *")
	m.Networks[0].Subnets[1].SecurityGroup = groupWeb
	p := placeOf(t, m).mapped("10.0.1.6", "127.0.0.2")
	var seen = make(chan Decision, 8)
	n := NewInproc(Options{Networks: in(p), Observe: func(d Decision) {
		if d.Flow.Direction == Inbound {
			seen <- d
		}
	}})
	l, err := n.Dialer("e", SubnetConnectors).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	denied, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer denied.Close()
	attached := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	go func() {
		if c, err := attached.Dial("tcp", l.Addr().String()); err == nil {
			c.Close()
		}
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if from := c.RemoteAddr().(*net.TCPAddr).IP.String(); from != "127.0.0.2" {
		t.Errorf("accepted %s", from)
	}
	if d := <-seen; d.Allowed || d.Rule != "securityRules/In300" || d.Record.DestinationPort == 0 {
		t.Errorf("%+v", d)
	}
	if d := <-seen; !d.Allowed || d.Rule != "securityRules/In200" || d.Flow.Zone != ZoneVirtualNetwork {
		t.Errorf("%+v", d)
	}
}

func TestSourceOf(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t))})
	l := n.Publish("access endpoint", addrPort("127.0.0.1:8443"))
	defer l.Close()
	got := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		got <- c
	}()
	d := n.Dialer("e", SubnetConnectors)
	here, err := d.Dial(t.Context(), "tcp", "127.0.0.1:8443")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	arrived := <-got
	defer arrived.Close()
	for _, c := range []net.Conn{arrived, tls.Server(arrived, &tls.Config{})} {
		if s, ok := SourceOf(c); !ok || s != d.Source() || s.Address != addr("10.0.0.36") || s.Revision != 1 {
			t.Errorf("%+v %v", s, ok)
		}
	}
	plain, _ := net.Pipe()
	for _, c := range []net.Conn{here, plain, tls.Client(plain, &tls.Config{})} {
		if s, ok := SourceOf(c); ok {
			t.Errorf("%T: %+v", c, s)
		}
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u := &url.URL{Scheme: "http", Host: l.Addr().String()}
	d := NewInproc(Options{Networks: in(behindFirewall(t, Egress{Proxy: u}))}).Dialer("e", SubnetBuiltIn)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1)) // the request is there
			cancel()
		}
	}()
	if _, err := d.Dial(ctx, "tcp", "198.51.100.1:443"); !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestADialerAsksThePolicyOfNow(t *testing.T) {
	to := whoami(t).String()
	places := in(place(t))
	d := NewInproc(Options{Networks: places}).Dialer("e", SubnetBuiltIn)
	for _, c := range []struct {
		rule    string
		allowed bool
	}{{"Out 200 Allow Tcp * * *", true}, {"Out 200 Deny Tcp * * *", false}, {"Out 200 Allow Tcp * * *", true}} {
		places["e"] = place(t, c.rule)
		if _, err := greeting(t, d, "tcp", to); (err == nil) != c.allowed {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
}

func TestNothingIsAttached(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t).mapped("10.0.1.4:22", "127.0.0.1:2222"))})
	for _, to := range []string{"10.0.1.4:23", "10.0.1.99:80", "10.0.200.1:80" /* of no subnet */} {
		_, err := n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", to)
		var op *net.OpError
		if !errors.As(err, &op) || !strings.Contains(err.Error(), "nothing is attached to "+to) {
			t.Errorf("%s: %v", to, err)
		}
	}
	m := model()
	m.Networks[0].Gateway = &netpol.Gateway{ID: "/gateway", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}}
	n = NewInproc(Options{Networks: in(placeOf(t, m))})
	if j := n.judge(n.place("e"), Flow{Source: Source{Environment: "e"}, Protocol: "tcp", Address: addrPort("192.168.7.7:80")}); !j.Allowed || j.reach != addrPort("192.168.7.7:80") {
		t.Errorf("behind the gateway: %+v", j)
	}
}

// TestAMachineOfItsOwnNeedsTheKernel, and who calls it is told so.
func TestAMachineOfItsOwnNeedsTheKernel(t *testing.T) {
	p := place(t)
	p.Guests = map[netip.Addr]string{addr("10.0.1.9"): "/run/netns/sftp"}
	_, err := NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", "10.0.1.9:22")
	if want := "10.0.1.9:22 is the machine /run/netns/sftp, which is reached only where the kernel holds the virtual network: start the server with --dataplane kernel"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
