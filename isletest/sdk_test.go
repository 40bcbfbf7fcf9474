package isletest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"isle/examples"
	"isle/isletest"
)

// azure points the unmodified Azure SDK at a server: another endpoint, another
// authority, and a client that trusts the server's certificate.
func azure(t *testing.T, s *isletest.Server) (azcore.TokenCredential, *arm.ClientOptions) {
	t.Helper()
	options := policy.ClientOptions{
		Transport: s.HTTP(),
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: s.Authority,
			Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: s.Endpoint, Audience: s.Endpoint}},
		},
	}
	credential, err := azidentity.NewClientSecretCredential(s.TenantID, s.ClientID, s.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return credential, &arm.ClientOptions{ClientOptions: options}
}

// clients are the factories of the SDK's modules.
type clients struct {
	resources *armresources.ClientFactory
	network   *armnetwork.ClientFactory
	logic     *armlogic.ClientFactory
}

func newClients(t *testing.T, s *isletest.Server) clients {
	t.Helper()
	credential, options := azure(t, s)
	resources, err := armresources.NewClientFactory(s.SubscriptionID, credential, options)
	must(t, err)
	network, err := armnetwork.NewClientFactory(s.SubscriptionID, credential, options)
	must(t, err)
	logic, err := armlogic.NewClientFactory(s.SubscriptionID, credential, options)
	must(t, err)
	return clients{resources, network, logic}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shared reads a file of the material beside the project; the test is skipped, and
// says so, where that is not there.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "shared", filepath.FromSlash(name)))
	if os.IsNotExist(err) {
		t.Skipf("SKIPPED: ../shared/%s is not beside this checkout", name)
	}
	must(t, err)
	return content
}

// TestTheSDKDrivesIsleUnmodified deploys the public quickstart template, places a
// workflow in the environment, calls it, and reads its run and its actions.
func TestTheSDKDrivesIsleUnmodified(t *testing.T) {
	template := shared(t, "corpus/ise-quickstart.template.json")
	parameters := strings.ReplaceAll(string(shared(t, "corpus/ise-quickstart.parameters.json")), "GEN-UNIQUE", "quickstart")
	s := isletest.Start(t)
	c := newClients(t, s)
	ctx := t.Context()

	_, err := c.resources.NewResourceGroupsClient().CreateOrUpdate(ctx, "sdk", armresources.ResourceGroup{Location: to.Ptr("westeurope")}, nil)
	must(t, err)
	deploy(t, c, "quickstart", template, []byte(parameters))

	network, err := c.network.NewVirtualNetworksClient().Get(ctx, "sdk", "quickstart", nil)
	must(t, err)
	if got := len(network.Properties.Subnets); got != 4 {
		t.Errorf("the network has %d subnets, want 4", got)
	}
	environment, err := c.logic.NewIntegrationServiceEnvironmentsClient().Get(ctx, "sdk", "quickstart", nil)
	must(t, err)
	if *environment.Properties.ProvisioningState != armlogic.WorkflowProvisioningStateSucceeded || len(environment.Properties.NetworkConfiguration.Subnets) != 4 {
		t.Errorf("environment: %+v", environment.Properties)
	}
	var apis []string
	for pager := c.logic.NewIntegrationServiceEnvironmentManagedApisClient().NewListPager("sdk", "quickstart", nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		must(t, err)
		for _, api := range page.Value {
			apis = append(apis, *api.Name)
		}
	}
	if strings.Join(apis, ",") != "azureblob,servicebus" && strings.Join(apis, ",") != "servicebus,azureblob" {
		t.Errorf("managed APIs: %v", apis)
	}

	generic, err := c.resources.NewClient().Get(ctx, "sdk", "Microsoft.Logic", "", "integrationServiceEnvironments", "quickstart", "2019-05-01", nil)
	must(t, err)
	if *generic.ID != *environment.ID {
		t.Errorf("the generic client reads %s", *generic.ID)
	}

	createOrder(t, c, *environment.ID)
	callback, err := c.logic.NewWorkflowTriggersClient().ListCallbackURL(ctx, "sdk", "order", "order", nil)
	must(t, err)
	if a := s.Call(*callback.Value, map[string]any{"id": "A-1", "qty": 4, "price": 30}); a.Status != http.StatusOK || a.Text("tier") != "big" {
		t.Fatalf("the workflow answered %d %s", a.Status, a.Body)
	}
	readRun(t, s, c)
}

// deploy deploys as the SDK's users do, and checks what the operations say.
func deploy(t *testing.T, c clients, name string, template, parametersFile []byte) {
	t.Helper()
	var file struct{ Parameters map[string]any }
	must(t, json.Unmarshal(parametersFile, &file))
	var body map[string]any
	must(t, json.Unmarshal(template, &body))
	deployments := c.resources.NewDeploymentsClient()
	poller, err := deployments.BeginCreateOrUpdate(t.Context(), "sdk", name, armresources.Deployment{
		Properties: &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: body, Parameters: file.Parameters},
	}, nil)
	must(t, err)
	done, err := poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 10 * time.Millisecond})
	must(t, err)
	if *done.Properties.ProvisioningState != armresources.ProvisioningStateSucceeded {
		t.Fatalf("deployment: %s", *done.Properties.ProvisioningState)
	}
	states := map[string]string{}
	for pager := c.resources.NewDeploymentOperationsClient().NewListPager("sdk", name, nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		must(t, err)
		for _, op := range page.Value {
			states[*op.Properties.TargetResource.ID] = *op.Properties.ProvisioningState
		}
	}
	if len(states) != 8 {
		t.Errorf("the deployment has %d operations, want 8: %v", len(states), states)
	}
	for resource, state := range states {
		if state != "Succeeded" {
			t.Errorf("%s is %s", resource, state)
		}
	}
}

