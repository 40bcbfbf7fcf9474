package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// What rule collections of firewalls and of policies must be (network.md §A6).

// maxApplicationPort is that of application rules, as the models of the SDK have it.
const maxApplicationPort = 64000

// checkPriority checks the priority of a collection or of a group.
func checkPriority(what, name string, priority int, target string, found *arm.Found) {
	if priority < netpol.MinCollectionPriority || priority > netpol.MaxCollectionPriority {
		found.Add("FirewallRuleCollectionInvalidPriority", target, "%s %s has invalid Priority. Value provided: %d Allowed range %d-%d.", what, name, priority, netpol.MinCollectionPriority, netpol.MaxCollectionPriority)
	}
}

// checkCollections checks the collections of one firewall and kind or of one group, each
// alone and together, and gives their enumerations the canonical spelling. At tells where
// each is in the request, and where its rules and priority are.
func (t tagNames) checkCollections(list []Collection, at func(i int) (collection, head string), found *arm.Found) {
	type slot struct {
		kind     string
		priority int
	}
	priorities := map[slot]string{}
	names := map[string]bool{}
	for i := range list {
		c := &list[i]
		target, head := at(i)
		ruleNaming.check(c.Name, target+".name", found)
		if key := strings.ToLower(c.Name); names[key] {
			found.Add(codeFormat, target+".name", "The rule collection name '%s' occurs twice. Names are unique in a firewall and in a group, ignoring case.", c.Name)
		} else {
			names[key] = true
		}
		c.checkAction(head+".action.type", found)
		checkPriority("Rule collection", c.Name, c.Priority, head+".priority", found)
		place := slot{c.Kind, c.Priority}
		if other, taken := priorities[place]; taken {
			found.Add("FirewallRuleCollectionConflict", head+".priority", "Rule collection %s conflicts with rule collection %s. Collections of one kind cannot have the same Priority.", c.Name, other)
		} else {
			priorities[place] = c.Name
		}
		for j := range c.Rules {
			rule := fmt.Sprintf("%s.rules[%d]", head, j)
			if slices.ContainsFunc(c.Rules[:j], func(r FirewallRule) bool { return strings.EqualFold(r.Name, c.Rules[j].Name) }) {
				found.Add(codeFormat, rule+".name", "The rule name '%s' occurs twice in rule collection %s. Names are unique, ignoring case.", c.Rules[j].Name, c.Name)
			}
			t.checkFirewallRule(&c.Rules[j], c.Kind, rule, found)
		}
	}
}

// classic are the places of a firewall's collections.
func classic(member string) func(int) (string, string) {
	return func(i int) (string, string) {
		at := fmt.Sprintf("properties.%s[%d]", member, i)
		return at, at + ".properties"
	}
}

func (c *Collection) checkAction(target string, found *arm.Found) {
	switch {
	case c.Kind != kindNAT:
		c.Action = oneOf(c.Action, target, found, "Allow", "Deny")
	case strings.EqualFold(c.Action, "Snat"):
		found.Add("FirewallSnatNotSupported", target, "Rule collection %s translates sources. Firewalls of this server do that by %s alone. Give the action Dnat.", c.Name, privateRanges)
	default:
		c.Action = oneOf(c.Action, target, found, "Dnat")
	}
}

