package logic

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Probes run together, each for at most probeTimeout, and their results hold for
// probeAge: whoever looks at health again and again does not load what is probed.
const (
	probeTimeout = 2 * time.Second
	probeAge     = 5 * time.Second
)

// Results of a probe.
const (
	probeReachable   = "Reachable"
	probeUnreachable = "Unreachable"
	probeNone        = "NotProbed"
)

// probed is what a probe found.
type probed struct {
	Result  string `json:"result"`
	Message string `json:"message,omitempty"`
}

// probeResults are by the name of the role.
type probeResults map[string]probed

// of is the result for a role.
func (p probeResults) of(r role) probed {
	if found, ok := p[r.probe]; ok {
		return found
	}
	return probed{Result: probeNone}
}

// probeCache keeps results of probes. The zero value is ready for use.
type probeCache struct {
	mu    sync.Mutex
	known map[string]probeRound // by store id of the environment
}

type probeRound struct {
	at      time.Time
	results probeResults
}

// probe tries what plays the roles for an environment. One that has not been prepared
// has nothing to try.
func (s *Service) probe(ctx context.Context, form *environment) probeResults {
	if !form.Ready {
		return nil
	}
	now := s.now()
	s.probes.mu.Lock()
	known, ok := s.probes.known[form.ID]
	s.probes.mu.Unlock()
	if age := now.Sub(known.at); ok && age >= 0 && age < probeAge {
		return known.results
	}
	results := probeAll(context.WithoutCancel(ctx), s.config.Probes, form.ID)
	s.probes.mu.Lock()
	defer s.probes.mu.Unlock()
	if s.probes.known == nil {
		s.probes.known = map[string]probeRound{}
	}
	s.probes.known[form.ID] = probeRound{now, results}
	return results
}

// keep forgets all environments but these.
func (p *probeCache) keep(environments map[string]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.known {
		if !environments[id] {
			delete(p.known, id)
		}
	}
}

// probeAll runs all probes at once.
func probeAll(ctx context.Context, probes map[string]Probe, environment string) probeResults {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, len(probes)) // room for those that come too late
	results := probeResults{}
	for name, probe := range probes {
		results[name] = probed{probeUnreachable, "It does not answer within " + probeTimeout.String() + "."}
		go func() { answers <- answer{name, probe(ctx, environment)} }()
	}
	for range probes {
		select {
		case a := <-answers:
			results.note(a.name, a.err)
		case <-ctx.Done():
			return results
		}
	}
	return results
}

// note keeps the answer of a probe, unless it only says that its time was over.
func (p probeResults) note(name string, err error) {
	switch {
	case err == nil:
		p[name] = probed{Result: probeReachable}
	case !errors.Is(err, context.DeadlineExceeded):
		p[name] = probed{probeUnreachable, err.Error()}
	}
}
