package server

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// split parts the connections of a listener: those that begin as TLS does, and those of
// this machine that begin otherwise, with plain http. One of another machine is always
// taken for TLS, which answers what is none as it should. Who opens a connection and says
// nothing is given firstByteTimeout.
type split struct {
	net.Listener
	secure, plain *branch

	mu     sync.Mutex
	silent map[net.Conn]struct{} // connections whose first byte is awaited
	closed bool                  // new ones are closed at once
}

const (
	firstByteTimeout = 20 * time.Second
	acceptPause      = 50 * time.Millisecond // when no connection can be accepted just now
	tlsHandshake     = 0x16                  // the first byte of every TLS connection (RFC 8446 §5.1)
)

// branch is a listener of some connections of a split.
type branch struct {
	*split
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// newSplit takes over a listener; its branches are to be served. Closing either of them
// closes both.
func newSplit(l net.Listener) *split {
	s := &split{Listener: l, silent: map[net.Conn]struct{}{}}
	done := make(chan struct{})
	s.secure = &branch{split: s, conns: make(chan net.Conn), done: done}
	s.plain = &branch{split: s, conns: make(chan net.Conn), done: done}
	return s
}

// accept runs until the listener is closed, and gives why it was. Where the process has
// no files left it goes on a little later, as net/http does.
func (s *split) accept() error {
	for {
		c, err := s.Listener.Accept()
		//lint:ignore SA1019 net/http asks the same, and there is no other word for it
		if busy, ok := errors.AsType[net.Error](err); ok && busy.Temporary() {
			time.Sleep(acceptPause)
			continue
		}
		if err != nil {
			return err
		}
		if s.await(c) {
			go s.part(c)
		}
	}
}

// part waits for the first byte of a connection, and hands it on.
func (s *split) part(c net.Conn) {
	first := make([]byte, 1)
	_ = c.SetReadDeadline(time.Now().Add(firstByteTimeout))
	_, err := c.Read(first)
	_ = c.SetReadDeadline(time.Time{})
	if s.heard(c); err != nil {
		_ = c.Close()
		return
	}
	to := s.secure
	if first[0] != tlsHandshake && ofThisMachine(c) {
		to = s.plain
	}
	select {
	case to.conns <- &begun{Conn: c, first: first}:
	case <-to.done:
		_ = c.Close()
	}
}

func (s *split) await(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.silent[c] = struct{}{}
	return true
}

func (s *split) heard(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.silent, c)
}

// hush closes the connections that have said nothing.
func (s *split) hush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.silent {
		_ = c.Close()
	}
}

func ofThisMachine(c net.Conn) bool {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// Accept is of net.Listener.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// Close is of net.Listener.
func (b *branch) Close() error {
	b.hush()
	b.secure.once.Do(func() { close(b.done) })
	return b.Listener.Close()
}

// begun is a connection of which the first byte was read.
type begun struct {
	net.Conn
	first []byte // what is to be read before the rest; used by the reader alone
}

// NetConn is for who looks for what is inside.
func (c *begun) NetConn() net.Conn { return c.Conn }

func (c *begun) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}
