//go:build race

package kernel_test

// raceEnabled says that the race detector looks at what the test's own process does.
const raceEnabled = true
