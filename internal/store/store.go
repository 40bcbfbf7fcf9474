// Package store keeps what must survive a restart: resources, operations and
// settings in one control database, and for each environment a database of its own
// with runs, their records, trigger histories, tasks and the names of contents.
// Contents themselves, values above 64 KB, are files beside their database.
//
// What it promises:
//
//   - [DB.Write] returns nil only after the change is on disk. All of a call's
//     changes become visible together, or none does. Many calls share one flush.
//   - [DB.Read] sees one moment of the database and never waits for a writer.
//   - Every payload is encrypted and bound to its place: nothing that was put into a
//     Body, Head, Payload, Error, setting or content stands readable in any file, and a
//     payload that is moved to another row does not open.
//   - A folder belongs to one process. Owner and epoch on runs and tasks tell the
//     work of a process that is gone from the work of this one.
//
// What callers must do: keep functions given to Write short and free of I/O, as all
// writers of the database wait for them, and never call Write inside Write. Names,
// types, statuses, codes and client tracking ids are stored in plain, because they
// are searched for; secrets do not belong there.
//
// The stored form is behind this package: a suite that each implementation must
// pass is in storetest.
package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a store; the zero value is right for a server.
type Options struct {
	// KeyFile holds the root key (64 hexadecimal digits); "" is root.key in the
	// folder, made with mode 0600 on first start.
	KeyFile string
	// Clock is the time that everything above the store goes by; nil is time.Now.
	Clock func() time.Time
	// Owner names this process on runs and tasks; "" is a random name.
	Owner string
	// ReadOnly opens the folder of a stopped server; nothing in it is changed.
	ReadOnly bool
	// Prepare, unless nil, is called with the folder when this process owns it and has
	// opened nothing in it yet; not if ReadOnly.
	Prepare func(dir string) error
	// Observe, if set, is told of each commit, by the goroutine that makes it: it must be
	// quick and must not call Write.
	Observe func(Commit)
}

// Store is an open data folder. Safe for concurrent use.
type Store struct {
	dir     string
	options Options
	root    *rootKey
	lock    *os.File
	control *DB

	onTasks atomic.Pointer[func(*DB)]

	opening sync.Mutex  // held while a database is opened, closed or removed
	copying atomic.Bool // a snapshot is being taken: no content is collected; set false under opening

	mu           sync.RWMutex // guards what follows; never held while a database works
	environments map[string]*DB
	closed       bool
}

// Open opens the folder, makes it on first use, and takes its lock: another process
// that owns it gives a [*LockedError], a newer build's schema a [*NewerSchemaError], a
// root key that is missing or not the right one a [*KeyError].
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Owner == "" {
		o.Owner = hex.EncodeToString(randomBytes(8))
	}
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make data folder: %w", err)
		}
	}
	held, err := lock(dir, !o.ReadOnly)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a data folder: %w", dir, err)
	} else if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, options: o, lock: held, environments: map[string]*DB{}}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if s.options.Prepare != nil && !s.options.ReadOnly {
		if err := s.options.Prepare(s.dir); err != nil {
			return err
		}
	}
	path := filepath.Join(s.dir, "control.db")
	_, err = os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if s.root, err = readRootKey(s.dir, s.options, fresh); err != nil {
		return err
	}
	if !s.options.ReadOnly {
		if err := os.MkdirAll(filepath.Join(s.dir, "environments"), 0o700); err != nil {
			return fmt.Errorf("make data folder: %w", err)
		}
		if err := s.sweep(); err != nil {
			return err
		}
	}
	s.control, err = s.openDB("control", s.dir, "control", controlMigrations())
	return err
}

// Control is the database of resources, operations and settings.
func (s *Store) Control() *DB { return s.control }

// Now is the time of the store's clock.
func (s *Store) Now() time.Time { return s.options.Clock() }

// OnTasks makes the store call fn after each commit that put tasks. fn must not
// block. The last fn set counts.
func (s *Store) OnTasks(fn func(*DB)) { s.onTasks.Store(&fn) }

func (s *Store) tasksPut(d *DB) {
	if fn := s.onTasks.Load(); fn != nil {
		(*fn)(d)
	}
}

