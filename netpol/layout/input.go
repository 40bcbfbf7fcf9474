package layout

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"isle/netpol"
)

// Input is what a layout is made from. IDs compare ignoring case.
type Input struct {
	Model        *netpol.Model
	Policy       *netpol.Policy // compiled from Model
	Environments []Environment
	Attachments  []Attachment
	Uplinks      []NetworkUplink // at most one of a network
}

// Environment is an integration service environment in a virtual network.
type Environment struct {
	ID      string // resource ID
	Store   string // store id
	Network string // resource ID
	Parts   []Part
}

// Part is a component of an environment: it has an address of its own.
type Part struct {
	Name    string // unique in the environment
	Subnet  string // resource ID
	Address netip.Addr
}

// Attachment is a network interface of the model that somebody answers for.
type Attachment struct {
	Interface string // resource ID
	// Given is the path of somebody else's namespace, beginning with a slash, or the name
	// of a tap; without it the machine gets a namespace of its own.
	Given string
	// Gateway says that what lies behind the network's gateway is behind this machine,
	// which must be given.
	Gateway bool
}

// NetworkUplink is the way of a network to what lies outside, through an interface of
// the host.
type NetworkUplink struct {
	Network   string // resource ID
	Interface string
	Addresses []netip.Prefix // of the router on that link; flows leave with the first one
	Gateway   netip.Addr     // the next router; zero: everything is on the link
}

// port is an address or more behind one link of a router.
type port struct {
	namespace string // "" for Given
	role      Role
	owner     string
	nic       string // ID of the interface, if one has the addresses
	subnet    *netpol.Subnet
	addresses []netip.Addr // IPv4, at least one
	given     string
	gateway   bool // what lies behind the network's gateway is behind it
	appliance bool // routes may lead to it: a firewall, or an interface with IP forwarding
}

// forwards tells whether packets of others come out of the port.
func (p *port) forwards() bool { return p.appliance || p.gateway }

func (p *port) link() string { return linkName(p.addresses[0]) }

// router is a virtual network and what is attached to it.
type router struct {
	model   *netpol.VirtualNetwork
	network *netpol.Network
	ports   []*port // by address
	ends    []*end  // of links to peered routers, by name
	uplink  *NetworkUplink
}

// gathered is the input, sorted by networks and checked.
type gathered struct {
	in       Input
	routers  []*router // in the model's order
	networks map[string]*router
	subnets  map[string]subnetOf
	problems netpol.Problems
}

type subnetOf struct {
	router *router
	subnet *netpol.Subnet
}

// gather finds the ports of all networks.
func gather(in Input) (*gathered, error) {
	g := &gathered{in: in, networks: map[string]*router{}, subnets: map[string]subnetOf{}}
	for i := range in.Model.Networks {
		g.network(&in.Model.Networks[i])
	}
	for i := range in.Environments {
		g.environment(&in.Environments[i])
	}
	for _, a := range in.Attachments {
		g.attach(a)
	}
	g.routers = slices.DeleteFunc(g.routers, func(r *router) bool { return len(r.ports) == 0 }) // nobody is there to be let through
	for i := range in.Model.Firewalls {
		g.firewall(&in.Model.Firewalls[i])
	}
	for i := range in.Uplinks {
		g.attachUplink(&in.Uplinks[i])
	}
	for _, r := range g.routers {
		g.settle(r)
	}
	if g.problems != nil {
		return nil, g.problems
	}
	g.peer()
	return g, nil
}

func (g *gathered) problem(subject, format string, args ...any) {
	g.problems = append(g.problems, netpol.Problem{Subject: subject, Message: fmt.Sprintf(format, args...)})
}

func (g *gathered) network(m *netpol.VirtualNetwork) {
	compiled, ok := g.in.Policy.Network(m.ID)
	if !ok {
		g.problem(m.ID, "the policy does not have this virtual network")
		return
	}
	r := &router{model: m, network: compiled}
	g.routers = append(g.routers, r)
	g.networks[strings.ToLower(m.ID)] = r
	for i := range m.Subnets {
		g.subnets[strings.ToLower(m.Subnets[i].ID)] = subnetOf{r, &m.Subnets[i]}
	}
}

