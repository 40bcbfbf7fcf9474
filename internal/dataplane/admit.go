package dataplane

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"isle/netpol"
)

// accessPort is the port of access endpoints, as the policy knows it: which port
// they have on this host is nobody's business.
const accessPort = 443

// Caller is who calls an access endpoint.
type Caller struct {
	Address netip.Addr // of the socket, or what a trusted proxy says
	Source  *Source    // set when it is a workflow of this process
	// Arrived is the environment at whose access endpoint the call arrived inside its
	// network; "" where it arrived at the host.
	Arrived string
	// Connection measures the one that the call came by; nil where there is none.
	Connection *Measure
	Subject    Subject // the workflow that is called
	By         Subject // the workflow that calls, if it is one of this process
}

// Admit judges a call of an environment's access endpoint, request by request, and
// reports the decision. What is in no network is called freely; but a workflow that
// calls it leaves its own network, which may forbid that.
//
// A caller is known by its address: an attached one by its private address, this host
// as netpol.HostAddress, others by their own. One that is neither public nor of the
// network is also judged as netpol.NeighbourAddress, and of the two the rule with the
// lower priority number decides. An Internal endpoint answers only what the service
// tag VirtualNetwork has. A workflow of the same network is judged over its whole
// way, as is one of a peered network that this one gives access; one of another first leaves
// its own network for this host, and then comes from this host. Where the kernel holds the networks, who called inside one is there, and an
// Internal endpoint answers nowhere else.
func (n *Inproc) Admit(environment string, c Caller) Decision {
	p := n.place(environment)
	d := n.admit(p, environment, c)
	if d.Flow.Direction == Inbound { // else it has not left its own network
		n.admitted(p, environment, &c, &d)
	}
	n.attempted(p, incoming(environment, c, d.Allowed))
	return d
}

func (n *Inproc) admit(p *Place, environment string, c Caller) Decision {
	f := Flow{Source: Source{Environment: environment, Subnet: SubnetBuiltIn}, Direction: Inbound, Protocol: "tcp", Port: accessPort}
	if p != nil {
		f.EnvironmentID, f.Source.Revision = p.Environment, p.Revision
		f.Source.Address, _ = p.Address(AccessEndpoint)
	}
	from := c.Address.Unmap()
	switch {
	case c.Arrived != "":
		f.Address = netip.AddrPortFrom(from, 0)
		if c.Arrived != environment && !n.place(c.Arrived).sharesNetwork(p) {
			return n.report(judgement{Decision: own(f, netpol.Deny, "endpoint", "AccessEndpoint", "the call arrived in the virtual network of another environment")}).Decision
		}
	case c.Source == nil:
		f.Address = netip.AddrPortFrom(from, 0)
		if n.inner != nil && p != nil && p.Internal {
			return n.report(judgement{Decision: own(f, netpol.Deny, "endpoint", "AccessEndpoint", fmt.Sprintf("the access endpoint of environment %s is Internal, and is at https://%s in its virtual network alone",
				path.Base(p.Environment), f.Source.Address))}).Decision
		}
		from = n.caller(p, from)
	default:
		home := n.place(c.Source.Environment)
		if from, _ = home.Address(c.Source.Subnet.component()); !home.sharesNetwork(p) && !(home.isPeered(p) && p.has(from)) {
			if d := n.leave(home, *c.Source, c.By); !d.Allowed {
				return d
			}
			from = netpol.HostAddress()
		}
		f.Address = netip.AddrPortFrom(from, 0)
	}
	return n.report(judgement{Decision: p.arrive(f, from, p != nil && p.Internal)}).Decision
}

func (p *Place) sharesNetwork(q *Place) bool {
	return p != nil && q != nil && p.Network != nil && q.Network != nil && strings.EqualFold(p.Network.ID(), q.Network.ID())
}

// isPeered tells whether the networks of two places are peered.
func (p *Place) isPeered(q *Place) bool {
	return p != nil && q != nil && p.Network != nil && q.Network != nil && p.Network.Peered(q.Network)
}

