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

// Application security groups (network.md §A4): rules name them instead of addresses,
// and interfaces say that they are members. A rule is about the addresses that its
// groups have; with a group that has none it is about no flow. Who names a group is
// looked up when it is deleted, which is rare.

const (
	typeApplicationGroups = "Microsoft.Network/applicationSecurityGroups"

	maxMemberships  = 20  // application security groups of an IP configuration
	maxGroupsNamed  = 100 // that the rules of one network security group name
	applicationRefs = "ApplicationSecurityGroups"
)

// ApplicationGroup is an application security group, as stored.
type ApplicationGroup struct {
	Version int    `json:"v"`
	GUID    string `json:"guid"`
}

func putApplicationGroup(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	if p := r.Properties(); !p.IsNull() && p.Kind() != expr.KindObject {
		found.Add(codeFormat, "properties", "The properties of an application security group must be an object; it may be empty.")
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form := &ApplicationGroup{Version: formVersion, GUID: arm.NewGUID()}
	if r.Old != nil {
		old, err := decode[ApplicationGroup](*r.Old)
		if err != nil {
			return nil, err
		}
		form.GUID = old.GUID
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

func viewApplicationGroup(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[ApplicationGroup](r)
	if err != nil {
		return expr.Null(), err
	}
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", form.GUID)
	return properties(f.value()), nil
}

// deleteApplicationGroup refuses to delete what a rule or an interface names.
func deleteApplicationGroup(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	users, err := namingRules(tx, r.Old.ID)
	if err != nil {
		return err
	}
	members, err := members(tx, r.Old.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		users = append(users, m.ID)
	}
	if len(users) == 0 {
		return nil
	}
	return arm.Invalid("InUseApplicationSecurityGroupCannotBeDeleted", "", "Application security group %s cannot be deleted because it is in use by the following resources: %s. In order to delete it, remove it from them.", r.Old.ID, strings.Join(users, ", "))
}

// namingRules are the IDs of the rules that name a group.
func namingRules(tx *store.Tx, group string) (ids []string, err error) {
	rules, err := arm.List(tx, store.Query{Type: typeRules})
	for _, r := range rules {
		form, err := decode[Rule](r)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(form.groups(), func(id string) bool { return arm.SameID(id, group) }) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// groups are the application security groups that a rule names.
func (r *Rule) groups() []string { return slices.Concat(r.Source.Groups, r.Destination.Groups) }

// members are the interfaces that are members of a group.
func members(tx *store.Tx, group string) (found []arm.Resource, err error) {
	all, err := arm.List(tx, store.Query{Type: typeInterfaces})
	for _, r := range all {
		form, err := decode[Interface](r)
		if err != nil {
			return nil, err
		}
		if form.isMember(group) {
			found = append(found, r)
		}
	}
	return found, err
}

func (n *Interface) isMember(group string) bool {
	return slices.ContainsFunc(n.Configurations, func(c Configuration) bool {
		return slices.ContainsFunc(c.Groups, func(id string) bool { return arm.SameID(id, group) })
	})
}

// homeOf is the key of the virtual network that all members of a group are in, beside
// one interface; "" if there are none.
func homeOf(tx *store.Tx, group string, beside arm.ID) (string, error) {
	found, err := members(tx, group)
	for _, r := range found {
		form, err := decode[Interface](r)
		if err != nil {
			return "", err
		}
		if r.Key != beside.Key() {
			return networkKey(form.subnet()), nil
		}
	}
	return "", err
}

// checkGroups checks the application security groups that the rules of a network
// security group name, and gives each the spelling of its resource's ID: they are there,
// in the group's location, and those of one rule have their members in one network.
func checkGroups(tx *store.Tx, r *arm.PutRequest, location string, rules []Rule, path func(int) string, found *arm.Found) error {
	for i := range rules {
		homes := map[string]string{} // a group of each network
		for _, side := range []struct {
			name   string
			groups []string
		}{{sideSource, rules[i].Source.Groups}, {sideDestination, rules[i].Destination.Groups}} {
			target := inside(path(i), "properties."+side.name+applicationRefs)
			for k, id := range side.groups {
				group, err := referenced(tx, id, typeApplicationGroups, r.ID, location, fmt.Sprintf("%s[%d]", target, k), found)
				if err != nil {
					return err
				}
				if group == nil {
					continue
				}
				side.groups[k] = group.ID
				home, err := homeOf(tx, group.ID, arm.ID{})
				if err != nil {
					return err
				}
				if home != "" {
					homes[home] = group.ID
				}
			}
			if len(homes) > 1 {
				found.Add("ApplicationSecurityGroupsNotInSameVnet", target, "Security rule %s names application security groups whose members are in different virtual networks. Those of one rule must be in the same.", rules[i].Name)
			}
		}
	}
	return nil
}

// checkGroupCount reports more application security groups than all rules of one network
// security group may name.
func checkGroupCount(rules []Rule, target string, found *arm.Found) {
	named := map[string]bool{}
	for i := range rules {
		for _, id := range rules[i].groups() {
			named[keyOf(id)] = true
		}
	}
	if len(named) > maxGroupsNamed {
		found.Add("ApplicationSecurityGroupCountLimitReached", target, "The rules name %d application security groups; those of one network security group may name at most %d.", len(named), maxGroupsNamed)
	}
}

// join checks the groups that the configurations of an interface are members of, and
// gives each the spelling of its resource's ID.
func (n *Interface) join(tx *store.Tx, r *arm.PutRequest, _ *Interface, found *arm.Found) error {
	for i := range n.Configurations {
		c := &n.Configurations[i]
		target := n.at(i) + ".applicationSecurityGroups"
		if len(c.Groups) > maxMemberships {
			found.Add("ApplicationSecurityGroupCountLimitReached", target, "IP configuration '%s' is a member of %d application security groups; at most %d are allowed.", c.Name, len(c.Groups), maxMemberships)
		}
		for k, id := range c.Groups {
			group, err := referenced(tx, id, typeApplicationGroups, r.ID, r.Location, fmt.Sprintf("%s[%d]", target, k), found)
			if err != nil {
				return err
			}
			if group == nil {
				continue
			}
			c.Groups[k] = group.ID
			home, err := homeOf(tx, group.ID, r.ID)
			if err != nil {
				return err
			}
			if here := networkKey(c.Subnet); home != "" && here != "" && home != here {
				found.Add("ApplicationSecurityGroupsNotInSameVnet", fmt.Sprintf("%s[%d]", target, k), "The members of application security group %s are in another virtual network than IP configuration '%s'. All members of a group must be in the same.", group.ID, c.Name)
			}
		}
	}
	return nil
}
