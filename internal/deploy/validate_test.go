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

// A validation tries each PUT upon what those before it have made, and tells all that would
// be refused, and only that.
func TestValidationTriesEachUponTheOthers(t *testing.T) {
	refuse := `"refuse":true`
	draft := func(name, dependsOn string) string {
		return strings.Replace(thingOf(name, dependsOn, `"early":true`), "Test.Things/things", "Test.Things/drafts", 1)
	}
	for _, tt := range []struct{ name, resources, want string }{
		{"nothing is refused", thingOf("a", "", ""), ""},
		{"each refusal is told", thingOf("a", "", refuse) + "," + thingOf("b", "", "") + "," + thingOf("c", "", refuse), "ThingRefused a\nThingRefused c"},
		{"one in a nested template", inner("n", "", thingOf("a", "", refuse)), "ThingRefused a"},
		{"it needs what nobody makes", thingOf("a", "", `"needs":"new"`), "ThingMissing a"},
		{"it needs what is made first", thingOf("a", `"new"`, `"needs":"new"`) + "," + thingOf("new", "", ""), ""},
		{"it is refused, whatever is made first", thingOf("new", "", "") + "," + thingOf("a", `"new"`, refuse), "ThingRefused a"},
		{"it is refused, whatever is changed first", thingOf("same", "", "") + "," + thingOf("a", `"same"`, refuse), "ThingRefused a"},
		{"it needs a nested deployment", inner("n", "", thingOf("new", "", "")) + "," + thingOf("a", `"n"`, `"needs":"new"`), ""},
		{"it is nested where that is made first", thingOf("new", "", "") + "," + inner("n", `"new"`, thingOf("a", "", `"needs":"new"`)), ""},
		{"it is refused behind a nested deployment", inner("n", "", thingOf("new", "", "")) + "," + thingOf("a", `"n"`, refuse), "ThingRefused a"},
		{"what it needs goes on behind its answer", thingOf("new", "", `"slow":true`) + "," + thingOf("a", `"new"`, refuse), ""},
		{"so does one in what is nested", inner("n", "", thingOf("new", "", `"slow":true`)) + "," + thingOf("a", `"n"`, refuse), ""},
		{"it is nested behind one that goes on", thingOf("new", "", `"slow":true`) + "," + inner("n", `"new"`, thingOf("a", "", refuse)), ""},
		{"that one is taken to end well", thingOf("new", "", `"slow":true`) + "," + thingOf("a", `"new"`, `"needs":"new"`), ""},
		{"one that is there already goes on", thingOf("same", "", `"note":"n","slow":true`) + "," + thingOf("a", `"same"`, refuse) + "," + thingOf("b", `"same"`, `"needs":"same"`), "ThingRefused a"},
		{"what it needs is refused", thingOf("new", "", refuse) + "," + thingOf("a", `"new"`, `"needs":"new"`), "ThingRefused new"},
		{"what is refused leaves nothing", thingOf("b", "", `"spoils":"c",`+refuse) + "," + thingOf("a", "", `"needs":"c"`), "ThingRefused b\nThingMissing a"},
		{"what it needs cannot be known", thingOf("new", "", "") + "," + thingOf("read", `"new"`, `"note":"[reference('new').note]"`) + "," + thingOf("a", `"read"`, refuse), ""},
		{"it is refused early", draft("a", ""), "DraftRefused a"},
		{"it is refused early, for what may be there then", thingOf("new", "", "") + "," + draft("a", `"new"`), ""},
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
			for _, gone := range []string{"new", "a", "b", "c"} {
				w.want(t, http.MethodGet, things+gone, "", 404)
			}
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

// What goes into a group that the template makes is tried there.
func TestValidationInAGroupThatIsMade(t *testing.T) {
	w := newWorld(t)
	group := `{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"NAME","location":"here"}`
	into := strings.Replace(inner("n", `"NAME"`, thingOf("a", "", `"refuse":true`), thingOf("b", "", "")), `"dependsOn"`, `"resourceGroup":"NAME","dependsOn"`, 1)
	for _, name := range []string{"g", "new"} {
		body := toSubscription(`"resources":[` + strings.ReplaceAll(group+","+into, "NAME", name) + `]`)
		if _, v := w.call(http.MethodPost, atSubscription+"d/validate", body); refusals(v) != "ThingRefused a" {
			t.Errorf("%s: %s", name, v.JSON())
		}
	}
	w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/resourceGroups/new", "", 404)
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

// Types that are not there, members that are refused and references that lead nowhere are
// told at once, of nested templates as well, whoever asks; nothing is deployed.
func TestMissingTypesAndRefusalsAreToldAtOnce(t *testing.T) {
	strange := strings.Replace(thingOf("x", "", ""), "Test.Things/things", "Contoso.Far/things", 1)
	odd := strings.Replace(thingOf("o", "", ""), "Test.Things/things", "Test.Things/odds", 1)
	for _, tt := range []struct{ name, resources, want string }{
		{"side by side", strange + "," + odd + "," + thingOf("a", "", `"refuse":true`) + "," + thingOf("b", "", `"needs":"nobody"`) + "," + thingOf("c", "", ""),
			"InvalidResourceNamespace x\nInvalidResourceType o\nThingRefused a\nThingMissing b"},
		{"behind one another", strange + "," + thingOf("a", `"x"`, `"refuse":true`), "InvalidResourceNamespace x\nThingRefused a"},
		{"one reads what is missing", strange + "," + thingOf("a", "", `"note":"[reference('x').note]"`), "InvalidResourceNamespace x\nInvalidTemplate a"},
		{"in a nested template", inner("n", "", strange, thingOf("a", "", `"refuse":true`)) + "," + thingOf("b", "", `"refuse":true`), "InvalidResourceNamespace x\nThingRefused a\nThingRefused b"},
		{"in a nested template alone", inner("n", "", inner("m", "", odd)) + "," + thingOf("b", "", ""), "InvalidResourceType o"},
		{"left out", strings.Replace(strange, `"name"`, `"condition":false,"name"`, 1) + "," + thingOf("a", "", ""), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			for _, ask := range []struct{ method, path string }{{http.MethodPost, deployments + "d/validate"}, {http.MethodPut, deployments + "d"}} {
				status, v := w.call(ask.method, ask.path, request(`"resources":[`+tt.resources+`]`))
				if got := refusals(v); got != tt.want || (status < 300) != (tt.want == "") {
					t.Errorf("%s: %d %s", ask.method, status, v.JSON())
				}
			}
			if tt.want == "" {
				return
			}
			for _, gone := range []string{"a", "b", "c"} {
				w.want(t, http.MethodGet, things+gone, "", 404)
			}
			w.want(t, http.MethodGet, deployments+"d", "", 404)
			v := w.want(t, http.MethodPost, deployments+"d/whatIf", request(`"resources":[`+tt.resources+`]`), 200)
			var lines []string
			properties, _ := v.Get("properties")
			diagnostics, _ := properties.Get("diagnostics")
			for _, d := range diagnostics.Elements() {
				id := at(d, "target")
				lines = append(lines, at(d, "code")+" "+id[strings.LastIndexByte(id, '/')+1:])
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("what-if: %s", v.JSON())
			}
		})
	}
}
