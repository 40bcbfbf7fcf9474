package netpol

import "net/netip"

// Model is what a policy is compiled from. Resources name each other by ID; IDs
// compare ignoring case. Nothing in a Model is kept by [Compile] in a way that a
// later change of the Model could be seen.
type Model struct {
	Networks       []VirtualNetwork
	SecurityGroups []SecurityGroup
	RouteTables    []RouteTable
	Interfaces     []Interface
	Firewalls      []Firewall
	Policies       []FirewallPolicy
	// Tags are the service tags. Prefixes that are listed for VirtualNetwork or
	// Internet are added to what is computed for those.
	Tags []ServiceTag
	// AzureCompatVnetTag adds the prefixes of a subnet's user-defined routes and of
	// the gateway to its VirtualNetwork tag, 0.0.0.0/0 included, as Azure does
	// (network.md §C7.1).
	AzureCompatVnetTag bool
	// Threats are the addresses and names that firewalls warn of or keep away, each as its
	// own mode says.
	Threats Threats
	// NameTags are the FQDN tags of application rules. A rule that names another one has
	// no names by it.
	NameTags []NameTag
}

// NameTag is an FQDN tag: names of one purpose.
type NameTag struct {
	Name  string
	Names []string // as those of application rules
}

// VirtualNetwork is an address space and what it is connected to.
type VirtualNetwork struct {
	ID      string
	Space   []netip.Prefix
	Subnets []Subnet
	// Peerings are those that are connected: each has one back.
	Peerings []Peering
	Gateway  *Gateway // ExpressRoute or VPN
	// DNSServers are the network's own name servers; none means the platform's.
	DNSServers []netip.Addr
}

// Peering is one network's side of its connection with another one of the model
// (network.md §A5). It is not transitive: what lies behind the other network is reached
// through an appliance there, or through its gateway.
type Peering struct {
	ID     string
	Remote string // ID of the other network
	// Space is the other network's address space as it was when both were last in sync, or
	// the ranges of those of its subnets that take part:
	// it is what the system's routes lead to, and apart from all else that they lead to.
	Space []netip.Prefix
	// Subnets are the IDs of the subnets of this network that take part; nil: all of it
	// does. The others have no routes to Space, which is no part of their VirtualNetwork
	// tag, and get no flows from there.
	Subnets []string
	// Access makes Space part of this network's VirtualNetwork tag. Without it, only
	// addresses at which a security group stands exchange flows with the other network.
	Access bool
	// Forwarded takes in flows from the other network whose source is not in Space: an
	// appliance there has sent them on.
	Forwarded bool
	Transit   bool // the other network may use this one's gateway
	// RemoteGateway uses the other network's gateway, where that one's side has Transit.
	// At most one peering of a network has it, and none if the network has a gateway.
	RemoteGateway bool
}

// Gateway connects a network to what lies outside the cloud.
type Gateway struct {
	ID string
	// Prefixes are learned by BGP or configured: what lies behind it. A default route
	// may be among them (forced tunnelling); it is no part of the VirtualNetwork tag.
	Prefixes []netip.Prefix
}

// Subnet is a part of a network's space.
type Subnet struct {
	ID            string
	Prefixes      []netip.Prefix
	SecurityGroup string      // ID; none allows everything
	RouteTable    string      // ID
	NAT           *NATGateway // nil for none
	// ServiceEndpoints are service tags whose traffic takes the platform's direct
	// way from this subnet.
	ServiceEndpoints []string
}

// Interface is a network interface: addresses in one subnet.
type Interface struct {
	ID            string
	Subnet        string // ID
	Addresses     []netip.Addr
	SecurityGroup string // ID
	IPForwarding  bool   // it may be the next hop of a route
}

// SecurityGroup is a network security group. The default rules of every group
// (network.md §A3) are not listed: they are always there, after Rules.
type SecurityGroup struct {
	ID    string
	Rules []SecurityRule
}

// SecurityRule allows or denies flows of one direction.
type SecurityRule struct {
	Name        string
	Priority    int // 100 to 4096, unique in its direction; the lowest matching rule decides
	Direction   Direction
	Access      Access
	Protocol    Protocol
	Source      Side
	Destination Side
}

// Side is what a rule says about one end of a flow. An empty list is any.
// A flow of a protocol without ports matches a rule that limits ports only if the
// rule names that protocol: there, ports mean nothing (network.md §A3, ICMP).
type Side struct {
	Addresses []Address
	Ports     []PortRange
}

