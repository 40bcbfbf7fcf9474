package runner

import (
	"context"
	"errors"
	"fmt"

	"isle/engine"
	"isle/internal/store"
)

// A run can go on from what another one of its workflow did (engine.Keep). The records are
// read at once, as they are stored with the commit that creates the run; contents are
// copied before it, file by file. So the run is there with all that it keeps, or not at
// all, and has it when the origin is purged.

// maxKept bounds the records of a run of which something is kept, in bytes.
const maxKept = 64 << 20

// Kept is what a run keeps of another one of its environment.
type Kept struct {
	*engine.Kept
	Origin string // its name
}

// Errors of Keep, beside those of [engine.Keep].
var (
	// ErrNoFailure says that nothing has failed in a run that would be done again.
	ErrNoFailure = errors.New("runner: no action of the run has failed")
	// ErrTooMuch says that the records of a run are too many to be kept.
	ErrTooMuch = errors.New("runner: the records of the run are too large to be kept")
	// ErrKeptGone says that a content of the origin is not there any more.
	ErrKeptGone = errors.New("runner: a content of the run is gone")
)

// Keep chooses what a new run of a workflow keeps of a run of it that has ended, when it
// begins at the named actions; with none, where that one failed. store.ErrNotFound: there
// is no such run, or the version that it ran is gone.
func (r *Runner) Keep(ctx context.Context, d *Deployed, run string, actions []string) (*Kept, error) {
	db, err := r.database(ctx, d.Environment)
	if err != nil {
		return nil, err
	}
	var o engine.Origin
	var row store.Run
	if err := db.Read(ctx, func(tx *store.Tx) error {
		if row, err = tx.Run(run); err != nil {
			return err
		}
		o.Head = row.Head
		o.Rows, err = tx.RowsWithin(run, maxKept)
		return err
	}); err != nil {
		if errors.Is(err, store.ErrTooLarge) {
			return nil, ErrTooMuch
		}
		return nil, err
	}
	if row.Workflow != d.FlowID {
		return nil, fmt.Errorf("run %s of workflow %s: %w", run, d.FlowID, store.ErrNotFound)
	}
	if summary, err := engine.DecodeHead(row.Head); err == nil && !row.End.IsZero() && !summary.Status.Final() {
		return nil, &engine.Unkept{Problems: []engine.Problem{{Code: engine.CodeKeptUnfinished, Message: "The run was closed because it could not be continued, so that nothing of it can be kept. Resubmit it from the start."}}}
	}
	if o.Workflow, err = r.config.Programs.Workflow(ctx, d.Environment, d.FlowID, row.Version); err != nil {
		return nil, err
	}
	if len(actions) == 0 {
		if actions, err = engine.Failures(o); err == nil && len(actions) == 0 {
			err = ErrNoFailure
		}
		if err != nil {
			return nil, err
		}
	}
	kept, err := engine.Keep(d.Workflow, o, actions)
	if err != nil {
		return nil, err
	}
	return &Kept{kept, run}, nil
}

// bring copies the contents of what the run keeps; those it has put are there even with an
// error.
func (a *active) bring(ctx context.Context, kept *Kept) error {
	if kept == nil {
		return nil
	}
	for _, id := range kept.Contents {
		if err := a.bringContent(ctx, kept.Origin, id); err != nil {
			return err
		}
	}
	return nil
}

func (a *active) bringContent(ctx context.Context, origin, id string) error {
	content, _, err := a.db.OpenContent(ctx, origin, id)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %s of run %s", ErrKeptGone, id, origin)
	}
	if err != nil {
		return err
	}
	defer content.Close()
	stored, err := a.db.PutContent(ctx, a.key.run, id, content)
	if err == nil {
		a.brought = append(a.brought, stored)
	}
	return err
}
