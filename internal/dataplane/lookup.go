package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A name of an environment is looked up by its own name servers, in their order: over
// UDP, and over TCP where the answer does not fit. Each exchange is a flow from the
// subnet of the dialer and judged like any other. No search suffixes, no hosts file:
// what is asked is the name as it is written. An environment without name servers has
// the platform's (168.63.129.16), which knows the private zones that the network is linked
// to, and is the host's resolver for all other names.

const (
	// lookupTimeout bounds one exchange with one name server.
	lookupTimeout = 3 * time.Second
	// lookupRounds is how often the list of name servers is gone through.
	lookupRounds = 2
	// lookupSize is what an answer over UDP may have: it fits into every packet.
	lookupSize = 1232
	// maxAliases bounds the chain of names that leads to addresses.
	maxAliases = 16
	// maxAddresses bounds the addresses of a name.
	maxAddresses = 64
	dnsPort      = 53
)

// lookup resolves a host for a place. IPv4 addresses are unmapped.
func (d *dialer) lookup(ctx context.Context, p *Place, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	name := strings.TrimSuffix(host, ".")
	switch {
	case strings.EqualFold(name, "localhost"), strings.HasSuffix(strings.ToLower(name), ".localhost"): // RFC 6761 §6.3
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	case p == nil:
		return d.system(ctx, name)
	case p.Err != nil:
		flow := Flow{Source: d.source, Protocol: "udp", Address: netip.AddrPortFrom(platformAddress, dnsPort)}
		d.network.fill(p, &flow)
		return nil, &DeniedError{Decision: d.network.report(judgement{Decision: noPolicy(p, flow)}).Decision, Lookup: host}
	}
	if _, valid := dns.IsDomainName(name); !valid || name == "" {
		return nil, &net.DNSError{Err: "it is not a valid name", Name: host, IsNotFound: true}
	}
	q := &query{dialer: d, place: p, host: name}
	return q.resolve(ctx)
}

// system asks the host's resolver.
func (d *dialer) system(ctx context.Context, name string) ([]netip.Addr, error) {
	addresses, err := d.network.options.Resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	return addresses, nil
}

// query is the lookup of one name.
type query struct {
	dialer *dialer
	place  *Place
	host   string
}

func (q *query) servers() []netip.Addr {
	if len(q.place.DNS) == 0 {
		return []netip.Addr{platformAddress}
	}
	return q.place.DNS
}

// resolve goes through the servers until one answers. What is reported is how the
// first one failed, and its denial only if all were denied.
func (q *query) resolve(ctx context.Context) ([]netip.Addr, error) {
	var failed, denied error
	for range lookupRounds {
		for _, server := range q.servers() {
			addresses, err := q.ask(ctx, server.Unmap())
			var dnsError *net.DNSError
			switch {
			case err == nil, errors.As(err, &dnsError) && dnsError.IsNotFound:
				return addresses, err
			case errors.As(err, new(*DeniedError)):
				denied = first(denied, err)
			default:
				failed = first(failed, err)
			}
			if ctx.Err() != nil {
				return nil, first(failed, denied)
			}
		}
		if failed == nil {
			break // a denial stays one
		}
	}
	return nil, first(failed, denied)
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// ask asks one server. IPv6 addresses are asked for only where there is no IPv4 one:
// subnets have IPv4, so they would be passed over.
func (q *query) ask(ctx context.Context, server netip.Addr) ([]netip.Addr, error) {
	if firewall := q.place.Proxies[server]; firewall != nil && q.dialer.network.inner == nil {
		return q.through(ctx, firewall, server)
	}
	if server == platformAddress {
		if _, err := q.judge("udp", server); err != nil {
			return nil, err
		}
		if k := q.dialer.network.inner; k != nil && !q.place.Own.IsValid() { // a name is a way out as well
			if _, err := k.wall.Held(ctx, q.dialer.source.Environment); err != nil {
				return nil, q.failed(server, &net.DNSError{Err: (&NotHeldError{err}).Error(), IsTemporary: true})
			}
		}
		return q.platform(ctx, server)
	}
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		addresses, err := q.askFor(ctx, server, kind)
		if err != nil || len(addresses) > 0 {
			return addresses, err
		}
	}
	return nil, q.failed(server, &net.DNSError{Err: "the name has no address", IsNotFound: true})
}

// platform asks the platform's name server: the private zones of the network, and the
// host's resolver for what is in none of them.
func (q *query) platform(ctx context.Context, server netip.Addr) ([]netip.Addr, error) {
	found, next, failed := q.place.Zones.where(q.host)
	switch {
	case failed != nil:
		return nil, q.failed(server, failed)
	case next != "":
		return q.dialer.system(ctx, strings.TrimSuffix(next, "."))
	}
	return found, nil
}

// where is what the zones say of a host: its addresses, IPv6 only where there is no IPv4
// one, or the name to be asked for elsewhere, or why it has neither.
func (z *Zones) where(host string) (found []netip.Addr, next string, failed *net.DNSError) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		a := z.Answer(dns.Fqdn(host), kind)
		switch {
		case a.Next != "":
			return nil, a.Next, nil
		case a.Rcode == dns.RcodeNameError:
			return nil, "", &net.DNSError{Err: "no such host in the private DNS zones of the virtual network", IsNotFound: true}
		case a.Rcode != dns.RcodeSuccess:
			return nil, "", &net.DNSError{Err: "the aliases of the private DNS zones go round in circles", IsTemporary: true}
		}
		for _, r := range a.Records {
			if at, ok := addressOf(r, kind); ok {
				found = append(found, at.Unmap())
			}
		}
		if len(found) > 0 {
			return found, "", nil
		}
	}
	return nil, "", &net.DNSError{Err: "the name has no address", IsNotFound: true}
}

