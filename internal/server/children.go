package server

import (
	"context"

	"isle/internal/connector/workflow"
)

// children are the workflows that workflows call: the access endpoint answers for
// them, which is built after the operations.
type children struct{ s *Server }

func (c children) Start(ctx context.Context, r *workflow.Request) (*workflow.Answer, error) {
	return c.s.gateway.Start(ctx, r)
}

func (c children) Send(ctx context.Context, m *workflow.Message) error {
	return c.s.gateway.Send(ctx, m)
}

func (c children) Ask(ctx context.Context, by workflow.Caller, reference string) (*workflow.Answer, error) {
	return c.s.gateway.Ask(ctx, by, reference)
}
