package identity_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"isle/internal/identity"
	"isle/internal/store"
)

// A person signs in to the server's own pages, there and nowhere else.
func TestThePortalSignsIn(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	to := func(redirect string, change ...string) string {
		return authorizePath(append([]string{"client_id", identity.PortalClient, "redirect_uri", redirect}, change...)...)
	}
	for _, wrong := range []string{"https://evil.example/", "http://evil.example/signin", "https://localhost:1/signin", "https://localhost/workflows/x/triggers/y/paths/invoke", "https://localhost/signin?a=b",
		"https://localhost/signin/../workflows/x", "https://localhost/%73ignin", "https://user@localhost/signin", "https://localhost/signin#x", "javascript:alert(1)", "", "signin"} {
		if res := b.send("GET", to(wrong), nil); res.StatusCode != 400 || res.Header.Get("Location") != "" {
			t.Errorf("%q: %d %s", wrong, res.StatusCode, res.Header)
		}
	}
	if res := b.send("GET", to("https://localhost/signin", "code_challenge", ""), nil); !strings.Contains(res.Header.Get("Location"), "error=invalid_request") {
		t.Error("no proof key is asked for", res.Header)
	}
	body := f.portalTokens(t, b, "https://localhost/signin")
	if who, err := f.Verify(body["access_token"].(string)); err != nil || who.Name != "Ann" {
		t.Error(who, err)
	}
	form := refreshForm(body["refresh_token"])
	form.Set("client_id", identity.PortalClient)
	f.now = f.now.Add(23 * time.Hour)
	status, body := b.ask(form)
	if status != 200 {
		t.Fatal(body)
	}
	form.Set("refresh_token", body["refresh_token"].(string))
	f.now = f.now.Add(2 * time.Hour)
	if status, _ := b.ask(form); status != 400 {
		t.Error("a sign-in to a page lasts more than a day")
	}
	if _, err := f.Verify(body["access_token"].(string)); err == nil {
		t.Error("a token of a page outlives the sign-in")
	}
	if status, body := f.post("devicecode", url.Values{"client_id": {identity.PortalClient}}); status != 400 {
		t.Error("a device signs in as the portal", body)
	}
	if status, body := f.ask(url.Values{"grant_type": {"password"}, "client_id": {identity.PortalClient}, "username": {"ann"}, "password": {password}, "scope": {armScope}}); status != 400 || body["error"] != "unauthorized_client" {
		t.Error("the portal is signed in to without its page", body)
	}
}

// All tabs of a browser go on with one sign-in, one beside the other, and after a restart
// of the server.
func TestTabsShareASignIn(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	form := refreshForm(f.portalTokens(t, b, "https://localhost/portal/signin")["refresh_token"])
	form.Set("client_id", identity.PortalClient)
	for range 3 { // a tab each
		f.now = f.now.Add(time.Hour)
		status, body := b.ask(form)
		if status != 200 || body["refresh_token"] != form.Get("refresh_token") {
			t.Fatal(status, body)
		}
		if _, err := f.Verify(body["access_token"].(string)); err != nil {
			t.Error(err)
		}
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t)
	if status, body := b.ask(form); status != 200 {
		t.Error("a restart ends it", body)
	}
}

// The cookie is for the token endpoint and nothing else, and no script reads it.
func TestTheCookieOfAPage(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	f.portalTokens(t, b, "https://localhost/portal/signin")
	c := b.cookie(f)
	if c == nil || !strings.HasPrefix(c.Name, "__Secure-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != tokenPath || c.MaxAge != 86400 || c.Domain != "" {
		t.Fatalf("%+v", c)
	}
	b.ask(url.Values{"grant_type": {"refresh_token"}, "client_id": {cli}, "refresh_token": {"x"}})
	if again := b.cookie(f); again != nil {
		t.Error("another client's request sets it", again)
	}
}

