package isletest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// TestResourcesMoveToAnotherGroup moves a network that an environment is in, with its
// security group and a machine, an integration account that a workflow uses, a custom
// API and its connection, with the SDK: all at once, or nothing. What names them by
// reference follows, and works on.
func TestResourcesMoveToAnotherGroup(t *testing.T) {
	backend := stub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":7}`))
	})
	s := newSite(t, 1)
	there := s.Group("There")
	environment := s.environment(0, external)
	s.attach("machine", "10.0.9.60", "80="+strings.TrimPrefix(backend, "http://"))
	s.guard("connectors", "rules", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
	account, api, connection := s.group+"/providers/Microsoft.Logic/integrationAccounts/acc", s.group+"/providers/Microsoft.Web/customApis/orders", s.group+"/providers/Microsoft.Web/connections/orders"
	for id, body := range map[string]string{
		account: `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"integrationServiceEnvironment":{"id":"` + environment + `"}}}`,
		api:     `{"location":"westeurope","properties":{"displayName":"Orders","integrationServiceEnvironment":{"id":"` + environment + `"},"backendService":{"serviceUrl":"` + backend + `/v1"},"swagger":` + ordersDocument + `}}`,
	} {
		s.made(id, body)
	}
	s.made(account+"/maps/m", `{"properties":{"mapType":"Liquid","content":"a map"}}`)
	s.made(connection, `{"location":"westeurope","properties":{"displayName":"Orders","api":{"id":"`+api+`"},"parameterValues":{"API_key":"k"}}}`)
	s.made(connection+"/providers/Microsoft.Authorization/locks/keep", `{"properties":{"level":"CanNotDelete"}}`)
	workflow, callback := s.caller("caller", environment)
	s.linked(workflow, account)
	content := s.Do(http.MethodGet, account+"/maps/m", nil).Text("properties", "contentLink", "uri")

	moved := []string{s.id("virtualNetworks/net"), s.id("networkSecurityGroups/rules"), s.id("networkInterfaces/machine"), account, api, connection}
	s.moves(there, "ResourceMoveNotSupported", append(moved, environment)...)
	if a := s.Do(http.MethodGet, account+"/maps/m", nil); a.Status != 200 {
		t.Fatalf("a move that was refused has moved something: %d %s", a.Status, a.Body)
	}
	client := s.resources.NewClient()
	into := armresources.MoveInfo{Resources: to.SliceOfPtrs(moved...), TargetResourceGroup: &there}
	await(client.BeginValidateMoveResources(t.Context(), siteGroup, into, nil))(t)
	if a := s.Do(http.MethodGet, account, nil); a.Status != 200 {
		t.Fatalf("a validation has moved something: %d %s", a.Status, a.Body)
	}
	await(client.BeginMoveResources(t.Context(), siteGroup, into, nil))(t)

	now := func(id string) string {
		return strings.Replace(id, "/resourceGroups/"+siteGroup, "/resourceGroups/There", 1)
	}
	for _, id := range append(moved, account+"/maps/m", moved[0]+"/subnets/front", moved[1]+"/securityRules/NoInternet") {
		if a := s.Do(http.MethodGet, id, nil); a.Status != 404 {
			t.Errorf("%s is where it was: %d", id, a.Status)
		}
		if a := s.Do(http.MethodGet, now(id), nil); a.Status != 200 || a.Text("id") != now(id) || strings.Contains(string(a.Body), "/resourceGroups/"+siteGroup+"/providers/Microsoft.Network/") {
			t.Errorf("%s is not there, or names what has moved: %d %s", id, a.Status, a.Body)
		}
	}
	for what, c := range map[string]struct {
		id, want string
		path     []any
	}{
		"the environment's subnet": {environment, now(s.subnetID("connectors")), []any{"properties", "networkConfiguration", "subnets", 1, "id"}},
		"the connection's API":     {now(connection), now(api), []any{"properties", "api", "id"}},
		"the workflow's account":   {workflow, now(account), []any{"properties", "integrationAccount", "id"}},
	} {
		got := s.Do(http.MethodGet, c.id, nil)
		if got.Text(c.path...) != c.want {
			t.Errorf("%s: %v, want %s", what, got.Text(c.path...), c.want)
		}
		if again := s.Do(http.MethodPut, c.id, json.RawMessage(got.Body)); again.Status >= 300 {
			t.Errorf("%s: what was served cannot be PUT: %d %s", what, again.Status, again.Body)
		}
	}
	until(t, "the environment is ready", func() bool {
		return s.Do(http.MethodGet, environment, nil).Text("properties", "provisioningState") == "Succeeded"
	})
	s.succeeded(s.call(callback, "http://10.0.9.60"))
	if a := send(t, s.HTTP(), http.MethodGet, content); string(a.Body) != "a map" {
		t.Errorf("a link from before: %d %s", a.Status, a.Body)
	}
	for id, code := range map[string]string{now(account): "InUseIntegrationAccountCannotBeDeleted", now(moved[0]): "InUseSubnetCannotBeDeleted", now(connection): "ScopeLocked"} {
		if a := s.Do(http.MethodDelete, id, nil); a.Text("error", "code") != code {
			t.Errorf("deleting %s: %d %s", id, a.Status, a.Body)
		}
	}
	s.Restart()
	s.succeeded(s.call(callback, "http://10.0.9.60"))
	s.refusesFirewalls(there)
}

// made puts what is new.
func (s *site) made(id, body string) {
	s.t.Helper()
	if a := s.Do(http.MethodPut, id, json.RawMessage(body)); a.Status != http.StatusCreated {
		s.t.Fatalf("PUT %s: %d %s", id, a.Status, a.Body)
	}
}

// linked has a workflow name an integration account.
func (s *site) linked(workflow, account string) {
	s.t.Helper()
	var body map[string]any
	must(s.t, json.Unmarshal(s.Do(http.MethodGet, workflow, nil).Body, &body))
	body["properties"].(map[string]any)["integrationAccount"] = map[string]any{"id": account}
	if a := s.Do(http.MethodPut, workflow, body); a.Status != http.StatusOK {
		s.t.Fatalf("%d %s", a.Status, a.Body)
	}
}

// moves wants a move and its validation to be refused.
func (s *site) moves(into, code string, resources ...string) {
	s.t.Helper()
	group, _, _ := strings.Cut(resources[0], "/providers/")
	for _, action := range []string{"/validateMoveResources", "/moveResources"} {
		a := s.Do(http.MethodPost, group+action, map[string]any{"resources": resources, "targetResourceGroup": into})
		if a.Text("error", "code") != code {
			s.t.Errorf("%s: %d %s", action, a.Status, a.Body)
		}
	}
}

// refusesFirewalls: a firewall stays where it is, and with it its network and address.
func (s *site) refusesFirewalls(group string) {
	s.t.Helper()
	there := site{Server: s.Server, clients: s.clients, t: s.t, group: group}
	public := there.id("publicIPAddresses/out")
	there.made(public, `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`)
	there.made(there.id("azureFirewalls/wall"), `{"location":"westeurope","properties":{"sku":{"name":"AZFW_VNet","tier":"Standard"},"ipConfigurations":[{"name":"ip","properties":{
		"subnet":{"id":"`+there.subnetID("AzureFirewallSubnet")+`"},"publicIPAddress":{"id":"`+public+`"}}}]}}`)
	s.moves(s.group, "ResourceMoveNotSupported", there.id("azureFirewalls/wall"))
	s.moves(s.group, "ResourceMoveProviderValidationFailed", there.id("virtualNetworks/net"))
	s.moves(s.group, "ResourceMoveProviderValidationFailed", public)
}
