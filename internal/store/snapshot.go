package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A snapshot is the whole folder as a crash at one moment would have left it: the
// writers of all databases stand still while a read transaction is begun on each, and
// go on while its pages are copied. A commit that was answered before is in it, in
// every database. What is sealed stays sealed; the root key is no part of it.
//
// The files of contents are copied after the databases that name them. Nothing is
// collected meanwhile, and the folder of an environment that is removed stays until
// the copy is done.

// Snapshot gives each file of a consistent copy to file: its name, relative to the
// data folder and with slashes, its size in bytes, and what is in it, of which exactly
// size bytes are to be read. Writers wait for milliseconds at the beginning, and for
// nothing afterwards. One copy is made at a time: a second one gets [ErrBusy].
func (s *Store) Snapshot(ctx context.Context, file func(name string, size int64, content io.Reader) error) error {
	if !s.copying.CompareAndSwap(false, true) {
		return ErrBusy
	}
	defer s.endSnapshot()
	copies, err := s.pin(ctx)
	defer func() {
		for _, c := range copies {
			c.close()
		}
	}()
	if err != nil {
		return err
	}
	for _, c := range copies {
		if err := c.copy(ctx, file); err != nil {
			return fmt.Errorf("copy database %s: %w", c.db.name, err)
		}
	}
	return nil
}

// endSnapshot removes what was kept for the copy only.
func (s *Store) endSnapshot() {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.copying.Store(false)
	if !s.options.ReadOnly {
		_ = s.sweep() // the next start tries again
	}
}

// pin begins a read transaction on every database while no writer works. The copies
// are the caller's to close, with an error too.
func (s *Store) pin(ctx context.Context) (copies []*databaseCopy, err error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	dbs := []*DB{s.control}
	for _, id := range s.Environments() {
		d, err := s.openEnvironment(id)
		if err != nil {
			return nil, err
		}
		dbs = append(dbs, d)
	}
	for _, d := range dbs {
		c, err := d.newCopy()
		if err != nil {
			return copies, err
		}
		copies = append(copies, c)
	}
	err = standStill(ctx, dbs, func() error {
		for _, c := range copies {
			if err := c.begin(); err != nil {
				return err
			}
		}
		return nil
	})
	return copies, err
}

// standStill runs fn while the writers of all databases wait.
func standStill(ctx context.Context, dbs []*DB, fn func() error) error {
	arrived, done := make(chan error), make(chan struct{})
	writers := 0
	for _, d := range dbs {
		if d.readOnly {
			continue
		}
		writers++
		go func() {
			entered := false
			err := d.Write(ctx, func(*Tx) error {
				entered = true
				arrived <- nil
				<-done
				return nil
			})
			if !entered {
				arrived <- err
			}
		}()
	}
	var errs []error
	for range writers {
		errs = append(errs, <-arrived)
	}
	defer close(done)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return fn()
}

// databaseCopy is one database, as it was when the copy began, on a connection of its
// own.
type databaseCopy struct {
	db    *DB
	c     *conn
	pages int64
	page  int64 // bytes
}

func (d *DB) newCopy() (*databaseCopy, error) {
	c, err := openConn(d.path, d.mode)
	if err != nil {
		return nil, err
	}
	if err := c.script(pragmasOfReader); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return &databaseCopy{db: d, c: c}, nil
}

func (c *databaseCopy) close() { _ = c.c.close() } // nothing was written

// begin begins the read transaction; its first statement takes the snapshot.
func (c *databaseCopy) begin() error {
	if _, err := c.c.run(`BEGIN`); err != nil {
		return err
	}
	number := func(sql string, n *int64) error {
		return c.c.one(sql, func(v []driver.Value) error { *n = v[0].(int64); return nil })
	}
	return errors.Join(number(`SELECT count(*) FROM schema`, new(int64)), number(`PRAGMA page_count`, &c.pages), number(`PRAGMA page_size`, &c.page))
}

