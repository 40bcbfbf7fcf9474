package kernel

import (
	"net/netip"
	"strings"

	"isle/netpol/layout"
)

// state is what a tag has on this machine.
type state struct {
	namespaces map[string]*namespaceState // by the layout's names
	outside    map[string]string          // identity of each thing of others that a layout names; "" or absent: not there
}

// namespaceState is what is in a namespace, loopback and what the kernel makes itself
// left out.
type namespaceState struct {
	broken     bool              // a name without a namespace behind it
	settings   map[string]string // by path below /proc/sys/net; what this kernel does not have is absent
	loopbackUp bool
	links      map[string]linkState
	routes     []layout.Route
	rules      []layout.RoutingRule
	filter     string   // generation of the filter; "": none
	strangers  []string // tables of the packet filter that are not ours
}

// linkState is a network interface.
type linkState struct {
	index     int
	peer      int    // index of the other end, or of the parent
	kind      string // as the kernel calls it
	alias     string // whose it is; see identity
	up        bool
	mtu       int
	hardware  string // address
	addresses []netip.Prefix
	// neighbours are the hardware addresses that were set for ever.
	neighbours map[netip.Addr]string
}

// Kinds of links, as the kernel calls them.
const (
	kindVeth    = "veth"
	kindMacvlan = "macvlan"
	kindTap     = "tuntap"
)

// identity is the alias of a link that leads to something of others, by which it is
// recognized later; a pair that we own both ends of needs none. It is not there when
// what it leads to is not.
func (s *state) identity(l layout.Link) (alias string, there bool) {
	switch {
	case l.Kind == layout.Veth:
		return "", true
	case l.Kind == layout.Uplink:
		return uplinkAlias(l.Parent), s.outside[l.Parent] != ""
	case isTap(l):
		return tapAlias(l.Parent), s.outside[l.Parent] != ""
	}
	return guestAlias(l.Parent, s.outside[l.Parent]), s.outside[l.Parent] != ""
}

func guestAlias(parent, inode string) string { return parent + "#" + inode }

// givenAt is where a namespace that is given is found, and which one it must be; "" for
// whatever is there. The number of a process may be another one's later, whose namespace
// nobody has given.
func givenAt(parent string) (path, inode string) {
	path, inode, _ = strings.Cut(parent, "@")
	return path, inode
}

func uplinkAlias(parent string) string { return "uplink:" + parent }

const tapPrefix = "tap:"

func tapAlias(name string) string { return tapPrefix + name }

func isGiven(l layout.Link) bool { return l.Kind == layout.Given }

// isTap tells the two kinds of given links apart: a namespace is a path.
func isTap(l layout.Link) bool {
	return l.Kind == layout.Given && (l.Parent == "" || l.Parent[0] != '/')
}

// kernelKind is what the kernel calls the link that carries one of the layout.
func kernelKind(l layout.Link) string {
	switch {
	case l.Kind == layout.Uplink:
		return kindMacvlan
	case isTap(l):
		return kindTap
	}
	return kindVeth
}
