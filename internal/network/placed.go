package network

import "isle/expr"

// The stored forms of what has addresses in a network or for it.

const (
	typeInterfaces     = "Microsoft.Network/networkInterfaces"
	typeFirewalls      = "Microsoft.Network/azureFirewalls"
	typePublicIPs      = "Microsoft.Network/publicIPAddresses"
	typePublicPrefixes = "Microsoft.Network/publicIPPrefixes"
	typeGateways       = "Microsoft.Network/virtualNetworkGateways"
)

// Interface is a network interface, as stored.
type Interface struct {
	Version        int             `json:"v"`
	GUID           string          `json:"guid"`
	Configurations []Configuration `json:"configurations"`          // the primary one first
	SecurityGroup  string          `json:"securityGroup,omitempty"` // resource ID
	Forwarding     bool            `json:"forwarding,omitempty"`
	DNSServers     []string        `json:"dnsServers,omitempty"`
	DNSLabel       string          `json:"dnsLabel,omitempty"`
	Settings       expr.Value      `json:"settings"`

	primary int // number of the primary configuration while a request is checked
}

// Configuration gives an interface an address in a subnet; all of one interface are
// in the same subnet.
type Configuration struct {
	Name     string `json:"name"`
	Subnet   string `json:"subnet"` // resource ID
	Address  string `json:"address"`
	Protocol string `json:"protocol,omitempty"` // IPv4, IPv6; none is IPv4
	Static   bool   `json:"static,omitempty"`
	PublicIP string `json:"publicIP,omitempty"` // resource ID
	// Groups are the application security groups that it is a member of, by ID.
	Groups []string `json:"groups,omitempty"`
}

// Firewall is an Azure Firewall, as stored.
type Firewall struct {
	Version        int                     `json:"v"`
	Tier           string                  `json:"tier"`
	ThreatIntel    string                  `json:"threatIntel"` // Alert, Deny, Off
	Zones          []string                `json:"zones,omitempty"`
	Address        string                  `json:"address"`          // its private one, if it has a subnet
	Configurations []FirewallConfiguration `json:"configurations"`   // one has the subnet, if there are any
	Policy         string                  `json:"policy,omitempty"` // resource ID; then there are no collections
	NAT            []Collection            `json:"nat,omitempty"`
	Collections    []Collection            `json:"collections,omitempty"` // of network rules
	Applications   []Collection            `json:"applications,omitempty"`
	PrivateRanges  []string                `json:"privateRanges,omitempty"` // Network.SNAT.PrivateRanges; none is the default
	DNS            *DNSSettings            `json:"dns,omitempty"`
	Settings       expr.Value              `json:"settings"`
}

// FirewallConfiguration gives a firewall its subnet or a public address.
type FirewallConfiguration struct {
	Name     string `json:"name"`
	Subnet   string `json:"subnet,omitempty"`   // resource ID
	PublicIP string `json:"publicIP,omitempty"` // resource ID
}

// PublicIP is a public address, as stored.
type PublicIP struct {
	Version  int        `json:"v"`
	GUID     string     `json:"guid"`
	SKU      string     `json:"sku"` // Basic, Standard
	Tier     string     `json:"tier"`
	Method   string     `json:"method"`   // Dynamic, Static
	Protocol string     `json:"protocol"` // IPv4, IPv6
	Zones    []string   `json:"zones,omitempty"`
	Address  string     `json:"address"`
	Prefix   string     `json:"prefix,omitempty"` // ID of the public IP prefix that it is made from
	User     string     `json:"user,omitempty"`   // ID of the IP configuration or NAT gateway that has it; written by setPublicUser only
	Settings expr.Value `json:"settings"`
}

// VirtualGateway is a virtual network gateway, as stored. What lies behind it are
// its routes, its client pool, and the prefixes of the tag isle-routes.
type VirtualGateway struct {
	Version        int                    `json:"v"`
	GUID           string                 `json:"guid"`
	Type           string                 `json:"type"`              // Vpn, ExpressRoute
	VPNType        string                 `json:"vpnType,omitempty"` // of Vpn: RouteBased, PolicyBased
	SKU            string                 `json:"sku"`
	Subnet         string                 `json:"subnet"` // ID of a GatewaySubnet
	Configurations []GatewayConfiguration `json:"configurations"`
	ClientPool     []string               `json:"clientPool,omitempty"`
	Routes         []string               `json:"routes,omitempty"` // customRoutes
	Settings       expr.Value             `json:"settings"`
}

// GatewayConfiguration gives a gateway an address in its subnet, and a public one.
type GatewayConfiguration struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	PublicIP string `json:"publicIP,omitempty"` // resource ID
}
