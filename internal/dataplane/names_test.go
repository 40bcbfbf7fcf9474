package dataplane

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"isle/netpol"
)

// tds is a packet of TDS.
func tds(typ byte, body []byte) []byte {
	p := append([]byte{typ, 1, 0, 0, 0, 0, 1, 0}, body...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	return p
}

// TestDatabasesAreJudgedByName: PRELOGIN and its answer pass, and then the name in the
// ClientHello decides, which may come in several packets. A name that is allowed, but not
// at the address that was called, is refused as well.
func TestDatabasesAreJudgedByName(t *testing.T) {
	m := throughFirewall(model(), "10.0.1.0/24")
	m.Firewalls[0].Collections = nil
	m.Firewalls[0].Applications = []netpol.ApplicationCollection{{Name: "yes", Priority: 200, Action: netpol.Allow, Rules: []netpol.ApplicationRule{
		{Name: "sql", Protocols: []netpol.ApplicationPort{{Protocol: netpol.MSSQL, Port: 1433}}, Names: []string{"db.example.com", "strange.example.com"}}}}}
	network := placeOf(t, m).Network
	for name, want := range map[string]bool{"db.example.com": true, "other.example.com": false, "strange.example.com": false} {
		var seen []Decision
		k := NewKernel(Options{Observe: func(d Decision) { seen = append(seen, d) }}, nil)
		client, inner := net.Pipe()
		outer, server := net.Pipe()
		from := net.TCPAddrFromAddrPort(addrPort("10.0.0.5:50000"))
		zones := NewZones()
		if left := zones.Add("example.com", false, []string{"db.example.com. 60 IN A 10.0.1.4", "strange.example.com. 60 IN A 10.0.1.5"}); left != nil {
			t.Fatal(left)
		}
		place := &Place{Environment: m.Firewalls[0].ID, Own: m.Firewalls[0].PrivateIP, Network: network, Zones: zones}
		p := &proxied{proxy: &NameProxy{kernel: k, network: func() *netpol.Network { return network }, place: func() (*Place, error) { return place, nil }}, client: pipe{Conn: inner, remote: from, local: from}, server: outer, to: addrPort("10.0.1.4:1433")}
		done := make(chan error, 1)
		go func() {
			done <- p.ask()
			_ = inner.Close()
			_ = outer.Close()
		}()
		said := hello(t, name)
		prelogin, answer := tds(0x12, []byte("prelogin")), tds(0x04, []byte("answer"))
		go func() {
			_, _ = client.Write(prelogin)
			_, _ = io.ReadFull(client, make([]byte, len(answer)))
			_, _ = client.Write(tds(0x12, said[:100]))
			_, _ = client.Write(tds(0x12, said[100:]))
		}()
		got := make([]byte, len(prelogin))
		if _, err := io.ReadFull(server, got); err != nil || string(got) != string(prelogin) {
			t.Fatalf("%q %v", got, err)
		}
		if _, err := server.Write(answer); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(server)
		whole := string(tds(0x12, said[:100])) + string(tds(0x12, said[100:]))
		if err := <-done; (err == nil) != want || (string(rest) == whole) != want {
			t.Errorf("%s: %v, %d bytes", name, err, len(rest))
		}
		if last := seen[len(seen)-1].Record; last.FQDN != name && want || (last.RuleName == "yes/sql") != (want || name == "strange.example.com") {
			t.Errorf("%s: %+v", name, last)
		}
	}
}

// TestPacketsOfTDSComeInPieces: cut anywhere, a packet is read to its end and no further;
// what is no such packet is refused.
func TestPacketsOfTDSComeInPieces(t *testing.T) {
	whole := tds(0x12, []byte("prelogin"))
	for cut := range len(whole) + 1 {
		read := bytes.Clone(whole[:cut])
		n, err := new(proxied).packet(&heard{Reader: bytes.NewReader(append(whole[cut:len(whole):len(whole)], "more"...))}, &read, 0x12)
		if err != nil || n != len(whole) || !bytes.Equal(read, whole) {
			t.Errorf("cut at %d: %d %v, %q", cut, n, err, read)
		}
	}
	for _, bad := range [][]byte{tds(0x04, []byte("answer")), {0x12, 1, 0, 7, 0, 0, 1, 0}, {0x12, 1, 0xff, 0xff, 0, 0, 1, 0}, append(tds(0x12, nil), 0), whole[:len(whole)-1], whole[:3]} {
		for cut := range len(bad) + 1 {
			read := bytes.Clone(bad[:cut])
			if _, err := new(proxied).packet(&heard{Reader: bytes.NewReader(bad[cut:])}, &read, 0x12); err == nil && len(read) == len(bad) {
				t.Errorf("%q cut at %d is taken", bad, cut)
			}
		}
	}
}

// TestWhatWasLetThroughIsCutWhenRulesDenyIt, and goes on while they do not (network.md §A6,
// Change). The end of the proxy ends it as well.
func TestWhatWasLetThroughIsCutWhenRulesDenyIt(t *testing.T) {
	m := throughFirewall(model(), "10.0.1.0/24")
	m.Firewalls[0].Collections = nil
	letting := func(name string) *netpol.Network {
		m.Firewalls[0].Applications = []netpol.ApplicationCollection{{Name: "yes", Priority: 200, Action: netpol.Allow, Rules: []netpol.ApplicationRule{
			{Name: "web", Protocols: []netpol.ApplicationPort{{Protocol: netpol.HTTP, Port: 80}}, Names: []string{name}}}}}
		return placeOf(t, m).Network
	}
	var network *netpol.Network
	p := &NameProxy{listener: closedListener{}, network: func() *netpol.Network { return network }, under: map[*proxied]bool{}}
	begin := func() (one *proxied, open func() bool) {
		client, inner := net.Pipe()
		outer, server := net.Pipe()
		from := net.TCPAddrFromAddrPort(addrPort("10.0.0.5:50000"))
		one = &proxied{proxy: p, client: pipe{Conn: inner, remote: from, local: from}, server: outer, to: addrPort("10.0.1.4:80"), app: netpol.Application{Protocol: netpol.HTTP, Name: "www.example.com"}}
		if !p.keep(one) {
			t.Fatal("the proxy has ended")
		}
		return one, func() bool {
			for _, c := range []net.Conn{client, server} {
				if err := c.SetReadDeadline(start); errors.Is(err, io.ErrClosedPipe) { // by the other end
					return false
				} else if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					return false
				}
			}
			return true
		}
	}
	network = letting("*.example.com")
	_, open := begin()
	if p.Review(); !open() {
		t.Error("what may pass is cut")
	}
	network = letting("www.example.org")
	if p.Review(); open() {
		t.Error("what may not pass any more goes on")
	}
	network = letting("*.example.com")
	gone, ended := begin()
	p.forget(gone)
	network = nil
	if p.Review(); !ended() {
		t.Error("what has ended by itself is cut")
	}
	_, last := begin()
	if err := p.Close(); err != nil || last() {
		t.Errorf("the proxy has ended, and its connection goes on: %v", err)
	}
}

type closedListener struct{ net.Listener }

func (closedListener) Close() error { return nil }
