package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Surface is a form of request that the manager answers, and what its caller must be
// allowed.
type Surface struct {
	Method  string
	Pattern string // a path with {names}
	Action  string // "" if every principal may ask
}

// Surface lists every form of request that is answered: what a test of access has to
// hold against the roles.
func (m *Manager) Surface() []Surface {
	var list []Surface
	for _, r := range m.routes {
		list = append(list, Surface{r.Method, r.Pattern, r.Action})
	}
	for _, name := range slices.Sorted(maps.Keys(m.types)) {
		list = append(list, m.surfaceOf(m.types[name])...)
	}
	return list
}

func (m *Manager) surfaceOf(t *Type) []Surface {
	collection, resource := t.patterns()
	action := operationOf(t.Name)
	list := []Surface{{http.MethodGet, resource, action + "/read"}}
	if t.List != nil || t.Collection != nil {
		list = append(list, Surface{http.MethodGet, collection, action + "/read"})
	}
	if t.Put != nil {
		list = append(list, Surface{http.MethodPut, resource, action + "/write"})
	}
	if t.Patch != nil {
		list = append(list, Surface{http.MethodPatch, resource, action + "/write"})
	}
	if t.Delete != nil {
		list = append(list, Surface{http.MethodDelete, resource, action + "/delete"})
	}
	for _, p := range m.reads[strings.ToLower(t.Name)] {
		list = append(list, Surface{http.MethodGet, resource + "/" + p.order(), action + "/" + p.verb() + "/read"})
	}
	for _, p := range m.actions[strings.ToLower(t.Name)] {
		list = append(list, Surface{http.MethodPost, resource + "/" + p.order(), action + "/" + p.verb() + "/action"})
	}
	if t.AnyScope {
		for _, s := range list {
			s.Pattern = strings.Replace(s.Pattern, "/resourceGroups/{group}", "", 1)
			list = append(list, s)
		}
	}
	return list
}

// patterns are the paths of the type's collection and of one of its resources, in a
// group unless they stand in a subscription.
func (t *Type) patterns() (collection, resource string) {
	resource = "/subscriptions/{subscription}"
	if t.Name == TypeGroup {
		return resource + "/resourceGroups", resource + "/resourceGroups/{group}"
	}
	if !t.NoGroup || t.Extension {
		resource += "/resourceGroups/{group}"
	}
	namespace, path, _ := strings.Cut(t.Name, "/")
	resource += "/providers/" + namespace
	for _, typ := range strings.Split(path, "/") {
		collection = resource + "/" + typ
		resource = collection + "/{" + typ + "}"
	}
	return collection, resource
}
