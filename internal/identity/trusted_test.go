package identity_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"isle/internal/identity"
)

const outside = "https://login.example/realms/work"

// foreign is an issuer elsewhere, with one key at a time.
type foreign struct {
	key   *ecdsa.PrivateKey
	id    string
	down  bool
	reads int
}

func (f *foreign) rotate(t *testing.T, id string) {
	t.Helper()
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	f.id = id
}

func (f *foreign) fetch(_ context.Context, url string, _ int64) ([]byte, error) {
	f.reads++
	switch {
	case f.down:
		return nil, errors.New("it does not answer")
	case url == outside+"/.well-known/openid-configuration":
		return json.Marshal(map[string]string{"issuer": outside, "jwks_uri": "https://login.example/keys"})
	case url == "https://login.example/keys":
		return json.Marshal(map[string]any{"keys": []any{map[string]string{"kty": "unknown"}, jose.JSONWebKey{Key: f.key.Public(), KeyID: f.id, Use: "sig", Algorithm: "ES256"}}})
	}
	return nil, errors.New("nothing is there")
}

func (f *foreign) sign(t *testing.T, now time.Time, change func(map[string]any)) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: f.key, KeyID: f.id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"iss": outside, "sub": "ann", "aud": []string{"isle", "x"}, "exp": now.Add(time.Hour).Unix(), "preferred_username": "ann@work"}
	change(claims)
	text, err := jwt.Signed(s).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTrustedIssuers(t *testing.T) {
	f := newFixture(t)
	var out foreign
	out.rotate(t, "k1")
	same := func(map[string]any) {}
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	if _, err := f.Verify(out.sign(t, f.now, same)); err == nil {
		t.Error("an issuer that is not trusted is believed")
	}
	f.Trust([]identity.TrustedIssuer{{URL: outside, Audiences: []string{"isle"}}}, out.fetch)
	who, err := f.Verify(out.sign(t, f.now, set("oid", f.creds.ObjectID)))
	if err != nil || who.ID != identity.ExternalID(outside, "ann") || who.Client != "ann@work" {
		t.Fatal(who, err)
	}
	if c, err := f.Claims(out.sign(t, f.now, same)); err != nil || c["sub"] != "ann" {
		t.Error(c, err)
	}
	for name, change := range map[string]func(map[string]any){
		"audience": set("aud", "x"), "ended": set("exp", f.now.Add(-time.Hour).Unix()), "without end": func(c map[string]any) { delete(c, "exp") },
		"not yet": set("nbf", f.now.Add(time.Hour).Unix()), "nobody": set("sub", ""), "another issuer": set("iss", outside+"/x"), "our issuer": set("iss", "https://localhost/"+f.Tenant()+"/v2.0"),
	} {
		if who, err := f.Verify(out.sign(t, f.now, change)); err == nil {
			t.Errorf("%s: %v", name, who)
		}
	}
	stranger := foreign{}
	stranger.rotate(t, "k1")
	if _, err := f.Verify(stranger.sign(t, f.now, same)); err == nil {
		t.Error("another key of the same id is believed")
	}

	// A new key is found at once, but strangers do not make the server ask again and again.
	before := out.reads
	stranger.id = "none"
	for range 20 {
		if _, err := f.Verify(stranger.sign(t, f.now, same)); err == nil {
			t.Error("an unknown key is believed")
		}
	}
	if out.reads-before > 2 {
		t.Errorf("unknown keys made %d reads", out.reads-before)
	}
	f.now = f.now.Add(time.Minute)
	out.rotate(t, "k2")
	if _, err := f.Verify(out.sign(t, f.now, same)); err != nil {
		t.Error("a new key:", err)
	}
	// While the issuer is away, its keys are used for a day.
	out.down = true
	f.now = f.now.Add(2 * time.Hour)
	if _, err := f.Verify(out.sign(t, f.now, same)); err != nil {
		t.Error(err)
	}
	f.now = f.now.Add(25 * time.Hour)
	if _, err := f.Verify(out.sign(t, f.now, same)); err == nil {
		t.Error("keys that are a day old are used")
	}
}

func TestTrustedIssuersAreChecked(t *testing.T) {
	for url, ok := range map[string]bool{outside: true, "http://x": false, "x": false, "https://x?y": false, "https://u@x": false} {
		if err := (identity.TrustedIssuer{URL: url, Audiences: []string{"a"}}).Check(); (err == nil) != ok {
			t.Error(url, err)
		}
	}
	if err := (identity.TrustedIssuer{URL: outside}).Check(); err == nil || !strings.Contains(err.Error(), "audience") {
		t.Error(err)
	}
}
