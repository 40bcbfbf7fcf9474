package expr

import (
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// TestUTF16 compares lengths and slices with the units themselves.
func TestUTF16(t *testing.T) {
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab cdefghijklm\u00e9\u20ac\u6771\U0001f600\U00010000\uffff")))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "s") + text.Draw(t, "more")
		units := utf16.Encode([]rune(s))
		if got := utf16Length(s); got != len(units) {
			t.Fatalf("%q has %d units, not %d", s, got, len(units))
		}
		start := rapid.IntRange(0, len(units)).Draw(t, "start")
		end := rapid.IntRange(start, len(units)).Draw(t, "end")
		if got, want := utf16Slice(s, start, end), string(utf16.Decode(units[start:end])); got != want {
			t.Fatalf("%q from %d to %d is %q, not %q", s, start, end, got, want)
		}
	})
}
