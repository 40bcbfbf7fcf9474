// Command typescript writes the types of the API that the portal reads and sends, from
// the models of the Azure SDK for Go that the tests judge the server by: one file for
// each SDK module, with the types that the portal names and all that they have in them.
// With -check it changes nothing, and fails if a file is not as it would be written.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:generate go run .

// sources are the modules, and the types that the portal names of each.
func sources() map[string]source {
	const sdk = "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/"
	return map[string]source{
		"logic.ts": {sdk + "logic/armlogic", []string{"IntegrationServiceEnvironment", "IntegrationServiceEnvironmentSKUDefinition", "IntegrationServiceEnvironmentSubnetNetworkHealth", "IntegrationServiceEnvironmentManagedAPI",
			"Workflow", "WorkflowVersion", "WorkflowRun", "WorkflowRunAction", "WorkflowRunActionRepetitionDefinition", "WorkflowTrigger", "WorkflowTriggerHistory", "WorkflowTriggerCallbackURL", "RequestHistory", "ExpressionTraces",
			"IntegrationAccount", "IntegrationAccountSchema", "IntegrationAccountMap", "IntegrationAccountPartner", "IntegrationAccountAgreement", "IntegrationAccountCertificate", "IntegrationAccountSession", "AssemblyDefinition", "BatchConfiguration", "CallbackURL", "KeyVaultKey"}},
		"network.ts":       {sdk + "network/armnetwork/v7", []string{"VirtualNetwork", "Subnet", "SecurityGroup", "SecurityRule", "RouteTable", "Route", "AzureFirewall", "FirewallPolicy", "FirewallPolicyRuleCollectionGroupProperties", "FirewallPolicyFilterRuleCollection", "Rule", "ApplicationRule", "NatRule", "IPGroup", "VirtualNetworkPeering", "PublicIPPrefix", "PublicIPAddress", "Interface", "Watcher", "VerificationIPFlowResult", "NextHopResult", "ServiceTagsListResult"}},
		"privatedns.ts":    {sdk + "privatedns/armprivatedns", []string{"PrivateZone", "RecordSet", "VirtualNetworkLink"}},
		"resources.ts":     {sdk + "resources/armresources", []string{"ResourceGroup", "GenericResourceExpanded", "DeploymentExtended", "Deployment", "DeploymentOperation", "DeploymentValidateResult"}},
		"authorization.ts": {sdk + "authorization/armauthorization/v2", []string{"RoleDefinition", "RoleAssignment"}},
		"monitor.ts":       {sdk + "monitor/armmonitor", []string{"AutoscaleSettingResource"}},
		"locks.ts":         {sdk + "resources/armlocks", []string{"ManagementLockObject"}},
	}
}

func main() {
	check := flag.Bool("check", false, "fail if a file is not as it would be written")
	folder := flag.String("o", "../ui/src/api/models", "folder of the files")
	flag.Parse()
	stale := false
	for name, s := range sources() {
		if err := write(filepath.Join(*folder, name), s, *check); err != nil {
			fmt.Fprintln(os.Stderr, "typescript:", err)
			stale = true
		}
	}
	if stale {
		os.Exit(1)
	}
}

func write(path string, s source, check bool) error {
	dir, err := moduleDir(s.module)
	if err != nil {
		return err
	}
	text, err := s.generate(dir)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(path, text, 0o644)
	}
	if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, text) {
		return fmt.Errorf("%s is not what the SDK says: run `go generate ./internal/portal/typescript`", path)
	}
	return nil
}

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}
