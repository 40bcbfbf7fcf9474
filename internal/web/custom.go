package web

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// customAPI is a custom API as stored.
type customAPI struct {
	Version      int        `json:"v"`
	ID           string     `json:"id"` // 32 hex digits, of its runtime URL
	DisplayName  string     `json:"displayName"`
	Description  string     `json:"description,omitempty"`
	IconURI      string     `json:"iconUri,omitempty"`
	BrandColor   string     `json:"brandColor,omitempty"`
	Capabilities expr.Value `json:"capabilities"`
	Swagger      expr.Value `json:"swagger"`
	ServiceURL   string     `json:"serviceUrl"`
	Parameters   expr.Value `json:"connectionParameters"` // as given; null: those of the document's security
	Environment  string     `json:"environment,omitempty"`
	Created      time.Time  `json:"created"`
	Changed      time.Time  `json:"changed"`
}

func (s *Service) customType() arm.Type {
	return arm.Type{
		Name: customType, APIVersions: versions(), AnyVersion: true, Tracked: true, NoState: true, MissingCode: "ApiNotFound", Linked: "join/action",
		// What is described may hold IDs; only the environment is referred to.
		References: func(body expr.Value) expr.Value {
			id, _ := environmentOf(at(body, "properties"))
			return expr.String(id)
		},
		Put: s.putCustom, Patch: patchCustom, View: s.viewCustom,
		Delete:   func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
		List:     &arm.ListSpec{Fields: []arm.Field{environmentField()}},
		Move:     arm.Rehome,
		ReadOnly: []string{"properties.runtimeUrls"},
		Reads:    map[string]arm.Handler{"apiOperations": listCustomOperations},
		Actions:  map[string]arm.Handler{"move": s.moveCustom},
	}
}

