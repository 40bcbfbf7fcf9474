package network

import (
	"bytes"
	"encoding/json"
	"fmt"

	"isle/expr"
	"isle/internal/arm"
)

// The rule collections of firewalls and of the groups of policies: one stored form for
// all kinds and for both, and two on the wire.

// Kinds of collections, as stored.
const (
	kindNetwork     = "" // the first one there was
	kindNAT         = "NAT"
	kindApplication = "Application"
)

// Collection is a rule collection of a firewall or of a policy's group.
type Collection struct {
	Name     string         `json:"name"`
	Kind     string         `json:"kind,omitempty"`
	Priority int            `json:"priority"`
	Action   string         `json:"action"` // Allow, Deny; Dnat of NAT rules
	Rules    []FirewallRule `json:"rules"`
}

// FirewallRule is a rule of a firewall, of the kind that its collection says.
type FirewallRule struct {
	Name              string            `json:"name"`
	Description       string            `json:"description,omitempty"`
	Protocols         []string          `json:"protocols"` // not of application rules
	Sources           []string          `json:"sources"`
	SourceGroups      []string          `json:"sourceGroups,omitempty"` // IP groups, by ID
	Destinations      []string          `json:"destinations"`
	DestinationGroups []string          `json:"destinationGroups,omitempty"`
	DestinationNames  []string          `json:"destinationNames,omitempty"` // of network rules
	Ports             []string          `json:"ports"`
	ToAddress         string            `json:"toAddress,omitempty"` // of NAT rules, as are the name and the port
	ToName            string            `json:"toName,omitempty"`
	ToPort            string            `json:"toPort,omitempty"`
	Applications      []ApplicationPort `json:"applications,omitempty"` // of application rules, as are names and tags
	Names             []string          `json:"names,omitempty"`
	NameTags          []string          `json:"nameTags,omitempty"`
}

// ApplicationPort is what an application rule is about: Http, Https or Mssql, at a port.
type ApplicationPort struct {
	Type string `json:"type"`
	Port int    `json:"port"`
}

// collectionBody is a collection of a firewall on the wire.
type collectionBody struct {
	Name       string         `json:"name"`
	Properties collectionHead `json:"properties"`
}

type collectionHead struct {
	Priority int `json:"priority"`
	Action   struct {
		Type string `json:"type"`
	} `json:"action"`
	Rules []firewallRuleBody `json:"rules"`
}

// policyCollectionBody is a collection of a policy's group on the wire.
type policyCollectionBody struct {
	Type string `json:"ruleCollectionType"`
	Name string `json:"name"`
	collectionHead
}

// firewallRuleBody is a rule on the wire: that of a firewall has its protocols in
// protocols, that of a policy in ipProtocols unless it is an application rule.
type firewallRuleBody struct {
	Name              string         `json:"name"`
	Description       string         `json:"description"`
	Type              string         `json:"ruleType"`
	Protocols         []protocolBody `json:"protocols"`
	IPProtocols       []string       `json:"ipProtocols"`
	Sources           []string       `json:"sourceAddresses"`
	SourceGroups      []string       `json:"sourceIpGroups"`
	Destinations      []string       `json:"destinationAddresses"`
	DestinationGroups []string       `json:"destinationIpGroups"`
	Ports             []string       `json:"destinationPorts"`
	FQDNs             []string       `json:"destinationFqdns"`
	TranslatedAddress string         `json:"translatedAddress"`
	TranslatedPort    string         `json:"translatedPort"`
	TranslatedFQDN    string         `json:"translatedFqdn"`
	TargetFQDNs       []string       `json:"targetFqdns"`
	FQDNTags          []string       `json:"fqdnTags"`
	TargetURLs        []string       `json:"targetUrls"`
	WebCategories     []string       `json:"webCategories"`
	TerminateTLS      bool           `json:"terminateTLS"`
	Headers           []expr.Value   `json:"httpHeadersToInsert"`
}

// protocolBody is "TCP", or a protocol of application rules with its port.
type protocolBody struct {
	Type string
	Port int
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *protocolBody) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte{'"'}) {
		return json.Unmarshal(text, &p.Type)
	}
	var body struct {
		Type string `json:"protocolType"`
		Port int    `json:"port"`
	}
	err := json.Unmarshal(text, &body)
	p.Type, p.Port = body.Type, body.Port
	return err
}

// usualPorts are those of the protocols of application rules.
var usualPorts = map[string]int{"Http": 80, "Https": 443, "Mssql": 1433}

// collectionsOf reads the collections of a kind of a firewall.
func collectionsOf(list []collectionBody, kind, member string, found *arm.Found) (all []Collection) {
	for i := range list {
		c := &list[i]
		at := fmt.Sprintf("properties.%s[%d].properties", member, i)
		all = append(all, Collection{Name: c.Name, Kind: kind, Priority: c.Properties.Priority, Action: c.Properties.Action.Type, Rules: rulesOf(c.Properties.Rules, kind, at, found)})
	}
	return all
}

