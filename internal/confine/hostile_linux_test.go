//go:build amd64 || arm64

package confine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// world is what the host has that a child should not reach. It is sent to the child.
type world struct {
	Port, DatagramPort    int    // of TCP listeners on both loopbacks, of UDP echoes
	Address               string // of the host in its own network; empty: it has none
	Stream, Dgram, Packet string // paths of unix sockets
	Abstract              string
	Folder, Secret        string // Secret is a file of Folder
	Parent, ParentFD      int    // a process, and its descriptor of the listener
	Pipe, Socket, Dir     int    // inherited descriptors
}

// attempt is one way out. It is one of the filter's if the namespaces would let it pass:
// what it gets is the process's own, or not divided into namespaces.
type attempt struct {
	name   string
	try    func(w world) error
	filter bool
	// network: a network namespace alone keeps it in, for a process without capabilities.
	network bool
}

// reached proves that somebody answers on a connection.
func reached(c net.Conn, err error) error {
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(4 * time.Second))
	if _, err := c.Write([]byte("?")); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 8))
	return err
}

func dial(network, address string) error {
	return reached(net.DialTimeout(network, address, 4*time.Second))
}

// connects makes a socket of a kind and connects it.
func connects(family, kind, protocol int, to unix.Sockaddr) error {
	s, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.Connect(s, to)
}

// sends makes a socket of a kind and sends something by it.
func sends(family, kind, protocol int, what []byte, flags int, to unix.Sockaddr) error {
	s, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.Sendto(s, what, flags, to)
}

// exists is a socket of a family that is not a network of the process.
func exists(family, kind, protocol int) func(world) error {
	return func(world) error {
		s, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		if err == nil {
			_ = unix.Close(s)
		}
		return err
	}
}

