package dataplane

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"isle/internal/netns"
)

// A probe tries whether somebody answers. It takes the way that a workflow's call would
// take, and is judged like it; but it is made for nobody, so it counts among what
// workflows have tried to reach no more than a health check does.

const (
	// maxProbes is how many are sent for one question, each within probeTimeout, all within
	// probesTimeout. So long a question waits at most before that, and its name is looked up.
	maxProbes     = 10
	probeTimeout  = 2 * time.Second
	probesTimeout = 10 * time.Second
	// probing is how many questions are answered at a time; others wait.
	probing = 8
)

// Protocols of probes.
const (
	ProbeTCP   = "tcp"
	ProbeHTTP  = "http"
	ProbeHTTPS = "https"
	ProbeICMP  = "icmp"
)

// Probe is what is asked for: who answers at a port, or at all.
type Probe struct {
	Protocol  string
	Host      string       // as it was given; what a firewall's application rules and TLS are told
	Addresses []netip.Addr // of the host, in the order in which they are tried
	Port      uint16       // none of ICMP
	Path      string       // of HTTP: with its query; "" is /
	Header    http.Header  // of HTTP; "Host" is that of the request
	Valid     []int        // status codes of HTTP that count as an answer; none: each does
}

// Probed is what came of it.
type Probed struct {
	Sent, Failed  int
	Min, Avg, Max time.Duration // of those that were answered
	Err           error         // why the first one that failed did, or why none was sent
}

// Prober sends probes from one place.
type Prober interface {
	// Resolve looks a name up as who stands there would. Addresses that nothing there can
	// call are left out.
	Resolve(ctx context.Context, host string) ([]netip.Addr, error)
	// Probe sends some probes, a bounded number in bounded time. One that the policy denies
	// is not sent, nor is another one then: Err is a *DeniedError.
	Probe(ctx context.Context, p Probe) Probed
}

// ErrNoEcho is why ICMP is not sent: it takes the kernel, and an end inside its networks.
var ErrNoEcho = errors.New("echo requests are sent only where the kernel holds the virtual network, to addresses in it (--dataplane kernel)")

// Prober sends probes on behalf of an environment, from its first subnet.
func (n *Inproc) Prober(environment string) Prober {
	return &prober{d: &dialer{network: n, source: n.source(environment, SubnetBuiltIn), probing: true}}
}

type prober struct{ d *dialer }

func (p *prober) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, probesTimeout)
	defer cancel()
	place := p.d.network.place(p.d.source.Environment)
	addresses, err := p.d.lookup(ctx, place, host)
	if err != nil {
		return nil, err
	}
	if addresses = p.d.network.usable(place, addresses, "tcp"); len(addresses) == 0 {
		return nil, noAddress(host)
	}
	return addresses, nil
}

func (p *prober) Probe(ctx context.Context, of Probe) Probed {
	place := p.d.network.place(p.d.source.Environment)
	return of.send(ctx, p.d.network.probeRoom, probeWays{
		dial: func(ctx context.Context) (net.Conn, error) {
			return p.d.reach(ctx, place, "tcp", p.d.outgoing(ctx, "tcp", of.Host, of.Port), of.Addresses)
		},
		echo: func(ctx context.Context, to netip.Addr) error { return p.d.echo(ctx, place, to) },
	})
}

// echo sends an echo request from the component's namespace.
func (d *dialer) echo(ctx context.Context, place *Place, to netip.Addr) error {
	k := d.network.inner
	if k == nil || place == nil || !place.holds(to) || !to.Is4() || isMetadata(to) {
		return ErrNoEcho
	}
	held, err := k.wall.Held(ctx, d.source.Environment)
	if err != nil {
		return notHeld(Flow{Protocol: ProbeICMP, Address: netip.AddrPortFrom(to, 0)}, err)
	}
	return sendEcho(ctx, held.Namespaces[d.source.Environment][d.source.Subnet.component()], to)
}

// MachineProber sends probes as a machine that is attached by a real address: from the
// namespace that the kernel holds for its interface, where the kernel's rules meet each
// packet. Names are its own affair.
type MachineProber struct {
	Namespace Namespace
	network   *Inproc
}

// MachineProber is that of an interface's namespace.
func (n *Inproc) MachineProber(ns Namespace) *MachineProber { return &MachineProber{ns, n} }

// Resolve knows literal addresses only.
func (m *MachineProber) Resolve(_ context.Context, host string) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, &net.DNSError{Err: "the name servers of a machine are its own affair: give an address", Name: host}
	}
	return []netip.Addr{a.Unmap()}, nil
}

