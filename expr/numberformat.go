package expr

// formatNumber, as .NET prints numbers (wdl-semantics §5).
//
// A format of one letter and up to nine digits is a standard one, all else is a
// custom picture (numberformat_custom.go). A float in a standard format is
// rounded by its exact binary value, halves to even; integers and decimals, and
// everything in a picture, round halves away from zero.

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// maxPrecision bounds the digits that a format may ask for.
const maxPrecision = 10_000

// defaultDigits are the places after the point of N, F and P without a precision.
const defaultDigits = 2

// printedNumber is the number in a call of formatNumber: a float, or the exact
// decimal digits of the other kinds.
type printedNumber struct {
	negative bool
	isFloat  bool
	integral bool
	float    float64 // magnitude
	whole    string  // digits before the point, none for zero
	fraction string  // digits after it
}

func printedNumberOf(v Value) (printedNumber, bool) {
	var n printedNumber
	switch v.Kind() {
	case KindInt:
		i, _ := v.AsInt()
		n.integral, n.negative = true, i < 0
		n.whole = strings.TrimPrefix(strconv.FormatInt(i, 10), "-")
	case KindBigInt:
		n.integral, n.negative = true, v.node.big.Sign() < 0
		n.whole = new(big.Int).Abs(v.node.big).String()
	case KindFloat:
		f, _ := v.AsFloat()
		return printedNumber{negative: math.Signbit(f), isFloat: true, float: math.Abs(f)}, true
	case KindDecimal:
		n.negative = v.node.dec.Negative
		n.whole, n.fraction, _ = strings.Cut(new(apd.Decimal).Abs(v.node.dec).Text('f'), ".")
	default:
		return n, false
	}
	n.whole = strings.TrimLeft(n.whole, "0")
	return n, true
}

// formatNumber prints v; false if v is no number or format is not valid for it.
func formatNumber(v Value, format string, c *culture) (string, bool) {
	n, ok := printedNumberOf(v)
	if !ok {
		return "", false
	}
	letter, precision, standard := standardNumberFormat(format)
	switch {
	case standard && precision > maxPrecision || len(format) > longestFormat:
		return "", false
	case n.isFloat && (math.IsNaN(n.float) || math.IsInf(n.float, 0)):
		return n.special(c), true
	case !standard:
		return n.custom(format, c), true
	}
	return n.standard(v, letter, precision, c)
}

// standardNumberFormat reads a letter and its precision, -1 if it has none.
func standardNumberFormat(format string) (letter byte, precision int, ok bool) {
	if format == "" {
		return 'G', -1, true
	}
	c := format[0] | 0x20
	digits := strings.TrimLeft(format[1:], "0")
	switch {
	case c < 'a' || c > 'z' || leadingDigits(format[1:]) != len(format)-1:
		return 0, 0, false
	case len(format) == 1:
		return format[0], -1, true
	case len(digits) > 9:
		return format[0], maxPrecision + 1, true
	}
	fixedDigits(digits, &precision)
	return format[0], precision, true
}

func (n printedNumber) special(c *culture) string {
	switch {
	case math.IsNaN(n.float):
		return c.nan
	case n.negative:
		return c.negativeSign + c.infinity
	}
	return c.infinity
}

