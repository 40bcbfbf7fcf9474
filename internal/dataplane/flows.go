package dataplane

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"isle/netpol"
)

// Flows is told of the flows that are judged in networks, for who keeps flow logs. Its
// methods are called by whoever makes a flow and must not block.
type Flows interface {
	// Wanted tells whether anybody keeps a log: if not, nothing else is told.
	Wanted() bool
	Began(FlowStart)
	// Ended tells that a flow has ended which began with this meter.
	Ended(*Meter)
}

// FlowStart is a flow that was let begin, or that was refused.
type FlowStart struct {
	Network *netpol.Network // by which it was judged
	Flow    netpol.Flow     // as the network knows it; source port 0: not known
	Inbound bool            // it was judged at its destination
	Allowed bool
	// Stage, Group and Rule are those of its record (netpol.Record).
	Stage, Group, Rule string
	// Meter counts what it carries; nil: it has ended, or is not known any further.
	Meter *Meter
}

// start tells of a flow. The source's port is not known when it is judged.
func (n *Inproc) start(p *Place, d *Decision, port uint16, m *Meter) {
	source, err := netip.ParseAddr(d.Record.Source)
	destination, err2 := netip.ParseAddr(d.Record.Destination)
	if err != nil || err2 != nil || p == nil || p.Network == nil {
		return
	}
	f := netpol.Flow{Protocol: protocol(d.Flow.Protocol), Source: source, SourcePort: port, Destination: destination, DestinationPort: d.Record.DestinationPort}
	if to, err := netip.ParseAddr(d.Record.DNATIP); err == nil {
		f.Destination, f.DestinationPort = to, d.Record.DNATPort
	}
	n.options.Flows.Began(FlowStart{Network: p.Network, Flow: f, Inbound: d.Flow.Direction == Inbound, Allowed: d.Allowed,
		Stage: d.Record.Stage, Group: d.Record.NSG, Rule: d.Record.RuleName, Meter: m})
}

// admitted tells of a call of an access endpoint. What the connection carries counts for
// who has called on it last.
func (n *Inproc) admitted(p *Place, environment string, c *Caller, d *Decision) {
	switch {
	case !n.wanted():
	case !d.Allowed, c.Connection == nil:
		n.start(p, d, c.port(), nil)
	default:
		if m, begins := c.Connection.take(carried{environment, c.Address}); begins {
			n.start(p, d, c.port(), m)
		}
	}
}

// port is the caller's own, 0 where it is not known.
func (c *Caller) port() uint16 {
	if c.Connection == nil {
		return 0
	}
	return c.Connection.port(c.Address)
}

// wanted tells whether flows are to be told of.
func (n *Inproc) wanted() bool { return n.options.Flows != nil && n.options.Flows.Wanted() }

// refused tells of a flow that was not let begin.
func (n *Inproc) refused(p *Place, d *Decision) {
	if !d.Allowed && !d.Flow.quiet && n.wanted() {
		n.start(p, d, 0, nil)
	}
}

// outward tells of a flow that a dialer was let begin, and measures it. A connection that
// was not made is a flow that carried nothing.
func (n *Inproc) outward(j *judgement, c net.Conn, failed error) net.Conn {
	if j.place == nil || j.inlet != nil || j.Flow.quiet || !n.wanted() {
		return c
	}
	if failed != nil {
		n.start(j.place, &j.Decision, 0, nil)
		return c
	}
	m := measure(c, n.options.Flows, false)
	n.start(j.place, &j.Decision, portOf(c.LocalAddr()), m.current.Load())
	return m.conn()
}

// inward tells of a connection that was let in, and measures it.
func (n *Inproc) inward(p *Place, d *Decision, c net.Conn) net.Conn {
	if p == nil || !n.wanted() {
		return c
	}
	m := measure(c, n.options.Flows, true)
	meter, _ := m.take(carried{})
	n.start(p, d, portOf(c.RemoteAddr()), meter)
	return m.conn()
}

func portOf(a net.Addr) uint16 {
	if at, err := netip.ParseAddrPort(a.String()); err == nil {
		return at.Port()
	}
	return 0
}

// Metered is a listener whose connections are measured, so that flows through them can be.
func (n *Inproc) Metered(l net.Listener) net.Listener {
	if n.options.Flows == nil {
		return l
	}
	return meteredListener{l, n.options.Flows}
}

type meteredListener struct {
	net.Listener
	flows Flows
}

func (l meteredListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return measure(c, l.flows, true).conn(), nil
}

// Measured finds what measures a connection, also one that is wrapped as *tls.Conn is; nil
// for nothing.
func Measured(c net.Conn) *Measure {
	for {
		switch x := c.(type) {
		case *measuredConn:
			return x.Measure
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return nil
		}
	}
}

// Traffic is what went one way. Its bytes are those of packets, with the headers of IP and
// of TCP or UDP, without their options.
type Traffic struct{ Packets, Bytes uint64 }

// Meter counts what a flow carries.
type Meter struct {
	of             *Measure
	sent, received way // from its source to its destination, and back
	header         uint64
	ended          atomic.Bool
}

type way struct{ packets, bytes atomic.Uint64 }

// Counts is what it has carried so far.
func (m *Meter) Counts() (sent, received Traffic) {
	m.of.sample()
	return m.sent.traffic(m.header), m.received.traffic(m.header)
}

