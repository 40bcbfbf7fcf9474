// Package web is Microsoft.Web, as far as workflows need it: connections, custom APIs,
// and the managed APIs of a location (connections.md §1 to §3).
//
// A connection names an API and holds the values of its parameters, which are sealed
// with the resource and never served. An API is a managed connector, of the location or
// deployed into an environment, or a custom API, which is an OpenAPI document with a
// backend. A custom API is called from inside the network of the workflow that calls it:
// [Service] is the [connection.Directory] that says where a connection leads and what
// credentials go there; of an OAuth parameter, the token that a person has consented to
// (consent.go), renewed when it ends. Managed connectors have no operations yet.
//
// What an environment has, is read from its resources; the list of connectors is given.
package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// The types of the package, and what they refer to.
const (
	connectionType  = "Microsoft.Web/connections"
	policyType      = connectionType + "/accessPolicies"
	customType      = "Microsoft.Web/customApis"
	managedType     = "Microsoft.Web/locations/managedApis"
	environmentType = "Microsoft.Logic/integrationServiceEnvironments"
	connectorType   = environmentType + "/managedApis"

	codeInvalidContent = "InvalidRequestContent"
	formVersion        = 1
)

// API is a managed connector as connections see it.
type API struct {
	Name, Title, Tier string
	Capabilities      []string
	// Parameters are what a connection to it has; nil: not known, any are taken.
	Parameters []Parameter
}

// Parameter is one of an API's connection parameters.
type Parameter struct {
	Name, Type string
	Required   bool
	// Clear says that a value of a secure type may be shown.
	Clear bool
	// Definition is it as a custom API gives it; null for a managed one.
	Definition expr.Value
}

// Config is what a Service needs. Store and People must be set.
type Config struct {
	Store *store.Store
	APIs  []API
	// BaseURL is how the resource manager is reached, "https://host:port"; Access how an
	// environment's runtime is, by the environment's resource ID, "" for none.
	BaseURL string
	Access  func(environment string) string
	// Call performs a request as an Http action would, from inside an environment ("" for
	// none); nil: connections are not tested.
	Call func(ctx context.Context, environment string, inputs expr.Value) engine.Outcome
	// People sign in for consents. Authorizer says who may consent for
	// a program that asked; nil: nobody.
	People     People
	Authorizer arm.Authorizer
	Clock      func() time.Time // nil: time.Now
}

// Service is the types of Microsoft.Web over one store. Safe for concurrent use.
type Service struct {
	config   Config
	control  *store.DB
	consents consents
	mover    Mover              // set by Bind, before requests come
	renewing singleflight.Group // by connection and parameter
	unstored sync.Map           // next *token that could not be stored yet, by the renewal's key
}

// New checks the configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.People == nil {
		return nil, errors.New("web: Store and People must be set")
	}
	if c.Access == nil {
		c.Access = func(string) string { return c.BaseURL }
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Service{config: c, control: c.Store.Control()}, nil
}

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	return []arm.Type{s.connectionType(), s.policyType(), s.customType()}
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

// versions are the api-versions that providers show (connections §1.1).
func versions() []string {
	return []string{"2016-06-01", "2018-07-01-preview", "2018-03-01-preview", "2015-08-01-preview"}
}

// Routes are the paths of a location: what Isle has everywhere.
func (s *Service) Routes() []arm.Route {
	const location = "/subscriptions/{subscription}/providers/Microsoft.Web/locations/{location}/"
	get := func(pattern, action string, h arm.Handler) arm.Route {
		return arm.Route{Method: "GET", Pattern: location + pattern, Action: "Microsoft.Web/locations/" + action + "/read", Serve: h}
	}
	wsdl := func(name string) arm.Route {
		return arm.Route{Method: "POST", Pattern: location + name, Action: "Microsoft.Web/locations/" + name + "/action", Serve: refuseWSDL}
	}
	return []arm.Route{
		get("managedApis", "managedApis", s.listManaged),
		get("managedApis/{api}", "managedApis", s.readManaged),
		get("managedApis/{api}/apiOperations", "managedApis/apiOperations", s.listManagedOperations),
		get("apiOperations", "apiOperations", s.listOperations),
		wsdl("listWsdlInterfaces"),
		wsdl("extractApiDefinitionFromWsdl"),
	}
}

// refuseWSDL: SOAP services are not described by OpenAPI here.
func refuseWSDL(context.Context, *arm.Request) (*arm.Response, error) {
	return nil, arm.Invalid("WsdlNotSupported", "", "This server makes no API definitions of WSDL documents. Describe the service with an OpenAPI 2.0 document, and give it as 'properties.swagger' of a custom API.")
}

func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
