package network

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/store"
	"isle/netpol"
)

// Connection troubleshoot (network.md §A8, connectivityCheck): the way of a flow from an
// interface or an environment, hop by hop. What stands in the way is judged, by the policy
// that judges every flow. Where it allows, probes are sent from where the flow begins, and
// tell whether somebody answers.

type connectivityBody struct {
	Source struct {
		Resource string `json:"resourceId"`
		Port     int    `json:"port"`
	} `json:"source"`
	Destination struct {
		Resource string `json:"resourceId"`
		Address  string `json:"address"` // an address, a name or a URI
		Port     *int   `json:"port"`
	} `json:"destination"`
	Protocol      string `json:"protocol"` // that of the URI, or Tcp, unless given
	Version       string `json:"preferredIPVersion"`
	Configuration struct {
		HTTP *httpBody `json:"HTTPConfiguration"`
	} `json:"protocolConfiguration"`
}

type httpBody struct {
	Method  string `json:"method"`
	Headers []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"headers"`
	Valid []int `json:"validStatusCodes"`
}

// connectivityProtocols are those of the request, with those of probes.
var connectivityProtocols = map[string]string{"Tcp": dataplane.ProbeTCP, "Http": dataplane.ProbeHTTP, "Https": dataplane.ProbeHTTPS, "Icmp": dataplane.ProbeICMP}

// checkConnectivity answers POST {watcher}/connectivityCheck. Who asks must be allowed to
// join the source: whoever may put a workflow there can have it call.
func (p *provider) checkConnectivity(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body connectivityBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	source, err := p.standing(ctx, body.Source.Resource)
	if err != nil {
		return nil, err
	}
	body.Source.Resource = source
	prober, unable := p.prober(ctx, source)
	from, flow, probe, err := p.connection(ctx, r, &body, unable, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	w := way{source: body.Source.Resource, destination: body.Destination.Resource}
	if !flow.Destination.IsValid() {
		if probe.Addresses, err = prober.Resolve(ctx, probe.Host); err != nil {
			return arm.Reply(w.unresolved(flow, probe.Host, err)), nil
		}
		flow.Destination, flow.Application = body.preferred(probe.Addresses), netpol.Application{Name: probe.Host}
	}
	probe.Addresses = []netip.Addr{flow.Destination}
	if flow.Destination.IsLoopback() {
		flow.Destination = netpol.HostAddress()
	}
	n, err := p.policies.network(from.network)
	if err != nil {
		return nil, err
	}
	t := n.Trace(flow)
	hops, err := w.hops(t)
	if err != nil {
		return nil, err
	}
	var done dataplane.Probed
	if t.Decision.Allowed() && prober != nil {
		done = prober.Probe(ctx, *probe)
	}
	return arm.Reply(connectivity(hops, t.Decision.Allowed(), &done)), nil
}

// prober is who sends probes as the source, or why nobody can.
func (p *provider) prober(ctx context.Context, source string) (dataplane.Prober, error) {
	if p.plane == nil {
		return nil, errors.New("the server has no data plane that sends probes")
	}
	return p.plane.Prober(ctx, source)
}

// preferred is the address that is tried, of those of a name: the first one, unless the
// request prefers a version.
func (b *connectivityBody) preferred(list []netip.Addr) netip.Addr {
	for _, a := range list {
		if b.Version == "" || a.Is4() == strings.EqualFold(b.Version, versionIPv4) {
			return a
		}
	}
	return list[0]
}

// connection reads the flow of a request, finds where it begins, and what is probed. The
// destination's address is not valid where it has a name; unable is why nobody can look one
// up.
func (p *provider) connection(ctx context.Context, r *arm.Request, body *connectivityBody, unable error, found *arm.Found) (from *vantage, flow netpol.Flow, probe *dataplane.Probe, err error) {
	var to *vantage
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		if from, err = findTargetAt(tx, r, "join/action", body.Source.Resource, "source.resourceId", found); err != nil || body.Destination.Resource == "" {
			return err
		}
		to, err = findTargetAt(tx, r, "read", body.Destination.Resource, "destination.resourceId", found)
		return err
	})
	if err != nil {
		return nil, flow, nil, err
	}
	probe = &dataplane.Probe{}
	flow = netpol.Flow{Protocol: netpol.TCP, SourcePort: unknownPort}
	if from != nil {
		flow.Source = from.sender()
	}
	flow.Destination = body.to(to, probe, unable, found)
	if body.Version != "" {
		body.Version = oneOf(body.Version, "preferredIPVersion", found, versionIPv4, versionIPv6)
	}
	body.Protocol = oneOf(orElse(body.Protocol, "Tcp"), "protocol", found, "Tcp", "Http", "Https", "Icmp")
	if probe.Protocol = connectivityProtocols[body.Protocol]; probe.Protocol == dataplane.ProbeICMP {
		flow.Protocol, flow.SourcePort = netpol.ICMP, 0
	}
	if flow.Source.IsValid() && flow.Destination.IsValid() && flow.Source.BitLen() != flow.Destination.BitLen() {
		found.Add(codeFormat, "destination", "The source has the address %s, the destination %s: they are of different IP versions.", flow.Source, flow.Destination)
	}
	if flow.Protocol.HasPorts() {
		body.ports(&flow, found)
	}
	probe.Port = flow.DestinationPort
	body.http(probe, found)
	return from, flow, probe, nil
}

// to is the address of the destination; not valid where it has a name, which the probe then
// has. A URI says more than that.
func (b *connectivityBody) to(resource *vantage, probe *dataplane.Probe, unable error, found *arm.Found) netip.Addr {
	given := strings.TrimSpace(b.Destination.Address)
	switch {
	case given != "" && b.Destination.Resource != "":
		found.Add(codeFormat, "destination", "The destination has an address and a resourceId. Give one of them.")
		return netip.Addr{}
	case strings.Contains(given, "://"):
		given = b.uri(given, probe, found)
	case given == "" && b.Destination.Resource == "":
		found.Add(codeFormat, "destination", "The destination is required: its address, or the resourceId of a network interface or an integration service environment.")
	case resource != nil:
		given = resource.receiver().String()
	}
	if given == "" {
		return netip.Addr{}
	}
	if isDomain(given) && strings.Trim(given, "0123456789.") != "" {
		if probe.Host = given; unable != nil {
			found.Add(codeFormat, "destination.address", "The destination '%s' is not an IP address, and names are not resolved for this source: %v. Give the address.", given, unable)
		}
		return netip.Addr{}
	}
	a := endOf(given, "destination.address", found)
	probe.Host = a.String()
	return a
}

// uri reads a destination that is a URI, and gives its host.
func (b *connectivityBody) uri(text string, probe *dataplane.Probe, found *arm.Found) (host string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		found.Add(codeFormat, "destination.address", "The destination '%s' is not a URI that can be tried. Give http or https, a host, and no user, such as https://api.contoso.com/health.", text)
		return ""
	}
	if b.Protocol == "" {
		b.Protocol = u.Scheme
	}
	if text := u.Port(); text != "" && b.Destination.Port == nil {
		port, _ := strconv.Atoi(text) // digits; of too many it makes a number that is no port
		b.Destination.Port = &port
	}
	probe.Path = u.RequestURI()
	return u.Hostname()
}

// maxProbeHeaders bounds the headers of a probe.
const maxProbeHeaders = 32

// http reads how HTTP is asked.
func (b *connectivityBody) http(probe *dataplane.Probe, found *arm.Found) {
	h := b.Configuration.HTTP
	if h == nil {
		return
	}
	const at = "protocolConfiguration.HTTPConfiguration"
	if probe.Protocol != dataplane.ProbeHTTP && probe.Protocol != dataplane.ProbeHTTPS {
		found.Add(codeFormat, at, "HTTPConfiguration says how HTTP is asked, and the protocol is %s. Give the protocol Http or Https, or leave it out.", orElse(b.Protocol, "Tcp"))
		return
	}
	if h.Method != "" {
		oneOf(h.Method, at+".method", found, "Get")
	}
	if len(h.Headers) > maxProbeHeaders {
		found.Add(codeFormat, at+".headers", "There are %d headers; a probe has at most %d.", len(h.Headers), maxProbeHeaders)
	}
	probe.Header = http.Header{}
	for i, one := range h.Headers {
		if !httpguts.ValidHeaderFieldName(one.Name) || !httpguts.ValidHeaderFieldValue(one.Value) {
			found.Add(codeFormat, listed(at+".headers")(i), "The header '%s' is not valid: a name has letters, digits and hyphens, a value no line breaks.", one.Name)
			continue
		}
		probe.Header.Add(one.Name, one.Value)
	}
	for i, status := range h.Valid {
		if status < 100 || status > 599 {
			found.Add(codeFormat, listed(at+".validStatusCodes")(i), "%d is no status code of HTTP. Give numbers from 100 to 599.", status)
		}
	}
	probe.Valid = h.Valid
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

// unresolved is the answer where the destination's name has no address.
func (w *way) unresolved(flow netpol.Flow, host string, err error) expr.Value {
	at := &hop{id: "1", kind: "Source", address: flow.Source.String(), resource: w.source}
	at.issues = append(at.issues, probeIssue("Local", "DnsResolution", "Error", "Host", host, "Message", err.Error()))
	return connectivity([]*hop{at}, false, &dataplane.Probed{})
}

// hops shows a trace as hops, each with the decisions that were made there.
func (w *way) hops(t netpol.Trace) ([]*hop, error) {
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
			return nil, err
		}
		if d.Stage == netpol.StageRoute && d.Allowed() && d.NextHop == netpol.VirtualAppliance {
			hops = append(hops, &hop{id: fmt.Sprint(len(hops) + 1), kind: "VirtualAppliance", address: d.NextHopIP.String()})
		}
		if d.Stage == netpol.StageFirewall {
			at.resource = d.Firewall
		}
	}
	last.id = fmt.Sprint(len(hops) + 1)
	return append(hops, last), nil
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

// probeIssue tells why probes failed, in the words of connection troubleshoot.
func probeIssue(origin, kind, severity string, pairs ...string) expr.Value {
	var why, f fields
	for i := 0; i < len(pairs); i += 2 {
		why.text(pairs[i], pairs[i+1])
	}
	f.text("origin", origin)
	f.text("severity", severity)
	f.text("type", kind)
	f.add("context", expr.Array(contextEntries(why.value())...))
	return f.value()
}

// noteProbes puts why probes failed at the hop where that was.
func noteProbes(hops []*hop, done *dataplane.Probed) {
	if done.Err == nil || errors.Is(done.Err, dataplane.ErrNoEcho) {
		return
	}
	severity := "Warning"
	if done.Failed == done.Sent {
		severity = "Error"
	}
	at, origin, kind := hops[len(hops)-1], "Inbound", "Unknown"
	var denied *dataplane.DeniedError
	switch err := done.Err; {
	case errors.As(err, &denied):
		at, origin, kind = hops[0], "Outbound", "Platform"
		at.issues = append(at.issues, probeIssue(origin, kind, severity, "RuleName", denied.Decision.Rule, "Message", denied.Decision.Reason))
		return
	case done.Sent == 0: // nobody was tried, so nobody is to blame
		at, origin, kind, severity = hops[0], "Local", "AgentStopped", "Warning"
	case errors.As(err, new(*dataplane.EgressError)):
		at, origin, kind = hops[max(len(hops)-2, 0)], "Outbound", "SocketBind"
	case errors.As(err, new(*dataplane.UnattachedError)), errors.As(err, new(*dataplane.NotHeldError)):
		kind = "Platform" // nobody is there who could answer
	case at.kind == "Destination":
		kind = "GuestFirewall" // somebody is, and does not
	}
	at.issues = append(at.issues, probeIssue(origin, kind, severity, "Message", done.Err.Error()))
}

// statusOf is the documented word for what came of a check (network.md §A8: the models
// have others). Where no probe could be sent, it is the policy's.
func statusOf(allowed bool, done *dataplane.Probed) string {
	switch {
	case !allowed, done.Sent == 0 && errors.As(done.Err, new(*dataplane.DeniedError)), done.Sent > 0 && done.Failed == done.Sent:
		return "Unreachable"
	case done.Failed > 0:
		return "Degraded"
	}
	return "Reachable"
}

// connectivity shows the hops, and what came of the probes.
func connectivity(hops []*hop, allowed bool, done *dataplane.Probed) expr.Value {
	noteProbes(hops, done)
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
	f.text("connectionStatus", statusOf(allowed, done))
	if done.Sent > done.Failed {
		for _, l := range []struct {
			name string
			took time.Duration
		}{{"avgLatencyInMs", done.Avg}, {"minLatencyInMs", done.Min}, {"maxLatencyInMs", done.Max}} {
			f.add(l.name, expr.Int(l.took.Round(time.Millisecond).Milliseconds()))
		}
	}
	f.add("probesSent", expr.Int(int64(done.Sent)))
	f.add("probesFailed", expr.Int(int64(done.Failed)))
	return f.value()
}
