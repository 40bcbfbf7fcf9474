package network_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

const endpointPolicies = provider + "/serviceEndpointPolicies"

const storageAccount = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/account"

func storageDefinition(name string, resources ...string) string {
	return fmt.Sprintf(`{"name":%q,"properties":{"service":"Microsoft.Storage","serviceResources":["%s"]}}`, name, strings.Join(resources, `","`))
}

func endpointPolicy(definitions ...string) string {
	return `{"location":"westus","properties":{"serviceEndpointPolicyDefinitions":[` + strings.Join(definitions, ",") + `]}}`
}

// Policies and their definitions, through the Azure SDK.
func TestServiceEndpointPoliciesThroughTheSDK(t *testing.T) {
	s := newWorld(t).sdk(nil)
	policies, definitions := s.NewServiceEndpointPoliciesClient(), s.NewServiceEndpointPolicyDefinitionsClient()
	properties := func(resource string) *armnetwork.ServiceEndpointPolicyDefinitionPropertiesFormat {
		return &armnetwork.ServiceEndpointPolicyDefinitionPropertiesFormat{Service: to.Ptr("microsoft.storage"), ServiceResources: []*string{to.Ptr(resource)}, Description: to.Ptr("accounts")}
	}
	made := await[armnetwork.ServiceEndpointPoliciesClientCreateOrUpdateResponse](s)(policies.BeginCreateOrUpdate(s.ctx, "g", "policy", armnetwork.ServiceEndpointPolicy{Location: place,
		Properties: &armnetwork.ServiceEndpointPolicyPropertiesFormat{ServiceEndpointPolicyDefinitions: []*armnetwork.ServiceEndpointPolicyDefinition{{Name: to.Ptr("one"), Properties: properties(storageAccount)}}}}, nil))
	check(s, "state", *made.Properties.ProvisioningState, armnetwork.ProvisioningStateSucceeded)
	check(s, "service", *made.Properties.ServiceEndpointPolicyDefinitions[0].Properties.Service, "Microsoft.Storage")
	second := await[armnetwork.ServiceEndpointPolicyDefinitionsClientCreateOrUpdateResponse](s)(definitions.BeginCreateOrUpdate(s.ctx, "g", "policy", "two", armnetwork.ServiceEndpointPolicyDefinition{Properties: properties("/subscriptions/a/resourceGroups/b")}, nil))
	check(s, "resource", *second.Properties.ServiceResources[0], "/subscriptions/a/resourceGroups/b")
	check(s, "definitions", len(pages(s, definitions.NewListByResourceGroupPager("g", "policy", nil))[0].Value), 2)
	check(s, "description", *got[armnetwork.ServiceEndpointPolicyDefinitionsClientGetResponse](s)(definitions.Get(s.ctx, "g", "policy", "one", nil)).Properties.Description, "accounts")
	await[armnetwork.ServiceEndpointPolicyDefinitionsClientDeleteResponse](s)(definitions.BeginDelete(s.ctx, "g", "policy", "one", nil))
	check(s, "left", len(got[armnetwork.ServiceEndpointPoliciesClientGetResponse](s)(policies.Get(s.ctx, "g", "policy", nil)).Properties.ServiceEndpointPolicyDefinitions), 1)
	check(s, "tags", *got[armnetwork.ServiceEndpointPoliciesClientUpdateTagsResponse](s)(policies.UpdateTags(s.ctx, "g", "policy", tagged("a", "b"), nil)).Tags["a"], "b")
	check(s, "of the group", len(pages(s, policies.NewListByResourceGroupPager("g", nil))[0].Value), 1)
	check(s, "of the subscription", len(pages(s, policies.NewListPager(nil))[0].Value), 1)
	await[armnetwork.ServiceEndpointPoliciesClientDeleteResponse](s)(policies.BeginDelete(s.ctx, "g", "policy", nil))
	s.send("GET", endpointPolicies+"/policy", "", 404)
}

// What is wrong with a policy is told, all at once; and no subnet can have one.
func TestServiceEndpointPoliciesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.vnet("net1", "10.1.0.0/16")
	w.send("PUT", endpointPolicies+"/policy", endpointPolicy(storageDefinition("one", storageAccount)), 201)
	const resources = "ServiceEndpointPolicyDefinitionInvalidServiceResources"
	many := make([]string, 201)
	for i := range many {
		many[i] = fmt.Sprint("/subscriptions/", i)
	}
	subnet := `{"properties":{"addressPrefix":"10.1.0.0/24","serviceEndpoints":[{"service":"Microsoft.Storage"}],"serviceEndpointPolicies":[{"id":"` + endpointPolicies + `/policy"}]}}`
	for _, c := range []struct{ path, body, codes string }{
		{endpointPolicies + "/policy", endpointPolicy(storageDefinition("one", storageAccount), storageDefinition("ONE", storageAccount)), "InvalidRequestFormat"},
		{endpointPolicies + "/policy", endpointPolicy(storageDefinition("-", "/subscriptions//", "/services/Azure", storageAccount)), "InvalidResourceName " + resources + " " + resources},
		{endpointPolicies + "/policy", endpointPolicy(`{"name":"x","properties":{"service":"Microsoft.Sql","description":"` + strings.Repeat("x", 141) + `"}}`), "InvalidRequestFormat InvalidRequestFormat " + resources},
		{endpointPolicies + "/policy/serviceEndpointPolicyDefinitions/two", storageDefinition("two", many...), resources},
		{endpointPolicies + "/policy/serviceEndpointPolicyDefinitions/two", `{"properties":{"service":"Global","serviceResources":["/subscriptions/a"]}}`, resources},
		{vnets + "/net1/subnets/a", subnet, "ServiceEndpointPoliciesNotSupportedOnSubnet"},
	} {
		w.refused("PUT", c.path, c.body, c.codes)
	}
	w.send("PUT", vnets+"/net1/subnets/a", strings.Replace(subnet, `{"id":"`+endpointPolicies+`/policy"}`, "", 1), 200)
	w.send("PUT", endpointPolicies+"/policy/serviceEndpointPolicyDefinitions/two", `{"properties":{"service":"Global","serviceResources":["/services/Azure/Batch"]}}`, 201)
	kept := w.send("GET", endpointPolicies+"/policy", "", 200)["properties"].(map[string]any)["serviceEndpointPolicyDefinitions"].([]any)
	if len(kept) != 2 {
		t.Errorf("definitions: %v", kept)
	}
}
