package isletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/isletest"
)

// linkedBody is a workflow that names an integration account, in an environment or none.
func linkedBody(environment, account string) string {
	members := ""
	if environment != "" {
		members += `"integrationServiceEnvironment":{"id":"` + environment + `"},`
	}
	if account != "" {
		members += `"integrationAccount":{"id":"` + account + `"},`
	}
	return `{"location":"` + siteLocation + `","properties":{` + members + `"definition":` + definition(`{"A":{"type":"Compose","inputs":1}}`) + `}}`
}

// TestAccountsAndWorkflowsOfEnvironments: a workflow names an account of its own
// environment, and what is needed stays (ise.md #4, #59; logic-api §1.3).
func TestAccountsAndWorkflowsOfEnvironments(t *testing.T) {
	s := newSite(t, 2)
	home, other := s.environment(0, armlogic.IntegrationServiceEnvironmentAccessEndpointTypeExternal), s.environment(1, armlogic.IntegrationServiceEnvironmentAccessEndpointTypeExternal)
	accounts := s.logic.NewIntegrationAccountsClient()
	logic := s.group + "/providers/Microsoft.Logic/"
	for name, environment := range map[string]string{"inside": home, "outside": ""} {
		properties := &armlogic.IntegrationAccountProperties{}
		if environment != "" {
			properties.IntegrationServiceEnvironment = &armlogic.ResourceReference{ID: &environment}
		}
		made, err := accounts.CreateOrUpdate(t.Context(), siteGroup, name, armlogic.IntegrationAccount{Location: to.Ptr(siteLocation), Properties: properties, SKU: &armlogic.IntegrationAccountSKU{Name: to.Ptr(armlogic.IntegrationAccountSKUNameStandard)}}, nil)
		must(t, err)
		if got := made.Properties.IntegrationServiceEnvironment; (got == nil) != (environment == "") || got != nil && (!strings.EqualFold(*got.ID, environment) || *got.Type != "Microsoft.Logic/integrationServiceEnvironments") {
			t.Errorf("%s is in %+v", name, got)
		}
	}
	inside, outside := logic+"integrationAccounts/inside", logic+"integrationAccounts/outside"
	const different = "WorkflowNotInSameIntegrationServiceEnvironmentAsIntegrationAccount"
	for _, c := range []struct {
		what, name, environment, account string
		status                           int
		code                             string
	}{
		{"both in one", "a", home, strings.ToUpper(inside), 201, ""},
		{"both in none", "b", "", outside, 201, ""},
		{"the account in another one", "c", other, inside, 400, different},
		{"the account in none", "c", home, outside, 400, different},
		{"the workflow in none", "c", "", inside, 400, different},
		{"no such account", "c", home, inside + "x", 404, "IntegrationAccountNotFound"},
		{"no account", "c", home, logic + "workflows/a", 404, "IntegrationAccountNotFound"},
	} {
		a := s.Do(http.MethodPut, logic+"workflows/"+c.name, linkedBody(c.environment, c.account))
		if a.Status != c.status || a.Text("error", "code") != c.code {
			t.Errorf("%s: %d %s", c.what, a.Status, a.Body)
		}
		if c.code == different && !(strings.Contains(string(a.Body), "workflows/c") && strings.Contains(strings.ToLower(string(a.Body)), strings.ToLower(c.account)) && strings.Contains(string(a.Body), home)) {
			t.Errorf("%s: the message names not all: %s", c.what, a.Body)
		}
	}
	workflow, err := s.logic.NewWorkflowsClient().Get(t.Context(), siteGroup, "a", nil)
	must(t, err)
	if got := workflow.Properties.IntegrationAccount; *got.Name != "INSIDE" && *got.Name != "inside" || *got.Type != "Microsoft.Logic/integrationAccounts" {
		t.Errorf("the workflow's account: %+v", got)
	}

	for id, want := range map[string]int{home: 1, strings.ToUpper(inside): 1, outside: 1, other: 0} {
		page, err := s.logic.NewWorkflowsClient().NewListByResourceGroupPager(siteGroup, &armlogic.WorkflowsClientListByResourceGroupOptions{Filter: to.Ptr("referencedResourceId eq '" + id + "'")}).NextPage(t.Context())
		must(t, err)
		if len(page.Value) != want {
			t.Errorf("%d workflows refer to %s, want %d", len(page.Value), id, want)
		}
	}

	inUse := func(what string, want int, code string, a isletest.Answer) {
		t.Helper()
		if a.Status != want || a.Text("error", "code") != code {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
	}
	used := s.Do(http.MethodDelete, inside, nil)
	inUse("an account in use", 409, "InUseIntegrationAccountCannotBeDeleted", used)
	if !strings.Contains(string(used.Body), logic+"workflows/a") {
		t.Errorf("who uses it is not told: %s", used.Body)
	}
	inUse("a workflow without its account", 200, "", s.Do(http.MethodPut, logic+"workflows/a", linkedBody(home, "")))
	inUse("the environment of an account", 409, "", isletest.Answer{Status: s.Do(http.MethodDelete, home, nil).Status})
	inUse("an account that was let go", 200, "", s.Do(http.MethodDelete, inside, nil))
	inUse("the other workflow gets another name", 200, "", s.Do(http.MethodPost, logic+"workflows/b/move", `{"id":"`+logic+`workflows/renamed"}`))
	if a := s.Do(http.MethodDelete, outside, nil); a.Status != 409 || !strings.Contains(string(a.Body), logic+"workflows/renamed") {
		t.Errorf("the account of a workflow that was moved: %d %s", a.Status, a.Body)
	}
	inUse("the other workflow", 200, "", s.Do(http.MethodDelete, logic+"workflows/renamed", nil))
	inUse("the account of a deleted workflow", 200, "", s.Do(http.MethodDelete, outside, nil))
	inUse("the workflow of the environment", 200, "", s.Do(http.MethodDelete, logic+"workflows/a", nil))
	if a := s.Do(http.MethodDelete, home, nil); a.Status >= 300 {
		t.Errorf("the environment without anything in it: %d %s", a.Status, a.Body)
	}
	s.Group("whole")
	whole := strings.Replace(logic, "/resourceGroups/"+siteGroup, "/resourceGroups/whole", 1)
	inUse("in a group", 201, "", s.Do(http.MethodPut, whole+"integrationAccounts/acc", `{"location":"local"}`))
	inUse("in a group", 201, "", s.Do(http.MethodPut, whole+"workflows/w", strings.Replace(linkedBody("", whole+"integrationAccounts/acc"), siteLocation, "local", 1)))
	await(s.resources.NewResourceGroupsClient().BeginDelete(t.Context(), "whole", nil))(t)
	if a := s.Do(http.MethodGet, whole+"integrationAccounts/acc", nil); a.Status != 404 {
		t.Errorf("the account of a deleted group: %d %s", a.Status, a.Body)
	}
}

// TestAccountsOutlastARestart: accounts, contents and links are as they were, and nothing
// of a content or key is readable in the data folder.
func TestAccountsOutlastARestart(t *testing.T) {
	const planted = "planted-in-a-content"
	w := newAccountWorld(t, nil)
	w.Do(http.MethodPut, w.id+"/maps/m", `{"properties":{"mapType":"Liquid","content":"`+planted+`"}}`)
	w.Do(http.MethodPut, w.id+"/sessions/s", `{"properties":{"content":"`+planted+`"}}`)
	link := w.Do(http.MethodGet, w.id+"/maps/m", nil).Text("properties", "contentLink", "uri")
	path := link[strings.Index(link, "/integrationAccounts/"):]
	w.Restart()
	if a := w.open(w.Endpoint + path); string(a.Body) != planted {
		t.Errorf("after a restart: %d %s", a.Status, a.Body)
	}
	w.Stop()
	must(t, filepath.WalkDir(w.Data(), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(content), planted) {
			t.Errorf("%s shows a content", d.Name())
		}
		return err
	}))
}

