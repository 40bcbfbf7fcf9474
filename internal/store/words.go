package store

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Words is the index of what an environment's runs hold: for each run a set of terms, and
// for a query the runs, newest start first, that hold all it asks for.
//
// It is a file of its own beside the database, words.db, with a writer of its own, so
// that no commit of a run waits for it, and it is derived: who loses or damages the file
// loses nothing, the index is then made anew. It remembers how far it has come, in the
// commit that indexes. Terms stand in it as [lookup.word] makes them of the lookup key:
// nobody reads them without it. What the file shows is how many terms a run has, which
// runs have one in common, how often each occurs and how long it is, and which ones
// begin alike.
//
// Runs are spread over shards by start, of about shardSize runs each: an SQLite FTS5
// table without the texts. So what a query does in one of them is bounded, and between
// them it can stop and go on with the next page. A shard that is empty again is dropped.
// Safe for concurrent use.
type Words struct {
	db   *DB
	path string
	full int64        // documents of a shard from which on a new one is begun
	at   atomic.Int64 // the cursor that is durable

	mu     sync.Mutex // guards what follows, and holds one writer at a time
	c      *conn      // the writer's; nil: there is no file yet
	closed bool
	forms  map[string]string // of the words met lately: most runs have most words in common

	reading sync.Mutex // guards idle
	idle    []*conn    // readers that nobody uses
}

const (
	wordsVersion = 1
	shardSize    = 16_000
	// documentBits leaves room for that many runs of one millisecond: the number of a
	// document is its start in milliseconds and what tells it from others.
	documentBits = 12
	wordsPragmas = `PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 16777216; PRAGMA busy_timeout = 5000;`
	wordsSchema  = `
CREATE TABLE state (
	only    INTEGER PRIMARY KEY CHECK (only = 1),
	version INTEGER NOT NULL,
	mark    TEXT NOT NULL,    -- of the lookup key
	cursor  INTEGER NOT NULL  -- runs.finished of the last run that is indexed
);
CREATE TABLE documents (
	doc     INTEGER PRIMARY KEY, -- sorts by start
	run     INTEGER NOT NULL UNIQUE, -- runs.id
	started INTEGER NOT NULL
);
CREATE TABLE shards (
	number    INTEGER PRIMARY KEY AUTOINCREMENT,
	first     INTEGER NOT NULL UNIQUE, -- its documents are from here to the next shard
	documents INTEGER NOT NULL
);
INSERT INTO shards (first, documents) VALUES (0, 0);
`
)

// newWords opens the index if there is one that belongs to the database. One that
// cannot be used is removed, unless the folder is read only.
func newWords(d *DB) *Words {
	w := &Words{db: d, path: filepath.Join(d.dir, "words.db"), full: shardSize}
	if _, err := os.Stat(w.path); errors.Is(err, fs.ErrNotExist) {
		return w
	}
	mode := "rw"
	if d.readOnly {
		mode = w.readMode()
	}
	c, err := openConn(w.path, mode)
	if err == nil {
		if err = w.check(c); err != nil {
			err = errors.Join(err, c.close())
		}
	}
	switch {
	case err == nil && d.readOnly:
		w.idle = append(w.idle, c)
	case err == nil:
		w.c = c
	case !d.readOnly:
		w.remove()
	}
	return w
}

// readMode is how the file of a stopped server is read, see [DB.openReading].
func (w *Words) readMode() string {
	if log, err := os.Stat(w.path + "-wal"); err != nil || log.Size() == 0 {
		return "immutable"
	}
	return "ro"
}

func (w *Words) remove() {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(w.path + suffix) // what stays is found again
	}
}

// check reads the state of a file: an error means that it is not the index of this
// database.
func (w *Words) check(c *conn) error {
	pragmas := wordsPragmas
	if w.db.readOnly {
		pragmas = pragmasOfReader
	}
	if err := c.script(pragmas); err != nil {
		return err
	}
	return c.one(`SELECT version, mark, cursor FROM state`, func(v []driver.Value) error {
		if v[0].(int64) != wordsVersion || v[1].(string) != w.db.lookup.mark() {
			return fmt.Errorf("%w: %s is of another database", ErrCorrupt, w.path)
		}
		w.at.Store(v[2].(int64))
		return nil
	})
}

// mark tells lookup keys apart.
func (l *lookup) mark() string { return hex.EncodeToString(l.substitute("mark of the key"))[:16] }

// Cursor is the Number of the last ended run that the index holds.
func (w *Words) Cursor() int64 { return w.cursor() }

