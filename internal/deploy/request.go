package deploy

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
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

// prepare checks the whole template, before the transaction of the PUT. What is only
// linked is fetched. The error says all that is wrong: where types are missing, in this
// template or in one that is nested in it, what else would be refused as well.
func (p *Provider) prepare(ctx context.Context, r *arm.PutRequest) (any, error) {
	o, failed := requested(r.Body)
	if failed != nil {
		return nil, failed
	}
	place, err := p.place(ctx, r.ID, r.Body, o.mode)
	if err != nil {
		return nil, err
	}
	d, err := p.checkAt(ctx, r.ID, o, place, r.Principal, r.CorrelationID, r.Now)
	if err != nil {
		return nil, err
	}
	return d, p.refuseMissing(ctx, r, d)
}

// refuseMissing refuses a deployment of types that this server does not have.
func (p *Provider) refuseMissing(ctx context.Context, r *arm.PutRequest, d *prepared) error {
	if len(d.plan.missing()) == 0 && !d.plan.nests() {
		return nil
	}
	w := p.preview(ctx, r.Principal, r.CorrelationID, r.Now)
	w.typesOnly = true
	if _, err := w.sight(d); err != nil || len(w.refused) == 0 {
		return err
	}
	w = p.preview(ctx, r.Principal, r.CorrelationID, r.Now)
	s, err := w.sight(d)
	if err == nil {
		err = w.try(s)
	}
	if err != nil {
		return err
	}
	return refusal(r.ID, w.refused)
}

// checkAt checks a template as a whole, but for the types of its resources.
func (p *Provider) checkAt(ctx context.Context, id arm.ID, o *order, place arm.Resource, who arm.Principal, correlation string, now time.Time) (*prepared, error) {
	if failed := arm.Problems(p.follow(ctx, o)); failed != nil {
		return nil, failed
	}
	s := &state{Version: stateVersion, Mode: o.mode, TemplateHash: hashOf(o.Template), Principal: who, CorrelationID: correlation, Link: o.Link.shown(), ParametersLink: o.ParametersLink.shown(),
		Target: target{Group: id.Group, GroupLocation: place.Location, GroupTags: place.Tags, Time: now, Seed: seed(id, correlation)}}
	plan, failed := p.plan(ctx, o, s, id)
	if failed != nil {
		return nil, failed
	}
	s.begin(plan)
	return &prepared{o, s, plan}, nil
}

