package store

import (
	"database/sql/driver"
	"encoding/binary"
	"time"
)

// Tx is a transaction, or a snapshot when it comes from [DB.Read]. It is valid only
// inside the function it was given to, and not safe for concurrent use. Slices given
// to it are not kept; slices it returns are the caller's.
type Tx struct {
	db       *DB
	c        *conn
	writable bool

	// of the batch
	failed  error // the transaction is lost
	careful bool  // a call had to be undone: from now on each gets a savepoint
	redo    []change
	scratch []byte // sealed payloads of the changes

	// of the call
	mark  int  // len(redo) when it began
	saved bool // inside savepoint "one"
	tasks bool // tasks were put
	after []func()

	run     runID  // the last run looked up or written
	begun   rows   // of runs that this process has written and that have not ended
	runs    int64  // the last runs.id given away; 0: not read yet
	records int64  // likewise of records.seq
	place   []byte // buffer
}

// change is a statement of the transaction that changed rows.
type change struct {
	sql  string
	args []driver.Value
}

// DB is the database of the transaction.
func (tx *Tx) DB() *DB { return tx.db }

// AfterCommit makes fn run once the call is durable, before Write returns; never if
// it is undone. fn must be quick and must not call Write.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// Attempt runs fn, and takes back what it has changed if it fails, so that the call may
// go on; it answers fn's error.
func (tx *Tx) Attempt(fn func() error) error {
	if err := tx.save(); err != nil {
		return err
	}
	mark, after := len(tx.redo), len(tx.after)
	if err := tx.control(`SAVEPOINT attempt`); err != nil {
		return err
	}
	failed := fn()
	if failed != nil {
		if err := tx.control(`ROLLBACK TO attempt`); err != nil {
			return err
		}
		clear(tx.redo[mark:])
		tx.redo, tx.after = tx.redo[:mark], tx.after[:after]
		tx.run, tx.begun = runID{}, nil
	}
	if err := tx.control(`RELEASE attempt`); err != nil {
		return err
	}
	return failed
}

// control runs a statement that must not fail: if it does, the transaction is lost.
func (tx *Tx) control(sql string) error {
	switch {
	case !tx.writable:
		return ErrReadOnly
	case tx.failed == nil:
		_, tx.failed = tx.c.run(sql)
	}
	return tx.failed
}

// save puts the call into a savepoint of its own, where one is due.
func (tx *Tx) save() error {
	if !tx.careful || tx.saved || tx.mark == 0 {
		return nil
	}
	err := tx.control(`SAVEPOINT one`)
	tx.saved = err == nil
	return err
}

// start begins a batch.
func (tx *Tx) start() {
	clear(tx.redo)
	tx.failed, tx.careful, tx.redo = nil, false, tx.redo[:0]
	tx.run = runID{} // the batch before may have been lost
	if cap(tx.scratch) > 4<<20 {
		tx.scratch = nil
	}
	tx.scratch = tx.scratch[:0]
}

// begin begins a call.
func (tx *Tx) begin() {
	tx.mark, tx.saved, tx.tasks, tx.after = len(tx.redo), false, false, nil
}

// wrote says whether the call has changed anything.
func (tx *Tx) wrote() bool { return len(tx.redo) > tx.mark }

// exec runs a statement that writes and returns how many rows it changed. The
// arguments are kept to the end of the batch.
func (tx *Tx) exec(sql string, args ...driver.Value) (int64, error) {
	if !tx.writable {
		return 0, ErrReadOnly
	}
	if tx.failed != nil {
		return 0, tx.failed
	}
	if err := tx.save(); err != nil {
		return 0, err
	}
	n, err := tx.c.run(sql, args...)
	if err != nil && breaks(err) {
		tx.failed = err
	}
	if n > 0 {
		tx.redo = append(tx.redo, change{sql, args})
	}
	return n, err
}

func (tx *Tx) query(sql string, row func([]driver.Value) error, args ...driver.Value) error {
	if tx.failed != nil {
		return tx.failed
	}
	return tx.c.query(sql, row, args...)
}

func (tx *Tx) one(sql string, row func([]driver.Value) error, args ...driver.Value) error {
	if tx.failed != nil {
		return tx.failed
	}
	return tx.c.one(sql, row, args...)
}

// seal seals a payload for its place; the result is valid to the end of the batch.
func (tx *Tx) seal(plain []byte, table string, key ...string) []byte {
	if !tx.writable {
		return nil
	}
	tx.place = appendPlace(tx.place[:0], table, key...)
	at := len(tx.scratch)
	tx.scratch = tx.db.seal.seal(tx.scratch, tx.place, plain)
	return tx.scratch[at:len(tx.scratch):len(tx.scratch)]
}

// open opens a payload that was read from its place; nil stays nil.
func (tx *Tx) open(sealed driver.Value, table string, key ...string) ([]byte, error) {
	b, _ := sealed.([]byte)
	if b == nil {
		return nil, nil
	}
	tx.place = appendPlace(tx.place[:0], table, key...)
	return tx.db.seal.open(tx.place, b)
}

// fromTime and toTime map the zero time to NULL.
func fromTime(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func toTime(v driver.Value) time.Time {
	n, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func number(n int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// limit maps 0 to no limit.
func limit(n int) int64 {
	if n <= 0 {
		return -1
	}
	return int64(n)
}

// prefixEnd returns the smallest string greater than every string that has the prefix.
func prefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return "\xff\xff\xff\xff"
}
