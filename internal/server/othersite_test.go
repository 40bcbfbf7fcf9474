package server

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// ofPage is a request that a browser makes over TLS for a page: of another site, or this one.
func (s *Server) ofPage(method, path, site, origin, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://"+s.Operator().Address+path, strings.NewReader(body))
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, v := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin} {
		if v != "" {
			r.Header.Set(name, v)
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// A page of another site asks for no token, not even in vain, and reads nothing.
func TestPagesOfOtherSites(t *testing.T) {
	s := start(t, t.TempDir())
	o := s.Operator()
	own, other := "https://"+o.Address, "https://other.example"
	grant := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}, "scope": {o.Endpoint + "/.default"}}.Encode()
	guess := url.Values{"grant_type": {"password"}, "client_id": {"04b07795-8ddb-461a-bbee-02f9e1bf7b46"}, "username": {"operator"}, "password": {"guess"}, "scope": {"openid"}}.Encode()
	tenant := "/" + o.TenantID + "/oauth2/v2.0/"
	for _, tt := range []struct {
		method, path, site, origin, body string
		status                           int
	}{
		{"POST", tenant + "token", "", "", grant, 200}, // a program
		{"POST", tenant + "token", "same-origin", own, grant, 200},
		{"POST", tenant + "token", "none", "", grant, 200},
		{"POST", tenant + "token", "cross-site", other, grant, 403},
		{"POST", tenant + "token", "same-site", "https://localhost:1", grant, 403},
		{"POST", tenant + "token", "", other, grant, 403}, // of an old browser
		{"POST", "/common/oauth2/token", "cross-site", "null", guess, 403},
		{"POST", "/adfs/oauth2/token", "cross-site", other, guess, 403},
		{"POST", tenant + "devicecode", "cross-site", other, "client_id=x", 403},
		{"POST", tenant + "revoke", "cross-site", other, "client_id=x&token=y", 403},
		{"POST", "/device", "cross-site", other, "code=x", 403},
		{"GET", tenant + "token?" + grant, "cross-site", "", "", 405},
		{"GET", tenant + "revoke?client_id=x&token=y", "cross-site", "", "", 405},
		{"POST", "/consent/start?link=x", "cross-site", other, "username=x&password=y", 400}, // no such link
		{"POST", "/consent/redirect?state=x&code=y", "cross-site", other, "", 401},
		{"POST", "/subscriptions/" + o.SubscriptionID + "/resourceGroups/g?api-version=2021-04-01", "cross-site", other, "{}", 401},
		{"DELETE", "/subscriptions/" + o.SubscriptionID + "/resourceGroups/g?api-version=2021-04-01", "cross-site", other, "", 401},
		{"POST", "/v1.0/users", "cross-site", other, "{}", 401},
		{"POST", "/backup", "cross-site", other, "", 401},
		{"POST", "/restore", "cross-site", other, "", 401},
		{"GET", "/msi/token?resource=x", "cross-site", "", "", 401},
	} {
		w := s.ofPage(tt.method, tt.path, tt.site, tt.origin, tt.body)
		if w.Code != tt.status {
			t.Errorf("%s %s of %q %q: %d %s, want %d", tt.method, tt.path, tt.site, tt.origin, w.Code, w.Body, tt.status)
		}
	}
}

// No answer lets a page of another origin read it or send headers of its own, and each cookie
// is kept from what other sites begin.
func TestNoOriginIsLetIn(t *testing.T) {
	s := start(t, t.TempDir())
	o := s.Operator()
	authorize := "/common/oauth2/v2.0/authorize?" + url.Values{"client_id": {"04b07795-8ddb-461a-bbee-02f9e1bf7b46"}, "response_type": {"code"}, "redirect_uri": {"http://localhost:1"}, "code_challenge": {strings.Repeat("x", 43)}, "code_challenge_method": {"S256"}}.Encode()
	cookies := 0
	for _, path := range []string{"/", "/portal/", "/healthz", "/metrics", "/device", authorize, "/common/oauth2/v2.0/token", "/common/v2.0/.well-known/openid-configuration", "/common/discovery/v2.0/keys",
		"/consent/start?link=x", "/consent/redirect?state=x", "/msi/token", "/v1.0/users", "/subscriptions?api-version=2022-12-01", "/metadata/endpoints?api-version=2022-09-01",
		"/subscriptions/" + o.SubscriptionID + "/resourceGroups?api-version=2021-04-01", "/workflows/x/triggers/manual/paths/invoke?sig=x", "/integrationAccounts/x"} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			w := s.ofPage(method, path, "cross-site", "https://other.example", "")
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-Allow") {
					t.Errorf("%s %s: %s: %s", method, path, name, w.Header().Get(name))
				}
			}
			for _, c := range w.Result().Cookies() {
				cookies++
				if c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || !c.HttpOnly || !c.Secure {
					t.Errorf("%s %s: %s", method, path, c)
				}
			}
		}
	}
	if cookies == 0 {
		t.Error("no page has set a cookie")
	}
}
