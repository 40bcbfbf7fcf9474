package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"isle/internal/web"
)

// consentWorld has a connection to a custom API whose OAuth settings are those.
func consentWorld(t *testing.T, settings string) (w *world, connection string) {
	t.Helper()
	w = newWorld(t)
	const types = group + "/providers/Microsoft.Web/"
	if status, answer := w.send("PUT", types+"customApis/o", `{"location":"westus","properties":{"swagger":`+strings.Replace(orders, "%s", "", 1)+`,"connectionParameters":{"token":{"type":"oauthSetting","oAuthSettings":`+settings+`}}}}`); status != 201 {
		t.Fatal(answer)
	}
	if status, answer := w.send("PUT", types+"connections/c", `{"location":"westus","properties":{"api":{"id":"`+types+`customApis/o"}}}`); status != 201 {
		t.Fatal(answer)
	}
	return w, types + "connections/c"
}

const goodSettings = `{"clientId":"c","customParameters":{"authorizationUrl":{"value":"https://login.example/authorize"},"tokenUrl":{"value":"https://login.example/token"}}}`

// back plays the issuer that sends a browser back, and gives where it goes on to.
func (w *world) back(q url.Values, browser ...*http.Cookie) (int, *url.URL) {
	w.t.Helper()
	rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "https://server"+web.ConsentPath+"?"+q.Encode(), nil)
	for _, c := range browser {
		r.AddCookie(c)
	}
	w.service.ServeConsent(rec, r)
	to, err := url.Parse(rec.Header().Get("Location"))
	must(w.t, err)
	return rec.Code, to
}

// link asks for one.
func (w *world) link(connection, redirect string) string {
	w.t.Helper()
	_, answer := w.send("POST", connection+"/listConsentLinks", `{"parameters":[{"parameterName":"TOKEN","redirectUrl":"`+redirect+`"}]}`)
	var list struct{ Value []struct{ Link string } }
	if must(w.t, json.Unmarshal([]byte(answer), &list)); len(list.Value) != 1 {
		w.t.Fatal(answer)
	}
	return list.Value[0].Link
}

// start opens a link in a browser where somebody signs in, "" for nobody.
func (w *world) start(link, who string, browser ...*http.Cookie) *httptest.ResponseRecorder {
	w.t.Helper()
	rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", link, nil)
	r.Header.Set("Signed-In", who)
	for _, c := range browser {
		r.AddCookie(c)
	}
	w.service.StartConsent(rec, r)
	return rec
}

// issuerPage is where a started consent sends the browser.
func (w *world) issuerPage(rec *httptest.ResponseRecorder) url.Values {
	w.t.Helper()
	to, err := url.Parse(strings.TrimPrefix(rec.Header().Get("Refresh"), "0; url="))
	if err != nil || rec.Code != 200 || to.Host != "login.example" || !strings.Contains(rec.Body.String(), "Continue") {
		w.t.Fatal(rec.Code, rec.Body, to, err)
	}
	return to.Query()
}

// begin asks for a link and opens it: the issuer's state, and the browser's cookie.
func (w *world) begin(connection, redirect string) (state string, browser *http.Cookie) {
	w.t.Helper()
	rec := w.start(w.link(connection, redirect), "tester")
	return w.issuerPage(rec).Get("state"), rec.Result().Cookies()[0]
}

// A code is good once, for who asked for the link, and for the connection it was asked for.
func TestConsentCodesAreOfWhoAsked(t *testing.T) {
	w, connection := consentWorld(t, goodSettings)
	if status, _ := w.back(url.Values{"state": {"x"}, "code": {"y"}}); status != 400 {
		t.Error("an unknown state is taken", status)
	}
	state, browser := w.begin(connection, "https://portal.example/back")
	status, to := w.back(url.Values{"state": {state}, "code": {"issuers"}}, browser)
	if status != 302 || to.Host != "portal.example" || to.Query().Get("code") == "" || strings.Contains(to.String(), "issuers") {
		t.Fatal(status, to)
	}
	if status, _ := w.back(url.Values{"state": {state}, "code": {"issuers"}}, browser); status != 400 {
		t.Error("a state is taken twice", status)
	}
	code := to.Query().Get("code")
	w.as = "other"
	if _, answer := w.send("POST", connection+"/confirmConsentCode", `{"code":"`+code+`"}`); !strings.Contains(answer, "InvalidConsentCode") {
		t.Error("somebody else confirms", answer)
	}
	w.as = ""
	if status, answer := w.send("POST", connection+"/confirmConsentCode", `{"code":"`+code+`"}`); status != 502 || !strings.Contains(answer, "ConsentCodeExchangeFailed") {
		t.Error("who asked is refused", status, answer) // nobody is called in this world
	}
	state, browser = w.begin(connection, "http://localhost:7/")
	_, to = w.back(url.Values{"state": {state}, "error": {"access_denied"}, "error_description": {"no\nthanks"}}, browser)
	if to.Query().Get("error") != "access_denied" || to.Query().Get("error_description") != "no thanks" || to.Query().Has("code") {
		t.Error(to)
	}
	state, browser = w.begin(connection, "https://x/")
	_, to = w.back(url.Values{"state": {state}, "code": {strings.Repeat("c", 9<<10)}}, browser)
	if to.Query().Get("error") != "invalid_request" || to.Query().Has("code") {
		t.Error("a code of any length is kept", to)
	}
}

