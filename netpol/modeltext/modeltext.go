// Package modeltext reads models of the network policy that tests are written with. A
// model is lines of words, which blanks separate; a list is separated by commas, and "-"
// is nothing:
//
//	network SPACE [NAME]              the network that subnets and a gateway are in until the
//	                                  next one; the first has no name
//	gateway PREFIXES
//	peer NETWORK NETWORK [FLAGS]      one network's side of a peering, when both are there;
//	                                  flags: closed, forwarded, transit, gateway,
//	                                  space=PREFIXES if it knows the other's space otherwise,
//	                                  of=SUBNETS for the subnets of its own that take part, "none" for none
//	between NETWORK NETWORK SUBNETS SUBNETS    both sides, which are there, are of these subnets
//	compat                            AzureCompatVnetTag
//	endpoint SUBNET TAGS              service endpoints of a subnet that is there
//	nat SUBNET ADDRESSES [MINUTES]    public addresses of its NAT gateway /nat/SUBNET, and its idle time
//	tag NAME PREFIXES
//	subnet NAME RANGE NSG ROUTETABLE
//	nic NAME SUBNET ADDRESSES NSG [forward]
//	rule NSG NAME PRIORITY In|Out Allow|Deny PROTOCOL SOURCE PORTS DESTINATION PORTS
//	nsg NAME                          a group without rules of its own
//	table NAME [own]                  a route table; own: without the gateway's routes
//	route TABLE NAME DESTINATION NEXTHOP [ADDRESS]
//	firewall NAME SUBNET ADDRESS PUBLICS [POLICY]
//	policy NAME BASE
//	group POLICY NAME PRIORITY        a group of rule collections
//	netrule OWNER COLLECTION PRIORITY Allow|Deny NAME PROTOCOLS SOURCE DESTINATION PORTS
//	                                  a destination that begins with = is the name of a host
//	natrule OWNER COLLECTION PRIORITY NAME PROTOCOLS SOURCE DESTINATION PORTS TO
//	                                  TO is ADDRESS:PORT or =NAME:PORT
//	dns FIREWALL|policy/POLICY proxy|off [SERVERS]
//	nametag NAME NAMES                an FQDN tag; application rules name it as #NAME
//	apprule OWNER COLLECTION PRIORITY Allow|Deny NAME PROTOCOL:PORT,… SOURCE NAMES [DESTINATIONS]
//	intel FIREWALL|policy/POLICY Off|Alert|Deny ALLOWED    of threats, "-" for none
//	private FIREWALL|policy/POLICY PREFIXES    where flows keep their source
//	threat PREFIX|NAME
//
// What firewalls know of names is no part of a model: Known reads it.
//
// A subnet that is there is named SUBNET or NETWORK/SUBNET. IDs are /vnet or /NETWORK, /vnet/SUBNET or /NETWORK/SUBNET, /nic/NAME, /nsg/NAME,
// /rt/TABLE, /fw/NAME and /policy/NAME; the first network's name is vnet. The OWNER of
// rules is a firewall, or POLICY/GROUP.
package modeltext

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"isle/netpol"
)

// Parse reads a model. A line that it does not know is others' to read, who tell whether
// they do; others may be nil.
func Parse(t testing.TB, text string, others func(verb string, words []string) bool) *netpol.Model {
	t.Helper()
	b := builder{t: t, m: &netpol.Model{Networks: []netpol.VirtualNetwork{{ID: "/vnet"}}}}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) > 0 && !b.line(w[0], w[1:]) && (others == nil || !others(w[0], w[1:])) {
			t.Fatalf("no line %q", line)
		}
	}
	return b.m
}

// builder makes a model of a script's lines.
type builder struct {
	t testing.TB
	m *netpol.Model
}

