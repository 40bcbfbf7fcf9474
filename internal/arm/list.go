package arm

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// list answers the resources of a type in a subscription, a group or a parent.
func (m *Manager) list(ctx context.Context, c *call, t target) (*Result, error) {
	all, err := m.allowList(c, operationOf(t.typ.Name)+"/read", t.id.String())
	if err != nil {
		return nil, err
	}
	r := m.request(c, nil)
	l := lister{ctx: ctx, m: m, query: store.Query{Type: t.typ.Name}, keep: m.readable(c.principal, all, t.typ.only(t.id))}
	if len(t.id.Types) > 0 {
		l.query.Parent = t.id.Key()
	} else {
		l.query.ScopePrefix = t.id.Key()
	}
	if l.limit, err = r.Top(orElse(t.typ.List.PageSize, 100), orElse(t.typ.List.MaxPage, 1000)); err != nil {
		return nil, err
	}
	if l.query.After, err = r.SkipToken(); err != nil {
		return nil, err
	}
	filter, err := r.Filter(t.typ.List.Fields)
	if err != nil {
		return nil, err
	}
	l.show = func(tx *store.Tx, res Resource) (expr.Value, bool, error) {
		view, err := m.View(ctx, tx, res)
		if err != nil {
			return expr.Null(), false, err
		}
		l.spent += viewCost + int(view.Size()/costlyBytes)
		return view, matchFields(filter, t.typ.List.Fields, res, view), nil
	}
	return l.answer(r, func(tx *store.Tx) error { return m.checkScope(tx, t.id) })
}

// allowList checks access to a list: all says that the caller may read everything in
// the scope; else the list holds what may be read.
func (m *Manager) allowList(c *call, action, scope string) (all bool, err error) {
	if err = m.allowAction(c, action, scope); err == nil {
		return true, nil
	}
	if m.config.Authorizer.Within(c.principal, action, scope) {
		return false, nil
	}
	return false, err
}

// readable is the condition of a list, narrowed to what the caller may read.
func (m *Manager) readable(p Principal, all bool, only func(Resource) bool) func(Resource) bool {
	if all {
		return only
	}
	return func(r Resource) bool {
		return (only == nil || only(r)) && m.config.Authorizer.Allowed(p, operationOf(r.Type)+"/read", r.ID)
	}
}

// serveCollection lets a type answer the list of its resources.
func (m *Manager) serveCollection(ctx context.Context, c *call, t target) (*Result, error) {
	scope := t.id.String()
	if t.id.IsZero() {
		scope = "/"
	}
	if t.typ.Public == nil || !t.typ.Public(t.id) {
		if err := m.allowAction(c, t.typ.Name+"/read", scope); err != nil {
			return nil, err
		}
	}
	r := m.request(c, nil)
	r.ID = t.id
	if !t.id.IsZero() {
		if err := m.db.Read(ctx, func(tx *store.Tx) error { return m.checkScope(tx, t.id) }); err != nil {
			return nil, err
		}
	}
	res, err := t.typ.Collection(ctx, r)
	return result(res), err
}

// only is the condition of a list of the type in a scope.
func (t *Type) only(scope ID) func(Resource) bool {
	if !t.AnyScope || len(scope.Types) > 0 {
		return t.List.Only
	}
	within := scope.Key() + "/providers/"
	return func(r Resource) bool {
		return strings.HasPrefix(r.Key, within) && (t.List.Only == nil || t.List.Only(r))
	}
}

