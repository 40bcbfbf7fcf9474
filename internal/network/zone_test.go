package network_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"

	"isle/internal/arm/armtest"
)

const (
	zones = provider + "/privateDnsZones"
	zone  = zones + "/contoso.internal"
)

func (w *world) zone(name string) {
	w.t.Helper()
	w.send("PUT", zones+"/"+name, `{"location":"global"}`, 201)
}

func zoneLink(network, more string) string {
	return fmt.Sprintf(`{"location":"global","properties":{"virtualNetwork":{"id":%q}%s}}`, vnets+"/"+network, more)
}

func aRecords(addresses ...string) string {
	var list []string
	for _, a := range addresses {
		list = append(list, fmt.Sprintf(`{"ipv4Address":%q}`, a))
	}
	return `{"properties":{"ttl":30,"aRecords":[` + strings.Join(list, ",") + `]}}`
}

// known are the records of the zones that a network knows, one a line.
func (w *world) known(network string) string {
	w.t.Helper()
	policy, err := w.policies.Current()
	w.must(err)
	var lines []string
	for _, z := range policy.Zones(vnets + "/" + network) {
		for _, r := range z.Records {
			if r.Type != "SOA" {
				lines = append(lines, r.String())
			}
		}
	}
	return strings.Join(lines, "\n")
}