// standard prints in a standard format.
func (n printedNumber) standard(v Value, letter byte, precision int, c *culture) (string, bool) {
	places := precision
	if places < 0 {
		places = defaultDigits
	}
	switch letter | 0x20 {
	case 'c':
		if precision < 0 {
			places = c.currencyDigits
		}
		text, negative := n.fixed(places, 0, c.currencyDecimal, c.currencyGroup, c)
		return pattern(negative, c.currencyPositive, c.currencyNegative, text, "$", c.currencySymbol, c), true
	case 'f', 'n':
		group := ""
		if letter|0x20 == 'n' {
			group = c.groupSeparator
		}
		text, negative := n.fixed(places, 0, c.decimalSeparator, group, c)
		return signed(negative, text, c), true
	case 'p':
		text, negative := n.fixed(places, 2, c.decimalSeparator, c.groupSeparator, c)
		return pattern(negative, c.percentPositive, c.percentNegative, text, "%", c.percent, c), true
	case 'e':
		if precision < 0 {
			precision = 6
		}
		digits, exponent := n.significant(precision+1, false)
		negative := n.negative && (n.isFloat || strings.Trim(digits, "0") != "")
		return signed(negative, scientific(digits, exponent, precision, letter, 3, c), c), true
	case 'g':
		return n.general(letter, precision, c), true
	case 'r':
		if !n.isFloat {
			return "", false
		}
		return n.general('G'|letter&0x20, -1, c), true
	case 'd':
		if !n.integral {
			return "", false
		}
		return signed(n.negative, strings.Repeat("0", max(max(precision, 1)-len(n.whole), 0))+n.whole, c), true
	case 'x':
		return hexadecimal(v, letter, precision)
	}
	return "", false
}

func signed(negative bool, text string, c *culture) string {
	if negative {
		return c.negativeSign + text
	}
	return text
}

// pattern fills a culture's pattern, in which n is the number and '-' the sign.
func pattern(negative bool, positivePattern, negativePattern, number, mark, symbol string, c *culture) string {
	p := positivePattern
	if negative {
		p = negativePattern
	}
	return strings.NewReplacer("n", number, mark, symbol, "-", c.negativeSign).Replace(p)
}

// fixed prints the magnitude with so many places after the point, shifted to the
// left by shift digits, with these separators, and says whether a minus belongs
// before it: zeros of integers and decimals have none.
func (n printedNumber) fixed(places, shift int, point, group string, c *culture) (text string, negative bool) {
	whole, fraction := n.rounded(places + shift)
	whole = strings.TrimLeft(whole+fraction[:shift], "0")
	fraction = fraction[shift:]
	negative = n.negative && (n.isFloat || whole != "" || strings.Trim(fraction, "0") != "")
	if whole == "" {
		whole = "0"
	}
	if group != "" {
		whole = grouping(whole, group, c.groupSizes)
	}
	if places == 0 {
		return whole, negative
	}
	return whole + point + fraction, negative
}

// rounded returns the digits before the point, and exactly so many after it.
func (n printedNumber) rounded(places int) (whole, fraction string) {
	if n.isFloat {
		whole, fraction, _ = strings.Cut(strconv.FormatFloat(n.float, 'f', places, 64), ".")
		return whole, fraction
	}
	digits, point := roundDigits(n.whole+n.fraction, len(n.whole), len(n.whole)+places)
	digits += strings.Repeat("0", max(point+places-len(digits), 0))
	return digits[:point], digits[point:]
}

// roundDigits shortens digits, whose point stands behind the first point ones, to
// keep, halves away from zero. A carry may put a digit more before the point.
func roundDigits(digits string, point, keep int) (string, int) {
	switch {
	case keep >= len(digits):
		return digits, point
	case keep < 0:
		return "", point
	case digits[keep] < '5':
		return digits[:keep], point
	}
	kept := []byte(digits[:keep])
	for i := len(kept) - 1; i >= 0; i-- {
		if kept[i] != '9' {
			kept[i]++
			return string(kept), point
		}
		kept[i] = '0'
	}
	return "1" + string(kept), point + 1
}

// significant returns count significant digits and the exponent of the first; all
// of them for count 0. picture rounds a float's first 15 digits.
func (n printedNumber) significant(count int, picture bool) (digits string, exponent int) {
	if n.isFloat {
		places := count - 1
		if picture {
			places = 14
		}
		mantissa, exp, _ := strings.Cut(strconv.FormatFloat(n.float, 'e', places, 64), "e")
		exponent, _ = strconv.Atoi(exp)
		return strings.Replace(mantissa, ".", "", 1), exponent
	}
	all := n.whole + n.fraction
	digits = strings.TrimLeft(all, "0")
	if digits == "" {
		return strings.Repeat("0", max(count, 1)), 0
	}
	exponent = len(n.whole) - (len(all) - len(digits)) - 1
	if count > 0 {
		var point int
		digits, point = roundDigits(digits, 1, count)
		exponent += point - 1
		digits += strings.Repeat("0", max(count-len(digits), 0))
		digits = digits[:count]
	}
	return digits, exponent
}

