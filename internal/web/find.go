package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/connector/connection"
	"isle/internal/store"
)

// Find says where a connection leads: to the backend of its custom API, with what its
// parameters hold as credentials. A connection that is not a resource, or whose API has
// no operations here, is not known. It implements [connection.Directory].
func (s *Service) Find(ctx context.Context, _ *engine.Workflow, k connection.Key) (e connection.Endpoint, known bool, err error) {
	id, err := arm.ParseID(k.ID)
	if k.Kind != connection.Connector || err != nil || !strings.EqualFold(id.Type(), connectionType) {
		return e, false, nil
	}
	form, a, err := s.load(ctx, k.ID)
	if errors.Is(err, store.ErrNotFound) {
		return e, false, nil
	}
	if problem := arm.AsError(err); problem != nil {
		return e, false, fmt.Errorf("The connection '%s' cannot be used: %s", id.Name(), problem.Message)
	}
	if err != nil || a.custom == nil {
		return e, false, err
	}
	if status := form.status(a, nil, s.config.Clock()); text(status, "status") == "Error" {
		return e, false, fmt.Errorf("The connection '%s' cannot be used: %s", id.Name(), text(status, "error", "message"))
	}
	e, err = s.endpoint(ctx, k.ID, form, a)
	return e, err == nil, err
}

// endpoint is the backend of a custom API with the credentials of a connection: the token
// that a person has consented to, or what the document's security asks for.
func (s *Service) endpoint(ctx context.Context, id string, form *connectionForm, a *api) (e connection.Endpoint, err error) {
	p := a.oauthParameter()
	if p == nil {
		return a.custom.endpoint(form.Values)
	}
	access, err := s.current(ctx, id, form, a, p)
	if failure, ok := errors.AsType[*connection.Failure](err); ok {
		return e, failure
	}
	if err != nil {
		return e, fmt.Errorf("The connection '%s' cannot be used: %w", lastSegment(id), err)
	}
	return connection.Endpoint{URL: a.custom.ServiceURL, Authentication: object("type", "Raw", "value", "Bearer "+access)}, nil
}

func (s *Service) load(ctx context.Context, id string) (form *connectionForm, a *api, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, id)
		if err != nil {
			return err
		}
		if form, err = decode[connectionForm](r.Resource); err != nil {
			return err
		}
		a, err = s.findAPI(tx, form.API, form.Environment)
		return err
	})
	return form, a, err
}

// endpoint is the backend with the credentials that the document's security asks for: a
// user name and a password, or a key in a header or the query.
func (a *customAPI) endpoint(values expr.Value) (e connection.Endpoint, err error) {
	e.URL = a.ServiceURL
	for name, d := range at(a.Swagger, "securityDefinitions").Members() {
		switch text(d, "type") {
		case "basic":
			user, _ := folded(values, "username")
			password, _ := folded(values, "password")
			e.Authentication = object("type", "Basic", "username", expr.String(user.Text()), "password", expr.String(password.Text()))
		case "apiKey":
			key, ok := a.key(name, text(d, "name"), values)
			if !ok {
				return e, fmt.Errorf("The custom API '%s' wants a key, and the connection has none", a.DisplayName)
			}
			credential := expr.Member{Name: text(d, "name"), Value: key}
			if text(d, "in") == "query" {
				e.Queries = append(e.Queries, credential)
			} else {
				e.Headers = append(e.Headers, credential)
			}
		case "oauth2":
			return e, fmt.Errorf("The custom API '%s' wants a person's consent (OAuth), and has no connection parameter of type oauthSetting to ask for it", a.DisplayName)
		default:
			continue
		}
		return e, nil // the first way in that the document names
	}
	return e, nil
}

// key finds the value of the parameter that holds a key: the one named like the
// definition, like what is sent, api_key, or the only secret one.
func (a *customAPI) key(definition, sent string, values expr.Value) (expr.Value, bool) {
	for _, name := range [...]string{definition, sent, "api_key"} {
		if v, ok := folded(values, name); ok {
			return v, true
		}
	}
	var only []expr.Value
	for _, p := range a.parameters() {
		if v, ok := folded(values, p.Name); ok && p.secret() {
			only = append(only, v)
		}
	}
	if len(only) != 1 {
		return expr.Null(), false
	}
	return only[0], true
}

// testOperation is the operation that the document names for trying a connection
// (x-ms-capabilities), with its path; nil if there is none.
func (a *api) testOperation() *testOperation {
	if a.custom == nil {
		return nil
	}
	id := text(a.custom.Swagger, "x-ms-capabilities", "testConnection", "operationId")
	for path, item := range at(a.custom.Swagger, "paths").Members() {
		for _, method := range methods() {
			if id != "" && text(item, method, "operationId") == id && !strings.Contains(path, "{") {
				return &testOperation{method, path}
			}
		}
	}
	return nil
}

type testOperation struct{ method, path string }

// testConnection calls the operation that tries a connection, from inside its
// environment. The answer's status is that of the backend.
func (s *Service) testConnection(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, a, err := s.load(ctx, r.Resource.ID)
	if err != nil {
		return nil, err
	}
	test := a.testOperation()
	if test == nil || s.config.Call == nil {
		return nil, arm.Missing("TestConnectionNotSupported", "The API '%s' has no operation that tries a connection. A custom API names one in 'x-ms-capabilities.testConnection' of its document.", a.name)
	}
	e, err := s.endpoint(ctx, r.Resource.ID, form, a)
	if err != nil {
		return nil, arm.Invalid("Unauthorized", "", "%s.", strings.TrimSuffix(err.Error(), "."))
	}
	outcome := s.config.Call(ctx, form.Environment, requestOf(e, test))
	status, _ := at(outcome.Outputs, "statusCode").AsInt()
	if status >= 200 && status < 300 {
		return arm.Reply(object("status", "Connected")), nil
	}
	failure := callFailed(outcome.Error)
	if status >= 400 && status <= 499 {
		failure.Status = int(status)
	}
	failure.Message = "The connection could not be tried: " + failure.Message
	return nil, failure
}

// callFailed is why a backend gave no answer, or none that is good.
func callFailed(e *engine.Error) *arm.Error {
	if e == nil {
		return &arm.Error{Status: http.StatusBadGateway, Code: "ConnectionFailed", Message: "The backend could not be reached."}
	}
	return &arm.Error{Status: http.StatusBadGateway, Code: e.Code, Message: e.Message}
}

// requestOf is the inputs of an Http action.
func requestOf(e connection.Endpoint, test *testOperation) expr.Value {
	members := func(list []expr.Member) expr.Value {
		if len(list) == 0 {
			return expr.Null()
		}
		return expr.Object(list...)
	}
	return object("method", strings.ToUpper(test.method), "uri", strings.TrimSuffix(e.URL, "/")+test.path,
		"headers", members(e.Headers), "queries", members(e.Queries), "authentication", e.Authentication)
}
