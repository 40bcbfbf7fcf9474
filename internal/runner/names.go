package runner

import (
	"crypto/rand"
	"encoding/binary"
	"hash/fnv"
	"math"
	"time"
)

// Run names sort newest first (wdl-semantics §14.2): 20 digits of the largest
// 64-bit number less the time in ticks, 9 digits that tell runs of one tick apart,
// and a suffix that stands for the scale unit.
const (
	nameSuffix = "CU00"
	nameLength = 20 + 9 + len(nameSuffix)
)

// ticks counts 100 ns since the year 1, like .NET.
func ticks(t time.Time) int64 {
	const unixEpoch = 621_355_968_000_000_000
	return unixEpoch + t.Unix()*10_000_000 + int64(t.Nanosecond())/100
}

func runName(t time.Time, distinct uint64) string {
	b := make([]byte, 0, nameLength)
	b = appendDigits(b, uint64(math.MaxInt64-ticks(t)), 20)
	b = appendDigits(b, distinct%1_000_000_000, 9)
	return string(append(b, nameSuffix...))
}

func appendDigits(b []byte, n uint64, width int) []byte {
	start := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := len(b) - 1; i >= start; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// newRunName is for a firing of its own.
func newRunName(now time.Time) string { return runName(now, randomBits()) }

// scheduledRunName is the same for every attempt to start the run of one scheduled
// time, so that a crash between starting and re-arming cannot double it.
func scheduledRunName(flowID, trigger string, scheduled time.Time) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(flowID + "/" + trigger))
	return runName(scheduled, h.Sum64())
}

func randomBits() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// newGUID is a random identifier in the usual form.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	const hex = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, x := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hex[x>>4], hex[x&15])
	}
	return string(out)
}
