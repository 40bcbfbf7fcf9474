package network

import "isle/expr"

// The wire's bodies, as far as they are read. Members that Isle carries along
// without reading them are listed in carried*; read-only and unknown members are
// dropped, so that what a GET served can be PUT again.

type networkBody struct {
	AddressSpace struct {
		AddressPrefixes []string `json:"addressPrefixes"`
	} `json:"addressSpace"`
	DHCPOptions struct {
		DNSServers []string `json:"dnsServers"`
	} `json:"dhcpOptions"`
	Subnets  *[]nestedBody `json:"subnets"`
	Peerings *[]nestedBody `json:"virtualNetworkPeerings"`
}

// nestedBody is a nested resource as a member of the resource that it is nested in.
type nestedBody struct {
	Name       string     `json:"name"`
	Properties expr.Value `json:"properties"`
}

type subnetBody struct {
	AddressPrefix   string   `json:"addressPrefix"`
	AddressPrefixes []string `json:"addressPrefixes"`
	Delegations     []struct {
		Name       string `json:"name"`
		Properties struct {
			ServiceName string `json:"serviceName"`
		} `json:"properties"`
	} `json:"delegations"`
	SecurityGroup    *reference        `json:"networkSecurityGroup"`
	RouteTable       *reference        `json:"routeTable"`
	NATGateway       *reference        `json:"natGateway"`
	ServiceEndpoints []ServiceEndpoint `json:"serviceEndpoints"`
	EndpointPolicies []reference       `json:"serviceEndpointPolicies"`
}

type reference struct {
	ID string `json:"id"`
}

func (r *reference) id() string {
	if r == nil {
		return ""
	}
	return r.ID
}

type groupBody struct {
	Rules []struct {
		Name       string   `json:"name"`
		Properties ruleBody `json:"properties"`
	} `json:"securityRules"`
}

type ruleBody struct {
	Description         string      `json:"description"`
	Protocol            string      `json:"protocol"`
	Access              string      `json:"access"`
	Direction           string      `json:"direction"`
	Priority            int         `json:"priority"`
	SourcePrefix        string      `json:"sourceAddressPrefix"`
	SourcePrefixes      []string    `json:"sourceAddressPrefixes"`
	SourcePort          string      `json:"sourcePortRange"`
	SourcePorts         []string    `json:"sourcePortRanges"`
	SourceGroups        []reference `json:"sourceApplicationSecurityGroups"`
	DestinationPrefix   string      `json:"destinationAddressPrefix"`
	DestinationPrefixes []string    `json:"destinationAddressPrefixes"`
	DestinationPort     string      `json:"destinationPortRange"`
	DestinationPorts    []string    `json:"destinationPortRanges"`
	DestinationGroups   []reference `json:"destinationApplicationSecurityGroups"`
}

func (b *ruleBody) rule(name string) Rule {
	return Rule{
		Version: formVersion, Name: name, Description: b.Description, Priority: b.Priority, Direction: b.Direction, Access: b.Access, Protocol: b.Protocol,
		Source:      Side{Prefix: b.SourcePrefix, Prefixes: b.SourcePrefixes, Port: b.SourcePort, Ports: b.SourcePorts, Groups: ids(b.SourceGroups)},
		Destination: Side{Prefix: b.DestinationPrefix, Prefixes: b.DestinationPrefixes, Port: b.DestinationPort, Ports: b.DestinationPorts, Groups: ids(b.DestinationGroups)},
	}
}

func ids(references []reference) []string {
	var list []string
	for _, r := range references {
		list = append(list, r.ID)
	}
	return list
}

type tableBody struct {
	Routes []struct {
		Name       string    `json:"name"`
		Properties routeBody `json:"properties"`
	} `json:"routes"`
}

type routeBody struct {
	AddressPrefix string `json:"addressPrefix"`
	NextHopType   string `json:"nextHopType"`
	NextHop       string `json:"nextHopIpAddress"`
}

func (b *routeBody) route(name string) Route {
	return Route{Version: formVersion, Name: name, Prefix: b.AddressPrefix, NextHopType: b.NextHopType, NextHop: b.NextHop}
}

