package logic

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/trigger"
	"isle/wdl"
)

func (s *Service) workflowType() arm.Type {
	return arm.Type{
		Name: workflowType, APIVersions: versions(), Tracked: true, MissingCode: "WorkflowNotFound",
		ValidName: anyName, References: placesOfWorkflow, Admit: admitManagement,
		Prepare: s.prepareWorkflow, Put: s.putWorkflow, Patch: s.patchWorkflow, Delete: s.deleteWorkflow, View: s.viewWorkflow, Brief: s.briefWorkflow, Move: s.rehomeWorkflow,
		List:     &arm.ListSpec{Fields: workflowFields(), MaxPage: 250},
		Actions:  s.workflowActions(),
		Reads:    s.workflowReads(),
		Export:   exportWorkflow,
		ReadOnly: append([]string{"properties.accessEndpoint", "properties.endpointsConfiguration", "properties.createdTime", "properties.changedTime", "properties.version"}, identityReadOnly()...),
	}
}

// placesOfWorkflow is what of a workflow names resources that it is put into or made to
// use: of its definition, which holds whatever IDs it likes, the connections of hosts.
func placesOfWorkflow(body expr.Value) expr.Value {
	places := []expr.Value{path(body, "properties", "integrationServiceEnvironment"), path(body, "properties", "integrationAccount"),
		path(body, "identity"), path(body, "properties", "parameters", "$connections"), path(body, "properties", "definition", "parameters", "$connections", "defaultValue")}
	return expr.Array(append(places, connectionsIn(path(body, "properties", "definition"))...)...)
}

// connectionsIn are the connections of "host" members in a definition.
func connectionsIn(v expr.Value) (found []expr.Value) {
	for _, e := range v.Elements() {
		found = append(found, connectionsIn(e)...)
	}
	for name, m := range v.Members() {
		if strings.EqualFold(name, "host") {
			found = append(found, path(m, "connection"))
		}
		found = append(found, connectionsIn(m)...)
	}
	return found
}

// workflowFields are what workflows are filtered by (logic-api §1.4).
func workflowFields() []arm.Field {
	return []arm.Field{
		{Name: "state", Value: func(_ arm.Resource, view expr.Value) expr.Value { return path(view, "properties", "state") }},
		{Name: "trigger", Value: func(_ arm.Resource, view expr.Value) expr.Value {
			for _, t := range path(view, "properties", "definition", "triggers").Members() {
				typ, _ := t.Get("type")
				return typ
			}
			return expr.Null()
		}},
		{Name: "referencedResourceId", Value: func(_ arm.Resource, view expr.Value) expr.Value {
			var ids []expr.Value
			for _, name := range []string{"integrationServiceEnvironment", "integrationAccount"} {
				if id := path(view, "properties", name, "id"); !id.IsNull() {
					ids = append(ids, id)
				}
			}
			if len(ids) == 0 {
				return expr.Null()
			}
			return expr.Array(ids...)
		}},
	}
}

func path(v expr.Value, names ...string) expr.Value {
	for _, name := range names {
		v, _ = v.Get(name)
	}
	return v
}

// draft is a workflow's request, read and compiled before the transaction.
type draft struct {
	properties expr.Value    // of the request; of a PATCH, completed from what was stored
	given      *workflowBody // as sent; nil if it could not be read
	body       workflowBody  // completed from the version it was compiled against
	identity   *identityBody
	kind       string    // as given
	found      arm.Found // of the request by itself
	basis      string    // id of that version; "" for none
	program    *wdl.Program
	refusal    *arm.Error // of the definition
	children   arm.Found  // of the workflows that it turns to
	receivers  []string   // flow ids of those that it sends to
}

// change is a PUT of a workflow inside the transaction.
type change struct {
	*draft
	r      *arm.PutRequest
	form   *workflow // stored if the PUT succeeds
	before *version  // the current version until now; nil for a new workflow
	limits wdl.Limits
	// account is the id of the integration account that the request names, "" for none.
	account string
}

