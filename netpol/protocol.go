package netpol

import (
	"fmt"
	"strings"
)

// Protocol is the protocol of a flow or of a rule.
type Protocol uint8

const (
	AnyProtocol Protocol = iota // of rules only
	TCP
	UDP
	ICMP
	ESP
	AH
	protocolCount
)

var protocolNames = [protocolCount]string{"*", "Tcp", "Udp", "Icmp", "Esp", "Ah"}

// String is the spelling of the API.
func (p Protocol) String() string { return protocolNames[p] }

// HasPorts tells whether flows of the protocol have ports.
func (p Protocol) HasPorts() bool { return p == TCP || p == UDP }

// ParseProtocol reads a protocol's name, ignoring case; "Any" is "*".
func ParseProtocol(text string) (Protocol, error) {
	for p, name := range protocolNames {
		if strings.EqualFold(text, name) {
			return Protocol(p), nil
		}
	}
	if strings.EqualFold(text, "Any") {
		return AnyProtocol, nil
	}
	return 0, fmt.Errorf("protocol %q is none of *, Any, Tcp, Udp, Icmp, Esp, Ah", text)
}

// protocolSet has a bit for each protocol of flows.
type protocolSet uint8

const allProtocols protocolSet = 1<<TCP | 1<<UDP | 1<<ICMP | 1<<ESP | 1<<AH

func (s protocolSet) has(p Protocol) bool { return s>>p&1 != 0 }

func protocolsOf(list ...Protocol) protocolSet {
	var s protocolSet
	for _, p := range list {
		if p == AnyProtocol {
			return allProtocols
		}
		s |= 1 << p
	}
	return s
}
