package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"isle/internal/metrics"
)

// Names of what a line of the log is about: the same in every part of the server.
const (
	logEnvironment = "environment" // "group/name", "shared", or "control" for the control database
	logWorkflow    = "workflow"    // "group/name"
)

// namedLog gives environments and workflows the names that metrics give them: the parts
// of the server know their ids.
type namedLog struct {
	slog.Handler
	metrics *metrics.Metrics
}

// Handle implements slog.Handler.
func (h namedLog) Handle(ctx context.Context, r slog.Record) error {
	named := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		named.AddAttrs(h.name(a))
		return true
	})
	return h.Handler.Handle(ctx, named)
}

// WithAttrs implements slog.Handler.
func (h namedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	named := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		named[i] = h.name(a)
	}
	return namedLog{h.Handler.WithAttrs(named), h.metrics}
}

// WithGroup implements slog.Handler.
func (h namedLog) WithGroup(name string) slog.Handler {
	return namedLog{h.Handler.WithGroup(name), h.metrics}
}

func (h namedLog) name(a slog.Attr) slog.Attr {
	switch a.Key {
	case logEnvironment:
		return slog.String(a.Key, h.metrics.Environment(a.Value.String()))
	case logWorkflow:
		return slog.String(a.Key, h.metrics.Workflow(a.Value.String()))
	}
	return a
}

// logRequest tells of each request: what it was about, never its query, which may hold a
// signature.
func (s *Server) logRequest(r *http.Request, route string, code int, took time.Duration) {
	s.log.Debug("request", "method", r.Method, "route", route, "path", r.URL.Path, "status", code, "duration", took)
}
