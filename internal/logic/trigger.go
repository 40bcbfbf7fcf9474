package logic

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"isle/engine"
	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	firing "isle/internal/trigger"
	"isle/wdl"
)

func (s *Service) listTriggers(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	p, err := readPage(r, arm.Field{Name: "state"})
	if err != nil {
		return nil, err
	}
	form, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	var values []expr.Value
	if p.filter.Match(func(string) expr.Value { return expr.String(form.state()) }) {
		err = s.readRuns(ctx, form, func(tx *store.Tx) error {
			for _, t := range compiled.Program.Triggers {
				v, err := triggerView(tx, r.Resource.ID, form, compiled.Program, t)
				if err != nil {
					return err
				}
				values = append(values, v)
			}
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return p.reply(values, ""), nil // a workflow has ten triggers at most
}

func (s *Service) readTrigger(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	_, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	form, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	var v expr.Value
	err = s.readRuns(ctx, form, func(tx *store.Tx) (err error) {
		v, err = triggerView(tx, r.Resource.ID, form, compiled.Program, trigger)
		return err
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(v), nil
}

// compiled is the current version of the workflow that the path names.
func (s *Service) compiled(ctx context.Context, r *arm.Request) (*workflow, *engine.Workflow, error) {
	form, err := decode[workflow](r.Resource.Resource)
	if err != nil {
		return nil, nil, err
	}
	compiled, err := s.config.Workflows.Workflow(ctx, form.Environment, form.FlowID, form.Current)
	return form, compiled, err
}

// readRuns reads from the database that the workflow's runs are in.
func (s *Service) readRuns(ctx context.Context, form *workflow, fn func(*store.Tx) error) error {
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return err
	}
	return db.Read(ctx, fn)
}

func triggerView(tx *store.Tx, workflowID string, form *workflow, program *wdl.Program, t *wdl.Trigger) (expr.Value, error) {
	last, err := runner.Histories(tx, store.TriggerHistoryQuery{Workflow: form.FlowID, Trigger: t.Name, Limit: 1}, runner.HistoryPlace{})
	if err != nil {
		return expr.Null(), err
	}
	subscription, err := runner.Subscription(tx, form.FlowID, t)
	if err != nil {
		return expr.Null(), err
	}
	if subscription.State == runner.NoSubscription && form.Enabled && firing.IsWebhook(t) {
		subscription.State = runner.Subscribing // the task that follows its PUT is still to come
	}
	var f fields
	f.text("provisioningState", provisioning(subscription))
	f.time("createdTime", form.Created)
	f.time("changedTime", form.Changed)
	f.text("state", form.state())
	status := wdl.Waiting.String()
	if len(last) > 0 {
		f.time("lastExecutionTime", last[0].Start)
		// What failed before the peer accepted the subscription is over.
		if last[0].Start.After(subscription.Since) {
			status = last[0].Status
		}
	}
	if subscription.State == runner.SubscriptionFailed {
		status = wdl.Failed.String()
	}
	f.text("status", status)
	f.error(subscription.Error)
	if t.Recurrence != nil {
		next, err := runner.NextFiring(tx, form.FlowID, t.Name)
		if err != nil {
			return expr.Null(), err
		}
		f.time("nextExecutionTime", next)
		if written := path(program.Definition, "triggers", t.Name, "recurrence"); !written.IsNull() {
			f.add("recurrence", written)
		}
	}
	f.add("workflow", reference(workflowID+"/versions/"+form.Current, form.Current, typeVersions))
	return resource(workflowID+"/triggers/"+t.Name, t.Name, typeTriggers, f.value()), nil
}

// provisioning is the state of a trigger: of a webhook's, how far its subscription is
// (wdl-semantics §10.5).
func provisioning(s runner.SubscriptionStatus) string {
	switch s.State {
	case runner.Subscribing:
		return "Registering"
	case runner.Unsubscribing:
		return "Unregistering"
	case runner.SubscriptionFailed:
		return "Failed"
	}
	return "Succeeded"
}

// readTriggerSchema answers {title, content}: the JSON schema that the trigger
// declares for its body.
func (s *Service) readTriggerSchema(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	_, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	_, compiled, err := s.compiled(ctx, r)
	if err != nil {
		return nil, err
	}
	schema := path(compiled.Program.Definition, "triggers", trigger.Name, "inputs", "schema")
	if schema.IsNull() {
		schema = object()
	}
	return arm.Reply(object(member("title", expr.String(trigger.Name)), member("content", expr.String(string(schema.JSON()))))), nil
}

// runTrigger fires a trigger by hand: a polling one asks now, and its conditions hold; a
// sliding window is the one in progress. The body of the request is that of a trigger
// that is called.
func (s *Service) runTrigger(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	var fired engine.Fired
	if firing.Callable(trigger) {
		f := fields{member("headers", object())}
		if !r.Body.IsNull() {
			f.add("body", r.Body)
		}
		fired.Outputs, fired.HasOutputs = f.value(), true
	}
	return nil, s.fire(ctx, form, trigger.Name, func(d *runner.Deployed, t *wdl.Trigger) error {
		switch {
		case t.Polls():
			return s.config.Runner.Poll(ctx, d, t)
		case t.Type == wdl.TypeSlidingWindow:
			start, end := t.Recurrence.WindowAt(r.Now, wdl.Progress{Anchor: form.Changed})
			fired.Outputs, fired.HasOutputs = firing.Windowed(start, end), true
		}
		_, err := s.config.Runner.Fire(ctx, runner.FireRequest{Deployed: d, Trigger: t, Fired: fired})
		return err
	})
}

// fire has a trigger of the current version fired.
func (s *Service) fire(ctx context.Context, form *workflow, name string, do func(*runner.Deployed, *wdl.Trigger) error) error {
	d, err := s.config.Workflows.ByFlowID(ctx, form.FlowID)
	if errors.Is(err, store.ErrNotFound) {
		return arm.Missing("WorkflowNotFound", "The workflow was deleted meanwhile.")
	}
	if err != nil {
		return err
	}
	trigger, ok := d.Workflow.Program.Trigger(name)
	switch {
	case !ok:
		return arm.Missing("WorkflowTriggerNotFound", "The current version of the workflow '%s' has no trigger '%s'.", d.Name, name)
	case !d.Enabled:
		return arm.Invalid("WorkflowTriggerIsNotEnabled", "", "Could not execute workflow '%s' trigger '%s': the workflow is disabled. Enable it first.", d.Name, name)
	}
	err = do(d, trigger)
	var refused *runner.TriggerError
	switch {
	case errors.Is(err, runner.ErrThrottled):
		return &arm.Error{Status: 429, Code: "EnvironmentThroughputExceeded", Message: "The environment has carried out as many actions in the last minute as it may, so that the trigger '" + name + "' begins no run. Try again later, or give the environment more capacity.", Header: http.Header{"Retry-After": {"60"}}}
	case errors.Is(err, runner.ErrQueueFull):
		return &arm.Error{Status: 429, Code: "WorkflowRunsQueueFull", Message: "The trigger '" + name + "' allows no more runs: as many as its concurrency settings allow are active, and as many as may wait for their turn do. Wait until some have ended, or cancel them.", Header: http.Header{"Retry-After": {"10"}}}
	case errors.Is(err, runner.ErrBusy):
		return arm.Conflict("WorkflowRunInProgress", "", "The trigger '%s' allows one run at a time and there is one. Wait until it has ended, or cancel it.", name)
	case errors.As(err, &refused):
		why := firing.Failure(trigger, refused.Cause)
		return &arm.Error{Status: why.Status, Code: why.Code, Message: why.Message}
	}
	return err
}

// resetTrigger begins a trigger's schedule, or its subscription, anew. That of a
// disabled workflow forgets what it keeps until it is enabled.
func (s *Service) resetTrigger(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	d, err := s.config.Workflows.ByFlowID(ctx, form.FlowID)
	if err != nil {
		return nil, err
	}
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return nil, err
	}
	return nil, db.Write(ctx, func(tx *store.Tx) error {
		if firing.IsWebhook(trigger) {
			return s.config.Runner.Subscribe(tx, runner.SubscribeRequest{Deployed: d, Only: trigger, Now: r.Now, Restart: true})
		}
		return s.config.Runner.Arm(tx, runner.ArmRequest{FlowID: form.FlowID, Trigger: trigger, Now: r.Now, Reset: true, Paused: !form.Enabled})
	})
}

func historyFields() []arm.Field {
	return []arm.Field{{Name: "status"}, {Name: "startTime", Kind: arm.Time}, {Name: "clientTrackingId"}}
}

func (s *Service) listHistories(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	p, err := readPage(r, historyFields()...)
	if err != nil {
		return nil, err
	}
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	q := store.TriggerHistoryQuery{Workflow: form.FlowID, Trigger: trigger.Name}
	q.Status, q.From, q.To = p.narrow()
	var values []expr.Value
	last := ""
	err = s.readRuns(ctx, form, func(tx *store.Tx) (err error) {
		values, last, err = fill(p, func(after string, limit int) ([]store.TriggerHistory, error) {
			place, err := readHistoryPlace(after)
			if err != nil {
				return nil, err
			}
			q.Limit = limit
			return runner.Histories(tx, q, place)
		}, func(h *store.TriggerHistory) (string, expr.Value, error) {
			v, tracking, err := s.historyView(tx, r, form, *h)
			if !p.matches(h.Status, h.Start, tracking) {
				v = expr.Null()
			}
			return historyToken(runner.PlaceOf(*h)), v, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.reply(values, last), nil
}

func (s *Service) readHistory(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	var v expr.Value
	err = s.readRuns(ctx, form, func(tx *store.Tx) error {
		h, err := runner.History(tx, form.FlowID, trigger.Name, r.Values["history"])
		if err != nil {
			return err
		}
		v, _, err = s.historyView(tx, r, form, h)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, historyNotFound(r)
	}
	if err != nil {
		return nil, err
	}
	return arm.Reply(v), nil
}

func historyNotFound(r *arm.Request) *arm.Error {
	return arm.Missing("WorkflowTriggerHistoryNotFound", "The trigger '%s' of the workflow '%s' has no history '%s'.", r.Values["trigger"], r.ID.Name(), r.Values["history"])
}

// historyView is a firing. One that began a run has that run's trigger record.
func (s *Service) historyView(tx *store.Tx, r *arm.Request, form *workflow, h store.TriggerHistory) (v expr.Value, tracking string, err error) {
	workflowID := r.Resource.ID
	tracking = h.Name
	var f fields
	if h.Run != "" {
		tracking, err = s.addFired(tx, &f, s.linker(r, form, h.Run), &h)
	} else {
		err = addUnfired(&f, s.linker(r, form, ""), h, &tracking)
	}
	if err != nil {
		return v, "", err
	}
	f.time("startTime", h.Start)
	f.time("endTime", h.End)
	f.time("scheduledTime", h.Scheduled)
	f.add("correlation", object(member("clientTrackingId", expr.String(tracking))))
	f.text("status", h.Status)
	f.text("code", h.Code)
	f.add("fired", expr.Bool(h.Fired))
	if h.Run != "" {
		f.add("run", reference(workflowID+"/runs/"+h.Run, h.Run, typeRuns))
	}
	id := workflowID + "/triggers/" + h.Trigger + "/histories/" + h.Name
	return resource(id, h.Name, typeHistories, f.value()), tracking, nil
}

// addFired adds what the record of a run's trigger says of its firing, and completes h
// from it.
func (s *Service) addFired(tx *store.Tx, f *fields, l *linker, h *store.TriggerHistory) (tracking string, err error) {
	run, err := tx.Run(h.Run)
	if err != nil {
		return "", err
	}
	summary, err := readSummary(tx, run)
	if err != nil {
		return "", err
	}
	t := &summary.TriggerRecord
	h.Start, h.End, h.Scheduled, h.Code = t.Start, t.End, t.ScheduledTime, t.Code
	f.text("trackingId", t.TrackingID)
	if t.HasInputs && !t.SecureInputs {
		f.add("inputsLink", l.link("", "TriggerInputs", contentSize(t.Inputs)))
	}
	if t.HasOutputs && !t.SecureOutputs {
		f.add("outputsLink", l.link("", "TriggerOutputs", contentSize(t.Outputs)))
	}
	f.text("originHistoryName", t.OriginHistoryName)
	return run.ClientTrackingID, nil
}

// addUnfired adds what the history keeps of a firing that began no run.
func addUnfired(f *fields, l *linker, h store.TriggerHistory, tracking *string) error {
	u, err := runner.ReadUnfired(h)
	if err != nil {
		return err
	}
	if u.ClientID != "" {
		*tracking = u.ClientID
	}
	f.text("trackingId", u.TrackingID)
	if !u.Inputs.IsNull() && !u.SecureInputs {
		f.add("inputsLink", l.firing(h, "TriggerInputs", contentSize(u.Inputs)))
	}
	if !u.Outputs.IsNull() && !u.SecureOutputs {
		f.add("outputsLink", l.firing(h, "TriggerOutputs", contentSize(u.Outputs)))
	}
	if u.SecureInputs || u.SecureOutputs {
		u.Error = u.Error.WithoutData()
	}
	f.error(u.Error)
	return nil
}

func (s *Service) linker(r *arm.Request, form *workflow, run string) *linker {
	return &linker{base: cmp.Or(s.config.Contents, s.config.Access(form.Environment)), flowID: form.FlowID, run: run, apiVersion: r.APIVersion, key: form.Primary, now: r.Now}
}

// resubmit begins a run of the current version with the outputs of an old firing
// (wdl-semantics §14.3).
func (s *Service) resubmit(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	form, trigger, err := s.trigger(ctx, r)
	if err != nil {
		return nil, err
	}
	db, err := s.config.Store.Environment(ctx, form.Environment)
	if err != nil {
		return nil, err
	}
	var had brought
	var run string
	split := false // the firing has no run of its name: it is split again
	err = db.Read(ctx, func(tx *store.Tx) error {
		h, err := runner.History(tx, form.FlowID, trigger.Name, r.Values["history"])
		if err != nil {
			return err
		}
		run, split = h.Run, h.Fired && h.Run == ""
		had, err = broughtToFiring(tx, h)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, historyNotFound(r)
	}
	if err != nil {
		return nil, err
	}
	owner := run
	if run == "" {
		owner = store.HistoryContents(r.Values["history"])
	}
	fired := engine.Fired{OriginHistoryName: r.Values["history"], HasOutputs: had.has}
	if fired.Outputs, err = runner.Resolve(ctx, db, owner, had.outputs); err != nil {
		return nil, err
	}
	err = s.fire(ctx, form, trigger.Name, func(d *runner.Deployed, t *wdl.Trigger) error {
		if err := had.check(t); err != nil {
			return err
		}
		_, err := s.config.Runner.Fire(ctx, runner.FireRequest{Deployed: d, Trigger: t, Fired: fired, Resubmit: !split})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &arm.Response{Status: 202}, nil
}
