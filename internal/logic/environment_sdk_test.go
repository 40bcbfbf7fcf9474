package logic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"isle/internal/arm"
	"isle/internal/logic"

	"isle/internal/arm/armtest"
)

const (
	environments = group + "/providers/Microsoft.Logic/integrationServiceEnvironments"
	workflows    = group + "/providers/Microsoft.Logic/workflows"
)

func environment(subnets []string, sku string, capacity int32) armlogic.IntegrationServiceEnvironment {
	var references []*armlogic.ResourceReference
	for _, id := range subnets {
		references = append(references, &armlogic.ResourceReference{ID: to.Ptr(id)})
	}
	return armlogic.IntegrationServiceEnvironment{
		Location: to.Ptr("West US"), Tags: map[string]*string{"a": to.Ptr("b")},
		SKU: &armlogic.IntegrationServiceEnvironmentSKU{Name: to.Ptr(armlogic.IntegrationServiceEnvironmentSKUName(sku)), Capacity: to.Ptr(capacity)},
		Properties: &armlogic.IntegrationServiceEnvironmentProperties{NetworkConfiguration: &armlogic.NetworkConfiguration{
			AccessEndpoint: &armlogic.IntegrationServiceEnvironmentAccessEndpoint{Type: to.Ptr(armlogic.IntegrationServiceEnvironmentAccessEndpointTypeInternal)},
			Subnets:        references}},
	}
}

func environmentBody(subnets []string, more string) string {
	var list []string
	for _, id := range subnets {
		list = append(list, fmt.Sprintf(`{"id":%q}`, id))
	}
	return fmt.Sprintf(`{"location":"westus","sku":{"name":"Developer"},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"Internal"},"subnets":[%s]}%s}}`, strings.Join(list, ","), more)
}

// createEnvironment makes one and waits until it is ready.
func (w *world) createEnvironment(name string, subnets []string) string {
	w.t.Helper()
	w.send("PUT", environments+"/"+name, environmentBody(subnets, ""), 201)
	w.eventually(environments+"/"+name, "Succeeded", "properties", "provisioningState")
	return environments + "/" + name
}

