package connection

import (
	"context"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// NewConnector returns the operation of type ApiConnection: a request to the runtime
// URL of a connection. The path may also be given as a pathTemplate.
func NewConnector(request connector.Operation, o Options) connector.Operation {
	return operation{request, func(ctx context.Context, c connector.Call) (target, error) {
		return o.connector(ctx, c, "GET")
	}}
}

func (o *Options) connector(ctx context.Context, c connector.Call, method string) (target, error) {
	e, err := o.endpoint(ctx, c)
	if err != nil {
		return target{}, err
	}
	path, err := pathOf(c.Inputs)
	return target{Endpoint: e, method: method, path: path}, err
}

// endpoint is the one of the connection that host names, in any of its forms.
func (o *Options) endpoint(ctx context.Context, c connector.Call) (Endpoint, error) {
	host := member(c.Inputs, "host")
	k := Key{Kind: Connector, ID: text(host, "connection", "name")}
	for _, names := range [...][]string{{"connection", "referenceName"}, {"connectionReferenceName"}, {"connectionName"}} {
		if k.ID == "" && k.Name == "" {
			k.Name = text(host, names...)
		}
	}
	connections, err := parameter(c.Workflow)
	if err != nil {
		return Endpoint{}, err
	}
	for name, entry := range connections.Members() {
		if !k.is(name, entry) {
			continue
		}
		if err := callable(name, entry); err != nil {
			return Endpoint{}, err
		}
		if e, known := entryEndpoint(entry); known {
			return e, nil
		}
		if k.ID == "" { // a name of the parameter leads to the resource
			k = Key{Kind: Connector, ID: entryID(entry)}
		}
		break
	}
	return o.find(ctx, c.Workflow, k, text(host, "api", "runtimeUrl"))
}

// is reports whether an entry of $connections is the one that is named.
func (k Key) is(name string, entry expr.Value) bool {
	if k.Name != "" {
		return strings.EqualFold(name, k.Name)
	}
	return k.ID != "" && strings.EqualFold(strings.TrimRight(entryID(entry), "/"), strings.TrimRight(k.ID, "/"))
}

// entryID is the resource ID of the connection of an entry; older ones have it inside.
func entryID(entry expr.Value) string {
	if id := text(entry, "connectionId"); id != "" {
		return id
	}
	return text(entry, "connection", "id")
}

// entryEndpoint reads an entry of $connections, or of managedApiConnections, that has
// a runtime URL.
func entryEndpoint(entry expr.Value) (Endpoint, bool) {
	e := Endpoint{URL: text(entry, "connectionRuntimeUrl"), Authentication: connectorCredentials(member(entry, "authentication"))}
	return e, e.URL != ""
}

// callable refuses an entry of $connections whose runtime URL is not one. Saving it was
// refused, unless an expression makes it.
func callable(name string, entry expr.Value) error {
	url := member(entry, "connectionRuntimeUrl")
	if empty := url.IsNull() || strings.TrimSpace(url.Text()) == ""; empty || absolute(url) {
		return nil
	}
	return badRequest("The connection '" + name + "' of the workflow's parameter '$connections' has the 'connectionRuntimeUrl' " + shown(url) + ", which is not an absolute http or https address.")
}

// connectorAudience is whom a managed identity's token for a connector is meant for,
// unless its connection says otherwise (connections §1.2).
const connectorAudience = "https://apihub.azure.com"

func connectorCredentials(a expr.Value) expr.Value {
	a = credentials(a)
	if strings.EqualFold(text(a, "type"), "ManagedServiceIdentity") && !has(a, "audience") {
		a = a.With("audience", expr.String(connectorAudience))
	}
	return a
}

// credentials turn the form that connections.json has of Raw, a scheme and a
// parameter, into a value.
func credentials(a expr.Value) expr.Value {
	if strings.EqualFold(text(a, "type"), "Raw") && !has(a, "value") && has(a, "parameter") {
		a = a.With("value", expr.String(strings.TrimSpace(text(a, "scheme")+" "+text(a, "parameter"))))
	}
	return a
}

// parameter is the value of $connections, null if the workflow has none.
func parameter(w *engine.Workflow) (expr.Value, error) {
	const name = "$connections"
	if _, declared := w.Program.Parameter(name); !declared {
		return expr.Null(), nil
	}
	v, err := w.Parameter(name, surroundings{w})
	if err != nil {
		return v, badRequest("The value of the parameter '" + name + "' cannot be evaluated: " + strings.TrimSuffix(err.Error(), ".") + ".")
	}
	return v, nil
}
