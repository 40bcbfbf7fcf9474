package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// dialer is a Dialer of an Inproc network.
type dialer struct {
	network *Inproc
	source  Source
	probing bool // it tries who answers, for nobody: what it reaches for is no attempt
	quiet   bool // nobody is told of its flows
}

// Source implements Dialer.
func (d *dialer) Source() Source { return d.network.source(d.source.Environment, d.source.Subnet) }

// Resolve implements Dialer.
func (d *dialer) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return d.lookup(ctx, d.network.place(d.source.Environment), host)
}

// Dial resolves, judges each address, and connects to the allowed ones in turn
// until one answers. All of it is judged as of one policy.
func (d *dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := splitAddress(network, address)
	if err != nil {
		return nil, err
	}
	place := d.network.place(d.source.Environment)
	attempt := d.outgoing(ctx, network, host, port)
	addresses, err := d.lookup(ctx, place, host)
	if err != nil {
		attempt.Denied = errors.As(err, new(*DeniedError))
		d.attempted(place, attempt)
		return nil, err
	}
	if place != nil && len(place.Proxies) > 0 { // a firewall may have learned where the host is
		place = d.network.place(d.source.Environment)
	}
	return d.reach(ctx, place, network, attempt, addresses)
}

// attempted tells of an attempt.
func (d *dialer) attempted(place *Place, attempt Attempt) {
	if !d.probing {
		d.network.attempted(place, attempt)
	}
}

// reach judges the addresses that a host has, and connects to one that is allowed.
func (d *dialer) reach(ctx context.Context, place *Place, network string, attempt Attempt, addresses []netip.Addr) (net.Conn, error) {
	host, port := attempt.Host, attempt.Port
	flow := Flow{Source: d.source, Direction: Outbound, Protocol: network[:3], Host: host}
	var ways []judgement
	var denied error
	addresses = d.network.usable(place, addresses, network)
	for _, a := range addresses {
		flow.Address = netip.AddrPortFrom(a, port)
		if j := d.network.judge(place, flow); j.Allowed {
			ways = append(ways, j)
		} else if denied == nil {
			denied = &DeniedError{Decision: j.Decision}
		}
	}
	attempt.Addresses, attempt.Denied = PackAddresses(addresses...), len(ways) == 0 && denied != nil
	d.attempted(place, attempt)
	switch {
	case len(ways) > 0:
		c, err := d.connect(ctx, ways)
		if err != nil || place == nil || d.probing || d.network.options.Attempted == nil {
			return c, err
		}
		return &attemptedConn{c, d.network, place, attempt}, nil
	case denied != nil:
		return nil, denied
	}
	return nil, noAddress(host)
}

// usable drops the addresses of another version than the network asked for, and from
// a network the IPv6 addresses where there is an IPv4 one: its subnets have IPv4. If
// there is none, the judgement of those says why they cannot be reached.
func (n *Inproc) usable(p *Place, addresses []netip.Addr, network string) []netip.Addr {
	fits := func(a netip.Addr) bool { return network[3:] == "" || a.Is4() == (network[3:] == "4") }
	reachable := func(a netip.Addr) bool { return fits(a) && (p == nil || a.Is4() || n.host.has(a)) }
	wanted := fits
	if slices.ContainsFunc(addresses, reachable) {
		wanted = reachable
	}
	return slices.DeleteFunc(slices.Clone(addresses), func(a netip.Addr) bool { return !wanted(a) })
}

// connect tries the ways one after the other, sharing what is left of the time among
// those still to be tried; the first error is the one reported.
func (d *dialer) connect(ctx context.Context, ways []judgement) (net.Conn, error) {
	var first error
	for i := range ways {
		c, err := d.connectOne(ctx, &ways[i], d.attempt(ctx, len(ways)-i))
		if err == nil && ways[i].named {
			return d.listening(c, ways[i]), nil
		}
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

func (d *dialer) connectOne(ctx context.Context, j *judgement, timeout time.Duration) (net.Conn, error) {
	c, err := d.connectBy(ctx, j, timeout)
	return d.network.outward(j, c, err), err
}

// connectBy connects by the way that a judgement has found.
func (d *dialer) connectBy(ctx context.Context, j *judgement, timeout time.Duration) (net.Conn, error) {
	switch {
	case j.inlet != nil:
		return j.inlet.dial(ctx, d.source)
	case d.network.inner != nil && j.place != nil:
		if way, err := d.network.inner.way(ctx, d.source, j); err != nil || way != "" {
			return inside(ctx, way, err, j, timeout)
		}
	}
	switch {
	case !j.reach.IsValid():
		return nil, unattached(j)
	case j.egress != nil:
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return d.network.leaveBy(ctx, j.egress, j.Flow.Protocol, j.reach)
	}
	direct := net.Dialer{Timeout: timeout, FallbackDelay: -1}
	return direct.DialContext(ctx, j.Flow.Protocol, j.reach.String())
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
	if network[:3] != "tcp" {
		return nil, net.UnknownNetworkError(network)
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
	at := unmap(netip.AddrPortFrom(addresses[0], port))
	if verdict := d.network.binding(Flow{Source: d.source, Protocol: "tcp", Host: host, Address: at}); !verdict.Allowed {
		return nil, &DeniedError{Decision: verdict}
	}
	inner, err := d.listen(ctx, at)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: inner, dialer: d}, nil
}

// listen makes the socket of a listener.
func (d *dialer) listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	if place := d.network.place(d.source.Environment); d.network.inner != nil && place != nil {
		return d.network.inner.listen(ctx, d.source, place, at)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", at.String())
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
		if c, admitted := l.admits(c); admitted {
			return c, nil
		}
		_ = c.Close() // denied: nothing is owed to the peer
	}
}

// admits judges a connection, and has it measured if it is let in.
func (l *listener) admits(c net.Conn) (net.Conn, bool) {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return nil, false
	}
	at, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return nil, false
	}
	n := l.dialer.network
	place := n.place(l.dialer.source.Environment)
	j := n.judge(place, Flow{Source: l.dialer.source, Direction: Inbound, Protocol: "tcp", Address: from, Port: at.Port()})
	if !j.Allowed {
		return nil, false
	}
	return n.inward(place, &j.Decision, c), true
}

func splitAddress(network, address string) (host string, port uint16, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
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

// UnattachedError is the failure of a flow to a place in the network where there is
// nothing: it never goes to whoever has the address on the host's own network.
type UnattachedError struct {
	Address netip.AddrPort
	// Guest is the machine that has the address and that only the kernel reaches; "" for
	// none.
	Guest string
}

func (e *UnattachedError) Error() string {
	if e.Guest != "" {
		return fmt.Sprintf("%s is the machine %s, which is reached only where the kernel holds the virtual network: start the server with --dataplane kernel, or attach a real address with `isle port add`", e.Address, e.Guest)
	}
	return fmt.Sprintf("nothing is attached to %s in the virtual network; attach a real address to it with `isle port add`", e.Address)
}

func unattached(j *judgement) error {
	e := &UnattachedError{Address: j.Flow.Address}
	if j.place != nil {
		e.Guest = j.place.Guests[j.to.Addr()]
	}
	return &net.OpError{Op: "dial", Net: j.Flow.Protocol, Addr: net.TCPAddrFromAddrPort(j.Flow.Address), Err: e}
}
