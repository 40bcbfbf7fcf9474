// Package connection performs the operations that name whom they call instead of
// giving an address: ApiConnection, ApiConnectionWebhook, Function and ApiManagement
// (wdl-semantics §11.10).
//
// It finds where the named one is reached, makes of the inputs those of an Http
// action, and leaves the request to the operation of that type: so codes, retries,
// the asynchronous pattern, authentication, paging and the dialer are the same. What
// it reports as inputs is what the author wrote, without the secrets; what the
// address and the credentials of a connection are is never recorded.
//
// Where a name leads, the first that knows it says: the workflow's own parameter
// $connections, then the [Directory] of the caller, then the older
// host.api.runtimeUrl. Nobody is called for a name that none of them knows.
package connection

import (
	"context"
	"errors"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Kind is what a name stands for.
type Kind uint8

const (
	Connector Kind = iota // a connection to a connector
	Function              // a function of a function app
	API                   // an API behind an API management gateway
)

// Key names whom an operation calls: by the resource ID of a connection, a function
// or an API, or by the name of its entry in a project's connections.json. One of the
// two is empty.
type Key struct {
	Kind Kind
	ID   string
	Name string
}

func (k Key) String() string {
	if k.Name != "" {
		return k.Name
	}
	return k.ID
}

// Endpoint is where it is reached.
type Endpoint struct {
	// URL is absolute, http or https; paths are appended to it, before its query.
	URL string
	// Authentication is an object as actions have it (wdl-semantics §11.10), for those
	// that bring none; null: none.
	Authentication expr.Value
	// Headers and Queries are added to each request; they hold credentials.
	Headers, Queries []expr.Member
}

// Directory knows endpoints by their names. It is asked for each request, so what it
// knows may change. An error says what is wrong with an entry, for the author.
type Directory interface {
	Find(ctx context.Context, w *engine.Workflow, k Key) (e Endpoint, known bool, err error)
}

// Options are those of all operations of the package. The zero value knows only what
// workflows say themselves.
type Options struct {
	Directory Directory // nil: none
	// Default is where a name that leads nowhere is said to be; nil: it is not called.
	// For tests of workflows, whose requests never leave the process.
	Default func(Key) string
}

// Failure is an error of the author or of who set the connections up: the action
// fails with this code, and is retried only if it may go better the next time.
type Failure struct {
	Code, Message string
	Retryable     bool
}

func (f *Failure) Error() string { return f.Message }

func (f *Failure) outcome() engine.Outcome {
	return engine.Outcome{Status: wdl.Failed, Code: f.Code, Error: &engine.Error{Code: f.Code, Message: f.Message}, Retryable: f.Retryable}
}

// The codes of names that lead nowhere, by Kind.
var notConfigured = [...]string{
	Connector: "ConnectionNotConfigured", Function: "FunctionNotConfigured", API: "ApiManagementNotConfigured",
}

func unknown(k Key) *Failure {
	message := "The server does not know where "
	switch k.Kind {
	case Function:
		message += "the function '" + k.String() + "' is called. Give its 'triggerUrl' under 'functionConnections' in the connections file (isle serve --connections FILE; connections.json of a project)."
	case API:
		message += "the API '" + k.String() + "' is called. Give its 'baseUrl' under 'apiManagementConnections' in the connections file (isle serve --connections FILE; connections.json of a project)."
	default:
		message += "the connection '" + k.String() + "' is called. Give its 'connectionRuntimeUrl' in the connection's entry of the workflow's parameter '$connections', or under 'managedApiConnections' in the connections file (isle serve --connections FILE; connections.json of a project); or make it, on a server, a connection to a custom API (Microsoft.Web/connections)."
	}
	return &Failure{Code: notConfigured[k.Kind], Message: message}
}

const codeBadRequest = "BadRequest"

func badRequest(message string) *Failure { return &Failure{Code: codeBadRequest, Message: message} }

// find asks the directory, then takes the default.
func (o *Options) find(ctx context.Context, w *engine.Workflow, k Key, runtimeURL string) (Endpoint, error) {
	if o.Directory != nil && k.String() != "" {
		e, known, err := o.Directory.Find(ctx, w, k)
		switch {
		case err == nil && known:
			return e, nil
		case err != nil && o.Default == nil:
			if failure, ok := errors.AsType[*Failure](err); ok {
				return Endpoint{}, failure
			}
			return Endpoint{}, badRequest(err.Error())
		}
	}
	if o.Default != nil && !strings.Contains(runtimeURL, "://") {
		runtimeURL = o.Default(k)
	}
	if runtimeURL == "" {
		return Endpoint{}, unknown(k)
	}
	return Endpoint{URL: runtimeURL}, nil
}

// operation performs what target makes of the inputs of a call.
type operation struct {
	request connector.Operation // of type Http
	target  func(context.Context, connector.Call) (target, error)
}

// target is whom a call is for, and what it asks for there.
type target struct {
	Endpoint
	method string // when the author gives none
	path   string // after the endpoint's own; may hold a query

	ending   bool // the request ends a subscription: what began it is not sent again
	stranger bool // and goes to another origin, without credentials
}

// Perform implements connector.Operation.
func (o operation) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	var outcome engine.Outcome
	authored := c.Inputs
	t, err := o.target(ctx, c)
	if err == nil {
		c.Inputs = t.inputs(authored)
		outcome = o.request.Perform(ctx, c)
	} else {
		outcome = failed(err)
	}
	outcome.Inputs, outcome.HasInputs = sanitise(authored, c.Callback)
	return outcome
}

