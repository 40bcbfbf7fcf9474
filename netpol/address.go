package netpol

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Address is what a rule or a route says about an address: a prefix, or a service
// tag. The zero Address is any.
type Address struct {
	Prefix netip.Prefix
	Tag    string
}

// IsAny tells whether every address is meant.
func (a Address) IsAny() bool { return a == Address{} }

// String is "*", the prefix in CIDR notation, or the tag.
func (a Address) String() string {
	switch {
	case a.Tag != "":
		return a.Tag
	case a.Prefix.IsValid():
		return a.Prefix.String()
	}
	return "*"
}

// ParseAddress reads "*", an address, a prefix without host bits, or the name of a
// service tag (network.md §A3). A bare address is a prefix that has only it.
func ParseAddress(text string) (Address, error) {
	if text == "*" {
		return Address{}, nil
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		return Address{Prefix: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix.Addr().Is4In6() {
			return Address{}, fmt.Errorf("address prefix %q is not in CIDR notation", text)
		}
		if prefix != prefix.Masked() {
			return Address{}, fmt.Errorf("address prefix %q has host bits set; the range is %s", text, prefix.Masked())
		}
		return Address{Prefix: prefix}, nil
	}
	if !isTagName(text) {
		return Address{}, fmt.Errorf("address %q is not *, an address, a range or a service tag", text)
	}
	return Address{Tag: text}, nil
}

// span is a range of addresses of one family, both ends included.
type span struct{ first, last netip.Addr }

func spanOf(p netip.Prefix) span { return span{p.Masked().Addr(), lastOf(p)} }

// lastOf is the highest address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().As16()
	offset := 128 - p.Addr().BitLen()
	for bit := offset + p.Bits(); bit < 128; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	a := netip.AddrFrom16(bytes)
	if p.Addr().Is4() {
		return a.Unmap()
	}
	return a
}

// mergeSpans sorts spans and joins those that overlap or touch. IPv4 comes first.
func mergeSpans(spans []span) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return a.first.Compare(b.first) })
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 {
			last := &merged[n-1]
			next := last.last.Next()
			if s.first.BitLen() == last.first.BitLen() && (!next.IsValid() || s.first.Compare(next) <= 0) {
				if last.last.Less(s.last) {
					last.last = s.last
				}
				continue
			}
		}
		merged = append(merged, s)
	}
	return merged
}

// subtractSpans returns what of the first set is not in the second. Both are merged.
func subtractSpans(from, minus []span) []span {
	var left []span
	for _, s := range mergeSpans(from) {
		rest, some := s, true
		for _, m := range mergeSpans(minus) {
			if m.first.BitLen() != rest.first.BitLen() || m.last.Less(rest.first) || rest.last.Less(m.first) {
				continue
			}
			if rest.first.Less(m.first) {
				left = append(left, span{rest.first, m.first.Prev()})
			}
			if !m.last.Less(rest.last) {
				some = false
				break
			}
			rest.first = m.last.Next()
		}
		if some {
			left = append(left, rest)
		}
	}
	return left
}

// prefixesOf writes a set of spans as the fewest prefixes, in address order.
func prefixesOf(spans []span) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, s := range mergeSpans(spans) {
		for at := s.first; at.IsValid() && !s.last.Less(at); {
			bits := at.BitLen()
			for bits > 0 {
				wider := netip.PrefixFrom(at, bits-1)
				if wider.Masked().Addr() != at || s.last.Less(lastOf(wider)) {
					break
				}
				bits--
			}
			p := netip.PrefixFrom(at, bits)
			prefixes = append(prefixes, p)
			at = lastOf(p).Next()
		}
	}
	return prefixes
}

// Merge writes a set of prefixes as the fewest, in address order, IPv4 first.
func Merge(prefixes []netip.Prefix) []netip.Prefix { return prefixesOf(spansOf(prefixes)) }

func spansOf(prefixes []netip.Prefix) []span {
	spans := make([]span, len(prefixes))
	for i, p := range prefixes {
		spans[i] = spanOf(p)
	}
	return spans
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// within tells whether inner lies wholly in outer.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

func mustPrefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		prefixes[i] = netip.MustParsePrefix(t)
	}
	return prefixes
}

// PrefixesBetween are the fewest prefixes that have all addresses from the first to the
// last one, which are of one version.
func PrefixesBetween(first, last netip.Addr) []netip.Prefix {
	return prefixesOf([]span{{first, last}})
}
