// Package deploy is Microsoft.Resources/deployments: ARM templates, deployed into a
// resource group.
//
// A template is checked whole before anything is deployed; then its resources are
// put in the order of their dependencies, through the resource manager, as the
// caller would put them. A resource that fails gives the deployment its error; what
// was made stays, and what does not depend on it goes on. A deployment survives a
// restart: each resource's state is stored before and after its PUT, and a PUT whose
// answer was lost is sent again.
package deploy

import (
	"context"
	"fmt"
	"hash/fnv"
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
	Put(ctx context.Context, p arm.Principal, id, apiVersion string, body []byte) (*arm.Result, error)
	Get(ctx context.Context, p arm.Principal, path, apiVersion string) (*arm.Result, error)
	Post(ctx context.Context, p arm.Principal, path, apiVersion string, body []byte) (*arm.Result, error)
	Operation(ctx context.Context, path string) (*arm.Status, error)
	Complete(ctx context.Context, tx *store.Tx, key, operation string, failure error) error
}

// Config of the provider.
type Config struct {
	Store     *store.Store
	TenantID  string
	Endpoint  string // of the resource manager, for environment()
	Authority string
	Clock     func() time.Time
	Log       *slog.Logger
}

// Provider is the deployments of a server.
type Provider struct {
	config    Config
	resources Resources
}

// New makes the provider. Bind must be called before its first deployment: the
// resource manager is built from the provider's types.
func New(c Config) *Provider { return &Provider{config: c} }

// Bind gives the provider the resource manager that it deploys through.
func (p *Provider) Bind(r Resources) { p.resources = r }

// Types are the provider's resource types.
func (p *Provider) Types() []arm.Type {
	return []arm.Type{{
		Name:        TypeName,
		APIVersions: []string{"2021-04-01", "2020-10-01", "2020-06-01", "2019-10-01", "2019-05-01", "2018-05-01", "2017-05-10"},
		MissingCode: "DeploymentNotFound",
		BusyCode:    "DeploymentActive",
		Running:     "Running",
		Put:         p.put,
		Delete:      func(context.Context, *store.Tx, *arm.DeleteRequest) error { return nil },
		View:        p.view,
		List: &arm.ListSpec{Fields: []arm.Field{{Name: "provisioningState", Value: func(r arm.Resource, _ expr.Value) expr.Value {
			return expr.String(r.State)
		}}}},
		Actions: map[string]arm.Handler{
			"exportTemplate": exportTemplate,
			"cancel":         p.cancel,
		},
		Reads: map[string]arm.Handler{
			"operations":             p.operations,
			"operations/{operation}": p.operation,
		},
	}}
}

// Routes are paths that follow no type: validate works without a deployment, and the
// operations of one stand without the provider in their path (logic-api §5.2).
func (p *Provider) Routes() []arm.Route {
	const group = "/subscriptions/{subscription}/resourceGroups/{group}"
	return []arm.Route{
		{Method: http.MethodPost, Pattern: group + "/providers/Microsoft.Resources/deployments/{deployment}/validate",
			Action: TypeName + "/validate/action", Serve: p.validate},
		{Method: http.MethodGet, Pattern: group + "/deployments/{deployment}/operations",
			Action: TypeName + "/operations/read", Serve: p.routed(p.operations)},
		{Method: http.MethodGet, Pattern: group + "/deployments/{deployment}/operations/{operation}",
			Action: TypeName + "/operations/read", Serve: p.routed(p.operation)},
	}
}

// routed gives a route's handler the deployment that its path names.
func (p *Provider) routed(h arm.Handler) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		id, err := arm.ParseID(groupPath(r) + "/providers/" + TypeName + "/" + r.Values["deployment"])
		if err != nil {
			return nil, err
		}
		err = p.config.Store.Control().Read(ctx, func(tx *store.Tx) error {
			r.Resource, err = arm.Load(tx, id.String())
			if err == store.ErrNotFound {
				return arm.Missing("DeploymentNotFound", "Deployment '%s' could not be found in the resource group '%s'.", r.Values["deployment"], r.Values["group"])
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		r.ID = id
		return h(ctx, r)
	}
}

func groupPath(r *arm.Request) string {
	return "/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"]
}

