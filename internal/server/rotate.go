package server

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rotating is a file of lines that is put aside when it has grown to a size: NAME becomes
// NAME.1, what was that NAME.2, and so on; the oldest goes. A line is never parted, so a
// file has up to one more than the size. Not for concurrent use.
type rotating struct {
	name string
	most int64    // bytes
	keep int      // files that are put aside, at least 1
	file *os.File // nil where it could not be opened anew: the next Write tries again
	size int64
}

// openRotating appends to a file, which is for its owner only.
func openRotating(name string, most int64, keep int) (*rotating, error) {
	r := &rotating{name: name, most: most, keep: keep}
	return r, r.open()
}

func (r *rotating) open() error {
	file, err := os.OpenFile(r.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	r.file, r.size = file, info.Size()
	return nil
}

// Write implements io.Writer. Where files cannot be put aside, the one that there is goes
// on to grow: no line is lost for that.
func (r *rotating) Write(b []byte) (written int, err error) {
	var aside error
	if r.file == nil {
		err = r.open()
	}
	for len(b) > 0 && err == nil {
		part, full := b, false
		if room := max(r.most-r.size, 1) - 1; room < int64(len(b)) {
			if end := bytes.IndexByte(b[room:], '\n'); end >= 0 {
				part, full = b[:room+int64(end)+1], true
			}
		}
		var n int
		n, err = r.file.Write(part)
		written, r.size, b = written+n, r.size+int64(n), b[n:]
		if full && err == nil {
			var failed error
			failed, err = r.rotate()
			aside = errors.Join(aside, failed)
		}
	}
	return written, errors.Join(err, aside)
}

// rotate puts the file aside and begins a new one. It tells what could not be put aside,
// and why there is no file to write to.
func (r *rotating) rotate() (aside, lost error) {
	aside, r.file = r.file.Close(), nil
	for i := r.keep; i > 0; i-- {
		from := r.aside(i - 1)
		if err := os.Rename(from, r.aside(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			aside = errors.Join(aside, err)
			break // what is younger would take its place
		}
	}
	return aside, r.open()
}

// aside is the name of the i-th file from the newest.
func (r *rotating) aside(i int) string {
	if i == 0 {
		return r.name
	}
	return fmt.Sprintf("%s.%d", r.name, i)
}

// Close closes the file.
func (r *rotating) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
