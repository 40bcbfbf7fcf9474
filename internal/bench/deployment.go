package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// measureDeployment measures a deployment of 1,000 workflows, in two nested templates
// as one template holds 800 resources, and pages of lists among 10,000.
func measureDeployment(o options) error {
	return withFolder(func(data string) error {
		return serve(o, data, func(_ *process, c *client) error {
			n, all := o.size(1000), o.size(10_000)
			took, err := c.deployWorkflows("first", n)
			if err != nil {
				return err
			}
			fmt.Printf("| deployment | measured | aim |\n|---|---|---|\n| %d workflows in an environment | %.1f s | < 15 s |\n", n, took.Seconds())
			begun := time.Now()
			preview, err := json.Marshal(whatIf(workflowsTemplate("first", c, n)))
			if err != nil {
				return err
			}
			if err := c.do(http.MethodPost, c.deployment("first")+"/whatIf", preview, nil); err != nil {
				return err
			}
			fmt.Printf("| its what-if, all there | %.1f s | < 10 s |\n", time.Since(begun).Seconds())
			for i := n; i < all; i += n {
				if _, err := c.deployWorkflows(fmt.Sprintf("more%d", i), n); err != nil {
					return err
				}
			}
			return c.measureLists(all)
		})
	})
}

func (c *client) deployment(name string) string {
	return "/subscriptions/" + c.ready.SubscriptionID + "/resourceGroups/" + c.ready.ResourceGroup + "/providers/Microsoft.Resources/deployments/" + name
}

// deployWorkflows deploys n workflows and waits until they are there.
func (c *client) deployWorkflows(name string, n int) (time.Duration, error) {
	body, err := json.Marshal(workflowsTemplate(name, c, n))
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := c.do(http.MethodPut, c.deployment(name), body, nil); err != nil {
		return 0, err
	}
	for {
		var d struct {
			Properties struct {
				ProvisioningState string
				Error             json.RawMessage
			}
		}
		if err := c.do(http.MethodGet, c.deployment(name), nil, &d); err != nil {
			return 0, err
		}
		switch d.Properties.ProvisioningState {
		case "Succeeded":
			return time.Since(begun), nil
		case "Failed":
			return 0, fmt.Errorf("the deployment failed: %s", d.Properties.Error)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

type object = map[string]any

// workflowsTemplate is the body of a deployment of n workflows, half of them in each of
// two nested ones.
func workflowsTemplate(name string, c *client, n int) object {
	const schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	workflow := func(prefix string) object {
		return object{"type": "Microsoft.Logic/workflows", "apiVersion": "2019-05-01", "location": "local", "name": "[concat('" + prefix + "-', copyIndex())]",
			"copy": object{"name": "all", "count": n / 2}, "tags": object{"made": "by template"},
			"properties": object{"integrationServiceEnvironment": object{"id": strings.TrimSuffix(c.id(""), "/workflows/") + "/integrationServiceEnvironments/" + c.ready.Environment},
				"definition": object{"$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#", "contentVersion": "1.0.0.0",
					"triggers": object{"manual": object{"type": "Request", "kind": "Http", "inputs": object{}}}, "actions": object{"A": object{"type": "Compose", "inputs": 1}}}}}
	}
	var nested []object
	for _, half := range []string{"a", "b"} {
		nested = append(nested, object{"type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": name + half,
			"properties": object{"mode": "Incremental", "expressionEvaluationOptions": object{"scope": "inner"},
				"template": object{"$schema": schema, "contentVersion": "1.0.0.0", "resources": []object{workflow(name + half)}}}})
	}
	return object{"properties": object{"mode": "Incremental", "template": object{"$schema": schema, "contentVersion": "1.0.0.0", "resources": nested}}}
}

func whatIf(deployment object) object {
	deployment["properties"].(object)["whatIfSettings"] = object{"resultFormat": "FullResourcePayloads"}
	return deployment
}

// measureLists prints how long a page of each list takes, the middle and the worst of
// several, among n workflows.
func (c *client) measureLists(n int) error {
	subscription := "/subscriptions/" + c.ready.SubscriptionID
	group := subscription + "/resourceGroups/" + c.ready.ResourceGroup
	const workflows = "/providers/Microsoft.Logic/workflows"
	fmt.Printf("\n| page of a list among %d workflows | middle | worst | aim |\n|---|---|---|---|\n", n)
	for _, l := range []struct{ name, path, query string }{
		{"workflows of a group", group + workflows, ""},
		{"workflows of the subscription", subscription + workflows, ""},
		{"workflows, $filter=state", group + workflows, "$filter=state eq 'Disabled'"},
		{"resources of the subscription", subscription + "/resources", "$top=100"},
		{"resources, 1,000 on a page", subscription + "/resources", ""},
		{"resources by type", subscription + "/resources", "$top=100&$filter=resourceType eq 'Microsoft.Logic/workflows'"},
		{"resources by name", subscription + "/resources", "$filter=name eq 'nothing'"},
		{"resources by part of a name", group + "/resources", "$filter=substringof('more1000b-7', name)&$top=100"},
		{"resources by tag", subscription + "/resources", "$filter=tagName eq 'made' and tagValue eq 'nowhere'"},
		{"resource groups", subscription + "/resourceGroups", ""},
		{"deployments", group + "/providers/Microsoft.Resources/deployments", ""},
	} {
		path := l.path
		if l.query != "" {
			path += "?" + strings.ReplaceAll(url.PathEscape(l.query), "%26$", "&$")
		}
		var took []time.Duration
		for range 11 {
			begun := time.Now()
			if err := c.do(http.MethodGet, path, nil, nil); err != nil {
				return err
			}
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		fmt.Printf("| %s | %.1f ms | %.1f ms | < 50 ms |\n", l.name, ms(took[len(took)/2]), ms(took[len(took)-1]))
	}
	return nil
}
