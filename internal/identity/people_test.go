package identity_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"isle/internal/arm"
)

const (
	cli      = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	password = "correct horse battery"
	callback = "http://localhost:8400/"
	armScope = "https://management.azure.com/.default offline_access openid"
)

// graph sends a request to the directory as the first client.
func (f *fixture) graph(t *testing.T, method, path string, body any, status int) map[string]any {
	t.Helper()
	_, answer, _ := f.token(f.creds.Secret)
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "https://localhost/v1.0/"+strings.ReplaceAll(path, " ", "%20"), bytes.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+answer["access_token"].(string))
	w := httptest.NewRecorder()
	f.Graph().ServeHTTP(w, r)
	var got map[string]any
	if json.Unmarshal(w.Body.Bytes(), &got); w.Code != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	return got
}

// people is a fixture whose first client may manage the directory, with one person.
func people(t *testing.T) *fixture {
	f := newFixture(t)
	f.graph(t, "POST", "users", map[string]any{"userPrincipalName": "ann", "displayName": "Ann", "passwordProfile": map[string]any{"password": password}}, 201)
	return f
}

// ask posts a form to the token endpoint.
func (f *fixture) ask(form url.Values) (int, map[string]any) {
	r := httptest.NewRequest("POST", "https://localhost/common/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var body map[string]any
	json.Unmarshal(w.Body.Bytes(), &body)
	return w.Code, body
}

func (f *fixture) byPassword(user, secret string) (int, map[string]any) {
	return f.ask(url.Values{"grant_type": {"password"}, "client_id": {cli}, "username": {user}, "password": {secret}, "scope": {armScope}})
}

func refreshForm(token any) url.Values {
	text, _ := token.(string)
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {cli}, "refresh_token": {text}, "scope": {armScope}}
}

func TestPasswords(t *testing.T) {
	f := people(t)
	status, body := f.byPassword("ANN@isle.local", password)
	if status != 200 {
		t.Fatal(body)
	}
	who, err := f.Verify(body["access_token"].(string))
	if err != nil || who.Name != "Ann" || who.Client != "ann@isle.local" {
		t.Error(who, err)
	}
	if _, err := f.Verify(body["id_token"].(string)); err == nil {
		t.Error("an ID token opens the resource manager")
	}
	for _, c := range []struct{ user, secret, name string }{
		{"ann", "wrong wrong wrong", "invalid_grant"}, {"nobody", password, "invalid_grant"}, {"", password, "invalid_request"}, {"ann", "", "invalid_request"},
	} {
		if status, body := f.byPassword(c.user, c.secret); status != 400 || body["error"] != c.name {
			t.Errorf("%q %q: %d %v", c.user, c.secret, status, body)
		}
	}
	// Another password ends what is signed in, and so does disabling.
	f.now = f.now.Add(time.Second)
	f.graph(t, "PATCH", "users/ann@isle.local", map[string]any{"passwordProfile": map[string]any{"password": "another one to know"}}, 204)
	if _, err := f.Verify(body["access_token"].(string)); err == nil {
		t.Error("a token outlives the password")
	}
	if status, answer := f.ask(refreshForm(body["refresh_token"])); status != 400 || answer["error"] != "invalid_grant" {
		t.Error("a refresh token outlives the password", status, answer)
	}
	f.graph(t, "PATCH", "users/ann@isle.local", map[string]any{"accountEnabled": false}, 204)
	if _, answer := f.byPassword("ann", "another one to know"); !strings.Contains(answer["error_description"].(string), "disabled") {
		t.Error(answer)
	}
}

// Guesses of one person's password are limited, wherever they come from.
func TestPasswordGuessesAreLimited(t *testing.T) {
	f := people(t)
	status := 0
	for range 11 {
		status, _ = f.byPassword("ann", "wrong wrong wrong")
	}
	if status != 429 {
		t.Error(status)
	}
	f.now = f.now.Add(time.Minute)
	if status, body := f.byPassword("ann", password); status != 200 {
		t.Error(status, body)
	}
}

