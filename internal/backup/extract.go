package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"isle/internal/store"
)

// Extract writes an archive's files into a new folder, durable when it returns, and
// opens those that were sealed with the root key in keyFile. Nothing is left of an archive
// that is cut short, damaged or not one: the error is an [ErrNoArchive] that says what
// is wrong. Another root key gives a [*store.KeyError], an archive of a newer build a
// [*NewerError].
func Extract(ctx context.Context, r io.Reader, dir, keyFile string) (m Manifest, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return m, err
	}
	defer root.Close()
	e := &extraction{root: root, tar: tar.NewReader(r), sums: map[string]sum{}}
	if m, err = e.manifest(); err != nil {
		return m, err
	}
	if err := e.files(ctx); err != nil {
		return m, err
	}
	if err := e.unseal(keyFile); err != nil {
		return m, err
	}
	if err := e.sync(); err != nil {
		return m, err
	}
	err = store.Verify(ctx, dir, keyFile)
	if newer, ok := errors.AsType[*store.NewerSchemaError](err); ok {
		err = &NewerError{What: "schema", Found: newer.Found, Have: newer.Have}
	}
	return m, err
}

type extraction struct {
	root *os.Root
	tar  *tar.Reader
	sums map[string]sum // of what was extracted
}

func bad(form string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNoArchive, fmt.Sprintf(form, args...))
}

// next is the archive's next file.
func (e *extraction) next() (*tar.Header, error) {
	h, err := e.tar.Next()
	switch {
	case err == io.EOF:
		return nil, bad("it is cut short")
	case errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, bad("it is damaged, cut short or no tar file")
	case err != nil:
		return nil, err
	case h.Typeflag != tar.TypeReg:
		return nil, bad("%q is no file", h.Name)
	}
	return h, nil
}

func (e *extraction) manifest() (m Manifest, err error) {
	h, err := e.next()
	if err != nil {
		return m, err
	}
	if h.Name != manifestName || h.Size > 1<<16 {
		return m, bad("it does not begin with %s", manifestName)
	}
	hash := sha256.New()
	text, err := io.ReadAll(io.TeeReader(e.tar, hash))
	if err != nil {
		return m, bad("%s: %v", h.Name, err)
	}
	e.sums[manifestName] = sumOf(h.Size, hash)
	if err := json.Unmarshal(text, &m); err != nil {
		return m, bad("%s: %v", manifestName, err)
	}
	if m.Format > format {
		return m, &NewerError{What: "format", Found: m.Format, Have: format}
	}
	if m.Format < 1 {
		return m, bad("it has format %d", m.Format)
	}
	return m, nil
}

// fileName is what the files of a data folder are called, and no other file is.
var fileName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(control\.db|operator\.json\.sealed|environments/(shared|[0-9a-f]{32})/(data\.db|contents/[0-9a-f]{2}/[0-9a-f]{30}))$`)
})

func (e *extraction) files(ctx context.Context) error {
	for {
		h, err := e.next()
		if err != nil {
			return err
		}
		if h.Name == sumsName {
			return e.compare(h)
		}
		if _, twice := e.sums[h.Name]; twice || !fileName().MatchString(h.Name) {
			return bad("%q does not belong in it", h.Name)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.file(h); err != nil {
			return err
		}
	}
}

func (e *extraction) file(h *tar.Header) error {
	hash := sha256.New()
	n, err := e.write(h.Name, io.TeeReader(e.tar, hash))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = bad("%s is cut short", h.Name)
	}
	e.sums[h.Name] = sumOf(n, hash)
	return err
}

// write makes a file that is new.
func (e *extraction) write(name string, content io.Reader) (int64, error) {
	if err := e.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return 0, err
	}
	f, err := e.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, content)
	return n, errors.Join(err, f.Sync(), f.Close())
}

// compare holds what was extracted against the list at the archive's end.
func (e *extraction) compare(h *tar.Header) error {
	var said map[string]sum
	if err := json.NewDecoder(io.LimitReader(e.tar, listLimit)).Decode(&said); err != nil {
		return bad("%s: %v", h.Name, err)
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if e.sums[name] != said[name] {
			return bad("%s is missing or not what was written", name)
		}
	}
	if len(said) != len(e.sums) {
		return bad("it holds files that %s does not name", sumsName)
	}
	if _, ok := said["control.db"]; !ok {
		return bad("control.db is missing")
	}
	return nil
}

// unseal opens the files that lay beside the databases.
func (e *extraction) unseal(keyFile string) error {
	for sealedName := range e.sums {
		name, ok := strings.CutSuffix(sealedName, sealedSuffix)
		if !ok {
			continue
		}
		text, err := e.root.ReadFile(sealedName)
		if err != nil {
			return err
		}
		plain, err := store.OpenSealedFile(keyFile, name, text)
		if err != nil {
			return err
		}
		if _, err := e.write(name, bytes.NewReader(plain)); err != nil {
			return err
		}
		if err := e.root.Remove(sealedName); err != nil {
			return err
		}
	}
	return nil
}

// sync makes the names of all files durable; what is in them is.
func (e *extraction) sync() error {
	return filepath.WalkDir(e.root.Name(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return store.SyncFolder(path)
	})
}
