package dataplane

import (
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"isle/netpol"
)

// A flow is judged in this order: addresses that nobody may reach; the access
// endpoints of this server; what its other end is in the network (an attachment, this
// host, or itself); Isle's own ports, on the real address; then the network policy.

// sourcePort is that of flows whose source port is not known yet.
const sourcePort = 49152

// judgement is a decision, and for an allowed outbound flow where it leads.
type judgement struct {
	Decision
	place   *Place             // as of which it was made; nil for none
	to      netip.AddrPort     // the other end as the network knows it
	reach   netip.AddrPort     // the real address; invalid: nothing is attached there
	inside  bool               // it ends in the network, or in one within its reach
	network string             // the ID of the network that it is in last
	exit    netpol.NextHopType // the last next hop of its way, if a network has judged it
	named   bool               // an application rule has decided by the host that was dialed
	inlet   *inlet             // set: it arrives in this process
	egress  *Egress            // set: it leaves this way
}

// Judge decides on one flow and reports the decision.
func (n *Inproc) Judge(f Flow) Decision {
	return n.judge(n.place(f.Source.Environment), f).Decision
}

// judge decides as of one place, so that all flows of one dial meet one policy.
func (n *Inproc) judge(p *Place, f Flow) judgement {
	n.fill(p, &f)
	var j judgement
	if f.Direction == Inbound {
		j.Decision = n.inbound(p, f)
	} else {
		j = n.outbound(p, f)
	}
	n.refused(p, &j.Decision)
	return n.report(j)
}

func (n *Inproc) report(j judgement) judgement {
	if n.options.Observe != nil && !j.Flow.quiet {
		n.options.Observe(j.Decision)
	}
	return j
}

// fill completes what the place knows of a flow.
func (n *Inproc) fill(p *Place, f *Flow) {
	f.Address = unmap(f.Address)
	if p != nil {
		f.EnvironmentID = p.Environment
		f.Source.Address, _ = p.Address(f.Source.Subnet.component())
	}
}

func (n *Inproc) outbound(p *Place, f Flow) judgement {
	at := embedded(f.Address.Addr())
	switch {
	case isMetadata(at):
		return judgement{Decision: linkLocal(f)}
	case p != nil && p.Err != nil:
		return judgement{Decision: noPolicy(p, f)}
	}
	if e := n.find(n.publishedList(), f.Address); e != nil && f.Protocol != "udp" {
		f.Zone = ZoneIsle
		return judgement{Decision: allowed(f, "endpoint", "an access endpoint of this server, which judges its callers"), reach: f.Address, inlet: e.inlet}
	}
	to, reach, m := n.meant(p, f.Address)
	if isMetadata(reach.Addr()) {
		return judgement{Decision: linkLocal(f)}
	}
	if e := n.find(n.reservedList(), netip.AddrPortFrom(embedded(reach.Addr()), reach.Port())); e != nil {
		return judgement{Decision: reserved(f, e, reach.Port())}
	}
	if p == nil {
		return judgement{Decision: allowed(f, "", "no rule forbids it"), reach: reach}
	}
	j := p.evaluate(f, to)
	j.place, j.to = p, to
	if m != nil && strings.EqualFold(m.Network, j.network) || !j.inside {
		j.reach = reach
	}
	if local := embedded(reach.Addr()); j.egress != nil && (local.IsLoopback() || local.IsUnspecified()) && !n.near(j.egress) {
		j.egress = nil // there it would mean the proxy's own host
	}
	return j
}

// meant tells what an address is in the network, where that really is, and what is
// attached there, if anything.
func (n *Inproc) meant(p *Place, a netip.AddrPort) (to, reach netip.AddrPort, attached *Mapping) {
	if p == nil {
		return a, a, nil
	}
	if m := n.attachment(p, a); m != nil {
		if m.Port == 0 && a.Addr() != m.Private {
			return m.private(a.Port()), a, m // an own one of its addresses
		}
		return m.private(a.Port()), m.real(a.Port()), m
	}
	if n.inner != nil && p.holds(a.Addr()) {
		return a, a, nil // the host has no address there, whatever its own ones are
	}
	if local := embedded(a.Addr()); n.host.has(local) && !isPublic(local) {
		return netip.AddrPortFrom(netpol.HostAddress(), a.Port()), a, nil
	}
	return a, a, nil
}

