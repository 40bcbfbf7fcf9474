package isletest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"isle/isletest"
)

// oauthIssuer is an OAuth 2.0 issuer whose person always consents: codes with proof keys
// (RFC 7636), a client with a secret, refresh tokens that are good once.
type oauthIssuer struct {
	url string

	mu       sync.Mutex
	codes    map[string]string // code → challenge
	refresh  string
	made     int
	life     int  // seconds of an access token
	refusing bool // the sign-in was ended
	failing  bool
}

const oauthSecret = "PLANTED-client-secret"

func newOAuthIssuer(t *testing.T) *oauthIssuer {
	i := &oauthIssuer{codes: map[string]string{}, life: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		q := r.URL.Query()
		if q.Get("client_id") != "orders-client" || q.Get("scope") != "read offline_access" || q.Get("code_challenge_method") != "S256" {
			http.Error(w, "no such client", http.StatusBadRequest)
			return
		}
		i.made++
		code := fmt.Sprint("code-", i.made)
		i.codes[code] = q.Get("code_challenge")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", i.token)
	i.url = stub(t, mux.ServeHTTP)
	return i
}

func (i *oauthIssuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	challenge, known := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	byCode := r.FormValue("grant_type") == "authorization_code" && known && challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	byRefresh := r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == i.refresh && !i.refusing
	switch {
	case i.failing:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.FormValue("client_id") != "orders-client" || r.FormValue("client_secret") != oauthSecret || !byCode && !byRefresh:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"The sign-in has ended."}`))
	default:
		i.made++
		i.refresh = fmt.Sprint("PLANTED-refresh-", i.made)
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"preferred_username":"ann@shop.example","oid":"o-1"}`))
		fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"PLANTED-access-%d","refresh_token":%q,"expires_in":%d,"id_token":"e30.%s.x"}`, i.made, i.refresh, i.life, claims)
	}
}

// set changes how the issuer answers from now on.
func (i *oauthIssuer) set(life int, refusing, failing bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.life, i.refusing, i.failing = life, refusing, failing
}

// consented is a connection to a custom API with an OAuth parameter, and a workflow that
// calls it.
type consented struct {
	*site
	issuer               *oauthIssuer
	connection, callback string

	mu    sync.Mutex
	asked []string // Authorization of the backend's calls
}

func newConsented(t *testing.T) *consented {
	c := &consented{site: newSite(t, 1), issuer: newOAuthIssuer(t)}
	backend := stub(t, func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = append(c.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":7}`))
	})
	environment := c.environment(0, external)
	web := c.group + "/providers/Microsoft.Web"
	settings := `{"identityProvider":"oauth2","clientId":"orders-client","clientSecret":"` + oauthSecret + `","scopes":["read","offline_access"],"customParameters":{"authorizationUrl":{"value":"` + c.issuer.url + `/authorize"},"tokenUrl":{"value":"` + c.issuer.url + `/token"}}}`
	api := c.Do(http.MethodPut, web+"/customApis/orders", json.RawMessage(`{"location":"westeurope","properties":{"displayName":"Orders","integrationServiceEnvironment":{"id":"`+environment+`"},"backendService":{"serviceUrl":"`+backend+`"},"swagger":`+ordersDocument+`,
		"connectionParameters":{"token":{"type":"oauthSetting","oAuthSettings":`+settings+`}}}}`))
	if api.Status != 201 || api.Text("properties", "connectionParameters", "token", "oAuthSettings", "redirectUrl") != c.Endpoint+"/consent/redirect" {
		t.Fatalf("%d %s", api.Status, api.Body)
	}
	c.hire()
	c.connection = web + "/connections/orders"
	if a := c.Do(http.MethodPut, c.connection, json.RawMessage(`{"location":"westeurope","properties":{"displayName":"Orders","api":{"id":"`+web+`/customApis/orders"}}}`)); a.Status != 201 || a.Text("properties", "overallStatus") != "Error" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, c.callback = c.workflow("orders", environment, `{
		"Order": {"type": "ApiConnection", "inputs": {"host": {"connection": {"name": "`+c.connection+`"}}, "method": "get", "path": "/orders/7", "retryPolicy": {"type": "none"}}},
		"Answer": {"type": "Response", "inputs": {"statusCode": 200, "body": "@actions('Order')"}, "runAfter": {"Order": ["Succeeded", "Failed"]}}}`)
	return c
}