func v4(port int) unix.Sockaddr { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port} }
func v6(port int) unix.Sockaddr {
	return &unix.SockaddrInet6{Addr: [16]byte{15: 1}, Port: port}
}
func mapped(port int) unix.Sockaddr {
	return &unix.SockaddrInet6{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}, Port: port}
}
func loopback(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func opens(format string, mode int) func(world) error {
	return func(w world) error {
		name := strings.NewReplacer("PARENT", strconv.Itoa(w.Parent), "FD", strconv.Itoa(w.ParentFD), "FOLDER", w.Folder, "SECRET", w.Secret).Replace(format)
		f, err := os.OpenFile(name, mode, 0o600)
		if err == nil {
			err = f.Close()
		}
		return err
	}
}

// joins enters a namespace by its path.
func joins(path string, kind int) func(world) error {
	return func(w world) error {
		f, err := os.Open(strings.ReplaceAll(path, "PARENT", strconv.Itoa(w.Parent)))
		if err != nil {
			return err
		}
		defer f.Close()
		_ = unix.Unshare(unix.CLONE_FS)
		return unix.Setns(int(f.Fd()), kind)
	}
}

func call(number uintptr, arguments ...uintptr) error {
	var a [6]uintptr
	copy(a[:], arguments)
	if _, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}

// made closes what a call gave.
func made(number uintptr, arguments ...uintptr) error {
	var a [6]uintptr
	copy(a[:], arguments)
	fd, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

func pointer[T any](v *T) uintptr { return uintptr(unsafe.Pointer(v)) }

var errNothing = errors.New("nothing there")

// linkNames asks a netlink socket for the network's links, other than the loopback.
func linkNames(world) error {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	_ = unix.Close(s)
	links, err := net.Interfaces()
	if err == nil && len(links) < 2 {
		err = errNothing
	}
	return err
}

// inherited uses a descriptor that the parent left open.
func inherited(which func(world) int) func(world) error {
	return func(w world) error {
		_, err := unix.Write(which(w), []byte("?"))
		return err
	}
}

// attempts are the ways out that are tried.
func attempts() []attempt {
	lan := func(w world, port int) string { return loopback(w.Address, port) }
	icmp := []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}
	syn := make([]byte, 40)
	return []attempt{
		{name: "tcp", network: true, try: func(w world) error { return dial("tcp4", loopback("127.0.0.1", w.Port)) }},
		{name: "tcp over IPv6", network: true, try: func(w world) error { return dial("tcp6", loopback("::1", w.Port)) }},
		{name: "tcp to the host's address", network: true, try: func(w world) error { return dial("tcp", lan(w, w.Port)) }},
		{name: "tcp to a name", network: true, try: func(w world) error { return dial("tcp", loopback("localhost", w.Port)) }},
		{name: "tcp over mapped IPv6", network: true, try: func(w world) error { return connects(unix.AF_INET6, unix.SOCK_STREAM, 0, mapped(w.Port)) }},
		{name: "tcp to any address", network: true, try: func(w world) error {
			return connects(unix.AF_INET, unix.SOCK_STREAM, 0, &unix.SockaddrInet4{Port: w.Port})
		}},
		{name: "tcp fast open", try: func(w world) error {
			return sends(unix.AF_INET, unix.SOCK_STREAM, 0, []byte("?"), unix.MSG_FASTOPEN, v4(w.Port))
		}},
		{name: "mptcp", network: true, try: func(w world) error {
			return connects(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP, v4(w.Port))
		}},
		{name: "mptcp over IPv6", network: true, try: func(w world) error {
			return connects(unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP, v6(w.Port))
		}},
		{name: "sctp", try: func(w world) error { return connects(unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP, v4(w.Port)) }},
		{name: "tcp listener", filter: true, try: func(world) error {
			l, err := net.Listen("tcp4", "0.0.0.0:0")
			if err == nil {
				err = l.Close()
			}
			return err
		}},
		{name: "udp", network: true, try: func(w world) error { return dial("udp4", loopback("127.0.0.1", w.DatagramPort)) }},
		{name: "udp over IPv6", network: true, try: func(w world) error { return dial("udp6", loopback("::1", w.DatagramPort)) }},
		{name: "udp to the host's address", network: true, try: func(w world) error { return dial("udp", lan(w, w.DatagramPort)) }},
		{name: "udp without connecting", try: func(w world) error {
			return sends(unix.AF_INET, unix.SOCK_DGRAM, 0, []byte("?"), 0, v4(w.DatagramPort))
		}},
		{name: "udplite", try: func(w world) error {
			return sends(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE, []byte("?"), 0, v4(w.DatagramPort))
		}},
		{name: "name lookup", try: func(w world) error {
			return sends(unix.AF_INET, unix.SOCK_DGRAM, 0, []byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"), 0, v4(53))
		}},
		{name: "multicast", try: func(w world) error {
			return sends(unix.AF_INET, unix.SOCK_DGRAM, 0, []byte("?"), 0, &unix.SockaddrInet4{Addr: [4]byte{224, 0, 0, 251}, Port: 5353})
		}},
		{name: "ping socket", try: func(w world) error { return sends(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP, icmp, 0, v4(0)) }},
		{name: "raw ICMP", network: true, try: func(w world) error { return sends(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, icmp, 0, v4(0)) }},
		{name: "raw TCP", network: true, try: func(w world) error { return sends(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP, syn[:20], 0, v4(0)) }},
		{name: "raw IPv6", network: true, try: func(w world) error {
			return sends(unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6, []byte{128, 0, 0, 0, 0, 0, 0, 0}, 0, v6(0))
		}},
		{name: "raw other protocol", network: true, try: func(w world) error { return sends(unix.AF_INET, unix.SOCK_RAW, 253, syn[:8], 0, v4(0)) }},
		{name: "packets, raw", network: true, try: func(w world) error {
			return sends(unix.AF_PACKET, unix.SOCK_RAW, 0, make([]byte, 60), 0, &unix.SockaddrLinklayer{Ifindex: 1, Halen: 6})
		}},
		{name: "packets, cooked", network: true, try: func(w world) error {
			return sends(unix.AF_PACKET, unix.SOCK_DGRAM, 0, make([]byte, 60), 0, &unix.SockaddrLinklayer{Ifindex: 1, Halen: 6, Protocol: 8})
		}},
		{name: "links of the host", try: linkNames},
		{name: "netlink for routes", filter: true, try: exists(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)},
		{name: "netlink for rules", filter: true, try: exists(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER)},
		{name: "netlink for sockets", filter: true, try: exists(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG)},
		{name: "netlink for devices", filter: true, try: exists(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT)},
		{name: "netlink, generic", filter: true, try: exists(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC)},
		{name: "sockets of virtual machines", filter: true, try: exists(unix.AF_VSOCK, unix.SOCK_STREAM, 0)},
		{name: "sockets of kernel cryptography", filter: true, try: exists(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)},
		{name: "sockets of any other family", filter: true, try: func(w world) error {
			for family := range 50 {
				if exists(family, unix.SOCK_DGRAM, 0)(w) == nil || exists(family, unix.SOCK_RAW, 0)(w) == nil {
					return nil
				}
			}
			return errNothing
		}},
		{name: "pair of sockets", filter: true, try: func(world) error {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			if err == nil {
				err = errors.Join(unix.Close(pair[0]), unix.Close(pair[1]))
			}
			return err
		}},
		{name: "io_uring", filter: true, try: func(world) error {
			var parameters [120]byte
			return made(unix.SYS_IO_URING_SETUP, 1, pointer(&parameters))
		}},
		{name: "unix socket, abstract", network: true, try: func(w world) error { return dial("unix", w.Abstract) }},
		{name: "unix socket, abstract, datagrams", network: true, try: func(w world) error {
			return sends(unix.AF_UNIX, unix.SOCK_DGRAM, 0, []byte("?"), 0, &unix.SockaddrUnix{Name: w.Abstract + "-dgram"})
		}},
		{name: "unix socket", try: func(w world) error { return dial("unix", w.Stream) }},
		{name: "unix socket, datagrams", try: func(w world) error {
			return sends(unix.AF_UNIX, unix.SOCK_DGRAM, 0, []byte("?"), 0, &unix.SockaddrUnix{Name: w.Dgram})
		}},
		{name: "unix socket, packets", try: func(w world) error {
			return connects(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0, &unix.SockaddrUnix{Name: w.Packet})
		}},
		{name: "inherited pipe", try: inherited(func(w world) int { return w.Pipe })},
		{name: "inherited socket", try: inherited(func(w world) int { return w.Socket })},
		{name: "inherited folder", try: func(w world) error {
			fd, err := unix.Openat(w.Dir, filepath.Base(w.Secret), unix.O_RDONLY, 0)
			if err == nil {
				err = unix.Close(fd)
			}
			return err
		}},
		{name: "inherited root", try: func(w world) error {
			fd, err := unix.Openat(w.Dir, "../../../../../../etc/passwd", unix.O_RDONLY, 0)
			if err == nil {
				err = unix.Close(fd)
			}
			return err
		}},
		{name: "standard input as a socket", try: func(w world) error {
			f, err := net.FileConn(os.Stdin)
			if err == nil {
				err = f.Close()
			}
			return err
		}},
		{name: "network of the parent", network: true, try: joins("/proc/PARENT/ns/net", unix.CLONE_NEWNET)},
		{name: "network of the first process", try: joins("/proc/1/ns/net", unix.CLONE_NEWNET)},
		{name: "mounts of the parent", network: true, try: joins("/proc/PARENT/ns/mnt", unix.CLONE_NEWNS)},
		{name: "processes of the parent", try: joins("/proc/PARENT/ns/pid", unix.CLONE_NEWPID)},
		{name: "namespaces by a process descriptor", network: true, try: func(w world) error {
			fd, err := unix.PidfdOpen(w.Parent, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Setns(fd, unix.CLONE_NEWNET)
		}},
		{name: "descriptor of the parent", try: func(w world) error {
			fd, err := unix.PidfdOpen(w.Parent, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return made(unix.SYS_PIDFD_GETFD, uintptr(fd), uintptr(w.ParentFD))
		}},
		{name: "tracing the parent", try: func(w world) error { return call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(w.Parent)) }},
		{name: "memory of the parent, by a call", try: func(w world) error {
			here, there := make([]byte, 1), uintptr(0x400000)
			_, err := unix.ProcessVMReadv(w.Parent, []unix.Iovec{{Base: &here[0], Len: 1}}, []unix.RemoteIovec{{Base: there, Len: 1}}, 0)
			return err
		}},
		{name: "memory of the parent, as a file", try: opens("/proc/PARENT/mem", os.O_RDONLY)},
		{name: "environment of the parent", try: opens("/proc/PARENT/environ", os.O_RDONLY)},
		{name: "root of the parent", try: opens("/proc/PARENT/root"+"/etc/passwd", os.O_RDONLY)},
		{name: "signal to the parent", try: func(w world) error { return unix.Kill(w.Parent, 0) }},
		{name: "limits of the parent", try: func(w world) error { return unix.Prlimit(w.Parent, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}) }},
		{name: "file", try: opens("SECRET", os.O_RDONLY)},
		{name: "file of the system", try: opens("/etc/passwd", os.O_RDONLY)},
		{name: "file beyond the root", try: opens("../../../../../../../../etc/passwd", os.O_RDONLY)},
		{name: "new file", try: opens("FOLDER/new", os.O_WRONLY|os.O_CREATE)},
		{name: "new file in the root", try: func(w world) error {
			err := opens("/isle-confine-test", os.O_WRONLY|os.O_CREATE)(w)
			_ = os.Remove("/isle-confine-test")
			return err
		}},
		{name: "tunnel", try: opens("/dev/net/tun", os.O_RDWR)},
		{name: "kernel's messages", try: opens("/dev/kmsg", os.O_RDONLY)},
		{name: "kernel's settings", try: opens("/proc/sys/net/core/somaxconn", os.O_WRONLY)},
		{name: "control groups", try: opens("/sys/fs/cgroup/cgroup.procs", os.O_RDONLY)},
		{name: "file by a handle", filter: true, try: func(w world) error {
			handle, mount, err := unix.NameToHandleAt(unix.AT_FDCWD, "/", 0)
			if err != nil {
				return err
			}
			_ = mount
			root, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			if err != nil {
				return err
			}
			defer unix.Close(root)
			fd, err := unix.OpenByHandleAt(root, handle, unix.O_RDONLY)
			if err == nil {
				err = unix.Close(fd)
			}
			return err
		}},
		{name: "mount", network: true, filter: true, try: func(w world) error {
			on := w.Folder
			if _, err := os.Stat(on); err != nil {
				on = "/"
			}
			err := unix.Mount("none", on, "tmpfs", 0, "")
			if err == nil {
				err = unix.Unmount(on, unix.MNT_DETACH)
			}
			return err
		}},
		{name: "other root", filter: true, try: func(world) error { return unix.Chroot("/") }},
		{name: "new namespaces", network: true, filter: true, try: func(world) error { return unix.Unshare(unix.CLONE_NEWNET) }},
		{name: "new user namespace", filter: true, try: func(world) error {
			// A process, since one with threads cannot change its own.
			pid, err := syscallFork(unix.CLONE_NEWUSER | unix.CLONE_NEWNET)
			if err == nil {
				_, err = unix.Wait4(pid, nil, 0, nil)
			}
			return err
		}},
		{name: "child process", filter: true, try: func(world) error {
			pid, err := syscallFork(0)
			if err == nil {
				_, err = unix.Wait4(pid, nil, 0, nil)
			}
			return err
		}},
		{name: "program of the host", try: func(world) error { return exec.Command("/bin/true").Run() }},
		{name: "program of its own", try: func(world) error { return exec.Command("/proc/self/exe", "-test.run", "^$").Run() }},
		{name: "file in memory", filter: true, try: func(world) error {
			fd, err := unix.MemfdCreate("x", 0)
			if err == nil {
				err = unix.Close(fd)
			}
			return err
		}},
		{name: "programs in the kernel", try: func(world) error {
			attributes := [16]uint32{unix.BPF_MAP_TYPE_ARRAY, 4, 4, 1}
			return made(unix.SYS_BPF, unix.BPF_MAP_CREATE, pointer(&attributes), unsafe.Sizeof(attributes))
		}},
		{name: "events of the kernel", try: func(world) error {
			attributes := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
			none := -1
			return made(unix.SYS_PERF_EVENT_OPEN, pointer(&attributes), uintptr(none), 0, uintptr(none), 0)
		}},
		{name: "faults of memory", filter: true, try: func(world) error { return made(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|1) }},
		{name: "keys", filter: true, try: func(world) error {
			_, err := unix.AddKey("user", "isle-confine-test", []byte("x"), unix.KEY_SPEC_THREAD_KEYRING)
			return err
		}},
		{name: "user root", filter: true, try: func(world) error { return call(unix.SYS_SETUID, 0) }},
		{name: "other personality", filter: true, try: func(world) error { return call(unix.SYS_PERSONALITY, 0) }},
	}
}

// syscallFork makes a process that ends at once.
func syscallFork(flags uintptr) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, err := fork(flags | uintptr(unix.SIGCHLD))
	if err != 0 {
		return 0, err
	}
	return int(pid), nil
}

//go:norace
//go:nosplit
//go:noinline
func fork(flags uintptr) (uintptr, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		for {
			syscall.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
		}
	}
	return pid, errno
}

// tryAll makes each attempt on a thread of its own, which ends, and tells what came of
// it: an empty text is a way out.
func tryAll(w world, report io.Writer) {
	for _, a := range attempts() {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			done <- a.try(w)
		}()
		text := ""
		if err := <-done; err != nil {
			text = err.Error()
		}
		fmt.Fprintf(report, "%s\t%s\n", a.name, bytes.ReplaceAll([]byte(text), []byte("\n"), []byte(" ")))
	}
}
