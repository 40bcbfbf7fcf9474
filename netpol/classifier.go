package netpol

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// The first rule that matches a flow is found by bit vectors. For each dimension
// of a flow (source, destination, both ports, protocol) the space of values falls
// into classes whose values meet the same rules; each class has a vector with a
// bit for each rule, in order of priority. A flow's answer is the first bit that is
// set in all its five vectors. A vector has a summary, one bit for each of its words
// that is not zero, so words that cannot have an answer are not read. Summaries lie
// together, apart from the vectors: those of many rules do not fit into the caches.
// Equal vectors are stored once. Addresses find their class by longest prefix,
// ports by a search among the bounds of classes.

// match is a rule in the form the classifier takes.
type match struct {
	protocols   protocolSet
	named       protocolSet // those of protocols that the rule names, not by "any"
	source      []netip.Prefix
	destination []netip.Prefix // of both: nil means any
	sourcePorts []PortRange
	ports       []PortRange // of both: merged
}

// meets tells whether a flow of protocol can match at all; without ports of its
// own it must not be asked for any.
func (m *match) meets(p Protocol) bool {
	if !m.protocols.has(p) {
		return false
	}
	return p.HasPorts() || m.named.has(p) || (m.sourcePorts[0] == anyPort && m.ports[0] == anyPort)
}

// classifier finds the first of a list of rules that a flow matches.
type classifier struct {
	summary     int // words of a summary
	stride      int // words of a vector; 0 without rules
	summaries   []uint64
	vectors     []uint64
	protocols   [protocolCount]uint32
	source      bart.Fast[uint32]
	destination bart.Fast[uint32]
	sourcePorts ports
	ports       ports
}

// find returns the index of the first rule that the flow matches, or -1.
func (c *classifier) find(f *Flow) int { return c.next(f, 0) }

// next does so among the rules from an index on.
func (c *classifier) next(f *Flow, from int) int {
	if c.stride == 0 {
		return -1
	}
	source, ok := c.source.Lookup(f.Source)
	destination, ok2 := c.destination.Lookup(f.Destination)
	if !ok || !ok2 {
		return -1
	}
	p := c.protocols[f.Protocol]
	if !f.Protocol.HasPorts() {
		return c.first(from, p, source, destination, destination, destination)
	}
	return c.first(from, p, source, destination, c.ports.class(f.DestinationPort), c.sourcePorts.class(f.SourcePort))
}

func (c *classifier) vector(id uint32) []uint64 {
	at := int(id) * c.stride
	return c.vectors[at : at+c.stride : at+c.stride]
}

// first returns the first bit, from one on, that is set in all five vectors, or -1.
func (c *classifier) first(from int, protocol, source, destination, port, sourcePort uint32) int {
	p, s, d := c.vector(protocol), c.vector(source), c.vector(destination)
	dp, sp := c.vector(port), c.vector(sourcePort)
	for i := range c.summary {
		for words := c.candidates(i, protocol, source, destination, port, sourcePort); words != 0; words &= words - 1 {
			w := i*64 + bits.TrailingZeros64(words)
			found := p[w] & s[w] & d[w] & dp[w] & sp[w]
			if first := from - w*64; first > 0 {
				found &= ^uint64(0) << first // by 64 and more it leaves nothing
			}
			if found != 0 {
				return w*64 + bits.TrailingZeros64(found)
			}
		}
	}
	return -1
}

// candidates has a bit for each word that is zero in none of the vectors, of those that
// word i of their summaries is about.
func (c *classifier) candidates(i int, protocol, source, destination, port, sourcePort uint32) uint64 {
	n := c.summary
	return c.summaries[int(protocol)*n+i] & c.summaries[int(source)*n+i] & c.summaries[int(destination)*n+i] &
		c.summaries[int(port)*n+i] & c.summaries[int(sourcePort)*n+i]
}

// ports finds the class of a port.
type ports struct {
	starts  []uint16 // where classes begin, ascending; the first is 0
	classes []uint32
	hint    [257]uint32 // the place in starts of the class of port n*256
	direct  []uint32    // the class of each port, where classes are many
}

// manyPorts is how many classes are too many to search.
const manyPorts = 2048