// plainWorkflow is a workflow of a template with its trigger and integration account, but
// without the connectors that the template's own would need.
func plainWorkflow(t *testing.T, r map[string]any) map[string]any {
	t.Helper()
	properties := map[string]any{"definition": json.RawMessage(definition(`{"A":{"type":"Compose","inputs":1}}`))}
	if account, ok := r["properties"].(map[string]any)["integrationAccount"]; ok {
		properties["integrationAccount"] = account
	}
	var after []any
	depends, _ := r["dependsOn"].([]any)
	for _, d := range depends {
		if strings.Contains(strings.ToLower(fmt.Sprint(d)), "integrationaccount") && !strings.Contains(strings.ToLower(fmt.Sprint(d)), "connection") {
			after = append(after, d)
		}
	}
	return map[string]any{"type": r["type"], "apiVersion": r["apiVersion"], "name": r["name"], "location": r["location"], "dependsOn": after, "properties": properties}
}

// TestAccountsOfTheCorpusDeploy deploys what real templates hold of integration accounts,
// with workflows that use them.
func TestAccountsOfTheCorpusDeploy(t *testing.T) {
	shared(t, "corpus/023.json")
	s := isletest.Start(t)
	for _, number := range []string{"023", "024", "025", "026", "033", "034", "777", "778"} {
		var entry struct {
			Resource struct {
				Schema     string                     `json:"$schema"`
				Version    string                     `json:"contentVersion"`
				Parameters map[string]map[string]any  `json:"parameters"`
				Variables  map[string]json.RawMessage `json:"variables"`
				Resources  []map[string]any           `json:"resources"`
			} `json:"resource"`
		}
		must(t, json.Unmarshal(shared(t, "corpus/"+number+".json"), &entry))
		template := entry.Resource
		var kept []map[string]any
		for _, r := range template.Resources {
			switch kind := r["type"].(string); {
			case strings.HasPrefix(kind, "Microsoft.Logic/integrationAccounts"):
				kept = append(kept, r)
			case kind == "Microsoft.Logic/workflows":
				kept = append(kept, plainWorkflow(t, r))
			}
		}
		values := map[string]any{}
		for name, p := range template.Parameters {
			switch _, given := p["defaultValue"]; {
			case strings.EqualFold(name, "location"), strings.EqualFold(name, "logicAppLocation"):
				values[name] = map[string]any{"value": "westeurope"}
			case !given:
				values[name] = map[string]any{"value": name}
			}
		}
		group := s.Group("g" + number)
		a := s.Deploy(group, "accounts", map[string]any{"$schema": template.Schema, "contentVersion": template.Version, "parameters": template.Parameters, "variables": template.Variables, "resources": kept}, values)
		if a.Text("properties", "provisioningState") != "Succeeded" {
			t.Errorf("%s: %d %s", number, a.Status, a.Body)
			continue
		}
		if list := s.Do(http.MethodGet, group+"/providers/Microsoft.Logic/integrationAccounts", nil); list.Text("value", 0, "name") == "" {
			t.Errorf("%s: %s", number, list.Body)
		}
		t.Log(number, fmt.Sprint(len(kept)), "resources")
	}
}
