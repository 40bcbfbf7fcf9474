//go:build race

package isletest_test

// raceEnabled says that the race detector looks at what the test's own process does.
const raceEnabled = true
