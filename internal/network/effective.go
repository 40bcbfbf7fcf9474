package network

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/netpol"
)

// What rules and routes come to at a network interface (network.md §A5, §A8).

// seat is an interface as the policy has it.
type seat struct {
	nic      *netpol.Interface
	subnet   *netpol.Subnet
	network  *netpol.Network
	snapshot *Snapshot
}

// seatOf finds an interface in the current policy.
func (p *Policies) seatOf(id string) (*seat, error) {
	s, err := p.Current()
	if err != nil {
		return nil, err
	}
	at := &seat{snapshot: s, nic: s.content.nic(id)}
	if at.nic == nil {
		return nil, fmt.Errorf("network policy: there is no interface %s", id)
	}
	network, subnet := s.content.subnet(at.nic.Subnet)
	if subnet == nil {
		return nil, fmt.Errorf("network policy: there is no subnet %s", at.nic.Subnet)
	}
	at.subnet = subnet
	at.network, _ = s.Policy.Network(network.ID)
	return at, nil
}

func (c *content) nic(id string) *netpol.Interface {
	for i := range c.model.Interfaces {
		if strings.EqualFold(c.model.Interfaces[i].ID, id) {
			return &c.model.Interfaces[i]
		}
	}
	return nil
}

// subnet finds a subnet and the network that it is in.
func (c *content) subnet(id string) (*netpol.VirtualNetwork, *netpol.Subnet) {
	for i := range c.model.Networks {
		n := &c.model.Networks[i]
		for k := range n.Subnets {
			if strings.EqualFold(n.Subnets[k].ID, id) {
				return n, &n.Subnets[k]
			}
		}
	}
	return nil, nil
}

func (c *content) table(id string) *netpol.RouteTable {
	for i := range c.model.RouteTables {
		if strings.EqualFold(c.model.RouteTables[i].ID, id) {
			return &c.model.RouteTables[i]
		}
	}
	return nil
}

// effectiveGroups answers POST {interface}/effectiveNetworkSecurityGroups: the rules
// of the interface's own group and of its subnet's.
func (p *Policies) effectiveGroups(_ context.Context, r *arm.Request) (*arm.Response, error) {
	at, err := p.seatOf(r.Resource.ID)
	if err != nil {
		return nil, err
	}
	values := []expr.Value{}
	if at.nic.SecurityGroup != "" {
		values = append(values, at.group(at.nic.SecurityGroup, "networkInterface", at.nic.ID))
	}
	if at.subnet.SecurityGroup != "" {
		values = append(values, at.group(at.subnet.SecurityGroup, "subnet", at.subnet.ID))
	}
	return arm.Reply(list(expr.Array(values...))), nil
}

// group is one effective group and what it is attached to.
func (at *seat) group(id, member, user string) expr.Value {
	rules := at.network.EffectiveRules(user)
	values := make([]expr.Value, len(rules))
	tags := map[string]bool{}
	for i := range rules {
		values[i] = effectiveRule(&rules[i])
		for _, a := range slices.Concat(rules[i].Source.Addresses, rules[i].Destination.Addresses) {
			if a.Tag != "" {
				tags[a.Tag] = true
			}
		}
	}
	var f, association fields
	association.add(member, idObject(user))
	f.add("networkSecurityGroup", idObject(id))
	f.add("association", association.value())
	f.add("effectiveSecurityRules", expr.Array(values...))
	f.text("tagMap", string(at.tagMap(tags).JSON()))
	return f.value()
}

// tagMap is what the tags of the rules stand for here. The models have it as a text:
// it is a JSON object of prefixes by tag.
func (at *seat) tagMap(tags map[string]bool) expr.Value {
	var f fields
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		f.add(name, textArray(prefixTexts(at.network.Tag(name))))
	}
	return f.value()
}

func effectiveRule(r *netpol.EffectiveRule) expr.Value {
	var f fields
	f.text("name", r.Label)
	protocol := r.Protocol.String()
	if r.Protocol == netpol.AnyProtocol {
		protocol = "All"
	}
	f.text("protocol", protocol)
	addRange(&f, "sourcePortRange", portTexts(r.Source.Ports))
	addRange(&f, "destinationPortRange", portTexts(r.Destination.Ports))
	addEnd(&f, sideSource, "Source", r.Source.Addresses, r.ExpandedSource)
	addEnd(&f, sideDestination, "Destination", r.Destination.Addresses, r.ExpandedDestination)
	f.text("access", r.Access.String())
	f.add("priority", expr.Int(int64(r.Priority)))
	f.text("direction", r.Direction.String())
	return f.value()
}

// addRange adds a singular member where there is one value, and the plural always.
func addRange(f *fields, name string, texts []string) {
	if len(texts) == 1 {
		f.text(name, texts[0])
	}
	f.texts(name+"s", texts)
}

func portTexts(ranges []netpol.PortRange) []string {
	if len(ranges) == 0 {
		return []string{"0-65535"}
	}
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = fmt.Sprintf("%d-%d", r.First, r.Last)
	}
	return texts
}

// addEnd adds the addresses of one end, and where a service tag is among them what
// it expands to.
func addEnd(f *fields, side, title string, addresses []netpol.Address, expanded []netip.Prefix) {
	var singular, plural []string
	tagged := false
	for _, a := range addresses {
		if a.IsAny() {
			singular = nil
			break
		}
		singular = append(singular, a.String())
		tagged = tagged || a.Tag != ""
	}
	plural = singular
	if singular == nil {
		singular, plural = []string{"0.0.0.0/0"}, []string{"0.0.0.0/0", "::/0"}
	}
	if len(singular) == 1 {
		f.text(side+"AddressPrefix", singular[0])
	}
	f.texts(side+"AddressPrefixes", plural)
	if tagged {
		f.add("expanded"+title+"AddressPrefix", textArray(prefixTexts(expanded)))
	}
}

// effectiveRoutes answers POST {interface}/effectiveRouteTable: the routes of its
// subnet, with those that others outrank.
func (p *Policies) effectiveRoutes(_ context.Context, r *arm.Request) (*arm.Response, error) {
	at, err := p.seatOf(r.Resource.ID)
	if err != nil {
		return nil, err
	}
	off := false
	if t := at.snapshot.content.table(at.subnet.RouteTable); t != nil {
		off = t.DisableGatewayRoutes
	}
	routes := at.network.EffectiveRoutes(at.subnet.ID)
	values := make([]expr.Value, len(routes))
	for i := range routes {
		values[i] = effectiveRoute(&routes[i], off)
	}
	return arm.Reply(list(expr.Array(values...))), nil
}

func effectiveRoute(r *netpol.EffectiveRoute, off bool) expr.Value {
	var f fields
	f.text("name", r.Name)
	f.add("disableBgpRoutePropagation", expr.Bool(off))
	f.text("source", r.Source.String())
	state := "Active"
	if !r.Active {
		state = "Invalid"
	}
	f.text("state", state)
	f.texts("addressPrefix", []string{r.Prefix.String()})
	hops := []string{}
	if r.NextHopIP.IsValid() {
		hops = append(hops, r.NextHopIP.String())
	}
	f.add("nextHopIpAddress", textArray(hops))
	f.text("nextHopType", r.NextHop.String())
	return f.value()
}

func prefixTexts(prefixes []netip.Prefix) []string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return texts
}
