// Package deploy is Microsoft.Resources/deployments: ARM templates, deployed into a
// resource group or a subscription.
//
// A template is checked whole before anything is deployed; then its resources are
// put in the order of their dependencies, through the resource manager, as the
// caller would put them. A resource that fails gives the deployment its error; what
// was made stays, and what does not depend on it goes on. A deployment survives a
// restart: what became of a resource's PUT is stored in the PUT's own transaction, so
// that nothing is done twice and nothing is forgotten.
package deploy

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// TypeName is the resource type.
const TypeName = "Microsoft.Resources/deployments"

// TaskKind is the kind of task that carries a deployment on.
const TaskKind = "deployment"

// Resources is the resource manager, as a deployment uses it.
type Resources interface {
	PutWith(ctx context.Context, p arm.Principal, id, apiVersion string, body []byte, commit func(*store.Tx, *arm.Result) error) (*arm.Result, error)
	Get(ctx context.Context, p arm.Principal, path, apiVersion string) (*arm.Result, error)
	Post(ctx context.Context, p arm.Principal, path, apiVersion string, body []byte) (*arm.Result, error)
	Delete(ctx context.Context, p arm.Principal, id, apiVersion string) (*arm.Result, error)
	ListAll(ctx context.Context, p arm.Principal, path, apiVersion string) ([]expr.Value, error)
}

// Rehearsal tells what PUTs would do, and what of a resource one can have said, for
// what-if.
type Rehearsal interface {
	TryAll(ctx context.Context, p arm.Principal, tries []arm.Try, looks arm.Looks) ([]arm.Tried, error)
	Settable(typ string, view expr.Value) expr.Value
}

// Operations are the long-running operations of the resource manager.
type Operations interface {
	Operation(ctx context.Context, path string) (*arm.Status, error)
	Complete(ctx context.Context, tx *store.Tx, key, operation string, failure error) error
}

// Config of the provider.
type Config struct {
	Store     *store.Store
	TenantID  string
	Endpoint  string // of the resource manager, for environment()
	Authority string
	Fetcher   Fetcher // follows links; nil: none is followed
	Clock     func() time.Time
	Log       *slog.Logger
}

// Provider is the deployments of a server.
type Provider struct {
	config     Config
	resources  Resources
	rehearsal  Rehearsal
	operations Operations
	exporter   Exporter
}

// New makes the provider. Bind must be called before its first deployment: the
// resource manager is built from the provider's types.
func New(c Config) *Provider { return &Provider{config: c} }

// Bind gives the provider the resource manager that it deploys through.
func (p *Provider) Bind(r interface {
	Resources
	Rehearsal
	Operations
	Exporter
}) {
	p.resources, p.rehearsal, p.operations, p.exporter = r, r, r, r
}

// Types are the provider's resource types.
func (p *Provider) Types() []arm.Type {
	return []arm.Type{{
		Name:        TypeName,
		AnyScope:    true,
		APIVersions: []string{"2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-09-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-08-01", "2020-06-01", "2019-10-01", "2019-09-01", "2019-08-01", "2019-05-01", "2019-03-01", "2018-08-01", "2018-05-01", "2018-02-01", "2017-05-10", "2016-09-01", "2016-06-01", "2016-02-01", "2015-11-01", "2014-04-01-preview"},
		AnyVersion:  true,
		MissingCode: "DeploymentNotFound",
		BusyCode:    "DeploymentActive",
		Running:     "Running",
		ValidName:   validName,
		References:  func(expr.Value) expr.Value { return expr.Null() }, // its resources are asked for when they are put
		Prepare:     p.prepare,
		Put:         put,
		Delete:      remove,
		View:        p.view,
		List: &arm.ListSpec{Fields: []arm.Field{{Name: "provisioningState", Value: func(r arm.Resource, _ expr.Value) expr.Value {
			return expr.String(r.State)
		}}}},
		Actions: map[string]arm.Handler{
			"exportTemplate": p.exportTemplate,
			"cancel":         p.cancel,
		},
		Reads: map[string]arm.Handler{
			"operations":             p.listOperations,
			"operations/{operation}": p.operation,
		},
	}}
}

// Routes are paths that follow no type: validate works without a deployment.
func (p *Provider) Routes() []arm.Route {
	routes := []arm.Route{{Method: http.MethodPost, Pattern: "/providers/Microsoft.Resources/calculateTemplateHash", Serve: calculateTemplateHash}, p.exportRoute()}
	for _, scope := range []string{"/subscriptions/{subscription}", "/subscriptions/{subscription}/resourceGroups/{group}"} {
		at := scope + "/providers/" + TypeName + "/{deployment}/"
		routes = append(routes, arm.Route{Method: http.MethodPost, Pattern: at + "validate", Action: TypeName + "/validate/action", Serve: p.validate},
			arm.Route{Method: http.MethodPost, Pattern: at + "whatIf", Action: TypeName + "/whatIf/action", Serve: p.whatIf})
	}
	return routes
}

// validName keeps to Azure's rule: 1 to 64 characters of letters, digits, hyphen,
// underscore, parentheses and dot, none at the end.
func validName(name string) *arm.Error {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_().", c)
	}
	if name == "" || len(name) > 64 || strings.HasSuffix(name, ".") || strings.ContainsFunc(name, func(c rune) bool { return !plain(c) }) {
		return arm.Invalid("InvalidDeploymentName", "name", "The provided deployment name is invalid: it has 1 to 64 letters, digits, hyphens, underscores, parentheses and dots, and does not end with a dot.")
	}
	return nil
}
