package server

import (
	"context"
	"errors"

	"isle/internal/access"
	"isle/internal/arm"
	"isle/internal/identity"
	"isle/internal/store"
)

// openAccess makes the service that decides who may do what. A folder that is open
// read-only may have role assignments in the form of before they were resources.
func (s *Server) openAccess(readOnly bool) {
	c := access.Config{Store: s.store, Principal: s.principalKind, Groups: s.issuer.Groups, Clock: s.config.Clock, Log: s.log}
	if readOnly {
		for _, a := range s.issuer.OldAssignments() {
			c.Before = append(c.Before, adopted(a))
		}
	}
	s.access = access.Open(c)
}

// takeAssignments makes resources of the assignments that the directory had.
func (s *Server) takeAssignments(tx *store.Tx, old []identity.OldAssignment) error {
	var found []error
	for _, a := range old {
		found = append(found, s.access.Assign(tx, adopted(a), s.config.Clock().UTC()))
	}
	return errors.Join(found...)
}

func adopted(a identity.OldAssignment) access.Assignment {
	role := map[string]string{"Owner": access.Owner, "Contributor": access.Contributor, "Reader": access.Reader}[a.Role]
	return access.Assignment{Principal: a.Principal, Kind: "ServicePrincipal", Role: role, Scope: a.Scope}
}

// own makes the first client or person, of a principal type, an owner of the subscription.
func (s *Server) own(kind string) func(tx *store.Tx, object string) error {
	return func(tx *store.Tx, object string) error {
		return s.access.Assign(tx, access.Assignment{Principal: object, Kind: kind, Role: access.Owner, Scope: "/subscriptions/" + s.issuer.Subscription()}, s.config.Clock().UTC())
	}
}

// principalKind says what of the tenant has an object id.
func (s *Server) principalKind(tx *store.Tx, id string) (kind string, found bool, err error) {
	if kind, found = s.issuer.Kind(id); found {
		return kind, true, nil
	}
	if found, err = identity.IsUserAssigned(tx, id); !found && err == nil {
		found, err = s.workflows.IsSystemIdentity(tx, id)
	}
	return "ServicePrincipal", found, err
}

// managedIdentity is the principal of the managed identity that a resource is, or that a
// workflow or an environment has for its own; "" for none.
func (s *Server) managedIdentity(ctx context.Context, resource string) (principal string) {
	err := s.store.Control().Read(ctx, func(tx *store.Tx) (err error) {
		principal, _, err = identity.UserAssigned(tx, resource)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		principal, err = s.workflows.SystemIdentity(ctx, resource)
	}
	if err != nil {
		return ""
	}
	return principal
}

// mayManagePeople says who may read and change the directory: whoever may read anything
// of access anywhere, and who may change it for the whole subscription.
func (s *Server) mayManagePeople(p arm.Principal, action string) bool {
	scope := "/subscriptions/" + s.issuer.Subscription()
	if action == identity.ActionReadDirectory {
		return s.access.Within(p, action, scope)
	}
	return s.access.Allowed(p, action, scope)
}

// recordPeople notes a change of the directory in the activity log of the subscription.
func (s *Server) recordPeople(tx *store.Tx, e identity.Entry) error {
	if s.manager == nil { // the first start makes the operator before there is one
		return nil
	}
	return s.manager.Note(tx, arm.Note{By: e.By, From: e.From, Method: e.Method, Action: e.Action, Scope: "/subscriptions/" + s.issuer.Subscription() + "/providers/Microsoft.Graph/" + e.Object, Status: e.Status, Code: e.Code})
}
