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
// [Inproc] is the implementation that needs no privileges: it allows what is not
// forbidden to everybody (Isle's own ports, link-local addresses), and knows where
// the components of an environment stand in its subnets.
package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/netip"
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

// Network hands out the sockets of operations.
type Network interface {
	// Dialer is bound to an environment and one of its subnets. It is safe for
	// concurrent use and cheap to ask for.
	Dialer(environment string, subnet Subnet) Dialer
}

// Dialer opens sockets on behalf of one subnet of one environment.
type Dialer interface {
	// Dial connects to "host:port" over tcp, tcp4 or tcp6. A refusal by the
	// policy is a *DeniedError; anything else is what package net reports.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Listen accepts connections on "host:port"; each is judged by its source.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	// Resolve looks a name up; a literal address is its own answer.
	Resolve(ctx context.Context, host string) ([]netip.Addr, error)
	// Source says on whose behalf the sockets are opened.
	Source() Source
}

// Source is where in the address model a flow begins.
type Source struct {
	Environment string     // store id of the environment, "shared" for none
	Subnet      Subnet     // which of its subnets
	Address     netip.Addr // simulated address there; zero without a network
}

// Zone is what an address counts as.
type Zone uint8

const (
	ZoneInternet       Zone = iota // everything outside, this host and loopback included
	ZoneVirtualNetwork             // a subnet of the environment
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
	Source    Source
	Direction Direction
	Protocol  string         // "tcp"
	Host      string         // as the operation wrote it
	Address   netip.AddrPort // the other end: destination outbound, source inbound
	Zone      Zone           // what Address counts as
}

// Decision is the verdict on a flow and why. Rule names what decided, so that the
// network policy can put the name of a security rule there.
type Decision struct {
	Flow    Flow
	Allowed bool
	Rule    string // "AllowAll", "IsleReserved", "LinkLocal"
	Reason  string // a sentence for a person
}

// DeniedError is the refusal of a flow.
type DeniedError struct{ Decision Decision }

func (e *DeniedError) Error() string {
	f := e.Decision.Flow
	to := f.Address.String()
	if f.Host != "" && f.Host != f.Address.Addr().String() {
		to = fmt.Sprintf("%s (%s)", f.Host, to)
	}
	return fmt.Sprintf("the network policy denies the connection to %s: %s", to, e.Decision.Reason)
}
