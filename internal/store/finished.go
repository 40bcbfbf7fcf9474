package store

import (
	"database/sql/driver"
	"errors"
	"time"
)

// Finished is a run that has ended, with its head.
type Finished struct {
	Run
	// Number counts runs in the order in which their ends were committed.
	Number int64
}

// FinishedRuns lists runs that have ended, in that order, from the one behind a number on.
// A run that is written after its end counts as having ended again.
func (tx *Tx) FinishedRuns(after int64, max int) ([]Finished, error) {
	var found []Finished
	err := tx.query(`SELECT finished, head, `+runColumns+` FROM runs WHERE finished > ? ORDER BY finished LIMIT ?`, func(v []driver.Value) error {
		r, err := tx.scanRun(v[2:])
		if err != nil {
			return err
		}
		r.Head, err = tx.open(v[1], "runs.head", r.Name)
		found = append(found, Finished{r, v[0].(int64)})
		return err
	}, after, limit(max))
	return found, err
}

// Ended is the Number of the run that ended last, or of one that is about to be
// committed as ended: what is worth asking for. After a start it is what is stored.
func (d *DB) Ended() int64 { return d.ended.Load() }

// FirstRows reads the records of a run, in the order of Rows, up to about max bytes.
func (tx *Tx) FirstRows(run string, max int) ([]Row, error) {
	id, err := tx.runID(run)
	if err == ErrNotFound {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var rows []Row
	err = tx.query(`SELECT seq, scope, payload FROM records WHERE run = ? ORDER BY scope, seq`, func(v []driver.Value) error {
		row, err := tx.scanRow(v, id)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if max -= len(row.Payload); max <= 0 {
			return errEnough
		}
		return nil
	}, id)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

// errEnough ends the reading of rows.
var errEnough = errors.New("enough")

// Lag is how far the index of words is behind.
type Lag struct {
	Runs   int       // that have ended and are not indexed; at most maxLag are counted
	Oldest time.Time // UTC; when the first of them ended, zero if there is none
}

const maxLag = 100_000

// Lag says what [DB.Words] does not hold yet.
func (tx *Tx) Lag() (l Lag, err error) {
	after := tx.db.words.cursor()
	if err := tx.one(`SELECT count(*) FROM (SELECT 1 FROM runs WHERE finished > ? LIMIT ?)`, func(v []driver.Value) error {
		l.Runs = int(v[0].(int64))
		return nil
	}, after, int64(maxLag)); err != nil || l.Runs == 0 {
		return l, err
	}
	err = tx.one(`SELECT ended FROM runs WHERE finished > ? ORDER BY finished LIMIT 1`, func(v []driver.Value) error {
		l.Oldest = toTime(v[0])
		return nil
	}, after)
	return l, err
}

// Purged is a deleted run that the index of words may still hold.
type Purged struct {
	Number int64
	Run    int64 // what was Run.ID
	Start  time.Time
}

// PurgedRuns lists deleted runs, in the order of their deletion.
func (tx *Tx) PurgedRuns(max int) ([]Purged, error) {
	var found []Purged
	err := tx.query(`SELECT number, run, started FROM purged ORDER BY number LIMIT ?`, func(v []driver.Value) error {
		found = append(found, Purged{v[0].(int64), v[1].(int64), toTime(v[2])})
		return nil
	}, limit(max))
	return found, err
}

// DropPurged forgets the deleted runs up to a number: the index does not hold them any
// more.
func (tx *Tx) DropPurged(upTo int64) error {
	_, err := tx.exec(`DELETE FROM purged WHERE number <= ?`, upTo)
	return err
}

// Words is the index of what the environment's runs hold; nil for the control database.
func (d *DB) Words() *Words { return d.words }

// RunAt reads a run without its head by the number of its row; ErrNotFound if there is
// none.
func (tx *Tx) RunAt(id int64) (r Run, err error) {
	err = tx.one(`SELECT `+runColumns+` FROM runs WHERE id = ?`, func(v []driver.Value) (err error) {
		r, err = tx.scanRun(v)
		return err
	}, id)
	return r, err
}
