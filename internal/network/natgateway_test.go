package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const nats = provider + "/natGateways"

func standardIP(more string) string {
	return `{"location":"westus",` + more + `"sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`
}

func natBody(properties string) string {
	return `{"location":"westus","sku":{"name":"Standard"},"properties":{` + properties + `}}`
}

func natPublics(names ...string) string {
	var refs []string
	for _, name := range names {
		refs = append(refs, fmt.Sprintf(`{"id":%q}`, publics+"/"+name))
	}
	return `"publicIpAddresses":[` + strings.Join(refs, ",") + `]`
}

// A subnet's flows leave with the address of its NAT gateway, while it has one.
func TestNATGateways(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.send("PUT", publics+"/out", standardIP(`"tags":{"isle-egress":"bind:127.0.0.7"},`), 201)
	w.send("PUT", publics+"/other", standardIP(""), 201)
	made := w.send("PUT", nats+"/nat", natBody(natPublics("out")), 201)
	if p := made["properties"].(map[string]any); p["idleTimeoutInMinutes"] != 4.0 || p["publicIpAddresses"].([]any)[0].(map[string]any)["id"] != publics+"/out" {
		t.Errorf("made: %v", made)
	}
	address := w.send("GET", publics+"/out", "", 200)["properties"].(map[string]any)
	if id := address["natGateway"].(map[string]any)["id"]; id != nats+"/nat" || address["ipConfiguration"] != nil {
		t.Errorf("the address does not say who has it: %v", address)
	}
	subnet := w.send("GET", net+"/subnets/a", "", 200)["properties"].(map[string]any)
	with := func(nat string) string {
		return fmt.Sprintf(`{"properties":{"addressPrefix":%q%s}}`, subnet["addressPrefix"], nat)
	}
	w.send("PUT", net+"/subnets/a", with(`,"natGateway":{"id":"`+strings.ToUpper(nats)+`/nat"}`), 200)
	if got := w.send("GET", net+"/subnets/a", "", 200)["properties"].(map[string]any)["natGateway"].(map[string]any)["id"]; got != nats+"/nat" {
		t.Errorf("the subnet's gateway: %v", got)
	}
	if users := w.send("GET", nats+"/nat", "", 200)["properties"].(map[string]any)["subnets"].([]any); len(users) != 1 {
		t.Errorf("the gateway's subnets: %v", users)
	}
	source := func() any {
		answer := w.send("POST", watcher+"/connectivityCheck", fmt.Sprintf(`{"source":{"resourceId":%q},"destination":{"address":"8.8.8.8","port":443}}`, environment), 200)
		for _, d := range answer["hops"].([]any)[0].(map[string]any)["decisions"].([]any) {
			if snat := d.(map[string]any)["snatIp"]; snat != nil {
				return snat
			}
		}
		return nil
	}
	if got := source(); got != address["ipAddress"] {
		t.Errorf("flows leave as %v, want %v", got, address["ipAddress"])
	}
	policy, err := w.policies.Current()
	w.must(err)
	if got := fmt.Sprint(policy.Outgoing(net, net+"/subnets/a", false)); got != fmt.Sprintf("[%v]", address["ipAddress"]) {
		t.Errorf("outgoing addresses: %s", got)
	}

	w.refused("DELETE", nats+"/nat", "", "InUseNatGatewayCannotBeDeleted")
	w.refused("DELETE", publics+"/out", "", "PublicIPAddressCannotBeDeleted")
	w.send("PUT", net+"/subnets/a", with(""), 200)
	if got := source(); got != nil {
		t.Errorf("without a gateway flows leave as %v", got)
	}
	w.send("PUT", nats+"/nat", natBody(natPublics("other")), 200)
	w.send("DELETE", publics+"/out", "", 200)
	w.send("DELETE", nats+"/nat", "", 200)
	w.send("DELETE", publics+"/other", "", 200)
}

func TestNATGatewaysAreRefused(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", publics+"/out", standardIP(""), 201)
	w.send("PUT", publics+"/taken", standardIP(""), 201)
	w.send("PUT", publics+"/basic", `{"location":"westus"}`, 201)
	w.send("PUT", nats+"/first", natBody(natPublics("taken")), 201)
	for _, c := range []struct{ path, body, codes string }{
		{nats + "/-", `{"location":"westus","sku":{"name":"Basic"},"zones":["9"],"properties":{"idleTimeoutInMinutes":121}}`, "InvalidResourceName InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat"},
		{nats + "/x", natBody(natPublics("basic", "none")), "NatGatewayIncompatiblePublicIp InvalidResourceReference"},
		{nats + "/x", natBody(natPublics("taken")), "PublicIPAddressInUse"},
		{nats + "/x", natBody(natPublics("out", "out")), "PublicIPAddressInUse"},
		{nats + "/x", natBody(`"publicIpPrefixes":[{"id":"/p"}],"publicIpAddressesV6":[{"id":"/p"}],"sourceVirtualNetwork":{"id":"/v"}`), "InvalidResourceReference InvalidResourceReference InvalidResourceReference"},
		{net + "/subnets/x", `{"properties":{"addressPrefix":"10.0.7.0/24","natGateway":{"id":"` + nats + `/none"}}}`, "InvalidResourceReference"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
}

func driveNATGateways(s *sdk) {
	client := s.NewNatGatewaysClient()
	s.send("PUT", publics+"/out", standardIP(""), 201)
	made := await[armnetwork.NatGatewaysClientCreateOrUpdateResponse](s)(client.BeginCreateOrUpdate(s.ctx, "g", "nat", armnetwork.NatGateway{Location: place, SKU: &armnetwork.NatGatewaySKU{Name: to.Ptr(armnetwork.NatGatewaySKUNameStandard)},
		Properties: &armnetwork.NatGatewayPropertiesFormat{IdleTimeoutInMinutes: to.Ptr[int32](10), PublicIPAddresses: []*armnetwork.SubResource{{ID: to.Ptr(publics + "/out")}}}}, nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	check(s, "gateway", *got[armnetwork.NatGatewaysClientGetResponse](s)(client.Get(s.ctx, "g", "nat", nil)).Properties.IdleTimeoutInMinutes, int32(10))
	check(s, "tags", *got[armnetwork.NatGatewaysClientUpdateTagsResponse](s)(client.UpdateTags(s.ctx, "g", "nat", tagged("a", "b"), nil)).Tags["a"], "b")
	check(s, "of the group", len(pages(s, client.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, client.NewListAllPager(nil))[0].Value), 1)
	await[armnetwork.NatGatewaysClientDeleteResponse](s)(client.BeginDelete(s.ctx, "g", "nat", nil))
	s.send("GET", nats+"/nat", "", 404)
}