// askFor makes one exchange over UDP, and over TCP if the answer is cut off or the way
// out takes no UDP.
func (q *query) askFor(ctx context.Context, server netip.Addr, kind uint16) ([]netip.Addr, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(q.host), kind).SetEdns0(lookupSize, false)
	answer, err := q.exchange(ctx, "udp", server, question)
	if errors.Is(err, errTCPOnly) || err == nil && answer.Truncated {
		answer, err = q.exchange(ctx, "tcp", server, question)
	}
	if err != nil {
		return nil, err
	}
	switch answer.Rcode {
	case dns.RcodeSuccess:
		return addressesIn(answer, question.Question[0]), nil
	case dns.RcodeNameError:
		return nil, q.failed(server, &net.DNSError{Err: "no such host", IsNotFound: true})
	}
	return nil, q.failed(server, &net.DNSError{Err: "the server answers " + dns.RcodeToString[answer.Rcode], IsTemporary: true})
}

// failed names the name and the server in an error.
func (q *query) failed(server netip.Addr, e *net.DNSError) error {
	e.Name, e.Server = q.host, netip.AddrPortFrom(server, dnsPort).String()
	return e
}

func (q *query) judge(protocol string, server netip.Addr) (judgement, error) {
	flow := Flow{Source: q.dialer.source, Protocol: protocol, Address: netip.AddrPortFrom(server, dnsPort), quiet: q.dialer.quiet}
	n := q.dialer.network
	var j judgement
	if server == platformAddress {
		n.fill(q.place, &flow)
		j = n.report(q.place.evaluate(flow, flow.Address))
		n.refused(q.place, &j.Decision)
	} else {
		j = n.judge(q.place, flow)
	}
	if !j.Allowed {
		return j, &DeniedError{Decision: j.Decision, Lookup: q.host}
	}
	return j, nil
}

// exchange sends the question and waits for its answer.
func (q *query) exchange(ctx context.Context, protocol string, server netip.Addr, question *dns.Msg) (*dns.Msg, error) {
	j, err := q.judge(protocol, server)
	if err != nil {
		return nil, err
	}
	timeout := min(lookupTimeout, q.dialer.network.options.Timeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c, err := q.dialer.connectOne(ctx, &j, timeout)
	if err == nil {
		defer c.Close()
		defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
		var answer *dns.Msg
		if answer, err = converse(c, question); err == nil {
			return answer, nil
		}
	}
	if errors.Is(err, errTCPOnly) {
		return nil, err
	}
	failure := &net.DNSError{Err: "the server does not answer", IsTimeout: true, IsTemporary: true}
	var timed net.Error
	if !errors.As(err, &timed) || !timed.Timeout() {
		failure = &net.DNSError{Err: err.Error(), IsTemporary: true}
	}
	return nil, q.failed(server, failure)
}

// converse writes the question and reads until its answer comes: what has another ID
// or another question is not for us.
func converse(c net.Conn, question *dns.Msg) (*dns.Msg, error) {
	wire := &dns.Conn{Conn: c, UDPSize: lookupSize}
	if err := wire.WriteMsg(question); err != nil {
		return nil, err
	}
	for {
		answer, err := wire.ReadMsg()
		var network net.Error
		switch {
		case errors.As(err, &network), answer == nil:
			return nil, err
		case err != nil && isPacket(c):
			continue
		case err != nil:
			return nil, fmt.Errorf("the answer cannot be read: %w", err)
		case answers(answer, question):
			return answer, nil
		case !isPacket(c):
			return nil, errors.New("the answer is not one to the question")
		}
	}
}

func isPacket(c net.Conn) bool {
	_, packets := c.(net.PacketConn)
	return packets
}

func answers(answer, question *dns.Msg) bool {
	if !answer.Response || answer.Id != question.Id || len(answer.Question) != 1 {
		return false
	}
	a, q := answer.Question[0], question.Question[0]
	return a.Qtype == q.Qtype && a.Qclass == q.Qclass && strings.EqualFold(a.Name, q.Name)
}

// addressesIn follows the aliases in an answer and returns the addresses at their end.
func addressesIn(answer *dns.Msg, question dns.Question) []netip.Addr {
	name := question.Name
	for range maxAliases {
		i := slices.IndexFunc(answer.Answer, func(r dns.RR) bool { return isAlias(r, name) })
		if i < 0 {
			break
		}
		name = answer.Answer[i].(*dns.CNAME).Target
	}
	var found []netip.Addr
	for _, r := range answer.Answer {
		if a, ok := addressOf(r, question.Qtype); ok && strings.EqualFold(r.Header().Name, name) && len(found) < maxAddresses {
			found = append(found, a.Unmap())
		}
	}
	return found
}

func isAlias(r dns.RR, name string) bool {
	_, alias := r.(*dns.CNAME)
	return alias && strings.EqualFold(r.Header().Name, name)
}

func addressOf(r dns.RR, kind uint16) (netip.Addr, bool) {
	switch r := r.(type) {
	case *dns.A:
		if kind == dns.TypeA {
			return netip.AddrFromSlice(r.A)
		}
	case *dns.AAAA:
		if kind == dns.TypeAAAA {
			return netip.AddrFromSlice(r.AAAA)
		}
	}
	return netip.Addr{}, false
}
