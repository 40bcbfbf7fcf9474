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
	e := bytes.IndexByte(text, 'e')
	exponent, _ := strconv.Atoi(string(text[e+1:]))
	digits := e - bytes.Count(text[:e], []byte("-")) - bytes.Count(text[:e], []byte("."))
	if exponent >= -4 && exponent < max(digits, 15) {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = append(dst, text[:e]...)
	dst = append(dst, 'E')
	return append(dst, text[e+1:]...)
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
	dst = appendFloat(dst, f)
	if bytes.ContainsAny(dst[from:], ".E") {
		return dst
	}
	return append(dst, ".0"...)
}

// appendDecimalJSON appends d with its digits and at least one after the point.
func appendDecimalJSON(dst []byte, d *apd.Decimal) []byte {
	from := len(dst)
	dst = append(dst, d.Text('f')...)
	if bytes.IndexByte(dst[from:], '.') >= 0 {
		return dst
	}
	return append(dst, ".0"...)
}

func decimalFloat(d *apd.Decimal) float64 {
	f, _ := d.Float64()
	return f
}
