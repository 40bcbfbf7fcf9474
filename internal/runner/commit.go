package runner

import (
	"context"
	"errors"
	"time"

	"isle/engine"
	"isle/internal/store"
)

// commit makes a result durable: contents first, then everything else at once.
// While the store is unavailable it tries again, as the events that led here are
// only in memory.
func (a *active) commit(result engine.Result) error {
	if a.holds() {
		return a.hold(result)
	}
	row := a.nextRow(result)
	if a.created && row.Head == nil && len(result.Rows) == 0 && row.Wake.Equal(a.row.Wake) && row.Resting == a.row.Resting && row.Status == a.row.Status {
		a.wake(row.Wake) // nothing happened, as after waking too early
		return nil
	}
	return a.store(row, result)
}

// longestPause is the longest pause between two attempts to store a run, and
// persistence how many there are: about a minute's.
const (
	longestPause = 2 * time.Second
	persistence  = 30
)

// persist writes, and tries again while the store is unavailable once the run has
// begun. One that is stored is given up after some time, as it can be loaded again; one
// that is in memory only is not.
func (a *active) persist(write func() error) error {
	delay := 50 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := write()
		if err == nil || !a.created || permanent(err) {
			return err
		}
		if attempt == persistence && !a.holds() {
			return err
		}
		if !store.Unavailable(err) {
			a.log().Warn("run not stored, trying again", "error", err)
		}
		select {
		case <-time.After(delay):
		case <-a.runner.ctx.Done():
			return err
		}
		delay = min(delay*2, longestPause)
	}
}

// store makes a result durable.
func (a *active) store(row store.Run, result engine.Result) error {
	if err := a.persist(func() error { return a.write(row, result) }); err != nil {
		return err
	}
	if a.created && !a.holds() {
		row.Revision++
	} else {
		row.Revision, a.created = 1, true
	}
	if a.held != nil {
		a.held.stored = true
	}
	row.Head = nil
	a.wake(row.Wake)
	a.row = row
	if !row.End.IsZero() {
		a.runner.ended(flowKey{a.key.environment, row.Workflow})
	}
	return nil
}

func (a *active) wake(at time.Time) {
	if !at.IsZero() || !a.row.Wake.IsZero() {
		a.runner.wakes.set(a.key, at, !a.holds())
	}
}

func permanent(err error) bool {
	return errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed) ||
		errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrExists)
}

// nextRow is the run's row with what the result says.
func (a *active) nextRow(result engine.Result) store.Run {
	row, s := a.row, result.Summary
	row.Status, row.Code = s.Status.String(), s.Code
	row.ErrorCode, row.ErrorMessage = "", ""
	if s.Error != nil {
		row.ErrorCode, row.ErrorMessage = s.Error.Code, s.Error.Message
	}
	row.Start, row.End, row.Wake = s.StartTime, s.EndTime, result.Wake
	row.ClientTrackingID = s.ClientTrackingID
	row.Head = result.Head
	if row.Queued && !s.Held {
		row.WaitEnd = a.runner.config.Clock().UTC()
	}
	row.Queued = s.Held
	row.Resting = result.Rests
	if !row.End.IsZero() {
		row.Wake = time.Time{}
	}
	return row
}

func (a *active) write(row store.Run, result engine.Result) error {
	// A commit is never given up half-way for a caller that hangs up.
	ctx := context.Background()
	contents, err := a.putContents(ctx, result)
	if err == nil {
		err = a.db.Write(ctx, func(tx *store.Tx) error { return a.put(tx, row, result, contents) })
	}
	if err != nil {
		a.dropContents(contents)
	}
	return err
}

// putContents stores the contents of a result; those returned are there even with an
// error.
func (a *active) putContents(ctx context.Context, result engine.Result) (contents []store.Content, err error) {
	for _, c := range result.Contents {
		stored, err := a.db.PutContent(ctx, a.key.run, c.ID, jsonReader(c.Value))
		if err != nil {
			return contents, err
		}
		contents = append(contents, stored)
	}
	return contents, nil
}

func (a *active) dropContents(contents []store.Content) {
	for _, c := range contents {
		a.db.DropContent(c)
	}
}

// put is the transaction of a commit.
func (a *active) put(tx *store.Tx, row store.Run, result engine.Result, contents []store.Content) error {
	if err := a.writeRow(tx, row); err != nil {
		return err
	}
	for _, list := range [][]store.Content{contents, a.brought} {
		for _, c := range list {
			if err := tx.NameContent(c); err != nil {
				return err
			}
		}
	}
	if err := a.putUnsubscriptions(tx, result.Effects); err != nil {
		return err
	}
	return tx.AppendRows(row.Name, result.Rows)
}

// writeRow creates the run, once its guard lets it, or updates it.
func (a *active) writeRow(tx *store.Tx, row store.Run) error {
	if !a.created && a.guard != nil {
		if err := a.guard(tx); err != nil {
			return err
		}
	}
	if !a.created || a.holds() {
		return tx.CreateRun(row)
	}
	if row.Head != nil && row.SameButHead(a.row) {
		return tx.UpdateHead(row)
	}
	return tx.UpdateRun(row)
}
