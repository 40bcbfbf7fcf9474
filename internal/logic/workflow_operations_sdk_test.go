package logic_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/go-openapi/loads"
	"github.com/go-openapi/strfmt"
	"github.com/go-openapi/validate"

	"isle/internal/arm/armtest"
)

// TestListSwaggerIsAValidDocument: whatever the schemas of the triggers are, what comes
// out is an OpenAPI 2.0 document, as a library for generators judges it.
func TestListSwaggerIsAValidDocument(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	definition := `{"$schema":"` + schema + `","contentVersion":"1.0.0.0","triggers":{
	 "manual":{"type":"Request","kind":"Http","inputs":{"schema":{"$schema":"http://json-schema.org/draft-07/schema#","$id":"x","type":"object","required":["id","lines","id"],
	  "definitions":{"line":{"type":["object","null"],"properties":{"n":{"type":"integer","exclusiveMinimum":0}},"required":["n"]}},
	  "properties":{"id":{"type":["string","null"],"pattern":"^(?!x)"},"lines":{"type":"array","items":{"$ref":"#/definitions/line"}},"pair":{"type":"array","items":[{"type":"string"},{}]},"kind":{"const":"a"},
	   "any":{"anyOf":[{"type":"string"},{"type":"integer"}]},"self":{"$ref":"#"},"lost":{"$ref":"http://elsewhere.example/x"},"bare":{"type":"array"},"mixed":{"type":["string","integer"],"default":true}},"patternProperties":{"^x":{}}}}},
	 "order":{"type":"Request","kind":"Http","inputs":{"method":"PUT","relativePath":"orders/{id}/lines/{line}"}},
	 "look":{"type":"Request","kind":"Http","inputs":{"method":"GET","relativePath":"orders"}}},
	 "actions":{"Answer":{"type":"Response","inputs":{"statusCode":200}}}}`
	w.send("PUT", workflows+"/Flow", `{"location":"westus","properties":{"definition":`+definition+`}}`, 201)
	client, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	answer, err := client.ListSwagger(ctx, "g", "Flow", nil)
	w.must(err)
	text, err := json.Marshal(answer.Interface)
	w.must(err)
	document, err := loads.Analyzed(text, "2.0")
	w.must(err)
	if err := validate.Spec(document, strfmt.Default); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	for path, method := range map[string]string{"/manual/paths/invoke": "post", "/order/paths/invoke/orders/{id}/lines/{line}": "put", "/look/paths/invoke/orders": "get"} {
		if get(answer.Interface, "paths", path, method, "operationId") == nil {
			t.Errorf("%s %s is not described", method, path)
		}
	}
	if got := get(answer.Interface, "definitions", "request-manual", "properties", "lines", "items", "$ref"); got != "#/definitions/request-manual-line" {
		t.Errorf("the schema's own definition is at %v", got)
	}
}

const olderDefinition = `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2015-08-01-preview/workflowdefinition.json#","contentVersion":"1.0.0.0",
 "parameters":{"key":{"type":"securestring","defaultValue":"planted-secret"}},
 "triggers":{"manual":{"type":"Manual","inputs":{"schema":{}}}},
 "actions":{"A":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Second"}},"conditions":[{"expression":"@equals(1,2)"}]},"B":{"type":"Response","inputs":{"statusCode":200},"conditions":[{"dependsOn":"A"},{"expression":"@equals(actions('A').status,'Skipped')"}]}},"outputs":{}}`

// TestOlderDefinitions: a workflow of the older schema version is kept as it is written
// and runs as what it is upgraded to.
func TestOlderDefinitions(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	client, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	var definition any
	w.must(json.Unmarshal([]byte(olderDefinition), &definition))
	put, err := client.CreateOrUpdate(ctx, "g", "old", armlogic.Workflow{Location: to.Ptr("westus"), Properties: &armlogic.WorkflowProperties{Definition: definition}}, nil)
	w.must(err)
	if get(put.Properties.Definition, "triggers", "manual", "type") != "Manual" || get(put.Properties.Definition, "parameters", "key", "defaultValue") != nil {
		t.Errorf("shown as %v", put.Properties.Definition)
	}
	upgraded, err := client.GenerateUpgradedDefinition(ctx, "g", "old", armlogic.GenerateUpgradedDefinitionParameters{TargetSchemaVersion: to.Ptr("2016-06-01")}, nil)
	w.must(err)
	if get(upgraded.Interface, "triggers", "manual", "type") != "Request" || get(upgraded.Interface, "actions", "If_A", "else", "actions", "B", "type") != "Response" || get(upgraded.Interface, "parameters", "key", "defaultValue") != nil {
		t.Errorf("upgraded to %v", upgraded.Interface)
	}
	put, err = client.CreateOrUpdate(ctx, "g", "new", armlogic.Workflow{Location: to.Ptr("westus"), Properties: &armlogic.WorkflowProperties{Definition: upgraded.Interface, Parameters: map[string]*armlogic.WorkflowParameter{"key": {Value: "x"}}}}, nil)
	w.must(err)
	if !strings.Contains(put.Properties.Definition.(map[string]any)["$schema"].(string), "2016-06-01") {
		t.Errorf("saved as %v", put.Properties.Definition)
	}
	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	_, err = triggers.Run(ctx, "g", "old", "manual", nil)
	w.must(err)
	w.eventually(workflows+"/old/runs", "Succeeded", "value", 0, "properties", "status")
	w.refused("POST", workflows+"/old/generateUpgradedDefinition", `{"targetSchemaVersion":"2014-12-01-preview"}`, 400, "InvalidRequestContent")
}

