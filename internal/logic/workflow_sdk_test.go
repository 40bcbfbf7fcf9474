package logic_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bytes"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/arm/armtest"
)

const schema = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"

const looping = `{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
 "parameters":{"secret":{"type":"securestring"},"factor":{"type":"int","defaultValue":2}},
 "triggers":{"manual":{"type":"request","kind":"http","inputs":{"schema":{"type":"object"}}},"daily":{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1,"startTime":"2069-01-01T00:00:00Z"}}},
 "actions":{
  "Outer":{"type":"Foreach","foreach":"@createArray(1,2)","runAfter":{},"operationOptions":"Sequential","actions":{
   "Inner":{"type":"Foreach","foreach":"@createArray(1,2,3)","operationOptions":"Sequential","actions":{"Leaf":{"type":"Compose","inputs":"@mul(items('Inner'),parameters('factor'))"}}}}},
  "Last":{"type":"Compose","inputs":"done","runAfter":{"Outer":["Succeeded"]}}},
 "outputs":{"answer":{"type":"string","value":"@outputs('Last')"}}}`

func workflowBody(ise, more string) string {
	place := ""
	if ise != "" {
		place = fmt.Sprintf(`"integrationServiceEnvironment":{"id":%q},`, ise)
	}
	return fmt.Sprintf(`{"location":"westus","properties":{%s%s"parameters":{"secret":{"value":"planted-secret-1"}},"definition":%s}}`, place, more, looping)
}

func TestWorkflowThroughTheSDK(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	ise := w.createEnvironment("ise", w.network("net"))
	w.send("PUT", workflows+"/Flow", workflowBody(ise, ""), 201)
	client, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	got, err := client.Get(ctx, "g", "flow", nil)
	w.must(err)
	p := got.Properties
	if *p.State != "Enabled" || *p.ProvisioningState != "Succeeded" || len(*p.Version) != 20 || !strings.EqualFold(*p.IntegrationServiceEnvironment.ID, ise) || len(p.Parameters) != 0 {
		t.Errorf("%+v", p)
	}
	// What a GET served can be PUT again, by way of the SDK: the secret stays.
	again, err := client.CreateOrUpdate(ctx, "g", "Flow", armlogic.Workflow{Location: got.Location, Properties: p}, nil)
	w.must(err)
	if *again.Properties.Version != *p.Version {
		t.Errorf("nothing changed, but there is a new version")
	}
	_, err = client.Update(ctx, "g", "Flow", nil)
	w.must(err)
	w.refused("DELETE", ise, "", 409, "IntegrationServiceEnvironmentNotEmpty")

	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	url, err := triggers.ListCallbackURL(ctx, "g", "Flow", "manual", nil)
	w.must(err)
	if *url.Method != "POST" || len(*url.Queries.Sig) != 43 || !strings.HasPrefix(*url.Value, "https://localhost:8443/workflows/") {
		t.Errorf("%+v", url)
	}
	daily, err := triggers.Get(ctx, "g", "Flow", "daily", nil)
	w.must(err)
	if *daily.Properties.Recurrence.Frequency != "Day" {
		t.Errorf("%+v", daily.Properties)
	}
	_, err = triggers.Run(ctx, "g", "Flow", "manual", nil)
	w.must(err)

	runs, err := armlogic.NewWorkflowRunsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	name := ""
	w.until("one run succeeds", func() bool {
		page, err := runs.NewListPager("g", "Flow", &armlogic.WorkflowRunsClientListOptions{Filter: to.Ptr("status eq 'Succeeded' and startTime ge 2020-01-01T00:00:00Z"), Top: to.Ptr[int32](10)}).NextPage(ctx)
		w.must(err)
		if len(page.Value) == 1 {
			name = *page.Value[0].Name
		}
		return name != ""
	})
	run, err := runs.Get(ctx, "g", "Flow", name, nil)
	w.must(err)
	if *run.Properties.Status != "Succeeded" || run.Properties.Outputs["answer"].Value != "done" || *run.Properties.Trigger.Name != "manual" {
		t.Errorf("%+v", run.Properties)
	}
	w.refused("POST", workflows+"/flow/runs/"+name+"/cancel", "", 409, "WorkflowRunCanNotBeCancelled")

	actions, err := armlogic.NewWorkflowRunActionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	pager := actions.NewListPager("g", "Flow", name, &armlogic.WorkflowRunActionsClientListOptions{Top: to.Ptr[int32](1)})
	var names []string
	for pager.More() {
		page, err := pager.NextPage(ctx)
		w.must(err)
		for _, a := range page.Value {
			names = append(names, *a.Name)
		}
	}
	if got := strings.Join(names, " "); got != "Outer Inner Leaf Last" {
		t.Errorf("actions: %s", got)
	}
	repetitions, err := armlogic.NewWorkflowRunActionRepetitionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	all, err := repetitions.NewListPager("g", "Flow", name, "leaf", nil).NextPage(ctx)
	w.must(err)
	if len(all.Value) != 6 || *all.Value[5].Name != "000001-000002" || *all.Value[5].Properties.RepetitionIndexes[1].ItemIndex != 2 || all.Value[5].Properties.OutputsLink == nil {
		t.Errorf("%d repetitions", len(all.Value))
	}
	for _, scoped := range []string{"leaf/repetitions", "Inner/scopeRepetitions"} {
		if names := w.pages(workflows + "/flow/runs/" + name + "/actions/" + scoped + "?$top=2"); strings.Join(names, " ") != "000000-000000 000000-000001 000000-000002 000001-000000 000001-000001 000001-000002" {
			t.Errorf("%s in pages of two: %v", scoped, names)
		}
	}
	w.refused("GET", workflows+"/flow/runs/"+name+"/actions/leaf/repetitions/1-2", "", 404, "WorkflowRunActionRepetitionNotFound")
	one, err := repetitions.Get(ctx, "g", "Flow", name, "Leaf", "000001-000000", nil)
	w.must(err)
	if *one.Properties.Status != "Succeeded" {
		t.Errorf("%+v", one.Properties)
	}
	scopes, err := armlogic.NewWorkflowRunActionScopeRepetitionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	iterations, err := scopes.NewListPager("g", "Flow", name, "Inner", nil).NextPage(ctx)
	w.must(err)
	if len(iterations.Value) != 6 {
		t.Errorf("%d iterations of the inner loop", len(iterations.Value))
	}
	histories, err := armlogic.NewWorkflowTriggerHistoriesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	fired, err := histories.Get(ctx, "g", "Flow", "manual", name, nil)
	w.must(err)
	if !*fired.Properties.Fired || *fired.Properties.Run.Name != name {
		t.Errorf("%+v", fired.Properties)
	}
	_, err = histories.Resubmit(ctx, "g", "Flow", "manual", name, nil)
	w.must(err)

	_, err = client.Disable(ctx, "g", "Flow", nil)
	w.must(err)
	w.refused("POST", workflows+"/flow/triggers/manual/run", "", 400, "WorkflowTriggerIsNotEnabled")
	_, err = client.Enable(ctx, "g", "Flow", nil)
	w.must(err)
	w.eventually(workflows+"/flow/triggers/daily", "2069-01-01T00:00:00Z", "properties", "nextExecutionTime")
	_, err = client.RegenerateAccessKey(ctx, "g", "Flow", armlogic.RegenerateActionParameter{KeyType: to.Ptr(armlogic.KeyTypePrimary)}, nil)
	w.must(err)
	other, err := triggers.ListCallbackURL(ctx, "g", "Flow", "manual", nil)
	w.must(err)
	if *other.Queries.Sig == *url.Queries.Sig {
		t.Error("the signature is the same under a new key")
	}
	swagger, err := client.ListSwagger(ctx, "g", "Flow", nil)
	w.must(err)
	if get(swagger.Interface, "paths", "/manual/paths/invoke", "post", "operationId") != "manual-invoke" {
		t.Errorf("%v", swagger.Interface)
	}
	_, err = client.Delete(ctx, "g", "Flow", nil)
	w.must(err)
	w.send("GET", workflows+"/flow", "", 404)
	w.send("DELETE", ise, "", 200)
}

