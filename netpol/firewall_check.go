package netpol

import (
	"net/netip"
	"strings"
)

// checkFirewall reports what is wrong with a firewall by itself.
func checkFirewall(f *Firewall, found *Problems) {
	g := ruleGroup{f.own(), f.ID, ""}
	g.check(found)
	for _, a := range f.PublicIPs {
		if !a.IsValid() {
			found.add(f.ID, "a public address is not valid")
		}
	}
	if f.Policy != "" && len(f.NAT)+len(f.Collections)+len(f.Applications) > 0 {
		found.add(f.ID, "it has rules of its own and a policy")
	}
	checkRanges(f.ID, f.PrivateRanges, found)
	checkIntel(f.ID, &f.ThreatIntel, found)
	checkServers(f.ID, &f.DNS, found)
}

// checkPolicy does so for a policy.
func checkPolicy(p *FirewallPolicy, found *Problems) {
	names := map[string]bool{}
	for i := range p.Groups {
		g := ruleGroup{&p.Groups[i], p.ID + "/ruleCollectionGroups/" + p.Groups[i].Name, p.Groups[i].Name}
		if key := strings.ToLower(g.Name); names[key] || key == "" {
			found.add(g.id, "its name is there twice, or empty")
		} else {
			names[key] = true
		}
		checkPriority(g.id, g.Priority, found)
		g.check(found)
	}
	checkRanges(p.ID, p.PrivateRanges, found)
	checkIntel(p.ID, &p.ThreatIntel, found)
	if p.DNS != nil {
		checkServers(p.ID, p.DNS, found)
	}
}

// checkPolicies reports references between policies and firewalls that lead nowhere, or
// round in circles.
func (c *compiler) checkPolicies() {
	known := func(subject, id string) {
		if _, ok := c.policies[strings.ToLower(id)]; !ok && id != "" {
			c.problems.add(subject, "there is no firewall policy %s", id)
		}
	}
	for i := range c.model.Firewalls {
		known(c.model.Firewalls[i].ID, c.model.Firewalls[i].Policy)
	}
	for i := range c.model.Policies {
		p := &c.model.Policies[i]
		known(p.ID, p.Base)
		if chain := c.chain(p.ID); c.policies[strings.ToLower(chain[0].Base)] != nil {
			c.problems.add(p.ID, "its base policies go round in circles")
		}
	}
}

func checkRanges(subject string, ranges []netip.Prefix, found *Problems) {
	for _, p := range ranges {
		checkPrefix(subject, "private range", p, found)
	}
}

func checkPriority(subject string, priority int, found *Problems) {
	if priority < MinCollectionPriority || priority > MaxCollectionPriority {
		found.add(subject, "priority %d is not within %d-%d", priority, MinCollectionPriority, MaxCollectionPriority)
	}
}

// check reports what is wrong with the collections of a group, kind by kind.
func (g *ruleGroup) check(found *Problems) {
	taken := map[int]string{}
	head := func(member, name string, priority int, action Access) {
		subject := g.subject(member, name, "")
		checkPriority(subject, priority, found)
		if other, ok := taken[priority]; ok {
			found.add(subject, "collection %s has the same priority %d", other, priority)
		}
		taken[priority] = name
		if action > Allow {
			found.add(subject, "the action is none that exists")
		}
	}
	for _, c := range g.NAT {
		head("natRuleCollections", c.Name, c.Priority, Allow)
		for i := range c.Rules {
			c.Rules[i].check(g.subject("natRuleCollections", c.Name, c.Rules[i].Name), found)
		}
	}
	clear(taken)
	for _, c := range g.Collections {
		head("networkRuleCollections", c.Name, c.Priority, c.Action)
		for _, r := range c.Rules {
			subject := g.subject("networkRuleCollections", c.Name, r.Name)
			checkMatch(subject, r.Protocols, r.Source, r.Destination, found)
			for _, name := range r.Names {
				checkHost(subject, name, found)
			}
		}
	}
	clear(taken)
	for _, c := range g.Applications {
		head("applicationRuleCollections", c.Name, c.Priority, c.Action)
		for i := range c.Rules {
			c.Rules[i].check(g.subject("applicationRuleCollections", c.Name, c.Rules[i].Name), found)
		}
	}
}

func (g *ruleGroup) subject(member, collection, rule string) string {
	id, _ := g.idOf(member, collection, rule)
	return strings.TrimSuffix(id, "/")
}

func checkMatch(subject string, protocols []Protocol, source, destination Side, found *Problems) {
	for _, p := range protocols {
		if p >= protocolCount {
			found.add(subject, "the protocol is none that exists")
		}
	}
	checkSide(subject, "source", source, found)
	checkSide(subject, "destination", destination, found)
}

func (r *NATRule) check(subject string, found *Problems) {
	checkMatch(subject, r.Protocols, r.Source, r.Destination, found)
	if r.ToName != "" {
		checkHost(subject, r.ToName, found)
	}
	if r.To.IsValid() == (r.ToName != "") || r.To.Port() == 0 || r.To.Addr().Is4In6() {
		found.add(subject, "it has no address, or no name, and port to translate to")
	}
}

func (r *ApplicationRule) check(subject string, found *Problems) {
	checkMatch(subject, nil, Side{Addresses: r.Sources}, Side{Addresses: r.Destinations}, found)
	for _, p := range r.Protocols {
		if p.Protocol == UnknownApplication || p.Protocol >= applicationCount || p.Port == 0 {
			found.add(subject, "the protocol or its port is none that exists")
		}
	}
	checkNames(subject, r.Names, found)
}

func checkHost(subject, name string, found *Problems) {
	if err := CheckHost(name); err != nil {
		found.add(subject, "%v", err)
	}
}

func checkServers(subject string, d *DNSSettings, found *Problems) {
	for _, a := range d.Servers {
		if !a.IsValid() {
			found.add(subject, "the address of a name server is not valid")
		}
	}
}

func checkNames(subject string, names []string, found *Problems) {
	for _, n := range names {
		if err := CheckName(n); err != nil {
			found.add(subject, "%v", err)
		}
	}
}

func checkIntel(subject string, t *ThreatIntel, found *Problems) {
	if t.Mode > ThreatDeny {
		found.add(subject, "the mode of threat intelligence is none that exists")
	}
	checkThreats(subject, &t.Allowed, found)
}

func checkThreats(subject string, t *Threats, found *Problems) {
	for _, p := range t.Prefixes {
		checkPrefix(subject, "threat", p, found)
	}
	checkNames(subject, t.Names, found)
}
