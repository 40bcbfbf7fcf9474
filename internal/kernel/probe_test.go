package kernel_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"isle/internal/kernel"
)

// TestProbeChild is the child of the test below: it prints what it lacks.
func TestProbeChild(t *testing.T) {
	if os.Getenv("ISLE_TEST_PROBE") == "" {
		t.Skip("only as a child of TestProbeSaysWhatIsMissing")
	}
	err := kernel.Unavailable(kernel.Probe(t.Context()))
	os.Stdout.WriteString("lacks: " + err.Error() + "\n")
}

// TestAnotherUserThanRootIsEnough has networks held by a process of nobody's that has the
// capabilities which the probe asks for, and no others.
func TestAnotherUserThanRootIsEnough(t *testing.T) {
	needsRoot(t)
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("SKIPPED: without setpriv(1) no process has these privileges and no others")
	}
	program := filepath.Join(t.TempDir(), "test") // where nobody may read it
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	const capabilities = "-all,+net_admin,+sys_admin,+net_bind_service,+dac_override"
	child := exec.Command(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set="+capabilities, "--inh-caps="+capabilities, "--ambient-caps="+capabilities,
		program, "-test.run=^TestCountersTellTheirRules$", "-test.v")
	child.Dir = "/"
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestCountersTellTheirRules") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestProbeSaysWhatIsMissing(t *testing.T) {
	needsRoot(t)
	left, err := filepath.Glob(fmt.Sprintf("/run/netns/isleprobe-%d-*", os.Getpid()))
	if err != nil || len(left) > 0 {
		t.Errorf("Probe left %v behind, %v", left, err)
	}
	dead := "/run/netns/isleprobe-999999999-1"
	if err := os.WriteFile(dead, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	needsRoot(t)
	if _, err := os.Stat(dead); err == nil {
		t.Errorf("%s, which a process left that is dead, is still there", dead)
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("SKIPPED: without setpriv(1) no process without privileges was probed")
	}
	child := exec.Command(setpriv, "--bounding-set=-net_admin,-sys_admin", "--inh-caps=-net_admin,-sys_admin", os.Args[0], "-test.run=^TestProbeChild$", "-test.v")
	child.Env = append(os.Environ(), "ISLE_TEST_PROBE=1")
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CAP_NET_ADMIN and CAP_SYS_ADMIN") {
		t.Errorf("%v, %s", err, out)
	}
}
