package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Collect removes the files of contents that no run names, and gives pages of
// deleted rows back to the file system. Contents that this process has put and may
// still name are left. It returns how many files went.
func (d *DB) Collect(ctx context.Context) (int, error) {
	if d.readOnly {
		return 0, ErrReadOnly
	}
	removed := 0
	folders, err := os.ReadDir(d.contents.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, folder := range folders {
		n, err := d.collectFolder(ctx, folder.Name())
		removed += n
		if err != nil {
			return removed, err
		}
	}
	_, err = d.Shrink(ctx)
	return removed, err
}

// collectFolder looks at one of the 256 folders. The files are listed before the
// names are read, inside a write, so a file that is found without a name and is not
// pending cannot get one before it is gone.
func (d *DB) collectFolder(ctx context.Context, folder string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(d.contents.dir, folder))
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	removed := 0
	err = d.Write(ctx, func(tx *Tx) error {
		named := map[string]bool{}
		err := tx.query(`SELECT file FROM contents WHERE file >= ? AND file < ?`, func(v []driver.Value) error {
			named[v[0].(string)] = true
			return nil
		}, folder+"/", folder+"0")
		if err != nil {
			return err
		}
		d.contents.mu.Lock()
		defer d.contents.mu.Unlock()
		if d.store.copying.Load() {
			return nil
		}
		for _, e := range entries {
			file := folder + "/" + e.Name()
			if named[file] || d.contents.pending[file] > 0 || strings.HasPrefix(e.Name(), "put-") && d.contents.busy(folder) {
				continue
			}
			if err := os.Remove(filepath.Join(d.contents.dir, folder, e.Name())); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	return removed, err
}

// busy says whether a put into the folder is under way or not yet named; its
// temporary file is then not told from one that a crash left.
func (cs *contents) busy(folder string) bool {
	for file := range cs.pending {
		if strings.HasPrefix(file, folder+"/") {
			return true
		}
	}
	return false
}

func (tx *Tx) vacuum(pages int64) error {
	_, err := tx.exec(`PRAGMA incremental_vacuum(` + strconv.FormatInt(pages, 10) + `)`)
	return err
}
