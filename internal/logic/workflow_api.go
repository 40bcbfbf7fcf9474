package logic

import (
	"context"
	"errors"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	firing "isle/internal/trigger"
	"isle/wdl"
)

// workflowActions are the POSTs of a workflow (logic-api §2.2 to §2.6).
func (s *Service) workflowActions() map[string]arm.Handler {
	return map[string]arm.Handler{
		"enable":  s.setEnabled(true),
		"disable": s.setEnabled(false),

		"listCallbackUrl":            s.listCallbackURL,
		"regenerateAccessKey":        s.regenerateAccessKey,
		"listSwagger":                s.listSwagger,
		"generateUpgradedDefinition": s.generateUpgradedDefinition,
		"move":                       s.moveWorkflow,
		"listIdentityEndpoint":       s.listIdentityEndpoint,

		"triggers/{trigger}/run":                          s.runTrigger,
		"triggers/{trigger}/reset":                        s.resetTrigger,
		"triggers/{trigger}/setState":                     s.setTriggerState,
		"triggers/{trigger}/listCallbackUrl":              s.listTriggerCallbackURL,
		"triggers/{trigger}/histories/{history}/resubmit": s.resubmit,

		"versions/{version}/triggers/{trigger}/listCallbackUrl": s.listTriggerCallbackURL,

		"runs/{run}/cancel":         s.cancelRun,
		"runs/{run}/exportTestFile": s.exportTestFile,
		"runs/{run}/resubmit":       s.resubmitRun,

		"runs/{run}/actions/{action}/listExpressionTraces":                               s.listExpressionTraces(s.actionPlace),
		"runs/{run}/actions/{action}/repetitions/{repetition}/listExpressionTraces":      s.listExpressionTraces(s.repetitionPlace(false)),
		"runs/{run}/actions/{action}/scopeRepetitions/{repetition}/listExpressionTraces": s.listExpressionTraces(s.repetitionPlace(true)),

		"cancelRuns":   s.bulkRuns(verbCancel),
		"resubmitRuns": s.bulkRuns(verbResubmit),
	}
}

// workflowReads are the GETs below a workflow.
func (s *Service) workflowReads() map[string]arm.Handler {
	return map[string]arm.Handler{
		"versions":           s.listVersions,
		"versions/{version}": s.readVersion,

		"triggers":                               s.listTriggers,
		"triggers/{trigger}":                     s.readTrigger,
		"triggers/{trigger}/schemas/json":        s.readTriggerSchema,
		"triggers/{trigger}/histories":           s.listHistories,
		"triggers/{trigger}/histories/{history}": s.readHistory,

		"runOperations/{operation}":         s.readBulk,
		"runs":                              s.listRuns,
		"runs/{run}":                        s.readRun,
		"runs/{run}/operations/{operation}": s.readRun,
		"runs/{run}/actions":                s.listActions,
		"runs/{run}/actions/{action}":       s.readAction,

		"runs/{run}/actions/{action}/repetitions":                   s.listRepetitions(false),
		"runs/{run}/actions/{action}/repetitions/{repetition}":      s.readRepetition(false),
		"runs/{run}/actions/{action}/scopeRepetitions":              s.listRepetitions(true),
		"runs/{run}/actions/{action}/scopeRepetitions/{repetition}": s.readRepetition(true),

		"runs/{run}/actions/{action}/requestHistories":                                    s.listRequests(s.actionRecord),
		"runs/{run}/actions/{action}/requestHistories/{history}":                          s.readRequest(s.actionRecord),
		"runs/{run}/actions/{action}/repetitions/{repetition}/requestHistories":           s.listRequests(s.repetitionRecord),
		"runs/{run}/actions/{action}/repetitions/{repetition}/requestHistories/{history}": s.readRequest(s.repetitionRecord),
	}
}

