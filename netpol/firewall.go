package netpol

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Priorities of a firewall's collections, and of the groups of policies (network.md §A6).
const (
	MinCollectionPriority = 100
	MaxCollectionPriority = 65000
)

// firewall is a compiled firewall.
type firewall struct {
	id      string
	address netip.Addr   // the private one
	public  netip.Addr   // as which flows leave; the zero Addr if it has none
	publics []netip.Addr // at which flows come in
	private []netip.Prefix
	threats threatFilter
	dns     DNSSettings
	looksUp []string // the names of its rules, sorted
	known   knownNames

	nat, network, application firewallStage
}

// firewallStage is the rules of one kind, in the order in which they are tried.
type firewallStage struct {
	rules []firewallRule
	all   *classifier
}

type firewallRule struct {
	kind     RuleKind
	id       string
	label    string // collection/rule, or group/collection/rule of a policy
	priority int    // of the collection
	action   Access
	match    match
	to       netip.AddrPort // of NAT rules, as is toName
	toName   string
	hosts    []string          // of network rules: names of destinations, beside those in literal
	literal  []netip.Prefix    // as match has them, where there are hosts
	ports    []ApplicationPort // of application rules, as are names
	names    names
}

// ruleGroup is a group as a firewall tries it; the rules of a firewall itself are one
// without a name.
type ruleGroup struct {
	*RuleCollectionGroup
	id    string // of a policy's group, or of the firewall
	label string
}

// idOf is the ID of a rule, by the member of firewalls that has its collection.
func (g *ruleGroup) idOf(member, collection, rule string) (id, label string) {
	label = collection + "/" + rule
	if g.label == "" {
		return g.id + "/" + member + "/" + label, label
	}
	return g.id + "/ruleCollections/" + label, g.label + "/" + label
}

// own is the firewall's own rules as a group.
func (f *Firewall) own() *RuleCollectionGroup {
	return &RuleCollectionGroup{NAT: f.NAT, Collections: f.Collections, Applications: f.Applications}
}

// sides are those of all rules of a group.
func (g *RuleCollectionGroup) sides() (all []Side) {
	for _, c := range g.NAT {
		for _, r := range c.Rules {
			all = append(all, r.Source, r.Destination)
		}
	}
	for _, c := range g.Collections {
		for _, r := range c.Rules {
			all = append(all, r.Source, r.Destination)
		}
	}
	for _, c := range g.Applications {
		for _, r := range c.Rules {
			all = append(all, Side{Addresses: r.Sources}, Side{Addresses: r.Destinations})
		}
	}
	return all
}

// chain is a policy and what it is based on, the base of all first.
func (c *compiler) chain(policy string) (chain []*FirewallPolicy) {
	for p := c.policies[strings.ToLower(policy)]; p != nil && !slices.Contains(chain, p); p = c.policies[strings.ToLower(p.Base)] {
		chain = append(chain, p)
	}
	slices.Reverse(chain)
	return chain
}

// groupsOf are the groups that a firewall tries, in order: those of a base before those
// of who builds on it, and among each other by priority.
func (c *compiler) groupsOf(f *Firewall) (groups []ruleGroup) {
	if f.Policy == "" {
		return []ruleGroup{{f.own(), f.ID, ""}}
	}
	for _, p := range c.chain(f.Policy) {
		own := make([]ruleGroup, len(p.Groups))
		for i := range p.Groups {
			own[i] = ruleGroup{&p.Groups[i], p.ID + "/ruleCollectionGroups/" + p.Groups[i].Name, p.Groups[i].Name}
		}
		slices.SortStableFunc(own, func(a, b ruleGroup) int { return cmp.Compare(a.Priority, b.Priority) })
		groups = append(groups, own...)
	}
	return groups
}

func (c *compiler) compileFirewall(f *Firewall, s *scope) *firewall {
	ranges, intel := f.PrivateRanges, f.ThreatIntel
	for _, p := range c.chain(f.Policy) {
		if p.PrivateRanges != nil {
			ranges = p.PrivateRanges
		}
		own := p.ThreatIntel.Allowed
		intel = ThreatIntel{max(intel.Mode, p.ThreatIntel.Mode), Threats{slices.Concat(intel.Allowed.Prefixes, own.Prefixes), slices.Concat(intel.Allowed.Names, own.Names)}}
	}
	compiled := &firewall{id: f.ID, address: f.PrivateIP, publics: slices.Clone(f.PublicIPs), private: privateRanges, threats: c.threatFilter(intel)}
	if len(f.PublicIPs) > 0 {
		compiled.public = f.PublicIPs[0]
	}
	if ranges != nil {
		compiled.private = slices.Clone(ranges)
	}
	for _, g := range c.groupsOf(f) {
		compiled.add(&g, s, c.nameTags)
	}
	for _, stage := range []*firewallStage{&compiled.nat, &compiled.network, &compiled.application} {
		stage.index()
	}
	compiled.dns, compiled.looksUp = c.dnsOf(f), compiled.lookUps()
	return compiled
}

