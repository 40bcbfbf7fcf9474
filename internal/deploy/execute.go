package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

// CarryOn is the handler of the task: it takes the deployment as far as it goes, and
// comes back while resources are still being made. Run again after a crash it finds
// each step's stored phase.
func (p *Provider) CarryOn(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Result{}, err
	}
	e := &execution{provider: p, job: job, db: db}
	if err := e.load(ctx); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return task.Done(), nil // deleted meanwhile
		}
		return task.Result{}, err
	}
	for {
		progress, err := e.advance(ctx)
		if err != nil {
			return task.Result{}, err
		}
		switch {
		case progress && (e.any(phaseRunning) || e.any(phaseWaiting)):
		case e.any(phaseRunning):
			return task.Again(e.nextLook()), nil
		default:
			e.failWaiting()
			return task.Done(), e.finish(ctx)
		}
	}
}

// nextLook is when to look again at what runs: soon after the last change, later
// and later, at most a second later.
func (e *execution) nextLook() time.Time {
	var last time.Time
	for _, s := range e.state.Steps {
		for _, t := range []time.Time{s.Begun, s.Ended} {
			if t.After(last) {
				last = t
			}
		}
	}
	now := e.now()
	return now.Add(min(max(now.Sub(last)/4, 2*time.Millisecond), time.Second))
}

// execution is one deployment under way.
type execution struct {
	provider *Provider
	job      arm.Job
	db       *store.DB
	id       arm.ID
	state    *state
	plan     *Plan
	fresh    map[int]bool // steps that this execution began itself
}

func (e *execution) load(ctx context.Context) error {
	var current arm.Resource
	err := e.db.Read(ctx, func(tx *store.Tx) (err error) {
		current, err = arm.Load(tx, e.job.Resource)
		return err
	})
	if err != nil {
		return err
	}
	if e.id, err = arm.ParseID(current.ID); err != nil {
		return err
	}
	if e.state, err = readState(current.Body); err != nil {
		return err
	}
	plan, failed := e.provider.plan(e.state, e.id)
	if failed != nil {
		return failed
	}
	e.plan, e.fresh = plan, map[int]bool{}
	return nil
}

// advance looks at what runs, then begins what can begin.
func (e *execution) advance(ctx context.Context) (progress bool, err error) {
	for i := range e.state.Steps {
		if e.state.Steps[i].Phase == phaseRunning {
			moved, err := e.look(ctx, i)
			if err != nil {
				return false, err
			}
			progress = progress || moved
		}
	}
	var begin []int
	bodies := map[int]expr.Value{}
	for i := range e.state.Steps {
		if e.state.Steps[i].Phase != phaseWaiting {
			continue
		}
		switch body, ready := e.prepare(ctx, i); {
		case e.state.Steps[i].ended():
			progress = true
		case ready:
			begin, bodies[i] = append(begin, i), body
			e.state.Steps[i].Phase, e.state.Steps[i].Begun = phaseRunning, e.now()
			e.fresh[i] = true
		}
	}
	if len(begin) == 0 && !progress {
		return false, nil
	}
	if err := e.save(ctx); err != nil {
		return false, err
	}
	for _, i := range begin {
		e.put(ctx, i, bodies[i])
	}
	if len(begin) > 0 {
		return true, e.save(ctx)
	}
	return true, nil
}

// prepare evaluates a waiting step's body when all that it depends on is there. It
// ends the step when that cannot come true any more.
func (e *execution) prepare(ctx context.Context, i int) (body expr.Value, ready bool) {
	s := &e.state.Steps[i]
	if e.state.Canceled {
		s.Phase = phaseBlocked
		return expr.Value{}, false
	}
	for _, d := range e.plan.Resources[i].DependsOn {
		switch e.state.Steps[d].Phase {
		case phaseFailed, phaseBlocked:
			s.Phase = phaseBlocked
			return expr.Value{}, false
		case phaseSucceeded, phaseLeftOut:
		default:
			return expr.Value{}, false
		}
	}
	body, err := e.plan.Body(i, reader{ctx, e.provider.resources, e.state.Principal}, e.deployed)
	var wait waiting
	var lost blocked
	switch {
	case err == nil:
		return body, true
	case errors.As(err, &wait):
		return expr.Value{}, false
	case errors.As(err, &lost):
		s.Phase = phaseBlocked
	default:
		e.fail(i, expressionError(*s, err))
	}
	return expr.Value{}, false
}

