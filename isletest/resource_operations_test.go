package isletest_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"isle/isletest"
)

// TestResourceOperations drives every operation of Microsoft.Resources with the
// unmodified SDK. testdata/resource_operations.txt tells of each whether it is driven, or
// refused and why.
func TestResourceOperations(t *testing.T) {
	w := newResourceWorld(t, newWitness(t, "reference/resources-operations.json", func(*operation) bool { return true }))
	w.driveGroups()
	w.driveGeneric()
	w.driveByID()
	w.driveMoves()
	w.driveTags()
	w.driveProviders()
	w.driveSubscriptions()
	w.driveDeployments()
	w.driveDeploymentsAtSubscription()
	w.driveDeploymentsAtScope()
	w.driveElsewhere()
	w.driveEndOfGroups()
	w.check(t, "resource_operations.txt", func(o *operation) string {
		switch {
		case strings.Contains(o.GoMethod, "ManagementGroup"):
			return "there are no management groups here"
		case o.Client != "ProvidersClient" && strings.Contains(o.GoMethod, "AtTenantScope"):
			return "deployments go to groups and subscriptions"
		}
		return ""
	})
}

// resourceWorld is a server whose SDK is watched, with two groups.
type resourceWorld struct {
	*isletest.Server
	*witness
	t             *testing.T
	ctx           context.Context
	resources     *armresources.ClientFactory
	subscriptions *armsubscriptions.ClientFactory
	subscription  string // its ID
}

func newResourceWorld(t *testing.T, v *witness) *resourceWorld {
	t.Helper()
	s := isletest.Start(t, isletest.WithPrivateLinks())
	w := &resourceWorld{Server: s, witness: v, t: t, ctx: t.Context(), subscription: "/subscriptions/" + s.SubscriptionID}
	credential, sdk := azure(t, s)
	sdk.Transport = v.sees(s.HTTP())
	var err error
	w.resources, err = armresources.NewClientFactory(s.SubscriptionID, credential, sdk)
	must(t, err)
	w.subscriptions, err = armsubscriptions.NewClientFactory(credential, sdk)
	must(t, err)
	return w
}

// driveGroups: the life of groups but their end, and the export of one.
func (w *resourceWorld) driveGroups() {
	t, groups := w.t, w.resources.NewResourceGroupsClient()
	for name, stage := range map[string]string{"one": "dev", "two": "prod", "three": "prod"} {
		made, err := groups.CreateOrUpdate(w.ctx, name, armresources.ResourceGroup{Location: to.Ptr("West Europe"), Tags: map[string]*string{"stage": &stage}}, nil)
		must(t, err)
		if *made.Name != name || *made.Type != "Microsoft.Resources/resourceGroups" || *made.Properties.ProvisioningState != "Succeeded" {
			t.Errorf("made: %+v", made)
		}
	}
	got, err := groups.Get(w.ctx, "ONE", nil)
	must(t, err)
	if *got.ID != w.subscription+"/resourceGroups/one" || *got.Location != "West Europe" || *got.Tags["stage"] != "dev" {
		t.Errorf("got %+v", got)
	}
	changed, err := groups.Update(w.ctx, "one", armresources.ResourceGroupPatchable{Tags: map[string]*string{"owner": to.Ptr("ann")}}, nil)
	must(t, err)
	if len(changed.Tags) != 1 || *changed.Tags["owner"] != "ann" {
		t.Errorf("tags after a change: %v", changed.Tags)
	}
	for name, want := range map[string]bool{"one": true, "none": false} {
		if is, err := groups.CheckExistence(w.ctx, name, nil); err != nil || is.Success != want {
			t.Errorf("%s exists: %v %v", name, is.Success, err)
		}
	}
	list := names(t, groups.NewListPager(&armresources.ResourceGroupsClientListOptions{Filter: to.Ptr("tagName eq 'stage' and tagValue eq 'prod'"), Top: to.Ptr[int32](1)}), func(p armresources.ResourceGroupsClientListResponse) (list []string) {
		for _, g := range p.Value {
			list = append(list, *g.Name)
		}
		return append(list, "|")
	})
	if got := strings.Join(list, " "); got != "three | two |" {
		t.Errorf("groups of a tag, one by one: %s", got)
	}
	_, err = groups.Get(w.ctx, "none", nil)
	refusedWith(t, "a group that is not there", err, "ResourceGroupNotFound")
}

