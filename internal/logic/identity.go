package logic

import (
	"isle/expr"
	"isle/internal/arm"
)

// identity is a managed identity as stored.
type identity struct {
	Type      string                `json:"type,omitempty"`
	Principal string                `json:"principal,omitempty"` // of a system-assigned one
	User      map[string]expr.Value `json:"user,omitempty"`
}

// with is the identity after a request; a system-assigned one keeps its principal.
func (i *identity) with(b *identityBody) *identity {
	typ, _ := canonical(b.Type, "None", "SystemAssigned", "UserAssigned")
	next := &identity{Type: typ}
	switch typ {
	case "SystemAssigned":
		next.Principal = arm.NewGUID()
		if i != nil && i.Principal != "" {
			next.Principal = i.Principal
		}
	case "UserAssigned":
		next.User = b.User
	}
	return next
}

// show adds the member "identity".
func (i *identity) show(view *fields, tenant string) {
	if i == nil || i.Type == "" || i.Type == "None" {
		return
	}
	var f fields
	f.text("type", i.Type)
	if i.Principal != "" {
		f.text("principalId", i.Principal)
		f.text("tenantId", tenant)
	}
	if len(i.User) > 0 {
		f.add("userAssignedIdentities", sortedObject(i.User))
	}
	view.add("identity", f.value())
}
