package logic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/internal/task"
)

// reconcileEnvironment prepares what an environment is made of, then closes the
// operation of its PUT. The environment's database comes with its own data key; its
// addresses follow from its subnets. It may run again after a crash.
func (s *Service) reconcileEnvironment(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Done(), err
	}
	form, err := s.readEnvironment(ctx, job.Resource)
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted meanwhile
	}
	if err != nil {
		return task.Done(), err
	}
	failure := s.prepare(ctx, form, job.Resource)
	if failure != nil && arm.AsError(failure) == nil && (ctx.Err() != nil || t.Attempt < attempts) {
		return task.Done(), failure
	}
	if failure != nil && arm.AsError(failure) == nil {
		failure = &arm.Error{Status: 500, Code: "InternalServerError", Message: "The integration service environment could not be prepared. Look into the server's log, then send the request again.", Cause: failure}
	}
	return task.Done(), s.control.Write(ctx, func(tx *store.Tx) error {
		return s.settleEnvironment(ctx, tx, job, failure)
	})
}

func (s *Service) readEnvironment(ctx context.Context, key string) (form *environment, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) (err error) {
		form, err = loadEnvironment(tx, key)
		return err
	})
	return form, err
}

func (s *Service) prepare(ctx context.Context, form *environment, resource string) error {
	if err := s.checkReachable(ctx, form, resource); err != nil {
		return err
	}
	if _, err := s.config.Store.Environment(ctx, form.ID); err != nil {
		return fmt.Errorf("database of environment %s: %w", form.ID, err)
	}
	return s.config.Prepare(ctx, form.ID, form.ranges())
}

// settleEnvironment stores the outcome. A creation that failed gives the subnets
// back; an environment that was ready before keeps them.
func (s *Service) settleEnvironment(ctx context.Context, tx *store.Tx, job arm.Job, failure error) error {
	r, err := arm.Load(tx, job.Resource)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	form, err := decode[environment](r.Resource)
	if err != nil {
		return err
	}
	switch {
	case failure == nil:
		form.Ready = true
	case !form.Ready:
		if err := s.leave(tx, r.ID, form); err != nil {
			return err
		}
	}
	if r.Body, err = json.Marshal(form); err != nil {
		return err
	}
	if err := arm.Save(tx, r); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.placements.drop(form.ID) }) // capacity and certificates are in force
	return s.operations.Complete(ctx, tx, job.Resource, job.Operation, failure)
}

// partingTime is how long the peers of a deleted environment's webhooks may take to be
// told, unless the configuration says otherwise.
const partingTime = 10 * time.Second

// removeEnvironment deletes the database of a deleted environment, once the peers of its
// webhooks have been told, or did not answer.
func (s *Service) removeEnvironment(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Done(), err
	}
	id := string(job.Payload)
	if err := s.part(ctx, id); ctx.Err() != nil {
		return task.Done(), err // again after the next start
	} else if err != nil { // what cannot be read can be told to nobody
		s.config.Log.Warn("the webhooks of a deleted environment could not be unsubscribed", "environment", id, "error", err)
	}
	s.config.Runner.Forget(id)
	return task.Done(), s.config.Store.RemoveEnvironment(ctx, id)
}

func (s *Service) part(ctx context.Context, environment string) (err error) {
	within := cmp.Or(s.config.Parting, partingTime)
	task.Outside(ctx, func() {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		err = s.config.Runner.Part(ctx, environment)
	})
	return err
}

// reconcileWorkflow makes the environment's tasks for schedules and subscriptions those
// of the workflow's current version.
func (s *Service) reconcileWorkflow(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	var job workflowJob
	if err := json.Unmarshal(t.Payload, &job); err != nil {
		return task.Done(), err
	}
	d, err := s.config.Workflows.ByFlowID(ctx, job.FlowID)
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted meanwhile
	}
	if err != nil {
		return task.Done(), err
	}
	db, err := s.config.Store.Environment(ctx, d.Environment)
	if err != nil {
		return task.Done(), err
	}
	return task.Done(), db.Write(ctx, func(tx *store.Tx) error { return s.arm(tx, d, job.Restart) })
}

