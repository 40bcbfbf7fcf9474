package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/expr"
)

// files are what links of the tests lead to.
type files struct{}

const schema = `"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",`

func (files) Fetch(_ context.Context, uri string, limit int64) ([]byte, error) {
	content := map[string]string{
		"https://files.test/text":   "text",
		"https://files.test/p.json": `{"$schema":"s","contentVersion":"1.0.0.0","parameters":{"name":{"value":"linked"}}}`,
		"https://files.test/main.json?sig=secret-signature": `{` + schema + `
			// comments are allowed
			"parameters":{"name":{"type":"string"},"at":{"type":"string","defaultValue":"[uri(deployment().properties.templateLink.uri, 'x')]"}},
			"resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner","properties":{"mode":"Incremental",
				"templateLink":{"relativePath":"nested/inner.json","contentVersion":"1.0.0.0"},"parameters":{"name":{"value":"[parameters('name')]"}}}}],
			"outputs":{"note":{"type":"string","value":"[reference('inner').outputs.note.value]"},"at":{"type":"string","value":"[parameters('at')]"}}}`,
		"https://files.test/nested/inner.json?sig=secret-signature": `{` + schema + `"parameters":{"name":{"type":"string"}},"resources":[
			{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"[parameters('name')]","location":"here","properties":{"note":"from afar"}}],
			"outputs":{"note":{"type":"string","value":"[reference(parameters('name')).note]"}}}`,
		"https://files.test/plain.json": `{` + schema + `"parameters":{"p":{"type":"string"}},"resources":[],"outputs":{"o":{"type":"string","value":"[parameters('p')]"}}}`,
		"https://files.test/main.json":  `{` + schema + `"resources":[]}`,
	}[uri]
	if content == "" || int64(len(content)) > limit {
		return nil, errors.New("it is not there")
	}
	return []byte(content), nil
}

// TestLinkedTemplates: a template and its parameters come by link, and a nested one from
// beside it, with the same signature, which nothing shows.
func TestLinkedTemplates(t *testing.T) {
	w := newWorld(t)
	made := w.want(t, http.MethodPut, deployments+"d", `{"properties":{"mode":"Incremental",
		"templateLink":{"uri":"https://files.test/main.json","queryString":"sig=secret-signature"},"parametersLink":{"uri":"https://files.test/p.json"}}}`, http.StatusCreated)
	w.settle(t)
	v := w.want(t, http.MethodGet, deployments+"d", "", 200)
	if at(v, "properties", "outputs", "note", "value") != "from afar" || at(v, "properties", "outputs", "at", "value") != "https://files.test/x" ||
		at(v, "properties", "templateLink", "uri") != "https://files.test/main.json" || at(v, "properties", "parametersLink", "uri") != "https://files.test/p.json" {
		t.Errorf("%s", v.JSON())
	}
	inner := w.want(t, http.MethodGet, deployments+"inner", "", 200)
	if at(inner, "properties", "templateLink", "uri") != "https://files.test/nested/inner.json" {
		t.Errorf("%s", inner.JSON())
	}
	for _, shown := range []expr.Value{made, v, inner} {
		if strings.Contains(string(shown.JSON()), "secret-signature") {
			t.Errorf("the signature is shown: %s", shown.JSON())
		}
	}
	w.want(t, http.MethodGet, things+"linked", "", 200)
}

// TestSecretsThatGoIntoLinkedTemplates: they stay secrets, whatever that template says.
func TestSecretsThatGoIntoLinkedTemplates(t *testing.T) {
	w := newWorld(t)
	body := strings.Replace(request(`"parameters":{"s":{"type":"securestring"}},"resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner",
		"properties":{"mode":"Incremental","templateLink":{"uri":"https://files.test/plain.json"},"parameters":{"p":{"value":"[parameters('s')]"}}}}]`),
		`"mode":"Incremental",`, `"mode":"Incremental","parameters":{"s":{"value":"hunter2-hunter2"}},`, 1)
	w.want(t, http.MethodPut, deployments+"d", body, http.StatusCreated)
	w.settle(t)
	v := w.want(t, http.MethodGet, deployments+"inner", "", 200)
	if at(v, "properties", "provisioningState") != "Succeeded" || at(v, "properties", "outputs", "o", "type") != "SecureString" || strings.Contains(string(v.JSON()), "hunter2") {
		t.Errorf("%s", v.JSON())
	}
}

// TestLinksWithCredentialsAreRefused: the address of a link is shown.
func TestLinksWithCredentialsAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"templateLink", "parametersLink"} {
		_, v := w.call(http.MethodPut, deployments+"d", `{"properties":{"mode":"Incremental","`+kind+`":{"uri":"https://user:hunter2@files.test/main.json"}}}`)
		if !strings.Contains(string(v.JSON()), "has a user name or password") || strings.Contains(string(v.JSON()), "hunter2") {
			t.Errorf("%s: %s", kind, v.JSON())
		}
	}
}

