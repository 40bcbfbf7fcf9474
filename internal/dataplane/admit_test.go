package dataplane

import (
	"net/netip"
	"strings"
	"testing"

	"isle/netpol"
)

func TestAdmitExternal(t *testing.T) {
	allow := "In 300 Allow Tcp Internet VirtualNetwork 443"
	for _, c := range []struct {
		name   string
		rules  []string
		caller string
		reason string // what decides; "+" before it: admitted
	}{
		{"no group: everybody", nil, "203.0.113.9", "+no security group"},
		{"no group: a neighbour", nil, "192.168.7.7", "+no security group"},
		{"no group: the host", nil, "127.0.0.1", "+no security group"},
		{"a group that allows nothing", []string{"In 200 Deny Tcp * * 22"}, "203.0.113.9", "DenyAllInBound (priority 65500) of NSG web on subnet front"},
		{"a group that allows nothing: the host", []string{"In 200 Deny Tcp * * 22"}, "127.0.0.1", "DenyAllInBound"},
		{"a group that allows nothing: a neighbour", []string{"In 200 Deny Tcp * * 22"}, "192.168.7.7", "DenyAllInBound"},
		{"allow", []string{allow}, "203.0.113.9", "+securityRules/In300"},
		{"allow: the host", []string{allow}, "127.0.0.1", "+securityRules/In300"},
		{"allow: the host over IPv6", []string{allow}, "::1", "+securityRules/In300"},
		{"allow: a neighbour", []string{allow}, "192.168.7.7", "+securityRules/In300"},
		{"allow: a neighbour over IPv6", []string{allow}, "fd00::7", "+securityRules/In300"},
		{"allow: a neighbour over link-local IPv6", []string{allow}, "fe80::7%eth0", "+securityRules/In300"},
		{"allow: over public IPv6", []string{allow}, "2001:db8::7", "call it over IPv4"},
		{"a neighbour's own address, first", []string{allow, "In 200 Deny Tcp 192.168.7.0/24 * *"}, "192.168.7.7", "securityRules/In200"},
		{"a neighbour's own address, later", []string{allow, "In 400 Deny Tcp 192.168.7.0/24 * *"}, "192.168.7.7", "+securityRules/In300"},
		{"a neighbour's own address, allowed", []string{"In 400 Deny Tcp Internet * *", "In 200 Allow Tcp 192.168.7.7/32 * 443"}, "192.168.7.7", "+securityRules/In200"},
		{"another neighbour", []string{"In 400 Deny Tcp Internet * *", "In 200 Allow Tcp 192.168.7.7/32 * 443"}, "192.168.7.8", "securityRules/In400"},
		{"an attached one", []string{"In 200 Deny Tcp 10.0.1.6/32 * *", allow}, "192.168.7.40", "securityRules/In200"},
		{"attached, and literally", []string{"In 200 Deny Tcp 192.168.7.40/32 * *"}, "192.168.7.40", "+AllowVnetInBound"},
		{"nobody", []string{allow}, "", "not known"},
	} {
		n := NewInproc(Options{Networks: in(place(t, c.rules...).mapped("10.0.1.6", "192.168.7.40"))})
		var from netip.Addr
		if c.caller != "" {
			from = addr(c.caller)
		}
		d := n.Admit("e", Caller{Address: from})
		want, allowed := strings.CutPrefix(c.reason, "+")
		if d.Allowed != allowed || !strings.Contains(d.Reason, want) || d.Flow.Direction != Inbound || d.Record.DestinationPort != 443 {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestRepliesOfNeighboursTakeNoRoute(t *testing.T) {
	n := NewInproc(Options{Networks: in(placeOf(t, throughFirewall(model(), "0.0.0.0/0")))})
	for caller, allowed := range map[string]bool{"192.168.7.7": true, "203.0.113.9": false, "127.0.0.1": false} {
		if d := n.Admit("e", Caller{Address: addr(caller)}); d.Allowed != allowed {
			t.Errorf("%s: %+v", caller, d)
		}
	}
}

func TestAdmitInternal(t *testing.T) {
	p := place(t).mapped("10.0.1.6", "127.0.0.9").mapped("10.0.1.7:80", "127.0.0.8:8080")
	p.Internal = true
	n := NewInproc(Options{Networks: in(p)})
	for _, c := range []struct {
		caller  Caller
		allowed bool
	}{
		{Caller{Address: addr("127.0.0.1")}, false},
		{Caller{Address: addr("203.0.113.9")}, false},
		{Caller{Address: addr("192.168.7.7")}, false},
		{Caller{Address: addr("127.0.0.8")}, false}, // attached for what it is asked, not as a caller
		{Caller{Address: addr("127.0.0.9")}, true},
		{Caller{Address: addr("10.0.1.77")}, true},
		{Caller{Address: addr("127.0.0.1"), Source: &Source{Environment: "e"}}, true},
		{Caller{Address: addr("10.0.1.77"), Source: &Source{Environment: Shared}}, false},
	} {
		d := n.Admit("e", c.caller)
		if d.Allowed != c.allowed || !c.allowed && (d.Record.Stage != "endpoint" || !strings.Contains(d.Reason, "environment ise is Internal, so it answers its virtual network hub only")) {
			t.Errorf("%+v: %+v", c.caller, d)
		}
	}
}

// TestCallsBetweenNetworks has two networks, and what is in none.
func TestCallsBetweenNetworks(t *testing.T) {
	other := model("In 200 Deny Tcp Internet * 443", "Out 200 Deny Tcp * Internet 443")
	other.Networks[0].ID = provider + "virtualNetworks/other"
	closed, open := placeOf(t, other), place(t)
	same := place(t, "In 200 Deny Tcp 10.0.0.5/32 * 443")
	n := NewInproc(Options{Networks: networks{"closed": closed, "open": open, "same": same}})
	for _, c := range []struct {
		from, to string
		reason   string
	}{
		{"open", "open", "+"},
		{"open", "same", "securityRules/In200"}, // over the whole way: the policy of the target's place
		{"open", "closed", "securityRules/In200"},
		{"open", Shared, "+"},
		{"closed", "open", "securityRules/Out200"},
		{"closed", "closed", "+AllowVnetInBound"},
		{"closed", Shared, "securityRules/Out200"},
		{Shared, "open", "+"},
		{Shared, "closed", "securityRules/In200"},
		{Shared, Shared, "+"},
	} {
		d := n.Admit(c.to, Caller{Address: addr("127.0.0.1"), Source: &Source{Environment: c.from}})
		want, allowed := strings.CutPrefix(c.reason, "+")
		if d.Allowed != allowed || !strings.Contains(d.Reason, want) {
			t.Errorf("%s to %s: %+v", c.from, c.to, d)
		}
	}
}

func TestAdmitIsObserved(t *testing.T) {
	var seen []Decision
	n := NewInproc(Options{Networks: in(place(t)), Observe: func(d Decision) { seen = append(seen, d) }})
	n.Admit("e", Caller{Address: addr("203.0.113.9")})
	if len(seen) != 1 || seen[0].Flow.Source.Address != addr("10.0.0.4") || seen[0].Flow.Address.Addr() != addr("203.0.113.9") || seen[0].Record.Verdict != netpol.Allow.String() {
		t.Errorf("%+v", seen)
	}
}
