package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"isle/internal/store"
	"isle/wdl"
)

// Runs and firings are kept as long as a run of their workflow may last, counted from
// their start and by the present setting (ise.md #172, #173). What is older goes in small
// batches, each a commit of its own, and no faster than every other moment: runs have the
// writer to themselves in between. A crash loses nothing but time.

const (
	// purgeBatch is how many runs, or firings, are deleted in one commit at most.
	purgeBatch = 50
	// purgeTime is when a commit takes no further run: what it deletes grows with the
	// records of the runs, and others wait for it.
	purgeTime = 10 * time.Millisecond
)

// Purge deletes the runs that have ended and the firings that are older than they are
// kept. The files of their contents, and the room in the database, are given back by
// [store.Store.Collect].
func (r *Runner) Purge(ctx context.Context) error {
	var errs []error
	for _, environment := range r.opened() {
		if err := r.purgeEnvironment(ctx, environment); err != nil && !errors.Is(err, store.ErrClosed) {
			errs = append(errs, fmt.Errorf("environment %s: %w", environment, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) purgeEnvironment(ctx context.Context, environment string) error {
	db, err := r.database(ctx, environment)
	if err != nil {
		return err
	}
	var flows []string
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		flows, err = tx.Flows()
		return err
	}); err != nil {
		return err
	}
	var errs []error
	for _, flow := range flows {
		if err := r.purgeFlow(ctx, db, flow); err != nil {
			errs = append(errs, fmt.Errorf("workflow %s: %w", flow, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// purgeFlow deletes what is too old of one workflow.
func (r *Runner) purgeFlow(ctx context.Context, db *store.DB, flow string) error {
	kept, err := r.kept(ctx, flow)
	if err != nil {
		return err
	}
	before := r.config.Clock().Add(-kept)
	runs, err := repeatedly(ctx, func() (int, error) { return purgeRuns(ctx, db, flow, before) })
	firings := 0
	if err == nil {
		firings, err = repeatedly(ctx, func() (int, error) { return purgeFirings(ctx, db, flow, before) })
	}
	if runs+firings > 0 {
		r.config.Purged(db.Name(), runs, firings)
		r.config.Log.Info("runs are older than they are kept", "environment", db.Name(), "flow", flow, "runs", runs, "firings", firings)
	}
	return err
}

// kept is how long runs of a workflow are kept.
func (r *Runner) kept(ctx context.Context, flow string) (time.Duration, error) {
	d, err := r.config.Programs.ByFlowID(ctx, flow)
	if errors.Is(err, store.ErrNotFound) {
		return r.config.Retention, nil
	}
	if err != nil {
		return 0, err
	}
	return d.Workflow.Program.Limits.RunDuration, nil
}

// repeatedly does something until nothing is left, and rests in between for as long as
// it took.
func repeatedly(ctx context.Context, do func() (int, error)) (total int, err error) {
	for {
		begun := time.Now()
		n, err := do()
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		select {
		case <-ctx.Done():
			return total, ctx.Err()
		case <-time.After(time.Since(begun)):
		}
	}
}

// purgeRuns deletes some runs, at least one if there is any, and returns how many.
func purgeRuns(ctx context.Context, db *store.DB, flow string, before time.Time) (n int, err error) {
	q := store.RunQuery{Workflow: flow, Status: finalStatuses(), To: before, Limit: purgeBatch}
	var found []store.Run
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Runs(q)
		return err
	}); err != nil || len(found) == 0 {
		return 0, err
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		begun := time.Now()
		for n = 0; n < len(found) && (n == 0 || time.Since(begun) < purgeTime); n++ {
			if err := tx.DeleteRun(found[n].Name); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func purgeFirings(ctx context.Context, db *store.DB, flow string, before time.Time) (n int, err error) {
	err = db.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.DeleteTriggerHistories(flow, before, purgeBatch)
		return err
	})
	return n, err
}

// finalStatuses are those of runs that have ended.
func finalStatuses() (names []string) {
	for s := wdl.NotSpecified; s <= wdl.Ignored; s++ {
		if s.Final() {
			names = append(names, s.String())
		}
	}
	return names
}
