package network

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Connection troubleshoot (network.md §A8, connectivityCheck): the way of a flow from an
// interface or an environment, hop by hop. What stands in the way is judged, by the
// policy that judges every flow; nothing is sent.

type connectivityBody struct {
	Source struct {
		Resource string `json:"resourceId"`
		Port     int    `json:"port"`
	} `json:"source"`
	Destination struct {
		Resource string `json:"resourceId"`
		Address  string `json:"address"`
		Port     *int   `json:"port"`
	} `json:"destination"`
	Protocol string `json:"protocol"` // Tcp unless given
	Version  string `json:"preferredIPVersion"`
}

// checkConnectivity answers POST {watcher}/connectivityCheck.
func (p *provider) checkConnectivity(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	body := connectivityBody{Protocol: "Tcp"}
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	from, flow, err := p.connection(ctx, &body, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	n, err := p.policies.network(from.network)
	if err != nil {
		return nil, err
	}
	w := way{source: body.Source.Resource, destination: body.Destination.Resource}
	answer, err := w.answer(n.Trace(flow))
	return arm.Reply(answer), err
}

// connection reads the flow of a request and finds where it begins.
func (p *provider) connection(ctx context.Context, body *connectivityBody, found *arm.Found) (from *vantage, flow netpol.Flow, err error) {
	var to *vantage
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		if from, err = findTargetAt(tx, body.Source.Resource, "source.resourceId", found); err != nil || body.Destination.Resource == "" {
			return err
		}
		to, err = findTargetAt(tx, body.Destination.Resource, "destination.resourceId", found)
		return err
	})
	flow = netpol.Flow{Protocol: netpol.TCP, SourcePort: unknownPort}
	if oneOf(body.Protocol, "protocol", found, "Tcp", "Http", "Https", "Icmp") == "Icmp" {
		flow.Protocol, flow.SourcePort = netpol.ICMP, 0
	}
	if from != nil {
		flow.Source = from.sender()
	}
	flow.Destination = body.to(to, found)
	if flow.Source.IsValid() && flow.Destination.IsValid() && flow.Source.BitLen() != flow.Destination.BitLen() {
		found.Add(codeFormat, "destination", "The source has the address %s, the destination %s: they are of different IP versions.", flow.Source, flow.Destination)
	}
	if flow.Protocol.HasPorts() {
		body.ports(&flow, found)
	}
	return from, flow, err
}

// to is the address of the destination.
func (b *connectivityBody) to(resource *vantage, found *arm.Found) netip.Addr {
	switch {
	case b.Destination.Address != "" && b.Destination.Resource != "":
		found.Add(codeFormat, "destination", "The destination has an address and a resourceId. Give one of them.")
	case b.Destination.Address != "":
		return endOf(b.Destination.Address, "destination.address", found)
	case b.Destination.Resource == "":
		found.Add(codeFormat, "destination", "The destination is required: its address, or the resourceId of a network interface or an integration service environment.")
	case resource != nil:
		return resource.receiver()
	}
	return netip.Addr{}
}

// ports reads the ports of a flow; those of the protocol are usual.
func (b *connectivityBody) ports(flow *netpol.Flow, found *arm.Found) {
	if b.Source.Port < 0 || b.Source.Port > maxPort {
		found.Add(codeFormat, "source.port", "The port %d is not from 0 to %d.", b.Source.Port, maxPort)
	} else if b.Source.Port > 0 {
		flow.SourcePort = uint16(b.Source.Port)
	}
	port := map[string]int{"http": 80, "https": 443}[strings.ToLower(b.Protocol)]
	if b.Destination.Port != nil {
		port = *b.Destination.Port
	}
	if port < 1 || port > maxPort {
		found.Add(codeFormat, "destination.port", "The port is %s. Give the destination's port, a number from 1 to %d.", portText(b.Destination.Port), maxPort)
		return
	}
	flow.DestinationPort = uint16(port)
}

// way is a connection on its way: the resources at its ends, as they were named.
type way struct{ source, destination string }

// hop is one place of the way.
type hop struct {
	id, kind, address, resource string
	issues                      []expr.Value
	decisions                   []expr.Value
}

