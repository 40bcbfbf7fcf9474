package store

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Fault is why a database cannot be used for now, from outside of it.
type Fault string

const (
	FaultFull    Fault = "full"    // the disk has no room
	FaultLocked  Fault = "locked"  // another program holds a lock on the file
	FaultFailing Fault = "failing" // reading or writing the disk fails
	FaultSlow    Fault = "slow"    // a commit takes longer than it should
)

// UnavailableError says that a database could not be written or read, for a reason
// that may pass: nothing was changed, and the same call may go well later.
type UnavailableError struct {
	Database string // its name
	Fault    Fault
	Cause    error // may be nil
}

func (e *UnavailableError) Error() string {
	text := fmt.Sprintf("database %s: %s", e.Database, e.Advice())
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *UnavailableError) Unwrap() error { return e.Cause }

// Advice says what is wrong and what to do, without names of files.
func (e *UnavailableError) Advice() string {
	switch e.Fault {
	case FaultFull:
		return "The disk of the data folder is full. Free some of it; the server then goes on by itself."
	case FaultLocked:
		return "Another program holds a lock on the database file. End it, such as a database browser or a backup tool; the server then goes on by itself."
	case FaultSlow:
		return "The disk of the data folder is slow: a commit is not finished after seconds. Find out what keeps the disk busy; the server goes on by itself."
	}
	return "The disk of the data folder cannot be read or written. Check the disk and its permissions; the server then goes on by itself."
}

// Unavailable says that an error is an UnavailableError. Who opened the store hears of
// those by Options.Observe, once for all whom they fail.
func Unavailable(err error) bool {
	_, ok := errors.AsType[*UnavailableError](err)
	return ok
}

// unavailable makes an UnavailableError of an error that means one; others stay as
// they are.
func unavailable(database string, err error) error {
	if err == nil || Unavailable(err) {
		return err
	}
	fault := faultOf(err)
	if fault == "" {
		return err
	}
	return &UnavailableError{Database: database, Fault: fault, Cause: err}
}

func faultOf(err error) Fault {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return FaultFull
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
			return FaultLocked
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return FaultFailing
		}
		return ""
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		switch e {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
			return FaultFull
		case syscall.EIO, syscall.EROFS, syscall.EMFILE, syscall.ENFILE:
			return FaultFailing
		}
	}
	return ""
}
