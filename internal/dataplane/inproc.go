package dataplane

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures an Inproc network. The zero value works.
type Options struct {
	// Subnets gives the address ranges of an environment's four subnets, in their
	// order; nil for an environment without a network.
	Subnets func(environment string) []netip.Prefix
	// Observe, if set, is told every decision. It must not block.
	Observe func(Decision)
	// Resolver looks names up; nil: the system's.
	Resolver Resolver
	// Timeout bounds one connection attempt to one address; 0: 30 s.
	Timeout time.Duration
}

// Resolver is the part of *net.Resolver that is used.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Inproc is the network that lives in this process and needs no privileges: real
// sockets of the host, with the environments' addresses simulated. The host itself
// (loopback and its own addresses) counts as Internet, both ways.
type Inproc struct {
	options Options
	host    hostAddresses

	mu        sync.RWMutex
	reserved  []endpoint // guarded by mu
	published []endpoint // guarded by mu
}

// endpoint is an address of this server that is treated specially.
type endpoint struct {
	name    string
	address netip.AddrPort
	inlet   *inlet // set for published ones
}

// NewInproc returns a network with nothing reserved yet.
func NewInproc(o Options) *Inproc {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	return &Inproc{options: o}
}

// Reserve forbids an address to every operation: Isle's management, token and
// database ports. A port on any address of this host is forbidden on all of them.
func (n *Inproc) Reserve(name string, address netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reserved = append(n.reserved, endpoint{name: name, address: unmap(address)})
}

// Publish makes an access endpoint of this server reachable from operations
// without leaving the process: dials to the address arrive at the listener, with
// the simulated address of their source as RemoteAddr. A published address wins
// over a reserved one, so that the access endpoint may share a port with the
// resource manager and still be all that a workflow can reach there.
func (n *Inproc) Publish(name string, address netip.AddrPort) net.Listener {
	in := newInlet(unmap(address), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		for i := range n.published {
			if n.published[i].address == unmap(address) {
				n.published = append(n.published[:i:i], n.published[i+1:]...)
				return
			}
		}
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.published = append(n.published, endpoint{name: name, address: unmap(address), inlet: in})
	return in
}

// Address is the simulated address of a component: Azure keeps the first four
// addresses of a subnet, so components begin at the fifth.
func (n *Inproc) Address(environment string, c Component) (netip.Addr, bool) {
	if n.options.Subnets == nil {
		return netip.Addr{}, false
	}
	subnets := n.options.Subnets(environment)
	if len(subnets) != subnetCount {
		return netip.Addr{}, false
	}
	offset := 4
	if c == BuiltIn {
		offset++ // shares its subnet with the access endpoint
	}
	address := subnets[c.Subnet()].Masked().Addr()
	for range offset {
		address = address.Next()
	}
	return address, true
}

// Dialer implements Network.
func (n *Inproc) Dialer(environment string, subnet Subnet) Dialer {
	component := Component(subnet + 1)
	address, _ := n.Address(environment, component)
	return &dialer{network: n, source: Source{Environment: environment, Subnet: subnet, Address: address}}
}

// Judge decides on one flow and reports the decision. Flow.Zone is filled in.
func (n *Inproc) Judge(f Flow) Decision {
	f.Address = unmap(f.Address)
	d := n.judge(f)
	if n.options.Observe != nil {
		n.options.Observe(d)
	}
	return d
}

func (n *Inproc) judge(f Flow) Decision {
	switch address := embedded(f.Address.Addr()); {
	case address.IsLinkLocalUnicast() || isMetadata(address):
		f.Zone = ZoneLinkLocal
		return Decision{Flow: f, Rule: "LinkLocal", Reason: "link-local addresses, where metadata services of clouds and hosts live, are never reachable from a workflow"}
	case f.Direction == Inbound:
		// The listener is an operation's own; the source only has a zone.
	case n.find(n.publishedList(), f.Address) != nil:
		f.Zone = ZoneIsle
		return Decision{Flow: f, Allowed: true, Rule: "AllowAll", Reason: "an access endpoint of this server"}
	default:
		if e := n.find(n.reservedList(), netip.AddrPortFrom(address, f.Address.Port())); e != nil {
			f.Zone = ZoneReserved
			return Decision{Flow: f, Rule: "IsleReserved", Reason: "port " + strconv.Itoa(int(f.Address.Port())) + " is Isle's own " + e.name + " endpoint, which workflows must not call"}
		}
	}
	if n.inNetwork(f.Source.Environment, f.Address.Addr()) {
		f.Zone = ZoneVirtualNetwork
	}
	return Decision{Flow: f, Allowed: true, Rule: "AllowAll", Reason: "no rule forbids it"}
}

func (n *Inproc) publishedList() []endpoint {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.published
}

func (n *Inproc) reservedList() []endpoint {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.reserved
}

// find returns the endpoint that a connection to the address would reach. On an
// address of this host only the port counts: which of its interfaces a listener is
// bound to may change, and being refused too often is the safe side.
func (n *Inproc) find(list []endpoint, to netip.AddrPort) *endpoint {
	for i := range list {
		e := &list[i]
		if e.address.Port() != to.Port() {
			continue
		}
		if e.address.Addr() == to.Addr() || n.host.has(e.address.Addr()) && n.host.has(to.Addr()) {
			return e
		}
	}
	return nil
}

func (n *Inproc) inNetwork(environment string, a netip.Addr) bool {
	if n.options.Subnets == nil {
		return false
	}
	for _, p := range n.options.Subnets(environment) {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// embedded is the IPv4 address that an IPv6 one stands for when it is translated
// on the way (NAT64, 6to4, IPv4-compatible), else the address itself: what is
// forbidden by its IPv4 form is so in every disguise.
func embedded(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b:
		return netip.AddrFrom4([4]byte(b[12:16]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	case [12]byte(b[:12]) == [12]byte{} && a != netip.IPv6Loopback() && a != netip.IPv6Unspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return a
}

// isMetadata knows the one metadata address that is not link-local.
func isMetadata(a netip.Addr) bool {
	return a == netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54})
}

// hostAddresses knows the addresses of this host; the list is read again every
// few seconds, as interfaces come and go.
type hostAddresses struct{ current atomic.Pointer[hostList] }

type hostList struct {
	read time.Time
	set  map[netip.Addr]struct{}
}

const hostListAge = 10 * time.Second

func (h *hostAddresses) has(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	list := h.current.Load()
	if list == nil || time.Since(list.read) > hostListAge {
		list = readHostList()
		h.current.Store(list)
	}
	_, own := list.set[a.WithZone("")]
	return own
}

func readHostList() *hostList {
	list := &hostList{read: time.Now(), set: map[netip.Addr]struct{}{}}
	addresses, _ := net.InterfaceAddrs() // none known: loopback is still recognised
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list.set[p.Addr().Unmap().WithZone("")] = struct{}{}
		}
	}
	return list
}