// prepareWorkflow reads and compiles the request, which takes too long for the one
// writer. What it finds is told by putWorkflow, together with all else.
func (s *Service) prepareWorkflow(ctx context.Context, r *arm.PutRequest) (any, error) {
	properties := r.Properties()
	if r.Patch() {
		if r.Body.Len() == 0 {
			return nil, nil
		}
		var err error
		if properties, err = s.patched(ctx, r); err != nil {
			return nil, err
		}
	}
	d := &draft{properties: properties}
	b := new(struct {
		Identity *identityBody `json:"identity"`
	})
	d.given = readWorkflow(r.ID.Name(), properties, &d.found)
	if !d.found.Decode(r.Body, b, "", wdl.CodeInvalidRequestContent) || d.given == nil {
		d.given = nil
		return d, nil
	}
	d.identity, d.kind = b.Identity, readKind(r.Body, &d.found)
	checkIdentity(d.identity, &d.found)
	c := &change{draft: d, r: r, limits: s.config.Workflows.limits}
	err := s.control.Read(ctx, c.load)
	if errors.Is(err, store.ErrNotFound) {
		err = nil // deleted meanwhile: the transaction will see
	}
	c.compile()
	if err == nil && d.program != nil {
		s.checkIdentities(r, c.form.Identity, d)
		err = s.checkCalls(ctx, r, d)
	}
	if err == nil && d.program != nil {
		err = s.checkRefused(d.program)
	}
	return d, err
}

// compile completes and compiles what was given.
func (c *change) compile() {
	c.body, c.basis, c.program, c.refusal = *c.given, "", nil, nil
	if c.body.Definition.Kind() != expr.KindObject {
		return // reported already
	}
	if c.before != nil {
		// A GET does not show secrets, so a PUT leaves them out.
		c.basis = c.form.Current
		c.body.Parameters = keepSecure(c.body.Definition, c.body.Parameters, c.before.Definition, c.before.Parameters)
		c.body.Definition = keepDefaults(c.body.Definition, c.body.Parameters, c.before.Definition)
	}
	program, err := compile(c.body.Definition, c.body.Parameters, withLifetime(c.limits, c.properties), c.r.Now)
	if err == nil && c.before != nil {
		err = checkUpdate(program, c.before)
	}
	c.program, c.refusal = program, arm.AsError(err)
}

// putWorkflow creates a workflow, or replaces its definition and parameters, which
// makes a new version (logic-api §2.2).
func (s *Service) putWorkflow(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	return s.changeTo(tx, r, r.Prepared.(*draft))
}

// patchWorkflow changes what the request gives. Clients send nothing at all
// (logic-api §1.1), which changes nothing.
func (s *Service) patchWorkflow(ctx context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	if r.Prepared == nil {
		return arm.PatchTags(ctx, tx, r)
	}
	d := r.Prepared.(*draft)
	form, err := decode[workflow](r.Old.Resource)
	if err != nil {
		return nil, err
	}
	if d.basis != "" && d.basis != form.Current {
		return nil, arm.Conflict("AnotherOperationInProgress", "", "The workflow '%s' was changed by another request meanwhile. Send the request again.", r.ID.Name())
	}
	return s.changeTo(tx, r, d)
}

// patched is what a GET shows of the workflow's properties, with the members that the
// request gives in their place.
func (s *Service) patched(ctx context.Context, r *arm.PutRequest) (expr.Value, error) {
	given := r.Properties()
	if !given.IsNull() && given.Kind() != expr.KindObject {
		return given, nil // to be reported
	}
	var view expr.Value
	err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
		view, err = s.viewWorkflow(ctx, tx, *r.Old)
		return err
	})
	properties := path(view, "properties")
	for name, v := range given.Members() {
		properties = properties.With(name, v)
	}
	return properties, err
}