// Zones, their links and every type of record set, through the Azure SDK.
func TestPrivateZonesThroughTheSDK(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.vnet("hub", "10.1.0.0/16")
	clients, err := armprivatedns.NewClientFactory(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	s := &sdk{world: w, ctx: ctx}
	zoneClient, links, sets := clients.NewPrivateZonesClient(), clients.NewVirtualNetworkLinksClient(), clients.NewRecordSetsClient()
	const name = "contoso.internal"
	made := await[armprivatedns.PrivateZonesClientCreateOrUpdateResponse](s)(zoneClient.BeginCreateOrUpdate(ctx, "g", name, armprivatedns.PrivateZone{Location: to.Ptr("global")}, nil))
	check(s, "records of a new zone", *made.Properties.NumberOfRecordSets, int64(1))
	check(s, "state", *made.Properties.ProvisioningState, armprivatedns.ProvisioningStateSucceeded)
	link := await[armprivatedns.VirtualNetworkLinksClientCreateOrUpdateResponse](s)(links.BeginCreateOrUpdate(ctx, "g", name, "hub", armprivatedns.VirtualNetworkLink{Location: to.Ptr("global"),
		Properties: &armprivatedns.VirtualNetworkLinkProperties{VirtualNetwork: &armprivatedns.SubResource{ID: to.Ptr(vnets + "/hub")}, RegistrationEnabled: to.Ptr(false)}}, nil))
	check(s, "link", *link.Properties.VirtualNetworkLinkState, armprivatedns.VirtualNetworkLinkStateCompleted)
	links1 := await[armprivatedns.VirtualNetworkLinksClientUpdateResponse](s)(links.BeginUpdate(ctx, "g", name, "hub", armprivatedns.VirtualNetworkLink{Properties: &armprivatedns.VirtualNetworkLinkProperties{ResolutionPolicy: to.Ptr(armprivatedns.ResolutionPolicyNxDomainRedirect)}}, nil))
	check(s, "policy", *links1.Properties.ResolutionPolicy, armprivatedns.ResolutionPolicyNxDomainRedirect)
	check(s, "network", *got[armprivatedns.VirtualNetworkLinksClientGetResponse](s)(links.Get(ctx, "g", name, "hub", nil)).Properties.VirtualNetwork.ID, vnets+"/hub")
	check(s, "links", len(pages(s, links.NewListPager("g", name, nil))[0].Value), 1)

	for typ, p := range map[armprivatedns.RecordType]*armprivatedns.RecordSetProperties{
		armprivatedns.RecordTypeA:     {ARecords: []*armprivatedns.ARecord{{IPv4Address: to.Ptr("10.1.0.4")}, {IPv4Address: to.Ptr("10.1.0.5")}}, Metadata: map[string]*string{"a": to.Ptr("b")}},
		armprivatedns.RecordTypeAAAA:  {AaaaRecords: []*armprivatedns.AaaaRecord{{IPv6Address: to.Ptr("fd00::4")}}},
		armprivatedns.RecordTypeCNAME: {CnameRecord: &armprivatedns.CnameRecord{Cname: to.Ptr("a.contoso.internal")}},
		armprivatedns.RecordTypeMX:    {MxRecords: []*armprivatedns.MxRecord{{Exchange: to.Ptr("mail.contoso.internal"), Preference: to.Ptr[int32](10)}}},
		armprivatedns.RecordTypePTR:   {PtrRecords: []*armprivatedns.PtrRecord{{Ptrdname: to.Ptr("vm.contoso.internal")}}},
		armprivatedns.RecordTypeSRV:   {SrvRecords: []*armprivatedns.SrvRecord{{Port: to.Ptr[int32](80), Priority: to.Ptr[int32](1), Target: to.Ptr("srv.contoso.internal"), Weight: to.Ptr[int32](2)}}},
		armprivatedns.RecordTypeTXT:   {TxtRecords: []*armprivatedns.TxtRecord{{Value: to.SliceOfPtrs(`say "hi"`, "c")}}},
	} {
		p.TTL = to.Ptr[int64](60)
		relative := strings.ToLower(string(typ))
		set, err := sets.CreateOrUpdate(ctx, "g", name, typ, relative, armprivatedns.RecordSet{Properties: p}, &armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfNoneMatch: to.Ptr("*")})
		w.must(err)
		check(s, string(typ), *set.Properties.Fqdn, relative+".contoso.internal.")
		if _, err := sets.CreateOrUpdate(ctx, "g", name, typ, relative, armprivatedns.RecordSet{Properties: p}, &armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfNoneMatch: to.Ptr("*")}); !failedWith(err, 412) {
			t.Errorf("%s twice: %v", typ, err)
		}
		if _, err := sets.CreateOrUpdate(ctx, "g", name, typ, relative, armprivatedns.RecordSet{Properties: p}, &armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfMatch: to.Ptr("other")}); !failedWith(err, 412) {
			t.Errorf("%s with another ETag: %v", typ, err)
		}
		check(s, string(typ)+"s", len(pages(s, sets.NewListByTypePager("g", name, typ, nil))[0].Value), 1)
	}
	check(s, "pages of all sets", len(pages(s, sets.NewListPager("g", name, &armprivatedns.RecordSetsClientListOptions{Top: to.Ptr[int32](3)}))), 3)
	changed, err := sets.Update(ctx, "g", name, armprivatedns.RecordTypeA, "a", armprivatedns.RecordSet{Properties: &armprivatedns.RecordSetProperties{TTL: to.Ptr[int64](90)}}, nil)
	w.must(err)
	check(s, "addresses after another ttl", len(changed.Properties.ARecords), 2)
	soa := got[armprivatedns.RecordSetsClientGetResponse](s)(sets.Get(ctx, "g", name, armprivatedns.RecordTypeSOA, "@", nil))
	check(s, "start", *soa.Properties.SoaRecord.MinimumTTL, int64(10))
	if _, err := sets.Delete(ctx, "g", name, armprivatedns.RecordTypeSOA, "@", nil); !failedWith(err, 400) {
		t.Errorf("the start of authority is deleted: %v", err)
	}
	want := `a.contoso.internal. 90 IN A 10.1.0.4
a.contoso.internal. 90 IN A 10.1.0.5
aaaa.contoso.internal. 60 IN AAAA fd00::4
cname.contoso.internal. 60 IN CNAME a.contoso.internal.
mx.contoso.internal. 60 IN MX 10 mail.contoso.internal.
ptr.contoso.internal. 60 IN PTR vm.contoso.internal.
srv.contoso.internal. 60 IN SRV 1 2 80 srv.contoso.internal.
txt.contoso.internal. 60 IN TXT "say \"hi\"" "c"`
	if got := w.known("hub"); got != want {
		t.Errorf("the network knows\n%s\nwant\n%s", got, want)
	}
	_, err = sets.Delete(ctx, "g", name, armprivatedns.RecordTypeA, "a", nil)
	w.must(err)
	await[armprivatedns.PrivateZonesClientUpdateResponse](s)(zoneClient.BeginUpdate(ctx, "g", name, armprivatedns.PrivateZone{Tags: map[string]*string{"a": to.Ptr("b")}}, nil))
	zoneNow := got[armprivatedns.PrivateZonesClientGetResponse](s)(zoneClient.Get(ctx, "g", name, nil))
	check(s, "tags, links and sets", fmt.Sprint(*zoneNow.Tags["a"], *zoneNow.Properties.NumberOfVirtualNetworkLinks, *zoneNow.Properties.NumberOfRecordSets), "b1 7")
	check(s, "zones", len(pages(s, zoneClient.NewListPager(nil))[0].Value)+len(pages(s, zoneClient.NewListByResourceGroupPager("g", nil))[0].Value), 2)
	await[armprivatedns.VirtualNetworkLinksClientDeleteResponse](s)(links.BeginDelete(ctx, "g", name, "hub", nil))
	await[armprivatedns.PrivateZonesClientDeleteResponse](s)(zoneClient.BeginDelete(ctx, "g", name, nil))
	w.send("GET", zone, "", 404)
}

