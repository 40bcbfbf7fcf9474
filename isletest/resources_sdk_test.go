package isletest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armlocks"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"isle/isletest"
)

// done waits for a long-running operation of the SDK.
func done[T any](t *testing.T, p *runtime.Poller[T], err error) T {
	t.Helper()
	must(t, err)
	v, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 10 * time.Millisecond})
	must(t, err)
	return v
}

// all reads every page of a list.
func all[T, V any](t *testing.T, p *runtime.Pager[T], values func(T) []V) (list []V) {
	t.Helper()
	for p.More() {
		page, err := p.NextPage(t.Context())
		must(t, err)
		list = append(list, values(page)...)
	}
	return list
}

// refusedWith wants the SDK to see an error of that code.
func refusedWith(t *testing.T, what string, err error, code string) {
	t.Helper()
	var failed *azcore.ResponseError
	if !asError(err, &failed) || failed.ErrorCode != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func object(t *testing.T, text string) (v map[string]any) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), &v))
	return v
}

const network = `{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2023-09-01","name":"net","location":"West Europe","tags":{"stage":"[parameters('stage')]"},
	"properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24","networkSecurityGroup":{"id":"[resourceId('Microsoft.Network/networkSecurityGroups', 'rules')]"}}}]},
	"dependsOn":["[resourceId('Microsoft.Network/networkSecurityGroups', 'rules')]"]}`

const rules = `{"type":"Microsoft.Network/networkSecurityGroups","apiVersion":"2023-09-01","name":"rules","location":"westeurope","properties":{}}`

func groupTemplate(t *testing.T, resources ...string) map[string]any {
	return object(t, `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
		"parameters":{"stage":{"type":"string","defaultValue":"dev"}},"resources":[`+strings.Join(resources, ",")+`],
		"outputs":{"stage":{"type":"string","value":"[parameters('stage')]"}}}`)
}

// TestTheSDKManagesResources goes through the life of groups, resources, tags, locks and
// deployments with the unmodified SDK.
func TestTheSDKManagesResources(t *testing.T) {
	s := isletest.Start(t)
	c := newClients(t, s)
	groups := c.resources.NewResourceGroupsClient()
	for name, stage := range map[string]string{"one": "dev", "two": "prod"} {
		must(t, onlyError(groups.CreateOrUpdate(t.Context(), name, armresources.ResourceGroup{Location: to.Ptr("West Europe"), Tags: map[string]*string{"stage": &stage}}, nil)))
	}
	found := all(t, groups.NewListPager(&armresources.ResourceGroupsClientListOptions{Filter: to.Ptr("tagName eq 'stage' and tagValue eq 'prod'")}),
		func(p armresources.ResourceGroupsClientListResponse) []*armresources.ResourceGroup { return p.Value })
	if len(found) != 1 || *found[0].Name != "two" || *found[0].Location != "West Europe" {
		t.Errorf("groups by tag: %v", found)
	}
	t.Run("deployments", func(t *testing.T) { deploysWithWhatIf(t, c) })
	t.Run("resources", func(t *testing.T) { readsResources(t, c) })
	t.Run("export", func(t *testing.T) { exportsGroups(t, c) })
	t.Run("tags", func(t *testing.T) { changesTags(t, s, c) })
	t.Run("locks", func(t *testing.T) { holdsLocks(t, s, c) })
	t.Run("subscriptions", func(t *testing.T) { asksSubscriptions(t, s, c) })
	deletion, err := groups.BeginDelete(t.Context(), "one", nil)
	done(t, deletion, err)
	if left, err := groups.CheckExistence(t.Context(), "one", nil); err != nil || left.Success {
		t.Errorf("the group is there: %v %v", left, err)
	}
}

// changed lists the changes of a what-if by the name of the resource.
func changed(changes []*armresources.WhatIfChange) map[string]*armresources.WhatIfChange {
	by := map[string]*armresources.WhatIfChange{}
	for _, c := range changes {
		by[(*c.ResourceID)[strings.LastIndexByte(*c.ResourceID, '/')+1:]] = c
	}
	return by
}

