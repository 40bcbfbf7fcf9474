// Package http performs the Http action: one request and its answer
// (wdl-semantics §11.11). Retrying and polling are the engine's.
//
// The author decides where requests go, so nothing of the peer is trusted: sizes,
// decompression and time are bounded, every redirect is judged by the data plane
// like a first request, and credentials stay with the origin they were given for.
package http

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/dataplane"
)

// Options configures the operation. The zero value works.
type Options struct {
	// Timeout bounds one request; 0: 240 s in an environment, 120 s outside
	// (wdl-semantics §17).
	Timeout time.Duration
	// MaxBody bounds a message: the body of a request, and of an answer, encoded and
	// decoded; 0: 200 MB in an environment, 100 MB outside (wdl-semantics §17).
	MaxBody int64
	// MaxChunked bounds a message that is carried over in chunks; 0: 1 GB. The whole of
	// it is in memory, some four times while it is recorded.
	MaxChunked int64
	// MaxURI bounds the uri of a request in bytes; 0: 16,384. MaxParts bounds the requests
	// for the parts of one content; 0: 1,000 (ise.md (b)).
	MaxURI, MaxParts int
	// RootCAs are the authorities that servers are checked against: the system's
	// and, for calls from workflow to workflow, Isle's own; nil: only the system's.
	RootCAs *x509.CertPool
	// Roots are those for calls from an environment, by store id, in the place of RootCAs;
	// nil: RootCAs hold everywhere. It gives the same value until they change.
	Roots func(environment string) *x509.CertPool
	// ManagedIdentity gives tokens of a workflow's identity; nil: there is none,
	// and an action that wants one fails with a message that says so.
	ManagedIdentity ManagedIdentity
	// Clock tells the time of day; nil: time.Now.
	Clock func() time.Time
	// Authority issues the tokens of ActiveDirectoryOAuth authentications that name
	// none; "": https://login.microsoftonline.com.
	Authority string
	// Observe, if set, is told of every request before it is sent: the first one,
	// those that follow a redirect, pages and chunks.
	Observe func(c connector.Call, r *Request)
	// Exchange answers each of those requests in place of the network, without
	// getting a token; for tests of workflows.
	Exchange func(ctx context.Context, c connector.Call, r *Request) (*Response, error)
}

// ManagedIdentity issues tokens for a workflow's managed identity. Identity is the
// resource ID of a user-assigned one, "" for the workflow's own.
type ManagedIdentity interface {
	Token(ctx context.Context, workflow *engine.Workflow, identity, audience string) (token string, expires time.Time, err error)
}

// Limits where Options say nothing (wdl-semantics §17): in an environment, and outside.
const (
	EnvironmentTimeout = 240 * time.Second
	SharedTimeout      = 120 * time.Second
	EnvironmentMaxBody = 200 << 20
	SharedMaxBody      = 100 << 20
	DefaultMaxChunked  = 1 << 30
	DefaultMaxURI      = 16_384
	DefaultMaxParts    = 1000
)

const (
	maxRedirects   = 20
	maxHeaderBytes = 1 << 20
)

// Operation is the Http action.
type Operation struct {
	options    Options
	transports transports
	tokens     tokenCache
}

// Ports are those of http and https; a URL may name any other.
func Ports() connector.Ports { return connector.Ports{TCP: []uint16{80, 443}, Varies: true} }

// New returns the operation. Close it to drop idle connections.
func New(o Options) *Operation {
	if o.MaxChunked == 0 {
		o.MaxChunked = DefaultMaxChunked
	}
	if o.MaxURI == 0 {
		o.MaxURI = DefaultMaxURI
	}
	if o.MaxParts == 0 {
		o.MaxParts = DefaultMaxParts
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	op := &Operation{options: o}
	if op.transports.roots = o.Roots; o.Roots == nil {
		op.transports.roots = func(string) *x509.CertPool { return o.RootCAs }
	}
	return op
}

// Close drops idle connections.
func (o *Operation) Close() { o.transports.close() }

// Perform implements connector.Operation.
func (o *Operation) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	return connector.Reported(o.options.Clock, c, func() engine.Outcome { return o.perform(ctx, c) })
}

