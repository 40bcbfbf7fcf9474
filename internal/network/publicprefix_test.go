package network_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/network"
)

const publicPrefixes = provider + "/publicIPPrefixes"

// publicPrefixOperations are those of the SDK's PublicIPPrefixesClient, which the shared
// reading does not list.
func publicPrefixOperations() []operation {
	const subscriptionPath = "/subscriptions/{subscriptionId}/"
	const inGroup = subscriptionPath + "resourceGroups/{resourceGroupName}/providers/Microsoft.Network/publicIPPrefixes"
	var list []operation
	for _, o := range []operation{
		{GoMethod: "BeginCreateOrUpdate", HTTPMethod: http.MethodPut, Path: inGroup + "/{publicIpPrefixName}", SuccessCodes: []int{200, 201}},
		{GoMethod: "BeginDelete", HTTPMethod: http.MethodDelete, Path: inGroup + "/{publicIpPrefixName}", SuccessCodes: []int{200, 202, 204}},
		{GoMethod: "Get", HTTPMethod: http.MethodGet, Path: inGroup + "/{publicIpPrefixName}", SuccessCodes: []int{200}},
		{GoMethod: "NewListAllPager", HTTPMethod: http.MethodGet, Path: subscriptionPath + "providers/Microsoft.Network/publicIPPrefixes", SuccessCodes: []int{200}},
		{GoMethod: "NewListPager", HTTPMethod: http.MethodGet, Path: inGroup, SuccessCodes: []int{200}},
		{GoMethod: "UpdateTags", HTTPMethod: http.MethodPatch, Path: inGroup + "/{publicIpPrefixName}", SuccessCodes: []int{200}},
	} {
		o.Client = "PublicIPPrefixesClient"
		list = append(list, o)
	}
	return list
}

