package dataplane

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"isle/netpol"
)

// TestCallersComeInByNATRules: to what is attached, if the rule and all behind it let them.
func TestCallersComeInByNATRules(t *testing.T) {
	server := whoami(t)
	m := throughFirewall(model(), "0.0.0.0/0")
	f := &m.Firewalls[0]
	rule := func(name string, port uint16, to, from string) netpol.NATRule {
		return netpol.NATRule{Name: name, Protocols: []netpol.Protocol{netpol.TCP}, Source: netpol.Side{Addresses: []netpol.Address{{Prefix: netip.MustParsePrefix(from)}}},
			Destination: netpol.Side{Ports: []netpol.PortRange{{First: port, Last: port}}}, To: addrPort(to)}
	}
	f.Collections = nil
	f.NAT = []netpol.NATCollection{{Name: "in", Priority: 100, Rules: []netpol.NATRule{rule("ssh", 2222, "10.0.1.4:22", "127.0.0.0/8"),
		rule("nobody", 2223, "10.0.1.9:22", "127.0.0.0/8"), rule("others", 2224, "10.0.1.4:22", "198.51.100.0/24")}}}
	p := placeOf(t, m).mapped("10.0.1.4:22", server.String())
	n := NewInproc(Options{})
	e := new(Entrances)
	inward := func(string) (*netpol.Network, []Mapping) { return p.Network, p.Mappings }
	for port, want := range map[uint16]string{2222: "127.0.0.1", 2223: "", 2224: ""} {
		one := Entrance{hub, netip.AddrPortFrom(addr("203.0.113.10"), port), addrPort("127.0.0.1:0")}
		if err := e.Keep(n, map[Entrance]bool{one: true}, inward); err != nil {
			t.Fatal(err)
		}
		var got []byte
		if c, err := net.Dial("tcp", e.open[one].Addr().String()); err == nil { // who is denied may be cut off at once
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			got, err = io.ReadAll(c)
			var timed net.Error
			if errors.As(err, &timed) && timed.Timeout() {
				t.Errorf("port %d: neither let in nor cut off", port)
			}
			_ = c.Close()
		}
		if string(got) != want {
			t.Errorf("port %d: %q, want %q", port, got, want)
		}
	}
	at := Entrance{hub, addrPort("203.0.113.10:1"), netip.AddrPortFrom(server.Addr(), server.Port())}
	if err := e.Keep(n, map[Entrance]bool{at: true}, inward); err == nil {
		t.Error("a port that somebody has is taken")
	}
	if err := e.Keep(n, nil, inward); err != nil || len(e.open) != 0 {
		t.Error(err, e.open)
	}
}
