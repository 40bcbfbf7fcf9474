package logic

import (
	"strings"
	"testing"

	"isle/expr"
)

// wdl-semantics §11.10: ManagedServiceIdentity{identity?}.
func TestPrincipals(t *testing.T) {
	const id, user = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w", "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
	system := &identity{Type: "SystemAssigned", Principal: "p"}
	assigned := &identity{Type: "UserAssigned", User: map[string]expr.Value{user: expr.Object()}}
	for _, c := range []struct {
		identity            *identity
		name                string
		principal, resource string
		says                string
	}{
		{system, "", "p", id, ""},
		{assigned, strings.ToUpper(user), userPrincipal(user), user, ""},
		{nil, "", "", "", "has no managed identity"},
		{&identity{Type: "None"}, "", "", "", "has no managed identity"},
		{assigned, "", "", "", "name one of them"},
		{assigned, user + "2", "", "", "does not have the user-assigned identity"},
		{system, user, "", "", "does not have the user-assigned identity"},
	} {
		principal, resource, err := c.identity.principal(id, c.name)
		if principal != c.principal || resource != c.resource || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v %q: %q %q %v", c.identity, c.name, principal, resource, err)
		}
	}
	if other := userPrincipal(user + "2"); len(other) != 36 || other == userPrincipal(user) {
		t.Errorf("%q", other)
	}
}
