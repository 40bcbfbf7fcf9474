package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"isle/internal/dataplane"
	"isle/internal/runner"
)

// Network judges who may call the access endpoint of an environment, as its network
// policy says at the moment of the call.
type Network interface {
	Admit(environment string, c dataplane.Caller) dataplane.Decision
}

// ConnContext is an http.Server's ConnContext: it notes that a connection comes from
// a workflow of this process, or that it arrived inside a network, and what measures it.
// Nothing that a request says can claim that, or hide it.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if m := dataplane.Measured(c); m != nil {
		ctx = context.WithValue(ctx, measureKey{}, m)
	}
	if source, inside := dataplane.SourceOf(c); inside {
		return context.WithValue(ctx, sourceKey{}, source)
	}
	if environment, inside := dataplane.ArrivedAt(c); inside {
		return context.WithValue(ctx, arrivedKey{}, environment)
	}
	return ctx
}

type (
	measureKey struct{}
	sourceKey  struct{}
	arrivedKey struct{}
)

// SourceOf is the workflow of this process that a request comes from; false for
// requests from elsewhere.
func SourceOf(r *http.Request) (dataplane.Source, bool) {
	source, inside := r.Context().Value(sourceKey{}).(dataplane.Source)
	return source, inside
}

// ArrivedAt is the environment at whose access endpoint a request arrived inside its
// network; "" for requests to the host.
func ArrivedAt(r *http.Request) string {
	environment, _ := r.Context().Value(arrivedKey{}).(string)
	return environment
}

// caller is who sends a request.
func (g *Gateway) caller(r *http.Request) dataplane.Caller {
	c := dataplane.Caller{Address: g.config.Caller(r), Arrived: ArrivedAt(r)}
	c.Connection, _ = r.Context().Value(measureKey{}).(*dataplane.Measure)
	if source, inside := SourceOf(r); inside {
		c.Source = &source
	}
	return c
}

// judge asks the network policy about a caller. The refusal that it returns, nil for
// none, is for everybody: it says only that the policy refuses. The reason is for
// those who prove with a signature that they belong to the workflow.
func (g *Gateway) judge(environment string, from dataplane.Caller) (plain, full error) {
	if g.config.Network == nil {
		return nil, nil
	}
	decision := g.config.Network.Admit(environment, from)
	if decision.Allowed {
		return nil, nil
	}
	const code, text = "NetworkPolicyDenied", "The network policy of the integration service environment does not let this caller in"
	return &failure{status: http.StatusForbidden, code: code, message: text + "."},
		&failure{status: http.StatusForbidden, code: code, message: text + ": " + decision.Reason + "."}
}

// permit refuses a caller whom the workflow's access control does not let in (ise.md
// #163).
func permit(d *runner.Deployed, t target, from netip.Addr) error {
	callers := &d.Triggers
	switch t.kind {
	case targetContent, targetFiring:
		callers = &d.Contents
	case targetCallback:
		if d.Actions.Limited { // else what is said of triggers holds for both
			callers = &d.Actions
		}
	}
	if callers.Allow(from) {
		return nil
	}
	return &failure{status: http.StatusForbidden, code: "AuthorizationFailed",
		message: "The client IP address '" + from.String() + "' is not in the allowed caller IP address ranges specified in the workflow access control configuration."}
}
