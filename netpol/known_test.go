package netpol_test

import (
	"net/netip"
	"testing"

	"isle/netpol"
	"isle/netpol/modeltext"
)

const byNames = `
network 10.0.0.0/16
subnet work 10.0.0.0/24 - egress
subnet AzureFirewallSubnet 10.0.4.0/26 - -
route egress all 0.0.0.0/0 VirtualAppliance 10.0.4.4
firewall fw AzureFirewallSubnet 10.0.4.4 203.0.113.200
dns fw off 10.0.0.9
netrule fw c 200 Allow db Tcp * =db.example.com 5432
network 10.1.0.0/16 hub
peer hub vnet
peer vnet hub
`

// TestPoliciesDifferInNamesAlone: what firewalls know is no part of the policy that it is
// given to, also where networks are peered.
func TestPoliciesDifferInNamesAlone(t *testing.T) {
	policy, err := netpol.Compile(modeltext.Parse(t, byNames, nil))
	if err != nil {
		t.Fatal(err)
	}
	db := netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr("10.0.0.4"), SourcePort: 1, Destination: netip.MustParseAddr("198.51.100.7"), DestinationPort: 5432}
	judge := func(p *netpol.Policy, f netpol.Flow) netpol.Decision {
		n, _ := p.Network("/vnet")
		return n.Evaluate(f)
	}
	known := policy.WithNames(modeltext.Known(t, "knows fw db.example.com 198.51.100.7\n"))
	for _, d := range []netpol.Decision{judge(policy, db), judge(known.WithNames(netpol.Names{}), db)} {
		if d.Allowed() || d.Reason != netpol.NoRuleMatched {
			t.Errorf("without names: %s", d)
		}
	}
	if d := judge(known, db); !d.Allowed() || d.Host != "db.example.com" {
		t.Errorf("with a name: %s", d)
	}
	for _, n := range known.Networks() {
		for _, r := range n.Reach() {
			if same, _ := known.Network(r.ID()); same != r {
				t.Errorf("%s reaches %s of another policy", n.ID(), r.ID())
			}
		}
	}
	n, _ := known.Network("/vnet")
	if made := testing.AllocsPerRun(100, func() { n.Evaluate(db) }); made > 0 {
		t.Errorf("a flow by a name allocates %v times", made)
	}
}

// TestNamesAreSupposed where nothing is known of them: a flow goes where its client has
// looked the name up. What is known has precedence.
func TestNamesAreSupposed(t *testing.T) {
	policy, err := netpol.Compile(modeltext.Parse(t, byNames, nil))
	if err != nil {
		t.Fatal(err)
	}
	flow := func(host string) netpol.Flow {
		return netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr("10.0.0.4"), SourcePort: 1, Destination: netip.MustParseAddr("198.51.100.7"), DestinationPort: 5432, Application: netpol.Application{Name: host}}
	}
	supposed, _ := policy.WithNames(netpol.Names{}.Supposed()).Network("/vnet")
	elsewhere, _ := policy.WithNames(modeltext.Known(t, "knows fw db.example.com 192.0.2.1\n").Supposed()).Network("/vnet")
	plain, _ := policy.Network("/vnet")
	for _, c := range []struct {
		network *netpol.Network
		host    string
		want    bool
	}{{supposed, "DB.example.com.", true}, {supposed, "other.example.com", false}, {supposed, "", false}, {elsewhere, "db.example.com", false}, {plain, "db.example.com", false}} {
		if d := c.network.Evaluate(flow(c.host)); d.Allowed() != c.want {
			t.Errorf("%s: %s", c.host, d)
		}
	}
}

func TestFirewallsTellTheirNames(t *testing.T) {
	policy, err := netpol.Compile(modeltext.Parse(t, `
network 10.0.0.0/16
subnet AzureFirewallSubnet 10.0.4.0/26 - -
firewall fw AzureFirewallSubnet 10.0.4.4 203.0.113.200 child
policy base -
policy child base
dns policy/base proxy 10.0.0.9
group base g 100
group child h 100
netrule base/g c 100 Allow a Tcp * =B.example.com,=a.example.com 1
natrule child/h n 100 web Tcp * 203.0.113.200 80 =web.example.com:80
`, nil))
	if err != nil {
		t.Fatal(err)
	}
	list := policy.FirewallNames()
	if len(list) != 1 || !list[0].DNS.Proxy || len(list[0].DNS.Servers) != 1 || len(list[0].Names) != 3 || list[0].Names[1] != "b.example.com" {
		t.Errorf("%+v", list)
	}
}

func TestNamesThatAreLookedUpHaveNoStar(t *testing.T) {
	for name, good := range map[string]bool{"db.example.com": true, "db": true, "*": false, "*.example.com": false, "10.0.0.4": false, "": false} {
		if err := netpol.CheckHost(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
