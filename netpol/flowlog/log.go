package flowlog

import (
	"net/netip"
	"strings"
)

// Target is what kind of resource a flow log is of.
type Target uint8

const (
	OfGroup Target = iota // a network security group: what its rules decide
	OfNetwork
	OfSubnet
	OfInterface
)

// Log is a flow log that is enabled.
type Log struct {
	ID, GUID string
	Target   Target
	TargetID string
	// GroupGUID is the GUID of the network security group that it is of.
	GroupGUID string
	Account   string // name of the storage account
	Version   int    // of a security group's: 1 or 2
	Criteria  Criteria
	Types     States
	Days      int // for how many days files are kept; 0: for ever
}

// States is a set of states; the zero value has all.
type States string

// Has tells whether a state is in the set.
func (s States) Has(state State) bool {
	return s == "" || strings.IndexByte(string(s), byte(state)) >= 0
}

// Wants tells whether the log has a tuple. Version 1 knows that flows begin and that they
// are denied.
func (l *Log) Wants(t *Tuple) bool {
	if l.Target == OfGroup && l.Version < 2 && t.State != Begin && t.State != Deny {
		return false
	}
	return l.Types.Has(t.State) && l.Criteria.Match(t)
}

// Point is an end of a flow: the network interface at which it is seen, and the rule that
// has decided there. IDs are compared ignoring case; "" is none.
type Point struct {
	Network, Subnet, Interface string
	Group                      string // the network security group whose rule it was
	Rule                       string // DefaultRule_x, UserRule_x
	MAC                        string // 12 hexadecimal digits
}

// Logs are the flow logs of all networks at one moment: a value that nobody changes.
type Logs struct {
	All []Log
	// Groups are the GUIDs of network security groups, by ID in lower case.
	Groups map[string]string
	// Interfaces are the network interfaces by network, in lower case, and address.
	Interfaces map[At]Interface
}

// At is an address in a network.
type At struct {
	Network string // ID in lower case
	Address netip.Addr
}

// Interface is a network interface.
type Interface struct{ ID, MAC string }

// none stands where no group and no rule has decided.
const none = "unspecified"

// Of are the logs that have what is seen at a point: those of the security group that
// decided, and one by the place: of the interface, else the subnet, else the network
// (vnet-flow-logs-manage.md).
func (l *Logs) Of(p *Point) (found []*Log) {
	var place *Log
	for i := range l.All {
		switch one := &l.All[i]; {
		case one.Target == OfGroup && isOne(one.TargetID, p.Group):
			found = append(found, one)
		case one.Target != OfGroup && isOne(one.TargetID, p.at(one.Target)) && (place == nil || one.Target > place.Target):
			place = one
		}
	}
	if place != nil {
		found = append(found, place)
	}
	return found
}

// at is what has the point, of a kind.
func (p *Point) at(t Target) string {
	switch t {
	case OfInterface:
		return p.Interface
	case OfSubnet:
		return p.Subnet
	}
	return p.Network
}

func isOne(target, id string) bool { return id != "" && strings.EqualFold(target, id) }

// RuleName is a rule as flow logs name it, from its name in a decision: securityRules/x or
// defaultSecurityRules/x. "" is none.
func RuleName(decided string) string {
	kind, name, there := strings.Cut(decided, "/")
	switch {
	case !there:
		return ""
	case kind == "defaultSecurityRules":
		return "DefaultRule_" + name
	}
	return "UserRule_" + name
}