// changeTo stores what a request asks for.
func (s *Service) changeTo(tx *store.Tx, r *arm.PutRequest, d *draft) (*arm.Written, error) {
	c, err := s.judge(tx, r, d)
	if err != nil {
		return nil, err
	}
	if c.identity != nil {
		c.form.Identity = c.form.Identity.with(c.identity)
	}
	if c.kind != "" {
		c.form.Kind = c.kind
	}
	return s.store(tx, c)
}

// judge finds all that is wrong with a request, and changes nothing.
func (s *Service) judge(tx *store.Tx, r *arm.PutRequest, d *draft) (*change, error) {
	if d.given == nil {
		return nil, d.found.Err()
	}
	c := &change{draft: d, r: r, limits: s.config.Workflows.limits}
	if err := c.load(tx); err != nil {
		return nil, err
	}
	if c.before != nil && c.basis != c.form.Current || c.before == nil && c.basis != "" {
		c.compile() // another PUT came first
	}
	found := append(slices.Clone(d.found), d.children...)
	if err := s.locate(tx, c, &found); err != nil {
		return nil, err
	}
	if c.program != nil && (c.kind == kindStateless || c.kind == "" && c.form.Kind == kindStateless) {
		checkStateless(c.program, &found)
	}
	if c.refusal != nil {
		if len(found) == 0 {
			return nil, c.refusal
		}
		found = append(found, flatten(c.refusal)...)
	}
	return c, found.Err()
}

func flatten(e *arm.Error) []*arm.Error {
	if len(e.Details) > 0 {
		return e.Details
	}
	return []*arm.Error{e}
}

// load reads what is there.
func (c *change) load(tx *store.Tx) (err error) {
	if c.r.Old == nil {
		c.form = &workflow{Version: formVersion, FlowID: newID(), Environment: store.Shared, Created: c.r.Now, Primary: newKey(), Secondary: newKey()}
		return nil
	}
	if c.form, err = decode[workflow](c.r.Old.Resource); err != nil {
		return err
	}
	c.before, err = readVersion(tx, c.form.FlowID, c.form.Current)
	return err
}