// A link that is handed on connects nobody's account: it wants the sign-in of who asked for
// it, and what the issuer answers is taken from the browser that was sent there.
func TestConsentIsOfTheBrowserOfWhoAsked(t *testing.T) {
	w, connection := consentWorld(t, goodSettings)
	w.as = "mallory"
	link := w.link(connection, "https://mallory.example/")
	if rec := w.start(link, ""); !strings.Contains(rec.Body.String(), "is to act for you at login.example") || rec.Header().Get("Refresh") != "" {
		t.Error("nobody signs in", rec.Body, rec.Header())
	}
	for _, victim := range []string{"ann", "tester"} {
		if rec := w.start(link, victim); rec.Code != 403 || rec.Header().Get("Refresh") != "" || rec.Header().Get("Set-Cookie") != "" {
			t.Error("somebody else's link is taken", victim, rec.Code, rec.Header())
		}
	}
	// Mallory's own browser goes to the issuer, whose page and answer are handed on.
	rec := w.start(link, "mallory")
	state, own := w.issuerPage(rec).Get("state"), rec.Result().Cookies()[0]
	if !own.HttpOnly || !own.Secure || own.SameSite != http.SameSiteLaxMode || own.Path != "/" || own.Domain != "" || !strings.HasPrefix(own.Name, "__Host-") {
		t.Error("the cookie is open to others", own)
	}
	answer := url.Values{"state": {state}, "code": {"victims"}}
	if status, _ := w.back(answer); status != 400 {
		t.Error("a browser without the cookie is taken back", status)
	}
	if status, _ := w.back(answer, &http.Cookie{Name: own.Name, Value: strings.Repeat("x", 43)}); status != 400 {
		t.Error("another browser is taken back", status)
	}
	if status, to := w.back(answer, own); status != 302 || to.Query().Get("code") == "" {
		t.Error("the browser itself is refused", status, to)
	}
	if again := w.start(link, "mallory", own); len(again.Result().Cookies()) != 0 || w.issuerPage(again).Get("state") == state {
		t.Error("a second tab ends the first", again.Header())
	}
	if status, _ := w.back(url.Values{"state": {link[strings.Index(link, "=")+1:]}, "code": {"c"}}, own); status != 400 {
		t.Error("a link's secret is a state", status)
	}
}

// A program has no browser: for it a person consents who could have asked.
func TestConsentForAProgram(t *testing.T) {
	w, connection := consentWorld(t, goodSettings)
	w.as = "program"
	link := w.link(connection, "https://x/")
	if rec := w.start(link, "tester"); rec.Code != 403 {
		t.Error("who may not consents", rec.Code)
	}
	q := w.issuerPage(w.start(link, "ann"))
	if q.Get("redirect_uri") != "https://server/consent/redirect" || q.Get("code_challenge_method") != "S256" {
		t.Error(q)
	}
	plain := w.start(strings.Replace(link, "https://server", "http://localhost:7443", 1), "ann")
	if q := w.issuerPage(plain); q.Get("redirect_uri") != "http://localhost:7443/consent/redirect" {
		t.Error("plain http is sent back elsewhere", q)
	}
	if c := plain.Result().Cookies()[0]; c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Error(c)
	}
	if rec := w.start("https://server/consent/start?link=x", "ann"); rec.Code != 400 {
		t.Error("an unknown link is opened", rec.Code)
	}
	w.send("DELETE", connection, "")
	if rec := w.start(link, "ann"); rec.Code != 400 {
		t.Error("the connection is gone", rec.Code, rec.Body)
	}
}

func TestConsentLinksAreChecked(t *testing.T) {
	for _, c := range []struct{ settings, redirect, code string }{
		{goodSettings, "http://evil.example/", "InvalidConsentRedirect"},
		{goodSettings, "javascript:alert(1)", "InvalidConsentRedirect"},
		{goodSettings, "", "InvalidConsentRedirect"},
		{`{"customParameters":{"authorizationUrl":"https://x/a","tokenUrl":"https://x/t"}}`, "https://x/", "clientId"},
		{`{"clientId":"c"}`, "https://x/", "have no 'authorizationUrl'"},
		{`{"clientId":"c","customParameters":{"authorizationUrl":"/a","tokenUrl":"ftp://x"}}`, "https://x/", "InvalidOAuthSettings"},
	} {
		w, connection := consentWorld(t, c.settings)
		if _, answer := w.send("POST", connection+"/listConsentLinks", `{"parameters":{"parameterName":"token","redirectUrl":"`+c.redirect+`"}}`); !strings.Contains(answer, c.code) {
			t.Errorf("%s %s: %s", c.settings, c.redirect, answer)
		}
	}
	w, connection := consentWorld(t, `{"clientId":"c","identityProvider":"aad","customParameters":{"loginUri":{"value":"https://login.example"},"tenantId":{"value":"t"},"resourceUri":{"value":"https://api"}}}`)
	rec := w.start(w.link(connection, "https://x/"), "tester")
	if q := w.issuerPage(rec); q.Get("resource") != "https://api" || !strings.Contains(rec.Header().Get("Refresh"), "https://login.example/t/oauth2/authorize?") {
		t.Error(rec.Header())
	}
}
