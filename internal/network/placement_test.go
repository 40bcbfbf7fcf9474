package network

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

const scope = "/subscriptions/s/resourceGroups/g/providers/"

// stored makes policies of forms that are put into a store as they are; tags are
// pairs of names and texts.
func stored(t *testing.T, put func(save func(id string, form any, tags ...string))) *Policies {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.Control().Write(t.Context(), func(tx *store.Tx) (err error) {
		put(func(id string, form any, tags ...string) {
			r := arm.Resource{Resource: store.Resource{ID: scope + id, State: succeeded, ETag: arm.NewETag()}, Tags: expr.Object()}
			for i := 0; i < len(tags); i += 2 {
				r.Tags = r.Tags.With(tags[i], expr.String(tags[i+1]))
			}
			body, fault := encode(form)
			r.Body = body
			if err == nil {
				err = fault
			}
			if fault := arm.Save(tx, r); err == nil {
				err = fault
			}
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return NewPolicies(s, netpol.TagFile{}, nil)
}

// scenario is the firewall scenario: a subnet whose flows leave by a firewall.
func scenario(t *testing.T) *Policies {
	return stored(t, func(save func(id string, form any, tags ...string)) {
		vnet := typeNetworks + "/net"
		save(vnet, &Network{Version: 1, Space: []string{"10.0.0.0/16"}, Settings: expr.Object()})
		save(vnet+"/subnets/a", &Subnet{Version: 1, Prefixes: []string{"10.0.0.0/24"}, RouteTable: scope + typeTables + "/rt/", SecurityGroup: strings.ToUpper(scope) + typeGroups + "/nsg", Settings: expr.Object()})
		save(vnet+"/subnets/AzureFirewallSubnet", &Subnet{Version: 1, Prefixes: []string{"10.0.9.0/26"}, Settings: expr.Object()})
		save(vnet+"/subnets/GatewaySubnet", &Subnet{Version: 1, Prefixes: []string{"10.0.8.0/27"}, Settings: expr.Object()})
		save(typeTables+"/rt", &Attachment{Version: 1, Settings: expr.Object()})
		save(typeTables+"/rt/routes/out", &Route{Version: 1, Name: "out", Prefix: "0.0.0.0/0", NextHopType: hopAppliance, NextHop: "10.0.9.4"})
		save(typeGroups+"/nsg", &Attachment{Version: 1, Settings: expr.Object()})
		save(typeInterfaces+"/nic", &Interface{Version: 1, Settings: expr.Object(), SecurityGroup: scope + typeGroups + "/nsg", Configurations: []Configuration{{Name: "c", Subnet: scope + vnet + "/subnets/a", Address: "10.0.0.5"}}},
			"Isle-Attach", "22=127.0.0.1:2222")
		save(typePublicIPs+"/out", &PublicIP{Version: 1, Address: "203.0.113.1", Settings: expr.Object()}, "isle-egress", "bind:127.0.0.2")
		save(typePublicIPs+"/idle", &PublicIP{Version: 1, Address: "203.0.113.2", Settings: expr.Object()})
		save(typeFirewalls+"/fw", &Firewall{Version: 1, Address: "10.0.9.4", Settings: expr.Object(),
			Configurations: []FirewallConfiguration{{Name: "c", Subnet: scope + vnet + "/subnets/AzureFirewallSubnet", PublicIP: scope + typePublicIPs + "/OUT"}},
			Collections: []Collection{{Name: "web", Priority: 200, Action: "Allow", Rules: []FirewallRule{
				{Name: "https", Protocols: []string{"TCP"}, Sources: []string{"10.0.0.0/24", "10.0.1.9"}, Destinations: []string{"*"}, Ports: []string{"443", "8000-8999"}}}}}})
		save(typeGateways+"/gw", &VirtualGateway{Version: 1, Subnet: scope + vnet + "/subnets/GatewaySubnet", ClientPool: []string{"172.16.0.0/24"}, Settings: expr.Object()}, "isle-routes", "192.168.0.0/16, 198.51.100.0/24")
	})
}

func current(t *testing.T, p *Policies) (*Snapshot, *netpol.Network) {
	t.Helper()
	s, err := p.Current()
	if err != nil {
		t.Fatal(err)
	}
	n, ok := s.Policy.Network(scope + typeNetworks + "/net")
	if !ok {
		t.Fatal("there is no network")
	}
	return s, n
}

func TestTheFirewallScenario(t *testing.T) {
	s, n := current(t, scenario(t))
	to := func(address string, port uint16) netpol.Decision {
		return n.Evaluate(netpol.Flow{Protocol: netpol.TCP, Source: netip.MustParseAddr("10.0.0.4"), SourcePort: unknownPort, Destination: netip.MustParseAddr(address), DestinationPort: port})
	}
	if d := to("93.184.216.34", 443); !d.Allowed() || d.SNATIP != netip.MustParseAddr("203.0.113.1") {
		t.Errorf("%+v", d)
	}
	if d := to("93.184.216.34", 80); d.Allowed() || d.Firewall != scope+typeFirewalls+"/fw" {
		t.Errorf("%+v", d)
	}
	if d := to("172.16.0.9", 80); !d.Allowed() || d.NextHop != netpol.VirtualNetworkGateway {
		t.Errorf("%+v", d)
	}
	if d := to("198.51.100.9", 80); !d.Allowed() {
		t.Errorf("%+v", d)
	}
	vnet := scope + typeNetworks + "/net"
	if got := fmt.Sprint(s.Outgoing(strings.ToUpper(vnet), vnet+"/subnets/a", false), s.Outgoing(vnet, vnet+"/subnets/GatewaySubnet", false), s.Outgoing(vnet+"x", "", false)); got != "[203.0.113.1] [] []" {
		t.Error(got)
	}
	if e := s.Egress(); len(e) != 1 || e[netip.MustParseAddr("203.0.113.1")] != (Egress{PublicIP: scope + typePublicIPs + "/out", Bind: netip.MustParseAddr("127.0.0.2")}) {
		t.Errorf("%+v", e)
	}
	want := Mapping{Interface: scope + typeInterfaces + "/nic", Private: netip.MustParseAddr("10.0.0.5"), Port: 22, Real: netip.MustParseAddr("127.0.0.1"), RealPort: 2222}
	if m := s.Mappings(strings.ToUpper(vnet)); len(m) != 1 || m[0] != want {
		t.Errorf("%+v", m)
	}
}

func TestSNATRanges(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "[]",
		"IANAPrivateRanges 1.2.3.4":     "[10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 1.2.3.4/32]",
		"0.0.0.0/0":                     "[0.0.0.0/0]",
		"255.255.255.255/32 10.0.0.1/8": "error",
		"Internet":                      "error",
	} {
		ranges, err := snatRanges(entries(text))
		got := fmt.Sprint(ranges)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestEffectiveRulesAndRoutes(t *testing.T) {
	p := scenario(t)
	ask := func(h arm.Handler) expr.Value {
		t.Helper()
		answer, err := h(context.Background(), &arm.Request{Resource: arm.Resource{Resource: store.Resource{ID: scope + typeInterfaces + "/nic"}}})
		if err != nil {
			t.Fatal(err)
		}
		v, _ := answer.Body.Get("value")
		return v
	}
	groups := ask(p.effectiveGroups)
	if groups.Len() != 2 {
		t.Fatalf("%s", groups.JSON())
	}
	for i, want := range []string{`"networkInterface":{"id":"` + scope + typeInterfaces + `/nic"}`, `"subnet":{"id":"` + scope + typeNetworks + `/net/subnets/a"}`} {
		text := string(groups.Index(i).JSON())
		for _, part := range []string{want, `"name":"defaultSecurityRules/AllowVnetInBound","protocol":"All","sourcePortRange":"0-65535"`, `"sourceAddressPrefix":"VirtualNetwork"`,
			`"expandedSourceAddressPrefix":["10.0.0.0/16"`, `"sourceAddressPrefix":"0.0.0.0/0","sourceAddressPrefixes":["0.0.0.0/0","::/0"]`, `"tagMap":"{\"AzureLoadBalancer\":[\"168.63.129.16/32\"]`} {
			if !strings.Contains(text, part) {
				t.Errorf("%s is not in %s", part, text)
			}
		}
	}
	routes := string(ask(p.effectiveRoutes).JSON())
	for _, part := range []string{
		`{"name":"out","disableBgpRoutePropagation":false,"source":"User","state":"Active","addressPrefix":["0.0.0.0/0"],"nextHopIpAddress":["10.0.9.4"],"nextHopType":"VirtualAppliance"}`,
		`"source":"Default","state":"Invalid","addressPrefix":["0.0.0.0/0"],"nextHopIpAddress":[],"nextHopType":"Internet"}`,
		`"source":"VirtualNetworkGateway","state":"Active","addressPrefix":["172.16.0.0/24"],"nextHopIpAddress":[],"nextHopType":"VirtualNetworkGateway"}`,
	} {
		if !strings.Contains(routes, part) {
			t.Errorf("%s is not in %s", part, routes)
		}
	}
	if strings.Contains(routes, `"None"`) {
		t.Errorf("the default route leaves private ranges out of what it leads to: %s", routes)
	}
}
