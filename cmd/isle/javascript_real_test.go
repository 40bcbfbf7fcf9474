//go:build real

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// scenario is the JavaScript program with the packages that it names, in a folder of its
// own; the test is skipped where npm cannot get them.
func scenario(t *testing.T) (dir string) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: there is no %s on this machine, so the JavaScript SDK is not tried", tool)
		}
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "javascript"))); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: npm cannot get the JavaScript SDK: %v\n%s", err, out[max(0, len(out)-500):])
	}
	return dir
}

// The JavaScript SDK, unmodified, goes through the main scenario: sign-in, a deployment,
// environments, workflows, runs with their contents, artifacts, errors.
func TestRealJavaScript(t *testing.T) {
	t.Parallel()
	dir := scenario(t)
	w := newWorkspace(t)
	s, ready := w.up()
	line := filepath.Join(dir, "ready.json")
	if err := os.WriteFile(line, []byte(s.out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "NODE_EXTRA_CA_CERTS="+ready["caFile"])
	out := w.succeed("node " + shown([]string{filepath.Join(dir, "scenario.js"), line}) + " examples/environment/template.json")
	if got := strings.Fields(out); len(got) != 8 || got[7] != "cleansUp" {
		t.Errorf("the scenario goes through %v", got)
	}
	s.stop(syscall.SIGTERM)
}
