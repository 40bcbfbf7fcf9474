package store

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

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
