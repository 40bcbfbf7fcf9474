package identity_test

import (
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
	status, body := f.ask(form)
	if status != 200 {
		t.Fatal(body)
	}
	form.Set("refresh_token", body["refresh_token"].(string))
	f.now = f.now.Add(2 * time.Hour)
	if status, _ := f.ask(form); status != 400 {
		t.Error("a sign-in to a page lasts more than a day")
	}
	if status, body := f.post("devicecode", url.Values{"client_id": {identity.PortalClient}}); status != 400 {
		t.Error("a device signs in as the portal", body)
	}
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
	status, body := f.ask(url.Values{"grant_type": {"authorization_code"}, "client_id": {identity.PortalClient}, "code": {back.Query().Get("code")}, "redirect_uri": {page}, "code_verifier": {"a verifier"}, "scope": {armScope}})
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
	token := f.portalTokens(t, b, "https://localhost/")["refresh_token"].(string)
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
	status, body := f.ask(form)
	if status != 200 {
		t.Fatal("another client has ended it", body)
	}
	form.Set("refresh_token", body["refresh_token"].(string))
	if status, body := f.post("revoke", url.Values{"client_id": {identity.PortalClient}, "token": {form.Get("refresh_token")}}); status != 200 {
		t.Error(body)
	}
	if status, _ := f.ask(form); status != 400 {
		t.Error("a refresh token is good after the sign-out")
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