// Databases are those that are open, the control database first.
func (s *Store) Databases() []*DB {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []*DB{s.control}
	for _, id := range slices.Sorted(maps.Keys(s.environments)) {
		all = append(all, s.environments[id])
	}
	return all
}

// Shared is the environment of workflows that are in none.
const Shared = "shared"

var environmentID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(shared|[0-9a-f]{32})$`) })

// Environment opens the database of an environment (32 hexadecimal digits, or
// [Shared]) and makes it on first use; a store opened read-only answers ErrNotFound
// instead.
func (s *Store) Environment(ctx context.Context, id string) (*DB, error) {
	if d, err := s.opened(id); d != nil || err != nil {
		return d, err
	}
	if !environmentID().MatchString(id) {
		return nil, fmt.Errorf("store: %q is no environment id: 32 lower-case hexadecimal digits or %q", id, Shared)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	return s.openEnvironment(id)
}

// openEnvironment opens or makes the database. Callers hold opening.
func (s *Store) openEnvironment(id string) (*DB, error) {
	if d, err := s.opened(id); d != nil || err != nil {
		return d, err
	}
	d, err := s.openDB(id, s.folder(id), "environment", environmentMigrations())
	if err != nil {
		return nil, unavailable(id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.environments[id] = d
	return d, nil
}

// opened is the environment's database if it is open already.
func (s *Store) opened(id string) (*DB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	return s.environments[id], nil
}

func (s *Store) folder(id string) string { return filepath.Join(s.dir, "environments", id) }

// Environments lists the environments that have a database, sorted.
func (s *Store) Environments() []string {
	entries, _ := os.ReadDir(filepath.Join(s.dir, "environments"))
	var ids []string
	for _, e := range entries {
		if e.IsDir() && environmentID().MatchString(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	return ids
}

// Collect collects in every database: see [DB.Collect]. It returns how many files
// went.
func (s *Store) Collect(ctx context.Context) (int, error) {
	removed, err := s.control.Collect(ctx)
	errs := []error{err}
	for _, id := range s.Environments() {
		d, err := s.existing(id)
		if d != nil {
			var n int
			n, err = d.Collect(ctx)
			removed += n
		}
		if err != nil && !errors.Is(err, ErrClosed) { // closed: removed meanwhile
			errs = append(errs, fmt.Errorf("collect in environment %s: %w", id, err))
		}
	}
	return removed, errors.Join(errs...)
}

// existing is the environment's database, or nil if it was removed meanwhile.
func (s *Store) existing(id string) (*DB, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if _, err := os.Stat(s.folder(id)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s.openEnvironment(id)
}

const removedMark = ".removed"

// RemoveEnvironment deletes an environment's database and contents. Calls on its
// [*DB] answer ErrClosed from then on. It is no error if there is none.
func (s *Store) RemoveEnvironment(ctx context.Context, id string) error {
	if s.options.ReadOnly {
		return ErrReadOnly
	}
	if !environmentID().MatchString(id) {
		return fmt.Errorf("store: %q is no environment id", id)
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	d := s.environments[id]
	delete(s.environments, id)
	s.mu.Unlock()
	if d != nil {
		if err := d.close(); err != nil {
			return err
		}
	}
	// The name goes first, in one step: a crash leaves a whole database or none.
	gone := s.folder(id) + removedMark
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(s.folder(id), gone); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	err := SyncFolder(filepath.Dir(gone))
	if !s.copying.Load() { // else the copy's end sweeps it
		err = errors.Join(err, os.RemoveAll(gone))
	}
	return err
}

// sweep deletes what a crash left of removed environments.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "environments"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), removedMark) {
			if err := os.RemoveAll(filepath.Join(s.dir, "environments", e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close waits for the calls that are under way, closes all databases and gives the
// folder free.
func (s *Store) Close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	closed, open := s.closed, s.environments
	s.closed, s.environments = true, nil
	s.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, d := range open {
		errs = append(errs, d.close())
	}
	return errors.Join(append(errs, s.control.close(), s.lock.Close())...)
}
