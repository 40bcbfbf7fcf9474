package dataplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/netpol"
)

// randomPlace is environment "e" under random rules, sometimes with a firewall, with
// application rules, address translation and known threats, a peered network, machines,
// private zones or a name server of its own.
func randomPlace(t *testing.T, r *rand.Rand, network string) *Place {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var rules []string
	for i := range r.IntN(6) {
		rules = append(rules, fmt.Sprintf("%s %d %s %s %s %s %s", pick("In", "Out"), 200+i, pick("Allow", "Deny"), pick("*", "Tcp", "Udp"),
			pick("*", "*", "Internet", "VirtualNetwork", "10.0.0.0/27"), pick("*", "Internet", "VirtualNetwork", "10.0.1.0/24", "198.51.100.7/32", "127.0.0.1/32", "203.0.113.0/24"), pick("*", "443", "53", "8000-8100")))
	}
	m := model(rules...)
	if r.IntN(3) == 0 {
		throughFirewall(m, pick("0.0.0.0/0", "198.51.100.0/24"))
		m.Firewalls[0].Collections[0].Action = 0
		if r.IntN(2) == 0 {
			m.Firewalls[0].Collections[0].Action = 1
		}
		f := &m.Firewalls[0]
		if r.IntN(2) == 0 {
			f.Collections = f.Collections[:r.IntN(2)]
			f.Applications = []netpol.ApplicationCollection{{Name: "names", Priority: 200, Action: netpol.Access(r.IntN(2)), Rules: []netpol.ApplicationRule{{Name: "n", Names: []string{pick("*", "shop.test", "*.corp.test")},
				Protocols: []netpol.ApplicationPort{{Protocol: netpol.HTTPS, Port: 443}, {Protocol: netpol.HTTP, Port: 8050}}}}}}
		}
		if r.IntN(3) == 0 {
			f.NAT = []netpol.NATCollection{{Name: "nat", Priority: 100, Rules: []netpol.NATRule{{Name: "in", Destination: netpol.Side{Ports: []netpol.PortRange{{First: 443, Last: 443}}}, To: addrPort(pick("10.0.1.4:22", "10.0.1.8:443"))}}}}
		}
		if f.ThreatIntel.Mode = netpol.ThreatMode(r.IntN(3)); r.IntN(2) == 0 {
			m.Threats = netpol.Threats{Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/28")}, Names: []string{"shop.test"}}
		}
	}
	if r.IntN(3) == 0 && network == hub {
		withSpoke(m, fmt.Sprintf("In 200 %s Tcp %s * *", pick("Allow", "Deny"), pick("10.0.0.0/16", "10.0.0.0/27")))
	}
	m.Networks[0].ID = network
	p := placeOf(t, m)
	p.Internal = r.IntN(4) == 0
	if r.IntN(2) == 0 {
		p.mapped("10.0.1.4:22", "127.0.0.1:2222").mapped("10.0.1.8", "127.0.0.3")
	}
	p.Zones = NewZones()
	if r.IntN(3) > 0 {
		records := []string{"corp.test. 3600 IN SOA ns.test. host.test. 1 3600 300 2419200 300"}
		for _, name := range []string{"near", "far"} {
			if r.IntN(4) > 0 {
				records = append(records, name+".corp.test. 30 IN A "+pick("10.0.1.4", "10.0.1.77", "198.51.100.7", "10.2.0.4"))
			}
		}
		if err := p.Zones.Add("corp.test", r.IntN(4) == 0, records); err != nil {
			t.Fatal(err)
		}
	}
	if r.IntN(4) == 0 {
		p.DNS = []netip.Addr{addr("10.0.1.9")}
	}
	return p
}

// randomCall is a dial or a call of the access endpoint, which can be made again. It
// tells whether it was denied, or its name was not found in the private zones, and why.
func randomCall(n *Inproc, r *rand.Rand) func(context.Context) (bool, Decision) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	subject := Subject{Workflow: "/w", Name: pick("A", "B")}
	if r.IntN(3) == 0 {
		c := Caller{Subject: subject, Address: addr(pick("127.0.0.1", "203.0.113.9", "10.0.0.37", "127.0.0.3", "192.168.1.1", "2001:db8::9"))}
		if r.IntN(2) == 0 {
			c.Source, c.By = &Source{Environment: pick("e", "other"), Subnet: SubnetBuiltIn}, Subject{Workflow: "/p", Name: "Child"}
		}
		return func(context.Context) (bool, Decision) {
			d := n.Admit("e", c)
			return !d.Allowed, d
		}
	}
	to := net.JoinHostPort(pick("near.corp.test", "far.corp.test", "10.2.0.4", "shop.test", "six.test", "none.test", "localhost", "198.51.100.7", "203.0.113.9", "10.0.1.4", "10.0.1.8", "10.0.1.77", "127.0.0.1", "192.168.7.7", "169.254.169.254", "::1"), pick("443", "22", "8050", "8443", "9443", "53"))
	network, subnet := pick("tcp", "tcp", "udp", "tcp4"), Subnet(r.IntN(subnetCount))
	return func(ctx context.Context) (bool, Decision) {
		_, err := n.Dialer("e", subnet).Dial(WithSubject(ctx, subject), network, to)
		var refused *DeniedError
		if errors.As(err, &refused) {
			return true, refused.Decision
		}
		var unknown *net.DNSError
		if errors.As(err, &unknown) && strings.Contains(unknown.Err, "private DNS zones") {
			return false, Decision{Rule: notFound}
		}
		return false, Decision{}
	}
}

