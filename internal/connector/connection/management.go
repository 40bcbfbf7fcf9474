package connection

import (
	"context"

	"isle/expr"
	"isle/internal/connector"
)

// keyHeader carries the key of a subscription to an API management gateway.
const keyHeader = "Ocp-Apim-Subscription-Key"

// NewManagement returns the operation of type ApiManagement: a request to an API at
// its gateway, with the subscription's key.
func NewManagement(request connector.Operation, o Options) connector.Operation {
	return operation{request, func(ctx context.Context, c connector.Call) (target, error) {
		k := Key{Kind: API, ID: text(c.Inputs, "api", "id")}
		if k.ID == "" {
			k.Name = text(c.Inputs, "apiManagement", "connection")
		}
		e, err := o.find(ctx, c.Workflow, k, "")
		if err != nil {
			return target{}, err
		}
		if key := text(c.Inputs, "subscriptionKey"); key != "" {
			e.Headers = append([]expr.Member{{Name: keyHeader, Value: expr.String(key)}}, e.Headers...)
		}
		path, err := pathOf(c.Inputs)
		return target{Endpoint: e, method: "GET", path: path}, err
	}}
}
