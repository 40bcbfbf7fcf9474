package expr

// uniqueString and guid give the values of Azure. uniqueString is a 64-bit variant of
// MurmurHash in 13 characters; guid is a name-based UUID (RFC 4122 §4.3) in the
// namespace that the documentation of the function names. Both hash their arguments
// joined by hyphens.

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"strings"
)

// joined returns the arguments, which are strings, joined by hyphens.
func (c invocation) joined() string {
	parts := make([]string, len(c.args))
	for i, arg := range c.args {
		parts[i] = arg.str
	}
	return strings.Join(parts, "-")
}

// nameGUID makes an identifier of version 5 from the arguments.
func nameGUID(c invocation) (Value, error) {
	space, _ := hex.DecodeString("11fb06fb712d4ddd98c7e71bbd588830")
	sum := sha1.Sum(append(space, c.joined()...))
	high, low := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
	text, _ := formatGUID(high&^0xF000|0x5000, low&^(0xC<<60)|0x8<<60, "D")
	return String(text), nil
}

// maxHashed is the longest text that uniqueString takes.
const maxHashed = 131_072

func uniqueString(c invocation) (Value, error) {
	name := c.joined()
	if n := utf16Length(name); n > maxHashed {
		return Value{}, c.fail(LimitError, "was given a text of %d characters; the limit is %d.", n, maxHashed)
	}
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	hash := templateHash([]byte(name))
	var text [13]byte
	for i := range text {
		text[i] = alphabet[hash>>59]
		hash <<= 5
	}
	return String(string(text[:])), nil
}

// templateHash is the hash of Resource Manager for texts: two 32-bit lanes of
// MurmurHash3, each stirred with the other.
func templateHash(text []byte) uint64 {
	const first, second = 0x239B961B, 0xAB0E9789
	var low, high uint32
	size := uint32(len(text))
	for ; len(text) >= 8; text = text[8:] {
		low ^= stirred(binary.LittleEndian.Uint32(text), first, 15, second)
		low = (bits.RotateLeft32(low, 19)+high)*5 + 0x561CCD1B
		high ^= stirred(binary.LittleEndian.Uint32(text[4:]), second, 17, first)
		high = (bits.RotateLeft32(high, 13)+low)*5 + 0x0BCAA747
	}
	var tail [8]byte
	copy(tail[:], text)
	low ^= stirred(binary.LittleEndian.Uint32(tail[:]), first, 15, second)
	high ^= stirred(binary.LittleEndian.Uint32(tail[4:]), second, 17, first)
	low, high = low^size, high^size
	low += high
	high += low
	low, high = avalanche(low), avalanche(high)
	low += high
	high += low
	return uint64(high)<<32 | uint64(low)
}

// stirred is zero for a block of zeros, so that an empty tail changes nothing.
func stirred(block, before uint32, turn int, after uint32) uint32 {
	return bits.RotateLeft32(block*before, turn) * after
}

func avalanche(h uint32) uint32 {
	h = (h ^ h>>16) * 0x85EBCA6B
	h = (h ^ h>>13) * 0xC2B2AE35
	return h ^ h>>16
}
