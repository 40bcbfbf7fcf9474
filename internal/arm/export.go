package arm

import (
	"context"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// Resources as templates have them (logic-api §5.1, exportTemplate): what a PUT needs to
// make them again.

// Exported is a resource, or one nested in it, as a template has it.
type Exported struct {
	ID         ID
	Type       string
	APIVersion string
	// View is what a GET shows, without what the server makes (Type.ReadOnly), and with
	// what a GET only links to.
	View    expr.Value
	Secrets []Secret
}

// Secret is a value that nobody may read: a template takes it as a parameter.
type Secret struct {
	Path []string // names of members in View, "properties" first
	Type string   // of the parameter: SecureString, SecureObject
}

// Export gives a resource and what is nested in it, each before what is in it, as far as
// the principal may read it. What the view of a resource shows of itself is left out.
func (m *Manager) Export(ctx context.Context, p Principal, id string) (all []Exported, err error) {
	parsed, err := ParseID(id)
	if err != nil {
		return nil, err
	}
	t := m.typeOf(parsed.Type())
	if t == nil {
		return nil, m.unknownType(parsed.Provider, interleaved(parsed))
	}
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		r, err := m.existing(tx, target{typ: t, id: parsed})
		if err != nil {
			return err
		}
		if !m.mayRead(p, r) {
			return forbidden(p, operationOf(t.Name)+"/read", r.ID)
		}
		all, err = m.exportTree(ctx, tx, p, r)
		return err
	})
	return all, err
}

func (m *Manager) mayRead(p Principal, r Resource) bool {
	return m.config.Authorizer == nil || m.config.Authorizer.Allowed(p, operationOf(r.Type)+"/read", r.ID)
}

func (m *Manager) exportTree(ctx context.Context, tx *store.Tx, p Principal, r Resource) ([]Exported, error) {
	e, err := m.export(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	all := []Exported{e}
	shown := map[string]bool{}
	partIDs(e.View, r.Key+"/", shown)
	parts, err := List(tx, store.Query{Parent: r.Key})
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if t := m.typeOf(part.Type); t == nil || t.Extension || t.Put == nil || shown[part.Key] || !m.mayRead(p, part) {
			continue
		}
		more, err := m.exportTree(ctx, tx, p, part)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func (m *Manager) export(ctx context.Context, tx *store.Tx, r Resource) (e Exported, err error) {
	t := m.typeOf(r.Type)
	if e.ID, err = ParseID(r.ID); err != nil {
		return e, err
	}
	e.Type, e.APIVersion = t.Name, t.APIVersions[0]
	if e.View, err = m.View(ctx, tx, r); err != nil {
		return e, err
	}
	e.View = t.settable(e.View)
	if t.Export != nil {
		err = t.Export(tx, r, &e)
	}
	return e, err
}

// Settable is a view of a resource of a type, without what the server makes
// (Type.ReadOnly): what a PUT could have said.
func (m *Manager) Settable(typ string, view expr.Value) expr.Value {
	if t := m.typeOf(typ); t != nil {
		return t.settable(view)
	}
	return view
}

func (t *Type) settable(view expr.Value) expr.Value {
	for _, path := range t.ReadOnly {
		view = without(view, strings.Split(path, "."))
	}
	return view
}

// partIDs collects the IDs, by key, of what a view shows of the resource's own parts.
func partIDs(v expr.Value, within string, found map[string]bool) {
	if id, ok := v.Get("id"); ok {
		if text, _ := id.AsString(); strings.HasPrefix(strings.ToLower(text), within) {
			found[strings.ToLower(text)] = true
		}
	}
	for _, e := range v.Elements() {
		partIDs(e, within, found)
	}
	for _, e := range v.Members() {
		partIDs(e, within, found)
	}
}

// without takes a member away, in each element where the path leads through a list, in
// each member where it says "*".
func without(v expr.Value, path []string) expr.Value {
	if v.Kind() == expr.KindArray {
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			list = append(list, without(e, path))
		}
		return expr.Array(list...)
	}
	if path[0] == "*" {
		for name, m := range v.Members() {
			v = v.With(name, without(m, path[1:]))
		}
		return v
	}
	m, ok := v.Get(path[0])
	switch {
	case !ok:
		return v
	case len(path) == 1:
		return v.Without(path[0])
	}
	return v.With(path[0], without(m, path[1:]))
}
