package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// View is a resource as it is served: what arm knows, then what its type shows.
func (m *Manager) View(ctx context.Context, tx *store.Tx, r Resource) (expr.Value, error) {
	t := m.typeOf(r.Type)
	if t == nil {
		return expr.Null(), errors.New("arm: no type " + r.Type)
	}
	return t.viewed(ctx, tx, r, t.View)
}

// brief is View for who drops the properties, and what it cost.
func (m *Manager) brief(ctx context.Context, tx *store.Tx, r Resource) (v expr.Value, cost int, err error) {
	if t := m.typeOf(r.Type); t != nil && t.Brief != nil {
		v, err = t.viewed(ctx, tx, r, t.Brief)
		return v, briefCost, err
	}
	v, err = m.View(ctx, tx, r)
	return v, viewCost, err
}

func (t *Type) viewed(ctx context.Context, tx *store.Tx, r Resource, view func(context.Context, *store.Tx, Resource) (expr.Value, error)) (expr.Value, error) {
	shown, err := view(ctx, tx, r)
	if err != nil {
		return expr.Null(), err
	}
	members := make([]expr.Member, 0, 7+shown.Len())
	add := func(name string, v expr.Value) { members = append(members, expr.Member{Name: name, Value: v}) }
	add("id", expr.String(r.ID))
	add("name", expr.String(r.ID[strings.LastIndexByte(r.ID, '/')+1:]))
	add("type", expr.String(t.Name))
	if t.ETagMember {
		add("etag", expr.String(r.ETag))
	}
	if r.Location != "" {
		add("location", expr.String(r.Location))
	}
	if !r.Tags.IsNull() {
		add("tags", r.Tags)
	}
	for name, v := range shown.Members() {
		if name == "properties" && !t.NoState {
			v = withState(v, r.State)
		}
		add(name, v)
	}
	return expr.Object(members...), nil
}

// withState adds the provisioning state to properties that do not tell it.
func withState(properties expr.Value, state string) expr.Value {
	if _, told := properties.Get("provisioningState"); told || state == "" || properties.Kind() != expr.KindObject {
		return properties
	}
	return properties.With("provisioningState", expr.String(state))
}

func (m *Manager) get(ctx context.Context, c *call, t target) (*Result, error) {
	if t.typ.Public == nil || !t.typ.Public(t.id) {
		if err := m.allow(c, t.id.String(), "read"); err != nil {
			return nil, err
		}
	}
	res := &Result{Status: http.StatusOK, Header: http.Header{}}
	err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
		if res.Resource, err = m.existing(tx, t); err != nil || c.method == http.MethodHead {
			return err
		}
		res.Body, err = m.View(ctx, tx, res.Resource)
		return err
	})
	if err != nil {
		return nil, err
	}
	res.Operation = res.Resource.Operation
	res.Header.Set("ETag", res.Resource.ETag)
	switch {
	case c.method == http.MethodHead:
		res.Status = http.StatusNoContent // CheckExistence (logic-api §5.1, §5.3)
	case c.ifNoneMatch != "" && matches(c.ifNoneMatch, res.Resource.ETag):
		res.Status, res.Body = http.StatusNotModified, expr.Null()
	}
	return res, nil
}

// precondition checks If-Match and If-None-Match before a change; old is nil if the
// resource is not there.
func (c *call) precondition(old *Resource) error {
	failed := ""
	switch {
	case c.ifMatch != "" && old == nil:
		failed = "the resource does not exist, and the request wants it to (If-Match)"
	case c.ifMatch != "" && !matches(c.ifMatch, old.ETag):
		failed = "the ETag in If-Match is not the resource's present one, " + old.ETag + ": read it again and apply the change to what you got"
	case c.ifNoneMatch != "" && old != nil && matches(c.ifNoneMatch, old.ETag):
		failed = "the resource exists, and the request wants it not to (If-None-Match)"
	default:
		return nil
	}
	return &Error{Status: http.StatusPreconditionFailed, Code: "PreconditionFailed", Message: "The condition of the request does not hold: " + failed + "."}
}

// matches tells whether a list of ETags, or "*", holds one. W/ makes no difference:
// all of ours change with every write.
func matches(list, etag string) bool {
	want := strings.TrimPrefix(etag, "W/")
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "*" || strings.Trim(strings.TrimPrefix(entry, "W/"), `"`) == strings.Trim(want, `"`) {
			return true
		}
	}
	return false
}
