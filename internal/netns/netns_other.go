//go:build !linux

package netns

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

var errNotLinux = errors.New("network namespaces are a part of Linux, and this is another system")

// Dial fails: see the package.
func (n Namespace) Dial(context.Context, net.Dialer, string, netip.AddrPort) (net.Conn, error) {
	return nil, &Error{n.path, errNotLinux}
}

// Listen fails: see the package.
func (n Namespace) Listen(context.Context, string, netip.AddrPort) (net.Listener, error) {
	return nil, &Error{n.path, errNotLinux}
}

// ListenPacket fails: see the package.
func (n Namespace) ListenPacket(context.Context, string, netip.AddrPort) (net.PacketConn, error) {
	return nil, &Error{n.path, errNotLinux}
}

// ListenEcho fails: see the package.
func (n Namespace) ListenEcho(context.Context) (net.PacketConn, error) {
	return nil, &Error{n.path, errNotLinux}
}

// Socket fails: see the package.
func (n Namespace) Socket(int, int, int) (int, error) { return -1, &Error{n.path, errNotLinux} }

// Do fails: see the package.
func (n Namespace) Do(func() error) error { return &Error{n.path, errNotLinux} }