func TestRefreshTokensRotate(t *testing.T) {
	f := people(t)
	_, first := f.byPassword("ann", password)
	status, second := f.ask(refreshForm(first["refresh_token"]))
	if status != 200 || second["refresh_token"] == first["refresh_token"] {
		t.Fatal(status, second)
	}
	// For a moment the last but one gives the same next one: an answer may be lost.
	if status, again := f.ask(refreshForm(first["refresh_token"])); status != 200 || again["refresh_token"] != second["refresh_token"] {
		t.Error(status, again)
	}
	for _, bad := range []string{"", "x", "a.b.c", strings.Replace(second["refresh_token"].(string), ".2.", ".3.", 1)} {
		if status, _ := f.ask(refreshForm(bad)); status != 400 {
			t.Errorf("%q: %d", bad, status)
		}
	}
	// Afterwards its use says that there is a copy: the sign-in ends.
	f.now = f.now.Add(2 * time.Minute)
	if status, answer := f.ask(refreshForm(first["refresh_token"])); status != 400 || !strings.Contains(answer["error_description"].(string), "used before") {
		t.Error(status, answer)
	}
	if status, _ := f.ask(refreshForm(second["refresh_token"])); status != 400 {
		t.Error("the sign-in goes on after a reuse")
	}
	_, third := f.byPassword("ann", password)
	form := refreshForm(third["refresh_token"])
	form.Set("client_id", "1950a258-227b-4e31-a9cf-717495945fc2")
	if status, _ := f.ask(form); status != 400 {
		t.Error("another app redeems a refresh token")
	}
	_, fourth := f.byPassword("ann", password)
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t) // a restart
	f.now = f.now.Add(91 * 24 * time.Hour)
	if err := f.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, _ := f.ask(refreshForm(fourth["refresh_token"])); status != 400 {
		t.Error("a refresh token lives for ever")
	}
}

// browser is a person at the pages: it keeps cookies and follows no redirect.
type browser struct {
	t    *testing.T
	f    *fixture
	jar  http.CookieJar
	last string // the page

	answer *http.Response // of the token endpoint, the last one
}