func (b *builder) line(verb string, w []string) bool {
	n := &b.m.Networks[len(b.m.Networks)-1]
	id := func(kind, name string) string {
		if name == "-" {
			return ""
		}
		return kind + name
	}
	switch verb {
	case "network":
		if len(w) > 1 {
			b.m.Networks = append(b.m.Networks, netpol.VirtualNetwork{ID: "/" + w[1]})
		}
		b.m.Networks[len(b.m.Networks)-1].Space = b.prefixes(w[0])
	case "compat":
		b.m.AzureCompatVnetTag = true
	case "gateway":
		n.Gateway = &netpol.Gateway{ID: "/gateway", Prefixes: b.prefixes(w[0])}
	case "peer":
		b.peer(w)
	case "between":
		b.between(w)
	case "endpoint":
		b.subnet(w[0]).ServiceEndpoints = strings.Split(w[1], ",")
	case "nat":
		g := &netpol.NATGateway{ID: "/nat/" + w[0], Addresses: addresses(w[1])}
		if len(w) > 2 {
			g.IdleMinutes = b.number(w[2])
		}
		b.subnet(w[0]).NAT = g
	case "tag":
		b.m.Tags = append(b.m.Tags, netpol.ServiceTag{Name: w[0], Prefixes: b.prefixes(w[1])})
	case "subnet":
		n.Subnets = append(n.Subnets, netpol.Subnet{ID: n.ID + "/" + w[0], Prefixes: b.prefixes(w[1]), SecurityGroup: id("/nsg/", w[2]), RouteTable: id("/rt/", w[3])})
	case "nic":
		b.m.Interfaces = append(b.m.Interfaces, netpol.Interface{ID: "/nic/" + w[0], Subnet: b.subnet(w[1]).ID, Addresses: addresses(w[2]), SecurityGroup: id("/nsg/", w[3]), IPForwarding: len(w) > 4})
	case "nsg":
		b.group(w[0])
	case "rule":
		g := b.group(w[0])
		r := netpol.SecurityRule{Name: w[1], Priority: b.number(w[2]), Source: b.side(w[6], w[7]), Destination: b.side(w[8], w[9])}
		r.Direction = map[string]netpol.Direction{"In": netpol.Inbound, "Out": netpol.Outbound}[w[3]]
		r.Access = map[string]netpol.Access{"Allow": netpol.Allow, "Deny": netpol.Deny}[w[4]]
		r.Protocol, _ = netpol.ParseProtocol(w[5])
		g.Rules = append(g.Rules, r)
	case "table":
		b.table(w[0]).DisableGatewayRoutes = len(w) > 1 && w[1] == "own"
	case "route":
		b.route(w)
	case "firewall":
		b.m.Firewalls = append(b.m.Firewalls, netpol.Firewall{ID: "/fw/" + w[0], Subnet: b.subnet(w[1]).ID, PrivateIP: netip.MustParseAddr(w[2]), PublicIPs: addresses(w[3])})
		if len(w) > 4 {
			b.m.Firewalls[len(b.m.Firewalls)-1].Policy = "/policy/" + w[4]
		}
	case "policy":
		b.m.Policies = append(b.m.Policies, netpol.FirewallPolicy{ID: "/policy/" + w[0], Base: id("/policy/", w[1])})
	case "group":
		p := b.policy(w[0])
		p.Groups = append(p.Groups, netpol.RuleCollectionGroup{Name: w[1], Priority: b.number(w[2])})
	case "netrule":
		b.netrule(w)
	case "natrule":
		b.natrule(w)
	case "apprule":
		b.apprule(w)
	case "intel":
		b.intel(w)
	case "private":
		b.private(w)
	case "dns":
		b.dns(w)
	case "nametag":
		b.m.NameTags = append(b.m.NameTags, netpol.NameTag{Name: w[0], Names: strings.Split(w[1], ",")})
	case "threat":
		b.m.Threats = b.threats(b.m.Threats, w[0])
	default:
		return false
	}
	return true
}

// network finds a network that is there.
func (b *builder) network(name string) *netpol.VirtualNetwork {
	i := slices.IndexFunc(b.m.Networks, func(n netpol.VirtualNetwork) bool { return n.ID == "/"+name })
	if i < 0 {
		b.t.Fatalf("no network %s", name)
	}
	return &b.m.Networks[i]
}

