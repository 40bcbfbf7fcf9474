package network

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"isle/internal/arm"
)

func codes(found arm.Found) string {
	list := make([]string, len(found))
	for i, p := range found {
		list[i] = p.Code
	}
	return strings.Join(list, " ")
}

func TestAddressSpace(t *testing.T) {
	for _, c := range []struct{ space, want string }{
		{"10.0.0.0/16", ""},
		{"10.0.0.0/16 192.168.0.0/24", ""},
		{"20.1.0.0/16", ""}, // public ranges are allowed, and only reachable privately
		{"10.0.0.0/16 fd00::/48", ""},
		{"0.0.0.0/8", ""},
		{"10.0.0.0/29", ""},
		{"", "InvalidRequestFormat"},
		{"10.1.0.0", "InvalidAddressPrefixFormat"},
		{"[parameters('x')]", "InvalidAddressPrefixFormat"},
		{"10.0.0.0/33", "InvalidAddressPrefixFormat"},
		{"10.0.0.0/016", "InvalidAddressPrefixFormat"},
		{"::ffff:10.0.0.0/112", "InvalidAddressPrefixFormat"},
		{"10.0.0.1/16", "InvalidCIDRNotation"},
		{"10.0.0.0/30", "NetcfgInvalidSubnet"},
		{"10.0.0.0/16 10.0.4.0/24", "VnetAddressSpacesOverlap"},
		{"10.0.4.0/24 10.0.0.0/16", "VnetAddressSpacesOverlap"},
		{"10.0.0.0/16 10.0.0.0/16", "VnetAddressSpacesOverlap"},
		{"224.0.0.0/4", "AddressPrefixReserved"},
		{"255.255.255.255/32", "AddressPrefixReserved"},
		{"127.0.0.0/8", "AddressPrefixReserved"},
		{"169.254.0.0/16", "AddressPrefixReserved"},
		{"168.63.0.0/16", "AddressPrefixReserved"},
		{"0.0.0.0/0", "AddressPrefixReserved"},
		{"x 127.0.0.0/8 10.0.0.0/8 10.1.0.0/16", "InvalidAddressPrefixFormat AddressPrefixReserved VnetAddressSpacesOverlap"},
	} {
		var found arm.Found
		checkSpace("n", strings.Fields(c.space), &found)
		if got := codes(found); got != c.want {
			t.Errorf("%s: %s, want %s", c.space, got, c.want)
		}
	}
}

func TestSubnetRanges(t *testing.T) {
	space := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/22"), netip.MustParsePrefix("fd00::/48")}
	for _, c := range []struct{ ranges, want string }{
		{"10.0.1.0/26", ""},
		{"10.0.0.0/22", ""},
		{"10.0.1.0/29", ""},
		{"10.0.1.0/26 fd00:0:0:1::/64", ""},
		{"", "InvalidRequestFormat"},
		{"10.0.1.0", "InvalidAddressPrefixFormat"},
		{"10.0.1.1/26", "InvalidCIDRNotation"},
		{"10.0.1.0/30", "NetcfgInvalidSubnet"},
		{"8.0.0.0/7", "NetcfgInvalidSubnet"},
		{"fd00::/63", "NetcfgInvalidSubnet"},
		{"10.0.4.0/26", "NetcfgSubnetRangeOutsideVnet"},
		{"10.0.0.0/21", "NetcfgSubnetRangeOutsideVnet"},
	} {
		var found arm.Found
		ok := checkSubnetPrefixes("s", strings.Fields(c.ranges), "properties", &found)
		checkContained("s", ok, space, "properties", &found)
		if got := codes(found); got != c.want {
			t.Errorf("%s: %s, want %s", c.ranges, got, c.want)
		}
	}
}

func TestUsableAddresses(t *testing.T) {
	for text, want := range map[string]int64{"10.0.0.0/26": 59, "10.0.0.0/27": 27, "10.0.0.0/29": 3, "fd00::/64": 1<<62 - reservedAddresses} {
		if got := usable([]netip.Prefix{netip.MustParsePrefix(text)}); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

func anyPrefix() *rapid.Generator[netip.Prefix] {
	return rapid.Custom(func(t *rapid.T) netip.Prefix {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], rapid.Uint32().Draw(t, "address"))
		p, _ := netip.AddrFrom4(b).Prefix(rapid.IntRange(1, 32).Draw(t, "bits"))
		return p
	})
}

func bounds(p netip.Prefix) (low, high uint64) {
	b := p.Addr().As4()
	low = uint64(binary.BigEndian.Uint32(b[:]))
	return low, low + 1<<(32-p.Bits()) - 1
}

func TestWithinIsInclusionOfAddresses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyPrefix().Draw(t, "a"), anyPrefix().Draw(t, "b")
		aLow, aHigh := bounds(a)
		bLow, bHigh := bounds(b)
		if got, want := Within(a, b), bLow <= aLow && aHigh <= bHigh; got != want {
			t.Errorf("Within(%s, %s) = %t", a, b, got)
		}
	})
}

// The sweep finds an overlap exactly when a comparison of every pair does, and
// names as many as there are ranges that lie in another one.
func TestOverlapsAgreeWithEveryPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOfN(anyPrefix(), 0, 12).Draw(t, "prefixes")
		ranges := make([]owned, len(prefixes))
		for i, p := range prefixes {
			ranges[i] = owned{p, string(rune('a' + i))}
		}
		inner := 0
		for i, p := range prefixes {
			if slices.ContainsFunc(prefixes[:i], p.Overlaps) || slices.ContainsFunc(prefixes[i+1:], func(q netip.Prefix) bool { return p != q && Within(p, q) }) {
				if !slices.Contains(prefixes[:i], p) && !slices.ContainsFunc(prefixes, func(q netip.Prefix) bool { return p != q && Within(p, q) }) {
					continue // the outer one of its overlaps
				}
				inner++
			}
		}
		found := overlaps(ranges)
		if len(found) != inner {
			t.Errorf("%v: %d overlaps, want %d", prefixes, len(found), inner)
		}
		for _, pair := range found {
			if !pair[0].prefix.Overlaps(pair[1].prefix) || pair[0].owner == pair[1].owner {
				t.Errorf("%v and %v do not overlap", pair[0], pair[1])
			}
		}
	})
}
