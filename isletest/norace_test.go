//go:build !race

package isletest_test

const raceEnabled = false
