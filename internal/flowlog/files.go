package flowlog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"isle/netpol/flowlog"
)

// files are those below a folder. The zero value but for the folder is ready. It is not
// safe for concurrent use.
type files struct {
	folder string
	root   *os.Root             // nil: the folder is not open
	due    map[string]time.Time // by path: when a file may be written again
}

// A file is a document of this form, with records in between, and commas between them.
const (
	opening = `{"records":[`
	closing = "\n]}\n"
)

// beside is the name of a file that is being written, behind that of the file.
const beside = ".new"

// open makes and opens the folder; a file that goes astray cannot leave it.
func (f *files) open() (*os.Root, error) {
	if f.root != nil {
		return f.root, nil
	}
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return nil, err
	}
	var err error
	f.root, err = os.OpenRoot(f.folder)
	return f.root, err
}

// ready tells whether a file may be written.
func (f *files) ready(name string, now time.Time) bool { return !now.Before(f.due[name]) }

// add adds a record to a file: what is there and the record are written to a new file,
// which then takes its place. After a failure the folder is opened, and made, anew: it may
// have been removed.
func (f *files) add(name string, record []byte, now time.Time) error {
	root, err := f.open()
	if err != nil {
		return err
	}
	if err := f.addIn(root, name, record, now); err != nil {
		f.root = nil
		return errors.Join(err, root.Close())
	}
	return nil
}

func (f *files) addIn(root *os.Root, name string, record []byte, now time.Time) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(name+beside, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size, err := f.extend(root, out, name, record)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = root.Rename(name+beside, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(name+beside))
	}
	f.delay(name, size, now)
	return nil
}

// extend writes what a file has and one record more.
func (f *files) extend(root *os.Root, out io.Writer, name string, record []byte) (size int64, err error) {
	old, err := root.Open(name)
	between := opening + "\n"
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, err
	default:
		defer old.Close()
		if size, err = records(old); err == nil {
			_, err = io.CopyN(out, old, size)
		}
		if err != nil {
			return 0, fmt.Errorf("%s is not as it was written here: %w; move it away, and it begins anew", name, err)
		}
		between = ",\n"
	}
	for _, text := range []string{between, string(record), closing} {
		n, err := io.WriteString(out, text)
		if size += int64(n); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// records is how many bytes of a file are in front of its closing.
func records(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	size, end := info.Size()-int64(len(closing)), make([]byte, len(closing))
	if size < int64(len(opening)) {
		return 0, errors.New("it is too short")
	}
	if _, err := file.ReadAt(end, size); err != nil {
		return 0, err
	}
	if string(end) != closing {
		return 0, errors.New("it has another end")
	}
	return size, nil
}

// delay says when a file of a size may be written again. What is said of the hour before
// is forgotten.
func (f *files) delay(name string, size int64, now time.Time) {
	for one, due := range f.due {
		if now.Sub(due) > time.Hour {
			delete(f.due, one)
		}
	}
	if f.due == nil {
		f.due = map[string]time.Time{}
	}
	f.due[name] = now.Add(time.Duration(size/writeRate) * time.Second)
}

// end deletes the files of hours that ended before a time, below the folder of a log, and
// the folders that this leaves empty.
func (f *files) end(folder string, before time.Time) error {
	root, err := f.open()
	if err != nil {
		return err
	}
	err = f.endBelow(root, folder, folder, before)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f *files) endBelow(root *os.Root, folder, at string, before time.Time) error {
	if hour, ok := flowlog.Hour(strings.TrimPrefix(strings.TrimPrefix(at, folder), "/")); ok {
		if hour.Add(time.Hour).After(before) {
			return nil
		}
		return root.RemoveAll(at)
	}
	dir, err := root.Open(at)
	if err != nil {
		return err
	}
	entries, err := dir.ReadDir(-1)
	err = errors.Join(err, dir.Close())
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, f.endBelow(root, folder, at+"/"+e.Name(), before))
		}
	}
	if at != folder && err == nil {
		_ = root.Remove(at) // as it is empty; else it stays
	}
	return err
}
