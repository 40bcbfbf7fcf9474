//go:build race

package main

// raceEnabled says that the race detector looks at what the test's own process does.
const raceEnabled = true
