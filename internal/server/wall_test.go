package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"isle/internal/logic"
	"isle/internal/network"
	"isle/internal/store"
	"isle/netpol"
)

// emptyWall is a wall of a server without networks, which nobody brings to the kernel.
func emptyWall(t *testing.T) (*wall, *network.Snapshot) {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &wall{policies: network.NewPolicies(s, netpol.TagFile{}, nil), log: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1), looked: make(chan struct{})}
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
	w.placement = func(string) *logic.Placement { return now }
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
	w.placement = func(string) *logic.Placement { return now }
	w.placements = func() map[string]*logic.Placement { return map[string]*logic.Placement{"e": held} }
	w.stand(&standing{policy: policy, placements: w.placements(), at: time.Now()})
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

// TestAnEndpointInsideIsReadyWithTheServer: it answers nobody before runs are taken up,
// nor while the server stops.
func TestAnEndpointInsideIsReadyWithTheServer(t *testing.T) {
	s := &Server{}
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
}
