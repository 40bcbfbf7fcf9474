package store

import (
	"database/sql/driver"
	"errors"
	"strings"
)

// A run of very many records is deleted in bounded commits. The first one buries it: its
// row stays, so that no other run gets its number, without anything that could be found or
// read; then its records go, some in each commit, and with the last ones the row. So a
// deleted run is gone at once, and a crash leaves what the next Erase goes on with.

const (
	// buried is the workflow and the status of a run that is deleted and still has records,
	// and what its name begins with.
	buried = "~"
	// eraseRows and eraseBytes bound the records that one commit deletes of a run.
	eraseRows  = 1000
	eraseBytes = 4 << 20
)

func isBuried(name string) bool { return strings.HasPrefix(name, buried) }

// bury leaves of a run its number only.
func (tx *Tx) bury(id int64) error {
	_, err := tx.exec(`UPDATE runs SET name = ? || id, workflow = ?, version = '', trigger = '', status = ?, code = '', started = NULL, ended = 0, wake = NULL,
		tracking = NULL, owner = '', detail = NULL, head = x'', error = NULL, finished = NULL, resting = NULL WHERE id = ?`, buried, buried, buried, id)
	return err
}

// eraseRecords deletes records of a run; more says that there are others.
func (tx *Tx) eraseRecords(id int64) (more bool, err error) {
	var found []int64
	bytes := int64(0)
	err = tx.query(`SELECT seq, length(payload) FROM records WHERE run = ? LIMIT ?`, func(v []driver.Value) error {
		if bytes >= eraseBytes || len(found) == eraseRows {
			more = true
			return errEnough
		}
		found = append(found, v[0].(int64))
		bytes += v[1].(int64)
		return nil
	}, id, int64(eraseRows+1))
	if err != nil && !errors.Is(err, errEnough) {
		return false, err
	}
	if !more {
		_, err = tx.exec(`DELETE FROM records WHERE run = ?`, id)
		return false, err
	}
	for _, seq := range found {
		if _, err := tx.exec(`DELETE FROM records WHERE seq = ?`, seq); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Erase deletes some of the records that deleted runs have left; more says that there are
// others.
func (tx *Tx) Erase() (more bool, err error) {
	if !tx.writable {
		return false, ErrReadOnly
	}
	var id int64
	err = tx.one(`SELECT id FROM runs INDEXED BY runs_workflow WHERE workflow = ? LIMIT 1`, func(v []driver.Value) error {
		id = v[0].(int64)
		return nil
	}, buried)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if more, err = tx.eraseRecords(id); err != nil || more {
		return true, err
	}
	_, err = tx.exec(`DELETE FROM runs WHERE id = ?`, id)
	return true, err
}

// TrimContents deletes names of a run's contents, at most max of them; more says that there
// are others. It comes before [Tx.DeleteRun] of a run that may have very many.
func (tx *Tx) TrimContents(run string, max int) (more bool, err error) {
	n, err := tx.exec(`DELETE FROM contents WHERE run = ?1 AND id IN (SELECT id FROM contents WHERE run = ?1 LIMIT ?2)`, run, int64(max))
	return n == int64(max), err
}

// Unused is how many bytes of the database's file hold nothing.
func (tx *Tx) Unused() (bytes int64, err error) {
	pages, size, err := tx.free()
	return pages * size, err
}
