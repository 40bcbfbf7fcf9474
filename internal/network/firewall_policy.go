package network

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Firewall policies, and the groups of rule collections nested in them: rules that
// several firewalls have in common. A policy is based on another one, whose groups come
// before its own.

const (
	typePolicies   = "Microsoft.Network/firewallPolicies"
	typeRuleGroups = typePolicies + "/ruleCollectionGroups"

	filterCollection = "FirewallPolicyFilterRuleCollection"
	natCollection    = "FirewallPolicyNatRuleCollection"

	codePolicyInUse = "InUseFirewallPolicyCannotBeDeleted"
)

// FirewallPolicy is a policy of firewalls, as stored; its groups are resources of their own.
type FirewallPolicy struct {
	Version          int      `json:"v"`
	Tier             string   `json:"tier"`
	Base             string   `json:"base,omitempty"` // resource ID
	ThreatIntel      string   `json:"threatIntel"`    // Alert, Deny, Off
	AllowedAddresses []string `json:"allowedAddresses,omitempty"`
	AllowedNames     []string `json:"allowedNames,omitempty"`
	PrivateRanges    []string `json:"privateRanges,omitempty"`
	// DNS are its own settings of names; nil for those of its base.
	DNS      *DNSSettings `json:"dns,omitempty"`
	Settings expr.Value   `json:"settings"`
}

// RuleGroup is a rule collection group of a policy, as stored.
type RuleGroup struct {
	Version     int          `json:"v"`
	Priority    int          `json:"priority"`
	Collections []Collection `json:"collections,omitempty"`
}

// carriedPolicy are the writable members that are stored and served as given.
var carriedPolicy = []string{"dnsSettings", "explicitProxy", "insights", "intrusionDetection", "sql"}

type policyBody struct {
	SKU struct {
		Tier string `json:"tier"`
	} `json:"sku"`
	Base        *reference `json:"basePolicy"`
	ThreatIntel string     `json:"threatIntelMode"`
	Allowed     struct {
		Addresses []string `json:"ipAddresses"`
		Names     []string `json:"fqdns"`
	} `json:"threatIntelWhitelist"`
	SNAT struct {
		Ranges []string `json:"privateRanges"`
		Learn  string   `json:"autoLearnPrivateRanges"`
	} `json:"snat"`
	DNS *struct {
		Proxy    bool     `json:"enableProxy"`
		Required *bool    `json:"requireProxyForNetworkRules"`
		Servers  []string `json:"servers"`
	} `json:"dnsSettings"`
	Intrusion struct {
		Mode string `json:"mode"`
	} `json:"intrusionDetection"`
	Explicit struct {
		Enabled bool `json:"enableExplicitProxy"`
	} `json:"explicitProxy"`
	Insights struct {
		Enabled bool `json:"isEnabled"`
	} `json:"insights"`
	Transport *struct {
		Authority expr.Value `json:"certificateAuthority"`
	} `json:"transportSecurity"`
}

// threatModes are in order of strictness.
var threatModes = []string{"Off", "Alert", "Deny"}

