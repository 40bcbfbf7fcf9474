package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"isle/netpol/packet"
)

// errFull says that a frame has no place within the bounds.
var errFull = errors.New("the capture is as large as it may be")

const (
	// spare is what is left free on the disk, where the server's databases are too.
	spare = 256 << 20
	// spareEvery is after how many bytes that is looked at again.
	spareEvery = 16 << 20
)

// files are those of one capture: the first has the name that was asked for, and the
// others its number before the extension. Not safe for concurrent use.
type files struct {
	folder, first string
	most          int   // of them
	bytes         int64 // of each
	ring          bool

	out     *os.File
	number  int    // of the one that is written, from 1
	size    int64  // of it, with what waits
	pending []byte // whole records
	total   int64  // of all that was written, with what waits
	looked  int64  // total when the disk was looked at
}

// fileName is the name of a file by its number.
func fileName(first string, number int) string {
	if number == 1 {
		return first
	}
	extension := filepath.Ext(first)
	return strings.TrimSuffix(first, extension) + "-" + strconv.Itoa(number) + extension
}

// numberOf is the number of a file by its name; 0 if it is no file of the capture.
func numberOf(first, name string) int {
	if name == first {
		return 1
	}
	extension := filepath.Ext(first)
	text, ok := strings.CutPrefix(strings.TrimSuffix(name, extension), strings.TrimSuffix(first, extension)+"-")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || fileName(first, n) != name {
		return 0
	}
	return n
}

// written are the files of a capture that are there, in their order.
func written(folder, first string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if numberOf(first, e.Name()) > 0 {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return numberOf(first, a) - numberOf(first, b) })
	return names, err
}

// open begins the next file; it has its header at once.
func (f *files) open() error {
	if err := f.look(); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(f.folder, fileName(f.first, f.number+1)), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.out, f.number, f.size = out, f.number+1, packet.HeaderSize
	f.total += packet.HeaderSize
	_, err = out.Write(packet.AppendHeader(nil))
	return err
}

// look sees whether there is room on the disk.
func (f *files) look() error {
	free, err := freeSpace(f.folder)
	if err == nil && free < spare {
		return fmt.Errorf("the disk of %s has %d MB left, which are the databases': make room, or capture less", f.folder, free>>20)
	}
	f.looked = f.total
	return err
}

// add writes a record, soon. errFull if it has no place.
func (f *files) add(r *packet.Record) error {
	need := int64(packet.RecordSize + len(r.Frame))
	if f.size+need > f.bytes {
		if packet.HeaderSize+need > f.bytes || !f.ring && f.number == f.most {
			return errFull
		}
		if err := f.next(); err != nil {
			return err
		}
	}
	f.pending = r.Append(f.pending)
	f.size, f.total = f.size+need, f.total+need
	if len(f.pending) < enough {
		return nil
	}
	return f.flush()
}

// next goes on in another file; of a ring the oldest goes.
func (f *files) next() error {
	if err := f.close(); err != nil {
		return err
	}
	if old := f.number + 1 - f.most; old > 0 {
		if err := os.Remove(filepath.Join(f.folder, fileName(f.first, old))); err != nil {
			return err
		}
	}
	return f.open()
}

// flush writes what waits, whole records with one call.
func (f *files) flush() error {
	if len(f.pending) == 0 {
		return nil
	}
	if f.total-f.looked > spareEvery {
		if err := f.look(); err != nil {
			return err
		}
	}
	_, err := f.out.Write(f.pending)
	f.pending = f.pending[:0]
	return err
}

func (f *files) close() error {
	if f.out == nil {
		return nil
	}
	err := f.flush()
	err = errors.Join(err, f.out.Close())
	f.out = nil
	return err
}

// Contents is what a capture has written.
type Contents struct {
	folder string
	names  []string
}

// WriteTo writes all records of all files as one file. What is cut off within a file, as
// the end of a process does it, is left out.
func (c *Contents) WriteTo(w io.Writer) (int64, error) {
	buffer := packet.AppendHeader(nil)
	written := int64(0)
	put := func() error {
		n, err := w.Write(buffer)
		written, buffer = written+int64(n), buffer[:0]
		return err
	}
	for _, name := range c.names {
		err := c.each(name, func(r *packet.Record) error {
			if buffer = r.Append(buffer); len(buffer) < enough {
				return nil
			}
			return put()
		})
		if err != nil {
			return written, err
		}
	}
	return written, put()
}

// each calls yield with the records of a file.
func (c *Contents) each(name string, yield func(*packet.Record) error) error {
	in, err := os.Open(filepath.Join(c.folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil // of a ring, meanwhile
	}
	if err != nil {
		return err
	}
	defer in.Close()
	records, err := packet.NewReader(in)
	if errors.Is(err, packet.ErrFormat) {
		return nil // not even its header is there
	}
	for err == nil {
		var one packet.Record
		if one, err = records.Next(); err == nil {
			err = yield(&one)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
