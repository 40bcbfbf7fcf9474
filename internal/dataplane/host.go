package dataplane

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// platformAddress is the platform's address in every network: its name server
// (network.md §A3, §C7.7). On a real cloud it is also a metadata service.
var platformAddress = netip.AddrFrom4([4]byte{168, 63, 129, 16})

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// embedded is the IPv4 address that an IPv6 one stands for when it is translated
// on the way (NAT64, 6to4, IPv4-compatible), else the address itself: what is
// forbidden by its IPv4 form is so in every disguise.
func embedded(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b:
		return netip.AddrFrom4([4]byte(b[12:16]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{} && a != netip.IPv6Loopback() && a != netip.IPv6Unspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return a
}

// isMetadata knows link-local addresses, and the metadata addresses that are not.
func isMetadata(a netip.Addr) bool {
	a = embedded(a)
	return a.IsLinkLocalUnicast() || a == platformAddress ||
		a == netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54})
}

// special are the unicast addresses of IPv4 that are not public (network.md §A4).
var special = [...]netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254}), 16),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{224}), 3),
}

// isPublic tells whether an address is one of the public Internet.
func isPublic(a netip.Addr) bool {
	if a.Is6() {
		return a.As16()[0]>>5 == 1 // 2000::/3
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// IsPublic tells whether an address is one of the public Internet, in whatever disguise
// it comes.
func IsPublic(a netip.Addr) bool {
	a = embedded(a)
	return isPublic(a) && !isMetadata(a)
}

// hostAddresses knows the addresses of this host; the list is read again every
// few seconds, as interfaces come and go.
type hostAddresses struct{ current atomic.Pointer[hostList] }

type hostList struct {
	read time.Time
	set  map[netip.Addr]struct{}
}

const hostListAge = 10 * time.Second

// has tells whether what is sent to the address arrives at this host.
func (h *hostAddresses) has(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	list := h.current.Load()
	if list == nil || time.Since(list.read) > hostListAge {
		list = readHostList()
		h.current.Store(list)
	}
	_, own := list.set[a.WithZone("")]
	return own
}

func readHostList() *hostList {
	list := &hostList{read: time.Now(), set: map[netip.Addr]struct{}{}}
	addresses, _ := net.InterfaceAddrs() // none known: loopback is still recognised
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list.set[p.Addr().Unmap().WithZone("")] = struct{}{}
		}
	}
	return list
}