// put checks the whole template and starts the deployment.
func (p *Provider) put(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	group, err := arm.Load(tx, groupOf(r.ID))
	if err != nil {
		return nil, err
	}
	s, failed := requested(r.Body)
	if failed != nil {
		return nil, failed
	}
	s.Principal, s.CorrelationID = r.Principal, r.CorrelationID
	s.Target = target{Group: r.ID.Group, GroupLocation: group.Location, GroupTags: group.Tags, Time: r.Now, Seed: seed(r.ID, r.CorrelationID)}
	plan, failed := p.plan(s, r.ID)
	if failed != nil {
		return nil, failed
	}
	s.begin(plan)
	body, err := s.encode()
	if err != nil {
		return nil, err
	}
	r.Async(TaskKind, nil)
	return &arm.Written{Body: body, State: "Accepted"}, nil
}

func groupOf(id arm.ID) string {
	return "/subscriptions/" + id.Subscription + "/resourceGroups/" + id.Group
}

// seed makes newGuid() and its kin differ between deployments, and not between two
// evaluations of one.
func seed(id arm.ID, correlation string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id.Key() + correlation))
	return h.Sum64()
}

// requested reads what a deployment's body asks for.
func requested(body expr.Value) (*state, *arm.Error) {
	properties, ok := member(body, "properties")
	if !ok || properties.Kind() != expr.KindObject {
		return nil, arm.Invalid("InvalidRequestContent", "properties", "The request content is not valid: 'properties' is missing. It holds the mode, the template and the parameters.")
	}
	var found []*arm.Error
	mode, _ := text(properties, "mode")
	switch {
	case strings.EqualFold(mode, "Incremental"):
	case strings.EqualFold(mode, "Complete"):
		found = append(found, arm.Invalid("DeploymentModeNotSupported", "properties.mode", "The mode 'Complete' deletes what the template does not name, and is not supported. Use 'Incremental'."))
	default:
		found = append(found, arm.Invalid("InvalidDeploymentMode", "properties.mode", "The deployment mode '%s' is not valid. Use 'Incremental'.", mode))
	}
	template, ok := member(properties, "template")
	if !ok && hasMember(properties, "templateLink") {
		found = append(found, arm.Invalid("TemplateLinkNotSupported", "properties.templateLink", "Templates are not fetched from a link. Send the template's text as properties.template."))
	} else if !ok || template.Kind() != expr.KindObject {
		found = append(found, arm.Invalid("InvalidTemplate", "properties.template", "Deployment template validation failed: 'The template is missing or is not an object: give it as properties.template.'."))
	}
	if hasMember(properties, "parametersLink") {
		found = append(found, arm.Invalid("ParametersLinkNotSupported", "properties.parametersLink", "Parameters are not fetched from a link. Send them as properties.parameters."))
	}
	if err := arm.Problems(found); err != nil {
		return nil, err
	}
	return &state{Version: stateVersion, Mode: "Incremental", Template: template, Parameters: givenParameters(properties)}, nil
}

// givenParameters accepts the values themselves and a whole parameters file, which
// has them under "parameters".
func givenParameters(properties expr.Value) expr.Value {
	given := object(properties, "parameters")
	if hasMember(given, "$schema") && hasMember(given, "parameters") {
		return object(given, "parameters")
	}
	return given
}

// plan evaluates the template for a deployment.
func (p *Provider) plan(s *state, id arm.ID) (*Plan, *arm.Error) {
	template, found := Parse(s.Template, s.Parameters)
	if len(found) > 0 {
		return nil, invalid(found)
	}
	plan, found := NewPlan(template, Target{
		TenantID: p.config.TenantID, SubscriptionID: id.Subscription, Group: s.Target.Group, GroupLocation: s.Target.GroupLocation,
		GroupTags: s.Target.GroupTags, Deployment: id.Name(), Endpoint: p.config.Endpoint, Authority: p.config.Authority,
		Time: s.Target.Time, Seed: s.Target.Seed,
	})
	if len(found) > 0 {
		return nil, invalid(found)
	}
	return plan, nil
}