// place is what the deployment is deployed to: its group, or the subscription with the
// location that the body gives, where the deployment itself is kept.
func (p *Provider) place(ctx context.Context, id arm.ID, body expr.Value, mode string) (place arm.Resource, err error) {
	location, _ := text(body, "location")
	switch {
	case id.Group == "":
		return arm.Resource{Location: location}, p.checkLocation(ctx, id, location, mode)
	case location != "":
		return place, arm.Invalid("InvalidDeployment", "location", "The 'location' property is not allowed for '%s' at resource group scope. Please see https://aka.ms/deploy-to-subscription for usage details.", id.Name())
	}
	err = p.config.Store.Control().Read(ctx, func(tx *store.Tx) (err error) {
		place, err = arm.Load(tx, id.GroupID().String())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = arm.GroupNotFound(id.Group)
	}
	return place, err
}

// checkLocation wants a deployment to a subscription to have a location, which stays.
func (p *Provider) checkLocation(ctx context.Context, id arm.ID, location, mode string) error {
	var found []*arm.Error
	if location == "" {
		found = append(found, arm.Invalid("LocationRequired", "location", "The 'location' property must be specified for '%s'. Please see https://aka.ms/deploy-to-subscription for usage details.", id.Name()))
	}
	if mode == modeComplete {
		found = append(found, arm.Invalid("InvalidDeploymentMode", "properties.mode", "The deployment mode 'Complete' is for deployments to resource groups. Use 'Incremental'."))
	}
	err := p.config.Store.Control().Read(ctx, func(tx *store.Tx) error {
		old, err := arm.Load(tx, id.String())
		if err == nil && location != "" && !strings.EqualFold(strings.ReplaceAll(location, " ", ""), strings.ReplaceAll(old.Location, " ", "")) {
			found = append(found, arm.Conflict("InvalidDeploymentLocation", "location", "Invalid deployment location '%s'. The deployment '%s' already exists in location '%s'.", location, id.Name(), old.Location))
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if failed := arm.Problems(found); failed != nil {
		return failed
	}
	return err
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
	o := &order{Version: stateVersion}
	var found []*arm.Error
	mode, _ := text(properties, "mode")
	switch {
	case strings.EqualFold(mode, modeIncremental):
		o.mode = modeIncremental
	case strings.EqualFold(mode, modeComplete):
		o.mode = modeComplete
	default:
		found = append(found, arm.Invalid("InvalidDeploymentMode", "properties.mode", "The deployment mode '%s' is not valid. Use 'Incremental', or 'Complete' to delete what the template does not name.", mode))
	}
	if v, _ := member(properties, "onErrorDeployment"); !v.IsNull() {
		found = append(found, arm.Invalid("OnErrorDeploymentNotSupported", "properties.onErrorDeployment", "Another deployment that begins when this one fails ('onErrorDeployment') is not supported. Leave it out, and deploy that one again yourself."))
	}
	found = append(found, o.readTemplate(properties)...)
	found = append(found, o.readParameters(properties)...)
	secret, _ := member(properties, secureMember)
	o.Secrets = secretTexts(secret, nil)
	if err := arm.Problems(found); err != nil {
		return nil, err
	}
	return o, nil
}

// Modes of a deployment.
const (
	modeIncremental = "Incremental"
	modeComplete    = "Complete" // what is in the resource group and not in the template is deleted
)

// readTemplate takes the template, or the link to it.
func (o *order) readTemplate(properties expr.Value) (found []*arm.Error) {
	template, ok := member(properties, "template")
	source, _ := member(properties, "templateLink")
	switch {
	case !source.IsNull() && !template.IsNull():
		return append(found, arm.Invalid("InvalidTemplate", "properties.templateLink", "The deployment has a template and a templateLink: give one of them."))
	case !source.IsNull():
		l, failed := readLink(source, "properties.templateLink")
		if failed != nil {
			return append(found, failed)
		}
		o.Link = l
	case !ok || template.Kind() != expr.KindObject:
		found = append(found, arm.Invalid("InvalidTemplate", "properties.template", "Deployment template validation failed: 'The template is missing or is not an object: give it as properties.template, or its address as properties.templateLink.'."))
	}
	o.Template = template
	return found
}

// readParameters takes the values themselves, a whole parameters file, or the link to
// one.
func (o *order) readParameters(properties expr.Value) (found []*arm.Error) {
	given, _ := member(properties, "parameters")
	source, _ := member(properties, "parametersLink")
	if !source.IsNull() {
		l, failed := readLink(source, "properties.parametersLink")
		if given.Len() > 0 {
			failed = arm.Invalid("InvalidRequestContent", "properties.parametersLink", "The deployment has parameters and a parametersLink: give one of them.")
		}
		if failed != nil {
			return append(found, failed)
		}
		o.ParametersLink = l
	}
	values, err := ParametersOf(given)
	if err != nil {
		found = append(found, arm.Invalid("InvalidRequestContent", "properties.parameters", "The request content is not valid: %s.", err.Error()))
	}
	o.Parameters = values
	return found
}

// plan evaluates the template for a deployment.
func (p *Provider) plan(ctx context.Context, o *order, s *state, id arm.ID) (*Plan, *arm.Error) {
	template, found := Parse(o.Template, o.Parameters)
	if len(found) > 0 {
		return nil, invalid(found)
	}
	t := s.Target
	plan, found := NewPlan(template, Target{
		TenantID: p.config.TenantID, SubscriptionID: id.Subscription, Group: t.Group, GroupLocation: t.GroupLocation,
		GroupTags: t.GroupTags, Deployment: id.Name(), Endpoint: p.config.Endpoint, Authority: p.config.Authority,
		Mode: s.Mode, Link: o.Link.URI, LinkQuery: o.Link.Query, Template: o.Template, TemplateHash: s.TemplateHash, Principal: s.Principal.ID,
		Time: t.Time, Seed: t.Seed, Secrets: o.Secrets, Provider: p.registered(ctx, s.Principal, id.Subscription),
	})
	if len(found) == 0 {
		found = plan.elsewhere()
	}
	if len(found) > 0 {
		return nil, invalid(found)
	}
	return plan, nil
}

// registered reads resource providers through the resource manager, for the function
// providers().
func (p *Provider) registered(ctx context.Context, who arm.Principal, subscription string) func(string) expr.Value {
	return func(namespace string) expr.Value {
		result, err := p.resources.Get(ctx, who, "/subscriptions/"+subscription+"/providers/"+namespace, defaultVersion)
		if err != nil {
			return expr.Null()
		}
		return result.Body
	}
}

// elsewhere finds what a plan deploys at places where this server deploys nothing.
func (p *Plan) elsewhere() []Problem {
	var found problems
	for _, r := range p.Resources {
		switch nested := strings.EqualFold(r.Type, TypeName); {
		case !r.Deploy:
		case nested && !strings.HasPrefix(strings.ToLower(r.ID), "/subscriptions/"):
			found.add(r.source.pointer, "The nested deployment '%s' is to a tenant or a management group, and this server deploys to subscriptions and resource groups. Give it a 'subscriptionId' or a 'resourceGroup'", r.Name)
		case strings.EqualFold(r.Type, groupType) && p.scope.target.Group != "":
			found.add(r.source.pointer, "The resource group '%s' cannot be made by a deployment to a resource group. Make it first", r.Name)
		}
	}
	return found.list
}

// missing finds what a plan deploys of types that this server does not have, by the place
// in the plan. Nothing is deployed of a template that cannot be deployed as a whole.
func (p *Plan) missing() map[int]*arm.Error {
	found := map[int]*arm.Error{}
	providers := map[string]expr.Value{}
	for i, r := range p.Resources {
		if !r.Deploy {
			continue
		}
		namespace, typ, _ := strings.Cut(r.Type, "/")
		if _, ok := providers[namespace]; !ok {
			providers[namespace] = p.scope.target.Provider(namespace)
		}
		types, _ := member(providers[namespace], "resourceTypes")
		switch {
		case providers[namespace].IsNull():
			found[i] = arm.Invalid("InvalidResourceNamespace", r.source.pointer, "The resource namespace '%s' of the resource '%s' is invalid: this server does not have it. GET /subscriptions/{subscriptionId}/providers lists those it has.", namespace, r.Name)
		case !listsType(types, typ):
			found[i] = arm.Invalid("InvalidResourceType", r.source.pointer, "The resource type '%s' of the resource '%s' could not be found in the namespace '%s'. GET /subscriptions/{subscriptionId}/providers/%s lists the types there are.", typ, r.Name, namespace, namespace)
		}
	}
	return found
}

// nests tells whether a plan deploys other deployments.
func (p *Plan) nests() bool {
	return slices.ContainsFunc(p.Resources, func(r Planned) bool { return r.Deploy && strings.EqualFold(r.Type, TypeName) })
}

// listsType reports whether a provider's types have one of that name.
func listsType(types expr.Value, name string) bool {
	for _, t := range types.Elements() {
		if known, _ := text(t, "resourceType"); strings.EqualFold(known, name) {
			return true
		}
	}
	return false
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
