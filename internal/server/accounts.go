package server

import (
	"context"
	"time"

	"isle/internal/account"
	"isle/internal/logic"
	"isle/internal/store"
	"isle/wdl"
)

// accounts is integration accounts as workflows see them, homes is environments as
// accounts see them: internal/logic and internal/account are siblings and do not know
// each other.
type accounts struct{ *account.Service }

func (a accounts) Account(tx *store.Tx, id string) (*logic.Account, error) {
	found, err := a.Service.Account(tx, id)
	if err != nil {
		return nil, err
	}
	return &logic.Account{ID: found.ID, Resource: found.Resource, ISE: found.ISE}, nil
}

// homes asks the service of the server, which is built after the accounts.
type homes struct{ s *Server }

func (h homes) Environment(tx *store.Tx, id string) (*account.Environment, error) {
	found, err := h.s.logic.Home(tx, id)
	if err != nil {
		return nil, err
	}
	return &account.Environment{ID: found.ID, Store: found.Store, Location: found.Location, SKU: found.SKU, Ready: found.Ready}, nil
}

func (h homes) Enter(tx *store.Tx, environment, account, id string) error {
	return h.s.logic.Enter(tx, environment, account, id)
}

func (h homes) Leave(tx *store.Tx, environment, account string) error {
	return h.s.logic.Leave(tx, environment, account)
}

func (h homes) Review(tx *store.Tx, flowIDs []string, now time.Time) error {
	return h.s.logic.ReviewBatches(tx, flowIDs, now)
}

// Batch implements runner.Batches: it asks whose account a workflow uses, and the account.
func (h homes) Batch(ctx context.Context, flowID, group, name string) (c wdl.BatchConfiguration, err error) {
	err = h.s.store.Control().Read(ctx, func(tx *store.Tx) error {
		account, err := h.s.logic.AccountOf(tx, flowID)
		if err != nil {
			return err
		}
		c, err = h.s.accounts.Batch(tx, account, group, name)
		return err
	})
	return c, err
}

func (h homes) Follow(tx *store.Tx, flowIDs []string, id string) error {
	return h.s.logic.FollowAccount(tx, flowIDs, id)
}
