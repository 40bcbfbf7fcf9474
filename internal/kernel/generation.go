package kernel

import (
	"crypto/sha256"
	"encoding/hex"
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
// could drop, accept or rewrite what ours decides about.
func script(filter string) string {
	if filter == "" {
		return "flush ruleset\n"
	}
	return "flush ruleset\n" + filter + "\nadd chain inet " + filterTable + " " + generation(filter) + "\n"
}
