package portal

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

type fixed Overview

func (f fixed) Overview(context.Context) (Overview, error) { return Overview(f), nil }

// socket is a caller known by the socket's address.
func socket(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr()
}

func get(t *testing.T, remote string, forwarded ...string) *httptest.ResponseRecorder {
	t.Helper()
	start := time.Date(2026, 3, 5, 14, 7, 9, 0, time.UTC)
	page := New(fixed{
		Environments: []Environment{{Name: "isle<1>", Group: "g", SKU: "Developer", State: "Succeeded", Network: "Unhealthy",
			Lacking: []Access{{Subnet: "s<2>", Row: "O8", Purpose: "Azure SQL", State: "blocked-by-rule", Rule: "/x/securityRules/no<sql>"}}}},
		Workflows: []Workflow{{Name: "order", Environment: "isle<1>", State: "Enabled"}},
		Runs:      []Run{{Name: "0858CU00", Workflow: "order", Status: "Succeeded", Start: start, End: start.Add(12 * time.Millisecond)}},
	}, socket, slog.New(slog.DiscardHandler))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = remote
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	return w
}

func TestThePageShowsEnvironmentsWorkflowsAndRuns(t *testing.T) {
	body := get(t, "127.0.0.1:4711").Body.String()
	for _, want := range []string{"isle&lt;1&gt;", "order", "0858CU00", "12ms", "Succeeded", "Unhealthy", "s&lt;2&gt;", "O8", "/x/securityRules/no&lt;sql&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
}

func TestTheOverviewIsShownOnTheMachineOnly(t *testing.T) {
	for _, remote := range []string{"10.0.0.7:4711", "[2001:db8::1]:443", "nonsense"} {
		if body := get(t, remote).Body.String(); strings.Contains(body, "0858CU00") {
			t.Errorf("a caller at %s sees the overview", remote)
		}
	}
	if body := get(t, "127.0.0.1:80", "203.0.113.7").Body.String(); strings.Contains(body, "0858CU00") {
		t.Error("a caller whom a proxy on the machine brings sees the overview")
	}
	if body := get(t, "[::1]:80").Body.String(); !strings.Contains(body, "0858CU00") {
		t.Error("a caller at [::1] does not see the overview")
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
