package netpol

// Direction is the side of an interface or subnet on which a rule stands.
type Direction uint8

const (
	Inbound Direction = iota
	Outbound
)

func (d Direction) String() string {
	if d == Outbound {
		return "Outbound"
	}
	return "Inbound"
}

// Access is a verdict: what a rule says, and what becomes of a flow. Its zero
// value denies.
type Access uint8

const (
	Deny Access = iota
	Allow
)

func (a Access) String() string {
	if a == Allow {
		return "Allow"
	}
	return "Deny"
}

// NextHopType is where a route leads (network.md §A5).
type NextHopType uint8

const (
	NoRoute NextHopType = iota // no route was needed or found
	VnetLocal
	Internet
	VirtualAppliance
	VirtualNetworkGateway
	VNetPeering
	VirtualNetworkServiceEndpoint
	None // drop
)

var nextHopNames = [...]string{"", "VnetLocal", "Internet", "VirtualAppliance", "VirtualNetworkGateway", "VNetPeering", "VirtualNetworkServiceEndpoint", "None"}

func (t NextHopType) String() string { return nextHopNames[t] }

// Stage is a point on a flow's way at which it is judged.
type Stage uint8

const (
	StageNone     Stage = iota // nothing on the way had anything to say
	StagePlatform              // an address of the platform, which rules do not concern
	StageNICOut
	StageSubnetOut
	StageRoute
	StageFirewall
	StageSubnetIn
	StageNICIn
)

var stageNames = [...]string{"", "platform", "nicOut", "subnetOut", "route", "firewall", "subnetIn", "nicIn"}

func (s Stage) String() string { return stageNames[s] }

// ApplicationProtocol is what a client speaks.
type ApplicationProtocol uint8

const (
	UnknownApplication ApplicationProtocol = iota // of flows of which only the name is known
	HTTP
	HTTPS
	MSSQL
	applicationCount
)

var applicationNames = [...]string{"", "Http", "Https", "Mssql"}

// String is the spelling of the API.
func (p ApplicationProtocol) String() string { return applicationNames[p] }

// ThreatMode is what a firewall does with a flow from or to a known threat.
type ThreatMode uint8

const (
	ThreatOff ThreatMode = iota
	ThreatAlert
	ThreatDeny
)

func (m ThreatMode) String() string { return [...]string{"", "Alert", "Deny"}[m] }

// RuleKind is of what kind a rule of a firewall is.
type RuleKind uint8

const (
	NetworkKind RuleKind = iota
	NATKind
	ApplicationKind
)

func (k RuleKind) String() string {
	return [...]string{"network rule", "NAT rule", "application rule"}[k]
}

// Reason says why a stage that is not a rule decided as it did.
type Reason uint8

const (
	ByRule              Reason = iota // a rule, a route or nothing at all
	NotAFlow                          // the flow has no protocol or lacks an address
	NotInNetwork                      // neither end is in a subnet of the network
	RouteToNone                       // the route's next hop is None
	RouteMissing                      // no route has the destination
	RouteLeaves                       // the destination is inside, the route leads outside
	RouteStays                        // the destination is outside, the route leads inside
	GatewayMissing                    // the next hop is a gateway, the network has none
	ApplianceMissing                  // nothing has the next hop's address
	ApplianceNotRouter                // the next hop's interface does not forward
	RoutingLoop                       // more than eight appliances
	ReplyElsewhere                    // the replies' route leads another way than the flow came
	NoRuleMatched                     // the firewall denies what no rule allows
	DefaultRouteMissing               // with a gateway, 0.0.0.0/0 must lead to the Internet
	FamiliesDiffer                    // one end is IPv4, the other IPv6
	NotOnInternet                     // the destination is private, and its route is that of the Internet
	PeeringClosed                     // without access to the peered network, no security group stands at this end
	PeeringClosedThere                // or at the other end
	NotForwarded                      // the peered network does not take what others have sent here
	KnownThreat                       // the firewall denies what is on the list of threats
	NameUnknown                       // application rules decide by a name that is not known
	NameNotLookedUp                   // a NAT rule leads to a name of which the firewall knows no address
	NotOfPeering                      // the peering is of subnets of which the destination's is none
)

var reasonTexts = [...]string{
	ByRule:              "",
	NotAFlow:            "the flow has no protocol, or lacks an address",
	NotInNetwork:        "neither address is in a subnet of the virtual network",
	RouteToNone:         "the next hop is None",
	RouteMissing:        "no route has the destination",
	RouteLeaves:         "the destination is in the virtual network, the next hop is outside of it",
	RouteStays:          "the next hop is VnetLocal, the destination is outside of the virtual network",
	GatewayMissing:      "the virtual network has no gateway",
	ApplianceMissing:    "no firewall and no interface has the next hop's address",
	ApplianceNotRouter:  "IP forwarding is not enabled on the next hop's interface",
	RoutingLoop:         "the routes go round in circles",
	ReplyElsewhere:      "the replies would take another way than the flow came",
	NoRuleMatched:       "no rule matched",
	DefaultRouteMissing: "with a gateway, the route 0.0.0.0/0 to Internet is required",
	FamiliesDiffer:      "one address is IPv4, the other is IPv6: a subnet without an IPv6 range reaches IPv4 addresses only",
	PeeringClosed:       "the peering gives no access to the other virtual network, and no security group at this end says what may pass all the same",
	PeeringClosedThere:  "the other virtual network's peering gives no access, and no security group there says what may pass all the same",
	NotForwarded:        "the source is not in the virtual network that the flow comes from, and the peering of the one it goes to does not allow forwarded traffic",
	NotOnInternet:       "the address is private and not in the virtual network, and the Internet does not have it",
	KnownThreat:         "it is on the list of known threats",
	NotOfPeering:        "the peering is of some subnets, and that of the destination is none of them",
	NameUnknown:         "application rules decide by the name that the client asks for, and none is known",
	NameNotLookedUp:     "the firewall knows no address of the name: its name servers have not told one",
}

func (r Reason) String() string { return reasonTexts[r] }
