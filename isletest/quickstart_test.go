package isletest_test

import (
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// TestTheQuickstartDeploysAgain deploys the public template with its parameters file,
// and once more without the network, as its readme says for a second time (ise.md row 36).
func TestTheQuickstartDeploysAgain(t *testing.T) {
	template := rawJSON(shared(t, "corpus/ise-quickstart.template.json"))
	file := strings.ReplaceAll(string(shared(t, "corpus/ise-quickstart.parameters.json")), "GEN-UNIQUE", "again")
	s := isletest.Start(t)
	group := s.Group("quickstart")
	for _, parameters := range []string{file, strings.Replace(file, `"parameters": {`, `"parameters": { "rebuildVNET": { "value": false },`, 1)} {
		a := s.Deploy(group, "quickstart", template, rawJSON(parameters))
		if a.Text("properties", "provisioningState") != "Succeeded" {
			t.Fatalf("%s", a.Body)
		}
	}
	operations := s.Do(http.MethodGet, group+"/deployments/quickstart/operations", nil)
	if got := strings.Count(string(operations.Body), `"targetResource"`); got != 3 {
		t.Errorf("the second time %d resources are deployed, want the environment and two connectors: %s", got, operations.Body)
	}
	if a := s.Do(http.MethodGet, group+"/providers/Microsoft.Network/virtualNetworks/again/subnets", nil); a.Text("value", 3, "name") != "Subnet4" {
		t.Errorf("subnets: %s", a.Body)
	}
}
