package logic

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
)

// documentedActions is how many action executions a minute an environment is
// documented for (ise.md, limits, throughput).
func documentedActions(sku string, capacity int64) int64 {
	if sku == skuDeveloper {
		return 500
	}
	return 4000 + 2000*capacity
}

// ThrottleAt is the part of the documented throughput, in percent, from which on an
// environment is throttled (ise.md #132).
const ThrottleAt = 80

// MaxActions is how many actions a minute an environment carries out, by store id,
// before it is throttled; 0 for what is no environment.
func (s *Service) MaxActions(environment string) int64 {
	p, err := s.Placement(environment)
	if p == nil || err != nil {
		return 0
	}
	return p.Actions * ThrottleAt / 100
}

// readThroughput shows what the environment did in the last minute beside what it is
// documented for. It is an operation of Isle's own.
func (s *Service) readThroughput(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	var done runner.Throughput
	if s.config.Throughput != nil {
		done = s.config.Throughput(form.ID)
	}
	documented := documentedActions(form.SKU, form.Capacity)
	return arm.Reply(object(
		member("actionExecutions", expr.Int(done.Actions)),
		member("calls", expr.Int(done.Calls)),
		member("period", expr.String("PT1M")),
		member("documentedActionExecutions", expr.Int(documented)),
		member("utilizationPercent", expr.Int(done.Actions*100/documented)),
		member("throttleAtPercent", expr.Int(ThrottleAt)),
		member("throttled", expr.Bool(s.config.Throttled && done.Actions >= documented*ThrottleAt/100)),
		member("enforced", expr.Bool(s.config.Throttled)),
	)), nil
}
