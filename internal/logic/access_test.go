package logic

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/internal/store"
)

// ise.md #161: what a policy may be.
func TestOAuthPoliciesAreChecked(t *testing.T) {
	claims := func(n int) string {
		list := []string{`{"name":"iss","value":"https://sts.windows.net/x/"}`}
		for i := range n {
			list = append(list, fmt.Sprintf(`{"name":"c%d","value":"v"}`, i))
		}
		return `{"type":"AAD","claims":[` + strings.Join(list, ",") + `]}`
	}
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"p%d":%s`, i, claims(0)))
		}
		return strings.Join(list, ",")
	}
	for _, c := range []struct {
		policies string
		problems int
	}{
		{`"a":` + claims(9), 0},
		{`"a":` + claims(10), 1},
		{many(5), 0},
		{many(6), 1},
		{`"a":{"type":"AAD","claims":[{"name":"aud","value":"x"}]}`, 1},
		{`"a":{"type":"AAD","claims":[{"name":"iss","value":"x"}]}`, 1},
		{`"a":{"type":"SAML","claims":[{"name":"iss","value":"https://x"}]}`, 1},
		{`"a":{"claims":[{"name":"iss","value":"https://x"},{"name":"","value":"x"},{"name":"b","value":"` + strings.Repeat("x", 151) + `"}]}`, 2},
		{`"a":{}`, 1},
	} {
		var body accessBody
		if err := json.Unmarshal([]byte(`{"triggers":{"openAuthenticationPolicies":{"policies":{`+c.policies+`}}}}`), &body); err != nil {
			t.Fatal(err)
		}
		var found arm.Found
		body.check(&found)
		if len(found) != c.problems {
			t.Errorf("%.120s: %v", c.policies, found)
		}
		if c.problems == 0 && len(body.Triggers.policies()) != len(body.Triggers.OAuth.Policies) {
			t.Errorf("%.120s: %v", c.policies, body.Triggers.policies())
		}
	}
}

// ise.md #163: management from elsewhere than the allowed addresses is refused.
func TestCallersOfManagement(t *testing.T) {
	var form workflow
	if err := json.Unmarshal([]byte(`{"v":1,"access":{"workflowManagement":{"allowedCallerIpAddresses":[{"addressRange":"10.0.0.0/24"}]}}}`), &form); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	r := arm.Resource{Resource: store.Resource{Body: body}}
	if err := admitManagement(r, netip.MustParseAddr("10.0.0.9")); err != nil {
		t.Error(err)
	}
	if err := admitManagement(r, netip.MustParseAddr("10.0.1.9")); arm.AsError(err) == nil || arm.AsError(err).Status != 403 {
		t.Error(err)
	}
}
