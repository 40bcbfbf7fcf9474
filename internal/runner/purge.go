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
// writer to themselves in between. A run of very many records goes in several commits, and
// room is given back to the file system all along. A crash loses nothing but time.

const (
	// purgeBatch is how many runs, or firings, are deleted in one commit at most.
	purgeBatch = 50
	// purgeTime is when a commit takes no further run: what it deletes grows with the
	// records of the runs, and others wait for it.
	purgeTime = 10 * time.Millisecond
	// purgeContents is how many contents of a run are deleted in one commit at most.
	purgeContents = 1000
	// purgeShrink and purgeCollect are after how many commits room in the database is given
	// back, and the files of contents are removed.
	purgeShrink, purgeCollect = 5, 1000
)

// Purge deletes the runs that have ended and the firings that are older than they are
// kept. The files of their contents, and the room in the database, are given back now and
// then, and at the end by [store.Store.Collect].
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
	p := &purge{runner: r, db: db}
	for _, flow := range flows {
		if err := p.flow(ctx, flow); err != nil {
			errs = append(errs, fmt.Errorf("workflow %s: %w", flow, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := p.repeatedly(ctx, p.erase); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// purge is one going through an environment's database.
type purge struct {
	runner  *Runner
	db      *store.DB
	commits int // so far
	// runs and firings were deleted and have not been told of; all that were, of one
	// workflow, are in the totals.
	runs, firings           int
	totalRuns, totalFirings int
}

// flow deletes what is too old of one workflow.
func (p *purge) flow(ctx context.Context, flow string) error {
	kept, err := p.runner.kept(ctx, flow)
	if err != nil {
		return err
	}
	p.totalRuns, p.totalFirings = 0, 0
	before := p.runner.config.Clock().Add(-kept)
	err = p.repeatedly(ctx, func(ctx context.Context) (bool, error) { return p.deleteRuns(ctx, flow, before) })
	if err == nil {
		err = p.repeatedly(ctx, func(ctx context.Context) (bool, error) { return p.deleteFirings(ctx, flow, before) })
	}
	p.tell()
	if p.totalRuns+p.totalFirings > 0 {
		p.runner.config.Log.Info("runs are older than they are kept", "environment", p.db.Name(), "flow", flow, "runs", p.totalRuns, "firings", p.totalFirings)
	}
	return err
}

// tell tells what was deleted since the last time.
func (p *purge) tell() {
	if p.runs+p.firings > 0 {
		p.runner.config.Purged(p.db.Name(), p.runs, p.firings)
	}
	p.totalRuns, p.totalFirings = p.totalRuns+p.runs, p.totalFirings+p.firings
	p.runs, p.firings = 0, 0
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

// repeatedly does something, a commit each time, until nothing is left; it rests in between
// for as long as that took, and gives room back now and then.
func (p *purge) repeatedly(ctx context.Context, do func(context.Context) (more bool, err error)) error {
	for {
		begun := time.Now()
		more, err := do(ctx)
		if err == nil && more {
			err = p.giveBack(ctx)
		}
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(begun)):
		}
	}
}

// giveBack counts a commit, and gives back what many have set free.
func (p *purge) giveBack(ctx context.Context) (err error) {
	p.commits++
	switch {
	case p.commits%purgeCollect == 0:
		_, err = p.db.Collect(ctx)
	case p.commits%purgeShrink == 0:
		_, err = p.db.Shrink(ctx)
	default:
		return nil
	}
	p.tell()
	return err
}

// deleteRuns deletes some runs, of at least one as much as may go in a commit.
func (p *purge) deleteRuns(ctx context.Context, flow string, before time.Time) (more bool, err error) {
	q := store.RunQuery{Workflow: flow, Status: finalStatuses(), To: before, Limit: purgeBatch}
	var found []store.Run
	if err := p.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Runs(q)
		return err
	}); err != nil || len(found) == 0 {
		return false, err
	}
	deleted := 0
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		begun := time.Now()
		for deleted = 0; deleted < len(found) && (deleted == 0 || time.Since(begun) < purgeTime); deleted++ {
			name := found[deleted].Name
			if left, err := tx.TrimContents(name, purgeContents); err != nil || left {
				return err
			}
			if err := tx.DeleteRun(name); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err == nil {
		p.runs += deleted
	}
	return true, err
}

func (p *purge) deleteFirings(ctx context.Context, flow string, before time.Time) (more bool, err error) {
	n := 0
	err = p.db.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.DeleteTriggerHistories(flow, before, purgeBatch)
		return err
	})
	if err == nil {
		p.firings += n
	}
	return n > 0, err
}

// erase deletes records that deleted runs have left.
func (p *purge) erase(ctx context.Context) (more bool, err error) {
	err = p.db.Write(ctx, func(tx *store.Tx) (err error) {
		more, err = tx.Erase()
		return err
	})
	return more, err
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
