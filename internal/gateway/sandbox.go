package gateway

import "net/http"

// What a workflow answers, and what is behind a content link, its author or anybody who
// called it has written; and it is served at the origin of the portal. A browser that shows
// it must not take it for a page of the portal's: it gets an origin of its own, without
// storage and cookies, whose requests count as those of another site.

// sandbox is what such a page may do: run scripts, send forms, open windows that may no
// more than it, and have things downloaded. It lacks allow-same-origin.
const sandbox = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"

// inert is sandbox for what is no page: it may do nothing.
const inert = "sandbox; default-src 'none'"

// originWide are the headers that bind all of an origin, or report on it, beside those that
// no Response sends anyway, Set-Cookie among them (wdl-semantics §10.2).
func originWide() [5]string {
	return [...]string{"Alt-Svc", "Clear-Site-Data", "Nel", "Report-To", "Strict-Transport-Security"}
}

// sandboxed puts an answer into the sandbox, whatever headers a workflow gives. A stricter
// policy that it has already holds too.
type sandboxed struct {
	http.ResponseWriter
	begun bool
}

func (s *sandboxed) WriteHeader(status int) {
	h := s.Header()
	for _, name := range originWide() {
		h.Del(name)
	}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	if !s.begun {
		h["Content-Security-Policy"] = append(h["Content-Security-Policy"], sandbox)
	}
	s.begun = true
	s.ResponseWriter.WriteHeader(status)
}

func (s *sandboxed) Write(p []byte) (int, error) {
	if !s.begun {
		s.WriteHeader(http.StatusOK)
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (s *sandboxed) Unwrap() http.ResponseWriter { return s.ResponseWriter }