// subnet finds a subnet that is there, the last one of its name; the name may be
// NETWORK/SUBNET.
func (b *builder) subnet(name string) *netpol.Subnet {
	for i := len(b.m.Networks) - 1; i >= 0; i-- {
		n := &b.m.Networks[i]
		if at := slices.IndexFunc(n.Subnets, func(s netpol.Subnet) bool { return s.ID == n.ID+"/"+name || s.ID == "/"+name }); at >= 0 {
			return &n.Subnets[at]
		}
	}
	b.t.Fatalf("no subnet %s", name)
	return nil
}

func (b *builder) peer(w []string) {
	n, remote := b.network(w[0]), b.network(w[1])
	p := netpol.Peering{ID: n.ID + "/peerings/" + w[1], Remote: remote.ID, Space: remote.Space, Access: true}
	for _, word := range w[2:] {
		if space, ok := strings.CutPrefix(word, "space="); ok {
			p.Space = b.prefixes(space)
			continue
		}
		if names, ok := strings.CutPrefix(word, "of="); ok {
			p.Subnets = []string{}
			for _, name := range strings.Split(strings.TrimPrefix(names, "none"), ",") {
				if name != "" {
					p.Subnets = append(p.Subnets, n.ID+"/"+name)
				}
			}
			continue
		}
		b.flags(&p, word)
	}
	n.Peerings = append(n.Peerings, p)
}

func (b *builder) flags(p *netpol.Peering, words string) {
	for _, flag := range strings.Split(words, ",") {
		switch flag {
		case "closed":
			p.Access = false
		case "forwarded":
			p.Forwarded = true
		case "transit":
			p.Transit = true
		case "gateway":
			p.RemoteGateway = true
		case "":
		default:
			b.t.Fatalf("no flag %s", flag)
		}
	}
}

// between narrows both sides of a peering to some subnets of each network.
func (b *builder) between(w []string) {
	for i, names := range [][2]string{{w[2], w[3]}, {w[3], w[2]}} {
		n, remote := b.network(w[i]), b.network(w[1-i])
		at := slices.IndexFunc(n.Peerings, func(p netpol.Peering) bool { return p.Remote == remote.ID })
		if at < 0 {
			b.t.Fatalf("no peering between %s and %s", w[0], w[1])
		}
		p := &n.Peerings[at]
		p.Space, p.Subnets = nil, []string{}
		for _, name := range strings.Split(names[0], ",") {
			p.Subnets = append(p.Subnets, n.ID+"/"+name)
		}
		for _, s := range remote.Subnets {
			if slices.Contains(strings.Split(names[1], ","), strings.TrimPrefix(s.ID, remote.ID+"/")) {
				p.Space = append(p.Space, s.Prefixes...)
			}
		}
	}
}

func (b *builder) group(name string) *netpol.SecurityGroup {
	for i := range b.m.SecurityGroups {
		if b.m.SecurityGroups[i].ID == "/nsg/"+name {
			return &b.m.SecurityGroups[i]
		}
	}
	b.m.SecurityGroups = append(b.m.SecurityGroups, netpol.SecurityGroup{ID: "/nsg/" + name})
	return &b.m.SecurityGroups[len(b.m.SecurityGroups)-1]
}

func (b *builder) route(w []string) {
	a, err := netpol.ParseAddress(w[2])
	if err != nil {
		b.t.Fatal(err)
	}
	r := netpol.Route{Name: w[1], Destination: a}
	for hop := netpol.VnetLocal; hop <= netpol.None; hop++ {
		if hop.String() == w[3] {
			r.NextHop = hop
		}
	}
	if len(w) > 4 {
		r.NextHopIP = netip.MustParseAddr(w[4])
	}
	t := b.table(w[0])
	t.Routes = append(t.Routes, r)
}

func (b *builder) table(name string) *netpol.RouteTable {
	return named(&b.m.RouteTables, func(t *netpol.RouteTable) string { return t.ID }, netpol.RouteTable{ID: "/rt/" + name})
}

