package network

import (
	"testing"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// FuzzRequest: whatever a client sends, the checks answer; and what they accept is
// stored in a form that reads back.
func FuzzRequest(f *testing.F) {
	f.Add("s", `{"addressPrefix":"10.0.0.0/24","delegations":[{"name":"d","properties":{"serviceName":"A/b"}}]}`)
	f.Add("s", `{"addressPrefixes":["10.0.0.0/24","::/64"],"serviceEndpoints":[{"service":"Microsoft.Storage"}]}`)
	f.Add("r", `{"priority":100,"direction":"Inbound","access":"Allow","protocol":"*","sourceAddressPrefix":"10.0.0.0/8","sourcePortRange":"1-2"}`)
	f.Add("r", `{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.4"}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		properties, err := expr.ParseJSON([]byte(text))
		if err != nil {
			return
		}
		var found arm.Found
		if s := readSubnet(name, properties, "properties", &found); s != nil && len(found) == 0 {
			body, err := encode(s)
			if err != nil {
				t.Fatal(err)
			}
			again, err := decode[Subnet](arm.Resource{Resource: store.Resource{Body: body}})
			if err != nil || len(again.ranges()) != len(s.Prefixes) {
				t.Fatalf("%s: %v", body, err)
			}
			again.view("/id", "etag")
		}
		rule := new(ruleBody)
		if found.Decode(properties, rule, "properties", codeFormat) {
			r := rule.rule(name)
			builtinTags.checkRules([]Rule{r}, listed("properties.securityRules"), &found)
			r.view()
		}
		route := new(routeBody)
		if found.Decode(properties, route, "properties", codeFormat) {
			builtinTags.checkRoutes([]Route{route.route(name)}, listed("properties.routes"), &found)
		}
		if err := found.Err(); len(found) > 0 && err == nil {
			t.Fatal("problems without an error")
		}
	})
}

// FuzzStoredForm: a damaged form is an error, never a panic.
func FuzzStoredForm(f *testing.F) {
	f.Add([]byte(`{"v":1,"prefixes":["10.0.0.0/24"],"settings":{}}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := arm.Resource{Resource: store.Resource{ID: "/x", Body: body}}
		if n, err := decode[Network](r); err == nil && n.Version != formVersion {
			t.Fatalf("version %d was read", n.Version)
		}
		_, _ = decode[Subnet](r)
		_, _ = decode[Attachment](r)
		_, _ = decode[Rule](r)
	})
}
