package dataplane

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"isle/netpol"
)

// changing is where an environment is, which changes.
type changing struct{ atomic.Pointer[Place] }

func (c *changing) Of(string) *Place { return c.Load() }

// behindProxy is an environment whose name server is a firewall, through which it reaches
// 10.0.1.0/24: a network rule lets it reach db.test there at port 5432. The firewall asks a
// server at 10.0.1.10. What it is told counts at once.
func behindProxy(t *testing.T, server *nameServer, seen func(Decision)) (*Inproc, *changing) {
	t.Helper()
	m := throughFirewall(model("Out 100 Allow * * * *"), "10.0.1.0/24")
	fw := &m.Firewalls[0]
	fw.DNS = netpol.DNSSettings{Proxy: true, Servers: addrs("10.0.1.10")}
	fw.Collections = []netpol.RuleCollection{{Name: "names", Priority: 100, Action: netpol.Allow, Rules: []netpol.NetworkRule{
		{Name: "db", Protocols: []netpol.Protocol{netpol.TCP}, Destination: netpol.Side{Ports: []netpol.PortRange{{First: 5432, Last: 5432}}}, Names: []string{"db.test"}}}}}
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	p := placeOf(t, m).mapped("10.0.1.10:53", server.address.String())
	p.DNS = addrs("10.0.2.4")
	firewall := &Place{Environment: fw.ID, Own: fw.PrivateIP, Network: p.Network, Mappings: p.Mappings, DNS: fw.DNS.Servers}
	p.Proxies = map[netip.Addr]*Place{fw.PrivateIP: firewall}
	at := &changing{}
	at.Store(p)
	var known Hosts
	known.Want(policy.FirewallNames())
	n := NewInproc(Options{Networks: at, Observe: seen, Learned: func(h Host, addresses []netip.Addr) {
		known.Learn(h, addresses, start)
		next := *at.Load()
		next.Network, _ = policy.WithNames(known.Names(start)).Network(hub)
		next.Revision++
		at.Store(&next)
	}})
	return n, at
}

// begun keeps what who keeps flow logs is told.
type begun struct{ flows []FlowStart }

func (*begun) Wanted() bool        { return true }
func (b *begun) Began(s FlowStart) { b.flows = append(b.flows, s) }
func (*begun) Ended(*Meter)        {}