func (w *way) traffic(header uint64) Traffic {
	packets := w.packets.Load()
	return Traffic{packets, w.bytes.Load() + packets*header}
}

// Ended tells whether it carries no more.
func (m *Meter) Ended() bool { return m.ended.Load() }

// maxMeters bounds the flows that are told apart on one connection.
const maxMeters = 64

// Measure measures a connection: payload where it is read and written, packets by what the
// system says of a socket of TCP, else one for each read and write.
type Measure struct {
	inner   net.Conn
	flows   Flows
	inbound bool                  // its other end is the source
	current atomic.Pointer[Meter] // which counts now
	header  uint64
	system  bool // the system counts packets

	mu     sync.Mutex
	seen   segments           // counted so far; guarded by mu
	meters map[carried]*Meter // of who calls whom on it, inbound; guarded by mu
	closed bool               // guarded by mu
}

// carried is a flow on a connection.
type carried struct {
	environment string
	caller      netip.Addr
}

// segments are what a socket of TCP has sent and received, as it counts them.
type segments struct {
	sent, received uint32
	known          bool // it counts them
}

// Bytes of the headers of packets.
const (
	headerTCP4, headerTCP6 = 20 + 20, 40 + 20
	headerUDP4, headerUDP6 = 20 + 8, 40 + 8
)

func measure(c net.Conn, flows Flows, inbound bool) *Measure {
	m := &Measure{inner: c, flows: flows, inbound: inbound, header: headerOf(c)}
	m.system = segmentsOf(c).known
	m.current.Store(m.meter())
	return m
}

func headerOf(c net.Conn) uint64 {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	six := err == nil && at.Addr().Unmap().Is6()
	switch {
	case isPacket(c) && six:
		return headerUDP6
	case isPacket(c):
		return headerUDP4
	case six:
		return headerTCP6
	}
	return headerTCP4
}

func (m *Measure) meter() *Meter { return &Meter{of: m, header: m.header} }

// sample gives the meter of now the packets since the last time.
func (m *Measure) sample() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sampleNow()
}

// sampleNow is for who holds mu.
func (m *Measure) sampleNow() {
	if !m.system || m.closed {
		return
	}
	now := segmentsOf(m.inner)
	if !now.known {
		return // it is closed
	}
	meter := m.current.Load()
	out, in := uint64(now.sent-m.seen.sent), uint64(now.received-m.seen.received)
	if m.inbound {
		out, in = in, out
	}
	meter.sent.packets.Add(out)
	meter.received.packets.Add(in)
	m.seen = now
}

// count counts a read or a write.
func (m *Measure) count(read bool, n int) {
	if n <= 0 {
		return
	}
	meter := m.current.Load()
	w := &meter.sent
	if read != m.inbound {
		w = &meter.received
	}
	w.bytes.Add(uint64(n))
	if !m.system {
		w.packets.Add(1)
	}
}

// take is the meter for who calls an environment on a connection, from now on; nil: there
// are too many. The first one has what came before it.
func (m *Measure) take(key carried) (meter *Meter, begins bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if meter = m.meters[key]; meter == nil {
		switch {
		case m.closed || len(m.meters) >= maxMeters:
			return nil, true
		case m.meters == nil:
			m.meters, meter = map[carried]*Meter{}, m.current.Load()
		default:
			meter = m.meter()
		}
		m.meters[key], begins = meter, true
	}
	m.sampleNow()
	m.current.Store(meter)
	return meter, begins
}

// port is that of the connection's other end, if it is the caller itself.
func (m *Measure) port(caller netip.Addr) uint16 {
	at, err := netip.ParseAddrPort(m.inner.RemoteAddr().String())
	if err != nil || at.Addr().Unmap() != caller.Unmap() {
		return 0
	}
	return at.Port()
}

// end counts for the last time and tells that the flows have ended.
func (m *Measure) end() {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return
	}
	m.sampleNow()
	m.closed = true
	told := []*Meter{m.current.Load()}
	if m.inbound {
		told = told[:0]
		for _, meter := range m.meters {
			told = append(told, meter)
		}
	}
	m.mu.Unlock()
	for _, meter := range told {
		meter.ended.Store(true)
		m.flows.Ended(meter)
	}
}

// conn is the measured connection, one of packets if it is that.
func (m *Measure) conn() net.Conn {
	c := &measuredConn{m.inner, m}
	if packets, ok := m.inner.(net.PacketConn); ok {
		return &measuredPackets{c, packets}
	}
	return c
}

type measuredConn struct {
	net.Conn
	*Measure
}

// NetConn is for who looks for what is inside.
func (c *measuredConn) NetConn() net.Conn { return c.Conn }

func (c *measuredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.count(true, n)
	return n, err
}

func (c *measuredConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.count(false, n)
	return n, err
}

// CloseWrite is for who tells the end of one way.
func (c *measuredConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// Close counts before the socket is gone.
func (c *measuredConn) Close() error {
	c.end()
	return c.Conn.Close()
}

// measuredPackets is a socket of UDP.
type measuredPackets struct {
	*measuredConn
	packets net.PacketConn
}

func (c *measuredPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.packets.ReadFrom(b)
	c.count(true, n)
	return n, from, err
}

func (c *measuredPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	n, err := c.packets.WriteTo(b, to)
	c.count(false, n)
	return n, err
}
