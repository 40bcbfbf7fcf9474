package isletest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"isle/isletest"
)

// A template makes a network, delegates its first subnet, and makes the environment upon
// it, as the portal does: a validation judges the environment by what the template itself
// would make of the network, and leaves nothing behind.
func TestAnEnvironmentIsJudgedUponItsNetwork(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("judged")
	const delegation = `,"delegations":[{"name":"ise","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]`
	template := func(first, last string) string {
		subnet := func(i int, size, more string) string {
			return fmt.Sprintf(`{"name":"s%d","properties":{"addressPrefix":"10.0.0.%d/%s"%s}}`, i, 32*i, size, more)
		}
		used := `{"id":"[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 's%d')]"}`
		network := `{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2023-09-01","name":"net","location":"local","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[` +
			strings.Join([]string{subnet(0, "27", ""), subnet(1, "27", ""), subnet(2, "27", ""), subnet(3, last, "")}, ",") + `]}}`
		delegated := `{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2023-09-01","name":"net/s0","dependsOn":["net"],"properties":{"addressPrefix":"10.0.0.0/27"` + first + `}}`
		environment := `{"type":"Microsoft.Logic/integrationServiceEnvironments","apiVersion":"2019-05-01","name":"judged","location":"local","dependsOn":["[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 's0')]"],
			"sku":{"name":"Developer","capacity":0},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"External"},"subnets":[` +
			strings.Join([]string{fmt.Sprintf(used, 0), fmt.Sprintf(used, 1), fmt.Sprintf(used, 2), fmt.Sprintf(used, 3)}, ",") + `]}}}`
		return `{"properties":{"mode":"Incremental","template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[` +
			strings.Join([]string{network, delegated, environment}, ",") + `]}}}`
	}
	for _, tt := range []struct{ name, first, last, code string }{
		{"as it must be", delegation, "27", ""},
		{"without the delegation", "", "27", "SubnetMissingRequiredDelegation"},
		{"with a small subnet", delegation, "28", "InvalidSubnetSize"},
	} {
		a := s.Do(http.MethodPost, group+"/providers/Microsoft.Resources/deployments/d/validate?api-version=2021-04-01", template(tt.first, tt.last))
		if told := a.Text("error", "details", 0, "code"); told != tt.code || (a.Status == http.StatusOK) != (tt.code == "") {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
		if a := s.Do(http.MethodGet, group+"/providers/Microsoft.Network/virtualNetworks/net", nil); a.Status != http.StatusNotFound {
			t.Errorf("%s: the network is there: %d", tt.name, a.Status)
		}
	}
}
