package dataplane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A relay is what answers at a private address in the place of what is attached there
// by a real address: it listens in the namespace of the network interface, so that the
// kernel judges what comes, and carries it to the real address from the host's
// namespace. What connects has been let in before the real end is called: where that
// does not answer, the connection is cut off at once.

// relayIdle is how long a relay remembers who has sent packets and got none.
const relayIdle = 2 * time.Minute

// relayPause is how long a relay waits when the kernel gives it nothing just now.
const relayPause = 10 * time.Millisecond

// maxPacket is the largest payload of UDP.
const maxPacket = 65507

// relay is a way from a port in a namespace to a real address.
type relay struct {
	ns       Namespace
	protocol string // "tcp", "udp"
	at, real netip.AddrPort
}

// relays are those there are. The zero value is ready for use.
type relays struct {
	mu    sync.Mutex
	open  map[relay]*opened
	calls uint64 // counts
}

// opened is a relay that listens.
type opened struct {
	io.Closer
	onCall bool   // of a whole machine: it was made for a call
	called uint64 // when it was asked for last, as a count of calls
}

// maxOnCall bounds the relays that were made for calls: who goes through all ports of a
// machine must not take all files of the server.
const maxOnCall = 512

// add starts a relay unless it is there. What the attachment leads to is asked about
// with each connection: Isle's own ports and link-local addresses are never reached.
func (r *relays) add(n *Inproc, one relay, onCall bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if there := r.open[one]; there != nil {
		there.called = r.calls
		return nil
	}
	if onCall {
		r.makeRoom()
	}
	c, err := n.open(one)
	if err != nil {
		return err
	}
	if r.open == nil {
		r.open = map[relay]*opened{}
	}
	r.open[one] = &opened{c, onCall, r.calls}
	return nil
}

// makeRoom ends the relay that was not called for the longest time, if there are many.
// Its connections go on. The caller holds mu.
func (r *relays) makeRoom() {
	var oldest relay
	count, called := 0, r.calls
	for one, o := range r.open {
		if !o.onCall {
			continue
		}
		count++
		if o.called < called {
			oldest, called = one, o.called
		}
	}
	if count >= maxOnCall {
		_ = r.open[oldest].Close()
		delete(r.open, oldest)
	}
}

// keep ends the relays that are not wanted any more.
func (r *relays) keep(wanted func(relay) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one, o := range r.open {
		if !wanted(one) {
			_ = o.Close()
			delete(r.open, one)
		}
	}
}

// Relay has the attachments of networks served, by what the kernel holds: each port
// that is attached by a real address, over TCP and UDP. Those that are gone end, and
// those of whole machines are made when they are called.
func (k *Kernel) Relay(held *Held, mappings []Mapping) error {
	s := relayedBy(held, mappings)
	k.relays.keep(s.serves)
	var found []error
	for r := range s.ports {
		if err := k.relays.add(k.Inproc, r, false); err != nil {
			found = append(found, err)
		}
	}
	return errors.Join(found...)
}

// relayed is what relays there may be.
type relayed struct {
	ports map[relay]bool // that are attached, each to an address of its own
	taken map[relay]bool // the same without the real address
	whole map[relay]bool // machines, without protocol and ports
}

func relayedBy(held *Held, mappings []Mapping) relayed {
	s := relayed{map[relay]bool{}, map[relay]bool{}, map[relay]bool{}}
	for i := range mappings {
		m := &mappings[i]
		ns, there := held.Machines[strings.ToLower(m.Interface)]
		switch {
		case !there:
		case m.Port == 0:
			s.whole[relay{ns: ns, at: m.private(0), real: m.real(0)}] = true
		default:
			for _, protocol := range []string{"tcp", "udp"} {
				s.ports[relay{ns, protocol, m.private(0), m.real(0)}] = true
				s.taken[relay{ns: ns, protocol: protocol, at: m.private(0)}] = true
			}
		}
	}
	return s
}

// serves tells whether a relay leads where the attachments say now.
func (s relayed) serves(r relay) bool {
	if s.ports[r] || s.taken[relay{ns: r.ns, protocol: r.protocol, at: r.at}] {
		return s.ports[r]
	}
	return r.at.Port() == r.real.Port() && s.whole[relay{ns: r.ns, at: netip.AddrPortFrom(r.at.Addr(), 0), real: netip.AddrPortFrom(r.real.Addr(), 0)}]
}

