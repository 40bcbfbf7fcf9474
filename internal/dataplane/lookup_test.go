package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// counting is the host's resolver, which an environment with servers never asks.
type counting struct {
	names names
	asked int32
}

func (c *counting) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	atomic.AddInt32(&c.asked, 1)
	return c.names.LookupNetIP(ctx, network, host)
}

// nameServer is a name server over UDP and TCP. It is told each question as
// "udp shop.test. A"; its answer nil means silence.
type nameServer struct {
	address netip.AddrPort
	mu      sync.Mutex
	asked   []string // guarded by mu
}

func (s *nameServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func newNameServer(t *testing.T, answer func(question string, m *dns.Msg) *dns.Msg) *nameServer {
	t.Helper()
	s := &nameServer{}
	packets, listener := bothPorts(t)
	s.address = packets.LocalAddr().(*net.UDPAddr).AddrPort()
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		question := fmt.Sprintf("%s %s %s", w.RemoteAddr().Network(), r.Question[0].Name, dns.TypeToString[r.Question[0].Qtype])
		s.mu.Lock()
		s.asked = append(s.asked, question)
		s.mu.Unlock()
		if m := answer(question, new(dns.Msg).SetReply(r)); m != nil {
			_ = w.WriteMsg(m)
		}
	})
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: listener, Handler: handler}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return s
}

// bothPorts listens on the same port of UDP and TCP.
func bothPorts(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if l, err := net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, l
		}
		packets.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// zone answers from lines such as "shop.test. A 198.51.100.1".
func zone(lines ...string) func(string, *dns.Msg) *dns.Msg {
	return func(question string, m *dns.Msg) *dns.Msg {
		m.Rcode = dns.RcodeNameError
		q := m.Question[0]
		name := q.Name
		for _, line := range lines {
			f := strings.Fields(line)
			if !strings.EqualFold(f[0], name) {
				continue
			}
			m.Rcode = dns.RcodeSuccess
			if f[1] == "CNAME" || f[1] == dns.TypeToString[q.Qtype] {
				r, err := dns.NewRR(fmt.Sprintf("%s 60 IN %s %s", f[0], f[1], f[2]))
				if err != nil {
					panic(err)
				}
				m.Answer = append(m.Answer, r)
				if f[1] == "CNAME" {
					name = f[2]
				}
			}
		}
		return m
	}
}

// served has the servers attached as 10.0.1.10, 10.0.1.11 and so on.
func served(p *Place, servers ...*nameServer) *Place {
	for i, s := range servers {
		at := netip.AddrFrom4([4]byte{10, 0, 1, byte(10 + i)})
		p.DNS = append(p.DNS, at)
		if s != nil {
			p.mapped(netip.AddrPortFrom(at, 53).String(), s.address.String())
		}
	}
	return p
}

func TestLookupsGoToTheServersOfTheNetwork(t *testing.T) {
	s := newNameServer(t, zone("shop.test. A 198.51.100.1", "shop.test. A 198.51.100.2", "shop.test. AAAA 2001:db8::1",
		"www.test. CNAME Alias.test.", "alias.test. CNAME shop.test.", "shop.test. A 198.51.100.3",
		"six.test. AAAA 2001:db8::6", "text.test. TXT x", "round.test. CNAME round.test."))
	system := &counting{names: names{"shop.test": {"127.0.0.1"}}}
	d := NewInproc(Options{Networks: in(served(place(t), s)), Resolver: system}).Dialer("e", SubnetBuiltIn)
	for host, want := range map[string]string{
		"shop.test":     "[198.51.100.1 198.51.100.2 198.51.100.3]",
		"Shop.test.":    "[198.51.100.1 198.51.100.2 198.51.100.3]",
		"www.test":      "[198.51.100.3]",
		"six.test":      "[2001:db8::6]",
		"localhost":     "[127.0.0.1 ::1]",
		"LOCALHOST.":    "[127.0.0.1 ::1]",
		"app.localhost": "[127.0.0.1 ::1]",
		"127.0.0.1":     "[127.0.0.1]",
		"::1":           "[::1]",
		"text.test":     "lookup text.test on 10.0.1.10:53: the name has no address",
		"round.test":    "lookup round.test on 10.0.1.10:53: the name has no address",
		"none.test":     "lookup none.test on 10.0.1.10:53: no such host",
		"db":            "lookup db on 10.0.1.10:53: no such host",
	} {
		got, err := d.Resolve(t.Context(), host)
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%s: %s", host, text)
		}
		var dnsError *net.DNSError
		if err != nil && (!errors.As(err, &dnsError) || !dnsError.IsNotFound) {
			t.Errorf("%s: %#v", host, err)
		}
	}
	if system.asked != 0 {
		t.Error("the host's resolver was asked")
	}
	for _, q := range s.questions() {
		if strings.Contains(q, "localhost") || strings.Contains(q, "127") || q == "udp shop.test. AAAA" || q == "udp none.test. AAAA" {
			t.Errorf("asked %s", q)
		}
	}
}