// locate finds the environment and the integration account that the request names.
// A workflow stays where it was created.
func (s *Service) locate(tx *store.Tx, c *change, found *arm.Found) error {
	const target = "properties.integrationServiceEnvironment.id"
	id := c.body.ISE.id()
	if c.r.Old != nil && !arm.SameID(id, c.form.ISE) {
		found.Add("PropertyChangeNotAllowed", target, "Changing the integration service environment of a workflow is not allowed: it is '%s' since creation, the request says '%s'. Create another workflow there.", c.form.ISE, id)
		return nil
	}
	if id == "" {
		return s.checkAccount(tx, c, found)
	}
	home, err := arm.Load(tx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !strings.EqualFold(home.Type, environmentType) {
		*found = append(*found, arm.Missing("IntegrationServiceEnvironmentNotFound", "The integration service environment '%s' was not found. Create it first, or leave integrationServiceEnvironment out.", id))
		(*found)[len(*found)-1].Target = target
		return nil
	}
	if err != nil {
		return err
	}
	form, err := decode[environment](home.Resource)
	if err != nil {
		return err
	}
	// An environment that is being updated goes on serving the workflows in it.
	if c.r.Old == nil && home.State != "Succeeded" || !form.Ready {
		*found = append(*found, notReady(home))
	}
	if !arm.SameLocation(home.Location, c.r.Location) {
		found.Add("InvalidResourceLocation", "location", "The workflow's location '%s' is not the location '%s' of its integration service environment. Both must be the same.", c.r.Location, home.Location)
	}
	c.form.ISE, c.form.Environment = home.ID, form.ID
	return s.checkAccount(tx, c, found)
}

// store writes the workflow, and a version if anything in it differs.
func (s *Service) store(tx *store.Tx, c *change) (*arm.Written, error) {
	r, form := c.r, c.form
	next := &version{
		Version: formVersion, FlowID: form.FlowID, Workflow: r.ID.String(), Location: r.Location, Environment: form.Environment,
		Definition: normalForm(c.body.Definition, c.program), Parameters: c.body.Parameters, Tags: r.Tags,
		Settings: carry(c.properties, carriedWorkflow), Kind: form.Kind, Enabled: c.body.State != "Disabled", Created: form.Created, Changed: r.Now,
	}
	restart := !form.Enabled && next.Enabled
	form.Enabled, form.Changed, form.Access = next.Enabled, r.Now, c.body.Access
	compiled := (*engine.Workflow)(nil)
	if c.before == nil || !c.before.same(next) {
		form.Current = sequenceBefore(form.Current, r.Now)
		if err := writeVersion(tx, next, form.Current); err != nil {
			return nil, err
		}
		compiled = link(c.program, next, form.Current)
	}
	for _, t := range c.program.Triggers {
		form.Scheduled = form.Scheduled || t.Recurrence != nil || trigger.IsWebhook(t) || t.Runs > 0 || t.Batch != nil // more may begin, or be released
	}
	if err := form.refer(tx, r.ID, c.receivers); err != nil {
		return nil, err
	}
	if err := s.useAccount(tx, form, c.account, r.ID); err != nil {
		return nil, err
	}
	if r.Old == nil {
		if err := enroll(tx, form, r.ID); err != nil {
			return nil, err
		}
	}
	tx.AfterCommit(func() {
		if compiled == nil {
			s.config.Workflows.changed(form.FlowID)
			return
		}
		s.config.Workflows.replaced(deployed(form, r.ID.String(), r.ID.Name(), compiled))
	})
	stored, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	tasks, err := workflowTasks(r.ID.Key(), form, restart, r.Now)
	return &arm.Written{Body: stored, Tasks: tasks}, err
}

// normalForm is a definition as it is stored and shown: normalised (logic-api §1.6), but
// for one of the older schema version, which stays as it was written.
func normalForm(definition expr.Value, program *wdl.Program) expr.Value {
	if _, older := wdl.Upgrade(definition); older {
		return definition
	}
	return program.Definition
}

// enroll makes a new workflow known by its flow id and in its environment.
func enroll(tx *store.Tx, form *workflow, id arm.ID) error {
	if err := tx.PutSetting(flowSetting(form.FlowID), []byte(id.Key())); err != nil {
		return err
	}
	if form.Environment == store.Shared {
		return nil
	}
	return tx.PutSetting(memberPrefix(form.Environment)+form.FlowID, []byte(id.String()))
}

// workflowTasks are the tasks that follow a change of a workflow.
func workflowTasks(key string, form *workflow, restart bool, now time.Time) ([]store.Task, error) {
	if !form.Scheduled {
		return nil, nil
	}
	payload, err := json.Marshal(workflowJob{FlowID: form.FlowID, Restart: restart})
	return []store.Task{{Key: "reconcile:" + key, Kind: KindWorkflow, Due: now, Payload: payload}}, err
}

// same tells whether two versions differ in nothing but their time. The order of
// members, which clients do not keep, does not count.
func (v *version) same(other *version) bool {
	return v.Location == other.Location && v.Kind == other.Kind && expr.Equal(v.Definition, other.Definition) && expr.Equal(v.Parameters, other.Parameters) &&
		expr.Equal(v.Tags, other.Tags) && expr.Equal(v.Settings, other.Settings)
}

// deleteWorkflow: calls fail from now on; open runs are cancelled by a task.
func (s *Service) deleteWorkflow(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[workflow](r.Old.Resource)
	if err != nil {
		return err
	}
	if err := form.unrefer(tx, r.ID.Name()); err != nil {
		return err
	}
	if err := s.useAccount(tx, form, "", r.ID); err != nil {
		return err
	}
	if err := dropSetting(tx, flowSetting(form.FlowID)); err != nil {
		return err
	}
	if form.Environment != store.Shared {
		if err := dropSetting(tx, memberPrefix(form.Environment)+form.FlowID); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() { s.config.Workflows.changed(form.FlowID) })
	payload, err := json.Marshal(retirement{FlowID: form.FlowID, Environment: form.Environment})
	if err != nil {
		return err
	}
	// The flow id is part of the key: a workflow of the same name may follow, and be
	// deleted, before this one's runs have ended.
	return tx.PutTask(store.Task{Key: "retire:" + form.FlowID, Kind: KindRetirement, Due: r.Now, Payload: payload})
}

// changeWorkflow applies a change to a stored workflow that is not a PUT.
func (s *Service) changeWorkflow(ctx context.Context, r *arm.Request, apply func(*workflow) (restart bool)) error {
	return s.control.Write(ctx, func(tx *store.Tx) error {
		stored, err := arm.Load(tx, r.Resource.Key)
		if errors.Is(err, store.ErrNotFound) {
			return arm.Missing("WorkflowNotFound", "The workflow '%s' was deleted meanwhile.", r.ID.Name())
		}
		if err != nil {
			return err
		}
		form, err := decode[workflow](stored.Resource)
		if err != nil {
			return err
		}
		restart := apply(form)
		form.Changed = r.Now
		if stored.Body, err = json.Marshal(form); err != nil {
			return err
		}
		stored.ETag, stored.Changed = arm.NewETag(), r.Now
		tasks, err := workflowTasks(stored.Key, form, restart, r.Now)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if err := tx.PutTask(t); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { s.config.Workflows.changed(form.FlowID) })
		return arm.Save(tx, stored)
	})
}