func TestEnvironmentThroughTheSDK(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	subnets := w.network("net")
	client, err := armlogic.NewIntegrationServiceEnvironmentsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	put, err := client.BeginCreateOrUpdate(ctx, "g", "My.ISE_1", environment(subnets, "Premium", 2), nil)
	w.must(err)
	made, err := put.PollUntilDone(ctx, nil)
	w.must(err)
	p := made.Properties
	if *p.ProvisioningState != "Succeeded" || *made.SKU.Capacity != 2 || *made.Location != "West US" || len(*p.IntegrationServiceEnvironmentID) != 32 {
		t.Errorf("created: %s, capacity %d, %s, %s", *p.ProvisioningState, *made.SKU.Capacity, *made.Location, *p.IntegrationServiceEnvironmentID)
	}
	if a := *p.EndpointsConfiguration.Workflow.AccessEndpointIPAddresses[0].Address; a != "10.0.1.4" {
		t.Errorf("access endpoint %s, want the fifth address of the first subnet", a)
	}
	if s := p.NetworkConfiguration.Subnets[1]; *s.Name != "net/Subnet2" || *s.Type != "Microsoft.Network/virtualNetworks/subnets" {
		t.Errorf("subnet reference %s of type %s", *s.Name, *s.Type)
	}

	patch, err := client.BeginUpdate(ctx, "g", "my.ise_1", armlogic.IntegrationServiceEnvironment{Tags: map[string]*string{"c": to.Ptr("d")},
		SKU: &armlogic.IntegrationServiceEnvironmentSKU{Name: to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNamePremium), Capacity: to.Ptr[int32](10)}}, nil)
	w.must(err)
	patched, err := patch.PollUntilDone(ctx, nil)
	w.must(err)
	if *patched.SKU.Capacity != 10 || patched.Tags["c"] == nil || *patched.Name != "My.ISE_1" {
		t.Errorf("patched: %+v", patched.IntegrationServiceEnvironment)
	}
	_, err = client.Restart(ctx, "g", "My.ISE_1", nil)
	w.must(err)

	skus, err := armlogic.NewIntegrationServiceEnvironmentSKUsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	page, err := skus.NewListPager("g", "My.ISE_1", nil).NextPage(ctx)
	w.must(err)
	if len(page.Value) != 2 || *page.Value[0].Capacity.Maximum != 10 {
		t.Errorf("%d SKUs", len(page.Value))
	}
	health, err := armlogic.NewIntegrationServiceEnvironmentNetworkHealthClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	report, err := health.Get(ctx, "g", "My.ISE_1", nil)
	w.must(err)
	if len(report.Value) != 4 || len(report.Value["Subnet4"].OutboundNetworkDependencies) == 0 || *report.Value["Subnet1"].OutboundNetworkHealth.State != "Healthy" {
		t.Errorf("health: %+v", report.Value)
	}
	list, err := client.NewListBySubscriptionPager(nil).NextPage(ctx)
	w.must(err)
	if len(list.Value) != 1 {
		t.Errorf("%d environments", len(list.Value))
	}

	connectors, err := armlogic.NewIntegrationServiceEnvironmentManagedApisClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	deploy, err := connectors.BeginPut(ctx, "g", "My.ISE_1", "servicebus", armlogic.IntegrationServiceEnvironmentManagedAPI{Location: to.Ptr("westus")}, nil)
	w.must(err)
	api, err := deploy.PollUntilDone(ctx, nil)
	w.must(err)
	if *api.Properties.Name != "servicebus" || *api.Properties.ProvisioningState != "Succeeded" {
		t.Errorf("connector: %+v", api.Properties)
	}
	remove, err := connectors.BeginDelete(ctx, "g", "My.ISE_1", "servicebus", nil)
	w.must(err)
	_, err = remove.PollUntilDone(ctx, nil)
	w.must(err)

	links, err := armnetwork.NewServiceAssociationLinksClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	associated, err := links.List(ctx, "g", "net", "Subnet1", nil)
	w.must(err)
	if len(associated.Value) != 1 || !strings.EqualFold(*associated.Value[0].Properties.Link, *made.ID) {
		t.Errorf("service association links: %+v", associated.Value)
	}
	w.refused("DELETE", subnets[1], "", 400, "InUseSubnetCannotBeDeleted")
	_, err = client.Delete(ctx, "g", "My.ISE_1", nil)
	w.must(err)
	navigation, err := armnetwork.NewResourceNavigationLinksClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	navigated, err := navigation.List(ctx, "g", "net", "Subnet2", nil)
	w.must(err)
	if len(navigated.Value) != 0 {
		t.Errorf("the subnets are not released: %+v", navigated.Value)
	}
	w.send("DELETE", subnets[1], "", 200)
	_, err = client.Get(ctx, "g", "My.ISE_1", nil)
	var failed *azcore.ResponseError
	if !errors.As(err, &failed) || failed.StatusCode != 404 || failed.ErrorCode != "IntegrationServiceEnvironmentNotFound" {
		t.Errorf("%v", err)
	}
}

func TestBadEnvironmentsAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.send("PUT", group+"/providers/Microsoft.Network/virtualNetworks/net/subnets/small", `{"properties":{"addressPrefix":"10.0.2.0/28"}}`, 201)
	small := group + "/providers/Microsoft.Network/virtualNetworks/net/subnets/small"
	with := func(i int, id string) []string {
		s := append([]string{}, subnets...)
		if i == len(s) {
			return append(s, id)
		}
		s[i] = id
		return s
	}
	for _, c := range []struct{ name, body, code string }{
		{"ise", environmentBody(with(4, small), ""), "InvalidSubnetCount"},
		{"ise", environmentBody(with(3, small), ""), "InvalidSubnetSize"},
		{"ise", environmentBody(with(3, subnets[0]), ""), "DuplicateSubnets"},
		{"ise", environmentBody(with(0, small), ""), "InvalidSubnetSize"},
		{"ise", environmentBody(with(3, subnets[0]+"x"), ""), "InvalidResourceReference"},
		{"an ise", environmentBody(subnets, ""), "InvalidResourceName"},
		{"ise", strings.Replace(environmentBody(subnets, ""), "westus", "eastus", 1), "InvalidResourceLocation"},
		{"ise", strings.Replace(environmentBody(subnets, ""), `"location":"westus",`, "", 1), "LocationRequired"},
		{"ise", strings.Replace(environmentBody(subnets, ""), `"Developer"`, `"Developer","capacity":1`, 1), "InvalidSkuCapacity"},
		{"ise", strings.Replace(environmentBody(subnets, ""), `"Developer"`, `"Basic"`, 1), "InvalidSku"},
		{"ise", environmentBody(subnets, `,"encryptionConfiguration":{"encryptionKeyReference":{"keyName":"k"}}`), "InvalidEncryptionKeyReference"},
		{"ise", environmentBody(subnets, encryption("k")), "CustomerManagedKeyIdentityRequired"},
		{"ise", environmentBody(subnets, `,"encryptionConfiguration":"x"`), "InvalidRequestContent"},
		{"ise", environmentBody(subnets, `,"certificates":{"c":{"publicCertificate":"?","kind":"TrustedRoot"}}`), "InvalidCertificates"},
		{"ise", `{"location":"westus","sku":"x"}`, "InvalidRequestContent"},
	} {
		w.refused("PUT", environments+"/"+c.name, c.body, 400, c.code)
	}
	w.send("GET", environments+"/ise", "", 404)
	if links := get(w.send("GET", subnets[0]+"/ServiceAssociationLinks", "", 200), "value"); len(links.([]any)) != 0 {
		t.Errorf("a refused environment left links: %v", links)
	}
}

func encryption(key string) string {
	return `,"encryptionConfiguration":{"encryptionKeyReference":{"keyVault":{"id":"subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"},"keyName":"` + key + `","keyVersion":"0123456789abcdef0123456789abcdef"}}`
}

// TestTheCustomersKeyIsNamedAtCreation: it is checked, kept and shown, and can neither be
// added, replaced nor removed (ise.md #144).
func TestTheCustomersKeyIsNamedAtCreation(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	with := func(key string) string {
		return strings.Replace(environmentBody(subnets, key), `"location"`, `"identity":{"type":"SystemAssigned"},"location"`, 1)
	}
	ise := environments + "/ise"
	w.send("PUT", ise, with(encryption("mine")), 201)
	w.eventually(ise, "Succeeded", "properties", "provisioningState")
	w.send("PUT", ise, with(""), 200)
	got := w.eventually(ise, "Succeeded", "properties", "provisioningState")
	if get(got, "properties", "encryptionConfiguration", "encryptionKeyReference", "keyName") != "mine" {
		t.Errorf("%v", got)
	}
	w.refused("PUT", ise, with(encryption("other")), 400, "PropertyChangeNotAllowed")
	w.send("PUT", ise, with(encryption("mine")), 200)
	w.eventually(ise, "Succeeded", "properties", "provisioningState")
	w.send("DELETE", ise, "", 200)
	w.send("PUT", ise, with(""), 201)
	w.eventually(ise, "Succeeded", "properties", "provisioningState")
	w.refused("PUT", ise, with(encryption("late")), 400, "PropertyChangeNotAllowed")
}

