package isletest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"isle/isletest"
)

// TestExportedNetworks deploys templates of networks as the portal of the original exports
// them: names as parameters, subnets, rules and routes inside their parent and once more
// as resources of their own, read-only members left in; and templates by hand, of old and
// new versions, and as Bicep compiles them. They deploy, twice over; or the answer names
// every resource and member that this server does not have, all at once, and nothing is made.
func TestExportedNetworks(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	for _, c := range []struct {
		file string
		says []string // nil: it deploys
	}{
		{"integration", nil},
		{"hub-spoke", nil},
		{"firewall", nil},
		{"classic", nil},
		{"bicep", nil},
		{"machine", []string{"Microsoft.Compute", "'vm'", "'vm2'", "bastionHosts", "'bastion'", "privateEndpoints", "'pe-sql'", "diagnosticSettings", "to-logs"}},
		{"refused", []string{"networkSecurityGroups/nsg", "SecurityRuleInvalidAddressPrefix", "SecurityRuleInvalidPortRange", "22, 80", "routeTables/table", "MissingNextHopIpAddress", "properties.routes[0].properties.nextHopIpAddress", "azureFirewalls/firewall", "VirtualHubNotSupported", "virtualNetworks/net", "NetcfgSubnetRangeOutsideVnet"}},
		{"edges", []string{"localNetworkGateways", "'site'", "'connections'", "'to-site'", "ddosProtectionPlans", "'ddos'", "virtualNetworks/stores", "ServiceEndpointPoliciesNotSupportedOnSubnet", "networkIntentPolicies", "networkProfiles", "routeFilters",
			"loadBalancers", "'lb'", "applicationGateways", "'agw'", "privateEndpoints", "privateEndpoints/privateDnsZoneGroups", "bastionHosts", "Microsoft.Storage", "'store'", "Microsoft.Insights", "diagnosticSettings",
			"virtualNetworkTaps", "'tap'", "NatRulesNotSupported", "properties.natRules", "loadBalancerBackendAddressPools", "networkInterfaces/nic", "routeTables/rt", "MissingNextHopIpAddress", "networkSecurityGroups/nsg", "reads a value of the resource 'store'", "InvalidContentLink"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/exports/" + c.file + ".json")
			must(t, err)
			group := s.Group(c.file)
			if c.says != nil {
				refusedExport(t, s, group, string(text), c.says)
				return
			}
			for range 2 {
				if a := s.Deploy(group, "import", json.RawMessage(text), nil); a.Status >= 300 || a.Text("properties", "provisioningState") != "Succeeded" {
					t.Fatalf("%d %s", a.Status, a.Body)
				}
			}
			a := s.Do(http.MethodPost, group+"/providers/Microsoft.Resources/deployments/import/whatIf?api-version=2021-04-01", map[string]any{"properties": map[string]any{"mode": "Incremental", "template": json.RawMessage(text)}})
			if a.Status != http.StatusOK || strings.Contains(string(a.Body), `"Modify"`) || strings.Contains(string(a.Body), `"Create"`) {
				t.Errorf("what it has deployed is not what it says: %d %s", a.Status, a.Body)
			}
		})
	}
}

func refusedExport(t *testing.T, s *isletest.Server, group, template string, says []string) {
	const deployment, version = "/providers/Microsoft.Resources/deployments/import", "?api-version=2021-04-01"
	body := `{"properties":{"mode":"Incremental","template":` + template + `}}`
	answers := map[string]isletest.Answer{
		"validation":              s.Do(http.MethodPost, group+deployment+"/validate"+version, body),
		"what-if of the network":  s.Do(http.MethodPost, group+"/providers/Microsoft.Network/whatIf"+version, body),
		"what-if of a deployment": s.Do(http.MethodPost, group+deployment+"/whatIf"+version, body),
	}
	if strings.Contains(template, "vm") || strings.Contains(template, "Microsoft.Storage") { // else what can be deployed is
		answers["deployment"] = s.Do(http.MethodPut, group+deployment+version, body)
	}
	for what, a := range answers {
		if preview := what == "what-if of a deployment"; a.Status < 400 && !preview || a.Status > 499 || preview && a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
		for _, want := range says {
			if !strings.Contains(string(a.Body), want) {
				t.Errorf("the %s does not tell %s: %s", what, want, a.Body)
			}
		}
		if strings.Contains(string(a.Body), "planted") {
			t.Errorf("the %s tells a secret: %s", what, a.Body)
		}
	}
	if a := s.Do(http.MethodGet, group+"/resources"+version, nil); !strings.Contains(string(a.Body), `"value":[]`) {
		t.Errorf("something is there: %s", a.Body)
	}
}
