package server

import (
	"context"
	"slices"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/internal/logic"
	"isle/internal/store"
	"isle/internal/web"
	"isle/wdl"
)

// buildWeb makes the connections and custom APIs, which operations look into.
func (s *Server) buildWeb() error {
	var err error
	s.web, err = web.New(web.Config{Store: s.store, APIs: managedAPIs(), BaseURL: s.base, Call: s.callFrom, People: s.issuer, Authorizer: s.access, Clock: s.config.Clock})
	return err
}

// managedAPIs are the connectors as connections see them: internal/logic and internal/web
// are siblings and do not know each other.
func managedAPIs() []web.API {
	connectors := logic.Connectors()
	apis := make([]web.API, len(connectors))
	for i, c := range connectors {
		apis[i] = web.API{Name: c.Name, Title: c.Title, Tier: c.Tier, Capabilities: slices.Clone(c.Capabilities)}
		for _, p := range c.Parameters {
			apis[i].Parameters = append(apis[i].Parameters, web.Parameter{Name: p.Name, Type: p.Type, Required: p.Required, Clear: p.Clear})
		}
	}
	return apis
}

// testTimeout bounds what the test of a connection waits for.
const testTimeout = 8 * time.Second

// callFrom makes a request as an Http action would, from the connectors' subnet of an
// environment, known by its resource ID; "" is the host.
func (s *Server) callFrom(ctx context.Context, environment string, inputs expr.Value) engine.Outcome {
	place := store.Shared
	if environment != "" {
		err := s.store.Control().Read(ctx, func(tx *store.Tx) error {
			home, err := s.logic.Home(tx, environment)
			if err == nil {
				place = home.Store
			}
			return err
		})
		if err != nil {
			return engine.Outcome{Status: wdl.Failed, Error: &engine.Error{Code: "IntegrationServiceEnvironmentNotFound", Message: "The connection's integration service environment was not found."}}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	return s.operations[wdl.TypeHTTP].Perform(ctx, connector.Call{
		Call:     engine.Call{Operation: wdl.TypeHTTP, Inputs: inputs, Attempt: 1, Begun: time.Now()},
		Workflow: &engine.Workflow{Name: "testconnection"},
		Dialer:   s.network.Dialer(place, dataplane.SubnetConnectors),
	})
}