func failedWith(err error, status int) bool {
	var failed *azcore.ResponseError
	return errors.As(err, &failed) && failed.StatusCode == status
}

// Pages have $top record sets, in order, with nothing lost between them.
func TestPagesOfRecordSets(t *testing.T) {
	w := newWorld(t)
	w.zone("contoso.internal")
	for i := range 4 {
		w.send("PUT", fmt.Sprintf("%s/A/x%d", zone, i), aRecords("10.1.0.4"), 201)
	}
	next, names := zone+"/A?$top=2&$recordsetnamesuffix=", []string{}
	for pages := 0; next != ""; pages++ {
		answer := w.send("GET", next, "", 200)
		for _, one := range answer["value"].([]any) {
			names = append(names, one.(map[string]any)["name"].(string))
		}
		link, _ := answer["nextLink"].(string)
		next = strings.TrimPrefix(link, w.server.URL)
	}
	if got := strings.Join(names, " "); got != "x0 x1 x2 x3" {
		t.Error(got)
	}
	for query, code := range map[string]string{"$top=9223372036854775807&$skiptoken=1": "InvalidTopParameter", "$top=0": "InvalidTopParameter", "$top=2&$skiptoken=1": "InvalidSkipToken"} {
		w.refused("GET", zone+"/ALL?"+query, "", code)
	}
}

// A name has 253 characters at most, with that of its zone.
func TestLongNamesOfRecords(t *testing.T) {
	w := newWorld(t)
	w.vnet("hub", "10.1.0.0/16")
	label := strings.Repeat("x", 60) + "."
	long := label + label + label + strings.Repeat("z", 62) // 245
	w.zone(long + ".abc")                                   // 249
	in := zones + "/" + long + ".abc"
	w.send("PUT", in+"/A/abc", aRecords("10.1.0.4"), 201)
	w.refused("PUT", in+"/A/abcd", aRecords("10.1.0.4"), "BadRequest")
	w.refused("PUT", in+"/TXT/"+long, `{"properties":{"ttl":1,"txtRecords":[{"value":["x"]}]}}`, "BadRequest")
	w.send("PUT", in+"/virtualNetworkLinks/hub", zoneLink("hub", `,"registrationEnabled":true`), 201)
	for _, name := range []string{"nic", "longer"} {
		w.send("PUT", nics+"/"+name, `{"location":"westus","properties":{"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"`+vnets+`/hub/subnets/a"}}}]}}`, 201)
	}
	if got := w.known("hub"); strings.Count(got, "\n") != 1 || !strings.Contains(got, "nic."+long) || strings.Contains(got, "longer") {
		t.Errorf("the network knows\n%s", got)
	}
	w.send("GET", in+"/A/longer", "", 404)
}