// driveGeneric: a network and a subnet in it, by the client of any resource.
func (w *resourceWorld) driveGeneric() {
	t, c := w.t, w.resources.NewClient()
	const version = "2023-09-01"
	made := await(c.BeginCreateOrUpdate(w.ctx, "one", "Microsoft.Network", "", "virtualNetworks", "net", version, armresources.GenericResource{Location: to.Ptr("westeurope"),
		Properties: map[string]any{"addressSpace": map[string]any{"addressPrefixes": []string{"10.0.0.0/16"}}}}, nil))(t)
	if *made.Type != "Microsoft.Network/virtualNetworks" || made.Properties.(map[string]any)["provisioningState"] != "Succeeded" {
		t.Errorf("made: %+v", made)
	}
	await(c.BeginCreateOrUpdate(w.ctx, "one", "Microsoft.Network", "virtualNetworks/net", "subnets", "a", version, armresources.GenericResource{
		Properties: map[string]any{"addressPrefix": "10.0.1.0/24"}}, nil))(t)
	subnet, err := c.Get(w.ctx, "one", "Microsoft.Network", "virtualNetworks/net", "subnets", "A", version, nil)
	must(t, err)
	if *subnet.ID != *made.ID+"/subnets/a" || subnet.Properties.(map[string]any)["addressPrefix"] != "10.0.1.0/24" {
		t.Errorf("the subnet: %+v", subnet)
	}
	changed := await(c.BeginUpdate(w.ctx, "one", "Microsoft.Network", "", "virtualNetworks", "net", version, armresources.GenericResource{Tags: map[string]*string{"cost": to.Ptr("7")}}, nil))(t)
	if *changed.Tags["cost"] != "7" || len(changed.Properties.(map[string]any)["subnets"].([]any)) != 1 {
		t.Errorf("changed: %+v", changed)
	}
	for name, want := range map[string]bool{"a": true, "b": false} {
		if is, err := c.CheckExistence(w.ctx, "one", "Microsoft.Network", "virtualNetworks/net", "subnets", name, version, nil); err != nil || is.Success != want {
			t.Errorf("the subnet %s exists: %v %v", name, is.Success, err)
		}
	}
	found := all(t, c.NewListByResourceGroupPager("one", &armresources.ClientListByResourceGroupOptions{Filter: to.Ptr("tagName eq 'cost'"), Expand: to.Ptr("changedTime")}),
		func(p armresources.ClientListByResourceGroupResponse) []*armresources.GenericResourceExpanded {
			return p.Value
		})
	if len(found) != 1 || *found[0].Name != "net" || found[0].ChangedTime == nil {
		t.Errorf("resources of the group: %v", found)
	}
	everywhere := all(t, c.NewListPager(&armresources.ClientListOptions{Filter: to.Ptr("resourceType eq 'Microsoft.Network/virtualNetworks'")}),
		func(p armresources.ClientListResponse) []*armresources.GenericResourceExpanded { return p.Value })
	if len(everywhere) != 1 || *everywhere[0].ID != *made.ID {
		t.Errorf("resources of the subscription: %v", everywhere)
	}
	await(c.BeginDelete(w.ctx, "one", "Microsoft.Network", "virtualNetworks/net", "subnets", "a", version, nil))(t)
	_, err = c.Get(w.ctx, "one", "Microsoft.Network", "virtualNetworks/net", "subnets", "a", version, nil)
	refusedWith(t, "the subnet that is gone", err, "ResourceNotFound")
	_, err = c.BeginCreateOrUpdate(w.ctx, "one", "Microsoft.Nothing", "", "things", "x", "2024-01-01", armresources.GenericResource{Location: to.Ptr("westeurope")}, nil)
	refusedWith(t, "an unknown provider", err, "InvalidResourceNamespace")
}

// driveByID: a security group, by its whole ID.
func (w *resourceWorld) driveByID() {
	t, c := w.t, w.resources.NewClient()
	const version = "2023-09-01"
	id := w.subscription + "/resourceGroups/one/providers/Microsoft.Network/networkSecurityGroups/rules"
	made := await(c.BeginCreateOrUpdateByID(w.ctx, id, version, armresources.GenericResource{Location: to.Ptr("westeurope"), Properties: map[string]any{}}, nil))(t)
	changed := await(c.BeginUpdateByID(w.ctx, id, version, armresources.GenericResource{Tags: map[string]*string{"a": to.Ptr("b")}}, nil))(t)
	got, err := c.GetByID(w.ctx, strings.ToUpper(id), version, nil)
	must(t, err)
	if *made.ID != id || *changed.Tags["a"] != "b" || *got.Tags["a"] != "b" || len(got.Properties.(map[string]any)["defaultSecurityRules"].([]any)) != 6 {
		t.Errorf("by its ID: %+v %+v %+v", made, changed, got)
	}
	if is, err := c.CheckExistenceByID(w.ctx, id, version, nil); err != nil || !is.Success {
		t.Errorf("it exists: %v %v", is.Success, err)
	}
	await(c.BeginDeleteByID(w.ctx, id, version, nil))(t)
	if is, err := c.CheckExistenceByID(w.ctx, id, version, nil); err != nil || is.Success {
		t.Errorf("it exists after its deletion: %v %v", is.Success, err)
	}
}

