package expr

// The spelling of numbers, as .NET and Newtonsoft write them (wdl-semantics §5).

import (
	"bytes"
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// appendFloat appends the shortest text that reads back as f, in .NET's spelling:
// scientific from exponent 15 up, unless all digits are needed anyway, and from -5
// down.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		if math.Signbit(f) {
			return append(dst, "-0"...)
		}
		return append(dst, '0')
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if text[0] == '-' {
		dst, text = append(dst, '-'), text[1:]
	}
	e := bytes.IndexByte(text, 'e')
	exponent := exponentOf(text[e+1:])
	return appendDigits(dst, append(text[:1], text[min(2, e):e]...), exponent)
}

// appendDigits appends the number d.ddd·10^exponent, given without the point.
func appendDigits(dst, digits []byte, exponent int) []byte {
	if exponent >= -4 && exponent < max(len(digits), 15) {
		return appendPoint(dst, digits, exponent+1)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E', '+')
	if exponent < 0 {
		dst[len(dst)-1], exponent = '-', -exponent
	}
	if exponent < 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(exponent), 10)
}

// exponentOf reads a sign and digits.
func exponentOf(text []byte) int {
	n := 0
	for _, c := range text[1:] {
		n = n*10 + int(c-'0')
	}
	if text[0] == '-' {
		return -n
	}
	return n
}

// appendPoint appends digits of which so many stand before the point, with the zeros
// that it takes.
func appendPoint(dst, digits []byte, before int) []byte {
	switch {
	case before <= 0:
		dst = append(append(dst, "0."...), "000000"[:-before]...)
		return append(dst, digits...)
	case before >= len(digits):
		dst = append(dst, digits...)
		return append(dst, "0000000000000000"[:before-len(digits)]...)
	}
	dst = append(append(dst, digits[:before]...), '.')
	return append(dst, digits[before:]...)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// appendFloatJSON appends f as a JSON number with a point or an exponent; what JSON
// has no number for becomes a string.
func appendFloatJSON(dst []byte, f float64) []byte {
	if !finite(f) {
		dst = append(dst, '"')
		dst = appendFloat(dst, f)
		return append(dst, '"')
	}
	from := len(dst)
	return withPoint(appendFloat(dst, f), from)
}

// withPoint appends ".0" if the number that begins at from has neither point nor
// exponent.
func withPoint(dst []byte, from int) []byte {
	for _, c := range dst[from:] {
		if c == '.' || c == 'E' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// appendDecimal appends d with all its digits. Zero has no sign, as in .NET.
func appendDecimal(dst []byte, d *apd.Decimal) []byte {
	if d.Negative && d.IsZero() {
		d = new(apd.Decimal).Abs(d)
	}
	return append(dst, d.Text('f')...)
}

// appendDecimalJSON is appendDecimal with at least one digit after the point.
func appendDecimalJSON(dst []byte, d *apd.Decimal) []byte {
	from := len(dst)
	return withPoint(appendDecimal(dst, d), from)
}

func decimalFloat(d *apd.Decimal) float64 {
	f, _ := d.Float64()
	return f
}
