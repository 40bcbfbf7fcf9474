package netpol

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// A NAT gateway with several public addresses gives each flow one of them, by a hash of
// the addresses of the flow's two ends: whoever calls a destination comes there with the
// same address each time, and callers and destinations are spread over all of them. The
// hash is one that a Linux kernel has too (nft: jhash of both addresses, with NATSeed,
// modulo their number), so that packets leave as the policy says.

// NATGateway is what gives the flows that leave a subnet for the Internet another source
// (network.md §A7).
type NATGateway struct {
	ID string
	// Addresses are its public ones, in order. A flow gets one of its own version, or keeps
	// its source where there is none.
	Addresses []netip.Addr
	// IdleMinutes is for how long a connection of TCP may be silent: 4 to 120; 0 is 4.
	IdleMinutes int
}

// NATSeed is what the hash begins with.
const NATSeed = 0x15e

// Of are the gateway's addresses of one version. A nil gateway has none.
func (g *NATGateway) Of(ipv4 bool) []netip.Addr {
	if g == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(g.Addresses), func(a netip.Addr) bool { return a.Is4() != ipv4 })
}

// natPool is a compiled NAT gateway; the zero value translates nothing.
type natPool struct {
	id     string
	v4, v6 []netip.Addr
}

func newNATPool(g *NATGateway) natPool {
	if g == nil {
		return natPool{}
	}
	return natPool{id: g.ID, v4: g.Of(true), v6: g.Of(false)}
}

// source is the address that a flow goes on with; the zero Addr if it keeps its own.
func (p *natPool) source(f *Flow) netip.Addr {
	pool := p.v4
	if f.Source.Is6() {
		pool = p.v6
	}
	if len(pool) == 0 {
		return netip.Addr{}
	}
	return NATSource(pool, f.Source, f.Destination)
}

// NATSource is the one of several addresses that flows between two addresses get. Of IPv6
// a word counts that is the exclusive or of the address's four.
func NATSource(pool []netip.Addr, source, destination netip.Addr) netip.Addr {
	if len(pool) == 1 {
		return pool[0]
	}
	scaled := uint64(natHash(natWord(source), natWord(destination))) * uint64(len(pool))
	return pool[scaled>>32]
}

// natWord reads the bytes of an address as little-endian words.
func natWord(a netip.Addr) (word uint32) {
	for b := a.AsSlice(); len(b) >= 4; b = b[4:] {
		word ^= binary.LittleEndian.Uint32(b)
	}
	return word
}

// natHash is Jenkins' lookup3 of two words (the function that the kernel calls jhash).
func natHash(source, destination uint32) uint32 {
	const length = 8 // bytes
	c := uint32(0xdeadbeef + length + NATSeed)
	a, b := c+source, c+destination
	for _, turn := range [...]struct {
		into, from *uint32
		by         int
	}{{&c, &b, 14}, {&a, &c, 11}, {&b, &a, 25}, {&c, &b, 16}, {&a, &c, 4}, {&b, &a, 14}, {&c, &b, 24}} {
		*turn.into ^= *turn.from
		*turn.into -= bits.RotateLeft32(*turn.from, turn.by)
	}
	return c
}
