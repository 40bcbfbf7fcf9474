package arm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// Config of a manager.
type Config struct {
	Store         *store.Store
	Types         []Type
	Routes        []Route
	Authorizer    Authorizer    // nil: everything is allowed
	Authenticator Authenticator // nil: the HTTP side answers 401 to all

	Caller        func(*http.Request) netip.Addr // the address of a client; nil: addresses are not judged
	Tenant        string                         // id of the one tenant
	TenantName    string                         // shown; "" is Isle
	Subscriptions []Subscription                 // at least one

	// PublicURL is the base of absolute URLs, "https://host:port"; "" is the request's
	// own host.
	PublicURL string
	// AllowHost says which Host headers are answered; nil allows PublicURL's host and
	// loopback names. Others get 421.
	AllowHost func(host string) bool

	// Authority is the base URL of the token issuer; "" is the server's own.
	Authority string
	// Audiences are what tokens may be meant for; the first is shown to clients first.
	// None is DefaultAudiences.
	Audiences []string

	Clock func() time.Time // nil is time.Now
	Log   *slog.Logger     // nil is slog.Default
}

// Subscription is a subscription that is served.
type Subscription struct{ ID, Name string }

// DefaultAudiences are the audiences of Azure's public cloud, which unmodified
// clients ask for.
func DefaultAudiences() []string {
	return []string{"https://management.azure.com/", "https://management.core.windows.net/"}
}

// Manager serves resources. Safe for concurrent use; nothing in it changes.
type Manager struct {
	config    Config
	db        *store.DB
	types     map[string]*Type   // by lower-case name
	children  map[string][]*Type // by lower-case name of the type they are nested in
	providers []string           // namespaces, sorted, as first spelled
	routes    []route
	reads     map[string][]pattern // of types, by lower-case name
	actions   map[string][]pattern // likewise
}

