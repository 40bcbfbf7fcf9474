package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

const (
	typeWatchers = "Microsoft.Network/networkWatchers"

	// unknownPort stands for a source port that nobody knows.
	unknownPort = 49152

	systemRoute = "System Route" // routeTableId of what no table has (network.md §A8)
)

// Watcher is a network watcher as stored. Its group and location have nothing to do with
// what it is asked about.
type Watcher struct {
	Version int `json:"v"`
	// Results are those of the last troubleshooting of each gateway, by its key.
	Results map[string]*Troubleshot `json:"results,omitempty"`
}

func putWatcher(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	var none struct{}
	if properties := r.Properties(); !properties.IsNull() {
		found.Decode(properties, &none, "properties", codeFormat)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form := &Watcher{Version: formVersion}
	if r.Old != nil {
		was, err := decode[Watcher](*r.Old)
		if err != nil {
			return nil, err
		}
		form.Results = was.Results
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

func viewWatcher(context.Context, *store.Tx, arm.Resource) (expr.Value, error) {
	var f, running fields
	f.text("provisioningState", succeeded)
	f.add("runningOperationIds", expr.Array())
	running.add("properties", f.value())
	return running.value(), nil
}

func deleteWatcher(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil }

// flowBody is the request of ipFlowVerify.
type flowBody struct {
	Target    string `json:"targetResourceId"`
	NIC       string `json:"targetNicResourceId"`
	Direction string `json:"direction"`
	Protocol  string `json:"protocol"`
	Local     string `json:"localIPAddress"`
	LocalPort string `json:"localPort"`
	Remote    string `json:"remoteIPAddress"`
	Port      string `json:"remotePort"`
}

// verifyFlow answers POST {watcher}/ipFlowVerify: what the security groups at the
// target's end make of a flow, with the rule that decides (network.md §A8).
func (p *provider) verifyFlow(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body flowBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	ends := watched{{body.Local, "localIPAddress"}, {body.Remote, "remoteIPAddress"}}
	v, addresses, err := p.look(ctx, r, body.Target, body.NIC, ends, &found)
	if err != nil {
		return nil, err
	}
	direction, flow := body.flow(addresses, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	n, err := p.policies.network(v.network)
	if err != nil {
		return nil, err
	}
	answer, err := verifyAnswer(n.Verify(flow, direction), flow)
	return arm.Reply(answer), err
}

// flow makes the flow of a request; which end is the source depends on its direction.
func (b *flowBody) flow(addresses [2]netip.Addr, found *arm.Found) (netpol.Direction, netpol.Flow) {
	word := oneOf(b.Direction, "direction", found, directionInbound, directionOutbound)
	protocol := netpol.TCP
	if oneOf(b.Protocol, "protocol", found, "TCP", "UDP") == "UDP" {
		protocol = netpol.UDP
	}
	if word == directionInbound {
		return netpol.Inbound, netpol.Flow{Protocol: protocol, Source: addresses[1], SourcePort: portOf(b.Port, "remotePort", true, found),
			Destination: addresses[0], DestinationPort: portOf(b.LocalPort, "localPort", false, found)}
	}
	return netpol.Outbound, netpol.Flow{Protocol: protocol, Source: addresses[0], SourcePort: portOf(b.LocalPort, "localPort", true, found),
		Destination: addresses[1], DestinationPort: portOf(b.Port, "remotePort", false, found)}
}

// portOf reads a port; the source's may be "*".
func portOf(text, target string, source bool, found *arm.Found) uint16 {
	if text == "*" && source {
		return unknownPort
	}
	n, ok := parsePort(text)
	if !ok {
		star := ""
		if source {
			star = ", or '*' for any"
		}
		found.Add(codeFormat, target, "%s '%s' is not a port. Give a whole number from 0 to %d as a text%s. '*' is possible for the source's port only.", target, text, maxPort, star)
	}
	return uint16(n)
}

func verifyAnswer(d netpol.Decision, flow netpol.Flow) (expr.Value, error) {
	var f fields
	f.text("access", d.Verdict.String())
	f.text("ruleName", d.RuleName)
	f.text("ruleId", d.RuleID)
	record, err := recordValue(d, flow)
	f.add("decision", record)
	return f.value(), err
}

// recordValue is a decision's record (network.md §C3).
func recordValue(d netpol.Decision, flow netpol.Flow) (expr.Value, error) {
	text, err := json.Marshal(d.Record(flow))
	if err != nil {
		return expr.Null(), err
	}
	return expr.ParseJSON(text)
}

type hopBody struct {
	Target      string `json:"targetResourceId"`
	NIC         string `json:"targetNicResourceId"`
	Source      string `json:"sourceIPAddress"`
	Destination string `json:"destinationIPAddress"`
}

// nextHop answers POST {watcher}/nextHop: where the route of a packet from the target
// leads (network.md §A8).
func (p *provider) nextHop(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body hopBody
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	ends := watched{{body.Source, "sourceIPAddress"}, {body.Destination, "destinationIPAddress"}}
	v, addresses, err := p.look(ctx, r, body.Target, body.NIC, ends, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	n, err := p.policies.network(v.network)
	if err != nil {
		return nil, err
	}
	d := n.NextHop(addresses[0], addresses[1])
	answer, err := hopAnswer(d, netpol.Flow{Protocol: netpol.TCP, Source: addresses[0], SourcePort: unknownPort, Destination: addresses[1]})
	return arm.Reply(answer), err
}

func hopAnswer(d netpol.Decision, flow netpol.Flow) (expr.Value, error) {
	var f fields
	f.text("nextHopType", hopWord(&d))
	if d.NextHopIP.IsValid() {
		f.text("nextHopIpAddress", d.NextHopIP.String())
	}
	table := systemRoute
	if cut := strings.LastIndex(strings.ToLower(d.RouteID), "/routes/"); cut >= 0 {
		table = d.RouteID[:cut]
	}
	f.text("routeTableId", table)
	record, err := recordValue(d, flow)
	f.add("decision", record)
	return f.value(), err
}

// hopWord is the next hop in the spelling of the call, which knows fewer than routes
// have: the platform's ways to a service or into a peered network are those it lies in.
func hopWord(d *netpol.Decision) string {
	switch d.NextHop {
	case netpol.VirtualNetworkServiceEndpoint:
		return netpol.Internet.String()
	case netpol.VNetPeering:
		return netpol.VnetLocal.String()
	case netpol.NoRoute:
		if d.Allowed() {
			return netpol.Internet.String() // the platform's own addresses
		}
		return netpol.None.String()
	}
	return d.NextHop.String()
}

// watched are the two addresses of a request, the target's own first, with the names
// of their members.
type watched [2]struct{ text, member string }

// look finds the target of a request and reads its addresses. What is wrong is
// reported; the vantage is nil then, or the addresses are of no use.
func (p *provider) look(ctx context.Context, r *arm.Request, target, nic string, ends watched, found *arm.Found) (v *vantage, addresses [2]netip.Addr, err error) {
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = findTarget(tx, r, target, nic, found)
		return err
	})
	if err != nil {
		return nil, addresses, err
	}
	for i, end := range ends {
		addresses[i], err = netip.ParseAddr(end.text)
		addresses[i] = addresses[i].Unmap()
		if err != nil || addresses[i].Zone() != "" {
			found.Add(codeFormat, end.member, "%s '%s' is not an IP address.", end.member, end.text)
			addresses[i] = netip.Addr{}
		}
	}
	own, other := addresses[0], addresses[1]
	switch {
	case own.IsValid() && v != nil && !v.has(own):
		found.Add("PrivateIPAddressNotInSubnet", ends[0].member, "%s %s is no address of the target %s. Its addresses: %s.", ends[0].member, own, target, v.own())
	case own.IsValid() && other.IsValid() && own.BitLen() != other.BitLen():
		found.Add(codeFormat, ends[1].member, "%s %s and %s %s are of different IP versions.", ends[0].member, own, ends[1].member, other)
	}
	return v, addresses, nil
}

// network is a network of the current policy.
func (p *Policies) network(id string) (*netpol.Network, error) {
	s, err := p.Current()
	if err != nil {
		return nil, err
	}
	n, ok := s.Policy.Network(id)
	if !ok {
		return nil, fmt.Errorf("network policy: there is no network %s", id)
	}
	return n, nil
}
