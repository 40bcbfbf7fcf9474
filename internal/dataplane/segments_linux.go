package dataplane

import (
	"net"

	"golang.org/x/sys/unix"
)

// segmentsOf asks the socket of TCP that a connection is, or wraps.
func segmentsOf(c net.Conn) (s segments) {
	tcp, ok := c.(*net.TCPConn)
	for !ok {
		wrapped, inside := c.(interface{ NetConn() net.Conn })
		if !inside {
			return s
		}
		c = wrapped.NetConn()
		tcp, ok = c.(*net.TCPConn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return s
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			s = segments{info.Segs_out, info.Segs_in, true}
		}
	})
	return s
}