// holds tells whether an address is in a subnet of the place's network, or of one within
// its reach.
func (p *Place) holds(a netip.Addr) bool {
	return p.Network != nil && a != netpol.HostAddress() && p.Network.Reaches(a)
}

// near tells whether a way out is of this host.
func (n *Inproc) near(e *Egress) bool {
	if e.Proxy == nil {
		return true
	}
	a, err := netip.ParseAddr(e.Proxy.Hostname())
	return err == nil && n.host.has(a) || e.Proxy.Hostname() == "localhost"
}

// binding judges the address that a listener of an operation asks for.
func (n *Inproc) binding(f Flow) Decision {
	if isMetadata(f.Address.Addr()) {
		return linkLocal(f)
	}
	for _, list := range [][]endpoint{n.publishedList(), n.reservedList()} {
		if e := n.find(list, f.Address); e != nil && f.Address.Port() != 0 {
			return reserved(f, e, f.Address.Port())
		}
	}
	return allowed(f, "isle", "the address is free")
}

// attachment finds the mapping that an address stands for: by the private address, or
// by the real one, so that no rule about the private one can be walked around. A port
// of this host is the same on all its addresses, and so is this host as a whole.
func (n *Inproc) attachment(p *Place, to netip.AddrPort) *Mapping {
	found := n.machine(p, to.Addr()) // one for the port itself comes first
	for i := range p.Mappings {
		m := &p.Mappings[i]
		switch {
		case m.Port == 0:
			if found == nil && m.Private == to.Addr() {
				found = m
			}
		case m.Private == to.Addr() && m.Port == to.Port(),
			m.RealPort == to.Port() && (m.Real == to.Addr() || n.host.has(m.Real) && n.host.has(to.Addr())):
			return m
		}
	}
	return found
}

// machine finds the attachment as a whole of who has a real address. 127.0.0.1 is this
// host: those of its addresses that are not public and not attached themselves.
func (n *Inproc) machine(p *Place, real netip.Addr) *Mapping {
	var host *Mapping
	for i := range p.Mappings {
		switch m := &p.Mappings[i]; {
		case m.Port != 0:
		case m.Real == real:
			return m
		case m.Real == netpol.HostAddress() && host == nil:
			host = m
		}
	}
	if host != nil && n.host.has(real) && !isPublic(real) {
		return host
	}
	return nil
}

func (m *Mapping) private(port uint16) netip.AddrPort {
	if m.Port != 0 {
		port = m.Port
	}
	return netip.AddrPortFrom(m.Private, port)
}

func (m *Mapping) real(port uint16) netip.AddrPort {
	if m.Port != 0 {
		port = m.RealPort
	}
	return netip.AddrPortFrom(m.Real.Unmap(), port)
}

// evaluate asks the policy about a flow from the component of the flow's subnet. What its
// client will ask for is taken to be the host that was dialed.
func (p *Place) evaluate(f Flow, to netip.AddrPort) judgement {
	return p.evaluateAsked(f, to, netpol.Application{Name: f.Host})
}

// evaluateAsked does so where it is known what the client asks for.
func (p *Place) evaluateAsked(f Flow, to netip.AddrPort, app netpol.Application) judgement {
	if p.Network == nil {
		return judgement{Decision: noPolicy(p, f)}
	}
	if p.holds(to.Addr()) {
		f.Zone = ZoneVirtualNetwork
	}
	if f.Source.Address.Is4() != to.Addr().Is4() {
		return judgement{Decision: noIPv6(p, f)}
	}
	flow := netpol.Flow{Protocol: protocol(f.Protocol), Source: f.Source.Address, SourcePort: sourcePort, Destination: to.Addr(), DestinationPort: to.Port(), Application: app}
	verdict := p.Network.Evaluate(flow)
	j := judgement{Decision: byPolicy(f, flow, verdict), network: verdict.Network, inside: verdict.Inside, exit: verdict.Exit, named: verdict.Named}
	if !j.Allowed && f.Zone == ZoneInternet && !isPublic(to.Addr()) && to.Addr() != netpol.HostAddress() {
		j.remedy(&verdict)
	}
	if j.Allowed && verdict.SNATIP.IsValid() {
		if e, ok := p.Egress[verdict.SNATIP]; ok {
			j.egress = new(e)
		}
	}
	return j
}

