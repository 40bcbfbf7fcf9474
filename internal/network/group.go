package network

import (
	"context"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// putGroup creates or replaces a network security group. A request without the
// member "securityRules" leaves the rules as they are.
func (p *provider) putGroup(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	body := new(groupBody)
	return putAttached(tx, r, body, carriedGroup, "securityRules", typeRules, func(found *arm.Found) ([]nested[Rule], error) {
		rules := make([]Rule, len(body.Rules))
		want := make([]nested[Rule], len(rules))
		for i := range body.Rules {
			rules[i] = body.Rules[i].Properties.rule(body.Rules[i].Name)
			want[i] = nested[Rule]{name: rules[i].Name, form: &rules[i]}
		}
		p.tags().checkRules(rules, listed("properties.securityRules"), found)
		checkGroupCount(rules, "properties.securityRules", found)
		return want, checkGroups(tx, r, r.Location, rules, listed("properties.securityRules"), found)
	})
}

// putAttached creates or replaces a group or table: body is decoded, the members that
// are carried are kept, and want makes the entries of the list it holds, if the
// request has the list and it is not null; else they stay.
func putAttached[Form any](tx *store.Tx, r *arm.PutRequest, body any, carried []string, list, typ string, want func(*arm.Found) ([]nested[Form], error)) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	if !found.Decode(r.Properties(), body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form, err := attachment(r, carried)
	if err != nil {
		return nil, err
	}
	old, err := children[Form](tx, r.ID, typ)
	if err != nil {
		return nil, err
	}
	entries := old
	if v, given := r.Properties().Get(list); given && !v.IsNull() {
		if entries, err = want(&found); err != nil {
			return nil, err
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := replace(tx, r.ID, list, old, entries, r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// attachment makes the stored form of a group, a table or a NAT gateway; its users stay.
func attachment(r *arm.PutRequest, carried []string) (*Attachment, error) {
	form := &Attachment{Version: formVersion, Settings: carry(r.Properties(), carried)}
	if r.Old == nil {
		form.GUID = arm.NewGUID()
		return form, nil
	}
	was, err := decode[Attachment](*r.Old)
	if err != nil {
		return nil, err
	}
	form.GUID, form.Subnets, form.Interfaces = was.GUID, was.Subnets, was.Interfaces
	return form, nil
}

// deleteAttachment refuses to delete what subnets or interfaces use.
func deleteAttachment(code, what string) func(context.Context, *store.Tx, *arm.DeleteRequest) error {
	return func(_ context.Context, _ *store.Tx, r *arm.DeleteRequest) error {
		form, err := decode[Attachment](r.Old)
		if err != nil {
			return err
		}
		return refuseUsed(code, what, r.Old.ID, form.users())
	}
}

// refuseUsed reports that a resource with users cannot be deleted.
func refuseUsed(code, what, id string, users []string) error {
	if len(users) == 0 {
		return nil
	}
	return arm.Invalid(code, "", "%s %s cannot be deleted because it is in use by the following resources: %s. In order to delete it, remove the association with the resources.", what, id, strings.Join(users, ", "))
}

func viewGroup(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[Attachment](r)
	if err != nil {
		return expr.Null(), err
	}
	rules, err := children[Rule](tx, id, typeRules)
	if err != nil {
		return expr.Null(), err
	}
	f := form.groupView(r.ID, r.ETag, embedded(rules, typeRules, func(n *nested[Rule]) expr.Value { return n.form.view() }))
	err = f.addFlowLogs(tx, r.ID)
	return properties(f.value()), err
}

func (p *provider) putRule(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	body := new(ruleBody)
	if !found.Decode(r.Properties(), body, "properties", codeFormat) {
		return nil, found.Err()
	}
	parent, _ := r.ID.Parent()
	siblings, err := children[Rule](tx, parent, typeRules)
	if err != nil {
		return nil, err
	}
	all := beside(siblings, body.rule(r.ID.Name()), r.ID.Name())
	rule := &all[len(all)-1]
	p.tags().checkRules(all, alone, &found)
	checkGroupCount(all, "properties", &found)
	home, err := arm.Load(tx, parent.Key())
	if err != nil {
		return nil, err
	}
	if err := checkGroups(tx, r, home.Location, all[len(all)-1:], alone, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(rule)
	return &arm.Written{Body: stored}, err
}

// deleteChild deletes a rule or a route.
func deleteChild(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	if r.Cascade {
		return nil
	}
	parent, _ := r.ID.Parent()
	return touch(tx, parent.Key(), r.Now)
}

func viewRule(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Rule](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view()), nil
}

// readDefaultRules answers GET {group}/defaultSecurityRules.
func readDefaultRules(_ context.Context, r *arm.Request) (*arm.Response, error) {
	return arm.Reply(list(defaultRuleList(r.Resource.ID, r.Resource.ETag))), nil
}

// readDefaultRule answers GET {group}/defaultSecurityRules/{rule}.
func readDefaultRule(_ context.Context, r *arm.Request) (*arm.Response, error) {
	for _, rule := range defaultRules() {
		if strings.EqualFold(rule.Name, r.Values["rule"]) {
			return arm.Reply(defaultRuleView(r.Resource.ID, r.Resource.ETag, &rule)), nil
		}
	}
	return nil, arm.Missing("NotFound", "Resource %s/defaultSecurityRules/%s not found.", r.Resource.ID, r.Values["rule"])
}
