package dataplane

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// originalDestination is where a connection was on its way before the kernel redirected
// it.
func originalDestination(c net.Conn) (to netip.AddrPort, err error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return to, errors.New("it is no connection of TCP")
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return to, err
	}
	failed := raw.Control(func(fd uintptr) {
		var address *unix.IPv6Mreq // as large as a sockaddr_in, which is what it is
		if address, err = unix.GetsockoptIPv6Mreq(int(fd), unix.SOL_IP, unix.SO_ORIGINAL_DST); err == nil {
			b := address.Multiaddr
			to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:4]))
		}
	})
	return to, errors.Join(failed, err)
}
