package connector

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestLargeMessagesAreCollected: memory of large messages is given back when they have
// gone, without waiting for the heap to double; of small ones it is not worth that.
func TestLargeMessagesAreCollected(t *testing.T) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	forced := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	before := forced()
	pass := func(b *Buffer, size int64, times int) {
		for range times {
			room := b.Room()
			if err := room.Take(size); err != nil {
				t.Fatal(err)
			}
			room.Release()
			room.Release()
		}
	}
	b := NewBuffer(DefaultBuffered)
	pass(b, largeMessage-1, 100)
	if got := b.gone.Load(); got != 0 {
		t.Errorf("small messages count as %d bytes", got)
	}
	most := max(collectFrom, toMark()/2)
	pass(b, most-1, 1)
	if b.gone.Load() != most-1 || forced() != before {
		t.Errorf("collected for %d bytes, beside %d to be looked at", most-1, toMark())
	}
	pass(b, largeMessage, 1)
	for end := time.Now().Add(2 * time.Minute); forced() == before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("never collected")
		}
	}
	if got := b.gone.Load(); got != 0 {
		t.Errorf("%d bytes are still to be collected", got)
	}
}