// put adds a port to the router of its subnet.
func (g *gathered) put(p *port, subnet string, addresses ...netip.Addr) *router {
	at, ok := g.subnets[strings.ToLower(subnet)]
	if !ok {
		g.problem(p.owner, "there is no subnet %s", subnet)
		return nil
	}
	p.subnet = at.subnet
	for _, a := range addresses {
		if !slices.ContainsFunc(at.subnet.Prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(a) }) {
			g.problem(p.owner, "address %s is not in subnet %s", a, at.subnet.ID)
		} else if a.Is4() {
			p.addresses = append(p.addresses, a)
		}
	}
	if len(p.addresses) > 0 {
		at.router.ports = append(at.router.ports, p)
	}
	return at.router
}

func (g *gathered) environment(e *Environment) {
	for _, c := range e.Parts {
		p := &port{namespace: ComponentName(e.Store, c.Name), role: Component, owner: e.ID}
		if r := g.put(p, c.Subnet, c.Address); r != nil && !strings.EqualFold(r.model.ID, e.Network) {
			g.problem(e.ID, "subnet %s is not of the environment's virtual network %s", c.Subnet, e.Network)
		}
	}
}

func (g *gathered) attach(a Attachment) {
	i := slices.IndexFunc(g.in.Model.Interfaces, func(nic netpol.Interface) bool { return strings.EqualFold(nic.ID, a.Interface) })
	if i < 0 {
		g.problem(a.Interface, "there is no such network interface to attach a machine to")
		return
	}
	if a.Gateway && a.Given == "" {
		g.problem(a.Interface, "the machine behind which other sites are must be a namespace or a tap that is given")
	}
	nic := &g.in.Model.Interfaces[i]
	p := &port{role: Machine, owner: nic.ID, nic: nic.ID, given: a.Given, gateway: a.Gateway, appliance: nic.IPForwarding}
	if a.Given == "" {
		p.namespace = MachineName(nic.ID)
	}
	g.put(p, nic.Subnet, nic.Addresses...)
}

func (g *gathered) firewall(f *netpol.Firewall) {
	at, ok := g.subnets[strings.ToLower(f.Subnet)]
	if !ok || len(at.router.ports) == 0 {
		return // in a network that has nobody
	}
	g.put(&port{namespace: FirewallName(f.ID), role: Firewall, owner: f.ID, appliance: true}, f.Subnet, f.PrivateIP)
}

func (g *gathered) attachUplink(u *NetworkUplink) {
	r := g.networks[strings.ToLower(u.Network)]
	switch {
	case r == nil:
		g.problem(u.Network, "there is no such virtual network for the uplink %s", u.Interface)
	case r.uplink != nil:
		g.problem(u.Network, "it has two uplinks, %s and %s", r.uplink.Interface, u.Interface)
	case !plainName(u.Interface):
		g.problem(u.Network, "uplink %q is not the name of an interface", u.Interface)
	default:
		r.uplink = u
	}
}

// plainName tells whether a name can stand in a command as it is.
func plainName(name string) bool {
	plain := strings.ReplaceAll(name, "_", "-")
	return name != "" && len(name) <= 15 && word(plain, len(plain)) == plain
}

// settle sorts a router's ports, and sees that no address and no name is taken twice.
func (g *gathered) settle(r *router) {
	slices.SortFunc(r.ports, func(a, b *port) int { return a.addresses[0].Compare(b.addresses[0]) })
	taken := map[netip.Addr]*port{}
	gateway := false
	for _, p := range r.ports {
		for _, a := range p.addresses {
			if other := taken[a]; other != nil {
				g.problem(p.owner, "address %s is that of %s as well", a, other.owner)
			}
			taken[a] = p
		}
		if p.gateway && gateway {
			g.problem(p.owner, "the virtual network has another machine as its gateway")
		}
		gateway = gateway || p.gateway
	}
}
