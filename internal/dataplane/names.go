package dataplane

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"isle/internal/netns"
	"isle/netpol"
)

// A name proxy listens in the namespace of a firewall, where the kernel leads the
// connections of which application rules decide by their names. It reads what a client
// says first, asks the policy, and carries what may pass to where that name is, from the
// firewall's own address. It looks the name up itself: else a client could name a friend
// and call a stranger. What may not pass is cut off.

const (
	// askedPatience is how long a client may take to say what it asks for.
	askedPatience = 30 * time.Second
	// tdsHeader is how long the header of a packet of TDS is.
	tdsHeader = 8
	// maxTDS bounds a packet of TDS before its client's name is known.
	maxTDS = 32 << 10
)

// NameProxy is a name proxy.
type NameProxy struct {
	listener net.Listener
	ns       Namespace
	kernel   *Kernel
	network  func() *netpol.Network
	place    func() (*Place, error)

	mu     sync.Mutex
	under  map[*proxied]bool // what was let through; guarded by mu
	closed bool              // guarded by mu
}

// ServeNames begins a name proxy at an address of a firewall's namespace. The network is
// the firewall's, as of now; nil if it is not there. The place is the firewall's, by whose
// name servers names are looked up.
func (k *Kernel) ServeNames(ns Namespace, at netip.AddrPort, network func() *netpol.Network, place func() (*Place, error)) (*NameProxy, error) {
	l, err := ns.Listen(context.Background(), at)
	if err != nil {
		return nil, err
	}
	p := &NameProxy{listener: l, ns: ns, kernel: k, network: network, place: place, under: map[*proxied]bool{}}
	go accept(l, p.serve)
	return p, nil
}

// Close ends the proxy and what it has let through: nobody is there any more whom its
// connections could be judged by.
func (p *NameProxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for one := range p.under {
		one.cut()
	}
	return err
}

// Shutdown is Close.
func (p *NameProxy) Shutdown(context.Context) error { return p.Close() }

// Review judges what was let through by the policy of now, and cuts what that denies
// (network.md §A6, Change).
func (p *NameProxy) Review() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.under {
		if !one.passes() {
			one.cut()
		}
	}
}

// keep notes a connection that was let through; false if the proxy has ended.
func (p *NameProxy) keep(one *proxied) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under[one] = true
	return !p.closed
}

func (p *NameProxy) forget(one *proxied) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.under, one)
}

func (p *NameProxy) serve(c net.Conn) {
	defer c.Close()
	to, err := originalDestination(c)
	if err != nil {
		return
	}
	one := &proxied{proxy: p, client: c, to: to}
	_ = c.SetDeadline(time.Now().Add(askedPatience))
	if err := one.ask(); err != nil {
		if one.server != nil {
			_ = one.server.Close()
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // told as a reset
		}
		return
	}
	defer one.server.Close()
	defer p.forget(one)
	if !p.keep(one) || !one.passes() { // the rules have changed meanwhile
		one.cut()
		return
	}
	_ = c.SetDeadline(time.Time{})
	_ = one.server.SetDeadline(time.Time{})
	var ways sync.WaitGroup
	ways.Go(func() { pass(one.server, c) })
	ways.Go(func() { pass(c, one.server) })
	ways.Wait()
}

// proxied is a connection of a name proxy.
type proxied struct {
	proxy  *NameProxy
	client net.Conn
	server net.Conn // once something was let through
	to     netip.AddrPort
	app    netpol.Application // by which it was let through
	first  []byte             // said by the client and not sent on
}

// passes judges a connection that was let through again. Nobody is told.
func (p *proxied) passes() bool {
	n := p.proxy.network()
	if n == nil {
		return false
	}
	d := n.Evaluate(p.flow(p.app))
	return d.Allowed()
}

// cut ends a connection, as a reset.
func (p *proxied) cut() {
	for _, c := range []net.Conn{p.client, p.server} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

func (p *proxied) flow(app netpol.Application) netpol.Flow {
	from, _ := netip.ParseAddrPort(p.client.RemoteAddr().String())
	return netpol.Flow{Protocol: netpol.TCP, Source: from.Addr().Unmap(), SourcePort: from.Port(), Destination: p.to.Addr(), DestinationPort: p.to.Port(), Application: app}
}

// ask reads what the client asks for, judges it, and sends it on.
func (p *proxied) ask() error {
	for {
		app, err := asked(p.first)
		switch {
		case err == nil && app.Protocol == netpol.MSSQL:
			return p.askTDS()
		case err == nil:
			return p.let(app)
		case !errors.Is(err, errUnfinished) || len(p.first) > maxAsked:
			p.judge(netpol.Application{})
			return err
		}
		b := make([]byte, 4096)
		n, err := p.client.Read(b)
		if p.first = append(p.first, b[:n]...); err != nil && n == 0 {
			return err
		}
	}
}

// let judges a name and, if it may pass, sends on what was said.
func (p *proxied) let(app netpol.Application) error {
	if d := p.judge(app); !d.Allowed {
		return &DeniedError{Decision: d}
	}
	ctx, cancel := context.WithTimeout(context.Background(), askedPatience)
	defer cancel()
	places, err := p.proxy.lookup(ctx, app.Name)
	if err != nil {
		return err
	}
	if err := p.lead(ctx, app, places); err != nil {
		return err
	}
	p.app = app
	_, err = p.server.Write(p.first)
	return err
}

// lookup finds where a name is, as the firewall's name servers say.
func (p *NameProxy) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	place, err := p.place()
	if err != nil {
		return nil, err
	}
	return p.kernel.LookUp(ctx, place, name)
}

