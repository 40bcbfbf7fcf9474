package expr

// Reading floats. A number of at most 19 digits, m·10^q, becomes a double by one or
// two multiplications of m with the 128 bits that begin 5^q; where those bits do not
// decide the rounding, and for longer numbers, strconv does it. (D. Lemire, Number
// parsing at a gigabyte per second, 2021.)

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

const (
	leastPower = -60
	mostPower  = 40
)

// fives holds the first 128 bits of 5^q for q from leastPower to mostPower, high half
// first; of negative powers rounded up.
var fives = func() (table [mostPower - leastPower + 1][2]uint64) {
	for q := leastPower; q <= mostPower; q++ {
		power := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(max(q, -q))), nil)
		if q < 0 {
			one := new(big.Int).Lsh(big.NewInt(1), 2*uint(power.BitLen())+128)
			power.Add(one.Quo(one, power), big.NewInt(1))
		}
		if n := power.BitLen() - 128; n > 0 {
			power.Rsh(power, uint(n))
		} else {
			power.Lsh(power, uint(-n))
		}
		low := new(big.Int).And(power, new(big.Int).SetUint64(math.MaxUint64))
		table[q-leastPower] = [2]uint64{new(big.Int).Rsh(power, 64).Uint64(), low.Uint64()}
	}
	return table
}()

// decimal is a number m·10^q as it stands in a text.
type decimal struct {
	m        uint64
	q        int
	negative bool
	exact    bool // m and q hold the whole number, and scale takes them
}

// float is the double nearest to the number, which token spells.
func (d decimal) float(token string) float64 {
	if d.exact {
		if f, ok := scale(d.m, d.q); ok {
			if d.negative {
				return -f
			}
			return f
		}
	}
	f, _ := strconv.ParseFloat(token, 64)
	return f
}

// decimalAt takes the number apart that begins at a position, and returns the
// position after it.
func decimalAt(text string, at int) (d decimal, end int) {
	if text[at] == '-' {
		d.negative = true
		at++
	}
	first := at
	for ; at < len(text) && text[at]-'0' <= 9; at++ {
		d.m = d.m*10 + uint64(text[at]-'0')
	}
	digits := at - first
	if at < len(text) && text[at] == '.' {
		at++
		fraction := at
		for ; at < len(text) && text[at]-'0' <= 9; at++ {
			d.m = d.m*10 + uint64(text[at]-'0')
		}
		d.q = fraction - at
		digits -= d.q
	}
	if digits > 19 {
		digits -= leadingZeros(text[first:at])
	}
	small := true
	if at < len(text) && text[at]|0x20 == 'e' {
		var exponent int
		exponent, small, at = exponentAt(text, at+1)
		d.q += exponent
	}
	d.exact = small && digits <= 19 && leastPower <= d.q && d.q <= mostPower
	return d, at
}

// leadingZeros counts the zeros before the first other digit.
func leadingZeros(digits string) (n int) {
	for i := 0; i < len(digits) && (digits[i] == '0' || digits[i] == '.'); i++ {
		if digits[i] == '0' {
			n++
		}
	}
	return n
}

// exponentAt reads an exponent and says whether it is small, of at most three digits.
func exponentAt(text string, at int) (exponent int, small bool, end int) {
	negative := at < len(text) && text[at] == '-'
	if negative || at < len(text) && text[at] == '+' {
		at++
	}
	first := at
	for ; at < len(text) && text[at]-'0' <= 9; at++ {
		if at-first < 3 {
			exponent = exponent*10 + int(text[at]-'0')
		}
	}
	if negative {
		exponent = -exponent
	}
	return exponent, at-first <= 3, at
}

// scale returns the double nearest to m·10^q, and whether that is certain.
func scale(m uint64, q int) (float64, bool) {
	if m == 0 {
		return 0, true
	}
	shift := bits.LeadingZeros64(m)
	m <<= shift
	power := &fives[q-leastPower]
	high, low := bits.Mul64(m, power[0])
	if high&0x1FF == 0x1FF { // the low half of the power may carry
		more, _ := bits.Mul64(m, power[1])
		var carry uint64
		low, carry = bits.Add64(low, more, 0)
		high += carry
	}
	if low == math.MaxUint64 {
		return 0, false
	}
	top := int(high >> 63)
	mantissa := high >> (top + 9) // 53 bits and one to round by
	if low <= 1 && mantissa&3 == 1 && mantissa<<(top+9) == high {
		return 0, false // halfway between two doubles, perhaps exactly
	}
	mantissa = (mantissa + mantissa&1) >> 1
	exponent := (217706*q)>>16 + 63 + top - shift + 1023
	if mantissa == 1<<53 {
		mantissa, exponent = 1<<52, exponent+1
	}
	return math.Float64frombits(uint64(exponent)<<52 | mantissa&(1<<52-1)), true
}

