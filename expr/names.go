package expr

// Finding a member by name: the exact name first, else the first name that is equal
// ignoring case, as .NET's ordinal comparison ignores it (wdl-semantics §4.4).

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// smallObject is the number of members up to which a linear search is used.
const smallObject = 12

// nameIndex finds members of a large object. Go's maps are seeded, so that no choice
// of names makes a lookup slow.
type nameIndex struct {
	exact  map[string]int
	folded atomic.Pointer[map[string]int] // the first member of each name in upper case
}

// find returns the place of the member that name means, or -1.
func (n *node) find(name string) int {
	if i := n.findExact(name); i >= 0 {
		return i
	}
	if len(n.members) > smallObject {
		return n.findFolded(name)
	}
	for i := range n.members {
		if equalFold(n.members[i].Name, name) {
			return i
		}
	}
	return -1
}

func (n *node) findExact(name string) int {
	if len(n.members) > smallObject {
		if i, ok := n.index().exact[name]; ok {
			return i
		}
		return -1
	}
	for i := range n.members {
		if n.members[i].Name == name {
			return i
		}
	}
	return -1
}

// index builds the index of exact names. Two goroutines may build it at once; each
// gives the same.
func (n *node) index() *nameIndex {
	if x := n.names.Load(); x != nil {
		return x
	}
	x := &nameIndex{exact: make(map[string]int, len(n.members))}
	for i := range n.members {
		x.exact[n.members[i].Name] = i
	}
	n.names.Store(x)
	return x
}

func (n *node) findFolded(name string) int {
	x := n.index()
	folded := x.folded.Load()
	if folded == nil {
		names := make(map[string]int, len(n.members))
		for i := len(n.members) - 1; i >= 0; i-- {
			names[toUpper(n.members[i].Name)] = i
		}
		folded = &names
		x.folded.Store(folded)
	}
	if i, ok := (*folded)[toUpper(name)]; ok {
		return i
	}
	return -1
}

// dropDuplicates removes, in place, each member that a later one of its name
// replaces.
func dropDuplicates(members []Member) []Member {
	if len(members) <= smallObject {
		return dropFewDuplicates(members)
	}
	last := make(map[string]int, len(members))
	for i := range members {
		last[members[i].Name] = i
	}
	if len(last) == len(members) {
		return members
	}
	kept := members[:0]
	for i, m := range members {
		if last[m.Name] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

func dropFewDuplicates(members []Member) []Member {
	kept := members[:0]
	for i, m := range members {
		replaced := false
		for _, later := range members[i+1:] {
			replaced = replaced || later.Name == m.Name
		}
		if !replaced {
			kept = append(kept, m)
		}
	}
	return kept
}

// equalFold reports equality ignoring case. Most names differ in their first letter.
func equalFold(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	if x, y := a[0], b[0]; x|0x20 != y|0x20 && x < utf8.RuneSelf && y < utf8.RuneSelf {
		return false
	}
	return foldedEqual(a, b)
}

func foldedEqual(a, b string) bool {
	for i := 0; i < len(a); i++ {
		if i == len(b) {
			return false
		}
		x, y := a[i], b[i]
		if x >= utf8.RuneSelf || y >= utf8.RuneSelf {
			return wideEqual(a[i:], b[i:])
		}
		if x != y && upper(rune(x)) != upper(rune(y)) {
			return false
		}
	}
	return len(a) == len(b)
}

func wideEqual(a, b string) bool {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y && upper(x) != upper(y) {
			return false
		}
		a, b = a[n:], b[m:]
	}
	return a == b
}

// toUpper and toLower map every character for itself, as .NET's invariant culture does.
func toUpper(s string) string { return strings.Map(upper, s) }
func toLower(s string) string { return strings.Map(lower, s) }
