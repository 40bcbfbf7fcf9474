package store

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Operation is a long-running operation on a resource, in the control database.
type Operation struct {
	ID       string
	Resource string    // Key of the resource
	Kind     string    // what is done, the caller's word
	Status   string    // "InProgress", "Succeeded", "Failed", "Canceled"
	Error    []byte    // the caller's form; sealed; nil if none
	Start    time.Time // UTC
	End      time.Time // UTC; zero while it runs
}

const operationColumns = `id, resource, kind, status, started, ended, payload`

func (tx *Tx) scanOperation(v []driver.Value) (o Operation, err error) {
	o = Operation{ID: v[0].(string), Resource: v[1].(string), Kind: v[2].(string), Status: v[3].(string), Start: toTime(v[4]), End: toTime(v[5])}
	o.Error, err = tx.open(v[6], "operations", o.ID)
	if err != nil {
		return o, fmt.Errorf("operation %s: %w", o.ID, err)
	}
	if len(o.Error) == 0 {
		o.Error = nil
	}
	return o, nil
}

// Operation reads an operation; ErrNotFound if there is none.
func (tx *Tx) Operation(id string) (o Operation, err error) {
	err = tx.one(`SELECT `+operationColumns+` FROM operations WHERE id = ?`, func(v []driver.Value) (err error) {
		o, err = tx.scanOperation(v)
		return err
	}, id)
	return o, err
}

// PutOperation stores an operation, new or not.
func (tx *Tx) PutOperation(o Operation) error {
	payload := tx.seal(o.Error, "operations", o.ID)
	_, err := tx.exec(`INSERT INTO operations (`+operationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET resource = excluded.resource, kind = excluded.kind, status = excluded.status,
		started = excluded.started, ended = excluded.ended, payload = excluded.payload`,
		o.ID, strings.ToLower(o.Resource), o.Kind, o.Status, fromTime(o.Start), fromTime(o.End), payload)
	return err
}

// Operations lists a resource's operations, oldest first.
func (tx *Tx) Operations(resource string) ([]Operation, error) {
	var found []Operation
	err := tx.query(`SELECT `+operationColumns+` FROM operations WHERE resource = ? ORDER BY started, id`, func(v []driver.Value) error {
		o, err := tx.scanOperation(v)
		found = append(found, o)
		return err
	}, strings.ToLower(resource))
	return found, err
}

// DeleteOperations deletes at most limit operations that ended before a time (0: all)
// and returns how many.
func (tx *Tx) DeleteOperations(before time.Time, max int) (int, error) {
	n, err := tx.exec(`DELETE FROM operations WHERE id IN (SELECT id FROM operations WHERE ended < ? ORDER BY ended LIMIT ?)`, fromTime(before), limit(max))
	return int(n), err
}
