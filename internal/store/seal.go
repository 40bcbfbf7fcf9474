package store

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// A sealed payload:
//
//	format  1 byte   1
//	codec   1 byte   how the plain text is packed
//	key     4 bytes  the data key, big endian
//	nonce   8 bytes  number of the message under this key, big endian
//	text    AES-256-GCM of the packed text, and its tag
//
// The associated data are the place the payload was written for and the first six
// bytes, so that a payload that is moved to another row, or whose header is
// changed, does not open. A data key seals only for the process that made it, so a
// counter is a nonce that never repeats, also after a backup was put back.
const (
	sealFormat = 1
	sealHeader = 14
	sealTag    = 16

	codecNone = 0
	codecS2   = 1

	packFrom    = 2 << 10   // shorter texts are not worth packing
	unpackLimit = 512 << 20 // no payload is larger
)

type sealer struct {
	keys    map[uint32]dataKey // all keys of the database; never changes
	current dataKey
	count   atomic.Uint64
}

type dataKey struct {
	id    uint32
	plain []byte
	aead  cipher.AEAD
}

func newDataKey(id uint32, plain []byte) (dataKey, error) {
	block, err := aes.NewCipher(plain)
	if err != nil {
		return dataKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	return dataKey{id: id, plain: plain, aead: aead}, err
}

// appendPlace appends what binds a payload to its row: the table and the parts of
// the key, each with its length before it.
func appendPlace(dst []byte, table string, parts ...string) []byte {
	dst = append(dst, table...)
	for _, p := range parts {
		dst = binary.AppendUvarint(append(dst, 0), uint64(len(p)))
		dst = append(dst, p...)
	}
	return dst
}

// seal appends the sealed plain text to dst.
func (s *sealer) seal(dst, place, plain []byte) []byte {
	codec, packed := pack(plain)
	at := len(dst)
	dst = append(dst, sealFormat, codec)
	dst = binary.BigEndian.AppendUint32(dst, s.current.id)
	dst = binary.BigEndian.AppendUint64(dst, s.count.Add(1))
	var nonce [12]byte
	copy(nonce[4:], dst[at+6:at+sealHeader])
	return s.current.aead.Seal(dst, nonce[:], packed, append(place, dst[at:at+6]...))
}

// open returns the plain text of a payload; it overwrites the sealed one.
func (s *sealer) open(place, sealed []byte) ([]byte, error) {
	if len(sealed) < sealHeader+sealTag {
		return nil, fmt.Errorf("%w: %d bytes", ErrCorrupt, len(sealed))
	}
	if sealed[0] != sealFormat {
		return nil, fmt.Errorf("%w: format %d", ErrCorrupt, sealed[0])
	}
	id := binary.BigEndian.Uint32(sealed[2:])
	key, ok := s.keys[id]
	if !ok {
		return nil, fmt.Errorf("%w: no data key %d", ErrCorrupt, id)
	}
	var nonce [12]byte
	copy(nonce[4:], sealed[6:sealHeader])
	text := sealed[sealHeader:]
	plain, err := key.aead.Open(text[:0], nonce[:], text, append(place, sealed[:6]...))
	if err != nil {
		return nil, ErrCorrupt
	}
	return unpack(sealed[1], plain)
}

func pack(plain []byte) (codec byte, packed []byte) {
	if len(plain) < packFrom {
		return codecNone, plain
	}
	packed = s2.Encode(nil, plain)
	if len(packed) > len(plain)-len(plain)/8 {
		return codecNone, plain
	}
	return codecS2, packed
}

func unpack(codec byte, packed []byte) ([]byte, error) {
	switch codec {
	case codecNone:
		return packed, nil
	case codecS2:
		n, err := s2.DecodedLen(packed)
		if err != nil || n > unpackLimit {
			return nil, fmt.Errorf("%w: packed length", ErrCorrupt)
		}
		plain, err := s2.Decode(nil, packed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return plain, nil
	}
	return nil, fmt.Errorf("%w: codec %d", ErrCorrupt, codec)
}