// driveMoves: a workflow goes to another group, if it may.
func (w *resourceWorld) driveMoves() {
	t, c := w.t, w.resources.NewClient()
	id, _ := put(t, w.Server, w.subscription+"/resourceGroups/one", "flow", workflowBody(`{"A":{"type":"Compose","inputs":1}}`))
	move := armresources.MoveInfo{Resources: []*string{&id}, TargetResourceGroup: to.Ptr(w.subscription + "/resourceGroups/two")}
	await(c.BeginValidateMoveResources(w.ctx, "one", move, nil))(t)
	_, err := c.GetByID(w.ctx, id, "2019-05-01", nil)
	must(t, err)
	await(c.BeginMoveResources(w.ctx, "one", move, nil))(t)
	_, err = c.GetByID(w.ctx, strings.Replace(id, "/one/", "/two/", 1), "2019-05-01", nil)
	must(t, err)
	_, err = c.GetByID(w.ctx, id, "2019-05-01", nil)
	refusedWith(t, "the workflow where it was", err, "WorkflowNotFound")
	_, err = c.BeginValidateMoveResources(w.ctx, "one", move, nil)
	refusedWith(t, "what is no longer there", err, "WorkflowNotFound")
}

// driveTags: names and values that are planned, and the tags of a group.
func (w *resourceWorld) driveTags() {
	t, c := w.t, w.resources.NewTagsClient()
	must2(c.CreateOrUpdate(w.ctx, "planned", nil))(t)
	value, err := c.CreateOrUpdateValue(w.ctx, "planned", "soon", nil)
	must(t, err)
	if *value.TagValue.TagValue != "soon" || *value.Count.Value != 0 {
		t.Errorf("a value: %+v", value)
	}
	list := names(t, c.NewListPager(nil), func(p armresources.TagsClientListResponse) (list []string) {
		for _, d := range p.Value {
			list = append(list, *d.TagName)
		}
		return list
	})
	if got := strings.Join(list, " "); got != "cost planned stage" && got != "cost owner planned stage" {
		t.Errorf("the names of tags: %s", got)
	}
	_, err = c.Delete(w.ctx, "planned", nil)
	refusedWith(t, "a name with values", err, "TagNameHasValues")
	must2(c.DeleteValue(w.ctx, "planned", "soon", nil))(t)
	must2(c.Delete(w.ctx, "planned", nil))(t)

	scope := w.subscription[1:] + "/resourceGroups/two"
	must2(c.CreateOrUpdateAtScope(w.ctx, scope, armresources.TagsResource{Properties: &armresources.Tags{Tags: map[string]*string{"a": to.Ptr("1"), "b": to.Ptr("2")}}}, nil))(t)
	merged, err := c.UpdateAtScope(w.ctx, scope, armresources.TagsPatchResource{Operation: to.Ptr(armresources.TagsPatchOperationDelete), Properties: &armresources.Tags{Tags: map[string]*string{"b": to.Ptr("2")}}}, nil)
	must(t, err)
	got, err := c.GetAtScope(w.ctx, scope, nil)
	must(t, err)
	if len(merged.Properties.Tags) != 1 || *got.Properties.Tags["a"] != "1" || len(got.Properties.Tags) != 1 {
		t.Errorf("tags of the group: %v, then %v", merged.Properties.Tags, got.Properties.Tags)
	}
	must2(c.DeleteAtScope(w.ctx, scope, nil))(t)
	if got, err := c.GetAtScope(w.ctx, scope, nil); err != nil || len(got.Properties.Tags) != 0 {
		t.Errorf("after their deletion: %v %v", got.Properties, err)
	}
}

