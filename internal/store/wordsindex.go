package store

import (
	"database/sql/driver"
	"slices"
	"strings"
)

// Index replaces what the index holds of the runs, and moves the cursor, in one
// commit. Documents of runs that are not given stay.
func (w *Words) Index(documents []Document, cursor int64) error {
	// FTS5 gathers what comes in ascending order.
	documents = slices.SortedStableFunc(slices.Values(documents), func(a, b Document) int { return a.Start.Compare(b.Start) })
	err := w.write(func(c *conn) error {
		for _, d := range documents {
			if err := w.replace(c, d); err != nil {
				return err
			}
		}
		_, err := c.run(`UPDATE state SET cursor = ?`, cursor)
		return err
	})
	if err == nil {
		w.at.Store(cursor)
	}
	return err
}

// Forget removes the runs from the index: it is no error if it does not hold them. A run
// whose number was given to another one meanwhile, with another start, stays.
func (w *Words) Forget(purged []Purged) error {
	if w.cursor() == 0 || len(purged) == 0 {
		return nil
	}
	err := w.write(func(c *conn) error {
		for _, p := range purged {
			if err := w.forget(c, `run = ? AND started = ?`, p.Run, p.Start.UnixNano()); err != nil {
				return err
			}
		}
		return w.dropShards(c)
	})
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.c != nil {
			err = w.c.script(`PRAGMA incremental_vacuum(2000)`)
		}
	}
	return err
}

func (w *Words) replace(c *conn, d Document) error {
	if err := w.forget(c, `run = ?`, d.Run); err != nil {
		return err
	}
	doc, err := freeDocument(c, documentAt(d.Start.UnixMilli()))
	if err != nil {
		return err
	}
	shard, err := shardFor(c, doc, w.full)
	if err != nil {
		return err
	}
	if _, err := c.run(`INSERT INTO documents (doc, run, started) VALUES (?, ?, ?)`, doc, d.Run, d.Start.UnixNano()); err != nil {
		return err
	}
	if _, err := c.run(`UPDATE shards SET documents = documents + 1 WHERE number = ?`, shard); err != nil {
		return err
	}
	var text strings.Builder
	for i, t := range d.Terms {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(w.form(t.plain()))
	}
	_, err = c.run(`INSERT INTO `+shardTable(shard)+` (rowid, terms) VALUES (?, ?)`, doc, text.String())
	return err
}

// maxForms bounds the forms that are kept, each of a word of at most maxWord bytes: longer
// ones are seldom met again.
const maxForms = 10_000

// form is the word as the index has it. Callers hold mu.
func (w *Words) form(plain string) string {
	if len(plain) > maxWord {
		return w.db.lookup.word(plain)
	}
	form, ok := w.forms[plain]
	if !ok {
		if w.forms == nil || len(w.forms) >= maxForms {
			w.forms = make(map[string]string)
		}
		form = w.db.lookup.word(plain)
		w.forms[plain] = form
	}
	return form
}

func documentAt(milliseconds int64) int64 { return max(milliseconds, 0) << documentBits }

// freeDocument is the first number from base on that no run has, such that later ones
// of the same time come behind it.
func freeDocument(c *conn, base int64) (int64, error) {
	const room = 1 << documentBits
	for {
		last := base - 1
		if err := c.one(`SELECT max(doc) FROM documents WHERE doc >= ? AND doc < ?`, func(v []driver.Value) error {
			if n, ok := v[0].(int64); ok {
				last = n
			}
			return nil
		}, base, base+room); err != nil {
			return 0, err
		}
		if last+1 < base+room {
			return last + 1, nil
		}
		base += room
	}
}

// shardFor is the shard of a document. The newest one is left when it is full, for a
// new one of all that is newer.
func shardFor(c *conn, doc, full int64) (number int64, err error) {
	first, held := int64(0), int64(0)
	if err := c.one(`SELECT number, first, documents FROM shards WHERE first <= ? ORDER BY first DESC LIMIT 1`, func(v []driver.Value) error {
		number, first, held = v[0].(int64), v[1].(int64), v[2].(int64)
		return nil
	}, doc); err != nil || held < full {
		return number, err
	}
	newest := true
	if err := c.one(`SELECT max(doc) < ?, (SELECT max(first) = ? FROM shards) FROM documents`, func(v []driver.Value) error {
		newest = v[0] == int64(1) && v[1] == int64(1)
		return nil
	}, doc, first); err != nil || !newest {
		return number, err
	}
	if _, err := c.run(`INSERT INTO shards (first, documents) VALUES (?, 0)`, doc); err != nil {
		return 0, err
	}
	if err := c.one(`SELECT max(number) FROM shards`, func(v []driver.Value) error {
		number = v[0].(int64)
		return nil
	}); err != nil {
		return 0, err
	}
	return number, newShard(c, number)
}

// forget removes the document that the condition gives, if there is one.
func (w *Words) forget(c *conn, condition string, args ...driver.Value) error {
	doc := int64(0)
	if err := c.one(`SELECT doc FROM documents WHERE `+condition, func(v []driver.Value) error {
		doc = v[0].(int64)
		return nil
	}, args...); err == ErrNotFound {
		return nil
	} else if err != nil {
		return err
	}
	shard := int64(0)
	if err := c.one(`SELECT number FROM shards WHERE first <= ? ORDER BY first DESC LIMIT 1`, func(v []driver.Value) error {
		shard = v[0].(int64)
		return nil
	}, doc); err != nil {
		return err
	}
	for _, sql := range []string{`DELETE FROM ` + shardTable(shard) + ` WHERE rowid = ?`, `DELETE FROM documents WHERE doc = ?`} {
		if _, err := c.run(sql, doc); err != nil {
			return err
		}
	}
	_, err := c.run(`UPDATE shards SET documents = documents - 1 WHERE number = ?`, shard)
	return err
}

// dropShards drops the shards that hold nothing any more; the first and the newest stay,
// for what comes.
func (w *Words) dropShards(c *conn) error {
	var empty []int64
	if err := c.query(`SELECT number FROM shards WHERE documents = 0 AND first > 0 AND first < (SELECT max(first) FROM shards)`, func(v []driver.Value) error {
		empty = append(empty, v[0].(int64))
		return nil
	}); err != nil {
		return err
	}
	for _, number := range empty {
		c.forget(shardTable(number))
		if err := c.script(`DROP TABLE ` + shardTable(number)); err != nil {
			return err
		}
		if _, err := c.run(`DELETE FROM shards WHERE number = ?`, number); err != nil {
			return err
		}
	}
	return nil
}
