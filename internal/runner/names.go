package runner

import (
	"crypto/rand"
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"time"

	"isle/internal/trigger"
)

// newRunName is for a firing of its own.
func newRunName(now time.Time) string { return trigger.RunName(now, randomBits()) }

// scheduledRunName is the same for every attempt to start the run of one scheduled
// time, so that a crash between starting and re-arming cannot double it.
func scheduledRunName(flowID, name string, scheduled time.Time) string {
	return trigger.RunName(scheduled, hash(flowID+"/"+name))
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// derivedGUID is an identifier that follows from a firing's name, so that a request
// which is made again after a crash is known by it.
func derivedGUID(name string, n int) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(name + "#" + strconv.Itoa(n)))
	return formGUID([16]byte(h.Sum(nil)))
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
	return formGUID(b)
}

func formGUID(b [16]byte) string {
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
