package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Activity is an entry of the log of who did what, in the control database.
type Activity struct {
	ID        string    // unique
	Operation string    // of a long-running operation that it began, else ""
	At        time.Time // UTC
	Body      []byte    // the caller's form; sealed
}

// AppendActivity adds an entry.
func (tx *Tx) AppendActivity(a Activity) error {
	_, err := tx.exec(`INSERT INTO activity (id, operation, at, payload) VALUES (?, ?, ?, ?)`, a.ID, a.Operation, fromTime(a.At), tx.seal(a.Body, "activity", a.ID))
	return err
}

func (tx *Tx) scanActivity(v []driver.Value) (a Activity, err error) {
	a = Activity{ID: v[1].(string), Operation: v[2].(string), At: toTime(v[3])}
	if a.Body, err = tx.open(v[4], "activity", a.ID); err != nil {
		err = fmt.Errorf("activity %s: %w", a.ID, err)
	}
	return a, err
}

// EachActivity gives the entries from a time to another, both included, newest first,
// until yield says no. before is the place of the last entry of the page before, 0 for
// the first page; yield gets each entry's.
func (tx *Tx) EachActivity(from, to time.Time, before int64, yield func(place int64, a Activity) (bool, error)) error {
	const page = 200 // rows of one query
	if before == 0 {
		before = 1<<63 - 1
	}
	for {
		count, stop := 0, false
		err := tx.query(`SELECT seq, id, operation, at, payload FROM activity WHERE seq < ? AND at >= ? AND at <= ? ORDER BY seq DESC LIMIT ?`, func(v []driver.Value) error {
			if stop {
				return nil
			}
			a, err := tx.scanActivity(v)
			if err != nil {
				return err
			}
			count++
			before = v[0].(int64)
			more, err := yield(before, a)
			stop = !more
			return err
		}, before, fromTime(from), fromTime(to), int64(page))
		if err != nil || stop || count < page {
			return err
		}
	}
}

// ActivityOf reads the entry of who began an operation; ErrNotFound if there is none.
func (tx *Tx) ActivityOf(operation string) (a Activity, err error) {
	err = tx.one(`SELECT seq, id, operation, at, payload FROM activity WHERE operation = ? AND operation <> ''`, func(v []driver.Value) (err error) {
		a, err = tx.scanActivity(v)
		return err
	}, operation)
	return a, err
}

// DeleteActivity deletes at most max entries (0: all) that are older than a time, or that
// have more than keep newer ones, oldest first.
func (tx *Tx) DeleteActivity(before time.Time, keep, max int) (int, error) {
	n, err := tx.exec(`DELETE FROM activity WHERE seq IN (SELECT seq FROM activity WHERE at < ? OR seq <= (SELECT MAX(seq) FROM activity) - ? ORDER BY seq LIMIT ?)`, fromTime(before), int64(keep), limit(max))
	return int(n), err
}