// checkFirewallRule checks one rule by itself.
func (t tagNames) checkFirewallRule(r *FirewallRule, kind, at string, found *arm.Found) {
	ruleNaming.check(r.Name, at+".name", found)
	needs := func(member string, count int, give string) {
		if count == 0 {
			found.Add("FirewallRuleParameterNotSpecified", at+"."+member, "Rule %s must have at least one entry in %s. %s", r.Name, member, give)
		}
	}
	const all = "Give '*' (protocol: Any) for all."
	if kind == kindApplication {
		needs("protocols", len(r.Applications), "Give {\"protocolType\": \"Https\", \"port\": 443}.")
		needs("sourceAddresses", len(r.Sources)+len(r.SourceGroups), all)
		needs("targetFqdns", len(r.Names)+len(r.NameTags), "Give '*' for all names, or fqdnTags.")
		r.checkApplication(at, found)
	} else {
		needs("protocols", len(r.Protocols), all)
		needs("sourceAddresses", len(r.Sources)+len(r.SourceGroups), all)
		needs("destinationAddresses", len(r.Destinations)+len(r.DestinationGroups)+len(r.DestinationNames), all)
		needs("destinationPorts", len(r.Ports), all)
		r.checkProtocols(kind, at, found)
	}
	for i, text := range r.Sources {
		if kind := t.classify(text); kind != addressAny && kind != addressRange {
			found.Add("FirewallRuleInvalidAddressPrefix", fmt.Sprintf("%s.sourceAddresses[%d]", at, i), "Rule %s has invalid source address '%s'. Give an address, a range in CIDR notation without host bits, or '*'.", r.Name, text)
		}
	}
	for i, text := range r.Destinations {
		if kind := t.classify(text); kind == addressBad {
			found.Add("FirewallRuleInvalidAddressPrefix", fmt.Sprintf("%s.destinationAddresses[%d]", at, i), "Rule %s has invalid destination address '%s'. Give an address, a range in CIDR notation without host bits, '*', or a service tag.", r.Name, text)
		}
	}
	for i, text := range r.Ports {
		if text != "*" && !validPorts(text) {
			found.Add("FirewallRuleInvalidPortRange", fmt.Sprintf("%s.destinationPorts[%d]", at, i), "Rule %s has invalid destination port '%s'. Value should be an integer OR integer range with '-' delimiter, or '*'. Valid range 0-%d.", r.Name, text, maxPort)
		}
	}
	for i, name := range r.DestinationNames {
		if err := netpol.CheckHost(name); err != nil {
			found.Add("FirewallRuleInvalidFqdn", fmt.Sprintf("%s.destinationFqdns[%d]", at, i), "Rule %s has an invalid destination: %v. Network rules take names of hosts, such as db.example.com, without wildcards; an application rule takes *.example.com.", r.Name, err)
		}
	}
	if kind == kindNAT {
		r.checkTranslation(at, found)
	}
}

func (r *FirewallRule) checkProtocols(kind, at string, found *arm.Found) {
	allowed := []string{"TCP", "UDP", "ICMP", "Any"}
	if kind == kindNAT {
		allowed = []string{"TCP", "UDP", "Any"}
	}
	for i, text := range r.Protocols {
		r.Protocols[i] = oneOf(text, fmt.Sprintf("%s.protocols[%d]", at, i), found, allowed...)
	}
}

func (r *FirewallRule) checkApplication(at string, found *arm.Found) {
	for i := range r.Applications {
		p := &r.Applications[i]
		target := fmt.Sprintf("%s.protocols[%d]", at, i)
		p.Type = oneOf(p.Type, target+".protocolType", found, "Http", "Https", "Mssql")
		if p.Port = cmp.Or(p.Port, usualPorts[p.Type]); p.Port < 1 || p.Port > maxApplicationPort {
			found.Add("FirewallRuleInvalidPortRange", target+".port", "Rule %s has the port %d for %s. Give one from 1 to %d.", r.Name, p.Port, p.Type, maxApplicationPort)
		}
	}
	for i, name := range r.Names {
		if err := netpol.CheckName(name); err != nil {
			found.Add("FirewallRuleInvalidFqdn", fmt.Sprintf("%s.targetFqdns[%d]", at, i), "Rule %s has an invalid target: %v. Give a name such as www.example.com, *.example.com, or '*'.", r.Name, err)
		}
	}
}

