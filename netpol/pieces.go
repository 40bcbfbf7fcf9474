package netpol

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// All flows of a row are judged by flows that stand for many. What decides over a
// flow is, of each list of rules on its way, the first rule that it matches, and to
// which sets of addresses (routes, hosts with a group of their own, the network's
// space …) its ends belong. So the space of flows is cut dimension after dimension:
// source, destination, protocol, port, source port. Values of a dimension that meet
// the same rules are one class. A bit vector holds the rules that a flow may still
// match; choosing a class clears those that it does not meet, and a rule that all
// the rest of the dimensions meets clears those behind it in its list. Where two
// ways lead to the same vector and the same sets, only the first goes on; where each
// list has come down to a rule that all the rest meets, or to none, one flow is
// judged for all. Ports are cut only at the bounds of rules that are still in
// question.

const (
	// maxSteps bounds the work for one row and subnet; what has more pieces is sampled.
	maxSteps   = 1 << 21
	maxSamples = 1 << 18
	// maxKnown bounds the memory for ways that need not be gone twice.
	maxKnown = 1 << 17
)

// cuts are the rules and sets of addresses that a row's flows meet.
type cuts struct {
	flows  set
	source []span // merged
	target []span // merged destination
	rules  []cut
	lists  [][2]int // the words of vectors that belong to each list
	words  int      // of a vector of rules
	sets   [][]netip.Prefix
	spans  spanCache
}

// spanCache keeps the merged spans of lists of prefixes, each known by where it is.
type spanCache map[*netip.Prefix][]span

func (c spanCache) of(prefixes []netip.Prefix) []span {
	if len(prefixes) < 2 {
		return spansOf(prefixes)
	}
	spans, known := c[&prefixes[0]]
	if !known {
		spans = mergeSpans(spansOf(prefixes))
		c[&prefixes[0]] = spans
	}
	return spans
}

// cut is a rule that meets the row.
type cut struct {
	match
	from, to []span // source and destination within the row; nil means all of it
	bit      int
}

// newCuts begins with what concerns every row: the families, and the platform's
// addresses, which rules pass by.
func newCuts(flows set, spans spanCache) *cuts {
	c := &cuts{flows: flows, source: spans.of(flows.source), target: spans.of(flows.destination), spans: spans}
	c.set(everywhere[1])
	c.set(netip.PrefixFrom(platformDNS, 32))
	c.set(netip.PrefixFrom(platformIMDS, 32))
	return c
}

// set adds a set of addresses that the decision may depend on.
func (c *cuts) set(prefixes ...netip.Prefix) { c.sets = append(c.sets, prefixes) }

// list adds rules that are tried in turn; those that no flow of the row matches are
// left out.
func (c *cuts) list(count int, rule func(int) match) {
	start := c.words * 64
	at := start
	for i := range count {
		m := rule(i)
		r := cut{match: m, bit: at}
		if r.protocols&protocolsOf(requiredProtocols[:]...) == 0 || !slices.ContainsFunc(m.ports, c.hasPorts) {
			continue
		}
		var ok bool
		if r.from, ok = c.within(m.source, c.source); !ok {
			continue
		}
		if r.to, ok = c.within(m.destination, c.target); !ok {
			continue
		}
		c.rules = append(c.rules, r)
		at++
	}
	if at > start {
		words := (at - start + 63) / 64
		c.lists = append(c.lists, [2]int{c.words, c.words + words})
		c.words += words
	}
}

func (c *cuts) hasPorts(a PortRange) bool {
	return slices.ContainsFunc(c.flows.ports, func(b PortRange) bool { return a.First <= b.Last && b.First <= a.Last })
}

// within returns what of a rule's side lies in the row; nil is all of it. It tells
// whether anything does.
func (c *cuts) within(side []netip.Prefix, row []span) ([]span, bool) {
	if side == nil {
		return nil, true
	}
	both := intersectSpans(c.spans.of(side), row)
	if slices.Equal(both, row) {
		return nil, true
	}
	return both, len(both) > 0
}

