package http

import (
	"context"
	"net/http"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Webhook performs the requests of HttpWebhook triggers and actions (wdl-semantics
// §10.5, §11.10). The inputs of a call are {"subscribe": …} or {"unsubscribe": …}: an
// object like the inputs of an Http action, or an address alone. The method is POST
// unless it is given, and `url` is accepted for `uri`.
type Webhook struct{ operation *Operation }

// Webhook is the operation of HttpWebhook that makes its requests with o.
func (o *Operation) Webhook() *Webhook { return &Webhook{o} }

// Perform implements connector.Operation.
func (w *Webhook) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	name, request := webhookRequest(c.Inputs)
	c.Inputs = request
	outcome := w.operation.Perform(ctx, c)
	shown := request
	if outcome.HasInputs {
		shown = outcome.Inputs
	}
	shown, _ = connector.HideCallback(shown, c.Callback)
	outcome.Inputs, outcome.HasInputs = expr.Object(expr.Member{Name: name, Value: shown}), true
	return outcome
}

// webhookRequest is the one request in the inputs, as an Http action has it.
func webhookRequest(inputs expr.Value) (name string, request expr.Value) {
	name = "subscribe"
	request, ok := inputs.Get(name)
	if other, is := inputs.Get("unsubscribe"); is && !ok {
		name, request = "unsubscribe", other
	}
	if address, ok := request.AsString(); ok {
		request = expr.Object(expr.Member{Name: "uri", Value: expr.String(address)})
	}
	if request.Kind() != expr.KindObject {
		request = expr.Object()
	}
	if _, ok := request.Get("uri"); !ok {
		if address, ok := request.Get("url"); ok {
			request = request.Without("url").With("uri", address)
		}
	}
	if method, _ := request.Get("method"); method.Text() == "" {
		request = request.With("method", expr.String(http.MethodPost))
	}
	return name, request
}
