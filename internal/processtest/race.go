//go:build race

package processtest

// Raced says that this binary was built with the race detector, which looks at what its own
// process does, is slow, and counts allocations of its own.
const Raced = true
