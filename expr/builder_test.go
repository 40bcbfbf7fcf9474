package expr

import (
	"testing"

	"pgregory.net/rapid"
)

// An ArrayBuilder gives what Array gives, and what it gave before does not change.
func TestArrayBuilder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		elems := rapid.SliceOfN(values(2), 0, 20).Draw(t, "elems")
		from := rapid.IntRange(0, len(elems)).Draw(t, "from")
		b := NewArrayBuilder(Array(elems[:from]...))
		var given []Value
		for _, e := range elems[from:] {
			given = append(given, b.Value())
			b.Append(e)
		}
		for i, v := range append(given, b.Value()) {
			want := Array(elems[:from+i]...)
			if string(v.JSON()) != string(want.JSON()) || v.depth() != want.depth() || v.Size() != want.Size() || v.node.weight != want.node.weight {
				t.Fatalf("after %d of %d: %s, want %s", from+i, len(elems), v.JSON(), want.JSON())
			}
		}
	})
}
