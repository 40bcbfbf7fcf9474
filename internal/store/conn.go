package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// conn is one SQLite connection with its prepared statements. It speaks to the
// driver directly: database/sql's pool, locks and reflection cost more than the
// statements themselves. Not safe for concurrent use.
type conn struct {
	raw        driver.Conn
	statements map[string]*statement
}

// prepared is what the driver's statements are.
type prepared interface {
	driver.StmtExecContext
	driver.StmtQueryContext
	Close() error
}

// statement is a prepared statement and the buffers of its arguments and columns.
type statement struct {
	exec prepared
	args []driver.NamedValue
	dest []driver.Value
	busy bool // its rows are being read
}

// openConn opens path. mode is "rwc", "ro" or "immutable".
func openConn(path, mode string) (*conn, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	query := "mode=" + mode
	if mode == "immutable" {
		query = "mode=ro&immutable=1"
	}
	name := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + query
	raw, err := new(sqlite.Driver).Open(name)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return &conn{raw: raw, statements: map[string]*statement{}}, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.exec.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// script runs statements that are not worth keeping prepared.
func (c *conn) script(sql string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

func (c *conn) prepare(sql string) (*statement, error) {
	if s := c.statements[sql]; s != nil && !s.busy {
		return s, nil
	}
	p, err := c.raw.Prepare(sql)
	if err != nil {
		return nil, err
	}
	s := &statement{exec: p.(prepared)}
	if c.statements[sql] == nil {
		c.statements[sql] = s
	}
	return s, nil
}

func (s *statement) bind(args []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

// forget closes the statements that name a table, so that it can be dropped.
func (c *conn) forget(table string) {
	for sql, s := range c.statements {
		if !s.busy && strings.Contains(sql, table+" ") {
			_ = s.exec.Close() // nothing hangs on it
			delete(c.statements, sql)
		}
	}
}

// run executes sql and returns how many rows it changed.
func (c *conn) run(sql string, args ...driver.Value) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	r, err := s.exec.ExecContext(context.Background(), s.bind(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls row for each row of the answer; the slice is reused, byte slices in
// it are the callee's to keep.
func (c *conn) query(sql string, row func([]driver.Value) error, args ...driver.Value) (err error) {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := s.exec.QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return err
	}
	s.busy = true
	defer func() {
		s.busy = false
		err = errors.Join(err, rows.Close())
		if c.statements[sql] != s {
			err = errors.Join(err, s.exec.Close())
		}
	}()
	if s.dest == nil {
		s.dest = make([]driver.Value, len(rows.Columns()))
	}
	for {
		if err := rows.Next(s.dest); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := row(s.dest); err != nil {
			return err
		}
	}
}

// one reads the single row that sql gives; ErrNotFound if there is none.
func (c *conn) one(sql string, row func([]driver.Value) error, args ...driver.Value) error {
	found := false
	err := c.query(sql, func(v []driver.Value) error {
		if found {
			return nil
		}
		found = true
		return row(v)
	}, args...)
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// touch creates an empty file that only its owner may read, so that SQLite gives
// the write-ahead log beside it the same mode.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
