package identity_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"isle/internal/identity"
)

// at is a connection that came to an address.
type at struct {
	net.Conn
	address net.IP
}

func (c at) LocalAddr() net.Addr { return &net.TCPAddr{IP: c.address, Port: 443} }

// Who comes to an address of this server by that address gets a certificate that has it.
func TestCertificatesOfAddresses(t *testing.T) {
	f := newFixture(t)
	a, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	shown := func(address, name string) *x509.Certificate {
		t.Helper()
		c, err := a.TLSConfig().GetCertificate(&tls.ClientHelloInfo{ServerName: name, Conn: at{address: net.ParseIP(address)}})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.CA())
	inside := shown("10.0.1.4", "")
	if _, err := inside.Verify(x509.VerifyOptions{DNSName: "10.0.1.4", Roots: roots, CurrentTime: f.clock()}); err != nil {
		t.Error(err)
	}
	if again := shown("10.0.1.4", ""); !again.Equal(inside) {
		t.Error("each caller gets another certificate")
	}
	usual := shown("127.0.0.1", "")
	if usual.VerifyHostname("localhost") != nil || usual.VerifyHostname("10.0.1.4") == nil {
		t.Errorf("the server's own certificate is for %v %v", usual.DNSNames, usual.IPAddresses)
	}
	for _, c := range []struct{ address, name string }{{"10.0.1.4", "localhost"}, {"127.0.0.9", ""}, {"0.0.0.0", ""}} {
		if !shown(c.address, c.name).Equal(usual) {
			t.Errorf("%+v gets a certificate of its own", c)
		}
	}
}
