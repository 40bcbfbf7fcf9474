package deploy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/expr"
)

const atSubscription = "/subscriptions/" + subscription + "/providers/Microsoft.Resources/deployments/"

// toSubscription is a deployment of those sections to the subscription.
func toSubscription(sections string) string {
	body := strings.Replace(request(sections), "2019-04-01/deploymentTemplate", "2018-05-01/subscriptionDeploymentTemplate", 1)
	return `{"location":"here",` + body[1:]
}

// TestDeploymentsToASubscription: they make groups, and deploy into them by nested
// deployments.
func TestDeploymentsToASubscription(t *testing.T) {
	w := newWorld(t)
	body := toSubscription(`"resources":[
		{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"made","location":"[deployment().location]","tags":{"by":"template"},"properties":{}},
		{"type":"Microsoft.Resources/tags","apiVersion":"2021-04-01","name":"default","properties":{"tags":{"cost":"7"}}},
		{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inside","resourceGroup":"made",
			"dependsOn":["[resourceId('Microsoft.Resources/resourceGroups/', 'made')]"],
			"properties":{"mode":"Incremental","template":{` + schema + resources(res("a", ``)) + `}}}],
		"outputs":{"id":{"type":"string","value":"[subscriptionResourceId('Microsoft.Resources/deployments', 'd')]"},
			"place":{"type":"string","value":"[reference(resourceId('Microsoft.Resources/resourceGroups', 'made'), '2021-04-01', 'Full').location]"}}`)
	v := w.want(t, http.MethodPost, atSubscription+"d/validate", body, 200)
	if at(v, "location") != "here" || at(v, "id") != atSubscription+"d" {
		t.Errorf("validate: %s", v.JSON())
	}
	w.want(t, http.MethodPut, atSubscription+"d", body, http.StatusCreated)
	w.settle(t)
	v = w.want(t, http.MethodGet, atSubscription+"d", "", 200)
	if at(v, "properties", "provisioningState") != "Succeeded" || at(v, "location") != "here" ||
		at(v, "properties", "outputs", "id", "value") != atSubscription+"d" || at(v, "properties", "outputs", "place", "value") != "here" {
		t.Errorf("%s", v.JSON())
	}
	made := w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/resourceGroups/made", "", 200)
	if at(made, "tags", "by") != "template" {
		t.Errorf("the group: %s", made.JSON())
	}
	w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/resourceGroups/made/providers/Test.Things/things/a", "", 200)
	if v := w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/providers/Microsoft.Resources/tags/default", "", 200); at(v, "properties", "tags", "cost") != "7" {
		t.Errorf("the tags: %s", v.JSON())
	}
	if v := w.want(t, http.MethodGet, atSubscription+"d/operations", "", 200); len(list(v)) != 3 {
		t.Errorf("operations: %s", v.JSON())
	}
	if v := w.want(t, http.MethodGet, strings.TrimSuffix(atSubscription, "/"), "", 200); len(list(v)) != 1 || at(v, "value", 0, "name") != "d" {
		t.Errorf("the list of the subscription: %s", v.JSON())
	}
	if v := w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/resourceGroups/made/providers/Microsoft.Resources/deployments", "", 200); len(list(v)) != 1 || at(v, "value", 0, "name") != "inside" {
		t.Errorf("the list of the group: %s", v.JSON())
	}
	w.want(t, http.MethodPost, atSubscription+"d/exportTemplate", "", 200)
	w.want(t, http.MethodPost, atSubscription+"d/cancel", "", http.StatusConflict)
	w.want(t, http.MethodDelete, atSubscription+"d", "", http.StatusAccepted)
	w.settle(t)
	w.want(t, http.MethodHead, atSubscription+"d", "", 404)
}

