package network

import "isle/expr"

// interfaceBody is a network interface on the wire, as far as it is read.
type interfaceBody struct {
	Configurations []interfaceConfigurationBody `json:"ipConfigurations"`
	SecurityGroup  *reference                   `json:"networkSecurityGroup"`
	Forwarding     bool                         `json:"enableIPForwarding"`
	DNS            struct {
		Servers []string `json:"dnsServers"`
		Label   string   `json:"internalDnsNameLabel"`
	} `json:"dnsSettings"`
	PrivateLink *reference `json:"privateLinkService"`
}

type interfaceConfigurationBody struct {
	Name       string `json:"name"`
	Properties struct {
		Primary  bool       `json:"primary"`
		Address  string     `json:"privateIPAddress"`
		Method   string     `json:"privateIPAllocationMethod"`
		Version  string     `json:"privateIPAddressVersion"`
		Length   *int       `json:"privateIPAddressPrefixLength"`
		Subnet   *reference `json:"subnet"`
		PublicIP *reference `json:"publicIPAddress"`

		Groups       []reference  `json:"applicationSecurityGroups"`
		Pools        []expr.Value `json:"loadBalancerBackendAddressPools"`
		NATRules     []expr.Value `json:"loadBalancerInboundNatRules"`
		GatewayPools []expr.Value `json:"applicationGatewayBackendAddressPools"`
		Taps         []expr.Value `json:"virtualNetworkTaps"`
		Balancer     *reference   `json:"gatewayLoadBalancer"`
	} `json:"properties"`
}

// carriedInterface are the writable members that are stored and served as given.
var carriedInterface = []string{"auxiliaryMode", "auxiliarySku", "disableTcpStateTracking", "enableAcceleratedNetworking", "nicType", "workloadType"}

// absent are the members of a configuration that lead to what this server does not
// have, with what that is.
func (b *interfaceConfigurationBody) absent() map[string]string {
	p := &b.Properties
	absent := map[string]string{}
	for _, m := range []struct {
		member, what string
		given        bool
	}{
		{"loadBalancerBackendAddressPools", "load balancers", len(p.Pools) > 0},
		{"loadBalancerInboundNatRules", "load balancers", len(p.NATRules) > 0},
		{"applicationGatewayBackendAddressPools", "application gateways", len(p.GatewayPools) > 0},
		{"virtualNetworkTaps", "virtual network taps", len(p.Taps) > 0},
		{"gatewayLoadBalancer", "load balancers", p.Balancer.id() != ""},
	} {
		if m.given {
			absent[m.member] = m.what
		}
	}
	return absent
}