// workflowJob is the payload of a task of KindWorkflow.
type workflowJob struct {
	FlowID  string `json:"flowId"`
	Restart bool   `json:"restart,omitempty"` // schedules begin anew: the workflow was enabled
}

// arm leaves the task of a schedule that is gone to end itself; what did not change, a
// schedule or a subscription, stays as it was.
func (s *Service) arm(tx *store.Tx, d *runner.Deployed, restart bool) error {
	if err := s.config.Runner.Subscribe(tx, runner.SubscribeRequest{Deployed: d, Now: s.now(), Restart: restart}); err != nil {
		return err
	}
	if !d.Enabled {
		return s.config.Runner.Pause(tx, d.FlowID)
	}
	for _, t := range d.Workflow.Program.Triggers {
		if err := s.config.Runner.Arm(tx, runner.ArmRequest{FlowID: d.FlowID, Trigger: t, Now: s.now(), Restart: restart}); err != nil {
			return err
		}
	}
	return nil
}

// retirement is the payload of a task of KindRetirement.
type retirement struct {
	FlowID      string `json:"flowId"`
	Environment string `json:"environment"`
}

// retireBatch is how many runs one commit deletes.
const retireBatch = 100

// retireWorkflow ends what a deleted workflow left: its schedules, its subscriptions,
// its open runs (ise.md #176), then its history and its versions.
func (s *Service) retireWorkflow(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	var left retirement
	if err := json.Unmarshal(t.Payload, &left); err != nil {
		return task.Done(), err
	}
	there, err := s.hasEnvironment(ctx, left.Environment)
	if err != nil {
		return task.Done(), err
	}
	if there {
		if again, err := s.endRuns(ctx, left); err != nil || again {
			return task.Again(s.now().Add(retirementPause)), err
		}
	}
	var gone []string
	err = s.control.Write(ctx, func(tx *store.Tx) (err error) {
		if gone, err = versionIDs(tx, left.FlowID); err != nil {
			return err
		}
		for _, id := range gone {
			if err := dropSetting(tx, versionPrefix(left.FlowID)+id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.config.Workflows.gone(left.FlowID, gone)
	}
	return task.Done(), err
}

// hasEnvironment tells whether an environment's database may be opened: that of one
// which is gone must not come back.
func (s *Service) hasEnvironment(ctx context.Context, id string) (bool, error) {
	if id == store.Shared {
		return true, nil
	}
	err := s.control.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Setting(environmentSetting(id))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// endRuns cancels and deletes the runs of a workflow, and has its peers told to forget
// it; again says that there are more, or that not all peers have been told or given up.
func (s *Service) endRuns(ctx context.Context, left retirement) (again bool, err error) {
	db, err := s.config.Store.Environment(ctx, left.Environment)
	if err != nil {
		return false, err
	}
	// First nothing begins any more: a run that began after the list was read would stay.
	if err := db.Write(ctx, func(tx *store.Tx) error { return s.config.Runner.DisarmAll(tx, left.FlowID) }); err != nil {
		return false, err
	}
	var runs []store.Run
	subscribed := false
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		runs, err = tx.Runs(store.RunQuery{Workflow: left.FlowID, Limit: retireBatch})
		return err
	}); err != nil {
		return false, err
	}
	for _, r := range runs {
		if !r.End.IsZero() {
			continue
		}
		err := s.config.Runner.CancelBy(ctx, left.Environment, r.Name, "")
		if err != nil && !errors.Is(err, runner.ErrFinished) && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		for _, r := range runs {
			if err := tx.DeleteRun(r.Name); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if _, err := tx.DeleteTriggerHistories(left.FlowID, s.now(), 0); err != nil {
			return err
		}
		if again, err = runner.SubscriptionsLeft(tx, left.FlowID); err != nil {
			return err
		}
		subscribed, err = s.config.Runner.Unsubscribe(tx, left.FlowID)
		return err
	})
	return again || len(runs) > 0 || subscribed, err
}