// TestMove: a workflow that is moved is the same one under another ID.
func TestMove(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	ise := w.createEnvironment("ise", w.network("net"))
	w.send("PUT", strings.Replace(group, "/g", "/h", 1), `{"location":"westus"}`, 201)
	w.send("PUT", workflows+"/flow", workflowBody(ise, ""), 201)
	client, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	_, err = triggers.Run(ctx, "g", "flow", "manual", nil)
	w.must(err)
	w.eventually(workflows+"/flow/runs", "Succeeded", "value", 0, "properties", "status")
	before, err := triggers.ListCallbackURL(ctx, "g", "flow", "manual", nil)
	w.must(err)

	target := strings.Replace(workflows, "/g/", "/h/", 1) + "/Moved"
	w.refused("POST", workflows+"/flow/move", `{"id":"/x"}`, 400, "InvalidRequestContent")
	w.refused("POST", workflows+"/flow/move", `{"id":"`+strings.Replace(target, "/h/", "/none/", 1)+`"}`, 404, "ResourceGroupNotFound")
	w.send("PUT", workflows+"/other", workflowBody("", ""), 201)
	w.refused("POST", workflows+"/flow/move", `{"id":"`+workflows+`/other"}`, 409, "WorkflowAlreadyExists")

	move, err := client.BeginMove(ctx, "g", "flow", armlogic.WorkflowReference{ID: to.Ptr(strings.TrimPrefix(target, "/"))}, nil)
	w.must(err)
	_, err = move.PollUntilDone(ctx, nil)
	w.must(err)
	w.send("GET", workflows+"/flow", "", 404)
	moved, err := client.Get(ctx, "h", "moved", nil)
	w.must(err)
	if *moved.ID != target || !strings.EqualFold(*moved.Properties.IntegrationServiceEnvironment.ID, ise) {
		t.Errorf("%+v", moved)
	}
	after, err := triggers.ListCallbackURL(ctx, "h", "Moved", "manual", nil)
	w.must(err)
	if *after.Value != *before.Value {
		t.Error("the callback URL is another one")
	}
	_, err = triggers.Run(ctx, "h", "Moved", "manual", nil)
	w.must(err)
	w.until("both runs are there", func() bool { return len(get(w.send("GET", target+"/runs", "", 200), "value").([]any)) == 2 })
	w.refused("DELETE", ise, "", 409, "IntegrationServiceEnvironmentNotEmpty")
	w.send("DELETE", target, "", 200)
	w.send("DELETE", ise, "", 200)
}

// TestSetState: a trigger goes on where another one is.
func TestSetState(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	daily := func() string {
		return `{"location":"westus","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0","triggers":{"daily":{"type":"Recurrence","recurrence":{"frequency":"Day","interval":3}}},"actions":{}}}}`
	}
	w.send("PUT", workflows+"/a", daily(), 201)
	next := func(flow string) any {
		return get(w.send("GET", workflows+"/"+flow+"/triggers/daily", "", 200), "properties", "nextExecutionTime")
	}
	runs := func(flow string) int {
		return len(get(w.send("GET", workflows+"/"+flow+"/runs", "", 200), "value").([]any))
	}
	w.until("the first schedule has fired", func() bool { return runs("a") == 1 })
	w.send("PUT", workflows+"/b", daily(), 201)
	w.send("PUT", workflows+"/c", workflowBody("", ""), 201)
	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	w.until("the second schedule has fired", func() bool { return runs("b") == 1 })
	if next("a") == next("b") {
		t.Fatal("both schedules are the same already")
	}
	for _, source := range []*armlogic.WorkflowTriggerReference{{ID: to.Ptr(workflows + "/A/triggers/Daily")}, {FlowName: to.Ptr("a"), TriggerName: to.Ptr("daily")}} {
		_, err = triggers.SetState(ctx, "g", "b", "daily", armlogic.SetTriggerStateActionDefinition{Source: source}, nil)
		w.must(err)
		if got, want := next("b"), next("a"); got != want || want == nil {
			t.Errorf("the next firing is %v, that of the source %v", got, want)
		}
	}
	path := workflows + "/b/triggers/daily/setState"
	w.refused("POST", path, `{}`, 400, "InvalidRequestContent")
	w.refused("POST", path, `{"source":{"flowName":"none","triggerName":"daily"}}`, 404, "WorkflowNotFound")
	w.refused("POST", path, `{"source":{"flowName":"a","triggerName":"none"}}`, 404, "WorkflowTriggerNotFound")
	w.refused("POST", path, `{"source":{"flowName":"c","triggerName":"manual"}}`, 400, "InvalidRequestContent")
}