// createOrder creates the order workflow in an environment.
func createOrder(t *testing.T, c clients, environment string) {
	t.Helper()
	var definition any
	must(t, json.Unmarshal(examples.OrderWorkflow, &definition))
	created, err := c.logic.NewWorkflowsClient().CreateOrUpdate(t.Context(), "sdk", "order", armlogic.Workflow{
		Location: to.Ptr("westeurope"), Tags: map[string]*string{"kind": to.Ptr("example")},
		Properties: &armlogic.WorkflowProperties{Definition: definition, State: to.Ptr(armlogic.WorkflowStateEnabled),
			IntegrationServiceEnvironment: &armlogic.ResourceReference{ID: &environment}},
	}, nil)
	must(t, err)
	if *created.Properties.ProvisioningState != armlogic.WorkflowProvisioningStateSucceeded || *created.Properties.Version == "" || *created.Tags["kind"] != "example" {
		t.Errorf("workflow: %+v", created.Properties)
	}
}

// readRun reads the one run and its actions, and follows the content links.
func readRun(t *testing.T, s *isletest.Server, c clients) {
	t.Helper()
	ctx := t.Context()
	page, err := c.logic.NewWorkflowRunsClient().NewListPager("sdk", "order", nil).NextPage(ctx)
	must(t, err)
	if len(page.Value) != 1 || *page.Value[0].Properties.Status != armlogic.WorkflowStatusSucceeded {
		t.Fatalf("runs: %+v", page.Value)
	}
	run := *page.Value[0].Name
	want := map[string]armlogic.WorkflowStatus{
		"Total": armlogic.WorkflowStatusSucceeded, "Big_order": armlogic.WorkflowStatusSucceeded,
		"Big": armlogic.WorkflowStatusSucceeded, "Answer_big": armlogic.WorkflowStatusSucceeded,
		"Small": armlogic.WorkflowStatusSkipped, "Answer_small": armlogic.WorkflowStatusSkipped,
	}
	for pager := c.logic.NewWorkflowRunActionsClient().NewListPager("sdk", "order", run, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		must(t, err)
		for _, a := range page.Value {
			if *a.Properties.Status != want[*a.Name] {
				t.Errorf("%s is %s, want %s", *a.Name, *a.Properties.Status, want[*a.Name])
			}
			delete(want, *a.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("actions that are not listed: %v", want)
	}
	total, err := c.logic.NewWorkflowRunActionsClient().Get(ctx, "sdk", "order", run, "total", nil)
	must(t, err)
	resp, err := s.HTTP().Get(*total.Properties.OutputsLink.URI)
	must(t, err)
	defer resp.Body.Close()
	var outputs float64
	must(t, json.NewDecoder(resp.Body).Decode(&outputs))
	if outputs != 120 {
		t.Errorf("the outputs of Total are %v, want 120", outputs)
	}
}

// TestTheSDKSeesWhatIsRefused reads the errors through the SDK's own error type.
func TestTheSDKSeesWhatIsRefused(t *testing.T) {
	s := isletest.Start(t)
	c := newClients(t, s)
	var failed *azcore.ResponseError
	_, err := c.logic.NewWorkflowsClient().Get(t.Context(), "nowhere", "order", nil)
	if !asError(err, &failed) || failed.StatusCode != http.StatusNotFound || failed.ErrorCode != "ResourceGroupNotFound" {
		t.Errorf("a workflow of a group that is not there: %v", err)
	}
	must(t, onlyError(c.resources.NewResourceGroupsClient().CreateOrUpdate(t.Context(), "sdk", armresources.ResourceGroup{Location: to.Ptr("westeurope")}, nil)))
	_, err = c.logic.NewWorkflowsClient().CreateOrUpdate(t.Context(), "sdk", "bad", armlogic.Workflow{Location: to.Ptr("westeurope"),
		Properties: &armlogic.WorkflowProperties{Definition: map[string]any{
			"$schema":  "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
			"triggers": map[string]any{"t": map[string]any{"type": "Request"}},
			"actions":  map[string]any{"A": map[string]any{"type": "Compose", "inputs": "@nosuch(1)", "runAfter": map[string]any{"A": []string{"Succeeded"}}}},
		}}}, nil)
	if !asError(err, &failed) || failed.StatusCode != http.StatusBadRequest || failed.ErrorCode != "InvalidTemplate" {
		t.Errorf("a definition with a cycle and an unknown function: %v", err)
	}
}

func onlyError[T any](_ T, err error) error { return err }

func asError(err error, target **azcore.ResponseError) bool {
	if e, ok := err.(*azcore.ResponseError); ok {
		*target = e
		return true
	}
	return false
}
