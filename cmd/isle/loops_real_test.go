//go:build real

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// divisions is a template with a workflow that divides by each element of its body,
// and an output that holds a secret.
const divisions = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
  "resources": [{"type": "Microsoft.Logic/workflows", "apiVersion": "2019-05-01", "name": "divisions", "location": "local", "properties": {"definition": {
    "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#", "contentVersion": "1.0.0.0",
    "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
    "actions": {"Each": {"type": "Foreach", "foreach": "@triggerBody()", "operationOptions": "Sequential", "actions": {
      "Quotient": {"type": "Compose", "inputs": "@div(10, item())"}}},
      "Done": {"type": "Response", "kind": "Http", "inputs": {"statusCode": 200}, "runAfter": {"Each": ["Succeeded", "Failed"]}}}}}}],
  "outputs": {"url": {"type": "string", "value": "[listCallbackUrl(resourceId('Microsoft.Logic/workflows/triggers', 'divisions', 'manual'), '2019-05-01').value]"}}
}`

// A loop's action is shown once for each repetition, so that the one that failed is
// seen; a workflow of one's own has its URL from isle url.
func TestRealLoops(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	if err := os.WriteFile(filepath.Join(w.dir, "divisions.json"), []byte(divisions), 0o600); err != nil {
		t.Fatal(err)
	}
	s, ready := w.up()
	defer s.stop(syscall.SIGTERM)
	if said := w.succeed("bin/isle deploy divisions.json"); !strings.Contains(said, "bin/isle url") || strings.Contains(said, "sig=") {
		t.Errorf("isle deploy says of an output that holds a secret:\n%s", said)
	}
	url := strings.TrimSpace(w.succeed("bin/isle url divisions"))
	if !strings.Contains(url, "/triggers/manual/paths/invoke?") {
		t.Fatalf("isle url prints %q", url)
	}
	order(t, map[string]string{"caFile": ready["caFile"], "callbackUrl": url}, `[1,0,5]`)
	name := strings.Fields(w.succeed("bin/isle runs --workflow divisions | tail -1"))[0]
	shown := w.succeed("bin/isle runs " + name)
	for _, want := range []string{"Quotient  ×3  1 Failed, 2 Succeeded", "[000001]  Failed", "by zero", "outputs: 2"} {
		if !strings.Contains(shown, want) {
			t.Errorf("isle runs NAME does not show %q:\n%s", want, shown)
		}
	}
	lines := w.succeed("bin/isle runs --json " + name)
	if strings.Count(lines, `"name":"Quotient"`) != 3 || !strings.Contains(lines, `"error":{"code":"InvalidTemplate","message":`) {
		t.Errorf("isle runs NAME --json prints\n%s", lines)
	}
	if said := w.fail("bin/isle runs --status Nonsense"); !strings.Contains(said, "Succeeded") {
		t.Errorf("of a status that is none, isle runs says %q", said)
	}
}
