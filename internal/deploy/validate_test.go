package deploy_test

import (
	"net/http"
	"strings"
	"testing"

	"isle/expr"
)

// refusals lists the details of a validation that failed, as "CODE the end of the ID".
func refusals(v expr.Value) string {
	failed, _ := v.Get("error")
	details, _ := failed.Get("details")
	var lines []string
	for _, d := range details.Elements() {
		id := at(d, "target")
		lines = append(lines, at(d, "code")+" "+id[strings.LastIndexByte(id, '/')+1:])
	}
	return strings.Join(lines, "\n")
}

// inner is a template in a deployment of its own.
func inner(name, dependsOn string, resources ...string) string {
	return `{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"` + name + `","dependsOn":[` + dependsOn + `],
		"properties":{"mode":"Incremental","template":{` + schema + `"resources":[` + strings.Join(resources, ",") + `]}}}`
}

func thingOf(name, dependsOn, properties string) string {
	return `{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"` + name + `","location":"here","dependsOn":[` + dependsOn + `],"properties":{` + properties + `}}`
}

// A validation tells all that would be refused now, and only that.
func TestValidationAsksTheTypes(t *testing.T) {
	refuse := `"refuse":true`
	for _, tt := range []struct{ name, resources, want string }{
		{"nothing is refused", thingOf("a", "", ""), ""},
		{"each refusal is told", thingOf("a", "", refuse) + "," + thingOf("b", "", "") + "," + thingOf("c", "", refuse), "ThingRefused a\nThingRefused c"},
		{"one in a nested template", inner("n", "", thingOf("a", "", refuse)), "ThingRefused a"},
		{"it needs what is made first", thingOf("new", "", "") + "," + thingOf("a", `"new"`, refuse), ""},
		{"it needs what is changed first", thingOf("same", "", "") + "," + thingOf("a", `"same"`, refuse), ""},
		{"it needs what waits for that", thingOf("new", "", "") + "," + inner("n", `"new"`) + "," + thingOf("a", `"n"`, refuse), ""},
		{"it needs a nested deployment", inner("n", "", thingOf("new", "", "")) + "," + thingOf("a", `"n"`, refuse), ""},
		{"it is nested where that is made first", thingOf("new", "", "") + "," + inner("n", `"new"`, thingOf("a", "", refuse)), ""},
		{"it is left out", `{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"a","condition":false,"properties":{` + refuse + `}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.want(t, http.MethodPut, things+"same", `{"location":"here","properties":{"note":"n"}}`, 201)
			status, v := w.call(http.MethodPost, deployments+"d/validate", request(`"resources":[`+tt.resources+`]`))
			if got := refusals(v); got != tt.want || (status == 200) != (tt.want == "") {
				t.Errorf("%d %s", status, v.JSON())
			}
			if tt.want != "" && (status != 400 || at(v, "error", "code") != "InvalidTemplateDeployment") {
				t.Errorf("%d %s", status, v.JSON())
			}
			w.want(t, http.MethodGet, things+"new", "", 404)
			w.want(t, http.MethodHead, deployments+"n", "", 404)
			if v := w.want(t, http.MethodGet, things+"same", "", 200); at(v, "properties", "puts") != "1" {
				t.Errorf("it was changed: %s", v.JSON())
			}
			if w.turn(t, t.Context()) {
				t.Error("there is something to do")
			}
		})
	}
}

// That a resource needs another one excuses nothing where that one stays as it is.
func TestValidationWhereNothingIsMadeFirst(t *testing.T) {
	w := newWorld(t)
	group := `{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"NAME","location":"here"}`
	into := strings.Replace(inner("n", `"NAME"`, thingOf("a", "", `"refuse":true`)), `"dependsOn"`, `"resourceGroup":"NAME","dependsOn"`, 1)
	for name, want := range map[string]string{"g": "ThingRefused a", "new": ""} {
		body := toSubscription(`"resources":[` + strings.ReplaceAll(group+","+into, "NAME", name) + `]`)
		if _, v := w.call(http.MethodPost, atSubscription+"d/validate", body); refusals(v) != want {
			t.Errorf("%s: %s", name, v.JSON())
		}
	}
}

// What a secret says is not told with the refusal.
func TestValidationKeepsSecrets(t *testing.T) {
	w := newWorld(t)
	body := request(`"parameters":{"s":{"type":"securestring","defaultValue":"planted-secret"}},"resources":[` + thingOf("a", "", `"refuse":"[parameters('s')]"`) + "," + thingOf("b", "", `"refuse":true,"note":"[parameters('s')]"`) + `]`)
	status, v := w.call(http.MethodPost, deployments+"d/validate", body)
	if status != 400 || refusals(v) != "ThingRefused b" || strings.Contains(string(v.JSON()), "planted") {
		t.Errorf("%d %s", status, v.JSON())
	}
}