// Interfaces of a network that is linked with registration have address records.
func TestInterfacesAreRegistered(t *testing.T) {
	w := newWorld(t)
	w.vnet("hub", "10.1.0.0/16")
	w.zone("contoso.internal")
	w.send("PUT", zone+"/virtualNetworkLinks/hub", zoneLink("hub", `,"registrationEnabled":true`), 201)
	nic := func(name, dns string) {
		w.send("PUT", nics+"/"+name, `{"location":"westus","properties":{`+dns+`"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"`+vnets+`/hub/subnets/a"}}}]}}`, 201)
	}
	nic("Web", "")
	nic("other", `"dnsSettings":{"internalDnsNameLabel":"db"},`)
	if got := w.known("hub"); got != "db.contoso.internal. 10 IN A 10.1.0.5\nweb.contoso.internal. 10 IN A 10.1.0.4" {
		t.Errorf("the network knows\n%s", got)
	}
	set := w.send("GET", zone+"/A/web", "", 200)["properties"].(map[string]any)
	if set["isAutoRegistered"] != true || set["fqdn"] != "web.contoso.internal." {
		t.Errorf("%v", set)
	}
	if n := len(w.send("GET", zone+"/ALL", "", 200)["value"].([]any)); n != 3 {
		t.Errorf("%d record sets, want two registered ones and the start of authority", n)
	}
	if n := len(w.send("GET", zone+"/A?$recordsetnamesuffix=b", "", 200)["value"].([]any)); n != 2 {
		t.Errorf("%d address records end in b", n)
	}
	w.refused("DELETE", zone+"/A/web", "", "BadRequest")
	w.send("PUT", zone+"/A/web", aRecords("10.1.0.77"), 201)
	if got := w.known("hub"); !strings.Contains(got, "web.contoso.internal. 30 IN A 10.1.0.77") || strings.Contains(got, "10.1.0.4") {
		t.Errorf("beside one that was made, the network knows\n%s", got)
	}
	w.send("DELETE", zone+"/A/web", "", 200)
	w.send("DELETE", nics+"/other", "", 200)
	if got := w.known("hub"); got != "web.contoso.internal. 10 IN A 10.1.0.4" {
		t.Errorf("after the interface has gone, the network knows\n%s", got)
	}
}

func TestPrivateZonesAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, space := range map[string]string{"hub": "10.1.0.0/16", "spoke": "10.2.0.0/16"} {
		w.vnet(name, space)
	}
	w.zone("contoso.internal")
	w.zone("other.internal")
	w.send("PUT", "/subscriptions/"+subscription+"/resourceGroups/h", `{"location":"westus"}`, 201)
	twin := strings.Replace(zone, "resourceGroups/g/", "resourceGroups/h/", 1)
	w.send("PUT", twin, `{"location":"global"}`, 201)
	w.send("PUT", zone+"/virtualNetworkLinks/hub", zoneLink("hub", `,"registrationEnabled":true`), 201)
	w.send("PUT", zone+"/A/web", aRecords("10.1.0.4"), 201)
	w.send("PUT", zone+"/CNAME/alias", `{"properties":{"ttl":1,"cnameRecord":{"cname":"web.contoso.internal"}}}`, 201)
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf("10.1.1.%d", i))
	}
	for _, c := range []struct{ path, body, codes string }{
		{zones + "/local", `{"location":"global"}`, "BadRequest"},
		{zones + "/-a.b", `{"location":"global"}`, "BadRequest"},
		{zone + "/virtualNetworkLinks/x", `{"location":"global","properties":{}}`, "InvalidRequestFormat"},
		{zone + "/virtualNetworkLinks/x", zoneLink("none", ""), "InvalidResourceReference"},
		{zone + "/virtualNetworkLinks/x", zoneLink("hub", ""), "BadRequest"},
		{twin + "/virtualNetworkLinks/x", zoneLink("hub", ""), "BadRequest"},
		{zones + "/other.internal/virtualNetworkLinks/x", zoneLink("hub", `,"registrationEnabled":true`), "BadRequest"},
		{zones + "/other.internal/virtualNetworkLinks/x", zoneLink("hub", `,"resolutionPolicy":"Never"`), "InvalidRequestFormat"},
		{zone + "/virtualNetworkLinks/hub", zoneLink("spoke", ""), "PropertyChangeNotAllowed"},
		{zone + "/A/-", `{"properties":{}}`, "BadRequest BadRequest"},
		{zone + "/A/x", aRecords("10.1.0.4", "10.1.0.4", "10.1.0"), "BadRequest BadRequest"},
		{zone + "/A/x", aRecords(many...), "BadRequest"},
		{zone + "/A/x", `{"properties":{"ttl":1,"aaaaRecords":[{"ipv6Address":"10.1.0.4"}]}}`, "BadRequest BadRequest"},
		{zone + "/A/x", `{"properties":{"ttl":"1"}}`, "InvalidRequestFormat"},
		{zone + "/CNAME/@", `{"properties":{"ttl":1,"cnameRecord":{"cname":"not a name"}}}`, "BadRequest BadRequest"},
		{zone + "/SOA/x", `{"properties":{"ttl":1,"soaRecord":{"host":"a.b","email":"c@d.e"}}}`, "BadRequest"},
		{zone + "/TXT/x", `{"properties":{"ttl":1,"txtRecords":[{"value":["` + strings.Repeat("x", 1025) + `"]}]}}`, "BadRequest"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.send("PUT", zone+"/CNAME/web", `{"properties":{"ttl":1,"cnameRecord":{"cname":"a.b"}}}`, 409)
	w.send("PUT", zone+"/A/alias", aRecords("10.1.0.4"), 409)
	w.send("PUT", zone+"/A/*.wild", aRecords("10.1.0.4"), 201)
	w.send("PUT", zone+"/A/@", aRecords("10.1.0.4"), 201)
	w.send("DELETE", vnets+"/hub", "", 200)
	w.send("GET", zone+"/virtualNetworkLinks/hub", "", 200)
	w.snapshot()
}

// Clients write the type of a record set in any letter case, and make empty sets to add
// records to.
func TestRecordSetsInAnyLetterCase(t *testing.T) {
	w := newWorld(t)
	zone := provider + "/privateDnsZones/isle.internal"
	w.send("PUT", zone, `{"location":"global"}`, 201)
	made := w.send("PUT", zone+"/a/db", `{"properties":{"ttl":60}}`, 201)
	if made["id"] != zone+"/A/db" || made["type"] != "Microsoft.Network/privateDnsZones/A" {
		t.Errorf("%v", made)
	}
	w.send("PUT", zone+"/a/DB", `{"properties":{"ttl":60,"aRecords":[{"ipv4Address":"10.0.0.9"}]}}`, 200)
	for _, typ := range []string{"aaaa", "Cname", "mx", "PTR", "srv", "txt"} {
		w.send("PUT", zone+"/"+typ+"/empty-"+typ, `{"properties":{"ttl":60}}`, 201)
	}
	if got := w.send("GET", zone+"/A/db", "", 200); !strings.Contains(fmt.Sprint(got), "10.0.0.9") || got["id"] != zone+"/A/db" {
		t.Errorf("%v", got)
	}
	w.refused("PUT", zone+"/soa/@", `{"properties":{"ttl":60}}`, "BadRequest")
	w.send("DELETE", zone+"/a/db", "", 200)
}