// Probe implements Prober.
func (m *MachineProber) Probe(ctx context.Context, of Probe) Probed {
	if len(of.Addresses) == 0 || isMetadata(of.Addresses[0]) {
		return Probed{Err: errors.New("link-local addresses and the platform's are not probed")}
	}
	return of.send(ctx, m.network.probeRoom, probeWays{
		dial: func(ctx context.Context) (net.Conn, error) {
			return netns.At(m.Namespace.Path).Dial(ctx, net.Dialer{}, "tcp", netip.AddrPortFrom(of.Addresses[0], of.Port))
		},
		echo: func(ctx context.Context, to netip.Addr) error { return sendEcho(ctx, m.Namespace, to) },
	})
}

// probeWays are how a probe is carried out.
type probeWays struct {
	dial func(context.Context) (net.Conn, error)
	echo func(context.Context, netip.Addr) error
}

// send carries out the probes, one after the other.
func (p *Probe) send(ctx context.Context, room chan struct{}, ways probeWays) (done Probed) {
	waiting := time.NewTimer(probesTimeout)
	defer waiting.Stop()
	select {
	case room <- struct{}{}:
		defer func() { <-room }()
	case <-waiting.C:
		return Probed{Err: errors.New("too many probes are under way; ask again")}
	case <-ctx.Done():
		return Probed{Err: ctx.Err()}
	}
	var sum time.Duration
	for last := time.Now().Add(probesTimeout - probeTimeout); done.Sent < maxProbes; { // each has all of its time
		begun := time.Now()
		if ctx.Err() != nil || begun.After(last) {
			break
		}
		err := p.once(ctx, ways)
		took := time.Since(begun)
		if errors.As(err, new(*DeniedError)) || errors.Is(err, ErrNoEcho) {
			done.Err = first(done.Err, err)
			return done
		}
		done.Sent++
		if err != nil {
			done.Failed, done.Err = done.Failed+1, first(done.Err, err)
			continue
		}
		if answered := done.Sent - done.Failed; answered == 1 || took < done.Min {
			done.Min = took
		}
		done.Max, sum = max(done.Max, took), sum+took
	}
	if answered := done.Sent - done.Failed; answered > 0 {
		done.Avg = sum / time.Duration(answered)
	}
	return done
}

// once carries out one probe.
func (p *Probe) once(ctx context.Context, ways probeWays) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if p.Protocol == ProbeICMP {
		if len(p.Addresses) == 0 {
			return noAddress(p.Host)
		}
		return ways.echo(ctx, p.Addresses[0])
	}
	c, err := ways.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if p.Protocol == ProbeTCP {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if p.Protocol == ProbeHTTPS {
		// Whose certificate it is, is not what is asked: the question is who answers.
		config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // see above
		if _, err := netip.ParseAddr(p.Host); err != nil {
			config.ServerName = p.Host
		}
		secure := tls.Client(c, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		c = secure
	}
	return p.ask(c)
}

// StatusError is an answer whose status is none of those that were asked for.
type StatusError struct {
	Status int
	Valid  []int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("it answers with status %d, which is none of %v", e.Status, e.Valid)
}

// maxProbeHead bounds the head of an answer; its body is not read.
const maxProbeHead = 64 << 10

// ask makes an HTTP request and looks at the status of the answer.
func (p *Probe) ask(c net.Conn) error {
	at, err := url.ParseRequestURI(p.path())
	if err != nil {
		return err
	}
	r := &http.Request{Method: http.MethodGet, URL: at, Host: p.authority(), Header: p.Header.Clone(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Close: true}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	if err := r.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(&limitedConn{Conn: c, left: maxProbeHead}), r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if len(p.Valid) > 0 && !slices.Contains(p.Valid, answer.StatusCode) {
		return &StatusError{answer.StatusCode, p.Valid}
	}
	return nil
}

func (p *Probe) path() string {
	if p.Path == "" {
		return "/"
	}
	return p.Path
}

// authority is the host of a request, with its port unless that is the usual one.
func (p *Probe) authority() string {
	if p.Protocol == ProbeHTTP && p.Port == 80 || p.Protocol == ProbeHTTPS && p.Port == 443 {
		if a, err := netip.ParseAddr(p.Host); err == nil && a.Is6() {
			return "[" + p.Host + "]"
		}
		return p.Host
	}
	return net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
}

// sendEcho sends an echo request from a namespace and waits for its reply.
func sendEcho(ctx context.Context, ns Namespace, to netip.Addr) error {
	c, err := netns.At(ns.Path).ListenEcho(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	id := int(rand.Uint32N(1 << 16))
	request := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: id, Seq: 1, Data: []byte("isle")}}
	packet, err := request.Marshal(nil)
	if err != nil {
		return err
	}
	if _, err := c.WriteTo(packet, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(buffer)
		if err != nil {
			return err
		}
		reply, err := icmp.ParseMessage(1, buffer[:n])
		if err != nil || reply.Type != ipv4.ICMPTypeEchoReply || from.String() != to.String() {
			continue // the socket hears all ICMP of the namespace
		}
		if body, ok := reply.Body.(*icmp.Echo); ok && body.ID == id {
			return nil
		}
	}
}
