package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// viewConnection shows a connection without its secrets (connections §1.2).
func (s *Service) viewConnection(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[connectionForm](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	a, err := s.findAPI(tx, form.API, form.Environment)
	problem := arm.AsError(err)
	if err != nil && problem == nil {
		return expr.Null(), err
	}
	status := form.status(a, problem, s.config.Clock())
	shown := expr.Object()
	if a != nil {
		shown = form.shown(a)
	}
	links := expr.Array()
	if a != nil && a.testOperation() != nil {
		links = expr.Array(object("requestUri", s.config.BaseURL+r.ID+"/extensions/proxy/testconnection?api-version=2018-07-01-preview", "method", "get"))
	}
	overall := text(status, "status")
	properties := object(
		"displayName", form.DisplayName,
		"overallStatus", overall,
		"statuses", expr.Array(status),
		"nonSecretParameterValues", shown,
		"customParameterValues", expr.Object(),
		"parameterValueType", form.ValueType,
		"workflowReference", form.Workflow,
		"createdTime", timestamp(form.Created), "changedTime", timestamp(form.Changed),
		"createdBy", principal(form.By), "changedBy", principal(form.ChangedBy),
		"api", form.showAPI(a),
		"testLinks", links, "testRequests", expr.Array())
	for _, t := range form.Tokens {
		properties = properties.With("authenticatedUser", t.user())
	}
	if form.Set != "" {
		properties = properties.With("parameterValueSet", object("name", form.Set, "values", expr.Object()))
	}
	properties = properties.With("integrationServiceEnvironmentResourceId", nullable(form.Environment))
	return object("kind", form.Kind, "properties", properties), nil
}

// user is whom a token acts for, as a connection shows it.
func (t *token) user() expr.Value {
	if t.User.IsNull() {
		return expr.Object()
	}
	return t.User
}

// exportConnection leaves what a PUT takes: the API, and the values, of which secret ones
// are given to the template that makes the connection.
func (s *Service) exportConnection(tx *store.Tx, r arm.Resource, e *arm.Exported) error {
	form, err := decode[connectionForm](r.Resource)
	if err != nil {
		return err
	}
	a, err := s.findAPI(tx, form.API, form.Environment)
	if err != nil && arm.AsError(err) == nil {
		return err
	}
	properties := object("displayName", form.DisplayName, "api", object("id", form.API), "parameterValueType", form.ValueType, "workflowReference", form.Workflow)
	if form.Environment != "" {
		properties = properties.With("integrationServiceEnvironmentResourceId", expr.String(form.Environment))
	}
	place, values := []string{"properties", "parameterValues"}, expr.Object()
	if form.Set != "" {
		place = []string{"properties", "parameterValueSet", "values"}
		properties = properties.With("parameterValueSet", object("name", form.Set, "values", expr.Object()))
	} else if a != nil {
		values = form.shown(a)
	}
	for name, v := range form.Values.Members() {
		if _, shown := values.Get(name); !shown {
			e.Secrets = append(e.Secrets, secretAt(place, form.Set != "", name, v))
		}
	}
	if form.Set == "" {
		properties = properties.With("parameterValues", values)
	}
	e.View = e.View.With("properties", properties)
	return nil
}

// secretAt is where a value belongs: in a set, each is the member "value" of an object.
func secretAt(place []string, set bool, name string, v expr.Value) arm.Secret {
	path := append(slices.Clone(place), name)
	if set {
		path = append(path, "value")
	}
	if v.Kind() == expr.KindObject {
		return arm.Secret{Path: path, Type: "SecureObject"}
	}
	return arm.Secret{Path: path, Type: "SecureString"}
}

func principal(id string) expr.Value {
	if id == "" {
		return expr.Null()
	}
	return object("id", id)
}

func nullable(id string) expr.Value {
	if id == "" {
		return expr.Null()
	}
	return expr.String(id)
}

// showAPI is the API, as far as it is still there.
func (f *connectionForm) showAPI(a *api) expr.Value {
	if a == nil {
		return object("id", f.API, "name", lastSegment(f.API))
	}
	return a.view()
}

// shown are the values that are no secrets. Of an API whose parameters are not known,
// and of a set of parameters, nothing is shown.
func (f *connectionForm) shown(a *api) expr.Value {
	shown := expr.Object()
	for name, v := range f.Values.Members() {
		if p := a.parameter(name); p != nil && !p.secret() {
			shown = shown.With(name, v)
		}
	}
	return shown
}

// status says whether the connection can be used.
func (f *connectionForm) status(a *api, problem *arm.Error, now time.Time) expr.Value {
	failed := func(target, code, message string) expr.Value {
		return object("status", "Error", "target", target, "error", object("code", code, "message", message))
	}
	if problem != nil {
		return failed("api", problem.Code, problem.Message)
	}
	if a.absent {
		return failed("api", "ApiNotFound", "There is no managed API '"+a.name+"' here. Workflows that use the connection need its 'connectionRuntimeUrl', in its entry of '$connections' or in the server's connections file.")
	}
	if strings.EqualFold(f.ValueType, "Alternative") {
		return object("status", "Ready")
	}
	for i := range a.parameters {
		p := &a.parameters[i]
		if t := f.Tokens[p.Name]; p.oauth() && t != nil {
			if why := t.problem(now); why != "" {
				return failed("token", "Unauthorized", why)
			}
			continue
		}
		if _, given := folded(f.Values, p.Name); given && !p.oauth() || f.Set != "" {
			continue
		}
		switch {
		case p.oauth():
			return failed("token", "Unauthenticated", "This connection is not authenticated.")
		case p.Required:
			return failed(p.Name, "ParameterMissing", "The connection parameter '"+p.Name+"' has no value.")
		}
	}
	return object("status", "Connected")
}

// The access policies of a connection say who may use it from elsewhere; they are kept
// (connections §1.1).

func (s *Service) policyType() arm.Type {
	return arm.Type{
		Name: policyType, APIVersions: versions(), AnyVersion: true, NoState: true, List: &arm.ListSpec{},
		Put: putPolicy, View: viewPolicy,
		Delete: func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
	}
}

func putPolicy(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	principal := at(propertiesOf(r, &found), "principal")
	if kind := text(principal, "type"); !strings.EqualFold(kind, "ActiveDirectory") {
		found.Add(codeInvalidContent, "properties.principal.type", "The type '%s' of the principal is not valid. Give ActiveDirectory.", kind)
	}
	for _, name := range [...]string{"objectId", "tenantId"} {
		if text(principal, "identity", name) == "" {
			found.Add(codeInvalidContent, "properties.principal.identity."+name, "The principal has no '%s'.", name)
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	kept := object("v", expr.Int(formVersion), "principal", object("type", "ActiveDirectory", "identity", object(
		"objectId", text(principal, "identity", "objectId"), "tenantId", text(principal, "identity", "tenantId"))))
	return &arm.Written{Body: kept.JSON(), Status: http.StatusOK}, nil
}

func viewPolicy(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[struct {
		Principal expr.Value `json:"principal"`
	}](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	return object("properties", object("principal", form.Principal)), nil
}
