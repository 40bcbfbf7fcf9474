package deploy

import (
	"strconv"
	"strings"

	"isle/expr"
)

// Differences of two resources, as a what-if lists them: members of objects by their
// path with dots, an array as one change with its elements as children. Elements that
// are objects are the same if they have the same name, or the same id; others if they
// are equal.

// comparison compares. With partial, what only stands before is no difference: after
// is not the whole.
type comparison struct{ partial bool }

// unsteady are members that every write changes, or time.
func unsteady(path, name string) bool {
	switch strings.ToLower(name) {
	case "etag", "provisioningstate":
		return true
	case "changedtime", "createdtime", "version":
		return path == "properties"
	}
	return false
}

// steady is a resource without what changes by itself.
func steady(v expr.Value, path string) expr.Value {
	switch v.Kind() {
	case expr.KindArray:
		list := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			list = append(list, steady(e, path+".0"))
		}
		return expr.Array(list...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			if !unsteady(path, name) {
				members = append(members, expr.Member{Name: name, Value: steady(m, below(path, name))})
			}
		}
		return expr.Object(members...)
	}
	return v
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// of lists what differs of a resource, beside what it is called.
func (c comparison) of(before, after expr.Value) []expr.Value {
	for _, name := range []string{"id", "name", "type", "resourceGroup", "apiVersion"} {
		before, after = before.Without(name), after.Without(name)
	}
	return c.members(before, after, "")
}

// differences lists what differs of two values at a path.
func (c comparison) differences(before, after expr.Value, path string) []expr.Value {
	switch {
	case c.same(before, after, path):
		return nil
	case isEmpty(after):
		if c.partial {
			return nil
		}
		return []expr.Value{change(path, changeDelete, before, expr.Null(), nil)}
	case isEmpty(before):
		return []expr.Value{change(path, changeCreate, expr.Null(), after, nil)}
	case before.Kind() == expr.KindObject && after.Kind() == expr.KindObject:
		return c.members(before, after, path)
	case before.Kind() == expr.KindArray && after.Kind() == expr.KindArray:
		if children := c.elements(before, after); len(children) > 0 {
			return []expr.Value{change(path, "Array", expr.Null(), expr.Null(), children)}
		}
		return nil
	}
	return []expr.Value{change(path, changeModify, before, after, nil)}
}

// same reports whether two values mean the same at a path.
func (c comparison) same(before, after expr.Value, path string) bool {
	if isEmpty(before) && isEmpty(after) || c.partial && open(after) || expr.Equal(before, after) {
		return true
	}
	a, isText := before.AsString()
	b, both := after.AsString()
	switch {
	case !isText || !both:
		return false
	case path == "location" || strings.HasSuffix(path, ".location"):
		return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
	}
	return strings.HasPrefix(strings.ToLower(a), "/subscriptions/") && strings.EqualFold(strings.Trim(a, "/"), strings.Trim(b, "/"))
}

// isEmpty reports whether a value says nothing.
func isEmpty(v expr.Value) bool {
	return v.IsNull() || (v.Kind() == expr.KindObject || v.Kind() == expr.KindArray) && v.Len() == 0
}

func (c comparison) members(before, after expr.Value, path string) (found []expr.Value) {
	for name, m := range before.Members() {
		other, _ := member(after, name)
		found = append(found, c.differences(m, other, below(path, name))...)
	}
	for name, m := range after.Members() {
		if !hasMember(before, name) {
			found = append(found, c.differences(expr.Null(), m, below(path, name))...)
		}
	}
	return found
}

// elements lists what differs of two arrays, by the place: where an element was, or
// where a new one is.
func (c comparison) elements(before, after expr.Value) (found []expr.Value) {
	taken := make([]bool, after.Len())
	for i, e := range before.Elements() {
		at := c.counterpart(e, i, after, taken)
		if at < 0 {
			found = append(found, change(strconv.Itoa(i), changeDelete, e, expr.Null(), nil))
			continue
		}
		taken[at] = true
		if children := c.differences(e, after.Index(at), ""); len(children) > 0 {
			found = append(found, change(strconv.Itoa(i), changeModify, expr.Null(), expr.Null(), children))
		}
	}
	for i, e := range after.Elements() {
		if !taken[i] {
			found = append(found, change(strconv.Itoa(i), changeCreate, expr.Null(), e, nil))
		}
	}
	return found
}

// counterpart is the place of the element of after that an element is the same as; -1
// if there is none. Objects without a name are taken for the same where they stand.
func (c comparison) counterpart(e expr.Value, i int, after expr.Value, taken []bool) int {
	for _, alike := range []func(other expr.Value, n int) bool{
		func(other expr.Value, _ int) bool { return sameElement(e, other) },
		func(other expr.Value, _ int) bool { return identity(other) == "" && c.same(e, other, "") },
		func(other expr.Value, n int) bool { return n == i && isUnnamed(e) && isUnnamed(other) },
	} {
		for n, other := range after.Elements() {
			if !taken[n] && alike(other, n) {
				return n
			}
		}
	}
	return -1
}

func isUnnamed(v expr.Value) bool { return v.Kind() == expr.KindObject && identity(v) == "" }

func sameElement(a, b expr.Value) bool {
	name := identity(a)
	return name != "" && strings.EqualFold(name, identity(b))
}

// identity is what an element of an array is called, "" if it is not.
func identity(v expr.Value) string {
	for _, name := range []string{"name", "id"} {
		if s, ok := text(v, name); ok {
			return s
		}
	}
	return ""
}

// change is a change of a property; null values are not in it.
func change(path, kind string, before, after expr.Value, children []expr.Value) expr.Value {
	v := expr.Object(str("path", path), str("propertyChangeType", kind))
	if !before.IsNull() {
		v = v.With("before", before)
	}
	if !after.IsNull() {
		v = v.With("after", after)
	}
	if len(children) > 0 {
		v = v.With("children", expr.Array(children...))
	}
	return v
}
