package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"isle/internal/kernel"
	"isle/internal/logic"
	"isle/internal/metrics"
	"isle/internal/network"
	"isle/internal/store"
	"isle/netpol"
	"isle/netpol/layout"
)

// emptyWall is a wall of a server without networks, which nobody brings to the kernel.
func emptyWall(t *testing.T) (*wall, *network.Snapshot) {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	k, err := kernel.Open(kernel.Options{Tag: "nobody"})
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	w := &wall{kernel: k, policies: network.NewPolicies(s, netpol.TagFile{}, nil), log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1), looked: make(chan struct{})}
	policy, err := w.policies.Current()
	if err != nil {
		t.Fatal(err)
	}
	return w, policy
}

// TestADialWaitsForWhereTheEnvironmentIsNow: it changes twice, and the kernel never holds
// what was between.
func TestADialWaitsForWhereTheEnvironmentIsNow(t *testing.T) {
	w, policy := emptyWall(t)
	between, last := new(logic.Placement), new(logic.Placement{Internal: true})
	now := between
	w.placement = func(string) (*logic.Placement, error) { return now, nil }
	w.stand(&standing{policy: policy, placements: map[string]*logic.Placement{"e": new(logic.Placement)}})
	go func() {
		<-w.wake
		now = last
		w.stand(&standing{policy: policy, placements: map[string]*logic.Placement{"e": last}})
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if st, err := w.settled(ctx, "e"); err != nil || st.placements["e"] != last {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestADialIsWokenWhereNothingIsToBeDone: what it saw was read while something else
// changed, and the kernel has what it is now.
func TestADialIsWokenWhereNothingIsToBeDone(t *testing.T) {
	w, policy := emptyWall(t)
	held := new(logic.Placement)
	now := new(logic.Placement)
	w.placement = func(string) (*logic.Placement, error) { return now, nil }
	w.placements = func() (map[string]*logic.Placement, error) { return map[string]*logic.Placement{"e": held}, nil }
	w.stand(&standing{policy: policy, placements: map[string]*logic.Placement{"e": held}, at: time.Now()})
	go func() {
		<-w.wake
		now = held
		w.step(t.Context())
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := w.settled(ctx, "e"); err != nil {
		t.Error(err)
	}
}

// TestAnswersTellWhatIsInForce: a change of networks, and the end of a deployment that made
// some, are told when the kernel holds them; what reads networks waits for nothing.
func TestAnswersTellWhatIsInForce(t *testing.T) {
	const group = "https://localhost/subscriptions/s/resourceGroups/g"
	for _, c := range []struct {
		method, path string
		waits        bool
	}{
		{http.MethodPut, "/providers/Microsoft.Network/networkSecurityGroups/n", true},
		{http.MethodGet, "/providers/Microsoft.Network/networkSecurityGroups/n", false},
		{http.MethodGet, "/providers/Microsoft.Resources/deployments/d", true},
		{http.MethodGet, "/providers/microsoft.resources/Deployments/d/operationStatuses/o", true},
		{http.MethodGet, "/providers/Microsoft.Logic/workflows/w", false},
		{http.MethodPut, "/providers/Microsoft.Logic/workflows/w", false},
		{http.MethodDelete, "", true},
		{http.MethodGet, "", false},
		{http.MethodGet, "/operationResults/o", true},
		{http.MethodPost, "/moveResources", true},
	} {
		w, policy := emptyWall(t)
		s := &Server{wall: w}
		wrote := make(chan int, 1)
		go func() {
			answer := httptest.NewRecorder()
			s.inForce(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) { a.WriteHeader(http.StatusOK) })).
				ServeHTTP(answer, httptest.NewRequest(c.method, group+c.path, http.NoBody).WithContext(t.Context()))
			wrote <- answer.Code
		}()
		if c.waits {
			<-w.wake // it asks for what is stored
			if len(wrote) > 0 {
				t.Errorf("%s %s does not wait", c.method, c.path)
			}
			w.stand(&standing{policy: policy})
		}
		if code := <-wrote; code != http.StatusOK {
			t.Errorf("%s %s: %d", c.method, c.path, code)
		}
	}
}

// TestWhereAnEnvironmentIsMustBeRead: an environment whose place cannot be read is no
// environment that has gone. The kernel goes on to hold it, and a dial has the reason.
func TestWhereAnEnvironmentIsMustBeRead(t *testing.T) {
	w, policy := emptyWall(t)
	unread := errors.New("the disk is gone")
	w.placements = func() (map[string]*logic.Placement, error) { return nil, unread }
	w.placement = func(string) (*logic.Placement, error) { return nil, unread }
	held := map[string]*logic.Placement{"e": new(logic.Placement)}
	w.stand(&standing{policy: policy, placements: held})
	w.step(t.Context())
	if st := w.now.Load(); st.placements["e"] != held["e"] || !errors.Is(st.err, unread) {
		t.Errorf("the wall has %+v", st)
	}
	if _, err := w.Held(t.Context(), "e"); !errors.Is(err, unread) {
		t.Errorf("a dial is told %v", err)
	}
}

// TestAnEndpointInsideIsReadyWithTheServer: it answers nobody before runs are taken up,
// nor while the server stops.
func TestAnEndpointInsideIsReadyWithTheServer(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler), metrics: metrics.New("test")}
	at := netip.MustParseAddr("10.0.0.4")
	r := httptest.NewRequest(http.MethodPost, "https://10.0.0.4/workflows/w/triggers/manual/paths/invoke", http.NoBody)
	answer := httptest.NewRecorder()
	s.inNetwork(at).ServeHTTP(answer, r)
	if answer.Code != http.StatusServiceUnavailable {
		t.Errorf("it answers %d while the server starts", answer.Code)
	}
	s.recovered.Store(true)
	s.stopping.Store(true)
	answer = httptest.NewRecorder()
	s.inNetwork(at).ServeHTTP(answer, r)
	if answer.Code != http.StatusServiceUnavailable {
		t.Errorf("it answers %d while the server stops", answer.Code)
	}
	counted := httptest.NewRecorder()
	s.metrics.Handler().ServeHTTP(counted, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if !regexp.MustCompile(`(?m)^isle_http_requests_total\{[^}]*code="503"[^}]*\} 2$`).MatchString(counted.Body.String()) {
		t.Errorf("its calls are not counted: %s", counted.Body)
	}
}

// TestWhatIsWrongWithOneNetworkKeepsNoOtherWaiting, however deep it lies.
func TestWhatIsWrongWithOneNetworkKeepsNoOtherWaiting(t *testing.T) {
	bad := &layout.NetworkError{Network: "/vnet/Bad", Err: errors.New("no filter")}
	everybody := errors.New("no nft")
	for _, c := range []struct {
		err     error
		network string
		want    string
	}{
		{nil, "/vnet/good", ""},
		{bad, "/vnet/good", ""},
		{bad, "/VNET/bad", "no filter"},
		{errors.Join(nil, fmt.Errorf("kernel: %w", errors.Join(bad))), "/vnet/good", ""},
		{errors.Join(nil, fmt.Errorf("kernel: %w", errors.Join(bad))), "/vnet/bad", "no filter"},
		{fmt.Errorf("kernel: %w", errors.Join(bad, everybody)), "/vnet/good", "no nft"},
		{fmt.Errorf("kernel: %w", everybody), "/vnet/good", "kernel: no nft"},
	} {
		switch got := concerning(c.err, c.network); {
		case c.want == "" && got != nil:
			t.Errorf("%v keeps %s waiting: %v", c.err, c.network, got)
		case c.want != "" && (got == nil || !strings.Contains(got.Error(), c.want)):
			t.Errorf("%v for %s: %v", c.err, c.network, got)
		}
	}
}

// TestWhoWaitsInVainKeepsNobodyBusy: the wall is asked once, and looks by itself after.
func TestWhoWaitsInVainKeepsNobodyBusy(t *testing.T) {
	w, policy := emptyWall(t)
	w.placement = func(string) (*logic.Placement, error) { return new(logic.Placement), nil }
	w.stand(&standing{policy: policy})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := w.settled(ctx, "e")
		ended <- err
	}()
	<-w.wake
	for range 3 {
		w.tell()
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || len(w.wake) > 0 {
		t.Errorf("%v; asked again: %v", err, len(w.wake) > 0)
	}
}
