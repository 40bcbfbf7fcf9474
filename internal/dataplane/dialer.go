package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// dialer is a Dialer of an Inproc network.
type dialer struct {
	network *Inproc
	source  Source
}

func (d *dialer) Source() Source { return d.source }

// Resolve answers with IPv4 addresses unmapped, in the resolver's order.
func (d *dialer) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addresses, err := d.network.options.Resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(host, "."))
	if err != nil {
		return nil, err
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	return addresses, nil
}

// Dial resolves, judges each address, and connects to the allowed ones in turn
// until one answers.
func (d *dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := splitAddress(network, address)
	if err != nil {
		return nil, err
	}
	addresses, err := d.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var allowed []Flow
	var denied error
	for _, a := range addresses {
		if network == "tcp4" && !a.Is4() || network == "tcp6" && a.Is4() {
			continue
		}
		flow := Flow{Source: d.source, Direction: Outbound, Protocol: "tcp", Host: host, Address: netip.AddrPortFrom(a, port)}
		if verdict := d.network.Judge(flow); verdict.Allowed {
			allowed = append(allowed, verdict.Flow)
		} else if denied == nil {
			denied = &DeniedError{verdict}
		}
	}
	if len(allowed) == 0 {
		if denied != nil {
			return nil, denied
		}
		return nil, noAddress(host)
	}
	return d.connect(ctx, allowed)
}

// connect tries the flows one after the other, sharing what is left of the time
// among those still to be tried; the first error is the one reported.
func (d *dialer) connect(ctx context.Context, flows []Flow) (net.Conn, error) {
	var first error
	for i, f := range flows {
		c, err := d.connectOne(ctx, f, d.attempt(ctx, len(flows)-i))
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (d *dialer) connectOne(ctx context.Context, f Flow, timeout time.Duration) (net.Conn, error) {
	if f.Zone == ZoneIsle {
		if e := d.network.find(d.network.publishedList(), f.Address); e != nil {
			return e.inlet.dial(ctx, d.source)
		}
	}
	direct := net.Dialer{Timeout: timeout, FallbackDelay: -1}
	return direct.DialContext(ctx, "tcp", f.Address.String())
}

func (d *dialer) attempt(ctx context.Context, left int) time.Duration {
	timeout := d.network.options.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(deadline)/time.Duration(left), time.Second))
	}
	return timeout
}

// Listen binds a literal address or "localhost"; a reserved port is refused.
func (d *dialer) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	host, port, err := splitAddress(network, address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return nil, errors.New("a listener of an operation needs an address to bind to")
	}
	addresses, err := d.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addresses) == 0 {
		return nil, noAddress(host)
	}
	at := netip.AddrPortFrom(addresses[0], port)
	if port != 0 {
		flow := Flow{Source: d.source, Direction: Outbound, Protocol: "tcp", Host: host, Address: at}
		if verdict := d.network.Judge(flow); !verdict.Allowed {
			return nil, &DeniedError{verdict}
		}
	}
	var config net.ListenConfig
	inner, err := config.Listen(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	return &listener{Listener: inner, dialer: d}, nil
}

// listener hands out only the connections that the policy allows.
type listener struct {
	net.Listener
	dialer *dialer
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, err := netip.ParseAddrPort(c.RemoteAddr().String())
		if err == nil && l.dialer.network.Judge(Flow{Source: l.dialer.source, Direction: Inbound, Protocol: "tcp", Address: from}).Allowed {
			return c, nil
		}
		_ = c.Close() // denied: nothing is owed to the peer
	}
}

func splitAddress(network, address string) (host string, port uint16, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return "", 0, net.UnknownNetworkError(network)
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q of %q is not a number from 0 to 65535", text, address)
	}
	return host, uint16(n), nil
}

func noAddress(host string) error {
	return &net.DNSError{Err: "the name has no address", Name: host, IsNotFound: true}
}
