package arm

import (
	"net/http"
	"slices"
	"strings"
)

// pattern is a path of literal segments and {names}.
type pattern struct {
	segments []string
	handler  Handler
}

func newPattern(text string, h Handler) pattern {
	return pattern{strings.Split(strings.Trim(text, "/"), "/"), h}
}

// patterns orders patterns so that a literal segment is tried before a name.
func patterns(set map[string]Handler) []pattern {
	list := make([]pattern, 0, len(set))
	for text, h := range set {
		list = append(list, newPattern(text, h))
	}
	slices.SortFunc(list, func(a, b pattern) int { return strings.Compare(a.order(), b.order()) })
	return list
}

// order sorts names, which begin with a brace, behind letters.
func (p pattern) order() string { return strings.Join(p.segments, "/") }

func isName(segment string) bool { return strings.HasPrefix(segment, "{") }

// match gives what the names stand for. Letter case is ignored.
func (p pattern) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(p.segments) {
		return nil, false
	}
	for i, s := range p.segments {
		if !isName(s) && !strings.EqualFold(s, segments[i]) {
			return nil, false
		}
	}
	values := map[string]string{}
	for i, s := range p.segments {
		if isName(s) {
			values[strings.Trim(s, "{}")] = segments[i]
		}
	}
	return values, true
}

// verb is the pattern without names: what a POST is called in an action.
func (p pattern) verb() string {
	literal := slices.DeleteFunc(slices.Clone(p.segments), isName)
	return strings.Join(literal, "/")
}

type route struct {
	Route
	pattern pattern
}

func (r *route) match(method string, segments []string) (map[string]string, bool) {
	if r.Method != method && (r.Method != http.MethodGet || method != http.MethodHead) {
		return nil, false
	}
	return r.pattern.match(segments)
}

// target is what a path means: a resource, a collection, or an action or read of a
// resource.
type target struct {
	typ        *Type
	id         ID   // of the resource; of a collection, of what it is in
	collection bool // the resources of typ in id
	handler    Handler
	verb       string
	values     map[string]string
}

// resolve finds what a path means. The longest sequence of types and names that is a
// registered type wins; what remains is an action or a read of it.
func (m *Manager) resolve(segments []string, method string) (target, error) {
	at := slices.IndexFunc(segments, func(s string) bool { return strings.EqualFold(s, "providers") })
	if at < 0 {
		return m.resolveScope(segments, method)
	}
	for i := at + 2; i < len(segments); i += 2 { // a resource that extends another: the last provider counts
		if strings.EqualFold(segments[i], "providers") {
			at = i
		}
	}
	if at+2 >= len(segments) {
		return target{}, notFoundPath(segments)
	}
	namespace, rest := segments[at+1], segments[at+2:]
	if at == 0 && m.needsSubscription(namespace, rest) {
		return target{}, Missing("MissingSubscription", "The request did not have a subscription or a valid tenant level resource provider: resources of the type '%s/%s' stand in a subscription or a resource group. Begin the path with '/subscriptions/{subscriptionId}'.", printable(namespace), printable(rest[0]))
	}
	if len(rest)%2 == 1 {
		if t := m.typeOf(typeName(namespace, rest)); t != nil && (method == http.MethodGet || !m.hasAction(segments, at, rest)) {
			return m.collection(t, segments, at, rest)
		}
	}
	for n := len(rest) &^ 1; n >= 2; n -= 2 {
		t := m.typeOf(typeName(namespace, rest[:n]))
		if t == nil {
			continue
		}
		id, err := ParseID("/" + strings.Join(spelled(segments[:at+2+n], at, t.Name), "/"))
		if err != nil {
			return target{}, err
		}
		if t.Home != nil {
			id = t.Home(id)
		}
		if n == len(rest) {
			return target{typ: t, id: id}, nil
		}
		if found, ok := m.sub(t, id, rest[n:], method); ok {
			return found, nil
		}
	}
	return target{}, m.unknownType(namespace, rest)
}

// spelled gives segments that end with a resource the type's own spelling: clients write
// the parts of a type in any letter case, and only names are the creator's.
func spelled(segments []string, at int, typ string) []string {
	segments = slices.Clone(segments)
	for i, part := range strings.Split(typ, "/") {
		segments[at+max(1, 2*i)] = part
	}
	return segments
}

// needsSubscription says whether a path of the tenant is that of a type that has nothing
// there.
func (m *Manager) needsSubscription(namespace string, rest []string) bool {
	t := m.typeOf(namespace + "/" + rest[0])
	return t != nil && !t.Extension
}

