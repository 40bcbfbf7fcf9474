package arm

import (
	"context"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// A resource that is put into another, or made to use it, takes something of that one:
// an address of a subnet, a place in an environment. Who does so must be allowed it
// there (ise.md #156): the types say what to ask for, and here the IDs are found.

// checkLinked asks for access to what the body of a PUT names and the resource did not
// name before.
func (m *Manager) checkLinked(ctx context.Context, tx *store.Tx, c *call, t target, r *PutRequest) error {
	if m.config.Authorizer == nil || c.method != http.MethodPut && c.method != http.MethodPatch {
		return nil
	}
	var refused []reference
	for _, ref := range m.references(t, r.ID, r.Body) {
		if !m.config.Authorizer.Allowed(c.principal, ref.action, ref.id.String()) {
			refused = append(refused, ref)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	known, err := m.namedBefore(ctx, tx, t, r)
	if err != nil {
		return err
	}
	for _, ref := range refused {
		if !known[ref.id.Key()] {
			return t.linkedRefusal(c, r.ID, ref)
		}
	}
	return nil
}

// namedBefore are the keys of what the resource names as it is now.
func (m *Manager) namedBefore(ctx context.Context, tx *store.Tx, t target, r *PutRequest) (map[string]bool, error) {
	known := map[string]bool{}
	if r.Old == nil {
		return known, nil
	}
	view, err := m.View(ctx, tx, *r.Old)
	for _, ref := range m.references(t, r.ID, view) {
		known[ref.id.Key()] = true
	}
	return known, err
}

func (t target) linkedRefusal(c *call, id ID, ref reference) *Error {
	return &Error{Status: http.StatusForbidden, Code: "LinkedAuthorizationFailed", Message: "The client '" + c.principal.Client + "' with object id '" + c.principal.ID +
		"' has permission to perform action '" + t.typ.Name + "/write' on scope '" + id.String() + "'; however, it does not have permission to perform action(s) '" +
		ref.action + "' on the linked scope(s) '" + ref.id.String() + "' or the linked scope(s) are invalid. Ask for a role there."}
}

// reference is a resource that a body names, and what its type wants allowed for it.
type reference struct {
	id     ID
	action string
}

// references finds the IDs in a body: texts, and names of members. What is the resource
// itself or in it is none; nor is what stands in a subscription that is not here, where
// nobody has a role and nothing is to be protected.
func (m *Manager) references(t target, self ID, body expr.Value) (found []reference) {
	if t.typ.References != nil {
		body = t.typ.References(body)
	}
	own := self.Key()
	m.eachID(body, func(id ID, linked *Type) {
		if key := id.Key(); key != own && !strings.HasPrefix(key, own+"/") && m.serves(id.Subscription) {
			found = append(found, reference{id, linked.Name + "/" + linked.Linked})
		}
	})
	return found
}

func (m *Manager) eachID(v expr.Value, yield func(ID, *Type)) {
	look := func(text string) {
		if len(text) < len("/subscriptions/") || !strings.EqualFold(text[:len("/subscriptions/")], "/subscriptions/") {
			return
		}
		id, err := ParseID(text)
		if err != nil {
			return
		}
		if t := m.typeOf(id.Type()); t != nil && t.Linked != "" {
			yield(id, t)
		}
	}
	switch v.Kind() {
	case expr.KindString:
		text, _ := v.AsString()
		look(text)
	case expr.KindArray:
		for _, e := range v.Elements() {
			m.eachID(e, yield)
		}
	case expr.KindObject:
		for name, e := range v.Members() {
			look(name)
			m.eachID(e, yield)
		}
	}
}
