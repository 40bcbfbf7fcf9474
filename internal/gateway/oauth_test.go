package gateway

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"isle/internal/runner"
)

// issued are tokens, by their text.
type issued map[string]map[string]any

func (i issued) Claims(token string) (map[string]any, error) {
	if c := i[token]; c != nil {
		return c, nil
	}
	return nil, errors.New("its signature is wrong")
}

// ise.md #161: all claims of one policy must match, Bearer only, never with a signature.
func TestOAuthPolicies(t *testing.T) {
	e := newEndpoint(t, func(c *Config) {
		c.Tokens = issued{
			"good":  {"iss": "https://isle.test/t/", "aud": "api", "roles": []any{"a", "b"}, "n": float64(7)},
			"other": {"iss": "https://isle.test/t/", "aud": "another"},
			"alien": {"iss": "https://evil.test/", "aud": "api", "roles": []any{"b"}},
		}
	})
	d := e.deploy(t, "policed", "", echo)
	d.Policies = []runner.OAuthPolicy{
		{{Name: "iss", Value: "https://isle.test/t"}, {Name: "aud", Value: "api"}, {Name: "roles", Value: "b"}, {Name: "n", Value: "7"}},
		{{Name: "iss", Value: "https://isle.test/t"}, {Name: "sub", Value: "x"}},
	}
	plain := e.deploy(t, "plain", "", echo)
	bare := func(d *runner.Deployed) string {
		return strings.Split(e.callback(d, ""), "?")[0] + "?api-version=2019-05-01"
	}
	for _, c := range []struct {
		name, url, authorization string
		status                   int
		code                     string
	}{
		{"token", bare(d), "Bearer good", 200, ""},
		{"signature", e.callback(d, ""), "", 200, ""},
		{"claims do not match", bare(d), "Bearer other", 401, "MisMatchingOAuthClaims"},
		{"another issuer", bare(d), "Bearer alien", 401, "MisMatchingOAuthClaims"},
		{"forged", bare(d), "Bearer forged", 401, "DirectApiInvalidAuthorizationToken"},
		{"no token", bare(d), "Bearer", 401, "DirectApiInvalidAuthorizationToken"},
		{"another scheme", bare(d), "Basic good", 401, "DirectApiAuthorizationRequired"},
		{"nothing", bare(d), "", 401, "DirectApiAuthorizationRequired"},
		{"both", e.callback(d, ""), "Bearer good", 401, "DirectApiRequestHasMoreThanOneAuthorization"},
		{"no policy", bare(plain), "Bearer good", 401, "DirectApiAuthorizationRequired"},
		{"no policy, both", e.callback(plain, ""), "Bearer good", 401, "DirectApiRequestHasMoreThanOneAuthorization"},
	} {
		var header []string
		if c.authorization != "" {
			header = []string{"Authorization", c.authorization}
		}
		if a := send(t, "POST", c.url, jsonType, `{}`, header...); a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	// A token opens nothing but the trigger.
	if a := send(t, "GET", e.URL+"/workflows/"+d.FlowID+"/runs/x/contents/TriggerOutputs?api-version=2019-05-01", "", "", "Authorization", "Bearer good"); a.status != 401 {
		t.Errorf("contents: %+v", a)
	}
	d.Unsigned = true
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.status != 401 {
		t.Errorf("signatures are off: %+v", a)
	}
	if a := send(t, "POST", bare(d), jsonType, `{}`, "Authorization", "Bearer good"); a.status != 200 {
		t.Errorf("signatures are off: %+v", a)
	}
}

// Security: any change of what is signed, and its absence, is refused.
func TestChangedSignaturesAreRefused(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "signed", "", echo)
	link := runner.TriggerLink(d.FlowID, "", "manual", "", apiVersion)
	link.Expires = time.Now().Add(time.Hour)
	good := link.URL(e.URL, d.Keys[0])
	if a := send(t, "POST", good, jsonType, `{}`); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(name string, edit func(string) string) string {
		q, next := u.Query(), *u
		if value := edit(q.Get(name)); value == "" {
			q.Del(name)
		} else {
			q.Set(name, value)
		}
		next.RawQuery = q.Encode()
		return next.String()
	}
	var changed []string
	for _, name := range []string{"sig", "sp", "sv", "se"} {
		old := u.Query().Get(name)
		if old == "" {
			t.Fatalf("%s has no %s", good, name)
		}
		changed = append(changed, change(name, func(string) string { return "" }), change(name, strings.ToUpper), change(name, func(s string) string { return s + "x" }),
			change(name, func(s string) string { return s[:len(s)-1] }), change(name, func(string) string { return "x" }), good+"&"+name+"="+url.QueryEscape(old))
		for i := range old { // each character
			other := byte('A')
			if old[i] == other {
				other = 'B'
			}
			changed = append(changed, change(name, func(s string) string { return s[:i] + string(other) + s[i+1:] }))
		}
	}
	changed = append(changed, change("se", func(string) string { return time.Now().Add(2 * time.Hour).UTC().Format("2006-01-02T15:04:05.0000000Z") }),
		change("sp", func(string) string { return "/triggers/other/run" }), strings.Split(good, "?")[0])
	for _, other := range changed {
		if same(t, other, good) {
			continue
		}
		if a := send(t, "POST", other, jsonType, `{}`); a.status != 401 {
			t.Errorf("%s: %+v", strings.TrimPrefix(other, e.URL), a)
		}
	}
}

// same tells whether two URLs say the same, in whatever order.
func same(t *testing.T, a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return x.Query().Encode() == y.Query().Encode()
}

// accessControl.actions limits who may call an action of a run back.
func TestCallersOfActions(t *testing.T) {
	d := &runner.Deployed{Actions: runner.Callers{Limited: true}}
	from := netip.MustParseAddr("203.0.113.9")
	for kind, want := range map[targetKind]bool{targetTrigger: true, targetContent: true, targetCallback: false} {
		err := permit(d, target{kind: kind}, from)
		var f *failure
		if (err == nil) != want || err != nil && (!errors.As(err, &f) || f.status != http.StatusForbidden) {
			t.Errorf("%d: %v", kind, err)
		}
	}
}
