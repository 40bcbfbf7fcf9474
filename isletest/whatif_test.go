package isletest_test

import (
	"encoding/json"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// The health of an environment, which nobody asks for in a template, is no difference of
// a what-if, also while it changes.
func TestAWhatIfIsNotOfHealth(t *testing.T) {
	s := newSite(t, 1)
	s.environment(0, external)
	var resource map[string]any
	text, err := json.Marshal(s.environmentBody(0, external))
	must(t, err)
	must(t, json.Unmarshal(text, &resource))
	resource["type"], resource["apiVersion"], resource["name"] = "Microsoft.Logic/integrationServiceEnvironments", "2019-05-01", "isle"
	template := object(t, `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0"}`)
	template["resources"] = []any{resource}

	s.guard("front", "web", rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))
	looked := await(s.resources.NewDeploymentsClient().BeginWhatIf(t.Context(), siteGroup, "d", armresources.DeploymentWhatIf{Properties: &armresources.DeploymentWhatIfProperties{
		Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}}, nil))(t)
	change := changed(looked.Properties.Changes)["isle"]
	if change == nil {
		t.Fatalf("the what-if does not speak of the environment: %+v", looked.Properties)
	}
	for _, d := range change.Delta {
		t.Errorf("%s: %v -> %v", *d.Path, d.Before, d.After)
	}
	if *change.ChangeType != armresources.ChangeTypeNoChange {
		t.Errorf("the environment as it is: %s", *change.ChangeType)
	}
}
