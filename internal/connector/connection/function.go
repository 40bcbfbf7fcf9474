package connection

import (
	"context"

	"isle/internal/connector"
)

// NewFunction returns the operation of type Function: a request to the URL of a
// function, POST unless the author says otherwise. An older form gives the address
// itself, beside the function app.
func NewFunction(request connector.Operation, o Options) connector.Operation {
	return operation{request, func(ctx context.Context, c connector.Call) (target, error) {
		t := target{method: "POST"}
		if t.URL = text(c.Inputs, "uri"); t.URL != "" {
			return t, nil
		}
		k := Key{Kind: Function, ID: text(c.Inputs, "function", "id")}
		if k.ID == "" {
			k.Name = text(c.Inputs, "function", "connectionName")
		}
		if k.String() == "" {
			k.Name = text(c.Inputs, "function", "name")
		}
		var err error
		t.Endpoint, err = o.find(ctx, c.Workflow, k, "")
		return t, err
	}}
}
