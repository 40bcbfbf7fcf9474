package netpol

import (
	"fmt"
	"net/netip"
	"strings"
)

// Flow is the first packet of a connection or exchange, as its sender sends it.
type Flow struct {
	Protocol        Protocol // not AnyProtocol
	Source          netip.Addr
	SourcePort      uint16 // of TCP and UDP
	Destination     netip.Addr
	DestinationPort uint16
	Application     Application // what of the first packets' content is known
}

// Application is what a client asks for.
type Application struct {
	Protocol ApplicationProtocol // UnknownApplication: whatever rules say of the port
	Name     string              // a host's name, or an address as a text; "" is not known
}

// String is "Tcp 10.0.0.4:50000 -> 10.0.1.4:443".
func (f Flow) String() string {
	if !f.Protocol.HasPorts() {
		return fmt.Sprintf("%s %s -> %s", f.Protocol, f.Source, f.Destination)
	}
	text := fmt.Sprintf("%s %s -> %s", f.Protocol, netip.AddrPortFrom(f.Source, f.SourcePort), netip.AddrPortFrom(f.Destination, f.DestinationPort))
	if f.Application.Name != "" {
		text += " (" + f.Application.Name + ")"
	}
	return text
}

// valid tells whether the flow can be judged.
func (f *Flow) valid() bool {
	return f.Protocol > AnyProtocol && f.Protocol < protocolCount && f.Source.IsValid() && f.Destination.IsValid() &&
		f.Source.BitLen() == f.Destination.BitLen()
}

// fault is why a flow that is not valid cannot be judged.
func (f *Flow) fault() Reason {
	if f.Source.IsValid() && f.Destination.IsValid() && f.Source.BitLen() != f.Destination.BitLen() {
		return FamiliesDiffer
	}
	return NotAFlow
}

// platform tells whether an end of the flow is an address of the platform.
func (f *Flow) platform() bool { return isPlatform(f.Source) || isPlatform(f.Destination) }

// Decision is the verdict over a flow and what decided it: of an allowed flow, the
// last rule that had to allow it (network.md §C3). IDs and names that do not apply
// are empty.
type Decision struct {
	Verdict  Access
	Stage    Stage
	Reason   Reason
	Priority int // of the rule

	SecurityGroup string // ID of the group, at stages of groups
	RuleID        string
	RuleName      string // securityRules/x, defaultSecurityRules/x, or collection/rule of a firewall
	Subnet        string // ID of the subnet at which the flow was judged
	Interface     string // ID, at stages of interfaces
	Firewall      string // ID, at the firewall's stage

	// The route that the flow took out of its subnet, or that stopped it.
	RouteID     string // of user-defined routes
	RoutePrefix netip.Prefix
	NextHop     NextHopType
	NextHopIP   netip.Addr
	Exit        NextHopType // the last next hop, behind all appliances
	Network     string      // ID of the network that an allowed flow is in last
	Inside      bool        // it ends there
	SNATIP      netip.Addr  // the address as which a firewall or a NAT gateway sends the flow on
	NATGateway  string      // ID of the NAT gateway, if it was one: SNATIP is one of its addresses

	RuleKind RuleKind       // at the firewall's stage
	DNAT     netip.AddrPort // the destination that a NAT rule has given the flow
	Named    bool           // an application rule has decided by the flow's name
	Host     string         // the name by whose address a network rule or a NAT rule has decided; "" for none
	Threat   ThreatMode     // a firewall has found it on the list of threats, and does that
}

// Allowed tells whether the flow may pass.
func (d *Decision) Allowed() bool { return d.Verdict == Allow }

// String says in plain words who decided, such as "denied by securityRules/X
// (priority 200) of NSG web on subnet front".
func (d Decision) String() string {
	verb := "allowed"
	if d.Verdict == Deny {
		verb = "denied"
	}
	switch d.Stage {
	case StageNone:
		if d.Reason != ByRule {
			return verb + ": " + d.Reason.String()
		}
		return verb + ": no security group stands in the way"
	case StagePlatform:
		return verb + ": security groups and routes do not concern addresses of the platform"
	case StageRoute:
		return verb + " by " + d.routeText()
	case StageFirewall:
		if d.Reason == NameNotLookedUp {
			return fmt.Sprintf("%s by %s %s of firewall %s, which leads to %s: %s", verb, d.RuleKind, d.RuleName, lastName(d.Firewall), d.Host, d.Reason)
		}
		if d.Reason != ByRule {
			return fmt.Sprintf("%s by firewall %s: %s", verb, lastName(d.Firewall), d.Reason)
		}
		text := fmt.Sprintf("%s by %s %s (priority %d) of firewall %s", verb, d.RuleKind, d.RuleName, d.Priority, lastName(d.Firewall))
		if d.Host != "" {
			text += ", by the address of " + d.Host
		}
		return text
	}
	where := "subnet " + lastName(d.Subnet)
	if d.Interface != "" {
		where = "interface " + lastName(d.Interface)
	}
	return fmt.Sprintf("%s by %s (priority %d) of NSG %s on %s", verb, d.RuleName, d.Priority, lastName(d.SecurityGroup), where)
}

func (d *Decision) routeText() string {
	var b strings.Builder
	switch {
	case d.RouteID != "":
		b.WriteString("route " + lastName(d.RouteID))
	case d.NextHop == VirtualNetworkGateway:
		b.WriteString("the gateway's route")
	case d.RoutePrefix.IsValid():
		b.WriteString("the system's route")
	default:
		b.WriteString("the routes")
	}
	if d.RoutePrefix.IsValid() {
		fmt.Fprintf(&b, " %s to %s", d.RoutePrefix, d.NextHop)
	}
	if d.NextHopIP.IsValid() {
		fmt.Fprintf(&b, " %s", d.NextHopIP)
	}
	fmt.Fprintf(&b, " of subnet %s", lastName(d.Subnet))
	switch {
	case d.Reason == RouteToNone && d.RouteID == "":
		b.WriteString(": the address is private and not in the virtual network, and no other route leads to it")
	case d.Reason != ByRule:
		b.WriteString(": " + d.Reason.String())
	}
	return b.String()
}
