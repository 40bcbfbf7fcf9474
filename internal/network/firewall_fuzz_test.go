package network

import (
	"net/netip"
	"slices"
	"testing"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// FuzzPlaced: whatever a client sends as a public address, a firewall or a gateway,
// the checks answer; what they accept reads back, is shown, and can be judged by.
func FuzzPlaced(f *testing.F) {
	f.Add("p", `{"sku":{"name":"Standard"},"zones":["1"],"tags":{"isle-egress":"bind:127.0.0.9"},"properties":{"publicIPAllocationMethod":"Static","ipAddress":"203.0.113.1","idleTimeoutInMinutes":4,"dnsSettings":{"domainNameLabel":"abc"}}}`)
	f.Add("f", `{"properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"/s"},"publicIPAddress":{"id":"/p"}}}],"additionalProperties":{"Network.SNAT.PrivateRanges":"IANAPrivateRanges"},
		"networkRuleCollections":[{"name":"c","properties":{"priority":100,"action":{"type":"Deny"},"rules":[{"name":"r","protocols":["Any"],"sourceAddresses":["*"],"destinationAddresses":["Sql.x","10.0.0.0/8"],"destinationPorts":["1-2"]}]}}]}}`)
	f.Add("g", `{"tags":{"isle-routes":"10.0.0.0/8 x"},"properties":{"gatewayType":"Vpn","ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"/s"},"publicIPAddress":{"id":"/p"}}}],"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":["10.0.0.0/8"]}},"customRoutes":{"addressPrefixes":["::/0"]}}}`)
	f.Add("r", `{"properties":{"priority":100,"ruleCollections":[{"ruleCollectionType":"FirewallPolicyNatRuleCollection","name":"n","priority":200,"action":{"type":"DNAT"},"rules":[{"ruleType":"NatRule","name":"r","ipProtocols":["TCP"],
		"sourceAddresses":["*"],"destinationAddresses":["203.0.113.1"],"destinationPorts":["80","90-99"],"translatedAddress":"10.0.0.4","translatedPort":"8080"}]},{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"a","priority":300,
		"action":{"type":"Allow"},"rules":[{"ruleType":"ApplicationRule","name":"r","protocols":[{"protocolType":"Https","port":443},"x"],"sourceIpGroups":["/g"],"targetFqdns":["*.example.com"]}]}],
		"basePolicy":{"id":"/b"},"threatIntelMode":"Deny","threatIntelWhitelist":{"ipAddresses":["10.0.0.1-10.0.0.9"],"fqdns":["a.b"]},"ipAddresses":["10.0.0.1-10.0.0.9","::/0"]}}`)
	p := &provider{policies: new(Policies)}
	p.policies.SetTags(netpol.TagFile{})
	f.Fuzz(func(t *testing.T, name, text string) {
		body, err := expr.ParseJSON([]byte(text))
		if err != nil {
			return
		}
		r := &arm.PutRequest{Body: body}
		r.Tags, _ = body.Get("tags")
		var found arm.Found
		if form, _ := readPublicIP(r, &found); form != nil {
			checkEgress(r.Tags, form.ipv4(), &found)
			form.checkAddress(new(publicSpace), netip.Prefix{}, &found)
			again(t, form).view()
		}
		found = nil
		if form, bits := readPublicPrefix(r, &found); bits != 0 {
			again(t, form)
		}
		found = nil
		if form := p.readFirewall(r, &found); form != nil {
			again(t, form).view("/id", "etag")
			_, _, _, rules := (&reader{}).rules(slices.Concat(form.NAT, form.Collections, form.Applications))
			_, ranges := snatRanges(form.PrivateRanges)
			if len(found) == 0 && (rules != nil || ranges != nil) {
				t.Fatal(rules, ranges)
			}
		}
		found = nil
		if form := readPolicy(r, &found); form != nil {
			_ = again(t, form).view().value()
			if err := (&reader{content: new(content)}).policy(arm.Resource{}, form); len(found) == 0 && err != nil {
				t.Fatal(err)
			}
		}
		found = nil
		if form := p.readRuleGroup(r, &found); form != nil {
			again(t, form).view()
			if _, _, _, err := (&reader{}).rules(form.Collections); len(found) == 0 && err != nil {
				t.Fatal(err)
			}
		}
		found = nil
		if form := readIPGroup(r, &found); form != nil {
			again(t, form)
			if err := (&reader{groups: map[string][]netpol.Address{}}).ipGroup(arm.Resource{}, form); len(found) == 0 && err != nil {
				t.Fatal(err)
			}
		}
		found = nil
		if form := readGateway(r, &found); form != nil {
			checkGatewayTags(r.Tags, &found)
			again(t, form).view("/id", "etag")
		}
	})
}

// again is a form as it is read after it has been stored.
func again[Form any](t *testing.T, form *Form) *Form {
	body, err := encode(form)
	if err != nil {
		t.Fatal(err)
	}
	read, err := decode[Form](arm.Resource{Resource: store.Resource{Body: body}})
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return read
}
