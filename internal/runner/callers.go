package runner

import (
	"net/netip"
	"strings"
)

// Callers are the addresses that may use an access endpoint of a workflow
// (accessControl, ise.md #163). The zero value lets everybody.
type Callers struct {
	Limited bool // only those in Ranges may; with no range nobody from outside
	Ranges  []AddressRange
}

// AddressRange is a range of addresses of one family, both ends included.
type AddressRange struct{ From, To netip.Addr }

// ParseAddressRange reads "10.0.0.0/8", "10.0.0.1-10.0.0.9" or "10.0.0.1".
func ParseAddressRange(text string) (AddressRange, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return AddressRange{prefix.Masked().Addr(), last(prefix)}, true
	}
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	from, err := netip.ParseAddr(strings.TrimSpace(low))
	if err != nil {
		return AddressRange{}, false
	}
	to, err := netip.ParseAddr(strings.TrimSpace(high))
	if err != nil || from.BitLen() != to.BitLen() || to.Less(from) {
		return AddressRange{}, false
	}
	return AddressRange{from, to}, true
}

// last is the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// Allow tells whether an address may call.
func (c *Callers) Allow(addr netip.Addr) bool {
	if !c.Limited {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, r := range c.Ranges {
		if r.From.BitLen() == addr.BitLen() && !addr.Less(r.From) && !r.To.Less(addr) {
			return true
		}
	}
	return false
}
