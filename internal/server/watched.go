package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"isle/internal/arm"
	"isle/internal/gateway"
	"isle/internal/identity"
	"isle/internal/metrics"
	"isle/internal/portal"
	"isle/internal/store"
)

// labels are what environments and workflows are called in metrics and logs.
func (s *Server) labels() metrics.Names {
	return metrics.Names{
		Environment: func(id string) string {
			if p, err := s.logic.Placement(id); err == nil && p != nil {
				return p.Resource
			}
			return ""
		},
		Workflow: func(flow string) string {
			d, err := s.workflows.ByFlowID(context.Background(), flow)
			if err != nil {
				return ""
			}
			return d.ResourceID
		},
	}
}

// observeCommit counts a commit of the store, and tells when commits begin to fail and
// when they go well again.
func (s *Server) observeCommit(c store.Commit) {
	s.metrics.Commit(c)
	switch ill := new(store.UnavailableError); {
	case !c.Changed:
	case c.Fault == nil:
		s.log.Warn("the database is written again", logEnvironment, c.Database)
	case errors.As(c.Fault, &ill):
		s.log.Error("the database cannot be written", logEnvironment, c.Database, "reason", ill.Fault, "error", c.Fault)
	default:
		s.log.Error("a commit failed", logEnvironment, c.Database, "error", c.Fault)
	}
}

// metricsRead is what a token must allow to read the metrics.
const metricsRead = "Microsoft.Insights/metrics/read"

// serveMetrics answers programs on this machine, and whoever may read the
// subscription: names of environments and workflows are not for everybody.
func (s *Server) serveMetrics() http.Handler {
	serve := s.metrics.Handler()
	judged := s.manager.Stream(metricsRead, "/subscriptions/"+s.issuer.Subscription(), func(w http.ResponseWriter, r *http.Request) error {
		serve.ServeHTTP(w, r)
		return nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if portal.Local(r, s.caller(r)) {
			serve.ServeHTTP(w, r)
			return
		}
		judged.ServeHTTP(w, r)
	})
}

// writeError answers with the wire's error.
func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, _ := json.Marshal(body)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// routeOf names what a request is about, for its metrics: the parts of the server, and
// within the resource manager the types of resources.
func (s *Server) routeOf(known map[string]string) func(*http.Request) string {
	return func(r *http.Request) string {
		path := r.URL.Path
		switch {
		case path == "/", path == "/healthz", path == "/readyz", path == "/metrics", path == networkPath, path == "/backup", path == "/restore":
			return path
		case path == "/portal", strings.HasPrefix(path, portal.Root):
			return "portal"
		case strings.HasPrefix(path, "/workflows/"), strings.HasPrefix(path, "/integrationAccounts/"), strings.HasPrefix(path, "/packetCaptures/"):
			return gateway.Route(r.URL.EscapedPath())
		case identity.Owns(path):
			return "tokens"
		}
		id, err := arm.ParseID(path)
		if err != nil {
			return "management"
		}
		if name, ok := known[strings.ToLower(id.Type())]; ok {
			return name
		}
		return "management"
	}
}

// knownTypes are the types that are routes of their own, by their names in lower case.
func knownTypes() map[string]string {
	known := map[string]string{}
	for _, name := range ResourceTypes() {
		known[strings.ToLower(name)] = name
	}
	return known
}
