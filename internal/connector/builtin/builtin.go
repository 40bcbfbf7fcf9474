// Package builtin is the list of operations: every type of action that acts on the
// outside world, and what performs it. A new connector gets its line here.
package builtin

import (
	"isle/internal/connector"
	"isle/internal/connector/connection"
	"isle/internal/connector/http"
	"isle/internal/connector/script"
	"isle/internal/connector/workflow"
	"isle/wdl"
)

// Options are those of the operations.
type Options struct {
	HTTP       http.Options
	Connection connection.Options
	Workflow   workflow.Options
	// Script runs inline code; nil: nothing does. Whoever made it closes it.
	Script *script.Operation
}

// Operations returns the list. The function ends what the operations hold open.
func Operations(o Options) (connector.Operations, func()) {
	request := http.New(o.HTTP)
	webhook := request.Webhook()
	if o.Script == nil {
		o.Script = script.Off("inline code is not run here")
	}
	return connector.Operations{
		wdl.TypeHTTP:        request,
		wdl.TypeHTTPWebhook: webhook,

		wdl.TypeAPIConnection:        connection.NewConnector(request, o.Connection),
		wdl.TypeAPIConnectionWebhook: connection.NewWebhook(request, webhook, o.Connection),
		wdl.TypeAPIManagement:        connection.NewManagement(request, o.Connection),
		wdl.TypeFunction:             connection.NewFunction(request, o.Connection),
		wdl.TypeWorkflow:             workflow.New(o.Workflow),
		wdl.TypeJavaScriptCode:       o.Script,
		wdl.TypeSendToBatch:          workflow.NewBatch(o.Workflow),
	}, request.Close
}

// Ports says what ports each of the operations needs. Inline code has no network.
func Ports() map[wdl.Type]connector.Ports {
	return map[wdl.Type]connector.Ports{
		wdl.TypeHTTP:        http.Ports(),
		wdl.TypeHTTPWebhook: http.Ports(),

		wdl.TypeAPIConnection:        http.Ports(),
		wdl.TypeAPIConnectionWebhook: http.Ports(),
		wdl.TypeAPIManagement:        http.Ports(),
		wdl.TypeFunction:             http.Ports(),
		wdl.TypeWorkflow:             workflow.Ports(),
		wdl.TypeJavaScriptCode:       {},
		wdl.TypeSendToBatch:          workflow.Ports(),
	}
}