// driveProviders: what there is, and a provider that is taken off and put back.
func (w *resourceWorld) driveProviders() {
	t, c := w.t, w.resources.NewProvidersClient()
	got, err := c.Get(w.ctx, "microsoft.logic", nil)
	must(t, err)
	top, err := c.GetAtTenantScope(w.ctx, "Microsoft.Logic", nil)
	must(t, err)
	if *got.RegistrationState != "Registered" || *got.Namespace != "Microsoft.Logic" || len(got.ResourceTypes) != len(top.ResourceTypes) || *top.ID != "/providers/Microsoft.Logic" {
		t.Errorf("Microsoft.Logic: %+v, of the tenant %+v", got, top)
	}
	here := all(t, c.NewListPager(nil), func(p armresources.ProvidersClientListResponse) []*armresources.Provider { return p.Value })
	there := all(t, c.NewListAtTenantScopePager(nil), func(p armresources.ProvidersClientListAtTenantScopeResponse) []*armresources.Provider {
		return p.Value
	})
	if len(here) < 6 || len(here) != len(there) {
		t.Errorf("%d providers, %d of the tenant", len(here), len(there))
	}
	types, err := w.resources.NewProviderResourceTypesClient().List(w.ctx, "Microsoft.Logic", nil)
	must(t, err)
	if len(types.Value) != len(got.ResourceTypes) {
		t.Errorf("%d types, want %d", len(types.Value), len(got.ResourceTypes))
	}
	must2(c.ProviderPermissions(w.ctx, "Microsoft.Logic", nil))(t)
	off, err := c.Unregister(w.ctx, "Microsoft.Web", nil)
	must(t, err)
	_, err = w.resources.NewClient().BeginCreateOrUpdate(w.ctx, "one", "Microsoft.Web", "", "customApis", "x", "2016-06-01", armresources.GenericResource{Location: to.Ptr("westeurope"), Properties: map[string]any{}}, nil)
	if err == nil {
		t.Error("a type of a provider that is not registered was made")
	}
	on, err := c.Register(w.ctx, "Microsoft.Web", nil)
	must(t, err)
	if *off.RegistrationState == "Registered" || *on.RegistrationState != "Registered" {
		t.Errorf("taken off it is %s, put back %s", *off.RegistrationState, *on.RegistrationState)
	}
	_, err = c.RegisterAtManagementGroupScope(w.ctx, "Microsoft.Web", "none", nil)
	refusedWith(t, "a management group", err, "ManagementGroupNotFound")
	known := false
	pages(t, w.resources.NewOperationsClient().NewListPager(nil), func(p armresources.OperationsClientListResponse) {
		for _, o := range p.Value {
			known = known || *o.Name == "Microsoft.Resources/deployments/write"
		}
	})
	if !known {
		t.Error("the operations of Microsoft.Resources lack deployments/write")
	}
}

// driveSubscriptions: what is above the groups.
func (w *resourceWorld) driveSubscriptions() {
	t, c := w.t, w.subscriptions.NewClient()
	got, err := c.Get(w.ctx, w.SubscriptionID, nil)
	must(t, err)
	list := all(t, c.NewListPager(nil), func(p armsubscriptions.ClientListResponse) []*armsubscriptions.Subscription { return p.Value })
	if len(list) != 1 || *list[0].ID != *got.ID || *got.State != armsubscriptions.SubscriptionStateEnabled || *got.TenantID != w.TenantID {
		t.Errorf("the subscription: %+v, listed %v", got, list)
	}
	_, err = c.Get(w.ctx, "99999999-9999-9999-9999-999999999999", nil)
	refusedWith(t, "another subscription", err, "SubscriptionNotFound")
	places := all(t, c.NewListLocationsPager(w.SubscriptionID, nil), func(p armsubscriptions.ClientListLocationsResponse) []*armsubscriptions.Location { return p.Value })
	if len(places) < 10 {
		t.Errorf("%d locations", len(places))
	}
	peers, err := c.CheckZonePeers(w.ctx, w.SubscriptionID, armsubscriptions.CheckZonePeersRequest{Location: to.Ptr("westeurope"), SubscriptionIDs: []*string{to.Ptr("subscriptions/" + w.SubscriptionID)}}, nil)
	must(t, err)
	if *peers.SubscriptionID != w.SubscriptionID || len(peers.AvailabilityZonePeers) != 3 {
		t.Errorf("zones: %+v", peers)
	}
	tenants := all(t, w.subscriptions.NewTenantsClient().NewListPager(nil), func(p armsubscriptions.TenantsClientListResponse) []*armsubscriptions.TenantIDDescription {
		return p.Value
	})
	if len(tenants) != 1 || *tenants[0].TenantID != w.TenantID {
		t.Errorf("tenants: %v", tenants)
	}
	named, err := w.subscriptions.NewSubscriptionClient().CheckResourceName(w.ctx, &armsubscriptions.SubscriptionClientCheckResourceNameOptions{ResourceNameDefinition: &armsubscriptions.ResourceName{Name: to.Ptr("flow"), Type: to.Ptr("Microsoft.Logic/workflows")}})
	must(t, err)
	if *named.Status != armsubscriptions.ResourceNameStatusAllowed {
		t.Errorf("a name: %+v", named)
	}
	pages(t, w.subscriptions.NewOperationsClient().NewListPager(nil), func(p armsubscriptions.OperationsClientListResponse) {})
}

