package arm_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

// The types of the tests: a shop that may take its time, with shelves in it; a cart
// that belongs to a shop, which cannot go before it.

const (
	tenant       = "11111111-1111-1111-1111-111111111111"
	subscription = "22222222-2222-2222-2222-222222222222"
	base         = "https://isle.test:7443"
)

// shop is the stored form of all types of the tests.
type shop struct {
	Size int    `json:"size"`
	Shop string `json:"shop,omitempty"`
	Fail bool   `json:"fail,omitempty"`
}

func form(r arm.Resource) (s shop, err error) { return s, json.Unmarshal(r.Body, &s) }

func shopTypes() []arm.Type {
	size := arm.Field{Name: "size", Kind: arm.Number, Value: func(_ arm.Resource, view expr.Value) expr.Value {
		p, _ := view.Get("properties")
		v, _ := p.Get("size")
		return v
	}}
	name := arm.Field{Name: "name", Value: func(_ arm.Resource, view expr.Value) expr.Value { v, _ := view.Get("name"); return v }}
	return []arm.Type{
		{Name: "Test.Shop/shops", APIVersions: []string{"2024-01-01"}, Tracked: true, ETagMember: true, Running: "Pending",
			Put: putShop, Patch: arm.PatchTags, Delete: deleteShop, View: viewShop, List: &arm.ListSpec{Fields: []arm.Field{size, name}},
			Actions: map[string]arm.Handler{"open": openShop, "doors/{door}/open": openShop},
			Reads:   map[string]arm.Handler{"hours": hours, "panic": func(context.Context, *arm.Request) (*arm.Response, error) { panic("secret detail") }}},
		{Name: "Test.Shop/shops/shelves", APIVersions: []string{"2024-01-01"}, MissingCode: "ShelfNotFound", Put: putShop, Delete: deleteShop, View: viewShop, List: &arm.ListSpec{}},
		{Name: "Test.Shop/carts", APIVersions: []string{"2024-01-01"}, Tracked: true, Put: putShop, Delete: deleteShop, View: viewShop, Names: []string{"Test.Shop/stalls"}},
		{Name: "Test.Shop/stalls", APIVersions: []string{"2024-01-01"}, Tracked: true, Put: putShop, Patch: patchStall, Delete: deleteShop, View: viewShop,
			AcceptDelete: true, TagsByPatch: true, Move: arm.Rehome},
		{Name: "Test.Shop/stalls/drawers", APIVersions: []string{"2024-01-01"}, Put: putShop, Delete: deleteShop, View: viewShop, List: &arm.ListSpec{}},
	}
}

// patchStall judges tags: a stall's owner has a name.
func patchStall(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	if owner, given := r.Tags.Get("owner"); given && owner.Text() == "" {
		return nil, arm.Invalid("InvalidOwner", "tags.owner", "The owner must have a name.")
	}
	return arm.PatchTags(ctx, tx, r)
}

func putShop(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found []*arm.Error
	var s shop
	size, _ := r.Properties().Get("size")
	n, ok := size.AsInt()
	if s.Size = int(n); !ok || n < 1 {
		found = append(found, arm.Invalid("InvalidSize", "properties.size", "The size must be a whole number of 1 or more."))
	}
	if of, given := r.Properties().Get("shop"); given {
		s.Shop, _ = of.AsString()
		if _, err := arm.Load(tx, s.Shop); errors.Is(err, store.ErrNotFound) {
			found = append(found, arm.Invalid("ShopNotFound", "properties.shop", "There is no shop '%s'.", s.Shop))
		} else if err != nil {
			return nil, err
		}
	}
	if p := arm.Problems(found); p != nil {
		return nil, p
	}
	slow, _ := r.Properties().Get("slow")
	fail, _ := r.Properties().Get("fail")
	s.Fail, _ = fail.AsBool()
	if b, _ := slow.AsBool(); b {
		r.Async("shop", nil)
	}
	body, err := json.Marshal(s)
	return &arm.Written{Body: body}, err
}