func drivePublicPrefixes(s *sdk) {
	c, addresses := s.NewPublicIPPrefixesClient(), s.NewPublicIPAddressesClient()
	made := await[armnetwork.PublicIPPrefixesClientCreateOrUpdateResponse](s)(c.BeginCreateOrUpdate(s.ctx, "g", "range", armnetwork.PublicIPPrefix{Location: place,
		SKU:        &armnetwork.PublicIPPrefixSKU{Name: to.Ptr(armnetwork.PublicIPPrefixSKUNameStandard), Tier: to.Ptr(armnetwork.PublicIPPrefixSKUTierRegional)},
		Properties: &armnetwork.PublicIPPrefixPropertiesFormat{PrefixLength: to.Ptr[int32](31), PublicIPAddressVersion: to.Ptr(armnetwork.IPVersionIPv4)}}, nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	check(s, "range", fmt.Sprintln(*made.Properties.IPPrefix, *made.Properties.PrefixLength, *made.SKU.Tier), "203.0.113.2/31 31 Regional\n")
	address := await[armnetwork.PublicIPAddressesClientCreateOrUpdateResponse](s)(addresses.BeginCreateOrUpdate(s.ctx, "g", "one", sdkPublic(func(p *armnetwork.PublicIPAddress) {
		p.Properties.PublicIPPrefix = &armnetwork.SubResource{ID: made.ID}
	}), nil))
	check(s, "address", *address.Properties.IPAddress+" "+*address.Properties.PublicIPPrefix.ID, "203.0.113.2 "+publicPrefixes+"/range")
	check(s, "its addresses", *got[armnetwork.PublicIPPrefixesClientGetResponse](s)(c.Get(s.ctx, "g", "range", nil)).Properties.PublicIPAddresses[0].ID, publics+"/one")
	check(s, "of the group", len(pages(s, c.NewListPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, c.NewListAllPager(nil))[0].Value), 1)
	check(s, "tags", *got[armnetwork.PublicIPPrefixesClientUpdateTagsResponse](s)(c.UpdateTags(s.ctx, "g", "range", tagged("a", "b"), nil)).Tags["a"], "b")
	await[armnetwork.PublicIPAddressesClientDeleteResponse](s)(addresses.BeginDelete(s.ctx, "g", "one", nil))
	await[armnetwork.PublicIPPrefixesClientDeleteResponse](s)(c.BeginDelete(s.ctx, "g", "range", nil))
	s.send("GET", publicPrefixes+"/range", "", 404)
}

func prefixBody(bits int, more string) string {
	return fmt.Sprintf(`{"location":"westus","sku":{"name":"Standard"},"properties":{"prefixLength":%d%s}}`, bits, more)
}

func fromPrefix(name string) string {
	return `,"publicIPPrefix":{"id":"` + publicPrefixes + "/" + name + `"}`
}

// publicPrefix makes a prefix and gives its range.
func (w *world) publicPrefix(name string, bits int, more string) string {
	w.t.Helper()
	return w.send("PUT", publicPrefixes+"/"+name, prefixBody(bits, more), 201)["properties"].(map[string]any)["ipPrefix"].(string)
}

// Ranges and single addresses are kept apart, and a range stays what it is.
func TestPublicPrefixesAreChosen(t *testing.T) {
	w := newWorld(t)
	w.publicIP("given", ``, `,"ipAddress":"203.0.113.17"`, 201)
	for _, c := range []struct {
		name, more, want string
		bits             int
	}{
		{"pair", ``, "203.0.113.2/31", 31},
		{"four", ``, "203.0.113.4/30", 30},
		{"eight", ``, "203.0.113.8/29", 29},
		{"all", ``, "203.0.113.32/28", 28},
		{"six", `,"publicIPAddressVersion":"ipv6"`, "2001:db8::10/124", 124},
	} {
		if got := w.publicPrefix(c.name, c.bits, c.more); got != c.want {
			t.Errorf("%s has %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range []struct{ name, more, want string }{
		{"one", ``, "203.0.113.1"}, {"two", ``, "203.0.113.16"}, // all others below are of prefixes
		{"a", fromPrefix("all"), "203.0.113.32"}, {"c", fromPrefix("all") + `,"ipAddress":"203.0.113.33"`, "203.0.113.33"}, {"b", fromPrefix("all"), "203.0.113.34"},
		{"v6", `,"publicIPAddressVersion":"IPv6"` + fromPrefix("six"), "2001:db8::10"},
	} {
		if got := w.publicIP(c.name, ``, c.more, 201); got != c.want {
			t.Errorf("%s has %s, want %s", c.name, got, c.want)
		}
	}
	if got := w.publicIP("a", ``, ``, 200); got != "203.0.113.32" { // without the reference it stays there
		t.Error(got)
	}
	again := w.send("PUT", publicPrefixes+"/all", prefixBody(28, ``), 200)["properties"].(map[string]any)
	if again["ipPrefix"] != "203.0.113.32/28" || len(again["publicIPAddresses"].([]any)) != 3 {
		t.Error(again)
	}
	w.checkSides()
}

// A full prefix has no more addresses, until one is given back.
func TestPublicPrefixesBecomeFull(t *testing.T) {
	w := newWorld(t)
	w.publicPrefix("pair", 31, ``)
	w.publicIP("a", ``, fromPrefix("pair"), 201)
	w.publicIP("b", ``, fromPrefix("pair"), 201)
	w.refused("PUT", publics+"/c", standardFrom("pair", ``), "PublicIpPrefixOutOfIpAddresses")
	w.send("GET", publics+"/c", "", 404)
	w.refused("DELETE", publicPrefixes+"/pair", "", "InUsePublicIpPrefixCannotBeDeleted")
	w.send("DELETE", publics+"/a", "", 200)
	if got := w.publicIP("c", ``, fromPrefix("pair"), 201); got != "203.0.113.2" {
		t.Error(got)
	}
	w.checkSides()
	w.send("DELETE", publics+"/b", "", 200)
	w.send("DELETE", publics+"/c", "", 200)
	w.send("DELETE", publicPrefixes+"/pair", "", 200)
	for i := range 2 * (16 - 2) { // the first and the last range of each pool have an end of it
		w.publicPrefix(fmt.Sprint("p", i), 28, ``)
	}
	w.refused("PUT", publicPrefixes+"/more", prefixBody(28, ``), "PublicIPPrefixesExhausted")
}

func standardFrom(prefix, more string) string {
	return `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"` + fromPrefix(prefix) + more + `}}`
}

func TestPublicPrefixesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.publicPrefix("range", 30, ``)
	w.publicIP("own", ``, ``, 201)
	w.publicIP("of", ``, fromPrefix("range"), 201)
	before := text(w.send("GET", publicPrefixes+"/range", "", 200))
	for _, c := range []struct{ path, body, codes string }{
		{publicPrefixes + "/-", `{"location":"westus","sku":{"name":"Basic","tier":"x"},"zones":["9"],"tags":{"isle-egress":"x"},"properties":{"customIPPrefix":{"id":"/c"}}}`,
			"InvalidResourceName InvalidRequestFormat InvalidRequestFormat InvalidRequestFormat InvalidResourceReference InvalidRequestFormat InvalidTagValue"},
		{publicPrefixes + "/x", prefixBody(27, ``), "InvalidRequestFormat"},
		{publicPrefixes + "/x", prefixBody(32, ``), "InvalidRequestFormat"},
		{publicPrefixes + "/x", prefixBody(28, `,"publicIPAddressVersion":"IPv6"`), "InvalidRequestFormat"},
		{publicPrefixes + "/x", prefixBody(28, `,"publicIPAddressVersion":"IPv5"`), "InvalidRequestFormat"},
		{publicPrefixes + "/x", `{"location":"westus","properties":{"prefixLength":"28"}}`, "InvalidRequestFormat"},
		{publicPrefixes + "/range", prefixBody(31, ``), "PropertyChangeNotAllowed"},
		{publicPrefixes + "/range", `{"location":"westus","sku":{"tier":"Global"},"properties":{"prefixLength":124,"publicIPAddressVersion":"IPv6"}}`, "PropertyChangeNotAllowed PropertyChangeNotAllowed PropertyChangeNotAllowed"},
		{publics + "/x", standardFrom("none", ``), "InvalidResourceReference"},
		{publics + "/x", strings.Replace(standardFrom("range", ``), "westus", "eastus", 1), "InvalidResourceReference"},
		{publics + "/x", `{"location":"westus","properties":{"publicIPAddressVersion":"IPv6"` + fromPrefix("range") + `}}`, "PublicIPAddressIncompatiblePublicIPPrefix PublicIPAddressIncompatiblePublicIPPrefix"},
		{publics + "/x", standardFrom("range", `,"ipAddress":"203.0.113.9"`), "PublicIPAddressIncompatiblePublicIPPrefix"},
		{publics + "/x", standardFrom("range", `,"ipAddress":"203.0.113.4"`), "PublicIPAddressIsAllocated"},              // of the address
		{publics + "/x", `{"location":"westus","properties":{"ipAddress":"203.0.113.7"}}`, "PublicIPAddressIsAllocated"}, // of the prefix
		{publics + "/own", standardFrom("range", ``), "PropertyChangeNotAllowed"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.refused("PATCH", publicPrefixes+"/range", `{"tags":{"isle-egress":"bind:::1"}}`, "InvalidTagValue")
	w.send("GET", publicPrefixes+"/x", "", 404)
	w.send("GET", publics+"/x", "", 404)
	if after := text(w.send("GET", publicPrefixes+"/range", "", 200)); after != before {
		t.Errorf("was %s\nis  %s", before, after)
	}
	w.checkSides()
}

func natPrefixes(names ...string) string {
	var refs []string
	for _, name := range names {
		refs = append(refs, fmt.Sprintf(`{"id":%q}`, publicPrefixes+"/"+name))
	}
	return `"publicIpPrefixes":[` + strings.Join(refs, ",") + `]`
}

// A NAT gateway has a prefix as a whole: flows leave with its first address, and nothing
// else has one of it.
func TestNATGatewaysHavePrefixes(t *testing.T) {
	w := newWorld(t)
	w.office()
	w.send("PUT", publicPrefixes+"/range", strings.Replace(prefixBody(30, ``), `"sku"`, `"tags":{"isle-egress":"bind:127.0.0.7"},"sku"`, 1), 201)
	w.publicPrefix("other", 28, ``)
	w.publicPrefix("six", 127, `,"publicIPAddressVersion":"IPv6"`)
	w.publicIP("own", ``, ``, 201)
	w.publicIP("of", ``, fromPrefix("range"), 201)
	w.nic("vm", net+"/subnets/a", `,"publicIPAddress":{"id":"`+publics+`/of"}`, "", 201)
	w.refused("PUT", nats+"/nat", natBody(natPrefixes("range")), "PublicIPPrefixInUse")
	w.nic("vm", net+"/subnets/a", ``, "", 200)

	made := w.send("PUT", nats+"/nat", natBody(natPrefixes("range")), 201)["properties"].(map[string]any)
	if got := made["publicIpPrefixes"].([]any)[0].(map[string]any)["id"]; got != publicPrefixes+"/range" {
		t.Errorf("made: %v", made)
	}
	prefix := w.send("GET", publicPrefixes+"/range", "", 200)["properties"].(map[string]any)
	if got := prefix["natGateway"].(map[string]any)["id"]; got != nats+"/nat" {
		t.Errorf("the prefix does not say who has it: %v", prefix)
	}
	w.send("PUT", net+"/subnets/b", `{"properties":{"addressPrefix":"10.0.1.0/24","natGateway":{"id":"`+nats+`/nat"}}}`, 201)
	first := netip.MustParsePrefix(prefix["ipPrefix"].(string)).Addr()
	if d := w.judge(flow("10.0.1.4", "8.8.8.8", 443)); !netip.MustParsePrefix(prefix["ipPrefix"].(string)).Contains(d.SNATIP) || d.NATGateway != nats+"/nat" {
		t.Errorf("flows leave as %v of %q", d.SNATIP, d.NATGateway)
	}
	if got := w.snapshot().Outgoing(net, net+"/subnets/b", false); len(got) != 4 || got[0] != first {
		t.Errorf("outgoing addresses: %s", got)
	}
	if e := w.snapshot().Egress(); len(e) != 4 || e[first] != (network.Egress{PublicIP: publicPrefixes + "/range", Bind: netip.MustParseAddr("127.0.0.7")}) {
		t.Errorf("egress: %v", e)
	}

	w.refused("DELETE", publicPrefixes+"/range", "", "InUsePublicIpPrefixCannotBeDeleted")
	w.refused("PUT", nics+"/vm", `{"location":"westus","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":"`+net+`/subnets/a"},"publicIPAddress":{"id":"`+publics+`/of"}}}]}}`, "PublicIPAddressInUse")
	for body, codes := range map[string]string{
		natPrefixes("range"):                           "PublicIPPrefixInUse",
		natPrefixes("six"):                             "NatGatewayIncompatiblePublicIp",
		natPrefixes("none", "range"):                   "InvalidResourceReference PublicIPPrefixInUse",
		natPublics("own") + "," + natPrefixes("other"): "NatGatewayPublicIpCountLimitReached",
		natPrefixes("other", "other"):                  "PublicIPPrefixInUse NatGatewayPublicIpCountLimitReached",
		`"publicIpPrefixes":[{}]`:                      "InvalidResourceReference",
	} {
		w.refused("PUT", nats+"/second", natBody(body), codes)
	}
	w.checkSides()

	w.send("PUT", nats+"/nat", natBody(natPublics("own")), 200) // gives the prefix back
	w.send("PUT", nats+"/second", natBody(natPrefixes("range")), 201)
	w.send("DELETE", nats+"/second", "", 200)
	w.send("DELETE", publics+"/of", "", 200)
	w.send("DELETE", publicPrefixes+"/range", "", 200)
	w.checkSides()
}

// What names a prefix, and what it names, follow it into another group.
func TestPublicPrefixesMove(t *testing.T) {
	w := newWorld(t)
	w.publicPrefix("range", 30, ``)
	w.publicPrefix("whole", 30, ``)
	w.publicIP("of", ``, fromPrefix("range"), 201)
	w.send("PUT", nats+"/nat", natBody(natPrefixes("whole")), 201)
	group := "/subscriptions/" + subscription + "/resourceGroups/"
	w.send("PUT", group+"h", `{"location":"westus"}`, 201)
	w.send("POST", group+"g/moveResources", fmt.Sprintf(`{"targetResourceGroup":%q,"resources":[%q,%q]}`, group+"h", publicPrefixes+"/range", publicPrefixes+"/whole"), 204)
	moved := strings.Replace(publicPrefixes, "/g/", "/h/", 1)
	of := w.send("GET", publics+"/of", "", 200)["properties"].(map[string]any)["publicIPPrefix"].(map[string]any)["id"]
	nat := w.send("GET", nats+"/nat", "", 200)["properties"].(map[string]any)["publicIpPrefixes"].([]any)[0].(map[string]any)["id"]
	if of != moved+"/range" || nat != moved+"/whole" {
		t.Errorf("%v, %v", of, nat)
	}
	w.send("DELETE", publics+"/of", "", 200)
	w.send("DELETE", nats+"/nat", "", 200)
	w.send("DELETE", moved+"/range", "", 200)
	w.send("DELETE", moved+"/whole", "", 200)
}

func (g *maker) publicPrefix() (string, string) {
	return publicPrefixes + "/" + g.name(), prefixBody(g.IntN(8)+25, g.mostly(2, "", `,"publicIPAddressVersion":"IPv4"`, `,"publicIPAddressVersion":"IPv6"`))
}
