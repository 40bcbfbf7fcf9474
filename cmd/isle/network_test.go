package main

import (
	"net/netip"
	"strings"
	"testing"

	"isle/internal/dataplane"
	"isle/internal/server"
)

// Where no server runs nobody says what is a router: its ports' addresses are shown once.
func TestNetworkWithoutServer(t *testing.T) {
	port := server.PortStatus{Addresses: []netip.Prefix{netip.MustParsePrefix("169.254.1.1/32"), netip.MustParsePrefix("168.63.129.16/32")}}
	machines := server.PortStatus{Addresses: append([]netip.Prefix{netip.MustParsePrefix("10.0.9.1/32")}, port.Addresses...)}
	status := server.NetworkStatus{Namespaces: []server.NamespaceStatus{{Name: "vnet-net", Ports: []server.PortStatus{port, port, machines}}}}
	var out strings.Builder
	if err := printNetwork(&out, &status, false); err != nil {
		t.Fatal(err)
	}
	if want := "vnet-net   -     -   -        169.254.1.1 168.63.129.16 10.0.9.1  0\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%s, not %s", out.String(), want)
	}
}

// A counter is told by its rule and the resource group of that, and by the text that the
// kernel has where nobody says what it stands for; without any, that is said.
func TestCounters(t *testing.T) {
	status := server.NetworkStatus{Namespaces: []server.NamespaceStatus{{Name: "vnet-net"}}}
	var out strings.Builder
	if printCounters(&out, &status); out.String() != "\nNo rules are counted: no security group or firewall is in force.\n" {
		t.Errorf("no rule: %s", out.String())
	}
	status.Namespaces[0].Counters = []server.Counter{
		{Rule: "/subscriptions/s/resourceGroups/isle/providers/Microsoft.Network/networkSecurityGroups/web/securityRules/No80", Packets: 2, Bytes: 120},
		{Rule: "No80-d91b885fe2", Packets: 1, Bytes: 60},
	}
	out.Reset()
	printCounters(&out, &status)
	want := `
RULE                                          RESOURCE GROUP  NAMESPACE  PACKETS  BYTES
networkSecurityGroups/web/securityRules/No80  isle            vnet-net   2        120
No80-d91b885fe2                               -               vnet-net   1        60
`
	if out.String() != want {
		t.Errorf("%s, not %s", out.String(), want)
	}
}

// The networks are told by their names, with why they are not in force; and the command ends
// with 1 unless all of them are.
func TestNetworksInForce(t *testing.T) {
	held := server.HeldNetwork{Name: "net", ResourceGroup: "isle", Environments: []string{"isle"}, InForce: true}
	broken := server.HeldNetwork{Name: "other", ResourceGroup: "isle", Problems: []server.NetworkProblem{{Message: "the namespace /run/netns/a is the server's own", To: "/run/netns/a"}}}
	kernel := dataplane.Isolation{Mode: server.DataPlaneKernel, Isolated: true}
	for _, c := range []struct {
		status server.NetworkStatus
		all    bool
	}{
		{server.NetworkStatus{Isolation: kernel, Networks: []server.HeldNetwork{held}}, true},
		{server.NetworkStatus{Isolation: kernel}, true},
		{server.NetworkStatus{Isolation: dataplane.Isolation{Mode: server.DataPlaneKernel}, Networks: []server.HeldNetwork{held, broken}}, false},
		{server.NetworkStatus{Isolation: dataplane.Isolation{Mode: server.DataPlaneKernel}}, false}, // nothing was brought to it
		{server.NetworkStatus{Isolation: kernel, Networks: []server.HeldNetwork{held}, Differences: []string{"x: the namespace is not wanted"}}, false},
		{server.NetworkStatus{Isolation: dataplane.Isolation{Mode: server.DataPlaneInproc}}, true},
		{server.NetworkStatus{}, false}, // no server runs
	} {
		if inForce(&c.status) != c.all {
			t.Errorf("%+v: in force %t", c.status, !c.all)
		}
	}
	var out strings.Builder
	if err := printNetworks(&out, []server.HeldNetwork{held, broken}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"net      isle            isle          yes\n", "other    isle            -             no\n", "Not in force of other:\n  - the namespace /run/netns/a is the server's own\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in %s", line, out.String())
		}
	}
}