func deploysWithWhatIf(t *testing.T, c clients) {
	deployments := c.resources.NewDeploymentsClient()
	template := groupTemplate(t, network, rules)
	preview := func(parameters map[string]any) map[string]*armresources.WhatIfChange {
		p, err := deployments.BeginWhatIf(t.Context(), "one", "d", armresources.DeploymentWhatIf{Properties: &armresources.DeploymentWhatIfProperties{
			Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template, Parameters: parameters}}, nil)
		return changed(done(t, p, err).Properties.Changes)
	}
	if got := preview(nil); len(got) != 2 || *got["net"].ChangeType != armresources.ChangeTypeCreate || *got["rules"].ChangeType != armresources.ChangeTypeCreate {
		t.Errorf("before: %v", got)
	}
	p, err := deployments.BeginCreateOrUpdate(t.Context(), "one", "d", armresources.Deployment{Properties: &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}}, nil)
	made := done(t, p, err)
	if made.Properties.Outputs.(map[string]any)["stage"].(map[string]any)["value"] != "dev" || len(made.Properties.OutputResources) != 2 {
		t.Errorf("deployed: %+v", made.Properties)
	}
	for name, change := range preview(nil) {
		if *change.ChangeType != armresources.ChangeTypeNoChange || len(change.Delta) > 0 {
			t.Errorf("the same again: %s is %s %v", name, *change.ChangeType, change.Delta)
		}
	}
	again := preview(map[string]any{"stage": map[string]any{"value": "prod"}})["net"]
	if *again.ChangeType != armresources.ChangeTypeModify || len(again.Delta) != 1 || *again.Delta[0].Path != "tags.stage" || again.Delta[0].Before != "dev" || again.Delta[0].After != "prod" {
		t.Errorf("another tag: %+v", again)
	}
	atSubscription, err := deployments.BeginCreateOrUpdateAtSubscriptionScope(t.Context(), "top", armresources.Deployment{Location: to.Ptr("westeurope"), Properties: &armresources.DeploymentProperties{
		Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: object(t, `{"$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","contentVersion":"1.0.0.0",
			"resources":[{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"three","location":"westeurope"}]}`)}}, nil)
	if v := done(t, atSubscription, err); *v.Location != "westeurope" || *v.Properties.ProvisioningState != armresources.ProvisioningStateSucceeded {
		t.Errorf("to the subscription: %+v", v)
	}
	list := all(t, deployments.NewListAtSubscriptionScopePager(&armresources.DeploymentsClientListAtSubscriptionScopeOptions{Filter: to.Ptr("provisioningState eq 'Succeeded'")}),
		func(p armresources.DeploymentsClientListAtSubscriptionScopeResponse) []*armresources.DeploymentExtended {
			return p.Value
		})
	if len(list) != 1 || *list[0].Name != "top" {
		t.Errorf("deployments of the subscription: %v", list)
	}
}

func readsResources(t *testing.T, c clients) {
	client := c.resources.NewClient()
	list := all(t, client.NewListPager(&armresources.ClientListOptions{Filter: to.Ptr("resourceType eq 'Microsoft.Network/virtualNetworks' and substringof('ne', name)"), Expand: to.Ptr("createdTime,provisioningState")}),
		func(p armresources.ClientListResponse) []*armresources.GenericResourceExpanded { return p.Value })
	if len(list) != 1 || *list[0].Name != "net" || list[0].CreatedTime == nil || *list[0].ProvisioningState != "Succeeded" || list[0].Properties != nil {
		t.Fatalf("resources: %v", list)
	}
	got, err := client.GetByID(t.Context(), *list[0].ID, "2023-09-01", nil)
	must(t, err)
	if got.Properties.(map[string]any)["subnets"] == nil || *got.Location != "West Europe" {
		t.Errorf("by its ID: %+v", got)
	}
	if is, err := client.CheckExistenceByID(t.Context(), *list[0].ID+"x", "2023-09-01", nil); err != nil || is.Success {
		t.Errorf("another name exists: %v %v", is, err)
	}
	_, err = client.BeginCreateOrUpdate(t.Context(), "one", "Microsoft.Nothing", "", "things", "x", "2024-01-01", armresources.GenericResource{Location: to.Ptr("westeurope")}, nil)
	refusedWith(t, "an unknown provider", err, "InvalidResourceNamespace")
	_, err = client.BeginCreateOrUpdate(t.Context(), "one", "Microsoft.Logic", "", "things", "x", "2019-05-01", armresources.GenericResource{Location: to.Ptr("westeurope")}, nil)
	refusedWith(t, "an unknown type", err, "InvalidResourceType")
	_, err = client.BeginMoveResources(t.Context(), "one", armresources.MoveInfo{Resources: []*string{list[0].ID}, TargetResourceGroup: to.Ptr(strings.Split(*list[0].ID, "/resourceGroups/")[0] + "/resourceGroups/one")}, nil)
	refusedWith(t, "a network that is moved to where it is", err, "ResourceMoveSameGroup")
}

// exportsGroups deploys an exported template into another group.
func exportsGroups(t *testing.T, c clients) {
	p, err := c.resources.NewResourceGroupsClient().BeginExportTemplate(t.Context(), "one", armresources.ExportTemplateRequest{Resources: []*string{to.Ptr("*")}, Options: to.Ptr("IncludeParameterDefaultValue")}, nil)
	template := done(t, p, err).Template
	copied, err := c.resources.NewDeploymentsClient().BeginCreateOrUpdate(t.Context(), "two", "copy", armresources.Deployment{Properties: &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}}, nil)
	done(t, copied, err)
	net, err := c.network.NewVirtualNetworksClient().Get(t.Context(), "two", "net", nil)
	must(t, err)
	if len(net.Properties.Subnets) != 1 || !strings.Contains(*net.Properties.Subnets[0].Properties.NetworkSecurityGroup.ID, "/resourceGroups/two/") || *net.Tags["stage"] != "dev" {
		t.Errorf("the copy: %+v", net.Properties)
	}
}