// held is a template that another one links to, which is not answered before the test
// lets it: until then the deployment is under way.
func (w *resourceWorld) held() (link string, asked <-chan struct{}, release func()) {
	came, let := make(chan struct{}, 8), make(chan struct{})
	address := stub(w.t, func(rw http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-let
		_, _ = io.WriteString(rw, `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[]}`)
	})
	release = sync.OnceFunc(func() { close(let) })
	w.t.Cleanup(release)
	return address + "/slow.json", came, release
}

// incremental is a deployment of a template as the SDK's users write it.
func incremental(template any) *armresources.DeploymentProperties {
	return &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}
}

// cancelled begins a deployment that waits for its link, and cancels it.
func (w *resourceWorld) cancelled(group string, begin func(properties *armresources.DeploymentProperties) error, cancel func() error, state func() (*armresources.ProvisioningState, error)) {
	t := w.t
	t.Helper()
	link, asked, release := w.held()
	in, schema := "", "2019-04-01/deploymentTemplate"
	if group != "" {
		in, schema = `"resourceGroup":"`+group+`",`, "2018-05-01/subscriptionDeploymentTemplate"
	}
	must(t, begin(incremental(object(t, `{"$schema":"https://schema.management.azure.com/schemas/`+schema+`.json#","contentVersion":"1.0.0.0","resources":[
		{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01",`+in+`"name":"slow","properties":{"mode":"Incremental","templateLink":{"uri":"`+link+`"}}}]}`))))
	<-asked
	must(t, cancel())
	release()
	until(t, "the deployment is cancelled", func() bool {
		is, err := state()
		must(t, err)
		return *is == armresources.ProvisioningStateCanceled
	})
	refusedWith(t, "a cancellation of what has ended", cancel(), "DeploymentCannotBeCancelled")
}

