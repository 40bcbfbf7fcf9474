package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"isle/internal/store"
	"isle/wdl"
)

// partingLook is how often an environment that is being removed is looked at.
const partingLook = 100 * time.Millisecond

// Part has the peers of an environment that is being removed told to forget it: its
// open runs are cancelled and its subscriptions ended, which the tasks of its database
// carry out. It returns when all peers have answered or been given up, or the context
// ends; the log then tells of each that was not told. Without their database, which
// the removal that follows deletes, nobody can be told any more.
func (r *Runner) Part(ctx context.Context, environment string) error {
	if !slices.Contains(r.config.Store.Environments(), environment) {
		return nil // it is gone already
	}
	db, err := r.database(ctx, environment)
	if err != nil {
		return err
	}
	err = r.endAll(ctx, db)
	for err == nil {
		var left []store.Task
		if left, err = partings(ctx, db); err != nil {
			break
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-time.After(partingLook):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if ctx.Err() == nil {
		return err
	}
	return r.logPartings(context.WithoutCancel(ctx), db)
}

// endAll ends what has subscribed anywhere.
func (r *Runner) endAll(ctx context.Context, db *store.DB) error {
	var open []store.Run
	err := db.Write(ctx, func(tx *store.Tx) error {
		tasks, err := tx.Tasks(SubscriptionKind + ":")
		if err != nil {
			return err
		}
		for _, t := range tasks {
			s, err := decodeSubscription(t)
			if err != nil {
				return err
			}
			if err := r.endSubscriptions(tx, s.FlowID, nil); err != nil {
				return err
			}
		}
		open, err = tx.Runs(store.RunQuery{Status: []string{wdl.Running.String(), wdl.Waiting.String()}})
		return err
	})
	for i := 0; i < len(open) && err == nil; i++ {
		err = r.Cancel(ctx, db.Name(), open[i].Name)
		if errors.Is(err, ErrFinished) || errors.Is(err, store.ErrNotFound) {
			err = nil
		}
	}
	return err
}

// partings are the tasks of peers that are still to be told.
func partings(ctx context.Context, db *store.DB) (left []store.Task, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range []string{UnsubscribeKind, SubscriptionKind} {
			tasks, err := tx.Tasks(kind + ":")
			if err != nil {
				return err
			}
			left = append(left, tasks...)
		}
		return nil
	})
	return left, err
}

// logPartings tells of the peers that were not told. Addresses stay out of the log: they
// may hold credentials.
func (r *Runner) logPartings(ctx context.Context, db *store.DB) error {
	left, err := partings(ctx, db)
	for _, t := range left {
		about := []any{"environment", db.Name(), "attempts", t.Attempt}
		var u unsubscription
		if t.Kind == UnsubscribeKind && json.Unmarshal(t.Payload, &u) == nil {
			about = append(about, "workflow", u.Workflow.ID, "run", u.Run, "action", u.Subject.Name)
		} else if s, err := decodeSubscription(t); t.Kind == SubscriptionKind && err == nil {
			about = append(about, "workflow", s.FlowID, "trigger", s.Trigger)
		} else {
			about = append(about, "task", t.Key)
		}
		r.config.Log.Warn("a webhook could not be unsubscribed before its environment was deleted: its peer will go on calling", about...)
	}
	return err
}
