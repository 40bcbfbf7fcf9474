package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

// CarryOn is the handler of the task: it takes the deployment as far as it goes, and
// comes back while resources are still being made. Interrupted at any point it finds
// the stored phase of each step when it runs again.
func (p *Provider) CarryOn(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Result{}, err
	}
	if string(job.Payload) == jobDelete {
		return task.Done(), db.Write(ctx, func(tx *store.Tx) error {
			return p.operations.Complete(ctx, tx, job.Resource, job.Operation, nil)
		})
	}
	e := &execution{provider: p, job: job, db: db}
	result, err := e.run(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted meanwhile, with its group
	}
	return result, err
}

// execution is one deployment under way.
type execution struct {
	provider *Provider
	job      arm.Job
	db       *store.DB
	id       arm.ID
	state    *state
	plan     *Plan
	order    *order
}

func (e *execution) run(ctx context.Context) (task.Result, error) {
	if err := e.load(ctx); err != nil {
		return task.Result{}, err
	}
	for {
		moved, err := e.look(ctx)
		if err != nil {
			return task.Result{}, err
		}
		begun, err := e.begin(ctx)
		if err != nil {
			return task.Result{}, err
		}
		switch {
		case moved || begun:
		case e.any(phaseRunning):
			return task.Again(e.nextLook()), nil
		case e.completes():
			if err := e.sweep(ctx); err != nil {
				return task.Result{}, err
			}
		default:
			e.failUndeleted()
			e.failWaiting()
			return task.Done(), e.finish(ctx)
		}
	}
}