// intersectSpans returns what two merged sets share.
func intersectSpans(a, b []span) []span {
	var both []span
	for len(a) > 0 && len(b) > 0 {
		first, last := a[0].first, a[0].last
		if first.Less(b[0].first) {
			first = b[0].first
		}
		if b[0].last.Less(last) {
			last = b[0].last
		}
		if !last.Less(first) {
			both = append(both, span{first, last})
		}
		if a[0].last.Less(b[0].last) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}

// vector is a set of rules, and behind those a set of sets of addresses.
type vector = []uint64

func setBit(v vector, bit int) { v[bit/64] |= 1 << (bit % 64) }

// axis is the classes of addresses of one dimension.
type axis struct {
	first   []netip.Addr // the lowest address of each class
	vectors []vector
	full    vector // the rules that every class meets
}

// addresses classes one side of the row: a sweep over the bounds of all sets.
func (c *cuts) addresses(row []span, side func(*cut) []span) axis {
	type event struct {
		at  netip.Addr
		bit int // -1 is the row itself
	}
	var events []event
	add := func(spans []span, bit int) {
		for _, s := range spans {
			events = append(events, event{s.first, bit}, event{after(s.last), bit})
		}
	}
	add(row, -1)
	a := axis{full: make(vector, c.words)}
	current := make(vector, c.words+(len(c.sets)+63)/64)
	for i := range c.rules {
		if r := &c.rules[i]; side(r) == nil {
			setBit(a.full, r.bit)
			setBit(current, r.bit)
		} else {
			add(side(r), r.bit)
		}
	}
	for i, prefixes := range c.sets {
		add(intersectSpans(c.spans.of(prefixes), row), c.words*64+i)
	}
	slices.SortFunc(events, func(x, y event) int { return x.at.Compare(y.at) })
	known := map[string]bool{}
	var key []byte
	on := false
	for i, e := range events {
		if e.bit < 0 {
			on = !on
		} else {
			current[e.bit/64] ^= 1 << (e.bit % 64)
		}
		if !on || i+1 < len(events) && events[i+1].at == e.at {
			continue
		}
		if key = appendVector(key[:0], current); !known[string(key)] {
			known[string(key)] = true
			a.first = append(a.first, e.at)
			a.vectors = append(a.vectors, slices.Clone(current))
		}
	}
	return a
}

// after is where a span has ended: behind IPv4 comes IPv6.
func after(last netip.Addr) netip.Addr {
	if next := last.Next(); next.IsValid() || last.Is6() {
		return next
	}
	return netip.IPv6Unspecified()
}

func appendVector(key []byte, v vector) []byte {
	for _, w := range v {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	return key
}

// portAxis is the pieces of one dimension of ports.
type portAxis struct {
	first   []uint16 // of each piece
	vectors []vector
	ranges  [][][2]int // of each rule, by place in cuts.rules: its pieces
	full    vector
}

func (c *cuts) ports(row []PortRange, side func(*cut) []PortRange) portAxis {
	p := portAxis{full: make(vector, c.words)}
	inside := func(port uint16) bool {
		return slices.ContainsFunc(row, func(r PortRange) bool { return r.Has(port) })
	}
	for _, r := range row {
		p.first = append(p.first, r.First)
	}
	for i := range c.rules {
		for _, r := range side(&c.rules[i]) {
			p.first = append(p.first, r.First, r.Last+1) // 65535+1 is 0, which bounds nothing
		}
	}
	p.first = slices.DeleteFunc(p.first, func(port uint16) bool { return !inside(port) })
	slices.Sort(p.first)
	p.first = slices.Compact(p.first)
	for range p.first {
		p.vectors = append(p.vectors, make(vector, c.words))
	}
	for i := range c.rules {
		covered := 0
		var pieces [][2]int
		for _, r := range side(&c.rules[i]) {
			low, _ := slices.BinarySearch(p.first, r.First)
			high := len(p.first)
			if r.Last < 65535 {
				high, _ = slices.BinarySearch(p.first, r.Last+1)
			}
			for k := low; k < high; k++ {
				setBit(p.vectors[k], c.rules[i].bit)
			}
			pieces = append(pieces, [2]int{low, high})
			covered += high - low
		}
		p.ranges = append(p.ranges, pieces)
		if covered == len(p.first) {
			setBit(p.full, c.rules[i].bit)
		}
	}
	return p
}

// search walks through the pieces of a row.
type search struct {
	*cuts
	sources, destinations axis
	ports, sourcePorts    portAxis
	protocols             [2]vector // by place in requiredProtocols
	rest                  [4]vector // the rules that all dimensions behind source, destination, protocol, port meet
	ruleAt                []int     // the place in cuts.rules of each bit

	result  *AccessResult
	decide  func(Flow) Decision
	flow    Flow
	sets    [2]vector // of addresses, of the source's and the destination's class
	opened  [2][]bool // by protocol and piece of ports: something got through
	allowed bool
	denied  bool
	known   map[string]bool // the ways that were gone
	leaves  map[string]bool // the verdicts that were found
	key     []byte
	steps   int
}

// judgeSet judges all flows of the row.
func (r *AccessResult) judgeSet(c *cuts, decide func(Flow) Decision) {
	s := &search{cuts: c, result: r, decide: decide, known: map[string]bool{}, leaves: map[string]bool{}}
	s.sources = c.addresses(c.source, func(r *cut) []span { return r.from })
	s.destinations = c.addresses(c.target, func(r *cut) []span { return r.to })
	s.ports = c.ports(c.flows.ports, func(r *cut) []PortRange { return r.ports })
	s.sourcePorts = c.ports([]PortRange{anyPort}, func(r *cut) []PortRange { return r.sourcePorts })
	s.prepare()
	s.walk()
	if s.steps > maxSteps {
		s.sample()
	}
	if s.denied {
		r.Closed = closedPorts(c.flows.ports, s.ports.first, s.opened)
	}
	switch {
	case !s.allowed && !s.denied:
		r.Openness = NotJudged
	case !s.denied:
		r.Openness = Open
	case !s.allowed:
		r.Openness = Blocked
	default:
		r.Openness = PartlyOpen
	}
}

func (s *search) prepare() {
	s.ruleAt = make([]int, s.words*64)
	both := make(vector, s.words)
	for i := range s.protocols {
		s.protocols[i] = make(vector, s.words)
		s.opened[i] = make([]bool, len(s.ports.first))
	}
	for i := range s.rules {
		r := &s.rules[i]
		s.ruleAt[r.bit] = i
		for k, p := range requiredProtocols {
			if r.protocols.has(p) {
				setBit(s.protocols[k], r.bit)
			}
		}
	}
	and(both, s.protocols[0], s.protocols[1])
	for i := range s.rest {
		s.rest[i] = make(vector, s.words)
	}
	copy(s.rest[3], s.sourcePorts.full)
	and(s.rest[2], s.rest[3], s.ports.full)
	and(s.rest[1], s.rest[2], both)
	and(s.rest[0], s.rest[1], s.destinations.full)
}

// and writes the rules that both vectors have; into may be one of them.
func and(into, a, b vector) {
	for i := range into {
		into[i] = a[i] & b[i]
	}
}

// settle drops from each list what stands behind a rule that all the rest meets. It
// tells whether each list has come down to such a rule, or to none.
func (s *search) settle(v, rest vector) bool {
	settled := true
	for _, list := range s.lists {
		first := true
		for w := list[0]; w < list[1]; w++ {
			if v[w] == 0 {
				continue
			}
			certain := v[w] & rest[w]
			if first && bits.TrailingZeros64(v[w]) != bits.TrailingZeros64(certain) {
				settled = false
			}
			first = false
			if certain != 0 {
				v[w] &= certain&-certain<<1 - 1
				clear(v[w+1 : list[1]])
				break
			}
		}
	}
	return settled
}

// gone tells whether the vector was met before with the same sets of addresses.
func (s *search) gone(v vector, sets ...vector) bool {
	s.key = append(s.key[:0], byte(len(sets)))
	s.key = appendVector(s.key, v)
	for _, set := range sets {
		s.key = appendVector(s.key, set)
	}
	if s.known[string(s.key)] {
		return true
	}
	if len(s.known) < maxKnown {
		s.known[string(s.key)] = true
	}
	return false
}

// walk goes through sources and destinations.
func (s *search) walk() {
	from, to := make(vector, s.words), make(vector, s.words)
	for i, source := range s.sources.vectors {
		copy(from, source)
		s.settle(from, s.rest[0])
		s.sets[0] = source[s.words:]
		if s.gone(from, s.sets[0]) {
			continue
		}
		s.flow.Source = s.sources.first[i]
		for k, destination := range s.destinations.vectors {
			s.flow.Destination = s.destinations.first[k]
			if s.steps++; s.steps > maxSteps {
				return
			}
			if s.flow.Source.BitLen() != s.flow.Destination.BitLen() {
				continue
			}
			and(to, from, destination)
			s.sets[1] = destination[s.words:]
			s.settle(to, s.rest[1])
			if !s.gone(to, s.sets[:]...) {
				s.between(to)
			}
		}
	}
}

// between judges all flows between two classes of addresses.
func (s *search) between(v vector) {
	at := make(vector, s.words)
	for i, p := range requiredProtocols {
		s.flow.Protocol = p
		and(at, v, s.protocols[i])
		if s.settle(at, s.rest[2]) {
			s.flow.DestinationPort, s.flow.SourcePort = s.ports.first[0], 0
			s.leaf(at, i, 0, len(s.ports.first))
		} else {
			s.eachPort(at, i)
		}
	}
}

// eachPort goes through the pieces of ports that the rules in question cut.
func (s *search) eachPort(v vector, protocol int) {
	at := make(vector, s.words)
	bounds := s.bounds(v, &s.ports)
	for i, piece := range bounds[:len(bounds)-1] {
		if s.steps++; s.steps > maxSteps {
			return
		}
		s.flow.DestinationPort, s.flow.SourcePort = s.ports.first[piece], 0
		and(at, v, s.ports.vectors[piece])
		if s.settle(at, s.rest[3]) {
			s.leaf(at, protocol, piece, bounds[i+1])
		} else {
			s.eachSourcePort(at, protocol, piece, bounds[i+1])
		}
	}
}

func (s *search) eachSourcePort(v vector, protocol, low, high int) {
	at := make(vector, s.words)
	bounds := s.bounds(v, &s.sourcePorts)
	for _, piece := range bounds[:len(bounds)-1] {
		s.steps++
		s.flow.SourcePort = s.sourcePorts.first[piece]
		and(at, v, s.sourcePorts.vectors[piece])
		s.leaf(at, protocol, low, high)
	}
}

// bounds are the pieces at which the rules in question begin and end, and the end.
func (s *search) bounds(v vector, p *portAxis) []int {
	bounds := []int{0, len(p.first)}
	for w, word := range v {
		for word &^= p.full[w]; word != 0; word &= word - 1 {
			for _, r := range p.ranges[s.ruleAt[w*64+bits.TrailingZeros64(word)]] {
				bounds = append(bounds, r[0], r[1])
			}
		}
	}
	slices.Sort(bounds)
	return slices.Compact(bounds)
}

// leaf judges one flow for all that match the same first rules.
func (s *search) leaf(v vector, protocol, low, high int) {
	s.key = s.key[:0]
	for _, list := range s.lists {
		first := -1
		for w := list[0]; w < list[1] && first < 0; w++ {
			if v[w] != 0 {
				first = w*64 + bits.TrailingZeros64(v[w])
			}
		}
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(first))
	}
	s.key = appendVector(appendVector(s.key, s.sets[0]), s.sets[1])
	allowed, known := s.leaves[string(s.key)]
	if !known {
		allowed = s.judge()
		s.leaves[string(s.key)] = allowed
	}
	if allowed {
		for i := low; i < high; i++ {
			s.opened[protocol][i] = true
		}
	}
}

// judge judges the flow and notes the verdict.
func (s *search) judge() bool {
	d := s.decide(s.flow)
	if !d.Allowed() {
		s.denied = true
		s.result.deny(s.flow, d)
		return false
	}
	if !s.allowed {
		s.allowed, s.result.Allowed = true, &d
	}
	return true
}

// sample judges as many of the pieces as may be, evenly spread.
func (s *search) sample() {
	s.result.Sampled = true
	total := 2 * len(s.sources.first) * len(s.destinations.first) * len(s.sourcePorts.first) * len(s.ports.first)
	step := (total + maxSamples - 1) / maxSamples
	for i := 0; i < total; i += step {
		rest := i
		pick := func(n int) int { at := rest % n; rest /= n; return at }
		protocol, port := pick(2), pick(len(s.ports.first))
		s.flow = Flow{Protocol: requiredProtocols[protocol], DestinationPort: s.ports.first[port], Destination: s.destinations.first[pick(len(s.destinations.first))],
			Source: s.sources.first[pick(len(s.sources.first))], SourcePort: s.sourcePorts.first[pick(len(s.sourcePorts.first))]}
		if s.flow.Source.BitLen() == s.flow.Destination.BitLen() && s.judge() {
			s.opened[protocol][port] = true
		}
	}
}
