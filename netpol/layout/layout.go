// Package layout says what a Linux kernel must hold so that a network policy is true
// for every packet, whoever sends it: namespaces, the links between them, addresses,
// routes and packet-filter rules (network.md §B1, §C5). A [Layout] is a pure value, the
// same for the same input; internal/kernel makes it so.
//
// A virtual network is a router: a namespace that has a link to each port of the
// network, and no other way. A port is one address in a namespace of its own. The
// router filters what comes from a port (its interface's security group, then its
// subnet's) and what goes to one (the subnet's, then the interface's), and routes
// between by the table of the subnet that a packet comes from. A firewall is a port
// that forwards. Routers of peered networks are linked with each other.
package layout

import (
	"net/netip"

	"isle/netpol"
)

// Layout is everything of one server. Names are unique in it; who applies it puts the
// server's own tag before those of namespaces.
type Layout struct {
	Namespaces []Namespace // by name
}

// Role is what a namespace is for.
type Role uint8

const (
	Router    Role = iota // of a virtual network
	Component             // a part of an environment, whose sockets are made in it
	Firewall              // an Azure Firewall
	Machine               // a network interface that an attachment answers for
)

func (r Role) String() string {
	return [...]string{"router", "component", "firewall", "machine"}[r]
}

// Namespace is a network namespace as it must be. Loopback is always up, IPv6 always
// off, and nothing else is in it.
type Namespace struct {
	Name     string // of letters, digits and dashes, at most 40 bytes
	Role     Role
	Network  string // resource ID of the virtual network
	Owner    string // resource ID of what it is made for; the network's of routers
	Links    []Link // by name
	Routes   []Route
	Rules    []RoutingRule // by priority; the kernel's own three stay
	Forwards bool          // packets of others pass through
	// Filter is the text of an nft script that makes the namespace's one table anew
	// (nft >= 1.0.1), "" for none. Every rule of a security group or a firewall has a
	// counter and a comment.
	Filter   string
	Comments []Comment // by text: what stands in Filter
	Sets     []NameSet // by name: sets and maps of Filter
	// Tells says that the filter gives packets to a log, in group [LogGroup].
	Tells bool
}

// LogGroup is the group of the packet filter's log by which firewalls tell of threats.
const LogGroup = 1

// NameSet is a set, or a map, of a filter that has no elements there: what a firewall knows
// of a name changes more often than any rule ([Layout.Elements]).
type NameSet struct {
	Name string
	Host string // the plain name
	To   bool   // it is a map, from protocols to where NAT rules lead
}

// Elements are the elements of the name sets of all firewalls, as nft reads them, by
// namespace and set.
func (l *Layout) Elements(names *netpol.Names) map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for i := range l.Namespaces {
		n := &l.Namespaces[i]
		if len(n.Sets) == 0 {
			continue
		}
		of := make(map[string][]string, len(n.Sets))
		for _, s := range n.Sets {
			of[s.Name] = s.elements(names.Of(n.Owner, s.Host))
		}
		all[n.Name] = of
	}
	return all
}

func (s *NameSet) elements(k netpol.Known) (list []string) {
	if s.To {
		if k.To.Is4() {
			list = append(list, protocolNumbers[netpol.TCP]+" : "+k.To.String(), protocolNumbers[netpol.UDP]+" : "+k.To.String())
		}
		return list
	}
	for _, a := range k.Addresses {
		if a.Is4() {
			list = append(list, a.String())
		}
	}
	return list
}

// Comment is the comment of packet-filter rules, which nft cuts at 128 bytes, and the
// rule of the policy that they carry out. One rule may be in several chains, and its
// packets are the sum. A rule that changes has another comment: what was counted under the
// old one is not its own.
type Comment struct {
	Text string
	Rule string // resource ID
}

// LinkKind is how a link leads out of its namespace.
type LinkKind uint8

const (
	Veth   LinkKind = iota // one end of a pair; the other one is listed where it is
	Uplink                 // a macvlan over an interface of the host
	Given                  // leads to a namespace or a tap that is somebody else's
)

// Link is a network interface.
type Link struct {
	Name      string // at most 15 bytes
	Kind      LinkKind
	Peer      End    // of Veth
	Parent    string // of Uplink: the host's interface; of Given: the path of the namespace, or the tap's name
	Addresses []netip.Prefix
	// Guest are the addresses of the other end of Given, where that is a namespace. The
	// end has the link's own name there, and a default route via [NextHop].
	Guest    []netip.Prefix
	ProxyARP bool
	MTU      int // 0: the kernel's
}

// End is a link in a namespace.
type End struct{ Namespace, Link string }

// NextHop is where every port sends what it sends: each link of a router has this
// address. It is on the link although no prefix says so.
var NextHop = netip.AddrFrom4([4]byte{169, 254, 1, 1})

// PlatformAddress is the platform's, in every network: who attaches a name server to a
// network has it listen there, in the router (network.md §A3, §C7.7).
var PlatformAddress = netip.AddrFrom4([4]byte{168, 63, 129, 16})

// MainTable is the routing table that is used without a rule.
const MainTable = 254

// Route is a route of a namespace. Without Link it is a blackhole.
type Route struct {
	Table  int
	To     netip.Prefix
	Via    netip.Addr // zero: on the link
	Link   string
	OnLink bool       // Via is reached on the link although no address says so
	Source netip.Addr // preferred source address; zero: the link's
}

// RoutingRule has packets that come in by a link routed by a table.
type RoutingRule struct {
	Priority int
	In       string
	Table    int
}

// Find returns the namespace with a name.
func (l *Layout) Find(name string) (*Namespace, bool) {
	for i := range l.Namespaces {
		if l.Namespaces[i].Name == name {
			return &l.Namespaces[i], true
		}
	}
	return nil, false
}
