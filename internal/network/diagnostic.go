package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// NSG diagnostics (network.md §A8): for each profile, what every security group at the
// target's end makes of the flow, and how each of its rules meets it.

type diagnosticBody struct {
	Target    string           `json:"targetResourceId"`
	Verbosity string           `json:"verbosityLevel"`
	Profiles  []diagnosticFlow `json:"profiles"`
}

type diagnosticFlow struct {
	Direction   string `json:"direction"`
	Protocol    string `json:"protocol"`
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Port        string `json:"destinationPort"`
}

// How much is told of the rules: nothing, those up to the one that decides, or all.
const (
	verbosityMinimum = "Minimum"
	verbosityNormal  = "Normal"
	verbosityFull    = "Full"
)

// diagnose answers POST {watcher}/networkConfigurationDiagnostic.
func (p *provider) diagnose(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	body := diagnosticBody{Verbosity: verbosityNormal}
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	v, err := p.vantage(ctx, r, body.Target, &found)
	if err != nil {
		return nil, err
	}
	verbosity := oneOf(body.Verbosity, "verbosityLevel", &found, verbosityMinimum, verbosityNormal, verbosityFull)
	if len(body.Profiles) == 0 {
		found.Add(codeFormat, "profiles", "profiles is required: the flows that are judged, each with direction, protocol, source, destination and destinationPort.")
	}
	flows := make([]netpol.Flow, len(body.Profiles))
	for i := range body.Profiles {
		flows[i] = body.Profiles[i].flow(v, listed("profiles")(i), &found)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	n, err := p.policies.network(v.network)
	if err != nil {
		return nil, err
	}
	results := make([]expr.Value, len(flows))
	for i, flow := range flows {
		results[i] = body.Profiles[i].result(n, flow, verbosity)
	}
	var f fields
	f.add("results", expr.Array(results...))
	return arm.Reply(f.value()), nil
}

// vantage finds the target of a request, outside of a transaction.
func (p *provider) vantage(ctx context.Context, r *arm.Request, target string, found *arm.Found) (v *vantage, err error) {
	err = p.control.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = findTarget(tx, r, target, "", found)
		return err
	})
	return v, err
}

// flow reads a profile. Its ends are addresses: rules of a range or a tag may meet one
// part of it and not another.
func (d *diagnosticFlow) flow(v *vantage, at string, found *arm.Found) netpol.Flow {
	d.Direction = oneOf(d.Direction, inside(at, "direction"), found, directionInbound, directionOutbound)
	f := netpol.Flow{SourcePort: unknownPort}
	var err error
	if f.Protocol, err = netpol.ParseProtocol(d.Protocol); err != nil || f.Protocol == netpol.AnyProtocol {
		found.Add(codeFormat, inside(at, "protocol"), "The protocol '%s' is invalid. A flow has one protocol: choose Tcp, Udp, Icmp, Esp or Ah.", d.Protocol)
		f.Protocol = netpol.TCP
	}
	f.Source, f.Destination = d.end(d.Source, inside(at, "source"), found), d.end(d.Destination, inside(at, "destination"), found)
	if f.Protocol.HasPorts() {
		f.DestinationPort = portOf(d.Port, inside(at, "destinationPort"), false, found)
	}
	if f.Source.IsValid() && f.Destination.IsValid() && f.Source.BitLen() != f.Destination.BitLen() {
		found.Add(codeFormat, inside(at, "destination"), "The source %s and the destination %s are of different IP versions.", f.Source, f.Destination)
	}
	own, member := f.Source, "source"
	if d.Direction == directionInbound {
		own, member = f.Destination, "destination"
	}
	if v != nil && own.IsValid() && !v.has(own) {
		found.Add("PrivateIPAddressNotInSubnet", inside(at, member), "The %s %s is no address of the target. Its addresses: %s.", member, own, v.own())
	}
	return f
}

// end reads an address, or a range of one.
func (d *diagnosticFlow) end(text, target string, found *arm.Found) netip.Addr {
	if prefix, err := netip.ParsePrefix(text); err == nil && prefix.IsSingleIP() {
		return prefix.Addr().Unmap()
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		found.Add(codeFormat, target, "'%s' is not an IP address. Ranges, service tags and '*' are not judged here, as rules may meet one part of them only: give an address of it.", text)
		return netip.Addr{}
	}
	return a.Unmap()
}

// result is what the groups at the target's end make of a flow.
func (d *diagnosticFlow) result(n *netpol.Network, flow netpol.Flow, verbosity string) expr.Value {
	var profile fields
	profile.text("direction", d.Direction)
	profile.text("protocol", d.Protocol)
	profile.text("source", d.Source)
	profile.text("destination", d.Destination)
	profile.text("destinationPort", d.Port)

	access, groups := netpol.Allow, []expr.Value{}
	for _, e := range n.Explain(flow) {
		if outbound := e.Decision.Stage == netpol.StageNICOut || e.Decision.Stage == netpol.StageSubnetOut; outbound != (d.Direction == directionOutbound) {
			continue
		}
		if !e.Decision.Allowed() {
			access = netpol.Deny
		}
		groups = append(groups, evaluated(&e, verbosity))
	}
	var result, f fields
	result.text("securityRuleAccessResult", access.String())
	result.add("evaluatedNetworkSecurityGroups", expr.Array(groups...))
	f.add("profile", profile.value())
	f.add("networkSecurityGroupResult", result.value())
	return f.value()
}

