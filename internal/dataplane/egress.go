package dataplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/proxy"
)

// leaveBy connects to an address by the way that its public address has. The proxy
// itself is the operator's: it is reached directly, and no policy judges it.
func (n *Inproc) leaveBy(ctx context.Context, e *Egress, protocol string, to netip.AddrPort) (net.Conn, error) {
	if e.Proxy == nil {
		return bound(e.Bind, protocol).DialContext(ctx, protocol, to.String())
	}
	by := &egressProxy{network: n, url: e.Proxy}
	dial := by.dial
	if protocol != "tcp" {
		dial = by.associate
	}
	c, err := dial(ctx, to)
	if err != nil {
		return nil, by.failed(to, err)
	}
	return c, nil
}

// bound is a dialer with a local source address; none leaves it to the host.
func bound(from netip.Addr, protocol string) *net.Dialer {
	d := &net.Dialer{FallbackDelay: -1}
	switch {
	case !from.IsValid():
	case protocol == "udp":
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	default:
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d
}

var errTCPOnly = errors.New("a proxy takes TCP only")

// EgressError is the failure of a proxy on the way out. Its text has neither the
// credentials of the proxy nor what the proxy says beyond a code.
type EgressError struct {
	Proxy   string // scheme://host:port
	Address netip.AddrPort
	reason  string
	timeout bool
	cause   error
}

func (e *EgressError) Error() string {
	return fmt.Sprintf("the egress proxy %s does not connect to %s: %s", e.Proxy, e.Address, e.reason)
}

// Timeout and Temporary make it a net.Error.
func (e *EgressError) Timeout() bool   { return e.timeout }
func (e *EgressError) Temporary() bool { return e.timeout }

// Is finds what went wrong without an Unwrap, whose innermost text would not say
// that it was about the proxy.
func (e *EgressError) Is(target error) bool { return errors.Is(e.cause, target) }

// egressProxy connects through a proxy.
type egressProxy struct {
	network *Inproc
	url     *url.URL
}

func (p *egressProxy) failed(to netip.AddrPort, cause error) error {
	e := &EgressError{Proxy: p.url.Scheme + "://" + p.url.Host, Address: to, reason: cause.Error(), cause: cause}
	var op *net.OpError
	if errors.As(cause, &op) {
		e.reason = op.Err.Error() // without the addresses
	}
	var timed net.Error
	e.timeout = errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, os.ErrDeadlineExceeded) || errors.As(cause, &timed) && timed.Timeout()
	if e.timeout {
		e.reason = "it does not answer in time"
	}
	return e
}

func (p *egressProxy) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	switch p.url.Scheme {
	case "socks5":
		return p.socks(ctx, to)
	case "http":
		return p.connect(ctx, to)
	}
	return nil, fmt.Errorf("%q is not a kind of proxy that is known (socks5, http)", p.url.Scheme)
}

// address is where the proxy listens, with the usual port for its kind.
func (p *egressProxy) address(port int) string {
	if p.url.Port() != "" {
		return p.url.Host
	}
	return net.JoinHostPort(p.url.Hostname(), strconv.Itoa(port))
}

// DialContext connects to the proxy, whose name the host's resolver knows.
func (p *egressProxy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = append(addresses, a)
	} else if addresses, err = p.network.options.Resolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	first := noAddress(host)
	for i, a := range addresses {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return c, nil
		}
		if i == 0 {
			first = err
		}
	}
	return nil, first
}

// Dial makes it a proxy.Dialer.
func (p *egressProxy) Dial(network, address string) (net.Conn, error) {
	return p.DialContext(context.Background(), network, address)
}

func (p *egressProxy) socks(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var auth *proxy.Auth
	if user := p.url.User; user != nil {
		password, _ := user.Password()
		auth = &proxy.Auth{User: user.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", p.address(1080), auth, p)
	if err != nil {
		return nil, err
	}
	return d.(proxy.ContextDialer).DialContext(ctx, "tcp", to.String())
}

// connect asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6).
func (p *egressProxy) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	c, err := p.DialContext(ctx, "tcp", p.address(80))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	tunnel, err := p.tunnel(c, to)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return tunnel, nil
}

// maxTunnelAnswer bounds the head of a proxy's answer.
const maxTunnelAnswer = 16 << 10

func (p *egressProxy) tunnel(c net.Conn, to netip.AddrPort) (net.Conn, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Host: to.String()}, Host: to.String(), Header: http.Header{"User-Agent": {""}}}
	if user := p.url.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
		request.Header["Proxy-Authorization"] = request.Header["Authorization"]
		request.Header.Del("Authorization")
	}
	if err := request.Write(c); err != nil {
		return nil, err
	}
	limited := &limitedConn{Conn: c, left: maxTunnelAnswer}
	buffered := bufio.NewReader(limited)
	answer, err := http.ReadResponse(buffered, request)
	if err != nil {
		return nil, fmt.Errorf("its answer cannot be read: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("it answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	limited.left = -1
	if buffered.Buffered() == 0 {
		return c, nil
	}
	return &ahead{Conn: c, r: buffered}, nil
}

// limitedConn reads a bounded amount; a negative one is no bound.
type limitedConn struct {
	net.Conn
	left int
}

func (l *limitedConn) Read(b []byte) (int, error) {
	if l.left < 0 {
		return l.Conn.Read(b)
	}
	if l.left == 0 {
		return 0, errors.New("it is too long")
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// ahead is a connection of which something was read already.
type ahead struct {
	net.Conn
	r *bufio.Reader
}

func (a *ahead) Read(b []byte) (int, error) { return a.r.Read(b) }
