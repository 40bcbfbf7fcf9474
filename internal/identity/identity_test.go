package identity_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"isle/internal/arm"
	"isle/internal/identity"
	"isle/internal/store"
)

type fixture struct {
	*identity.Service
	store *store.Store
	dir   string
	now   time.Time
	creds *identity.Credentials
}

func (f *fixture) clock() time.Time { return f.now }

// unowned gives the first client no role: nothing here asks for one.
func unowned(*store.Tx, string) error { return nil }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir(), now: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC)}
	f.open(t)
	var err error
	if f.creds, err = f.Bootstrap(t.Context(), "test", unowned); err != nil || f.creds == nil {
		t.Fatal(f.creds, err)
	}
	t.Cleanup(func() { f.store.Close() })
	return f
}

func (f *fixture) open(t *testing.T) {
	t.Helper()
	var err error
	if f.store, err = store.Open(t.Context(), f.dir, store.Options{Clock: f.clock}); err != nil {
		t.Fatal(err)
	}
	if f.Service, err = identity.Open(t.Context(), identity.Config{Store: f.store, Clock: f.clock, Allow: func(arm.Principal, string) bool { return true }}); err != nil {
		t.Fatal(err)
	}
}

// token asks for one; the answer's members are texts or numbers.
func (f *fixture) token(secret string, change ...string) (int, map[string]any, http.Header) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {f.creds.ClientID}, "client_secret": {secret}, "scope": {"https://management.azure.com//.default"}}
	host, path := "localhost", "/"+f.Tenant()+"/oauth2/v2.0/token"
	for i := 0; i+1 < len(change); i += 2 {
		switch change[i] {
		case "host":
			host = change[i+1]
		case "path":
			path = change[i+1]
		default:
			form.Set(change[i], change[i+1])
		}
	}
	r := httptest.NewRequest(http.MethodPost, "https://localhost"+path, strings.NewReader(form.Encode()))
	r.Host = host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var body map[string]any
	json.Unmarshal(w.Body.Bytes(), &body)
	return w.Code, body, w.Header()
}

func TestTokenErrors(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		status      int
		name, code  string
		form        []string
		wrongSecret bool
	}{
		{200, "", "", nil, false},
		{401, "invalid_client", "AADSTS7000215:", nil, true},
		{400, "unauthorized_client", "AADSTS700016:", []string{"client_id", "nobody"}, false},
		{400, "unsupported_grant_type", "AADSTS70003:", []string{"grant_type", "x"}, false},
		{400, "invalid_request", "AADSTS900144:", []string{"grant_type", ""}, false},
		{400, "invalid_request", "AADSTS900144:", []string{"scope", ""}, false},
		{400, "invalid_scope", "AADSTS1002012:", []string{"scope", "https://management.azure.com/user"}, false},
		{400, "invalid_resource", "AADSTS500011:", []string{"scope", "https://other.example/.default"}, false},
		{400, "invalid_tenant", "AADSTS90002:", []string{"path", "/elsewhere/oauth2/v2.0/token"}, false},
		{421, "invalid_request", "AADSTS", []string{"host", "evil.example"}, false},
		{404, "invalid_request", "AADSTS", []string{"path", "/common/oauth2/other"}, false},
		{400, "invalid_request", "AADSTS900144:", []string{"x", strings.Repeat("x", 70<<10)}, false},
	} {
		secret := f.creds.Secret
		if c.wrongSecret {
			secret = "wrong"
		}
		status, body, _ := f.token(secret, c.form...)
		name, _ := body["error"].(string)
		text, _ := body["error_description"].(string)
		if status != c.status || name != c.name || !strings.HasPrefix(text, c.code) {
			t.Errorf("%.60q: %d %s %s", c.form, status, name, text)
		}
	}
}

