package capture

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"isle/internal/netns"
	"isle/netpol/packet"
)

// received is how many bytes of frames the kernel keeps for a tap that is slow.
const received = 8 << 20

// Probe says what this process lacks to capture packets; nil for nothing.
func Probe() error {
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		return unix.Close(socket)
	}
	if errors.Is(err, unix.EPERM) {
		return errors.New("this process has no CAP_NET_RAW")
	}
	return os.NewSyscallError("socket", err)
}

// tap is a packet socket, bound to a link.
type tap struct {
	file    *os.File
	raw     syscall.RawConn
	link    string
	index   int
	dropped atomic.Int64
	buffer  []byte
	control []byte
}

// openTap is a socket in the namespace of a link, with the filter of what is taken. It
// hears nothing before it has the filter and is bound.
func openTap(l Link, t *packet.Taking) (Tap, error) {
	program, err := t.Program()
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, one := range program {
		filter[i] = unix.SockFilter{Code: one.Op, Jt: one.Jt, Jf: one.Jf, K: one.K}
	}
	socket, err := netns.At(l.Namespace).Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return nil, err
	}
	index, err := bind(socket, l.Name, filter)
	if err != nil {
		_ = unix.Close(socket)
		return nil, err
	}
	opened := &tap{file: os.NewFile(uintptr(socket), l.Name), link: l.Name, index: index, buffer: make([]byte, packet.MaxFrame), control: make([]byte, 256)}
	if opened.raw, err = opened.file.SyscallConn(); err != nil {
		_ = opened.file.Close()
		return nil, err
	}
	return opened, nil
}

func bind(socket int, link string, filter []unix.SockFilter) (index int, err error) {
	err = unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	if err != nil {
		return 0, fmt.Errorf("the kernel does not take the filter: %w", err)
	}
	for _, o := range []struct{ level, name int }{{unix.SOL_PACKET, unix.PACKET_AUXDATA}, {unix.SOL_SOCKET, unix.SO_TIMESTAMPNS}} {
		if err := unix.SetsockoptInt(socket, o.level, o.name, 1); err != nil {
			return 0, os.NewSyscallError("setsockopt", err)
		}
	}
	_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, received) // else the system's
	if index, err = indexOf(socket, link); err != nil {
		return 0, err
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network order
	return index, os.NewSyscallError("bind", unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index}))
}

// indexOf is the number of a link in the namespace of a socket.
func indexOf(socket int, link string) (int, error) {
	name, err := unix.NewIfreq(link)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, name); err != nil {
		return 0, os.NewSyscallError("finding it", err)
	}
	return int(name.Uint32()), nil
}

func (t *tap) Next() (packet.Record, error) {
	for {
		var n, controls int
		var failed error
		err := t.raw.Read(func(socket uintptr) bool {
			n, controls, _, _, failed = unix.Recvmsg(int(socket), t.buffer, t.control, 0)
			return failed != unix.EAGAIN && failed != unix.EINTR
		})
		switch {
		case err != nil:
			return packet.Record{}, err
		case failed == unix.ENETDOWN: // it is down, or has gone
			if t.gone() {
				return packet.Record{}, ErrGone
			}
			continue
		case failed != nil:
			return packet.Record{}, os.NewSyscallError("recvmsg", failed)
		}
		one := packet.Record{Frame: t.buffer[:n], Length: n}
		if err := t.read(&one, t.control[:controls]); err != nil {
			return packet.Record{}, err
		}
		return one, nil
	}
}

// gone tells whether the link is another one by now, or none.
func (t *tap) gone() bool {
	there := false
	err := t.raw.Control(func(socket uintptr) {
		index, err := indexOf(int(socket), t.link)
		there = err == nil && index == t.index
	})
	return err != nil || !there
}

// read reads when a frame was seen, and how long it was.
func (t *tap) read(one *packet.Record, controls []byte) error {
	messages, err := unix.ParseSocketControlMessage(controls)
	if err != nil {
		return err
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})):
			one.Length = max(one.Length, int((*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0])).Len))
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})):
			at := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			one.At = time.Unix(at.Unix())
		}
	}
	return nil
}

// Dropped adds up what the kernel tells, which begins anew each time.
func (t *tap) Dropped() int64 {
	_ = t.raw.Control(func(socket uintptr) {
		if s, err := unix.GetsockoptTpacketStats(int(socket), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			t.dropped.Add(int64(s.Drops))
		}
	})
	return t.dropped.Load()
}

func (t *tap) Close() error { return t.file.Close() }

// freeSpace is how many bytes the disk of a folder has left for this user.
func freeSpace(folder string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
