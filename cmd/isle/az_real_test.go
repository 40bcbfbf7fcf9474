//go:build real

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// installing is held by who looks for az: apt is for one at a time.
var installing sync.Mutex

// findAz makes sure that there is an az CLI: apt installs it where it can.
func findAz(t *testing.T) {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	if _, err := exec.LookPath("az"); err == nil {
		return
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		t.Skip("SKIPPED: there is no az CLI, and apt cannot install it here (it needs apt-get and root)")
	}
	t.Log("installing azure-cli, as there is no az CLI")
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", "azure-cli"}} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: apt-get %s: %v\n%s", args[0], err, out[max(0, len(out)-500):])
		}
	}
	if _, err := exec.LookPath("az"); err != nil {
		t.Skip("SKIPPED: apt installed azure-cli, and there is still no az")
	}
}

// azJSON runs an az command and decodes what it answers.
func azJSON[T any](w *workspace, line string) T {
	w.t.Helper()
	var v T
	if out := w.succeed(line); json.Unmarshal([]byte(out), &v) != nil {
		w.t.Fatalf("%s prints\n%s", line, out)
	}
	return v
}

// The az CLI, unmodified, after what `isle az` prints.
func TestRealAz(t *testing.T) {
	t.Parallel()
	findAz(t)
	w := newWorkspace(t)
	w.env = append(w.env, "AZURE_CONFIG_DIR="+filepath.Join(w.home, "az"), "AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_OUTPUT=json")
	s, ready := w.up()
	order(t, ready, `{"id":"A-1","qty":4,"price":30}`)

	commands := w.succeed("bin/isle az")
	for _, want := range []string{"export REQUESTS_CA_BUNDLE=" + ready["caFile"], ready["endpoint"], ready["tenantId"], ready["clientId"]} {
		if !strings.Contains(commands, want) {
			t.Errorf("isle az does not name %s:\n%s", want, commands)
		}
	}
	w.succeed("set -e\n" + commands)
	w.env = append(w.env, "REQUESTS_CA_BUNDLE="+ready["caFile"])

	w.succeed("az group create -n integration -l local")
	groups := azJSON[[]struct{ Name string }](w, "az group list")
	if len(groups) != 2 || !slices.ContainsFunc(groups, func(g struct{ Name string }) bool { return g.Name == "integration" }) {
		t.Errorf("az group list: %v", groups)
	}
	deployed := azJSON[struct {
		Properties struct{ ProvisioningState string }
	}](w, "az deployment group create -g integration -n first -f examples/environment/template.json")
	if got := deployed.Properties.ProvisioningState; got != "Succeeded" {
		t.Errorf("az deployment group create: %s", got)
	}
	operations := azJSON[[]struct {
		Properties struct{ ProvisioningState string }
	}](w, "az deployment operation group list -g integration -n first")
	if len(operations) < 8 || slices.ContainsFunc(operations, func(o struct {
		Properties struct{ ProvisioningState string }
	}) bool {
		return o.Properties.ProvisioningState != "Succeeded"
	}) {
		t.Errorf("az deployment operation group list: %v", operations)
	}
	const environments = "Microsoft.Logic/integrationServiceEnvironments"
	shown := azJSON[struct {
		Name       string
		Properties struct{ ProvisioningState string }
	}](w, "az resource show -g integration -n isle --api-version 2019-05-01 --resource-type "+environments)
	if shown.Name != "isle" || shown.Properties.ProvisioningState != "Succeeded" {
		t.Errorf("az resource show: %v", shown)
	}
	listed := azJSON[[]struct{ Name string }](w, "az resource list -g integration --resource-type "+environments)
	if len(listed) != 1 || listed[0].Name != "isle" {
		t.Errorf("az resource list: %v", listed)
	}
	runs := azJSON[struct {
		Value []struct {
			Name       string
			Properties struct{ Status string }
		}
	}](w, "az rest -m get --resource "+ready["endpoint"]+" -u "+ready["endpoint"]+"/subscriptions/"+ready["subscriptionId"]+
		"/resourceGroups/isle/providers/Microsoft.Logic/workflows/order/runs?api-version=2019-05-01")
	if len(runs.Value) != 1 || runs.Value[0].Properties.Status != "Succeeded" {
		t.Errorf("az rest: %v", runs)
	}
	resourcesByAz(w)
	w.succeed("az group delete -n integration --yes")
	if got := strings.TrimSpace(w.succeed("az group exists -n integration")); got != "false" {
		t.Errorf("after az group delete, az group exists: %s", got)
	}

	w.paste(t, readReadme(t).blocks["az"]) // its --apply updates the cloud that is registered
	s.stop(syscall.SIGTERM)
}

