package netpol

import (
	"net/netip"
	"slices"
)

// maxAppliances is how many next hops a flow may take before it is taken to go
// round in circles (network.md §C3).
const maxAppliances = 8

// Evaluate judges a flow on its whole way through the network, and through those it is
// peered with. Its source, its destination or both are addresses of the network. It does
// not allocate.
func (n *Network) Evaluate(f Flow) Decision {
	w := walk{network: n, flow: f, ends: bothEnds}
	return w.decide()
}

// Verify judges a flow by the security groups at one end only: those of its
// source for Outbound, of its destination for Inbound (IP flow verify, §A8).
func (n *Network) Verify(f Flow, d Direction) Decision {
	w := walk{network: n, flow: f, ends: inGroups}
	if d == Outbound {
		w.ends = outGroups
	}
	return w.decide()
}

// NextHop finds the route that a packet takes out of its source's subnet. The
// decision's verdict is what the routing alone makes of it.
func (n *Network) NextHop(source, destination netip.Addr) Decision {
	w := walk{network: n, flow: Flow{Protocol: TCP, Source: source, Destination: destination}, ends: routing}
	return w.decide()
}

// stops says which parts of a flow's way are judged.
type stops uint8

const (
	outGroups stops = 1 << iota // security groups of the source
	routing                     // routes without what stands on them
	appliance                   // firewalls and appliances that routes lead to
	replies                     // the way back to a source outside
	inGroups                    // security groups of the destination
	bothEnds  = outGroups | routing | appliance | replies | inGroups
)

// walk follows one flow. It holds the stage that was passed last by reference, so
// that only the end of the walk writes a decision.
type walk struct {
	network *Network // that the flow is in
	flow    Flow     // as it is here: a firewall changes the source
	ends    stops
	trace   *Trace // nil unless asked for
	target  *place // what has the destination in the network that was asked; nil: nobody
	end     *place // where routes have led; nil: nowhere, or outside

	stage    Stage
	reason   Reason
	place    *place
	group    *group
	rule     *rule
	firewall *firewall
	netRule  *firewallRule
	subnet   *subnet // whose route it is
	route    int     // in the subnet's list, if it has a subnet
	exit     NextHopType
	snat     netip.Addr
	nat      string // ID of the NAT gateway that gave the flow its source
	dnat     netip.AddrPort
	named    bool
	host     string // by whose address a firewall's rule has decided
	threat   ThreatMode
	// anyName says that what is asked is whether there are names with which the flow may
	// pass, where it has none.
	anyName bool
}

func (w *walk) decide() Decision {
	w.flow.Source, w.flow.Destination = w.flow.Source.Unmap().WithZone(""), w.flow.Destination.Unmap().WithZone("")
	verdict := Deny
	if w.run() {
		verdict = Allow
	}
	d := Decision{Verdict: verdict, Stage: w.stage, Reason: w.reason, Exit: w.exit, SNATIP: w.snat, NATGateway: w.nat, DNAT: w.dnat, Named: w.named, Host: w.host, Threat: w.threat}
	if verdict == Allow {
		d.Network, d.Inside = w.network.id, w.end != nil || w.exit == VnetLocal || w.exit == VNetPeering
	}
	w.describe(&d)
	return d
}

// run walks the way; it returns false where the flow ends early.
func (w *walk) run() bool {
	if !w.flow.valid() {
		return w.stop(StageNone, w.flow.fault())
	}
	from, to := w.network.place(w.flow.Source), w.network.place(w.flow.Destination)
	if from == nil && to == nil {
		if i, public := w.network.publics[w.flow.Destination]; public && w.ends&appliance != 0 {
			if home := w.network; w.begin() == nil {
				return w.publicly(&home.places[i])
			}
		}
		return w.stop(StageNone, NotInNetwork)
	}
	w.target, w.end = to, to
	if from == nil {
		from = w.begin()
	}
	if from != nil && w.ends&outGroups != 0 && !w.leave(from) {
		return false
	}
	if w.flow.platform() {
		if to != nil && w.ends&inGroups != 0 && !w.enter(to) {
			return false
		}
		if w.rule == nil {
			w.stage = StagePlatform
			w.record(Allow)
		}
		return true
	}
	switch {
	case from != nil && w.ends&routing != 0:
		if !w.forward(from) {
			return false
		}
	case from == nil && w.ends&replies != 0:
		if !w.reply(to) {
			return false
		}
	}
	return w.end == nil || w.ends&inGroups == 0 || w.enter(w.end)
}

