package network

import (
	"fmt"
	"slices"
	"strings"

	"isle/internal/arm"
)

// Network rule collections of firewalls (network.md §A6).

const (
	minCollection = 100
	maxCollection = 65000
)

func (b *collectionBody) collection() Collection {
	c := Collection{Name: b.Name, Priority: b.Properties.Priority, Action: b.Properties.Action.Type}
	for i := range b.Properties.Rules {
		r := &b.Properties.Rules[i]
		c.Rules = append(c.Rules, FirewallRule{Name: r.Name, Description: r.Description, Protocols: r.Protocols,
			Sources: r.Sources, Destinations: r.Destinations, Ports: r.Ports})
	}
	return c
}

// checkCollections checks the collections of one firewall, each alone and together,
// and gives their enumerations the canonical spelling.
func (t tagNames) checkCollections(list []Collection, given []collectionBody, found *arm.Found) {
	priorities := map[int]string{}
	names := map[string]bool{}
	for i := range list {
		c := &list[i]
		at := fmt.Sprintf("properties.networkRuleCollections[%d]", i)
		ruleNaming.check(c.Name, at+".name", found)
		if key := strings.ToLower(c.Name); names[key] {
			found.Add(codeFormat, at+".name", "The rule collection name '%s' occurs twice. Names are unique in a firewall, ignoring case.", c.Name)
		} else {
			names[key] = true
		}
		at += ".properties"
		c.Action = oneOf(c.Action, at+".action.type", found, "Allow", "Deny")
		if c.Priority < minCollection || c.Priority > maxCollection {
			found.Add("FirewallRuleCollectionInvalidPriority", at+".priority", "Rule collection %s has invalid Priority. Value provided: %d Allowed range %d-%d.", c.Name, c.Priority, minCollection, maxCollection)
		}
		if other, taken := priorities[c.Priority]; taken {
			found.Add("FirewallRuleCollectionConflict", at+".priority", "Rule collection %s conflicts with rule collection %s. Collections of one kind cannot have the same Priority.", c.Name, other)
		} else {
			priorities[c.Priority] = c.Name
		}
		for j := range c.Rules {
			rule := fmt.Sprintf("%s.rules[%d]", at, j)
			if slices.ContainsFunc(c.Rules[:j], func(r FirewallRule) bool { return strings.EqualFold(r.Name, c.Rules[j].Name) }) {
				found.Add(codeFormat, rule+".name", "The rule name '%s' occurs twice in rule collection %s. Names are unique, ignoring case.", c.Rules[j].Name, c.Name)
			}
			given[i].Properties.Rules[j].checkAbsent(rule, found)
			t.checkFirewallRule(&c.Rules[j], rule, found)
		}
	}
}

// checkAbsent reports what this server's firewalls cannot judge by.
func (b *firewallRuleBody) checkAbsent(at string, found *arm.Found) {
	if len(b.FQDNs) > 0 {
		found.Add("FirewallRuleFqdnsNotSupported", at+".destinationFqdns", "Rule %s names destinationFqdns; firewalls of this server know addresses only. Give destinationAddresses, or a service tag of the tag file.", b.Name)
	}
	for _, id := range slices.Concat(b.SourceGroups, b.DestinationGroups) {
		found.Add(codeReference, at, "Resource %s referenced by rule %s was not found: there are no IP groups in this server. Give addresses.", id, b.Name)
	}
}

// checkFirewallRule checks one rule by itself.
func (t tagNames) checkFirewallRule(r *FirewallRule, at string, found *arm.Found) {
	ruleNaming.check(r.Name, at+".name", found)
	for i, text := range r.Protocols {
		r.Protocols[i] = oneOf(text, fmt.Sprintf("%s.protocols[%d]", at, i), found, "TCP", "UDP", "ICMP", "Any")
	}
	for _, m := range []struct {
		member string
		list   []string
	}{{"protocols", r.Protocols}, {"sourceAddresses", r.Sources}, {"destinationAddresses", r.Destinations}, {"destinationPorts", r.Ports}} {
		if len(m.list) == 0 {
			found.Add("FirewallRuleParameterNotSpecified", at+"."+m.member, "Rule %s must have at least one entry in %s. Give '*' (protocol: Any) for all.", r.Name, m.member)
		}
	}
	for i, text := range r.Sources {
		if kind := t.classify(text); kind != addressAny && kind != addressRange {
			found.Add("FirewallRuleInvalidAddressPrefix", fmt.Sprintf("%s.sourceAddresses[%d]", at, i), "Rule %s has invalid source address '%s'. Give an address, a range in CIDR notation without host bits, or '*'.", r.Name, text)
		}
	}
	for i, text := range r.Destinations {
		if t.classify(text) == addressBad {
			found.Add("FirewallRuleInvalidAddressPrefix", fmt.Sprintf("%s.destinationAddresses[%d]", at, i), "Rule %s has invalid destination address '%s'. Give an address, a range in CIDR notation without host bits, '*', or a service tag.", r.Name, text)
		}
	}
	for i, text := range r.Ports {
		if text != "*" && !validPorts(text) {
			found.Add("FirewallRuleInvalidPortRange", fmt.Sprintf("%s.destinationPorts[%d]", at, i), "Rule %s has invalid destination port '%s'. Value should be an integer OR integer range with '-' delimiter, or '*'. Valid range 0-%d.", r.Name, text, maxPort)
		}
	}
}