// RouteTable holds user-defined routes.
type RouteTable struct {
	ID     string
	Routes []Route
	// DisableGatewayRoutes keeps the gateway's routes away
	// (disableBgpRoutePropagation).
	DisableGatewayRoutes bool
}

// Route is a user-defined route.
type Route struct {
	Name        string
	Destination Address // a prefix or a service tag
	NextHop     NextHopType
	NextHopIP   netip.Addr // of VirtualAppliance only
}

// Firewall judges what routes lead to its private address and what comes from outside to
// its public ones (network.md §A6): known threats first, then its NAT rules, its network
// rules and its application rules, each in order of the collections' priority. What no
// rule allows is denied.
type Firewall struct {
	ID        string
	Subnet    string     // ID of its AzureFirewallSubnet
	PrivateIP netip.Addr // what routes name as next hop
	PublicIPs []netip.Addr
	// Policy is the ID of the policy that has its rules, threat intelligence and private
	// ranges; without one they are its own.
	Policy       string
	NAT          []NATCollection
	Collections  []RuleCollection
	Applications []ApplicationCollection
	ThreatIntel  ThreatIntel
	// PrivateRanges are the destinations whose flows keep their source address; nil
	// means 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 100.64.0.0/10. All others
	// leave with the first public address (network.md §A6).
	PrivateRanges []netip.Prefix
	DNS           DNSSettings
}

// DNSSettings is what a firewall does about names.
type DNSSettings struct {
	Proxy   bool         // it answers questions at its private address
	Servers []netip.Addr // that it asks, in order; none: the platform's
}

// FirewallPolicy is what several firewalls have in common. The groups of its base come
// before its own, whatever their priorities.
type FirewallPolicy struct {
	ID            string
	Base          string // ID of a policy
	Groups        []RuleCollectionGroup
	ThreatIntel   ThreatIntel // the base's list of what is no threat counts as well; the stricter mode does
	PrivateRanges []netip.Prefix
	DNS           *DNSSettings // nil: those of the base
}

// RuleCollectionGroup is a part of a policy: its collections are tried, of each kind,
// before those of groups with a higher number.
type RuleCollectionGroup struct {
	Name         string
	Priority     int // 100 to 65000
	NAT          []NATCollection
	Collections  []RuleCollection
	Applications []ApplicationCollection
}

// RuleCollection is a network rule collection of a firewall.
type RuleCollection struct {
	Name     string
	Priority int // 100 to 65000
	Action   Access
	Rules    []NetworkRule
}

// NetworkRule matches flows through a firewall. Source has no ports.
type NetworkRule struct {
	Name        string
	Protocols   []Protocol
	Source      Side
	Destination Side
	// Names are destinations as well: the addresses that the firewall knows of them
	// (Names). With some, no addresses in Destination are none.
	Names []string
}

// NATCollection is a NAT rule collection of a firewall.
type NATCollection struct {
	Name     string
	Priority int // 100 to 65000
	Rules    []NATRule
}

// NATRule gives flows of TCP or UDP to a public address of the firewall another
// destination, and lets them pass unless a network rule denies them there. The firewall
// is their source, so that replies come back to it.
type NATRule struct {
	Name        string
	Protocols   []Protocol
	Source      Side
	Destination Side
	To          netip.AddrPort
	// ToName is where the rule leads instead of To's address: to the one that the firewall
	// knows of the name. While it knows none, the flows are denied.
	ToName string
}

// ApplicationCollection is an application rule collection of a firewall.
type ApplicationCollection struct {
	Name     string
	Priority int // 100 to 65000
	Action   Access
	Rules    []ApplicationRule
}

// ApplicationRule matches flows of TCP by the name that their client asks for: in the
// ClientHello of TLS, or the Host of HTTP.
type ApplicationRule struct {
	Name         string
	Protocols    []ApplicationPort
	Sources      []Address
	Destinations []Address // none is any
	Names        []string  // "*", "*.example.com", "example.com"
	Tags         []string  // FQDN tags, whose names count as well
}

// ApplicationPort is a protocol that a client speaks at a port.
type ApplicationPort struct {
	Protocol ApplicationProtocol
	Port     uint16
}

// Threats are addresses and names that are known to be malicious.
type Threats struct {
	Prefixes []netip.Prefix
	Names    []string // "example.com", "*.example.com"
}

// ThreatIntel is what a firewall does about threats.
type ThreatIntel struct {
	Mode    ThreatMode
	Allowed Threats // what is none, whatever the list says
}
