package store

import "database/sql/driver"

// Orphans counts the records that belong to no run.
func (tx *Tx) Orphans() (n int64, err error) {
	err = tx.one(`SELECT count(*) FROM records WHERE run NOT IN (SELECT id FROM runs)`, func(v []driver.Value) error {
		n = v[0].(int64)
		return nil
	})
	return n, err
}