// invalid is the wire's error of a template's problems.
func invalid(found []Problem) *arm.Error {
	list := make([]*arm.Error, len(found))
	for i, f := range found {
		list[i] = arm.Invalid(f.Code, f.Pointer, "%s", f.Message)
	}
	return arm.Problems(list)
}

// begin lists the plan's resources as steps.
func (s *state) begin(plan *Plan) {
	s.Shown = plan.Parameters()
	s.Steps = make([]step, len(plan.Resources))
	for i, r := range plan.Resources {
		s.Steps[i] = step{ID: r.ID, Type: r.Type, Name: r.Name, APIVersion: r.APIVersion}
		if !r.Deploy {
			s.Steps[i].Phase = phaseLeftOut
		}
	}
}

// validate checks a deployment as put does, and says what it would deploy.
func (p *Provider) validate(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	id, err := arm.ParseID(groupPath(r) + "/providers/" + TypeName + "/" + r.Values["deployment"])
	if err != nil {
		return nil, err
	}
	var group arm.Resource
	err = p.config.Store.Control().Read(ctx, func(tx *store.Tx) (err error) {
		group, err = arm.Load(tx, groupOf(id))
		if err == store.ErrNotFound {
			return arm.GroupNotFound(id.Group)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s, failed := requested(r.Body)
	if failed != nil {
		return nil, failed
	}
	s.CorrelationID = r.CorrelationID
	s.Target = target{Group: id.Group, GroupLocation: group.Location, GroupTags: group.Tags, Time: r.Now, Seed: seed(id, r.CorrelationID)}
	plan, failed := p.plan(s, id)
	if failed != nil {
		return nil, failed
	}
	s.begin(plan)
	properties := s.properties("Succeeded").With("validatedResources", s.references(func(t step) bool { return t.Phase != phaseLeftOut }))
	return arm.Reply(expr.Object(
		str("id", id.String()), str("name", id.Name()), str("type", TypeName),
		expr.Member{Name: "properties", Value: properties},
	)), nil
}

// exportTemplate gives back the template that was deployed.
func exportTemplate(_ context.Context, r *arm.Request) (*arm.Response, error) {
	s, err := readState(r.Resource.Body)
	if err != nil {
		return nil, err
	}
	return arm.Reply(expr.Object(expr.Member{Name: "template", Value: s.Template})), nil
}

// cancel stops a deployment from starting more resources.
func (p *Provider) cancel(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	err := p.config.Store.Control().Write(ctx, func(tx *store.Tx) error {
		current, err := arm.Load(tx, r.ID.String())
		if err != nil {
			return err
		}
		s, err := readState(current.Body)
		if err != nil {
			return err
		}
		if !s.Ended.IsZero() {
			return arm.Conflict("DeploymentCannotBeCancelled", "", "The deployment '%s' cannot be cancelled: it has ended as '%s'.", r.ID.Name(), current.State)
		}
		s.Canceled = true
		if current.Body, err = s.encode(); err != nil {
			return err
		}
		return arm.Save(tx, current)
	})
	if err != nil {
		return nil, err
	}
	return &arm.Response{Status: http.StatusNoContent}, nil
}

func (s *state) references(which func(step) bool) expr.Value {
	var list []expr.Value
	for _, t := range s.Steps {
		if which(t) {
			list = append(list, expr.Object(str("id", t.ID)))
		}
	}
	return expr.Array(list...)
}

// summary is for the log: what failed, by name.
func (s *state) summary() string {
	var failed []string
	for _, t := range s.Steps {
		if t.Phase == phaseFailed {
			failed = append(failed, fmt.Sprintf("%s (%s)", t.Name, t.Error.Code))
		}
	}
	return strings.Join(failed, ", ")
}
