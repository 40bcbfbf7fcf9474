package logic

import (
	"context"

	"isle/internal/store"
	"isle/netpol"
)

// defaultEdition is the edition of the tables of required access that environments
// are judged by: the set-up document's.
const defaultEdition = netpol.Version2020

// requiredAccess judges what an environment needs of its network, in one edition's
// words; resource is the environment's ID.
func (s *Service) requiredAccess(ctx context.Context, form *environment, resource string, edition netpol.Version) ([]netpol.AccessResult, error) {
	policy, _, err := s.config.Policies.Policy()
	if err != nil {
		return nil, err
	}
	network, _ := networkOf(form.Subnets[0])
	e := netpol.Environment{Network: network, Subnets: form.Subnets, Endpoint: netpol.InternalEndpoint}
	if form.Endpoint == endExternal {
		e.Endpoint = netpol.ExternalEndpoint
	}
	err = s.control.Read(ctx, func(tx *store.Tx) (err error) {
		e.More, err = connectorRequirements(tx, resource)
		return err
	})
	if err != nil {
		return nil, err
	}
	return policy.RequiredAccess(e, edition)
}