// Security: tokens live one hour; issuer, audience, algorithm and key id are checked.
func TestForgedTokensAreRefused(t *testing.T) {
	f := newFixture(t)
	_, body, _ := f.token(f.creds.Secret)
	good := body["access_token"].(string)
	if _, err := f.Verify(good); err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSigned(good, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	kid := parsed.Signatures[0].Header.KeyID
	payload := parsed.UnsafePayloadWithoutVerification()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg jose.SignatureAlgorithm, key any, id string) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := o.CompactSerialize()
		return text
	}
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty": "", "garbage": "a.b.c", "no signature": parts[0] + "." + parts[1] + ".",
		"alg none":    "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"wrong alg":   sign(jose.HS256, []byte("0123456789abcdef0123456789abcdef"), kid),
		"RS512":       sign(jose.RS512, stranger, kid),
		"wrong key":   sign(jose.RS256, stranger, kid),
		"unknown kid": sign(jose.RS256, stranger, "other"),
		"no kid":      sign(jose.RS256, stranger, ""),
	} {
		if _, err := f.Verify(token); err == nil {
			t.Errorf("%s: accepted", name)
		} else if token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%s: the error shows the token", name)
		}
	}
	f.now = f.now.Add(time.Hour - time.Second)
	if _, err := f.Verify(good); err != nil {
		t.Error("within its hour:", err)
	}
	f.now = f.now.Add(2*time.Minute + time.Second)
	if _, err := f.Verify(good); err == nil {
		t.Error("an expired token was accepted")
	}
	f.now = f.now.Add(-3 * time.Hour)
	if _, err := f.Verify(good); err == nil {
		t.Error("a token from the future was accepted")
	}
}

// A token is good only for the issuer, tenant and audiences of the service that
// verifies it, even under the same key.
func TestIssuerAndAudienceAreChecked(t *testing.T) {
	f := newFixture(t)
	wide, err := identity.Open(t.Context(), identity.Config{Store: f.store, Clock: f.clock, Audiences: []string{"https://other.example"}, AllowHost: func(string) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	strict := f.Service
	for name, change := range map[string][]string{"issuer": {"host", "evil.example", "scope", "https://management.azure.com/.default"}, "audience": {"scope", "https://other.example/.default"}} {
		f.Service = wide
		if name == "issuer" {
			change[3] = "https://localhost/.default"
		}
		status, body, _ := f.token(f.creds.Secret, change...)
		if status != 200 {
			t.Fatal(name, body)
		}
		if _, err := wide.Verify(body["access_token"].(string)); err != nil {
			t.Error(name, "refused by its own:", err)
		}
		if _, err := strict.Verify(body["access_token"].(string)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Security: keys rotate: two are published, tokens of the one before stay good.
func TestKeysRotate(t *testing.T) {
	f := newFixture(t)
	_, body, _ := f.token(f.creds.Secret)
	old := body["access_token"].(string)
	f.now = f.now.Add(31 * 24 * time.Hour)
	if err := f.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(-31 * 24 * time.Hour)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://localhost/common/discovery/v2.0/keys", nil))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || len(set.Keys) != 2 || !set.Keys[0].IsPublic() {
		t.Fatal(w.Body, err)
	}
	if _, err := f.Verify(old); err != nil {
		t.Error(err)
	}
	if err := f.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(old); err == nil {
		t.Error("a key two rotations old is still good")
	}
}

// Security: secrets are kept as hashes only: no file of the store holds the secret, nor
// a private key, in plain.
func TestSecretsAreNotStored(t *testing.T) {
	f := newFixture(t)
	if _, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, Clock: f.clock}); err != nil {
		t.Fatal(err)
	}
	search := func() { searchFiles(t, f.dir, f.creds.Secret, f.creds.ClientID, "pkcs8", `"salt"`) }
	search()
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	search()
	tenant, subscription := f.Tenant(), f.Subscription()
	f.open(t)
	if f.Tenant() != tenant || f.Subscription() != subscription {
		t.Error("a restart changed tenant or subscription")
	}
	if again, err := f.Bootstrap(t.Context(), "test", unowned); again != nil || err != nil {
		t.Error("a second first client", err)
	}
	if status, _, _ := f.token(f.creds.Secret); status != 200 {
		t.Error("the secret is not good after a restart")
	}
	fresh, err := f.NewSecret(t.Context(), "")
	if err != nil || fresh.ClientID != f.creds.ClientID {
		t.Fatal(fresh.ClientID, err)
	}
	if status, _, _ := f.token(f.creds.Secret); status != 401 {
		t.Error("the old secret is still good")
	}
	if status, _, _ := f.token(fresh.Secret); status != 200 {
		t.Error("the new secret is not good")
	}
}

// Failed logins are limited; a client that is logged in is not locked out by them.
func TestFailedLoginsAreLimited(t *testing.T) {
	f := newFixture(t)
	if status, _, _ := f.token(f.creds.Secret); status != 200 {
		t.Fatal(status)
	}
	status, header := 0, http.Header{}
	for range 11 {
		status, _, header = f.token("wrong")
	}
	if status != 429 || header.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, header)
	}
	if status, _, _ := f.token(f.creds.Secret); status != 200 {
		t.Error("the right secret was refused")
	}
	f.now = f.now.Add(time.Minute)
	if status, _, _ := f.token("wrong"); status != 401 {
		t.Error("still limited after the window")
	}
}

