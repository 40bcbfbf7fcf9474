package logic

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"testing"

	"isle/internal/arm"
	"isle/netpol"
)

// TestRulesOfAnotherGroupAreNested: a rule is deployed where its security group is; the
// rules of one resource group are one deployment.
func TestRulesOfAnotherGroupAreNested(t *testing.T) {
	prefixes := []netpol.Address{{Prefix: netip.MustParsePrefix("10.0.0.0/24")}, {Prefix: netip.MustParsePrefix("10.0.2.4/32")}}
	rule := func(group, name string) netpol.MissingRule {
		return netpol.MissingRule{SecurityGroup: "/subscriptions/s/resourceGroups/" + group + "/providers/Microsoft.Network/networkSecurityGroups/web", Rows: []string{"O8", "O9"},
			Rule: netpol.SecurityRule{Name: name, Priority: 150, Direction: netpol.Outbound, Access: netpol.Allow, Source: netpol.Side{Addresses: prefixes},
				Destination: netpol.Side{Addresses: []netpol.Address{{Tag: "SQL"}}, Ports: []netpol.PortRange{{First: 1433, Last: 1433}, {First: 6379, Last: 6383}}}}}
	}
	made := missingTemplate("G", []netpol.MissingRule{rule("net", "a"), rule("g", "b"), rule("NET", "c")}, nil)
	v, err := valueOf(made)
	if err != nil {
		t.Fatal(err)
	}
	properties := func(priority string) string {
		return `"properties":{"description":"Required access O8, O9 of the integration service environment","priority":` + priority + `,"direction":"Outbound","access":"Allow","protocol":"*",` +
			`"sourceAddressPrefixes":["10.0.0.0/24","10.0.2.4/32"],"sourcePortRange":"*","destinationAddressPrefix":"SQL","destinationPortRanges":["1433","6379-6383"]}`
	}
	one := func(name string) string {
		return `{"type":"Microsoft.Network/networkSecurityGroups/securityRules","apiVersion":"2023-09-01","name":"web/` + name + `",` + properties("150") + `}`
	}
	head := `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[`
	want := head + `{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"missing-rules-net","resourceGroup":"net","properties":{"mode":"Incremental","template":` +
		head + one("a") + `,` + one("c") + `]}}},` + one("b") + `],"outputs":{"rest":{"type":"array","value":[]}}}`
	if got := string(v.JSON()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func every(string) bool { return true }

// TestADenyThatIsMeantStays: to close some destinations of what workflows call is
// anybody's right, and no rule is written against it. What the environment needs is
// opened for what it needs alone.
func TestADenyThatIsMeantStays(t *testing.T) {
	some := netpol.SecurityRule{Name: "NotThem", Priority: 200, Direction: netpol.Outbound,
		Destination: netpol.Side{Addresses: []netpol.Address{{Prefix: netip.MustParsePrefix("203.0.113.5/32")}}}}
	for _, c := range []struct {
		name string
		rule netpol.SecurityRule
		want []string // rows of each rule
	}{
		{"one destination", some, nil},
		{"the database", deny("NoSQL", netpol.Outbound, netpol.AnyProtocol, "SQL", 1433), []string{"[O8]"}},
	} {
		m := modelNetwork(c.rule)
		policy, err := netpol.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		e := netpol.Environment{Network: m.Networks[0].ID, Endpoint: netpol.ExternalEndpoint, Subnets: []string{m.Networks[0].Subnets[1].ID}}
		e.More = []netpol.Requirement{{ID: connectorRow + "sql", Direction: netpol.Outbound, Source: netpol.PartyVnet, Destination: netpol.PartyAny, Ports: []netpol.PortRange{{First: 1433, Last: 1433}}}}
		rules, rest, err := neededRules(policy, e, defaultEdition, every)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rules {
			got = append(got, fmt.Sprint(r.Rows))
		}
		if !slices.Equal(got, c.want) || len(rest) != 0 {
			t.Errorf("%s: rules for %v, want %v; rest %v", c.name, got, c.want, rest)
		}
	}
}

// TestRulesOfSomeRows: whoever mends one row gets the rules that open it, and is told of
// it alone what rules cannot open.
func TestRulesOfSomeRows(t *testing.T) {
	storage := deny("NoStorage", netpol.Outbound, netpol.AnyProtocol, "Storage", 443)
	storage.Priority = 210
	m := modelNetwork(deny("NoSQL", netpol.Outbound, netpol.AnyProtocol, "SQL", 1433), storage)
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	e := netpol.Environment{Network: m.Networks[0].ID, Endpoint: netpol.ExternalEndpoint, Subnets: []string{m.Networks[0].Subnets[1].ID}}
	for query, want := range map[string]string{"": "[[O5] [O8]]", "?rows=o8": "[[O8]]", "?rows=O5,+O8": "[[O5] [O8]]", "?rows=O1": "[]"} {
		u, err := url.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		rules, rest, err := neededRules(policy, e, defaultEdition, askedRows(&arm.Request{Query: u.Query()}))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, r := range rules {
			got = append(got, fmt.Sprint(r.Rows))
		}
		if fmt.Sprint(got) != want || len(rest) != 0 {
			t.Errorf("%q: rules for %v, want %s; rest %v", query, got, want, rest)
		}
	}
}