func (w *resourceWorld) driveDeployments() {
	t, c := w.t, w.resources.NewDeploymentsClient()
	template := groupTemplate(t, network, rules)
	hash, err := c.CalculateTemplateHash(w.ctx, template, nil)
	must(t, err)
	valid := await(c.BeginValidate(w.ctx, "three", "d", armresources.Deployment{Properties: incremental(template)}, nil))(t)
	if len(valid.Properties.ValidatedResources) != 2 || *valid.Properties.TemplateHash != *hash.TemplateHash {
		t.Errorf("validated: %+v", valid.Properties)
	}
	_, err = c.BeginValidate(w.ctx, "three", "d", armresources.Deployment{Properties: incremental(groupTemplate(t, network))}, nil)
	refusedWith(t, "a dependency that is not there", err, "InvalidTemplate")
	preview := await(c.BeginWhatIf(w.ctx, "three", "d", armresources.DeploymentWhatIf{Properties: &armresources.DeploymentWhatIfProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}}, nil))(t)
	if got := changed(preview.Properties.Changes); len(got) != 2 || *got["net"].ChangeType != armresources.ChangeTypeCreate {
		t.Errorf("what-if: %v", got)
	}
	if is, err := c.CheckExistence(w.ctx, "three", "d", nil); err != nil || is.Success {
		t.Errorf("before it is made it exists: %v %v", is.Success, err)
	}
	await(c.BeginCreateOrUpdate(w.ctx, "three", "d", armresources.Deployment{Properties: incremental(template)}, nil))(t)
	got, err := c.Get(w.ctx, "three", "D", nil)
	must(t, err)
	if *got.Properties.ProvisioningState != armresources.ProvisioningStateSucceeded || len(got.Properties.OutputResources) != 2 || *got.Properties.TemplateHash != *hash.TemplateHash {
		t.Errorf("deployed: %+v", got.Properties)
	}
	if is, err := c.CheckExistence(w.ctx, "three", "d", nil); err != nil || !is.Success {
		t.Errorf("it exists: %v %v", is.Success, err)
	}
	exported, err := c.ExportTemplate(w.ctx, "three", "d", nil)
	must(t, err)
	if len(exported.Template.(map[string]any)["resources"].([]any)) != 2 {
		t.Errorf("exported: %v", exported.Template)
	}
	operations := w.resources.NewDeploymentOperationsClient()
	list := all(t, operations.NewListPager("three", "d", nil), func(p armresources.DeploymentOperationsClientListResponse) []*armresources.DeploymentOperation {
		return p.Value
	})
	targets := 0
	for _, o := range list {
		one, err := operations.Get(w.ctx, "three", "d", *o.OperationID, nil)
		must(t, err)
		if *one.Properties.ProvisioningState != "Succeeded" {
			t.Errorf("an operation: %+v", one.Properties)
		}
		if one.Properties.TargetResource != nil {
			targets++
		}
	}
	if targets != 2 {
		t.Errorf("%d operations have a resource, want 2", targets)
	}
	w.cancelled("", func(p *armresources.DeploymentProperties) error {
		return onlyError(c.BeginCreateOrUpdate(w.ctx, "three", "slow-one", armresources.Deployment{Properties: p}, nil))
	}, func() error { return onlyError(c.Cancel(w.ctx, "three", "slow-one", nil)) }, func() (*armresources.ProvisioningState, error) {
		got, err := c.Get(w.ctx, "three", "slow-one", nil)
		return got.Properties.ProvisioningState, err
	})
	ended := all(t, c.NewListByResourceGroupPager("three", &armresources.DeploymentsClientListByResourceGroupOptions{Filter: to.Ptr("provisioningState eq 'Canceled'")}),
		func(p armresources.DeploymentsClientListByResourceGroupResponse) []*armresources.DeploymentExtended {
			return p.Value
		})
	if !slices.ContainsFunc(ended, func(d *armresources.DeploymentExtended) bool { return *d.Name == "slow-one" }) || len(ended) > 2 { // the nested one may have ended before
		t.Errorf("cancelled deployments: %v", ended)
	}
	await(c.BeginDelete(w.ctx, "three", "d", nil))(t)
	_, err = c.Get(w.ctx, "three", "d", nil)
	refusedWith(t, "the deployment that is gone", err, "DeploymentNotFound")
}

// subscriptionTemplate makes a group.
const subscriptionTemplate = `{"$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","contentVersion":"1.0.0.0",
	"resources":[{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"four","location":"westeurope"}]}`

func (w *resourceWorld) driveDeploymentsAtSubscription() {
	t, c := w.t, w.resources.NewDeploymentsClient()
	template := object(t, subscriptionTemplate)
	body := armresources.Deployment{Location: to.Ptr("westeurope"), Properties: incremental(template)}
	valid := await(c.BeginValidateAtSubscriptionScope(w.ctx, "top", body, nil))(t)
	if len(valid.Properties.ValidatedResources) != 1 {
		t.Errorf("validated: %+v", valid.Properties)
	}
	preview := await(c.BeginWhatIfAtSubscriptionScope(w.ctx, "top", armresources.DeploymentWhatIf{Location: to.Ptr("westeurope"), Properties: &armresources.DeploymentWhatIfProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}}, nil))(t)
	if got := changed(preview.Properties.Changes); *got["four"].ChangeType != armresources.ChangeTypeCreate {
		t.Errorf("what-if: %v", got)
	}
	made := await(c.BeginCreateOrUpdateAtSubscriptionScope(w.ctx, "top", body, nil))(t)
	if *made.Location != "westeurope" || *made.Properties.ProvisioningState != armresources.ProvisioningStateSucceeded {
		t.Errorf("deployed: %+v", made)
	}
	got, err := c.GetAtSubscriptionScope(w.ctx, "top", nil)
	must(t, err)
	if *got.ID != w.subscription+"/providers/Microsoft.Resources/deployments/top" {
		t.Errorf("its ID is %s", *got.ID)
	}
	if is, err := c.CheckExistenceAtSubscriptionScope(w.ctx, "top", nil); err != nil || !is.Success {
		t.Errorf("it exists: %v %v", is.Success, err)
	}
	exported, err := c.ExportTemplateAtSubscriptionScope(w.ctx, "top", nil)
	must(t, err)
	if len(exported.Template.(map[string]any)["resources"].([]any)) != 1 {
		t.Errorf("exported: %v", exported.Template)
	}
	operations := w.resources.NewDeploymentOperationsClient()
	list := all(t, operations.NewListAtSubscriptionScopePager("top", nil), func(p armresources.DeploymentOperationsClientListAtSubscriptionScopeResponse) []*armresources.DeploymentOperation {
		return p.Value
	})
	one, err := operations.GetAtSubscriptionScope(w.ctx, "top", *list[0].OperationID, nil)
	must(t, err)
	if *one.ID != *list[0].ID {
		t.Errorf("the operation %s is %s", *list[0].ID, *one.ID)
	}
	w.cancelled("one", func(p *armresources.DeploymentProperties) error {
		return onlyError(c.BeginCreateOrUpdateAtSubscriptionScope(w.ctx, "slow-top", armresources.Deployment{Location: to.Ptr("westeurope"), Properties: p}, nil))
	}, func() error { return onlyError(c.CancelAtSubscriptionScope(w.ctx, "slow-top", nil)) }, func() (*armresources.ProvisioningState, error) {
		got, err := c.GetAtSubscriptionScope(w.ctx, "slow-top", nil)
		return got.Properties.ProvisioningState, err
	})
	deployments := all(t, c.NewListAtSubscriptionScopePager(nil), func(p armresources.DeploymentsClientListAtSubscriptionScopeResponse) []*armresources.DeploymentExtended {
		return p.Value
	})
	if len(deployments) != 2 {
		t.Errorf("%d deployments of the subscription", len(deployments))
	}
	await(c.BeginDeleteAtSubscriptionScope(w.ctx, "top", nil))(t)
	_, err = c.GetAtSubscriptionScope(w.ctx, "top", nil)
	refusedWith(t, "the deployment that is gone", err, "DeploymentNotFound")
}

