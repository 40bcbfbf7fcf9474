package kernel

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// cut ends the open flows of a namespace that the policy denies. Their next packet
// begins a new flow, which the filter then judges.
func (s *space) cut(denied func(Flow) bool) (int, error) {
	n, err := s.handle.ConntrackDeleteFilters(netlink.ConntrackTable, netlink.FAMILY_V4, deniedFlows(denied))
	return int(n), err
}

// deniedFlows matches what a function denies.
type deniedFlows func(Flow) bool

// MatchConntrackFlow implements netlink.CustomConntrackFilter.
func (d deniedFlows) MatchConntrackFlow(f *netlink.ConntrackFlow) bool {
	return d(Flow{
		Protocol:    f.Forward.Protocol,
		Source:      endOf(f.Forward.SrcIP, f.Forward.SrcPort),
		Destination: endOf(f.Forward.DstIP, f.Forward.DstPort),
		Translated:  endOf(f.Reverse.SrcIP, f.Reverse.SrcPort),
	})
}

func endOf(ip net.IP, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(addressOf(ip), port)
}
