package server

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"isle/internal/dataplane"
	"isle/netpol/layout"
)

// The platform's name server stands in the router of each network that the kernel
// holds, for machines that are attached there (network.md §C7.7). It knows the private
// zones that the network is linked to, and else what the host's name servers know; a
// network's own ones are asked by the machines themselves.

var platformNameServer = layout.PlatformAddress

const (
	resolverFile  = "/etc/resolv.conf"
	nameTimeout   = 3 * time.Second // of one question to one of the host's name servers
	nameQuestions = 256             // under way at one time; more are not answered
)

// nameServer is a name server in a router.
type nameServer struct {
	packets net.PacketConn
	streams net.Listener
}

// Close implements ender.
func (s nameServer) Close() error { return errors.Join(s.packets.Close(), s.streams.Close()) }

// Shutdown implements ender. Who does not get an answer asks again.
func (s nameServer) Shutdown(context.Context) error { return s.Close() }

// serveNames answers over UDP and TCP until it is ended.
func serveNames(ns dataplane.Namespace, at netip.AddrPort, r *resolver) (ender, error) {
	packets, err := ns.ListenPacket(context.Background(), at)
	if err != nil {
		return nil, err
	}
	streams, err := ns.Listen(context.Background(), at)
	if err != nil {
		_ = packets.Close()
		return nil, err
	}
	udp := &dns.Server{PacketConn: packets, Handler: r}
	tcp := &dns.Server{Listener: streams, Handler: r}
	for _, s := range []*dns.Server{udp, tcp} {
		go func() { _ = s.ActivateAndServe() }() // ends with its socket
	}
	return nameServer{packets, streams}, nil
}

// resolver is a name server that hands on to the host's what it does not know.
type resolver struct {
	reply func(protocol string, question *dns.Msg) *dns.Msg // nil: nobody answers
	file  string                                            // names the host's, as resolv.conf(5) says; read for each question
	under chan struct{}                                     // has room for those that are under way
}

func newResolver() *resolver {
	return &resolver{file: resolverFile, under: make(chan struct{}, nameQuestions)}
}

// platformResolver is the platform's name server: it answers from the private zones of its
// network, and hands all other questions on to the host's name servers.
func platformResolver(zones func() (*dataplane.Zones, error)) *resolver {
	r := newResolver()
	r.reply = func(protocol string, question *dns.Msg) *dns.Msg {
		known, err := zones()
		if err != nil {
			return nil
		}
		return known.Reply(question, func(m *dns.Msg) *dns.Msg { return r.ask(protocol, m) })
	}
	return r
}

// proxyResolver is the name proxy of a firewall.
func (s *Server) proxyResolver(firewall string) *resolver {
	r := newResolver()
	r.reply = s.proxyAnswers(firewall, r)
	return r
}

// ServeDNS implements dns.Handler.
func (r *resolver) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	select {
	case r.under <- struct{}{}:
		defer func() { <-r.under }()
	default:
		return
	}
	protocol := protocolOf(w)
	answer := r.reply(protocol, question)
	if answer == nil {
		answer = new(dns.Msg).SetRcode(question, dns.RcodeServerFailure)
	}
	if protocol == "udp" {
		fit(answer, question)
	}
	_ = w.WriteMsg(answer)
}

// fit makes an answer one that the asker can take in a packet: of 512 bytes, or as many as
// the question's OPT record says (RFC 6891 §6.2.3). One that is cut says so.
func fit(answer, question *dns.Msg) {
	size := dns.MinMsgSize
	if says := question.IsEdns0(); says != nil {
		size = int(says.UDPSize())
		if answer.IsEdns0() == nil {
			answer.SetEdns0(dns.MinMsgSize, says.Do()) // §6.1.1: it has one as well
		}
	}
	answer.Truncate(size)
}

// ask asks the host's name servers one after the other; nil: none has answered.
func (r *resolver) ask(protocol string, question *dns.Msg) *dns.Msg {
	c, err := dns.ClientConfigFromFile(r.file)
	if err != nil {
		return nil
	}
	client := dns.Client{Net: protocol, Timeout: nameTimeout}
	for _, server := range c.Servers {
		if answer, _, err := client.Exchange(question, net.JoinHostPort(server, c.Port)); err == nil {
			return answer
		}
	}
	return nil
}
