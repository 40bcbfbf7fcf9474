package dataplane

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Options configures an Inproc network. The zero value works.
type Options struct {
	// Networks tells in which network an environment is; nil: all are in none.
	Networks Networks
	// Observe, if set, is told every decision. It must not block.
	Observe func(Decision)
	// Attempted, if set, is told what environments try to reach, and who tries to reach
	// them. It must not block.
	Attempted func(Attempt)
	// Flows, if set, is told of the flows in networks.
	Flows Flows
	// Learned, if set, is told what the name servers of a firewall have told it, before
	// that is answered to who asked; what it does about that is in force when it returns.
	Learned func(host Host, addresses []netip.Addr)
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
	inner   *Kernel // nil: all sockets are the host's

	probeRoom chan struct{} // has room for the questions that are probed at a time

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
	return &Inproc{options: o, probeRoom: make(chan struct{}, probing)}
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

// Address is the simulated address of a component; false without a network.
func (n *Inproc) Address(environment string, c Component) (netip.Addr, bool) {
	return n.place(environment).Address(c)
}

// Dialer implements Network.
func (n *Inproc) Dialer(environment string, subnet Subnet) Dialer {
	return &dialer{network: n, source: n.source(environment, subnet)}
}

// source is a subnet of an environment as it is now.
func (n *Inproc) source(environment string, subnet Subnet) Source {
	source := Source{Environment: environment, Subnet: subnet}
	if p := n.place(environment); p != nil {
		source.Address, _ = p.Address(subnet.component())
		source.Revision = p.Revision
	}
	return source
}

// place is where an environment is now; nil for none.
func (n *Inproc) place(environment string) *Place {
	if n.options.Networks == nil {
		return nil
	}
	return n.options.Networks.Of(environment)
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
