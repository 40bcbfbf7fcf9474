//go:build real

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"isle/internal/kernel"
)

// TestRealNetworkExample runs the README's line for the network example, which ends
// with 0 only when everything that it tries is as it says.
func TestRealNetworkExample(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: the script needs %s", program)
		}
	}
	w := newWorkspace(t)
	folders, err := exec.Command("go", "env", "GOCACHE", "GOPATH", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, folder := range strings.Fields(string(folders)) { // HOME is another one here
		w.env = append(w.env, []string{"GOCACHE=", "GOPATH=", "GOMODCACHE="}[i]+folder)
	}
	w.env = append(w.env, "ISLE="+filepath.Join(w.dir, "bin", "isle"))
	for _, s := range readReadme(t).blocks["network-example"] {
		if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil && strings.HasSuffix(s.command, " kernel") {
			t.Logf("SKIPPED: the same where the kernel holds the network: %v", err)
			continue
		}
		said := w.succeed(s.command)
		t.Log(said)
		s.check(t, said)
		if strings.Contains(said, "SKIPPED") {
			t.Log("SKIPPED: the steps that need the loopback addresses 127.0.0.2 and 127.0.0.9")
		} else if !strings.Contains(said, "3. Two environments leave by one public address") {
			t.Error("a step is missing")
		}
	}
}
