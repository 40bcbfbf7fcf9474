package expr

// Scanning JSON text, eight bytes at a time where that pays.

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

const (
	everyByte = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// word8 is the eight bytes of s, the first one lowest.
func word8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// zeroBytes has the high bit set of the first byte of w that is zero; what it says of
// later bytes may be wrong.
func zeroBytes(w uint64) uint64 { return (w - everyByte) &^ w & highBits }

// firstByte is the index of the first byte whose high bit is set.
func firstByte(mask uint64) int { return bits.TrailingZeros64(mask) >> 3 }

// plainByte reports whether a byte stands for itself in a JSON string.
func plainByte(c byte) bool { return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf }

// plain holds the bytes that stand for themselves in a string.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = plainByte(byte(c))
	}
	return table
}()

// plainEnd returns the position of the first byte from at on that does not stand for
// itself in a JSON string.
func plainEnd(s string, at int) int {
	for ; at+8 <= len(s); at += 8 {
		w := word8(s[at : at+8])
		control := (w - everyByte*' ') &^ w
		if m := (control&highBits | zeroBytes(w^everyByte*'"') | zeroBytes(w^everyByte*'\\') | w&highBits); m != 0 {
			return at + firstByte(m)
		}
	}
	for at < len(s) && plain[s[at]] {
		at++
	}
	return at
}

// stringStop returns the position of the first quote or backslash from at on. Long
// strings are left to the library, which looks for one byte at a time, but fast.
func stringStop(s string, at int) int {
	for near := min(at+32, len(s)-8); at <= near; at += 8 {
		w := word8(s[at : at+8])
		if m := zeroBytes(w^everyByte*'"') | zeroBytes(w^everyByte*'\\'); m != 0 {
			return at + firstByte(m)
		}
	}
	for at < len(s) {
		window := s[at:min(at+stringWindow, len(s))]
		quote := strings.IndexByte(window, '"')
		if quote >= 0 {
			window = window[:quote]
		}
		if backslash := strings.IndexByte(window, '\\'); backslash >= 0 {
			return at + backslash
		}
		at += len(window)
		if quote >= 0 {
			break
		}
	}
	return at
}

// stringWindow bounds how far the library looks ahead, so that many escapes in a long
// string do not make it look at the rest of the string many times.
const stringWindow = 512

// spaceEnd returns the position after white space.
func spaceEnd(s string, at int) int {
	for at < len(s) {
		switch s[at] {
		case ' ':
			if at+8 <= len(s) && word8(s[at:at+8]) == everyByte*' ' {
				at += 7
			}
		case '\t', '\n', '\r':
		default:
			return at
		}
		at++
	}
	return at
}

func digitsEnd(s string, at int) int {
	for at < len(s) && s[at]-'0' <= 9 {
		at++
	}
	return at
}

// hashName tells names apart: names with different hashes are different. Equal hashes
// are looked into.
func hashName(s string) uint64 {
	n := len(s)
	h := uint64(n) * hashPrime
	switch {
	case n >= 8:
		for at := 0; at+8 < n; at += 8 {
			h = mix(h ^ word8(s[at:at+8]))
		}
		h ^= word8(s[n-8:])
	case n >= 4:
		h ^= word4(s) | word4(s[n-4:])<<32
	case n > 0:
		h ^= uint64(s[0])<<8 | uint64(s[n/2])<<16 | uint64(s[n-1])<<24
	}
	return mix(h)
}

// word4 is the first four bytes of s.
func word4(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

const hashPrime = 0x9E3779B97F4A7C15

func mix(h uint64) uint64 {
	high, low := bits.Mul64(h, hashPrime)
	return high ^ low
}
