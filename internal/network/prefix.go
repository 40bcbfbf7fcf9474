package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
)

// A range of addresses is a CIDR prefix without host bits. Two prefixes either
// nest or are disjoint, so a list that is sorted by address and then by length
// has an overlap exactly where an entry begins inside the last one that is not
// itself nested: one pass finds every overlap.

// reserved are the ranges no virtual network may use (network.md §A1).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("255.255.255.255/32"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("168.63.129.16/32"),
}

// reservedAddresses is how many addresses of a subnet no resource can have: its
// network address, the router, two for name resolution, and broadcast (§A2).
const reservedAddresses = 5

// ParsePrefix reads a range in CIDR notation. Its problem has the code of §A9
// and says how the range would be written.
func ParsePrefix(text string) (netip.Prefix, *arm.Error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, arm.Invalid("InvalidAddressPrefixFormat", "", "Address prefix '%s' is not formatted correctly. Use CIDR notation, for example 10.0.0.0/24.", text)
	}
	if masked := prefix.Masked(); masked != prefix {
		return netip.Prefix{}, arm.Invalid("InvalidCIDRNotation", "", "The address prefix '%s' has an invalid CIDR notation. For the given prefix length, the address prefix should be '%s'.", text, masked)
	}
	return prefix, nil
}

// Within tells whether inner lies wholly in outer.
func Within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// reservedBy returns the reserved range that prefix touches.
func reservedBy(prefix netip.Prefix) (netip.Prefix, bool) {
	for _, r := range reserved {
		if r.Overlaps(prefix) {
			return r, true
		}
	}
	return netip.Prefix{}, false
}

// owned is a range and who has it.
type owned struct {
	prefix netip.Prefix
	owner  string
}

// overlaps returns every entry that shares addresses with an earlier one of the
// address order, paired with the one that holds it.
func overlaps(ranges []owned) [][2]owned {
	sorted := slices.Clone(ranges)
	slices.SortStableFunc(sorted, func(a, b owned) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	var found [][2]owned
	for i, last := 1, 0; i < len(sorted); i++ {
		if Within(sorted[i].prefix, sorted[last].prefix) {
			found = append(found, [2]owned{sorted[last], sorted[i]})
		} else {
			last = i
		}
	}
	return found
}

// usable is the number of addresses that resources in a subnet can have. Ranges
// beyond 2^62 addresses count as that many.
func usable(prefixes []netip.Prefix) int64 {
	var total int64
	for _, p := range prefixes {
		host := p.Addr().BitLen() - p.Bits()
		total += int64(1)<<min(host, 62) - reservedAddresses
		if total < 0 {
			return 1 << 62
		}
	}
	return total
}

// checkSpace checks the address space of a network (§A1): CIDR, no reserved
// range, no overlap among themselves.
func checkSpace(network string, prefixes []string, found *arm.Found) []netip.Prefix {
	const target = "properties.addressSpace.addressPrefixes"
	if len(prefixes) == 0 {
		found.Add(codeFormat, target, "The address space of a virtual network needs at least one range. Give addressPrefixes, for example [\"10.0.0.0/16\"].")
		return nil
	}
	space := make([]netip.Prefix, 0, len(prefixes))
	ranges := make([]owned, 0, len(prefixes))
	for i, text := range prefixes {
		at := fmt.Sprintf("%s[%d]", target, i)
		prefix, problem := ParsePrefix(text)
		if problem != nil {
			found.Add(problem.Code, at, "%s It is an address prefix of resource %s.", problem.Message, network)
			continue
		}
		if r, bad := reservedBy(prefix); bad {
			found.Add("AddressPrefixReserved", at, "Address prefix '%s' touches the reserved range %s, which no virtual network can use. Choose a private range, for example 10.0.0.0/16.", text, r)
			continue
		}
		if prefix.Addr().Is4() && prefix.Bits() > 29 {
			found.Add("NetcfgInvalidSubnet", at, "Address prefix '%s' is too small: the smallest range of a virtual network is a /29.", text)
			continue
		}
		space = append(space, prefix)
		ranges = append(ranges, owned{prefix, text})
	}
	for _, pair := range overlaps(ranges) {
		found.Add("VnetAddressSpacesOverlap", target, "Address prefixes '%s' and '%s' of the virtual network overlap. Overlapping address prefixes: %s.", pair[0].prefix, pair[1].prefix, pair[1].prefix)
	}
	return space
}

// checkSubnetPrefixes checks the ranges of one subnet by themselves (§A2):
// CIDR, /29 to /8, an IPv6 range exactly /64. It returns those that pass.
func checkSubnetPrefixes(subnet string, texts []string, target string, found *arm.Found) []netip.Prefix {
	if len(texts) == 0 {
		found.Add(codeFormat, target+".addressPrefix", "Subnet '%s' has no address range. Give addressPrefix in CIDR notation, for example 10.0.1.0/26.", subnet)
		return nil
	}
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		prefix, problem := ParsePrefix(text)
		switch {
		case problem != nil:
			found.Add(problem.Code, target+".addressPrefix", "Subnet '%s': %s", subnet, problem.Message)
		case prefix.Addr().Is4() && (prefix.Bits() < 8 || prefix.Bits() > 29):
			found.Add("NetcfgInvalidSubnet", target+".addressPrefix", "Subnet '%s' is not valid in virtual network: its range '%s' has %d leading bits; an IPv4 subnet has a size from /29 to /8.", subnet, text, prefix.Bits())
		case prefix.Addr().Is6() && prefix.Bits() != 64:
			found.Add("NetcfgInvalidSubnet", target+".addressPrefix", "Subnet '%s' is not valid in virtual network: its range '%s' must be exactly a /64.", subnet, text)
		default:
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// checkContained reports each range that lies outside the address space.
func checkContained(subnet string, prefixes, space []netip.Prefix, target string, found *arm.Found) {
	for _, p := range prefixes {
		if !slices.ContainsFunc(space, func(outer netip.Prefix) bool { return Within(p, outer) }) {
			found.Add("NetcfgSubnetRangeOutsideVnet", target+".addressPrefix", "Subnet '%s' with range '%s' is outside the address space of the virtual network (%s). Choose a range inside it.", subnet, p, joinPrefixes(space))
		}
	}
}

// checkDisjoint reports each pair of subnets that share addresses.
func checkDisjoint(ranges []owned, target string, found *arm.Found) {
	for _, pair := range overlaps(ranges) {
		found.Add("NetcfgSubnetRangesOverlap", target, "Subnet '%s' with range '%s' overlaps subnet '%s' with range '%s'. Give each subnet a range of its own.", pair[1].owner, pair[1].prefix, pair[0].owner, pair[0].prefix)
	}
}

func joinPrefixes(prefixes []netip.Prefix) string {
	return strings.Join(prefixTexts(prefixes), ", ")
}
