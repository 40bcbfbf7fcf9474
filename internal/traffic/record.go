package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"isle/internal/dataplane"
)

// Record is a distinct attempt on one day. The attempt's environment is that of the
// database; it is not stored.
type Record struct {
	dataplane.Attempt
	Count uint64
	Last  time.Time // of the day, by the second
}

// A part is a byte for the format, a table of texts, and records: indexes into the table,
// numbers, and how often and when. Numbers are varints (encoding/binary).

const partFormat = 1

// Bits of a record.
const (
	bitInbound = 1 << iota
	bitDenied
	bitTrigger
	bitByTrigger
)

// encode writes records as a part.
func encode(records []Record) []byte {
	index := map[string]uint64{}
	var texts []string
	var body []byte
	text := func(s string) {
		i, known := index[s]
		if !known {
			i = uint64(len(texts))
			index[s], texts = i, append(texts, s)
		}
		body = binary.AppendUvarint(body, i)
	}
	for i := range records {
		r := &records[i]
		var bits uint64
		for bit, set := range map[uint64]bool{bitInbound: r.Direction == dataplane.Inbound, bitDenied: r.Denied, bitTrigger: r.Subject.Trigger, bitByTrigger: r.By.Trigger} {
			if set {
				bits |= bit
			}
		}
		body = binary.AppendUvarint(body, bits)
		for _, s := range []string{r.Subject.Workflow, r.Subject.Name, r.Protocol, r.Host, string(r.Addresses), r.By.Workflow, r.By.Name, r.CallerEnvironment, r.Arrived} {
			text(s)
		}
		for _, n := range []uint64{uint64(r.Subnet), uint64(r.CallerSubnet), uint64(r.Port), r.Count, uint64(max(r.Last.Unix(), 0))} {
			body = binary.AppendUvarint(body, n)
		}
	}
	out := binary.AppendUvarint([]byte{partFormat}, uint64(len(texts)))
	for _, s := range texts {
		out = append(binary.AppendUvarint(out, uint64(len(s))), s...)
	}
	return append(binary.AppendUvarint(out, uint64(len(records))), body...)
}

// errPart says that a part is none.
var errPart = errors.New("traffic: a part cannot be read")

// decode reads a part and gives its records one by one.
func decode(part []byte, environment string, each func(*Record)) error {
	if len(part) == 0 || part[0] != partFormat {
		return fmt.Errorf("%w: it has an unknown format", errPart)
	}
	d := decoder{rest: string(part[1:])} // the texts are parts of it
	texts := make([]string, 0, min(d.number(), uint64(len(d.rest))))
	for range cap(texts) {
		texts = append(texts, d.bytes(d.number()))
	}
	d.texts = texts
	var r Record
	for range d.number() {
		bits := d.number()
		r = Record{Attempt: dataplane.Attempt{Environment: environment}}
		if bits&bitInbound != 0 {
			r.Direction = dataplane.Inbound
		}
		r.Denied, r.Subject.Trigger, r.By.Trigger = bits&bitDenied != 0, bits&bitTrigger != 0, bits&bitByTrigger != 0
		r.Subject.Workflow, r.Subject.Name, r.Protocol, r.Host = d.text(), d.text(), d.text(), d.text()
		r.Addresses = dataplane.Addresses(d.text())
		r.By.Workflow, r.By.Name, r.CallerEnvironment, r.Arrived = d.text(), d.text(), d.text(), d.text()
		r.Subnet, r.CallerSubnet = d.subnet(), d.subnet()
		r.Port = uint16(d.number())
		r.Count = d.number()
		r.Last = time.Unix(int64(d.number()), 0).UTC()
		if d.bad {
			return errPart
		}
		each(&r)
	}
	if d.bad || len(d.rest) > 0 {
		return errPart
	}
	return nil
}

// decoder reads a part. After a fault all it gives is zero.
type decoder struct {
	rest  string
	texts []string
	bad   bool
}

func (d *decoder) number() uint64 {
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		b := d.rest[i]
		if n |= uint64(b&0x7f) << (7 * i); b < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

func (d *decoder) bytes(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return ""
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string {
	i := d.number()
	if i >= uint64(len(d.texts)) {
		d.bad = true
		return ""
	}
	return d.texts[i]
}

func (d *decoder) subnet() dataplane.Subnet {
	n := d.number()
	if n > uint64(dataplane.SubnetCache) {
		d.bad = true
		return 0
	}
	return dataplane.Subnet(n)
}
