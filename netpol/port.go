package netpol

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PortRange is the ports from First to Last, both included.
type PortRange struct{ First, Last uint16 }

// anyPort has every port.
var anyPort = PortRange{0, 65535}

// Has tells whether port lies in the range.
func (r PortRange) Has(port uint16) bool { return r.First <= port && port <= r.Last }

// String is "443", "6379-6383" or "*".
func (r PortRange) String() string {
	switch {
	case r == anyPort:
		return "*"
	case r.First == r.Last:
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// ParsePorts reads "*", a port or "first-last" within 0 to 65535 (network.md §A3).
// Lists are not written with commas: each element is a text of its own.
func ParsePorts(text string) (PortRange, error) {
	if text == "*" {
		return anyPort, nil
	}
	first, last, ranged := strings.Cut(text, "-")
	low, ok := parsePort(first)
	high := low
	if ok && ranged {
		high, ok = parsePort(last)
	}
	if !ok || high < low {
		return PortRange{}, fmt.Errorf("port range %q is not *, a port, or first-last within 0-65535", text)
	}
	return PortRange{low, high}, nil
}

func parsePort(text string) (uint16, bool) {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil
}

// mergePorts sorts the ranges and joins those that touch; none means all.
func mergePorts(ranges []PortRange) []PortRange {
	if len(ranges) == 0 {
		return []PortRange{anyPort}
	}
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b PortRange) int { return cmp.Compare(a.First, b.First) })
	merged := sorted[:1]
	for _, r := range sorted[1:] {
		last := &merged[len(merged)-1]
		if int(r.First) <= int(last.Last)+1 {
			last.Last = max(last.Last, r.Last)
		} else {
			merged = append(merged, r)
		}
	}
	return merged
}