// add appends the rules of a group to their stages.
func (f *firewall) add(g *ruleGroup, s *scope, tags map[string][]string) {
	for _, c := range byPriority(g.NAT, func(c NATCollection) int { return c.Priority }) {
		for i := range c.Rules {
			r := &c.Rules[i]
			id, label := g.idOf("natRuleCollections", c.Name, r.Name)
			f.nat.rules = append(f.nat.rules, firewallRule{kind: NATKind, id: id, label: label, priority: c.Priority, action: Allow, match: r.match(s), to: r.To, toName: plainName(r.ToName)})
		}
	}
	for _, c := range byPriority(g.Collections, func(c RuleCollection) int { return c.Priority }) {
		for i := range c.Rules {
			r := &c.Rules[i]
			id, label := g.idOf("networkRuleCollections", c.Name, r.Name)
			f.network.rules = append(f.network.rules, r.compile(firewallRule{kind: NetworkKind, id: id, label: label, priority: c.Priority, action: c.Action}, s))
		}
	}
	for _, c := range byPriority(g.Applications, func(c ApplicationCollection) int { return c.Priority }) {
		for i := range c.Rules {
			r := &c.Rules[i]
			id, label := g.idOf("applicationRuleCollections", c.Name, r.Name)
			f.application.rules = append(f.application.rules, firewallRule{kind: ApplicationKind, id: id, label: label, priority: c.Priority, action: c.Action,
				match: r.match(s), ports: slices.Clone(r.Protocols), names: newNames(r.named(tags))})
		}
	}
}

func byPriority[C any](list []C, priority func(C) int) []C {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b C) int { return cmp.Compare(priority(a), priority(b)) })
	return list
}

func (s *firewallStage) index() {
	matches := make([]match, len(s.rules))
	for i := range s.rules {
		matches[i] = s.rules[i].match
	}
	s.all = newClassifier(matches)
}

// compile adds to a rule what it matches. A rule with names is found whatever the
// destination is, which is then looked at.
func (r *NetworkRule) compile(rule firewallRule, s *scope) firewallRule {
	rule.match = matchOf(s, r.Protocols, r.Source, r.Destination)
	if len(r.Names) == 0 || len(r.Destination.Addresses) > 0 && rule.match.destination == nil {
		return rule // without names, or all addresses are meant anyway
	}
	rule.hosts = plainNames(r.Names)
	if len(r.Destination.Addresses) > 0 {
		rule.literal = rule.match.destination
	}
	rule.match.destination = nil
	return rule
}

// named are the names of an application rule and of its tags.
func (r *ApplicationRule) named(tags map[string][]string) []string {
	list := slices.Clone(r.Names)
	for _, tag := range r.Tags {
		list = append(list, tags[strings.ToLower(tag)]...)
	}
	return list
}

// match limits a rule to what has ports: the translation gives one.
func (r *NATRule) match(s *scope) match {
	m := matchOf(s, r.Protocols, r.Source, r.Destination)
	m.protocols &= protocolsOf(TCP, UDP)
	m.named &= m.protocols
	return m
}

func (r *ApplicationRule) match(s *scope) match {
	destination := Side{Addresses: r.Destinations}
	for _, p := range r.Protocols {
		destination.Ports = append(destination.Ports, PortRange{p.Port, p.Port})
	}
	m := matchOf(s, []Protocol{TCP}, Side{Addresses: r.Sources}, destination)
	if len(r.Protocols) == 0 {
		m.protocols, m.named = 0, 0
	}
	return m
}

func matchOf(s *scope, protocols []Protocol, source, destination Side) match {
	m := match{protocols: protocolsOf(protocols...), source: s.resolve(source.Addresses), destination: s.resolve(destination.Addresses),
		sourcePorts: mergePorts(source.Ports), ports: mergePorts(destination.Ports)}
	if len(protocols) == 0 {
		m.protocols = allProtocols
	}
	for _, p := range protocols {
		if p != AnyProtocol {
			m.named |= protocolsOf(p)
		}
	}
	return m
}

// speaks tells whether an application rule is about a protocol at a port.
func (r *firewallRule) speaks(p ApplicationProtocol, port uint16) bool {
	return p == UnknownApplication || slices.Contains(r.ports, ApplicationPort{p, port})
}

// translates tells whether a flow leaves with the firewall's public address.
func (f *firewall) translates(destination netip.Addr) bool {
	return f.public.IsValid() && !contains(f.private, destination)
}
