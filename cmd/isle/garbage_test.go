package main

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 12 << 20: 300, 16 << 20: 200, 24 << 20: 100, 1 << 30: 100} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d bytes in use: %d %%, want %d %%", live, got, want)
		}
	}
	runtime.GC()
	if liveHeap() == 0 {
		t.Error("a collection left nothing in use")
	}
}
