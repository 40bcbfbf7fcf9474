package server

import (
	"net/http"
	"net/netip"
	"testing"
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
