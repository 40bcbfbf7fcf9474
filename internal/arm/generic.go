package arm

import (
	"context"
	"net/http"
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
		view, err := m.View(ctx, tx, res)
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

// tagNames answers the tags that are used in a subscription, with their counts.
func (m *Manager) tagNames(ctx context.Context, r *Request) (*Response, error) {
	scope := "/subscriptions/" + r.Values["subscription"]
	counts := map[string]map[string]int64{}
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		list, err := List(tx, store.Query{ScopePrefix: scope})
		for _, res := range list {
			for name, v := range res.Tags.Members() {
				if counts[name] == nil {
					counts[name] = map[string]int64{}
				}
				counts[name][v.Text()]++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	for _, name := range sorted(counts) {
		id, total := scope+"/tagNames/"+name, int64(0)
		var used []expr.Value
		for _, v := range sorted(counts[name]) {
			total += counts[name][v]
			used = append(used, object("id", expr.String(id+"/tagValues/"+v), "tagValue", expr.String(v), "count", count(counts[name][v])))
		}
		values = append(values, object("id", expr.String(id), "tagName", expr.String(name), "count", count(total), "values", expr.Array(used...)))
	}
	return Page(values, ""), nil
}

func count(n int64) expr.Value { return object("type", expr.String("Total"), "value", expr.Int(n)) }

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

// tagsAtScope answers {scope}/providers/Microsoft.Resources/tags/default (logic-api
// §5.3) for a subscription's groups and their resources.
func (m *Manager) tagsAtScope(ctx context.Context, c *call, scope ID) (*Result, error) {
	t := m.typeOf(scope.Type())
	if t == nil {
		return nil, NotFound(scope)
	}
	verb := map[bool]string{true: "read", false: "write"}[c.method == http.MethodGet]
	if err := m.allowAction(c, "Microsoft.Resources/tags/"+verb, scope.String()); err != nil {
		return nil, err
	}
	doc, err := c.document(c.method == http.MethodPut || c.method == http.MethodPatch)
	if err != nil {
		return nil, err
	}
	var r Resource
	run := m.db.Write
	if c.method == http.MethodGet {
		run = m.db.Read
	}
	err = run(ctx, func(tx *store.Tx) (err error) {
		if r, err = m.existing(tx, target{typ: t, id: scope}); err != nil || c.method == http.MethodGet {
			return err
		}
		if r.Operation != "" {
			return target{typ: t, id: scope}.busy(r)
		}
		tags, err := changedTags(c.method, doc, r.Tags)
		if err != nil {
			return err
		}
		return m.retag(ctx, tx, c, t, &r, tags)
	})
	if err != nil {
		return nil, err
	}
	if c.method == http.MethodDelete {
		return &Result{Status: http.StatusOK}, nil
	}
	tags := r.Tags
	if tags.IsNull() {
		tags = expr.Object()
	}
	return &Result{Status: http.StatusOK, Body: object("id", scope.String()+"/providers/Microsoft.Resources/tags/default", "name", "default",
		"type", "Microsoft.Resources/tags", "properties", object("tags", tags))}, nil
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
			next = next.With(name, v)
		}
	case strings.EqualFold(operation, "Delete"):
		for name, v := range given.Members() {
			if have, ok := next.Get(name); ok && have.Text() == v.Text() {
				next = next.Without(name)
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