func deleteShop(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	carts, err := arm.List(tx, store.Query{Type: "Test.Shop/carts"})
	if err != nil {
		return err
	}
	for _, c := range carts {
		s, err := form(c)
		if err != nil {
			return err
		}
		if arm.SameID(s.Shop, r.Old.ID) {
			return arm.Conflict("InUse", "", "The shop is used by '%s'.", c.ID)
		}
	}
	if s, err := form(r.Old); err != nil || s.Size < 100 {
		return err
	}
	r.Async("shop", nil) // a large one takes its time
	return nil
}

func viewShop(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	s, err := form(r)
	if err != nil {
		return expr.Null(), err
	}
	v := expr.Object(expr.Member{Name: "size", Value: expr.Int(int64(s.Size))})
	if s.Shop != "" {
		v = v.With("shop", expr.String(s.Shop))
	}
	return expr.Object(expr.Member{Name: "properties", Value: v}), nil
}

func openShop(_ context.Context, r *arm.Request) (*arm.Response, error) {
	return arm.Reply(expr.Object(expr.Member{Name: "opened", Value: expr.String(r.ID.Name())}, expr.Member{Name: "door", Value: expr.String(r.Values["door"])})), nil
}

func hours(context.Context, *arm.Request) (*arm.Response, error) {
	return arm.Reply(expr.Object(expr.Member{Name: "from", Value: expr.Int(8)})), nil
}

// world is a manager with all around it.
type world struct {
	*arm.Manager
	store *store.Store
	now   time.Time
	who   arm.Principal
}

// Authenticate takes the token itself as the caller's name.
func (w *world) Authenticate(r *http.Request) (arm.Principal, error) {
	if r.Header.Get("Authorization") != "Bearer good" {
		return arm.Principal{}, errors.New("it is not good")
	}
	return w.who, nil
}

// Allowed forbids what is in the group "closed".
func (w *world) Allowed(_ arm.Principal, _, scope string) bool {
	id, err := arm.ParseID(scope)
	return err != nil || id.Group != "closed"
}

// Within forbids the same.
func (w *world) Within(p arm.Principal, action, scope string) bool {
	return w.Allowed(p, action, scope)
}

func newWorld(t testing.TB, clock func(w *world) func() time.Time) *world {
	t.Helper()
	w := &world{now: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC), who: arm.Principal{ID: "o", Client: "c", Tenant: tenant}}
	var err error
	if w.store, err = store.Open(t.Context(), t.TempDir(), store.Options{Clock: clock(w)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.Manager, err = arm.New(arm.Config{Store: w.store, Types: shopTypes(), Authorizer: w, Authenticator: w, Tenant: tenant,
		Subscriptions: []arm.Subscription{{ID: subscription}}, PublicURL: base, Clock: clock(w)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func virtual(w *world) func() time.Time { return func() time.Time { return w.now } }

// handlers carry out the tasks of the tests' types and of the manager.
func (w *world) handlers() map[string]task.Handler {
	all := w.Handlers()
	all["shop"] = func(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
		j, err := arm.ReadJob(t)
		if err != nil {
			return task.Result{}, err
		}
		return task.Done(), db.Write(ctx, func(tx *store.Tx) error {
			r, err := arm.Load(tx, j.Resource)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			} else if err != nil {
				return err
			}
			s, err := form(r)
			if err == nil && s.Fail {
				return w.Complete(ctx, tx, j.Resource, j.Operation, arm.Conflict("NoStaff", "", "Nobody is there."))
			}
			return errors.Join(err, w.Complete(ctx, tx, j.Resource, j.Operation, nil))
		})
	}
	return all
}

// runTasks carries out what is due now, once.
func (w *world) runTasks(t testing.TB) {
	t.Helper()
	db, handlers := w.store.Control(), w.handlers()
	var claimed []store.Task
	err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
		claimed, err = tx.ClaimTasks(w.now, time.Minute, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claimed {
		res, err := handlers[c.Kind](t.Context(), db, c)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			if res.Again.IsZero() {
				return tx.FinishTask(c)
			}
			return tx.PostponeTask(c, res.Again, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