// driveDeploymentsAtScope: the scope is told as an ID.
func (w *resourceWorld) driveDeploymentsAtScope() {
	t, c := w.t, w.resources.NewDeploymentsClient()
	scope := w.subscription[1:] + "/resourceGroups/four"
	body := armresources.Deployment{Properties: incremental(groupTemplate(t, rules))}
	await(c.BeginValidateAtScope(w.ctx, scope, "s", body, nil))(t)
	await(c.BeginCreateOrUpdateAtScope(w.ctx, scope, "s", body, nil))(t)
	got, err := c.GetAtScope(w.ctx, scope, "s", nil)
	must(t, err)
	if *got.ID != "/"+scope+"/providers/Microsoft.Resources/deployments/s" || len(got.Properties.OutputResources) != 1 {
		t.Errorf("deployed: %s %+v", *got.ID, got.Properties)
	}
	if is, err := c.CheckExistenceAtScope(w.ctx, scope, "s", nil); err != nil || !is.Success {
		t.Errorf("it exists: %v %v", is.Success, err)
	}
	must2(c.ExportTemplateAtScope(w.ctx, scope, "s", nil))(t)
	operations := w.resources.NewDeploymentOperationsClient()
	list := all(t, operations.NewListAtScopePager(scope, "s", nil), func(p armresources.DeploymentOperationsClientListAtScopeResponse) []*armresources.DeploymentOperation {
		return p.Value
	})
	must2(operations.GetAtScope(w.ctx, scope, "s", *list[0].OperationID, nil))(t)
	w.cancelled("", func(p *armresources.DeploymentProperties) error {
		return onlyError(c.BeginCreateOrUpdateAtScope(w.ctx, scope, "slow-scope", armresources.Deployment{Properties: p}, nil))
	}, func() error { return onlyError(c.CancelAtScope(w.ctx, scope, "slow-scope", nil)) }, func() (*armresources.ProvisioningState, error) {
		got, err := c.GetAtScope(w.ctx, scope, "slow-scope", nil)
		return got.Properties.ProvisioningState, err
	})
	deployments := all(t, c.NewListAtScopePager(scope, nil), func(p armresources.DeploymentsClientListAtScopeResponse) []*armresources.DeploymentExtended {
		return p.Value
	})
	if len(deployments) != 3 { // with the one that was nested
		t.Errorf("%d deployments of the scope", len(deployments))
	}
	await(c.BeginDeleteAtScope(w.ctx, scope, "s", nil))(t)
	if is, err := c.CheckExistenceAtScope(w.ctx, scope, "s", nil); err != nil || is.Success {
		t.Errorf("after its deletion it exists: %v %v", is.Success, err)
	}
}