// appendFloatOf appends f, which the number is read as, as appendFloatJSON does.
func (d decimal) appendFloatOf(dst []byte, f float64) []byte {
	m, q, ok := d.shortest(math.Abs(f))
	if !ok {
		return appendFloatJSON(dst, f)
	}
	if d.negative {
		dst = append(dst, '-')
	}
	from := len(dst)
	var buf [20]byte
	digits := strconv.AppendUint(buf[:0], m, 10)
	return withPoint(appendDigits(dst, digits, q+len(digits)-1), from)
}

// spells reports whether the number's digits are those of f, which it is read as.
func (d decimal) spells(f float64) bool {
	m, q, ok := d.shortest(f)
	return ok && m == d.m && q == d.q
}

// shortest returns, if it is found without looking far, the shortest decimal that is
// read as f, of those of equal length the one closest to f. The number itself is read
// as f. Numbers with digits to spare, such as 65.613616999999977, mean one of 15
// digits, which are then the shortest, but for zeros at the end: doubles tell 15 digits
// apart.
func (d decimal) shortest(f float64) (m uint64, q int, ok bool) {
	if !d.exact || d.m == 0 {
		return 0, 0, false
	}
	if m, q, more := d.fifteenDigits(); more {
		switch g, ok := scale(m, q); {
		case !ok:
			return 0, 0, false
		case g != f:
			return d.sixteenDigits(f)
		}
		d.m, d.q = m, q
	}
	for d.m%10 == 0 {
		d.m, d.q = d.m/10, d.q+1
	}
	return d.m, d.q, true
}

// sixteenDigits is shortest for a number that takes 16 digits or all its 17.
func (d decimal) sixteenDigits(f float64) (m uint64, q int, ok bool) {
	if d.m >= 1e17 || d.q >= mostPower {
		return 0, 0, false
	}
	if d.m >= 1e16 {
		for _, shorter := range [2]uint64{d.m / 10, d.m/10 + 1} {
			if g, ok := scale(shorter, d.q+1); !ok || g == f {
				m = shorter
				if ok && closest(m, d.q+1, f) {
					return m, d.q + 1, true
				}
			}
		}
		if m != 0 {
			return 0, 0, false
		}
	}
	return d.m, d.q, closest(d.m, d.q, f)
}

// closest reports whether no other m is as close to f; it is false if that is close.
func closest(m uint64, q int, f float64) bool {
	return math.Float64bits(f)>>52 != 0 && compareTwice(2*m-1, q, f) < 0 && compareTwice(2*m+1, q, f) > 0
}

// fifteenDigits rounds the number to 15 digits; ok is false if it has no more.
func (d decimal) fifteenDigits() (m uint64, q int, ok bool) {
	power, spare := uint64(1), 0
	for limit := uint64(1e15); spare < 4 && d.m >= limit; limit *= 10 {
		power *= 10
		spare++
	}
	if spare == 0 || d.q+spare > mostPower || d.m > math.MaxUint64-power {
		return 0, 0, false
	}
	return (d.m + power/2) / power, d.q + spare, true
}

// compareTwice compares w·10^q with twice the normal number f; 0 if they are too close
// to tell.
func compareTwice(w uint64, q int, f float64) int {
	shift := bits.LeadingZeros64(w)
	w <<= shift
	power := &fives[q-leastPower]
	high, low := bits.Mul64(w, power[0])
	more, _ := bits.Mul64(w, power[1])
	low, carry := bits.Add64(low, more, 0)
	high += carry
	exponent := (217706*q)>>16 + 64 - shift // of the first bit of high
	if high>>63 == 0 {
		high, low, exponent = high<<1|low>>63, low<<1, exponent-1
	}
	pattern := math.Float64bits(f)
	mantissa := (pattern&(1<<52-1) | 1<<52) << 11
	if c := compare(exponent, int(pattern>>52)-1023+1); c != 0 {
		return c
	}
	switch {
	case high > mantissa || high == mantissa && low > 8:
		return 1
	case high < mantissa-1 || high == mantissa-1 && low < math.MaxUint64-8:
		return -1
	}
	return 0
}