func (o *Operation) perform(ctx context.Context, c connector.Call) engine.Outcome {
	r, err := NewRequest(c)
	if err != nil {
		return failure(err)
	}
	switch {
	case len(r.URL.String()) > o.options.MaxURI:
		return failed(codeURITooLong, fmt.Sprintf("Http request failed: the uri is longer than %d characters.", o.options.MaxURI))
	case o.sendsChunks(c, r):
		return o.sendChunks(ctx, c, r)
	case int64(len(r.Body)) > o.limit(c):
		return failed(codeRequestTooLarge, fmt.Sprintf("Http request failed: the body has %d bytes, the limit is %d. An endpoint that takes chunks can be sent more, if the action allows chunking.", len(r.Body), o.limit(c)))
	case c.Subject.Pagination > 0:
		return o.gather(ctx, c, r)
	case getsChunks(c, r):
		return o.getChunks(ctx, c, r)
	}
	return o.outcome(c)(o.exchange(ctx, c, r))
}

// outcome turns what came of a request into the outcome of the call.
func (o *Operation) outcome(c connector.Call) func(*Response, error) engine.Outcome {
	return func(answer *Response, err error) engine.Outcome {
		if err != nil {
			return failure(err)
		}
		return answer.outcome(c, o.options.Clock())
	}
}

// timeout and limit are those of wdl-semantics §17, for environments and outside.
func (o *Operation) timeout(c connector.Call) time.Duration {
	switch {
	case o.options.Timeout > 0:
		return o.options.Timeout
	case inEnvironment(c):
		return EnvironmentTimeout
	}
	return SharedTimeout
}

func (o *Operation) limit(c connector.Call) int64 {
	switch {
	case o.options.MaxBody > 0:
		return o.options.MaxBody
	case inEnvironment(c):
		return EnvironmentMaxBody
	}
	return SharedMaxBody
}

func inEnvironment(c connector.Call) bool {
	return c.Dialer != nil && c.Dialer.Source().Environment != dataplane.Shared
}

// exchange makes one request within its time and follows the redirects of GET and
// HEAD, except from https to http. Each hop is a request of its own: judged, observed.
func (o *Operation) exchange(ctx context.Context, c connector.Call, r *Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout(c))
	defer cancel()
	for hop := 0; ; hop++ {
		answer, err := o.trip(ctx, c, r)
		if err != nil {
			return nil, err
		}
		answer.URL = r.URL
		next := redirection(r, answer)
		if next == nil || hop == maxRedirects {
			return answer, nil
		}
		r = r.clone()
		r.redirect(next)
	}
}

// trip makes one round trip, over the network unless somebody stands in for it.
func (o *Operation) trip(ctx context.Context, c connector.Call, r *Request) (*Response, error) {
	if o.options.Observe != nil {
		o.options.Observe(c, r)
	}
	if o.options.Exchange != nil {
		return o.options.Exchange(ctx, c, r)
	}
	return o.send(ctx, c, r)
}

func redirection(r *Request, answer *Response) *url.URL {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	location := answer.Header.Get("Location")
	if location == "" {
		return nil
	}
	next, err := resolve(r.URL, location)
	if err != nil || r.URL.Scheme == "https" && next.Scheme == "http" {
		return nil
	}
	return next
}

// send makes one round trip over the network and reads the answer whole.
func (o *Operation) send(ctx context.Context, c connector.Call, r *Request) (*Response, error) {
	request, err := r.http(told(ctx))
	if err != nil {
		return nil, err
	}
	transport, err := o.authenticate(ctx, c, r, request)
	if err != nil {
		return nil, err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusUnauthorized {
		o.tokens.forget(c.Dialer.Source().Environment, r.Authentication)
	}
	decode := !r.NoDecompression && !r.raw && answer.StatusCode != http.StatusPartialContent
	body, err := readAll(answer, decode, o.limit(c), c.Room)
	if err != nil {
		return nil, err
	}
	return &Response{StatusCode: answer.StatusCode, Header: answer.Header, Body: body, encoded: !decode && answer.Header.Get("Content-Encoding") != ""}, nil
}
