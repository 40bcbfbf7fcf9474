package dataplane

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"isle/netpol"
)

// Entrance is a port of this host that stands for a port of a firewall's public address,
// where that has a local address (isle-egress: bind) and NAT rules let callers in. Who
// calls it is judged as a caller of the public address, and carried to what is attached at
// the private address that the rule leads to. What is attached calls from its private
// address: where no route leads it to the firewall, it first leaves its network as its
// rules let it, and then comes from the public address that this gives it, or else from
// this host.
type Entrance struct {
	Network string         // ID of the firewall's virtual network
	Public  netip.AddrPort // what callers mean
	At      netip.AddrPort // of this host
}

// Inward tells what a network is now, nil if it is not there, and what is attached within
// its reach.
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
	for _, one := range slices.SortedFunc(maps.Keys(wanted), Entrance.compare) {
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

// compare orders entrances by where they are.
func (e Entrance) compare(o Entrance) int {
	return cmp.Or(e.At.Compare(o.At), e.Public.Compare(o.Public), strings.Compare(e.Network, o.Network))
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
	place := &Place{Network: network, Mappings: mappings}
	flow := netpol.Flow{Protocol: netpol.TCP, Source: n.caller(place, from.Addr()), SourcePort: from.Port(), Destination: at.Public.Addr(), DestinationPort: at.Public.Port()}
	d := network.Evaluate(flow)
	if d.Allowed() && !d.DNAT.IsValid() { // it has left by another way than the firewall
		if flow.Source = netpol.HostAddress(); d.SNATIP.IsValid() {
			flow.Source = d.SNATIP
		}
		d = network.Evaluate(flow)
	}
	verdict := n.report(judgement{Decision: byPolicy(Flow{Direction: Inbound, Protocol: "tcp", Address: from, Port: at.Public.Port()}, flow, d)})
	m := n.attachment(place, d.DNAT)
	if !verdict.Allowed || m == nil || m.Private != d.DNAT.Addr() || !strings.EqualFold(m.Network, d.Network) {
		n.refused(place, &verdict.Decision)
		reset(c)
		return
	}
	n.carry(n.inward(place, &verdict.Decision, c), relay{protocol: "tcp", real: m.real(d.DNAT.Port())})
}
