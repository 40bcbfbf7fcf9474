// Package portal is what the server shows a person at "/". This edition is one plain
// page: the environments, the workflows, the last runs, and where to go on from
// here. It shows names and states only, never a signature, a secret, an input or an
// output, and those only to callers on the machine itself: they come without a token.
package portal

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// Overview is what the page shows.
type Overview struct {
	Environments []Environment
	Workflows    []Workflow
	Runs         []Run // newest first
}

// Environment is one integration service environment.
type Environment struct {
	Name, Group, Location, SKU, AccessEndpoint, State string
	Network                                           string // state of its network health
	Lacking                                           []Access
}

// Access is a required access that an environment has not got (ise.md §A13).
type Access struct {
	Subnet, Row, Purpose string
	State                string // "blocked-by-rule", "unreachable", "disagreement"
	Rule                 string // what denies it, if a rule does
}

// Workflow is one workflow; Environment is empty for one in none.
type Workflow struct{ Name, Group, Environment, State string }

// Run is one run of a workflow.
type Run struct {
	Name, Workflow, Status string
	Start, End             time.Time // End is zero while it runs
}

// Duration is how long the run took, or "" while it runs.
func (r Run) Duration() string {
	if r.End.IsZero() {
		return ""
	}
	return r.End.Sub(r.Start).Round(time.Microsecond).String()
}

// Source gives the overview, as the resource manager knows it.
type Source interface {
	Overview(ctx context.Context) (Overview, error)
}

//go:embed page.html
var pageText string

// Page is the handler of "/".
type Page struct {
	source Source
	caller func(*http.Request) netip.Addr
	page   *template.Template
	log    *slog.Logger
}

// New makes the page over a source; caller tells where a request comes from.
func New(source Source, caller func(*http.Request) netip.Addr, log *slog.Logger) *Page {
	return &Page{source: source, caller: caller, page: template.Must(template.New("page").Parse(pageText)), log: log}
}

// ServeHTTP answers GET and HEAD of "/".
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data := struct {
		Local bool
		Overview
	}{Local: Local(r, p.caller(r))}
	if data.Local {
		overview, err := p.source.Overview(r.Context())
		if err != nil {
			p.log.Error("portal: reading the overview", "error", err)
			http.Error(w, "The overview cannot be read now. The server's log says why.", http.StatusInternalServerError)
			return
		}
		data.Overview = overview
	}
	var body bytes.Buffer
	if err := p.page.Execute(&body, data); err != nil {
		p.log.Error("portal: writing the page", "error", err)
		http.Error(w, "The page cannot be written.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(body.Bytes())
}

// Local reports whether a request comes from this machine, by the address it comes from.
// One that a proxy brings does not: the proxy may be here, and the caller anywhere.
func Local(r *http.Request, from netip.Addr) bool {
	for _, name := range [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return from.IsLoopback()
}
