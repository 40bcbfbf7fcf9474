package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// IP groups: lists of addresses that rules of firewalls and of their policies name.

const (
	typeIPGroups = "Microsoft.Network/ipGroups"
	// maxGroupAddresses is how many entries an IP group may have.
	maxGroupAddresses = 5000
)

// IPGroup is an IP group, as stored.
type IPGroup struct {
	Version   int      `json:"v"`
	Addresses []string `json:"addresses"`
}

func putIPGroup(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := readIPGroup(r, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

func readIPGroup(r *arm.PutRequest, found *arm.Found) *IPGroup {
	var body struct {
		Addresses []string `json:"ipAddresses"`
	}
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	if n := len(body.Addresses); n > maxGroupAddresses {
		found.Add("IpGroupAddressCountLimitReached", "properties.ipAddresses", "IP group %s has %d entries; at most %d are allowed.", r.ID, n, maxGroupAddresses)
	}
	for i, text := range body.Addresses {
		if _, err := prefixesIn(text); err != nil {
			found.Add("IpGroupInvalidIpAddress", fmt.Sprintf("properties.ipAddresses[%d]", i), "IP group %s: %v.", r.ID.Name(), err)
		}
	}
	return &IPGroup{formVersion, body.Addresses}
}

// ipGroupUsers are the firewalls and the policies with rules that name a group.
func ipGroupUsers(tx *store.Tx, id string) (firewalls, policies []string, err error) {
	named := func(list []Collection) bool {
		return slices.ContainsFunc(list, func(c Collection) bool {
			return slices.ContainsFunc(c.Rules, func(r FirewallRule) bool {
				return slices.ContainsFunc(slices.Concat(r.SourceGroups, r.DestinationGroups), func(g string) bool { return arm.SameID(g, id) })
			})
		})
	}
	if firewalls, err = usersOf(tx, typeFirewalls, func(f *Firewall) bool { return named(slices.Concat(f.NAT, f.Collections, f.Applications)) }); err != nil {
		return nil, nil, err
	}
	groups, err := usersOf(tx, typeRuleGroups, func(g *RuleGroup) bool { return named(g.Collections) })
	for _, g := range groups {
		policy, _, _ := strings.Cut(g, "/ruleCollectionGroups/")
		if !slices.Contains(policies, policy) {
			policies = append(policies, policy)
		}
	}
	return firewalls, policies, err
}

func deleteIPGroup(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	firewalls, policies, err := ipGroupUsers(tx, r.ID.String())
	if users := append(firewalls, policies...); err == nil && len(users) > 0 {
		return arm.Invalid("InUseIpGroupCannotBeDeleted", "", "IP group %s cannot be deleted because it is in use by the following resources: %s. In order to delete it, remove it from their rules.", r.Old.ID, strings.Join(users, ", "))
	}
	return err
}

func viewIPGroup(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[IPGroup](r)
	if err != nil {
		return expr.Null(), err
	}
	firewalls, policies, err := ipGroupUsers(tx, r.ID)
	if err != nil {
		return expr.Null(), err
	}
	var v fields
	v.text("provisioningState", succeeded)
	v.add("ipAddresses", textArray(form.Addresses))
	v.add("firewalls", idList(firewalls))
	v.add("firewallPolicies", idList(policies))
	return properties(v.value()), nil
}
