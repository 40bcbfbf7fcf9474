package main

import (
	"testing"
)

// Where no kernel holds the networks there are no captures, and the commands say so.
func TestCaptureCommands(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	w.prints("bin/isle capture list", "No packet captures.")
	w.prints("bin/isle capture list --json", "")
	w.refuses("bin/isle capture get one", "give the file to write with -o")
	w.refuses("bin/isle capture get one -o one.cap", "there is no packet capture one; `bin/isle capture list` shows them")
	w.refuses("bin/isle capture stop one", "there is no packet capture one")
}
