package web

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// connectionForm is a connection as stored; the store seals it, with the values of its
// parameters in it.
type connectionForm struct {
	Version     int        `json:"v"`
	ID          string     `json:"id"` // 32 hex digits, of its runtime URL
	Kind        string     `json:"kind"`
	DisplayName string     `json:"displayName"`
	API         string     `json:"api"`
	Environment string     `json:"environment,omitempty"` // resource ID
	Values      expr.Value `json:"values"`
	Set         string     `json:"set,omitempty"`       // name of the parameter set the values are of
	ValueType   string     `json:"valueType,omitempty"` // Alternative: a managed identity
	Workflow    expr.Value `json:"workflow"`            // workflowReference
	// Tokens are what persons have consented to, by the parameter's name.
	Tokens    map[string]*token `json:"tokens,omitempty"`
	By        string            `json:"by,omitempty"` // object id of who made it
	ChangedBy string            `json:"changedBy,omitempty"`
	Created   time.Time         `json:"created"`
	Changed   time.Time         `json:"changed"`
}

func (s *Service) connectionType() arm.Type {
	return arm.Type{
		Name: connectionType, APIVersions: versions(), AnyVersion: true, Tracked: true, NoState: true, MissingCode: "ApiConnectionNotFound", Linked: "join/action",
		Put: s.putConnection, Patch: patchConnection, View: s.viewConnection,
		Delete: func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
		List:   &arm.ListSpec{Fields: connectionFields()},
		Export: s.exportConnection,
		Move:   arm.Rehome, Names: []string{customType},
		Actions: map[string]arm.Handler{
			"listConsentLinks":   s.listConsentLinks,
			"confirmConsentCode": s.confirmConsentCode,
			"dynamicInvoke":      s.dynamicInvoke,
			"dynamicList":        refuseDynamic, "dynamicProperties": refuseDynamic, "dynamicTree": refuseDynamic,
		},
		Reads: map[string]arm.Handler{"extensions/proxy/testconnection": s.testConnection},
	}
}

// connectionFields are what connections are filtered by (connections §1.1).
func connectionFields() []arm.Field {
	of := func(names ...string) func(arm.Resource, expr.Value) expr.Value {
		return func(_ arm.Resource, view expr.Value) expr.Value { return at(view, names...) }
	}
	return []arm.Field{
		{Name: "Location", Value: func(r arm.Resource, _ expr.Value) expr.Value { return expr.String(r.Location) }},
		{Name: "Kind", Value: of("kind")},
		{Name: "ManagedApiName", Value: of("properties", "api", "name")},
		environmentField(),
	}
}

func environmentField() arm.Field {
	return arm.Field{Name: "properties/integrationServiceEnvironmentResourceId", Value: func(_ arm.Resource, view expr.Value) expr.Value {
		return at(view, "properties", "integrationServiceEnvironmentResourceId")
	}}
}

