package netpol

import (
	"fmt"
	"net/netip"
	"strings"
)

// Trace is the way of a flow: every stage that it passed, in order.
type Trace struct {
	Flow     Flow
	Decision Decision
	Steps    []Step
}

// Step is one stage of a flow's way. Its decision is the stage's own, and the
// flow is as it came there.
type Step struct {
	Flow     Flow
	Decision Decision
}

// String is the step in plain words.
func (s Step) String() string {
	text := s.Decision.String()
	switch {
	case s.Decision.Stage == StageRoute && s.Decision.Verdict == Allow:
		text = "route: takes " + s.Decision.routeText()
	case s.Decision.Stage != StageNone:
		text = s.Decision.Stage.String() + ": " + text
	}
	if s.Decision.Threat == ThreatAlert {
		text += "; it is on the list of known threats"
	}
	if s.Decision.DNAT.IsValid() {
		text += fmt.Sprintf("; goes on to %s", s.Decision.DNAT)
	}
	if s.Decision.SNATIP.IsValid() {
		text += fmt.Sprintf("; goes on as %s", s.Decision.SNATIP)
	}
	return text
}

// String tells the flow, its steps one a line, and the verdict.
func (t Trace) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", t.Flow)
	for _, s := range t.Steps {
		fmt.Fprintf(&b, "  %s\n", s)
	}
	fmt.Fprintf(&b, "%s\n", t.Decision)
	return b.String()
}

// Trace judges a flow as Evaluate does and tells each stage.
func (n *Network) Trace(f Flow) Trace {
	t := Trace{Flow: f}
	w := walk{network: n, flow: f, ends: bothEnds, trace: &t}
	t.Decision = w.decide()
	return t
}

// record adds the stage that was just passed to the trace.
func (w *walk) record(verdict Access) {
	if w.trace == nil {
		return
	}
	d := Decision{Verdict: verdict, Stage: w.stage, Reason: w.reason}
	if w.stage == StageFirewall {
		d.SNATIP, d.Named, d.Host, d.Threat = w.snat, w.named, w.host, w.threat
		if w.netRule != nil && w.netRule.kind == NATKind && w.reason != NameNotLookedUp {
			d.DNAT = w.dnat
		}
	}
	w.describe(&d)
	if w.stage != StageRoute {
		d.RouteID, d.RoutePrefix, d.NextHop, d.NextHopIP = "", netip.Prefix{}, NoRoute, netip.Addr{}
	}
	if n := len(w.trace.Steps); w.stage == StageRoute && n > 0 && w.trace.Steps[n-1].Decision.Stage == StageRoute {
		w.trace.Steps[n-1].Decision = d // the route that was taken turns out to be refused
		return
	}
	w.trace.Steps = append(w.trace.Steps, Step{w.flow, d})
}

func (w *walk) recordRoute(s *subnet, i int) {
	r := &s.routes.list[i]
	d := Decision{Verdict: Allow, Stage: StageRoute, Subnet: s.id, RouteID: s.routes.ids[i], RoutePrefix: r.Prefix, NextHop: r.NextHop, NextHopIP: r.NextHopIP}
	if as := s.nat.source(&w.flow); r.NextHop == Internet && as.IsValid() {
		d.SNATIP, d.NATGateway = as, s.nat.id
	}
	w.trace.Steps = append(w.trace.Steps, Step{w.flow, d})
}

// RuleMatch tells how one rule meets a flow: the five conditions of NSG
// diagnostics (network.md §A8).
type RuleMatch struct {
	Rule                   string // securityRules/x or defaultSecurityRules/x
	Priority               int
	Access                 Access
	ProtocolMatched        bool
	SourceMatched          bool
	SourcePortMatched      bool
	DestinationMatched     bool
	DestinationPortMatched bool
}

// Explanation is what one security group on a flow's way makes of it.
type Explanation struct {
	Decision Decision // of this group alone
	Rules    []RuleMatch
}

// Explain tells for each security group at the flow's ends every rule of the
// direction, also behind one that denies.
func (n *Network) Explain(f Flow) []Explanation {
	w := walk{network: n, flow: f}
	w.flow.Source, w.flow.Destination = w.flow.Source.Unmap().WithZone(""), w.flow.Destination.Unmap().WithZone("")
	if !w.flow.valid() {
		return nil
	}
	var list []Explanation
	add := func(stage Stage, g *group, d Direction, p *place) {
		if g == nil {
			return
		}
		at := walk{network: n, flow: w.flow}
		verdict := Deny
		if at.judge(stage, g, d, p) {
			verdict = Allow
		}
		if at.rule == nil {
			at.stage, at.place = StagePlatform, p
		}
		e := Explanation{Decision: Decision{Verdict: verdict, Stage: at.stage}}
		at.describe(&e.Decision)
		e.Decision.SecurityGroup = g.id
		for i := range g.sides[d].rules {
			e.Rules = append(e.Rules, g.sides[d].rules[i].explain(&w.flow))
		}
		list = append(list, e)
	}
	if p := n.place(w.flow.Source); p != nil {
		if p.nic != nil {
			add(StageNICOut, p.nic.group, Outbound, p)
		}
		add(StageSubnetOut, p.subnet.group, Outbound, p)
	}
	if p := n.place(w.flow.Destination); p != nil {
		add(StageSubnetIn, p.subnet.group, Inbound, p)
		if p.nic != nil {
			add(StageNICIn, p.nic.group, Inbound, p)
		}
	}
	return list
}

func (r *rule) explain(f *Flow) RuleMatch {
	m := RuleMatch{Rule: r.label, Priority: r.Priority, Access: r.Access, ProtocolMatched: r.match.protocols.has(f.Protocol)}
	m.SourceMatched = r.match.source == nil || contains(r.match.source, f.Source)
	m.DestinationMatched = r.match.destination == nil || contains(r.match.destination, f.Destination)
	m.SourcePortMatched = r.match.portMatched(r.match.sourcePorts, f.Protocol, f.SourcePort)
	m.DestinationPortMatched = r.match.portMatched(r.match.ports, f.Protocol, f.DestinationPort)
	return m
}

func (m *match) portMatched(ranges []PortRange, p Protocol, port uint16) bool {
	if !p.HasPorts() {
		return m.named.has(p) || ranges[0] == anyPort
	}
	for _, r := range ranges {
		if r.Has(port) {
			return true
		}
	}
	return false
}
