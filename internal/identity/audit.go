package identity

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// Entry says who did what to the directory, or tried to.
type Entry struct {
	By     arm.Principal // zero: the server itself
	From   netip.Addr    // the caller's address; may be invalid
	Method string        // of the request; "" of the server's own changes
	Action string        // "Microsoft.Graph/users/write"
	Object string        // "users/{object id}"; of what was refused as the path had it
	Status int           // of the answer
	Code   string        // of the error, "" if it was done
}

// author is who changes the directory; it goes with the context of a request.
type author struct {
	by     arm.Principal
	from   netip.Addr
	method string
}

type authorKey struct{}

func (s *Service) authored(r *http.Request, who arm.Principal) *http.Request {
	from, _ := netip.ParseAddr(s.address(r))
	return r.WithContext(context.WithValue(r.Context(), authorKey{}, author{who, from, r.Method}))
}

// note records, in the transaction of a change, what it changes.
func (s *Service) note(ctx context.Context, tx *store.Tx, old, next *directory) error {
	if s.config.Record == nil {
		return nil
	}
	a, _ := ctx.Value(authorKey{}).(author)
	var found []error
	for _, c := range changes(old, next) {
		found = append(found, s.config.Record(tx, Entry{By: a.by, From: a.from, Method: a.method, Action: "Microsoft.Graph/" + c.action, Object: c.object, Status: http.StatusOK}))
	}
	return errors.Join(found...)
}

// refused records a change that was not allowed, or not carried out. It fails nobody's
// request.
func (s *Service) refused(r *http.Request, who arm.Principal, e *graphError) {
	if s.config.Record == nil || s.db == nil {
		return
	}
	collection, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1.0/"), "/")
	action := "/write"
	if r.Method == http.MethodDelete {
		action = "/delete"
	}
	from, _ := netip.ParseAddr(s.address(r))
	object := strings.TrimSuffix(clean(collection)+"/"+clean(rest), "/")
	_ = s.db.Write(context.WithoutCancel(r.Context()), func(tx *store.Tx) error {
		return s.config.Record(tx, Entry{By: who, From: from, Method: r.Method, Action: "Microsoft.Graph/" + clean(collection) + action, Object: object, Status: e.status, Code: e.code})
	})
}

// change is one difference of two directories.
type change struct{ action, object string }

func changes(old, next *directory) (list []change) {
	list = append(list, differences("users", old.Users, next.Users, func(u user) string { return u.Object }, func(a, b user) string {
		if !reflect.DeepEqual(a.Hash, b.Hash) {
			return "users/password"
		}
		return "users"
	})...)
	list = append(list, differences("applications", old.Clients, next.Clients, func(c client) string { return c.ID }, func(a, b client) string {
		if !reflect.DeepEqual(a.Secrets, b.Secrets) || !reflect.DeepEqual(a.Keys, b.Keys) {
			return "applications/credentials"
		}
		return "applications"
	})...)
	return append(list, differences("groups", old.Groups, next.Groups, func(g group) string { return g.Object }, func(a, b group) string {
		if !reflect.DeepEqual(a.Members, b.Members) {
			return "groups/members"
		}
		return "groups"
	})...)
}

// differences compares two lists of things with ids; what says which part of one differs.
func differences[T any](collection string, old, next []T, id func(T) string, what func(a, b T) string) (list []change) {
	before := make(map[string]T, len(old))
	for _, o := range old {
		before[id(o)] = o
	}
	for _, n := range next {
		o, there := before[id(n)]
		delete(before, id(n))
		switch {
		case !there:
			list = append(list, change{collection + "/write", collection + "/" + id(n)})
		case !reflect.DeepEqual(o, n):
			list = append(list, change{what(o, n) + "/write", collection + "/" + id(n)})
		}
	}
	for gone := range before {
		list = append(list, change{collection + "/delete", collection + "/" + gone})
	}
	return list
}