// publicTop are the members of a public address, or a firewall, beside its properties.
type publicTop struct {
	SKU struct {
		Name string `json:"name"`
		Tier string `json:"tier"`
	} `json:"sku"`
	Zones []string `json:"zones"`
}

type publicBody struct {
	Method  string `json:"publicIPAllocationMethod"`
	Version string `json:"publicIPAddressVersion"`
	Address string `json:"ipAddress"`
	Idle    *int   `json:"idleTimeoutInMinutes"`
	DNS     *struct {
		Label string `json:"domainNameLabel"`
	} `json:"dnsSettings"`
	NATGateway *reference `json:"natGateway"`
	Prefix     *reference `json:"publicIPPrefix"`
	Linked     *reference `json:"linkedPublicIPAddress"`
	Service    *reference `json:"servicePublicIPAddress"`
}

type firewallBody struct {
	SKU struct {
		Name string `json:"name"`
		Tier string `json:"tier"`
	} `json:"sku"`
	ThreatIntel    string                      `json:"threatIntelMode"`
	Configurations []firewallConfigurationBody `json:"ipConfigurations"`
	Collections    []collectionBody            `json:"networkRuleCollections"`
	Additional     map[string]string           `json:"additionalProperties"`
	NAT            []collectionBody            `json:"natRuleCollections"`
	Application    []collectionBody            `json:"applicationRuleCollections"`
	Policy         *reference                  `json:"firewallPolicy"`
	Hub            *reference                  `json:"virtualHub"`
	HubAddresses   expr.Value                  `json:"hubIPAddresses"`
	Management     *struct{}                   `json:"managementIpConfiguration"`
}

type firewallConfigurationBody struct {
	Name       string `json:"name"`
	Properties struct {
		Subnet   *reference `json:"subnet"`
		PublicIP *reference `json:"publicIPAddress"`
	} `json:"properties"`
}

type gatewayBody struct {
	Type    string `json:"gatewayType"`
	VPNType string `json:"vpnType"`
	SKU     struct {
		Name string `json:"name"`
	} `json:"sku"`
	Configurations []gatewayConfigurationBody `json:"ipConfigurations"`
	Client         *struct {
		Pool prefixesBody `json:"vpnClientAddressPool"`
	} `json:"vpnClientConfiguration"`
	Routes prefixesBody `json:"customRoutes"`
	NAT    []expr.Value `json:"natRules"`
}

type prefixesBody struct {
	Prefixes []string `json:"addressPrefixes"`
}

type gatewayConfigurationBody struct {
	Name       string `json:"name"`
	Properties struct {
		Subnet   *reference `json:"subnet"`
		PublicIP *reference `json:"publicIPAddress"`
	} `json:"properties"`
}

// carriedNetwork and carriedSubnet are the writable members that are stored and
// served as given.
var (
	carriedNetwork = []string{"bgpCommunities", "ddosProtectionPlan", "dhcpOptions", "enableDdosProtection", "enableVmProtection",
		"encryption", "flowTimeoutInMinutes", "privateEndpointVNetPolicies"}
	carriedSubnet = []string{"defaultOutboundAccess", "privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies",
		"sharingScope"}
	carriedGroup    = []string{"flushConnection"}
	carriedTable    = []string{"disableBgpRoutePropagation"}
	carriedFirewall = []string{"additionalProperties", "autoscaleConfiguration"}
	carriedGateway  = []string{"activeActive", "enableBgp", "enablePrivateIpAddress", "vpnGatewayGeneration"}
	carriedPublic   = []string{"ddosSettings", "deleteOption", "dnsSettings", "idleTimeoutInMinutes", "ipTags"}
)

// carry keeps the named members of an object.
func carry(properties expr.Value, names []string) expr.Value {
	var kept []expr.Member
	for _, name := range names {
		if v, ok := properties.Get(name); ok && !v.IsNull() {
			kept = append(kept, expr.Member{Name: name, Value: v})
		}
	}
	return expr.Object(kept...)
}
