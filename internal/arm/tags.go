package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// Tags by themselves: {scope}/providers/Microsoft.Resources/tags/default (logic-api
// §5.3) of a subscription, a group or a resource.

// tagsAtScope answers the tags of a scope.
func (m *Manager) tagsAtScope(ctx context.Context, c *call, scope ID) (*Result, error) {
	verb := map[string]string{http.MethodGet: "read", http.MethodDelete: "delete"}[c.method]
	if verb == "" {
		verb = "write"
	}
	if err := m.allowAction(c, "Microsoft.Resources/tags/"+verb, scope.String()); err != nil {
		return nil, err
	}
	doc, err := c.document(c.method == http.MethodPut || c.method == http.MethodPatch)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, fn func(*store.Tx) error) error { return m.transact(ctx, c, fn) }
	change := func(old expr.Value) (expr.Value, error) { return changedTags(c.method, doc, old) }
	if c.method == http.MethodGet {
		run, change = m.db.Read, nil
	}
	res := &Result{Status: http.StatusOK}
	err = run(ctx, func(tx *store.Tx) (err error) {
		var tags expr.Value
		if change != nil {
			if err := checkUnlocked(tx, scope, false); err != nil {
				return err
			}
		}
		if scope.Group == "" && scope.Provider == "" {
			tags, err = subscriptionTags(tx, scope.Subscription, change)
		} else {
			tags, err = m.resourceTags(ctx, tx, c, scope, change)
		}
		if err == nil && c.method != http.MethodDelete {
			res.Body = tagsValue(scope, tags)
		}
		if err == nil && c.commit != nil {
			err = c.commit(tx, res)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

func tagsValue(scope ID, tags expr.Value) expr.Value {
	if tags.IsNull() {
		tags = expr.Object()
	}
	return object("id", scope.String()+"/providers/Microsoft.Resources/tags/default", "name", "default",
		"type", "Microsoft.Resources/tags", "properties", object("tags", tags))
}

// resourceTags are the tags of a group or resource, after a change if there is one.
func (m *Manager) resourceTags(ctx context.Context, tx *store.Tx, c *call, scope ID, change func(expr.Value) (expr.Value, error)) (expr.Value, error) {
	t := m.typeOf(scope.Type())
	if t == nil {
		return expr.Null(), NotFound(scope)
	}
	r, err := m.existing(tx, target{typ: t, id: scope})
	if err != nil || change == nil {
		return r.Tags, err
	}
	if !t.Tracked {
		return expr.Null(), Invalid("TagsNotSupportedForResourceType", "", "Resources of type '%s' have no tags.", t.Name)
	}
	if err := c.precondition(&r); err != nil {
		return expr.Null(), err
	}
	if r.Operation != "" {
		return expr.Null(), target{typ: t, id: scope}.busy(r)
	}
	tags, err := change(r.Tags)
	if err != nil {
		return expr.Null(), err
	}
	return tags, m.retag(ctx, tx, c, t, &r, tags)
}

// subscriptionTags are the tags of a subscription, which is no stored resource: they
// are a setting of the control database.
func subscriptionTags(tx *store.Tx, subscription string, change func(expr.Value) (expr.Value, error)) (tags expr.Value, err error) {
	key := "subscriptiontags:" + strings.ToLower(subscription)
	stored, err := tx.Setting(key)
	if err == nil {
		tags, err = expr.ParseStored(stored)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) || change == nil {
		return tags, ignoreMissing(err)
	}
	if tags, err = change(tags); err != nil {
		return expr.Null(), err
	}
	return tags, tx.PutSetting(key, tags.JSON())
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// tagOf finds the spelling under which a tag is there.
func tagOf(tags expr.Value, name string) (string, bool) {
	for known := range tags.Members() {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

// retag stores other tags of a resource, if its type agrees.
func (m *Manager) retag(ctx context.Context, tx *store.Tx, c *call, t *Type, r *Resource, tags expr.Value) error {
	if t.TagsByPatch && t.Patch != nil {
		id, err := ParseID(r.ID)
		if err != nil {
			return err
		}
		old := *r
		written, err := t.Patch(ctx, tx, &PutRequest{ID: id, Principal: c.principal, APIVersion: c.version, CorrelationID: c.correlation, Now: c.now, BaseURL: c.base,
			Old: &old, Body: object("tags", tags), Location: r.Location, Tags: tags, patch: true})
		if err != nil {
			return err
		}
		r.Body = written.Body
	}
	r.Tags, r.ETag, r.Changed = tags, NewETag(), c.now
	return Save(tx, *r)
}

// changedTags applies PUT, PATCH (Merge, Replace, Delete) or DELETE of tags.
func changedTags(method string, doc, old expr.Value) (expr.Value, error) {
	if method == http.MethodDelete {
		return expr.Null(), nil
	}
	properties, _ := doc.Get("properties")
	given, _ := properties.Get("tags")
	if problem := Problems(checkTags(given)); problem != nil {
		return expr.Null(), problem
	}
	word, _ := doc.Get("operation")
	operation, _ := word.AsString()
	next := old
	switch {
	case method == http.MethodPut || strings.EqualFold(operation, "Replace"):
		next = given
	case strings.EqualFold(operation, "Merge"):
		for name, v := range given.Members() {
			if known, ok := tagOf(next, name); ok {
				name = known // its first spelling stays
			}
			next = next.With(name, v)
		}
	case strings.EqualFold(operation, "Delete"):
		for name, v := range given.Members() {
			if known, ok := tagOf(next, name); ok {
				if have, _ := next.Get(known); have.Text() == v.Text() {
					next = next.Without(known)
				}
			}
		}
	default:
		return expr.Null(), Invalid("InvalidTagsPatchOperation", "operation", "The operation '%s' is not one of Merge, Replace, Delete.", printable(operation))
	}
	if problem := Problems(checkTags(next)); problem != nil {
		return expr.Null(), problem
	}
	return next, nil
}