func (c *databaseCopy) copy(ctx context.Context, file func(string, int64, io.Reader) error) error {
	folder, err := filepath.Rel(c.db.store.dir, c.db.dir)
	if err != nil {
		return err
	}
	folder = filepath.ToSlash(folder)
	content, stop := c.read(ctx)
	err = file(path.Join(folder, filepath.Base(c.db.path)), c.pages*c.page, content)
	stop()
	if err != nil || c.db.name == c.db.store.control.name {
		return err
	}
	return c.contents(func(name string) error { return c.copyContent(ctx, folder, name, file) })
}

// read is the database's file, page by page. stop must be called in the end.
func (c *databaseCopy) read(ctx context.Context) (content io.Reader, stop func()) {
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := c.c.query(`SELECT data FROM sqlite_dbpage`, func(v []driver.Value) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err := w.Write(v[0].([]byte))
			return err
		})
		w.CloseWithError(err) // nil is the end
	}()
	return r, func() {
		r.Close()
		<-done
	}
}

// contents calls fn with the name of each content's file.
func (c *databaseCopy) contents(fn func(name string) error) error {
	return c.c.query(`SELECT file FROM contents`, func(v []driver.Value) error { return fn(v[0].(string)) })
}

func (c *databaseCopy) copyContent(ctx context.Context, folder, name string, file func(string, int64, io.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(c.db.contents.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) { // the environment is being removed
		f, err = os.Open(filepath.Join(c.db.dir+removedMark, "contents", filepath.FromSlash(name)))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return file(path.Join(folder, "contents", name), info.Size(), f)
}

// SealFile seals what lies beside the databases under the root key, for a copy of the
// folder; the name is part of it.
func (s *Store) SealFile(name string, plain []byte) []byte {
	return s.root.seal(filePlace(name), plain)
}

// OpenSealedFile opens what [Store.SealFile] made, with the root key in keyFile. Another
// key gives a [*KeyError].
func OpenSealedFile(keyFile, name string, sealed []byte) ([]byte, error) {
	key, err := readRootKey(filepath.Dir(keyFile), Options{KeyFile: keyFile, ReadOnly: true}, false)
	if errors.Is(err, fs.ErrNotExist) { // no database of a folder waits for it
		return nil, &KeyError{Path: keyFile, Reason: "is missing", Cause: err}
	}
	if err != nil {
		return nil, err
	}
	plain, err := key.open(filePlace(name), sealed)
	if err != nil {
		return nil, &KeyError{Path: keyFile, Reason: "is not the key that " + name + " was sealed with: name that key", Cause: err}
	}
	return plain, nil
}

func filePlace(name string) []byte { return appendPlace(nil, "files", name) }

// Verify opens each database of a folder that no process uses, with the root key in
// keyFile, and says what would keep a server from starting on it.
func Verify(ctx context.Context, dir, keyFile string) error {
	root, err := readRootKey(dir, Options{KeyFile: keyFile, ReadOnly: true}, false)
	if err != nil {
		return err
	}
	s := &Store{dir: dir, options: Options{ReadOnly: true}, root: root}
	errs := []error{verifyDatabase(root, filepath.Join(dir, "control.db"), "control", "control", len(controlMigrations()))}
	for _, id := range s.Environments() {
		if err := ctx.Err(); err != nil {
			return err
		}
		errs = append(errs, verifyDatabase(root, filepath.Join(s.folder(id), "data.db"), id, "environment", len(environmentMigrations())))
	}
	return errors.Join(errs...)
}

func verifyDatabase(root *rootKey, path, name, kind string, newest int) error {
	c, err := openConn(path, "immutable")
	if err != nil {
		return err
	}
	row, err := c.schema()
	if err == nil && row.version == 0 {
		err = fmt.Errorf("%w: database %s is empty", ErrNotFound, name)
	}
	if err == nil {
		err = row.check(path, kind, newest)
	}
	if err == nil {
		_, err = c.readKeys(root, name)
	}
	return errors.Join(err, c.close())
}