func (s *Service) viewWorkflow(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[workflow](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	current, err := readVersion(tx, form.FlowID, form.Current)
	if err != nil {
		return expr.Null(), err
	}
	f := s.versionFields(form, current, form.Current)
	if form.ISE != "" {
		f.add("integrationServiceEnvironment", reference(form.ISE, lastSegment(form.ISE), environmentType))
		home, err := loadEnvironment(tx, form.ISE)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return expr.Null(), err
		}
		if home != nil && home.Ready {
			f.add("endpointsConfiguration", s.endpoints(home))
		}
	}
	view := fields{member("properties", f.value())}
	err = s.outline(tx, &view, form)
	return view.value(), err
}

// briefWorkflow is viewWorkflow without properties.
func (s *Service) briefWorkflow(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[workflow](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	var view fields
	err = s.outline(tx, &view, form)
	return view.value(), err
}

// outline adds what a workflow has beside its properties.
func (s *Service) outline(tx *store.Tx, view *fields, form *workflow) error {
	if form.Kind != "" {
		view.text("kind", form.Kind)
	}
	return s.showIdentity(tx, view, form.Identity)
}

// versionFields are the properties that a workflow and its versions share.
func (s *Service) versionFields(form *workflow, v *version, id string) fields {
	var f fields
	f.text("provisioningState", "Succeeded")
	f.time("createdTime", v.Created)
	changed, state := v.Changed, "Enabled"
	if !v.Enabled {
		state = "Disabled"
	}
	if id == form.Current {
		changed, state = form.Changed, form.state()
	}
	f.time("changedTime", changed)
	f.text("state", state)
	f.text("version", id)
	f.text("accessEndpoint", s.config.Access(form.Environment)+"/workflows/"+form.FlowID)
	f.add("definition", showDefinition(v.Definition))
	f.add("parameters", showParameters(v.Definition, v.Parameters))
	for name, setting := range v.Settings.Members() {
		if id, _ := path(setting, "id").AsString(); name == "integrationAccount" && id != "" {
			setting = reference(id, lastSegment(id), accountType)
		}
		f.add(name, setting)
	}
	return f
}
