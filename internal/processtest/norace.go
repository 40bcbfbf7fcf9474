//go:build !race

package processtest

// Raced says that this binary was built with the race detector.
const Raced = false
