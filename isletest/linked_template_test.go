package isletest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"isle/isletest"
)

const (
	mainTemplate = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
  "parameters": { "name": { "type": "string" } }, // of the network
  "resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "properties": { "mode": "Incremental",
    "templateLink": { "relativePath": "parts/network.json" }, "parameters": { "name": { "value": "[parameters('name')]" } } } } ],
  "outputs": { "id": { "type": "string", "value": "[reference('inner').outputs.id.value]" } }
}`
	networkTemplate = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "languageVersion": "2.0",
  "parameters": { "name": { "type": "string" } },
  "resources": { "net": { "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-09-01", "name": "[parameters('name')]", "location": "[resourceGroup().location]",
    "properties": { "addressSpace": { "addressPrefixes": [ "10.0.0.0/16" ] }, "copy": [ { "name": "subnets", "count": 2,
      "input": { "name": "[format('s{0}', copyIndex('subnets'))]", "properties": { "addressPrefix": "[cidrSubnet('10.0.0.0/16', 24, copyIndex('subnets'))]" } } } ] } } },
  "outputs": { "id": { "type": "string", "value": "[resourceInfo('net').id]" } }
}`
)

// library is a server with the templates, which asks for a signature.
func library(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content := map[string]string{
			"/main.json": mainTemplate, "/parts/network.json": networkTemplate,
			"/values.json": `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#","contentVersion":"1.0.0.0","parameters":{"name":{"value":"linked"}}}`,
		}[r.URL.Path]
		switch {
		case r.URL.Query().Get("sig") != "planted-signature":
			w.WriteHeader(http.StatusForbidden)
		case content == "":
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(content))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestTemplatesByLink deploys by link with the unmodified SDK, from a server on loopback.
func TestTemplatesByLink(t *testing.T) {
	files := library(t)
	s := isletest.Start(t, isletest.WithPrivateLinks())
	s.Group("g")
	client := newClients(t, s).resources.NewDeploymentsClient()
	deployment := armresources.Deployment{Properties: &armresources.DeploymentProperties{
		Mode:           to.Ptr(armresources.DeploymentModeIncremental),
		TemplateLink:   &armresources.TemplateLink{URI: to.Ptr(files.URL + "/main.json"), QueryString: to.Ptr("sig=planted-signature")},
		ParametersLink: &armresources.ParametersLink{URI: to.Ptr(files.URL + "/values.json?sig=planted-signature")},
	}}
	done := await(client.BeginCreateOrUpdate(t.Context(), "g", "linked", deployment, nil))(t)
	outputs := done.Properties.Outputs.(map[string]any)["id"].(map[string]any)
	if id, _ := outputs["value"].(string); !strings.HasSuffix(id, "/virtualNetworks/linked") || *done.Properties.TemplateLink.URI != files.URL+"/main.json" {
		t.Errorf("outputs %v, link %v", outputs, *done.Properties.TemplateLink.URI)
	}
	subnets := s.Do(http.MethodGet, s.Group("g")+"/providers/Microsoft.Network/virtualNetworks/linked/subnets", nil)
	if subnets.Text("value", 1, "properties", "addressPrefix") != "10.0.1.0/24" {
		t.Errorf("subnets: %s", subnets.Body)
	}
	for _, name := range []string{"linked", "inner"} {
		if a := s.Do(http.MethodGet, s.Group("g")+"/providers/Microsoft.Resources/deployments/"+name, nil); strings.Contains(string(a.Body), "planted-signature") {
			t.Errorf("%s shows the signature: %s", name, a.Body)
		}
	}
}

// TestLinksToPrivateAddressesAreRefused: whoever may deploy does not thereby reach what
// only the server reaches.
func TestLinksToPrivateAddressesAreRefused(t *testing.T) {
	files := library(t)
	s := isletest.Start(t)
	group := s.Group("g")
	for _, uri := range []string{files.URL + "/main.json?sig=planted-signature", "http://10.0.0.4/main.json", "https://169.254.169.254/metadata", s.Endpoint + "/x", "file:///etc/hosts"} {
		a := s.Do(http.MethodPut, group+"/providers/Microsoft.Resources/deployments/d", map[string]any{"properties": map[string]any{"mode": "Incremental", "templateLink": map[string]any{"uri": uri}}})
		if a.Status != http.StatusBadRequest || a.Text("error", "code") != "InvalidContentLink" || strings.Contains(string(a.Body), "planted") {
			t.Errorf("%s: %d %s", uri, a.Status, a.Body)
		}
	}
}

// TestCompleteModeEmptiesTheGroup deletes what the template does not name, a network
// only after what is in it.
func TestCompleteModeEmptiesTheGroup(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("g")
	template := rawJSON([]byte(strings.Replace(networkTemplate, `"type": "string" } },`, `"type": "string", "defaultValue": "net" } },`, 1)))
	if a := s.Deploy(group, "first", template, nil); a.Text("properties", "provisioningState") != "Succeeded" {
		t.Fatalf("%s", a.Body)
	}
	nic := map[string]any{"location": "local", "properties": map[string]any{"ipConfigurations": []any{map[string]any{"name": "c", "properties": map[string]any{
		"subnet": map[string]any{"id": group + "/providers/Microsoft.Network/virtualNetworks/net/subnets/s0"}}}}}}
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Network/networkInterfaces/a", nic); a.Status >= 300 {
		t.Fatalf("%s", a.Body)
	}
	id := group + "/providers/Microsoft.Resources/deployments/empty"
	empty := rawJSON([]byte(`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[]}`))
	if a := s.Do(http.MethodPut, id, map[string]any{"properties": map[string]any{"mode": "Complete", "template": empty}}); a.Status >= 300 {
		t.Fatalf("%s", a.Body)
	}
	if a := s.Wait(id); a.Text("properties", "provisioningState") != "Succeeded" {
		t.Errorf("%s", a.Body)
	}
	if a := s.Do(http.MethodGet, group+"/resources", nil); a.Text("value", 0, "id") != "" {
		t.Errorf("left: %s", a.Body)
	}
}