// rulesOf reads rules of a kind, and reports what this server's firewalls cannot judge
// by.
func rulesOf(list []firewallRuleBody, kind, at string, found *arm.Found) (rules []FirewallRule) {
	for i := range list {
		rules = append(rules, list[i].rule(kind))
		list[i].checkAbsent(kind, fmt.Sprintf("%s.rules[%d]", at, i), found)
	}
	return rules
}

func (b *firewallRuleBody) rule(kind string) FirewallRule {
	r := FirewallRule{Name: b.Name, Description: b.Description, Protocols: b.IPProtocols, Sources: b.Sources, SourceGroups: b.SourceGroups, Destinations: b.Destinations}
	if kind == kindApplication {
		for _, p := range b.Protocols {
			r.Applications = append(r.Applications, ApplicationPort(p))
		}
		r.Protocols, r.Names, r.NameTags = nil, b.TargetFQDNs, b.FQDNTags
		return r
	}
	for _, p := range b.Protocols {
		r.Protocols = append(r.Protocols, p.Type)
	}
	r.DestinationGroups, r.Ports = b.DestinationGroups, b.Ports
	if kind == kindNAT {
		r.ToAddress, r.ToName, r.ToPort = b.TranslatedAddress, b.TranslatedFQDN, b.TranslatedPort
	} else {
		r.DestinationNames = b.FQDNs
	}
	return r
}

// checkAbsent reports what would promise something that nothing here does.
func (b *firewallRuleBody) checkAbsent(kind, at string, found *arm.Found) {
	for _, m := range []struct {
		given              bool
		member, code, give string
	}{
		{len(b.FQDNs) > 0 && kind != kindNetwork, "destinationFqdns", "FirewallRuleFqdnsNotSupported", "a network rule for it"},
		{b.TranslatedFQDN != "" && kind != kindNAT, "translatedFqdn", "FirewallRuleTranslatedFqdnNotSupported", "a NAT rule for it"},
		{len(b.FQDNTags) > 0 && kind != kindApplication, "fqdnTags", "FirewallRuleFqdnTagsNotSupported", "an application rule for it"},
		{len(b.TargetURLs) > 0, "targetUrls", "FirewallRuleTargetUrlsNotSupported", "targetFqdns: what is encrypted is not opened"},
		{len(b.WebCategories) > 0, "webCategories", "FirewallRuleWebCategoriesNotSupported", "targetFqdns: there is no list of categories"},
		{b.TerminateTLS, "terminateTLS", "FirewallRuleTerminateTlsNotSupported", "targetFqdns: what is encrypted is not opened"},
		{len(b.Headers) > 0, "httpHeadersToInsert", "FirewallRuleHttpHeadersNotSupported", "rules without it"},
	} {
		if m.given {
			found.Add(m.code, at+"."+m.member, "Rule %s has %s, which firewalls of this server cannot go by. Give %s.", b.Name, m.member, m.give)
		}
	}
}

// views shows collections of one kind of a firewall.
func (k kindOf) views(id, etag string) expr.Value {
	values := make([]expr.Value, len(k.list))
	for i := range k.list {
		c := &k.list[i]
		var v fields
		v.text("provisioningState", succeeded)
		c.head(&v, c.Action, func(r *FirewallRule, f *fields) { r.view(c.Kind, "protocols", f) })
		values[i] = child(id+"/"+k.member+"/"+c.Name, c.Name, typeFirewalls+"/"+k.member, etag, v.value())
	}
	return expr.Array(values...)
}

// head shows what collections of firewalls and of policies have alike.
func (c *Collection) head(v *fields, action string, view func(*FirewallRule, *fields)) {
	var a fields
	v.add("priority", expr.Int(int64(c.Priority)))
	a.text("type", action)
	v.add("action", a.value())
	rules := make([]expr.Value, len(c.Rules))
	for i := range c.Rules {
		var f fields
		view(&c.Rules[i], &f)
		rules[i] = f.value()
	}
	v.add("rules", expr.Array(rules...))
}

// view shows a rule; protocols is the member that has those of IP.
func (r *FirewallRule) view(kind, protocols string, f *fields) {
	f.text("name", r.Name)
	f.text("description", r.Description)
	if kind == kindApplication {
		list := make([]expr.Value, len(r.Applications))
		for i, p := range r.Applications {
			var v fields
			v.text("protocolType", p.Type)
			v.add("port", expr.Int(int64(p.Port)))
			list[i] = v.value()
		}
		f.add("protocols", expr.Array(list...))
	} else {
		f.texts(protocols, r.Protocols)
	}
	f.texts("sourceAddresses", r.Sources)
	f.texts("sourceIpGroups", r.SourceGroups)
	f.texts("destinationAddresses", r.Destinations)
	switch kind {
	case kindApplication:
		f.texts("targetFqdns", r.Names)
		f.texts("fqdnTags", r.NameTags)
		return
	case kindNAT:
		f.text("translatedAddress", r.ToAddress)
		f.text("translatedFqdn", r.ToName)
		f.text("translatedPort", r.ToPort)
	default:
		f.texts("destinationIpGroups", r.DestinationGroups)
		f.texts("destinationFqdns", r.DestinationNames)
	}
	f.texts("destinationPorts", r.Ports)
}
