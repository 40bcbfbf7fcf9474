package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/netpol"
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

// All addresses of a gateway are sources, those of its prefixes among them, and the record
// of a flow says which gateway it was.
func TestNATGatewaysHaveManyAddresses(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.environment(environment, net+"/subnets/a")
	w.send("PUT", watcher, `{"location":"westus"}`, 201)
	w.send("PUT", publics+"/one", standardIP(`"tags":{"isle-egress":"bind:127.0.0.7"},`), 201)
	w.send("PUT", publics+"/two", standardIP(`"tags":{"isle-egress":"bind:127.0.0.8"},`), 201)
	w.send("PUT", provider+"/publicIPPrefixes/range", `{"location":"westus","sku":{"name":"Standard"},"properties":{"prefixLength":31}}`, 201)
	w.send("PUT", nats+"/nat", natBody(natPublics("one", "two")+`,"idleTimeoutInMinutes":30,"publicIpPrefixes":[{"id":"`+provider+`/publicIPPrefixes/range"}]`), 201)
	w.send("PUT", net+"/subnets/a", withNAT(w, "a", "nat"), 200)
	policy, err := w.policies.Current()
	w.must(err)
	var gateway *netpol.NATGateway
	for _, n := range policy.Model().Networks {
		for _, s := range n.Subnets {
			if s.ID == net+"/subnets/a" {
				gateway = s.NAT
			}
		}
	}
	if gateway == nil || gateway.ID != nats+"/nat" || gateway.IdleMinutes != 30 || len(gateway.Addresses) != 4 {
		t.Fatalf("the gateway: %+v", gateway)
	}
	if got := policy.Outgoing(net, net+"/subnets/a", false); len(got) != 2 {
		t.Errorf("outgoing addresses: %v", got)
	}
	seen := map[any]bool{}
	for i := range 24 {
		answer := w.send("POST", watcher+"/connectivityCheck", fmt.Sprintf(`{"source":{"resourceId":%q},"destination":{"address":"8.8.8.%d","port":443}}`, environment, i), 200)
		for _, d := range answer["hops"].([]any)[0].(map[string]any)["decisions"].([]any) {
			if record := d.(map[string]any); record["snatIp"] != nil {
				seen[record["snatIp"]] = true
				if record["natGatewayId"] != nats+"/nat" {
					t.Errorf("the record says %v", record)
				}
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("flows leave as %v", seen)
	}
}

// withNAT is a subnet as it is, with a NAT gateway.
func withNAT(w *world, subnet, nat string) string {
	w.t.Helper()
	is := w.send("GET", net+"/subnets/"+subnet, "", 200)["properties"].(map[string]any)
	return fmt.Sprintf(`{"properties":{"addressPrefix":%q,"natGateway":{"id":%q}}}`, is["addressPrefix"], nats+"/"+nat)
}

// A gateway may be for a network as a whole: its subnets use it unless they have another
// one, and the network stays as long as it does.
func TestNATGatewaysOfNetworks(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.vnet("other", "10.77.0.0/16")
	for _, name := range []string{"wide", "own"} {
		w.send("PUT", publics+"/"+name, strings.Replace(standardIP(""), "Standard", map[string]string{"wide": "StandardV2", "own": "Standard"}[name], 1), 201)
	}
	source := func(body string) string { return strings.Replace(body, `"Standard"`, `"StandardV2"`, 1) }
	made := w.send("PUT", nats+"/wide", source(natBody(natPublics("wide")+`,"sourceVirtualNetwork":{"id":"`+strings.ToUpper(net)+`"}`)), 201)
	if p := made["properties"].(map[string]any); p["sourceVirtualNetwork"].(map[string]any)["id"] != net || made["sku"].(map[string]any)["name"] != "StandardV2" {
		t.Errorf("made: %v", made)
	}
	w.send("PUT", nats+"/own", natBody(natPublics("own")), 201)
	w.send("PUT", net+"/subnets/a", withNAT(w, "a", "own"), 200)
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24"}}`, 201)
	w.send("PUT", net+"/subnets/GatewaySubnet", `{"properties":{"addressPrefix":"10.0.8.0/27"}}`, 201)
	w.send("PUT", publics+"/free", strings.Replace(standardIP(""), "Standard", "StandardV2", 1), 201)
	used := func() string {
		policy, err := w.policies.Current()
		w.must(err)
		var lines []string
		for _, n := range policy.Model().Networks {
			for _, s := range n.Subnets {
				if s.NAT != nil {
					lines = append(lines, s.ID[strings.LastIndexByte(s.ID, '/')+1:]+"="+s.NAT.ID[strings.LastIndexByte(s.NAT.ID, '/')+1:])
				}
			}
		}
		return strings.Join(lines, " ")
	}
	if got := used(); got != "a=own b=wide" {
		t.Errorf("gateways of subnets: %s", got)
	}
	for _, c := range []struct{ path, body, codes string }{
		{nats + "/more", natBody(`"sourceVirtualNetwork":{"id":"` + net + `"}`), "VirtualNetworkAlreadyHasNatGateway"},
		{nats + "/more", natBody(`"sourceVirtualNetwork":{"id":"` + net + `none"}`), "InvalidResourceReference"},
		{nats + "/more", natBody(natPublics("free")), "NatGatewayIncompatiblePublicIp"},
		{nats + "/own", natBody(natPublics("own") + `,"sourceVirtualNetwork":{"id":"` + vnets + `/other"}`), "NatGatewayCannotServeSubnetsOfDifferentVirtualNetworks"},
		{vnets + "/other/subnets/a", `{"properties":{"addressPrefix":"10.77.0.0/24","natGateway":{"id":"` + nats + `/own"}}}`, "NatGatewayCannotServeSubnetsOfDifferentVirtualNetworks"},
		{vnets + "/other/subnets/a", `{"properties":{"addressPrefix":"10.77.0.0/24","natGateway":{"id":"` + nats + `/wide"}}}`, "NatGatewayCannotServeSubnetsOfDifferentVirtualNetworks"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.send("PUT", nats+"/more", natBody(""), 201)
	w.refused("PUT", vnets+"/other/subnets/GatewaySubnet", `{"properties":{"addressPrefix":"10.77.8.0/27","natGateway":{"id":"`+nats+`/more"}}}`, "NatGatewayNotSupportedOnGatewaySubnet")
	w.send("PUT", nats+"/more", natBody(`"sourceVirtualNetwork":{"id":"`+vnets+`/other"}`), 200)
	w.refused("DELETE", vnets+"/other", "", "InUseVirtualNetworkCannotBeDeleted")
	w.send("DELETE", nats+"/more", "", 200)
	w.send("DELETE", vnets+"/other", "", 200)
	w.send("PUT", nats+"/wide", source(natBody(natPublics("wide"))), 200)
	if got := used(); got != "a=own" {
		t.Errorf("gateways of subnets: %s", got)
	}
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
