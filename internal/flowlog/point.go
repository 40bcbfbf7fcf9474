package flowlog

import (
	"net/netip"

	"isle/internal/dataplane"
	"isle/netpol"
	"isle/netpol/flowlog"
)

// point is where a flow is seen: at one of its ends.
type point struct {
	flowlog.Point
	address netip.Addr
	inbound bool
	denied  bool
}

// The stages of a record at which security groups of the source, and of the destination,
// decide, and those of Isle's own decisions.
const (
	stageNICOut, stageSubnetOut = "nicOut", "subnetOut"
	stageNICIn, stageSubnetIn   = "nicIn", "subnetIn"
	stageIsle, stageEndpoint    = "isle", "endpoint"
)

// pointsOf are the ends of a flow that are in its network, or in one within reach, and that
// it has come to. At each it has passed the security groups there, or was refused by them,
// or by Isle itself.
func pointsOf(s *dataplane.FlowStart) (found []point) {
	source, destination := endAt(s, s.Flow.Source, netpol.Outbound), endAt(s, s.Flow.Destination, netpol.Inbound)
	add := func(p *point, denied bool) {
		if p != nil {
			p.denied = denied
			found = append(found, *p)
		}
	}
	if s.Stage == stageNICIn || s.Stage == stageSubnetIn {
		destination.decided(s)
	}
	switch {
	case s.Allowed:
		add(source, false)
		add(destination, false)
	case s.Stage == stageNICOut || s.Stage == stageSubnetOut:
		source.decided(s)
		add(source, true)
	case s.Stage == stageNICIn || s.Stage == stageSubnetIn:
		add(source, false)
		add(destination, true)
	case s.Stage == stageIsle || s.Stage == stageEndpoint:
		at := source
		if s.Inbound {
			at = destination
		}
		at.decided(s)
		add(at, true)
	default: // on the way between them
		add(source, false)
	}
	return found
}

// endAt is an end of a flow with the rule that lets it pass there; nil if it is outside.
func endAt(s *dataplane.FlowStart, address netip.Addr, d netpol.Direction) *point {
	for _, n := range s.Network.Reach() {
		subnet, inside := n.SubnetOf(address)
		if !inside {
			continue
		}
		verdict := n.Verify(s.Flow, d)
		return &point{address: address, inbound: d == netpol.Inbound,
			Point: flowlog.Point{Network: n.ID(), Subnet: subnet, Group: verdict.SecurityGroup, Rule: flowlog.RuleName(verdict.RuleName)}}
	}
	return nil
}

// decided has the point's rule be the one that the flow's record names.
func (p *point) decided(s *dataplane.FlowStart) {
	if p != nil {
		p.Group, p.Rule = s.Group, flowlog.RuleName(s.Rule)
	}
}