// answer shows a trace as hops, each with the decisions that were made there.
func (w *way) answer(t netpol.Trace) (expr.Value, error) {
	hops := []*hop{{id: "1", kind: "Source", address: t.Flow.Source.String(), resource: w.source}}
	last := &hop{kind: "Destination", address: t.Flow.Destination.String(), resource: w.destination}
	if t.Decision.Exit == netpol.Internet {
		last.kind = "Internet"
	}
	for _, step := range t.Steps {
		d := step.Decision
		at := hops[len(hops)-1]
		if d.Stage == netpol.StageSubnetIn || d.Stage == netpol.StageNICIn {
			at = last
		}
		if err := at.add(step); err != nil {
			return expr.Null(), err
		}
		if d.Stage == netpol.StageRoute && d.Allowed() && d.NextHop == netpol.VirtualAppliance {
			hops = append(hops, &hop{id: fmt.Sprint(len(hops) + 1), kind: "VirtualAppliance", address: d.NextHopIP.String()})
		}
		if d.Stage == netpol.StageFirewall {
			at.resource = d.Firewall
		}
	}
	last.id = fmt.Sprint(len(hops) + 1)
	return connectivity(append(hops, last), t.Decision.Allowed()), nil
}

// add notes what was decided at a hop, and what stands in the way there.
func (h *hop) add(step netpol.Step) error {
	record, err := recordValue(step.Decision, step.Flow)
	if err != nil {
		return err
	}
	h.decisions = append(h.decisions, record)
	if !step.Decision.Allowed() {
		h.issues = append(h.issues, issue(&step.Decision))
	}
	return nil
}

// issue tells of a denial, in the words of connection troubleshoot.
func issue(d *netpol.Decision) expr.Value {
	origin, kind := "Outbound", "NetworkSecurityRule"
	var why, f fields
	switch d.Stage {
	case netpol.StageNICIn, netpol.StageSubnetIn:
		origin = "Inbound"
		why.text("RuleName", diagnosticName(d.RuleName))
	case netpol.StageRoute:
		kind = "UserDefinedRoute"
		if d.RouteID == "" {
			kind = "Platform"
		}
		why.text("RouteType", map[bool]string{true: "System", false: "User"}[d.RouteID == ""])
	case netpol.StageFirewall:
		why.text("RuleName", orElse(d.RuleName, d.Reason.String()))
	default:
		why.text("RuleName", diagnosticName(d.RuleName))
	}
	f.text("origin", origin)
	f.text("severity", "Error")
	f.text("type", kind)
	f.add("context", expr.Array(contextEntries(why.value())...))
	return f.value()
}

// contextEntries are the pairs of an issue's context.
func contextEntries(v expr.Value) (entries []expr.Value) {
	for name, m := range v.Members() {
		var f fields
		f.text("key", name)
		f.add("value", m)
		entries = append(entries, f.value())
	}
	return entries
}

// connectivity shows the hops. The words of the status are the documented ones
// (network.md §A8: the models have others).
func connectivity(hops []*hop, allowed bool) expr.Value {
	values := make([]expr.Value, len(hops))
	for i, h := range hops {
		next, previous := []string{}, []string{}
		if i+1 < len(hops) {
			next = append(next, hops[i+1].id)
		}
		if i > 0 {
			previous = append(previous, hops[i-1].id)
		}
		var f fields
		f.text("type", h.kind)
		f.text("id", h.id)
		f.text("address", h.address)
		f.text("resourceId", h.resource)
		f.add("nextHopIds", textArray(next))
		f.add("previousHopIds", textArray(previous))
		f.add("issues", expr.Array(h.issues...))
		f.add("decisions", expr.Array(h.decisions...))
		values[i] = f.value()
	}
	var f fields
	f.add("hops", expr.Array(values...))
	f.text("connectionStatus", map[bool]string{true: "Reachable", false: "Unreachable"}[allowed])
	f.add("probesSent", expr.Int(0))
	f.add("probesFailed", expr.Int(0))
	return f.value()
}
