package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"isle/internal/netns"
	"isle/netpol"
)

// Wall is who has the kernel hold what the policy says, and knows what it holds.
type Wall interface {
	// Held is what the kernel holds for an environment, or for all of them and the
	// firewalls for "". It waits until what is stored is in force there, or has failed to
	// be, which is the error if there is nothing for the environment at all.
	Held(ctx context.Context, environment string) (*Held, error)
	// Isolation says how much of the policy the kernel holds just now, of what concerns an
	// environment, or of everything for "".
	Isolation(environment string) Isolation
}

// Held is what the kernel holds: a value that nobody changes. Networks are known by
// their IDs in lower case.
type Held struct {
	// Namespaces are those of components, by environment.
	Namespaces map[string]Namespaces
	// Ports are the addresses of a network at which there is somebody.
	Ports map[string]map[netip.Addr]bool
	// Machines are the namespaces of the interfaces that real addresses are attached to,
	// by the interface's ID in lower case.
	Machines map[string]Namespace
	// Firewalls are the namespaces of firewalls, by the firewall's ID in lower case.
	Firewalls map[string]Namespace
	// Outside are the networks that have an uplink, Gateways those behind whose gateway
	// there is a machine, or that use the gateway of a network with either: such flows
	// take the kernel's way.
	Outside, Gateways map[string]bool
}

// Namespace is a network namespace: where it is found, and which one was found there.
// One that was made anew has another inode.
type Namespace struct {
	Path  string
	inode uint64
}

// Namespaces are those of an environment's components, by component.
type Namespaces [Cache + 1]Namespace

// FindNamespace is the namespace at a path; if there is none, it is one that no socket
// can be made in.
func FindNamespace(path string) Namespace {
	ns := Namespace{Path: path}
	if info, err := os.Stat(path); err == nil {
		ns.inode = inode(info)
	}
	return ns
}

// Found tells whether there was one.
func (n Namespace) Found() bool { return n.inode != 0 }

// Same tells whether two paths lead to one namespace.
func (n Namespace) Same(other Namespace) bool { return n.inode != 0 && n.inode == other.inode }

// Listen listens on a tcp address in the namespace.
func (n Namespace) Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	return netns.At(n.Path).Listen(ctx, "tcp", at)
}

// ListenPacket binds a udp address in the namespace.
func (n Namespace) ListenPacket(ctx context.Context, at netip.AddrPort) (net.PacketConn, error) {
	return netns.At(n.Path).ListenPacket(ctx, "udp", at)
}

// Kernel is the network whose policy the kernel of this machine holds as well. The
// judgement of Inproc stays in front, and gives a refusal its name at once; the
// sockets of allowed flows are made in the namespace of the component, where the
// kernel's rules meet every packet, whoever sends it.
//
// The host itself is outside. What leaves for it, or for the Internet from a network
// without an uplink, has the host's sockets as with Inproc.
type Kernel struct {
	*Inproc
	wall   Wall
	relays relays
}

// NewKernel returns a network behind a wall, with nothing reserved yet.
func NewKernel(o Options, wall Wall) *Kernel {
	k := &Kernel{Inproc: NewInproc(o), wall: wall}
	k.inner = k
	return k
}

// way is the namespace from which an allowed flow begins; "" is the host.
func (k *Kernel) way(ctx context.Context, s Source, j *judgement) (path string, err error) {
	held, err := k.wall.Held(ctx, s.Environment)
	if err != nil {
		return "", notHeld(j.Flow, err)
	}
	network := strings.ToLower(j.network)
	switch {
	case j.inside && !held.Ports[network][j.to.Addr()]:
		return "", unattached(j)
	case j.inside:
		if err := k.serve(held, j); err != nil {
			return "", notHeld(j.Flow, err)
		}
	case j.exit == netpol.VirtualNetworkGateway && !held.Gateways[network] && !held.Outside[network],
		j.exit != netpol.VirtualNetworkGateway && !held.Outside[network],
		j.to.Addr() == netpol.HostAddress(),
		j.egress != nil: // the public address says how it leaves the host
		return "", nil
	}
	if j.place.Own.IsValid() {
		ns := held.Firewalls[strings.ToLower(j.place.Environment)]
		if !ns.Found() {
			return "", notHeld(j.Flow, errors.New("the firewall is not in it"))
		}
		return ns.Path, nil
	}
	return held.Namespaces[s.Environment][s.Subnet.component()].Path, nil
}

// serve sees that an attachment to a whole machine is served at a port: its other
// ports have no relay until they are called.
func (k *Kernel) serve(held *Held, j *judgement) error {
	m := k.attachment(j.place, j.to)
	if m == nil || m.Port != 0 {
		return nil
	}
	ns, there := held.Machines[strings.ToLower(m.Interface)]
	if !there {
		return nil
	}
	return k.relays.add(k.Inproc, relay{ns: ns, protocol: j.Flow.Protocol, at: j.to, real: m.real(j.to.Port())}, true)
}

// listen makes the socket of a listener in the component's namespace.
func (k *Kernel) listen(ctx context.Context, s Source, p *Place, at netip.AddrPort) (net.Listener, error) {
	held, err := k.wall.Held(ctx, s.Environment)
	if err != nil {
		return nil, err
	}
	own, _ := p.Address(s.Subnet.component())
	if at.Addr() != own && !at.Addr().IsUnspecified() {
		return nil, fmt.Errorf("%s is no address of the component, which has %s", at.Addr(), own)
	}
	return held.Namespaces[s.Environment][s.Subnet.component()].Listen(ctx, netip.AddrPortFrom(own, at.Port()))
}

// inside connects from a namespace.
func inside(ctx context.Context, path string, err error, j *judgement, timeout time.Duration) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return netns.At(path).Dial(ctx, net.Dialer{Timeout: timeout}, j.Flow.Protocol, j.to)
}

// NotHeldError is the failure of a flow that the policy allows and the kernel cannot
// carry, because it does not hold the network.
type NotHeldError struct{ cause error }

func (e *NotHeldError) Error() string {
	return "the kernel does not hold the virtual network: " + e.cause.Error()
}

// Is finds what went wrong without an Unwrap, whose innermost text would not say that it
// was about the kernel.
func (e *NotHeldError) Is(target error) bool { return errors.Is(e.cause, target) }

func notHeld(f Flow, cause error) error {
	return &net.OpError{Op: "dial", Net: f.Protocol, Addr: net.TCPAddrFromAddrPort(f.Address), Err: &NotHeldError{cause}}
}

// Tell reports a decision about a packet that the kernel has met.
func (k *Kernel) Tell(to netip.AddrPort, flow netpol.Flow, d netpol.Decision) {
	k.report(judgement{Decision: byPolicy(Flow{Direction: Outbound, Protocol: strings.ToLower(flow.Protocol.String()), Address: to}, flow, d)})
}