// Security: the server's certificate lives at most 397 days and renews itself.
func TestServerCertificateRenewsItself(t *testing.T) {
	f := newFixture(t)
	a, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, Clock: f.clock, Hosts: []string{"isle.example", "0.0.0.0", "10.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	leaf := func() *x509.Certificate {
		c, err := a.TLSConfig().GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	block, _ := pem.Decode(a.CA())
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	first := leaf()
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "isle.example", "10.0.0.1"} {
		if _, err := first.Verify(x509.VerifyOptions{Roots: pool, DNSName: host, CurrentTime: f.now}); err != nil {
			t.Error(host, err)
		}
	}
	if life := first.NotAfter.Sub(first.NotBefore); life > 397*24*time.Hour {
		t.Errorf("it lives %v", life)
	}
	f.now = f.now.Add(300 * 24 * time.Hour)
	if leaf() != first {
		t.Error("renewed too early")
	}
	f.now = f.now.Add(40 * 24 * time.Hour)
	if second := leaf(); second == first || !second.NotAfter.After(first.NotAfter) || second.CheckSignatureFrom(root) != nil {
		t.Error("not renewed")
	}
	again, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, Clock: f.clock, Hosts: []string{"isle.example", "10.0.0.1"}})
	if err != nil || !bytes.Equal(again.CA(), a.CA()) {
		t.Error("a restart changed the authority", err)
	}
}

// Security: TLS 1.2 or newer.
func TestOldTLSIsRefused(t *testing.T) {
	s := newServer(t)
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := s.client.Transport.(*http.Transport).TLSClientConfig.Clone()
		c.MinVersion, c.MaxVersion = version, version
		conn, err := tls.Dial("tcp", s.Listener.Addr().String(), c)
		if err == nil {
			conn.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

// --tls-cert, --tls-key bring one's own certificate, read again when it changes.
func TestOwnCertificate(t *testing.T) {
	f := newFixture(t)
	if _, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, CertFile: "only"}); err == nil {
		t.Error("a certificate without a key was accepted")
	}
	if _, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, CertFile: "none", KeyFile: "none"}); err == nil {
		t.Error("files that are not there were accepted")
	}
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	write := func(name string, modified time.Time) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: f.now.Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		keyDER, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
			if err := errors.Join(os.WriteFile(file, pem.EncodeToMemory(block), 0o600), os.Chtimes(file, modified, modified)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("one", f.now)
	a, err := identity.OpenAuthority(t.Context(), identity.AuthorityConfig{Store: f.store, Clock: f.clock, CertFile: certFile, KeyFile: keyFile})
	if err != nil {
		t.Fatal(err)
	}
	name := func() string {
		c, err := a.TLSConfig().GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.Subject.CommonName
	}
	if name() != "one" {
		t.Error(name())
	}
	write("two", f.now.Add(time.Second))
	f.now = f.now.Add(2 * time.Minute)
	if name() != "two" {
		t.Error("the new certificate was not read")
	}
}

func TestOwns(t *testing.T) {
	for path, want := range map[string]bool{"/t/oauth2/v2.0/token": true, "/common/discovery/instance": true, "/t/v2.0/.well-known/openid-configuration": true,
		"/t/.well-known/openid-configuration": true, "/subscriptions/x/resourceGroups": false, "/": false, "/metadata/endpoints": false} {
		if identity.Owns(path) != want {
			t.Error(path)
		}
	}
}

// searchFiles looks for what must stand in no file of a folder.
func searchFiles(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		for _, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds %q", p, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
