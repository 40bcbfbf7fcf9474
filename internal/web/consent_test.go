package web_test

import (
	"encoding/json"
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

// back plays the issuer that sends the browser back, and gives where it goes on to.
func (w *world) back(q url.Values) (int, *url.URL) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.service.ServeConsent(rec, httptest.NewRequest("GET", "https://server"+web.ConsentPath+"?"+q.Encode(), nil))
	to, err := url.Parse(rec.Header().Get("Location"))
	must(w.t, err)
	return rec.Code, to
}

func (w *world) state(connection, redirect string) string {
	w.t.Helper()
	_, answer := w.send("POST", connection+"/listConsentLinks", `{"parameters":[{"parameterName":"TOKEN","redirectUrl":"`+redirect+`"}]}`)
	var list struct{ Value []struct{ Link string } }
	if must(w.t, json.Unmarshal([]byte(answer), &list)); len(list.Value) != 1 {
		w.t.Fatal(answer)
	}
	link, err := url.Parse(list.Value[0].Link)
	must(w.t, err)
	return link.Query().Get("state")
}

// A code is good once, for who asked for the link, and for the connection it was asked for.
func TestConsentCodesAreOfWhoAsked(t *testing.T) {
	w, connection := consentWorld(t, goodSettings)
	if status, _ := w.back(url.Values{"state": {"x"}, "code": {"y"}}); status != 400 {
		t.Error("an unknown state is taken", status)
	}
	state := w.state(connection, "https://portal.example/back")
	status, to := w.back(url.Values{"state": {state}, "code": {"issuers"}})
	if status != 302 || to.Host != "portal.example" || to.Query().Get("code") == "" || strings.Contains(to.String(), "issuers") {
		t.Fatal(status, to)
	}
	if status, _ := w.back(url.Values{"state": {state}, "code": {"issuers"}}); status != 400 {
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
	_, to = w.back(url.Values{"state": {w.state(connection, "http://localhost:7/")}, "error": {"access_denied"}, "error_description": {"no\nthanks"}})
	if to.Query().Get("error") != "access_denied" || to.Query().Get("error_description") != "no thanks" || to.Query().Has("code") {
		t.Error(to)
	}
	_, to = w.back(url.Values{"state": {w.state(connection, "https://x/")}, "code": {strings.Repeat("c", 9<<10)}})
	if to.Query().Get("error") != "invalid_request" || to.Query().Has("code") {
		t.Error("a code of any length is kept", to)
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
		{`{"clientId":"c","identityProvider":"aad","customParameters":{"loginUri":{"value":"https://login.example"},"tenantId":{"value":"t"},"resourceUri":{"value":"https://api"}}}`, "https://x/", "https://login.example/t/oauth2/authorize?"},
	} {
		w, connection := consentWorld(t, c.settings)
		if _, answer := w.send("POST", connection+"/listConsentLinks", `{"parameters":{"parameterName":"token","redirectUrl":"`+c.redirect+`"}}`); !strings.Contains(answer, c.code) {
			t.Errorf("%s %s: %s", c.settings, c.redirect, answer)
		}
	}
}
