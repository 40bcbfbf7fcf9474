package engine

import "encoding/hex"

// random gives the run's random bits: SplitMix64 over a counter that the head
// keeps, so that a run that is loaded again draws the same ones.
type random struct{ seed, counter uint64 }

func (r *random) next() uint64 {
	r.counter++
	z := r.seed + r.counter*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// guid is a random (version 4) identifier.
type guid [16]byte

func (r *random) guid() (g guid) {
	a, b := r.next(), r.next()
	for i := range 8 {
		g[i], g[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	g[6] = g[6]&0x0F | 0x40
	g[8] = g[8]&0x3F | 0x80
	return g
}

func (g guid) String() string {
	var b [36]byte
	hex.Encode(b[:8], g[:4])
	hex.Encode(b[9:13], g[4:6])
	hex.Encode(b[14:18], g[6:8])
	hex.Encode(b[19:23], g[8:10])
	hex.Encode(b[24:], g[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
