package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dial connects a socket of the namespace to an address, over tcp or udp, as d says:
// its time, local address and keep-alive. The control functions of d are not called.
func (n Namespace) Dial(ctx context.Context, d net.Dialer, network string, to netip.AddrPort) (net.Conn, error) {
	network, address, err := literal(network, to)
	if err != nil {
		return nil, &Error{n.path, err}
	}
	return open(n.path, func(v *visit) (net.Conn, error) {
		d.Control, d.ControlContext, d.FallbackDelay = nil, v.control, -1
		d.SetMultipathTCP(false)
		return d.DialContext(ctx, network, address)
	})
}

// Listen listens on a tcp address of the namespace.
func (n Namespace) Listen(ctx context.Context, network string, at netip.AddrPort) (net.Listener, error) {
	network, address, err := literal(network, at)
	if err != nil {
		return nil, &Error{n.path, err}
	}
	return open(n.path, func(v *visit) (net.Listener, error) {
		c := v.config()
		return c.Listen(ctx, network, address)
	})
}

// ListenPacket binds a udp address of the namespace.
func (n Namespace) ListenPacket(ctx context.Context, network string, at netip.AddrPort) (net.PacketConn, error) {
	network, address, err := literal(network, at)
	if err != nil {
		return nil, &Error{n.path, err}
	}
	return open(n.path, func(v *visit) (net.PacketConn, error) {
		c := v.config()
		return c.ListenPacket(ctx, network, address)
	})
}

// ListenEcho opens a raw socket of the namespace that sends and gets ICMP of IPv4. It needs
// CAP_NET_RAW over the namespace's owner.
func (n Namespace) ListenEcho(ctx context.Context) (net.PacketConn, error) {
	return open(n.path, func(v *visit) (net.PacketConn, error) {
		c := v.config()
		return c.ListenPacket(ctx, "ip4:icmp", "0.0.0.0")
	})
}

// Socket makes a socket of the namespace, as socket(2) does, for what package net has no
// form for. It does not block, and is the caller's to close.
func (n Namespace) Socket(domain, kind, protocol int) (int, error) {
	return open(n.path, func(v *visit) (int, error) {
		socket, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
		if err != nil {
			return -1, os.NewSyscallError("socket", err)
		}
		if err := v.holds(socket); err != nil {
			_ = unix.Close(socket)
			return -1, &Error{v.path, err}
		}
		return socket, nil
	})
}

// Do runs f on a thread in the namespace: its system calls, and the processes that it
// starts, are there; goroutines that it starts are not.
func (n Namespace) Do(f func() error) error {
	_, err := open(n.path, func(*visit) (struct{}, error) { return struct{}{}, f() })
	return err
}

// literal is an address as package net takes it without asking anyone: the network with
// its version, so that net needs not find out what versions there are, once for the
// whole process, on a thread that is elsewhere.
func literal(network string, a netip.AddrPort) (versioned, address string, err error) {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	protocol := strings.TrimRight(network, "46")
	versioned = protocol + "6"
	if a.Addr().Is4() {
		versioned = protocol + "4"
	}
	switch {
	case protocol != "tcp" && protocol != "udp", len(network) > len(versioned):
		err = fmt.Errorf("%q is no network of sockets in a namespace: tcp and udp are, with a 4 or 6 if need be", network)
	case !a.IsValid():
		err = fmt.Errorf("%s needs a literal address and a port", network)
	case a.Addr().Zone() != "":
		err = fmt.Errorf("%s has a zone, which means something else in each namespace", a)
	case network != protocol && network != versioned:
		err = fmt.Errorf("%s is no address of %s", a, network)
	}
	return versioned, a.String(), err
}

// open makes something on a goroutine whose thread is in the namespace. The goroutine is
// its own, because one that cannot come back must end, and its thread with it.
func open[T any](path string, in func(*visit) (T, error)) (T, error) {
	var made T
	err := errors.New("what was to be done in the namespace has not ended")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v := visit{path: path}
		if err = v.enter(); err == nil {
			made, err = in(&v)
			_ = v.leave()
		}
	}()
	<-ended
	return made, err
}

// visit is the stay of a thread in a namespace. It is locked to its goroutine until it
// is back.
type visit struct {
	path   string
	place  place // of the namespace
	home   int   // descriptor of the namespace that it came from
	inside bool
}

// place is what tells namespaces apart.
type place struct{ device, inode uint64 }

func (v *visit) enter() error {
	there, err := unix.Open(v.path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return &Error{v.path, fmt.Errorf("it cannot be opened: %w", err)}
	}
	defer unix.Close(there)
	if v.place, err = placeOf(there); err != nil {
		return &Error{v.path, err}
	}
	runtime.LockOSThread()
	if v.home, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		if err = unix.Setns(there, unix.CLONE_NEWNET); err == nil {
			v.inside = true
			return nil
		}
		_ = unix.Close(v.home)
	}
	runtime.UnlockOSThread()
	return &Error{v.path, fmt.Errorf("it cannot be entered: %w", err)}
}

// leave takes the thread back; again is no harm. A thread that cannot go back stays
// locked, so that the end of its goroutine ends it.
func (v *visit) leave() error {
	if !v.inside {
		return nil
	}
	if err := unix.Setns(v.home, unix.CLONE_NEWNET); err != nil {
		return &Error{v.path, fmt.Errorf("the thread cannot leave it: %w", err)}
	}
	v.inside = false
	_ = unix.Close(v.home)
	runtime.UnlockOSThread()
	return nil
}

// config makes listeners of the visit.
func (v *visit) config() net.ListenConfig {
	c := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		return v.control(context.Background(), network, address, c)
	}}
	c.SetMultipathTCP(false)
	return c
}

// control is told of each socket by package net, on the goroutine that made it, before
// the socket is used. The visit was for its sake, and ends. Where net has no local
// address for a socket it tries another one, which is elsewhere, and refused for that
// reason.
func (v *visit) control(_ context.Context, _, _ string, c syscall.RawConn) error {
	if !v.inside {
		return os.NewSyscallError("connect", unix.EADDRNOTAVAIL)
	}
	var wrong error
	if err := c.Control(func(socket uintptr) { wrong = v.holds(int(socket)) }); err != nil {
		return err
	}
	if wrong != nil {
		return &Error{v.path, wrong}
	}
	return v.leave()
}

// holds asks the kernel in which namespace a socket is.
func (v *visit) holds(socket int) error {
	there, err := unix.IoctlRetInt(socket, unix.SIOCGSKNS)
	if err != nil {
		return fmt.Errorf("where the socket is cannot be told: %w", err)
	}
	defer unix.Close(there)
	at, err := placeOf(there)
	if err == nil && at != v.place {
		err = errors.New("the socket is in another one")
	}
	return err
}

func placeOf(namespace int) (place, error) {
	var s unix.Stat_t
	if err := unix.Fstat(namespace, &s); err != nil {
		return place{}, fmt.Errorf("which one it is cannot be told: %w", err)
	}
	return place{s.Dev, s.Ino}, nil
}
