package store

import (
	"database/sql/driver"
	"os"
	"time"
)

// WorkflowLoad is how many runs of a workflow are open.
type WorkflowLoad struct {
	Workflow string // flow id
	Load
}

// OpenLoads counts the open runs of the database by workflow and trigger.
func (tx *Tx) OpenLoads() ([]WorkflowLoad, error) {
	var found []WorkflowLoad
	err := tx.query(`SELECT workflow, trigger, count(*), count(CASE WHEN waited = 0 THEN 1 END) FROM runs WHERE ended IS NULL GROUP BY workflow, trigger`,
		func(v []driver.Value) error {
			all, waiting := int(v[2].(int64)), int(v[3].(int64))
			found = append(found, WorkflowLoad{v[0].(string), Load{v[1].(string), all - waiting, waiting}})
			return nil
		})
	return found, err
}

// TaskLoad is how many tasks there are.
type TaskLoad struct {
	All, Due, Held int
	Oldest         time.Time // when the one that is due longest was; zero: none is due
}

// TaskLoad counts the tasks of the database. Due ones are not held.
func (tx *Tx) TaskLoad(now time.Time) (l TaskLoad, err error) {
	const due = `due <= ?2 AND ` + `(lease IS NULL OR epoch < ?1 OR (lease <= ?2 AND owner <> ?3))`
	err = tx.one(`SELECT count(*), count(lease), count(CASE WHEN `+due+` THEN 1 END), min(CASE WHEN `+due+` THEN due END) FROM tasks`, func(v []driver.Value) error {
		l = TaskLoad{All: int(v[0].(int64)), Held: int(v[1].(int64)), Due: int(v[2].(int64)), Oldest: toTime(v[3])}
		return nil
	}, tx.db.epoch, now.UnixNano(), tx.db.Owner())
	return l, err
}

// CountWorking counts the open runs that do not rest: those at work, and those that wait
// for their turn.
func (tx *Tx) CountWorking() (n int, err error) {
	err = tx.one(`SELECT count(*) FROM runs WHERE ended IS NULL AND resting IS NULL`, func(v []driver.Value) error {
		n = int(v[0].(int64))
		return nil
	})
	return n, err
}

// Sizes are the bytes of a database's files, their logs included; contents are not.
type Sizes struct {
	Database int64
	Words    int64 // the index of what runs hold
}

// Sizes looks at the files.
func (d *DB) Sizes() Sizes {
	sizes := Sizes{Database: sizeOf(d.path)}
	if d.words != nil {
		sizes.Words = sizeOf(d.words.path)
	}
	return sizes
}

// sizeOf is the size of a database file and its log; 0 for one that is not there.
func sizeOf(path string) (size int64) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			size += info.Size()
		}
	}
	return size
}
