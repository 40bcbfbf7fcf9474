package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"isle/engine"
	"isle/internal/store"
)

// Recover takes over every run that a process which is gone left at work: it is loaded
// and goes on where its last commit left it. It returns when all of them have been
// taken over; they need not have ended. A run that cannot be loaded is tried again
// later and is no error. Runs that only wait stay in the store until somebody calls
// them, or it is time.
func (r *Runner) Recover(ctx context.Context) error {
	var errs []error
	for _, environment := range r.config.Store.Environments() {
		if err := r.recoverEnvironment(ctx, environment); err != nil {
			errs = append(errs, fmt.Errorf("environment %s: %w", environment, err))
		}
	}
	return errors.Join(errs...)
}

// recoverPage is how many runs are listed at a time.
const recoverPage = 500

func (r *Runner) recoverEnvironment(ctx context.Context, environment string) error {
	db, err := r.database(ctx, environment)
	if err != nil {
		return err
	}
	after := ""
	waiting := map[string]bool{} // workflows
	for {
		var page []store.Run
		err := db.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.WorkingRuns(db.Epoch(), after, recoverPage)
			return err
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			for flow := range waiting {
				r.queued(flowKey{environment, flow})
			}
			return nil
		}
		after = page[len(page)-1].Name
		r.recoverRuns(environment, begun(page, waiting))
		if ctx.Err() != nil || r.stopping.Load() {
			return ctx.Err()
		}
	}
}

// begun leaves out the runs that wait for their turn, and notes their workflows.
func begun(page []store.Run, waiting map[string]bool) []store.Run {
	kept := make([]store.Run, 0, len(page))
	for _, run := range page {
		if run.Queued {
			waiting[run.Workflow] = true
		} else {
			kept = append(kept, run)
		}
	}
	return kept
}

func (r *Runner) recoverRuns(environment string, page []store.Run) {
	room := make(chan struct{}, r.config.Resume)
	var all sync.WaitGroup
	for _, run := range page {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			_ = r.deliver(runKey{environment, run.Name}, delivery{})
		})
	}
	all.Wait()
}

// load reads the run from the store, claiming it if it is another process's, and
// prepares it to be driven.
func (a *active) load(ctx context.Context) error {
	db, err := a.runner.database(ctx, a.key.environment)
	if err != nil {
		return err
	}
	row, rows, err := readRun(ctx, db, a.key.run)
	if err != nil {
		return err
	}
	a.workflow, err = a.runner.config.Programs.Workflow(ctx, a.key.environment, row.Workflow, row.Version)
	if err != nil {
		return fmt.Errorf("workflow %s version %s: %w", row.Workflow, row.Version, err)
	}
	if a.run, err = engine.Load(a.workflow, row.Head, rows); err != nil {
		return err
	}
	summary, err := engine.DecodeHead(row.Head)
	if err != nil {
		return err
	}
	row.Head = nil
	a.db, a.row, a.created = db, row, true
	a.trigger = tracking{summary.TriggerRecord.TrackingID, row.ClientTrackingID, summary.Trace, summary.TriggerRecord.End.Sub(summary.TriggerRecord.Start)}
	a.follow = resumeEvent
	return nil
}

// readRun reads an open run's row and the rows of its open scopes.
func readRun(ctx context.Context, db *store.DB, name string) (row store.Run, rows []store.Row, err error) {
	read := func(tx *store.Tx) error {
		if row, err = tx.Run(name); err != nil {
			return err
		}
		if !row.End.IsZero() {
			return ErrFinished
		}
		if row.Epoch != db.Epoch() {
			return nil
		}
		rows, err = openRows(tx, row)
		return err
	}
	if err := db.Read(ctx, read); err != nil {
		return row, nil, err
	}
	if row.Epoch == db.Epoch() {
		return row, rows, nil
	}
	err = db.Write(ctx, func(tx *store.Tx) (err error) {
		if row, err = tx.ClaimRun(name); err != nil {
			return err
		}
		rows, err = openRows(tx, row)
		return err
	})
	return row, rows, err
}

func openRows(tx *store.Tx, row store.Run) ([]store.Row, error) {
	scopes, err := engine.OpenScopes(row.Head)
	if err != nil || len(scopes) == 0 {
		return nil, err
	}
	return tx.Rows(row.Name, scopes...)
}
