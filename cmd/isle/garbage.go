package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// smallHeap is how large the heap of a server may always become before garbage is
// collected, in bytes. A server uses little and makes much: collecting as soon as there is
// as much garbage as use would take a tenth of its processor time.
const smallHeap = 48 << 20

// collectLess keeps collections apart while the server uses little, until the context
// ends. An operator who sets GOGC is left to it.
func collectLess(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		debug.SetGCPercent(garbagePercent(liveHeap()))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// garbagePercent is how much garbage there may be for live bytes of use, in percent.
func garbagePercent(live uint64) int {
	const usual = 100
	if live == 0 || live >= smallHeap/2 {
		return usual
	}
	return int((smallHeap - live) * 100 / live)
}

// liveHeap is what the last collection left, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
