package expr

import (
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
)

// Equal is the rule of the function equals: deep and strict in kinds, but numbers
// compare by value across theirs, strings are case-sensitive, the order of members
// does not matter (wdl-semantics §5).
func Equal(a, b Value) bool {
	if a.isNumber() && b.isNumber() {
		return compareNumbers(a, b) == 0
	}
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case KindBool:
		return a.num == b.num
	case KindString:
		return a.str == b.str
	case KindArray:
		return equalArrays(a, b)
	case KindObject:
		return equalObjects(a, b)
	case KindReference:
		return *a.node.ref == *b.node.ref
	}
	return true
}

// sameText reports that two containers are known to be equal without a look inside.
func sameText(a, b Value) bool {
	return a.node == b.node || a.node.text != "" && a.node.text == b.node.text
}

func equalArrays(a, b Value) bool {
	if sameText(a, b) {
		return true
	}
	x, y := a.elements(), b.elements()
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !Equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

func equalObjects(a, b Value) bool {
	if sameText(a, b) {
		return true
	}
	x, y := a.members(), b.members()
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		// Most often the members stand in the same order.
		if y[i].Name == x[i].Name {
			if !Equal(x[i].Value, y[i].Value) {
				return false
			}
			continue
		}
		j := b.node.findExact(x[i].Name)
		if j < 0 || !Equal(x[i].Value, y[j].Value) {
			return false
		}
	}
	return true
}

// compareNumbers orders two numbers by value; a NaN is below all others. As in .NET, an
// integer beside a float is taken as a float, and a float beside a decimal as a decimal
// of 15 digits, unless no decimal is so large or small.
func compareNumbers(a, b Value) int {
	switch {
	case a.kind == KindInt && b.kind == KindInt:
		return compare(int64(a.num), int64(b.num))
	case a.kind != KindFloat && b.kind != KindFloat:
		return a.decimal().Cmp(b.decimal())
	case a.kind == KindDecimal || b.kind == KindDecimal:
		x, okX := toDecimal(a)
		y, okY := toDecimal(b)
		if okX && okY {
			return x.Cmp(y)
		}
	}
	x, _ := a.AsFloat()
	y, _ := b.AsFloat()
	return compareFloats(x, y)
}

func compare[T int | int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareFloats(x, y float64) int {
	switch {
	case math.IsNaN(x) && math.IsNaN(y):
		return 0
	case math.IsNaN(x):
		return -1
	case math.IsNaN(y):
		return 1
	}
	return compare(x, y)
}

// decimal returns an integer or decimal as a decimal, without rounding.
func (v Value) decimal() *apd.Decimal {
	switch v.kind {
	case KindInt:
		return apd.New(int64(v.num), 0)
	case KindBigInt:
		return apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(v.node.big), 0)
	case KindDecimal:
		return v.node.dec
	}
	return new(apd.Decimal)
}

// compareText orders strings by their UTF-16 units in upper case, as .NET's ordinal
// comparison ignoring case does.
func compareText(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			if c := compareUnits(upper(x), upper(y)); c != 0 {
				return c
			}
		}
		a, b = a[n:], b[m:]
	}
	return compare(len(a), len(b))
}

// compareUnits orders characters by their UTF-16 units: those beyond the basic plane
// begin with a surrogate and so stand before U+E000.
func compareUnits(x, y rune) int {
	if x > 0xFFFF != (y > 0xFFFF) {
		if x > 0xFFFF {
			return compare(0xD800, int(y))
		}
		return compare(int(x), 0xD800)
	}
	return compare(int(x), int(y))
}

// upper maps a character to upper case, one to one.
func upper(c rune) rune {
	if c < utf8.RuneSelf {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return c
	}
	if c == 'ı' || c == 'ß' || c == 'ſ' {
		return c
	}
	return unicode.ToUpper(c)
}

// lower maps a character to lower case, one to one.
func lower(c rune) rune {
	if c == 'İ' {
		return c
	}
	return unicode.ToLower(c)
}