// resourcesByAz previews a deployment again, and holds the group with a lock.
func resourcesByAz(w *workspace) {
	w.t.Helper()
	type preview struct {
		Changes []struct{ ChangeType, ResourceId string }
	}
	again := azJSON[preview](w, "az deployment group what-if -g integration -n first -f examples/environment/template.json --no-pretty-print")
	if len(again.Changes) < 8 {
		w.t.Errorf("az deployment group what-if: %v", again)
	}
	for _, c := range again.Changes {
		if c.ChangeType != "NoChange" {
			w.t.Errorf("az deployment group what-if of what is deployed: %v", c)
		}
	}
	w.succeed("az lock create -n keep -g integration --lock-type CanNotDelete")
	if said := w.fail("az group delete -n integration --yes"); !strings.Contains(said, "ScopeLocked") {
		w.t.Errorf("az group delete of a locked group says %q", said)
	}
	w.succeed("az lock delete -n keep -g integration")
}

// The az CLI deploys the public template of an environment, previews it before and after,
// reads, changes and deletes what it has made, and what is around it. The package's `az
// role` fails in the client, so role assignments are made by `az rest`.
func TestRealAzQuickstart(t *testing.T) {
	t.Parallel()
	const corpus = "../../../shared/corpus/ise-quickstart"
	template, err := filepath.Abs(corpus + ".template.json")
	if err != nil {
		t.Fatal(err)
	}
	parameters, err := os.ReadFile(corpus + ".parameters.json")
	if err != nil {
		t.Skip("SKIPPED: ../shared/corpus is not beside this checkout")
	}
	findAz(t)
	w := newWorkspace(t)
	w.env = append(w.env, "AZURE_CONFIG_DIR="+filepath.Join(w.home, "az"), "AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_OUTPUT=json")
	s, ready := w.up()
	w.succeed("bin/isle az --apply")
	w.env = append(w.env, "REQUESTS_CA_BUNDLE="+ready["caFile"])
	if err := os.WriteFile(filepath.Join(w.dir, "parameters.json"), []byte(strings.ReplaceAll(string(parameters), "GEN-UNIQUE", "quick")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.succeed("az group create -n q -l westeurope --tags by=az")
	files := " -g q -n d -f " + shown([]string{template}) + " -p @parameters.json"
	quickstartByAz(w, files)
	environmentByAz(w, ready)
	w.succeed("az group delete -n q --yes")
	s.stop(syscall.SIGTERM)
}

// quickstartByAz validates, previews and deploys.
func quickstartByAz(w *workspace, files string) {
	w.t.Helper()
	for _, c := range []struct{ line, want string }{
		{"validate" + files + " --query 'length(properties.validatedResources)'", "8"},
		{"what-if" + files + " --no-pretty-print --query \"length(changes[?changeType=='Create'])\"", "8"},
		{"create" + files + " --query properties.provisioningState -o tsv", "Succeeded"},
		{"what-if" + files + " --no-pretty-print --query \"length(changes[?changeType=='NoChange'])\"", "8"},
		{"list -g q --query '[].name' -o tsv", "d"},
		{"show -g q -n d --query 'length(properties.outputResources)'", "8"},
	} {
		if got := strings.TrimSpace(w.succeed("az deployment group " + c.line)); got != c.want {
			w.t.Errorf("az deployment group %s: %s, want %s", c.line, got, c.want)
		}
	}
	if got := w.succeed("az deployment group export -g q -n d"); !strings.Contains(got, "integrationServiceEnvironmentName") {
		w.t.Errorf("az deployment group export: %s", got)
	}
	if said := w.fail("az deployment group cancel -g q -n d"); !strings.Contains(said, "DeploymentCannotBeCancelled") {
		w.t.Errorf("az deployment group cancel of what has ended says %q", said)
	}
}

// environmentByAz reads, changes and deletes what was deployed.
func environmentByAz(w *workspace, ready map[string]string) {
	w.t.Helper()
	const environment = " -g q -n quick --resource-type Microsoft.Logic/integrationServiceEnvironments"
	assignments := ready["endpoint"] + "/subscriptions/" + ready["subscriptionId"] + "/resourceGroups/q/providers/Microsoft.Authorization/roleAssignments"
	const version, name = "?api-version=2022-04-01", "/11111111-2222-3333-4444-555555555555"
	body := `'{"properties":{"principalId":"22222222-2222-3333-4444-555555555555","principalType":"ServicePrincipal","roleDefinitionId":"/subscriptions/` + ready["subscriptionId"] +
		`/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}}'`
	rest := func(method, url string) string {
		return "az rest --resource " + ready["endpoint"] + " -m " + method + " -u '" + url + "'"
	}
	for _, c := range []struct{ line, want string }{
		{"az resource update" + environment + " --set tags.stage=test --query tags.stage -o tsv", "test"},
		{"az resource show" + environment + " --query \"[properties.provisioningState, tags.stage]\" -o tsv", "Succeeded\ntest"},
		{"az resource list --tag stage=test --query '[].name' -o tsv", "quick"},
		{"az resource delete -g q --namespace Microsoft.Logic --parent integrationServiceEnvironments/quick --resource-type managedApis -n servicebus", ""},
		{"az group show -n q --query tags.by -o tsv", "az"},
		{"az account show --query '[tenantId, user.type]' -o tsv", ready["tenantId"] + "\nservicePrincipal"},
		{"az provider show -n Microsoft.Logic --query registrationState -o tsv", "Registered"},
		{rest("put", assignments+name+version) + " --headers Content-Type=application/json --body " + body + " --query properties.principalType -o tsv", "ServicePrincipal"},
		{rest("delete", assignments+name+version) + " --query name -o tsv", "11111111-2222-3333-4444-555555555555"},
		{"az monitor activity-log list -g q --offset 1h --max-events 100 --query \"length([?operationName.value=='Microsoft.Authorization/roleAssignments/delete'])\"", "1"},
	} {
		if got := strings.TrimSpace(w.succeed(c.line)); got != c.want {
			w.t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
	_, gone, code := w.run("az resource show -g q --namespace Microsoft.Logic --parent integrationServiceEnvironments/quick --resource-type managedApis -n servicebus")
	if code == 0 || !strings.Contains(gone, "IntegrationServiceEnvironmentManagedApiNotFound") {
		w.t.Errorf("az resource show of what is gone exits with %d and says %q", code, gone)
	}
}

// Without az, --apply says so.
func TestRealAzMissing(t *testing.T) {
	w := newWorkspace(t)
	if said := w.fail("bin/isle az"); !strings.Contains(said, "bin/isle up") {
		t.Errorf("without a server, isle az says %q", said)
	}
	s, _ := w.up()
	if said := w.fail("PATH= bin/isle az --apply"); !strings.Contains(said, "no az CLI") {
		t.Errorf("without az, isle az --apply says %q", said)
	}
	s.stop(syscall.SIGTERM)
}
