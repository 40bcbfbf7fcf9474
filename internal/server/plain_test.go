package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plainly asks a server over plain http, and follows nothing.
func askPlainly(t *testing.T, s *Server, method, path string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Operator().Address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// plainToken gets the operator's token as the portal does, without TLS.
func plainToken(t *testing.T, s *Server) string {
	t.Helper()
	o := s.Operator()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}, "scope": {o.Endpoint + "/.default"}}
	resp, err := http.PostForm("http://"+o.Address+"/"+o.TenantID+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return answer.Token
}

func TestPlainHTTPIsForThePortalOnThisMachine(t *testing.T) {
	s := start(t, t.TempDir())
	bearer := "Bearer " + plainToken(t, s)
	for _, tt := range []struct {
		method, path string
		header       []string
		status       int
	}{
		{"GET", "/", nil, http.StatusOK}, // a redirect where the portal was built
		{"GET", "/portal/environments", nil, http.StatusOK},
		{"GET", "/healthz", nil, http.StatusOK},
		{"GET", "/subscriptions?api-version=2022-12-01", []string{"Authorization", bearer}, http.StatusOK},
		{"GET", "/common/v2.0/.well-known/openid-configuration", nil, http.StatusOK},
		{"GET", "/subscriptions?api-version=2022-12-01", nil, http.StatusForbidden},
		{"GET", "/metrics", nil, http.StatusForbidden},
		{"POST", "/backup", []string{"Authorization", bearer}, http.StatusForbidden},
		{"POST", "/workflows/0/triggers/manual/paths/invoke", nil, http.StatusForbidden},
		{"POST", "/common/oauth2/v2.0/token", nil, http.StatusBadRequest},
		{"POST", "/common/oauth2/v2.0/token", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, http.StatusBadRequest},
		{"POST", "/common/oauth2/v2.0/token", []string{"Origin", "http://" + s.Operator().Address}, http.StatusBadRequest},
		{"POST", "/common/oauth2/v2.0/token", []string{"Sec-Fetch-Site", "same-site", "Origin", "null"}, http.StatusForbidden},
		{"POST", "/common/oauth2/v2.0/token", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"POST", "/common/oauth2/v2.0/token", []string{"Origin", "https://isle.example"}, http.StatusForbidden},
		{"GET", "/portal/", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusOK}, // a link leads there
		{"GET", "/consent/start?link=x", nil, http.StatusBadRequest},                 // no such link: it is answered
		{"POST", "/consent/start?link=x", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"GET", "/consent/redirect?state=x", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusBadRequest},
		{"POST", "/consent/redirect?state=x", nil, http.StatusForbidden},
		{"GET", "/portal/", []string{"Host", "isle.example"}, http.StatusForbidden},
		{"GET", "/portal/", []string{"Host", "localhost.example"}, http.StatusForbidden},
		{"GET", "/portal/", []string{"X-Forwarded-For", "203.0.113.7"}, http.StatusForbidden},
		{"GET", "/subscriptions?api-version=2022-12-01", []string{"Authorization", bearer, "Host", "isle.example"}, http.StatusForbidden},
	} {
		resp := askPlainly(t, s, tt.method, tt.path, tt.header...)
		if resp.StatusCode == http.StatusFound && tt.path == "/" {
			continue
		}
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s %v: %s, want %d", tt.method, tt.path, tt.header, resp.Status, tt.status)
		}
		if resp.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s binds the browser to https", tt.method, tt.path)
		}
	}
}

// When the machine trusts the authority there is no need of plain http any more.
func TestPlainHTTPEndsWithTrust(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	bearer := "Bearer " + plainToken(t, s)
	if err := os.WriteFile(filepath.Join(data, TrustFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	resp := askPlainly(t, s, http.MethodGet, "/portal/environments?a=b")
	if want := "https://" + s.Operator().Address + "/portal/environments?a=b"; resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != want {
		t.Errorf("%s to %q, want %s", resp.Status, resp.Header.Get("Location"), want)
	}
	if resp := askPlainly(t, s, http.MethodPut, "/subscriptions/x", "Authorization", bearer); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a change is answered with %s", resp.Status)
	}
}

// TLS is told by its first byte, however slowly the rest comes.
func TestTLSThatBeginsSlowly(t *testing.T) {
	s := start(t, t.TempDir())
	ca, err := os.ReadFile(s.Operator().CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	conn, err := net.Dial("tcp", s.Operator().Address)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(byByte{conn}, &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	defer c.Close()
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("%v %s", err, answer)
	}
}

// byByte writes each byte alone.
type byByte struct{ net.Conn }

func (c byByte) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}
