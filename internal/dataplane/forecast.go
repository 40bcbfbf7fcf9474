package dataplane

import (
	"net/netip"
)

// Forecast judges attempts that were made once by another policy than the one of now, as
// they would be judged if they were made again. It opens no sockets and tells nobody.
type Forecast struct{ network *Inproc }

// Under is a forecast for networks as they would be. Attachments, access endpoints and
// reserved ports of this host are those of now.
func (n *Inproc) Under(networks Networks) *Forecast {
	return &Forecast{&Inproc{options: Options{Networks: networks}, inner: n.inner, reserved: n.reservedList(), published: n.publishedList()}}
}

// Judge is the decision about an attempt: that of the first flow that is allowed, else of
// the first that is denied. An address that is allowed is taken to answer, and a name to
// have the addresses that it had.
func (f *Forecast) Judge(a Attempt) Decision { return f.judge(a, false) }

// Allows is the verdict of Judge alone.
func (f *Forecast) Allows(a Attempt) bool { return f.judge(a, true).Allowed }

func (f *Forecast) judge(a Attempt, brief bool) Decision {
	if a.Direction == Inbound {
		return f.call(a)
	}
	n, place := f.network, f.network.place(a.Environment)
	flow := Flow{Source: Source{Environment: a.Environment, Subnet: a.Subnet}, Direction: Outbound, Protocol: a.Protocol, Host: a.Host, brief: brief}
	if a.Host == "" {
		return n.leave(place, flow.Source, Subject{})
	}
	if place != nil && place.Err == nil && isName(a.Host) {
		if d := f.lookup(place, flow.Source, a.Host); !d.Allowed || a.Addresses == "" {
			return d
		}
	}
	if only, rest, ok := a.Addresses.first(); ok && rest == "" { // as below, for what is frequent
		flow.Address = netip.AddrPortFrom(only, a.Port)
		return n.judge(place, flow).Decision
	}
	var denied *Decision
	for _, address := range n.usable(place, a.Addresses.List(), a.Protocol) {
		flow.Address = netip.AddrPortFrom(address, a.Port)
		d := n.judge(place, flow).Decision
		if d.Allowed {
			return d
		}
		if denied == nil {
			denied = &d
		}
	}
	if denied == nil { // nothing was asked of the policy
		return allowed(flow, "", "no rule forbids it")
	}
	return *denied
}

// lookup judges the way to the place's name servers.
func (f *Forecast) lookup(p *Place, source Source, host string) Decision {
	q := &query{dialer: &dialer{network: f.network, source: source}, place: p, host: host}
	var denied *Decision
	for _, server := range q.servers() {
		j, err := q.judge("udp", server.Unmap())
		if err == nil {
			return j.Decision
		}
		if denied == nil {
			denied = &j.Decision
		}
	}
	return *denied
}

// call judges a call of an access endpoint.
func (f *Forecast) call(a Attempt) Decision {
	c := Caller{Arrived: a.Arrived}
	if a.CallerEnvironment != "" {
		c.Source = &Source{Environment: a.CallerEnvironment, Subnet: a.CallerSubnet}
	} else if list := a.Addresses.List(); len(list) > 0 {
		c.Address = list[0]
	}
	return f.network.Admit(a.Environment, c)
}
