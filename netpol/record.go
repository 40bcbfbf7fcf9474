package netpol

import "net/netip"

// HostAddress stands for the host on which everything runs, in every network: part of
// the tag Internet.
func HostAddress() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// NeighbourAddress stands for callers whose own address is neither public nor of the
// network, such as those of the site's LAN: part of the tag Internet in every network.
func NeighbourAddress() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 254}) }

// Record is a decision in the one form that logs, histories and the API show
// (network.md §C3).
type Record struct {
	Verdict         string `json:"verdict"` // "Allow", "Deny"
	Stage           string `json:"stage"`
	Protocol        string `json:"protocol"`
	Source          string `json:"sourceAddress"`
	SourcePort      uint16 `json:"sourcePort"`
	Destination     string `json:"destinationAddress"`
	DestinationPort uint16 `json:"destinationPort"`
	NSG             string `json:"nsgId,omitempty"`
	RuleID          string `json:"ruleId,omitempty"`
	RuleName        string `json:"ruleName,omitempty"` // securityRules/x, defaultSecurityRules/x, collection/rule
	Priority        int    `json:"priority,omitempty"`
	Subnet          string `json:"subnetId,omitempty"`
	Interface       string `json:"networkInterfaceId,omitempty"`
	Firewall        string `json:"firewallId,omitempty"`
	RouteID         string `json:"routeId,omitempty"`
	RoutePrefix     string `json:"routePrefix,omitempty"`
	NextHopType     string `json:"nextHopType,omitempty"`
	NextHopIP       string `json:"nextHopIp,omitempty"`
	SNATIP          string `json:"snatIp,omitempty"`
	NATGateway      string `json:"natGatewayId,omitempty"` // that has snatIp
	DNATIP          string `json:"dnatIp,omitempty"`
	DNATPort        uint16 `json:"dnatPort,omitempty"`
	FQDN            string `json:"fqdn,omitempty"`   // by which a firewall decided
	Threat          string `json:"threat,omitempty"` // Alert, Deny: it is on the list of known threats
	Reason          string `json:"reason,omitempty"` // what decided where it was no rule
	Message         string `json:"message"`          // such as "denied by securityRules/X (priority 200) of NSG web on subnet front"
}

// Record is the decision over a flow as a record.
func (d Decision) Record(f Flow) Record {
	r := Record{
		Verdict: d.Verdict.String(), Stage: d.Stage.String(), Protocol: f.Protocol.String(),
		Source: addressText(f.Source), SourcePort: f.SourcePort, Destination: addressText(f.Destination), DestinationPort: f.DestinationPort,
		NSG: d.SecurityGroup, RuleID: d.RuleID, RuleName: d.RuleName, Priority: d.Priority,
		Subnet: d.Subnet, Interface: d.Interface, Firewall: d.Firewall,
		RouteID: d.RouteID, NextHopType: d.NextHop.String(), NextHopIP: addressText(d.NextHopIP), SNATIP: addressText(d.SNATIP), NATGateway: d.NATGateway,
		Reason: d.Reason.String(), Message: d.String(),
	}
	if d.DNAT.IsValid() {
		r.DNATIP, r.DNATPort = d.DNAT.Addr().String(), d.DNAT.Port()
	}
	if d.Named || d.Threat != ThreatOff {
		r.FQDN = f.Application.Name
	}
	if d.Host != "" {
		r.FQDN = d.Host
	}
	r.Threat = d.Threat.String()
	if r.Stage == "" {
		r.Stage = "none"
	}
	if d.RoutePrefix.IsValid() {
		r.RoutePrefix = d.RoutePrefix.String()
	}
	return r
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