func putPolicy(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := readPolicy(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	if err := form.build(tx, r, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	dns, err := form.dnsOf(tx)
	if err != nil {
		return nil, err
	}
	if err := dns.checkNamed(tx, r.ID, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// readPolicy makes the stored form of a request and checks it by itself.
func readPolicy(r *arm.PutRequest, found *arm.Found) *FirewallPolicy {
	var body policyBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	p := &FirewallPolicy{Version: formVersion, Tier: oneOf(orElse(body.SKU.Tier, skuStandard), "properties.sku.tier", found, skuBasic, skuStandard, "Premium"),
		Base: body.Base.id(), AllowedAddresses: body.Allowed.Addresses, AllowedNames: body.Allowed.Names, PrivateRanges: body.SNAT.Ranges, Settings: carry(r.Properties(), carriedPolicy)}
	if body.ThreatIntel != "" {
		p.ThreatIntel = oneOf(body.ThreatIntel, "properties.threatIntelMode", found, threatModes...)
	}
	body.checkAbsent(found)
	p.DNS = body.settings(found)
	if _, err := snatRanges(p.PrivateRanges); err != nil {
		found.Add("InvalidAddressPrefixFormat", "properties.snat.privateRanges", "The private ranges are not valid: %s. Give ranges in CIDR notation, or IANAPrivateRanges.", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	for i, text := range p.AllowedAddresses {
		if _, err := prefixesIn(text); err != nil {
			found.Add("FirewallPolicyInvalidIpAddress", fmt.Sprintf("properties.threatIntelWhitelist.ipAddresses[%d]", i), "The allowed address is not valid: %v.", err)
		}
	}
	for i, name := range p.AllowedNames {
		if err := netpol.CheckName(name); err != nil {
			found.Add("FirewallPolicyInvalidFqdn", fmt.Sprintf("properties.threatIntelWhitelist.fqdns[%d]", i), "The allowed name is not valid: %v.", err)
		}
	}
	return p
}

// checkAbsent reports what would promise something that nothing here does.
func (b *policyBody) checkAbsent(found *arm.Found) {
	for _, m := range []struct {
		given              bool
		member, code, what string
	}{
		{b.Intrusion.Mode != "" && !strings.EqualFold(b.Intrusion.Mode, "Off"), "intrusionDetection", "FirewallPolicyIntrusionDetectionNotSupported", "no intrusion detection"},
		{b.Explicit.Enabled, "explicitProxy", "FirewallPolicyExplicitProxyNotSupported", "no explicit proxy"},
		{b.Insights.Enabled, "insights", "FirewallPolicyInsightsNotSupported", "no insights; the flow log tells what they decide"},
		{b.Transport != nil && b.Transport.Authority.Len() > 0, "transportSecurity", "FirewallPolicyTransportSecurityNotSupported", "no inspection of TLS"},
		{strings.EqualFold(b.SNAT.Learn, "Enabled"), "snat.autoLearnPrivateRanges", "FirewallPolicyAutoLearnNotSupported", "no learned ranges"},
	} {
		if m.given {
			found.Add(m.code, "properties."+m.member, "The firewalls of this server have %s, so nothing would do what %s says. Remove it.", m.what, m.member)
		}
	}
}

// build checks what the policy is based on: it is there, is not itself based on this one,
// and is not stricter about threats.
func (p *FirewallPolicy) build(tx *store.Tx, r *arm.PutRequest, found *arm.Found) error {
	if p.Base == "" {
		p.ThreatIntel = orElse(p.ThreatIntel, "Alert")
		return nil
	}
	const at = "properties.basePolicy"
	base, err := referenced(tx, p.Base, typePolicies, r.ID, r.Location, at, found)
	if base == nil || err != nil {
		return err
	}
	p.Base = base.ID
	form, err := decode[FirewallPolicy](*base)
	if err != nil {
		return err
	}
	if p.ThreatIntel = orElse(p.ThreatIntel, form.ThreatIntel); slices.Index(threatModes, p.ThreatIntel) < slices.Index(threatModes, form.ThreatIntel) {
		found.Add("FirewallPolicyThreatIntelModeNotStricter", "properties.threatIntelMode", "Firewall policy %s has the threat intelligence mode %s, and its base policy %s has %s. A policy can only be stricter than its base.", r.ID, p.ThreatIntel, base.ID, form.ThreatIntel)
	}
	for id := base.ID; id != ""; id = form.Base {
		if arm.SameID(id, r.ID.String()) {
			found.Add("FirewallPolicyCircularReference", at, "Firewall policy %s cannot be based on %s, which is based on it.", r.ID, base.ID)
			return nil
		}
		next, err := arm.Load(tx, id)
		if err != nil {
			return err
		}
		if form, err = decode[FirewallPolicy](next); err != nil {
			return err
		}
	}
	return nil
}

// usersOf are the IDs of the resources of a type whose form names another.
func usersOf[Form any](tx *store.Tx, typ string, names func(*Form) bool) (list []string, err error) {
	all, err := arm.List(tx, store.Query{Type: typ})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		form, err := decode[Form](r)
		if err != nil {
			return nil, err
		}
		if names(form) {
			list = append(list, r.ID)
		}
	}
	return list, nil
}

// policyUsers are the firewalls that have a policy, and the policies based on it.
func policyUsers(tx *store.Tx, id string) (firewalls, children []string, err error) {
	if firewalls, err = usersOf(tx, typeFirewalls, func(f *Firewall) bool { return arm.SameID(f.Policy, id) }); err != nil {
		return nil, nil, err
	}
	children, err = usersOf(tx, typePolicies, func(p *FirewallPolicy) bool { return arm.SameID(p.Base, id) })
	return firewalls, children, err
}

func deletePolicy(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	firewalls, children, err := policyUsers(tx, r.ID.String())
	if users := append(firewalls, children...); err == nil && len(users) > 0 {
		return arm.Invalid(codePolicyInUse, "", "Firewall policy %s cannot be deleted because it is in use by the following resources: %s. In order to delete it, remove the association with the resources.", r.Old.ID, strings.Join(users, ", "))
	}
	return err
}

func viewPolicy(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[FirewallPolicy](r)
	if err != nil {
		return expr.Null(), err
	}
	firewalls, policies, err := policyUsers(tx, r.ID)
	if err != nil {
		return expr.Null(), err
	}
	groups, err := children[RuleGroup](tx, id, typeRuleGroups)
	if err != nil {
		return expr.Null(), err
	}
	v := form.view()
	v.add("firewalls", idList(firewalls))
	v.add("childPolicies", idList(policies))
	var ids []string
	for i := range groups {
		ids = append(ids, groups[i].ID)
	}
	v.add("ruleCollectionGroups", idList(ids))
	return properties(v.value()), nil
}

func idList(ids []string) expr.Value {
	list := make([]expr.Value, len(ids))
	for i, id := range ids {
		list[i] = idObject(id)
	}
	return expr.Array(list...)
}

func (p *FirewallPolicy) view() fields {
	var v, sku, allowed, snat fields
	v.text("provisioningState", succeeded)
	sku.text("tier", p.Tier)
	v.add("sku", sku.value())
	v.text("threatIntelMode", p.ThreatIntel)
	allowed.texts("ipAddresses", p.AllowedAddresses)
	allowed.texts("fqdns", p.AllowedNames)
	if len(allowed) > 0 {
		v.add("threatIntelWhitelist", allowed.value())
	}
	if snat.texts("privateRanges", p.PrivateRanges); len(snat) > 0 {
		v.add("snat", snat.value())
	}
	if p.Base != "" {
		v.add("basePolicy", idObject(p.Base))
	}
	v.settings(p.Settings)
	return v
}

type ruleGroupBody struct {
	Priority    int                    `json:"priority"`
	Collections []policyCollectionBody `json:"ruleCollections"`
}

// ofPolicy are the places of a group's collections.
func ofPolicy(i int) (string, string) {
	at := listed("properties.ruleCollections")(i)
	return at, at
}

func (p *provider) putRuleGroup(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	ruleNaming.check(r.ID.Name(), "name", &found)
	form := p.readRuleGroup(r, &found)
	if form == nil {
		return nil, found.Err()
	}
	if err := checkIPGroups(tx, r.ID, form.Collections, ofPolicy, &found); err != nil {
		return nil, err
	}
	parent, _ := r.ID.Parent()
	if err := form.checkNamed(tx, parent, &found); err != nil {
		return nil, err
	}
	siblings, err := children[RuleGroup](tx, parent, typeRuleGroups)
	if err != nil {
		return nil, err
	}
	if err := form.checkLimits(tx, r, siblings, &found); err != nil {
		return nil, err
	}
	for i := range siblings {
		if s := &siblings[i]; s.form.Priority == form.Priority && !strings.EqualFold(s.name, r.ID.Name()) {
			found.Add("FirewallPolicyRuleCollectionGroupConflict", "properties.priority", "Rule collection group %s conflicts with group %s. The groups of a policy cannot have the same Priority.", r.ID.Name(), s.name)
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

func (p *provider) readRuleGroup(r *arm.PutRequest, found *arm.Found) *RuleGroup {
	var body ruleGroupBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil
	}
	g := &RuleGroup{Version: formVersion, Priority: body.Priority}
	checkPriority("Rule collection group", r.ID.Name(), g.Priority, "properties.priority", found)
	for i := range body.Collections {
		_, at := ofPolicy(i)
		g.Collections = append(g.Collections, body.Collections[i].collection(at, found))
	}
	p.tags().checkCollections(g.Collections, ofPolicy, found)
	checkNameTags(p.policies.nameTags(), g.Collections, ofPolicy, found)
	return g
}

// checkNamed reports network rules with names that the settings of the group's policy do
// not allow.
func (g *RuleGroup) checkNamed(tx *store.Tx, policy arm.ID, found *arm.Found) error {
	r, err := arm.Load(tx, policy.Key())
	if err != nil {
		return err
	}
	form, err := decode[FirewallPolicy](r)
	if err != nil {
		return err
	}
	dns, err := form.dnsOf(tx)
	if err != nil {
		return err
	}
	dns.checkRules(g.Collections, ofPolicy, found)
	return nil
}

// ruleTypes are the types of rules of policies, by the kind of their collection.
var ruleTypes = map[string]string{kindNetwork: "NetworkRule", kindNAT: "NatRule", kindApplication: "ApplicationRule"}

// collection reads a collection; its rules are of one type.
func (b *policyCollectionBody) collection(at string, found *arm.Found) Collection {
	c := Collection{Name: b.Name, Priority: b.Priority, Action: b.Action.Type}
	b.Type = oneOf(b.Type, at+".ruleCollectionType", found, filterCollection, natCollection)
	switch {
	case b.Type == natCollection:
		c.Kind = kindNAT
	case len(b.Rules) > 0 && strings.EqualFold(b.Rules[0].Type, ruleTypes[kindApplication]):
		c.Kind = kindApplication
	}
	for i := range b.Rules {
		if r := &b.Rules[i]; !strings.EqualFold(r.Type, ruleTypes[c.Kind]) {
			found.Add(codeFormat, fmt.Sprintf("%s.rules[%d].ruleType", at, i), "Rule %s has the type '%s', and rule collection %s has rules of type %s alone.", r.Name, r.Type, b.Name, ruleTypes[c.Kind])
		}
	}
	c.Rules = rulesOf(b.Rules, c.Kind, at, found)
	return c
}

func viewRuleGroup(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[RuleGroup](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view()), nil
}

func (g *RuleGroup) view() expr.Value {
	var v fields
	v.text("provisioningState", succeeded)
	v.add("priority", expr.Int(int64(g.Priority)))
	list := make([]expr.Value, len(g.Collections))
	for i := range g.Collections {
		c := &g.Collections[i]
		var f fields
		action := c.Action
		f.text("ruleCollectionType", filterCollection)
		if c.Kind == kindNAT {
			f = nil
			f.text("ruleCollectionType", natCollection)
			action = "DNAT"
		}
		f.text("name", c.Name)
		c.head(&f, action, func(r *FirewallRule, f *fields) {
			f.text("ruleType", ruleTypes[c.Kind])
			r.view(c.Kind, "ipProtocols", f)
		})
		list[i] = f.value()
	}
	v.add("ruleCollections", expr.Array(list...))
	return v.value()
}

// prefixesIn reads an address, a range in CIDR notation, or "first-last".
func prefixesIn(text string) ([]netip.Prefix, error) {
	if first, last, ranged := strings.Cut(text, "-"); ranged {
		from, err := netip.ParseAddr(strings.TrimSpace(first))
		to, wrong := netip.ParseAddr(strings.TrimSpace(last))
		if err != nil || wrong != nil || from.BitLen() != to.BitLen() || to.Less(from) || from.Zone()+to.Zone() != "" {
			return nil, fmt.Errorf("'%s' is no range of addresses; give the first and the last one, such as 10.0.0.4-10.0.0.9", text)
		}
		return netpol.PrefixesBetween(from, to), nil
	}
	a, err := netpol.ParseAddress(text)
	if err != nil || !a.Prefix.IsValid() {
		return nil, fmt.Errorf("'%s' is neither an address, nor a range in CIDR notation without host bits, nor first-last", text)
	}
	return []netip.Prefix{a.Prefix}, nil
}
