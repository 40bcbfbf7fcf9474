package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"isle/internal/arm"
	"isle/internal/backup"
	"isle/internal/store"
)

// Who may take a backup, and who may put one back, which replaces the role assignments
// too.
const (
	backupAction  = "Isle/backup/action"
	restoreAction = "Microsoft.Authorization/restore/action"
)

// ErrRestored is what ends a server that a backup was put back on: started again, it
// serves what was restored.
var ErrRestored = errors.New("a backup was restored")

// keyFile is where the root key lies.
func (s *Server) keyFile() string {
	if s.config.KeyFile != "" {
		return s.config.KeyFile
	}
	return filepath.Join(s.config.Data, "root.key")
}

// serveBackup answers POST /backup with an archive of everything as it is now. One that
// fails on its way is cut off, and so no archive.
func (s *Server) serveBackup(w http.ResponseWriter, r *http.Request) error {
	operator, err := os.ReadFile(filepath.Join(s.config.Data, OperatorFile))
	if err != nil {
		return err
	}
	out := &firstWrite{ResponseWriter: w}
	err = backup.Write(r.Context(), out, s.store, map[string][]byte{OperatorFile: operator})
	switch {
	case err == nil:
		return nil
	case out.begun:
		s.log.Error("backup", "error", err)
		panic(http.ErrAbortHandler)
	case errors.Is(err, store.ErrBusy):
		return arm.Conflict("BackupInProgress", "", "A backup is being made already. Try again when it is done.")
	}
	return err
}

// firstWrite is an answer that can still be another one until something is written.
type firstWrite struct {
	http.ResponseWriter
	begun bool
}

func (w *firstWrite) Write(p []byte) (int, error) {
	if !w.begun {
		w.begun = true
		w.Header().Set("Content-Type", "application/x-tar")
	}
	return w.ResponseWriter.Write(p)
}

// serveRestore answers POST /restore: it takes an archive whole, and then ends this
// server with ErrRestored, so that the next start serves what is in it.
func (s *Server) serveRestore(w http.ResponseWriter, r *http.Request) error {
	if !s.restoring.CompareAndSwap(false, true) {
		return arm.Conflict("RestoreInProgress", "", "A backup is being restored already.")
	}
	replaced, manifest, err := backup.Stage(r.Context(), r.Body, s.config.Data, s.keyFile(), "", s.config.Clock())
	if err != nil {
		s.restoring.Store(false)
		return restoreFault(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusAccepted)
	err = json.NewEncoder(w).Encode(Restored{Made: manifest.Made, Replaced: replaced})
	s.log.Warn("a backup is put back", "made", manifest.Made, "replaced", replaced, "told", err == nil)
	s.failed <- ErrRestored
	return nil
}

// Restored is what POST /restore answers.
type Restored struct {
	Made     time.Time `json:"made"`     // when the archive was, UTC
	Replaced string    `json:"replaced"` // the folder, in the data folder, that keeps what was there before
}

func restoreFault(err error) error {
	key, isKey := errors.AsType[*store.KeyError](err)
	newer, isNewer := errors.AsType[*backup.NewerError](err)
	switch {
	case isKey:
		return arm.Invalid("WrongRootKey", "", "The archive was not sealed with this server's root key: it %s. Or stop the server, and restore with --root-key or --key-file.", key.Reason)
	case isNewer:
		return arm.Invalid("NewerBackup", "", "Nothing was changed: %s.", newer)
	case errors.Is(err, backup.ErrNoArchive):
		return arm.Invalid("InvalidBackup", "", "Nothing was changed: %s.", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT): // it lies beside what it replaces
		return &store.UnavailableError{Fault: store.FaultFull, Cause: err}
	}
	return err
}