// TestAFirewallAnswersForNames: an environment asks a firewall, which asks its own server;
// what that says counts for the firewall's network rules, and the record has the name.
func TestAFirewallAnswersForNames(t *testing.T) {
	server := newNameServer(t, zone("db.test. A 10.0.1.4", "other.test. A 10.0.1.5"))
	var seen []Decision
	n, at := behindProxy(t, server, func(d Decision) { seen = append(seen, d) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at.Load().mapped("10.0.1.4:5432", l.Addr().String())
	logged := new(begun)
	n.options.Flows = logged
	d := n.Dialer("e", SubnetBuiltIn)

	var denied *DeniedError
	if _, err := d.Dial(t.Context(), "tcp", "10.0.1.4:5432"); !errors.As(err, &denied) || denied.Decision.Record.Reason != netpol.NoRuleMatched.String() {
		t.Fatalf("before the name was looked up: %v", err)
	}
	c, err := d.Dial(t.Context(), "tcp", "db.test:5432")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	last := seen[len(seen)-1].Record
	if last.FQDN != "db.test" || last.RuleName != "names/db" || !strings.Contains(last.Message, "by the address of db.test") {
		t.Errorf("the record is %+v", last)
	}
	if !slices.ContainsFunc(seen, func(d Decision) bool {
		return d.Record.Destination == "10.0.2.4" && d.Record.DestinationPort == 53 && d.Allowed
	}) {
		t.Error("the flow to the firewall was not judged")
	}
	if slices.ContainsFunc(seen, func(d Decision) bool { return d.Record.Source == "10.0.2.4" }) {
		t.Error("the firewall's own flows were told")
	}
	if len(logged.flows) == 0 || slices.ContainsFunc(logged.flows, func(s FlowStart) bool { return s.Flow.Source == addr("10.0.2.4") }) {
		t.Errorf("flow logs are told of %+v", logged.flows)
	}
	if _, err := d.Dial(t.Context(), "tcp", "other.test:5432"); !errors.As(err, &denied) {
		t.Errorf("a name that no rule has: %v", err)
	}
	var unknown *net.DNSError
	if _, err := d.Dial(t.Context(), "tcp", "none.test:5432"); !errors.As(err, &unknown) || !unknown.IsNotFound {
		t.Errorf("a name that there is not: %v", err)
	}
}

// TestTheWayToAFirewallsNamesIsJudged: a security group keeps an environment from asking.
func TestTheWayToAFirewallsNamesIsJudged(t *testing.T) {
	server := newNameServer(t, zone("db.test. A 10.0.1.4"))
	n, at := behindProxy(t, server, nil)
	closed := placeOf(t, throughFirewall(model("Out 100 Deny * * 10.0.2.4 53"), "10.0.1.0/24"))
	closed.DNS, closed.Proxies = at.Load().DNS, at.Load().Proxies
	at.Store(closed)
	var denied *DeniedError
	if _, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "db.test"); !errors.As(err, &denied) || denied.Lookup != "db.test" || denied.Decision.Rule != "securityRules/Out100" {
		t.Errorf("%v", err)
	}
	if len(server.questions()) > 0 {
		t.Errorf("the firewall's server was asked %v", server.questions())
	}
}

// TestAProxyHandsQuestionsOn: of any type, with the ID of who asked; what it is told of
// addresses is learned. A server that is the firewall itself is passed over.
func TestAProxyHandsQuestionsOn(t *testing.T) {
	server := newNameServer(t, zone("db.test. A 10.0.1.4", "db.test. TXT hello"))
	n, at := behindProxy(t, server, nil)
	firewall := *at.Load().Proxies[addr("10.0.2.4")]
	firewall.DNS = addrs("10.0.2.4", "10.0.1.10")
	for kind, want := range map[uint16]string{dns.TypeA: "10.0.1.4", dns.TypeTXT: "hello"} {
		question := new(dns.Msg).SetQuestion("db.test.", kind)
		answer := n.Answer(t.Context(), &firewall, "udp", question, nil)
		if answer == nil || answer.Id != question.Id || len(answer.Answer) != 1 || !strings.Contains(answer.Answer[0].String(), want) {
			t.Errorf("%d: %v", kind, answer)
		}
	}
	if d := at.Load().Network.Evaluate(netpol.Flow{Protocol: netpol.TCP, Source: addr("10.0.0.5"), SourcePort: 1, Destination: addr("10.0.1.4"), DestinationPort: 5432}); d.Host != "db.test" {
		t.Errorf("after the answer: %s", d)
	}
	firewall.DNS = nil
	firewall.Zones = NewZones()
	if left := firewall.Zones.Add("corp.test", false, []string{"db.corp.test. 60 IN A 10.0.1.7"}); left != nil {
		t.Fatal(left)
	}
	question := new(dns.Msg).SetQuestion("db.corp.test.", dns.TypeA)
	if answer := n.Answer(t.Context(), &firewall, "tcp", question, nil); answer == nil || len(answer.Answer) != 1 {
		t.Errorf("from the private zones: %v", answer)
	}
	firewall.DNS = addrs("10.0.2.4")
	if answer := n.Answer(t.Context(), &firewall, "udp", question, nil); answer != nil {
		t.Errorf("nobody is asked, and answers %v", answer)
	}
}

// TestAProxyAsksForWhatItCanRead: who asks may take larger packets than the firewall does.
func TestAProxyAsksForWhatItCanRead(t *testing.T) {
	packets, streams := bothPorts(t)
	_ = streams.Close()
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		for range 20 {
			m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: "db.test.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{strings.Repeat("x", 200)}})
		}
		m.Truncate(int(r.IsEdns0().UDPSize()))
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = packets.Close() })
	n, at := behindProxy(t, &nameServer{address: packets.LocalAddr().(*net.UDPAddr).AddrPort()}, nil)
	question := new(dns.Msg).SetQuestion("db.test.", dns.TypeTXT).SetEdns0(8192, false)
	answer := n.Answer(t.Context(), at.Load().Proxies[addr("10.0.2.4")], "udp", question, nil)
	if answer == nil || !answer.Truncated {
		t.Errorf("the answer is %v; who asked is to ask again by TCP", answer)
	}
	if says := question.IsEdns0().UDPSize(); says != 8192 {
		t.Errorf("the question was changed: it takes %d bytes", says)
	}
}
