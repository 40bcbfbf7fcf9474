package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"isle/internal/store"
)

const (
	// healthWait is how long a database may take to show that it can be written.
	healthWait = 2 * time.Second
	// healthLooks bounds how many databases are looked at for one answer, the control
	// database first.
	healthLooks = 32
)

// healthAnswer is what /healthz and /readyz say.
type healthAnswer struct {
	Status  string         `json:"status"` // "ok", "unavailable"
	Reasons []healthReason `json:"reasons,omitempty"`
}

// healthReason is why it is not "ok".
type healthReason struct {
	Code        string `json:"code"`                  // "full", "locked", "failing", "slow", "starting", "stopping", "restoring"
	Environment string `json:"environment,omitempty"` // "" for the whole server
	Message     string `json:"message"`               // what is wrong and what to do
}

func writeHealth(w http.ResponseWriter, reasons []healthReason) {
	if len(reasons) == 0 {
		writeJSON(w, http.StatusOK, healthAnswer{Status: "ok"})
		return
	}
	w.Header().Set("Retry-After", "5")
	writeJSON(w, http.StatusServiceUnavailable, healthAnswer{Status: "unavailable", Reasons: reasons})
}

// serveHealth says whether the process can do its work: its databases can be written.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	writeHealth(w, s.ills(r.Context()))
}

// serveReady says whether the server takes work: it has taken up what it left, does not
// stop, and can store what it is given.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.stopping.Load():
		writeHealth(w, []healthReason{{Code: "stopping", Message: "The server is stopping: what is under way is being finished, and nothing new is begun."}})
	case s.restoring.Load():
		writeHealth(w, []healthReason{{Code: "restoring", Message: "A backup is being put back."}})
	case !s.recovered.Load():
		writeHealth(w, []healthReason{{Code: "starting", Message: "The server is starting: runs that were open are being taken up."}})
	default:
		writeHealth(w, s.ills(r.Context()))
	}
}

// ills are the databases that cannot be written. An environment's is named as the
// metrics name it.
func (s *Server) ills(ctx context.Context) []healthReason {
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	all := s.store.Databases()
	all = all[:min(len(all), healthLooks)]
	found := make([]error, len(all))
	var looks sync.WaitGroup
	for i, db := range all {
		looks.Go(func() { found[i] = db.Health(ctx) })
	}
	looks.Wait()
	var reasons []healthReason
	for i, err := range found {
		if err == nil {
			continue
		}
		reason := healthReason{Code: "failing", Message: "A commit failed; the server's log says why."}
		if ill, ok := errors.AsType[*store.UnavailableError](err); ok {
			reason.Code, reason.Message = string(ill.Fault), ill.Advice()
		}
		if i > 0 {
			reason.Environment = s.metrics.Environment(all[i].Name())
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// whileReady lets requests of callers through when what an earlier process left is taken
// up, and until the server stops.
func (s *Server) whileReady(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.recovered.Load() && !s.stopping.Load() {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Retry-After", "5")
		message := "The server is starting. Try again in a moment."
		if s.stopping.Load() {
			message = "The server is stopping. Try again in a moment."
		}
		writeError(w, http.StatusServiceUnavailable, "ServiceUnavailable", message)
	})
}
