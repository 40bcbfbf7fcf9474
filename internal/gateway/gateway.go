// Package gateway is the access endpoint of environments: what callers outside the
// resource manager reach. It serves the callback URLs of Request triggers and of
// webhook actions, and the signed links to recorded inputs and outputs, to what
// artifacts of integration accounts hold, and to what packet captures have captured.
//
// Everything is allowed by a signature in the URL and by nothing else, and only to
// callers whom the environment's network policy lets in. A request is bounded before it
// is parsed, a run is durable before its caller hears of it, and errors have the
// resource manager's shape. What is answered is no page of the server's to a browser.
// Workflows of the server call each other, and send to each other's batches, without a
// signature: that comes in by methods, not by HTTP. Absolute URLs are made from where the
// environment's endpoint is (Config.Access), never from what a request says.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"isle/internal/connector"
	"isle/internal/connector/script"
	"isle/internal/dataplane"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/trigger"
)

// Config is what a Gateway needs.
type Config struct {
	Workflows runner.Workflows
	// Named finds the workflows that workflows call; nil: they call none.
	Named Named
	// Tokens reads the tokens that OAuth policies of triggers are held against; nil: none
	// is accepted.
	Tokens Tokens
	// Accounts finds integration accounts; nil: there are none.
	Accounts Accounts
	// Captures finds packet captures; nil: there are none.
	Captures Captures
	Runner   *runner.Runner
	Store    *store.Store
	// InlineCode runs the code of runs that become tests; nil: it is not run.
	InlineCode *script.Operation
	// Access is the base of absolute URLs of an environment, by store id, such as
	// "https://localhost:8443"; nil: "".
	Access func(environment string) string
	Clock  func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
	// Caller is the address that a request comes from; nil: its socket's.
	Caller func(*http.Request) netip.Addr
	// Network judges callers; nil: everybody may call.
	Network Network

	// MaxBody bounds a trigger's body; 0: 200 MB in an environment, 100 MB outside
	// (wdl-semantics §17).
	MaxBody int64
	// MaxBuffered bounds the bodies held at one time; 0: 1 GB.
	MaxBuffered int64
	// MaxRequests bounds the requests that are being taken in at one time, of one
	// environment half of them; 0: 4096. MaxCallers bounds the callers that wait for a
	// Response; 0: 16384.
	MaxRequests, MaxCallers int
	// BodyTimeout is how long each megabyte of a body may take; 0: 30 s.
	BodyTimeout time.Duration
	// ResponseTimeout and EnvironmentResponseTimeout are how long a caller waits for a
	// Response outside and in an environment; 0: 120 s and 240 s (wdl-semantics §10.2).
	ResponseTimeout, EnvironmentResponseTimeout time.Duration
}

// Gateway is an http.Handler.
type Gateway struct {
	config Config
	intake intake
	buffer *connector.Buffer // of bodies that are read, or not stored yet
}

// New returns the handler for all access endpoints of a server.
func New(c Config) *Gateway {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Caller == nil {
		c.Caller = func(r *http.Request) netip.Addr {
			from, _ := netip.ParseAddrPort(r.RemoteAddr)
			return from.Addr()
		}
	}
	if c.MaxBuffered == 0 {
		c.MaxBuffered = connector.DefaultBuffered
	}
	if c.MaxRequests == 0 {
		c.MaxRequests = defaultMaxRequests
	}
	if c.MaxCallers == 0 {
		c.MaxCallers = defaultMaxCallers
	}
	if c.BodyTimeout == 0 {
		c.BodyTimeout = 30 * time.Second
	}
	if c.Access == nil {
		c.Access = func(string) string { return "" }
	}
	if c.ResponseTimeout == 0 {
		c.ResponseTimeout = 120 * time.Second
	}
	if c.EnvironmentResponseTimeout == 0 {
		c.EnvironmentResponseTimeout = 240 * time.Second
	}
	return &Gateway{config: c, buffer: connector.NewBuffer(c.MaxBuffered), intake: intake{most: c.MaxRequests, each: (c.MaxRequests + 1) / 2, callers: c.MaxCallers, of: map[string]int{}}}
}

