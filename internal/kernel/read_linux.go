package kernel

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// readSpace reads what is in the namespace at a path.
func readSpace(path string) (*namespaceState, error) {
	if !isSpace(path) {
		return &namespaceState{broken: true}, nil
	}
	s, err := openSpace(path)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.read()
}

func (s *space) read() (*namespaceState, error) {
	n := &namespaceState{settings: map[string]string{}}
	names, err := s.readLinks(n)
	if err != nil {
		return nil, err
	}
	if n.routes, err = s.readRoutes(names); err != nil {
		return nil, err
	}
	if n.rules, err = s.readRules(); err != nil {
		return nil, err
	}
	err = s.inside(func() (err error) {
		readSettings(settingsOf(&layout.Namespace{}), n.settings)
		if err := readLinkSettings(n.settings); err != nil {
			return err
		}
		n.filter, n.strangers, err = readFilter()
		return err
	})
	return n, err
}

// readLinks reads links and their addresses, and returns their names by index.
func (s *space) readLinks(n *namespaceState) (map[int]string, error) {
	links, err := again(s.handle.LinkList)
	if err != nil {
		return nil, err
	}
	addresses, err := again(func() ([]netlink.Addr, error) { return s.handle.AddrList(nil, netlink.FAMILY_V4) })
	if err != nil {
		return nil, err
	}
	neighbours, err := s.readNeighbours()
	if err != nil {
		return nil, err
	}
	n.links = map[string]linkState{}
	names := map[int]string{}
	for _, l := range links {
		a := l.Attrs()
		names[a.Index] = a.Name
		if a.Flags&net.FlagLoopback != 0 {
			n.loopbackUp = a.Flags&net.FlagUp != 0
			continue
		}
		is := linkState{index: a.Index, peer: a.ParentIndex, kind: l.Type(), alias: a.Alias, up: a.Flags&net.FlagUp != 0, mtu: a.MTU,
			hardware: a.HardwareAddr.String(), neighbours: neighbours[a.Index]}
		for _, address := range addresses {
			if address.LinkIndex == a.Index {
				is.addresses = append(is.addresses, prefixOf(address.IPNet))
			}
		}
		n.links[a.Name] = is
	}
	return names, nil
}

// readNeighbours reads the neighbours that were set for ever, by the index of their link.
func (s *space) readNeighbours() (map[int]map[netip.Addr]string, error) {
	list, err := again(func() ([]netlink.Neigh, error) { return s.handle.NeighList(0, netlink.FAMILY_V4) })
	if err != nil {
		return nil, err
	}
	found := map[int]map[netip.Addr]string{}
	for _, n := range list {
		if n.State&netlink.NUD_PERMANENT == 0 {
			continue
		}
		if found[n.LinkIndex] == nil {
			found[n.LinkIndex] = map[netip.Addr]string{}
		}
		found[n.LinkIndex][addressOf(n.IP)] = n.HardwareAddr.String()
	}
	return found, nil
}

// readRoutes reads the routes that were put there. Those that come with an address are
// the kernel's own.
func (s *space) readRoutes(names map[int]string) ([]layout.Route, error) {
	all := &netlink.Route{Table: unix.RT_TABLE_UNSPEC}
	routes, err := again(func() ([]netlink.Route, error) {
		return s.handle.RouteListFiltered(netlink.FAMILY_V4, all, netlink.RT_FILTER_TABLE)
	})
	if err != nil {
		return nil, err
	}
	var list []layout.Route
	for _, r := range routes {
		if r.Table == unix.RT_TABLE_LOCAL || r.Protocol == unix.RTPROT_KERNEL {
			continue
		}
		is := layout.Route{Table: r.Table, To: prefixOf(r.Dst), Via: addressOf(r.Gw), Source: addressOf(r.Src), OnLink: r.Flags&unix.RTNH_F_ONLINK != 0}
		if r.Type != unix.RTN_BLACKHOLE {
			is.Link = names[r.LinkIndex]
		}
		list = append(list, is)
	}
	return list, nil
}

// readRules reads the routing rules, without the kernel's own three.
func (s *space) readRules() ([]layout.RoutingRule, error) {
	rules, err := again(func() ([]netlink.Rule, error) { return s.handle.RuleList(netlink.FAMILY_V4) })
	if err != nil {
		return nil, err
	}
	var list []layout.RoutingRule
	for _, r := range rules {
		if own := r.Priority == 0 || r.Priority == 32766 || r.Priority == 32767; !own {
			list = append(list, layout.RoutingRule{Priority: r.Priority, In: r.IifName, Table: r.Table})
		}
	}
	return list, nil
}

// again repeats a dump that a change came into.
func again[T any](dump func() ([]T, error)) (list []T, err error) {
	for range 10 {
		if list, err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return list, err
		}
	}
	return nil, err
}

func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addressOf(n.IP), bits)
}

func addressOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

func netOf(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// lookOutside looks for the things of others that a layout names.
func lookOutside(want *layout.Layout) map[string]string {
	found := map[string]string{}
	for _, n := range want.Namespaces {
		for _, l := range n.Links {
			switch {
			case l.Kind == layout.Veth:
			case l.Kind == layout.Given && !isTap(l):
				path, only := givenAt(l.Parent)
				if is := inode(path); only == "" || is == only {
					found[l.Parent] = is
				}
			default:
				if i, err := net.InterfaceByName(l.Parent); err == nil {
					found[l.Parent] = strconv.Itoa(i.Index)
					if l.Kind == layout.Uplink {
						found[l.Parent] += trouble(i)
					}
				}
			}
		}
	}
	return found
}

// readOutside is lookOutside with the taps that are in use: those are in namespaces of
// ours.
func readOutside(want *layout.Layout, namespaces map[string]*namespaceState) map[string]string {
	found := lookOutside(want)
	for _, n := range namespaces {
		for _, l := range n.links {
			if name := givenTap(l.alias); name != "" {
				found[name] = name
			}
		}
	}
	return found
}

// readState reads what a tag has: the namespaces in names that are not known already.
func readState(tag string, want *layout.Layout, names []string, known map[string]*namespaceState) (*state, error) {
	s := &state{namespaces: map[string]*namespaceState{}}
	found, failed := make([]*namespaceState, len(names)), make([]error, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		if found[i] = known[name]; found[i] != nil {
			continue
		}
		if _, wanted := want.Find(name); !wanted {
			found[i] = &namespaceState{}
			continue
		}
		group.Go(func() error {
			found[i], failed[i] = readSpace(Path(tag, name))
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	for i, name := range names {
		switch {
		case errors.Is(failed[i], os.ErrNotExist):
			failed[i] = nil
		case failed[i] == nil:
			s.namespaces[name] = found[i]
		}
	}
	s.outside = readOutside(want, s.namespaces)
	return s, errors.Join(failed...)
}
