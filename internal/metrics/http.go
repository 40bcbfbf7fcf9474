package metrics

import (
	"net/http"
	"strconv"
	"time"
)

// HTTP counts the requests that a handler answers. route names what they are about, of
// a bounded number of names; seen is told of each one that was answered.
func (m *Metrics) HTTP(route func(*http.Request) string, seen func(r *http.Request, route string, code int, took time.Duration), next http.Handler) http.Handler {
	v := &m.vectors
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, name := time.Now(), route(r)
		inFlight := v.httpInFlight.WithLabelValues(name)
		inFlight.Inc()
		answer := answer{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			took := time.Since(began)
			inFlight.Dec()
			v.httpRequests.WithLabelValues(name, method(r.Method), strconv.Itoa(answer.code)).Inc()
			v.httpSeconds.WithLabelValues(name).Observe(took.Seconds())
			seen(r, name, answer.code, took)
		}()
		next.ServeHTTP(&answer, r)
	})
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
