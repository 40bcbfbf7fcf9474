package arm

import (
	"context"
	"sort"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// tagFields are what lists of groups and resources can be filtered by besides their
// own: the value of tagName and tagValue is looked up for each tag, see matchTags.
func tagFields() []Field {
	return []Field{{Name: "tagName", Value: noTag}, {Name: "tagValue", Value: noTag}}
}

func noTag(Resource, expr.Value) expr.Value { return expr.Null() }

// genericFields are the fields of lists of resources of any type (logic-api §5.3).
func genericFields() []Field {
	text := func(get func(Resource) string) func(Resource, expr.Value) expr.Value {
		return func(r Resource, _ expr.Value) expr.Value { return expr.String(get(r)) }
	}
	return append([]Field{
		{Name: "resourceType", Value: text(func(r Resource) string { return r.Type })},
		{Name: "name", Value: text(func(r Resource) string { return r.ID[strings.LastIndexByte(r.ID, '/')+1:] })},
		{Name: "location", Value: text(func(r Resource) string { return plainLocation(r.Location) })},
		{Name: "resourceGroup", Value: text(func(r Resource) string { id, _ := ParseID(r.ID); return id.Group })},
	}, tagFields()...)
}

// matchFields evaluates a filter on a stored resource. One that names tags holds if
// it holds for one of the tags.
func matchFields(f *Filter, fields []Field, r Resource, view expr.Value) bool {
	value := func(tag string, tagValue expr.Value) func(string) expr.Value {
		return func(name string) expr.Value {
			switch {
			case name == "tagName" && tag != "":
				return expr.String(tag)
			case name == "tagValue" && tag != "":
				return tagValue
			}
			for _, field := range fields {
				if field.Name == name {
					return field.Value(r, view)
				}
			}
			return expr.Null()
		}
	}
	if f.names("tagName") || f.names("tagValue") {
		for tag, v := range r.Tags.Members() {
			if f.Match(value(tag, v)) {
				return true
			}
		}
	}
	return f.Match(value("", expr.Null()))
}

// names reports whether the filter names a field.
func (f *Filter) names(field string) bool {
	return f != nil && (f.field.Name == field || f.left.names(field) || f.right.names(field))
}

// listResources answers /resources of a subscription or a group.
func (m *Manager) listResources(ctx context.Context, r *Request) (*Response, error) {
	scope := "/subscriptions/" + r.Values["subscription"]
	if group := r.Values["group"]; group != "" {
		scope += "/resourceGroups/" + group
	}
	fields := genericFields()
	filter, err := r.Filter(fields)
	if err != nil {
		return nil, err
	}
	l := lister{ctx: ctx, m: m, query: store.Query{ScopePrefix: scope}}
	if typ, ok := filter.Equals("resourceType"); ok {
		l.query.Type = typ
	}
	if l.limit, err = r.Top(1000, 1000); err != nil {
		return nil, err
	}
	if l.query.After, err = r.SkipToken(); err != nil {
		return nil, err
	}
	expand := strings.ToLower(r.Query.Get("$expand"))
	l.keep = m.readable(r.Principal, m.config.Authorizer == nil, func(res Resource) bool {
		t := m.typeOf(res.Type)
		return t != nil && t.Tracked && t.Name != TypeGroup
	})
	l.show = func(tx *store.Tx, res Resource) (expr.Value, bool, error) {
		if !matchFields(filter, fields, res, expr.Null()) {
			return expr.Null(), false, nil
		}
		view, cost, err := m.brief(ctx, tx, res)
		l.spent += cost
		return generic(view, res, expand), true, err
	}
	res, err := l.answer(r, func(*store.Tx) error { return nil })
	if err != nil {
		return nil, err
	}
	return &Response{Body: res.Body}, nil
}

// generic is the short form of a resource: without properties, with what $expand
// asks for.
func generic(view expr.Value, r Resource, expand string) expr.Value {
	v := view.Without("properties").Without("etag")
	if strings.Contains(expand, "createdtime") {
		v = v.With("createdTime", expr.String(Timestamp(r.Created)))
	}
	if strings.Contains(expand, "changedtime") {
		v = v.With("changedTime", expr.String(Timestamp(r.Changed)))
	}
	if strings.Contains(expand, "provisioningstate") {
		v = v.With("provisioningState", expr.String(r.State))
	}
	return v
}

func sorted[V any](set map[string]V) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// object makes an object of names and values in turn.
func object(pairs ...any) expr.Value {
	members := make([]expr.Member, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		var v expr.Value
		switch given := pairs[i+1].(type) {
		case expr.Value:
			v = given
		case string:
			v = expr.String(given)
		}
		members = append(members, expr.Member{Name: pairs[i].(string), Value: v})
	}
	return expr.Object(members...)
}
