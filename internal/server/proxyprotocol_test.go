package server

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/pires/go-proxyproto"
)

// arrived is a listener that one connection comes to, from an address.
type arrived struct {
	net.Listener
	conn net.Conn
}

func (l arrived) Accept() (net.Conn, error) { return l.conn, nil }

type from struct {
	net.Conn
	address string
}

func (c from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.address))
}
func (from) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.9:443"))
}

// throughProxies says from where a connection comes that begins with some bytes, and what
// is read of it.
func throughProxies(t testing.TB, s *Server, address string, sent []byte) (of net.Addr, read []byte, err error) {
	t.Helper()
	here, there := net.Pipe()
	go func() {
		_, _ = there.Write(sent)
		_ = there.Close()
	}()
	defer here.Close()
	c, err := s.behindProxies(arrived{conn: from{here, address}}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	read, err = io.ReadAll(c)
	return c.RemoteAddr(), read, err
}

func behind(proxies string) *Server {
	return &Server{config: Config{ProxyProtocol: true, TrustedProxies: []netip.Prefix{netip.MustParsePrefix(proxies)}}}
}

// header is one of the protocol, in a version.
func header(t testing.TB, version byte, source string) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(source)), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.9:443")))
	text, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTrustedProxiesSayOnWhoseBehalfTheyCall(t *testing.T) {
	const proxy, stranger, client, hello = "10.0.0.1:5", "192.0.2.1:5", "198.51.100.7:4711", "\x16hello"
	v1, v2 := header(t, 1, client), header(t, 2, client)
	local := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), 0x20, 0, 0, 0) // a proxy's own connection
	for name, c := range map[string]struct {
		s           *Server
		from        string
		head        []byte
		want, reads string
	}{
		"version 1":                {behind("10.0.0.0/8"), proxy, v1, client, hello},
		"version 2":                {behind("10.0.0.0/8"), proxy, v2, client, hello},
		"a proxy that says no one": {behind("10.0.0.0/8"), proxy, nil, proxy, hello},
		"a proxy's own":            {behind("10.0.0.0/8"), proxy, local, proxy, hello},
		"a second one is content":  {behind("10.0.0.0/8"), proxy, append(bytes.Clone(v1), header(t, 1, "203.0.113.1:9")...), client, string(header(t, 1, "203.0.113.1:9")) + hello},
		"a stranger's":             {behind("10.0.0.0/8"), stranger, v1, stranger, string(v1) + hello},
		"it is not asked for":      {&Server{config: Config{TrustedProxies: behind("10.0.0.0/8").config.TrustedProxies}}, proxy, v2, proxy, string(v2) + hello},
	} {
		of, read, err := throughProxies(t, c.s, c.from, append(bytes.Clone(c.head), hello...))
		if err != nil || of.String() != c.want || string(read) != c.reads {
			t.Errorf("%s: %q from %s, %v", name, read, of, err)
		}
	}
	for _, broken := range []string{"PROXY TCP4 nobody 10.0.0.9 1 443\r\n", "PROXY TCP4 198.51.100.7 10.0.0.9 4711 443 and more", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00"} {
		if of, read, err := throughProxies(t, behind("10.0.0.0/8"), proxy, []byte(broken)); err == nil || len(read) > 0 || of.String() != proxy {
			t.Errorf("%q: %q from %s, %v", broken, read, of, err)
		}
	}
}

func FuzzProxyProtocol(f *testing.F) {
	f.Add(append(header(f, 1, "198.51.100.7:4711"), "GET / HTTP/1.1\r\n"...))
	f.Add(header(f, 2, "[2001:db8::1]:4711"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\x03abc"))
	trusting, deaf := behind("10.0.0.0/8"), behind("192.0.2.0/24")
	f.Fuzz(func(t *testing.T, sent []byte) {
		if of, read, _ := throughProxies(t, trusting, "10.0.0.1:5", sent); of == nil || !bytes.HasSuffix(sent, read) {
			t.Errorf("%q: %q from %v", sent, read, of)
		}
		if of, read, _ := throughProxies(t, deaf, "10.0.0.1:5", sent); of.String() != "10.0.0.1:5" || !bytes.Equal(read, sent) {
			t.Errorf("%q of a stranger: %q from %v", sent, read, of)
		}
	})
}