// remedy adds what to do about a private address outside the network. Such addresses
// lead nowhere unless someone says so, and the default rules leave them out.
func (j *judgement) remedy(d *netpol.Decision) {
	const attach = "; give it an address of the network with `isle port add`, or "
	switch {
	case d.Reason == netpol.NotOnInternet, d.Stage == netpol.StageRoute && d.Reason == netpol.RouteToNone && d.RouteID == "":
		j.Reason += attach + "add a route to it with next hop Internet"
	case d.RuleName == "defaultSecurityRules/DenyAllOutBound":
		j.Reason += attach + "add a rule that allows it and a route to it with next hop Internet"
	}
	j.Record.Message = j.Reason
}

func protocol(name string) netpol.Protocol {
	if name == "udp" {
		return netpol.UDP
	}
	return netpol.TCP
}

// byPolicy is the policy's decision on a flow.
func byPolicy(f Flow, flow netpol.Flow, d netpol.Decision) Decision {
	if f.brief {
		return Decision{Flow: f, Allowed: d.Allowed()}
	}
	r := d.Record(flow)
	rule := d.RuleName
	switch {
	case rule != "":
	case d.Allowed():
		rule = "AllowAll"
	default:
		rule = d.Reason.String()
	}
	return Decision{Flow: f, Allowed: d.Allowed(), Rule: rule, Reason: r.Message, Record: r}
}

// own is a decision that the policy has no part in.
func own(f Flow, verdict netpol.Access, stage, rule, reason string) Decision {
	if f.brief {
		return Decision{Flow: f, Allowed: verdict == netpol.Allow}
	}
	flow := netpol.Flow{Protocol: protocol(f.Protocol), Source: f.Source.Address, Destination: f.Address.Addr(), DestinationPort: f.Address.Port()}
	if f.Direction == Inbound {
		flow.Source, flow.SourcePort, flow.Destination, flow.DestinationPort = f.Address.Addr(), f.Address.Port(), f.Source.Address, f.Port
	}
	r := netpol.Decision{Verdict: verdict}.Record(flow)
	if stage != "" {
		r.Stage, r.Reason = stage, reason
	}
	verb := "denied: "
	if verdict == netpol.Allow {
		verb = "allowed: "
	}
	r.Message = verb + reason
	return Decision{Flow: f, Allowed: verdict == netpol.Allow, Rule: rule, Reason: reason, Record: r}
}

func allowed(f Flow, stage, reason string) Decision {
	return own(f, netpol.Allow, stage, "AllowAll", reason)
}

func linkLocal(f Flow) Decision {
	f.Zone = ZoneLinkLocal
	return own(f, netpol.Deny, "isle", "LinkLocal", "link-local addresses and the platform's, where metadata services of clouds and hosts live, are never reachable from a workflow")
}

func reserved(f Flow, e *endpoint, port uint16) Decision {
	f.Zone = ZoneReserved
	return own(f, netpol.Deny, "isle", "IsleReserved", "port "+strconv.Itoa(int(port))+" is Isle's own "+e.name+" endpoint, which workflows must not call")
}

func noPolicy(p *Place, f Flow) Decision {
	reason := "the network policy of the environment is not known"
	if p.Err != nil {
		reason += ": " + p.Err.Error()
	}
	return own(f, netpol.Deny, "isle", "NoPolicy", reason)
}

func noIPv6(p *Place, f Flow) Decision {
	return own(f, netpol.Deny, "isle", "NoIPv6", fmt.Sprintf("%s is an IPv6 address, and subnet %s has none: its flows are IPv4",
		f.Address.Addr(), path.Base(p.Subnets[f.Source.Subnet])))
}
