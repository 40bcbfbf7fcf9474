package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/cockroachdb/apd/v3"

	"isle/expr"
)

// The stored form: little pieces one after another, each of which says itself how
// long it is. Integers are varints, times are ticks of 100 ns, texts and JSON have
// their length before them. Every head and row begins with its version.

const (
	// headVersion 2 can say that a run is being cancelled and that a flight waits for
	// a callback; a head of version 1 says the same without these two. Version 3 can
	// hold the trace of a run, and say that its trigger's row has trackedProperties. Version 4
	// can say what cancelled it.
	headVersion = 4
	// rowVersion 2 can hold the callback URL of a record, and its progress. Version 3 can
	// say that a record is kept of another run. Version 4 can hold the moment of a condition.
	rowVersion = 4
)

func appendUint(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }
func appendSigned(b []byte, n int64) []byte {
	return binary.AppendVarint(b, n)
}
func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendText(b []byte, s string) []byte {
	return append(appendUint(b, uint64(len(s))), s...)
}

// appendTime writes a time relative to a base; the zero time has a form of its own.
func appendTime(b []byte, t time.Time, base int64) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	n := ticks(t) - base
	return appendUint(b, uint64(n<<1)^uint64(n>>63)+1)
}

// ticks counts 100 ns since the year 1.
func ticks(t time.Time) int64 {
	return (t.Unix()+secondsToEpoch)*1e7 + int64(t.Nanosecond())/100
}

const secondsToEpoch = 62135596800

func timeOf(ticks int64) time.Time {
	return time.Unix(ticks/1e7-secondsToEpoch, ticks%1e7*100).UTC()
}

// The tags of values. Containers are JSON text unless they hold what JSON text would
// change: a reference, which it must not be able to forge, a decimal or NaN.
const (
	tagNull = iota
	tagFalse
	tagTrue
	tagInt
	tagFloat
	tagString
	tagJSON
	tagArray
	tagObject
	tagReference
	tagDecimal
)

func appendValue(b []byte, v expr.Value) []byte {
	switch v.Kind() {
	case expr.KindNull:
		return append(b, tagNull)
	case expr.KindBool:
		if yes, _ := v.AsBool(); yes {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case expr.KindInt:
		n, _ := v.AsInt()
		return appendSigned(append(b, tagInt), n)
	case expr.KindFloat:
		f, _ := v.AsFloat()
		return binary.LittleEndian.AppendUint64(append(b, tagFloat), math.Float64bits(f))
	case expr.KindString:
		s, _ := v.AsString()
		return appendText(append(b, tagString), s)
	case expr.KindDecimal:
		return appendText(append(b, tagDecimal), string(v.AppendJSON(nil)))
	case expr.KindReference:
		ref := mustReference(v)
		b = appendText(append(b, tagReference), ref.ID)
		b = appendUint(b, uint64(ref.Size))
		return appendText(append(b, byte(ref.Kind)), ref.ContentType)
	}
	if !v.SurvivesJSON() {
		return appendTree(b, v)
	}
	return appendJSON(append(b, tagJSON), v)
}

// appendTree writes a container piece by piece.
func appendTree(b []byte, v expr.Value) []byte {
	if v.Kind() == expr.KindArray {
		b = appendUint(append(b, tagArray), uint64(v.Len()))
		for _, e := range v.Elements() {
			b = appendValue(b, e)
		}
		return b
	}
	b = appendUint(append(b, tagObject), uint64(v.Len()))
	for name, e := range v.Members() {
		b = appendValue(appendText(b, name), e)
	}
	return b
}

// appendJSON writes JSON with its length before it, which is known only
// afterwards: one byte is kept for it and the text moved when it needs more.
func appendJSON(b []byte, v expr.Value) []byte {
	at := len(b)
	b = v.AppendJSON(append(b, 0))
	n := len(b) - at - 1
	if n < 0x80 {
		b[at] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	more := binary.PutUvarint(length[:], uint64(n)) - 1
	b = append(b, length[:more]...)
	copy(b[at+1+more:], b[at+1:at+1+n])
	copy(b[at:], length[:more+1])
	return b
}

// decoder reads the stored form. After the first failure it gives zeros.
type decoder struct {
	rest  []byte
	err   error
	depth int
}

var errTruncated = errors.New("engine: stored form is cut short")

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("engine: stored form: invalid %s", what)
	}
	d.rest = nil
}

func (d *decoder) more() bool { return d.err == nil && len(d.rest) > 0 }

// version reads the version, of which all up to the newest can be read.
func (d *decoder) version(newest byte) {
	if v := d.byte(); d.err == nil && (v == 0 || v > newest) {
		d.err = fmt.Errorf("engine: stored form has version %d, this program reads versions up to %d", v, newest)
		d.rest = nil
	}
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.short()
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) short() {
	if d.err == nil {
		d.err = errTruncated
	}
	d.rest = nil
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.short()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) signed() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.short()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// small reads a count or place that must fit an int32.
func (d *decoder) small() int {
	n := d.uint()
	if n > math.MaxInt32 {
		d.fail("number")
		return 0
	}
	return int(n)
}

// count reads the length of a list, whose entries take at least one byte each.
func (d *decoder) count() int {
	n := d.small()
	if n > len(d.rest) {
		d.short()
		return 0
	}
	return n
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.short()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) text() string { return string(d.take(d.small())) }

func (d *decoder) time(base int64) time.Time {
	n := d.uint()
	if n == 0 {
		return time.Time{}
	}
	n--
	return timeOf(base + (int64(n>>1) ^ -int64(n&1)))
}

func (d *decoder) guid() (g guid) {
	copy(g[:], d.take(len(g)))
	return g
}

const maxStoredDepth = 1024

func (d *decoder) value() expr.Value {
	if d.depth++; d.depth > maxStoredDepth {
		d.fail("depth")
		return expr.Null()
	}
	defer func() { d.depth-- }()
	switch tag := d.byte(); tag {
	case tagNull:
	case tagFalse, tagTrue:
		return expr.Bool(tag == tagTrue)
	case tagInt:
		return expr.Int(d.signed())
	case tagFloat:
		if b := d.take(8); b != nil {
			return expr.Float(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case tagString:
		return expr.String(d.text())
	case tagJSON:
		return d.json()
	case tagArray:
		elems := make([]expr.Value, d.count())
		for i := range elems {
			elems[i] = d.value()
		}
		return expr.Array(elems...)
	case tagObject:
		members := make([]expr.Member, d.count())
		for i := range members {
			members[i].Name = d.text()
			members[i].Value = d.value()
		}
		return expr.Object(members...)
	case tagReference:
		ref := expr.ContentReference{ID: d.text(), Size: int64(d.uint())}
		ref.Kind = expr.Kind(d.byte())
		ref.ContentType = d.text()
		if ref.Kind > expr.KindReference {
			d.fail("kind of a reference")
		}
		return expr.Reference(ref)
	case tagDecimal:
		n, _, err := apd.NewFromString(d.text())
		if err != nil {
			d.fail("decimal")
			return expr.Null()
		}
		return expr.Decimal(n)
	default:
		d.fail("value")
	}
	return expr.Null()
}

func (d *decoder) json() expr.Value {
	text := d.take(d.small())
	if d.err != nil {
		return expr.Null()
	}
	v, err := expr.ParseStored(text)
	if err != nil {
		d.fail("JSON: " + err.Error())
	}
	return v
}
