package server

import (
	"context"
	"net/netip"
	"slices"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/netpol"
	"isle/netpol/layout"
)

// The filter of a firewall gives the packets to a log that come from or go to a known
// threat (layout.Namespace.Tells). Each is judged here again, which makes the record of it.
// What components of environments send is not among them: the process has told of that
// when it was dialed.

// threatLog reads the log of a firewall.
type threatLog struct{ *kernel.Log }

// Shutdown implements ender.
func (l threatLog) Shutdown(context.Context) error { return l.Close() }

func (s *Server) tellThreats(one inside) (ender, error) {
	log, err := kernel.OpenLog(one.ns.Path, layout.LogGroup, func(f kernel.Flow) { s.tellThreat(one.network, f) })
	if err != nil {
		return nil, &layout.NetworkError{Network: one.network, Err: err}
	}
	return threatLog{log}, nil
}

// tellThreat makes the record of a packet.
func (s *Server) tellThreat(network string, f kernel.Flow) {
	st := s.wall.now.Load()
	if st == nil || st.policy == nil {
		return
	}
	n, ok := st.policy.Policy.Network(network)
	if !ok {
		return
	}
	if st.component(n, f.Source.Addr()) {
		return
	}
	flow := netpol.Flow{Protocol: protocols[f.Protocol], Source: f.Source.Addr(), SourcePort: f.Source.Port(), Destination: f.Destination.Addr(), DestinationPort: f.Destination.Port()}
	if d := n.Evaluate(flow); d.Threat != netpol.ThreatOff {
		s.plane.Tell(f.Destination, flow, d)
	}
}

// component tells whether an address is that of a component of an environment, where a
// network sees it: networks that are apart may have the same addresses.
func (s *standing) component(n *netpol.Network, a netip.Addr) bool {
	for _, p := range s.placements {
		if !slices.ContainsFunc(n.Reach(), func(r *netpol.Network) bool { return arm.SameID(r.ID(), p.Network) }) {
			continue
		}
		place := dataplane.Place{Ranges: p.Ranges}
		for c := range parts {
			if own, ok := place.Address(dataplane.Component(c)); ok && own == a {
				return true
			}
		}
	}
	return false
}
