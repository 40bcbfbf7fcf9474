package arm_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"isle/internal/arm"
)

func send(w http.Handler, method, path string, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

const (
	groupPath = "/subscriptions/" + subscription + "/resourceGroups/g"
	version   = "?api-version=2024-01-01"
)

// Security: bounds before parsing: management bodies 4 MB.
func TestManagementBodiesAreBounded(t *testing.T) {
	w := newWorld(t, virtual)
	for name, length := range map[string]int64{"declared": 0, "chunked": -1} {
		r := httptest.NewRequest(http.MethodPut, base+groupPath+version, bytes.NewReader(make([]byte, 4<<20+1)))
		r.Header.Set("Authorization", "Bearer good")
		if length < 0 {
			r.ContentLength = -1
		}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "RequestEntityTooLarge") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

// Security: bounds before parsing: JSON depth.
func TestJSONDepthIsBounded(t *testing.T) {
	w := newWorld(t, virtual)
	rec := send(w, http.MethodPut, groupPath+version, `{"location":"westus","x":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`)
	if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "InvalidRequestContent") {
		t.Errorf("%d %.200s", rec.Code, rec.Body)
	}
}

// Security: absolute URLs are made from --public-url or an allowed Host; another Host
// gets 421.
func TestAnotherHostIsMisdirected(t *testing.T) {
	w := newWorld(t, virtual)
	for host, want := range map[string]int{"isle.test:7443": 200, "localhost:1": 200, "127.0.0.1": 200, "[::1]:7443": 200, "isle.test": 421, "evil.example": 421, "": 421} {
		r := httptest.NewRequest(http.MethodGet, base+"/metadata/endpoints?api-version=2022-09-01", nil)
		r.Host = host
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("host %q: %d, want %d", host, rec.Code, want)
		}
		if strings.Contains(rec.Body.String(), "https://evil.example") {
			t.Error("a URL was made from a Host that is not allowed")
		}
	}
}

// Security: secrets never reach logs; a panic shows an id and no detail.
func TestPanicsShowNoDetail(t *testing.T) {
	w := newWorld(t, virtual)
	var log bytes.Buffer
	m, err := arm.New(arm.Config{Store: w.store, Types: shopTypes(), Authenticator: w, Tenant: tenant, Subscriptions: []arm.Subscription{{ID: subscription}}, PublicURL: base,
		Clock: virtual(w), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	send(m, http.MethodPut, groupPath+version, `{"location":"westus"}`)
	shop := groupPath + "/providers/Test.Shop/shops/s"
	if rec := send(m, http.MethodPut, shop+version, `{"location":"westus","properties":{"size":1}}`); rec.Code != 201 {
		t.Fatal(rec.Body)
	}
	rec := send(m, http.MethodGet, shop+"/panic"+version, "")
	id := rec.Header().Get("x-ms-request-id")
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "secret detail") || !strings.Contains(rec.Body.String(), id) || !strings.Contains(log.String(), id) {
		t.Errorf("%d %s\nlog %s", rec.Code, rec.Body, &log)
	}
	if strings.Contains(log.String(), "Bearer") {
		t.Error("the log shows a token")
	}
}

// A caller who goes away is no fault of the server's, and not logged as one.
func TestCallersWhoLeaveAreNoFault(t *testing.T) {
	w := newWorld(t, virtual)
	var log bytes.Buffer
	m, err := arm.New(arm.Config{Store: w.store, Types: shopTypes(), Authenticator: w, Tenant: tenant, Subscriptions: []arm.Subscription{{ID: subscription}}, PublicURL: base,
		Clock: virtual(w), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, base+groupPath+version, nil)
	r.Header.Set("Authorization", "Bearer good")
	rec := httptest.NewRecorder()
	m.ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable || log.Len() > 0 {
		t.Errorf("%d %s\nlog %s", rec.Code, rec.Body, &log)
	}
}

// Security: names become keys, never paths.
func TestNamesNeverBecomePaths(t *testing.T) {
	w := newWorld(t, virtual)
	for _, path := range []string{"/../etc", "/%2e%2e/x", "/a%2f..%2fb", "/a%00b", "/a//b"} {
		if rec := send(w, http.MethodPut, groupPath+path+version, `{"location":"westus"}`); rec.Code != 404 && rec.Code != 400 {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

func TestStandardHeaders(t *testing.T) {
	w := newWorld(t, virtual)
	const id = "0a0b0c0d-0000-4000-8000-000000000001"
	rec := send(w, http.MethodGet, "/subscriptions"+version, "", "x-ms-correlation-request-id", id, "x-ms-client-request-id", "mine", "x-ms-return-client-request-id", "true")
	for name, want := range map[string]string{"Cache-Control": "no-cache", "Content-Type": "application/json; charset=utf-8", "x-ms-correlation-request-id": id,
		"x-ms-client-request-id": "mine", "X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000; includeSubDomains"} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if rec.Header().Get("x-ms-request-id") == "" || rec.Header().Get("x-ms-request-id") == id {
		t.Error("no request id of its own")
	}
}

// A browser that is told to use https with localhost does so on all of its ports.
func TestStrictTransportIsNotForLocalHosts(t *testing.T) {
	w := newWorld(t, virtual)
	m, err := arm.New(arm.Config{Store: w.store, Types: shopTypes(), Authenticator: w, Tenant: tenant, Subscriptions: []arm.Subscription{{ID: subscription}},
		AllowHost: func(host string) bool { return host != "evil.localhost" }, Clock: virtual(w)})
	if err != nil {
		t.Fatal(err)
	}
	for host, sent := range map[string]bool{
		"isle.test": true, "isle.test:7443": true, "localhost.example": true, "notlocalhost": true, "127.0.0.1.example": true,
		"localhost": false, "LOCALHOST:7443": false, "localhost.": false, "isle.localhost:7443": false, "evil.localhost": false,
		"127.0.0.1": false, "127.0.0.2:7443": false, "10.0.0.1:7443": false, "[::1]": false, "[::1]:7443": false, "[2001:db8::1]:7443": false, "[fe80::1%25eth0]:1": false,
	} {
		r := httptest.NewRequest(http.MethodGet, base+"/subscriptions"+version, nil)
		r.Host = host
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, r)
		if got := rec.Header().Get("Strict-Transport-Security"); (got != "") != sent {
			t.Errorf("host %q: %q", host, got)
		}
	}
}
