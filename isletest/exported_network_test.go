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
// as resources of their own, read-only members left in. They deploy, twice over; or the
// answer names every resource and member that this server does not have, and nothing is
// made.
func TestExportedNetworks(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	for _, c := range []struct {
		file string
		says []string // nil: it deploys
	}{
		{"integration", nil},
		{"hub-spoke", nil},
		{"machine", []string{"Microsoft.Compute", "'vm'", "'vm2'", "bastionHosts", "'bastion'", "privateEndpoints", "'pe-sql'", "diagnosticSettings", "to-logs"}},
		{"refused", []string{"networkSecurityGroups/nsg", "SecurityRuleInvalidAddressPrefix", "SecurityRuleInvalidPortRange", "22, 80", "routeTables/table", "MissingNextHopIpAddress", "properties.routes[0].properties.nextHopIpAddress", "azureFirewalls/firewall", "VirtualHubNotSupported", "virtualNetworks/net", "NetcfgSubnetRangeOutsideVnet"}},
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
	for _, path := range []string{"/providers/Microsoft.Resources/deployments/import/validate", "/providers/Microsoft.Network/whatIf"} {
		a := s.Do(http.MethodPost, group+path+"?api-version=2021-04-01", `{"properties":{"mode":"Incremental","template":`+template+`}}`)
		if a.Status < 400 || a.Status > 499 {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
		for _, want := range says {
			if !strings.Contains(string(a.Body), want) {
				t.Errorf("%s does not tell %s: %s", path, want, a.Body)
			}
		}
	}
	if a := s.Do(http.MethodGet, group+"/resources?api-version=2021-04-01", nil); !strings.Contains(string(a.Body), `"value":[]`) {
		t.Errorf("something is there: %s", a.Body)
	}
}
