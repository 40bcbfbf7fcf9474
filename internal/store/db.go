package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

const maxReaders = 4

// DB is one database. Safe for concurrent use.
type DB struct {
	store    *Store
	name     string // "control", or the environment's id
	dir      string // of the database file and its contents
	path     string
	mode     string // how readers open the file
	readOnly bool
	epoch    int64
	seal     *sealer
	lookup   *lookup      // nil for the control database
	words    *Words       // likewise
	ended    atomic.Int64 // the last number given to a run that ended; the writer adds
	contents contents
	health   health
	writer   *writer    // nil if readOnly
	readers  chan *conn // idle ones and nils that stand for connections not opened yet

	closing sync.Once
	closed  chan struct{}
}

// Name is "control", or the environment's id.
func (d *DB) Name() string { return d.name }

// Owner names this process on the runs and tasks it claims.
func (d *DB) Owner() string { return d.store.options.Owner }

// Epoch counts the openings of this database for writing: what carries a smaller
// number was left by a process that is gone.
func (d *DB) Epoch() int64 { return d.epoch }

func (s *Store) openDB(name, dir, kind string, migrations []string) (*DB, error) {
	file := "data.db"
	if kind == "control" {
		file = "control.db"
	}
	d := &DB{store: s, name: name, dir: dir, path: filepath.Join(dir, file), mode: "rw", readOnly: s.options.ReadOnly,
		readers: make(chan *conn, maxReaders), closed: make(chan struct{})}
	for range maxReaders {
		d.readers <- nil
	}
	d.contents.init(filepath.Join(dir, "contents"))
	var err error
	if d.readOnly {
		err = d.openReading(kind, len(migrations))
	} else {
		err = d.openWriting(kind, migrations)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// openReading opens the file of a stopped server. The shared lock on the folder
// keeps writers away, so a database without a log is immutable, which SQLite then
// reads without making files beside it.
func (d *DB) openReading(kind string, newest int) error {
	if _, err := os.Stat(d.path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: database %s", ErrNotFound, d.name)
	}
	d.mode = "ro"
	if log, err := os.Stat(d.path + "-wal"); err != nil || log.Size() == 0 {
		d.mode = "immutable"
	}
	c, err := openConn(d.path, d.mode)
	if err != nil {
		return err
	}
	row, err := c.schema()
	if err == nil && row.version == 0 {
		err = fmt.Errorf("%w: database %s is empty", ErrNotFound, d.name)
	}
	if err == nil {
		err = row.check(d.path, kind, newest)
	}
	if err == nil && row.version < newest {
		err = fmt.Errorf("database %s has schema %d, this build needs %d: start the server once to bring it up to date", d.path, row.version, newest)
	}
	if err == nil {
		d.epoch = row.epoch
		d.seal, err = c.readKeys(d.store.root, d.name)
	}
	if err == nil && kind == "environment" {
		var key []byte
		if key, err = c.readLookupKey(d.seal); err == nil {
			d.lookup = newLookup(key)
			d.words = newWords(d)
		}
	}
	return errors.Join(err, c.close())
}

func (d *DB) openWriting(kind string, migrations []string) error {
	_, err := os.Stat(d.path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	if err := touch(d.path); err != nil {
		return err
	}
	c, err := openConn(d.path, "rw")
	if err != nil {
		return err
	}
	if err := d.prepare(c, kind, migrations); err != nil {
		return errors.Join(err, c.close())
	}
	if fresh {
		if err := errors.Join(SyncFolder(d.dir), SyncFolder(filepath.Dir(d.dir))); err != nil {
			return errors.Join(err, c.close())
		}
	}
	if kind == "environment" {
		d.words = newWords(d)
		if err := d.countEnded(c); err != nil {
			return errors.Join(err, c.close())
		}
	}
	d.writer = newWriter(d, c)
	return nil
}

// countEnded finds the last number given to a run that ended. The newest may have been
// deleted: then the index knows it.
func (d *DB) countEnded(c *conn) error {
	return c.one(`SELECT max(finished) FROM runs`, func(v []driver.Value) error {
		last, _ := v[0].(int64)
		d.ended.Store(max(last, d.words.cursor()))
		return nil
	})
}

// prepare migrates, counts the epoch and adds a data key, in one commit.
func (d *DB) prepare(c *conn, kind string, migrations []string) error {
	row, err := c.schema()
	if err != nil {
		return fmt.Errorf("database %s: %w", d.path, err)
	}
	if err := row.check(d.path, kind, len(migrations)); err != nil {
		return err
	}
	if err := c.script(pragmasOfFile + pragmasOfWriter + `BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("database %s: %w", d.path, err)
	}
	d.epoch, err = c.migrate(row, kind, migrations)
	if err == nil {
		d.seal, err = c.readKeys(d.store.root, d.name)
	}
	if err == nil {
		err = c.addKey(d.seal, d.store.root, d.name)
	}
	if err == nil && kind == "environment" {
		d.lookup, err = c.addLookupKey(d.seal)
	}
	if err == nil {
		err = c.script(`COMMIT`)
	}
	return err
}

// Write runs fn inside a transaction and returns after the commit is durable. An
// error of fn undoes what this call did and is returned; so is a failed commit. If ctx
// ends before fn has begun, nothing happens; after that it is no longer looked at,
// so that the answer is always the truth. [*UnavailableError]: the database cannot be
// written for now. Calls run one after another, many of them
// in one commit. A panic of fn undoes the call and goes on in the caller.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if d.readOnly {
		return ErrReadOnly
	}
	return unavailable(d.name, d.writer.do(ctx, fn))
}

// Read runs fn on a snapshot: it sees everything whose Write returned before, and
// nothing that changes while it runs. Writing methods answer ErrReadOnly.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	return unavailable(d.name, d.read(ctx, fn))
}

func (d *DB) read(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var c *conn
	select {
	case <-d.closed:
		return ErrClosed
	default:
	}
	select {
	case c = <-d.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.closed:
		return ErrClosed
	}
	defer func() { d.readers <- c }()
	if c == nil {
		opened, err := openConn(d.path, d.mode)
		if err != nil {
			return err
		}
		if err := opened.script(pragmasOfReader); err != nil {
			return errors.Join(err, opened.close())
		}
		c = opened
	}
	if _, err := c.run(`BEGIN`); err != nil {
		return err
	}
	defer c.run(`ROLLBACK`)
	return fn(&Tx{db: d, c: c})
}

// close waits for calls under way, and lets no new ones begin.
func (d *DB) close() (err error) {
	d.closing.Do(func() {
		close(d.closed)
		var errs []error
		for range maxReaders {
			if c := <-d.readers; c != nil {
				errs = append(errs, c.close())
			}
		}
		if d.writer != nil {
			errs = append(errs, d.writer.close())
		}
		errs = append(errs, d.words.close())
		err = errors.Join(errs...)
	})
	return err
}
