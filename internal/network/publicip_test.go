package network_test

import (
	"fmt"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const publics = provider + "/publicIPAddresses"

func sdkPublic(change ...func(*armnetwork.PublicIPAddress)) armnetwork.PublicIPAddress {
	p := armnetwork.PublicIPAddress{Location: place, SKU: &armnetwork.PublicIPAddressSKU{Name: to.Ptr(armnetwork.PublicIPAddressSKUNameStandard)},
		Properties: &armnetwork.PublicIPAddressPropertiesFormat{PublicIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic)}}
	for _, fn := range change {
		fn(&p)
	}
	return p
}

func drivePublicIPs(s *sdk) {
	c := s.NewPublicIPAddressesClient()
	made := await[armnetwork.PublicIPAddressesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "out", sdkPublic(), nil))
	check(s, "address", *made.Properties.IPAddress, "203.0.113.1")
	check(s, "timeout", *made.Properties.IdleTimeoutInMinutes, 4)
	check(s, "sku", *made.SKU.Name, armnetwork.PublicIPAddressSKUNameStandard)
	check(s, "public address", *got[armnetwork.PublicIPAddressesClientGetResponse](s)(c.Get(s.ctx, "g", "out", nil)).ID, publics+"/out")
	check(s, "of the group", len(pages(s, c.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, c.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.PublicIPAddressesClientUpdateTagsResponse](s)(c.UpdateTags(s.ctx, "g", "out", tagged("isle-egress", "bind:127.0.0.9"), nil)).Tags["isle-egress"], "bind:127.0.0.9")
	status := await[armnetwork.PublicIPAddressesClientDdosProtectionStatusResponse](s)(c.BeginDdosProtectionStatus(s.ctx, "g", "out", nil))
	check(s, "protected", *status.IsWorkloadProtected, armnetwork.IsWorkloadProtectedFalse)
	await[armnetwork.PublicIPAddressesClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "out", nil))
	s.send("GET", publics+"/out", "", 404)
}

// publicIP makes a Standard address and gives what it is.
func (w *world) publicIP(name, tags, properties string, want int) string {
	w.t.Helper()
	answer := w.send("PUT", publics+"/"+name, `{"location":"westus","sku":{"name":"Standard"},"tags":{`+tags+`},"properties":{"publicIPAllocationMethod":"static"`+properties+`}}`, want)
	return answer["properties"].(map[string]any)["ipAddress"].(string)
}

func TestPublicAddressesAreChosen(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, tags, properties, want string }{
		{"given", ``, `,"ipAddress":"203.0.113.1"`, "203.0.113.1"},
		{"free", ``, ``, "203.0.113.2"},
		{"loopback", `"isle-egress":"bind:127.0.0.9"`, ``, "203.0.113.3"},
		{"bound", `"Isle-Egress":"bind:192.168.1.7"`, ``, "192.168.1.7"},
		{"bound-too", `"isle-egress":"bind:192.168.1.7"`, ``, "203.0.113.4"},
		{"proxy", `"isle-egress":"socks5://proxy.example:1080"`, ``, "203.0.113.5"},
		{"six", ``, `,"publicIPAddressVersion":"ipv6"`, "2001:db8::1"},
	} {
		if got := w.publicIP(c.name, c.tags, c.properties, 201); got != c.want {
			t.Errorf("%s has %s, want %s", c.name, got, c.want)
		}
	}
	if got := w.publicIP("free", `"isle-egress":"bind:192.168.1.8"`, ``, 200); got != "203.0.113.2" {
		t.Errorf("an address has become another: %s", got)
	}
	body := w.send("GET", publics+"/bound", "", 200)
	if body["sku"].(map[string]any)["tier"] != "Regional" || body["properties"].(map[string]any)["publicIPAllocationMethod"] != "Static" {
		t.Error(body)
	}
}

func TestPublicAddressesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.publicIP("out", ``, ``, 201)
	w.refused("PUT", publics+"/out", `{"location":"westus","properties":{"publicIPAddressVersion":"IPv6"}}`, "PropertyChangeNotAllowed PropertyChangeNotAllowed")
	for body, codes := range map[string]string{
		`"sku":{"name":"Standard"}`: "StandardSkuPublicIPAddressesMustBeStatic",
		`"sku":{"name":"Huge"},"zones":["1","1"],"properties":{"publicIPAllocationMethod":"x","idleTimeoutInMinutes":3,"dnsSettings":{"domainNameLabel":"A"},"publicIPPrefix":{"id":"/n"}}`: "InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat InvalidDomainNameLabel InvalidResourceReference",
		`"zones":["1"]`: "InvalidRequestFormat",
		`"properties":{"ipAddress":"203.0.113.1"}`:     "PublicIPAddressIsAllocated",
		`"properties":{"ipAddress":"::1"}`:             "InvalidRequestFormat",
		`"properties":{"ipAddress":"127.0.0.1"}`:       "InvalidRequestFormat",
		`"properties":{"idleTimeoutInMinutes":"x"}`:    "InvalidRequestFormat",
		`"tags":{"isle-egress":"eth0"}`:                "InvalidTagValue",
		`"tags":{"isle-egress":"bind:fd00::1"}`:        "InvalidTagValue",
		`"tags":{"isle-egress":"ftp://u:secret@h:21"}`: "InvalidTagValue",
	} {
		w.refused("PUT", publics+"/bad", `{"location":"westus",`+body+`}`, codes)
	}
	w.send("GET", publics+"/bad", "", 404)
	w.refused("PUT", publics+"/out/providers/Microsoft.Resources/tags/default", `{"properties":{"tags":{"isle-egress":"x"}}}`, "InvalidTagValue")
	w.refused("PATCH", publics+"/out", `{"tags":{"isle-egress":"bind:0.0.0.0"}}`, "InvalidTagValue")
	if tags := w.send("GET", publics+"/out", "", 200)["tags"]; len(tags.(map[string]any)) > 0 {
		t.Error(tags)
	}
}

func (g *maker) publicIP() (string, string) {
	return publics + "/" + g.name(), `{"location":"westus","sku":{"name":"` + g.mostly(3, "Standard", "standard", "Standard", "Basic", "x") + `"},"tags":{"` + g.one("isle-egress", "x", "ISLE-egress") + `":"` +
		g.mostly(4, "bind:127.0.0.9", "bind:192.168.1.7", "http://p:3128", "bind:::ffff:127.0.0.8", "bind:fd00::1", "bind:", "p") + `"},"properties":{"publicIPAllocationMethod":"` + g.mostly(2, "Static", "static", "Dynamic") + `"` +
		g.mostly(4, "", "", fromPrefix(g.name()), fromPrefix(g.name()), `,"ipAddress":"198.51.100.9"`, `,"ipAddress":"fe80::1%eth0"`, `,"ipAddress":"::ffff:198.51.100.9"`, `,"publicIPAddressVersion":"IPv6"`, `,"ipAddress":"10.0.0.08"`) + `}}`
}

// An address with a label has a name that nobody can have, which templates put out.
func TestTheNameOfAPublicAddress(t *testing.T) {
	w := newWorld(t)
	for _, status := range []int{201, 200} {
		w.send("PUT", publics+"/named", `{"location":"West US","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static","dnsSettings":{"domainNameLabel":"shop","fqdn":"shop.westus.cloudapp.azure.com"}}}`, status)
	}
	if dns := fmt.Sprint(w.send("GET", publics+"/named", "", 200)["properties"].(map[string]any)["dnsSettings"]); dns != "map[domainNameLabel:shop fqdn:shop.westus.publicip.invalid]" {
		t.Error(dns)
	}
}
