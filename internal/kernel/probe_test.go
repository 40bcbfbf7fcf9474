package kernel_test

import (
	"os"
	"os/exec"
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

func TestProbeSaysWhatIsMissing(t *testing.T) {
	needsRoot(t)
	if left := names(t, ""); len(left) > 0 {
		t.Errorf("Probe left %v behind", left)
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
