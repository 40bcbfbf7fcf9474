package main

import (
	"net/netip"
	"strings"
	"testing"

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
	if want := "vnet-net   -     -   169.254.1.1 168.63.129.16 10.0.9.1  0\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%s, not %s", out.String(), want)
	}
}
