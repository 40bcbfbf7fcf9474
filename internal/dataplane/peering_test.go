package dataplane

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"isle/netpol"
)

const spoke = provider + "virtualNetworks/spoke"

// withSpoke peers the network with another one, 10.2.0.0/16, whose subnet "a" lets in
// what its group says.
func withSpoke(m *netpol.Model, rules ...string) *netpol.Model {
	group := netpol.SecurityGroup{ID: provider + "networkSecurityGroups/spoke"}
	for _, text := range rules {
		group.Rules = append(group.Rules, rule(text))
	}
	m.SecurityGroups = append(m.SecurityGroups, group)
	space := []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16")}
	subnets := []netpol.Subnet{{ID: spoke + "/subnets/a", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/24")}, SecurityGroup: group.ID}}
	m.Networks[0].Peerings = []netpol.Peering{{ID: hub + "/virtualNetworkPeerings/spoke", Remote: spoke, Space: space, Access: true}}
	m.Networks = append(m.Networks, netpol.VirtualNetwork{ID: spoke, Space: space, Subnets: subnets,
		Peerings: []netpol.Peering{{ID: spoke + "/virtualNetworkPeerings/hub", Remote: hub, Space: m.Networks[0].Space, Access: true, Forwarded: true}}})
	return m
}

// A dial reaches what is attached in a peered network, under the rules of both.
func TestDialReachesAPeeredNetwork(t *testing.T) {
	at := whoami(t)
	there := Mapping{Network: spoke, Private: addr("10.2.0.4"), Port: 22, Real: at.Addr(), RealPort: at.Port()}
	dial := func(m *netpol.Model, to string) (string, error) {
		p := placeOf(t, m)
		p.Mappings = append(p.Mappings, there)
		return greeting(t, NewInproc(Options{Networks: in(p)}).Dialer("e", SubnetBuiltIn), "tcp", to)
	}
	for _, to := range []string{"10.2.0.4:22", at.String()} {
		if got, err := dial(withSpoke(model()), to); got != "127.0.0.1" {
			t.Errorf("%s: %q %v", to, got, err)
		}
	}
	if got, err := dial(withSpoke(throughFirewall(model(), "10.2.0.0/16")), "10.2.0.4:22"); got != "127.0.0.1" {
		t.Errorf("through the firewall: %q %v", got, err)
	}
	var denied *DeniedError
	if _, err := dial(withSpoke(model(), "In 200 Deny Tcp 10.0.0.0/16 * 22"), "10.2.0.4:22"); !errors.As(err, &denied) || denied.Decision.Rule != "securityRules/In200" || denied.Decision.Flow.Zone != ZoneVirtualNetwork {
		t.Errorf("the rule of the other network: %v", err)
	}
	if _, err := dial(model(), "10.2.0.4:22"); !errors.As(err, &denied) || denied.Decision.Record.Stage != "route" {
		t.Errorf("without a peering: %v", err)
	}
	var op *net.OpError
	if _, err := dial(withSpoke(model()), "10.2.0.9:22"); !errors.As(err, &op) || !strings.Contains(err.Error(), "nothing is attached to 10.2.0.9:22") {
		t.Errorf("where nobody is: %v", err)
	}
}

// A peering without access is no way to an endpoint: the caller leaves its own network, as
// its rules let it, and comes from this host.
func TestAdmitWherePeeringGivesNoAccess(t *testing.T) {
	for _, c := range []struct {
		internal bool
		rule     string // of the caller's network
		want     string
	}{
		{false, "Out 200 Deny Tcp * Internet 443", "securityRules/Out200"},
		{false, "Out 200 Allow Tcp * Internet 443", "+securityRules/In200"},
		{true, "Out 200 Deny Tcp * Internet 443", "securityRules/Out200"},
		{true, "Out 200 Allow Tcp * Internet 443", "is Internal"},
	} {
		m := withSpoke(model("In 200 Allow Tcp 127.0.0.1/32 * 443"), c.rule)
		m.Networks[0].Peerings[0].Access = false
		target, caller := placeOf(t, m), placeOf(t, m)
		target.Internal = c.internal
		policy, err := netpol.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		caller.Network, _ = policy.Network(spoke)
		caller.Ranges[SubnetBuiltIn] = netip.MustParsePrefix("10.2.0.0/27")
		n := NewInproc(Options{Networks: networks{"e": target, "peered": caller}})
		d := n.Admit("e", Caller{Address: addr("127.0.0.1"), Source: &Source{Environment: "peered"}})
		want, allowed := strings.CutPrefix(c.want, "+")
		if d.Allowed != allowed || !strings.Contains(d.Reason, want) {
			t.Errorf("%v %s: %+v", c.internal, c.rule, d)
		}
	}
}

// An Internal endpoint answers a peered network: its workflows, and what is attached there.
func TestAdmitFromAPeeredNetwork(t *testing.T) {
	m := withSpoke(model("In 200 Deny Tcp 10.2.0.9/32 * *"))
	target := placeOf(t, m)
	target.Internal = true
	target.Mappings = []Mapping{{Network: spoke, Private: addr("10.2.0.8"), Real: addr("127.0.0.9")}, {Network: spoke, Private: addr("10.2.0.9"), Real: addr("127.0.0.10")}}
	policy, err := netpol.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	caller := &Place{Environment: "/other", Ranges: [subnetCount]netip.Prefix{netip.MustParsePrefix("10.2.0.0/27")}, Subnets: [subnetCount]string{spoke + "/subnets/a"}}
	caller.Network, _ = policy.Network(spoke)
	n := NewInproc(Options{Networks: networks{"e": target, "peered": caller, "apart": place(t)}})
	for _, c := range []struct {
		caller Caller
		want   string
	}{
		{Caller{Address: addr("127.0.0.9")}, "+AllowVnetInBound"},
		{Caller{Address: addr("127.0.0.10")}, "securityRules/In200"},
		{Caller{Address: addr("127.0.0.1"), Source: &Source{Environment: "peered"}}, "+AllowVnetInBound"},
		{Caller{Address: addr("127.0.0.1"), Source: &Source{Environment: Shared}}, "is Internal"},
	} {
		d := n.Admit("e", c.caller)
		want, allowed := strings.CutPrefix(c.want, "+")
		if d.Allowed != allowed || !strings.Contains(d.Reason, want) {
			t.Errorf("%+v: %+v", c.caller, d)
		}
	}
}
