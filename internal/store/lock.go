package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var errLocked = errors.New("locked")

// lock takes the folder's lock file: alone to own the folder, shared to look at it.
func lock(dir string, exclusive bool) (*os.File, error) {
	flags := os.O_RDONLY
	if exclusive {
		flags = os.O_RDWR | os.O_CREATE
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f, exclusive); err != nil {
		defer f.Close()
		if err == errLocked {
			return nil, &LockedError{Dir: dir, PID: lockOwner(f)}
		}
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	if exclusive {
		err = errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Own takes a data folder's lock for a process that opens nothing in it, until release is
// called. A folder that is taken gives a [*LockedError].
func Own(dir string) (release func() error, err error) {
	f, err := lock(dir, true)
	if err != nil {
		return nil, err
	}
	return f.Close, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func lockOwner(f *os.File) int {
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}
