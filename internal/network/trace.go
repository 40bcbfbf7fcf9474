package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/netpol"
)

// traceBody is the request of POST {virtualNetwork}/trace.
type traceBody struct {
	Protocol    string `json:"protocol"` // Tcp unless given
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Port        *int   `json:"port"` // the destination's
}

// trace answers POST {virtualNetwork}/trace, an operation of Isle's own: the verdict over
// a flow of which one end at least is in the network, with each stage of its way and how
// each rule meets it. What an environment's access endpoint makes of its callers is
// told by the environment's own trace.
func (p *provider) trace(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	f := readFlow(r.Body, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	n, err := p.policies.network(r.Resource.ID)
	if err != nil {
		return nil, err
	}
	const inside = "VirtualNetwork"
	leaves, arrives := n.TagHas(inside, f.Source), n.TagHas(inside, f.Destination)
	if !leaves && !arrives {
		return nil, arm.Invalid(codeFormat, "source", "Neither the source %s nor the destination %s is in the virtual network '%s', so it has nothing to do with the flow. Give an address of it for one of them.", f.Source, f.Destination, r.ID.Name())
	}
	t := n.Trace(f)
	if !leaves {
		t = n.Arriving(f)
	}
	answer, err := reportValue(n.Report(t))
	return arm.Reply(answer), err
}

func reportValue(report netpol.TraceReport) (expr.Value, error) {
	text, err := json.Marshal(report)
	if err != nil {
		return expr.Null(), err
	}
	return expr.ParseJSON(text)
}

// readFlow reads the request, and reports what is wrong with it.
func readFlow(given expr.Value, found *arm.Found) netpol.Flow {
	var body traceBody
	if !found.Decode(given, &body, "", codeFormat) {
		return netpol.Flow{}
	}
	f := netpol.Flow{Protocol: netpol.TCP, Source: endOf(body.Source, "source", found), Destination: endOf(body.Destination, "destination", found)}
	if body.Protocol != "" {
		var err error
		if f.Protocol, err = netpol.ParseProtocol(body.Protocol); err != nil || f.Protocol == netpol.AnyProtocol {
			found.Add(codeFormat, "protocol", "The protocol '%s' is invalid. A flow has one protocol: choose Tcp, Udp, Icmp, Esp or Ah.", body.Protocol)
			f.Protocol = netpol.TCP
		}
	}
	if f.Source.IsValid() && f.Destination.IsValid() && f.Source.BitLen() != f.Destination.BitLen() {
		found.Add(codeFormat, "destination", "The source %s and the destination %s are of different IP versions.", f.Source, f.Destination)
	}
	if !f.Protocol.HasPorts() {
		return f
	}
	f.SourcePort = unknownPort
	if body.Port == nil || *body.Port < 1 || *body.Port > maxPort {
		found.Add(codeFormat, "port", "The port is %s. Give the destination's port, a number from 1 to %d.", portText(body.Port), maxPort)
		return f
	}
	f.DestinationPort = uint16(*body.Port)
	return f
}

func portText(port *int) string {
	if port == nil {
		return "missing"
	}
	return fmt.Sprint(*port)
}

// endOf reads an end of a flow; loopback is this host.
func endOf(text, member string, found *arm.Found) netip.Addr {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || a.Zone() != "" {
		found.Add(codeFormat, member, "The %s '%s' is not an IP address. Names are not resolved here: give the address.", member, text)
		return netip.Addr{}
	}
	if a = a.Unmap(); a.IsLoopback() {
		return netpol.HostAddress()
	}
	return a
}
