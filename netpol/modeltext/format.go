package modeltext

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/netpol"
)

// Format writes a model that [Parse] reads: the other way round, and so far as models of
// tests go. IDs must be as Parse makes them; of gateways and peerings they are not kept.
func Format(m *netpol.Model) string {
	f := &formatter{}
	if m.AzureCompatVnetTag {
		f.line("compat")
	}
	for _, t := range m.Tags {
		f.line("tag", t.Name, joined(t.Prefixes))
	}
	for _, t := range m.NameTags {
		f.line("nametag", t.Name, strings.Join(t.Names, ","))
	}
	for i := range m.Networks {
		f.network(&m.Networks[i], i == 0)
	}
	for i := range m.Networks {
		f.peerings(m, &m.Networks[i])
	}
	for _, n := range m.Interfaces {
		f.line("nic", last(n.ID), strings.TrimPrefix(n.Subnet, "/"), joined(n.Addresses), last(n.SecurityGroup), when(n.IPForwarding, "forward"))
	}
	for _, g := range m.SecurityGroups {
		f.group(&g)
	}
	for _, t := range m.RouteTables {
		f.table(&t)
	}
	for i := range m.Policies {
		f.policy(&m.Policies[i])
	}
	for i := range m.Firewalls {
		f.firewall(&m.Firewalls[i])
	}
	for _, p := range m.Threats.Prefixes {
		f.line("threat", p.String())
	}
	for _, n := range m.Threats.Names {
		f.line("threat", n)
	}
	return f.String()
}

type formatter struct{ strings.Builder }

// line writes words; empty ones at its end are left out.
func (f *formatter) line(words ...string) {
	f.WriteString(strings.TrimRight(strings.Join(words, " "), " ") + "\n")
}

func when(is bool, word string) string {
	if is {
		return word
	}
	return ""
}

// last is the last segment of an ID in the letter case that names have; "-" of none.
func last(id string) string {
	name := id[strings.LastIndexByte(id, '/')+1:]
	if name == "" {
		return "-"
	}
	if strings.EqualFold(name, "AzureFirewallSubnet") {
		return "AzureFirewallSubnet"
	}
	return strings.ToLower(name)
}

// joined writes a list of what tells itself; "-" without elements.
func joined[T fmt.Stringer](list []T) string {
	if len(list) == 0 {
		return "-"
	}
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = x.String()
	}
	return strings.Join(texts, ",")
}

// orAny is a list, of which none is any.
func orAny[T fmt.Stringer](list []T) string {
	if len(list) == 0 {
		return "*"
	}
	return joined(list)
}

func ports(list []netpol.PortRange) string {
	if len(list) == 0 {
		return "*"
	}
	texts := make([]string, len(list))
	for i, p := range list {
		switch texts[i] = fmt.Sprint(p.First); {
		case p == netpol.PortRange{First: 0, Last: 65535}:
			texts[i] = "*"
		case p.Last != p.First:
			texts[i] += fmt.Sprint("-", p.Last)
		}
	}
	return strings.Join(texts, ",")
}

func (f *formatter) network(n *netpol.VirtualNetwork, first bool) {
	name := last(n.ID)
	if first {
		name = ""
	}
	f.line("network", joined(n.Space), name)
	if n.Gateway != nil {
		f.line("gateway", joined(n.Gateway.Prefixes))
	}
	for _, s := range n.Subnets {
		at := last(s.ID)
		f.line("subnet", at, joined(s.Prefixes), last(s.SecurityGroup), last(s.RouteTable))
		if s.NAT != nil {
			f.line("nat", at, joined(s.NAT.Addresses), when(s.NAT.IdleMinutes > 0, fmt.Sprint(s.NAT.IdleMinutes)))
		}
		if len(s.ServiceEndpoints) > 0 {
			f.line("endpoint", at, strings.Join(s.ServiceEndpoints, ","))
		}
	}
}

func (f *formatter) peerings(m *netpol.Model, n *netpol.VirtualNetwork) {
	for _, p := range n.Peerings {
		words := []string{"peer", last(n.ID), last(p.Remote)}
		remote := slices.IndexFunc(m.Networks, func(n netpol.VirtualNetwork) bool { return strings.EqualFold(n.ID, p.Remote) })
		if remote < 0 || !slices.Equal(m.Networks[remote].Space, p.Space) {
			words = append(words, "space="+joined(p.Space))
		}
		if p.Subnets != nil {
			names := []string{}
			for _, id := range p.Subnets {
				names = append(names, last(id))
			}
			words = append(words, "of="+cmp.Or(strings.Join(names, ","), "none"))
		}
		for flag, set := range map[string]bool{"closed": !p.Access, "forwarded": p.Forwarded, "transit": p.Transit, "gateway": p.RemoteGateway} {
			if set {
				words = append(words, flag)
			}
		}
		slices.Sort(words[3:])
		f.line(words...)
	}
}