// TestSecretsThatGoIntoNestedTemplates: with the outer scope they stand as texts in the
// nested template; neither its errors nor its export show them.
func TestSecretsThatGoIntoNestedTemplates(t *testing.T) {
	w := newWorld(t)
	nested := `{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"%s","properties":{"mode":"Incremental","template":{` + schema + `"resources":[%s]}}}`
	innermost := fmt.Sprintf(nested, "innermost", res("a", `"fail":true,"note":"[concat('x', parameters('s'))]"`))
	body := request(`"parameters":{"begin":{"type":"securestring","defaultValue":"hunter2"},"s":{"type":"securestring","defaultValue":"hunter2-and-more"}},"resources":[` + fmt.Sprintf(nested, "inner", innermost) + `]`)
	w.want(t, http.MethodPut, deployments+"d", body, http.StatusCreated)
	exported := w.want(t, http.MethodPost, group+"/deployments/d/exportTemplate", "", 200)
	w.settle(t)
	if !strings.Contains(string(exported.JSON()), "parameters('s')") {
		t.Errorf("%s", exported.JSON())
	}
	for _, name := range []string{"d", "inner", "innermost"} {
		v := w.want(t, http.MethodGet, deployments+name, "", 200)
		exported := w.want(t, http.MethodPost, group+"/deployments/"+name+"/exportTemplate", "", 200)
		operations := w.want(t, http.MethodGet, group+"/deployments/"+name+"/operations", "", 200)
		text := string(v.JSON()) + string(operations.JSON())
		if name != "d" { // its template is as it was sent
			text += string(exported.JSON())
		}
		if !strings.Contains(text, "x(secure)") || strings.Contains(text, "hunter2") || strings.Contains(text, "and-more") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestRelativeLinksNeedALinkedTemplate(t *testing.T) {
	w := newWorld(t)
	_, v := w.call(http.MethodPut, deployments+"d", request(`"resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner",
		"properties":{"mode":"Incremental","templateLink":{"relativePath":"inner.json"}}}]`))
	if at(v, "error", "code") != "InvalidTemplate" || !strings.Contains(at(v, "error", "message"), "was not deployed from a link") {
		t.Errorf("%s", v.JSON())
	}
}

// TestCompleteMode: what the template does not name is deleted after the rest is
// deployed, what others use last; what nested deployments make and what only the
// condition leaves out of this one is told apart.
func TestCompleteMode(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, deployments+"before", request(resources(
		res("kept", ``), res("old", `"note":"used by user"`), res("user", ``), res("off", ``), res("byinner", ``))), http.StatusCreated)
	w.settle(t)
	complete := strings.Replace(request(resources(
		res("kept", ``), res("new", `"slow":true`), strings.Replace(res("off", ``), `"name"`, `"condition":false,"name"`, 1),
		`{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner","properties":{"mode":"Incremental","template":{`+schema+resources(res("byinner", ``))+`}}}`,
	)), "Incremental", "Complete", 1)
	w.want(t, http.MethodPut, deployments+"d", complete, http.StatusCreated)
	w.settle(t)
	v := w.want(t, http.MethodGet, deployments+"d", "", 200)
	if at(v, "properties", "provisioningState") != "Succeeded" || at(v, "properties", "mode") != "Complete" {
		t.Errorf("%s", v.JSON())
	}
	for name, status := range map[string]int{"kept": 200, "new": 200, "byinner": 200, "old": 404, "user": 404, "off": 404} {
		w.want(t, http.MethodGet, things+name, "", status)
	}
	w.want(t, http.MethodGet, deployments+"before", "", 200)
	operations := w.want(t, http.MethodGet, group+"/deployments/d/operations", "", 200)
	if got := strings.Count(string(operations.JSON()), `"provisioningOperation":"Delete"`); got != 3 {
		t.Errorf("%d deletions: %s", got, operations.JSON())
	}
}

func TestCompleteModeDeletesNothingAfterAFailure(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, things+"old", `{"location":"here","properties":{"note":"used by itself"}}`, http.StatusCreated)
	put := func(template string) expr.Value {
		if status, v := w.call(http.MethodPut, deployments+"d", strings.Replace(request(template), "Incremental", "Complete", 1)); status >= 300 {
			t.Fatalf("%d %s", status, v.JSON())
		}
		w.settle(t)
		return w.want(t, http.MethodGet, deployments+"d", "", 200)
	}
	if v := put(resources(res("a", `"fail":true`))); at(v, "properties", "provisioningState") != "Failed" {
		t.Errorf("%s", v.JSON())
	}
	w.want(t, http.MethodGet, things+"old", "", 200)
	w.want(t, http.MethodPut, things+"itself", `{"location":"here","properties":{}}`, http.StatusCreated)
	if v := put(resources(res("itself", ``))); at(v, "properties", "error", "details", 0, "code") != "ThingInUse" {
		t.Errorf("a resource that stays in use: %s", v.JSON())
	}
}