func (b *builder) policy(name string) *netpol.FirewallPolicy {
	i := slices.IndexFunc(b.m.Policies, func(p netpol.FirewallPolicy) bool { return p.ID == "/policy/"+name })
	if i < 0 {
		b.t.Fatalf("no policy %s", name)
	}
	return &b.m.Policies[i]
}

// owner is where the rules of a firewall or of a policy's group are.
func (b *builder) owner(text string) (*[]netpol.NATCollection, *[]netpol.RuleCollection, *[]netpol.ApplicationCollection) {
	name, group, grouped := strings.Cut(text, "/")
	if grouped {
		p := b.policy(name)
		for i := range p.Groups {
			if g := &p.Groups[i]; g.Name == group {
				return &g.NAT, &g.Collections, &g.Applications
			}
		}
		b.t.Fatalf("no group %s", text)
	}
	f := b.firewall(name)
	return &f.NAT, &f.Collections, &f.Applications
}

func (b *builder) firewall(name string) *netpol.Firewall {
	i := slices.IndexFunc(b.m.Firewalls, func(f netpol.Firewall) bool { return f.ID == "/fw/"+name })
	if i < 0 {
		b.t.Fatalf("no firewall %s", name)
	}
	return &b.m.Firewalls[i]
}

// named is the entry of a list that has a name, made anew if there is none.
func named[T any](list *[]T, name func(*T) string, fresh T) *T {
	for i := range *list {
		if name(&(*list)[i]) == name(&fresh) {
			return &(*list)[i]
		}
	}
	*list = append(*list, fresh)
	return &(*list)[len(*list)-1]
}

var actions = map[string]netpol.Access{"Allow": netpol.Allow, "Deny": netpol.Deny}

func (b *builder) netrule(w []string) {
	_, list, _ := b.owner(w[0])
	c := named(list, func(c *netpol.RuleCollection) string { return c.Name }, netpol.RuleCollection{Name: w[1], Priority: b.number(w[2]), Action: actions[w[3]]})
	r := netpol.NetworkRule{Name: w[4], Protocols: b.protocols(w[5]), Source: b.side(w[6], "*")}
	var addresses []string
	for _, text := range strings.Split(w[7], ",") {
		if name, named := strings.CutPrefix(text, "="); named {
			r.Names = append(r.Names, name)
		} else {
			addresses = append(addresses, text)
		}
	}
	r.Destination = b.side("*", w[8])
	if r.Destination.Addresses = nil; len(addresses) > 0 {
		r.Destination = b.side(strings.Join(addresses, ","), w[8])
	}
	c.Rules = append(c.Rules, r)
}

func (b *builder) natrule(w []string) {
	list, _, _ := b.owner(w[0])
	c := named(list, func(c *netpol.NATCollection) string { return c.Name }, netpol.NATCollection{Name: w[1], Priority: b.number(w[2])})
	r := netpol.NATRule{Name: w[3], Protocols: b.protocols(w[4]), Source: b.side(w[5], "*"), Destination: b.side(w[6], w[7])}
	if to, named := strings.CutPrefix(w[8], "="); named {
		name, port, _ := strings.Cut(to, ":")
		r.ToName, r.To = name, netip.AddrPortFrom(netip.Addr{}, uint16(b.number(port)))
	} else {
		r.To = netip.MustParseAddrPort(to)
	}
	c.Rules = append(c.Rules, r)
}

func (b *builder) dns(w []string) {
	of := netpol.DNSSettings{Proxy: w[1] == "proxy"}
	if len(w) > 2 {
		for _, text := range strings.Split(w[2], ",") {
			of.Servers = append(of.Servers, netip.MustParseAddr(text))
		}
	}
	if name, policy := strings.CutPrefix(w[0], "policy/"); policy {
		b.policy(name).DNS = &of
		return
	}
	b.firewall(w[0]).DNS = of
}

