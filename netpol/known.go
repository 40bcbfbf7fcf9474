package netpol

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Network rules and NAT rules may say names of hosts (network.md §A6, FQDN in network
// rules). A firewall goes by the addresses that it has looked up of them: which those are
// is a value beside the policy, [Names], that changes more often than any rule.

// Names are the addresses that firewalls know of the names in their network and NAT rules.
// The zero value knows none. Who has made one and given it away must not change it.
type Names struct {
	known map[string]map[string]Known // by the firewall's ID in lower case, and the plain name
	// supposed has a name that is not known be where a flow goes whose client has looked
	// it up.
	supposed bool
}

// Known is what a firewall knows of a name.
type Known struct {
	Addresses []netip.Addr // that count for network rules, sorted
	To        netip.Addr   // where NAT rules lead; zero for nowhere
}

// Put notes what a firewall knows of a name.
func (n *Names) Put(firewall, name string, k Known) {
	key := strings.ToLower(firewall)
	if n.known == nil {
		n.known = map[string]map[string]Known{}
	}
	if n.known[key] == nil {
		n.known[key] = map[string]Known{}
	}
	n.known[key][plainName(name)] = k
}

// Of is what a firewall knows of a name.
func (n *Names) Of(firewall, name string) Known {
	return n.known[strings.ToLower(firewall)][plainName(name)]
}

// Equal tells whether both know the same.
func (n *Names) Equal(other *Names) bool {
	same := func(a, b Known) bool { return a.To == b.To && slices.Equal(a.Addresses, b.Addresses) }
	return n.supposed == other.supposed && maps.EqualFunc(n.known, other.known, func(a, b map[string]Known) bool { return maps.EqualFunc(a, b, same) })
}

// Supposed is the same for judging what would be: a name of which nothing is known has the
// addresses that flows go to whose clients ask for it (Application.Name).
func (n Names) Supposed() Names {
	n.supposed = true
	return n
}

// knownNames is what one firewall knows.
type knownNames struct {
	by       map[string]Known // by the plain name
	supposed bool
}

// at is the first of some plain names that the flow goes to; "" for none.
func (k *knownNames) at(names []string, f *Flow) string {
	for _, name := range names {
		known, there := k.by[name]
		if slices.Contains(known.Addresses, f.Destination) || k.supposed && !there && f.Application.Name != "" && sameName(f.Application.Name, name) {
			return name
		}
	}
	return ""
}

// sameName compares a name with a plain one, without allocation.
func sameName(name, plain string) bool {
	return strings.EqualFold(strings.TrimSuffix(name, "."), plain)
}

// WithNames is the policy of firewalls that know these names. It shares all that does not
// depend on them: making it costs what there are networks and places, not rules.
func (p *Policy) WithNames(names Names) *Policy {
	if !slices.ContainsFunc(p.order, func(n *Network) bool {
		return slices.ContainsFunc(n.places, func(at place) bool { return at.firewall.names() })
	}) {
		return p
	}
	with := &Policy{networks: make(map[string]*Network, len(p.networks)), order: make([]*Network, len(p.order))}
	fresh := map[*Network]*Network{}
	for i, n := range p.order {
		copied := *n
		copied.places = slices.Clone(n.places)
		for k := range copied.places {
			copied.places[k].firewall = n.places[k].firewall.with(&names)
		}
		with.order[i], fresh[n] = &copied, &copied
	}
	for key, n := range p.networks {
		with.networks[key] = fresh[n]
	}
	peers := map[*peer]*peer{}
	for _, n := range with.order {
		n.peers, n.reach = slices.Clone(n.peers), slices.Clone(n.reach)
		for i, old := range n.peers {
			copied := *old
			copied.remote = fresh[old.remote]
			n.peers[i], peers[old] = &copied, &copied
		}
		for i, old := range n.reach {
			n.reach[i] = fresh[old]
		}
	}
	for _, made := range peers {
		made.back = peers[made.back]
	}
	return with
}

// names tells whether the firewall's rules have any that are looked up.
func (f *firewall) names() bool { return f != nil && len(f.looksUp) > 0 }

// with is the firewall with what it knows; nil stays.
func (f *firewall) with(n *Names) *firewall {
	if !f.names() {
		return f
	}
	copied := *f
	copied.known = knownNames{n.known[strings.ToLower(f.id)], n.supposed}
	return &copied
}

// FirewallNames is what a firewall has to do with names.
type FirewallNames struct {
	Firewall string // resource ID
	Network  string // resource ID
	Address  netip.Addr
	DNS      DNSSettings
	Names    []string // that its rules have and that it looks up, sorted, in plain form
}

// FirewallNames lists the firewalls that answer for names or look some up.
func (p *Policy) FirewallNames() (list []FirewallNames) {
	for _, n := range p.order {
		for i := range n.places {
			if f := n.places[i].firewall; f != nil && (f.dns.Proxy || f.names()) {
				list = append(list, FirewallNames{f.id, n.id, f.address, f.dns.clone(), slices.Clone(f.looksUp)})
			}
		}
	}
	return list
}

func (d DNSSettings) clone() DNSSettings { return DNSSettings{d.Proxy, slices.Clone(d.Servers)} }

// dnsOf are the settings of a firewall: its own, or those of the policy nearest to it that
// has any.
func (c *compiler) dnsOf(f *Firewall) DNSSettings {
	if f.Policy == "" {
		return f.DNS.clone()
	}
	for _, p := range slices.Backward(c.chain(f.Policy)) {
		if p.DNS != nil {
			return p.DNS.clone()
		}
	}
	return DNSSettings{}
}

// lookUps are the names that the rules of a firewall have, sorted.
func (f *firewall) lookUps() (names []string) {
	for i := range f.nat.rules {
		if to := f.nat.rules[i].toName; to != "" {
			names = append(names, to)
		}
	}
	for i := range f.network.rules {
		names = append(names, f.network.rules[i].hosts...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// networkRule is the place of the first network rule that the flow matches, and the name
// by whose address it does; -1 for none.
func (f *firewall) networkRule(flow *Flow) (int, string) {
	for i := f.network.all.find(flow); i >= 0; i = f.network.all.next(flow, i+1) {
		r := &f.network.rules[i]
		if len(r.hosts) == 0 || contains(r.literal, flow.Destination) {
			return i, ""
		}
		if name := f.known.at(r.hosts, flow); name != "" {
			return i, name
		}
	}
	return -1, ""
}

// networkMatches are what the network rules match by what the firewall knows now.
func (f *firewall) networkMatches() []match {
	list := make([]match, len(f.network.rules))
	for i := range f.network.rules {
		r := &f.network.rules[i]
		list[i] = r.match
		if len(r.hosts) == 0 {
			continue
		}
		list[i].destination = slices.Clip(append([]netip.Prefix{}, r.literal...))
		for _, name := range r.hosts {
			list[i].destination = append(list[i].destination, hostPrefixes(f.known.by[name].Addresses)...)
		}
	}
	return list
}

func plainNames(list []string) []string {
	plain := make([]string, len(list))
	for i, name := range list {
		plain[i] = plainName(name)
	}
	return plain
}

var errStar = errors.New("a name that is looked up has no star: write the name of one host, such as db.example.com")

// CheckHost tells what is wrong with a name that is looked up: it has no star
// (network.md §A6).
func CheckHost(name string) error {
	if strings.HasPrefix(name, "*") {
		return errStar
	}
	return CheckName(name)
}