func TestCutOffAnswersAreAskedForOverTCP(t *testing.T) {
	s := newNameServer(t, func(question string, m *dns.Msg) *dns.Msg {
		if strings.HasPrefix(question, "udp") {
			m.Truncated = true
			return m
		}
		for i := range 200 {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(198, 51, 100, byte(i))})
		}
		return m
	})
	n := NewInproc(Options{Networks: in(served(place(t), s))})
	got, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "many.test")
	if err != nil || len(got) != maxAddresses {
		t.Errorf("%d %v", len(got), err)
	}
	n = NewInproc(Options{Networks: in(served(place(t, "Out 200 Deny Tcp * 10.0.1.10/32 53"), s))})
	var denied *DeniedError
	if _, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "many.test"); !errors.As(err, &denied) || denied.Decision.Record.Protocol != "Tcp" {
		t.Errorf("%v", err)
	}
}

func TestNextServer(t *testing.T) {
	answers := func(code int) *nameServer {
		return newNameServer(t, func(_ string, m *dns.Msg) *dns.Msg { m.Rcode = code; return m })
	}
	silent := newNameServer(t, func(string, *dns.Msg) *dns.Msg { return nil })
	good := newNameServer(t, zone("shop.test. A 198.51.100.1"))
	stranger := newNameServer(t, func(_ string, m *dns.Msg) *dns.Msg { m.Id++; return m })
	another := newNameServer(t, func(_ string, m *dns.Msg) *dns.Msg { m.Question[0].Name = "other.test."; return m })
	echoing := newNameServer(t, func(_ string, m *dns.Msg) *dns.Msg { m.Response = false; return m })
	var waiting sync.WaitGroup
	for _, c := range []struct {
		name    string
		servers []*nameServer
		want    string
	}{
		{"SERVFAIL", []*nameServer{answers(dns.RcodeServerFailure), good}, "[198.51.100.1]"},
		{"REFUSED", []*nameServer{answers(dns.RcodeRefused), good}, "[198.51.100.1]"},
		{"NXDOMAIN is final", []*nameServer{answers(dns.RcodeNameError), good}, "lookup shop.test on 10.0.1.10:53: no such host"},
		{"silence", []*nameServer{silent, good}, "[198.51.100.1]"},
		{"another ID", []*nameServer{stranger, good}, "[198.51.100.1]"},
		{"another question", []*nameServer{another, good}, "[198.51.100.1]"},
		{"no response", []*nameServer{echoing, good}, "[198.51.100.1]"},
		{"all fail", []*nameServer{answers(dns.RcodeServerFailure), silent}, "lookup shop.test on 10.0.1.10:53: the server answers SERVFAIL"},
		{"silence only", []*nameServer{silent}, "lookup shop.test on 10.0.1.10:53: the server does not answer"},
	} {
		waiting.Go(func() { // all wait for the silent ones at once
			n := NewInproc(Options{Networks: in(served(place(t), c.servers...)), Timeout: 2 * time.Second})
			got, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test")
			text := fmt.Sprint(got)
			if err != nil {
				text = err.Error()
			}
			if text != c.want {
				t.Errorf("%s: %s", c.name, text)
			}
		})
	}
	waiting.Wait()
	if n := len(silent.questions()); n == 0 {
		t.Error("the silent server was not asked")
	}
}

func TestDeniedServers(t *testing.T) {
	s, other := newNameServer(t, zone("shop.test. A 198.51.100.1")), newNameServer(t, zone("shop.test. A 198.51.100.2"))
	n := NewInproc(Options{Networks: in(served(place(t, "Out 200 Deny Udp * 10.0.1.10/32 53"), s))})
	_, err := n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", "shop.test:443")
	want := "the name shop.test cannot be looked up: the network policy denies the connection to 10.0.1.10:53: denied by securityRules/Out200 (priority 200) of NSG web on subnet front"
	var denied *DeniedError
	if !errors.As(err, &denied) || err.Error() != want {
		t.Errorf("%v", err)
	}
	if len(s.questions()) != 0 {
		t.Error("the server was asked all the same")
	}
	// From another subnet it may be asked, and the next server may be asked from here.
	if got, err := n.Dialer("e", SubnetConnectors).Resolve(t.Context(), "shop.test"); err != nil || fmt.Sprint(got) != "[198.51.100.1]" {
		t.Errorf("%v %v", got, err)
	}
	n = NewInproc(Options{Networks: in(served(place(t, "Out 200 Deny Udp * 10.0.1.10/32 53"), s, other))})
	if got, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test"); err != nil || fmt.Sprint(got) != "[198.51.100.2]" {
		t.Errorf("%v %v", got, err)
	}
}