func (p *ports) class(port uint16) uint32 {
	if p.direct != nil {
		return p.direct[port]
	}
	low, high := p.hint[port>>8], p.hint[port>>8+1]
	for low < high { // the last start that is not above port
		middle := (low + high + 1) / 2
		if p.starts[middle] <= port {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return p.classes[low]
}

// newClassifier compiles rules, the first of which has precedence.
func newClassifier(rules []match) *classifier {
	if len(rules) == 0 {
		return &classifier{}
	}
	words := (len(rules) + 63) / 64
	b := &vectorBuilder{c: &classifier{summary: (words + 63) / 64}, known: map[string]uint32{}}
	b.c.stride = words
	b.current = make([]uint64, words)
	for p := TCP; p < protocolCount; p++ {
		clear(b.current)
		for i := range rules {
			if rules[i].meets(p) {
				b.set(i)
			}
		}
		b.c.protocols[p] = b.intern()
	}
	b.addresses(&b.c.source, rules, func(m *match) []netip.Prefix { return m.source })
	b.addresses(&b.c.destination, rules, func(m *match) []netip.Prefix { return m.destination })
	b.ports(&b.c.sourcePorts, rules, func(m *match) []PortRange { return m.sourcePorts })
	b.ports(&b.c.ports, rules, func(m *match) []PortRange { return m.ports })
	b.c.vectors, b.c.summaries = slices.Clip(b.c.vectors), slices.Clip(b.c.summaries)
	return b.c
}

// vectorBuilder makes vectors, each once.
type vectorBuilder struct {
	c       *classifier
	current []uint64 // the vector under work
	known   map[string]uint32
	key     []byte
}

func (b *vectorBuilder) set(rule int)   { b.current[rule/64] |= 1 << (rule % 64) }
func (b *vectorBuilder) unset(rule int) { b.current[rule/64] &^= 1 << (rule % 64) }

// intern returns the id of the current vector.
func (b *vectorBuilder) intern() uint32 {
	b.key = b.key[:0]
	for _, w := range b.current {
		b.key = binary.LittleEndian.AppendUint64(b.key, w)
	}
	if id, ok := b.known[string(b.key)]; ok {
		return id
	}
	id := uint32(len(b.c.vectors) / b.c.stride)
	b.known[string(b.key)] = id
	at := len(b.c.summaries)
	b.c.summaries = append(b.c.summaries, make([]uint64, b.c.summary)...)
	for i, w := range b.current {
		if w != 0 {
			b.c.summaries[at+i/64] |= 1 << (i % 64)
		}
	}
	b.c.vectors = append(b.c.vectors, b.current...)
	return id
}

var everywhere = mustPrefixes("0.0.0.0/0", "::/0")

// addresses fills one table. Prefixes nest or are disjoint, so in order of address
// and length each one's vector is that of the innermost one around it, with its
// own rules added.
func (b *vectorBuilder) addresses(table *bart.Fast[uint32], rules []match, side func(*match) []netip.Prefix) {
	own := map[netip.Prefix][]int{everywhere[0]: nil, everywhere[1]: nil}
	for i := range rules {
		prefixes := side(&rules[i])
		if prefixes == nil {
			prefixes = everywhere
		}
		for _, p := range prefixes {
			own[p] = append(own[p], i)
		}
	}
	sorted := make([]netip.Prefix, 0, len(own))
	for p := range own {
		sorted = append(sorted, p)
	}
	slices.SortFunc(sorted, netip.Prefix.Compare)
	type level struct {
		prefix netip.Prefix
		id     uint32
	}
	var around []level
	for _, p := range sorted {
		for len(around) > 0 && !within(p, around[len(around)-1].prefix) {
			around = around[:len(around)-1]
		}
		clear(b.current)
		if n := len(around); n > 0 {
			copy(b.current, b.c.vector(around[n-1].id))
		}
		for _, rule := range own[p] {
			b.set(rule)
		}
		id := b.intern()
		around = append(around, level{p, id})
		table.Insert(p, id)
	}
}

// ports sweeps the bounds of all ranges from port 0 upward. The ranges of one rule
// are merged, so each bound switches its rule on or off.
func (b *vectorBuilder) ports(table *ports, rules []match, side func(*match) []PortRange) {
	type bound struct {
		at   int
		rule int
		on   bool
	}
	bounds := []bound{}
	for i := range rules {
		for _, r := range side(&rules[i]) {
			bounds = append(bounds, bound{int(r.First), i, true}, bound{int(r.Last) + 1, i, false})
		}
	}
	slices.SortFunc(bounds, func(x, y bound) int { return x.at - y.at })
	clear(b.current)
	for at, next := 0, 0; at <= 65535; {
		for ; next < len(bounds) && bounds[next].at == at; next++ {
			if bounds[next].on {
				b.set(bounds[next].rule)
			} else {
				b.unset(bounds[next].rule)
			}
		}
		if id := b.intern(); len(table.classes) == 0 || table.classes[len(table.classes)-1] != id {
			table.starts = append(table.starts, uint16(at))
			table.classes = append(table.classes, id)
		}
		if next == len(bounds) {
			break
		}
		at = bounds[next].at
	}
	table.index()
}

func (p *ports) index() {
	place := 0
	for high := range 256 {
		for place+1 < len(p.starts) && int(p.starts[place+1]) <= high<<8 {
			place++
		}
		p.hint[high] = uint32(place)
	}
	p.hint[256] = uint32(len(p.starts) - 1)
	if len(p.starts) < manyPorts {
		return
	}
	direct := make([]uint32, 1<<16)
	for port := range direct {
		direct[port] = p.class(uint16(port))
	}
	p.direct = direct
}