// errElsewhere is what a client gets that names somebody and calls another.
var errElsewhere = errors.New("the name is not at an address that may be called")

// lead connects to one of the addresses of a name: the one that the client called, if it
// is among them. Another is judged like that. Who is connected already, since a name came
// late, must have been right.
func (p *proxied) lead(ctx context.Context, app netpol.Application, places []netip.Addr) error {
	if slices.Contains(places, p.to.Addr()) {
		return p.reach(ctx)
	}
	failed := errElsewhere
	for _, a := range places {
		if p.server != nil || !a.IsGlobalUnicast() || a.Is4() != p.to.Addr().Is4() {
			continue
		}
		p.to = netip.AddrPortFrom(a, p.to.Port())
		if d := p.judge(app); !d.Allowed {
			failed = &DeniedError{Decision: d}
		} else if failed = p.reach(ctx); failed == nil {
			return nil
		}
	}
	return failed
}

// reach connects to where the client is on its way.
func (p *proxied) reach(ctx context.Context) (err error) {
	if p.server == nil {
		p.server, err = netns.At(p.proxy.ns.Path).Dial(ctx, net.Dialer{Timeout: askedPatience}, "tcp", p.to)
	}
	return err
}

// judge asks the policy and reports what it says.
func (p *proxied) judge(app netpol.Application) Decision {
	f := Flow{Direction: Outbound, Protocol: "tcp", Host: app.Name, Address: p.to}
	flow := p.flow(app)
	var d netpol.Decision
	if n := p.proxy.network(); n != nil {
		d = n.Evaluate(flow)
	}
	return p.proxy.kernel.report(judgement{Decision: byPolicy(f, flow, d)}).Decision
}

// askTDS lets the first packets of TDS pass, PRELOGIN and its answer, where an application
// rule may allow what follows: only then does the client say its name, in a ClientHello
// within packets of TDS (MS-TDS §2.2.6.5).
func (p *proxied) askTDS() error {
	if _, err := p.packet(p.client, &p.first, 0x12); err != nil {
		return err
	}
	if d := p.judge(netpol.Application{Protocol: netpol.MSSQL}); d.Record.Reason != netpol.NameUnknown.String() {
		return &DeniedError{Decision: d}
	}
	if err := p.reach(context.Background()); err != nil {
		return err
	}
	_ = p.server.SetDeadline(time.Now().Add(askedPatience))
	if _, err := p.server.Write(p.first); err != nil {
		return err
	}
	var answer []byte
	if _, err := p.packet(p.server, &answer, 0x04); err != nil {
		return err
	}
	if _, err := p.client.Write(answer); err != nil {
		return err
	}
	p.first = nil
	var hello []byte
	for {
		at := len(p.first)
		rest := []byte{}
		n, err := p.packet(p.client, &rest, 0x12)
		p.first = append(p.first, rest...)
		if err != nil || len(p.first) > maxAsked {
			p.judge(netpol.Application{})
			return errors.Join(err, errUnfinished)
		}
		hello = append(hello, p.first[at+tdsHeader:at+n]...)
		app, err := askedByTLS(hello)
		if errors.Is(err, errUnfinished) {
			continue
		}
		app.Protocol = netpol.MSSQL
		return p.let(app)
	}
}

// packet reads one packet of TDS of a type, of which something may be read already, and
// tells how long it is. Nothing may follow it: each side waits for the other.
func (p *proxied) packet(c net.Conn, read *[]byte, typ byte) (int, error) {
	for need := tdsHeader; ; {
		if len(*read) >= tdsHeader {
			need = int(binary.BigEndian.Uint16((*read)[2:]))
			if (*read)[0] != typ || need < tdsHeader || need > maxTDS || len(*read) > need {
				return 0, errors.New("it is not the packet of TDS that is due")
			}
			if len(*read) == need {
				return need, nil
			}
		}
		b := make([]byte, need-len(*read))
		if _, err := io.ReadFull(c, b); err != nil {
			return 0, err
		}
		*read = append(*read, b...)
	}
}