// putCustom creates a custom API or replaces it (connections §2).
func (s *Service) putCustom(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	form := &customAPI{Version: formVersion, ID: newID(), Created: r.Now}
	var before *customAPI
	if r.Old != nil {
		var err error
		if before, err = decode[customAPI](r.Old.Resource); err != nil {
			return nil, err
		}
		form.ID, form.Created = before.ID, before.Created
	}
	properties := propertiesOf(r, &found)
	checkTexts(properties, "properties", &found, "displayName", "description", "iconUri", "brandColor", "integrationServiceEnvironmentResourceId")
	form.DisplayName, form.Description = text(properties, "displayName"), text(properties, "description")
	form.IconURI, form.BrandColor = text(properties, "iconUri"), text(properties, "brandColor")
	checkSupported(properties, &found)
	form.takeDocument(properties, &found)
	form.takeParameters(properties, before, &found)
	if err := form.settle(tx, properties, before, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form.Changed = r.Now
	stored, err := json.Marshal(form)
	return &arm.Written{Body: stored}, err
}

// checkSupported refuses by name what this server does not have.
func checkSupported(properties expr.Value, found *arm.Found) {
	if at(properties, "wsdlDefinition").Len() > 0 || strings.EqualFold(text(properties, "apiType"), "Soap") {
		found.Add("WsdlNotSupported", "properties.wsdlDefinition", "This server does not call SOAP services through a WSDL document. Describe the service with an OpenAPI 2.0 document in 'properties.swagger'.")
	}
	for _, c := range at(properties, "capabilities").Elements() {
		if name, _ := c.AsString(); strings.EqualFold(name, "gateway") {
			found.Add("GatewayNotSupported", "properties.capabilities", "A custom API cannot use a data gateway here: what it calls is reached from inside the network (ise.md #97). Leave the capability 'gateway' out.")
		}
	}
}

// takeDocument reads the OpenAPI document, which may also stand in apiDefinitions, and
// where the backend is: where it is not given, the document says it.
func (a *customAPI) takeDocument(properties expr.Value, found *arm.Found) {
	place := "properties.swagger"
	a.Swagger = at(properties, "swagger")
	if a.Swagger.IsNull() {
		a.Swagger, place = at(properties, "apiDefinitions", "swagger"), "properties.apiDefinitions.swagger"
	}
	if a.Swagger.IsNull() {
		found.Add("InvalidApiDefinition", "properties.swagger", "The custom API has no OpenAPI document. Give it inline as 'properties.swagger'; documents are not fetched from links.")
		return
	}
	checkDocument(a.Swagger, place, found)
	a.Capabilities = at(properties, "capabilities")
	a.ServiceURL = text(properties, "backendService", "serviceUrl")
	target := "properties.backendService.serviceUrl"
	if a.ServiceURL == "" {
		a.ServiceURL, target = documentURL(a.Swagger), place+".host"
	}
	u, err := url.Parse(a.ServiceURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		found.Add("InvalidBackendService", target, "The address of the backend is not an absolute http or https URL without a user. Give 'properties.backendService.serviceUrl', or 'host' and 'schemes' in the document.")
	}
}

// documentURL is where the document says that the API is.
func documentURL(document expr.Value) string {
	host := text(document, "host")
	if host == "" {
		return ""
	}
	scheme := "https"
	if schemes := at(document, "schemes"); schemes.Len() > 0 {
		scheme = schemes.Index(0).Text()
		for _, one := range schemes.Elements() {
			if one.Text() == "https" {
				scheme = "https"
			}
		}
	}
	return strings.ToLower(scheme) + "://" + host + text(document, "basePath")
}

// takeParameters reads the connection parameters. A client secret that is left out, as
// in what is served, stays.
func (a *customAPI) takeParameters(properties expr.Value, before *customAPI, found *arm.Found) {
	const place = "properties.connectionParameters"
	a.Parameters = at(properties, "connectionParameters")
	if a.Parameters.IsNull() {
		return
	}
	if a.Parameters.Kind() != expr.KindObject {
		found.Add(codeInvalidContent, place, "The connection parameters must be an object with an object for each.")
		return
	}
	for name, p := range a.Parameters.Members() {
		typ := text(p, "type")
		if !knownParameterType(typ) {
			found.Add("InvalidConnectionParameter", place+"."+name, "The type '%s' of the connection parameter '%s' is not valid. Give string, securestring, secureobject, int, bool, object, array or oauthSetting.", typ, name)
			continue
		}
		if before == nil || !at(p, "oAuthSettings", "clientSecret").IsNull() {
			continue
		}
		if kept := at(before.Parameters, name, "oAuthSettings", "clientSecret"); !kept.IsNull() && at(p, "oAuthSettings").Kind() == expr.KindObject {
			a.Parameters = a.Parameters.With(name, p.With("oAuthSettings", at(p, "oAuthSettings").With("clientSecret", kept)))
		}
	}
}

func knownParameterType(typ string) bool {
	switch strings.ToLower(typ) {
	case "string", "securestring", "secureobject", "int", "bool", "object", "array", "oauthsetting", "managedidentity", "clientcertificate", "connection":
		return true
	}
	return false
}

// settle puts the API into the environment that it names, where it stays.
func (a *customAPI) settle(tx *store.Tx, properties expr.Value, before *customAPI, found *arm.Found) error {
	id, place := environmentOf(properties)
	if before != nil && !arm.SameID(before.Environment, id) && before.Environment+id != "" {
		found.Add("PropertyChangeNotAllowed", place, "Changing the integration service environment of a custom API is not allowed: it is '%s' since creation, the request says '%s'. Create another one.", before.Environment, id)
		return nil
	}
	a.Environment = id
	if id == "" {
		return nil
	}
	err := checkEnvironment(tx, id)
	if problem := arm.AsError(err); problem != nil {
		problem.Target = place
		*found = append(*found, problem)
		return nil
	}
	return err
}

func patchCustom(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	if properties, given := r.Body.Get("properties"); given && !properties.IsNull() {
		return nil, arm.Invalid("PatchApiPropertiesNotSupported", "properties", "The properties of a custom API cannot be changed by a PATCH. Send a PUT.")
	}
	return arm.PatchTags(ctx, tx, r)
}

func (s *Service) viewCustom(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	a, err := decode[customAPI](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	runtime := s.config.Access(a.Environment) + "/apim/" + a.ID
	properties := object(
		"displayName", a.DisplayName, "description", a.Description, "iconUri", a.IconURI, "brandColor", a.BrandColor,
		"capabilities", a.Capabilities,
		"apiType", "Rest",
		"swagger", a.Swagger,
		"backendService", object("serviceUrl", a.ServiceURL),
		"connectionParameters", s.showParameters(a.parameters()),
		"runtimeUrls", []string{runtime},
		"wsdlDefinition", expr.Object())
	if a.Environment != "" {
		properties = properties.With("integrationServiceEnvironment", reference(a.Environment, environmentType))
	}
	properties = properties.With("integrationServiceEnvironmentResourceId", nullable(a.Environment))
	return object("properties", properties), nil
}

// parameters are those given, or those that the document's security asks for.
func (a *customAPI) parameters() []Parameter {
	list := []Parameter{}
	if a.Parameters.Kind() == expr.KindObject {
		for name, p := range a.Parameters.Members() {
			required, _ := at(p, "uiDefinition", "constraints", "required").AsString()
			clear, _ := at(p, "uiDefinition", "constraints", "clearText").AsBool()
			list = append(list, Parameter{Name: name, Type: text(p, "type"), Required: strings.EqualFold(required, "true"), Clear: clear, Definition: p})
		}
		return list
	}
	for _, d := range at(a.Swagger, "securityDefinitions").Members() {
		switch text(d, "type") {
		case "basic":
			list = append(list, Parameter{Name: "username", Type: "securestring", Clear: true, Required: true}, Parameter{Name: "password", Type: "securestring", Required: true})
		case "apiKey":
			list = append(list, Parameter{Name: "api_key", Type: "securestring", Required: true})
		default:
			continue
		}
		return list
	}
	return list
}