func TestWorkflowVersions(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.send("PUT", workflows+"/flow", workflowBody("", ""), 201)
	second := w.send("PUT", workflows+"/flow", strings.Replace(workflowBody("", ""), `"done"`, `"other"`, 1), 200)
	client, err := armlogic.NewWorkflowVersionsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	pager := client.NewListPager("g", "flow", &armlogic.WorkflowVersionsClientListOptions{Top: to.Ptr[int32](1)})
	var versions []*armlogic.WorkflowVersion
	for pager.More() {
		page, err := pager.NextPage(ctx)
		w.must(err)
		versions = append(versions, page.Value...)
	}
	if len(versions) != 2 || *versions[0].Name != get(second, "properties", "version") {
		t.Fatalf("%d versions", len(versions))
	}
	old, err := client.Get(ctx, "g", "flow", *versions[1].Name, nil)
	w.must(err)
	if get(old.Properties.Definition, "actions", "Last", "inputs") != "done" {
		t.Errorf("%+v", old.Properties.Definition)
	}
	pinned, err := armlogic.NewWorkflowVersionTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	url, err := pinned.ListCallbackURL(ctx, "g", "flow", *versions[1].Name, "manual", nil)
	w.must(err)
	if want := "/versions/" + *versions[1].Name + "/triggers/manual/run"; *url.Queries.Sp != want {
		t.Errorf("%s, want %s", *url.Queries.Sp, want)
	}
}