func (w *Words) cursor() int64 {
	if w == nil {
		return 0
	}
	return w.at.Load()
}

// open gives the writer's connection and makes the file on first use. Callers hold mu.
func (w *Words) open() (*conn, error) {
	switch {
	case w.db.readOnly:
		return nil, ErrReadOnly
	case w.closed:
		return nil, ErrClosed
	case w.c != nil:
		return w.c, nil
	}
	if err := touch(w.path); err != nil {
		return nil, err
	}
	c, err := openConn(w.path, "rw")
	if err != nil {
		return nil, err
	}
	err = c.script(pragmasOfFile + wordsPragmas + `BEGIN IMMEDIATE;` + wordsSchema)
	if err == nil {
		_, err = c.run(`INSERT INTO state (only, version, mark, cursor) VALUES (1, ?, ?, 0)`, int64(wordsVersion), w.db.lookup.mark())
	}
	if err == nil {
		err = newShard(c, 1)
	}
	if err == nil {
		err = c.script(`COMMIT`)
	}
	if err != nil {
		err = errors.Join(err, c.close())
		w.remove()
		return nil, err
	}
	w.c = c
	return c, nil
}

func shardTable(number int64) string { return "words_" + strconv.FormatInt(number, 10) }

func newShard(c *conn, number int64) error {
	return c.script(`CREATE VIRTUAL TABLE ` + shardTable(number) + ` USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii')`)
}

// write runs fn in a transaction of the index.
func (w *Words) write(fn func(c *conn) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.open()
	if err != nil {
		return err
	}
	if _, err := c.run(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	if err = fn(c); err == nil {
		_, err = c.run(`COMMIT`)
	}
	if err != nil {
		_, _ = c.run(`ROLLBACK`) // SQLite may have done so already
	}
	return err
}

// read runs fn on a snapshot of the index; none says that there is no index yet.
func (w *Words) read(ctx context.Context, fn func(c *conn) error) (none bool, err error) {
	c, err := w.reader(ctx)
	if c == nil || err != nil {
		return err == nil, err
	}
	if _, err = c.run(`BEGIN`); err == nil {
		err = fn(c)
		_, _ = c.run(`ROLLBACK`)
	}
	w.reading.Lock()
	defer w.reading.Unlock()
	if err != nil || len(w.idle) >= maxReaders || w.idleClosed() {
		return false, errors.Join(err, c.close())
	}
	w.idle = append(w.idle, c)
	return false, nil
}

func (w *Words) idleClosed() bool {
	select {
	case <-w.db.closed:
		return true
	default:
		return false
	}
}

// reader is a connection for reading; nil if there is no file.
func (w *Words) reader(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.reading.Lock()
	defer w.reading.Unlock()
	if w.idleClosed() {
		return nil, ErrClosed
	}
	if n := len(w.idle); n > 0 {
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return c, nil
	}
	if w.cursor() == 0 { // nothing is indexed, or there is no usable file
		return nil, nil
	}
	mode := "rw"
	if w.db.readOnly {
		mode = w.readMode()
	}
	c, err := openConn(w.path, mode)
	if err == nil {
		if err = c.script(pragmasOfReader); err != nil {
			err = errors.Join(err, c.close())
		}
	}
	return c, err
}

// close ends the connections; readers under way end theirs.
func (w *Words) close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading.Lock()
	defer w.reading.Unlock()
	w.closed = true
	var errs []error
	for _, c := range w.idle {
		errs = append(errs, c.close())
	}
	w.idle = nil
	if w.c != nil {
		errs = append(errs, w.c.close())
		w.c = nil
	}
	return errors.Join(errs...)
}

// Document is what is to be found of one run.
type Document struct {
	Run   int64 // Run.ID
	Start time.Time
	Terms []Term // each once
}

// TermKind keeps terms of different meaning apart.
type TermKind byte

// The kinds of terms. They are part of the stored form: never change one.
const (
	TermWord     TermKind = 'w' // of inputs, outputs and tracked properties
	TermTracked  TermKind = 't' // a tracked property: name, 0, value
	TermFailure  TermKind = 'f' // error code of an action
	TermWorkflow TermKind = 'o' // flow id
	TermStatus   TermKind = 's'
	TermError    TermKind = 'e' // error code of the run
	TermTracking TermKind = 'c' // client tracking id
)

// Term is something a run can be found by. Its text is compared as it is: who folds
// letter case does so before.
type Term struct {
	Kind TermKind
	Text string
}

func (t Term) plain() string { return string(rune(t.Kind)) + t.Text }
