package dataplane

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// outbound judges a flow of the first subnet and returns the reason, which says what
// decided.
func outbound(n *Inproc, protocol, to string) Decision {
	return n.Judge(Flow{Source: Source{Environment: "e"}, Protocol: protocol, Address: addrPort(to)})
}

// TestTheHostIsAttachedWithAllItsAddresses: what listens on all of them is not reached past
// the rules by another one, and who calls from another one is the same machine.
func TestTheHostIsAttachedWithAllItsAddresses(t *testing.T) {
	p := place(t, "Out 200 Deny Tcp * 10.0.1.6/32 *", "In 200 Deny Tcp 10.0.1.6/32 * *")
	n := NewInproc(Options{Networks: in(p.mapped("10.0.1.6", "127.0.0.1").mapped("10.0.1.7", "127.0.0.2"))})
	n.host.current.Store(&hostList{read: time.Now().Add(time.Hour), set: map[netip.Addr]struct{}{addr("192.168.7.7"): {}, addr("203.0.113.7"): {}}})
	for real, private := range map[string]string{"127.0.0.1": "10.0.1.6", "192.168.7.7": "10.0.1.6", "127.0.0.9": "10.0.1.6", "::1": "10.0.1.6",
		"127.0.0.2": "10.0.1.7", "203.0.113.7": "203.0.113.7", "192.168.7.8": "192.168.7.8"} {
		at := netip.AddrPortFrom(addr(real), 22)
		if d := n.Judge(Flow{Source: Source{Environment: "e"}, Protocol: "tcp", Address: at}); d.Record.Destination != private || private == "10.0.1.6" && d.Allowed {
			t.Errorf("%s is %s: %+v", real, private, d)
		}
		if _, reach, _ := n.meant(p, at); reach != at {
			t.Errorf("%s leads to %s", at, reach)
		}
		if d := n.Admit("e", Caller{Address: addr(real)}); real != "192.168.7.8" && d.Record.Source != private || d.Allowed && private == "10.0.1.6" {
			t.Errorf("from %s is %s: %+v", real, private, d)
		}
	}
	if _, reach, _ := n.meant(p, addrPort("10.0.1.6:22")); reach != addrPort("127.0.0.1:22") {
		t.Errorf("its private address leads to %s", reach)
	}
}

func TestPolicyDecides(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t,
		"Out 200 Deny Tcp * Internet 8080", "Out 210 Deny Udp * 10.0.1.0/24 53", "Out 220 Deny * * 198.51.100.0/24 *", "Out 230 Allow * * 192.0.2.9/32 *"))})
	n.Reserve("management", addrPort("127.0.0.1:8443"))
	for _, c := range []struct {
		protocol, to string
		allowed      bool
		zone         Zone
		reason       string // part of it
	}{
		{"tcp", "203.0.113.5:443", true, ZoneInternet, "defaultSecurityRules/AllowInternetOutBound (priority 65001) of NSG web on subnet front"},
		{"tcp", "203.0.113.5:8080", false, ZoneInternet, "denied by securityRules/Out200 (priority 200) of NSG web on subnet front"},
		{"udp", "203.0.113.5:8080", true, ZoneInternet, "AllowInternetOutBound"},
		{"tcp", "127.0.0.1:8080", false, ZoneInternet, "denied by securityRules/Out200 (priority 200) of NSG web on subnet front"},
		{"tcp", "[::1]:8080", false, ZoneInternet, "securityRules/Out200"},
		{"tcp", "0.0.0.0:8080", false, ZoneInternet, "securityRules/Out200"},
		{"tcp", "[::ffff:127.0.0.1]:8080", false, ZoneInternet, "securityRules/Out200"},
		{"tcp", "127.0.0.1:8081", true, ZoneInternet, "AllowInternetOutBound"},
		{"tcp", "127.0.0.1:8443", false, ZoneReserved, "Isle's own management endpoint"},
		{"udp", "10.0.1.9:53", false, ZoneVirtualNetwork, "securityRules/Out210"},
		{"tcp", "10.0.1.9:53", true, ZoneVirtualNetwork, "AllowVnetOutBound"},
		{"tcp", "198.51.100.1:443", false, ZoneInternet, "securityRules/Out220"},
		{"tcp", "169.254.169.254:80", false, ZoneLinkLocal, "link-local"},
		{"tcp", "168.63.129.16:80", false, ZoneLinkLocal, "link-local"},
		{"tcp", "[2001:db8::1]:443", false, ZoneInternet, "2001:db8::1 is an IPv6 address, and subnet front has none"},
		{"tcp", "[64:ff9b::c633:6401]:443", false, ZoneInternet, "is an IPv6 address"},
		{"tcp", "192.168.7.7:443", false, ZoneInternet, "DenyAllOutBound (priority 65500) of NSG web on subnet front; give it an address of the network with `isle port add`, or add a rule that allows it and a route to it with next hop Internet"},
	} {
		d := outbound(n, c.protocol, c.to)
		if d.Allowed != c.allowed || d.Flow.Zone != c.zone || !strings.Contains(d.Reason, c.reason) || d.Rule == "" {
			t.Errorf("%s %s: %v %v %q", c.protocol, c.to, d.Allowed, d.Flow.Zone, d.Reason)
		}
		if (d.Record.Verdict == "Allow") != c.allowed || !strings.Contains(d.Record.Message, d.Reason) || d.Flow.EnvironmentID == "" || d.Flow.Source.Address != addr("10.0.0.5") {
			t.Errorf("%s %s: %+v", c.protocol, c.to, d)
		}
	}
}

