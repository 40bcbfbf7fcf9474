package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/internal/deploy"
	"isle/internal/store"
)

// Every type that can be put, patched or deleted holds to If-Match and If-None-Match:
// what does not hold is 412, and changes nothing.
func TestPreconditionsHoldForEveryType(t *testing.T) {
	s := start(t, t.TempDir())
	m := conditionalManager(t, s)
	tried := map[string]bool{}
	for _, f := range m.Surface() {
		if f.Method != http.MethodPut && f.Method != http.MethodPatch && f.Method != http.MethodDelete || strings.Contains(f.Pattern, "tagNames") {
			continue
		}
		path := named.ReplaceAllString(strings.ReplaceAll(f.Pattern, "{subscription}", s.issuer.Subscription()), "11111111-2222-3333-4444-555555555555")
		if at := strings.Index(path, "/providers/Microsoft.Authorization/roleDefinitions"); at > 0 {
			path = path[:strings.Index(path, "/resourceGroups")] + path[at:] // their one place
		}
		plant(t, s, path)
		etag := s.etagOf(t, path)
		for _, c := range []struct{ header, value string }{{"If-Match", `"another"`}, {"If-None-Match", "*"}, {"If-None-Match", etag}} {
			if status, code := conditional(m, f.Method, path, c.header, c.value); status != http.StatusPreconditionFailed {
				t.Errorf("%s %s with %s %s: %d %s", f.Method, f.Pattern, c.header, c.value, status, code)
			}
		}
		if now := s.etagOf(t, path); now != etag {
			t.Errorf("%s %s has changed it", f.Method, f.Pattern)
		}
		tried[f.Method] = true
		if err := s.store.Control().Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteResource(path) }); err != nil {
			t.Fatal(err) // a lock without a form would lock what it is at
		}
	}
	if len(tried) != 3 {
		t.Errorf("tried %v only", tried)
	}
}

// plant stores a resource and what it is in, each without a form: a request that is
// refused for its condition does not read it.
func plant(t *testing.T, s *Server, path string) {
	t.Helper()
	if err := s.store.Control().Write(t.Context(), func(tx *store.Tx) error {
		id, err := arm.ParseID(path)
		if err != nil {
			return err
		}
		for _, id := range append(ancestors(id), id) {
			if _, err := arm.Load(tx, id.Key()); err == nil {
				continue
			}
			if err := arm.Save(tx, arm.Resource{Resource: store.Resource{ID: id.String(), ETag: arm.NewETag(), State: "Succeeded", Body: []byte("{}")}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// ancestors are the group and the parents of a resource.
func ancestors(id arm.ID) (list []arm.ID) {
	for parent, nested := id.Parent(); nested; parent, nested = parent.Parent() {
		list = append(list, parent)
	}
	if group := id.GroupID(); !group.IsZero() && !group.Equal(id) {
		list = append(list, group)
	}
	return list
}

func (s *Server) etagOf(t *testing.T, path string) (etag string) {
	t.Helper()
	if err := s.store.Control().Read(t.Context(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, strings.ToLower(path))
		etag = r.ETag
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return etag
}

// owner is whoever asks.
type owner struct{}

func (owner) Authenticate(*http.Request) (arm.Principal, error) {
	return arm.Principal{ID: "owner"}, nil
}

// conditionalManager is a manager of the server's types that lets everybody in.
func conditionalManager(t *testing.T, s *Server) *arm.Manager {
	t.Helper()
	m, err := arm.New(arm.Config{Store: s.store, Types: s.types(new(deploy.Provider)), Authenticator: owner{}, PublicURL: "https://localhost",
		Subscriptions: []arm.Subscription{{ID: s.issuer.Subscription()}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// conditional sends a request with a condition.
func conditional(m *arm.Manager, method, path, header, value string) (status int, code string) {
	r := httptest.NewRequest(method, "https://localhost"+path+"?api-version=2019-05-01", strings.NewReader(`{"location":"westeurope","properties":{}}`))
	r.Header.Set(header, value)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Code, w.Header().Get("x-ms-error-code")
}
