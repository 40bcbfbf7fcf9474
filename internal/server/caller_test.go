package server

import (
	"net"
	"net/http"
	"net/netip"
	"testing"

	"isle/internal/dataplane"
	"isle/internal/gateway"
)

func TestForwardedAddressesCountFromTrustedProxiesOnly(t *testing.T) {
	s := &Server{config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct{ socket, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.1", "192.0.2.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"10.0.0.1:5", "198.51.100.1", "198.51.100.1"},
		{"[::ffff:10.0.0.1]:5", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:5", "198.51.100.1, nobody", "10.0.0.1"},
		{"10.0.0.1:5", "10.0.0.3", "10.0.0.3"},
		{"10.0.0.1:5", "198.51.100.1:4711", "198.51.100.1"},
		{"10.0.0.1:5", "[2001:db8::1]:4711", "2001:db8::1"},
	} {
		r := &http.Request{RemoteAddr: c.socket, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.caller(r).String(); got != c.want {
			t.Errorf("%s, forwarded for %q: %s, want %s", c.socket, c.forwarded, got, c.want)
		}
	}
}

func callerOf(address string) dataplane.Caller {
	return dataplane.Caller{Address: netip.MustParseAddr(address)}
}

// A workflow whose simulated address is in the range of a trusted proxy cannot say on
// whose behalf it calls.
func TestAWorkflowIsNoProxy(t *testing.T) {
	s := &Server{config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	plane := dataplane.NewInproc(dataplane.Options{})
	inside := plane.Publish("the access endpoint", netip.MustParseAddrPort("127.0.0.1:7443"))
	defer inside.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := inside.Accept()
		accepted <- c
	}()
	dialed, err := plane.Dialer("e", dataplane.SubnetBuiltIn).Dial(t.Context(), "tcp", "127.0.0.1:7443")
	if err != nil {
		t.Fatal(err)
	}
	defer dialed.Close()
	c := <-accepted
	r := (&http.Request{RemoteAddr: c.RemoteAddr().String(), Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}}).WithContext(gateway.ConnContext(t.Context(), c))
	if got := s.caller(r).String(); got != "127.0.0.1" {
		t.Errorf("%s", got)
	}
}
