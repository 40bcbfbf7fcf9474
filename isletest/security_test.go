package isletest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"isle/internal/server"
	"isle/isletest"
)

func address(t *testing.T, s *isletest.Server) string {
	t.Helper()
	u, err := url.Parse(s.Endpoint)
	must(t, err)
	return net.JoinHostPort("127.0.0.1", u.Port())
}

func roots(t *testing.T, s *isletest.Server) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func TestTLSIsNewAndItsCertificateShortLived(t *testing.T) {
	s := isletest.Start(t)
	config := &tls.Config{RootCAs: roots(t, s), ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // must be refused
	if c, err := tls.Dial("tcp", address(t, s), config); err == nil {
		c.Close()
		t.Error("TLS 1.1 was accepted")
	}
	c, err := tls.Dial("tcp", address(t, s), &tls.Config{RootCAs: roots(t, s), ServerName: "localhost"})
	must(t, err)
	defer c.Close()
	leaf := c.ConnectionState().PeerCertificates[0]
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*24*time.Hour {
		t.Errorf("the certificate lives %v", life)
	}
}

func TestTokensAreChecked(t *testing.T) {
	s := isletest.Start(t)
	token := s.Token()
	head, rest, _ := strings.Cut(token, ".")
	body, _, _ := strings.Cut(rest, ".")
	for name, bearer := range map[string]string{
		"none": "", "no token": "x", "another signature": head + "." + body + "." + strings.Repeat("A", 342),
		"no algorithm": "eyJhbGciOiJub25lIn0." + body + ".",
	} {
		req, err := http.NewRequest(http.MethodGet, s.Endpoint+"/subscriptions?api-version=2020-01-01", nil)
		must(t, err)
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, err := s.HTTP().Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

func TestAnotherHostIsMisdirected(t *testing.T) {
	s := isletest.Start(t)
	for _, path := range []string{"/", "/subscriptions", "/workflows/x/triggers/y/paths/invoke", "/" + s.TenantID + "/oauth2/v2.0/token"} {
		req, err := http.NewRequest(http.MethodGet, s.Endpoint+path, nil)
		must(t, err)
		req.Host = "isle.example.com"
		resp, err := s.HTTP().Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestBothKeysSignAndARenewedOneDoesNot(t *testing.T) {
	s := isletest.Start(t)
	id, primary := put(t, s, s.Group("keys"), "w", workflowBody(`{"A":{"type":"Compose","inputs":1}}`))
	secondary := s.Do(http.MethodPost, id+"/triggers/manual/listCallbackUrl", `{"keyType":"Secondary"}`).Text("value")
	if secondary == primary || s.Call(primary, `{}`).Status != http.StatusAccepted || s.Call(secondary, `{}`).Status != http.StatusAccepted {
		t.Errorf("both keys must sign: %s %s", primary, secondary)
	}
	if a := s.Do(http.MethodPost, id+"/regenerateAccessKey", `{"keyType":"Primary"}`); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := s.Call(primary, `{}`); a.Status != http.StatusUnauthorized {
		t.Errorf("the old key: %d", a.Status)
	}
	if a := s.Call(secondary, `{}`); a.Status != http.StatusAccepted {
		t.Errorf("the other key: %d", a.Status)
	}
}

// TestOutboundCallsNeverReachWhatIsForbidden calls Isle's own management and token
// endpoints and link-local addresses, directly and through a redirect.
func TestOutboundCallsNeverReachWhatIsForbidden(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("out")
	_, port, _ := net.SplitHostPort(address(t, s))
	redirect := stub(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	management := "https://localhost:" + port + "/metadata/endpoints?api-version=2020-01-01"
	token := "https://127.0.0.1:" + port + "/" + s.TenantID + "/v2.0/.well-known/openid-configuration"
	for i, target := range []string{
		management, token, "https://[::1]:" + port + "/healthz", "http://169.254.169.254/metadata/instance", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
		redirect + "?to=" + url.QueryEscape("http://169.254.169.254/"), redirect + "?to=" + url.QueryEscape(management),
	} {
		_, u := put(t, s, group, fmt.Sprint("w", i), workflowBody(`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+target+`","retryPolicy":{"type":"none"}}},
			"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"status":"@actions('Call')?['status']","outputs":"@outputs('Call')"}},"runAfter":{"Call":["Succeeded","Failed","TimedOut"]}}}`))
		a := s.Call(u, `{}`)
		if a.Status != http.StatusOK || a.Text("status") == "Succeeded" || strings.Contains(string(a.Body), "issuer") || strings.Contains(string(a.Body), "authentication\"") {
			t.Errorf("%s: %d %s", target, a.Status, a.Body)
		}
	}
}

func TestHeadersAndDepthAreBounded(t *testing.T) {
	s := isletest.Start(t)
	conn, err := tls.Dial("tcp", address(t, s), &tls.Config{RootCAs: roots(t, s), ServerName: "localhost", NextProtos: []string{"http/1.1"}})
	must(t, err)
	defer conn.Close()
	go fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Filler: %s\r\n\r\n", strings.Repeat("x", 1<<20))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers of 1 MB: %d", resp.StatusCode)
	}
	id, callbackURL := put(t, s, s.Group("deep"), "w", workflowBody(`{"A":{"type":"Compose","inputs":"@triggerBody()"}}`))
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	if a := s.Do(http.MethodPut, id, `{"location":"local","tags":`+deep+`}`); a.Status != http.StatusBadRequest {
		t.Errorf("a deep management body: %d %.200s", a.Status, a.Body)
	}
	if a := s.Call(callbackURL, deep); a.Status >= 500 {
		t.Errorf("a deep body of a caller: %d %.200s", a.Status, a.Body)
	}
}

func TestNamesNeverBecomePaths(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("names")
	for _, name := range []string{"..%2f..", "..%5c..", "..", "CON", "a%00b", strings.Repeat("n", 300), "%C3%A9t%C3%A9", "%F0%9F%98%80"} {
		id := group + "/providers/Microsoft.Logic/workflows/" + name
		a := s.Do(http.MethodPut, id, workflowBody(`{"A":{"type":"Compose","inputs":1}}`))
		if a.Status >= 500 || a.Status >= 300 && a.Status < 400 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if a.Status == http.StatusCreated && s.Do(http.MethodGet, id, nil).Status != http.StatusOK {
			t.Errorf("%s was created and is not found", name)
		}
	}
	must(t, filepath.WalkDir(s.Data(), func(path string, _ fs.DirEntry, err error) error {
		if base := filepath.Base(path); base == "CON" || strings.Contains(base, "nnn") {
			t.Errorf("a name became the path %s", path)
		}
		return err
	}))
}

func TestTheDataFolderIsTheOwners(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: no file modes on Windows")
	}
	data := filepath.Join(t.TempDir(), "data")
	s := isletest.Start(t, isletest.WithData(data))
	_, url := deployOrder(t, s)
	s.Call(url, `{"id":"A","qty":1,"price":1}`)
	must(t, filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 && filepath.Base(path) != "ca.pem" {
			t.Errorf("%s may be read by others: %v", path, info.Mode())
		}
		return err
	}))
}

func TestASecondServerOnTheFolderIsRefused(t *testing.T) {
	s := isletest.Start(t)
	second, err := server.Start(context.Background(), server.Config{Data: s.Data(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		second.Close(context.Background())
	}
	if !errors.Is(err, server.ErrRunning) || !strings.Contains(err.Error(), s.Data()) {
		t.Errorf("%v", err)
	}
	if a := s.Do(http.MethodGet, "/subscriptions", nil); a.Status != http.StatusOK {
		t.Errorf("the first one after that: %d", a.Status)
	}
}
