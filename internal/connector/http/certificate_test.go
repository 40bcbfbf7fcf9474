package http

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// issue makes a certificate for a key, signed by a parent or by itself.
func issue(t *testing.T, name string, key crypto.Signer, parent *x509.Certificate, parentKey crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// wdl-semantics §11.10: pfx (base64) and its password, in the encodings of files old
// and new.
func TestFilesOfCertificates(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	root, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ca := issue(t, "ca", root, nil, nil)
	leaf := issue(t, "leaf", key, ca, root)
	for name, encoder := range map[string]*pkcs12.Encoder{"PBES2": pkcs12.Modern2023, "3DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2} {
		for _, password := range []string{"", "pä ss"} {
			for order, certificates := range map[string][]*x509.Certificate{"leaf first": {leaf, ca}, "leaf last": {ca, leaf}} {
				file, err := encoder.Encode(key, certificates[0], certificates[1:], password)
				if err != nil {
					t.Fatal(err)
				}
				text := base64.StdEncoding.EncodeToString(file)
				got, err := readPFX(" "+text[:60]+"\r\n"+text[60:]+"\n", password)
				if err != nil {
					t.Errorf("%s, %q: %v", name, password, err)
					continue
				}
				if got.Leaf.Subject.CommonName != "leaf" || len(got.Certificate) != 2 || string(got.Certificate[0]) != string(leaf.Raw) {
					t.Errorf("%s, %s: %d certificates of %s", name, order, len(got.Certificate), got.Leaf.Subject)
				}
				if _, err := readPFX(text, password+"x"); err == nil || strings.Contains(err.Error(), "pä ss") {
					t.Errorf("%s: a wrong password: %v", name, err)
				}
			}
		}
	}
}

// wdl-semantics §11.10: credentialType Certificate. The assertion is a JWT, RS256,
// whose x5t is the certificate's, for the endpoint that gets it.
func TestClientAssertion(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate := issue(t, "app", key, nil, nil)
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "pw")
	if err != nil {
		t.Fatal(err)
	}
	var assertion, kind, secret, asked string
	authority := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked, assertion, kind, secret = r.URL.Path, r.PostForm.Get("client_assertion"), r.PostForm.Get("client_assertion_type"), r.PostForm.Get("client_secret")
		_, _ = w.Write([]byte(`{"access_token":"tok","expires_in":3600}`))
	})
	var got string
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") })
	now := time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)
	f := newFixture(t, Options{Clock: func() time.Time { return now }})
	out := f.perform(`{"method":"GET","uri":"` + target + `","authentication":{"type":"ActiveDirectoryOAuth","authority":"` + authority + `/login/","tenant":"contoso","audience":"https://a","clientId":"app","credentialType":"certificate","pfx":"` + base64.StdEncoding.EncodeToString(pfx) + `","password":"pw"}}`)
	if out.StatusCode != 200 || got != "Bearer tok" || asked != "/login/contoso/oauth2/token" || kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || secret != "" {
		t.Fatalf("%+v %v; %s %s %s", out, out.Error, got, asked, kind)
	}
	parts := strings.Split(assertion, ".")
	part := func(i int, into any) {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var header struct{ Alg, Typ, X5t string }
	var claims struct {
		Aud, Iss, Sub, Jti string
		Nbf, Exp           int64
	}
	part(0, &header)
	part(1, &claims)
	thumbprint := sha1.Sum(certificate.Raw)
	if header.Alg != "RS256" || header.Typ != "JWT" || header.X5t != base64.RawURLEncoding.EncodeToString(thumbprint[:]) {
		t.Errorf("%+v", header)
	}
	if claims.Aud != authority+"/login/contoso/oauth2/token" || claims.Iss != "app" || claims.Sub != "app" || claims.Jti == "" || claims.Nbf != now.Unix() || claims.Exp <= now.Unix() {
		t.Errorf("%+v", claims)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{"pw", base64.StdEncoding.EncodeToString(pfx)[:40]} {
		if strings.Contains(string(out.Inputs.JSON()), `"`+secret) {
			t.Errorf("recorded: %s", out.Inputs.JSON())
		}
	}
}

// wdl-semantics §11.10: a token serves until shortly before it ends, and those of one
// environment, tenant, audience or client serve no other.
func TestTokensAreKeptApart(t *testing.T) {
	asked := 0
	authority := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, _ = w.Write([]byte(`{"access_token":"tok","expires_in":"3600"}`))
	})
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	now := time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)
	f := newFixture(t, Options{Authority: authority, Clock: func() time.Time { return now }})
	request := func(tenant, audience, secret string) {
		t.Helper()
		if out := f.perform(`{"method":"GET","uri":"` + target + `","authentication":{"type":"ACTIVEDIRECTORYOAUTH","tenant":"` + tenant + `","audience":"` + audience + `","clientId":"c","secret":"` + secret + `"}}`); out.StatusCode != 200 {
			t.Fatalf("%+v %v", out, out.Error)
		}
	}
	for i, step := range []struct {
		tenant, audience, secret string
		after                    time.Duration
		asked                    int
	}{
		{"t", "a", "s", 0, 1}, {"t", "a", "s", 54 * time.Minute, 1}, {"t", "a", "s", 2 * time.Minute, 2},
		{"u", "a", "s", 0, 3}, {"t", "b", "s", 0, 4}, {"t", "a", "other", 0, 5}, {"t", "a", "s", 0, 5},
	} {
		now = now.Add(step.after)
		if request(step.tenant, step.audience, step.secret); asked != step.asked {
			t.Errorf("step %d: asked %d times, want %d", i, asked, step.asked)
		}
	}
}

