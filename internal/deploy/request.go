package deploy

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// prepared is a deployment that has been checked and can begin.
type prepared struct {
	order *order
	state *state
	plan  *Plan
}

// prepare checks the whole template, before the transaction of the PUT.
func (p *Provider) prepare(ctx context.Context, r *arm.PutRequest) (any, error) {
	return p.check(ctx, r.ID, r.Body, r.Principal, r.CorrelationID, r.Now)
}

// check makes the deployment that a body asks for. Its error says all that is wrong.
func (p *Provider) check(ctx context.Context, id arm.ID, body expr.Value, who arm.Principal, correlation string, now time.Time) (*prepared, error) {
	o, failed := requested(body)
	if failed != nil {
		return nil, failed
	}
	var group arm.Resource
	err := p.config.Store.Control().Read(ctx, func(tx *store.Tx) (err error) {
		group, err = arm.Load(tx, id.GroupID().String())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.GroupNotFound(id.Group)
	} else if err != nil {
		return nil, err
	}
	s := &state{Version: stateVersion, Mode: "Incremental", TemplateHash: templateHash(o.Template), Principal: who, CorrelationID: correlation,
		Target: target{Group: id.Group, GroupLocation: group.Location, GroupTags: group.Tags, Time: now, Seed: seed(id, correlation)}}
	plan, failed := p.plan(o, s.Target, id)
	if failed != nil {
		return nil, failed
	}
	s.begin(plan)
	return &prepared{o, s, plan}, nil
}

// put stores the order and begins to carry it out.
func put(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	d := r.Prepared.(*prepared)
	if err := writeOrder(tx, r.ID.Key(), d.order); err != nil {
		return nil, err
	}
	body, err := d.state.encode()
	if err != nil {
		return nil, err
	}
	r.Async(TaskKind, nil)
	return &arm.Written{Body: body, State: "Accepted"}, nil
}

// jobDelete is the payload of the task that ends a deletion, which clients expect to
// take its time (logic-api §5.2: 202).
const jobDelete = "delete"

// remove deletes the deployment, not what it made.
func remove(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	if err := tx.DeleteSetting(orderName(r.ID.Key())); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !r.Cascade {
		r.Async(TaskKind, []byte(jobDelete))
	}
	return nil
}

// seed makes newGuid() and its kin differ between deployments, and not between two
// evaluations of one.
func seed(id arm.ID, correlation string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id.Key() + correlation))
	return h.Sum64()
}

// requested reads what a deployment's body asks for.
func requested(body expr.Value) (*order, *arm.Error) {
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
	switch {
	case hasMember(properties, "templateLink") && !ok:
		found = append(found, arm.Invalid("TemplateLinkNotSupported", "properties.templateLink", "Templates are not fetched from a link. Send the template itself as properties.template."))
	case template.Kind() != expr.KindObject:
		found = append(found, arm.Invalid("InvalidTemplate", "properties.template", "Deployment template validation failed: 'The template is missing or is not an object: give it as properties.template.'."))
	}
	if hasMember(properties, "parametersLink") {
		found = append(found, arm.Invalid("ParametersLinkNotSupported", "properties.parametersLink", "Parameters are not fetched from a link. Send them as properties.parameters."))
	}
	parameters, ok := givenParameters(properties)
	if !ok {
		found = append(found, arm.Invalid("InvalidRequestContent", "properties.parameters", "The parameters must be an object whose members are objects with a 'value': {\"name\": {\"value\": …}}."))
	}
	if err := arm.Problems(found); err != nil {
		return nil, err
	}
	return &order{Version: stateVersion, Template: template, Parameters: parameters}, nil
}

// givenParameters accepts the values themselves and a whole parameters file, which
// has them under "parameters".
func givenParameters(properties expr.Value) (expr.Value, bool) {
	given, _ := member(properties, "parameters")
	if hasMember(given, "$schema") && hasMember(given, "parameters") {
		given, _ = member(given, "parameters")
	}
	if given.IsNull() {
		return expr.Object(), true
	}
	for _, v := range given.Members() {
		if v.Kind() != expr.KindObject {
			return given, false
		}
	}
	return given, given.Kind() == expr.KindObject
}

// plan evaluates the template for a deployment.
func (p *Provider) plan(o *order, t target, id arm.ID) (*Plan, *arm.Error) {
	template, found := Parse(o.Template, o.Parameters)
	if len(found) > 0 {
		return nil, invalid(found)
	}
	plan, found := NewPlan(template, Target{
		TenantID: p.config.TenantID, SubscriptionID: id.Subscription, Group: t.Group, GroupLocation: t.GroupLocation,
		GroupTags: t.GroupTags, Deployment: id.Name(), Endpoint: p.config.Endpoint, Authority: p.config.Authority,
		Time: t.Time, Seed: t.Seed,
	})
	if len(found) > 0 {
		return nil, invalid(found)
	}
	return plan, nil
}

// maxProblems is how many problems an answer lists.
const maxProblems = 100

// invalid is the wire's error of a template's problems.
func invalid(found []Problem) *arm.Error {
	list := make([]*arm.Error, 0, min(len(found), maxProblems))
	for _, f := range found[:min(len(found), maxProblems)] {
		list = append(list, arm.Invalid(f.Code, f.Pointer, "%s", f.Message))
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
