package connection

import (
	"context"
	"net/url"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Webhook performs the requests of ApiConnectionWebhook triggers and actions
// (wdl-semantics §10.5, §11.10). The inputs of a call are those of the subscription,
// as evaluated: a request to a connection, POST unless the author says otherwise. To
// end the subscription they have a member more, {"unsubscribe": {"location": …}}: the
// Location of the answer to the subscription, which is deleted. Credentials are not
// sent there if it is another origin than the connection's.
//
// The documented form with the whole requests in subscribe and unsubscribe is that of
// HttpWebhook, and performed as such.
type Webhook struct {
	request operation
	whole   connector.Operation
	options Options
}

// NewWebhook returns the operation; whole is the one of HttpWebhook.
func NewWebhook(request, whole connector.Operation, o Options) *Webhook {
	w := &Webhook{whole: whole, options: o}
	w.request = operation{request, w.target}
	return w
}

// Perform implements connector.Operation.
func (w *Webhook) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	if !has(c.Inputs, "host") && (has(c.Inputs, "subscribe") || has(c.Inputs, "unsubscribe")) {
		return w.whole.Perform(ctx, c)
	}
	return w.request.Perform(ctx, c)
}

func (w *Webhook) target(ctx context.Context, c connector.Call) (target, error) {
	t, err := w.options.connector(ctx, c, "POST")
	location, ends := at(c.Inputs, "unsubscribe").Get("location")
	if err != nil || !ends {
		return t, err
	}
	return t.unsubscribe(location.Text())
}

// unsubscribe is the request that ends a subscription.
func (t *target) unsubscribe(location string) (target, error) {
	base, err := url.Parse(t.address())
	if err != nil {
		return target{}, badRequest("The runtime URL of the connection is not a valid address.")
	}
	to, err := base.Parse(location)
	if err != nil || location == "" {
		return target{}, badRequest("The location that the subscription was answered with is not a valid address.")
	}
	ending := target{method: "DELETE", ending: true, Endpoint: Endpoint{URL: to.String()}}
	if to.Scheme == base.Scheme && to.Host == base.Host {
		ending.Authentication, ending.Headers = t.Authentication, t.Headers
	} else {
		ending.stranger = true
	}
	return ending, nil
}

// bare are the inputs of a request that ends a subscription: none of those that began
// it but the author's credentials, if they may go there.
func (t *target) bare(authored expr.Value) expr.Value {
	bare := expr.Object()
	for _, name := range [...]string{"headers", "authentication"} {
		if v, ok := authored.Get(name); ok && !t.stranger {
			bare = bare.With(name, v)
		}
	}
	return bare
}
