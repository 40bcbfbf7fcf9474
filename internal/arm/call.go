package arm

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"isle/expr"
	"isle/internal/store"
)

// maxBody is the bound of a management request's body (architecture: Security,
// everywhere).
const maxBody = 4 << 20

// call is a request on its way: from a client or from within the process.
type call struct {
	method      string
	path        string     // with one leading slash, none at the end
	query       url.Values // names in lower case
	body        []byte
	ifMatch     string
	ifNoneMatch string
	principal   Principal
	from        netip.Addr // of a client; invalid within the process
	base        string     // "https://host:port"
	version     string     // api-version
	now         time.Time
	correlation string
	commit      func(*store.Tx, *Result) error // of PutWith and TryAll; else nil
	try         func(func(*store.Tx) error)    // of TryAll: takes what the call would change; nothing comes of it, so the activity log has no entry
}

// transact runs what a call changes in a transaction of its own. What is only tried runs
// later (TryAll).
func (m *Manager) transact(ctx context.Context, c *call, change func(*store.Tx) error) error {
	if c.try != nil {
		c.try(change)
		return errTried
	}
	return m.db.Write(ctx, change)
}

var apiVersionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-[A-Za-z]+(\.[0-9]+)?)?$`)
})

// checkVersion wants a well-formed date (logic-api §1.1, §1.3).
func (c *call) checkVersion() error {
	c.version = c.query.Get("api-version")
	if c.version == "" {
		return Invalid("MissingApiVersionParameter", "api-version", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	if apiVersionForm().MatchString(c.version) {
		if _, err := time.Parse(time.DateOnly, c.version[:10]); err == nil {
			return nil
		}
	}
	return Invalid("InvalidApiVersionParameter", "api-version", "The api-version '%s' is invalid. It must be a date such as '2019-05-01', or one with a suffix such as '2018-07-01-preview'.", printable(c.version))
}

// document reads the body as a JSON object. An empty one is null, or the same error
// as one that is cut off when it is required.
func (c *call) document(required bool) (expr.Value, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(c.body), "\ufeff"))
	if text == "" {
		if !required {
			return expr.Null(), nil
		}
		return expr.Null(), Invalid("InvalidRequestContent", "", "The request content was invalid and could not be deserialized: the body is empty. Send a JSON object.")
	}
	// As lenient as the original's reader: az sends templates with comments, under a
	// name without quotes (JsonCTemplatePolicy).
	v, err := expr.ReadJSON(text)
	if err != nil {
		return expr.Null(), Invalid("InvalidRequestContent", "", "The request content was invalid and could not be deserialized: '%s'.", printable(err.Error()))
	}
	if v.Kind() != expr.KindObject {
		return expr.Null(), Invalid("InvalidRequestContent", "", "The request content was invalid and could not be deserialized: the body must be a JSON object, and it is of type '%s'.", v.TypeName())
	}
	return v, nil
}

// request is what a Handler gets.
func (m *Manager) request(c *call, values map[string]string) *Request {
	return &Request{Method: c.method, Path: c.path, Values: values, Principal: c.principal, APIVersion: c.version,
		CorrelationID: c.correlation, Now: c.now, BaseURL: c.base, Query: c.query, authorizer: m.config.Authorizer}
}

// Allowed tells whether who makes the request may carry out an action on something else
// than what it is made of, such as what its body names.
func (r *Request) Allowed(action, scope string) bool {
	return r.authorizer == nil || r.authorizer.Allowed(r.Principal, action, scope)
}

// Forbidden is the refusal of a request whose maker is not allowed an action.
func (r *Request) Forbidden(action, scope string) *Error {
	return forbidden(r.Principal, action, scope)
}

// allow checks access to what a scope, an ID or its key, names.
func (m *Manager) allow(c *call, scope, verb string) error {
	action := ""
	if id, err := ParseID(scope); err == nil {
		action = id.Type()
		if t := m.typeOf(action); t != nil {
			action = t.Name
		}
	}
	return m.allowAction(c, operationOf(action)+"/"+verb, scope)
}

// operationOf is the name under which access to a type is given: groups are in their
// subscription there.
func operationOf(typ string) string {
	if strings.EqualFold(typ, TypeGroup) {
		return TypeSubscription + "/resourceGroups"
	}
	return typ
}

func (m *Manager) allowAction(c *call, action, scope string) error {
	if m.config.Authorizer == nil || m.config.Authorizer.Allowed(c.principal, action, scope) {
		return nil
	}
	return forbidden(c.principal, action, scope)
}

func forbidden(p Principal, action, scope string) *Error {
	return &Error{Status: http.StatusForbidden, Code: "AuthorizationFailed", Message: "The client '" + p.Client + "' with object id '" + p.ID +
		"' does not have authorization to perform action '" + action + "' over scope '" + scope + "' or the scope is invalid. If access was recently granted, please refresh your credentials."}
}

// singleSlashes is a path with one slash before each segment and none at the end.
// Clients of generic resources write an empty parent between two slashes:
// "providers/Microsoft.Logic//workflows/w" (logic-api §5.3).
func singleSlashes(path string) string {
	return "/" + strings.Join(strings.FieldsFunc(path, func(c rune) bool { return c == '/' }), "/")
}

// serve answers a call whose principal is known.
func (m *Manager) serve(ctx context.Context, c *call) (*Result, error) {
	if err := c.checkVersion(); err != nil {
		return nil, err
	}
	segments := canonical(withDeployments(strings.Split(c.path[1:], "/")))
	for _, s := range segments {
		if s == "" || s == "." || s == ".." { // "" is the root
			return nil, Missing("NotFound", "The path '%s' is not one of the resource manager: it has a forbidden segment.", printable(c.path))
		}
		if strings.ContainsAny(s, "?#\\\x00") {
			return nil, Invalid("InvalidResourceName", "name", `The name '%s' in the path is invalid: no name has one of the characters ?, #, \ or NUL.`, printable(s))
		}
	}
	if err := m.checkSubscription(segments); err != nil {
		return nil, err
	}
	if err := checkManagementGroup(segments); err != nil {
		return nil, err
	}
	if c.method == http.MethodGet {
		if res, found, err := m.poll(ctx, c); found {
			return res, err
		}
	}
	if n := len(segments) - 4; n > 0 && strings.EqualFold(strings.Join(segments[n:], "/"), "providers/Microsoft.Resources/tags/default") {
		return m.serveTags(ctx, c, segments[:n])
	}
	for i := range m.routes {
		if values, ok := m.routes[i].match(c.method, segments); ok {
			return m.serveRoute(ctx, c, &m.routes[i], values)
		}
	}
	t, err := m.resolve(segments, c.method)
	if err != nil {
		return nil, m.unresolved(c, segments, err)
	}
	return m.dispatch(ctx, c, t)
}