// blocked is the error of an evaluation that refers to a resource that failed.
type blocked struct{ name string }

func (b blocked) Error() string { return "the resource '" + b.name + "' could not be deployed" }

func (e *execution) deployed(i int) (bool, error) {
	switch s := e.state.Steps[i]; s.Phase {
	case phaseSucceeded:
		return true, nil
	case phaseFailed, phaseBlocked:
		return false, blocked{s.Name}
	}
	return false, nil
}

// expressionError keeps a resource's own error, and frames any other as the
// template's.
func expressionError(s step, err error) error {
	if failed := arm.AsError(err); failed != nil {
		return failed
	}
	return arm.Invalid("InvalidTemplate", s.ID, "Unable to process template language expressions for resource '%s'. '%s'", s.ID, err)
}

// put sends the resource.
func (e *execution) put(ctx context.Context, i int, body expr.Value) {
	s := &e.state.Steps[i]
	result, err := e.provider.resources.Put(ctx, e.state.Principal, s.ID, s.APIVersion, body.JSON())
	if err != nil {
		e.fail(i, err)
		return
	}
	s.StatusCode = result.Status
	if s.Operation = result.Operation; s.Operation == "" {
		e.succeed(i)
	}
}

// look follows a running step: its operation, or, when the process that began it is
// gone, the resource as it is.
func (e *execution) look(ctx context.Context, i int) (moved bool, err error) {
	s := &e.state.Steps[i]
	if s.Operation == "" {
		return e.resume(ctx, i)
	}
	operation, err := e.provider.resources.Operation(ctx, s.Operation)
	if err != nil {
		if failed := arm.AsError(err); failed == nil {
			return false, err
		}
		e.fail(i, err)
		return true, e.save(ctx)
	}
	switch operation.Status {
	case "Succeeded":
		e.succeed(i)
	case "Failed", "Canceled":
		e.fail(i, errorOf(operation.Error))
	default:
		return false, nil
	}
	return true, e.save(ctx)
}

// resume takes up a step whose PUT may or may not have arrived before the crash: an
// operation under way is followed, otherwise the PUT is sent again.
func (e *execution) resume(ctx context.Context, i int) (bool, error) {
	s := &e.state.Steps[i]
	if e.fresh[i] {
		return false, fmt.Errorf("deployment %s: the step %s runs without an operation", e.id, s.Name)
	}
	e.fresh[i] = true
	if current, err := e.provider.resources.Get(ctx, e.state.Principal, s.ID, s.APIVersion); err == nil && current.Resource.Operation != "" {
		s.Operation = current.Resource.Operation
		return true, e.save(ctx)
	}
	s.Phase = phaseWaiting
	return true, nil
}

func (e *execution) succeed(i int) {
	e.state.Steps[i].Phase, e.state.Steps[i].Ended = phaseSucceeded, e.now()
}

func (e *execution) fail(i int, err error) {
	s := &e.state.Steps[i]
	s.Phase, s.Ended, s.Error = phaseFailed, e.now(), problemOf(err)
	if s.Begun.IsZero() {
		s.Begun = s.Ended
	}
	s.StatusCode = s.Error.Status
	if arm.AsError(err) == nil {
		e.provider.config.Log.Error("deployment: a resource failed", "deployment", e.id.String(), "resource", s.ID, "error", err)
	}
}

// errorOf reads an operation's error.
func errorOf(v expr.Value) *arm.Error {
	code, _ := text(v, "code")
	message, _ := text(v, "message")
	target, _ := text(v, "target")
	e := arm.Conflict(code, target, "%s", message)
	if details, ok := member(v, "details"); ok {
		for _, d := range details.Elements() {
			e.Details = append(e.Details, errorOf(d))
		}
	}
	return e
}

// any reports whether a step is in the phase.
func (e *execution) any(phase string) bool {
	return slices.ContainsFunc(e.state.Steps, func(s step) bool { return s.Phase == phase })
}

