package dataplane

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/netpol"
)

// Application rules of firewalls decide by the name that a client asks for (network.md
// §A6): the server name of a ClientHello, or the Host of a request. What begins by a
// dialer is let begin by the name that was dialed, and what it says first is judged before
// it is sent. What speaks neither is not let through. What was let through goes on: later
// requests of a connection are not looked at.

// maxAsked bounds what is read of a client before its name is known.
const maxAsked = 64 << 10

// maxRequestLine bounds the first line of a request.
const maxRequestLine = 16 << 10

// errUnfinished says that what was read is the beginning of something.
var errUnfinished = errors.New("it is not whole")

// asked reads what a client asks for in what it says first: errUnfinished if it may say
// more, another error if that can come to nothing.
func asked(first []byte) (netpol.Application, error) {
	switch {
	case len(first) == 0:
		return netpol.Application{}, errUnfinished
	case first[0] == 0x16: // a record of TLS with a handshake
		return askedByTLS(first)
	case first[0] == 0x12: // PRELOGIN of TDS; the ClientHello comes behind the server's answer
		return netpol.Application{Protocol: netpol.MSSQL}, nil
	case first[0] >= 'A' && first[0] <= 'Z':
		return askedByHTTP(first)
	}
	return netpol.Application{}, errors.New("it is neither TLS nor HTTP")
}

// errHello ends a handshake when its first message was read.
var errHello = errors.New("the name is known")

func askedByTLS(first []byte) (netpol.Application, error) {
	app := netpol.Application{Protocol: netpol.HTTPS}
	heard := &heard{Reader: bytes.NewReader(first)}
	err := tls.Server(heard, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		app.Name = hello.ServerName
		return nil, errHello
	}}).Handshake()
	switch {
	case errors.Is(err, errHello):
		return app, nil
	case heard.out:
		return app, errUnfinished
	case err == nil:
		err = errors.New("no ClientHello")
	}
	return app, fmt.Errorf("its ClientHello cannot be read: %w", err)
}

// heard is a connection of which only what was said is there.
type heard struct {
	io.Reader
	out bool // more was asked for
}

func (h *heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	h.out = h.out || err == io.EOF
	return n, err
}

func (*heard) Write(b []byte) (int, error)      { return len(b), nil }
func (*heard) Close() error                     { return nil }
func (*heard) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*heard) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*heard) SetDeadline(time.Time) error      { return nil }
func (*heard) SetReadDeadline(time.Time) error  { return nil }
func (*heard) SetWriteDeadline(time.Time) error { return nil }

func askedByHTTP(first []byte) (netpol.Application, error) {
	app := netpol.Application{Protocol: netpol.HTTP}
	if line, _, whole := bytes.Cut(first, []byte("\n")); whole && !bytes.Contains(line, []byte(" HTTP/1.")) || len(line) > maxRequestLine {
		return app, errors.New("it is no request of HTTP/1")
	}
	if !bytes.Contains(first, []byte("\r\n\r\n")) && !bytes.Contains(first, []byte("\n\n")) {
		return app, errUnfinished
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(first)))
	if err != nil {
		return app, fmt.Errorf("its request cannot be read: %w", err)
	}
	if app.Name = r.Host; strings.LastIndexByte(r.Host, ':') > strings.LastIndexByte(r.Host, ']') {
		app.Name = r.Host[:strings.LastIndexByte(r.Host, ':')]
	}
	return app, nil
}

// asking is a connection whose first words are judged before they are sent.
type asking struct {
	net.Conn
	judge func(netpol.Application) error // refuses what must not pass

	told  atomic.Bool // what was said first is judged and sent
	turn  sync.Mutex  // of who says something before that
	first []byte      // said, and not sent; guarded by turn

	mu  sync.Mutex // held for no longer than it takes to look: Read needs it while others write
	err error      // why nothing may be said any more; guarded by mu
}

// NetConn is the connection itself.
func (a *asking) NetConn() net.Conn { return a.Conn }

// Read tells why nothing comes, where that is because of what was said.
func (a *asking) Read(b []byte) (int, error) {
	n, err := a.Conn.Read(b)
	if err != nil {
		err = cmp.Or(a.ended(), err)
	}
	return n, err
}

// ended is why nothing may be said any more; nil: it may.
func (a *asking) ended() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func (a *asking) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *asking) Write(b []byte) (int, error) {
	if a.told.Load() {
		return a.Conn.Write(b)
	}
	a.turn.Lock()
	defer a.turn.Unlock()
	if err := a.ended(); err != nil {
		return 0, err
	}
	if a.told.Load() { // meanwhile
		return a.Conn.Write(b)
	}
	a.first = append(a.first, b...)
	app, err := asked(a.first)
	if errors.Is(err, errUnfinished) && len(a.first) < maxAsked {
		return len(b), nil
	}
	if err != nil { // judged without a name, which tells who does not let it through
		app = netpol.Application{}
	}
	if err := a.judge(app); err != nil {
		a.end(err)
		_ = a.Conn.Close()
		return 0, err
	}
	if _, err := a.Conn.Write(a.first); err != nil {
		a.end(err)
		return 0, err
	}
	a.first = nil
	a.told.Store(true)
	return len(b), nil
}

// listening wraps a connection that an application rule has let begin.
func (d *dialer) listening(c net.Conn, j judgement) net.Conn {
	return &asking{Conn: c, judge: func(app netpol.Application) error {
		f := j.Flow
		if _, err := netip.ParseAddr(f.Host); app.Name == "" && (app.Protocol == netpol.MSSQL || app.Protocol != netpol.UnknownApplication && err == nil) {
			app.Name = f.Host // addresses are not said, nor is a database's name yet
		}
		again := j.place.evaluateAsked(f, j.to, app)
		if again.Allowed && strings.EqualFold(app.Name, f.Host) {
			return nil
		}
		if d.network.report(again); again.Allowed {
			return nil
		}
		return &DeniedError{Decision: again.Decision}
	}}
}
