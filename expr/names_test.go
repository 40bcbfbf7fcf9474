package expr

import (
	"strings"
	"testing"
)

// TestHashesTellNamesApart: names that differ in a byte or in length have different
// hashes, so that common objects are not suspected of having a name twice.
func TestHashesTellNamesApart(t *testing.T) {
	seen := map[uint64]string{}
	note := func(name string) {
		if other, ok := seen[hashName(name)]; ok && other != name {
			t.Fatalf("%q and %q have one hash", name, other)
		}
		seen[hashName(name)] = name
	}
	for n := range 40 {
		base := strings.Repeat("m", n)
		note(base)
		for at := range n {
			for c := byte('a'); c <= 'z'; c++ {
				note(base[:at] + string(c) + base[at+1:])
			}
		}
	}
}

func TestNamesAreFoundAsNETFoldsThem(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{"", "", true}, {"", "a", false}, {"aB", "Ab", true}, {"été", "ÉTÉ", true}, {"ß", "SS", false}, {"ı", "I", false}, {"ſ", "s", false},
		{"\u212A", "k", false}, {"σ", "ς", true}, {"a", "ab", false}, {"[", "{", false}, {"é", "e", false}, {"😀", "😀", true}, {"aé", "a", false},
	} {
		if equalFold(c.a, c.b) != c.equal || equalFold(c.b, c.a) != c.equal {
			t.Errorf("%q and %q: not %v", c.a, c.b, c.equal)
		}
		large := make([]Member, 0, 20)
		for _, name := range strings.Split("1 2 3 4 5 6 7 8 9 10 11 12 13", " ") {
			large = append(large, Member{name, Null()})
		}
		if _, ok := objectOf(append(large, Member{c.a, Int(1)})).Get(c.b); ok != c.equal {
			t.Errorf("%q and %q in a large object: not %v", c.a, c.b, c.equal)
		}
	}
}
