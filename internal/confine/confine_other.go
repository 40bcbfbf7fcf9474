//go:build !linux || (!amd64 && !arm64)

package confine

import (
	"errors"
	"os/exec"
)

var errUnavailable = errors.New("only Linux, on amd64 and arm64, has what locks a process in")

// Prepare does nothing here: Enter will say so.
func Prepare(*exec.Cmd) {}

// Enter fails: see the package.
func Enter() error { return errUnavailable }
