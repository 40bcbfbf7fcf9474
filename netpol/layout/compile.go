package layout

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Compile lays a policy out: what a kernel must hold so that packets of the parts and
// the attachments meet what the policy says of their flows. The error is
// [netpol.Problems], and tells all of them.
func Compile(in Input) (*Layout, error) {
	g, err := gather(in)
	if err != nil {
		return nil, err
	}
	l := &Layout{}
	for _, r := range g.routers {
		if len(r.ports) == 0 {
			continue
		}
		l.Namespaces = append(l.Namespaces, r.namespace())
		for _, p := range r.ports {
			if p.given == "" {
				l.Namespaces = append(l.Namespaces, r.inside(p))
			}
		}
	}
	slices.SortFunc(l.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	g.distinct(l.Namespaces)
	if g.problems != nil {
		return nil, g.problems
	}
	return l, nil
}

// distinct sees that no two namespaces have one name, nor two rules one comment:
// names are digests.
func (g *gathered) distinct(list []Namespace) {
	for i := range list {
		if i > 0 && list[i].Name == list[i-1].Name {
			g.problem(list[i].Owner, "%s has the same name %s in the kernel", list[i-1].Owner, list[i].Name)
		}
		for k, c := range list[i].Comments {
			if k > 0 && c.Text == list[i].Comments[k-1].Text {
				g.problem(c.Rule, "rule %s has the same comment %s", list[i].Comments[k-1].Rule, c.Text)
			}
		}
	}
}

// namespace is the router itself.
func (r *router) namespace() Namespace {
	ns := Namespace{Name: RouterName(r.model.ID), Role: Router, Network: r.model.ID, Owner: r.model.ID, Forwards: true}
	for _, p := range r.ports {
		ns.Links = append(ns.Links, r.link(p))
	}
	for _, e := range r.ends {
		ns.Links = append(ns.Links, e.link())
	}
	if u := r.uplink; u != nil {
		ns.Links = append(ns.Links, Link{Name: UplinkLink, Kind: Uplink, Parent: u.Interface, Addresses: r.uplinkAddresses(), ProxyARP: true})
	}
	slices.SortFunc(ns.Links, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	ns.Routes, ns.Rules = r.routing()
	ns.Filter, ns.Comments = r.filter()
	return ns
}

// uplinkAddresses are those under which the network is asked for on the link of its
// uplink; the public ones of firewalls are not the router's own.
func (r *router) uplinkAddresses() []netip.Prefix {
	list := slices.Clone(r.uplink.Addresses)
	for _, p := range r.ports {
		for _, a := range p.subnet.NAT.Of(true) {
			if !slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Addr() == a }) {
				list = append(list, host(a))
			}
		}
	}
	return list
}

// host is the prefix of one address.
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func hosts(list []netip.Addr) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(list))
	for i, a := range list {
		prefixes[i] = host(a)
	}
	return prefixes
}

// link is the router's end of a port. What has been given is configured by others,
// perhaps as a machine of the subnet: the router answers as the subnet's first address
// and for all neighbours.
func (r *router) link(p *port) Link {
	l := Link{Name: p.link(), Kind: Veth, Addresses: []netip.Prefix{host(NextHop), host(PlatformAddress)}}
	if p.given == "" {
		l.Peer = End{p.namespace, PortLink}
		return l
	}
	l.Kind, l.Parent, l.ProxyARP = Given, p.given, true
	if strings.HasPrefix(p.given, "/") {
		l.Guest = hosts(p.addresses)
	}
	for _, prefix := range p.subnet.Prefixes {
		if prefix.Contains(p.addresses[0]) {
			l.Addresses = append(l.Addresses, host(prefix.Addr().Next()))
		}
	}
	return l
}

// inside is the namespace that a port leads to.
func (r *router) inside(p *port) Namespace {
	ns := Namespace{
		Name: p.namespace, Role: p.role, Network: r.model.ID, Owner: p.owner, Forwards: p.forwards(),
		Links:  []Link{{Name: PortLink, Kind: Veth, Peer: End{RouterName(r.model.ID), p.link()}, Addresses: hosts(p.addresses)}},
		Routes: []Route{{Table: MainTable, To: everywhere, Via: NextHop, Link: PortLink, OnLink: true}},
	}
	if p.role == Firewall {
		r.firewallFilter(&ns)
	}
	return ns
}

var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// sortRoutes orders routes by table and prefix.
func sortRoutes(routes []Route) {
	slices.SortFunc(routes, func(a, b Route) int { return cmp.Or(cmp.Compare(a.Table, b.Table), a.To.Compare(b.To)) })
}
