package store

import (
	"database/sql/driver"
	"fmt"

	"isle/engine"
)

// Row is one or more records of a run's scope, in the engine's form. Its payload is
// sealed.
type Row = engine.Row

// AppendRows appends records to a run; ErrNotFound if there is none.
func (tx *Tx) AppendRows(run string, rows []Row) error {
	if !tx.writable {
		return ErrReadOnly
	}
	id, err := tx.runID(run)
	if err != nil {
		return fmt.Errorf("run %s: %w", run, err)
	}
	for _, r := range rows {
		seq, err := tx.nextID(&tx.records, `SELECT max(seq) FROM records`)
		if err != nil {
			return err
		}
		payload := tx.seal(r.Payload, "records", number(seq), number(id), r.Scope)
		if _, err := tx.exec(`INSERT INTO records (seq, run, scope, payload) VALUES (?, ?, ?, ?)`, seq, id, r.Scope, payload); err != nil {
			return err
		}
	}
	return nil
}

// nextID counts rows on. Numbers of calls that were undone stay unused.
func (tx *Tx) nextID(last *int64, sql string) (int64, error) {
	if *last == 0 {
		if err := tx.one(sql, func(v []driver.Value) error {
			*last, _ = v[0].(int64)
			return nil
		}); err != nil {
			return 0, err
		}
	}
	*last++
	return *last, nil
}

// Rows reads the records of the scopes given, of all if none is given: scope by
// scope, within one in the order of appending. A run that is not there has none.
func (tx *Tx) Rows(run string, scopes ...string) ([]Row, error) {
	id, err := tx.runID(run)
	if err == ErrNotFound {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if len(scopes) == 0 {
		return tx.rowsWhere(nil, id, `run = ?`, id)
	}
	var rows []Row
	for _, s := range scopes {
		if rows, err = tx.rowsWhere(rows, id, `run = ? AND scope = ?`, id, s); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// RowsUnder reads the records of a scope and of all scopes inside it, in the order
// of Rows.
func (tx *Tx) RowsUnder(run, scope string) ([]Row, error) {
	if scope == "" {
		return tx.Rows(run)
	}
	rows, err := tx.Rows(run, scope)
	if err != nil || tx.run.name != run {
		return nil, err
	}
	return tx.rowsWhere(rows, tx.run.id, `run = ? AND scope > ? AND scope < ?`, tx.run.id, scope+"/", scope+"0")
}

// RowsWithin reads all records of a run as Rows does; ErrTooLarge if their payloads are
// more than so many bytes, of which hardly more are held in memory then.
func (tx *Tx) RowsWithin(run string, most int) ([]Row, error) {
	rows, err := tx.FirstRows(run, most+1)
	size := 0
	for i := range rows {
		size += len(rows[i].Payload)
	}
	if err == nil && size > most {
		return nil, fmt.Errorf("records of run %s: %w", run, ErrTooLarge)
	}
	return rows, err
}

func (tx *Tx) rowsWhere(rows []Row, run int64, condition string, args ...driver.Value) ([]Row, error) {
	err := tx.query(`SELECT seq, scope, payload FROM records WHERE `+condition+` ORDER BY scope, seq`, func(v []driver.Value) error {
		row, err := tx.scanRow(v, run)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	}, args...)
	return rows, err
}

// scanRow reads seq, scope and payload of a record of the run.
func (tx *Tx) scanRow(v []driver.Value, run int64) (Row, error) {
	seq, scope := v[0].(int64), v[1].(string)
	payload, err := tx.open(v[2], "records", number(seq), number(run), scope)
	if err != nil {
		return Row{}, fmt.Errorf("record %d: %w", seq, err)
	}
	return Row{Scope: scope, Payload: payload}, nil
}

// Scopes lists the scopes of a run that have records, sorted.
func (tx *Tx) Scopes(run string) ([]string, error) { return tx.ScopesUnder(run, "", "", 0) }

// ScopesUnder lists the scopes of a run that begin with a prefix, sorted, from the
// one behind after.
func (tx *Tx) ScopesUnder(run, prefix, after string, max int) ([]string, error) {
	id, err := tx.runID(run)
	if err == ErrNotFound {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	from := `scope > ?`
	if after == "" || after < prefix {
		from, after = `scope >= ?`, prefix
	}
	var scopes []string
	err = tx.query(`SELECT DISTINCT scope FROM records WHERE run = ? AND `+from+` AND scope < ? ORDER BY scope LIMIT ?`, func(v []driver.Value) error {
		scopes = append(scopes, v[0].(string))
		return nil
	}, id, after, prefixEnd(prefix), limit(max))
	return scopes, err
}