// begin finds a source that is in a peered network, or in one that is peered with that
// (another spoke of a hub). Its whole way begins there; where only this network's end is
// asked for, it is a source that needs no route back.
func (w *walk) begin() *place {
	p := w.network.toward(w.flow.Source)
	for i := 0; p == nil && i < len(w.network.peers); i++ {
		p = w.network.peers[i].remote.toward(w.flow.Source)
	}
	if p == nil {
		return nil
	}
	from := p.remote.place(w.flow.Source)
	if from != nil && w.ends&routing != 0 {
		w.network = p.remote
	}
	return from
}

// leave passes the groups on the way out of a place: interface, then subnet.
func (w *walk) leave(p *place) bool {
	if p.nic != nil && !w.judge(StageNICOut, p.nic.group, Outbound, p) {
		return false
	}
	return w.judge(StageSubnetOut, p.subnet.group, Outbound, p)
}

// enter passes the groups on the way into a place: subnet, then interface.
func (w *walk) enter(p *place) bool {
	if !w.judge(StageSubnetIn, p.subnet.group, Inbound, p) {
		return false
	}
	return p.nic == nil || w.judge(StageNICIn, p.nic.group, Inbound, p)
}

func (w *walk) judge(stage Stage, g *group, d Direction, p *place) bool {
	if g == nil {
		return true
	}
	side := g.sides[d]
	i := side.find(&w.flow)
	if i < 0 {
		return true // run tells of the platform once, if no group has a rule for it
	}
	w.stage, w.place, w.group, w.rule = stage, p, g, &side.rules[i]
	w.record(w.rule.Access)
	return w.rule.Access == Allow
}

// stop ends the walk without a rule.
func (w *walk) stop(stage Stage, reason Reason) bool {
	w.stage, w.reason = stage, reason
	w.record(Deny)
	return false
}

// forward follows the routes from a place to the destination or out of the network.
func (w *walk) forward(from *place) bool {
	for hops := 0; ; hops++ {
		if hops > maxAppliances {
			return w.stop(StageRoute, RoutingLoop)
		}
		i, ok := from.subnet.routes.find(w.flow.Destination)
		if !ok {
			w.place, w.subnet = from, nil
			return w.stop(StageRoute, RouteMissing)
		}
		hop := &from.subnet.routes.list[i]
		w.take(from, i, hops)
		inside := w.network.inside(w.flow.Destination)
		switch hop.NextHop {
		case VnetLocal:
			if !inside {
				return w.refuse(from, i, RouteStays)
			}
			return w.routed(from, i)
		case VirtualNetworkGateway:
			if !from.subnet.gateway {
				return w.refuse(from, i, GatewayMissing)
			}
			return w.routed(from, i)
		case VirtualAppliance:
			if w.ends&appliance == 0 {
				return w.routed(from, i)
			}
			next := w.network.place(hop.NextHopIP)
			if p := w.network.toward(hop.NextHopIP); next == nil && p != nil && p.joins(from.subnet) {
				if next = p.remote.place(hop.NextHopIP); !w.cross(from, i, p, next) {
					return false
				}
			}
			if hop.NextHopIP == w.flow.Destination {
				return w.routed(from, i)
			}
			if !w.through(from, i, next) {
				return false
			}
			from = next
		case None:
			return w.refuse(from, i, RouteToNone)
		case Internet:
			switch {
			case inside:
				return w.refuse(from, i, RouteLeaves)
			case w.private(hop):
				return w.refuse(from, i, NotOnInternet)
			}
			w.translate(from.subnet)
			return w.routed(from, i)
		case VNetPeering:
			p := w.network.peers[hop.peer]
			return w.cross(from, i, p, p.remote.place(w.flow.Destination)) && w.routed(from, i)
		default: // VirtualNetworkServiceEndpoint
			if inside {
				return w.refuse(from, i, RouteLeaves)
			}
			return w.routed(from, i)
		}
	}
}