func TestPrivateSpaceOutsideTheNetwork(t *testing.T) {
	p := place(t) // no security group: the routes decide
	d := outbound(NewInproc(Options{Networks: in(p)}), "tcp", "192.168.7.7:443")
	want := "denied by the system's route 192.168.0.0/16 to None of subnet front"
	remedy := "; give it an address of the network with `isle port add`, or add a route to it with next hop Internet"
	if d.Allowed || !strings.HasPrefix(d.Reason, want) || !strings.HasSuffix(d.Reason, remedy) || d.Record.Message != d.Reason {
		t.Errorf("%+v", d)
	}
	if d := outbound(NewInproc(Options{Networks: in(p.mapped("10.0.1.7", "192.168.7.7"))}), "tcp", "192.168.7.7:443"); !d.Allowed {
		t.Errorf("attached: %+v", d)
	}
}

func TestDeniedErrorNamesTheRule(t *testing.T) {
	n := NewInproc(Options{Networks: in(place(t, "Out 200 Deny Tcp * 198.51.100.7/32 443")), Resolver: names{"shop.test": {"198.51.100.7"}}})
	for host, want := range map[string]string{
		"198.51.100.7:443": "the network policy denies the connection to 198.51.100.7:443: denied by securityRules/Out200 (priority 200) of NSG web on subnet front",
		"shop.test:443":    "the network policy denies the connection to shop.test (198.51.100.7:443): denied by securityRules/Out200 (priority 200) of NSG web on subnet front",
	} {
		_, err := n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", host)
		var denied *DeniedError
		if !errors.As(err, &denied) || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}

func TestAttachments(t *testing.T) {
	p := place(t, "Out 200 Deny Tcp * 10.0.1.4/32 22", "Out 210 Deny Tcp * 10.0.1.8/32 *", "Out 220 Deny Tcp * Internet *").
		mapped("10.0.1.4:22", "127.0.0.1:2222").mapped("10.0.1.5:22", "192.0.2.40:2222").
		mapped("10.0.1.6", "192.0.2.41").mapped("10.0.1.6:80", "192.0.2.42:8080").
		mapped("10.0.1.7:80", "169.254.169.254:80").mapped("10.0.1.7:81", "127.0.0.1:8443").
		mapped("10.0.1.8", "192.0.2.43")
	n := NewInproc(Options{Networks: in(p)})
	n.Reserve("management", addrPort("127.0.0.1:8443"))
	for _, c := range []struct {
		to    string
		reach string // "" for denied
		rule  string // or what the reason says
	}{
		{"10.0.1.4:22", "", "Out200"},
		{"127.0.0.1:2222", "", "Out200"},
		{"[::1]:2222", "", "Out200"},
		{"0.0.0.0:2222", "", "Out200"},
		{"127.0.0.1:2223", "", "Out220"},
		{"10.0.1.5:22", "192.0.2.40:2222", "AllowVnetOutBound"},
		{"192.0.2.40:2222", "192.0.2.40:2222", "AllowVnetOutBound"},
		{"192.0.2.40:2223", "", "Out220"},
		{"10.0.1.6:443", "192.0.2.41:443", "AllowVnetOutBound"},
		{"192.0.2.41:443", "192.0.2.41:443", "AllowVnetOutBound"},
		{"10.0.1.6:80", "192.0.2.42:8080", "AllowVnetOutBound"},
		{"10.0.1.7:80", "", "link-local"},
		{"10.0.1.7:81", "", "Isle's own"},
		{"192.0.2.43:1", "", "Out210"},
	} {
		j := n.judge(n.place("e"), Flow{Source: Source{Environment: "e"}, Protocol: "tcp", Address: addrPort(c.to)})
		if j.Allowed != (c.reach != "") || j.Allowed && j.reach != addrPort(c.reach) || !strings.Contains(j.Reason, c.rule) {
			t.Errorf("%s: %v %v %s", c.to, j.Allowed, j.reach, j.Reason)
		}
	}
}

func TestUnknownPolicyDeniesEverything(t *testing.T) {
	p := place(t)
	p.Network, p.Err = nil, errors.New("route table out does not compile")
	system := &counting{names: names{"shop.test": {"127.0.0.1"}}}
	n := NewInproc(Options{Networks: in(p), Resolver: system})
	at := addrPort("127.0.0.1:8443")
	defer n.Publish("access endpoint", at).Close()
	d := n.Dialer("e", SubnetBuiltIn)
	for _, to := range []string{"127.0.0.1:80", "shop.test:80", "10.0.1.4:22", at.String()} {
		_, err := d.Dial(t.Context(), "tcp", to)
		var denied *DeniedError
		if !errors.As(err, &denied) || !strings.Contains(err.Error(), "route table out does not compile") {
			t.Errorf("%s: %v", to, err)
		}
	}
	if system.asked != 0 {
		t.Error("a name was looked up")
	}
	if d := n.Admit("e", Caller{Address: addr("127.0.0.1")}); d.Allowed {
		t.Error("a caller was admitted")
	}
}

func TestIPv6AnswersArePassedOver(t *testing.T) {
	to := echo(t)
	var seen []Decision
	n := NewInproc(Options{Networks: in(place(t)), Resolver: names{"both.test": {"2001:db8::1", "127.0.0.1"}, "six.test": {"2001:db8::1"}},
		Observe: func(d Decision) { seen = append(seen, d) }})
	d := n.Dialer("e", SubnetBuiltIn)
	c, err := d.Dial(t.Context(), "tcp", "both.test:"+port(to))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for _, s := range seen {
		if !s.Allowed {
			t.Errorf("%+v", s)
		}
	}
	var denied *DeniedError
	if _, err := d.Dial(t.Context(), "tcp", "six.test:80"); !errors.As(err, &denied) || denied.Decision.Rule != "NoIPv6" {
		t.Errorf("%v", err)
	}
}

func TestOwnAddressesOfTheHostAreTheHost(t *testing.T) {
	var own netip.Addr
	for a := range readHostList().set {
		if a.Is4() && !a.IsLoopback() && !isPublic(a) && !a.IsLinkLocalUnicast() {
			own = a
		}
	}
	if !own.IsValid() {
		t.Skip("this host has no private address")
	}
	n := NewInproc(Options{Networks: in(place(t, "Out 200 Deny Tcp * 127.0.0.1/32 80"))})
	if d := outbound(n, "tcp", netip.AddrPortFrom(own, 80).String()); d.Allowed || d.Record.RuleName != "securityRules/Out200" {
		t.Errorf("%+v", d)
	}
}

// A dial asks what is within reach of its network: that costs nothing.
func TestWhatIsWithinReachIsAskedWithoutACopy(t *testing.T) {
	p := placeOf(t, withSpoke(model()))
	for _, c := range []struct {
		address string
		want    bool
	}{{"10.0.1.4", true}, {"10.2.0.4", true}, {"::ffff:10.2.0.4", true}, {"10.2.1.4", false}, {"192.0.2.1", false}, {"127.0.0.1", false}, {"2001:db8::1", false}} {
		at := addr(c.address)
		if n := testing.AllocsPerRun(10, func() {
			if p.holds(at) != c.want {
				t.Errorf("%s: it is not %v", at, c.want)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", at, n)
		}
	}
}