func (b *browser) send(method, path string, form url.Values) *http.Response {
	b.t.Helper()
	if form != nil {
		if token := formOf(b.last); token != "" && !form.Has("form") {
			form.Set("form", token)
		}
	}
	r := httptest.NewRequest(method, "https://localhost"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.f.ServeHTTP(w, r)
	res := w.Result()
	b.jar.SetCookies(r.URL, res.Cookies())
	text, _ := io.ReadAll(res.Body)
	b.last = string(text)
	return res
}

// formOf is what ties the form of a page to its cookie.
func formOf(page string) string {
	m := regexp.MustCompile(`name="form" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

func newBrowser(t *testing.T, f *fixture) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t: t, f: f, jar: jar}
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func authorizePath(change ...string) string {
	q := url.Values{"client_id": {cli}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {armScope}, "state": {"s t"}, "nonce": {"n"},
		"code_challenge": {challengeOf("a verifier")}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return "/common/oauth2/v2.0/authorize?" + q.Encode()
}

func TestAuthorizationCode(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	res := b.send("GET", authorizePath("login_hint", `"><script>`), nil)
	policy := res.Header.Get("Content-Security-Policy")
	if res.StatusCode != 200 || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(b.last, "<script") {
		t.Fatal(res.StatusCode, policy, b.last)
	}
	if res := b.send("POST", authorizePath(), url.Values{"form": {"forged"}, "username": {"ann"}, "password": {password}}); res.StatusCode != 403 || res.Header.Get("Location") != "" {
		t.Error("a form of another site signs in", res.StatusCode)
	}
	if res := b.send("POST", authorizePath(), url.Values{"username": {"ann"}, "password": {"wrong wrong wrong"}}); res.StatusCode != 403 {
		t.Error(res.StatusCode)
	}
	signIn := func() url.Values {
		b.send("GET", authorizePath(), nil)
		res := b.send("POST", authorizePath(), url.Values{"username": {"ann"}, "password": {password}})
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || res.StatusCode != 302 || to.Host != "localhost:8400" || to.Query().Get("state") != "s t" {
			t.Fatal(res.StatusCode, to, b.last)
		}
		return url.Values{"grant_type": {"authorization_code"}, "client_id": {cli}, "code": {to.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {"a verifier"}, "scope": {armScope}}
	}
	form := signIn()
	status, body := f.ask(form)
	if status != 200 {
		t.Fatal(body)
	}
	if who, err := f.Verify(body["access_token"].(string)); err != nil || who.Name != "Ann" {
		t.Error(who, err)
	}
	id, err := jwt.ParseSigned(body["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	var claims map[string]any
	if err != nil || id.UnsafeClaimsWithoutVerification(&claims) != nil || claims["nonce"] != "n" || claims["aud"] != cli || claims["preferred_username"] != "ann@isle.local" {
		t.Error(claims, err)
	}
	if status, _ := f.ask(form); status != 400 {
		t.Error("a code is redeemed twice")
	}
	for name, change := range map[string][2]string{"verifier": {"code_verifier", "another"}, "no verifier": {"code_verifier", ""}, "redirect": {"redirect_uri", "http://localhost:1/"}, "client": {"client_id", "1950a258-227b-4e31-a9cf-717495945fc2"}} {
		form := signIn()
		form.Set(change[0], change[1])
		if status, body := f.ask(form); status != 400 || body["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	form = signIn()
	f.now = f.now.Add(11 * time.Minute)
	if status, _ := f.ask(form); status != 400 {
		t.Error("an old code is redeemed")
	}
}

// What must not be sent back to an address that may not be the client's is shown; all
// else is sent back.
func TestAuthorizationRequestsAreChecked(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	for _, redirect := range []string{"https://evil.example/", "http://evil.example/", "javascript:alert(1)", "http://localhost.evil.example/", "http://user@localhost:1/", "http://localhost:1/other"} {
		if res := b.send("GET", authorizePath("redirect_uri", redirect), nil); res.StatusCode != 400 || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s", redirect, res.StatusCode, res.Header)
		}
	}
	if res := b.send("GET", authorizePath("client_id", "nobody"), nil); res.StatusCode != 400 {
		t.Error(res.StatusCode)
	}
	for _, c := range [][3]string{{"response_type", "token", "unsupported_response_type"}, {"code_challenge", "", "invalid_request"}, {"code_challenge_method", "plain", "invalid_request"},
		{"scope", "https://other.example/.default", "invalid_resource"}, {"prompt", "none", "login_required"}} {
		res := b.send("GET", authorizePath(c[0], c[1]), nil)
		to, _ := url.Parse(res.Header.Get("Location"))
		if res.StatusCode != 302 || to.Query().Get("error") != c[2] || to.Query().Get("state") != "s t" {
			t.Errorf("%v: %d %s", c, res.StatusCode, to)
		}
	}
	b.send("GET", authorizePath("response_mode", "form_post"), nil)
	if b.send("POST", authorizePath("response_mode", "form_post"), url.Values{"username": {"ann"}, "password": {password}}); !strings.Contains(b.last, `action="`+callback+`"`) || !strings.Contains(b.last, `name="code"`) {
		t.Error(b.last)
	}
	b.send("GET", authorizePath("response_mode", "fragment"), nil)
	res := b.send("POST", authorizePath("response_mode", "fragment"), url.Values{"cancel": {"1"}})
	if !strings.Contains(res.Header.Get("Location"), "#error=access_denied") {
		t.Error(res.Header)
	}
}

func (f *fixture) startDevice(t *testing.T) (device, user string) {
	t.Helper()
	r := httptest.NewRequest("POST", "https://localhost/common/oauth2/v2.0/devicecode", strings.NewReader(url.Values{"client_id": {cli}, "scope": {armScope}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var body struct {
		Device string `json:"device_code"`
		User   string `json:"user_code"`
		Page   string `json:"verification_uri"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Page != "https://localhost/device" {
		t.Fatal(w.Body, err)
	}
	return body.Device, body.User
}

func TestDeviceCode(t *testing.T) {
	f := people(t)
	code, user := f.startDevice(t)
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {cli}, "device_code": {code}}
	want := func(name string) {
		t.Helper()
		if status, body := f.ask(form); status != 400 || body["error"] != name {
			t.Errorf("%d %v, want %s", status, body, name)
		}
	}
	want("authorization_pending")
	want("slow_down")
	b := newBrowser(t, f)
	b.send("GET", "/device", nil)
	if res := b.send("POST", "/device", url.Values{"code": {"WRONGCODE"}}); res.StatusCode != 403 {
		t.Error(res.StatusCode)
	}
	b.send("POST", "/device", url.Values{"code": {strings.ToLower(user[:3] + "-" + user[3:])}})
	if !strings.Contains(b.last, "Microsoft Azure CLI") {
		t.Fatal(b.last)
	}
	if res := b.send("POST", "/device", url.Values{"form": {"x"}, "code": {user}, "username": {"ann"}, "password": {password}}); res.StatusCode != 403 {
		t.Error("a form of another site signs a device in", res.StatusCode)
	}
	f.now = f.now.Add(10 * time.Second)
	want("authorization_pending")
	b.send("GET", "/device", nil)
	if res := b.send("POST", "/device", url.Values{"code": {user}, "username": {"ann"}, "password": {password}}); res.StatusCode != 200 {
		t.Fatal(res.StatusCode, b.last)
	}
	status, body := f.ask(form)
	if status != 200 || body["refresh_token"] == nil {
		t.Fatal(status, body)
	}
	want("bad_verification_code")

	code, user = f.startDevice(t)
	form.Set("device_code", code)
	b.send("GET", "/device", nil)
	b.send("POST", "/device", url.Values{"code": {user}, "cancel": {"1"}})
	want("authorization_declined")
	code, _ = f.startDevice(t)
	form.Set("device_code", code)
	f.now = f.now.Add(16 * time.Minute)
	want("expired_token")
}

// certificate makes a key with a certificate.
func certificate(t *testing.T, now time.Time) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, parsed
}

func TestClientAssertions(t *testing.T) {
	f := people(t)
	key, cert := certificate(t, f.now)
	app := f.graph(t, "POST", "applications", map[string]any{"displayName": "pipe", "keyCredentials": []any{map[string]any{"key": base64.StdEncoding.EncodeToString(cert.Raw)}}}, 201)
	id := app["appId"].(string)
	thumb := app["keyCredentials"].([]any)[0].(map[string]any)["customKeyIdentifier"].(string)
	sign := func(key *rsa.PrivateKey, alg jose.SignatureAlgorithm, change func(*jwt.Claims)) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: thumb}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := jwt.Claims{Issuer: id, Subject: id, Audience: jwt.Audience{"https://localhost/" + f.Tenant() + "/oauth2/v2.0/token"}, Expiry: jwt.NewNumericDate(f.now.Add(10 * time.Minute)), ID: arm.NewGUID()}
		change(&c)
		text, err := jwt.Signed(s).Claims(c).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	ask := func(assertion string) (int, map[string]any) {
		return f.ask(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "scope": {"https://management.azure.com/.default"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
	}
	same := func(*jwt.Claims) {}
	good := sign(key, jose.PS256, same)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256} {
		if status, body := ask(sign(key, alg, same)); status != 200 {
			t.Error(alg, status, body)
		}
	}
	if status, _ := ask(good); status != 200 {
		t.Error(status)
	}
	stranger, _ := certificate(t, f.now)
	for name, assertion := range map[string]string{
		"used before":   good,
		"another key":   sign(stranger, jose.RS256, same),
		"RS512":         sign(key, jose.RS512, same),
		"another aud":   sign(key, jose.RS256, func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://evil.example/x/oauth2/v2.0/token"} }),
		"another iss":   sign(key, jose.RS256, func(c *jwt.Claims) { c.Issuer = "x" }),
		"another sub":   sign(key, jose.RS256, func(c *jwt.Claims) { c.Subject = f.creds.ClientID }),
		"ended":         sign(key, jose.RS256, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(f.now.Add(-time.Hour)) }),
		"without end":   sign(key, jose.RS256, func(c *jwt.Claims) { c.Expiry = nil }),
		"ends too late": sign(key, jose.RS256, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(f.now.Add(48 * time.Hour)) }),
		"not yet":       sign(key, jose.RS256, func(c *jwt.Claims) { c.NotBefore = jwt.NewNumericDate(f.now.Add(time.Hour)) }),
		"garbage":       "a.b.c",
	} {
		f.now = f.now.Add(2 * time.Minute) // guesses are limited
		if status, body := ask(assertion); status != 401 || body["error"] != "invalid_client" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	f.graph(t, "PATCH", "applications/"+id, map[string]any{"keyCredentials": []any{}}, 204)
	if status, _ := ask(sign(key, jose.RS256, same)); status != 401 {
		t.Error("a certificate that was taken away is good")
	}
}

func TestSeveralSecrets(t *testing.T) {
	f := people(t)
	app := f.graph(t, "POST", "applications", map[string]any{"displayName": "app"}, 201)
	id := app["appId"].(string)
	first := f.graph(t, "POST", "applications/"+id+"/addPassword", map[string]any{}, 200)
	second := f.graph(t, "POST", "applications/"+id+"/addPassword", map[string]any{"passwordCredential": map[string]any{"displayName": "short", "endDateTime": f.now.Add(time.Hour)}}, 200)
	login := func(secret any) (int, any) {
		status, body := f.ask(url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret.(string)}, "scope": {"https://management.azure.com/.default"}})
		return status, body["error"]
	}
	for _, s := range []map[string]any{first, second} {
		if status, _ := login(s["secretText"]); status != 200 {
			t.Error(status)
		}
	}
	f.now = f.now.Add(2 * time.Hour)
	if status, name := login(second["secretText"]); status != 401 || name != "invalid_client" {
		t.Error("a secret that has ended:", status, name)
	}
	f.graph(t, "POST", "applications/"+id+"/removePassword", map[string]any{"keyId": first["keyId"]}, 204)
	if status, _ := login(first["secretText"]); status != 401 {
		t.Error("a secret that was taken away is good")
	}
	f.graph(t, "POST", "applications/"+id+"/addPassword", map[string]any{"passwordCredential": map[string]any{"endDateTime": f.now.Add(-time.Hour)}}, 400)
	for range 10 {
		f.graph(t, "POST", "applications/"+id+"/addPassword", map[string]any{}, 200)
	}
	f.graph(t, "POST", "applications/"+id+"/addPassword", map[string]any{}, 400)
	f.graph(t, "DELETE", "applications/"+id, nil, 204)
	f.graph(t, "GET", "applications/"+id, nil, 404)
	f.graph(t, "DELETE", "applications/"+f.creds.ClientID, nil, 400) // the operator stays
}

func TestDirectory(t *testing.T) {
	f := people(t)
	for _, c := range []struct {
		body map[string]any
		part string
	}{
		{map[string]any{"userPrincipalName": "ann", "passwordProfile": map[string]any{"password": password}}, "already exists"},
		{map[string]any{"userPrincipalName": "a b", "passwordProfile": map[string]any{"password": password}}, "user principal name"},
		{map[string]any{"userPrincipalName": "bob", "passwordProfile": map[string]any{"password": "short"}}, "password"},
		{map[string]any{"userPrincipalName": "robert", "passwordProfile": map[string]any{"password": "robert is my name"}}, "must not contain"},
		{map[string]any{"userPrincipalName": 1}, "wrong form"},
	} {
		got := f.graph(t, "POST", "users", c.body, 400)["error"].(map[string]any)
		if !strings.Contains(got["message"].(string), c.part) {
			t.Errorf("%v: %v", c.body, got)
		}
	}
	for filter, want := range map[string]int{"userPrincipalName eq 'ANN@isle.local'": 1, "startswith(displayName,'a')": 1, "displayName eq 'x' or mail eq 'ann' or userPrincipalName eq 'ann@isle.local'": 1, "displayName eq 'Ann' and userPrincipalName eq 'x'": 0} {
		if got := f.graph(t, "GET", "users?$filter="+url.QueryEscape(filter), nil, 200)["value"].([]any); len(got) != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	f.graph(t, "GET", "users?$filter="+url.QueryEscape("ann"), nil, 400)
	sp := f.graph(t, "GET", "servicePrincipals?$filter="+url.QueryEscape("servicePrincipalNames/any(c:c eq '"+f.creds.ClientID+"')"), nil, 200)["value"].([]any)
	if len(sp) != 1 {
		t.Fatal(sp)
	}
	ids := []string{sp[0].(map[string]any)["id"].(string), f.graph(t, "GET", "users/ann@isle.local", nil, 200)["id"].(string), "none"}
	if got := f.graph(t, "POST", "directoryObjects/getByIds", map[string]any{"ids": ids}, 200)["value"].([]any); len(got) != 2 {
		t.Error(got)
	}
	f.graph(t, "POST", "applications", map[string]any{"displayName": "web", "web": map[string]any{"redirectUris": []string{"http://evil.example"}}}, 400)
	f.graph(t, "GET", "elsewhere", nil, 404)
	f.graph(t, "DELETE", "users/ann@isle.local", nil, 204)
	f.graph(t, "DELETE", "users/ann@isle.local", nil, 404)

	r := httptest.NewRequest("GET", "https://localhost/v1.0/users", nil)
	w := httptest.NewRecorder()
	if f.Graph().ServeHTTP(w, r); w.Code != 401 {
		t.Error("without a token:", w.Code)
	}
}

// What people and apps know stands nowhere in the files.
func TestPasswordsAreNotStored(t *testing.T) {
	f := people(t)
	_, body := f.byPassword("ann", password)
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	searchFiles(t, f.dir, password, "ann@isle.local", body["refresh_token"].(string), strings.Split(body["refresh_token"].(string), ".")[2])
}

// The unmodified identity library signs in by certificate; a wrong secret is
// invalid_client.
func TestAzureIdentity(t *testing.T) {
	s := newServer(t)
	now := time.Now()
	key, cert := certificate(t, now)
	secret, err := s.service.CreateClient(t.Context(), "pipe")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.service.AddCertificate(t.Context(), secret.ClientID, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})); err != nil {
		t.Fatal(err)
	}
	options := policy.ClientOptions{Cloud: s.cloud(), Transport: s.client}
	byCert, err := azidentity.NewClientCertificateCredential(s.service.Tenant(), secret.ClientID, []*x509.Certificate{cert}, crypto.PrivateKey(key),
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	scopes := policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
	token, err := byCert.GetToken(t.Context(), scopes)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := s.service.Verify(token.Token); err != nil || who.Client != secret.ClientID {
		t.Error(who, err)
	}
	wrong, err := azidentity.NewClientSecretCredential(s.service.Tenant(), secret.ClientID, "wrong", &azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	var failed *azidentity.AuthenticationFailedError
	if _, err := wrong.GetToken(t.Context(), scopes); !errors.As(err, &failed) || !strings.Contains(err.Error(), "invalid_client") {
		t.Error(err)
	}
}