// general prints the shorter of fixed and scientific notation.
func (n printedNumber) general(letter byte, precision int, c *culture) string {
	if precision == 0 && n.fraction != "" {
		precision = len(strings.TrimLeft(n.whole+n.fraction, "0"))
	}
	if precision <= 0 && !n.isFloat {
		whole := n.whole
		if whole == "" {
			whole = "0"
		}
		if n.fraction != "" {
			whole += c.decimalSeparator + n.fraction
		}
		return signed(n.negative && strings.Trim(n.whole+n.fraction, "0") != "", whole, c)
	}
	digits, exponent := n.significant(max(precision, 0), false)
	digits = strings.TrimRight(digits, "0")
	most := precision
	if most <= 0 {
		most = max(len(digits), 15)
	}
	switch {
	case digits == "":
		return signed(n.negative && n.isFloat, "0", c)
	case exponent >= most || exponent < -4:
		return signed(n.negative, scientific(digits, exponent, len(digits)-1, letter-'G'+'E', 2, c), c)
	case exponent < 0:
		return signed(n.negative, "0"+c.decimalSeparator+strings.Repeat("0", -exponent-1)+digits, c)
	case exponent >= len(digits)-1:
		return signed(n.negative, digits+strings.Repeat("0", exponent+1-len(digits)), c)
	}
	return signed(n.negative, digits[:exponent+1]+c.decimalSeparator+digits[exponent+1:], c)
}

// scientific prints d.dddE+xxx with so many places and at least width digits of
// the exponent.
func scientific(digits string, exponent, places int, letter byte, width int, c *culture) string {
	out := []byte(digits[:1])
	if places > 0 {
		out = append(out, c.decimalSeparator...)
		out = append(out, digits[1:places+1]...)
	}
	out = append(out, letter)
	if exponent < 0 {
		out = append(out, c.negativeSign...)
		exponent = -exponent
	} else {
		out = append(out, '+')
	}
	return string(appendPadded(out, exponent, width))
}

// hexadecimal prints integers; negative ones as 64-bit two's complement.
func hexadecimal(v Value, letter byte, precision int) (string, bool) {
	var digits string
	switch i, ok := v.AsInt(); {
	case ok:
		digits = strconv.FormatUint(uint64(i), 16)
	case v.Kind() == KindBigInt && v.node.big.Sign() >= 0:
		if digits = v.node.big.Text(16); digits[0] >= '8' {
			digits = "0" + digits // .NET's BigInteger keeps the sign visible
		}
	default:
		return "", false
	}
	if letter == 'X' {
		digits = strings.ToUpper(digits)
	}
	return strings.Repeat("0", max(precision-len(digits), 0)) + digits, true
}

// grouping puts a separator between groups of digits.
func grouping(whole, group string, sizes []int) string {
	boundary := groupBoundaries(sizes)
	var b strings.Builder
	for i := range len(whole) {
		if left := len(whole) - i; i > 0 && boundary(left) {
			b.WriteString(group)
		}
		b.WriteByte(whole[i])
	}
	return b.String()
}

// groupBoundaries tells whether a separator stands before the last so many digits.
func groupBoundaries(sizes []int) func(digits int) bool {
	return func(digits int) bool {
		for i, size := range sizes {
			if i == len(sizes)-1 {
				return digits%size == 0
			}
			if digits <= size {
				return digits == size
			}
			digits -= size
		}
		return false
	}
}