func (c *consented) post(action, body string) isletest.Answer {
	return c.Do(http.MethodPost, c.connection+"/"+action, json.RawMessage(body))
}

// consent goes the way of Ann's browser, and gives the code that it ends with: the link of
// this server, where she signs in, the issuer, this server again, and the address that was
// given. The operator that asks for the link is a program, so whoever may ask may go on.
func (c *consented) consent() string {
	c.t.Helper()
	links := c.post("listConsentLinks", `{"parameters":[{"parameterName":"token","redirectUrl":"https://portal.example/back?a=b"}]}`)
	var list struct {
		Value []struct{ Link, Status string }
	}
	if must(c.t, json.Unmarshal(links.Body, &list)); links.Status != 200 || len(list.Value) != 1 {
		c.t.Fatalf("%d %s", links.Status, links.Body)
	}
	jar, err := cookiejar.New(nil)
	must(c.t, err)
	browser := *c.HTTP()
	browser.Jar, browser.CheckRedirect = jar, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at := c.signIn(&browser, list.Value[0].Link)
	for range 2 { // to the issuer, and from it to the server
		res, err := browser.Get(at)
		must(c.t, err)
		_ = res.Body.Close()
		at = res.Header.Get("Location")
	}
	back, err := url.Parse(at)
	if err != nil || back.Host != "portal.example" || back.Query().Get("a") != "b" || back.Query().Get("code") == "" {
		c.t.Fatal(at, err)
	}
	return back.Query().Get("code")
}

const annsPassword = "correct horse battery"

// hire makes Ann, who may do what the connection's owners may.
func (c *consented) hire() {
	c.t.Helper()
	ann := c.Do(http.MethodPost, "/v1.0/users", map[string]any{"userPrincipalName": "ann", "displayName": "Ann", "accountEnabled": true, "passwordProfile": map[string]any{"password": annsPassword}})
	const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	role := map[string]any{"properties": map[string]any{"roleDefinitionId": "/subscriptions/" + c.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + contributor, "principalId": ann.Text("id")}}
	if a := c.Do(http.MethodPut, c.group+"/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-0000-0000-000000000001?api-version=2022-04-01", role); ann.Status != 201 || a.Status != 201 {
		c.t.Fatalf("%d %s %d %s", ann.Status, ann.Body, a.Status, a.Body)
	}
}

// signIn opens a link, signs Ann in on the page behind it, and gives where that leads.
func (c *consented) signIn(browser *http.Client, link string) string {
	c.t.Helper()
	res, err := browser.Get(link)
	must(c.t, err)
	page, err := io.ReadAll(res.Body)
	must(c.t, err)
	_ = res.Body.Close()
	_, rest, _ := strings.Cut(string(page), `name="form" value="`)
	form, _, found := strings.Cut(rest, `"`)
	if !found || !strings.Contains(string(page), "Go on only if you asked for this yourself") {
		c.t.Fatalf("%s %s", res.Status, page)
	}
	enter := func(password string) (string, string) {
		res, err := browser.PostForm(link, url.Values{"form": {form}, "username": {"ann"}, "password": {password}})
		must(c.t, err)
		_ = res.Body.Close()
		return res.Status, strings.TrimPrefix(res.Header.Get("Refresh"), "0; url=")
	}
	if status, to := enter("wrong"); to != "" {
		c.t.Error("a wrong password goes on", status, to)
	}
	status, to := enter(annsPassword)
	if !strings.HasPrefix(to, c.issuer.url+"/authorize?") {
		c.t.Fatal(status, to)
	}
	return to
}

func (c *consented) call() (o outcome, asked string) {
	c.t.Helper()
	c.mu.Lock()
	c.asked = nil
	c.mu.Unlock()
	a := c.Call(c.callback, `{}`)
	if a.Status != http.StatusOK {
		c.t.Fatalf("%d %s", a.Status, a.Body)
	}
	must(c.t, json.Unmarshal(a.Body, &o))
	c.mu.Lock()
	defer c.mu.Unlock()
	return o, strings.Join(c.asked, "\n")
}

func (c *consented) status() string {
	c.t.Helper()
	return c.Do(http.MethodGet, c.connection, nil).Text("properties", "overallStatus")
}

