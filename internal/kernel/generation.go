package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A filter tells which one it is by an empty chain whose name is made of its text. It is
// loaded in the same transaction, so it is there when, and only when, the filter is.

const (
	filterTable      = "isle"
	generationPrefix = "isle_generation_"
)

// generation is the name of that chain; "" for no filter.
func generation(filter string) string {
	if filter == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(filter))
	return generationPrefix + hex.EncodeToString(sum[:12])
}

// script is what nft is told, whatever was there before. A ruleset that is not ours
// could drop, accept or rewrite what ours decides about. Rules whose comments have counted
// begin with that, and name sets with their elements.
func script(filter string, counted map[string]Counter, elements map[string][]string) string {
	if filter == "" {
		return "flush ruleset\n"
	}
	var filled strings.Builder
	for _, set := range slices.Sorted(maps.Keys(elements)) {
		if strings.Contains(filter, "\tset "+set+" {") || strings.Contains(filter, "\tmap "+set+" {") { // else it is of another filter
			filled.WriteString(addElements(set, elements[set]))
		}
	}
	return "flush ruleset\n" + goOn(filter, counted) + "\nadd chain inet " + filterTable + " " + generation(filter) + "\n" + filled.String()
}

// addElements gives a set its elements.
func addElements(set string, elements []string) string {
	if len(elements) == 0 {
		return ""
	}
	return fmt.Sprintf("add element inet %s %s { %s }\n", filterTable, set, strings.Join(elements, ", "))
}

// goOn has counters begin with what the rules with their comments have counted: of several
// with one comment the first has the sum of all. A comment is the rule's as it is
// (layout.Comment).
func goOn(filter string, counted map[string]Counter) string {
	left := maps.Clone(counted)
	var b strings.Builder
	for line := range strings.Lines(filter) {
		head, comment, commented := strings.Cut(line, ` comment "`)
		comment, _, _ = strings.Cut(comment, `"`)
		before, after, counts := strings.Cut(head, "counter ")
		if c := left[comment]; commented && counts && c.Packets > 0 {
			fmt.Fprintf(&b, "%scounter packets %d bytes %d %s", before, c.Packets, c.Bytes, after)
			line = line[len(head):]
			delete(left, comment)
		}
		b.WriteString(line)
	}
	return b.String()
}
