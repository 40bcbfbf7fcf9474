package dataplane

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"isle/netpol"
)

// natRule lets callers of a port of the firewall in.
func natRule(name string, port uint16, to, from string) netpol.NATRule {
	return netpol.NATRule{Name: name, Protocols: []netpol.Protocol{netpol.TCP}, Source: netpol.Side{Addresses: []netpol.Address{{Prefix: netip.MustParsePrefix(from)}}},
		Destination: netpol.Side{Ports: []netpol.PortRange{{First: port, Last: port}}}, To: addrPort(to)}
}

// natted has the network's firewall let in by NAT rules alone.
func natted(m *netpol.Model, rules ...netpol.NATRule) *netpol.Model {
	f := &m.Firewalls[0]
	f.Collections = nil
	f.NAT = []netpol.NATCollection{{Name: "in", Priority: 100, Rules: rules}}
	return m
}

// call calls the entrance of a port of the firewall's public address, and returns what
// it hears: nothing where it is cut off.
func (e *Entrances) call(t *testing.T, n *Inproc, port uint16, p *Place) string {
	t.Helper()
	one := Entrance{hub, netip.AddrPortFrom(addr("203.0.113.10"), port), addrPort("127.0.0.1:0")}
	inward := func(string) (*netpol.Network, []Mapping) { return p.Network, p.Mappings }
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
	if err := e.Keep(n, nil, nil); err != nil || len(e.open) != 0 {
		t.Error(err, e.open)
	}
	return string(got)
}

// TestCallersComeInByNATRules: to what is attached, if the rule and all behind it let them.
func TestCallersComeInByNATRules(t *testing.T) {
	server := whoami(t)
	m := natted(throughFirewall(model(), "0.0.0.0/0"), natRule("ssh", 2222, "10.0.1.4:22", "127.0.0.0/8"),
		natRule("nobody", 2223, "10.0.1.9:22", "127.0.0.0/8"), natRule("others", 2224, "10.0.1.4:22", "198.51.100.0/24"))
	p := placeOf(t, m).mapped("10.0.1.4:22", server.String())
	n := NewInproc(Options{})
	e := new(Entrances)
	for port, want := range map[uint16]string{2222: "127.0.0.1", 2223: "", 2224: ""} {
		if got := e.call(t, n, port, p); got != want {
			t.Errorf("port %d: %q, want %q", port, got, want)
		}
	}
	first, second := server, whoami(t)
	if first.Compare(second) > 0 {
		first, second = second, first
	}
	taken := map[Entrance]bool{{hub, addrPort("203.0.113.10:1"), second}: true, {hub, addrPort("203.0.113.10:2"), first}: true}
	for range 20 { // in one order, so that it is one problem
		if err := e.Keep(n, taken, nil); err == nil || strings.Index(err.Error(), first.String()) >= strings.Index(err.Error(), second.String()) {
			t.Fatalf("%s and %s, which somebody has: %v", first, second, err)
		}
	}
}

// TestEntrancesLeadIntoPeeredNetworks: to what is attached there, and not to what has the
// same address elsewhere.
func TestEntrancesLeadIntoPeeredNetworks(t *testing.T) {
	server := whoami(t)
	m := natted(withSpoke(throughFirewall(model(), "0.0.0.0/0")), natRule("ssh", 2222, "10.2.0.4:22", "127.0.0.0/8"))
	n, e := NewInproc(Options{}), new(Entrances)
	for network, want := range map[string]string{spoke: "127.0.0.1", provider + "virtualNetworks/other": ""} {
		p := placeOf(t, m)
		p.Mappings = []Mapping{{Network: network, Private: addr("10.2.0.4"), Port: 22, Real: server.Addr(), RealPort: server.Port()}}
		if got := e.call(t, n, 2222, p); got != want {
			t.Errorf("attached in %s: %q, want %q", network, got, want)
		}
	}
}

// TestWhatIsAttachedCallsEntrances: from its private address where a route leads it to the
// firewall, and else by its own way out, if its rules let it.
func TestWhatIsAttachedCallsEntrances(t *testing.T) {
	server := whoami(t)
	m := natted(throughFirewall(model("Out 200 Deny Tcp 10.0.1.7/32 * *"), "0.0.0.0/0"), natRule("front", 2222, "10.0.1.4:22", "10.0.0.20/32"), natRule("host", 2223, "10.0.1.4:22", "127.0.0.1/32"))
	m.Networks[0].Subnets[4].SecurityGroup = groupWeb
	n, e := NewInproc(Options{}), new(Entrances)
	for _, c := range []struct {
		caller string
		port   uint16
		want   string
	}{
		{"10.0.0.20", 2222, "127.0.0.1"},
		{"10.0.0.20", 2223, ""},
		{"10.0.0.21", 2222, ""},
		{"10.0.1.6", 2222, ""},
		{"10.0.1.6", 2223, "127.0.0.1"},
		{"10.0.1.7", 2223, ""},
	} {
		p := placeOf(t, m).mapped("10.0.1.4:22", server.String()).mapped(c.caller, "127.0.0.1")
		if got := e.call(t, n, c.port, p); got != c.want {
			t.Errorf("%s calls port %d: %q, want %q", c.caller, c.port, got, c.want)
		}
	}
}
