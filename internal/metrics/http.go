package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// HTTP counts the requests that a handler answers. route names what they are about, of
// a bounded number of names; seen is told of each one that was answered.
func (m *Metrics) HTTP(route func(*http.Request) string, seen func(r *http.Request, route string, code int, took time.Duration), next http.Handler) http.Handler {
	var routes routes
	routes.of = &m.vectors
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, name := time.Now(), route(r)
		counted := routes.get(name)
		counted.inFlight.Inc()
		answer := answer{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			took := time.Since(began)
			counted.inFlight.Dec()
			routes.of.httpRequests.WithLabelValues(name, method(r.Method), strconv.Itoa(answer.code)).Inc()
			counted.seconds.Observe(took.Seconds())
			seen(r, name, answer.code, took)
		}()
		next.ServeHTTP(&answer, r)
	})
}

// routes finds what counts a route without putting its labels together each time.
type routes struct {
	of    *vectors
	found sync.Map // name → *routeCounts
}

type routeCounts struct {
	inFlight prometheus.Gauge
	seconds  prometheus.Observer
}

func (r *routes) get(name string) *routeCounts {
	if c, ok := r.found.Load(name); ok {
		return c.(*routeCounts)
	}
	c, _ := r.found.LoadOrStore(name, &routeCounts{r.of.httpInFlight.WithLabelValues(name), r.of.httpSeconds.WithLabelValues(name)})
	return c.(*routeCounts)
}

// method is one of those that there are.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return other
}

// answer notes the status code.
type answer struct {
	http.ResponseWriter
	code    int
	written bool
}

func (a *answer) WriteHeader(code int) {
	if !a.written {
		a.code, a.written = code, code >= http.StatusOK || code == http.StatusSwitchingProtocols
	}
	a.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
