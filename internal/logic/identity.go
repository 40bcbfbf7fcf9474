package logic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
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
	typ, _ := arm.Choice(b.Type, "None", "SystemAssigned", "UserAssigned")
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

// identityReadOnly are the members of an identity that the server makes.
func identityReadOnly() []string {
	return []string{"identity.principalId", "identity.tenantId", "identity.userAssignedIdentities.*.principalId", "identity.userAssignedIdentities.*.clientId"}
}

const (
	userIdentityType = "Microsoft.ManagedIdentity/userAssignedIdentities"
	actionAssign     = userIdentityType + "/assign/action"
)

// Identities are the managed identities of the server.
type Identities interface {
	// UserAssigned finds a user-assigned identity by its resource ID; store.ErrNotFound if
	// there is none.
	UserAssigned(tx *store.Tx, id string) (principal, client string, err error)
	// Client is the application id of an identity that is no resource of its own.
	Client(principal string) string
	// Endpoint answers where programs get tokens of the identity of the request's resource.
	Endpoint(ctx context.Context, r *arm.Request, principal string) (*arm.Response, error)
}

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

// checkAssigned wants the user-assigned identities that an environment is given anew to be
// there (ise.md #33).
func (s *Service) checkAssigned(tx *store.Tx, old *identity, given *identityBody, found *arm.Found) error {
	if s.config.Identities == nil || given == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(given.User)) {
		if parsed, err := arm.ParseID(id); old.has(id) || err != nil || !strings.EqualFold(parsed.Type(), userIdentityType) {
			continue // what is no ID is reported by checkIdentity
		}
		_, _, err := s.config.Identities.UserAssigned(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			found.Add("FailedIdentityOperation", "identity.userAssignedIdentities", "The user-assigned identity '%s' was not found. Create it before the environment.", id)
		} else if err != nil {
			return err
		}
	}
	return nil
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
	i, err := w.identityOf(ctx, workflowID)
	if err != nil {
		return "", "", err
	}
	return i.principal(workflowID, name)
}

// SystemIdentity is the principal of the identity that a workflow or an environment has
// for its own; "" for none, store.ErrNotFound if there is no such resource.
func (w *Workflows) SystemIdentity(ctx context.Context, resource string) (principal string, err error) {
	i, err := w.identityOf(ctx, resource)
	if i == nil || err != nil {
		return "", err
	}
	return i.Principal, nil
}

// IsSystemIdentity says whether an object id is the principal of an identity that a workflow
// or an environment has for its own. It looks at all of them.
func (w *Workflows) IsSystemIdentity(tx *store.Tx, principal string) (bool, error) {
	wanted := []byte(`"principal":"` + strings.ToLower(principal) + `"`)
	for _, typ := range []string{environmentType, workflowType} {
		q := store.Query{Type: typ, Limit: 500}
		for {
			list, err := arm.List(tx, q)
			if err != nil {
				return false, err
			}
			for _, r := range list {
				if !bytes.Contains(r.Body, wanted) {
					continue
				}
				form, err := decode[identified](r.Resource)
				if err != nil || form.Identity != nil && strings.EqualFold(form.Identity.Principal, principal) {
					return err == nil, err
				}
			}
			if len(list) < q.Limit {
				break
			}
			q.After = list[len(list)-1].Key
		}
	}
	return false, nil
}

// identified is what the stored forms of workflows and environments have in common.
type identified struct {
	Version  int       `json:"v"`
	Identity *identity `json:"identity"`
}

func (w *Workflows) identityOf(ctx context.Context, resource string) (i *identity, err error) {
	parsed, err := arm.ParseID(resource)
	if err != nil {
		return nil, err
	}
	err = w.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, parsed.Key())
		if err != nil {
			return err
		}
		if !strings.EqualFold(r.Type, workflowType) && !strings.EqualFold(r.Type, environmentType) {
			return fmt.Errorf("%s has no managed identity: %w", resource, store.ErrNotFound)
		}
		form, err := decode[identified](r.Resource)
		if err == nil {
			i = form.Identity
		}
		return err
	})
	return i, err
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

// userPrincipal is the principal of a user-assigned identity that is no resource: the same
// for each workflow that names it.
func userPrincipal(id string) string {
	sum := sha256.Sum256([]byte("userAssignedIdentity\x00" + strings.ToLower(id)))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// showIdentity adds the member "identity".
func (s *Service) showIdentity(tx *store.Tx, view *fields, i *identity) error {
	if i == nil || i.Type == "" || i.Type == "None" {
		return nil
	}
	var f fields
	f.text("type", i.Type)
	if i.Principal != "" {
		f.text("principalId", i.Principal)
		f.text("tenantId", s.config.Tenant)
	}
	if len(i.User) > 0 {
		shown := make(map[string]expr.Value, len(i.User))
		for id := range i.User {
			principal, client, err := s.userAssigned(tx, id)
			if err != nil {
				return err
			}
			shown[id] = object(member("principalId", expr.String(principal)), member("clientId", expr.String(client)))
		}
		f.add("userAssignedIdentities", sortedObject(shown))
	}
	view.add("identity", f.value())
	return nil
}

// userAssigned is the principal and the application id of a user-assigned identity; they
// follow from the name of one that is no resource.
func (s *Service) userAssigned(tx *store.Tx, id string) (principal, client string, err error) {
	principal = userPrincipal(id)
	if s.config.Identities == nil {
		return principal, userPrincipal("client\x00" + id), nil
	}
	own, client, err := s.config.Identities.UserAssigned(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return principal, s.config.Identities.Client(principal), nil
	}
	return own, client, err
}

// listIdentityEndpoint answers POST {resource}/listIdentityEndpoint of an environment or
// a workflow: where a program gets tokens of its system-assigned identity.
func (s *Service) listIdentityEndpoint(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[identified](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	if form.Identity == nil || form.Identity.Principal == "" || s.config.Identities == nil {
		return nil, arm.Conflict("ManagedIdentityNotConfigured", "identity", "'%s' has no system-assigned identity. Give it one (identity.type SystemAssigned); a user-assigned identity has its own listIdentityEndpoint.", r.ID)
	}
	return s.config.Identities.Endpoint(ctx, r, form.Identity.Principal)
}