// withDeployments gives the operations of a deployment, which clients ask for at
// {group}/deployments/{name}/operations (logic-api §5.2), their place below the
// provider.
func withDeployments(segments []string) []string {
	if len(segments) > 4 && strings.EqualFold(segments[2], "resourceGroups") && strings.EqualFold(segments[4], "deployments") {
		return append(append(segments[:4:4], "providers", "Microsoft.Resources"), segments[4:]...)
	}
	return segments
}

// canonical spells the words of a path that are no names as Azure does; IDs made from
// it keep the caller's spelling of everything else.
func canonical(segments []string) []string {
	if strings.EqualFold(segments[0], "subscriptions") {
		segments[0] = "subscriptions"
		if len(segments) > 2 && strings.EqualFold(segments[2], "resourceGroups") {
			segments[2] = "resourceGroups"
		}
	}
	for i := 0; i < len(segments); i += 2 {
		if strings.EqualFold(segments[i], "providers") {
			segments[i] = "providers"
		}
	}
	return segments
}

var guidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
})

func (m *Manager) serves(subscription string) bool {
	return slices.ContainsFunc(m.config.Subscriptions, func(s Subscription) bool { return strings.EqualFold(s.ID, subscription) })
}

func (m *Manager) checkSubscription(segments []string) error {
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return nil
	}
	if m.serves(segments[1]) {
		return nil
	}
	if !guidForm().MatchString(segments[1]) {
		return Invalid("InvalidSubscriptionId", "", "The provided subscription identifier '%s' is malformed or invalid: it must be a GUID.", printable(segments[1]))
	}
	return Missing("SubscriptionNotFound", "The subscription '%s' could not be found. This server has: %s.", printable(segments[1]), m.subscriptionIDs())
}

// checkManagementGroup says that there is no management group, whatever is asked of one.
func checkManagementGroup(segments []string) error {
	if len(segments) > 3 && strings.EqualFold(strings.Join(segments[:3], "/"), "providers/Microsoft.Management/managementGroups") {
		return Missing("ManagementGroupNotFound", "The management group '%s' was not found: this server has subscriptions and resource groups only.", printable(segments[3]))
	}
	return nil
}

func (m *Manager) subscriptionIDs() string {
	ids := make([]string, len(m.config.Subscriptions))
	for i, s := range m.config.Subscriptions {
		ids[i] = s.ID
	}
	return strings.Join(ids, ", ")
}

// dispatch carries out a method on what the path means.
func (m *Manager) dispatch(ctx context.Context, c *call, t target) (*Result, error) {
	if err := c.checkType(t.typ); err != nil {
		return nil, err
	}
	if c.method == http.MethodGet || c.method == http.MethodHead {
		return m.carryOut(ctx, c, t)
	}
	return m.noted(ctx, c, t, func() (*Result, error) { return m.carryOut(ctx, c, t) })
}