func changesTags(t *testing.T, s *isletest.Server, c clients) {
	tags := c.resources.NewTagsClient()
	scope := "subscriptions/" + s.SubscriptionID + "/resourceGroups/two"
	merged, err := tags.UpdateAtScope(t.Context(), scope, armresources.TagsPatchResource{Operation: to.Ptr(armresources.TagsPatchOperationMerge), Properties: &armresources.Tags{Tags: map[string]*string{"Stage": to.Ptr("test"), "cost": to.Ptr("7")}}}, nil)
	must(t, err)
	if len(merged.Properties.Tags) != 2 || *merged.Properties.Tags["stage"] != "test" {
		t.Errorf("merged: %v", merged.Properties.Tags)
	}
	must(t, onlyError(tags.CreateOrUpdate(t.Context(), "planned", nil)))
	must(t, onlyError(tags.CreateOrUpdateValue(t.Context(), "planned", "soon", nil)))
	names := all(t, tags.NewListPager(nil), func(p armresources.TagsClientListResponse) []*armresources.TagDetails { return p.Value })
	if !slices.ContainsFunc(names, func(d *armresources.TagDetails) bool {
		return *d.TagName == "planned" && *d.Values[0].TagValue == "soon" && *d.Count.Value == 0
	}) {
		t.Errorf("tag names: %v", names)
	}
}

func holdsLocks(t *testing.T, s *isletest.Server, c clients) {
	credential, options := azure(t, s)
	locks, err := armlocks.NewManagementLocksClient(s.SubscriptionID, credential, options)
	must(t, err)
	must(t, onlyError(locks.CreateOrUpdateAtResourceGroupLevel(t.Context(), "one", "keep", armlocks.ManagementLockObject{Properties: &armlocks.ManagementLockProperties{Level: to.Ptr(armlocks.LockLevelCanNotDelete), Notes: to.Ptr("ours")}}, nil)))
	must(t, onlyError(locks.CreateOrUpdateAtResourceGroupLevel(t.Context(), "one", "too", armlocks.ManagementLockObject{Properties: &armlocks.ManagementLockProperties{Level: to.Ptr(armlocks.LockLevelCanNotDelete)}}, nil)))
	_, err = c.resources.NewResourceGroupsClient().BeginDelete(t.Context(), "one", nil)
	refusedWith(t, "the deletion of a locked group", err, "ScopeLocked")
	if named := strings.Count(err.Error(), "/resourceGroups/one'"); named != 2 {
		t.Errorf("what is to be deleted and what is locked are named %d times, want once each: %v", named, err)
	}
	must(t, onlyError(locks.DeleteAtResourceGroupLevel(t.Context(), "one", "too", nil)))
	_, err = c.network.NewVirtualNetworksClient().BeginDelete(t.Context(), "one", "net", nil)
	refusedWith(t, "the deletion of what is in it", err, "ScopeLocked")
	list := all(t, locks.NewListAtSubscriptionLevelPager(nil), func(p armlocks.ManagementLocksClientListAtSubscriptionLevelResponse) []*armlocks.ManagementLockObject {
		return p.Value
	})
	if len(list) != 1 || *list[0].Name != "keep" || *list[0].Properties.Notes != "ours" {
		t.Errorf("locks: %v", list)
	}
	must(t, onlyError(locks.DeleteAtResourceGroupLevel(t.Context(), "one", "keep", nil)))
}

func asksSubscriptions(t *testing.T, s *isletest.Server, c clients) {
	credential, options := azure(t, s)
	client, err := armsubscriptions.NewClient(credential, options)
	must(t, err)
	places := all(t, client.NewListLocationsPager(s.SubscriptionID, nil), func(p armsubscriptions.ClientListLocationsResponse) []*armsubscriptions.Location { return p.Value })
	if !slices.ContainsFunc(places, func(l *armsubscriptions.Location) bool { return *l.Name == "westeurope" }) {
		t.Errorf("locations: %v", places)
	}
	for _, name := range []string{"Microsoft.Logic", "Microsoft.Network", "Microsoft.Resources", "Microsoft.Authorization"} {
		p, err := c.resources.NewProvidersClient().Get(t.Context(), name, nil)
		must(t, err)
		if *p.RegistrationState != "Registered" || len(p.ResourceTypes) < 3 {
			t.Errorf("%s: %s, %d types", name, *p.RegistrationState, len(p.ResourceTypes))
		}
	}
	_, err = c.resources.NewProvidersClient().Unregister(t.Context(), "Microsoft.Network", nil)
	refusedWith(t, "a provider in use", err, "ProviderStillInUse")
	if a := s.Do(http.MethodGet, "/subscriptions/"+s.SubscriptionID+"/providers/Nobody.Here", nil); a.Status != http.StatusNotFound {
		t.Errorf("an unknown provider: %d", a.Status)
	}
}
