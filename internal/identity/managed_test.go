package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// A managed identity's token names it and its resource; the resource manager is not
// for it.
func TestManagedTokens(t *testing.T) {
	f := newFixture(t)
	token, expires, err := f.ManagedToken("https://localhost:1", "principal", "/subscriptions/s/x", "https://vault")
	if err != nil || !expires.After(f.now) {
		t.Fatal(err, expires)
	}
	parts := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"aud": []any{"https://vault"}, "oid": "principal", "sub": "principal", "appid": "principal", "idtyp": "app", "tid": f.Tenant(),
		"xms_mirid": "/subscriptions/s/x", "iss": "https://localhost:1/" + f.Tenant() + "/", "ver": "1.0", "exp": float64(expires.Unix())} {
		if a, b := mustJSON(t, got[name]), mustJSON(t, want); a != b && "["+a+"]" != b {
			t.Errorf("%s is %s, want %s", name, a, b)
		}
	}
	if _, err := f.Verify(token); err == nil {
		t.Error("the resource manager accepts it")
	}
}

func mustJSON(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
