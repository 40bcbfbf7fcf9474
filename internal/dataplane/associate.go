package dataplane

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// UDP through a SOCKS5 proxy (RFC 1928 §7): a TCP connection asks for an association, which
// lasts as long as it does; datagrams go to an address that the proxy names, each behind a
// head that says where to, and come back behind one that says where from.

const (
	socksVersion      = 5
	socksNoPassword   = 0
	socksPassword     = 2
	socksAssociate    = 3
	socksIPv4         = 1
	socksIPv6         = 4
	socksNotSupported = 7 // the command
)

// associate opens a way for datagrams to one address.
func (p *egressProxy) associate(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if p.url.Scheme != "socks5" {
		return nil, errTCPOnly
	}
	control, err := p.DialContext(ctx, "tcp", p.address(1080))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = control.SetDeadline(time.Unix(1, 0)) })
	relay, err := p.askAssociation(control)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	var data net.Conn
	if err == nil {
		var d net.Dialer
		data, err = d.DialContext(ctx, "udp", relay.String())
	}
	if err != nil {
		_ = control.Close()
		return nil, err
	}
	a := &association{Conn: data, control: control, to: to}
	go a.watch()
	return a, nil
}

// askAssociation signs in and asks for an association; it returns where datagrams go.
func (p *egressProxy) askAssociation(c net.Conn) (netip.AddrPort, error) {
	if err := p.signIn(c); err != nil {
		return netip.AddrPort{}, err
	}
	// From where datagrams will come is not known yet: all zero.
	if _, err := c.Write([]byte{socksVersion, socksAssociate, 0, socksIPv4, 0, 0, 0, 0, 0, 0}); err != nil {
		return netip.AddrPort{}, err
	}
	var head [3]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return netip.AddrPort{}, fmt.Errorf("its answer cannot be read: %w", err)
	}
	switch {
	case head[0] != socksVersion:
		return netip.AddrPort{}, fmt.Errorf("it answers in version %d of SOCKS", head[0])
	case head[1] == socksNotSupported:
		return netip.AddrPort{}, errTCPOnly
	case head[1] != 0:
		return netip.AddrPort{}, fmt.Errorf("it refuses datagrams with code %d", head[1])
	}
	relay, err := readSocksAddress(c)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if at, err := netip.ParseAddrPort(c.RemoteAddr().String()); relay.Addr().IsUnspecified() && err == nil {
		relay = netip.AddrPortFrom(at.Addr().Unmap(), relay.Port()) // the proxy's own
	}
	return relay, nil
}

// signIn agrees on how to sign in, and does (RFC 1929).
func (p *egressProxy) signIn(c net.Conn) error {
	methods := []byte{socksNoPassword}
	if p.url.User != nil {
		methods = append(methods, socksPassword)
	}
	var answer [2]byte
	if err := ask(c, append([]byte{socksVersion, byte(len(methods))}, methods...), answer[:]); err != nil {
		return err
	}
	switch {
	case answer == [2]byte{socksVersion, socksNoPassword}:
		return nil
	case answer != [2]byte{socksVersion, socksPassword} || p.url.User == nil:
		return errors.New("it takes none of the ways to sign in that are known")
	}
	user := p.url.User.Username()
	password, _ := p.url.User.Password()
	if len(user) > 255 || len(password) > 255 {
		return errors.New("a user or a password of over 255 bytes cannot be told")
	}
	request := append(append(append([]byte{1, byte(len(user))}, user...), byte(len(password))), password...)
	if err := ask(c, request, answer[:]); err != nil {
		return err
	}
	if answer[1] != 0 {
		return errors.New("username/password authentication failed")
	}
	return nil
}

func ask(c net.Conn, request, answer []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, answer); err != nil {
		return fmt.Errorf("its answer cannot be read: %w", err)
	}
	return nil
}

// readSocksAddress reads an address of SOCKS with its port. Names are none that a datagram
// is sent to or comes from.
func readSocksAddress(r io.Reader) (netip.AddrPort, error) {
	unread := func(err error) (netip.AddrPort, error) {
		return netip.AddrPort{}, fmt.Errorf("an address of it cannot be read: %w", err)
	}
	var kind [1]byte
	if _, err := io.ReadFull(r, kind[:]); err != nil {
		return unread(err)
	}
	size := map[byte]int{socksIPv4: 4, socksIPv6: 16}[kind[0]]
	if size == 0 {
		return unread(fmt.Errorf("it is of the kind %d", kind[0]))
	}
	rest := make([]byte, size+2)
	if _, err := io.ReadFull(r, rest); err != nil {
		return unread(err)
	}
	a, _ := netip.AddrFromSlice(rest[:size])
	return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(rest[size:])), nil
}

// association is a connection over UDP to an address behind a proxy.
type association struct {
	net.Conn // to the proxy
	control  net.Conn
	to       netip.AddrPort
}

// watch ends the association with the connection that it belongs to.
func (a *association) watch() {
	_, _ = io.Copy(io.Discard, a.control)
	_ = a.Conn.Close()
}

// socksHead stands before each datagram: two bytes of nothing, and that it is whole.
var socksHead = [3]byte{}

// Write sends a datagram.
func (a *association) Write(b []byte) (int, error) {
	packet := append([]byte{}, socksHead[:]...)
	if to := a.to.Addr(); to.Is4() {
		packet = append(append(packet, socksIPv4), to.AsSlice()...)
	} else {
		packet = append(append(packet, socksIPv6), to.AsSlice()...)
	}
	packet = append(binary.BigEndian.AppendUint16(packet, a.to.Port()), b...)
	n, err := a.Conn.Write(packet)
	return max(0, n-(len(packet)-len(b))), err
}

// Read takes the next whole datagram of the address; others are for nobody.
func (a *association) Read(b []byte) (int, error) {
	packet := make([]byte, maxPacket)
	for {
		n, err := a.Conn.Read(packet)
		if err != nil {
			return 0, err
		}
		if from, data, ok := cutSocksHead(packet[:n]); ok && from == a.to {
			return copy(b, data), nil
		}
	}
}

// cutSocksHead parts a datagram from its head.
func cutSocksHead(packet []byte) (from netip.AddrPort, data []byte, ok bool) {
	if len(packet) < len(socksHead) || [3]byte(packet) != socksHead {
		return from, nil, false
	}
	r := bytes.NewReader(packet[len(socksHead):])
	from, err := readSocksAddress(r)
	return from, packet[len(packet)-r.Len():], err == nil
}

// ReadFrom and WriteTo make it a net.PacketConn, as a connected socket of UDP is one.
func (a *association) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := a.Read(b)
	return n, a.RemoteAddr(), err
}

// WriteTo sends to the address that it is connected to, and no other.
func (a *association) WriteTo(b []byte, _ net.Addr) (int, error) { return a.Write(b) }

// RemoteAddr is the address behind the proxy.
func (a *association) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(a.to) }

// Close ends the association.
func (a *association) Close() error { return errors.Join(a.Conn.Close(), a.control.Close()) }
