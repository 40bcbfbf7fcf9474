// Package packet says which packets of a link a capture takes, and how they are written
// down: filters as their users give them (PacketCaptureFilter of armnetwork), the same as a predicate over a
// frame and as a program of the kernel's packet filter, and the file format pcap. Frames
// are those of Ethernet, with packets of IPv4: there are no others in the networks that a
// kernel holds.
package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Protocol is what a filter looks for, as IANA numbers it.
type Protocol uint8

// The protocols that filters name. Any is every one.
const (
	Any  Protocol = 0
	ICMP Protocol = 1
	TCP  Protocol = 6
	UDP  Protocol = 17
)

// Flags are bits of the header of TCP.
type Flags uint8

// The flags, where the header has them.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Addresses is a range of IPv4 addresses, with both ends.
type Addresses struct{ First, Last netip.Addr }

// Ports is a range of ports, with both ends.
type Ports struct{ First, Last uint16 }

// Filter takes the packets of which all holds that it says. The zero value takes every
// frame; every other one packets of IPv4 only, and with ports or flags not the later
// fragments of a packet, which have none.
type Filter struct {
	Protocol                Protocol
	Local, Remote           []Addresses // of the two ends; none: any
	LocalPorts, RemotePorts []Ports     // of TCP and UDP; none: any
	Flags                   Flags       // of TCP; one of them is set; 0: any
}

// Entries is how many ranges it has.
func (f *Filter) Entries() int {
	return len(f.Local) + len(f.Remote) + len(f.LocalPorts) + len(f.RemotePorts)
}

func (f *Filter) everything() bool { return f.Protocol == Any && f.Flags == 0 && f.Entries() == 0 }

func (f *Filter) ported() bool { return len(f.LocalPorts)+len(f.RemotePorts) > 0 }

// ParseAddresses reads addresses as a filter has them: "10.0.0.4", "10.0.0.4-10.0.0.9" or
// "10.0.0.0/24", or several of these with semicolons between, and one at the end if you
// like. An empty text is none: any. The error tells all that is wrong.
func ParseAddresses(text string) ([]Addresses, error) {
	return parseList(text, func(entry string) (Addresses, error) {
		first, last, ranged := strings.Cut(entry, "-")
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Addr().Is4() {
			return Addresses{prefix.Masked().Addr(), lastOf(prefix)}, nil
		}
		if !ranged {
			last = first
		}
		a, errFirst := netip.ParseAddr(strings.TrimSpace(first))
		b, errLast := netip.ParseAddr(strings.TrimSpace(last))
		switch {
		case errFirst != nil, errLast != nil, !a.Is4(), !b.Is4():
			return Addresses{}, fmt.Errorf("'%s' is no IPv4 address, and no range such as 10.0.0.4-10.0.0.9", entry)
		case b.Less(a):
			return Addresses{}, fmt.Errorf("'%s' ends before it begins", entry)
		}
		return Addresses{a, b}, nil
	})
}

func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().As4()
	n := binary.BigEndian.Uint32(bytes[:])
	if p.Bits() < 32 {
		n |= 1<<(32-p.Bits()) - 1
	}
	return address(n)
}

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// ParsePorts reads ports as a filter has them: "80", "80-85", or several of these, as
// [ParseAddresses].
func ParsePorts(text string) ([]Ports, error) {
	return parseList(text, func(entry string) (Ports, error) {
		first, last, ranged := strings.Cut(entry, "-")
		if !ranged {
			last = first
		}
		a, errFirst := parsePort(first)
		b, errLast := parsePort(last)
		switch {
		case errFirst != nil, errLast != nil:
			return Ports{}, fmt.Errorf("'%s' is no port from 0 to 65535, and no range such as 80-85", entry)
		case b < a:
			return Ports{}, fmt.Errorf("'%s' ends before it begins", entry)
		}
		return Ports{a, b}, nil
	})
}

func parsePort(text string) (uint16, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "+") {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err
}

func parseList[T any](text string, parse func(string) (T, error)) (list []T, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	var problems []error
	for entry := range strings.SplitSeq(text, ";") {
		one, err := parse(strings.TrimSpace(entry))
		if err != nil {
			problems = append(problems, err)
		}
		list = append(list, one)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return list, nil
}

// Taking is which frames of a link a capture takes.
type Taking struct {
	Filters []Filter // what one of them takes is taken; none: every frame
	// Either takes a packet whichever of its ends is the local one, so the answers as well.
	// Without it the local end is the one behind the link.
	Either bool
	Snap   int // how many bytes of a frame are kept; 0: all
}

// Takes tells whether a frame is taken; sent says that it goes out by the link.
func (t *Taking) Takes(frame []byte, sent bool) bool {
	if len(t.Filters) == 0 {
		return true
	}
	h := read(frame)
	back := h
	back.from, back.to = h.to, h.from
	switch {
	case t.Either:
		return t.takes(&h) || t.takes(&back)
	case sent:
		return t.takes(&back)
	}
	return t.takes(&h)
}

// takes tells whether a filter takes what comes from the local end.
func (t *Taking) takes(h *header) bool {
	return slices.ContainsFunc(t.Filters, func(f Filter) bool { return f.everything() || f.takes(h) })
}

func (f *Filter) takes(h *header) bool {
	if !h.ip || f.Protocol != Any && f.Protocol != h.protocol {
		return false
	}
	if !within(f.Local, h.from.address) || !within(f.Remote, h.to.address) {
		return false
	}
	if f.ported() && (!h.ported || !inPorts(f.LocalPorts, h.from.port) || !inPorts(f.RemotePorts, h.to.port)) {
		return false
	}
	return f.Flags == 0 || f.Flags&h.flags != 0
}

func within(list []Addresses, a netip.Addr) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(r Addresses) bool { return r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0 })
}

func inPorts(list []Ports, port uint16) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(r Ports) bool { return r.First <= port && port <= r.Last })
}

// Where a frame has what filters look at.
const (
	atType     = 12 // of Ethernet
	atIP       = 14
	atFragment = atIP + 6
	atProtocol = atIP + 9
	atSource   = atIP + 12
	atTarget   = atIP + 16
	leastIP    = 20 // bytes of its header
	leastPorts = 4  // bytes behind it that have both ports
	atFlags    = 13 // in the header of TCP
	typeIPv4   = 0x0800
	offsetBits = 0x1fff // of the fragment
)

// header is what filters look at in a frame.
type header struct {
	ip       bool
	protocol Protocol
	from, to end
	ported   bool
	flags    Flags // 0 where there are none
}

type end struct {
	address netip.Addr
	port    uint16
}

// read looks into a frame. What it is too short for is not there.
func read(frame []byte) (h header) {
	if len(frame) < atIP+leastIP || binary.BigEndian.Uint16(frame[atType:]) != typeIPv4 {
		return h
	}
	h.ip, h.protocol = true, Protocol(frame[atProtocol])
	h.from.address = address(binary.BigEndian.Uint32(frame[atSource:]))
	h.to.address = address(binary.BigEndian.Uint32(frame[atTarget:]))
	if binary.BigEndian.Uint16(frame[atFragment:])&offsetBits != 0 {
		return h
	}
	rest := frame[min(len(frame), atIP+int(frame[atIP]&0x0f)*4):]
	if (h.protocol == TCP || h.protocol == UDP) && len(rest) >= leastPorts {
		h.ported = true
		h.from.port, h.to.port = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	}
	if h.protocol == TCP && len(rest) > atFlags {
		h.flags = Flags(rest[atFlags])
	}
	return h
}
