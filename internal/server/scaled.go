package server

import (
	"context"
	"time"

	"isle/internal/autoscale"
	"isle/internal/logic"
	"isle/internal/store"
)

// scaled is environments as settings of autoscale see them.
type scaled struct{ s *Server }

func (c scaled) Target(tx *store.Tx, id string) (*autoscale.Target, error) {
	found, err := c.s.logic.Home(tx, id)
	if err != nil {
		return nil, err
	}
	return &autoscale.Target{ID: found.ID, SKU: found.SKU, State: found.State, Capacity: found.Capacity}, nil
}

func (c scaled) Metric(ctx context.Context, resource, name string, from time.Time, n int) ([]float64, error) {
	return c.s.logic.Metric(ctx, resource, name, from, n)
}

func (scaled) HasMetric(resourceType, name string) error { return logic.HasMetric(resourceType, name) }

func (scaled) PerUnit(name string) bool { return logic.PerUnit(name) }