// leave judges a workflow's way out of its own network to this host.
func (n *Inproc) leave(p *Place, s Source, by Subject) Decision {
	if p == nil {
		return Decision{Allowed: true}
	}
	f := Flow{Source: s, Direction: Outbound, Protocol: "tcp", Address: netip.AddrPortFrom(netpol.HostAddress(), accessPort)}
	n.fill(p, &f)
	d := n.report(p.evaluate(f, f.Address)).Decision
	if n.wanted() {
		n.start(p, &d, 0, nil)
	}
	n.attempted(p, Attempt{Environment: s.Environment, Subnet: s.Subnet, Subject: by, Direction: Outbound, Protocol: "tcp", Port: accessPort, Denied: !d.Allowed})
	return d
}

// inbound judges what comes to a listener of an operation.
func (n *Inproc) inbound(p *Place, f Flow) Decision {
	if isMetadata(f.Address.Addr()) {
		return linkLocal(f)
	}
	return p.arrive(f, n.caller(p, f.Address.Addr()), false)
}

// arrive judges a flow to the environment's end of f from an address as the network
// knows it. An internal end answers only the network.
func (p *Place) arrive(f Flow, from netip.Addr, internal bool) Decision {
	if p == nil {
		return allowed(f, "", "no rule forbids it")
	}
	switch {
	case p.Err != nil || p.Network == nil:
		return noPolicy(p, f)
	case !from.IsValid():
		return own(f, netpol.Deny, "endpoint", "AccessEndpoint", "the address of the caller is not known")
	case p.has(from):
		f.Zone = ZoneVirtualNetwork
	case internal:
		return own(f, netpol.Deny, "endpoint", "AccessEndpoint", fmt.Sprintf("the access endpoint of environment %s is Internal, so it answers its virtual network %s only, and %s is outside",
			path.Base(p.Environment), path.Base(p.Network.ID()), f.Address.Addr()))
	}
	flow := netpol.Flow{Protocol: protocol(f.Protocol), Source: from, SourcePort: sourcePort, Destination: f.Source.Address, DestinationPort: f.Port}
	switch {
	case f.Zone == ZoneInternet && from != netpol.HostAddress() && !isPublic(from):
		return byPolicy(f, flow, p.neighbour(flow))
	case from.Is4() != flow.Destination.Is4():
		return own(f, netpol.Deny, "endpoint", "NoIPv6", fmt.Sprintf("%s is an IPv6 address, and what it calls has none: call it over IPv4", from))
	}
	return byPolicy(f, flow, p.Network.Evaluate(flow))
}

// caller is the address by which the network knows who calls: an attachment's private
// one, this host's, or the caller's own.
func (n *Inproc) caller(p *Place, from netip.Addr) netip.Addr {
	from = from.WithZone("")
	if p == nil {
		return from
	}
	if m := n.machine(p, from); from.IsValid() && m != nil {
		return m.Private
	}
	if from.IsValid() && n.host.has(from) && !isPublic(from) {
		return netpol.HostAddress()
	}
	return from
}

// has tells whether an address is one of the network: of the service tag
// VirtualNetwork.
func (p *Place) has(a netip.Addr) bool {
	if a == netpol.HostAddress() {
		return false
	}
	_, inside := p.Network.SubnetOf(a)
	return inside || p.Network.TagHas("VirtualNetwork", a)
}

// neighbour judges a caller that has a private address outside the network: by the
// first rule that matches either its own address or the one that stands for all such.
// Its replies take no route.
func (p *Place) neighbour(flow netpol.Flow) netpol.Decision {
	near := flow
	near.Source = netpol.NeighbourAddress()
	d := p.Network.Verify(near, netpol.Inbound)
	if flow.Source.Is4() != flow.Destination.Is4() {
		return d
	}
	if literal := p.Network.Verify(flow, netpol.Inbound); literal.Priority <= d.Priority {
		return literal
	}
	return d
}
