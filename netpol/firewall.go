package netpol

import (
	"cmp"
	"net/netip"
	"slices"
)

// Priorities of a firewall's collections (network.md §A6).
const (
	minCollectionPriority = 100
	maxCollectionPriority = 65000
)

// firewall is a compiled firewall: its network rules in the order in which they
// are tried.
type firewall struct {
	id      string
	public  netip.Addr // the zero Addr if it has none
	private []netip.Prefix
	rules   []firewallRule
	all     *classifier
}

type firewallRule struct {
	id         string
	label      string // collection/rule
	collection string
	name       string
	priority   int
	action     Access
	match      match
}

func compileFirewall(f *Firewall, s *scope) *firewall {
	compiled := &firewall{id: f.ID, private: privateRanges}
	if len(f.PublicIPs) > 0 {
		compiled.public = f.PublicIPs[0]
	}
	if f.PrivateRanges != nil {
		compiled.private = slices.Clone(f.PrivateRanges)
	}
	collections := slices.Clone(f.Collections)
	slices.SortStableFunc(collections, func(a, b RuleCollection) int { return cmp.Compare(a.Priority, b.Priority) })
	var matches []match
	for _, c := range collections {
		for _, r := range c.Rules {
			label := c.Name + "/" + r.Name
			compiled.rules = append(compiled.rules, firewallRule{f.ID + "/networkRuleCollections/" + label, label, c.Name, r.Name, c.Priority, c.Action, r.match(s)})
			matches = append(matches, compiled.rules[len(compiled.rules)-1].match)
		}
	}
	compiled.all = newClassifier(matches)
	return compiled
}

func (r *NetworkRule) match(s *scope) match {
	m := match{protocols: protocolsOf(r.Protocols...), source: s.resolve(r.Source.Addresses), destination: s.resolve(r.Destination.Addresses),
		sourcePorts: mergePorts(r.Source.Ports), ports: mergePorts(r.Destination.Ports)}
	if len(r.Protocols) == 0 {
		m.protocols = allProtocols
	}
	for _, p := range r.Protocols {
		if p != AnyProtocol {
			m.named |= protocolsOf(p)
		}
	}
	return m
}

// translates tells whether a flow leaves with the firewall's public address.
func (f *firewall) translates(destination netip.Addr) bool {
	return f.public.IsValid() && !contains(f.private, destination)
}

// checkFirewall reports what is wrong with a firewall by itself.
func checkFirewall(f *Firewall, found *Problems) {
	priorities := map[int]string{}
	for _, c := range f.Collections {
		subject := f.ID + "/networkRuleCollections/" + c.Name
		if c.Priority < minCollectionPriority || c.Priority > maxCollectionPriority {
			found.add(subject, "priority %d is not within %d-%d", c.Priority, minCollectionPriority, maxCollectionPriority)
		}
		if other, ok := priorities[c.Priority]; ok {
			found.add(subject, "collection %s has the same priority %d", other, c.Priority)
		}
		priorities[c.Priority] = c.Name
		if c.Action > Allow {
			found.add(subject, "the action is none that exists")
		}
		for _, r := range c.Rules {
			for _, p := range r.Protocols {
				if p >= protocolCount {
					found.add(subject+"/"+r.Name, "the protocol is none that exists")
				}
			}
			checkSide(subject+"/"+r.Name, "source", r.Source, found)
			checkSide(subject+"/"+r.Name, "destination", r.Destination, found)
		}
	}
	for _, a := range f.PublicIPs {
		if !a.IsValid() {
			found.add(f.ID, "a public address is not valid")
		}
	}
	for _, p := range f.PrivateRanges {
		checkPrefix(f.ID, "private range", p, found)
	}
}
