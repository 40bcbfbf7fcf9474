package logic

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
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

const (
	userIdentityType = "Microsoft.ManagedIdentity/userAssignedIdentities"
	actionAssign     = userIdentityType + "/assign/action"
)

// checkIdentities asks for access to each user-assigned identity that a workflow is
// given anew: its runs get tokens in the name of that identity.
func (s *Service) checkIdentities(r *arm.PutRequest, old *identity, d *draft) {
	if s.config.Authorizer == nil || d.identity == nil {
		return
	}
	for id := range d.identity.User {
		if old.has(id) || s.config.Authorizer.Allowed(r.Principal, actionAssign, id) {
			continue
		}
		d.children = append(d.children, &arm.Error{Status: http.StatusForbidden, Code: "LinkedAuthorizationFailed", Target: "identity.userAssignedIdentities",
			Message: "The client '" + r.Principal.Client + "' with object id '" + r.Principal.ID + "' has permission to perform action 'Microsoft.Logic/workflows/write' on scope '" + r.ID.String() +
				"'; however, it does not have permission to perform action '" + actionAssign + "' on the linked scope '" + id + "', in whose name the workflow would act. Ask for a role there."})
	}
}

// has says whether a user-assigned identity is one of these.
func (i *identity) has(id string) bool {
	if i == nil {
		return false
	}
	for other := range i.User {
		if strings.EqualFold(other, id) {
			return true
		}
	}
	return false
}

// ManagedIdentity is the principal of a workflow's managed identity, and the resource
// that it belongs to: the workflow for its own, name "", or the user-assigned one whose
// resource ID name is. The error says what the workflow lacks.
func (w *Workflows) ManagedIdentity(ctx context.Context, workflowID, name string) (principal, resource string, err error) {
	parsed, err := arm.ParseID(workflowID)
	if err != nil {
		return "", "", err
	}
	var form *workflow
	if err := w.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, parsed.Key())
		if err != nil {
			return err
		}
		form, err = decode[workflow](r.Resource)
		return err
	}); err != nil {
		return "", "", err
	}
	return form.Identity.principal(workflowID, name)
}

func (i *identity) principal(workflowID, name string) (principal, resource string, err error) {
	if i == nil {
		i = &identity{}
	}
	for id := range i.User {
		if name != "" && strings.EqualFold(id, name) {
			return userPrincipal(id), id, nil
		}
	}
	switch {
	case name != "":
		return "", "", fmt.Errorf("the workflow does not have the user-assigned identity '%s': name it in identity.userAssignedIdentities of the workflow", name)
	case i.Principal != "":
		return i.Principal, workflowID, nil
	case len(i.User) > 0:
		return "", "", errors.New("the workflow has user-assigned identities only: name one of them in 'identity' of the authentication")
	}
	return "", "", errors.New("the workflow has no managed identity: give it one (identity.type SystemAssigned)")
}

// userPrincipal is the principal of a user-assigned identity: the same for each
// workflow that has it. The identities themselves are no resources here.
func userPrincipal(id string) string {
	sum := sha256.Sum256([]byte("userAssignedIdentity\x00" + strings.ToLower(id)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
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
