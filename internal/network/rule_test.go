package network

import (
	"fmt"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/netpol"
)

// builtinTags are those without a tag file.
var builtinTags = knownTags(netpol.TagFile{})

func goodRule() Rule {
	return Rule{Name: "web", Priority: 100, Direction: "inbound", Access: "ALLOW", Protocol: "tcp",
		Source: Side{Prefix: "Internet", Port: "*"}, Destination: Side{Prefix: "VirtualNetwork", Port: "443"}}
}

func TestSecurityRule(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Rule)
		want   string
	}{
		{"good", func(*Rule) {}, ""},
		{"one character", func(r *Rule) { r.Name = "r" }, ""},
		{"ends in underscore", func(r *Rule) { r.Name = "r_" }, ""},
		{"no name", func(r *Rule) { r.Name = "" }, "InvalidResourceName"},
		{"begins with a dash", func(r *Rule) { r.Name = "-r" }, "InvalidResourceName"},
		{"ends with a dot", func(r *Rule) { r.Name = "r." }, "InvalidResourceName"},
		{"81 characters", func(r *Rule) { r.Name = strings.Repeat("r", 81) }, "InvalidResourceName"},
		{"priority 99", func(r *Rule) { r.Priority = 99 }, "SecurityRuleInvalidPriority"},
		{"priority 4096", func(r *Rule) { r.Priority = 4096 }, ""},
		{"priority 4097", func(r *Rule) { r.Priority = 4097 }, "SecurityRuleInvalidPriority"},
		{"protocol", func(r *Rule) { r.Protocol = "http" }, "InvalidRequestFormat"},
		{"protocol Esp", func(r *Rule) { r.Protocol = "Esp" }, ""},
		{"direction", func(r *Rule) { r.Direction = "" }, "InvalidRequestFormat"},
		{"access", func(r *Rule) { r.Access = "Maybe" }, "InvalidRequestFormat"},
		{"description", func(r *Rule) { r.Description = strings.Repeat("ä", 140) }, ""},
		{"long description", func(r *Rule) { r.Description = strings.Repeat("ä", 141) }, "SecurityRuleDescriptionTooLong"},
		{"port range", func(r *Rule) { r.Destination.Port = "0-65535" }, ""},
		{"port list in one text", func(r *Rule) { r.Destination.Port = "636, 389" }, "SecurityRuleInvalidPortRange"},
		{"port range backwards", func(r *Rule) { r.Destination.Port = "10-9" }, "SecurityRuleInvalidPortRange"},
		{"port 65536", func(r *Rule) { r.Destination.Port = "65536" }, "SecurityRuleInvalidPortRange"},
		{"port -1", func(r *Rule) { r.Destination.Port = "-1" }, "SecurityRuleInvalidPortRange"},
		{"ports", func(r *Rule) { r.Destination.Port, r.Destination.Ports = "", []string{"80", "443", "6379-6383"} }, ""},
		{"star in ports", func(r *Rule) { r.Destination.Port, r.Destination.Ports = "", []string{"80", "*"} }, "SecurityRuleParameterContainsInvalidPortRanges"},
		{"bad text in ports", func(r *Rule) { r.Destination.Port, r.Destination.Ports = "", []string{"a"} }, "SecurityRuleInvalidPortRange"},
		{"no port", func(r *Rule) { r.Destination.Port = "" }, "SecurityRuleParameterNotSpecified"},
		{"port twice", func(r *Rule) { r.Destination.Ports = []string{"80"} }, "SecurityRuleParameterNotSpecified"},
		{"address", func(r *Rule) { r.Source.Prefix = "10.0.0.4" }, ""},
		{"range", func(r *Rule) { r.Source.Prefix = "10.0.0.0/8" }, ""},
		{"ipv6", func(r *Rule) { r.Source.Prefix = "fd00::/8" }, ""},
		{"star", func(r *Rule) { r.Source.Prefix = "*" }, ""},
		{"tag of the set-up article", func(r *Rule) { r.Source.Prefix = "SQL" }, ""},
		{"regional tag", func(r *Rule) { r.Source.Prefix = "storage.westus" }, ""},
		{"host bits", func(r *Rule) { r.Source.Prefix = "50.206.209.68/27" }, "SecurityRuleInvalidAddressPrefix"},
		{"any", func(r *Rule) { r.Source.Prefix = "any" }, "SecurityRuleInvalidAddressPrefix"},
		{"unknown tag with region", func(r *Rule) { r.Source.Prefix = "Nothing.WestUS" }, "SecurityRuleInvalidAddressPrefix"},
		{"prefixes", func(r *Rule) { r.Source.Prefix, r.Source.Prefixes = "", []string{"10.0.0.0/8", "192.168.1.1"} }, ""},
		{"tag in prefixes", func(r *Rule) { r.Source.Prefix, r.Source.Prefixes = "", []string{"Internet"} }, "SecurityRuleParameterContainsUnsupportedValue"},
		{"star in prefixes", func(r *Rule) { r.Source.Prefix, r.Source.Prefixes = "", []string{"*"} }, "SecurityRuleParameterContainsUnsupportedValue"},
		{"bad text in prefixes", func(r *Rule) { r.Source.Prefix, r.Source.Prefixes = "", []string{"10.0.0.300"} }, "SecurityRuleInvalidAddressPrefix"},
		{"no address", func(r *Rule) { r.Source.Prefix = "" }, "SecurityRuleParameterNotSpecified"},
		{"several at once", func(r *Rule) { r.Priority, r.Source.Prefix, r.Destination.Port = 1, "any", "x" },
			"SecurityRuleInvalidPriority SecurityRuleInvalidAddressPrefix SecurityRuleInvalidPortRange"},
	} {
		r := goodRule()
		c.change(&r)
		var found arm.Found
		builtinTags.checkRule(&r, "", &found)
		if got := codes(found); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRuleEnumerationsGetTheirCanonicalSpelling(t *testing.T) {
	r := goodRule()
	builtinTags.checkRule(&r, "", new(arm.Found))
	if r.Direction != "Inbound" || r.Access != "Allow" || r.Protocol != "Tcp" {
		t.Errorf("%+v", r)
	}
}

func TestRulesOfOneGroup(t *testing.T) {
	rules := func(change func(a, b *Rule)) []Rule {
		a, b := goodRule(), goodRule()
		b.Name, b.Priority = "other", 200
		change(&a, &b)
		return []Rule{a, b}
	}
	for _, c := range []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"good", rules(func(a, b *Rule) {}), ""},
		{"same priority, other direction", rules(func(a, b *Rule) { b.Priority, b.Direction = 100, "Outbound" }), ""},
		{"same priority and direction", rules(func(a, b *Rule) { b.Priority = 100 }), "SecurityRuleConflict"},
		{"same name in other case", rules(func(a, b *Rule) { b.Name = "WEB" }), "InvalidRequestFormat"},
	} {
		var found arm.Found
		builtinTags.checkRules(c.rules, listed("properties.securityRules"), &found)
		if got := codes(found); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	var many []Rule
	for i := range maxRules + 1 {
		r := goodRule()
		r.Name, r.Priority = fmt.Sprint("r", i), minPriority+i
		many = append(many, r)
	}
	var found arm.Found
	builtinTags.checkRules(many, listed("properties.securityRules"), &found)
	if got := codes(found); got != "SecurityRuleCountLimitReached" {
		t.Errorf("1001 rules: %s", got)
	}
}