// notFound is the rule of a forecast for a name that the private zones do not have.
const notFound = "NameNotFound"

// TestForecastsAreWhatHappens: what was tried under one policy is forecast for another
// one as it goes when it is tried there, with the same decision.
func TestForecastsAreWhatHappens(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	places := networks{}
	var made []Attempt
	n := NewInproc(Options{Networks: places, Attempted: func(a Attempt) { made = append(made, a) },
		Resolver: names{"shop.test": {"198.51.100.7", "203.0.113.7"}, "six.test": {"2001:db8::1"}, "none.test": {}}})
	n.Reserve("management", addrPort("127.0.0.1:8443"))
	n.Publish("access", addrPort("127.0.0.1:9443"))
	ended, cancel := context.WithCancel(t.Context()) // so that nothing is connected to
	cancel()
	changed := 0
	for range 150 {
		before, after := networks{"e": randomPlace(t, r, hub), "other": randomPlace(t, r, hub+"2")}, networks{"e": randomPlace(t, r, hub), "other": randomPlace(t, r, hub+"2")}
		after["e"].DNS = before["e"].DNS
		forecast := n.Under(before).After(after)
		for range 20 {
			call := randomCall(n, r)
			made = nil
			maps.Copy(places, before)
			was, _ := call(ended)
			if len(made) == 0 || made[len(made)-1].Denied != was {
				t.Fatalf("seed %d: denied is %v, noted is %+v", seed, was, made)
			}
			a := made[len(made)-1] // before that: the way out of another network
			maps.Copy(places, after)
			denied, decision := call(ended)
			d := forecast.Judge(a)
			if d.Rule == notFound || decision.Rule == notFound {
				// Left to the host's resolver, which nobody asks beforehand, it counts as denied.
				if left := strings.Contains(d.Reason, "any more"); d.Rule != notFound || d.Allowed || !left && decision.Rule != notFound {
					t.Fatalf("seed %d: %+v:\nthe forecast is %v %+v\nit happens %+v", seed, a, d.Allowed, d.Record, decision)
				}
				continue
			}
			if d.Allowed == denied || denied && d.Record != decision.Record {
				t.Fatalf("seed %d: %+v:\nthe forecast is %v %+v\nit happens %v %+v", seed, a, d.Allowed, d.Record, !denied, decision.Record)
			}
			if was != denied {
				changed++
			}
		}
	}
	if changed < 100 {
		t.Errorf("seed %d: only %d of 3000 changed: the test says little", seed, changed)
	}
}

// A connection that is kept has no dial for whom it serves later; they tried all the same.
func TestAKeptConnectionIsAnAttemptOfEachWhoUsesIt(t *testing.T) {
	var made []Attempt
	n := NewInproc(Options{Networks: in(place(t)), Attempted: func(a Attempt) { made = append(made, a) }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	one, two := WithSubject(t.Context(), Subject{Workflow: "/one"}), WithSubject(t.Context(), Subject{Workflow: "/two"})
	c, err := n.Dialer("e", SubnetBuiltIn).Dial(one, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	Used(one, c, false)
	Used(one, tls.Client(c, nil), true)
	Used(two, tls.Client(c, nil), false)
	var whose []string
	for _, a := range made {
		whose = append(whose, a.Subject.Workflow)
	}
	if !slices.Equal(whose, []string{"/one", "/one", "/two"}) {
		t.Errorf("%q", whose)
	}
}

// What is no name is told of to nobody, however long it is.
func TestAHostThatIsNoNameIsNoAttempt(t *testing.T) {
	var made []Attempt
	n := NewInproc(Options{Networks: in(place(t)), Attempted: func(a Attempt) { made = append(made, a) }})
	for _, host := range []string{strings.Repeat("a", maxHost+1), strings.Repeat("a.", 1<<19) + "test", "127.0.0.1"} {
		if c, err := n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "udp", net.JoinHostPort(host, "9")); err == nil {
			_ = c.Close()
		}
	}
	if len(made) != 1 || made[0].Host != "127.0.0.1" {
		t.Errorf("%d attempts: %.300v", len(made), made)
	}
}
