// Package backup makes an archive of a data folder while its server works, and brings
// one back.
//
// An archive is a tar file: manifest.json first, then the folder's files as
// [store.Store.Snapshot] gives them and what the caller adds, at the end sums.json with
// the length and SHA-256 of each. An archive without sums.json is cut short, and
// refused. What is in it is sealed as it was stored: the root key is not, without which
// an archive is of no use to anyone. [Extract] trusts nothing in an archive before its sum is
// checked, and never writes outside the folder it is given.
//
// [Swap] puts an extracted folder in the place of another one in steps that a crash may
// interrupt anywhere: the next call ends what was begun.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"isle/internal/store"
)

const (
	manifestName = "manifest.json"
	sumsName     = "sums.json"
	format       = 1
	listLimit    = 1 << 30 // bytes of sums.json
)

// ErrNoArchive says that a file is no archive of [Write], or not all of one.
var ErrNoArchive = errors.New("no whole archive of isle backup")

// NewerError says that a newer build made an archive.
type NewerError struct {
	What        string // "format" of the archive, or "schema" of a database in it
	Found, Have int    // its number, and the newest this build knows
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer build made the archive: it has %s %d, this build knows %d at most; restore it with the build that made it, or a newer one", e.What, e.Found, e.Have)
}

// Manifest tells what an archive is.
type Manifest struct {
	Format int       `json:"format"`
	Made   time.Time `json:"made"` // UTC
}

// sum is what sums.json says about a file.
type sum struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// Write writes an archive of the store to w, and beside its files those in more, each
// sealed with the root key under its name plus ".sealed". When it returns nil the archive is whole.
func Write(ctx context.Context, w io.Writer, s *store.Store, more map[string][]byte) error {
	a := &archive{tar: tar.NewWriter(w), made: s.Now().UTC(), sums: map[string]sum{}}
	if err := a.putJSON(manifestName, Manifest{Format: format, Made: a.made}); err != nil {
		return err
	}
	for name, plain := range more {
		if err := a.putBytes(name+sealedSuffix, s.SealFile(name, plain)); err != nil {
			return err
		}
	}
	if err := s.Snapshot(ctx, a.put); err != nil {
		return err
	}
	if err := a.putJSON(sumsName, a.sums); err != nil {
		return err
	}
	return a.tar.Close()
}

const sealedSuffix = ".sealed"

type archive struct {
	tar  *tar.Writer
	made time.Time
	sums map[string]sum // of what is in it so far
}

func (a *archive) put(name string, size int64, content io.Reader) error {
	err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.made.Truncate(time.Second)})
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(a.tar, h), content)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("%s: %d bytes instead of %d", name, n, size)
	}
	a.sums[name] = sumOf(n, h)
	return nil
}

func sumOf(size int64, h hash.Hash) sum {
	return sum{Size: size, SHA256: hex.EncodeToString(h.Sum(nil))}
}

func (a *archive) putBytes(name string, content []byte) error {
	return a.put(name, int64(len(content)), bytes.NewReader(content))
}

func (a *archive) putJSON(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.putBytes(name, text)
}