func TestBadWorkflowsAreRefusedAndChangeNothing(t *testing.T) {
	w := newWorld(t)
	ise := w.createEnvironment("ise", w.network("net"))
	body := workflowBody("", "")
	with := func(old, new string) string { return strings.Replace(body, old, new, 1) }
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"flow", `{`, 400, "InvalidRequestContent"},
		{"flow", `{"location":"westus","properties":{}}`, 400, "InvalidRequestContent"},
		{"flow", `{"location":"westus","properties":{"definition":[]}}`, 400, "InvalidRequestContent"},
		{"flow", with(`"$schema":"`+schema+`",`, ""), 400, "InvalidRequestContent"},
		{"a flow", body, 400, "InvalidResourceName"},
		{"flow", with("@outputs('Last')", "@outputs('Nothing')"), 400, "InvalidTemplate"},
		{"flow", with("@createArray(1,2)", "@nothing(1,2)"), 400, "InvalidTemplate"},
		{"flow", with(`"runAfter":{},`, `"runAfter":{"Last":["Succeeded"]},`), 400, "InvalidTemplate"},
		{"flow", with(`"type":"Compose","inputs":"done"`, `"type":"Xslt","inputs":{"content":"1","integrationAccount":{"map":{"name":"m"}}}`), 400, "InvalidTemplate"},
		{"flow", with(`{"value":"planted-secret-1"}`, `"x"`), 400, "InvalidRequestContent"},
		{"flow", workflowBody("", `"state":"Paused",`), 400, "InvalidRequestContent"},
		{"flow", workflowBody(ise+"x", ""), 404, "IntegrationServiceEnvironmentNotFound"},
		{"flow", strings.Replace(workflowBody(ise, ""), "westus", "eastus", 1), 400, "InvalidResourceLocation"},
		{"flow", workflowBody("", `"integrationAccount":{"id":"`+group+`/providers/Microsoft.Logic/integrationAccounts/a"},`), 404, "IntegrationAccountNotFound"},
	} {
		w.refused("PUT", workflows+"/"+c.name, c.body, c.status, c.code)
	}
	w.send("GET", workflows+"/flow", "", 404)
	w.send("POST", workflows+"/flow/validate", body, 200)
	w.send("POST", group+"/providers/Microsoft.Logic/locations/westus/workflows/flow/validate", body, 200)
	answer := w.send("POST", workflows+"/flow/validate", strings.Replace(with("@createArray(1,2)", "@nothing()"), "@outputs('Last')", "@outputs('Nothing')", 1), 400)
	if details, _ := get(answer, "error", "details").([]any); len(details) != 2 {
		t.Errorf("%d details, want one for each of the two problems: %v", len(details), answer)
	}
	w.send("PUT", workflows+"/flow", body, 201)
	w.refused("PUT", workflows+"/flow", workflowBody(ise, ""), 400, "PropertyChangeNotAllowed")
	for _, path := range []string{"/runs/x", "/runs/x/actions", "/triggers/x", "/triggers/manual/histories/x", "/versions/x"} {
		w.send("GET", workflows+"/flow"+path, "", 404)
	}
	w.refused("GET", workflows+"/flow/runs?$filter=nothing%20eq%201", "", 400, "InvalidFilterInQueryString")
	w.refused("POST", workflows+"/flow/triggers/daily/listCallbackUrl", "", 400, "TriggerNotCallable")
	w.refused("POST", workflows+"/flow/triggers/manual/listCallbackUrl", `{"keyType":"Third"}`, 400, "InvalidRequestContent")
	w.refused("POST", workflows+"/flow/triggers/manual/listCallbackUrl", `{"notAfter":"2001-01-01T00:00:00Z"}`, 400, "InvalidRequestContent")
}

func TestWorkflowsAreFilteredByTheirEnvironment(t *testing.T) {
	w := newWorld(t)
	ise := w.createEnvironment("ise", w.network("net"))
	w.send("PUT", workflows+"/in", workflowBody(ise, ""), 201)
	w.send("PUT", workflows+"/out", workflowBody("", `"state":"disabled",`), 201)
	for filter, want := range map[string]string{
		"referencedResourceId eq '" + strings.ToUpper(ise) + "'": "in",
		"state eq 'Disabled'": "out",
	} {
		answer := w.send("GET", workflows+"?$filter="+strings.ReplaceAll(filter, " ", "%20"), "", 200)
		if list := get(answer, "value").([]any); len(list) != 1 || get(list, 0, "name") != want {
			t.Errorf("%s: %v", filter, list)
		}
	}
}

func TestSecretsAreNeverServedNorReadableOnDisk(t *testing.T) {
	w := newWorld(t)
	body := strings.Replace(workflowBody("", ""), `"factor"`, `"other":{"type":"SecureObject","defaultValue":{"a":"planted-secret-2"}},"factor"`, 1)
	w.send("PUT", workflows+"/flow", body, 201)
	version := get(w.send("GET", workflows+"/flow", "", 200), "properties", "version").(string)
	for _, path := range []string{"/flow", "", "/flow/versions", "/flow/versions/" + version} {
		if text := fmt.Sprint(w.send("GET", workflows+path, "", 200)); strings.Contains(text, "planted-secret") {
			t.Errorf("GET %s serves a secret: %s", path, text)
		}
	}
	w.must(filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // a journal that is done with
		}
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if bytes.Contains(text, []byte("planted-secret")) {
			t.Errorf("%s holds a secret in plain", path)
		}
		return err
	}))
	if strings.Contains(w.log.String(), "planted-secret") {
		t.Error("the log holds a secret")
	}
}
