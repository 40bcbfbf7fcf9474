package netpol

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Priorities of a group's own rules (network.md §A3).
const (
	minPriority = 100
	maxPriority = 4096
)

// DefaultRules are the six rules that stand behind those of every group.
func DefaultRules() []SecurityRule {
	tag := func(name string) Side { return Side{Addresses: []Address{{Tag: name}}} }
	return []SecurityRule{
		{Name: "AllowVnetInBound", Priority: 65000, Direction: Inbound, Access: Allow, Source: tag("VirtualNetwork"), Destination: tag("VirtualNetwork")},
		{Name: "AllowAzureLoadBalancerInBound", Priority: 65001, Direction: Inbound, Access: Allow, Source: tag("AzureLoadBalancer")},
		{Name: "DenyAllInBound", Priority: 65500, Direction: Inbound, Access: Deny},
		{Name: "AllowVnetOutBound", Priority: 65000, Direction: Outbound, Access: Allow, Source: tag("VirtualNetwork"), Destination: tag("VirtualNetwork")},
		{Name: "AllowInternetOutBound", Priority: 65001, Direction: Outbound, Access: Allow, Destination: tag("Internet")},
		{Name: "DenyAllOutBound", Priority: 65500, Direction: Outbound, Access: Deny},
	}
}

// group is a security group as one scope sees it.
type group struct {
	id    string
	sides [2]*ruleList // by Direction
}

// ruleList is the rules of one direction, by priority, the defaults last.
type ruleList struct {
	rules    []rule
	all      *classifier
	platform *classifier // the rules that concern addresses of the platform
	places   []int       // where in rules those stand
}

// rule is a security rule with its names and what it matches.
type rule struct {
	SecurityRule
	id    string
	label string // securityRules/x or defaultSecurityRules/x
	match match
}

func compileGroup(g *SecurityGroup, s *scope) *group {
	compiled := &group{id: g.ID}
	for _, direction := range []Direction{Inbound, Outbound} {
		compiled.sides[direction] = compileRules(g, direction, s)
	}
	return compiled
}

func compileRules(g *SecurityGroup, direction Direction, s *scope) *ruleList {
	list := &ruleList{}
	add := func(kind string, rules []SecurityRule) {
		for _, r := range rules {
			if r.Direction == direction {
				label := kind + "/" + r.Name
				list.rules = append(list.rules, rule{r, g.ID + "/" + label, label, r.match(s)})
			}
		}
	}
	add("securityRules", g.Rules)
	add("defaultSecurityRules", DefaultRules())
	slices.SortStableFunc(list.rules, func(a, b rule) int { return cmp.Compare(a.Priority, b.Priority) })
	var all, platform []match
	for i := range list.rules {
		all = append(all, list.rules[i].match)
		if list.rules[i].ConcernsPlatform() {
			platform = append(platform, list.rules[i].match)
			list.places = append(list.places, i)
		}
	}
	list.all, list.platform = newClassifier(all), newClassifier(platform)
	return list
}

func (r *SecurityRule) match(s *scope) match {
	m := match{protocols: protocolsOf(r.Protocol), source: s.resolve(r.Source.Addresses), destination: s.resolve(r.Destination.Addresses),
		sourcePorts: mergePorts(r.Source.Ports), ports: mergePorts(r.Destination.Ports)}
	if r.Protocol != AnyProtocol {
		m.named = m.protocols
	}
	return m
}

// ConcernsPlatform tells whether the rule names the platform's addresses by a tag of
// theirs: other rules pass those by (network.md §A3).
func (r *SecurityRule) ConcernsPlatform() bool {
	names := func(a Address) bool { return namesPlatform(a.Tag) }
	return slices.ContainsFunc(r.Source.Addresses, names) || slices.ContainsFunc(r.Destination.Addresses, names)
}

// find returns the place of the rule that decides the flow; -1 means that no rule
// concerns it, because one of its ends is an address of the platform.
func (l *ruleList) find(f *Flow) int {
	if !f.platform() {
		return l.all.find(f)
	}
	if i := l.platform.find(f); i >= 0 {
		return l.places[i]
	}
	return -1
}

// checkGroup reports what is wrong with a group's rules.
func checkGroup(g *SecurityGroup, found *Problems) {
	type slot struct {
		direction Direction
		priority  int
	}
	taken := map[slot]string{}
	for i := range g.Rules {
		r := &g.Rules[i]
		subject := g.ID + "/securityRules/" + r.Name
		if r.Priority < minPriority || r.Priority > maxPriority {
			found.add(subject, "priority %d is not within %d-%d", r.Priority, minPriority, maxPriority)
		}
		if r.Direction > Outbound || r.Access > Allow || r.Protocol >= protocolCount {
			found.add(subject, "direction, access or protocol is none that exists")
		}
		at := slot{r.Direction, r.Priority}
		if other, ok := taken[at]; ok {
			found.add(subject, "rule %s has the same priority %d and direction %s", other, r.Priority, r.Direction)
		}
		taken[at] = r.Name
		checkSide(subject, "source", r.Source, found)
		checkSide(subject, "destination", r.Destination, found)
	}
}

func checkSide(subject, side string, s Side, found *Problems) {
	for _, a := range s.Addresses {
		checkAddress(subject, side, a, found)
	}
	for _, p := range s.Ports {
		if p.First > p.Last {
			found.add(subject, "%s ports %d-%d run backward", side, p.First, p.Last)
		}
	}
}

func checkAddress(subject, side string, a Address, found *Problems) {
	switch {
	case a.Tag != "" && a.Prefix != netip.Prefix{}:
		found.add(subject, "%s is both prefix %s and service tag %s", side, a.Prefix, a.Tag)
	case a.Tag != "" && !isTagName(a.Tag):
		found.add(subject, "%s %q is not the name of a service tag", side, a.Tag)
	case a.Tag == "" && a.Prefix != netip.Prefix{}:
		checkPrefix(subject, side, a.Prefix, found)
	}
}

func checkPrefix(subject, what string, p netip.Prefix, found *Problems) {
	switch {
	case !p.IsValid() || p.Addr().Is4In6():
		found.add(subject, "%s is not a valid prefix", what)
	case p != p.Masked():
		found.add(subject, "%s %s has host bits set; the range is %s", what, p, p.Masked())
	}
}

// EffectiveRule is a security rule with its service tags expanded.
type EffectiveRule struct {
	SecurityRule
	Label               string // securityRules/x or defaultSecurityRules/x
	ID                  string
	ExpandedSource      []netip.Prefix // nil means any
	ExpandedDestination []netip.Prefix
}

// effective lists the rules of a group, inbound before outbound, by priority.
func (g *group) effective() []EffectiveRule {
	var list []EffectiveRule
	for _, side := range g.sides {
		for _, r := range side.rules {
			list = append(list, EffectiveRule{r.SecurityRule, r.label, r.id, slices.Clone(r.match.source), slices.Clone(r.match.destination)})
		}
	}
	return list
}

// lastName is the last segment of an ID.
func lastName(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
