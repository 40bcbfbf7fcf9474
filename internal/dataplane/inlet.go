package dataplane

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// inlet is a listener whose connections come from dialers of this process.
type inlet struct {
	address netip.AddrPort
	arrive  chan net.Conn
	closed  chan struct{}
	once    sync.Once
	remove  func()
}

func newInlet(address netip.AddrPort, remove func()) *inlet {
	return &inlet{address: address, arrive: make(chan net.Conn), closed: make(chan struct{}), remove: remove}
}

func (l *inlet) Accept() (net.Conn, error) {
	select {
	case c := <-l.arrive:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *inlet) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.remove()
	})
	return nil
}

func (l *inlet) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.address) }

func (l *inlet) dial(ctx context.Context, from Source) (net.Conn, error) {
	here, there := net.Pipe()
	source := from.Address
	if !source.IsValid() {
		source = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	local := net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	select {
	case l.arrive <- pipe{Conn: there, local: l.Addr(), remote: local, source: &from}:
		return pipe{Conn: here, local: local, remote: l.Addr()}, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: l.Addr(), Err: ctx.Err()}
	}
}

// pipe is one end of a connection within the process, with the addresses it would
// have on a network.
type pipe struct {
	net.Conn
	local, remote net.Addr
	source        *Source // who dialed, at the end that accepted
}

func (p pipe) LocalAddr() net.Addr  { return p.local }
func (p pipe) RemoteAddr() net.Addr { return p.remote }

// SourceOf tells who dialed a connection that arrived within the process at a
// published listener, also if it is wrapped as *tls.Conn is; false for others.
func SourceOf(c net.Conn) (Source, bool) {
	for {
		switch x := c.(type) {
		case pipe:
			if x.source == nil {
				return Source{}, false
			}
			return *x.source, true
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return Source{}, false
		}
	}
}

// Arrivals marks the connections of a listener that stands in the network of an
// environment, at the address of its access endpoint.
func Arrivals(l net.Listener, environment string) net.Listener {
	return arrivals{Listener: l, environment: environment}
}

type arrivals struct {
	net.Listener
	environment string
}

func (l arrivals) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return arrival{Conn: c, environment: l.environment}, nil
}

type arrival struct {
	net.Conn
	environment string
}

// NetConn is for who looks for what is inside.
func (a arrival) NetConn() net.Conn { return a.Conn }

// ArrivedAt tells at which environment's access endpoint a connection arrived inside a
// network, also if it is wrapped; false for connections to the host.
func ArrivedAt(c net.Conn) (environment string, inside bool) {
	for {
		switch x := c.(type) {
		case arrival:
			return x.environment, true
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return "", false
		}
	}
}
