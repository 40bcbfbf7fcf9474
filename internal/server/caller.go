package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/gateway"
)

// caller is the address that a request comes from: its socket's, or behind trusted
// proxies the last address in X-Forwarded-For that is none of them. A workflow of this
// process is no proxy, whatever its simulated address, and nobody in a network is.
func (s *Server) caller(r *http.Request) netip.Addr {
	socket, _ := netip.ParseAddrPort(r.RemoteAddr)
	from := socket.Addr().Unmap()
	if _, inside := gateway.SourceOf(r); inside || gateway.ArrivedAt(r) != "" {
		return from
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusted(from) {
			return from
		}
		before, err := hopAddress(strings.TrimSpace(hop))
		if err != nil {
			return from
		}
		from = before.Unmap()
	}
	return from
}

// hopAddress reads an entry of X-Forwarded-For: an address, to which some proxies add
// the port.
func hopAddress(text string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(text)
}

func (s *Server) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(s.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