// TestSubnetsStayTakenForAWhile: with a delay, links remain when an environment is
// deleted, the environment may be made again on them, and nobody else.
func TestSubnetsStayTakenForAWhile(t *testing.T) {
	w := newWorld(t, func(c *logic.Config) { c.ReleaseDelay = 300 * time.Millisecond })
	subnets := w.network("net")
	links := func() int {
		return len(get(w.send("GET", subnets[0]+"/ServiceAssociationLinks", "", 200), "value").([]any))
	}
	ise := w.createEnvironment("ise", subnets)
	w.send("DELETE", ise, "", 200)
	w.send("GET", ise, "", 404)
	if links() != 1 {
		t.Error("the subnets are free at once")
	}
	w.refused("PUT", environments+"/other", environmentBody(subnets, ""), 400, "SubnetWithExternalResourcesCannotBeUsedByOtherResources")
	w.createEnvironment("ise", subnets)
	w.send("DELETE", ise, "", 200)
	w.until("the subnets are free", func() bool { return links() == 0 })
	w.createEnvironment("other", subnets)
}

func TestEnvironmentKeepsWhatIsFixed(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	ise := w.createEnvironment("ise", subnets)
	w.refused("PUT", ise, strings.Replace(environmentBody(subnets, ""), "Developer", "Premium", 1), 400, "PropertyChangeNotAllowed")
	w.refused("PUT", ise, strings.Replace(environmentBody(subnets, ""), "Internal", "External", 1), 400, "PropertyChangeNotAllowed")
	w.refused("PUT", ise, environmentBody([]string{subnets[1], subnets[0], subnets[2], subnets[3]}, ""), 400, "PropertyChangeNotAllowed")
	w.refused("PUT", ise, strings.Replace(environmentBody(subnets, ""), "westus", "eastus", 1), 409, "InvalidResourceLocation")
	w.refused("PATCH", ise, `{"sku":{"name":"Premium"}}`, 400, "PropertyChangeNotAllowed")
	w.refused("PUT", environments+"/other", environmentBody(subnets, ""), 400, "SubnetWithExternalResourcesCannotBeUsedByOtherResources")
	w.send("PUT", ise, environmentBody(subnets, ""), 200)
	w.eventually(ise, "Succeeded", "properties", "provisioningState")

	network := group + "/providers/Microsoft.Network/virtualNetworks/net"
	w.refused("PUT", subnets[0], `{"properties":{"addressPrefix":"10.0.1.0/26"}}`, 400, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource")
	w.refused("PUT", subnets[1], `{"properties":{"addressPrefix":"10.0.2.0/26"}}`, 400, "InUsePrefixCannotBeDeleted")
	w.refused("PUT", network, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]}}}`, 400, "InUsePrefixCannotBeDeleted")
	w.refused("PUT", network, `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/22"]},"subnets":[]}}`, 400, "InUseSubnetCannotBeDeleted")
	w.refused("DELETE", network, "", 400, "InUseSubnetCannotBeDeleted")
	w.refused("PUT", ise+"/managedApis/sql", `{"location":"westus","tags":{"a":"b"},"properties":{}}`, 400, "IntergrationServiceEnvironmentManagedApiDefinitionTagsNotSupported")
	w.refused("PUT", ise+"/ManagedApis/nothing", `{"location":"westus","properties":{}}`, 400, "InvalidManagedApiName")
}

func TestFailedCreationReleasesTheSubnets(t *testing.T) {
	w := newWorld(t)
	subnets := w.network("net")
	w.failure.Store(arm.Conflict("NetworkNotReachable", "", "The network cannot be reached."))
	w.send("PUT", environments+"/ise", environmentBody(subnets, ""), 201)
	w.eventually(environments+"/ise", "Failed", "properties", "provisioningState")
	if links := get(w.send("GET", subnets[2]+"/ResourceNavigationLinks", "", 200), "value"); len(links.([]any)) != 0 {
		t.Errorf("links after a failed creation: %v", links)
	}
	w.refused("PUT", workflows+"/flow", workflowBody(environments+"/ise", ""), 409, "IntegrationServiceEnvironmentNotReady")
	w.failure.Store(nil)
	w.send("PUT", environments+"/ise", environmentBody(subnets, ""), 200)
	w.eventually(environments+"/ise", "Succeeded", "properties", "provisioningState")
}
