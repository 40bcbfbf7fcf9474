package network_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/arm"
)

// sides are the pairs "IP configuration in subnet", "IP configuration has public
// address", "interface or subnet has security group" and "public address or NAT gateway
// has public IP prefix", as those who have them say and
// as what they have says.
func (w *world) sides() (users, used []string) {
	w.t.Helper()
	each := func(typ string, visit func(resource, properties map[string]any)) {
		for _, r := range w.send("GET", provider+"/"+typ, "", 200)["value"].([]any) {
			visit(r.(map[string]any), r.(map[string]any)["properties"].(map[string]any))
		}
	}
	id := func(v any) string { return strings.ToLower(v.(map[string]any)["id"].(string)) }
	for _, typ := range []string{"azureFirewalls", "virtualNetworkGateways", "networkInterfaces"} {
		each(typ, func(_, properties map[string]any) {
			for _, c := range properties["ipConfigurations"].([]any) {
				has := c.(map[string]any)["properties"].(map[string]any)
				for _, member := range []string{"subnet", "publicIPAddress"} {
					if to, ok := has[member]; ok {
						users = append(users, id(c)+" "+id(to))
					}
				}
			}
		})
	}
	guarded := func(user any, properties map[string]any) {
		if to, ok := properties["networkSecurityGroup"]; ok {
			users = append(users, id(user)+" "+strings.TrimSuffix(id(to), "/"))
		}
	}
	each("networkInterfaces", func(r, properties map[string]any) { guarded(r, properties) })
	each("networkSecurityGroups", func(r, properties map[string]any) {
		for _, member := range []string{"networkInterfaces", "subnets"} {
			list, _ := properties[member].([]any)
			for _, user := range list {
				used = append(used, id(user)+" "+id(r))
			}
		}
	})
	each("virtualNetworks", func(_, properties map[string]any) {
		for _, s := range properties["subnets"].([]any) {
			guarded(s, s.(map[string]any)["properties"].(map[string]any))
			configurations, _ := s.(map[string]any)["properties"].(map[string]any)["ipConfigurations"].([]any)
			for _, c := range configurations {
				used = append(used, id(c)+" "+id(s))
			}
		}
	})
	each("publicIPAddresses", func(r, properties map[string]any) {
		if c, ok := properties["ipConfiguration"]; ok {
			used = append(used, id(c)+" "+id(r))
		}
		if prefix, ok := properties["publicIPPrefix"]; ok {
			users = append(users, id(r)+" "+id(prefix))
		}
	})
	each("natGateways", func(r, properties map[string]any) {
		list, _ := properties["publicIpPrefixes"].([]any)
		for _, prefix := range list {
			users = append(users, id(r)+" "+id(prefix))
		}
	})
	each("publicIPPrefixes", func(r, properties map[string]any) {
		list, _ := properties["publicIPAddresses"].([]any)
		for _, public := range list {
			used = append(used, id(public)+" "+id(r))
		}
		if nat, ok := properties["natGateway"]; ok {
			used = append(used, id(nat)+" "+id(r))
		}
	})
	slices.Sort(users)
	slices.Sort(used)
	return users, used
}

func (w *world) checkSides() {
	w.t.Helper()
	if users, used := w.sides(); !slices.Equal(users, used) {
		w.t.Fatalf("these use\n%s\nand these are used\n%s", strings.Join(users, "\n"), strings.Join(used, "\n"))
	}
}

// TestAGroupIsDeletedWithAllThatUsesEachOther: in whatever order.
func TestAGroupIsDeletedWithAllThatUsesEachOther(t *testing.T) {
	w := newWorld(t)
	w.fireworld()
	w.publicIP("two", ``, ``, 201)
	w.send("PUT", firewall, firewallBody(), 201)
	w.send("PUT", gateway, strings.Replace(gatewayBody(``), "/out", "/two", 1), 201)
	w.publicIP("three", ``, ``, 201)
	w.nic("vm", net+"/subnets/a", `,"publicIPAddress":{"id":"`+publics+`/three"}`, "", 201)
	w.checkSides()
	if users, _ := w.sides(); len(users) != 6 {
		t.Errorf("%v", users)
	}
	group := "/subscriptions/" + subscription + "/resourceGroups/g"
	w.send("DELETE", group, "", 202)
	for range time.Tick(10 * time.Millisecond) {
		if _, err := w.manager.Get(t.Context(), arm.Principal{}, group, "2025-01-01"); err != nil {
			break
		}
	}
	if snapshot := w.snapshot(); len(snapshot.Egress()) > 0 {
		t.Error("a public address is left")
	}
}
