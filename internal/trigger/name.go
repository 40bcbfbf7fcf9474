package trigger

import (
	"math"
	"strconv"
	"time"
)

// Run names sort newest first (wdl-semantics §14.2): 20 digits of the largest
// 64-bit number less the time in ticks, 9 digits that tell runs of one tick apart,
// and a suffix that stands for the scale unit.
const (
	nameSuffix = "CU00"
	// NameLength is that of every run name.
	NameLength = 20 + 9 + len(nameSuffix)
)

// ticks counts 100 ns since the year 1, like .NET.
func ticks(t time.Time) int64 {
	const unixEpoch = 621_355_968_000_000_000
	return unixEpoch + t.Unix()*10_000_000 + int64(t.Nanosecond())/100
}

// RunName is the name of a run that begins at a time, and of the firing that began
// it. Distinct tells runs of one tick apart.
func RunName(t time.Time, distinct uint64) string {
	b := make([]byte, 0, NameLength)
	b = appendDigits(b, uint64(math.MaxInt64-ticks(t)), 20)
	b = appendDigits(b, distinct%1_000_000_000, 9)
	return string(append(b, nameSuffix...))
}

// ItemName is the name of the run of an item of a firing, which splitOn gives: always
// the same, and of a time just behind the firing's, so that a later item counts as
// newer.
func ItemName(firing string, index int) string {
	at, _ := strconv.ParseUint(firing[:20], 10, 64)
	return string(append(appendDigits(make([]byte, 0, NameLength), at-uint64(index)-1, 20), firing[20:]...))
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