// checkScope wants what a list is in to exist.
func (m *Manager) checkScope(tx *store.Tx, id ID) error {
	if group := id.GroupID(); !group.IsZero() {
		if _, err := m.group(tx, group); err != nil {
			return err
		}
	}
	if len(id.Types) == 0 {
		return nil
	}
	t := m.typeOf(id.Type())
	if t == nil {
		return nil
	}
	_, err := m.existing(tx, target{typ: t, id: id})
	return err
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// lister fills a page with what show keeps.
type lister struct {
	ctx   context.Context
	m     *Manager
	query store.Query
	limit int
	keep  func(Resource) bool // before show; nil keeps all
	show  func(tx *store.Tx, r Resource) (expr.Value, bool, error)
	spent int // by show
}

func (l *lister) answer(r *Request, first func(tx *store.Tx) error) (*Result, error) {
	var values []expr.Value
	next := ""
	err := l.m.db.Read(l.ctx, func(tx *store.Tx) (err error) {
		if err := first(tx); err != nil {
			return err
		}
		values, next, err = l.page(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	link := ""
	if next != "" {
		link = r.NextLink(next)
	}
	return result(Page(values, link)), nil
}

// What a page may cost: reading a resource is one, showing it more, and so are large ones.
// A page that has become too dear ends before it is full, and its nextLink goes on from
// there, so that no page takes long however many resources a filter passes over. Few are
// read at first, as they may be large.
const (
	pageBudget   = 500
	viewCost     = 4
	briefCost    = 1
	costlyBytes  = 2048 // of a view, which cost one more: a large one is read, and written
	costlyStored = 4096 // bytes of a stored form, which cost one more
	firstRead    = 8
	mostRead     = 100
)

// page reads until it has limit values, or has cost enough; next is the key of the last
// resource it looked at if there may be more.
func (l *lister) page(tx *store.Tx) (values []expr.Value, next string, err error) {
	q := l.query
	last, seen := "", 0
	for q.Limit = min(l.limit, firstRead) + 1; ; q.Limit = min(2*q.Limit, mostRead+1) {
		found, err := List(tx, q)
		if err != nil {
			return nil, "", err
		}
		for _, r := range found {
			if seen+l.spent >= pageBudget {
				return values, last, nil
			}
			seen += 1 + len(r.Body)/costlyStored
			if l.keep != nil && !l.keep(r) {
				last = r.Key
				continue
			}
			v, keep, err := l.show(tx, r)
			if err != nil {
				return nil, "", err
			}
			if keep && len(values) == l.limit {
				return values, last, nil
			}
			if last = r.Key; keep {
				values = append(values, v)
			}
		}
		if len(found) < q.Limit {
			return values, "", nil
		}
		q.After = found[len(found)-1].Key
	}
}

// Page is the answer of a list: {"value":[…],"nextLink":"…"}; link is "" on the last
// page.
func Page(values []expr.Value, link string) *Response {
	body := expr.Object(expr.Member{Name: "value", Value: expr.Array(values...)})
	if link != "" {
		body = body.With("nextLink", expr.String(link))
	}
	return &Response{Body: body}
}

// Top reads $top: ordinary without one, most at most.
func (r *Request) Top(ordinary, most int) (int, error) {
	text := r.Query.Get("$top")
	if text == "" {
		return ordinary, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, Invalid("InvalidTopParameter", "$top", "The value '%s' of $top is invalid: it must be a whole number of 1 or more.", printable(text))
	}
	return min(int(n), most), nil
}

// SkipToken reads $skiptoken as [Request.NextLink] wrote it; "" is the first page.
func (r *Request) SkipToken() (string, error) {
	text := r.Query.Get("$skiptoken")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", Invalid("InvalidSkipToken", "$skiptoken", "The $skiptoken is invalid: take nextLink as it was given.")
	}
	return string(b), nil
}

// NextLink is the URL of the page that follows the one whose last element token
// names.
func (r *Request) NextLink(token string) string {
	q := url.Values{}
	for name, values := range r.Query {
		q[name] = values
	}
	q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(token)))
	u := url.URL{Path: r.Path, RawQuery: q.Encode()}
	return r.BaseURL + u.String()
}

// Filter reads $filter over fields; nil if there is none.
func (r *Request) Filter(fields []Field) (*Filter, error) {
	text := r.Query.Get("$filter")
	if text != "" && len(fields) == 0 {
		return nil, Invalid("InvalidFilterInQueryString", "$filter", "Invalid $filter specified in the query string: this list cannot be filtered.")
	}
	return ParseFilter(text, fields)
}

// wire makes what is served of an error: an internal one shows only the request's id.
func (m *Manager) wire(err error, requestID string) *Error {
	if e := AsError(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Code: "ServerTimeout", Message: "The request was given up before it was done.", Cause: err}
	case errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrClosed):
		return &Error{Status: http.StatusServiceUnavailable, Code: "ServerStopping", Message: "The server is stopping; try again.", Cause: err}
	}
	if ill, ok := errors.AsType[*store.UnavailableError](err); ok {
		return &Error{Status: http.StatusServiceUnavailable, Code: "StorageUnavailable", Message: "Nothing was changed: " + ill.Advice(), Header: http.Header{"Retry-After": {"10"}}, Cause: err}
	}
	message := "The server could not carry out the request because of a fault of its own."
	if requestID != "" {
		message += " The log tells more about request '" + requestID + "'."
	}
	return &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: message, Cause: err}
}
