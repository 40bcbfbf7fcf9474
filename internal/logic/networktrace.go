package logic

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/netpol"
	"isle/wdl"
)

// flowBody is the request of POST health/network/trace.
type flowBody struct {
	Direction   string `json:"direction"` // Outbound unless given
	Protocol    string `json:"protocol"`  // Tcp unless given
	Subnet      string `json:"subnet"`    // name; the first one unless given
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Port        *int   `json:"port"`
}

// ephemeralPort is the source port of flows of which none is known.
const ephemeralPort = 49152

// traceFlow answers POST health/network/trace: the verdict over one flow, each stage of
// its way, and how each rule meets it.
func (s *Service) traceFlow(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	f, inbound, err := form.flow(r)
	if err != nil {
		return nil, err
	}
	policy, err := s.policy()
	if err != nil {
		return nil, err
	}
	id, _ := networkOf(form.Subnets[0])
	network, ok := policy.Network(id)
	if !ok {
		return nil, arm.Conflict("NetworkPolicyUnknown", "", "The virtual network %s is not there any more.", lastSegment(id))
	}
	t := network.Trace(f)
	if inbound {
		t = network.Arriving(f)
	}
	report := network.Report(t)
	if inbound && form.refuses(network, f) {
		refuse(&report, f)
	}
	v, err := valueOf(report)
	return arm.Reply(v), err
}

// refuses tells whether a flow calls the access endpoint from where an Internal one may
// not be called (ise.md #79).
func (e *environment) refuses(network *netpol.Network, f netpol.Flow) bool {
	own := e.addresses(0)
	return e.Endpoint == endInternal && len(own) > 0 && f.Destination.String() == own[0] && !network.TagHas("VirtualNetwork", f.Source)
}

// refuse makes the access endpoint the last stage, unless the flow does not get there.
func refuse(t *netpol.TraceReport, f netpol.Flow) {
	if !t.Allowed {
		return
	}
	t.Allowed, t.Decision = false, netpol.Decision{}.Record(f)
	t.Decision.Stage, t.Decision.Reason = "endpoint", "AccessEndpoint"
	t.Decision.Message = "denied by the access endpoint, which is Internal: only addresses of the virtual network, or attached to it, may call it"
	t.Steps = append(t.Steps, netpol.StepReport{Stage: t.Decision.Stage, Text: t.Decision.Stage + ": " + t.Decision.Message, Decision: t.Decision})
}

// flow reads the request; inbound says that the flow comes to the environment. The error has all its problems.
func (e *environment) flow(r *arm.Request) (f netpol.Flow, inbound bool, err error) {
	var found arm.Found
	var body flowBody
	if !found.Decode(r.Body, &body, "", wdl.CodeInvalidRequestContent) {
		return f, false, found.Err()
	}
	f.SourcePort = ephemeralPort
	f.Protocol = body.protocol(&found)
	f.DestinationPort = body.port(f.Protocol, &found)
	if !f.Protocol.HasPorts() {
		f.SourcePort = 0
	}
	at := e.role(body.Subnet, &found)
	source, destination := e.caller(at), netip.Addr{}
	switch {
	case body.Direction == "" || strings.EqualFold(body.Direction, "Outbound"):
		if body.Destination == "" {
			found.Add(wdl.CodeInvalidRequestContent, "destination", "The member 'destination' is missing: an IP address.")
		}
	case strings.EqualFold(body.Direction, "Inbound"):
		inbound, source, destination = true, netpol.HostAddress(), e.called(at)
	default:
		found.Add(wdl.CodeInvalidRequestContent, "direction", "The direction '%s' is invalid. Choose Outbound, for flows that leave the environment, or Inbound.", body.Direction)
	}
	f.Source = readAddress("source", body.Source, source, &found)
	f.Destination = readAddress("destination", body.Destination, destination, &found)
	if inbound && f.Destination.IsValid() && !slices.ContainsFunc(e.ranges(), func(p netip.Prefix) bool { return p.Contains(f.Destination) }) {
		found.Add(wdl.CodeInvalidRequestContent, "destination", "The destination '%s' is in none of the environment's subnets, so a flow to it does not come to the environment. The access endpoint is %s.", f.Destination, e.addresses(0)[0])
	}
	return f, inbound, found.Err()
}

func (b *flowBody) protocol(found *arm.Found) netpol.Protocol {
	if b.Protocol == "" {
		return netpol.TCP
	}
	p, err := netpol.ParseProtocol(b.Protocol)
	if err != nil || p == netpol.AnyProtocol {
		found.Add(wdl.CodeInvalidRequestContent, "protocol", "The protocol '%s' is invalid. A flow has one protocol: choose Tcp, Udp, Icmp, Esp or Ah.", b.Protocol)
		return netpol.TCP
	}
	return p
}

func (b *flowBody) port(p netpol.Protocol, found *arm.Found) uint16 {
	switch {
	case !p.HasPorts():
		return 0
	case b.Port == nil:
		found.Add(wdl.CodeInvalidRequestContent, "port", "The member 'port' is missing: the destination's port, a number from 1 to 65535.")
		return 0
	case *b.Port < 1 || *b.Port > 65535:
		found.Add(wdl.CodeInvalidRequestContent, "port", "The port %d is invalid. Give a number from 1 to 65535.", *b.Port)
		return 0
	}
	return uint16(*b.Port)
}

// role is the place of a subnet in the environment: the first unless a name is given.
// The place of an unknown one is behind them all.
func (e *environment) role(subnet string, found *arm.Found) int {
	if subnet == "" {
		return 0
	}
	for i, id := range e.Subnets {
		if strings.EqualFold(lastSegment(id), subnet) {
			return i
		}
	}
	found.Add(wdl.CodeInvalidRequestContent, "subnet", "The environment has no subnet '%s'. Its subnets are: %s.", subnet, e.subnetNames())
	return len(e.Subnets)
}

// called is the address of what is called in a subnet: in the first one the access
// endpoint. It is invalid where there is no such subnet.
func (e *environment) called(subnet int) netip.Addr {
	list := e.addresses(subnet)
	if len(list) == 0 {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(list[0])
	return a
}

// caller is the address of what calls from a subnet: in the first one the built-in
// operations, beside the access endpoint.
func (e *environment) caller(subnet int) netip.Addr {
	list := e.addresses(subnet)
	if len(list) == 0 {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(list[len(list)-1])
	return a
}

func (e *environment) subnetNames() string {
	names := make([]string, len(e.Subnets))
	for i, id := range e.Subnets {
		names[i] = lastSegment(id)
	}
	return strings.Join(names, ", ")
}

// readAddress reads an address, or takes another where none is given; loopback is this host.
func readAddress(member, text string, otherwise netip.Addr, found *arm.Found) netip.Addr {
	if text == "" {
		return otherwise
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		found.Add(wdl.CodeInvalidRequestContent, member, "The %s '%s' is not an IP address. Names are not resolved here: give the address.", member, text)
		return otherwise
	}
	if a = a.Unmap(); a.IsLoopback() {
		return netpol.HostAddress()
	}
	return a
}
