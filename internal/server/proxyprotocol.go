package server

import (
	"errors"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// checkProxies checks who may say on whose behalf it calls.
func (c *Config) checkProxies() error {
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		return errors.New("--proxy-protocol: nobody is trusted to speak it: name the proxies with --trusted-proxies")
	}
	return nil
}

// behindProxies has a connection of a trusted proxy come from whom the proxy names in front
// of all else, by the PROXY protocol, version 1 or 2; without that it comes from the proxy.
// What others begin with is theirs to say.
func (s *Server) behindProxies(l net.Listener) net.Listener {
	if !s.config.ProxyProtocol {
		return l
	}
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: firstByteTimeout, ConnPolicy: func(c proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		from, err := netip.ParseAddrPort(c.Upstream.String())
		if err != nil || !s.trusted(from.Addr().Unmap()) {
			return proxyproto.SKIP, nil
		}
		return proxyproto.USE, nil
	}}
}
