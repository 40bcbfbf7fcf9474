package isletest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
)

// TestWorkflowOperations drives the operations of workflows and environments, and the
// list of all operations, with the unmodified SDK. testdata/workflow_operations.txt
// tells of each whether it is driven.
func TestWorkflowOperations(t *testing.T) {
	v := newWitness(t, "reference/logic-operations.json", func(o *operation) bool { return !isAccountOperation(o) })
	w := newWorkflowWorld(t, v)
	w.driveEnvironment()
	w.driveConnectors()
	w.driveWorkflow()
	w.driveRun()
	w.driveTriggers()
	w.driveEnd()
	v.check(t, "workflow_operations.txt", nil)
}

// workflowWorld is a site whose SDK is watched, with a peer that its workflows call.
type workflowWorld struct {
	*site
	logic         *armlogic.ClientFactory
	group, ise    string // name of the group, ID of the environment
	peer          string
	run, callback string
}

func newWorkflowWorld(t *testing.T, v *witness) *workflowWorld {
	w := &workflowWorld{site: newSite(t, 1)}
	credential, sdk := azure(t, w.Server)
	sdk.Transport = v.sees(w.HTTP())
	var err error
	w.logic, err = armlogic.NewClientFactory(w.SubscriptionID, credential, sdk)
	must(t, err)
	w.group = w.site.group[strings.LastIndexByte(w.site.group, '/')+1:]
	calls := 0
	w.peer = stub(t, func(rw http.ResponseWriter, r *http.Request) {
		if calls++; calls%2 == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return w
}

// pages reads a list to its end.
func pages[P any](t *testing.T, pager *runtime.Pager[P], each func(P)) {
	t.Helper()
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		must(t, err)
		each(page)
	}
}

func (w *workflowWorld) driveEnvironment() {
	t, ctx := w.t, w.t.Context()
	client := w.logic.NewIntegrationServiceEnvironmentsClient()
	body := w.environmentBody(0, external)
	body.SKU = &armlogic.IntegrationServiceEnvironmentSKU{Name: to.Ptr(armlogic.IntegrationServiceEnvironmentSKUNamePremium), Capacity: to.Ptr[int32](1)}
	made := await(client.BeginCreateOrUpdate(ctx, w.group, "ise", body, nil))(t)
	w.ise = *made.ID
	if *made.SKU.Capacity != 1 || len(made.Properties.NetworkConfiguration.Subnets) != 4 || made.Properties.EndpointsConfiguration.Connector == nil {
		t.Errorf("%+v", made.Properties)
	}
	changed := await(client.BeginUpdate(ctx, w.group, "ise", armlogic.IntegrationServiceEnvironment{SKU: &armlogic.IntegrationServiceEnvironmentSKU{Capacity: to.Ptr[int32](3)}}, nil))(t)
	if *changed.SKU.Capacity != 3 {
		t.Errorf("the capacity is %d after the PATCH", *changed.SKU.Capacity)
	}
	got, err := client.Get(ctx, w.group, "ISE", nil)
	must(t, err)
	if *got.Properties.State != armlogic.WorkflowStateEnabled || len(*got.Properties.IntegrationServiceEnvironmentID) != 32 {
		t.Errorf("%+v", got.Properties)
	}
	listed := 0
	pages(t, client.NewListByResourceGroupPager(w.group, nil), func(p armlogic.IntegrationServiceEnvironmentsClientListByResourceGroupResponse) {
		listed += len(p.Value)
	})
	pages(t, client.NewListBySubscriptionPager(nil), func(p armlogic.IntegrationServiceEnvironmentsClientListBySubscriptionResponse) {
		listed += len(p.Value)
	})
	if listed != 2 {
		t.Errorf("listed %d times, want twice", listed)
	}
	_, err = client.Restart(ctx, w.group, "ise", nil)
	must(t, err)
	pages(t, w.logic.NewIntegrationServiceEnvironmentSKUsClient().NewListPager(w.group, "ise", nil), func(p armlogic.IntegrationServiceEnvironmentSKUsClientListResponse) {
		if *p.Value[0].Capacity.Maximum != 10 || *p.Value[1].Capacity.ScaleType != armlogic.IntegrationServiceEnvironmentSKUScaleTypeNone {
			t.Errorf("SKUs: %+v", p.Value)
		}
	})
	health, err := w.logic.NewIntegrationServiceEnvironmentNetworkHealthClient().Get(ctx, w.group, "ise", nil)
	must(t, err)
	if len(health.Value) != 4 {
		t.Errorf("the health of %d subnets", len(health.Value))
	}
	known := false
	pages(t, w.logic.NewOperationsClient().NewListPager(nil), func(p armlogic.OperationsClientListResponse) {
		for _, o := range p.Value {
			known = known || *o.Name == "Microsoft.Logic/integrationServiceEnvironments/join/action"
		}
	})
	if !known {
		t.Error("the operations lack join/action of environments")
	}
}

func (w *workflowWorld) driveConnectors() {
	t, ctx := w.t, w.t.Context()
	client := w.logic.NewIntegrationServiceEnvironmentManagedApisClient()
	made := await(client.BeginPut(ctx, w.group, "ise", "sql", armlogic.IntegrationServiceEnvironmentManagedAPI{Location: to.Ptr(siteLocation), Properties: &armlogic.IntegrationServiceEnvironmentManagedAPIProperties{}}, nil))(t)
	if *made.Properties.Name != "sql" || made.Properties.ConnectionParameters["password"] == nil {
		t.Errorf("%+v", made.Properties)
	}
	_, err := client.Get(ctx, w.group, "ise", "SQL", nil)
	must(t, err)
	pages(t, client.NewListPager(w.group, "ise", nil), func(p armlogic.IntegrationServiceEnvironmentManagedApisClientListResponse) {
		if len(p.Value) != 1 {
			t.Errorf("%d connectors", len(p.Value))
		}
	})
	pages(t, w.logic.NewIntegrationServiceEnvironmentManagedAPIOperationsClient().NewListPager(w.group, "ise", "sql", nil), func(armlogic.IntegrationServiceEnvironmentManagedAPIOperationsClientListResponse) {})
	await(client.BeginDelete(ctx, w.group, "ise", "sql", nil))(t)
	if a := w.Do(http.MethodGet, w.ise+"/managedApis/sql", nil); a.Status != 404 {
		t.Errorf("the connector is still there: %d", a.Status)
	}
}

// body is a workflow that calls the peer, twice for each of two items, and waits for
// nobody.
func (w *workflowWorld) body() armlogic.Workflow {
	var definition any
	must(w.t, json.Unmarshal([]byte(workflowBody(`{
		"Each":{"type":"Foreach","foreach":"@createArray(1,2)","operationOptions":"Sequential","actions":{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+w.peer+`","retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}}}}},
		"Once":{"type":"Http","inputs":{"method":"GET","uri":"`+w.peer+`","retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}},"runAfter":{"Each":["Succeeded"]}}}`)), &definition))
	properties := definition.(map[string]any)["properties"].(map[string]any)
	return armlogic.Workflow{Location: to.Ptr(siteLocation), Properties: &armlogic.WorkflowProperties{
		Definition: properties["definition"], IntegrationServiceEnvironment: &armlogic.ResourceReference{ID: to.Ptr(w.ise)}}}
}

func (w *workflowWorld) driveWorkflow() {
	t, ctx, client := w.t, w.t.Context(), w.logic.NewWorkflowsClient()
	_, err := client.ValidateByResourceGroup(ctx, w.group, "flow", w.body(), nil)
	must(t, err)
	_, err = client.ValidateByLocation(ctx, w.group, siteLocation, "flow", w.body(), nil)
	must(t, err)
	made, err := client.CreateOrUpdate(ctx, w.group, "flow", w.body(), nil)
	must(t, err)
	_, err = client.Update(ctx, w.group, "flow", nil)
	must(t, err)
	got, err := client.Get(ctx, w.group, "FLOW", nil)
	must(t, err)
	if *got.Properties.Version != *made.Properties.Version || !strings.EqualFold(*got.Properties.IntegrationServiceEnvironment.ID, w.ise) {
		t.Errorf("%+v", got.Properties)
	}
	var names []string
	pages(t, client.NewListByResourceGroupPager(w.group, &armlogic.WorkflowsClientListByResourceGroupOptions{Top: to.Ptr[int32](1), Filter: to.Ptr("referencedResourceId eq '" + strings.ToUpper(w.ise) + "'")}), func(p armlogic.WorkflowsClientListByResourceGroupResponse) {
		for _, one := range p.Value {
			names = append(names, *one.Name)
		}
	})
	pages(t, client.NewListBySubscriptionPager(&armlogic.WorkflowsClientListBySubscriptionOptions{Filter: to.Ptr("state eq 'Enabled' and trigger eq 'Request'")}), func(p armlogic.WorkflowsClientListBySubscriptionResponse) {
		for _, one := range p.Value {
			names = append(names, *one.Name)
		}
	})
	if strings.Join(names, " ") != "flow flow" {
		t.Errorf("listed: %v", names)
	}
	whole, err := client.ListCallbackURL(ctx, w.group, "flow", armlogic.GetCallbackURLParameters{KeyType: to.Ptr(armlogic.KeyTypeSecondary)}, nil)
	must(t, err)
	if *whole.Queries.Sp != "//*" || whole.Method != nil {
		t.Errorf("%+v", whole)
	}
	swagger, err := client.ListSwagger(ctx, w.group, "flow", nil)
	must(t, err)
	if swagger.Interface.(map[string]any)["swagger"] != "2.0" {
		t.Errorf("%v", swagger.Interface)
	}
	_, err = client.GenerateUpgradedDefinition(ctx, w.group, "flow", armlogic.GenerateUpgradedDefinitionParameters{TargetSchemaVersion: to.Ptr("2016-06-01")}, nil)
	must(t, err)
	versions := w.logic.NewWorkflowVersionsClient()
	pages(t, versions.NewListPager(w.group, "flow", nil), func(p armlogic.WorkflowVersionsClientListResponse) {
		if len(p.Value) != 1 || *p.Value[0].Name != *made.Properties.Version {
			t.Errorf("%d versions", len(p.Value))
		}
	})
	_, err = versions.Get(ctx, w.group, "flow", *made.Properties.Version, nil)
	must(t, err)
	pinned, err := w.logic.NewWorkflowVersionTriggersClient().ListCallbackURL(ctx, w.group, "flow", *made.Properties.Version, "manual", nil)
	must(t, err)
	if a := w.Call(*pinned.Value, `{}`); a.Status != http.StatusAccepted {
		t.Errorf("a call of the version is answered %d %s", a.Status, a.Body)
	}
}

// id is the path of the workflow.
func (w *workflowWorld) id(name string) string {
	return w.site.group + "/providers/Microsoft.Logic/workflows/" + name
}

func (w *workflowWorld) driveRun() {
	t, ctx := w.t, w.t.Context()
	runs, actions := w.logic.NewWorkflowRunsClient(), w.logic.NewWorkflowRunActionsClient()
	until(t, "the run succeeds", func() bool {
		return lastRun(w.Server, w.id("flow")).Text("value", 0, "properties", "status") == "Succeeded"
	})
	pages(t, runs.NewListPager(w.group, "flow", &armlogic.WorkflowRunsClientListOptions{Filter: to.Ptr("status eq 'Succeeded'")}), func(p armlogic.WorkflowRunsClientListResponse) { w.run = *p.Value[0].Name })
	run, err := runs.Get(ctx, w.group, "flow", w.run, nil)
	must(t, err)
	if *run.Properties.Trigger.Name != "manual" {
		t.Errorf("%+v", run.Properties)
	}
	_, err = w.logic.NewWorkflowRunOperationsClient().Get(ctx, w.group, "flow", w.run, w.run, nil)
	must(t, err)
	var names []string
	pages(t, actions.NewListPager(w.group, "flow", w.run, &armlogic.WorkflowRunActionsClientListOptions{Filter: to.Ptr("status eq 'Succeeded'")}), func(p armlogic.WorkflowRunActionsClientListResponse) {
		for _, a := range p.Value {
			names = append(names, *a.Name)
		}
	})
	if strings.Join(names, " ") != "Each Call Once" {
		t.Errorf("actions: %v", names)
	}
	one, err := actions.Get(ctx, w.group, "flow", w.run, "Once", nil)
	must(t, err)
	if len(one.Properties.RetryHistory) == 0 {
		t.Errorf("%+v", one.Properties)
	}
	pages(t, actions.NewListExpressionTracesPager(w.group, "flow", w.run, "Each", nil), func(armlogic.WorkflowRunActionsClientListExpressionTracesResponse) {})
	w.driveRepetitions()
	w.driveHistories("Once")
}

func (w *workflowWorld) driveRepetitions() {
	t, ctx := w.t, w.t.Context()
	repetitions, scopes := w.logic.NewWorkflowRunActionRepetitionsClient(), w.logic.NewWorkflowRunActionScopeRepetitionsClient()
	pages(t, repetitions.NewListPager(w.group, "flow", w.run, "Call", nil), func(p armlogic.WorkflowRunActionRepetitionsClientListResponse) {
		if len(p.Value) != 2 || *p.Value[1].Name != "000001" || *p.Value[1].Properties.RepetitionIndexes[0].ScopeName != "Each" {
			t.Errorf("repetitions: %d", len(p.Value))
		}
	})
	_, err := repetitions.Get(ctx, w.group, "flow", w.run, "Call", "000001", nil)
	must(t, err)
	pages(t, repetitions.NewListExpressionTracesPager(w.group, "flow", w.run, "Call", "000001", nil), func(armlogic.WorkflowRunActionRepetitionsClientListExpressionTracesResponse) {})
	pages(t, scopes.NewListPager(w.group, "flow", w.run, "Each", nil), func(p armlogic.WorkflowRunActionScopeRepetitionsClientListResponse) {
		if len(p.Value) != 2 {
			t.Errorf("scope repetitions: %d", len(p.Value))
		}
	})
	_, err = scopes.Get(ctx, w.group, "flow", w.run, "Each", "000000", nil)
	must(t, err)
	history := w.logic.NewWorkflowRunActionRepetitionsRequestHistoriesClient()
	name := ""
	pages(t, history.NewListPager(w.group, "flow", w.run, "Call", "000000", nil), func(p armlogic.WorkflowRunActionRepetitionsRequestHistoriesClientListResponse) {
		name = *p.Value[0].Name
	})
	_, err = history.Get(ctx, w.group, "flow", w.run, "Call", "000000", name, nil)
	must(t, err)
}

func (w *workflowWorld) driveHistories(action string) {
	t := w.t
	client, name, count := w.logic.NewWorkflowRunActionRequestHistoriesClient(), "", 0
	pages(t, client.NewListPager(w.group, "flow", w.run, action, nil), func(p armlogic.WorkflowRunActionRequestHistoriesClientListResponse) {
		count += len(p.Value)
		name = *p.Value[0].Name
	})
	one, err := client.Get(t.Context(), w.group, "flow", w.run, action, name, nil)
	must(t, err)
	if count != 2 || *one.Properties.Request.Method != "GET" {
		t.Errorf("%d requests, %+v", count, one.Properties)
	}
}

func (w *workflowWorld) driveTriggers() {
	t, ctx := w.t, w.t.Context()
	client, histories := w.logic.NewWorkflowTriggersClient(), w.logic.NewWorkflowTriggerHistoriesClient()
	pages(t, client.NewListPager(w.group, "flow", nil), func(p armlogic.WorkflowTriggersClientListResponse) {
		if len(p.Value) != 1 {
			t.Errorf("%d triggers", len(p.Value))
		}
	})
	_, err := client.Get(ctx, w.group, "flow", "manual", nil)
	must(t, err)
	_, err = client.GetSchemaJSON(ctx, w.group, "flow", "manual", nil)
	must(t, err)
	_, err = client.Reset(ctx, w.group, "flow", "manual", nil)
	must(t, err)
	_, err = client.SetState(ctx, w.group, "flow", "manual", armlogic.SetTriggerStateActionDefinition{Source: &armlogic.WorkflowTriggerReference{FlowName: to.Ptr("flow"), TriggerName: to.Ptr("manual")}}, nil)
	must(t, err)
	url, err := client.ListCallbackURL(ctx, w.group, "flow", "manual", nil)
	must(t, err)
	w.callback = *url.Value
	fired, err := histories.Get(ctx, w.group, "flow", "manual", w.run, nil)
	must(t, err)
	if *fired.Properties.Run.Name != w.run {
		t.Errorf("%+v", fired.Properties)
	}
	_, err = histories.Resubmit(ctx, w.group, "flow", "manual", w.run, nil)
	must(t, err)
	_, err = client.Run(ctx, w.group, "flow", "manual", nil)
	must(t, err)
	until(t, "three runs have begun", func() bool {
		count := 0
		pages(t, histories.NewListPager(w.group, "flow", "manual", &armlogic.WorkflowTriggerHistoriesClientListOptions{Top: to.Ptr[int32](2)}), func(p armlogic.WorkflowTriggerHistoriesClientListResponse) { count += len(p.Value) })
		return count == 3
	})
	until(t, "a run is cancelled", func() bool {
		name := lastRun(w.Server, w.id("flow")).Text("value", 0, "name")
		_, err := w.logic.NewWorkflowRunsClient().Cancel(ctx, w.group, "flow", name, nil)
		return err == nil
	})
}

func (w *workflowWorld) driveEnd() {
	t, ctx, client := w.t, w.t.Context(), w.logic.NewWorkflowsClient()
	_, err := client.RegenerateAccessKey(ctx, w.group, "flow", armlogic.RegenerateActionParameter{KeyType: to.Ptr(armlogic.KeyTypePrimary)}, nil)
	must(t, err)
	if a := w.Call(w.callback, `{}`); a.Status != http.StatusUnauthorized {
		t.Errorf("a call with the old key is answered %d", a.Status)
	}
	_, err = client.Disable(ctx, w.group, "flow", nil)
	must(t, err)
	_, err = client.Enable(ctx, w.group, "flow", nil)
	must(t, err)
	await(client.BeginMove(ctx, w.group, "flow", armlogic.WorkflowReference{ID: to.Ptr(w.id("moved"))}, nil))(t)
	_, err = client.Delete(ctx, w.group, "moved", nil)
	must(t, err)
	_, err = w.logic.NewIntegrationServiceEnvironmentsClient().Delete(ctx, w.group, "ise", nil)
	must(t, err)
	if a := w.Do(http.MethodGet, w.ise, nil); a.Status != 404 {
		t.Errorf("the environment is still there: %d", a.Status)
	}
}
