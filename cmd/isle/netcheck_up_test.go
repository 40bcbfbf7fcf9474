package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guard is a template that puts a security group on the environment's first subnet: with
// a rule that closes 1433 to all, and without the rules that an environment needs.
const guard = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
	"resources": [
		{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2023-09-01", "name": "web", "location": "local",
			"properties": {"securityRules": [{"name": "NoDatabase", "properties": {"priority": 200, "direction": "Outbound", "access": "Deny", "protocol": "*",
				"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "1433"}}]}},
		{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2023-09-01", "name": "isle-network/access",
			"dependsOn": ["[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"],
			"properties": {"addressPrefix": "10.0.1.0/26", "networkSecurityGroup": {"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"},
				"delegations": [{"name": "environment", "properties": {"serviceName": "Microsoft.Logic/integrationServiceEnvironments"}}]}}]}`

func TestNetcheck(t *testing.T) {
	t.Parallel()
	w := upWith(t, map[string]string{"guard.json": guard, "bare.json": `{"name":"web","properties":{}}`})
	healthy := w.succeed("bin/isle netcheck")
	for _, want := range []string{"Environment isle in the resource group isle, access endpoint External", "not isolated", "The network is healthy."} {
		if !strings.Contains(healthy, want) {
			t.Errorf("netcheck does not print %q:\n%s", want, healthy)
		}
	}
	w.refuses("bin/isle netcheck nosuch", `no environment "nosuch"; there are: isle in the resource group isle`)
	w.refuses("bin/isle netcheck --edition 1999", "1999")
	checkForecast(w)
	w.succeed("bin/isle deploy guard.json")

	out, _, code := w.run("bin/isle netcheck isle --explain")
	for _, want := range []string{"O8", "denied by securityRules/NoDatabase (priority 200) of NSG web on subnet access", "inside the process", "writes the missing rules"} {
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("netcheck exits with %d and does not print %q:\n%s", code, want, out)
		}
	}
	checkFlows(w)
	checkFix(w)
}

// checkForecast judges the template before it is deployed, which changes nothing, and
// files that are no change.
func checkForecast(w *workspace) {
	w.t.Helper()
	for range 2 {
		out, _, code := w.run("bin/isle netcheck --what-if guard.json")
		for _, want := range []string{"isle: healthy now, unknown after the change", "O8 outbound at access", "Open now, Blocked after", "securityRules/NoDatabase", "Nothing was changed."} {
			if code != 1 || !strings.Contains(out, want) {
				w.t.Errorf("--what-if exits with %d and does not print %q:\n%s", code, want, out)
			}
		}
	}
	answer := new(networkForecast)
	if out, _, code := w.run("bin/isle netcheck isle --what-if guard.json --json"); code != 1 || json.Unmarshal([]byte(out), answer) != nil || !answer.Properties.Breaks || len(answer.Properties.Environments) != 1 {
		w.t.Fatalf("--json: %d\n%s", code, out)
	}
	group, _, _ := strings.Cut(answer.Properties.Environments[0].ID, "/providers/")
	table := fmt.Sprintf(`{"id":"%s/providers/Microsoft.Network/routeTables/t","location":"local","properties":{"routes":[]}}`, group)
	if err := os.WriteFile(filepath.Join(w.dir, "table.json"), []byte(table), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if out, _, code := w.run("bin/isle netcheck isle --what-if table.json --days 1"); code != 0 || !strings.Contains(out, "Nothing that works now would break.") {
		w.t.Errorf("a route table that nobody uses: %d\n%s", code, out)
	}
	w.refuses("bin/isle netcheck --what-if bare.json", "neither a template", "'id'")
	w.refuses("bin/isle netcheck --what-if guard.json --to 1.2.3.4:5 --edition 2019-11", "different questions", "--edition")
	w.refuses("bin/isle netcheck --days 3", "--what-if")
	w.refuses("bin/isle netcheck --what-if table.json --days 400", "from 1 to 14")
}

func checkFlows(w *workspace) {
	w.t.Helper()
	for _, c := range []struct {
		flags string
		code  int
		says  []string
	}{
		{"--to 203.0.113.9:443", 0, []string{"Allowed: ", "to 203.0.113.9:443", "AllowInternetOutBound"}},
		{"--to 203.0.113.9:1433", 1, []string{"Denied: ", "securityRules/NoDatabase", "Add an Allow rule with a priority below 200 to the security group web"}},
		{"--to 203.0.113.9:1433 --from connectors", 0, []string{"Allowed: "}},
		{"--inbound --from 203.0.113.9 --to 10.0.1.4:80", 1, []string{"Denied: ", "203.0.113.9", "DenyAllInBound"}},
	} {
		out, said, code := w.run("bin/isle netcheck isle " + c.flags)
		for _, want := range c.says {
			if code != c.code || !strings.Contains(out, want) {
				w.t.Errorf("netcheck %s exits with %d and does not print %q:\n%s%s", c.flags, code, want, out, said)
			}
		}
	}
	out, _, _ := w.run("bin/isle netcheck isle --json --to 203.0.113.9:1433")
	if t, err := readTrace([]byte(out)); err != nil || t.Allowed || t.Decision.RuleName != "securityRules/NoDatabase" {
		w.t.Errorf("%v: %s", err, out)
	}
}

// The rules that --fix writes make the network healthy.
func checkFix(w *workspace) {
	w.t.Helper()
	_, said, code := w.run("bin/isle netcheck isle --fix rules.json")
	if code != 0 || !strings.Contains(said, "in rules.json. Deploy with `bin/isle deploy rules.json -g isle`.") {
		w.t.Errorf("--fix exits with %d and says %s", code, said)
	}
	w.succeed("bin/isle deploy rules.json -g isle")
	if out, _, code := w.run("bin/isle netcheck isle"); code != 0 || !strings.Contains(out, "The network is healthy.") {
		w.t.Errorf("after the rules are there, netcheck exits with %d:\n%s", code, out)
	}
	_, said, code = w.run("bin/isle netcheck isle --fix -")
	if code != 0 || !strings.Contains(said, "No rule is missing.") {
		w.t.Errorf("--fix exits with %d and says %s", code, said)
	}
}

// Where a deny stands first, netcheck and --fix say what to change, and do not send the
// user from one to the other; the rules that can be added are written all the same.
func TestNetcheckFirstPriority(t *testing.T) {
	t.Parallel()
	w := upWith(t, map[string]string{"guard.json": strings.Replace(guard, `"priority": 200`, `"priority": 100`, 1)})
	w.succeed("bin/isle deploy guard.json")
	out, _, code := w.run("bin/isle netcheck isle --edition 2019-11")
	for _, want := range []string{"--edition 2019-11 --fix rules.json` writes the missing rules, but for some", "Change securityRules/NoDatabase of the security group web."} {
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("netcheck exits with %d and does not print %q:\n%s", code, want, out)
		}
	}
	_, said, code := w.run("bin/isle netcheck isle --edition 2019-11 --fix rules.json")
	for _, want := range []string{"NoDatabase (priority 100)", "change or remove that rule", "in rules.json. Deploy with `bin/isle deploy rules.json -g isle`."} {
		if code != 1 || !strings.Contains(said, want) {
			t.Errorf("--fix exits with %d and does not say %q:\n%s", code, want, said)
		}
	}
	w.succeed("bin/isle deploy rules.json -g isle")
	out, _, code = w.run("bin/isle netcheck isle --edition 2019-11")
	if code != 1 || !strings.Contains(out, "No rule that is added opens it: Change securityRules/NoDatabase") || strings.Contains(out, "--fix") {
		t.Errorf("with the rules, netcheck exits with %d:\n%s", code, out)
	}
	_, said, code = w.run("bin/isle netcheck isle --edition 2019-11 --fix -")
	if code != 1 || !strings.Contains(said, "No rule is written") {
		t.Errorf("--fix exits with %d and says %s", code, said)
	}
}
