package gateway

import (
	"net/http"
	"strconv"
	"sync"

	"isle/internal/runner"
)

// What a server cannot do now is refused before its body is read, with the time after
// which to try again, and never queued without a bound. So a request is let in while
//
//   - not too many others are being taken in, in all and in its environment,
//   - not too many callers wait for a Response,
//   - the environment's store keeps up, no commit hangs, and what its runs have begun gets
//     its turn.
//
// What one environment has too much of is its own matter: 429. What the whole server has
// is 503.

// Defaults of the bounds.
const (
	defaultMaxRequests = 4096
	defaultMaxCallers  = 16384
	maxBacklog         = 4096 // changes that wait for a commit of an environment
)

// intake counts the requests that have been let in.
type intake struct {
	most, each, callers int // bounds; callers: that wait for a Response

	mu      sync.Mutex
	all     int
	of      map[string]int // by environment
	waiting int
}

// enter lets a request in, or says why not. leave must follow, once what it brings is
// stored or refused.
func (i *intake) enter(environment string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.all >= i.most, i.waiting >= i.callers:
		return &failure{status: http.StatusServiceUnavailable, code: "ServerBusy", message: "The server is taking in as many requests as it can. Try again in a moment.", header: retryAfter(1)}
	case i.of[environment] >= i.each:
		return crowded("as many requests as one environment may have are being taken in", 1)
	}
	i.all++
	i.of[environment]++
	return nil
}

func (i *intake) leave(environment string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all--
	if i.of[environment]--; i.of[environment] == 0 {
		delete(i.of, environment)
	}
}

// wait counts callers that wait for a Response.
func (i *intake) wait(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.waiting += n
}

func crowded(why string, seconds int) error {
	return &failure{status: http.StatusTooManyRequests, code: "EnvironmentBusy", message: "The environment cannot take the request now: " + why + ". Try again later, and send less at a time.", header: retryAfter(seconds)}
}

func retryAfter(seconds int) http.Header {
	return http.Header{"Retry-After": {strconv.Itoa(seconds)}}
}

// admit lets a request of a workflow in. The function it gives says that what the request
// brings is stored or refused; calling it again does nothing.
func (g *Gateway) admit(r *http.Request, d *runner.Deployed) (leave func(), err error) {
	if g.config.Runner.Crowded(d.Environment) {
		return nil, crowded("too much of what its runs have begun waits for its turn", 5)
	}
	db, err := g.config.Store.Environment(r.Context(), d.Environment)
	if err != nil {
		return nil, err
	}
	if err := db.Slow(); err != nil {
		return nil, err
	}
	if db.Backlog() >= maxBacklog {
		return nil, &failure{status: http.StatusServiceUnavailable, code: "ServerBusy", message: "The disk does not keep up with what is to be stored. Try again later.", header: retryAfter(5)}
	}
	if err := g.intake.enter(d.Environment); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { g.intake.leave(d.Environment) }), nil
}
