package portal

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
)

func packed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// built is a portal with a page, a script in three forms, and a picture as it is.
func built(t *testing.T) *Portal {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	p.files = fstest.MapFS{"index.html.gz": packed(t, "<the page>"), "index.html.br": {Data: []byte("brotli page")},
		"assets/a-1.js.gz": packed(t, "script"), "assets/a-1.js.br": {Data: []byte("brotli script")}, "assets/i.png": {Data: []byte("picture")}}
	if p.page, err = p.read("index.html"); err != nil {
		t.Fatal(err)
	}
	return p
}

func get(p *Portal, path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

func TestFilesAreServedInTheFormThatTheClientTakes(t *testing.T) {
	p := built(t)
	for _, tt := range []struct{ path, accept, coding, body, kind, cache string }{
		{"/portal/assets/a-1.js", "gzip, deflate, br", "br", "brotli script", "text/javascript; charset=utf-8", "immutable"},
		{"/portal/assets/a-1.js", "br;q=0, gzip", "gzip", "", "text/javascript; charset=utf-8", "immutable"},
		{"/portal/assets/a-1.js", "br; q=0.0", "", "script", "text/javascript; charset=utf-8", "immutable"},
		{"/portal/assets/a-1.js", "", "", "script", "text/javascript; charset=utf-8", "immutable"},
		{"/portal/assets/i.png", "br", "", "picture", "image/png", "immutable"},
		{"/portal/", "br", "br", "brotli page", "text/html; charset=utf-8", "no-cache"},
		{"/portal/workflows/new", "", "", "<the page>", "text/html; charset=utf-8", "no-cache"},
		{"/portal/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w", "", "", "<the page>", "text/html; charset=utf-8", "no-cache"},
	} {
		resp := get(p, tt.path, "Accept-Encoding", tt.accept)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != tt.coding || resp.Header.Get("Content-Type") != tt.kind || !strings.Contains(resp.Header.Get("Cache-Control"), tt.cache) {
			t.Errorf("%s with %q: %s %v", tt.path, tt.accept, resp.Status, resp.Header)
		}
		if tt.coding != "gzip" && string(body) != tt.body {
			t.Errorf("%s with %q: %q", tt.path, tt.accept, body)
		}
	}
}

func TestThePageLoadsFromItsOwnOriginOnly(t *testing.T) {
	p := built(t)
	for _, path := range []string{"/", "/portal/", "/portal/assets/a-1.js", "/portal/assets/missing.js"} {
		policy := get(p, path).Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %q: %s", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe-eval") {
			t.Errorf("%s: scripts may be made of text: %s", path, policy)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	p := built(t)
	if resp := get(p, "/"); resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != Root {
		t.Errorf("/ answers %s %v", resp.Status, resp.Header)
	}
	for _, path := range []string{"/portal/assets/old-2.js", "/portal/assets/", "/portal/assets/../index.html", "/portal/assets//a-1.js"} {
		if resp := get(p, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %s", path, resp.Status)
		}
	}
	first := get(p, "/portal/")
	if again := get(p, "/portal/", "If-None-Match", first.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("a page that did not change answers %s", again.Status)
	}
}

// A binary that was built without npm says so, at every path of the portal.
func TestThePlaceholder(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	placeholder, err := dist.ReadFile("dist/placeholder.html")
	if err != nil {
		t.Fatal(err)
	}
	p.files, p.page = nil, file{plain: placeholder, kind: htmlKind, tag: tagOf(placeholder)}
	for _, path := range []string{"/", "/portal", "/portal/environments"} {
		resp := get(p, path)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("make build")) {
			t.Errorf("%s answers %s %s", path, resp.Status, body)
		}
	}
}

// What a proxy on this machine brings is not from this machine, however it says so.
func TestProxiedRequestsAreNotLocal(t *testing.T) {
	here := netip.MustParseAddr("127.0.0.1")
	for _, name := range []string{"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if !Local(r, here) || Local(r, netip.MustParseAddr("192.0.2.1")) {
			t.Error("local is what comes from a loopback address")
		}
		if r.Header.Set(name, "x"); Local(r, here) {
			t.Errorf("with %s it is local", name)
		}
	}
}