// wdl-semantics §11.10: what is missing is told before anything is sent, and secrets
// are not part of it.
func TestIncompleteAuthentication(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("it was called") })
	f := newFixture(t, Options{})
	for authentication, says := range map[string]string{
		`{"type":"Basic","username":"u"}`:                                                                                  "'password' of the 'Basic'",
		`{"type":"Basic","password":"s3cret"}`:                                                                             "'username' of the 'Basic'",
		`{"type":"Raw"}`:                                                                                                   "'value' of the 'Raw'",
		`{"type":"Raw","value":"s3cret\n"}`:                                                                                "not a valid header",
		`{"type":"ClientCertificate","password":"s3cret"}`:                                                                 "'pfx' of the 'ClientCertificate'",
		`{"type":"ClientCertificate","pfx":"?","password":"s3cret"}`:                                                       "not valid base64",
		`{"type":"ActiveDirectoryOAuth","audience":"a","clientId":"c","secret":"s3cret"}`:                                  "'tenant'",
		`{"type":"ActiveDirectoryOAuth","tenant":"t","clientId":"c","secret":"s3cret"}`:                                    "'audience'",
		`{"type":"ActiveDirectoryOAuth","tenant":"t","audience":"a","clientId":"c"}`:                                       "'secret'",
		`{"type":"ActiveDirectoryOAuth","tenant":"t","audience":"a","clientId":"c","credentialType":"Certificate"}`:        "'pfx'",
		`{"type":"ActiveDirectoryOAuth","tenant":"t","audience":"a","clientId":"c","secret":"s3cret","authority":"login"}`: "'authority'",
		`{"type":"Kerberos","secret":"s3cret"}`:                                                                            "'Kerberos' is not one of",
		`[]`:                                                                                                               "not an object",
	} {
		out := f.perform(`{"method":"GET","uri":"` + target + `","authentication":` + authentication + `}`)
		if out.Code != "BadRequest" || out.Retryable || out.Error == nil || !strings.Contains(out.Error.Message, says) || !out.HasInputs && strings.Contains(authentication, "s3cret") {
			t.Errorf("%s: %+v %v", authentication, out, out.Error)
		}
		if strings.Contains(string(out.Inputs.JSON()), "s3cret") || out.Error != nil && strings.Contains(out.Error.Message, "s3cret") {
			t.Errorf("%s: the secret shows: %s %v", authentication, out.Inputs.JSON(), out.Error)
		}
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "key" || password != "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	if out := f.perform(`{"method":"GET","uri":"` + url + `","authentication":{"type":"Basic","username":"key","password":""}}`); out.StatusCode != 200 {
		t.Errorf("an empty password: %+v", out)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"5", "Fri, 15 Mar 2024 10:00:30 GMT", "Friday, 15-Mar-24 10:00:30 GMT", "-1", "99999999999999999999", " 7"} {
		f.Add(s)
	}
	now := time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		if d := RetryAfter(text, now); d < 0 || d > maxRetryAfter {
			t.Fatalf("%q: %v", text, d)
		}
	})
}