// A copy of a page's refresh token is worth nothing without the browser's cookie, nor with
// that of another sign-in, and shows: it ends the sign-in.
func TestARefreshTokenStaysInItsBrowser(t *testing.T) {
	f := people(t)
	thief := newBrowser(t, f)
	f.portalTokens(t, thief, "https://localhost/portal/signin")
	for name, with := range map[string]*browser{"no cookie": newBrowser(t, f), "another cookie": thief} {
		b := newBrowser(t, f)
		body := f.portalTokens(t, b, "https://localhost/portal/signin")
		form := refreshForm(body["refresh_token"])
		form.Set("client_id", identity.PortalClient)
		if status, answer := with.ask(form); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
		if status, _ := b.ask(form); status != 400 {
			t.Errorf("%s: the sign-in goes on", name)
		}
		if _, err := f.Verify(body["access_token"].(string)); err == nil {
			t.Errorf("%s: its access token is good", name)
		}
	}
}

// Who signs in again, as whomever, has ended what that browser was signed in to before, and
// no other browser's.
func TestSigningInAgainEndsTheSignInBefore(t *testing.T) {
	f := people(t)
	b, other := newBrowser(t, f), newBrowser(t, f)
	elsewhere := f.portalTokens(t, other, "https://localhost/portal/signin")
	before := f.portalTokens(t, b, "https://localhost/portal/signin")
	now := f.portalTokens(t, b, "https://localhost/portal/signin")
	if _, err := f.Verify(before["access_token"].(string)); err == nil {
		t.Error("the sign-in before goes on")
	}
	for _, body := range []map[string]any{elsewhere, now} {
		if _, err := f.Verify(body["access_token"].(string)); err != nil {
			t.Error(err)
		}
	}
}

// Another password ends what is signed in to pages, and so does disabling the person.
func TestAnotherPasswordEndsTheSignInToPages(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"password": {"passwordProfile": map[string]any{"password": "another one to know"}}, "disabled": {"accountEnabled": false},
	} {
		f := people(t)
		b := newBrowser(t, f)
		body := f.portalTokens(t, b, "https://localhost/portal/signin")
		form := refreshForm(body["refresh_token"])
		form.Set("client_id", identity.PortalClient)
		f.now = f.now.Add(time.Second)
		f.graph(t, "PATCH", "users/ann@isle.local", change, 204)
		if status, _ := b.ask(form); status != 400 {
			t.Errorf("%s: the sign-in goes on", name)
		}
		if _, err := f.Verify(body["access_token"].(string)); err == nil {
			t.Errorf("%s: its access token is good", name)
		}
	}
}

const tokenPath = "/common/oauth2/v2.0/token"

// ask posts a form to the token endpoint, with the browser's cookies.
func (b *browser) ask(form url.Values) (int, map[string]any) {
	b.t.Helper()
	b.answer = b.send("POST", tokenPath, form)
	var body map[string]any
	if err := json.Unmarshal([]byte(b.last), &body); err != nil {
		b.t.Fatal(err, b.last)
	}
	return b.answer.StatusCode, body
}

// cookie is the one of a page that the last answer of the token endpoint set; nil if it
// set none.
func (b *browser) cookie(f *fixture) *http.Cookie {
	for _, c := range b.answer.Cookies() {
		if strings.HasSuffix(c.Name, "isle-browser-"+f.Tenant()) {
			return c
		}
	}
	return nil
}

// portalTokens signs Ann in to a page.
func (f *fixture) portalTokens(t *testing.T, b *browser, page string) map[string]any {
	t.Helper()
	path := authorizePath("client_id", identity.PortalClient, "redirect_uri", page)
	b.send("GET", path, nil)
	res := b.send("POST", path, url.Values{"username": {"ann"}, "password": {password}})
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != 302 || !strings.HasPrefix(back.String(), page+"?") {
		t.Fatal(res.StatusCode, back, b.last)
	}
	status, body := b.ask(url.Values{"grant_type": {"authorization_code"}, "client_id": {identity.PortalClient}, "code": {back.Query().Get("code")}, "redirect_uri": {page}, "code_verifier": {"a verifier"}, "scope": {armScope}})
	if status != 200 {
		t.Fatal(body)
	}
	return body
}

