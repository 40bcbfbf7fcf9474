package dataplane

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"isle/netpol"
)

// Entrance is a port of this host that stands for a port of a firewall's public address,
// where that has a local address (isle-egress: bind) and NAT rules let callers in. Who
// calls it is judged as a caller of the public address, and carried to what is attached at
// the private address that the rule leads to.
type Entrance struct {
	Network string         // ID of the firewall's virtual network
	Public  netip.AddrPort // what callers mean
	At      netip.AddrPort // of this host
}

// Inward tells what a network is now: nil if it is not there, and what is attached in it.
type Inward func(network string) (*netpol.Network, []Mapping)

// Entrances are those there are. The zero value is ready for use.
type Entrances struct {
	mu   sync.Mutex
	open map[Entrance]net.Listener // guarded by mu
}

// Keep has callers let in by the entrances that are wanted, and by no others; what has
// been let in goes on. The error tells of those that cannot be opened.
func (e *Entrances) Keep(n *Inproc, wanted map[Entrance]bool, inward Inward) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for one, l := range e.open {
		if !wanted[one] {
			_ = l.Close()
			delete(e.open, one)
		}
	}
	if e.open == nil {
		e.open = map[Entrance]net.Listener{}
	}
	var found []error
	for one := range wanted {
		if e.open[one] != nil {
			continue
		}
		var config net.ListenConfig
		l, err := config.Listen(context.Background(), "tcp", one.At.String())
		if err != nil {
			found = append(found, err)
			continue
		}
		e.open[one] = l
		go accept(l, func(c net.Conn) { n.enter(c, one, inward) })
	}
	return errors.Join(found...)
}

// enter judges a caller and carries the connection.
func (n *Inproc) enter(c net.Conn, at Entrance, inward Inward) {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	network, mappings := inward(at.Network)
	if err != nil || network == nil {
		_ = c.Close()
		return
	}
	from = unmap(from)
	flow := netpol.Flow{Protocol: netpol.TCP, Source: from.Addr(), SourcePort: from.Port(), Destination: at.Public.Addr(), DestinationPort: at.Public.Port()}
	d := network.Evaluate(flow)
	verdict := n.report(judgement{Decision: byPolicy(Flow{Direction: Inbound, Protocol: "tcp", Address: from, Port: at.Public.Port()}, flow, d)})
	place := &Place{Network: network, Mappings: mappings}
	m := n.attachment(place, d.DNAT)
	if !verdict.Allowed || m == nil || m.Private != d.DNAT.Addr() {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // told as a reset
		}
		_ = c.Close()
		return
	}
	n.carry(c, relay{protocol: "tcp", real: m.real(d.DNAT.Port())})
}
