package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"isle/netpol/layout"
)

// attach makes a pair with its other end in a namespace of somebody else, and gives that
// end its addresses and a default route.
func (s *space) attach(l newLink) error {
	path, _ := givenAt(l.Parent)
	guest, err := openSpace(path)
	if err != nil {
		return err
	}
	defer guest.close()
	switch is := guest.inode(); {
	case is == inode(here):
		// Whoever may attach machines must not change the host.
		return fmt.Errorf("the namespace %s is the server's own", l.Parent)
	case guestAlias(l.Parent, is) != l.alias:
		return fmt.Errorf("the namespace %s is another one since it was looked at", l.Parent)
	}
	if err := s.makePair(l.Link, l.Name, guest.fd()); err != nil {
		return fmt.Errorf("into %s: %w", l.Parent, err)
	}
	if err := guest.join(l.Link); err != nil {
		_ = s.handle.LinkDel(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: l.Name}})
		return fmt.Errorf("in %s: %w", l.Parent, err)
	}
	return s.sign(l)
}

// sign sets the alias of a link that leads to others, as the last thing: without it the
// link is half made, and made again.
func (s *space) sign(l newLink) error {
	link, err := s.handle.LinkByName(l.Name)
	if err != nil {
		return err
	}
	return s.handle.LinkSetAlias(link, l.alias)
}

// join sets up the end of a link in a namespace of somebody else.
func (s *space) join(l layout.Link) error {
	if err := s.setLink(linkWork{name: l.Name, addAddresses: l.Guest, up: true}); err != nil {
		return err
	}
	out := layout.Route{Table: layout.MainTable, To: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Via: layout.NextHop, Link: l.Name, OnLink: true}
	route, err := s.routeOf(out)
	if err != nil {
		return err
	}
	err = s.handle.RouteAdd(route)
	if errors.Is(err, unix.EEXIST) {
		return errors.New("it has a default route already, which would go past the network: remove that one first")
	}
	return err
}

// makeUplink makes a link of its own, with its own hardware address, over an interface
// of the host.
func (s *space) makeUplink(l newLink) error {
	parent, err := net.InterfaceByName(l.Parent)
	if err != nil {
		return fmt.Errorf("interface %s of the host: %w", l.Parent, err)
	}
	if parent.Flags&net.FlagUp == 0 {
		return fmt.Errorf("interface %s of the host%s", l.Parent, trouble(parent))
	}
	a := attributes(l.Link)
	a.ParentIndex, a.Namespace = parent.Index, netlink.NsFd(s.fd())
	if err := netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: a, Mode: netlink.MACVLAN_MODE_BRIDGE}); err != nil {
		return fmt.Errorf("over interface %s of the host: %w", l.Parent, err)
	}
	return s.sign(l)
}

// trouble is what keeps an interface of the host from carrying packets, as the end of a
// sentence; "" for nothing.
func trouble(i *net.Interface) string {
	if i.Flags&net.FlagUp == 0 {
		return fmt.Sprintf(" is down: ip link set %s up", i.Name)
	}
	if carrier, err := os.ReadFile("/sys/class/net/" + i.Name + "/carrier"); err == nil && strings.TrimSpace(string(carrier)) == "0" {
		return " has no carrier: nothing is at the other end of it"
	}
	return ""
}

// deadUplinks tells of the links over interfaces of the host that carry nothing now. They
// stay, and work again with the interface.
func (k *Kernel) deadUplinks() error {
	var found []error
	for i := range k.layout.Namespaces {
		n := &k.layout.Namespaces[i]
		is := k.known[n.Name]
		for _, l := range n.Links {
			if is == nil || l.Kind != layout.Uplink || is.links[l.Name].index == 0 {
				continue // that it could not be made is told
			}
			parent, err := net.InterfaceByName(l.Parent)
			if err != nil {
				continue // and that it is not there
			}
			if text := trouble(parent); text != "" {
				found = append(found, &layout.NetworkError{Network: n.Network, Err: &OutsideError{To: l.Parent, Err: fmt.Errorf("interface %s of the host%s", l.Parent, text)}})
			}
		}
	}
	return errors.Join(found...)
}

// takeTap moves a tap of the host into the namespace. Its alias tells where it came from,
// to bring it back.
func (s *space) takeTap(l newLink) error {
	tap, err := netlink.LinkByName(l.Parent)
	if err != nil {
		return fmt.Errorf("tap %s of the host: %w", l.Parent, err)
	}
	if tap.Type() != kindTap {
		return fmt.Errorf("interface %s of the host is no tap but of kind %s", l.Parent, tap.Type())
	}
	if err := netlink.LinkSetAlias(tap, l.alias); err != nil {
		return err
	}
	if err := netlink.LinkSetNsFd(tap, s.fd()); err != nil {
		return fmt.Errorf("move tap %s: %w", l.Parent, err)
	}
	return s.rename(l.Parent, l.Name)
}

// rename renames a link, which is down for that.
func (s *space) rename(from, to string) error {
	l, err := s.handle.LinkByName(from)
	if err != nil {
		return err
	}
	if err := s.handle.LinkSetDown(l); err != nil {
		return err
	}
	return s.handle.LinkSetName(l, to)
}

// givenTap is the name that a link with an alias had before it was taken; "" for links
// that are ours.
func givenTap(alias string) string {
	name, ok := strings.CutPrefix(alias, tapPrefix)
	if !ok {
		return ""
	}
	return name
}

// dropLink deletes a link, or gives it back. The kernel keeps loopback.
func (s *space) dropLink(l netlink.Link) error {
	a := l.Attrs()
	if a.Flags&net.FlagLoopback != 0 {
		return nil
	}
	if name := givenTap(a.Alias); name != "" {
		return s.giveBack(a.Name, name)
	}
	err := s.handle.LinkDel(l)
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// giveBack moves a tap to where it came from. It was somebody else's to make, and is
// theirs to remove.
func (s *space) giveBack(is, was string) error {
	if is != was {
		if err := s.rename(is, was); err != nil {
			return err
		}
	}
	l, err := s.handle.LinkByName(was)
	if err != nil {
		return err
	}
	if err := s.handle.LinkSetAlias(l, ""); err != nil {
		return err
	}
	host, err := os.Open(here)
	if err != nil {
		return err
	}
	defer host.Close()
	return s.handle.LinkSetNsFd(l, int(host.Fd()))
}