func (f *formatter) group(g *netpol.SecurityGroup) {
	f.line("nsg", last(g.ID))
	for _, r := range g.Rules {
		direction := map[netpol.Direction]string{netpol.Inbound: "In", netpol.Outbound: "Out"}[r.Direction]
		f.line("rule", last(g.ID), r.Name, fmt.Sprint(r.Priority), direction, r.Access.String(), r.Protocol.String(),
			orAny(r.Source.Addresses), ports(r.Source.Ports), orAny(r.Destination.Addresses), ports(r.Destination.Ports))
	}
}

func (f *formatter) table(t *netpol.RouteTable) {
	f.line("table", last(t.ID), when(t.DisableGatewayRoutes, "own"))
	for _, r := range t.Routes {
		next := ""
		if r.NextHopIP.IsValid() {
			next = r.NextHopIP.String()
		}
		f.line("route", last(t.ID), r.Name, r.Destination.String(), r.NextHop.String(), next)
	}
}

func (f *formatter) policy(p *netpol.FirewallPolicy) {
	name := last(p.ID)
	f.line("policy", name, last(p.Base))
	f.posture("policy/"+name, p.ThreatIntel, p.PrivateRanges)
	if p.DNS != nil {
		f.dns("policy/"+name, p.DNS)
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		f.line("group", name, g.Name, fmt.Sprint(g.Priority))
		f.rules(name+"/"+g.Name, g.NAT, g.Collections, g.Applications)
	}
}

func (f *formatter) firewall(fw *netpol.Firewall) {
	name := last(fw.ID)
	f.line("firewall", name, strings.TrimPrefix(fw.Subnet, "/"), fw.PrivateIP.String(), joined(fw.PublicIPs), when(fw.Policy != "", last(fw.Policy)))
	f.posture(name, fw.ThreatIntel, fw.PrivateRanges)
	f.dns(name, &fw.DNS)
	f.rules(name, fw.NAT, fw.Collections, fw.Applications)
}

func (f *formatter) dns(owner string, d *netpol.DNSSettings) {
	mode, servers := "off", ""
	if d.Proxy {
		mode = "proxy"
	}
	if len(d.Servers) > 0 {
		servers = joined(d.Servers)
	}
	f.line("dns", owner, mode, servers)
}

// destinations writes addresses and names, each of which begins with a mark; without any it is
// all addresses.
func destinations(addresses []netpol.Address, mark string, names []string) string {
	if len(names) == 0 {
		return orAny(addresses)
	}
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	for _, name := range names {
		texts = append(texts, mark+name)
	}
	return strings.Join(texts, ",")
}

// posture is what a firewall or a policy says beside its rules.
func (f *formatter) posture(owner string, intel netpol.ThreatIntel, private []netip.Prefix) {
	var allowed []string
	for _, p := range intel.Allowed.Prefixes {
		allowed = append(allowed, p.String())
	}
	if allowed = append(allowed, intel.Allowed.Names...); len(allowed) == 0 {
		allowed = []string{"-"}
	}
	mode := intel.Mode.String()
	if intel.Mode == netpol.ThreatOff {
		mode = "Off"
	}
	f.line("intel", owner, mode, strings.Join(allowed, ","))
	if private != nil {
		f.line("private", owner, joined(private))
	}
}

func (f *formatter) rules(owner string, nat []netpol.NATCollection, network []netpol.RuleCollection, applications []netpol.ApplicationCollection) {
	for _, c := range nat {
		for _, r := range c.Rules {
			to := r.To.String()
			if r.ToName != "" {
				to = fmt.Sprintf("=%s:%d", r.ToName, r.To.Port())
			}
			f.line("natrule", owner, c.Name, fmt.Sprint(c.Priority), r.Name, orAny(r.Protocols), orAny(r.Source.Addresses), orAny(r.Destination.Addresses), ports(r.Destination.Ports), to)
		}
	}
	for _, c := range network {
		for _, r := range c.Rules {
			f.line("netrule", owner, c.Name, fmt.Sprint(c.Priority), c.Action.String(), r.Name, orAny(r.Protocols), orAny(r.Source.Addresses), destinations(r.Destination.Addresses, "=", r.Names), ports(r.Destination.Ports))
		}
	}
	for _, c := range applications {
		for _, r := range c.Rules {
			var protocols []string
			for _, p := range r.Protocols {
				protocols = append(protocols, fmt.Sprintf("%s:%d", strings.ToLower(p.Protocol.String()), p.Port))
			}
			to := ""
			if len(r.Destinations) > 0 {
				to = joined(r.Destinations)
			}
			names := slices.Clone(r.Names)
			for _, tag := range r.Tags {
				names = append(names, "#"+tag)
			}
			f.line("apprule", owner, c.Name, fmt.Sprint(c.Priority), c.Action.String(), r.Name, strings.Join(protocols, ","), orAny(r.Sources), strings.Join(names, ","), to)
		}
	}
}
