package dataplane

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Subject is the workflow on whose behalf a flow is made, and its action or trigger. The
// zero value is nobody in particular.
type Subject struct {
	Workflow string // resource ID
	Name     string // of the action or trigger
	Trigger  bool
}

type subjectKey struct{}

// WithSubject says on whose behalf is dialed with the context.
func WithSubject(ctx context.Context, s Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

func subjectOf(ctx context.Context) Subject {
	s, _ := ctx.Value(subjectKey{}).(Subject)
	return s
}

// Attempt is one try of an environment to reach somebody, or of somebody to reach its
// access endpoint, with all that the policy has to be asked about it again. It is
// comparable: two that are equal are judged alike.
type Attempt struct {
	Environment string // store id
	Subnet      Subnet
	Subject     Subject
	Direction   Direction
	Protocol    string // "tcp", "udp"
	// Host is as it was written, outbound; what is no address was looked up. "" is this
	// host, to call an access endpoint of another network.
	Host string
	Port uint16 // outbound: the other end's
	// Addresses are those that the host has; inbound the one of who called. None: the name
	// was not found.
	Addresses Addresses
	// Of a workflow of this process that called, inbound: who, its environment and subnet.
	By                Subject
	CallerEnvironment string
	CallerSubnet      Subnet
	Arrived           string // inbound: Caller.Arrived
	Denied            bool   // by the policy of then
}

// Addresses is a list of addresses, in order, as a comparable value.
type Addresses string

// PackAddresses sorts the list: in which order a server tells the addresses of a name
// means nothing.
func PackAddresses(list ...netip.Addr) Addresses {
	if !slices.IsSortedFunc(list, netip.Addr.Compare) {
		list = slices.Clone(list)
		slices.SortFunc(list, netip.Addr.Compare)
	}
	var room [4 * (1 + 16)]byte // for as many as most names have
	b := room[:0]
	for _, a := range list {
		switch {
		case a.Is4():
			raw := a.As4()
			b = append(append(b, byte(len(raw))), raw[:]...)
		case a.Is6():
			raw := a.As16()
			b = append(append(b, byte(len(raw))), raw[:]...)
		}
	}
	return Addresses(b)
}

// List is the addresses. What is no packed list has those before the fault.
func (a Addresses) List() []netip.Addr {
	var list []netip.Addr
	for {
		address, rest, ok := a.first()
		if !ok {
			return list
		}
		list, a = append(list, address), rest
	}
}

// first is the first address and what follows.
func (a Addresses) first() (netip.Addr, Addresses, bool) {
	if len(a) == 0 || 1+int(a[0]) > len(a) {
		return netip.Addr{}, "", false
	}
	n := 1 + int(a[0])
	address, ok := netip.AddrFromSlice([]byte(a[1:n]))
	return address, a[n:], ok
}

// isName tells whether a host has to be looked up by name servers (lookup).
func isName(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	_, err := netip.ParseAddr(host)
	return err != nil && name != "localhost" && !strings.HasSuffix(name, ".localhost")
}

// maxHost bounds the host of an attempt that is told of: a longer one is no name (RFC 1035
// §2.3.4) and no address, so it was reached by nobody.
const maxHost = 255

// attempted tells of an attempt, if it was made where there is a policy.
func (n *Inproc) attempted(p *Place, a Attempt) {
	if n.options.Attempted != nil && p != nil && p.Err == nil && len(a.Host) <= maxHost {
		n.options.Attempted(a)
	}
}

// outgoing is an attempt of a dialer.
func (d *dialer) outgoing(ctx context.Context, network, host string, port uint16) Attempt {
	return Attempt{Environment: d.source.Environment, Subnet: d.source.Subnet, Subject: subjectOf(ctx), Direction: Outbound, Protocol: network[:3], Host: host, Port: port}
}

// incoming is an attempt to call an access endpoint.
func incoming(environment string, c Caller, allowed bool) Attempt {
	a := Attempt{Environment: environment, Subnet: SubnetBuiltIn, Subject: c.Subject, Direction: Inbound, Protocol: "tcp", Port: accessPort, Arrived: c.Arrived, Denied: !allowed}
	if c.Source != nil {
		a.By, a.CallerEnvironment, a.CallerSubnet = c.By, c.Source.Environment, c.Source.Subnet
	} else {
		a.Addresses = PackAddresses(c.Address.Unmap())
	}
	return a
}

// attemptedConn is a connection that knows by which attempt it was made.
type attemptedConn struct {
	net.Conn
	network *Inproc
	place   *Place
	attempt Attempt
}

// NetConn is for who looks for what is inside.
func (c *attemptedConn) NetConn() net.Conn { return c.Conn }

// Used tells that a connection, also one that is wrapped as *tls.Conn is, serves the
// context's subject: one that is kept and used again is an attempt of each who does, as
// without it there would be a dial.
func Used(ctx context.Context, c net.Conn, again bool) {
	for {
		switch x := c.(type) {
		case *attemptedConn:
			a := x.attempt
			if a.Subject = subjectOf(ctx); again || a.Subject != x.attempt.Subject {
				x.network.attempted(x.place, a)
			}
			return
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return
		}
	}
}
