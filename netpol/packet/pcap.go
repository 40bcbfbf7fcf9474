package packet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// The file format pcap, of little-endian numbers and nanoseconds: a header of the file,
// and before each frame one of its own. A file that is cut off anywhere behind its header
// is read up to there.
const (
	magicNanoseconds = 0xa1b23c4d
	linkEthernet     = 1
	// HeaderSize and RecordSize are the bytes of the two headers.
	HeaderSize = 24
	RecordSize = 16
	// MaxFrame is the longest frame that a file has.
	MaxFrame = wholeFrame
)

// AppendHeader adds the header of a file to b.
func AppendHeader(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, magicNanoseconds)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...) // time zone and accuracy, which nobody writes
	b = binary.LittleEndian.AppendUint32(b, MaxFrame)
	return binary.LittleEndian.AppendUint32(b, linkEthernet)
}

// Record is a frame as it was seen.
type Record struct {
	At     time.Time // UTC
	Frame  []byte    // what was kept of it, at most MaxFrame
	Length int       // of the whole frame, in bytes
}

// Append adds the record to b.
func (r *Record) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(r.At.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.At.Nanosecond()))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.Frame)))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Length))
	return append(b, r.Frame...)
}

// ErrFormat is what is not of this format.
var ErrFormat = errors.New("packet: this is no pcap file of Ethernet frames with nanoseconds")

// Reader reads a file.
type Reader struct{ in *bufio.Reader }

// NewReader reads the header of a file.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{bufio.NewReader(in)}
	var h [HeaderSize]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, ErrFormat
		}
		return nil, err
	}
	if binary.LittleEndian.Uint32(h[:]) != magicNanoseconds || binary.LittleEndian.Uint16(h[4:]) != 2 || binary.LittleEndian.Uint32(h[20:]) != linkEthernet {
		return nil, ErrFormat
	}
	return r, nil
}

// Next reads the next record. io.EOF is the end, io.ErrUnexpectedEOF the end of a file
// that is cut off within a record.
func (r *Reader) Next() (Record, error) {
	var h [RecordSize]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		return Record{}, err
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(h[at:]) }
	kept, length := number(8), number(12)
	if number(4) >= uint32(time.Second) || kept > MaxFrame || length < kept {
		return Record{}, fmt.Errorf("%w: a record of %d bytes out of %d", ErrFormat, kept, length)
	}
	one := Record{At: time.Unix(int64(number(0)), int64(number(4))).UTC(), Frame: make([]byte, kept), Length: int(length)}
	if _, err := io.ReadFull(r.in, one.Frame); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Record{}, err
	}
	return one, nil
}