// New builds a manager; the error names every fault of the configuration.
func New(c Config) (*Manager, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if len(c.Audiences) == 0 {
		c.Audiences = DefaultAudiences()
	}
	if c.TenantName == "" {
		c.TenantName = "Isle"
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	c.Authority = strings.TrimSuffix(c.Authority, "/")
	m := &Manager{config: c, db: c.Store.Control(), types: map[string]*Type{}, children: map[string][]*Type{},
		reads: map[string][]pattern{}, actions: map[string][]pattern{}}
	var faults []error
	if len(c.Subscriptions) == 0 {
		faults = append(faults, errors.New("arm: no subscription"))
	}
	for _, t := range append([]Type{groupType(), m.lockType()}, c.Types...) {
		faults = append(faults, m.add(&t))
	}
	for _, r := range slices.Concat(m.builtinRoutes(), m.moveRoutes("/subscriptions/{subscription}/resourceGroups/{group}"), c.Routes) {
		m.routes = append(m.routes, route{Route: r, pattern: newPattern(r.Pattern, r.Serve)})
	}
	return m, errors.Join(faults...)
}

func (m *Manager) add(t *Type) error {
	key := strings.ToLower(t.Name)
	namespace, path, ok := strings.Cut(t.Name, "/")
	switch {
	case !ok || namespace == "" || path == "":
		return fmt.Errorf("arm: type %q has no namespace", t.Name)
	case m.types[key] != nil:
		return fmt.Errorf("arm: type %s is there twice", t.Name)
	case t.View == nil:
		return fmt.Errorf("arm: type %s has no View", t.Name)
	}
	m.types[key] = t
	if cut := strings.LastIndexByte(key, '/'); strings.Contains(path, "/") {
		m.children[key[:cut]] = append(m.children[key[:cut]], t)
	}
	m.addProvider(namespace)
	m.reads[key] = patterns(t.Reads)
	m.actions[key] = patterns(t.Actions)
	return nil
}

func (m *Manager) addProvider(namespace string) {
	for i, p := range m.providers {
		switch c := strings.Compare(strings.ToLower(namespace), strings.ToLower(p)); {
		case c == 0:
			return
		case c < 0:
			m.providers = append(m.providers[:i], append([]string{namespace}, m.providers[i:]...)...)
			return
		}
	}
	m.providers = append(m.providers, namespace)
}

// typeOf finds a type by its name in any letter case; nil if there is none.
func (m *Manager) typeOf(name string) *Type { return m.types[strings.ToLower(name)] }

func (m *Manager) now() time.Time { return m.config.Clock().UTC() }

// NewETag makes an ETag that no other write has.
func NewETag() string { return `W/"` + NewGUID() + `"` }

// NewGUID makes a random guid.
func NewGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Result is the answer to a request within the process.
type Result struct {
	Status    int
	Body      expr.Value // null if there is none
	Header    http.Header
	Resource  Resource // as stored after a Put, Patch or Get
	Operation string   // path of the long-running operation, "" if all is done
}

// Put creates or replaces a resource, as a PUT by that principal would.
func (m *Manager) Put(ctx context.Context, p Principal, id, apiVersion string, body []byte) (*Result, error) {
	return m.local(ctx, p, http.MethodPut, id, apiVersion, body)
}

// PutWith is Put with a commit function that runs at the end of the PUT's own
// transaction: what it writes is stored if and only if the PUT is. It may run more
// than once; its error undoes the PUT.
func (m *Manager) PutWith(ctx context.Context, p Principal, id, apiVersion string, body []byte, commit func(*store.Tx, *Result) error) (*Result, error) {
	c := m.localCall(p, http.MethodPut, id, apiVersion, body)
	c.commit = commit
	return m.serve(ctx, c)
}

// Patch changes a resource, as a PATCH by that principal would.
func (m *Manager) Patch(ctx context.Context, p Principal, id, apiVersion string, body []byte) (*Result, error) {
	return m.local(ctx, p, http.MethodPatch, id, apiVersion, body)
}

// PatchWith is Patch with a commit function, as PutWith has it.
func (m *Manager) PatchWith(ctx context.Context, p Principal, id, apiVersion string, body []byte, commit func(*store.Tx, *Result) error) (*Result, error) {
	c := m.localCall(p, http.MethodPatch, id, apiVersion, body)
	c.commit = commit
	return m.serve(ctx, c)
}

// Get reads a resource, a list or a read of a type.
func (m *Manager) Get(ctx context.Context, p Principal, path, apiVersion string) (*Result, error) {
	return m.local(ctx, p, http.MethodGet, path, apiVersion, nil)
}

// ListAll reads all pages of a list.
func (m *Manager) ListAll(ctx context.Context, p Principal, path, apiVersion string) ([]expr.Value, error) {
	var all []expr.Value
	c := m.localCall(p, http.MethodGet, path, apiVersion, nil)
	for {
		res, err := m.serve(ctx, c)
		if err != nil {
			return nil, err
		}
		page, _ := res.Body.Get("value")
		for _, v := range page.Elements() {
			all = append(all, v)
		}
		next, _ := res.Body.Get("nextLink")
		link, more := next.AsString()
		if !more {
			return all, nil
		}
		u, err := url.Parse(link)
		if err != nil {
			return nil, err
		}
		c.query = lowerNames(u.Query())
	}
}

// Delete deletes a resource; status 204 says that it was not there.
func (m *Manager) Delete(ctx context.Context, p Principal, id, apiVersion string) (*Result, error) {
	return m.local(ctx, p, http.MethodDelete, id, apiVersion, nil)
}

// Post calls an action: the path is the resource's ID, a slash and the action.
func (m *Manager) Post(ctx context.Context, p Principal, path, apiVersion string, body []byte) (*Result, error) {
	return m.local(ctx, p, http.MethodPost, path, apiVersion, body)
}

func (m *Manager) local(ctx context.Context, p Principal, method, path, apiVersion string, body []byte) (*Result, error) {
	return m.serve(ctx, m.localCall(p, method, path, apiVersion, body))
}

func (m *Manager) localCall(p Principal, method, path, apiVersion string, body []byte) *call {
	return &call{method: method, path: singleSlashes(path), principal: p, base: m.config.PublicURL, now: m.now(), body: body,
		query: map[string][]string{"api-version": {apiVersion}}, correlation: NewGUID()}
}
