package expr

// Numbers as text, read as .NET's Number.Parse does: white space around, a sign before
// the digits or (where the style allows) after them, group separators anywhere between
// the first digit and the point, an exponent. No parentheses, no currency symbols.

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
)

// numberStyle is what a numeral may have beyond a sign in front, separators and a
// point.
type numberStyle struct{ exponent, trailingSign bool }

var (
	floatStyle   = numberStyle{exponent: true, trailingSign: true} // NumberStyles.Float with Number
	decimalStyle = numberStyle{trailingSign: true}                 // NumberStyles.Number
)

// numeralSpace is the white space around numbers; there may be none after a sign.
const numeralSpace = " \t\n\v\f\r"

// parseFloat reads a float in a culture. Too large ones are infinite.
func parseFloat(s string, locale *culture) (float64, bool) {
	return readFloat(s, locale, floatStyle)
}

func readFloat(s string, locale *culture, style numberStyle) (float64, bool) {
	plain, ok := plainNumber(s, locale, style)
	if !ok {
		return wordFloat(strings.TrimSpace(s), locale)
	}
	f, err := strconv.ParseFloat(plain, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// wordFloat reads NaN and the infinities. The invariant culture spells infinity as a
// word, the others as a symbol.
func wordFloat(s string, locale *culture) (float64, bool) {
	unsigned, sign := locale.cutSign(s)
	switch {
	case equalFold(unsigned, "NaN"):
		return math.NaN(), true
	case equalFold(unsigned, locale.infinity):
		return math.Inf(sign), true
	}
	return 0, false
}

// parseDecimal reads a decimal in the invariant culture.
func parseDecimal(s string) (*apd.Decimal, bool) {
	plain, ok := plainNumber(s, invariantCulture(), decimalStyle)
	if !ok {
		return nil, false
	}
	short, ok := shortNumeral(plain)
	if !ok {
		return nil, false
	}
	d, _, err := apd.NewFromString(short)
	if err != nil {
		return nil, false
	}
	return d, fitDecimal(d)
}

// shortNumeral leaves of a numeral without exponent the digits that decide which
// decimal it is, so that millions of them take no time. It reports false when there
// are more before the point than a decimal holds.
func shortNumeral(plain string) (string, bool) {
	const before, after = 29, 60
	unsigned := strings.TrimPrefix(plain, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > before {
		return "", false
	}
	if len(fraction) > after {
		rest := strings.Trim(fraction[after:], "0")
		fraction = fraction[:after]
		if rest != "" {
			fraction += "1" // what is above a half stays above it
		}
	}
	sign := plain[:len(plain)-len(unsigned)]
	return sign + "0" + whole + "." + fraction, true
}

// plainNumber turns a numeral of a culture into one that Go and apd accept.
func plainNumber(s string, locale *culture, style numberStyle) (string, bool) {
	s, sign := locale.cutSign(strings.Trim(s, numeralSpace))
	if sign == 0 && style.trailingSign {
		s, sign = locale.cutTrailingSign(s)
	}
	group, point := locale.separators()
	var b strings.Builder
	if sign < 0 {
		b.WriteByte('-')
	}
	digits, seenPoint := 0, false
	for i, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digits++
			b.WriteRune(c)
		case c == point && !seenPoint:
			seenPoint = true
			b.WriteByte('.')
		case digits > 0 && !seenPoint && isGroup(c, group):
		case digits > 0 && style.exponent && (c == 'e' || c == 'E') && validExponent(s[i+1:]):
			b.WriteString(shortExponent(s[i:]))
			return b.String(), true
		default:
			return "", false
		}
	}
	return b.String(), digits > 0
}

// isGroup reports whether c separates groups: of the spaces that cultures use, the
// ordinary one does as well.
func isGroup(c, group rune) bool {
	return c == group || c == ' ' && (group == '\u00A0' || group == '\u202F')
}

// cutSign takes the sign from the front of s: 1, -1, or 0 for none. The hyphen is a
// minus in every culture.
func (c *culture) cutSign(s string) (string, int) {
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return rest, 1
	}
	for _, minus := range []string{"-", c.negativeSign} {
		if rest, ok := strings.CutPrefix(s, minus); ok && minus != "" {
			return rest, -1
		}
	}
	return s, 0
}

// cutTrailingSign is cutSign at the end, where white space may stand before the sign.
func (c *culture) cutTrailingSign(s string) (string, int) {
	if rest, ok := strings.CutSuffix(s, "+"); ok {
		return strings.TrimRight(rest, numeralSpace), 1
	}
	for _, minus := range []string{"-", c.negativeSign} {
		if rest, ok := strings.CutSuffix(s, minus); ok && minus != "" {
			return strings.TrimRight(rest, numeralSpace), -1
		}
	}
	return s, 0
}

// separators returns the characters between groups of digits and before the fraction.
func (c *culture) separators() (group, point rune) {
	group, _ = utf8.DecodeRuneInString(c.groupSeparator)
	point, _ = utf8.DecodeRuneInString(c.decimalSeparator)
	return group, point
}

func validExponent(s string) bool {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// shortExponent bounds the digits of a valid exponent; ten are as good as infinite.
func shortExponent(s string) string {
	sign := ""
	digits := s[1:]
	if digits[0] == '+' || digits[0] == '-' {
		sign, digits = digits[:1], digits[1:]
	}
	digits = strings.TrimLeft(digits, "0")
	return "e" + sign + "0" + digits[:min(len(digits), 10)]
}
