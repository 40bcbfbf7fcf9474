//go:build race

package runner

// raceEnabled says that the race detector counts its own allocations too.
const raceEnabled = true