// ServeHTTP routes by the path (logic-api §1.7).
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = &sandboxed{ResponseWriter: w}
	t, ok := parseTarget(r.URL.EscapedPath())
	if !ok {
		writeError(w, notFound("ResourceNotFound", "The address names nothing of an access endpoint. Copy the whole callback URL or link, with its query."))
		return
	}
	var err error
	switch t.kind {
	case targetTrigger:
		err = g.invoke(w, r, t)
	case targetContent:
		err = g.content(w, r, t)
	case targetFiring:
		err = g.firing(w, r, t)
	case targetOperation:
		err = g.poll(w, r, t)
	case targetCallback:
		err = g.callBack(w, r, t)
	case targetArtifact:
		err = g.artifact(w, r, t)
	case targetCapture:
		err = g.capture(w, r, t)
	}
	if err != nil {
		g.fail(w, r, err)
	}
}

// responseTimeout is how long a caller of a workflow waits.
func (g *Gateway) responseTimeout(d *runner.Deployed) time.Duration {
	if d.Environment == dataplane.Shared {
		return g.config.ResponseTimeout
	}
	return g.config.EnvironmentResponseTimeout
}

// maxBody is how long a body for a workflow may be.
func (g *Gateway) maxBody(d *runner.Deployed) int64 {
	switch {
	case g.config.MaxBody > 0:
		return g.config.MaxBody
	case d.Environment == dataplane.Shared:
		return 100 << 20
	}
	return 200 << 20
}

// open finds the workflow of a target and checks that the request may use it: the
// network lets its caller in (ise.md #79, #80), it has the signature of this permission, and
// nothing but a signature, and access control does not leave the caller out.
func (g *Gateway) open(ctx context.Context, r *http.Request, t target) (*runner.Deployed, trigger.Query, error) {
	q, err := trigger.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, err
	}
	d, err := g.config.Workflows.ByFlowID(ctx, t.flowID)
	if isNotFound(err) {
		return nil, nil, notFound("WorkflowNotFound", "The workflow '"+t.flowID+"' could not be found.")
	}
	if err != nil {
		return nil, nil, err
	}
	from := g.caller(r)
	from.Subject = t.subject(d.ResourceID)
	if err := g.enterBy(g.authorizeTrigger(r, t, q, d), d.Environment, from); err != nil {
		return nil, nil, err
	}
	return d, q, permit(d, t, from.Address)
}

// enter lets in whom the network of an environment lets in, with a signature of one of
// the keys. Who has none is not told why the network refuses.
func (g *Gateway) enter(r *http.Request, t target, q trigger.Query, environment string, keys [][]byte, from dataplane.Caller) error {
	return g.enterBy(authorize(keys, r, t, q, g.config.Clock()), environment, from)
}

// enterBy is enter with what came of the signature.
func (g *Gateway) enterBy(err error, environment string, from dataplane.Caller) error {
	switch plain, full := g.judge(environment, from); {
	case plain != nil && err != nil:
		return plain
	case plain != nil:
		return full
	}
	return err
}

// authorize refuses a request that is not signed, or is not only signed
// (logic-api §1.7).
func authorize(keys [][]byte, r *http.Request, t target, q trigger.Query, now time.Time) error {
	values := q.Values()
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); scheme != "" && strings.EqualFold(scheme, "Bearer") {
		if values.Has("sig") {
			return unauthorized("DirectApiRequestHasMoreThanOneAuthorization", "The request has both SAS authentication scheme and 'Bearer' authorization scheme. Only one scheme should be used.")
		}
		return unauthorized("DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme.")
	}
	switch err := runner.Verify(keys, t.flowID, t.permission(), values, now); err {
	case nil:
		return nil
	case runner.ErrSignatureMissing:
		return unauthorized("DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme.")
	case runner.ErrSignatureExpired:
		return unauthorized("SignatureExpired", "The Shared Access Signature of the request has expired. Get a new URL.")
	default:
		return unauthorized("SignatureInvalid", "The Shared Access Signature of the request is not valid. Copy the whole URL; a regenerated access key makes older URLs invalid.")
	}
}
