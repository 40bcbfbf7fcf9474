package deploy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/expr"
)

// whatIf gives the changes of a deployment by the end of the resource's ID, as
// "Modify a: properties.note Modify old -> new".
func (w *world) whatIf(t testing.TB, path, body string) (string, expr.Value) {
	t.Helper()
	v := w.want(t, http.MethodPost, path+"/whatIf", body, 200)
	properties, _ := v.Get("properties")
	changes, _ := properties.Get("changes")
	var lines []string
	for _, c := range changes.Elements() {
		id := at(c, "resourceId")
		line := at(c, "changeType") + " " + id[strings.LastIndexByte(id, '/')+1:]
		delta, _ := c.Get("delta")
		lines = append(lines, line+deltaText(delta))
	}
	diagnostics, _ := properties.Get("diagnostics")
	for _, d := range diagnostics.Elements() {
		lines = append(lines, at(d, "level")+" "+at(d, "code"))
	}
	return strings.Join(lines, "\n"), v
}

func deltaText(delta expr.Value) (text string) {
	for _, d := range delta.Elements() {
		text += fmt.Sprintf(" [%s %s", at(d, "path"), at(d, "propertyChangeType"))
		for _, name := range []string{"before", "after"} {
			if v, ok := d.Get(name); ok {
				text += " " + name + " " + string(v.JSON())
			}
		}
		children, _ := d.Get("children")
		text += deltaText(children) + "]"
	}
	return text
}

// A thing counts how often it was put, so each of them changes.
func TestWhatIf(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, things+"same", `{"location":"Over There","properties":{"note":"n"}}`, 201)
	w.want(t, http.MethodPut, things+"changes", `{"location":"here","tags":{"a":"1","b":"2"},"properties":{"note":"old"}}`, 201)
	w.want(t, http.MethodPut, things+"stays", `{"location":"here","properties":{}}`, 201)
	template := `"parameters":{"s":{"type":"securestring","defaultValue":"planted-secret"}},"resources":[` + strings.Join([]string{
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"same","location":"overthere","properties":{"note":"n"}}`,
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"changes","location":"here","tags":{"a":"1","c":"3"},"properties":{"note":"new"}}`,
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"new","location":"here","properties":{"note":"[concat('x', parameters('s'))]","later":"[reference('same').note]","unknown":"[reference('other').note]"}}`,
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"other","location":"here","dependsOn":["new"],"properties":{}}`,
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"refused","location":"here","properties":{"refuse":true}}`,
		`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"left out","condition":false,"location":"here","properties":{}}`,
		`{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner","properties":{"mode":"Incremental","template":{` + schema + resources(res("nested", ``)) + `}}}`,
	}, ",") + `]`
	const activity = "/subscriptions/" + subscription + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=resourceProvider+eq+'Test.Things'"
	before := w.want(t, http.MethodGet, activity, "", 200)
	got, v := w.whatIf(t, deployments+"d", request(template))
	if after := w.want(t, http.MethodGet, activity, "", 200); string(after.JSON()) != string(before.JSON()) {
		t.Errorf("a preview is in the activity log as if it had changed something:\n%s", after.JSON())
	}
	want := `Modify same [properties.puts Modify before 1 after 2]
Modify changes [tags.b Delete before "2"] [tags.c Create after "3"] [properties.puts Modify before 1 after 2] [properties.note Modify before "old" after "new"]
Create new
Create other
Create refused
Create nested
Ignore stays
Error ThingRefused`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if text := string(v.JSON()); strings.Contains(text, "planted") || !strings.Contains(text, `"note":"*******"`) || !strings.Contains(text, `"later":"n"`) || !strings.Contains(text, `"unknown":"[reference('other').note]"`) {
		t.Errorf("%s", text)
	}
	changes, _ := v.Get("properties")
	if before := at(changes, "changes", 1, "before", "properties", "note"); before != "old" {
		t.Errorf("before: %s", v.JSON())
	}
	complete := strings.Replace(request(template), "Incremental", "Complete", 1)
	if got, _ := w.whatIf(t, deployments+"d", complete); !strings.Contains(got, "Delete stays") {
		t.Errorf("in mode Complete: %s", got)
	}
	ids := strings.Replace(request(template), `"mode"`, `"whatIfSettings":{"resultFormat":"ResourceIdOnly"},"mode"`, 1)
	if got, v := w.whatIf(t, deployments+"d", ids); !strings.HasPrefix(got, "Deploy same\nDeploy changes\nCreate new") || strings.Contains(string(v.JSON()), `"before"`) || strings.Contains(string(v.JSON()), `"after"`) {
		t.Errorf("IDs only: %s", v.JSON())
	}
	// Nothing has changed, and nothing is under way.
	for name, status := range map[string]int{"same": 200, "new": 404, "other": 404, "nested": 404} {
		w.want(t, http.MethodGet, things+name, "", status)
	}
	if v := w.want(t, http.MethodGet, things+"changes", "", 200); at(v, "properties", "note") != "old" || at(v, "properties", "puts") != "1" {
		t.Errorf("it was changed: %s", v.JSON())
	}
	if w.turn(t, t.Context()) {
		t.Error("there is something to do")
	}
}

// A deployment to a subscription: what goes into a group that it makes is known too.
func TestWhatIfOfASubscription(t *testing.T) {
	w := newWorld(t)
	body := toSubscription(`"resources":[
		{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"made","location":"here"},
		{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"g","location":"here","tags":{"x":"y"}},
		{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inside","resourceGroup":"made","dependsOn":["made"],
			"properties":{"mode":"Incremental","template":{` + schema + `"resources":[{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"a","location":"[resourceGroup().location]","properties":{}}]}}}]`)
	body = strings.Replace(body, `"mode":"Incremental","template":{`+schema, `"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"template":{`+schema, 1)
	got, v := w.whatIf(t, atSubscription+"d", body)
	if got != "Create made\nModify g [tags Create after {\"x\":\"y\"}]\nCreate a" {
		t.Errorf("%s\n%s", got, v.JSON())
	}
}

func TestBadWhatIfs(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, body, code string }{
		{"no properties", `{}`, "InvalidRequestContent"},
		{"another format", strings.Replace(request(resources()), `"mode"`, `"whatIfSettings":{"resultFormat":"All"},"mode"`, 1), "InvalidRequestContent"},
		{"a bad template", request(resources(res("a", `"note":"[nope()]"`))), "InvalidTemplate"},
	} {
		if status, v := w.call(http.MethodPost, deployments+"d/whatIf", tt.body); status != 400 || at(v, "error", "code") != tt.code {
			t.Errorf("%s: %d %s", tt.name, status, v.JSON())
		}
	}
	if status, v := w.call(http.MethodPost, strings.Replace(deployments, "/g/", "/none/", 1)+"d/whatIf", request(resources())); status != 404 {
		t.Errorf("without the group: %d %s", status, v.JSON())
	}
}
