package dataplane

import (
	"net/netip"
	"strings"

	"isle/netpol"
)

// Forecast judges attempts that were made once by another policy than the one of now, as
// they would be judged if they were made again. It opens no sockets and tells nobody.
type Forecast struct {
	network *Inproc
	before  Networks // of which the networks are a change; nil: they are those of now
}

// Under is a forecast for networks as they would be. Attachments, access endpoints and
// reserved ports of this host are those of now.
func (n *Inproc) Under(networks Networks) *Forecast {
	return &Forecast{network: &Inproc{options: Options{Networks: networks}, inner: n.inner, reserved: n.reservedList(), published: n.publishedList()}}
}

// After is a forecast for what a change makes of the networks of f.
func (f *Forecast) After(networks Networks) *Forecast {
	after := f.network.Under(networks)
	after.before = f.network.options.Networks
	return after
}

// Judge is the decision about an attempt: that of the first flow that is allowed, else of
// the first that is denied. An address that is allowed is taken to answer. A name has the
// addresses that the private zones of its network say; is it asked for elsewhere, then
// those that it had. It fails if the zones say that there is none, or leave it to others
// since the change, whose answer nobody knows.
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
		d := f.lookup(place, flow.Source, a.Host)
		if !d.Allowed {
			return d
		}
		if d.Flow.Address.Addr() == platformAddress {
			addresses, failure := f.where(place, a)
			if failure != "" {
				return own(d.Flow, netpol.Deny, "name", "NameNotFound", failure)
			}
			if addresses != nil {
				return f.first(place, flow, a, addresses)
			}
		}
		if a.Addresses == "" {
			return d
		}
	}
	if only, rest, ok := a.Addresses.first(); ok && rest == "" { // as below, for what is frequent
		flow.Address = netip.AddrPortFrom(only, a.Port)
		return n.judge(place, flow).Decision
	}
	return f.first(place, flow, a, a.Addresses.List())
}

// first is the decision about the addresses of an attempt.
func (f *Forecast) first(p *Place, flow Flow, a Attempt, addresses []netip.Addr) Decision {
	var denied *Decision
	for _, address := range f.network.usable(p, addresses, a.Protocol) {
		flow.Address = netip.AddrPortFrom(address, a.Port)
		d := f.network.judge(p, flow).Decision
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

// where tells what the private zones say of a name: its addresses, none if it is asked for
// elsewhere, as it was; or why it would not be found.
func (f *Forecast) where(p *Place, a Attempt) (addresses []netip.Addr, failure string) {
	host := strings.TrimSuffix(a.Host, ".")
	addresses, next, failed := p.Zones.where(host)
	if failed != nil {
		return nil, host + ": " + failed.Err
	}
	if next == "" || f.before == nil {
		return addresses, ""
	}
	if was := f.before.Of(a.Environment); was != nil && was.Err == nil {
		if _, before, _ := was.Zones.where(host); before != next {
			return nil, host + ": the private DNS zones of the virtual network do not say any more where it is, and what the host's resolver says is not known"
		}
	}
	return nil, ""
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
