package main

import (
	"strings"
	"testing"
)

// TestRunsAreCancelledAndResubmittedFromTheCommandLine: by name, with another body, and by
// what they have in common.
func TestRunsAreCancelledAndResubmittedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	w.succeed(`curl -sf --cacert "$HOME/.isle/ca.pem" -H 'Content-Type: application/json' -d '{"id":"A-1","qty":4,"price":30}' "$(bin/isle url order)"`)
	name := strings.Fields(w.succeed("bin/isle runs --workflow order | tail -1"))[0]
	w.prints("bin/isle runs resubmit --workflow order --all", "Resubmitted 1 run of order; 0 were gone, 0 failed.")
	again := strings.Fields(w.succeed("bin/isle runs resubmit " + name + ` --body '{"id":"A-2","qty":1,"price":7}'`))
	if len(again) != 4 || again[0] != "Resubmitted" || again[1] != name {
		t.Fatalf("%q", again)
	}
	if out := w.succeed("bin/isle runs " + again[3]); !strings.Contains(out, "A-2") {
		t.Errorf("with another body:\n%s", out)
	}
	w.prints("bin/isle runs resubmit --workflow order --status Succeeded", "Resubmitted 3 runs of order; 0 were gone, 0 failed.")
	w.prints("bin/isle runs cancel --workflow order --all", "Cancelled 0 runs of order; 6 had ended or were gone, 0 failed.")
	w.prints("bin/isle runs resubmit --workflow order --all --from-failed", "Resubmitted 0 runs of order; 6 were gone or had nothing that failed, 0 failed.")
	w.refuses("bin/isle runs resubmit "+name+" --from-failed", "NoFailedActions")
	w.refuses("bin/isle runs resubmit "+name+" --from Nobody", "WorkflowActionNotFound")
	w.refuses("bin/isle runs resubmit "+name+" --from Nobody --from-failed", "not both")
	w.refuses("bin/isle runs cancel "+name, "WorkflowRunCanNotBeCancelled")
	before := w.succeed("bin/isle runs --json")
	w.refuses("bin/isle runs resubmit "+name+" nosuch neither", `no run "nosuch"`, `no run "neither"`)
	if after := w.succeed("bin/isle runs --json"); after != before {
		t.Errorf("with names that nobody has, runs were resubmitted:\n%s", after)
	}
	w.refuses("bin/isle runs cancel", "name runs, or a workflow")
	w.refuses("bin/isle runs cancel --workflow order", "say which runs")
	w.refuses("bin/isle runs cancel "+name+" --all", "not both")
	w.refuses("bin/isle runs resubmit "+name+" --body nonsense", "--body is not JSON")
	w.refuses("bin/isle runs resubmit --workflow order --status Failedd", `there is no status "Failedd"`)
}
