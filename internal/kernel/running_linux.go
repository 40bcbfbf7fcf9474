package kernel

import (
	"context"
	"net"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// The kernel activates a link that has got its other end at leisure, up to a second
// later, and until then drops what is sent. Since Linux 6.8 it does so at once when it is
// asked for the link's state; before, there is only waiting.

const (
	runningPatience = 3 * time.Second
	runningInterval = 5 * time.Millisecond
)

// awaitRunning waits until the pairs that came up carry packets. When patience ends they
// will all the same, a little later.
func (c *change) awaitRunning(ctx context.Context, w *work) error {
	fresh := map[string]bool{}
	for _, l := range w.setLinks {
		fresh[l.name] = l.up
	}
	var names []string
	if w.want != nil {
		for _, l := range w.want.Links {
			if l.Kind == layout.Veth && fresh[l.Name] && !c.failed[l.Peer.Namespace] {
				names = append(names, l.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	s, err := c.open(w.name)
	if err != nil {
		return err
	}
	return s.awaitRunning(ctx, names)
}

func (s *space) awaitRunning(ctx context.Context, names []string) error {
	if err := s.inside(func() error { return askState(names) }); err != nil {
		return err
	}
	pause := time.NewTicker(runningInterval)
	defer pause.Stop()
	for began := time.Now(); time.Since(began) < runningPatience; {
		running, err := s.running(names)
		if running || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
	return nil
}

// running reports whether all links with these names carry packets.
func (s *space) running(names []string) (bool, error) {
	links, err := again(s.handle.LinkList)
	if err != nil {
		return false, err
	}
	is := map[string]netlink.Link{}
	for _, l := range links {
		is[l.Attrs().Name] = l
	}
	for _, name := range names {
		if l := is[name]; l == nil || l.Attrs().Flags&net.FlagRunning == 0 {
			return false, nil
		}
	}
	return true, nil
}

// askState asks for the state of links in the namespace of this thread, as ethtool(8)
// does.
func askState(names []string) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	for _, name := range names {
		question := struct{ command, answer uint32 }{command: unix.ETHTOOL_GLINK}
		request := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(&question)}
		copy(request.name[:unix.IFNAMSIZ-1], name)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
		if errno != 0 && errno != unix.EOPNOTSUPP {
			return errno
		}
	}
	return nil
}
