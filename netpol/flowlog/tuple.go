package flowlog

import (
	"net/netip"
	"strconv"
	"time"
)

// State is the state of a flow that a tuple tells, as its letter.
type State byte

const (
	Begin    State = 'B'
	Continue State = 'C' // with what was counted since the last tuple of the flow
	End      State = 'E' // likewise
	Deny     State = 'D'
)

// The protocols that have ports, by their IANA numbers.
const (
	TCP = 6
	UDP = 17
)

// Count is what went one way since the last tuple of a flow.
type Count struct{ Packets, Bytes uint64 }

// Tuple is one line about a flow at one of its ends.
type Tuple struct {
	Time        time.Time
	Source      netip.AddrPort // port 0: not known
	Destination netip.AddrPort
	Protocol    uint8 // TCP, UDP
	Inbound     bool  // at its destination
	State       State
	Sent        Count // from source to destination; of Continue and End
	Received    Count
}

// unencrypted is the encryption state of all flows: Isle has no virtual network encryption.
const unencrypted = "NX"

// comma appends fields, each behind a comma.
func comma(b []byte, fields ...string) []byte {
	for _, f := range fields {
		b = append(append(b, ','), f...)
	}
	return b
}

// ends appends the addresses and ports.
func (t *Tuple) ends(b []byte) []byte {
	return comma(b, t.Source.Addr().String(), t.Destination.Addr().String(), strconv.Itoa(int(t.Source.Port())), strconv.Itoa(int(t.Destination.Port())))
}

func (t *Tuple) direction() string {
	if t.Inbound {
		return "I"
	}
	return "O"
}

// counts appends packets and bytes, both ways.
func (t *Tuple) counts(b []byte) []byte {
	for _, n := range [...]uint64{t.Sent.Packets, t.Sent.Bytes, t.Received.Packets, t.Received.Bytes} {
		b = strconv.AppendUint(append(b, ','), n, 10)
	}
	return b
}

// network is the tuple in a virtual network flow log: 13 fields.
func (t *Tuple) network() string {
	b := t.ends(strconv.AppendInt(nil, t.Time.UnixMilli(), 10))
	b = comma(b, strconv.Itoa(int(t.Protocol)), t.direction(), string(rune(t.State)), unencrypted)
	return string(t.counts(b))
}

// group is the tuple in a network security group's flow log: 8 fields in version 1, and 13
// in version 2, whose last four are empty where a flow begins.
func (t *Tuple) group(version int) string {
	protocol, decision := "T", "A"
	if t.Protocol == UDP {
		protocol = "U"
	}
	if t.State == Deny {
		decision = "D"
	}
	b := comma(t.ends(strconv.AppendInt(nil, t.Time.Unix(), 10)), protocol, t.direction(), decision)
	switch {
	case version < 2:
		return string(b)
	case t.State == Continue, t.State == End:
		return string(t.counts(comma(b, string(rune(t.State)))))
	}
	return string(comma(b, string(rune(Begin)), "", "", "", ""))
}