// translate gives a flow that leaves a subnet for the Internet a public address of the
// subnet's NAT gateway, also behind a firewall (network.md §A7).
func (w *walk) translate(s *subnet) {
	if as := s.nat.source(&w.flow); as.IsValid() {
		w.flow.Source, w.snat, w.nat = as, as, s.nat.id
	}
}

// private tells whether the flow goes to an address that the Internet does not have. A
// route for private addresses only says where they are (network.md §A5: the system's
// own for them goes where a network's space is in their range).
func (w *walk) private(hop *EffectiveRoute) bool {
	return contains(privateRanges, w.flow.Destination) && !slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return within(hop.Prefix, r) })
}

// take notes a route: the decision names the one out of the source's subnet.
func (w *walk) take(from *place, i, hops int) {
	if hops == 0 {
		w.subnet, w.route = from.subnet, i
	}
	w.exit = from.subnet.routes.list[i].NextHop
	if w.trace != nil {
		w.recordRoute(from.subnet, i)
	}
}

// routed says that the route leads to the destination: to the place that was asked for,
// if the network has one.
func (w *walk) routed(from *place, i int) bool {
	w.end = w.network.place(w.flow.Destination)
	if w.target != nil && w.end != w.target && w.ends&appliance != 0 {
		return w.refuse(from, i, RouteLeaves)
	}
	if w.rule == nil && w.netRule == nil {
		w.stage = StageRoute
		w.place = nil
	}
	return true
}

// refuse ends the walk at a route.
func (w *walk) refuse(at *place, i int, reason Reason) bool {
	w.subnet, w.route, w.place = at.subnet, i, at
	return w.stop(StageRoute, reason)
}

// through takes the flow through the firewall or appliance a route leads to.
func (w *walk) through(from *place, i int, next *place) bool {
	switch {
	case next == nil, next.firewall == nil && next.nic == nil:
		return w.refuse(from, i, ApplianceMissing)
	case next.firewall != nil:
		return w.filter(next)
	case !next.nic.forwards:
		return w.refuse(from, i, ApplianceNotRouter)
	}
	return w.enter(next) && w.leave(next)
}

// reply judges the way back of a flow that comes from outside: it must leave the
// way the flow came (network.md §A5, the override of 0.0.0.0/0).
func (w *walk) reply(to *place) bool {
	i, ok := to.subnet.routes.find(w.flow.Source)
	if !ok {
		w.place = to
		return w.stop(StageRoute, RouteMissing)
	}
	switch hop := to.subnet.routes.list[i]; hop.NextHop {
	case None:
		return w.refuse(to, i, RouteToNone)
	case VnetLocal:
		return w.network.inside(w.flow.Source) || w.refuse(to, i, RouteStays)
	case VirtualNetworkGateway:
		return to.subnet.gateway && contains(w.network.behind, w.flow.Source) || w.refuse(to, i, ReplyElsewhere)
	case VirtualAppliance:
		return w.refuse(to, i, ReplyElsewhere)
	}
	return true
}

// describe writes what the walk passed last into a decision.
func (w *walk) describe(d *Decision) {
	if w.subnet != nil {
		r := &w.subnet.routes.list[w.route]
		d.RouteID, d.RoutePrefix, d.NextHop, d.NextHopIP = w.subnet.routes.ids[w.route], r.Prefix, r.NextHop, r.NextHopIP
	}
	switch {
	case w.place != nil:
		d.Subnet = w.place.subnet.id
	case w.subnet != nil:
		d.Subnet = w.subnet.id
	}
	switch w.stage {
	case StageFirewall:
		d.Firewall = w.firewall.id
		if w.netRule != nil {
			d.RuleID, d.RuleName, d.Priority, d.RuleKind = w.netRule.id, w.netRule.label, w.netRule.priority, w.netRule.kind
		}
	case StageNICOut, StageSubnetOut, StageSubnetIn, StageNICIn:
		d.SecurityGroup, d.RuleID, d.RuleName, d.Priority = w.group.id, w.rule.id, w.rule.label, w.rule.Priority
		if w.stage == StageNICOut || w.stage == StageNICIn {
			d.Interface = w.place.nic.id
		}
	}
}