func TestRoute(t *testing.T) {
	for _, c := range []struct {
		route Route
		want  string
	}{
		{Route{Name: "r", Prefix: "0.0.0.0/0", NextHopType: "internet"}, ""},
		{Route{Name: "r", Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance", NextHop: "10.0.0.4"}, ""},
		{Route{Name: "r", Prefix: "AppService.WestUS", NextHopType: "Internet"}, ""},
		{Route{Name: "r", Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance"}, "MissingNextHopIpAddress"},
		{Route{Name: "r", Prefix: "0.0.0.0/0", NextHopType: "VirtualAppliance", NextHop: "x"}, "InvalidNextHopIpAddress"},
		{Route{Name: "r", Prefix: "0.0.0.0/0", NextHopType: "None", NextHop: "10.0.0.4"}, "NextHopIpAddressNotAllowed"},
		{Route{Name: "r", Prefix: "10.0.0.0", NextHopType: "None"}, "InvalidAddressPrefixFormat"},
		{Route{Name: "r", Prefix: "10.0.0.1/8", NextHopType: "None"}, "InvalidCIDRNotation"},
		{Route{Name: "r", Prefix: "10.0.0.0/8", NextHopType: "VirtualNetworkPeering"}, "InvalidRequestFormat"},
		{Route{Name: "-", Prefix: "x", NextHopType: "VirtualAppliance"}, "InvalidResourceName InvalidAddressPrefixFormat MissingNextHopIpAddress"},
	} {
		var found arm.Found
		builtinTags.checkRoute(&c.route, "", &found)
		if got := codes(found); got != c.want {
			t.Errorf("%+v: %s, want %s", c.route, got, c.want)
		}
	}
	two := []Route{{Name: "a", Prefix: "10.0.0.0/8", NextHopType: "None"}, {Name: "A", Prefix: "10.0.0.0/8", NextHopType: "None"}}
	var found arm.Found
	builtinTags.checkRoutes(two, listed("properties.routes"), &found)
	if got := codes(found); got != "InvalidRequestFormat RouteConflict" {
		t.Errorf("two routes: %s", got)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		rule naming
		name string
		want bool
	}{
		{networkNaming, "vn", true}, {networkNaming, "v", false}, {networkNaming, "_vn", false}, {networkNaming, "vn_", true},
		{networkNaming, "vn-", false}, {networkNaming, strings.Repeat("v", 64), true}, {networkNaming, strings.Repeat("v", 65), false},
		{subnetNaming, "_s", true}, {subnetNaming, "1s", true}, {subnetNaming, "s", true}, {subnetNaming, "a b", false},
		{subnetNaming, "a<b", false}, {subnetNaming, "a/b", false}, {subnetNaming, "ä", false}, {subnetNaming, "", false},
	} {
		if got := c.rule.valid(c.name); got != c.want {
			t.Errorf("%q: %t", c.name, got)
		}
	}
}

func TestTagsOfAFileAreKnown(t *testing.T) {
	known := knownTags(netpol.TagFile{Tags: []netpol.ServiceTag{{Name: "Branches"}, {Name: "Depots.North"}}})
	for text, want := range map[string]bool{"branches": true, "Branches.North": true, "Depots.North": true, "Depots": false, "Depots.South": false, "SQL.WestUS": true, "Sql.": false, "any": false} {
		if known.has(text) != want {
			t.Errorf("%s: %t, want %t", text, !want, want)
		}
	}
}