// putConnection creates a connection or replaces it. Values of parameters that the
// request leaves out, as a GET does, stay what they were while the API is the same.
func (s *Service) putConnection(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form, err := connectionOf(r)
	if err != nil {
		return nil, err
	}
	properties := propertiesOf(r, &found)
	checkTexts(properties, "properties", &found, "displayName", "parameterValueType", "integrationServiceEnvironmentResourceId")
	form.Kind = kindOf(r.Body, &found)
	before := form.API
	form.DisplayName, form.API = text(properties, "displayName"), text(properties, "api", "id")
	environment, place := environmentOf(properties)
	a, err := s.place(tx, form, environment, place, &found)
	if err != nil {
		return nil, err
	}
	if !arm.SameID(before, form.API) {
		form.Values, form.Tokens = expr.Object(), nil
	}
	form.take(properties, a, &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	form.Changed, form.ChangedBy = r.Now, r.Principal.ID
	stored, err := json.Marshal(form)
	return &arm.Written{Body: stored}, err
}

func connectionOf(r *arm.PutRequest) (*connectionForm, error) {
	if r.Old != nil {
		return decode[connectionForm](r.Old.Resource)
	}
	return &connectionForm{Version: formVersion, ID: newID(), Values: expr.Object(), By: r.Principal.ID, Created: r.Now}, nil
}

func kindOf(body expr.Value, found *arm.Found) string {
	kind := text(body, "kind")
	switch strings.ToUpper(kind) {
	case "", "V1":
		return "V1"
	case "V2":
		return "V2"
	}
	found.Add(codeInvalidContent, "kind", "The kind '%s' of the connection is not valid. Give V1 or V2, or leave it out.", kind)
	return kind
}

// place finds the API and the environment of a connection. A connection stays in the
// environment it was made in.
func (s *Service) place(tx *store.Tx, form *connectionForm, environment, place string, found *arm.Found) (*api, error) {
	if form.API == "" {
		found.Add(codeInvalidContent, "properties.api.id", "The connection names no API. Give 'properties.api.id'.")
		return nil, nil
	}
	a, err := s.findAPI(tx, form.API, environment)
	if problem := arm.AsError(err); problem != nil {
		*found = append(*found, problem)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if environment != "" && a.custom != nil {
		if problem := arm.AsError(checkEnvironment(tx, environment)); problem != nil {
			problem.Target = place
			*found = append(*found, problem)
		}
	}
	if environment == "" {
		environment = a.environment
	}
	if !form.Changed.IsZero() && !arm.SameID(form.Environment, environment) && (form.Environment != "" || environment != "") {
		found.Add("PropertyChangeNotAllowed", place, "Changing the integration service environment of a connection is not allowed: it is '%s' since creation, the request says '%s'. Create another connection.", form.Environment, environment)
	}
	form.Environment = environment
	return a, nil
}

// take takes over the values of the request. What is wrong with them never tells a value.
func (f *connectionForm) take(properties expr.Value, a *api, found *arm.Found) {
	f.ValueType, f.Workflow = text(properties, "parameterValueType"), at(properties, "workflowReference")
	if f.ValueType != "" && !strings.EqualFold(f.ValueType, "Alternative") {
		found.Add(codeInvalidContent, "properties.parameterValueType", "The type '%s' of parameter values is not valid. Give Alternative, for a managed identity, or leave it out.", f.ValueType)
	}
	f.Set = text(properties, "parameterValueSet", "name")
	if values := at(properties, "parameterValueSet", "values"); !values.IsNull() {
		const place = "properties.parameterValueSet.values"
		if values.Kind() != expr.KindObject {
			found.Add(codeInvalidContent, place, "The values of the parameter set must be an object that has, for each parameter, an object with its 'value'.")
			return
		}
		for name, v := range values.Members() {
			f.set(name, at(v, "value"), place, nil, found) // the sets of managed APIs are not described
		}
	}
	for _, member := range [...]string{"parameterValues", "alternativeParameterValues"} {
		values, place := at(properties, member), "properties."+member
		switch {
		case values.IsNull():
		case values.Kind() != expr.KindObject:
			found.Add(codeInvalidContent, place, "'%s' must be an object with a value for each parameter.", place)
		default:
			for name, v := range values.Members() {
				f.set(name, v, place, a, found)
			}
		}
	}
}

// set takes one value; null takes it away.
func (f *connectionForm) set(name string, v expr.Value, place string, a *api, found *arm.Found) {
	if a != nil && !a.open {
		p := a.parameter(name)
		if p == nil {
			found.Add("ParameterNotDefined", place+"."+name, "The API '%s' has no connection parameter '%s'. It has: %s.", a.name, name, strings.Join(a.parameterNames(), ", "))
			return
		}
		if !p.holds(v) {
			found.Add("InvalidParameterValue", place+"."+name, "The value of the connection parameter '%s' must be of type '%s', and is of type '%s'.", p.Name, p.Type, v.TypeName())
			return
		}
		name = p.Name
	}
	for other := range f.Values.Members() {
		if strings.EqualFold(other, name) {
			f.Values = f.Values.Without(other)
		}
	}
	if !v.IsNull() {
		f.Values = f.Values.With(name, v)
	}
}

func (a *api) parameterNames() []string {
	names := make([]string, len(a.parameters))
	for i := range a.parameters {
		names[i] = a.parameters[i].Name
	}
	return names
}

// holds reports whether a value can be that of the parameter. Booleans and numbers may
// come as texts (connections §6).
func (p *Parameter) holds(v expr.Value) bool {
	if v.IsNull() {
		return true
	}
	kind := v.Kind()
	switch strings.ToLower(p.Type) {
	case "string", "securestring", "int", "bool":
		return kind != expr.KindObject && kind != expr.KindArray
	case "object", "secureobject", "gatewaysetting":
		return kind == expr.KindObject
	case "array":
		return kind == expr.KindArray
	}
	return true
}

// patchConnection changes tags, and nothing else (connections §1.1).
func patchConnection(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	if properties, given := r.Body.Get("properties"); given && !properties.IsNull() {
		return nil, arm.Invalid("PatchApiConnectionPropertiesNotSupported", "properties", "The properties of a connection cannot be changed by a PATCH. Send a PUT.")
	}
	return arm.PatchTags(ctx, tx, r)
}