func TestNamesThatLeadToWhatIsDenied(t *testing.T) {
	s := newNameServer(t, zone("metadata.test. A 169.254.169.254", "blocked.test. A 198.51.100.1"))
	n := NewInproc(Options{Networks: in(served(place(t, "Out 200 Deny * * 198.51.100.0/24 *"), s))})
	for host, reason := range map[string]string{"metadata.test": "link-local", "blocked.test": "securityRules/Out200"} {
		_, err := n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", host+":80")
		var denied *DeniedError
		if !errors.As(err, &denied) || denied.Lookup != "" || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), host) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestThePlatformsServerIsTheHostsResolver(t *testing.T) {
	system := &counting{names: names{"shop.test": {"198.51.100.1"}}}
	own := place(t)
	own.DNS = []netip.Addr{platformAddress}
	for name, p := range map[string]*Place{"no servers": place(t), "168.63.129.16": own} {
		got, err := NewInproc(Options{Networks: in(p), Resolver: system}).Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test")
		if err != nil || fmt.Sprint(got) != "[198.51.100.1]" {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	system.asked = 0
	m := model("Out 200 Deny * * AzurePlatformDNS *")
	_, err := NewInproc(Options{Networks: in(placeOf(t, m)), Resolver: system}).Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test")
	var denied *DeniedError
	if !errors.As(err, &denied) || !strings.Contains(err.Error(), "securityRules/Out200") || system.asked != 0 {
		t.Errorf("%v, asked %d times", err, system.asked)
	}
}

func TestLookupsLeaveByTheEgress(t *testing.T) {
	// A proxy takes no UDP, so the name server is asked over TCP.
	asked := make(chan string, 1)
	proxy := newProxy(t, func(_ *proxyServer, c net.Conn) {
		wire := &dns.Conn{Conn: c}
		b := make([]byte, 256)
		n, _ := c.Read(b)
		asked <- strings.Fields(string(b[:n]))[1]
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		if r, err := wire.ReadMsg(); err == nil {
			_ = wire.WriteMsg(zone("shop.test. A 198.51.100.1")("", new(dns.Msg).SetReply(r)))
		}
	})
	p := behindFirewall(t, Egress{Proxy: &url.URL{Scheme: "http", Host: proxy.address}})
	p.DNS = []netip.Addr{addr("198.51.100.53")}
	got, err := NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test")
	if err != nil || fmt.Sprint(got) != "[198.51.100.1]" {
		t.Errorf("%v %v", got, err)
	}
	if to := <-asked; to != "198.51.100.53:53" {
		t.Errorf("asked for %s", to)
	}
}

func TestLookupsAreObserved(t *testing.T) {
	s := newNameServer(t, zone("shop.test. A 198.51.100.1"))
	var seen []string
	n := NewInproc(Options{Networks: in(served(place(t), s)), Observe: func(d Decision) {
		seen = append(seen, d.Flow.Protocol+" "+d.Flow.Address.String())
	}})
	if _, err := n.Dialer("e", SubnetBuiltIn).Resolve(t.Context(), "shop.test"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"udp 10.0.1.10:53"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("%v", seen)
	}
}

func TestImpossibleNames(t *testing.T) {
	s := newNameServer(t, zone())
	d := NewInproc(Options{Networks: in(served(place(t), s))}).Dialer("e", SubnetBuiltIn)
	for _, host := range []string{"", ".", "a..b", strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 200)} {
		var dnsError *net.DNSError
		if _, err := d.Resolve(t.Context(), host); !errors.As(err, &dnsError) {
			t.Errorf("%q: %v", host, err)
		}
	}
	if len(s.questions()) != 0 {
		t.Errorf("asked %v", s.questions())
	}
}

func TestLookupEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newNameServer(t, func(string, *dns.Msg) *dns.Msg { cancel(); return nil })
	_, err := NewInproc(Options{Networks: in(served(place(t), s))}).Dialer("e", SubnetBuiltIn).Resolve(ctx, "shop.test")
	var dnsError *net.DNSError
	if !errors.As(err, &dnsError) || len(s.questions()) != 1 {
		t.Errorf("%v after %v", err, s.questions())
	}
}

func FuzzAnswer(f *testing.F) {
	question := new(dns.Msg).SetQuestion("shop.test.", dns.TypeA)
	good, _ := zone("shop.test. CNAME a.test.", "a.test. A 198.51.100.1")("", new(dns.Msg).SetReply(question)).Pack()
	f.Add(good)
	f.Fuzz(func(t *testing.T, packet []byte) {
		m := new(dns.Msg)
		if m.Unpack(packet) != nil {
			return
		}
		answers(m, question)
		if got := addressesIn(m, question.Question[0]); len(got) > maxAddresses {
			t.Fatal(len(got))
		}
	})
}
