// Package dataplane makes the network policy true. Every dial, listen and name
// lookup that an operation makes goes through a [Dialer], which is bound to the
// environment and the subnet the operation runs in; nothing outside this package
// opens a socket on an operation's behalf (a test at the root of the module holds
// that).
//
// A Dialer resolves the name itself, judges each resolved address and then dials
// that literal address, so what was judged is what is reached. Each judgement is a
// [Decision] that carries its reason: the same record that error texts, run
// histories and flow logs are made of.
//
// [Inproc] is the implementation that needs no privileges. It knows where the
// components of an environment stand in its subnets, and asks the environment's
// [netpol.Network] about every flow; nobody may reach Isle's own ports or link-local
// addresses. It also judges who calls an access endpoint ([Inproc.Admit]).
package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"isle/netpol"
)

// Subnet is the place of a subnet among the four of an environment, which says
// what lives in it.
type Subnet int

const (
	SubnetBuiltIn    Subnet = iota // access endpoint and built-in triggers and actions
	SubnetConnectors               // connectors
	SubnetManagement               // the connectors' management
	SubnetCache                    // cache
)

// subnetCount is how many subnets an environment has.
const subnetCount = 4

// Shared is the store id of what runs in no environment.
const Shared = "shared"

// Component is a part of an environment that has an address of its own.
type Component int

const (
	AccessEndpoint Component = iota
	BuiltIn
	Connectors
	Management
	Cache
)

// Subnet is the subnet the component lives in.
func (c Component) Subnet() Subnet {
	if c == AccessEndpoint {
		return SubnetBuiltIn
	}
	return Subnet(c - 1)
}

// component is what dials from the subnet.
func (s Subnet) component() Component { return Component(s + 1) }

// Network hands out the sockets of operations.
type Network interface {
	// Dialer is bound to an environment and one of its subnets. It is safe for
	// concurrent use and cheap to ask for.
	Dialer(environment string, subnet Subnet) Dialer
}

// Dialer opens sockets on behalf of one subnet of one environment.
type Dialer interface {
	// Dial connects to "host:port" over tcp, tcp4, tcp6, udp, udp4 or udp6. A refusal
	// by the policy is a *DeniedError; anything else is what package net reports.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Listen accepts connections on "host:port"; each is judged by its source.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	// Resolve looks a name up with the name servers of the environment; a literal
	// address is its own answer. A failure is a *net.DNSError that names the server, or
	// a *DeniedError if the policy keeps the servers away.
	Resolve(ctx context.Context, host string) ([]netip.Addr, error)
	// Source says on whose behalf the sockets are opened, by the policy of now.
	Source() Source
}

// Source is where in the address model a flow begins.
type Source struct {
	Environment string     // store id of the environment, "shared" for none
	Subnet      Subnet     // which of its subnets
	Address     netip.Addr // simulated address there; zero without a network
	// Revision is that of the policy when the source was asked for. What keeps
	// connections for later asks before each request and keeps them by Source: after a
	// change of the policy the next request dials anew and is judged anew.
	Revision uint64
}

// Zone is what an address counts as.
type Zone uint8

const (
	ZoneInternet       Zone = iota // everything outside, this host and loopback included
	ZoneVirtualNetwork             // a subnet of the environment's network
	ZoneIsle                       // an access endpoint of this server, reached in the process
	ZoneReserved                   // a port of Isle's own that no operation may reach
	ZoneLinkLocal                  // 169.254.0.0/16, fe80::/10: metadata services and the like
)

func (z Zone) String() string {
	switch z {
	case ZoneVirtualNetwork:
		return "VirtualNetwork"
	case ZoneIsle:
		return "AccessEndpoint"
	case ZoneReserved:
		return "Reserved"
	case ZoneLinkLocal:
		return "LinkLocal"
	}
	return "Internet"
}

// Direction is seen from the environment.
type Direction uint8

const (
	Outbound Direction = iota
	Inbound
)

func (d Direction) String() string {
	if d == Inbound {
		return "Inbound"
	}
	return "Outbound"
}

// Flow is the subject of one judgement. Address is always literal: the name that
// led to it, if there was one, is only for the reader.
type Flow struct {
	Source        Source // the environment's end
	EnvironmentID string // resource ID of the environment; filled in
	Direction     Direction
	Protocol      string         // "tcp", "udp"
	Host          string         // as the operation wrote it
	Address       netip.AddrPort // the other end: destination outbound, source inbound
	Port          uint16         // of the environment's end, inbound
	Zone          Zone           // what Address counts as; filled in

	brief bool // only the verdict is wanted: no texts are made
	quiet bool // nobody is told
}

// Decision is the verdict on a flow and why.
type Decision struct {
	Flow    Flow
	Allowed bool
	// Rule names what decided: that of the network policy (securityRules/x), or
	// "AllowAll", "IsleReserved", "LinkLocal", "AccessEndpoint", "NoPolicy",
	// "NoIPv6".
	Rule   string
	Reason string // for a person, without a full stop
	// Record is the decision in the form that logs, histories and the API show. Its
	// addresses are those that the policy knows: an attachment's private one, and
	// netpol.HostAddress for this host. Isle's own decisions have the stage "isle", or
	// "endpoint" at an access endpoint.
	Record netpol.Record
}

// DeniedError is the refusal of a flow.
type DeniedError struct {
	Decision Decision
	// Lookup is the name that was to be looked up at the name server to which the flow
	// leads; empty for other flows.
	Lookup string
}

func (e *DeniedError) Error() string {
	f := e.Decision.Flow
	to := f.Address.String()
	if f.Host != "" && f.Host != f.Address.Addr().String() {
		to = fmt.Sprintf("%s (%s)", f.Host, to)
	}
	text := fmt.Sprintf("the network policy denies the connection to %s: %s", to, e.Decision.Reason)
	if e.Lookup != "" {
		return fmt.Sprintf("the name %s cannot be looked up: %s", e.Lookup, text)
	}
	return text
}
