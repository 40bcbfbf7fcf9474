package network_test

import (
	"strings"
	"testing"
)

// TestScenariosOfPrivateZones are those of the page "Private DNS zones scenarios": one network
// that registers, a second one that only looks up, and a name that is private in one network
// and public elsewhere.
func TestScenariosOfPrivateZones(t *testing.T) {
	w := newWorld(t)
	for network, space := range map[string]string{"VNETA": "10.0.0.0/16", "VNETB": "10.1.0.0/16", "VNETC": "10.2.0.0/16"} {
		w.vnet(network, space)
	}
	nic := func(network, name string) {
		w.send("PUT", nics+"/"+name, `{"location":"westus","properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"`+vnets+"/"+network+`/subnets/a"}}}]}}`, 201)
	}
	for _, m := range [][2]string{{"VNETA", "VNETA-VM1"}, {"VNETA", "VNETA-VM2"}, {"VNETB", "VNETB-VM1"}} {
		nic(m[0], m[1])
	}
	knows := func(scenario, network string, want ...string) {
		t.Helper()
		if got := w.known(network); got != strings.Join(want, "\n") {
			t.Errorf("%s: %s knows\n%s\nwant\n%s", scenario, network, got, strings.Join(want, "\n"))
		}
	}
	const one, two = "vneta-vm1.contoso.com. 10 IN A 10.0.0.4", "vneta-vm2.contoso.com. 10 IN A 10.0.0.5"
	w.zone("contoso.com")
	w.send("PUT", zones+"/contoso.com/virtualNetworkLinks/a", zoneLink("VNETA", `,"registrationEnabled":true`), 201)
	knows("a single network", "VNETA", one, two)
	knows("a single network", "VNETB")

	w.send("PUT", zones+"/contoso.com/virtualNetworkLinks/b", zoneLink("VNETB", `,"registrationEnabled":false`), 201)
	knows("a network that only looks up", "VNETB", one, two)
	w.send("PUT", zones+"/contoso.com/A/VNETB-VM1", aRecords("10.1.0.4"), 201)
	knows("and has a record made by hand", "VNETA", one, two, "vnetb-vm1.contoso.com. 30 IN A 10.1.0.4")

	w.zone("split.contoso.com")
	w.send("PUT", zones+"/split.contoso.com/virtualNetworkLinks/c", zoneLink("VNETC", ""), 201)
	w.send("PUT", zones+"/split.contoso.com/A/app", aRecords("10.2.0.9"), 201)
	knows("a split horizon", "VNETC", "app.split.contoso.com. 30 IN A 10.2.0.9")
	knows("a split horizon, from elsewhere", "VNETB", one, two, "vnetb-vm1.contoso.com. 30 IN A 10.1.0.4")
	w.refused("PUT", zones+"/split.contoso.com/virtualNetworkLinks/a", strings.Replace(zoneLink("VNETA", `,"registrationEnabled":true`), "VNETA", "VNETA", 1), "BadRequest")
}