// Known reads what firewalls know of names, from lines of words:
//
//	knows FIREWALL NAME ADDRESSES     NAT rules lead to the first
//
// Other lines are others'.
func Known(t testing.TB, text string) (names netpol.Names) {
	t.Helper()
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) != 4 || w[0] != "knows" {
			continue
		}
		var k netpol.Known
		for _, text := range strings.Split(w[3], ",") {
			k.Addresses = append(k.Addresses, netip.MustParseAddr(text))
		}
		k.To = k.Addresses[0]
		slices.SortFunc(k.Addresses, netip.Addr.Compare)
		names.Put("/fw/"+w[1], w[2], k)
	}
	return names
}

func (b *builder) apprule(w []string) {
	_, _, list := b.owner(w[0])
	c := named(list, func(c *netpol.ApplicationCollection) string { return c.Name }, netpol.ApplicationCollection{Name: w[1], Priority: b.number(w[2]), Action: actions[w[3]]})
	r := netpol.ApplicationRule{Name: w[4], Sources: b.side(w[6], "*").Addresses}
	for _, name := range strings.Split(w[7], ",") {
		if tag, is := strings.CutPrefix(name, "#"); is {
			r.Tags = append(r.Tags, tag)
		} else {
			r.Names = append(r.Names, name)
		}
	}
	for _, text := range strings.Split(w[5], ",") {
		protocol, port, _ := strings.Cut(text, ":")
		r.Protocols = append(r.Protocols, netpol.ApplicationPort{Protocol: Applications[protocol], Port: uint16(b.number(port))})
	}
	if len(w) > 8 {
		r.Destinations = b.side(w[8], "*").Addresses
	}
	c.Rules = append(c.Rules, r)
}

// Applications are the protocols of application rules as tests write them.
var Applications = map[string]netpol.ApplicationProtocol{"http": netpol.HTTP, "https": netpol.HTTPS, "mssql": netpol.MSSQL}

func (b *builder) intel(w []string) {
	of := netpol.ThreatIntel{Mode: map[string]netpol.ThreatMode{"Alert": netpol.ThreatAlert, "Deny": netpol.ThreatDeny}[w[1]]}
	if w[2] != "-" {
		for _, text := range strings.Split(w[2], ",") {
			of.Allowed = b.threats(of.Allowed, text)
		}
	}
	if name, policy := strings.CutPrefix(w[0], "policy/"); policy {
		b.policy(name).ThreatIntel = of
		return
	}
	b.firewall(w[0]).ThreatIntel = of
}

func (b *builder) private(w []string) {
	if name, policy := strings.CutPrefix(w[0], "policy/"); policy {
		b.policy(name).PrivateRanges = b.prefixes(w[1])
		return
	}
	b.firewall(w[0]).PrivateRanges = b.prefixes(w[1])
}

// addresses reads a list.
func addresses(text string) (list []netip.Addr) {
	if text == "-" {
		return nil
	}
	for _, t := range strings.Split(text, ",") {
		list = append(list, netip.MustParseAddr(t))
	}
	return list
}

func (b *builder) threats(t netpol.Threats, entry string) netpol.Threats {
	if p, err := netip.ParsePrefix(entry); err == nil {
		t.Prefixes = append(t.Prefixes, p)
	} else {
		t.Names = append(t.Names, entry)
	}
	return t
}

func (b *builder) protocols(text string) (list []netpol.Protocol) {
	for _, t := range strings.Split(text, ",") {
		p, err := netpol.ParseProtocol(t)
		if err != nil {
			b.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func (b *builder) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *builder) prefixes(text string) []netip.Prefix {
	var list []netip.Prefix
	for _, t := range strings.Split(text, ",") {
		p, err := netip.ParsePrefix(t)
		if err != nil {
			b.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func (b *builder) side(addresses, ports string) netpol.Side {
	var s netpol.Side
	for _, text := range strings.Split(addresses, ",") {
		a, err := netpol.ParseAddress(text)
		if err != nil {
			b.t.Fatal(err)
		}
		s.Addresses = append(s.Addresses, a)
	}
	for _, text := range strings.Split(ports, ",") {
		p, err := netpol.ParsePorts(text)
		if err != nil {
			b.t.Fatal(err)
		}
		s.Ports = append(s.Ports, p)
	}
	return s
}
