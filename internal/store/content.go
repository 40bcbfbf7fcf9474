package store

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/klauspost/compress/s2"
)

// A content file:
//
//	format  1 byte    1
//	codec   1 byte    codecNone: each chunk has its own
//	key     4 bytes   the data key, big endian
//	salt    32 bytes  makes the file's own key of the data key
//	size    24 bytes  length of the plain text (8 bytes, big endian), sealed as message 2^32-1
//	chunks  each 4 bytes length, then the sealed chunk: 1 byte codec, up to 64 KB of packed text
//
// Chunk n is sealed as message n, the last one marked in the nonce, so a file that is
// cut, extended or reordered does not open. The file's key is bound to run and id.
const (
	contentFormat = 1
	contentHeader = 6 + 32 + 8 + sealTag
	chunkSize     = 64 << 10
	sizeMessage   = 1<<32 - 1
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
		return Content{}, fmt.Errorf("content %s of run %s: %w", id, run, err)
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
	return size, syncFolder(folder)
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
	return errors.Join(syncFolder(parent), syncFolder(filepath.Dir(parent)))
}

func (d *DB) fillContent(ctx context.Context, f *os.File, place []byte, r io.Reader) (int64, error) {
	header := make([]byte, 0, contentHeader)
	header = append(header, contentFormat, codecNone)
	header = binary.BigEndian.AppendUint32(header, d.seal.current.id)
	header = append(header, randomBytes(32)...)
	aead, err := d.seal.current.fileCipher(header[6:], place)
	if err != nil {
		return 0, err
	}
	if _, err := f.Seek(contentHeader, io.SeekStart); err != nil {
		return 0, err
	}
	size, err := sealChunks(ctx, f, aead, r)
	if err != nil {
		return 0, err
	}
	var nonce [12]byte
	header = aead.Seal(header, chunkNonce(&nonce, sizeMessage, true), binary.BigEndian.AppendUint64(nil, uint64(size)), header[:6])
	_, err = f.WriteAt(header, 0)
	return size, err
}

func chunkNonce(nonce *[12]byte, n uint32, last bool) []byte {
	binary.BigEndian.PutUint32(nonce[8:], n)
	nonce[0] = 0
	if last {
		nonce[0] = 1
	}
	return nonce[:]
}

func sealChunks(ctx context.Context, w io.Writer, aead cipher.AEAD, r io.Reader) (size int64, err error) {
	// One byte is read ahead, to know the last chunk.
	plain := make([]byte, chunkSize+1)
	packed := make([]byte, 1+s2.MaxEncodedLen(chunkSize))
	sealed := make([]byte, 0, 4+len(packed)+sealTag)
	have := 0
	for n := uint32(0); ; n++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		got, err := io.ReadFull(r, plain[have:])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return 0, err
		}
		if n == sizeMessage {
			return 0, errors.New("too large")
		}
		have += got
		chunk := plain[:min(have, chunkSize)]
		var nonce [12]byte
		sealed = aead.Seal(sealed[:4], chunkNonce(&nonce, n, last), packChunk(packed, chunk), nil)
		binary.BigEndian.PutUint32(sealed, uint32(len(sealed)-4))
		if _, err := w.Write(sealed); err != nil {
			return 0, err
		}
		size += int64(len(chunk))
		if last {
			return size, nil
		}
		plain[0] = plain[chunkSize]
		have = 1
	}
}

func packChunk(buf, chunk []byte) []byte {
	packed := s2.Encode(buf[1:], chunk)
	if len(packed) < len(chunk) {
		buf[0] = codecS2
		return buf[:1+len(packed)]
	}
	buf[0] = codecNone
	return append(buf[:1], chunk...)
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

// contentReader opens the chunks of a file one by one.
type contentReader struct {
	r     io.Reader
	aead  cipher.AEAD
	size  int64 // of the whole plain text
	given int64
	n     uint32
	rest  []byte // of the chunk, not read yet
	last  bool
	err   error
	in    []byte
	out   []byte
}

func (s *sealer) openContent(r io.Reader, place []byte) (*contentReader, error) {
	header := make([]byte, contentHeader)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("%w: header", ErrCorrupt)
	}
	if header[0] != contentFormat || header[1] != codecNone {
		return nil, fmt.Errorf("%w: format %d", ErrCorrupt, header[0])
	}
	key, ok := s.keys[binary.BigEndian.Uint32(header[2:])]
	if !ok {
		return nil, fmt.Errorf("%w: data key", ErrCorrupt)
	}
	aead, err := key.fileCipher(header[6:38], place)
	if err != nil {
		return nil, err
	}
	var nonce [12]byte
	size, err := aead.Open(nil, chunkNonce(&nonce, sizeMessage, true), header[38:], header[:6])
	if err != nil {
		return nil, ErrCorrupt
	}
	return &contentReader{r: r, aead: aead, size: int64(binary.BigEndian.Uint64(size))}, nil
}

func (c *contentReader) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.err = c.next()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *contentReader) next() error {
	if c.last {
		if c.given != c.size {
			return fmt.Errorf("%w: length", ErrCorrupt)
		}
		return io.EOF
	}
	var length [4]byte
	if _, err := io.ReadFull(c.r, length[:]); err != nil {
		return fmt.Errorf("%w: cut short", ErrCorrupt)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 1+sealTag || n > 1+chunkSize+sealTag {
		return fmt.Errorf("%w: chunk of %d bytes", ErrCorrupt, n)
	}
	if c.in == nil {
		c.in, c.out = make([]byte, 1+chunkSize+sealTag), make([]byte, chunkSize)
	}
	if _, err := io.ReadFull(c.r, c.in[:n]); err != nil {
		return fmt.Errorf("%w: cut short", ErrCorrupt)
	}
	return c.openChunk(c.in[:n])
}

func (c *contentReader) openChunk(sealed []byte) error {
	// Which chunk is the last is told by the size, and proved by the nonce.
	var nonce [12]byte
	last := c.size-c.given <= chunkSize
	packed, err := c.aead.Open(sealed[:0], chunkNonce(&nonce, c.n, last), sealed, nil)
	if err != nil {
		return ErrCorrupt
	}
	switch packed[0] {
	case codecNone:
		c.rest = packed[1:]
	case codecS2:
		n, err := s2.DecodedLen(packed[1:])
		if err != nil || n > chunkSize {
			return fmt.Errorf("%w: packed length", ErrCorrupt)
		}
		if c.rest, err = s2.Decode(c.out, packed[1:]); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	default:
		return fmt.Errorf("%w: codec %d", ErrCorrupt, packed[0])
	}
	c.last = last
	c.given += int64(len(c.rest))
	c.n++
	return nil
}

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
	return removed, d.Write(ctx, func(tx *Tx) error { return tx.vacuum() })
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

func (tx *Tx) vacuum() error {
	_, err := tx.exec(`PRAGMA incremental_vacuum(1000)`)
	return err
}
