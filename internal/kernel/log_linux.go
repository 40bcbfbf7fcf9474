package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"isle/internal/netns"
)

// Of the log of the packet filter, what is used here (linux/netfilter/nfnetlink_log.h).
const (
	logPacket   = unix.NFNL_SUBSYS_ULOG << 8   // what the kernel sends
	logConfig   = unix.NFNL_SUBSYS_ULOG<<8 | 1 // what it is told
	logCommand  = 1                            // attribute of logConfig
	logMode     = 2
	logBind     = 1
	logCopy     = 2 // packets, from their header on
	logPayload  = 9 // attribute of logPacket
	logBytes    = 128
	logReceives = 1 << 16
)

// Log reads the packets that the filter of a namespace gives to its log.
type Log struct {
	file *os.File
	done chan struct{}
}

// OpenLog reads the log of a group in the namespace at a path, and tells each packet's
// flow as it came in, until it is closed. The log drops what is not read in time.
func OpenLog(path string, group uint16, seen func(Flow)) (*Log, error) {
	var fd int
	err := netns.At(path).Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("kernel: log of %s: %w", path, err)
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	for _, request := range [][]byte{logRequest(group, logCommand, []byte{logBind}), logRequest(group, logMode, []byte{0, 0, 0, logBytes, logCopy, 0})} {
		if err == nil {
			err = unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		}
		if err == nil {
			err = acknowledged(fd)
		}
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("kernel: log of %s: %w", path, err)
	}
	l := &Log{file: os.NewFile(uintptr(fd), "nflog"), done: make(chan struct{})}
	go l.read(seen)
	return l, nil
}

// logRequest is a request with one attribute, which is to be acknowledged.
func logRequest(group uint16, attribute uint16, value []byte) []byte {
	size := unix.SizeofNlMsghdr + 4 + unix.SizeofNlAttr + (len(value)+3)&^3
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b, uint32(size))
	binary.NativeEndian.PutUint16(b[4:], logConfig)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	binary.NativeEndian.PutUint32(b[8:], 1)
	b[16] = unix.AF_UNSPEC
	binary.BigEndian.PutUint16(b[18:], group)
	binary.NativeEndian.PutUint16(b[20:], uint16(unix.SizeofNlAttr+len(value)))
	binary.NativeEndian.PutUint16(b[22:], attribute)
	copy(b[24:], value)
	return b
}

// acknowledged waits for the kernel's answer to a request.
func acknowledged(fd int) error {
	b := make([]byte, 4096)
	for {
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 5000); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		n, _, err := unix.Recvfrom(fd, b, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(b[:n])
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4 {
				if code := int32(binary.NativeEndian.Uint32(m.Data)); code != 0 {
					return syscall.Errno(-code)
				}
				return nil
			}
		}
	}
}

func (l *Log) read(seen func(Flow)) {
	defer close(l.done)
	b := make([]byte, logReceives)
	for {
		n, err := l.file.Read(b)
		if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EINTR) {
			continue // some were dropped
		}
		if err != nil {
			return
		}
		messages, err := syscall.ParseNetlinkMessage(b[:n])
		if err != nil {
			continue
		}
		for _, m := range messages {
			if m.Header.Type != logPacket || len(m.Data) < headerBytes {
				continue
			}
			for kind, value := range attributesIn(m.Data[headerBytes:]) {
				if f, ok := flowIn(value); kind == logPayload && ok {
					seen(f)
				}
			}
		}
	}
}

// flowIn reads the flow of a packet of IPv4.
func flowIn(packet []byte) (f Flow, ok bool) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return f, false
	}
	header := int(packet[0]&0xf) * 4
	source, _ := netip.AddrFromSlice(packet[12:16])
	destination, _ := netip.AddrFromSlice(packet[16:20])
	f.Protocol = packet[9]
	var ports [2]uint16
	first := binary.BigEndian.Uint16(packet[6:])&0x1fff == 0 // of its fragments
	if (f.Protocol == unix.IPPROTO_TCP || f.Protocol == unix.IPPROTO_UDP) && first {
		if header < 20 || len(packet) < header+4 {
			return f, false
		}
		ports = [2]uint16{binary.BigEndian.Uint16(packet[header:]), binary.BigEndian.Uint16(packet[header+2:])}
	}
	f.Source, f.Destination = netip.AddrPortFrom(source, ports[0]), netip.AddrPortFrom(destination, ports[1])
	f.Translated = f.Destination
	return f, true
}

// Close ends the reading.
func (l *Log) Close() error {
	err := l.file.Close()
	<-l.done
	return err
}