// hasAction reports whether an odd path is an action rather than a collection that
// has its name.
func (m *Manager) hasAction(segments []string, at int, rest []string) bool {
	for n := len(rest) - 1; n >= 2; n -= 2 {
		if t := m.typeOf(typeName(segments[at+1], rest[:n])); t != nil {
			_, ok := m.sub(t, ID{}, rest[n:], http.MethodPost)
			return ok
		}
	}
	return false
}

// resolveScope is resolve for subscriptions and resource groups themselves.
func (m *Manager) resolveScope(segments []string, method string) (target, error) {
	if len(segments) < 3 || !strings.EqualFold(segments[2], "resourceGroups") {
		return target{}, notFoundPath(segments)
	}
	t := m.typeOf(TypeGroup)
	if len(segments) == 3 {
		id, err := ParseID("/" + strings.Join(segments[:2], "/"))
		return target{typ: t, id: id, collection: true}, err
	}
	id, err := ParseID("/" + strings.Join(segments[:4], "/"))
	if err != nil || len(segments) == 4 {
		return target{typ: t, id: id}, err
	}
	if found, ok := m.sub(t, id, segments[4:], method); ok {
		return found, nil
	}
	return target{}, notFoundPath(segments)
}

func (m *Manager) sub(t *Type, id ID, rest []string, method string) (target, bool) {
	var list []pattern
	switch method {
	case http.MethodGet, http.MethodHead:
		list = m.reads[strings.ToLower(t.Name)]
	case http.MethodPost:
		list = m.actions[strings.ToLower(t.Name)]
	}
	for _, p := range list {
		if values, ok := p.match(rest); ok {
			return target{typ: t, id: id, handler: p.handler, verb: p.verb(), values: values}, true
		}
	}
	return target{}, false
}

// collection is the resources of a type in a resource, a group or a subscription.
func (m *Manager) collection(t *Type, segments []string, at int, rest []string) (target, error) {
	if len(rest) == 1 {
		if at == 0 && t.Extension {
			return target{typ: t, collection: true}, nil
		}
		if at == 0 {
			return target{}, notFoundPath(segments)
		}
		id, err := ParseID("/" + strings.Join(segments[:at], "/"))
		return target{typ: t, id: id, collection: true}, err
	}
	id, err := ParseID("/" + strings.Join(segments[:len(segments)-1], "/"))
	return target{typ: t, id: id, collection: true}, err
}

// typeName joins a namespace and the types among alternating types and names.
func typeName(namespace string, rest []string) string {
	name := namespace
	for i := 0; i < len(rest); i += 2 {
		name += "/" + rest[i]
	}
	return name
}

// unresolved is the error for a path that means nothing with the request's method: it
// may mean something with another one, or be that of an operation.
func (m *Manager) unresolved(c *call, segments []string, err error) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodPost} {
		if method != c.method && m.means(segments, method) {
			allowed = append(allowed, method)
		}
	}
	switch {
	case len(allowed) > 0:
		return notAllowed(c.method, allowed...)
	case operationKey(c.path) != "" && segments[0] == "subscriptions":
		return Missing("OperationNotFound", "The operation '%s' was not found. It never was there, or it ended long ago.", printable(segments[len(segments)-1]))
	}
	return err
}

func (m *Manager) means(segments []string, method string) bool {
	for i := range m.routes {
		if _, ok := m.routes[i].match(method, segments); ok {
			return true
		}
	}
	_, err := m.resolve(segments, method)
	return err == nil
}

func notFoundPath(segments []string) *Error {
	return Missing("NotFound", "The path '/%s' is not one of the resource manager. Paths look like '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/{namespace}/{type}/{name}'.", printable(strings.Join(segments, "/")))
}

// unknownType is the error for a type that nobody registered.
func (m *Manager) unknownType(namespace string, rest []string) *Error {
	if !slices.ContainsFunc(m.providers, func(p string) bool { return strings.EqualFold(p, namespace) }) {
		return Missing("InvalidResourceNamespace", "The resource namespace '%s' is invalid. This server has: %s.", printable(namespace), strings.Join(m.providers, ", "))
	}
	name := strings.TrimPrefix(typeName("", rest), "/")
	return Missing("InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s'. GET /subscriptions/{subscriptionId}/providers/%s lists the types there are.", printable(name), printable(namespace), printable(namespace))
}
