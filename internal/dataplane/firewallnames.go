package dataplane

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// A firewall is a place of its own: its flows begin at its private address, in its own
// network, and its names are those of its own servers, or of the platform's name server of
// that network.

// LookUp finds the addresses of a host as a firewall does, whose place it is.
func (n *Inproc) LookUp(ctx context.Context, firewall *Place, host string) ([]netip.Addr, error) {
	return n.asFirewall().lookup(ctx, firewall, host)
}

// asFirewall is a dialer whose flows nobody is told of: they are the firewall's own.
func (n *Inproc) asFirewall() *dialer { return &dialer{network: n, quiet: true} }

// Answer answers a question as a firewall does that is a name proxy. What the platform's
// name server does not know by the private zones, elsewhere answers, or nobody if it gives
// nil. The answer is nil where none of the servers gives one.
func (n *Inproc) Answer(ctx context.Context, firewall *Place, protocol string, question *dns.Msg, elsewhere func(*dns.Msg) *dns.Msg) *dns.Msg {
	if len(question.Question) != 1 {
		return nil
	}
	q := &query{dialer: n.asFirewall(), place: firewall, host: question.Question[0].Name}
	for _, server := range q.servers() {
		if answer := q.forward(ctx, server.Unmap(), protocol, question, elsewhere); answer != nil {
			n.learn(firewall, q.host, addressesIn(answer, question.Question[0]))
			return answer
		}
	}
	return nil
}

// forward gives a question to one server.
func (q *query) forward(ctx context.Context, server netip.Addr, protocol string, question *dns.Msg, elsewhere func(*dns.Msg) *dns.Msg) *dns.Msg {
	switch server {
	case q.place.Own: // round in a circle
		return nil
	case platformAddress:
		if _, err := q.judge("udp", server); err != nil {
			return nil
		}
		return q.place.Zones.Reply(question, elsewhere)
	}
	asked := question.Copy()
	asked.Id = dns.Id()
	if says := asked.IsEdns0(); says != nil { // by UDP, no more is read here than this
		says.SetUDPSize(lookupSize)
	}
	answer, err := q.exchange(ctx, protocol, server, asked)
	if errors.Is(err, errTCPOnly) && protocol != "tcp" {
		answer, err = q.exchange(ctx, "tcp", server, asked)
	}
	if err != nil {
		return nil
	}
	answer.Id = question.Id
	return answer
}

// learn tells what a firewall was told of a name.
func (n *Inproc) learn(firewall *Place, host string, addresses []netip.Addr) {
	if n.options.Learned != nil && len(addresses) > 0 {
		n.options.Learned(HostOf(firewall.Environment, host), addresses)
	}
}

// through asks a firewall that answers in this process.
func (q *query) through(ctx context.Context, firewall *Place, server netip.Addr) ([]netip.Addr, error) {
	if _, err := q.judge("udp", server); err != nil {
		return nil, err
	}
	n := q.dialer.network
	addresses, err := n.LookUp(ctx, firewall, strings.TrimSuffix(q.host, "."))
	if err == nil {
		n.learn(firewall, q.host, addresses)
	}
	return addresses, err
}