// evaluated is what one security group makes of a flow.
func evaluated(e *netpol.Explanation, verbosity string) expr.Value {
	var matched, f fields
	matched.text("ruleName", diagnosticName(e.Decision.RuleName))
	matched.text("action", e.Decision.Verdict.String())
	f.text("networkSecurityGroupId", e.Decision.SecurityGroup)
	f.text("appliedTo", orElse(e.Decision.Interface, e.Decision.Subnet))
	f.add("matchedRule", matched.value())
	rules := []expr.Value{}
	for _, m := range e.Rules {
		if verbosity == verbosityMinimum || verbosity == verbosityNormal && m.Priority > e.Decision.Priority {
			break
		}
		rules = append(rules, ruleResult(&m))
	}
	f.add("rulesEvaluationResult", expr.Array(rules...))
	return f.value()
}

func ruleResult(m *netpol.RuleMatch) expr.Value {
	var f fields
	f.text("name", diagnosticName(m.Rule))
	f.add("protocolMatched", expr.Bool(m.ProtocolMatched))
	f.add("sourceMatched", expr.Bool(m.SourceMatched))
	f.add("sourcePortMatched", expr.Bool(m.SourcePortMatched))
	f.add("destinationMatched", expr.Bool(m.DestinationMatched))
	f.add("destinationPortMatched", expr.Bool(m.DestinationPortMatched))
	return f.value()
}

// diagnosticName is a rule's name as diagnostics and connectivity checks have it:
// UserRule_x and DefaultRule_x (network.md §A8, decided for Isle).
func diagnosticName(label string) string {
	if name, ok := strings.CutPrefix(label, "securityRules/"); ok {
		return "UserRule_" + name
	}
	if name, ok := strings.CutPrefix(label, "defaultSecurityRules/"); ok {
		return "DefaultRule_" + name
	}
	return label
}

// securityView answers POST {watcher}/securityGroupView: the rules of the target, an
// interface, or an environment with each of its subnets.
func (p *provider) securityView(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body struct {
		Target string `json:"targetResourceId"`
	}
	if !found.Decode(r.Body, &body, "", codeFormat) {
		return nil, found.Err()
	}
	v, err := p.vantage(ctx, r, body.Target, &found)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	s, err := p.policies.Current()
	if err != nil {
		return nil, err
	}
	var views []expr.Value
	err = p.control.Read(ctx, func(tx *store.Tx) error {
		view := func(nic, group, subnet string) error {
			shown, err := s.securityOf(tx, nic, group, subnet)
			views = append(views, shown)
			return err
		}
		if nic := s.content.nic(v.id); nic != nil {
			return view(nic.ID, nic.SecurityGroup, nic.Subnet)
		}
		for _, subnet := range v.subnets {
			if err := view("", "", subnet); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var f fields
	f.add("networkInterfaces", expr.Array(views...))
	return arm.Reply(f.value()), nil
}

// securityOf is the view of an interface, or of what is in a subnet without one.
func (s *Snapshot) securityOf(tx *store.Tx, nic, group, subnet string) (expr.Value, error) {
	network, at := s.content.subnet(subnet)
	if at == nil {
		return expr.Null(), fmt.Errorf("network policy: there is no subnet %s", subnet)
	}
	n, ok := s.Policy.Network(network.ID)
	if !ok {
		return expr.Null(), fmt.Errorf("network policy: there is no network %s", network.ID)
	}
	var rules, f fields
	defaults, all := []expr.Value{}, []expr.Value{}
	associate := func(member, id, group string) error {
		own, usual, err := groupRules(tx, group)
		if err != nil {
			return err
		}
		var a fields
		a.text("id", id)
		a.add("securityRules", own)
		rules.add(member, a.value())
		for _, rule := range usual.Elements() {
			defaults = append(defaults, rule)
		}
		effective := n.EffectiveRules(id)
		for i := range effective {
			all = append(all, effectiveRule(&effective[i]))
		}
		return nil
	}
	if nic != "" {
		if err := associate("networkInterfaceAssociation", nic, group); err != nil {
			return expr.Null(), err
		}
	}
	if err := associate("subnetAssociation", at.ID, at.SecurityGroup); err != nil {
		return expr.Null(), err
	}
	rules.add("defaultSecurityRules", expr.Array(defaults...))
	rules.add("effectiveSecurityRules", expr.Array(all...))
	f.text("id", orElse(nic, at.ID))
	f.add("securityRuleAssociations", rules.value())
	return f.value(), nil
}

// groupRules are the rules of a security group, its own and the default ones, as its GET
// shows them; "" has none.
func groupRules(tx *store.Tx, group string) (own, defaults expr.Value, err error) {
	if group == "" {
		return expr.Array(), expr.Array(), nil
	}
	id, err := arm.ParseID(group)
	if err != nil {
		return expr.Null(), expr.Null(), err
	}
	r, err := arm.Load(tx, id.Key())
	if errors.Is(err, store.ErrNotFound) {
		return expr.Array(), expr.Array(), nil // it has gone since the policy was made
	}
	if err != nil {
		return expr.Null(), expr.Null(), err
	}
	rules, err := children[Rule](tx, id, typeRules)
	return embedded(rules, typeRules, func(n *nested[Rule]) expr.Value { return n.form.view() }), defaultRuleList(r.ID, r.ETag), err
}
