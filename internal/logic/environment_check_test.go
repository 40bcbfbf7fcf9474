package logic

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"isle/internal/arm"
)

const (
	testNetwork = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/net"
	testISE     = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/ise"
)

func found(p arm.Found) string {
	list := make([]string, len(p))
	for i, e := range p {
		list[i] = e.Code
	}
	return strings.Join(list, " ")
}

func goodWanted() *wanted {
	w := &wanted{name: "ise", location: "West US", sku: "premium", endpoint: "internal"}
	for i := range subnetCount {
		w.subnets = append(w.subnets, fmt.Sprintf("%s/subnets/s%d", testNetwork, i))
	}
	return w
}

func capacity(n int64) *int64 { return &n }

func TestEnvironmentRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*wanted)
		want   string
	}{
		{"good", func(w *wanted) {}, ""},
		{"all characters of a name", func(w *wanted) { w.name = "A-z_0.9" }, ""},
		{"space in the name", func(w *wanted) { w.name = "my ise" }, "InvalidResourceName"},
		{"parenthesis in the name", func(w *wanted) { w.name = "ise(1)" }, "InvalidResourceName"},
		{"umlaut in the name", func(w *wanted) { w.name = "isé" }, "InvalidResourceName"},
		{"81 characters", func(w *wanted) { w.name = strings.Repeat("i", 81) }, "InvalidResourceName"},
		{"no SKU", func(w *wanted) { w.sku = "" }, "InvalidSku"},
		{"other SKU", func(w *wanted) { w.sku = "Standard" }, "InvalidSku"},
		{"NotSpecified SKU", func(w *wanted) { w.sku = "NotSpecified" }, "InvalidSku"},
		{"Premium 0", func(w *wanted) { w.capacity = capacity(0) }, ""},
		{"Premium 10", func(w *wanted) { w.capacity = capacity(10) }, ""},
		{"Premium 11", func(w *wanted) { w.capacity = capacity(11) }, "InvalidSkuCapacity"},
		{"Premium -1", func(w *wanted) { w.capacity = capacity(-1) }, "InvalidSkuCapacity"},
		{"Developer", func(w *wanted) { w.sku = "Developer" }, ""},
		{"Developer 0", func(w *wanted) { w.sku, w.capacity = "Developer", capacity(0) }, ""},
		{"Developer 1", func(w *wanted) { w.sku, w.capacity = "Developer", capacity(1) }, "InvalidSkuCapacity"},
		{"External", func(w *wanted) { w.endpoint = "External" }, ""},
		{"no endpoint", func(w *wanted) { w.endpoint = "" }, "InvalidAccessEndpointType"},
		{"other endpoint", func(w *wanted) { w.endpoint = "Public" }, "InvalidAccessEndpointType"},
		{"three subnets", func(w *wanted) { w.subnets = w.subnets[:3] }, "InvalidSubnetCount"},
		{"five subnets", func(w *wanted) { w.subnets = append(w.subnets, testNetwork+"/subnets/s4") }, "InvalidSubnetCount"},
		{"no subnets", func(w *wanted) { w.subnets = nil }, "InvalidSubnetCount"},
		{"one twice, in other case", func(w *wanted) { w.subnets[3] = strings.ToUpper(w.subnets[0]) }, "DuplicateSubnets"},
		{"two networks", func(w *wanted) { w.subnets[1] = strings.Replace(w.subnets[1], "/net/", "/other/", 1) }, "SubnetsNotInSameVirtualNetwork"},
		{"no subnet's ID", func(w *wanted) { w.subnets[1] = testNetwork }, "InvalidResourceReference"},
		{"no ID", func(w *wanted) { w.subnets[1] = "s1" }, "InvalidResourceReference"},
		{"several at once", func(w *wanted) { w.name, w.sku, w.endpoint, w.subnets = "a b", "x", "y", nil },
			"InvalidResourceName InvalidSku InvalidAccessEndpointType InvalidSubnetCount"},
	} {
		w := goodWanted()
		c.change(w)
		var p arm.Found
		checkWanted(w, &p)
		if got := found(p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func goodSubnets() []*Subnet {
	var list []*Subnet
	for i := range subnetCount {
		list = append(list, &Subnet{ID: fmt.Sprintf("%s/subnets/s%d", testNetwork, i), Name: fmt.Sprintf("s%d", i), Location: "westus",
			Ranges: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.0.1.%d/27", i*32))}})
	}
	list[0].Delegations = []string{"microsoft.logic/integrationserviceenvironments"}
	return list
}

func TestSubnetsOfAnEnvironment(t *testing.T) {
	prefix := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	for _, c := range []struct {
		name   string
		change func([]*Subnet)
		want   string
	}{
		{"good", func(s []*Subnet) {}, ""},
		{"singular delegation", func(s []*Subnet) { s[0].Delegations = []string{delegationServiceSingular} }, ""},
		{"the third one delegated", func(s []*Subnet) { s[2].Delegations, s[0].Delegations = s[0].Delegations, nil }, ""},
		{"larger", func(s []*Subnet) { s[0].Ranges = prefix("10.0.0.0/24") }, ""},
		{"class B range", func(s []*Subnet) { s[0].Ranges = prefix("172.31.0.0/27") }, ""},
		{"class C range", func(s []*Subnet) { s[0].Ranges = prefix("192.168.7.0/27") }, ""},
		{"dual stack", func(s []*Subnet) { s[0].Ranges = append(s[0].Ranges, netip.MustParsePrefix("fd00::/64")) }, ""},
		{"underscore name", func(s []*Subnet) { s[0].Name = "_s" }, ""},
		{"own link", func(s []*Subnet) { s[0].Users = []string{strings.ToUpper(testISE)} }, ""},
		{"/28", func(s []*Subnet) { s[3].Ranges = prefix("10.0.1.96/28") }, "InvalidSubnetSize"},
		{"public", func(s []*Subnet) { s[1].Ranges = prefix("20.0.0.0/24") }, "InvalidSubnetAddressSpace"},
		{"beside class B", func(s []*Subnet) { s[1].Ranges = prefix("172.32.0.0/24") }, "InvalidSubnetAddressSpace"},
		{"the network in a reserved range", func(s []*Subnet) { s[0].Space = append(prefix("10.0.0.0/16"), netip.MustParsePrefix("100.64.0.0/16")) }, "InvalidVirtualNetworkAddressSpace"},
		{"the network around all", func(s []*Subnet) { s[0].Space = prefix("0.0.0.0/0") }, "InvalidVirtualNetworkAddressSpace"},
		{"reserved", func(s []*Subnet) { s[1].Ranges, s[2].Ranges = prefix("0.1.0.0/24"), prefix("168.63.129.0/24") }, "InvalidSubnetAddressSpace InvalidSubnetAddressSpace"},
		{"loopback, metadata", func(s []*Subnet) { s[1].Ranges, s[2].Ranges = prefix("127.1.0.0/24"), prefix("169.254.169.0/24") }, "InvalidSubnetAddressSpace InvalidSubnetAddressSpace"},
		{"carrier range", func(s []*Subnet) { s[1].Ranges = prefix("100.64.0.0/24") }, "InvalidSubnetAddressSpace"},
		{"IPv6 only", func(s []*Subnet) { s[1].Ranges = prefix("fd00::/64") }, "InvalidSubnetAddressSpace"},
		{"digit first", func(s []*Subnet) { s[1].Name = "1s" }, "InvalidSubnetName"},
		{"dash first", func(s []*Subnet) { s[1].Name = "-s" }, "InvalidSubnetName"},
		{"bad character", func(s []*Subnet) { s[1].Name = "a&b" }, "InvalidSubnetName"},
		{"in use", func(s []*Subnet) { s[1].Users = []string{"/subscriptions/s/nic"} }, "SubnetWithExternalResourcesCannotBeUsedByOtherResources"},
		{"not delegated", func(s []*Subnet) { s[0].Delegations = nil }, "SubnetMissingRequiredDelegation"},
		{"two delegated", func(s []*Subnet) { s[1].Delegations = s[0].Delegations }, "SubnetDelegationNotAllowed"},
		{"delegated to another", func(s []*Subnet) { s[1].Delegations = []string{"Microsoft.Web/serverFarms"} }, "ResourceNotPermittedOnDelegatedSubnet"},
		{"missing", func(s []*Subnet) { s[1] = nil }, "InvalidResourceReference"},
		{"other location", func(s []*Subnet) { s[0].Location = "eastus" }, "InvalidResourceLocation"},
		{"several at once", func(s []*Subnet) { s[0].Ranges, s[1].Name, s[2] = prefix("20.0.0.0/28"), "1", nil },
			"InvalidSubnetSize InvalidSubnetAddressSpace InvalidSubnetName InvalidResourceReference"},
	} {
		s := goodSubnets()
		c.change(s)
		var p arm.Found
		checkSubnets(goodWanted(), testISE, s, &p)
		if got := found(p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWhatAnEnvironmentMayNotChange(t *testing.T) {
	w := goodWanted()
	old := &environment{SKU: skuPremium, Endpoint: endInternal, Location: "westus", Subnets: append([]string{}, w.subnets...)}
	for _, c := range []struct {
		name   string
		change func(*wanted)
		want   string
	}{
		{"nothing", func(w *wanted) {}, ""},
		{"capacity", func(w *wanted) { w.capacity = capacity(3) }, ""},
		{"letter case", func(w *wanted) { w.subnets[0] = strings.ToUpper(w.subnets[0]) }, ""},
		{"SKU", func(w *wanted) { w.sku = skuDeveloper }, "PropertyChangeNotAllowed"},
		{"endpoint", func(w *wanted) { w.endpoint = endExternal }, "PropertyChangeNotAllowed"},
		{"a subnet", func(w *wanted) { w.subnets[0] = testNetwork + "/subnets/other" }, "PropertyChangeNotAllowed"},
		{"their order", func(w *wanted) { w.subnets[0], w.subnets[1] = w.subnets[1], w.subnets[0] }, "PropertyChangeNotAllowed"},
	} {
		w := goodWanted()
		c.change(w)
		var p arm.Found
		checkWanted(w, &p)
		checkUnchanged(old, w, &p)
		if got := found(p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
