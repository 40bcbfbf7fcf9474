package store

import (
	"context"
	"database/sql/driver"
)

// Flows lists the workflows of which runs or trigger histories are stored, deleted ones
// included.
func (tx *Tx) Flows() ([]string, error) {
	// One seek for each workflow, however many runs it has.
	var found []string
	err := tx.query(`WITH RECURSIVE run (id) AS (
			SELECT min(workflow) FROM runs WHERE workflow <> '~' UNION ALL
			SELECT (SELECT min(workflow) FROM runs WHERE workflow > run.id AND workflow <> '~') FROM run WHERE run.id IS NOT NULL),
		firing (id) AS (
			SELECT min(workflow) FROM histories UNION ALL
			SELECT (SELECT min(workflow) FROM histories WHERE workflow > firing.id) FROM firing WHERE firing.id IS NOT NULL)
		SELECT id FROM run WHERE id IS NOT NULL UNION SELECT id FROM firing WHERE id IS NOT NULL`, func(v []driver.Value) error {
		found = append(found, v[0].(string))
		return nil
	})
	return found, err
}

const (
	// shrinkStep is how many pages are given back in one commit, so that writers wait for
	// milliseconds only.
	shrinkStep = 500
	// spare is how many free pages are kept: what runs write next goes there.
	spare = 1000
)

// Shrink gives the pages of deleted rows back to the file system, but for some to write
// to, and returns how many bytes that was. Writers work meanwhile.
func (d *DB) Shrink(ctx context.Context) (bytes int64, err error) {
	for {
		free, size, err := d.free(ctx)
		if err != nil || free <= spare {
			return bytes, err
		}
		before := free
		if err := d.Write(ctx, func(tx *Tx) error { return tx.vacuum(min(shrinkStep, free-spare)) }); err != nil {
			return bytes, err
		}
		if free, _, err = d.free(ctx); err != nil || free >= before {
			return bytes, err // others free as much as is given back: the next time
		}
		bytes += (before - free) * size
	}
}

// free is how many pages of the file hold nothing, and the size of one.
func (d *DB) free(ctx context.Context) (pages, size int64, err error) {
	err = d.Read(ctx, func(tx *Tx) error {
		pages, size, err = tx.free()
		return err
	})
	return pages, size, err
}

func (tx *Tx) free() (pages, size int64, err error) {
	number := func(n *int64) func([]driver.Value) error {
		return func(v []driver.Value) error { *n = v[0].(int64); return nil }
	}
	if err := tx.one(`PRAGMA freelist_count`, number(&pages)); err != nil {
		return 0, 0, err
	}
	err = tx.one(`PRAGMA page_size`, number(&size))
	return pages, size, err
}
