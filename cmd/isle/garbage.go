package main

import (
	"context"
	"os"
	"runtime"
)

// ballastSize is how many bytes the heap of a server counts as in use beyond what it uses,
// so that garbage is collected when there is as much of it as of both. A server uses
// little and makes much: else collecting would take a tenth of its processor time.
const ballastSize = 22 << 20

// collectLess keeps collections apart until the context ends. The ballast is address space
// that nobody writes to, and so takes no memory. An operator who sets GOGC is left to it.
func collectLess(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ballast := make([]byte, ballastSize)
	<-ctx.Done()
	runtime.KeepAlive(ballast)
}
