// Package builtin is the list of operations: every type of action that acts on the
// outside world, and what performs it. A new connector gets its line here.
package builtin

import (
	"isle/internal/connector"
	"isle/internal/connector/http"
	"isle/wdl"
)

// Options are those of the operations.
type Options struct {
	HTTP http.Options
}

// Operations returns the list. The function ends what the operations hold open.
func Operations(o Options) (connector.Operations, func()) {
	request := http.New(o.HTTP)
	return connector.Operations{
		wdl.TypeHTTP:        request,
		wdl.TypeHTTPWebhook: request.Webhook(),
	}, request.Close
}

// Ports says what ports each of the operations needs.
func Ports() map[wdl.Type]connector.Ports {
	return map[wdl.Type]connector.Ports{
		wdl.TypeHTTP:        http.Ports(),
		wdl.TypeHTTPWebhook: http.Ports(),
	}
}