// load reads the deployment and plans it again.
func (e *execution) load(ctx context.Context) error {
	var current arm.Resource
	err := e.db.Read(ctx, func(tx *store.Tx) (err error) {
		if current, err = arm.Load(tx, e.job.Resource); err != nil {
			return err
		}
		e.order, err = readOrder(tx, e.job.Resource)
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
	plan, failed := e.provider.plan(ctx, e.order, e.state, e.id)
	if failed != nil {
		return failed
	}
	e.plan = plan
	return nil
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

// look follows the operations that run, and stores what has ended.
func (e *execution) look(ctx context.Context) (moved bool, err error) {
	for i := range e.state.Steps {
		s := &e.state.Steps[i]
		if s.Phase != phaseRunning {
			continue
		}
		if e.state.Canceled && !s.Told && strings.EqualFold(s.Type, TypeName) {
			_, _ = e.provider.resources.Post(ctx, e.state.Principal, s.ID+"/cancel", s.APIVersion, nil) // it may have ended
			s.Told = true
		}
		operation, err := e.provider.operations.Operation(ctx, s.Operation)
		switch {
		case errors.Is(err, store.ErrNotFound):
			e.fail(i, arm.Conflict("ResourceDeploymentFailure", s.ID, "The resource '%s' was deleted while it was being deployed. Deploy the template again.", s.ID))
		case err != nil:
			return false, err
		case operation.Status == "Succeeded":
			e.succeed(i)
		case operation.Done():
			e.fail(i, errorOf(operation.Error))
		}
		moved = moved || s.ended()
	}
	if !moved {
		return false, nil
	}
	return true, e.save(ctx)
}

// begin sends the resources that wait for nothing any more. A step is stored with
// the PUT that it is about, in one transaction.
func (e *execution) begin(ctx context.Context) (begun bool, err error) {
	ended := false
	for i := range e.state.Steps {
		if e.state.Steps[i].Phase != phaseWaiting {
			continue
		}
		ready, err := e.carryOut(ctx, i)
		if err != nil {
			if interrupted(ctx, err) {
				return false, err
			}
			e.fail(i, err)
		}
		begun = begun || ready
		ended = ended || !ready && e.state.Steps[i].ended() || err != nil
	}
	if ended {
		return true, e.save(ctx)
	}
	return begun, nil
}

// carryOut begins a step, if it can begin by now.
func (e *execution) carryOut(ctx context.Context, i int) (begun bool, err error) {
	if e.state.Canceled {
		e.state.Steps[i].Phase = phaseBlocked
		return false, nil
	}
	if e.state.Steps[i].Delete {
		return e.remove(ctx, i)
	}
	body, ready, err := e.prepare(ctx, i)
	if err == nil && ready {
		err = e.put(ctx, i, body)
	}
	return ready, err
}

// interrupted reports that an error says nothing of the resource: the process stops,
// or the deployment itself is gone.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, store.ErrClosed) || errors.Is(err, errGone)
}

// errGone says that the deployment was deleted.
var errGone = errors.Join(errors.New("deployment: it was deleted"), store.ErrNotFound)

// prepare evaluates a waiting step's body when all that it depends on is there. It
// ends the step when that cannot come true any more.
func (e *execution) prepare(ctx context.Context, i int) (body expr.Value, ready bool, err error) {
	s := &e.state.Steps[i]
	for _, d := range e.plan.Resources[i].DependsOn {
		switch e.state.Steps[d].Phase {
		case phaseFailed, phaseBlocked:
			s.Phase = phaseBlocked
			return expr.Value{}, false, nil
		case phaseSucceeded, phaseLeftOut:
		default:
			return expr.Value{}, false, nil
		}
	}
	body, err = e.plan.Body(i, reader{ctx, e.provider.resources, e.state.Principal}, e.deployed)
	var lost blocked
	switch {
	case err == nil:
		return body, true, nil
	case errors.As(err, new(waiting)):
		return expr.Value{}, false, nil
	case errors.As(err, &lost):
		s.Phase = phaseBlocked
		return expr.Value{}, false, nil
	}
	return expr.Value{}, false, expressionError("Unable to process template language expressions for resource '"+s.ID+"'.", s.ID, err)
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

// expressionError frames a fault of the template; what a resource answered, and what
// went wrong in the server, stays as it is.
func expressionError(frame, target string, err error) error {
	var fault *expr.Error
	if errors.As(err, new(failure)) || errors.As(err, new(Problem)) || errors.As(err, &fault) {
		return arm.Invalid("InvalidTemplate", target, "%s '%s'.", frame, reason(err))
	}
	return err
}

// put sends the resource.
func (e *execution) put(ctx context.Context, i int, body expr.Value) error {
	s := &e.state.Steps[i]
	waiting := *s
	_, err := e.provider.resources.PutWith(ctx, e.state.Principal, s.ID, s.APIVersion, body.JSON(), func(tx *store.Tx, r *arm.Result) error {
		s.Begun, s.StatusCode, s.Operation, s.Phase = e.now(), r.Status, r.Operation, phaseRunning
		if r.Operation == "" {
			e.succeed(i)
		}
		return e.store(tx)
	})
	if err != nil {
		*s = waiting
	}
	return err
}

func (e *execution) succeed(i int) {
	e.state.Steps[i].Phase, e.state.Steps[i].Ended = phaseSucceeded, e.now()
}

func (e *execution) fail(i int, err error) {
	s := &e.state.Steps[i]
	s.Phase, s.Ended, s.Error = phaseFailed, e.now(), problemOf(err, e.plan.scrub)
	if s.Begun.IsZero() {
		s.Begun = s.Ended
	}
	s.StatusCode = s.Error.Status
	if arm.AsError(err) == nil {
		e.provider.config.Log.Error("deployment: a resource failed", "deployment", e.id.String(), "resource", s.ID, "error", e.plan.scrub(err.Error()))
	}
}

// errorOf reads an operation's error.
func errorOf(v expr.Value) *arm.Error {
	code, _ := text(v, "code")
	message, _ := text(v, "message")
	target, _ := text(v, "target")
	e := arm.Conflict(code, target, "%s", message)
	details, _ := member(v, "details")
	for _, d := range details.Elements() {
		e.Details = append(e.Details, errorOf(d))
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

// save stores the steps.
func (e *execution) save(ctx context.Context) error { return e.db.Write(ctx, e.store) }

// store is save within a transaction. A cancellation that came meanwhile is kept.
func (e *execution) store(tx *store.Tx) error {
	current, err := arm.Load(tx, e.job.Resource)
	if errors.Is(err, store.ErrNotFound) {
		return errGone
	} else if err != nil {
		return err
	}
	stored, err := readState(current.Body)
	if err != nil {
		return err
	}
	e.state.Canceled = e.state.Canceled || stored.Canceled
	if current.Body, err = e.state.encode(); err != nil {
		return err
	}
	current.State = "Running"
	return arm.Save(tx, current)
}

// finish ends the deployment; once more if it is cancelled at that moment.
func (e *execution) finish(ctx context.Context) error {
	for {
		if err := e.conclude(ctx); err != nil {
			return err
		}
		err := e.db.Write(ctx, func(tx *store.Tx) error { return e.complete(ctx, tx) })
		if !errors.Is(err, errCanceled) {
			return err
		}
	}
}

// errCanceled says that a cancellation came while the deployment was ending.
var errCanceled = errors.New("deployment: it was cancelled")

// conclude evaluates the outputs and says how the deployment ends.
func (e *execution) conclude(ctx context.Context) error {
	failed := e.failure()
	if failed == nil {
		outputs, err := e.plan.Outputs(reader{ctx, e.provider.resources, e.state.Principal})
		switch {
		case err == nil:
			e.state.Outputs = outputs
		case interrupted(ctx, err):
			return err
		default:
			err = expressionError("Unable to evaluate template outputs:", "outputs", err)
			failed = arm.Conflict("DeploymentOutputEvaluationFailed", "", "Unable to evaluate template outputs. What the template deployed stays. Please see error details.")
			failed.Details = []*arm.Error{problemOf(err, e.plan.scrub).error()}
		}
	}
	e.state.Ended = e.now()
	if failed != nil {
		failed.Target = e.id.String()
		e.state.Error = problemOf(failed, e.plan.scrub)
		e.provider.config.Log.Warn("deployment did not succeed", "deployment", e.id.String(), "code", failed.Code, "failed", e.state.summary())
	}
	return nil
}

// complete stores the end. The values of the parameters are needed no more.
func (e *execution) complete(ctx context.Context, tx *store.Tx) error {
	canceled := e.state.Canceled
	if err := e.store(tx); err != nil {
		return err
	}
	if e.state.Canceled != canceled {
		return errCanceled
	}
	if err := writeOrder(tx, e.job.Resource, &order{Version: stateVersion, Template: e.order.shown()}); err != nil {
		return err
	}
	if e.state.Error == nil {
		return e.provider.operations.Complete(ctx, tx, e.job.Resource, e.job.Operation, nil)
	}
	if err := e.provider.operations.Complete(ctx, tx, e.job.Resource, e.job.Operation, e.state.Error.error()); err != nil {
		return err
	}
	if e.state.Error.Code != codeCanceled {
		return nil
	}
	current, err := arm.Load(tx, e.job.Resource)
	if err != nil {
		return err
	}
	current.State = "Canceled"
	return arm.Save(tx, current)
}

const codeCanceled = "DeploymentCanceled"

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
	case e.state.Canceled:
		canceled := arm.Conflict(codeCanceled, "", "The deployment was canceled. What it had made stays.")
		canceled.Details = failed.Details
		return canceled
	case len(failed.Details) > 0:
		return failed
	}
	return nil
}

// summary is for the log: what failed, by name.
func (s *state) summary() string {
	var failed []string
	for _, t := range s.Steps {
		if t.Phase == phaseFailed {
			failed = append(failed, t.Name+" ("+t.Error.Code+")")
		}
	}
	return strings.Join(failed, ", ")
}