// A deployment to a group may hold one to the subscription.
func TestADeploymentToASubscriptionInOneToAGroup(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, deployments+"d", request(fmt.Sprintf(`"resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"up","location":"there","subscriptionId":"%s",
		"properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"template":{"$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","contentVersion":"1.0.0.0",
		"resources":[{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"other","location":"there"}]}}}]`, subscription)), 201)
	w.settle(t)
	if v := w.want(t, http.MethodGet, atSubscription+"up", "", 200); at(v, "properties", "provisioningState") != "Succeeded" || at(v, "location") != "there" {
		t.Errorf("%s", v.JSON())
	}
	w.want(t, http.MethodGet, "/subscriptions/"+subscription+"/resourceGroups/other", "", 200)
}

func TestBadDeploymentsToASubscription(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, atSubscription+"there", toSubscription(resources()), 201)
	w.settle(t)
	noLocation := strings.Replace(toSubscription(resources()), `"location":"here",`, "", 1)
	for _, tt := range []struct{ name, path, body, code string }{
		{"without a location", atSubscription + "d", noLocation, "LocationRequired"},
		{"complete", atSubscription + "d", strings.Replace(toSubscription(resources()), "Incremental", "Complete", 1), "InvalidDeploymentMode"},
		{"both", atSubscription + "d", strings.Replace(noLocation, "Incremental", "Complete", 1), "LocationRequired"},
		{"another location", atSubscription + "there", strings.Replace(toSubscription(resources()), "here", "elsewhere", 1), "InvalidDeploymentLocation"},
		{"a template for a group", atSubscription + "d", `{"location":"here",` + request(resources())[1:], "InvalidTemplate"},
		{"a location for a group", deployments + "d", `{"location":"here",` + request(resources())[1:], "InvalidDeployment"},
		{"a thing that stands in a group", atSubscription + "d", toSubscription(resources(res("a", ``))), "InvalidTemplateDeployment"},
		{"a group by a deployment to a group", deployments + "d", request(`"resources":[{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"x","location":"here"}]`), "InvalidTemplate"},
	} {
		status, v := w.call(http.MethodPost, tt.path+"/validate", tt.body)
		if at(v, "error", "code") != tt.code {
			t.Errorf("%s: %d %s", tt.name, status, v.JSON())
		}
	}
	w.want(t, http.MethodPut, "/providers/Microsoft.Resources/deployments/d", toSubscription(resources()), 404)
	w.want(t, http.MethodPut, atSubscription+"d", toSubscription(resources(res("a", ``))), 201)
	w.settle(t)
	if v := w.want(t, http.MethodGet, atSubscription+"d", "", 200); at(v, "properties", "error", "details", 0, "code") != "MissingResourceGroup" {
		t.Errorf("%s", v.JSON())
	}
}

// list are the elements of a list.
func list(v expr.Value) (all []expr.Value) {
	values, _ := v.Get("value")
	for _, e := range values.Elements() {
		all = append(all, e)
	}
	return all
}

// A template with a type that is not here is refused before anything is deployed.
func TestUnknownTypesAreRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	body := request(`"resources":[` + res("a", ``) + `,
		{"type":"Nobody.Here/things","apiVersion":"2024-01-01","name":"x"},
		{"type":"Test.Things/others","apiVersion":"2024-01-01","name":"y"},
		{"type":"Nobody.Here/left","apiVersion":"2024-01-01","name":"z","condition":false}]`)
	for _, call := range []struct{ method, path string }{{http.MethodPut, deployments + "d"}, {http.MethodPost, deployments + "d/validate"}} {
		status, v := w.call(call.method, call.path, body)
		if status != 400 || at(v, "error", "details", 0, "code") != "InvalidResourceNamespace" || at(v, "error", "details", 1, "code") != "InvalidResourceType" || at(v, "error", "details", 1, "details", 0, "target") != "/resources/2" {
			t.Errorf("%s %s: %d %s", call.method, call.path, status, v.JSON())
		}
	}
	w.want(t, http.MethodGet, things+"a", "", 404)
	w.want(t, http.MethodGet, deployments+"d", "", 404)
}