func (m *Manager) carryOut(ctx context.Context, c *call, t target) (*Result, error) {
	switch {
	case t.handler != nil:
		return m.handle(ctx, c, t)
	case t.collection && c.method == http.MethodGet && t.typ.Collection != nil:
		return m.serveCollection(ctx, c, t)
	case t.collection && c.method == http.MethodGet && t.typ.List != nil:
		return m.list(ctx, c, t)
	case t.collection:
		return nil, notAllowed(c.method, http.MethodGet)
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		return m.get(ctx, c, t)
	case http.MethodPut:
		return m.put(ctx, c, t, t.typ.Put)
	case http.MethodPatch:
		return m.put(ctx, c, t, t.typ.Patch)
	case http.MethodDelete:
		return m.delete(ctx, c, t)
	}
	return nil, notAllowed(c.method, t.typ.methods()...)
}

func (t *Type) methods() []string {
	list := []string{http.MethodGet, http.MethodHead}
	if t.Put != nil {
		list = append(list, http.MethodPut)
	}
	if t.Patch != nil {
		list = append(list, http.MethodPatch)
	}
	if t.Delete != nil {
		list = append(list, http.MethodDelete)
	}
	return list
}

func notAllowed(method string, allowed ...string) *Error {
	return &Error{Status: http.StatusMethodNotAllowed, Code: "HttpMethodNotSupported", Header: http.Header{"Allow": {strings.Join(allowed, ", ")}},
		Message: "The requested resource does not support the HTTP method '" + printable(method) + "'; it supports: " + strings.Join(allowed, ", ") + "."}
}

// handle lets an action or a read of an existing resource answer.
func (m *Manager) handle(ctx context.Context, c *call, t target) (*Result, error) {
	verb := t.verb + "/read"
	if c.method == http.MethodPost {
		verb = t.verb + "/action"
	}
	if err := m.allow(c, t.id.String(), verb); err != nil {
		return nil, err
	}
	body, err := c.document(false)
	if err != nil {
		return nil, err
	}
	r := m.request(c, t.values)
	r.ID, r.Body = t.id, body
	err = m.db.Read(ctx, func(tx *store.Tx) (err error) {
		if r.Resource, err = m.existing(tx, t); err != nil {
			return err
		}
		return m.unlockedFor(tx, c.method, t.id)
	})
	if err != nil {
		return nil, err
	}
	if t.typ.Admit != nil && c.from.IsValid() {
		if err := t.typ.Admit(r.Resource, c.from); err != nil {
			return nil, err
		}
	}
	res, err := t.handler(ctx, r)
	return result(res), err
}

func (m *Manager) serveRoute(ctx context.Context, c *call, r *route, values map[string]string) (*Result, error) {
	if err := c.checkRoute(); err != nil {
		return nil, err
	}
	if r.Action != "" {
		scope := c.path
		if cut := strings.Index(strings.ToLower(scope), "/providers"); cut >= 0 {
			scope = scope[:cut]
		}
		if err := m.allowAction(c, r.Action, scope); err != nil {
			return nil, err
		}
	}
	body, err := c.document(false)
	if err != nil {
		return nil, err
	}
	req := m.request(c, values)
	req.Body = body
	if group := values["group"]; group != "" {
		err := m.db.Read(ctx, func(tx *store.Tx) error {
			id, err := ParseID("/subscriptions/" + values["subscription"] + "/resourceGroups/" + group)
			if err == nil {
				_, err = m.group(tx, id)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	res, err := r.Serve(ctx, req)
	return result(res), err
}

func result(r *Response) *Result {
	if r == nil {
		return &Result{Status: http.StatusOK}
	}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	return &Result{Status: r.Status, Body: r.Body, Header: r.Header}
}

// group reads a resource group.
func (m *Manager) group(tx *store.Tx, id ID) (Resource, error) {
	r, err := Load(tx, id.Key())
	if errors.Is(err, store.ErrNotFound) {
		return Resource{}, GroupNotFound(id.Group)
	}
	return r, err
}

// existing reads the resource a call is about; the error says what is missing, the
// resource or its group.
func (m *Manager) existing(tx *store.Tx, t target) (Resource, error) {
	if t.typ.Builtin != nil {
		if r, ok := t.typ.Builtin(t.id); ok {
			return r, nil
		}
	}
	r, err := Load(tx, t.id.Key())
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	if group := t.id.GroupID(); !group.IsZero() && t.typ.Name != TypeGroup {
		if _, err := m.group(tx, group); err != nil {
			return Resource{}, err
		}
	}
	return Resource{}, t.missing()
}

func (t target) missing() *Error {
	e := NotFound(t.id)
	if t.typ.MissingCode != "" {
		e.Code = t.typ.MissingCode
	}
	return e
}

// serveTags answers the tags of what the segments name.
func (m *Manager) serveTags(ctx context.Context, c *call, segments []string) (*Result, error) {
	id, err := ParseID("/" + strings.Join(segments, "/"))
	if err != nil {
		return nil, err
	}
	switch c.method {
	case http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return m.tagsAtScope(ctx, c, id)
	}
	return nil, notAllowed(c.method, http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete)
}