// TestConsent: a person consents at the API's issuer, calls carry the token, which is
// renewed before it ends, and what the issuer refuses shows as the connection's status. No
// secret is readable anywhere.
func TestConsent(t *testing.T) {
	c := newConsented(t)
	if o, asked := c.call(); o.Status != "Failed" || asked != "" || !strings.Contains(o.Error.Message, "not authenticated") {
		t.Errorf("%+v %s", o, asked)
	}
	code := c.consent()
	if a := c.post("confirmConsentCode", `{"code":"`+code+`x"}`); a.Status != 400 || a.Text("error", "code") != "InvalidConsentCode" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a := c.post("confirmConsentCode", `{"code":"`+code+`","objectId":"o","tenantId":"t"}`)
	if a.Status != 200 || a.Text("properties", "overallStatus") != "Connected" || a.Text("properties", "authenticatedUser", "name") != "ann@shop.example" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := c.post("confirmConsentCode", `{"code":"`+code+`"}`); a.Status != 400 {
		t.Errorf("a code is confirmed twice: %d %s", a.Status, a.Body)
	}
	o, first := c.call()
	c.succeeded(o)
	if !strings.HasPrefix(first, "GET /orders/7 Bearer PLANTED-access-") {
		t.Error(first)
	}
	if _, again := c.call(); again != first {
		t.Error("a token that is good is renewed", first, again)
	}
	invoked := c.post("dynamicInvoke", `{"request":{"method":"get","path":"/orders/8","queries":{"x":"1"}}}`)
	if invoked.Status != 200 || invoked.Text("response", "statusCode") != "OK" || !strings.Contains(string(invoked.Body), `"id":7`) {
		t.Errorf("%d %s", invoked.Status, invoked.Body)
	}
	for _, path := range []string{"/../x", "/%2e%2e/x", "x", "/a?b"} {
		if a := c.post("dynamicInvoke", `{"request":{"method":"get","path":"`+path+`"}}`); a.Status != 400 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	c.Restart()
	if _, again := c.call(); again != first {
		t.Error("the token does not outlive a restart", again)
	}
}

// TestConsentIsRenewed: see above.
func TestConsentIsRenewed(t *testing.T) {
	t.Parallel()
	c := newConsented(t)
	c.issuer.set(60, false, false) // ends within the margin: each call renews it
	confirm := func() {
		t.Helper()
		if a := c.post("confirmConsentCode", `{"code":"`+c.consent()+`"}`); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	confirm()
	_, first := c.call()
	_, second := c.call()
	if first == second || !strings.Contains(second, "PLANTED-access-") {
		t.Error(first, second)
	}
	c.issuer.set(60, false, true) // the issuer is away: the token is good for a moment more
	if _, third := c.call(); third != second {
		t.Error(second, third)
	}
	c.issuer.set(60, true, false)
	if o, asked := c.call(); o.Status != "Failed" || asked != "" || c.status() != "Error" {
		t.Errorf("%+v %s %s", o, asked, c.status())
	}
	c.issuer.set(3600, false, false)
	if o, _ := c.call(); o.Status != "Failed" {
		t.Error("a sign-in that was refused is asked for again")
	}
	if a := c.post("dynamicInvoke", `{"request":{"method":"get","path":"/orders/8"}}`); a.Status != 400 || !strings.Contains(string(a.Body), "Consent again") {
		t.Errorf("a designer asks for it again: %d %s", a.Status, a.Body)
	}
	confirm()
	if o, asked := c.call(); o.Status != "Succeeded" || asked == "" || c.status() != "Connected" {
		t.Errorf("%+v %s %s", o, asked, c.status())
	}
	for where, text := range crawl(t, c.Server, []string{c.connection, c.group + "/providers/Microsoft.Web/connections", c.group + "/providers/Microsoft.Web/customApis"}) {
		if strings.Contains(string(text), "PLANTED") {
			t.Errorf("a secret is readable in %s: %s", where, text)
		}
	}
	c.Stop()
	must(t, filepath.WalkDir(c.Data(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if content, err := os.ReadFile(path); err == nil && bytes.Contains(content, []byte("PLANTED")) {
			t.Errorf("%s holds a secret in plain", path)
		}
		return nil
	}))
}
