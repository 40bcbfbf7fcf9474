package isletest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"isle/isletest"
)

// TestAnExportedGroupDeploysAgain: the template of a group with a resource of nearly
// every type, and what is nested in them, makes the same in an empty group: exported
// again, it is the same template. Secrets become its parameters.
func TestAnExportedGroupDeploysAgain(t *testing.T) {
	const secret = "PLANTED-in-export"
	backend := stub(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Header.Get("X-Key"))) })
	s := newSite(t, 1)
	s.attach("machine", "10.0.9.60", "80="+strings.TrimPrefix(backend, "http://"))
	s.guard("connectors", "rules", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
	s.made(s.id("publicIPAddresses/out"), `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`)
	s.made(s.id("azureFirewalls/wall"), `{"location":"westeurope","properties":{"sku":{"name":"AZFW_VNet","tier":"Standard"},"ipConfigurations":[{"name":"ip","properties":{
		"subnet":{"id":"`+s.subnetID("AzureFirewallSubnet")+`"},"publicIPAddress":{"id":"`+s.id("publicIPAddresses/out")+`"}}}]}}`)
	s.made(s.id("publicIPPrefixes/range"), `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"prefixLength":31}}`)
	s.made(s.id("publicIPPrefixes/whole"), `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"prefixLength":30}}`)
	s.made(s.id("publicIPAddresses/of"), `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static","publicIPPrefix":{"id":"`+s.id("publicIPPrefixes/range")+`"}}}`)
	s.made(s.id("natGateways/nat"), `{"location":"westeurope","properties":{"publicIpAddresses":[{"id":"`+s.id("publicIPAddresses/of")+`"}],"publicIpPrefixes":[{"id":"`+s.id("publicIPPrefixes/whole")+`"}]}}`)
	s.made(s.id("routeTables/table"), `{"location":"westeurope","properties":{"routes":[{"name":"r","properties":{"addressPrefix":"10.9.0.0/16","nextHopType":"None"}}]}}`)
	s.changeSubnet("machines", func(p *armnetwork.SubnetPropertiesFormat) {
		p.RouteTable = &armnetwork.RouteTable{ID: to.Ptr(s.id("routeTables/table"))}
	})
	environment := s.environment(0, external)
	await(s.logic.NewIntegrationServiceEnvironmentManagedApisClient().BeginPut(t.Context(), siteGroup, "isle", "sql", armlogic.IntegrationServiceEnvironmentManagedAPI{}, nil))(t)
	logic, web := s.group+"/providers/Microsoft.Logic", s.group+"/providers/Microsoft.Web"
	account, identity := logic+"/integrationAccounts/acc", s.group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me"
	inside := `"integrationServiceEnvironment":{"id":"` + environment + `"}`
	for _, r := range []struct{ id, body string }{
		{identity, `{"location":"westeurope"}`},
		{account, `{"location":"westeurope","sku":{"name":"Standard"},"properties":{` + inside + `}}`},
		{account + "/maps/m", `{"properties":{"mapType":"Liquid","content":"[a] 'map'"}}`},
		{account + "/schemas/s", `{"properties":{"schemaType":"Xml","content":"<schema xmlns='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:a'/>"}}`},
		{account + "/partners/p", `{"properties":{"partnerType":"B2B","content":{"b2b":{"businessIdentities":[{"qualifier":"ZZ","value":"1"}]}}}}`},
		{account + "/sessions/x", `{"properties":{"content":{"n":1}}}`},
		{account + "/batchConfigurations/b", `{"properties":{"batchGroupName":"g","releaseCriteria":{"messageCount":3}}}`},
		{web + "/customApis/orders", `{"location":"westeurope","properties":{"displayName":"Orders",` + inside + `,"backendService":{"serviceUrl":"` + backend + `/v1"},"swagger":` + ordersDocument + `}}`},
		{web + "/connections/orders", `{"location":"westeurope","properties":{"displayName":"Orders","api":{"id":"` + web + `/customApis/orders"},"parameterValues":{"API_key":"` + secret + `"}}}`},
		{logic + "/workflows/w", `{"location":"westeurope","tags":{"odd name":"[x]"},"identity":{"type":"UserAssigned","userAssignedIdentities":{"` + identity + `":{}}},"properties":{` + inside + `,
			"integrationAccount":{"id":"` + account + `"},"parameters":{"key":{"value":"` + secret + `"},"$connections":{"value":{"orders":{"connectionId":"` + web + `/connections/orders"}}}},
			"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
			"parameters":{"key":{"type":"SecureString"},"$connections":{"type":"Object"}},"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{}}},
			"actions":{"A":{"type":"Compose","inputs":"[not an expression"}}}}}`},
	} {
		s.made(r.id, r.body)
	}

	first := s.exported(siteGroup)
	given := map[string]any{}
	for name := range first["parameters"].(map[string]any) {
		if !strings.HasSuffix(name, "_name") {
			given[name] = map[string]any{"value": secret}
		}
	}
	if len(given) != 2 || strings.Contains(indented(t, first), "PLANTED") {
		t.Errorf("secrets are parameters %v of %s", given, indented(t, first))
	}
	s.Group("copy")
	made, err := s.resources.NewDeploymentsClient().BeginCreateOrUpdate(t.Context(), "copy", "d", armresources.Deployment{Properties: &armresources.DeploymentProperties{
		Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: first, Parameters: given}}, nil)
	done(t, made, err)
	second := s.exported("copy")
	copies := strings.Split(indented(t, second), "\n")
	for i, line := range strings.Split(indented(t, first), "\n") {
		if i >= len(copies) || copies[i] != line {
			t.Errorf("line %d of the copy is another one, of %d: want %s, got %s", i, len(copies), line, copies[min(i, len(copies)-1)])
		}
	}
	copied := func(id string) isletest.Answer {
		return s.Do(http.MethodGet, strings.Replace(id, "/resourceGroups/"+siteGroup, "/resourceGroups/copy", 1), nil)
	}
	if got := copied(web + "/connections/orders"); got.Text("properties", "overallStatus") != "Connected" {
		t.Errorf("the copied connection: %s", got.Body)
	}
	if a := send(t, s.HTTP(), http.MethodGet, copied(account+"/maps/m").Text("properties", "contentLink", "uri")); string(a.Body) != "[a] 'map'" {
		t.Errorf("the copied map: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodPost, s.group+"/exportTemplate", map[string]any{"resources": []string{account + "/maps/m"}}); a.Status != 200 || !strings.Contains(string(a.Body), `"acc"`) && !strings.Contains(string(a.Body), "'acc'") {
		t.Errorf("an artifact alone: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodPost, s.group+"/exportTemplate", map[string]any{"resources": []string{account + "/maps/none"}}); a.Status != 404 {
		t.Errorf("an artifact that is not there: %d %s", a.Status, a.Body)
	}
}

// exported is the template of a group.
func (s *site) exported(group string) map[string]any {
	s.t.Helper()
	p, err := s.resources.NewResourceGroupsClient().BeginExportTemplate(s.t.Context(), group, armresources.ExportTemplateRequest{Resources: to.SliceOfPtrs("*"), Options: to.Ptr("IncludeParameterDefaultValue")}, nil)
	return done(s.t, p, err).Template.(map[string]any)
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	must(t, err)
	return string(text)
}
