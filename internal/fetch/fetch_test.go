package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"isle/internal/dataplane"
)

// pages is a server whose handlers stand by path.
func pages(t *testing.T, start func(http.Handler) *httptest.Server, handlers map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := handlers[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(s)) }
}

func to(uri string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, uri, http.StatusFound) }
}

func newFetcher(private bool, roots *x509.CertPool) *Fetcher {
	return New(Options{Network: dataplane.NewInproc(dataplane.Options{}), Private: private, RootCAs: roots, Timeout: time.Minute})
}

func TestFetch(t *testing.T) {
	var plain *httptest.Server
	plain = pages(t, httptest.NewServer, map[string]http.HandlerFunc{
		"/a":     func(w http.ResponseWriter, r *http.Request) { text("a"+r.URL.RawQuery+r.Header.Get("Referer"))(w, r) },
		"/moved": func(w http.ResponseWriter, r *http.Request) { to(plain.URL+"/a")(w, r) },
		"/loop":  to("/loop"), "/file": to("file:///etc/hosts"), "/big": text(strings.Repeat("x", 101)), "/full": text(strings.Repeat("x", 100)),
	})
	secure := pages(t, httptest.NewTLSServer, map[string]http.HandlerFunc{"/a": text("secure"), "/down": to(plain.URL + "/a")})
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	fetcher := newFetcher(true, roots)
	for _, tt := range []struct{ uri, want, reason string }{
		{plain.URL + "/a", "a", ""},
		{plain.URL + "/a?sig=s", "asig=s", ""},
		{plain.URL + "/moved?sig=s", "a", ""},
		{plain.URL + "/full", strings.Repeat("x", 100), ""},
		{secure.URL + "/a", "secure", ""},
		{secure.URL + "/down", "", "redirected from https to http"},
		{plain.URL + "/loop?sig=secret", "", "redirected more than"},
		{plain.URL + "/file", "", "only http and https"},
		{plain.URL + "/big", "", "more than 100 bytes"},
		{plain.URL + "/none", "", "status 404"},
		{"file:///etc/hosts", "", "only http and https"},
		{"/etc/hosts", "", "only http and https"},
		{"ftp://host/x", "", "only http and https"},
		{"http:///x", "", "names no host"},
		{"http://[::1", "", "not a URI"},
		{"https://169.254.169.254/metadata", "", "may not call it"},
		{"https://user:password@127.0.0.1:1/x?sig=secret", "", "could not be reached"},
	} {
		got, err := fetcher.Fetch(t.Context(), tt.uri, 100)
		var failed *Error
		switch {
		case tt.reason == "" && (err != nil || string(got) != tt.want):
			t.Errorf("%s: %q, %v", tt.uri, got, err)
		case tt.reason != "" && (!errors.As(err, &failed) || !strings.Contains(failed.Reason, tt.reason)):
			t.Errorf("%s: %v, want %s", tt.uri, err, tt.reason)
		case err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "password")):
			t.Errorf("%s: the error tells a secret: %v", tt.uri, err)
		}
	}
}

func TestWhoIsSlowIsNotWaitedFor(t *testing.T) {
	server := pages(t, httptest.NewServer, map[string]http.HandlerFunc{"/slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }})
	impatient := New(Options{Network: dataplane.NewInproc(dataplane.Options{}), Private: true, Timeout: 100 * time.Millisecond})
	if _, err := impatient.Fetch(t.Context(), server.URL+"/slow", 100); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Error(err)
	}
}

// names answers every name with one address.
type names struct{ netip.Addr }

func (n names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{n.Addr}, nil
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	server := pages(t, httptest.NewServer, map[string]http.HandlerFunc{"/a": text("inside")})
	for _, uri := range []string{server.URL + "/a", strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/a", "http://10.0.0.4/", "http://[fd00::1]/", "http://[::ffff:10.0.0.4]/",
		"http://[64:ff9b::a00:4]/", "http://100.64.0.1/", "http://0.0.0.0/"} {
		if _, err := newFetcher(false, nil).Fetch(t.Context(), uri, 100); err == nil || !strings.Contains(err.Error(), "no public address") {
			t.Errorf("%s: %v", uri, err)
		}
	}
	named := New(Options{Network: dataplane.NewInproc(dataplane.Options{Resolver: names{netip.MustParseAddr("10.1.2.3")}}), Timeout: time.Second})
	if _, err := named.Fetch(t.Context(), "https://inside.example/a", 100); err == nil || !strings.Contains(err.Error(), "no public address") {
		t.Errorf("a name for a private address: %v", err)
	}
}