// failWaiting ends steps that nothing can begin any more: they wait for each other
// through reference(), which no dependsOn shows.
func (e *execution) failWaiting() {
	for i, s := range e.state.Steps {
		if s.Phase == phaseWaiting {
			e.fail(i, arm.Invalid("InvalidTemplate", s.ID, "Circular dependency detected on resource: '%s'. It refers to a resource of the template that waits for it.", s.ID))
		}
	}
}

func (e *execution) now() time.Time { return e.provider.config.Clock().UTC() }

// save stores the steps. A cancellation that came meanwhile is kept.
func (e *execution) save(ctx context.Context) error {
	return e.db.Write(ctx, func(tx *store.Tx) error {
		current, err := e.merge(tx)
		if err != nil {
			return err
		}
		current.State = "Running"
		return arm.Save(tx, current)
	})
}

func (e *execution) merge(tx *store.Tx) (arm.Resource, error) {
	current, err := arm.Load(tx, e.job.Resource)
	if err != nil {
		return arm.Resource{}, err
	}
	stored, err := readState(current.Body)
	if err != nil {
		return arm.Resource{}, err
	}
	e.state.Canceled = e.state.Canceled || stored.Canceled
	current.Body, err = e.state.encode()
	return current, err
}

// finish evaluates the outputs and closes the deployment's operation.
func (e *execution) finish(ctx context.Context) error {
	e.state.Ended = e.now()
	failed := e.failure()
	if failed == nil {
		outputs, err := e.plan.Outputs(reader{ctx, e.provider.resources, e.state.Principal})
		if err != nil {
			failed = arm.Invalid("DeploymentOutputEvaluationFailed", "outputs", "Unable to evaluate template outputs: '%s'. Please see error details and deployment operations.", err)
		} else {
			e.state.Outputs = outputs
		}
	}
	if failed != nil {
		e.state.Error = problemOf(failed)
		e.provider.config.Log.Warn("deployment failed", "deployment", e.id.String(), "failed", e.state.summary())
	}
	return e.db.Write(ctx, func(tx *store.Tx) error {
		current, err := e.merge(tx)
		if err != nil {
			return err
		}
		if err := arm.Save(tx, current); err != nil {
			return err
		}
		if failed != nil {
			return e.provider.resources.Complete(ctx, tx, e.job.Resource, e.job.Operation, failed)
		}
		return e.provider.resources.Complete(ctx, tx, e.job.Resource, e.job.Operation, nil)
	})
}

// failure is the deployment's error: each failed resource's error is a detail.
func (e *execution) failure() *arm.Error {
	failed := arm.Conflict("DeploymentFailed", "", "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.")
	for _, s := range e.state.Steps {
		if s.Phase == phaseFailed {
			detail := s.Error.error()
			if detail.Target == "" {
				detail.Target = s.ID
			}
			failed.Details = append(failed.Details, detail)
		}
	}
	switch {
	case len(failed.Details) > 0:
		return failed
	case e.state.Canceled && slices.ContainsFunc(e.state.Steps, func(s step) bool { return s.Phase == phaseBlocked }):
		return arm.Conflict("DeploymentCanceled", "", "The deployment was cancelled. What it had made stays.")
	}
	return nil
}

// reader reads resources for a template's expressions as the deployment's principal.
type reader struct {
	ctx       context.Context
	resources Resources
	principal arm.Principal
}

// defaultVersion serves where a template names no version: every type has one shape.
const defaultVersion = "2021-04-01"

func (r reader) Reference(id, apiVersion string) (expr.Value, error) {
	if apiVersion == "" {
		apiVersion = defaultVersion
	}
	result, err := r.resources.Get(r.ctx, r.principal, id, apiVersion)
	if err != nil {
		return expr.Value{}, err
	}
	return result.Body, nil
}

func (r reader) List(id, action, apiVersion string, body expr.Value) (expr.Value, error) {
	var sent []byte
	if !body.IsNull() {
		sent = body.JSON()
	}
	result, err := r.resources.Post(r.ctx, r.principal, id+"/"+action, apiVersion, sent)
	if err != nil {
		return expr.Value{}, err
	}
	return result.Body, nil
}
