//go:build !linux

package capture

import (
	"errors"
	"math"

	"isle/netpol/packet"
)

var errNotLinux = errors.New("packets are captured in network namespaces, which are a part of Linux, and this is another system")

// Probe fails.
func Probe() error { return errNotLinux }

func openTap(Link, *packet.Taking) (Tap, error) { return nil, errNotLinux }

func freeSpace(string) (int64, error) { return math.MaxInt64, nil }
