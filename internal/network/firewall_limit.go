package network

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// How much a firewall and a policy can have (Azure's subscription and service limits, Azure
// Firewall). Where the documents have a newer number beside an older one, it is the newer.
const (
	maxClassicRules   = 10_000  // of a firewall's own, of all kinds
	maxTargets        = 20_000  // combinations in the network rules of a firewall or policy
	maxTranslations   = 250     // public addresses of a firewall, and destinations of its NAT rules
	maxIPGroupsNamed  = 200     // that the rules of a firewall or policy name
	maxPolicyGroups   = 90      // rule collection groups of a policy
	maxRuleGroupBytes = 2 << 20 // of the rule collections of a group, as the request has them
)

// checkAmount reports what is too much in the rules of a firewall or of a policy, which are
// those of several lists; publics is how many public addresses it has itself.
func checkAmount(what string, lists [][]Collection, publics int, target string, found *arm.Found) {
	targets, translations := 0, publics
	groups := map[string]bool{}
	for _, c := range slices.Concat(lists...) {
		for i := range c.Rules {
			r := &c.Rules[i]
			for _, id := range slices.Concat(r.SourceGroups, r.DestinationGroups) {
				groups[keyOf(id)] = true
			}
			switch c.Kind {
			case kindNetwork:
				targets += r.targets()
			case kindNAT:
				translations += len(r.Destinations)
			}
		}
	}
	for _, m := range []struct {
		count, most int
		code, of    string
	}{
		{targets, maxTargets, "FirewallNetworkRuleTargetCountLimitReached", "unique combinations of source, destination, protocol and port in network rules"},
		{translations, maxTranslations, "FirewallDnatRuleCountLimitReached", "public IP addresses and destinations of NAT rules together"},
		{len(groups), maxIPGroupsNamed, "FirewallIpGroupCountLimitReached", "IP groups in its rules"},
	} {
		if m.count > m.most {
			found.Add(m.code, target, "%s has %d %s; at most %d are allowed.", what, m.count, m.of, m.most)
		}
	}
}

// targets is how many combinations a network rule has: its sources, destinations, protocols
// and ports, an IP group and a name counting as one.
func (r *FirewallRule) targets() int {
	return (len(r.Sources) + len(r.SourceGroups)) * (len(r.Destinations) + len(r.DestinationGroups) + len(r.DestinationNames)) * len(r.Protocols) * len(r.Ports)
}

// checkLimits reports what is too much in a firewall of its own.
func (f *Firewall) checkLimits(id arm.ID, found *arm.Found) {
	lists, rules := [][]Collection{}, 0
	for _, kind := range f.kinds() {
		lists = append(lists, kind.list)
		for _, c := range kind.list {
			rules += len(c.Rules)
		}
	}
	if rules > maxClassicRules {
		found.Add("FirewallRuleCountLimitReached", "properties", "Azure Firewall %s has %d rules; at most %d are allowed.", id, rules, maxClassicRules)
	}
	checkAmount("Azure Firewall "+id.String(), lists, len(f.Configurations), "properties", found)
}

// checkLimits reports what would be too much in a policy with the group: among its own
// groups, and with those of the policies that it is based on.
func (g *RuleGroup) checkLimits(tx *store.Tx, r *arm.PutRequest, siblings []nested[RuleGroup], found *arm.Found) error {
	if given, _ := r.Properties().Get("ruleCollections"); given.Kind() == expr.KindArray {
		if size := len(given.JSON()); size > maxRuleGroupBytes {
			found.Add("FirewallPolicyRuleCollectionGroupSizeLimitReached", "properties.ruleCollections", "Rule collection group %s has %d bytes of rule collections; at most %d are allowed. Split it into several groups.", r.ID.Name(), size, maxRuleGroupBytes)
		}
	}
	policy, _ := r.ID.Parent()
	lists, others := [][]Collection{g.Collections}, 0
	for i := range siblings {
		if !strings.EqualFold(siblings[i].name, r.ID.Name()) {
			lists, others = append(lists, siblings[i].form.Collections), others+1
		}
	}
	if others >= maxPolicyGroups {
		found.Add("FirewallPolicyRuleCollectionGroupCountLimitReached", "", "Firewall policy %s has %d rule collection groups already; no more are allowed.", policy, others)
	}
	inherited, err := inheritedCollections(tx, policy)
	if err != nil {
		return err
	}
	checkAmount("Firewall policy "+policy.String(), append(lists, inherited...), 0, "properties.ruleCollections", found)
	return nil
}

// inheritedCollections are those of the policies that one is based on.
func inheritedCollections(tx *store.Tx, policy arm.ID) (lists [][]Collection, err error) {
	for id := policy; ; {
		r, err := arm.Load(tx, id.Key())
		if err != nil {
			return nil, err
		}
		form, err := decode[FirewallPolicy](r)
		if err != nil || form.Base == "" {
			return lists, err
		}
		if id, err = arm.ParseID(form.Base); err != nil {
			return nil, err
		}
		groups, err := children[RuleGroup](tx, id, typeRuleGroups)
		if err != nil {
			return nil, err
		}
		for i := range groups {
			lists = append(lists, groups[i].form.Collections)
		}
	}
}
