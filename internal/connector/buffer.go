package connector

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync/atomic"

	"isle/engine"
	"isle/wdl"
)

// Buffer bounds the bytes of large messages that are in memory at one time, over all who
// hold some. A nil Buffer bounds nothing. It is safe for concurrent use.
type Buffer struct {
	most int64
	held atomic.Int64 // by its rooms; at most most, but for a moment
	gone atomic.Int64 // given back by large messages since garbage was last collected for them
}

// FreeMessage is the size up to which a message is not worth counting.
const FreeMessage = 64 << 10

// DefaultBuffered is how many bytes of large messages may be in memory unless somebody
// says otherwise.
const DefaultBuffered = 1 << 30

// NewBuffer returns an empty one of so many bytes.
func NewBuffer(most int64) *Buffer { return &Buffer{most: most} }

// Held is how many bytes are held.
func (b *Buffer) Held() int64 { return b.held.Load() }

// Share is how much of the buffer is held, from 0 to 1.
func (b *Buffer) Share() float64 { return float64(b.held.Load()) / float64(max(1, b.most)) }

// Room returns what one message, or those of one call, hold of the buffer: nothing yet.
func (b *Buffer) Room() *Room {
	if b == nil {
		return nil
	}
	return &Room{buffer: b}
}

// Room is a part of a [Buffer] that is given back as a whole. A nil Room holds nothing
// and bounds nothing.
type Room struct {
	buffer *Buffer
	held   atomic.Int64
}

// Take makes room for so many bytes more, and reports a [FullError] if there is none: then
// the room holds what it held. Bytes that turn out to be too many are taken back by a
// negative number.
func (r *Room) Take(more int64) error {
	if r == nil {
		return nil
	}
	if r.buffer.held.Add(more) > r.buffer.most && more > 0 {
		r.buffer.held.Add(-more)
		return &FullError{Size: r.held.Load() + more, Most: r.buffer.most}
	}
	r.held.Add(more)
	return nil
}

// Release gives everything back. It may be called more than once.
func (r *Room) Release() {
	if r != nil {
		size := r.held.Swap(0)
		r.buffer.held.Add(-size)
		r.buffer.collect(size)
	}
}

const (
	largeMessage = 1 << 20
	collectFrom  = 8 << 20 // bytes of large messages that are not worth a collection
)

// collect has garbage collected when so much of it is large messages that it is cheap: by
// itself that happens when the heap has doubled, and a server that is small would be larger
// by several messages that nobody needs.
func (b *Buffer) collect(size int64) {
	if size < largeMessage || b.gone.Add(size) < max(collectFrom, toMark()/2) {
		return
	}
	if b.gone.Swap(0) >= collectFrom { // else somebody else has begun
		go runtime.GC()
	}
}

// toMark is how many bytes of the heap a collection looks at for what they refer to.
func toMark() int64 {
	sample := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// FullError says that a message has no place beside those that are held.
type FullError struct {
	Size int64 // of what the room would have held
	Most int64 // of the buffer
}

// Passing says that there will be a place when others have been released.
func (e *FullError) Passing() bool { return e.Size <= e.Most }

// Outcome is that of a call that was not made, or not finished, for want of room.
func (e *FullError) Outcome() engine.Outcome {
	const code = "BufferedSizeLimitExceeded"
	return engine.Outcome{Status: wdl.Failed, Code: code, Retryable: e.Passing(), Error: &engine.Error{Code: code, Message: "The call failed: " + e.Error() + "."}}
}

func (e *FullError) Error() string {
	if !e.Passing() {
		return fmt.Sprintf("a message of %d bytes is larger than all messages that may be in memory together, which have %d", e.Size, e.Most)
	}
	return fmt.Sprintf("there is no room for a message of %d bytes: the messages in memory have up to %d bytes together", e.Size, e.Most)
}
