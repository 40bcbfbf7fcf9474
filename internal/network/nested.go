package network

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Subnets, rules and routes are resources of their own and, at the same time,
// members of the resource they are nested in: a PUT of that one may give them, and
// its GET shows them.

// nested is a nested resource with its decoded form.
type nested[Form any] struct {
	arm.Resource
	name string
	form *Form
}

// children reads what is nested in a resource, in the order of the names.
func children[Form any](tx *store.Tx, parent arm.ID, typ string) ([]nested[Form], error) {
	list, err := arm.List(tx, store.Query{Type: typ, Parent: parent.Key()})
	if err != nil {
		return nil, err
	}
	found := make([]nested[Form], len(list))
	for i, r := range list {
		form, err := decode[Form](r)
		if err != nil {
			return nil, err
		}
		found[i] = nested[Form]{Resource: r, name: lastSegment(r.ID), form: form}
	}
	return found, nil
}

// beside is a list of what is nested in a resource with one entry written anew: it
// stands at the end.
func beside[Form any](list []nested[Form], entry Form, name string) []Form {
	all := make([]Form, 0, len(list)+1)
	for i := range list {
		if !strings.EqualFold(list[i].name, name) {
			all = append(all, *list[i].form)
		}
	}
	return append(all, entry)
}

// find returns the entry with the name, ignoring case.
func find[Form any](list []nested[Form], name string) *nested[Form] {
	for i := range list {
		if strings.EqualFold(list[i].name, name) {
			return &list[i]
		}
	}
	return nil
}

// replace makes want the list of what is nested in a resource: entries whose form
// is new or differs are saved, those that want does not name are deleted.
func replace[Form any](tx *store.Tx, parent arm.ID, segment string, old, want []nested[Form], now time.Time) error {
	for _, o := range old {
		if find(want, o.name) == nil {
			if err := tx.DeleteResource(o.Key); err != nil {
				return err
			}
		}
	}
	for _, w := range want {
		body, err := encode(w.form)
		if err != nil {
			return err
		}
		r := arm.Resource{Resource: store.Resource{ID: parent.Child(segment, w.name).String(), State: succeeded, Created: now}}
		if o := find(old, w.name); o != nil {
			if bytes.Equal(o.Body, body) {
				continue
			}
			r = o.Resource
		}
		r.Body, r.ETag, r.Changed = body, arm.NewETag(), now
		if err := arm.Save(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// touch gives a resource a new ETag because something nested in it, or what uses
// it, has changed.
func touch(tx *store.Tx, id string, now time.Time) error {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it is being deleted
	}
	if err != nil {
		return err
	}
	r.ETag, r.Changed = arm.NewETag(), now
	return arm.Save(tx, r)
}

// embedded shows what is nested in a resource as its members.
func embedded[Form any](list []nested[Form], typ string, view func(*nested[Form]) expr.Value) expr.Value {
	values := make([]expr.Value, len(list))
	for i := range list {
		e := &list[i]
		values[i] = child(e.ID, e.name, typ, e.ETag, view(e))
	}
	return expr.Array(values...)
}

func properties(v expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "properties", Value: v})
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