// Close ends the relays.
func (k *Kernel) Close() error {
	k.relays.keep(func(relay) bool { return false })
	return nil
}

// open starts a relay.
func (n *Inproc) open(r relay) (io.Closer, error) {
	if r.protocol == "udp" {
		c, err := r.ns.ListenPacket(context.Background(), r.at)
		if err != nil {
			return nil, err
		}
		p := &packets{network: n, relay: r, inner: c, known: map[string]net.Conn{}}
		go p.run()
		return c, nil
	}
	l, err := r.ns.Listen(context.Background(), r.at)
	if err != nil {
		return nil, err
	}
	go accept(l, func(c net.Conn) { n.carry(c, r) })
	return l, nil
}

// dialReal connects to the real end of a relay.
func (n *Inproc) dialReal(r relay) (net.Conn, error) {
	if isMetadata(r.real.Addr()) || n.find(n.reservedList(), r.real) != nil {
		return nil, errors.New("the address is not for workflows or machines")
	}
	direct := net.Dialer{Timeout: n.options.Timeout, FallbackDelay: -1}
	return direct.Dial(r.protocol, r.real.String())
}

// maxCallers bounds the connections of a listener that are served at one time: who opens
// many must not take all files of the server. Further ones wait in the kernel.
const maxCallers = 1024

// accept serves each connection of a listener until that is closed.
func accept(l net.Listener, serve func(net.Conn)) {
	under := make(chan struct{}, maxCallers)
	for {
		under <- struct{}{}
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(relayPause) // no files left: connections wait in the kernel
			<-under
			continue
		}
		go func() {
			defer func() { <-under }()
			serve(c)
		}()
	}
}

// carry carries a connection both ways until both have ended.
func (n *Inproc) carry(c net.Conn, r relay) {
	defer c.Close()
	real, err := n.dialReal(r)
	if err != nil {
		reset(c)
		return
	}
	defer real.Close()
	var ways sync.WaitGroup
	ways.Go(func() { pass(real, c) })
	ways.Go(func() { pass(c, real) })
	ways.Wait()
}

// reset ends a connection so that its other end is told of a reset, not of an answer of
// nothing.
func reset(c net.Conn) {
	inner := c
	if measured, ok := c.(interface{ NetConn() net.Conn }); ok {
		inner = measured.NetConn()
	}
	if tcp, ok := inner.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// pass carries one way, and tells its end.
func pass(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// packets relays UDP: whoever sends has a socket of its own at the real end.
type packets struct {
	network *Inproc
	relay   relay
	inner   net.PacketConn

	mu    sync.Mutex
	known map[string]net.Conn // by the sender's address; guarded by mu
}

// maxSenders bounds who is remembered at one time.
const maxSenders = 1024

func (p *packets) run() {
	buffer := make([]byte, maxPacket)
	for {
		n, from, err := p.inner.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			p.end()
			return
		}
		if err != nil {
			time.Sleep(relayPause)
			continue
		}
		if real := p.real(from); real != nil {
			_, _ = real.Write(buffer[:n])
		}
	}
}

// real is the socket of a sender, made with its first packet.
func (p *packets) real(from net.Addr) net.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.known[from.String()]; c != nil || len(p.known) >= maxSenders {
		return c
	}
	c, err := p.network.dialReal(p.relay)
	if err != nil {
		return nil
	}
	p.known[from.String()] = c
	go p.back(c, from)
	return c
}

// back carries answers until there are none for a while.
func (p *packets) back(c net.Conn, to net.Addr) {
	buffer := make([]byte, maxPacket)
	for {
		_ = c.SetReadDeadline(time.Now().Add(relayIdle))
		n, err := c.Read(buffer)
		if isUnreachable(err) {
			continue // of one packet; who answers the next one may be there by then
		}
		if err != nil {
			break
		}
		_, _ = p.inner.WriteTo(buffer[:n], to)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = c.Close()
	delete(p.known, to.String())
}

// isUnreachable tells the errors by which a socket says that an ICMP message has come.
func isUnreachable(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

func (p *packets) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.known {
		_ = c.Close() // its reader takes it out
	}
}
