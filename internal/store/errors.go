package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that nothing is stored under the name asked for.
	ErrNotFound = errors.New("store: not found")
	// ErrExists says that a name that must be new is taken.
	ErrExists = errors.New("store: exists already")
	// ErrConflict says that the thing changed since it was read, or that somebody
	// else holds it.
	ErrConflict = errors.New("store: changed by someone else")
	// ErrReadOnly says that a snapshot, or a store opened read-only, was written to.
	ErrReadOnly = errors.New("store: opened for reading only")
	// ErrClosed says that the database was closed or its environment removed.
	ErrClosed = errors.New("store: closed")
	// ErrBusy says that a copy of the folder is being made already.
	ErrBusy = errors.New("store: a copy is being made")
	// ErrTooLarge says that what was asked for is more than the caller takes.
	ErrTooLarge = errors.New("store: too large")
	// ErrCorrupt says that a stored payload is not what was written at its place.
	ErrCorrupt = errors.New("store: payload damaged or not from this place")
)

// LockedError says that another process owns the data folder.
type LockedError struct {
	Dir string
	PID int // 0 if the owner left no number
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the data folder %s is in use by %s: stop it first, or choose another folder with --data", e.Dir, who)
}

// NewerSchemaError says that a newer build wrote the database.
type NewerSchemaError struct {
	Path        string
	Found, Have int // schema numbers: of the file, and the newest this build knows
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("database %s has schema %d, this build knows %d at most: start the build that wrote it, or a newer one", e.Path, e.Found, e.Have)
}

// KeyError says that the root key cannot be used.
type KeyError struct {
	Path   string
	Reason string // what is wrong and what to do
	Cause  error
}

func (e *KeyError) Error() string { return fmt.Sprintf("root key %s: %s", e.Path, e.Reason) }

func (e *KeyError) Unwrap() error { return e.Cause }
