package web

import (
	"errors"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// api is what a connection is to, found by its ID.
type api struct {
	id, typ     string
	name, title string
	tier        string
	parameters  []Parameter
	open        bool       // which parameters it has is not known
	absent      bool       // a managed one that is not here
	custom      *customAPI // nil: a managed one
	environment string     // resource ID of the environment it is in; "" for none
}

// findAPI finds the API that an ID names, for a connection that is in an environment or
// in none. An *arm.Error says why it cannot be had.
func (s *Service) findAPI(tx *store.Tx, id, environment string) (*api, error) {
	parsed, err := arm.ParseID(id)
	if err != nil {
		return nil, unknownAPI(id)
	}
	switch strings.ToLower(parsed.Type()) {
	case strings.ToLower(customType):
		return s.findCustom(tx, id)
	case strings.ToLower(managedType):
		return s.findManaged(tx, id, parsed.Name(), environment)
	case strings.ToLower(connectorType):
		home, _ := parsed.Parent()
		if environment != "" && !arm.SameID(environment, home.String()) {
			return nil, arm.Invalid("InvalidApiReference", "properties.api.id", "The connector '%s' is of the integration service environment '%s', the connection is in '%s'. Both must be in the same one.", parsed.Name(), home, environment)
		}
		return s.findManaged(tx, id, parsed.Name(), home.String())
	}
	return nil, unknownAPI(id)
}

func unknownAPI(id string) *arm.Error {
	e := arm.Missing("ApiNotFound", "The API '%s' was not found. Give the ID of a managed API (…/providers/Microsoft.Web/locations/{location}/managedApis/{api}), of one that was added to an environment (…/integrationServiceEnvironments/{environment}/managedApis/{api}), or of a custom API (…/providers/Microsoft.Web/customApis/{api}).", id)
	e.Target = "properties.api.id"
	return e
}

// findManaged finds a managed API. Of those of no environment there are many more than
// are here: a connection to one is kept, and says that it cannot be used by itself.
func (s *Service) findManaged(tx *store.Tx, id, name, environment string) (*api, error) {
	known := s.managed(name)
	if known == nil && environment == "" {
		return &api{id: id, typ: managedType, name: name, title: name, open: true, absent: true}, nil
	}
	if known == nil {
		e := arm.Missing("ApiNotFound", "There is no managed API '%s' here. Those there are: %s.", name, s.managedNames())
		e.Target = "properties.api.id"
		return nil, e
	}
	if environment != "" {
		if err := checkDeployed(tx, environment, known.Name); err != nil {
			return nil, err
		}
	}
	typ := managedType
	if parsed, _ := arm.ParseID(id); strings.EqualFold(parsed.Type(), connectorType) {
		typ = connectorType
	}
	return &api{id: id, typ: typ, name: known.Name, title: known.Title, tier: known.Tier, parameters: known.Parameters, open: known.Parameters == nil, environment: environment}, nil
}

// checkDeployed wants a connector to have been added to an environment (ise.md #92).
func checkDeployed(tx *store.Tx, environment, name string) error {
	if err := checkEnvironment(tx, environment); err != nil {
		return err
	}
	r, err := arm.Load(tx, environment+"/managedApis/"+name)
	if errors.Is(err, store.ErrNotFound) {
		e := arm.Missing("IntegrationServiceEnvironmentManagedApiNotFound", "The managed connector '%s' was not added to the integration service environment '%s'. Add it first: PUT %s/managedApis/%s.", name, lastSegment(environment), environment, name)
		e.Target = "properties.api.id"
		return e
	}
	if err == nil && r.State != "Succeeded" {
		return arm.Conflict("IntegrationServiceEnvironmentManagedApiNotReady", "properties.api.id", "The managed connector '%s' of the integration service environment '%s' is in state %s. Wait until it is Succeeded.", name, lastSegment(environment), r.State)
	}
	return err
}

func checkEnvironment(tx *store.Tx, id string) error {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !strings.EqualFold(r.Type, environmentType) {
		e := arm.Missing("IntegrationServiceEnvironmentNotFound", "The integration service environment '%s' was not found. Create it first, or name another one.", id)
		e.Target = "properties.integrationServiceEnvironmentResourceId"
		return e
	}
	return err
}

func (s *Service) findCustom(tx *store.Tx, id string) (*api, error) {
	r, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknownAPI(id)
	}
	if err != nil {
		return nil, err
	}
	form, err := decode[customAPI](r.Resource)
	if err != nil {
		return nil, err
	}
	return &api{id: r.ID, typ: customType, name: lastSegment(r.ID), title: form.DisplayName, parameters: form.parameters(), custom: form, environment: form.Environment}, nil
}

func (s *Service) managed(name string) *API {
	for i := range s.config.APIs {
		if strings.EqualFold(s.config.APIs[i].Name, name) {
			return &s.config.APIs[i]
		}
	}
	return nil
}

func (s *Service) managedNames() string {
	names := make([]string, len(s.config.APIs))
	for i, a := range s.config.APIs {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// parameter finds one by its name in any letter case.
func (a *api) parameter(name string) *Parameter {
	for i := range a.parameters {
		if strings.EqualFold(a.parameters[i].Name, name) {
			return &a.parameters[i]
		}
	}
	return nil
}

// view is the API as its connections show it.
func (a *api) view() expr.Value {
	return object("id", a.id, "name", a.name, "type", a.typ, "displayName", a.title, "category", a.tier)
}

// secret reports whether values must not be shown (connections §2).
func (p *Parameter) secret() bool {
	switch strings.ToLower(p.Type) {
	case "string", "int", "bool", "object", "array", "gatewaysetting", "connection":
		return false
	}
	return !p.Clear
}

func (p *Parameter) oauth() bool { return strings.EqualFold(p.Type, "oauthSetting") }

// definition is the parameter as an API shows it, on a server at a URL.
func (p *Parameter) definition(base string) expr.Value {
	if !p.Definition.IsNull() {
		if settings := at(p.Definition, "oAuthSettings"); !settings.IsNull() {
			return p.Definition.With("oAuthSettings", settings.Without("clientSecret").With("redirectUrl", expr.String(base+ConsentPath)))
		}
		return p.Definition
	}
	constraints := expr.Object()
	if p.Required {
		constraints = constraints.With("required", expr.String("true"))
	}
	if p.Clear {
		constraints = constraints.With("clearText", expr.Bool(true))
	}
	return object("type", p.Type, "uiDefinition", object("displayName", p.Name, "constraints", constraints))
}

func (s *Service) showParameters(list []Parameter) expr.Value {
	shown := expr.Object()
	for i := range list {
		shown = shown.With(list[i].Name, list[i].definition(s.config.BaseURL))
	}
	return shown
}