// driveElsewhere: there is no management group, and nothing is deployed to the tenant.
func (w *resourceWorld) driveElsewhere() {
	c, operations := w.resources.NewDeploymentsClient(), w.resources.NewDeploymentOperationsClient()
	body := armresources.ScopedDeployment{Location: to.Ptr("westeurope"), Properties: incremental(object(w.t, subscriptionTemplate))}
	preview := armresources.ScopedDeploymentWhatIf{Location: to.Ptr("westeurope"), Properties: &armresources.DeploymentWhatIfProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: body.Properties.Template}}
	for what, err := range map[string]error{
		"put":        onlyError(c.BeginCreateOrUpdateAtManagementGroupScope(w.ctx, "mg", "d", body, nil)),
		"validate":   onlyError(c.BeginValidateAtManagementGroupScope(w.ctx, "mg", "d", body, nil)),
		"what-if":    onlyError(c.BeginWhatIfAtManagementGroupScope(w.ctx, "mg", "d", preview, nil)),
		"get":        onlyError(c.GetAtManagementGroupScope(w.ctx, "mg", "d", nil)),
		"cancel":     onlyError(c.CancelAtManagementGroupScope(w.ctx, "mg", "d", nil)),
		"export":     onlyError(c.ExportTemplateAtManagementGroupScope(w.ctx, "mg", "d", nil)),
		"delete":     onlyError(c.BeginDeleteAtManagementGroupScope(w.ctx, "mg", "d", nil)),
		"operation":  onlyError(operations.GetAtManagementGroupScope(w.ctx, "mg", "d", "1", nil)),
		"list":       onlyError(c.NewListAtManagementGroupScopePager("mg", nil).NextPage(w.ctx)),
		"operations": onlyError(operations.NewListAtManagementGroupScopePager("mg", "d", nil).NextPage(w.ctx)),
	} {
		refusedWith(w.t, "management group: "+what, err, "ManagementGroupNotFound")
	}
	for what, err := range map[string]error{
		"put":        onlyError(c.BeginCreateOrUpdateAtTenantScope(w.ctx, "d", body, nil)),
		"validate":   onlyError(c.BeginValidateAtTenantScope(w.ctx, "d", body, nil)),
		"what-if":    onlyError(c.BeginWhatIfAtTenantScope(w.ctx, "d", preview, nil)),
		"get":        onlyError(c.GetAtTenantScope(w.ctx, "d", nil)),
		"cancel":     onlyError(c.CancelAtTenantScope(w.ctx, "d", nil)),
		"export":     onlyError(c.ExportTemplateAtTenantScope(w.ctx, "d", nil)),
		"delete":     onlyError(c.BeginDeleteAtTenantScope(w.ctx, "d", nil)),
		"operation":  onlyError(operations.GetAtTenantScope(w.ctx, "d", "1", nil)),
		"list":       onlyError(c.NewListAtTenantScopePager(nil).NextPage(w.ctx)),
		"operations": onlyError(operations.NewListAtTenantScopePager("d", nil).NextPage(w.ctx)),
	} {
		refusedWith(w.t, "tenant: "+what, err, "MissingSubscription")
	}
	for what, is := range map[string]func() (bool, error){
		"management group": func() (bool, error) {
			r, err := c.CheckExistenceAtManagementGroupScope(w.ctx, "mg", "d", nil)
			return r.Success, err
		},
		"tenant": func() (bool, error) {
			r, err := c.CheckExistenceAtTenantScope(w.ctx, "d", nil)
			return r.Success, err
		},
	} {
		if exists, _ := is(); exists {
			w.t.Errorf("%s: a deployment exists", what)
		}
	}
}

// driveEndOfGroups: a group goes with all that is in it, and its export before.
func (w *resourceWorld) driveEndOfGroups() {
	t, c := w.t, w.resources.NewResourceGroupsClient()
	exported := await(c.BeginExportTemplate(w.ctx, "three", armresources.ExportTemplateRequest{Resources: []*string{to.Ptr("*")}}, nil))(t)
	if len(exported.Template.(map[string]any)["resources"].([]any)) < 2 {
		t.Errorf("exported: %v", exported.Template)
	}
	await(c.BeginDelete(w.ctx, "three", nil))(t)
	if is, err := c.CheckExistence(w.ctx, "three", nil); err != nil || is.Success {
		t.Errorf("after its deletion it exists: %v %v", is.Success, err)
	}
	left := all(t, w.resources.NewClient().NewListPager(&armresources.ClientListOptions{Filter: to.Ptr("resourceGroup eq 'three'")}),
		func(p armresources.ClientListResponse) []*armresources.GenericResourceExpanded { return p.Value })
	if len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