// Routes are the paths of the package that belong to no stored resource: a
// workflow is validated before it exists, and runs are of many.
func (s *Service) Routes() []arm.Route {
	const action, validate = "Microsoft.Logic/workflows/validate/action", "workflows/{workflow}/validate"
	return []arm.Route{
		{Method: "POST", Pattern: "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Logic/" + validate, Action: action, Serve: s.validate},
		{Method: "POST", Pattern: "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Logic/locations/{location}/" + validate,
			Action: "Microsoft.Logic/locations/workflows/validate/action", Serve: s.validate},
		{Method: "GET", Pattern: "/subscriptions/{subscription}/providers/Microsoft.Logic/runs", Action: "Microsoft.Logic/runs/read", Serve: s.listAllRuns},
		{Method: "GET", Pattern: "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Logic/runs", Action: "Microsoft.Logic/runs/read", Serve: s.listGroupRuns},
	}
}

// validate checks the body of a PUT of a workflow and changes nothing. The location in
// the path may be another than the workflow's own (logic-api §2.2).
func (s *Service) validate(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	id, err := arm.ParseID("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"] + "/providers/" + workflowType + "/" + r.Values["workflow"])
	if err != nil {
		return nil, err
	}
	if r.Body.IsNull() {
		return nil, arm.Invalid(wdl.CodeInvalidRequestContent, "", "The request content is not valid and could not be deserialized: it is empty. Send the workflow to be validated.")
	}
	location, _ := path(r.Body, "location").AsString()
	put := &arm.PutRequest{ID: id, Principal: r.Principal, Now: r.Now, Body: r.Body, Location: location}
	if err := s.control.Read(ctx, func(tx *store.Tx) error {
		old, err := arm.Load(tx, id.Key())
		if err == nil {
			put.Old = &old
		}
		return err
	}); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if put.Location == "" && put.Old != nil {
		put.Location = put.Old.Location
	}
	prepared, err := s.prepareWorkflow(ctx, put)
	if err != nil {
		return nil, err
	}
	return nil, s.control.Read(ctx, func(tx *store.Tx) error {
		_, err := s.judge(tx, put, prepared.(*draft))
		return err
	})
}

func (s *Service) setEnabled(enabled bool) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		return nil, s.changeWorkflow(ctx, r, func(w *workflow) bool {
			restart := enabled && !w.Enabled
			w.Enabled = enabled
			return restart
		})
	}
}

func (s *Service) regenerateAccessKey(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	k, err := r.Key()
	if err != nil {
		return nil, err
	}
	return nil, s.changeWorkflow(ctx, r, func(w *workflow) bool {
		if k.Secondary {
			w.Secondary = newKey()
		} else {
			w.Primary = newKey()
		}
		return false
	})
}

// callback is the answer of the listCallbackUrl actions (logic-api §1.7).
func (s *Service) callback(r *arm.Request, form *workflow, link runner.Link, method, relative string, parameters []string) (*arm.Response, error) {
	k, err := r.Key()
	if err != nil {
		return nil, err
	}
	key := form.Primary
	if k.Secondary {
		key = form.Secondary
	}
	link.Expires = k.NotAfter
	base := s.config.Access(form.Environment)
	var f, q fields
	f.text("value", link.URL(base, key))
	f.text("method", method)
	f.text("basePath", withoutPort(base)+strings.TrimSuffix(link.Path, "/"+relative))
	if relative != "" {
		f.text("relativePath", "/"+relative)
		f.add("relativePathParameters", texts(parameters...))
	}
	for _, query := range link.Queries(key) {
		q.text(query.Name, query.Value)
	}
	f.add("queries", q.value())
	return arm.Reply(f.value()), nil
}

// withoutPort leaves out the port that a scheme has anyway, as basePath does.
func withoutPort(base string) string { return strings.TrimSuffix(base, ":443") }

