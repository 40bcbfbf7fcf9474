package search

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"isle/internal/store"
)

const (
	batch    = 200                    // runs indexed in one commit
	lookIn   = 250 * time.Millisecond // how often it is asked whether runs have ended
	idleRest = 4                      // of the time that a round took, the part that it rests when nothing else happens
	// While runs come in, they go first: it rests that many times as long as the round
	// took, but no longer than mostRest. Once so many runs wait that a search misses
	// much, it takes half the time.
	busyRest   = 9
	mostRest   = 2 * time.Second
	behindRest = 1
	farBehind  = 100_000
)

// Indexer keeps the indexes of all environments up to date.
type Indexer struct {
	store *store.Store
	log   *slog.Logger
}

// New returns an indexer that does nothing yet.
func New(s *store.Store, log *slog.Logger) *Indexer { return &Indexer{s, log} }

// Run indexes until the context ends.
func (x *Indexer) Run(ctx context.Context) {
	rest := lookIn
	timer := time.NewTimer(rest)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		var err error
		if rest, err = x.round(ctx); err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			x.log.Warn("runs are not indexed, trying again", "error", err)
			rest = min(time.Second<<min(failures, 10), 5*time.Minute)
		}
		timer.Reset(rest)
	}
}

// round indexes one batch of each environment that needs it, and says how long to rest.
func (x *Indexer) round(ctx context.Context) (rest time.Duration, err error) {
	var (
		began      = time.Now()
		failed     []error
		more, busy bool
		behind     int64
	)
	for _, id := range x.store.Environments() {
		db, err := x.store.Environment(ctx, id)
		if err != nil {
			if !errors.Is(err, store.ErrClosed) {
				failed = append(failed, err)
			}
			continue
		}
		before := db.Ended()
		left, err := x.Step(ctx, db)
		if err != nil && !errors.Is(err, store.ErrClosed) { // closed: removed meanwhile
			failed = append(failed, err)
		}
		more = more || left
		busy = busy || db.Ended() > before
		behind = max(behind, db.Ended()-db.Words().Cursor())
	}
	if !more {
		return lookIn, errors.Join(failed...)
	}
	return restAfter(time.Since(began), busy, behind), errors.Join(failed...)
}

// restAfter is how long to rest after a round that left runs to index. Busy says that
// runs came in meanwhile, behind is how many wait.
func restAfter(took time.Duration, busy bool, behind int64) time.Duration {
	switch {
	case !busy:
		return took / idleRest
	case behind > farBehind:
		return behindRest * took
	default:
		return min(busyRest*took, mostRest)
	}
}

// Step brings the index of one database a batch further; more says that there is more to
// do at once.
func (x *Indexer) Step(ctx context.Context, db *store.DB) (more bool, err error) {
	if db.Ended() > db.Words().Cursor() {
		if more, err = x.index(ctx, db); err != nil {
			return false, err
		}
	}
	forgotten, err := x.forget(ctx, db)
	return more || forgotten, err
}

func (x *Indexer) index(ctx context.Context, db *store.DB) (more bool, err error) {
	var ended []store.Finished
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		ended, err = tx.FinishedRuns(db.Words().Cursor(), batch)
		return err
	}); err != nil || len(ended) == 0 {
		return false, err
	}
	documents, t := make([]store.Document, 0, len(ended)), newTerms()
	for _, run := range ended {
		d, err := x.document(ctx, db, run.Run, t)
		if err != nil {
			return false, err
		}
		documents = append(documents, d)
	}
	return len(ended) == batch, db.Words().Index(documents, ended[len(ended)-1].Number)
}

// document reads what a run is found by. One that cannot be read is found by its head
// only: it must not hold up the others.
func (x *Indexer) document(ctx context.Context, db *store.DB, run store.Run, t *terms) (store.Document, error) {
	var rows []store.Row
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.FirstRows(run.Name, maxRows)
		return err
	})
	if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
		return store.Document{}, errors.Join(err, ctx.Err())
	}
	if err != nil {
		x.log.Error("a run is only indexed by its head", "run", run.Name, "error", err)
	}
	if err := t.run(ctx, db, run, rows); err != nil {
		x.log.Error("a run is only indexed by its head", "run", run.Name, "error", err)
	}
	return store.Document{Run: run.ID, Start: run.Start, Terms: t.list}, nil
}

// forget takes deleted runs out of the index. It follows index, so what was deleted while
// it was being indexed goes too.
func (x *Indexer) forget(ctx context.Context, db *store.DB) (more bool, err error) {
	var purged []store.Purged
	if err := db.Read(ctx, func(tx *store.Tx) (err error) {
		purged, err = tx.PurgedRuns(batch)
		return err
	}); err != nil || len(purged) == 0 {
		return false, err
	}
	if err := db.Words().Forget(purged); err != nil {
		return false, err
	}
	return len(purged) == batch, db.Write(ctx, func(tx *store.Tx) error { return tx.DropPurged(purged[len(purged)-1].Number) })
}
