package logic

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"isle/internal/store"
	"isle/internal/task"
)

// release is the payload of a task of KindRelease: what a deleted environment still holds.
type release struct {
	Owner   string   `json:"owner"` // resource ID of the environment
	ID      string   `json:"id"`    // its store id
	Subnets []string `json:"subnets"`
}

func (s *Service) releaseSubnets(tx *store.Tx, owner string, subnets []string) error {
	for _, subnet := range subnets {
		if err := s.config.Subnets.Unlink(tx, subnet, owner, s.now()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) releaseLater(tx *store.Tx, owner string, form *environment) error {
	payload, err := json.Marshal(release{owner, form.ID, form.Subnets})
	if err != nil {
		return err
	}
	return tx.PutTask(store.Task{Key: "release:" + form.ID, Kind: KindRelease, Due: s.now().Add(s.config.ReleaseDelay), Payload: payload})
}

// carryRelease releases the subnets, but those that an environment of the same name holds
// meanwhile.
func (s *Service) carryRelease(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	var left release
	if err := json.Unmarshal(t.Payload, &left); err != nil {
		return task.Done(), err
	}
	return task.Done(), s.control.Write(ctx, func(tx *store.Tx) error {
		held := map[string]bool{}
		again, err := loadEnvironment(tx, left.Owner)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if again != nil {
			for _, subnet := range again.Subnets {
				held[strings.ToLower(subnet)] = true
			}
		}
		var free []string
		for _, subnet := range left.Subnets {
			if !held[strings.ToLower(subnet)] {
				free = append(free, subnet)
			}
		}
		return s.releaseSubnets(tx, left.Owner, free)
	})
}