// checkTranslation checks where a NAT rule leads. The code of the port and its text are
// those of a recorded answer.
func (r *FirewallRule) checkTranslation(at string, found *arm.Found) {
	if r.ToName != "" {
		r.checkTranslationName(at, found)
	} else if a, err := netip.ParseAddr(r.ToAddress); err != nil || !a.Is4() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		found.Add("FirewallRuleInvalidTranslatedAddress", at+".translatedAddress", "Rule %s has the translated address '%s'. Give one IPv4 address, such as that of a machine in the virtual network.", r.Name, r.ToAddress)
	}
	if n, ok := parsePort(r.ToPort); !ok || n == 0 {
		found.Add("AzureFirewallRuleInvalidDnatPortOrRangeFormat", at+".translatedPort", "AzureFirewallRule %s: Invalid DNat port value or range. Multiple values, * and ranges are not supported for DNAT translated port. It is '%s'; give one port.", r.Name, r.ToPort)
	}
	for i, text := range r.Destinations {
		if _, err := netip.ParseAddr(text); err != nil {
			found.Add(codeNATDestination, fmt.Sprintf("%s.destinationAddresses[%d]", at, i), "AzureFirewallRule %s: Invalid DNat destination address '%s'. Give the public IP address of the firewall.", r.Name, text)
		}
	}
	if slices.Contains(r.Ports, "*") {
		found.Add("AzureFirewallRuleInvalidDnatPortOrRangeFormat", at+".destinationPorts", "AzureFirewallRule %s: '*' is not supported for the ports of a DNAT rule. Give ports or ranges.", r.Name)
	}
}

// checkTranslationName checks the name that a NAT rule leads to.
func (r *FirewallRule) checkTranslationName(at string, found *arm.Found) {
	if err := netpol.CheckHost(r.ToName); err != nil {
		found.Add("FirewallRuleInvalidFqdn", at+".translatedFqdn", "Rule %s leads to an invalid name: %v. Give the name of one host, such as web.example.com.", r.Name, err)
	}
	if r.ToAddress != "" {
		found.Add("FirewallRuleInvalidTranslatedAddress", at+".translatedFqdn", "Rule %s leads to the address %s and to the name %s. Give translatedAddress or translatedFqdn.", r.Name, r.ToAddress, r.ToName)
	}
}

const codeNATDestination = "AzureFirewallRuleInvalidDnatDestinationAddress"

// checkPublicly checks that the firewall's own NAT rules are about its public addresses.
func (f *Firewall) checkPublicly(tx *store.Tx, found *arm.Found) error {
	if len(f.NAT) == 0 {
		return nil
	}
	own := map[string]bool{}
	for _, c := range f.Configurations {
		r, err := arm.Load(tx, c.PublicIP)
		if err != nil {
			return nil // it is not there, which has been reported
		}
		public, err := decode[PublicIP](r)
		if err != nil {
			return err
		}
		own[public.Address] = true
	}
	for i := range f.NAT {
		for j := range f.NAT[i].Rules {
			r := &f.NAT[i].Rules[j]
			for k, text := range r.Destinations {
				if a, err := netip.ParseAddr(text); err == nil && !own[a.String()] {
					found.Add(codeNATDestination, fmt.Sprintf("properties.natRuleCollections[%d].properties.rules[%d].destinationAddresses[%d]", i, j, k),
						"AzureFirewallRule %s: Invalid DNat destination address, destination address other than AzureFirewall PublicIP address is not supported. It is '%s'.", r.Name, text)
				}
			}
		}
	}
	return nil
}

// checkIPGroups checks the IP groups that rules name, and gives each the spelling of its
// resource's ID.
func checkIPGroups(tx *store.Tx, by arm.ID, list []Collection, at func(int) (string, string), found *arm.Found) error {
	for i := range list {
		_, head := at(i)
		for j := range list[i].Rules {
			r := &list[i].Rules[j]
			for _, side := range []struct {
				member string
				groups []string
			}{{"sourceIpGroups", r.SourceGroups}, {"destinationIpGroups", r.DestinationGroups}} {
				for k := range side.groups {
					resource, err := referencedAnywhere(tx, side.groups[k], typeIPGroups, by, fmt.Sprintf("%s.rules[%d].%s[%d]", head, j, side.member, k), found)
					if err != nil {
						return err
					}
					if resource != nil {
						side.groups[k] = resource.ID
					}
				}
			}
		}
	}
	return nil
}