func (s *Service) listCallbackURL(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	link := runner.Link{FlowID: form.FlowID, Path: "/workflows/" + form.FlowID, Permission: "//*", APIVersion: r.APIVersion}
	return s.callback(r, form, link, "", "", nil)
}

// listTriggerCallbackURL answers for a trigger of the current version, or of the
// one that the path names.
func (s *Service) listTriggerCallbackURL(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	if !firing.Callable(trigger) {
		return nil, arm.Invalid("TriggerNotCallable", "", "The trigger '%s' of type %s has no callback URL: only a trigger of type Request or a webhook can be called.", trigger.Name, trigger.Type)
	}
	method, relative := firing.Method(trigger), ""
	var parameters []string
	if p := firing.Path(trigger); p != nil {
		relative, parameters = strings.Trim(p.String(), "/"), p.Parameters()
	}
	link := runner.TriggerLink(form.FlowID, r.Values["version"], trigger.Name, relative, r.APIVersion)
	return s.callback(r, form, link, method, relative, parameters)
}

// trigger finds the workflow and the trigger that the path names.
func (s *Service) trigger(ctx context.Context, r *arm.Request) (*workflow, *wdl.Trigger, error) {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, nil, err
	}
	id := r.Values["version"]
	if id == "" {
		id = form.Current
	}
	compiled, err := s.config.Workflows.Workflow(ctx, form.Environment, form.FlowID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, versionNotFound(r, id)
	}
	if err != nil {
		return nil, nil, err
	}
	trigger, ok := compiled.Program.Trigger(r.Values["trigger"])
	if !ok {
		return nil, nil, arm.Missing("WorkflowTriggerNotFound", "The workflow '%s' has no trigger '%s'. Its triggers are listed by GET %s/triggers.", r.ID.Name(), r.Values["trigger"], r.Resource.ID)
	}
	return form, trigger, nil
}

func versionNotFound(r *arm.Request, id string) *arm.Error {
	return arm.Missing("WorkflowVersionNotFound", "The workflow '%s' has no version '%s'. Its versions are listed by GET %s/versions.", r.ID.Name(), id, r.Resource.ID)
}

// generateUpgradedDefinition gives the definition in the current schema version, without
// changing the workflow (logic-api §2.2).
func (s *Service) generateUpgradedDefinition(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	target, _ := r.Body.Get("targetSchemaVersion")
	if text, ok := target.AsString(); !ok || text != wdl.SchemaCurrent {
		return nil, arm.Invalid(wdl.CodeInvalidRequestContent, "targetSchemaVersion", "The target schema version must be "+wdl.SchemaCurrent+".")
	}
	_, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	return arm.Reply(showDefinition(compiled.Program.Definition)), nil
}

func (s *Service) listVersions(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	p, err := readPage(r)
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	var last string
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		ids, err := versionIDs(tx, form.FlowID)
		if err != nil {
			return err
		}
		ids, last = p.cut(ids)
		for _, id := range ids {
			v, err := readVersion(tx, form.FlowID, id)
			if err != nil {
				return err
			}
			values = append(values, s.versionView(r.Resource.ID, form, v, id))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.reply(values, last), nil
}

func (s *Service) readVersion(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	var v *version
	err = s.control.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = readVersion(tx, form.FlowID, r.Values["version"])
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, versionNotFound(r, r.Values["version"])
	}
	if err != nil {
		return nil, err
	}
	return arm.Reply(s.versionView(r.Resource.ID, form, v, r.Values["version"])), nil
}

func (s *Service) versionView(workflowID string, form *workflow, v *version, id string) expr.Value {
	f := s.versionFields(form, v, id)
	view := fields{
		member("properties", f.value()),
		member("id", expr.String(workflowID+"/versions/"+id)),
		member("name", expr.String(id)),
		member("type", expr.String(typeVersions)),
		member("location", expr.String(v.Location)),
	}
	if !v.Tags.IsNull() {
		view.add("tags", v.Tags)
	}
	return view.value()
}
