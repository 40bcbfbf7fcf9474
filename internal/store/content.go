package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Content is a value kept in a file.
type Content struct {
	Run, ID string
	Size    int64 // bytes of plain text
}

// contents are the files of one database.
type contents struct {
	dir string

	mu      sync.Mutex
	pending map[string]int // file → puts that are under way or not yet named; Collect leaves those alone
}

func (cs *contents) init(dir string) { cs.dir, cs.pending = dir, map[string]int{} }

func (cs *contents) hold(file string, n int) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.pending[file] += n; cs.pending[file] <= 0 {
		delete(cs.pending, file)
	}
}

// contentFile is the name of a content's file within the folder: names become keys,
// never paths.
func contentFile(run, id string) string {
	sum := sha256.Sum256(appendPlace(nil, "contents", run, id))
	name := hex.EncodeToString(sum[:16])
	return name[:2] + "/" + name[2:]
}

// PutContent streams r into a file that is durable when it returns. Until a commit
// names it with [Tx.NameContent] it is provisional: this process keeps it (or drops
// it with DropContent), the next one's [DB.Collect] removes it. A content with the same
// name is replaced.
func (d *DB) PutContent(ctx context.Context, run, id string, r io.Reader) (Content, error) {
	if d.readOnly {
		return Content{}, ErrReadOnly
	}
	file := contentFile(run, id)
	d.contents.hold(file, 1)
	size, err := d.writeContent(ctx, file, run, id, r)
	if err != nil {
		d.contents.hold(file, -1)
		err = unavailable(d.name, fmt.Errorf("content %s of run %s: %w", id, run, err))
		if Unavailable(err) {
			d.observe(0, 0, err)
		}
		return Content{}, err
	}
	return Content{Run: run, ID: id, Size: size}, nil
}

func (d *DB) writeContent(ctx context.Context, file, run, id string, r io.Reader) (int64, error) {
	path := filepath.Join(d.contents.dir, filepath.FromSlash(file))
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(folder, "put-*") // mode 0600
	if err != nil {
		return 0, err
	}
	size, err := d.fillContent(ctx, f, appendPlace(nil, "contents", run, id), r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(f.Name()))
	}
	return size, SyncFolder(folder)
}

// makeFolder makes a folder of contents, and its name durable.
func makeFolder(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	parent := filepath.Dir(folder)
	return errors.Join(SyncFolder(parent), SyncFolder(filepath.Dir(parent)))
}

// NameContent makes a content part of the run with this commit; its file is kept as
// long as the name stands.
func (tx *Tx) NameContent(c Content) error {
	file := contentFile(c.Run, c.ID)
	_, err := tx.exec(`INSERT INTO contents (run, id, file, size) VALUES (?, ?, ?, ?) ON CONFLICT (run, id) DO UPDATE SET size = excluded.size`, c.Run, c.ID, file, c.Size)
	if err == nil {
		tx.AfterCommit(func() { tx.db.contents.hold(file, -1) })
	}
	return err
}

// UnnameContent lets [DB.Collect] remove a content; it is no error if it has no name.
func (tx *Tx) UnnameContent(run, id string) error {
	_, err := tx.exec(`DELETE FROM contents WHERE run = ? AND id = ?`, run, id)
	return err
}

// Contents lists the named contents of a run, by id.
func (tx *Tx) Contents(run string) ([]Content, error) {
	var found []Content
	err := tx.query(`SELECT id, size FROM contents WHERE run = ? ORDER BY id`, func(v []driver.Value) error {
		found = append(found, Content{Run: run, ID: v[0].(string), Size: v[1].(int64)})
		return nil
	}, run)
	return found, err
}

// DropContent gives up a content that was put but will not be named.
func (d *DB) DropContent(c Content) { d.contents.hold(contentFile(c.Run, c.ID), -1) }

// OpenContent opens a content, named or provisional, and says its size in bytes;
// ErrNotFound if there is none. What is read is checked chunk by chunk: an error means
// that what was read before is true, but not the whole.
func (d *DB) OpenContent(ctx context.Context, run, id string) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	f, err := os.Open(filepath.Join(d.contents.dir, filepath.FromSlash(contentFile(run, id))))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("content %s of run %s: %w", id, run, ErrNotFound)
	} else if err != nil {
		return nil, 0, err
	}
	cr, err := d.seal.openContent(f, appendPlace(nil, "contents", run, id))
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("content %s of run %s: %w", id, run, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{cr, f}, cr.size, nil
}
