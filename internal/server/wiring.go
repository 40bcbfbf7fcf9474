package server

import (
	"context"
	"errors"
	"time"

	"isle/engine"
	"isle/internal/arm"
	issuer "isle/internal/identity"
	"isle/internal/logic"
	"isle/internal/network"
	"isle/internal/store"
)

// subnets is the network as environments see it: internal/logic and internal/network
// are siblings and do not know each other.
type subnets struct{}

func (subnets) Subnet(tx *store.Tx, id string) (*logic.Subnet, error) {
	p, err := network.Lookup(tx, id)
	if err != nil {
		return nil, err
	}
	return &logic.Subnet{ID: p.ID, Name: p.Name, Network: p.Network, Location: p.Location, Ranges: p.Ranges, Space: p.Space, Delegations: p.Delegations, Users: p.Users}, nil
}

func (subnets) Link(tx *store.Tx, subnet string, l logic.Link, now time.Time) error {
	return network.AddLink(tx, subnet, network.Link{Name: l.Name, Owner: l.Owner, Type: l.Type, Association: l.Association, Location: l.Location, Addresses: l.Addresses}, now)
}

func (subnets) Unlink(tx *store.Tx, subnet, owner string, now time.Time) error {
	return network.RemoveLinks(tx, subnet, owner, now)
}

// identities issues the tokens of workflows' managed identities: internal/logic knows
// who has which, internal/identity signs.
type identities struct{ s *Server }

func (i identities) Token(ctx context.Context, w *engine.Workflow, identity, audience string) (string, time.Time, error) {
	principal, resource, err := i.s.workflows.ManagedIdentity(ctx, w.ID, identity)
	if err != nil {
		return "", time.Time{}, err
	}
	if resource != w.ID { // an identity that is a resource of its own has its own principal
		err := i.s.store.Control().Read(ctx, func(tx *store.Tx) error {
			own, _, err := issuer.UserAssigned(tx, resource)
			if err == nil {
				principal = own
			}
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", time.Time{}, err
		}
	}
	return i.s.issuer.ManagedToken(i.s.base, principal, resource, audience)
}

// UserAssigned implements logic.Identities.
func (i identities) UserAssigned(tx *store.Tx, id string) (principal, client string, err error) {
	return issuer.UserAssigned(tx, id)
}

func (i identities) Client(principal string) string { return issuer.ManagedClient(principal) }

func (i identities) Endpoint(ctx context.Context, r *arm.Request, principal string) (*arm.Response, error) {
	return i.s.issuer.ManagedEndpoint(ctx, r, principal)
}

// maxActions bounds what environments do, if the documented throughput is enforced.
// The service is there before the first run begins.
func (s *Server) maxActions() func(environment string) int64 {
	if s.config.Limits != LimitsDocumented {
		return nil
	}
	return func(environment string) int64 { return s.logic.MaxActions(environment) }
}