// post sends a form to an endpoint of the issuer.
func (f *fixture) post(endpoint string, form url.Values) (int, string) {
	r := httptest.NewRequest("POST", "https://localhost/common/oauth2/v2.0/"+endpoint, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// Who signs out ends the sign-in; nobody else's token does.
func TestRevocation(t *testing.T) {
	f := people(t)
	b := newBrowser(t, f)
	signedIn := f.portalTokens(t, b, "https://localhost/")
	token := signedIn["refresh_token"].(string)
	form := refreshForm(token)
	form.Set("client_id", identity.PortalClient)
	for _, c := range []struct {
		client, token string
		status        int
	}{{cli, token, 200}, {identity.PortalClient, "rubbish", 200}, {identity.PortalClient, token[:len(token)-2] + "AA", 200}, {identity.PortalClient, "", 400}, {"nobody", token, 400}} {
		if status, body := f.post("revoke", url.Values{"client_id": {c.client}, "token": {c.token}}); status != c.status {
			t.Error(c, status, body)
		}
	}
	if status, body := b.ask(form); status != 200 {
		t.Fatal("another client has ended it", body)
	}
	out := b.send("POST", "/common/oauth2/v2.0/revoke", url.Values{"client_id": {identity.PortalClient}, "token": {form.Get("refresh_token")}})
	if gone := out.Cookies(); out.StatusCode != 200 || len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Path != tokenPath {
		t.Error("the cookie stays", out.StatusCode, gone)
	}
	if status, _ := b.ask(form); status != 400 {
		t.Error("a refresh token is good after the sign-out")
	}
	if _, err := f.Verify(signedIn["access_token"].(string)); err == nil {
		t.Error("another tab's access token is good after the sign-out")
	}
}

// Over plain http, which only this machine's browsers use, pages work as well, with a
// cookie of its own that does not pass for the other.
func TestThePortalSignsInOverPlainHTTP(t *testing.T) {
	f := people(t)
	path := authorizePath("client_id", identity.PortalClient, "redirect_uri", "http://localhost/signin")
	get := httptest.NewRecorder()
	f.ServeHTTP(get, httptest.NewRequest("GET", "http://localhost"+path, nil))
	cookies := get.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Secure || !cookies[0].HttpOnly || strings.HasPrefix(cookies[0].Name, "__Host-") {
		t.Fatal(cookies)
	}
	form := url.Values{"form": {formOf(get.Body.String())}, "username": {"ann"}, "password": {password}}
	post := func(scheme string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", scheme+"://localhost"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(cookies[0])
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	if w := post("https"); w.Code != 403 {
		t.Error("the cookie of plain http is good for https", w.Code)
	}
	if w := post("http"); w.Code != 302 || !strings.HasPrefix(w.Header().Get("Location"), "http://localhost/signin?") || !strings.Contains(w.Header().Get("Location"), "code=") {
		t.Error(w.Code, w.Header())
	}
}

// The first person is made once; a lost file gives them another password.
func TestTheFirstPerson(t *testing.T) {
	f := newFixture(t)
	var owners []string
	own := func(_ *store.Tx, object string) error { owners = append(owners, object); return nil }
	first, err := f.FirstPerson(t.Context(), "operator", "Operator", own)
	if err != nil || first.Name != "operator@isle.local" || len(owners) != 1 {
		t.Fatal(first, owners, err)
	}
	if status, body := f.byPassword("operator", first.Password); status != 200 {
		t.Error(body)
	}
	f.now = f.now.Add(time.Second)
	again, err := f.FirstPerson(t.Context(), "operator", "Operator", own)
	if err != nil || again.Password == first.Password || len(owners) != 1 {
		t.Error(again.Name, owners, err)
	}
	if status, _ := f.byPassword("operator", first.Password); status != 400 {
		t.Error("the old password is good")
	}
	if status, body := f.byPassword("operator", again.Password); status != 200 {
		t.Error(body)
	}
}