func failed(err error) engine.Outcome {
	if f, ok := err.(*Failure); ok {
		return f.outcome()
	}
	return badRequest(err.Error()).outcome()
}

// inputs are those of the Http action that calls the target.
func (t *target) inputs(authored expr.Value) expr.Value {
	if t.ending {
		authored = t.bare(authored)
	}
	method := text(authored, "method")
	if method == "" {
		method = t.method
	}
	members := []expr.Member{{Name: "method", Value: expr.String(method)}, {Name: "uri", Value: expr.String(t.address())}}
	for _, name := range [...]string{"headers", "queries"} {
		added := t.Headers
		if name == "queries" {
			added = t.Queries
		}
		if v := with(member(authored, name), added); !v.IsNull() {
			members = append(members, expr.Member{Name: name, Value: v})
		}
	}
	if body, ok := authored.Get("body"); ok {
		members = append(members, expr.Member{Name: "body", Value: body})
	}
	authentication := member(authored, "authentication")
	if authentication.IsNull() {
		authentication = t.Authentication
	}
	if !authentication.IsNull() {
		members = append(members, expr.Member{Name: "authentication", Value: authentication})
	}
	return expr.Object(members...)
}

// address is the endpoint's URL with the path before its query.
func (t *target) address() string {
	url, query, _ := strings.Cut(t.URL, "?")
	if t.path != "" {
		url = strings.TrimRight(url, "/") + "/" + strings.TrimLeft(t.path, "/")
	}
	switch {
	case query == "":
		return url
	case strings.Contains(url, "?"):
		return url + "&" + query
	}
	return url + "?" + query
}

// with adds members that the author has not given, in any letter case.
func with(v expr.Value, added []expr.Member) expr.Value {
	if len(added) == 0 {
		return v
	}
	if v.Kind() != expr.KindObject {
		v = expr.Object()
	}
	for _, m := range added {
		if !has(v, m.Name) {
			v = v.With(m.Name, m.Value)
		}
	}
	return v
}

func has(object expr.Value, name string) bool {
	for other := range object.Members() {
		if strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}

// at follows the names of members.
func at(v expr.Value, names ...string) expr.Value {
	for _, name := range names {
		v, _ = v.Get(name)
	}
	return v
}

func member(v expr.Value, name string) expr.Value { return at(v, name) }

// text is a member as text, "" if there is none.
func text(v expr.Value, names ...string) string {
	return strings.TrimSpace(at(v, names...).Text())
}
