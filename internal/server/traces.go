package server

import (
	"context"
	"time"

	"isle/internal/runner"
	"isle/internal/tracing"
)

// trace begins to send spans, if that is configured.
func (s *Server) trace() (err error) {
	if s.config.OTLPEndpoint == "" {
		return nil
	}
	s.traces, err = tracing.New(tracing.Options{
		Endpoint: s.config.OTLPEndpoint, Version: s.config.Version, Network: s.network, RootCAs: s.rootCAs(), Environment: s.metrics.Environment,
		Failed: func(err error) { s.log.Warn("traces cannot be sent", "error", err) },
	})
	if err == nil {
		s.metrics.Spans(s.traces.Dropped)
	}
	return err
}

// observers are who is told what runs do.
func (s *Server) observers() []runner.Observer {
	if s.traces == nil {
		return []runner.Observer{s.metrics, &s.minutes}
	}
	return []runner.Observer{s.metrics, &s.minutes, s.traces}
}

// spans is who makes spans; nil if nobody does.
func (s *Server) spans() runner.Tracer {
	if s.traces == nil {
		return nil
	}
	return s.traces
}

// lastTraces is how long the collector may take for the last spans, if what is left of the
// time to stop is not longer.
const lastTraces = 5 * time.Second

// endTraces sends the spans that wait. A collector that does not take them keeps no
// server from ending.
func (s *Server) endTraces(ctx context.Context) {
	within := lastTraces
	if deadline, ok := ctx.Deadline(); ok {
		within = max(within, time.Until(deadline))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if err := s.traces.Close(ctx); err != nil {
		s.log.Warn("the last traces were not sent", "error", err)
	}
}
