package server

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"isle/internal/dataplane"
)

// hostNames is a name server of the host at an address of loopback, where every name has
// one address over UDP, and another one over TCP.
func hostNames(t *testing.T, at, overUDP, overTCP string) {
	t.Helper()
	packets, err := net.ListenPacket("udp", net.JoinHostPort(at, "53"))
	if err != nil {
		t.Skipf("SKIPPED: no name server can be at port 53 here: %v", err)
	}
	streams, err := net.Listen("tcp", net.JoinHostPort(at, "53"))
	if err != nil {
		_ = packets.Close()
		t.Skipf("SKIPPED: no name server can be at port 53 here: %v", err)
	}
	tells := func(address string) dns.HandlerFunc {
		return func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(address)}}
			_ = w.WriteMsg(m)
		}
	}
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: tells(overUDP)}, {Listener: streams, Handler: tells(overTCP)}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
}

// TestThePlatformsNameServerSaysWhatTheHostsSay, by the protocol that it is asked over; one
// that does not answer is passed over, and what no server answers is a failure of the
// server's, not a name that is not there.
func TestThePlatformsNameServerSaysWhatTheHostsSay(t *testing.T) {
	hostNames(t, "127.77.0.1", "192.0.2.1", "192.0.2.2")
	file := filepath.Join(t.TempDir(), "resolv.conf")
	r := platformResolver(func() (*dataplane.Zones, error) { return nil, nil })
	r.file, r.under = file, make(chan struct{}, 1)
	for _, c := range []struct {
		file     string
		protocol string
		address  string // "" for a failure of the server
	}{
		{"nameserver 127.77.0.1\n", "udp", "192.0.2.1"},
		{"nameserver 127.77.0.1\n", "tcp", "192.0.2.2"},
		{"nameserver 127.77.0.2\nnameserver 127.77.0.1\n", "udp", "192.0.2.1"},
		{"nameserver 127.77.0.2\n", "udp", ""},
		{"# none\n", "udp", ""},
	} {
		if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		w := &asker{remote: &net.UDPAddr{}}
		if c.protocol == "tcp" {
			w.remote = &net.TCPAddr{}
		}
		r.ServeDNS(w, new(dns.Msg).SetQuestion("name.test.", dns.TypeA))
		switch {
		case c.address == "" && (w.told == nil || w.told.Rcode != dns.RcodeServerFailure):
			t.Errorf("%q over %s: %v", c.file, c.protocol, w.told)
		case c.address != "" && (w.told == nil || len(w.told.Answer) != 1 || w.told.Answer[0].(*dns.A).A.String() != c.address):
			t.Errorf("%q over %s: %v", c.file, c.protocol, w.told)
		}
	}

	r.under <- struct{}{}
	w := &asker{remote: &net.UDPAddr{}}
	if r.ServeDNS(w, new(dns.Msg).SetQuestion("name.test.", dns.TypeA)); w.told != nil {
		t.Errorf("one question too many is answered: %v", w.told)
	}
}

// TestThePlatformsAnswersFitThePacket that the asker can take; over TCP they are whole.
func TestThePlatformsAnswersFitThePacket(t *testing.T) {
	known := dataplane.NewZones()
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("web.contoso.test. 10 IN A 10.0.0.%d", i))
	}
	if left := known.Add("contoso.test", false, lines); left != nil {
		t.Fatal(left)
	}
	r := platformResolver(func() (*dataplane.Zones, error) { return known, nil })
	for _, c := range []struct {
		remote net.Addr
		takes  uint16 // as an OPT record says; 0 for none
		most   int    // bytes; 0 for as many as there are
	}{
		{&net.UDPAddr{}, 0, 512}, {&net.UDPAddr{}, 100, 512}, {&net.UDPAddr{}, 1232, 1232}, {&net.UDPAddr{}, 4096, 0}, {&net.TCPAddr{}, 0, 0}, {&net.TCPAddr{}, 512, 0},
	} {
		w, question := &asker{remote: c.remote}, new(dns.Msg).SetQuestion("web.contoso.test.", dns.TypeA)
		if c.takes > 0 {
			question.SetEdns0(c.takes, false)
		}
		r.ServeDNS(w, question)
		packet, err := w.told.Pack()
		if err != nil {
			t.Fatal(err)
		}
		whole := len(w.told.Answer) == len(lines)
		if whole != (c.most == 0) || w.told.Truncated == whole || c.most > 0 && (len(packet) > c.most || len(w.told.Answer) < c.most/32) {
			t.Errorf("over %s, where %d bytes are taken: %d bytes with %d records, truncated %t", c.remote.Network(), c.takes, len(packet), len(w.told.Answer), w.told.Truncated)
		}
		if _, packets := c.remote.(*net.UDPAddr); packets && (w.told.IsEdns0() != nil) != (c.takes > 0) {
			t.Errorf("an OPT record for %d bytes: %v", c.takes, w.told.IsEdns0())
		}
	}
}

// asker is who asks, and what was answered.
type asker struct {
	dns.ResponseWriter
	remote net.Addr
	told   *dns.Msg
}

func (a *asker) RemoteAddr() net.Addr      { return a.remote }
func (a *asker) WriteMsg(m *dns.Msg) error { a.told = m; return nil }
